# shellcheck shell=bash disable=SC2154
# Builds Holm's static library for one of Apple's targets, and makes frameworks of such libraries. Sourced by scripts/build-xcframework.

ios_minimum=15.0
macos_minimum=12.0

# What is packed: the library itself, statically; or the test server, as a shared library, so that two Rust libraries can be in one program.
framework=HolmFFI crate=holm-ffi file=libholm_ffi_prefixed.a
if [ "${HOLM_PACK:-}" = testing ]; then framework=HolmTestingFFI crate=holm-testing file=libholm_testing.dylib; fi

# Zig's name of a target, for a machine without Apple's SDK.
zig_target() { # TARGET
    case $1 in
        aarch64-apple-ios) echo "aarch64-ios.$ios_minimum" ;;
        aarch64-apple-ios-sim) echo "aarch64-ios.$ios_minimum-simulator" ;;
        *) die "no C compiler for $1 here" ;;
    esac
}

# The number that Mach-O has for the platform of a slice.
platform_number() { # SLICE
    case $1 in
        macos-*) echo 1 ;;
        *-simulator) echo 7 ;;
        *) echo 2 ;;
    esac
}

minimum() { # SLICE
    case $1 in macos-*) echo $macos_minimum ;; *) echo $ios_minimum ;; esac
}

# Xcode's name of a slice's SDK, and clang's of its target.
sdk() { # SLICE
    case $1 in
        macos-*) echo macosx ;;
        *-simulator) echo iphonesimulator ;;
        *) echo iphoneos ;;
    esac
}

triple() { # SLICE
    case $1 in
        macos-*) echo "arm64-apple-macos$macos_minimum" ;;
        *-simulator) echo "arm64-apple-ios$ios_minimum-simulator" ;;
        *) echo "arm64-apple-ios$ios_minimum" ;;
    esac
}

# Builds the library for TARGET. Afterwards `archive TARGET` is it, with SQLite under a name of its own.
build_archive() ( # TARGET
    name=${1//-/_}
    arguments=()
    export IPHONEOS_DEPLOYMENT_TARGET=$ios_minimum MACOSX_DEPLOYMENT_TARGET=$macos_minimum
    if ! on_mac; then
        # rustc asks for an SDK only to pass it to a linker; a static library has none.
        export SDKROOT=$tools/iPhoneOS.sdk
        mkdir -p "$SDKROOT"
        compiler=$(zcc "$(zig_target "$1")")
        archiver=$(zar)
        export "CC_$name=$compiler" "AR_$name=$archiver"
    fi
    if ! have_std "$1" 2>/dev/null; then
        say "no std for $1 to be had: it is built here"
        component rust-src
        arguments+=("-Zbuild-std=std,panic_unwind")
        export RUSTC_BOOTSTRAP=1 SDKROOT=$tools/iPhoneSimulator.sdk
        mkdir -p "$SDKROOT"
    fi
    if [ $framework = HolmTestingFFI ]; then
        cargo rustc --package $crate --lib --profile release-mobile --target "$1" --crate-type cdylib -- \
            "-Clink-arg=-Wl,-install_name,@rpath/$framework.framework/$framework" >&2
        exit
    fi
    cargo rustc --package $crate --lib --profile release-mobile --target "$1" --crate-type staticlib ${arguments[@]+"${arguments[@]}"} >&2
    built=$target/$1/release-mobile/libholm_ffi.a
    if [ "$built" -nt "$(archive "$1")" ]; then scripts/package/prefix-sqlite "$built" "$(archive "$1")"; fi
)

archive() { echo "$target/$1/release-mobile/$file"; } # TARGET

# Makes BUNDLE/SLICE/….framework of the libraries that were built for TARGETs.
make_slice() { # BUNDLE SLICE TARGET…
    local bundle=$1 slice=$2 root resources platform
    shift 2
    root=$bundle/$slice/$framework.framework
    case $slice in
        macos-*) platform=MacOSX ;;
        *-simulator) platform=iPhoneSimulator ;;
        *) platform=iPhoneOS ;;
    esac
    # Frameworks of macOS have versions, and what stands above them are links.
    local inner=$root
    if [ $platform = MacOSX ]; then inner=$root/Versions/A; fi
    mkdir -p "$inner/Headers" "$inner/Modules"
    resources=$inner
    if [ $platform = MacOSX ]; then
        resources=$inner/Resources
        mkdir -p "$resources"
    fi

    local -a archives=()
    local one
    for one in "$@"; do archives+=("$(archive "$one")"); done
    if [ $# -gt 1 ]; then
        lipo -create "${archives[@]}" -output "$inner/$framework"
    else
        cp "${archives[0]}" "$inner/$framework"
    fi
    cp "bindings/swift/Sources/$framework/include/$framework.h" "$inner/Headers/"
    printf 'framework module %s {\n    umbrella header "%s.h"\n    export *\n}\n' $framework $framework >"$inner/Modules/module.modulemap"
    cp bindings/swift/Framework/PrivacyInfo.xcprivacy "$resources/"
    python3 scripts/package/plists.py framework "$resources/Info.plist" $framework $platform "$(minimum "$slice")" "$version"

    if [ $platform = MacOSX ]; then
        ln -s A "$root/Versions/Current"
        for one in $framework Headers Modules Resources; do ln -s "Versions/Current/$one" "$root/$one"; done
    fi
}
