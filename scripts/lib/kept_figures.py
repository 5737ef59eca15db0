"""Keeps figures that no clock decides, or holds a new measurement against them: kept_figures.py --keep|--check MEASURED KEPT"""

import json
import sys

UNITS = {"requests", "bytes down", "bytes up", "kB each", "a write"}
# Identifiers and times are random, and compress a little better or worse.
TOLERANCE = 1.03


def read(path):
    """Figures by name, exchange or durability, and unit."""
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return {(row["name"], row["mode"], row["unit"]): row["holm"] for row in rows if row["unit"] in UNITS}


def keep(measured, path):
    with open(path, "w", encoding="utf-8") as file:
        for (name, mode, unit), figure in measured.items():
            row = {"name": name, "mode": mode, "unit": unit, "holm": figure}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{len(measured)} figures kept in {path}")


def check(measured, kept):
    """Prints what has changed. Returns whether a figure has grown, or is gone."""
    bad = 0
    for key, before in kept.items():
        now = measured.get(key)
        label = " · ".join(key)
        if now is None:
            print(f"gone    {label}: was {before}")
            bad += 1
        elif now > before * TOLERANCE:
            print(f"grown   {label}: {before} -> {now}")
            bad += 1
        elif now * TOLERANCE < before:
            print(f"shrunk  {label}: {before} -> {now}; keep it with scripts/bench --keep")
    for key in measured.keys() - kept.keys():
        print(f"new     {' · '.join(key)}: {measured[key]}; keep it with scripts/bench --keep")
    print(f"{len(kept)} figures looked at, {bad} worse")
    return bad > 0


def main():
    what, measured, kept = sys.argv[1:]
    if what == "--keep":
        keep(read(measured), kept)
    else:
        sys.exit(check(read(measured), read(kept)))


main()
