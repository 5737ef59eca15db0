# The tasks of this repository: `just` lists them. Each is one script, and the scripts are the truth: CI calls them, not this file.

_list:
    @just --list --unsorted

# what this machine lacks for building the Rust part
setup:
    scripts/setup-rust --lints

# two devices, a server, and everything that goes wrong between them (--window: the demo app, twice)
demo *arguments:
    scripts/demo {{arguments}}

# everything, or the stages that are named: lints, rust, server, demo, swift, ios-demo, kotlin, android-demo, packages, workflows, languages
test *stages:
    scripts/test {{stages}}

# the Swift package alone (--filter NAME, --apple, --lint, --fix, --bench)
swift *arguments:
    scripts/test-swift {{arguments}}

# the Kotlin library alone (--test NAME, --update-api, --lint, --fix, --bench)
kotlin *arguments:
    scripts/test-kotlin {{arguments}}

# the iOS demo's models and views (--filter NAME, --lint, --fix)
ios-demo *arguments:
    scripts/test-demo-ios {{arguments}}

# the Android demo on the desktop JVM (--test NAME, --build, --lint, --fix)
android-demo *arguments:
    scripts/test-demo-android {{arguments}}

# Swift's and Kotlin's bindings anew, from the built library (--check)
bindings *arguments:
    scripts/bindings {{arguments}}

# whether the suites see the planted bugs, or those with these numbers
planted *numbers:
    scripts/planted-bugs {{numbers}}

# names that were given up, and actors without a name
words:
    scripts/check-words

# the XCFramework for iOS and macOS (--testing: the testing kit's)
xcframework *arguments:
    scripts/build-xcframework {{arguments}}

# the AAR for Android (--libs DIR)
aar *arguments:
    scripts/build-aar {{arguments}}

# whether a package has grown (--update, with the reason in the commit)
size *arguments:
    scripts/size-budget {{arguments}}

# a release of what has been built (VERSION --dry-run)
release *arguments:
    scripts/release {{arguments}}
