# shellcheck shell=bash disable=SC2034
# What the packaging scripts share. Sourced by them, at the repository's root. Macs bring bash 3.2: nothing newer is used here.

target=${CARGO_TARGET_DIR:-$PWD/target}
tools=$target/tools
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
zig_version=0.15.2

die() { echo "$(basename "$0"): $*" >&2; exit 1; }

say() { printf '%s\n' "$*" >&2; }

# Tells what this machine cannot do. scripts/test reads these lines.
not_run() { # WHAT WHY
    printf 'not run here: %s: %s\n' "$1" "$2"
}

on_mac() { [ "$(uname)" = Darwin ]; }

sha256() { # FILE
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# Writes FILE.sha256 beside FILE, in the form that `sha256sum --check` reads.
checksum() { # FILE
    printf '%s  %s\n' "$(sha256 "$1")" "$(basename "$1")" >"$1.sha256"
}

# One name for the contents of all files below PATHs: what was made of the same is not made again.
digest() { # PATH…
    find "$@" -type f -not -path '*/target/*' -print0 | LC_ALL=C sort -z | xargs -0 cat >"$tools/digest"
    sha256 "$tools/digest"
}

bytes() { wc -c <"$1" | tr -d ' '; } # FILE

# A tool of LLVM that belongs to the compiler: others may be too old to read what it writes.
llvm() { # TOOL ARGUMENT…
    local tool=$1
    shift
    "$(rustc --print sysroot)/lib/rustlib/$(rustc --print host-tuple)/bin/$tool" "$@"
}

component() { # COMPONENT
    rustup component list --installed | grep "^$1" >/dev/null || rustup component add "$1" >&2
}

# Whether std for TARGET is there, after trying to get it.
have_std() { # TARGET
    rustup target list --installed | grep -x "$1" >/dev/null || rustup target add "$1" >&2
}

# zig, as a C compiler for targets whose SDK is not here; sets `zig` to its folder.
need_zig() {
    command -v python3 >/dev/null || die "no python3 on PATH: zig is installed with it"
    local venv=$tools/zig-$zig_version
    if [ ! -e "$venv/.complete" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv" >&2
        "$venv/bin/pip" install --quiet --disable-pip-version-check "ziglang==$zig_version" >&2
        touch "$venv/.complete"
    fi
    zig=$(echo "$venv"/lib/python3*/site-packages/ziglang)
    ZIG=$zig/zig
    export ZIG
}

# A C compiler for ZIG-TARGET: scripts/package/zcc under a name that tells it the target.
zcc() { # ZIG-TARGET
    ln -sf "$PWD/scripts/package/zcc" "$tools/zcc-$1"
    echo "$tools/zcc-$1"
}

zar() {
    ln -sf "$PWD/scripts/package/zcc" "$tools/zar"
    echo "$tools/zar"
}

# Notes the size of a file under the NAME that the budget knows it by: scripts/size-budget compares.
figure() { # NAME FILE
    local figures=$target/figures
    mkdir -p "$figures"
    bytes "$2" >"$figures/$1"
}
