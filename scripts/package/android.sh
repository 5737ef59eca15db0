# shellcheck shell=bash disable=SC2154
# Builds Holm's shared library for Android, and looks into such libraries. Sourced by scripts/build-aar.

android_api=24
abis="arm64-v8a armeabi-v7a x86_64"
page=16384

rust_target() { # ABI
    case $1 in
        arm64-v8a) echo aarch64-linux-android ;;
        armeabi-v7a) echo armv7-linux-androideabi ;;
        x86_64) echo x86_64-linux-android ;;
        *) die "no such ABI: $1" ;;
    esac
}

# What the header of an ELF file calls the processor of an ABI.
elf_machine() { # ABI
    case $1 in
        arm64-v8a) echo EM_AARCH64 ;;
        armeabi-v7a) echo EM_ARM ;;
        x86_64) echo EM_X86_64 ;;
    esac
}

# Builds the library for ABI with the NDK and puts it into FOLDER/ABI.
build_with_ndk() ( # ABI FOLDER
    rust=$(rust_target "$1")
    bin=$(echo "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin)
    [ -d "$bin" ] || die "ANDROID_NDK_HOME=$ANDROID_NDK_HOME has no compiler"
    have_std "$rust" || die "no std for $rust"
    # The NDK names one target otherwise than Rust.
    compiler=$bin/${rust/armv7-/armv7a-}$android_api-clang
    name=${rust//-/_}
    linker=CARGO_TARGET_$(tr '[:lower:]' '[:upper:]' <<<"$name")_LINKER
    export "CC_$name=$compiler" "AR_$name=$bin/llvm-ar" "$linker=$compiler"
    cargo rustc --package holm-ffi --lib --profile release-mobile --target "$rust" --crate-type cdylib -- \
        "-Clink-arg=-Wl,-z,max-page-size=$page" >&2
    mkdir -p "$2/$1"
    "$bin/llvm-strip" "$target/$rust/release-mobile/libholm_ffi.so" -o "$2/$1/libholm_ffi.so"
)

# What can be said without the NDK: that the code is fit for these targets.
lint_without_ndk() (
    need_zig
    arguments=()
    for abi in $abis; do
        rust=$(rust_target "$abi")
        if ! have_std "$rust"; then
            not_run "clippy for $rust" "no std for it to be had"
            continue
        fi
        name=${rust//-/_}
        # The headers of musl stand in for those of bionic: good enough to compile against, never to ship.
        case $abi in
            armeabi-v7a) compiler=$(zcc arm-linux-musleabi) ;;
            *) compiler=$(zcc "${rust%%-*}-linux-musl") ;;
        esac
        archiver=$(zar)
        export "CC_$name=$compiler" "AR_$name=$archiver"
        arguments+=(--target "$rust")
    done
    if [ ${#arguments[@]} -gt 0 ]; then cargo clippy --quiet --package holm-ffi --lib "${arguments[@]}" -- -D warnings >&2; fi
)

# Builds the library for this machine: the same code under another system, for the one ABI that both have.
build_for_host() { # FOLDER
    cargo rustc --package holm-ffi --lib --profile release-mobile --crate-type cdylib,staticlib -- "-Clink-arg=-Wl,-z,max-page-size=$page" >&2
    mkdir -p "$1/x86_64"
    llvm llvm-strip "$target/release-mobile/libholm_ffi.so" -o "$1/x86_64/libholm_ffi.so"
    gzip -9 --no-name --stdout "$1/x86_64/libholm_ffi.so" >"$1/libholm_ffi.so.gz"
    figure linux-x86_64-so "$1/x86_64/libholm_ffi.so"
    figure linux-x86_64-so-gz "$1/libholm_ffi.so.gz"
}

# Fails unless FILE is a library that Android can load as one of ABI. Prints why it may not ship, if it may not.
check_library() { # FILE ABI
    local about=$tools/elf alignment symbols
    llvm llvm-readobj --file-headers --program-headers --notes --needed-libs "$1" >"$about"
    grep -q "Machine: $(elf_machine "$2") " "$about" || die "$1 is not for $2"
    for alignment in $(awk '/Type: PT_LOAD/ { load = 1 } load && /Alignment:/ { print $2; load = 0 }' "$about"); do
        [ "$alignment" -ge $page ] || die "$1: a segment is aligned to $alignment bytes: devices with pages of 16 KB cannot load it"
    done
    symbols=$(llvm llvm-nm --dynamic --defined-only --format=just-symbols "$1")
    grep -q '^uniffi_holm_ffi_' <<<"$symbols" || die "$1 does not export Holm's functions"
    if grep -q '^sqlite3_' <<<"$symbols"; then die "$1 exports SQLite's names"; fi
    # The NDK's own start-up code leaves this note in whatever it links.
    grep -q 'Owner: Android' "$about" || echo "$2 was not linked by the NDK"
}
