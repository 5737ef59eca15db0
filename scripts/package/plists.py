"""Writes the property lists of an XCFramework, and reads them back.

    plists.py framework FILE NAME PLATFORM MINIMUM VERSION   the Info.plist of one NAME.framework
    plists.py xcframework BUNDLE NAME                        BUNDLE/Info.plist, from the slices that lie in BUNDLE
    plists.py check BUNDLE NAME                              fails unless every list is well-formed and names what is there
    plists.py privacy MANIFEST SYMBOLS                       fails unless MANIFEST declares what the imports in file SYMBOLS need

A slice is a folder named as Xcode names it: ios-arm64, ios-arm64_x86_64-simulator, macos-arm64_x86_64.
"""

import plistlib
import sys
from pathlib import Path

# Apple's "required reason" interfaces that C code can import, by the category that a manifest has to declare.
REASONS = {
    "FileTimestamp": "stat fstat fstatat lstat getattrlist getattrlistbulk fgetattrlist getattrlistat",
    "SystemBootTime": "mach_absolute_time",
    "DiskSpace": "statfs statvfs fstatfs fstatvfs",
}


def write(path, content):
    Path(path).write_bytes(plistlib.dumps(content))


def read(path):
    return plistlib.loads(Path(path).read_bytes())


def framework(path, name, platform, minimum, version):
    write(
        path,
        {
            "CFBundleDevelopmentRegion": "en",
            "CFBundleExecutable": name,
            "CFBundleIdentifier": f"dev.holm.{name}",
            "CFBundleInfoDictionaryVersion": "6.0",
            "CFBundleName": name,
            "CFBundlePackageType": "FMWK",
            "CFBundleShortVersionString": version,
            "CFBundleSupportedPlatforms": [platform],
            "CFBundleVersion": version,
            "LSMinimumSystemVersion" if platform == "MacOSX" else "MinimumOSVersion": minimum,
        },
    )


def library(slice_name, name):
    """How Info.plist describes the slice in a folder of this name."""
    platform, architectures, *variant = slice_name.split("-")
    entry = {
        # Not split at the separator, which x86_64 has in its own name.
        "SupportedArchitectures": [one for one in ("arm64", "x86_64") if one in architectures],
        "BinaryPath": f"{name}.framework/{name}",
        "LibraryIdentifier": slice_name,
        "LibraryPath": f"{name}.framework",
        "SupportedPlatform": platform,
    }
    if platform == "macos":
        entry["BinaryPath"] = f"{name}.framework/Versions/A/{name}"
    if variant:
        entry["SupportedPlatformVariant"] = variant[0]
    return entry


def slices(bundle):
    return sorted(path.name for path in Path(bundle).iterdir() if path.is_dir())


def xcframework(bundle, name):
    write(
        Path(bundle) / "Info.plist",
        {
            "AvailableLibraries": [library(slice_name, name) for slice_name in slices(bundle)],
            "CFBundlePackageType": "XFWK",
            "XCFrameworkFormatVersion": "1.0",
        },
    )


def check(bundle, name):
    bundle = Path(bundle)
    listed = read(bundle / "Info.plist")
    assert listed["CFBundlePackageType"] == "XFWK" and listed["XCFrameworkFormatVersion"] == "1.0", "not an XCFramework"
    libraries = listed["AvailableLibraries"]
    assert sorted(entry["LibraryIdentifier"] for entry in libraries) == slices(bundle), "slices and Info.plist differ"
    for entry in libraries:
        folder = bundle / entry["LibraryIdentifier"]
        assert (folder / entry["BinaryPath"]).is_file(), f"no {entry['BinaryPath']}"
        root = folder / entry["LibraryPath"]
        inner = root / "Resources" if entry["SupportedPlatform"] == "macos" else root
        info = read(inner / "Info.plist")
        assert info["CFBundleExecutable"] == name and info["CFBundlePackageType"] == "FMWK", f"{inner}: not a framework"
        read(inner / "PrivacyInfo.xcprivacy")
        for part in ("Headers", "Modules"):
            assert (root / part).is_dir(), f"{root}: no {part}"


def privacy(manifest, symbols):
    declared = {entry["NSPrivacyAccessedAPIType"] for entry in read(manifest)["NSPrivacyAccessedAPITypes"]}
    # Mach-O names begin with an underscore, and some end with the version of an interface ($INODE64).
    plain = {symbol.removeprefix("_").split("$")[0] for symbol in symbols}
    for category, names in REASONS.items():
        used = sorted(plain & set(names.split()))
        is_declared = f"NSPrivacyAccessedAPICategory{category}" in declared
        assert is_declared or not used, f"{category} is not declared, and the library imports {', '.join(used)}"
        assert used or not is_declared, f"{category} is declared, and nothing needs it"


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    try:
        if command == "framework":
            framework(*arguments)
        elif command == "xcframework":
            xcframework(*arguments)
        elif command == "check":
            check(*arguments)
        elif command == "privacy":
            privacy(arguments[0], Path(arguments[1]).read_text().split())
        else:
            sys.exit(__doc__)
    except AssertionError as failure:
        sys.exit(f"plists: {failure}")
