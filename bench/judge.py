#!/usr/bin/env python3
"""What judging an app adds to reading it: CPU of `picket scan` with and without the judges of content
(--structure-only), in turns over the same files, in one run.

    bench/judge.py [--apks DIR]... [--rounds N]

CPU is the kernel's count of picket and all of its processes; one process reads (--jobs 1)."""

import argparse
import sys

from bench_support import picket_version, table, title
from scan import BUILD, PICKET, Cost, find_apks, median


def measure(files, rounds):
    plain, full, memory = [], [], []
    for _ in range(rounds):
        for extra, into in ((["--structure-only"], plain), ([], full)):
            cost = Cost([PICKET, "scan", "--json", "--jobs", "1", *extra, *files])
            if cost.status not in (0, 1):
                sys.exit(f"bench/judge.py: picket scan ended with {cost.status}")
            into.append(cost.cpu_ms)
            if not extra:
                memory.append(cost.rss_mib)
    return median(plain), median(full), min(plain), min(full), max(memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--apks", action="append", default=[], metavar="DIR")
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    title("Judging beside reading", picket_version(BUILD, "picket"))
    rows = []
    found, folders = find_apks(args.apks)
    sets = [("all", found)] if len(folders) == 1 else []
    sets += [(str(folder), [f for f in found if str(f).startswith(str(folder))]) for folder in folders]
    largest = max(found, key=lambda f: f.stat().st_size)
    sets.append((f"largest: {largest.name}", [largest]))
    for name, files in sets:
        plain, full, plain_min, full_min, memory = measure(files, args.rounds)
        size = sum(f.stat().st_size for f in files) / 1e6
        rows.append((name, len(files), f"{size:.1f}", f"{plain / len(files):.2f}", f"{full / len(files):.2f}",
                     f"{(full / plain - 1) * 100:+.0f} %", f"{(full_min / plain_min - 1) * 100:+.0f} %", f"{memory:.0f}"))
    table(("files", "n", "MB", "reading, CPU ms/APK", "with judges", "adds (medians)", "adds (best rounds)", "peak RSS MiB"), rows)


if __name__ == "__main__":
    main()
