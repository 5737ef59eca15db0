"""Packs a folder so that the same contents always give the same bytes: sorted names, one date, plain permissions.

    zip.py ARCHIVE FOLDER [--root]   entries begin with FOLDER's own name, or, with --root, below it
"""

import os
import stat
import sys
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)


def entries(folder):
    """Every file and symbolic link below `folder`, in one order on every machine."""
    for path, folders, files in os.walk(folder):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(path, name))]
        for name in sorted(files + links):
            yield os.path.join(path, name)


def pack(archive, folder, base):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for path in entries(folder):
            info = zipfile.ZipInfo(os.path.relpath(path, base), EPOCH)
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            if os.path.islink(path):
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                out.writestr(info, os.readlink(path))
            else:
                info.external_attr = (stat.S_IFREG | (0o755 if os.access(path, os.X_OK) else 0o644)) << 16
                with open(path, "rb") as file:
                    out.writestr(info, file.read())


if __name__ == "__main__":
    archive, folder = sys.argv[1:3]
    folder = os.path.abspath(folder)
    pack(archive, folder, folder if "--root" in sys.argv[3:] else os.path.dirname(folder))
