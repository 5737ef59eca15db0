# shellcheck shell=bash disable=SC2034,SC2154
# What comes from Maven's repositories: Android's tools, and the jars of Holm for Kotlin. Sourced by scripts/build-aar.

kotlin=$PWD/bindings/kotlin
jars=$tools/maven
r8=com.android.tools:r8:9.5.28
# It has aapt2 in it, which Google's own repository offers alone.
apktool=org.apktool:apktool-lib:3.0.3
android=org.robolectric:android-all:15-robolectric-13954326

# Runs Maven. Shows all that it said if it fails; its helpers may outlive it, so no pipe listens.
maven() {
    if ! mvn --batch-mode --no-transfer-progress "$@" >"$target/maven.log" 2>&1; then
        cat "$target/maven.log" >&2
        exit 1
    fi
}

fetch() { # COORDINATES; becomes $jars/ARTIFACT-VERSION.jar
    local name
    name=$(cut -d : -f 2,3 <<<"$1" | tr : -)
    [ -e "$jars/$name.jar" ] || maven org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy "-Dartifact=$1:jar" "-DoutputDirectory=$jars"
    echo "$jars/$name.jar"
}

# A property of the parent pom.
property() { sed -n "s|.*<$1>\(.*\)</$1>.*|\1|p" "$kotlin/pom.xml" | head -n 1; } # NAME

module_version() { sed -n 's|.*<version>\(.*\)</version>.*|\1|p' "$kotlin/pom.xml" | head -n 1; }

# The modules that the package is made of: the ones above, and what ties them to Android where it is a part of the build.
package_modules() {
    echo "holm-bindings holm"
    if grep -q '<module>holm-android</module>' "$kotlin/pom.xml"; then echo holm-android; fi
}

# Builds the modules and the small consumer, unless their sources are those of the last time.
build_jars() {
    local module projects=:holm-consumer made=$tools/jars now
    local -a sources=("$kotlin/pom.xml" "$kotlin/holm-consumer" scripts/package/maven.sh)
    for module in $(package_modules); do
        projects=$projects,:$module
        sources+=("$kotlin/$module")
    done
    scripts/bindings
    now=$(digest "${sources[@]}")
    if [ "$(cat "$made" 2>/dev/null)" != "$now" ] || [ ! -e "$(consumer_jar)" ]; then
        maven --file "$kotlin/pom.xml" package -Dmaven.test.skip=true --projects "$projects" --also-make
        echo "$now" >"$made"
    fi
}

consumer_jar() { echo "$kotlin/holm-consumer/target/holm-consumer-$(module_version).jar"; }

# Fails unless aapt2 can link MANIFEST against Android's framework; writes the list of its resources.
link_manifest() { # MANIFEST R.TXT
    local system=linux
    if on_mac; then system=macosx; fi
    if [ ! -x "$tools/aapt2" ]; then
        unzip -qoj "$(fetch $apktool)" "prebuilt/$system/aapt2" -d "$tools"
        chmod +x "$tools/aapt2"
    fi
    "$tools/aapt2" link --manifest "$1" -I "$(fetch $android)" --output-text-symbols "$2" -o "$2.apk"
    rm "$2.apk"
}

# Writes the package's POM, and fails if Maven cannot resolve it: then neither can an app. What it resolves to goes to FOLDER/dependencies.
resolve_pom() { # POM FOLDER
    local name
    local -a values=(-e "s/@version@/$version/")
    for name in kotlin.version coroutines.version serialization.version jna.version; do
        values+=(-e "s/@$name@/$(property $name)/")
    done
    sed "${values[@]}" "$kotlin/holm-android/aar.pom.xml" >"$1"
    # The kind of package `aar` is known to Gradle only; everything else Maven reads as it stands.
    sed 's|<packaging>aar</packaging>|<packaging>pom</packaging>|' "$1" >"$2/pom.xml.new"
    if cmp -s "$2/pom.xml.new" "$2/pom.xml" && [ -d "$2/dependencies" ]; then return; fi
    rm -rf "$2/dependencies"
    mv "$2/pom.xml.new" "$2/pom.xml"
    maven --file "$2/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DincludeScope=runtime \
        "-DoutputDirectory=$2/dependencies"
    [ -e "$2/dependencies/jna-$(property jna.version).aar" ] || die "$1 does not bring JNA as a package of Android"
}

# Runs the small app with LIBRARIES' libholm_ffi.so on this machine's JVM. What it says goes to JAR.run.
run_consumer() { # WORK JAR LIBRARIES
    local data=$1/data
    rm -rf "$data"
    mkdir "$data"
    timeout 60 java -Djna.boot.library.path="$1/jna" -Djna.nounpack=true -Djna.library.path="$3" -cp "$2" \
        dev.holm.consumer.ConsumerKt "$data" >"$2.run" 2>&1
}
