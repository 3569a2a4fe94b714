#!/usr/bin/env python3
"""What the crowd's memory costs, on one core: a sighting of each kind, bytes, growth to millions of keys, checkpoint.

    bench/crowd.py [--world FILE] [--keys 5000000] [--priority 0]

--world: obs.jsonl of the simulator, read into memory before; without it that part is left out. Then made-up access
points (seven of ten somebody's own, three of chains), masts and files until there are --keys; at each step a thing that
is new, one that is known (by chance, so the caches do not help), and the question alone. Then the checkpoint to a file
(with fsync), from a mapped file back, and on: the opinions must be the same. --priority -15 (as root) on a busy machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_support import ROOT, picket_version, table, title

BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build")).resolve()


def run(*args):
    done = subprocess.run([BUILD / "bench" / "bench_crowd", *map(str, args)], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def show_world(file):
    rows = run("world", file)
    whole = rows[0]
    table(("sighting", "count", "us, mean", "p50", "p99"),
          [("all", f"{whole['count']:,}", f"{whole['mean_us']:.2f}", "", "")] +
          [(r["kind"], f"{r['count']:,}", f"{r['mean_us']:.2f}", f"{r['p50_us']:.2f}", f"{r['p99_us']:.2f}")
           for r in rows[1:] if "p50_us" in r])
    ask = next(r for r in rows if r["kind"] == "ask")
    print(f"one core: {whole['per_s']:,} sightings a second; only asking: {ask['mean_us']:.2f} us")
    print(f"memory: {whole['bytes'] / 2**20:.0f} MiB for {whole['keys']:,} keys and {whole['devices']:,} devices; network "
          f"profiles {whole['profile_bytes'] / whole['points']:.0f} B for each of {whole['points']:,} access points\n")


def show_keys(keys):
    with tempfile.TemporaryDirectory(prefix="picket-crowd.") as folder:
        rows = run("keys", keys, Path(folder) / "checkpoint")
    steps = [r for r in rows if r["kind"] == "grow"]
    save, load, replay = (next(r for r in rows if r["kind"] == kind) for kind in ("save", "load", "replay"))
    table(("keys", "new, us", "known, us", "ask, us", "MiB", "B a key", "profiles, B an access point", "access points"),
          [(f"{r['keys']:,}", f"{r['new_us']:.2f}", f"{r['known_us']:.2f}", f"{r['ask_us']:.2f}", f"{r['bytes'] / 2**20:.0f}",
            f"{r['bytes'] / r['keys']:.0f}", f"{r['profile_bytes'] / r['points']:.0f}", f"{r['points']:,}") for r in steps])
    last = steps[-1]
    print(f"at the end: {last['points']:,} access points, {last['sites']:,} sites, {last['networks']:,} names, "
          f"{last['masts']:,} masts, {last['files']:,} files, {last['devices']:,} devices, {last['suspects']:,} suspects")
    print(f"a million access points with their sites and names: {last['profile_bytes'] / last['points'] * 1e6 / 2**20:.0f} MiB")
    print(f"checkpoint: {save['bytes'] / 2**20:.0f} MiB, written in {save['write_s']:.2f} s, fsync {save['fsync_s']:.2f} s, "
          f"CPU {save['cpu_s']:.2f} s")
    print(f"restart: loaded from the mapped file in {load['wall_s']:.2f} s, CPU {load['cpu_s']:.2f} s; then "
          f"{replay['per_s']:,} sightings a second; opinions that differ: {replay['differ']}")
    return 0 if replay["differ"] == 0 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", type=Path)
    parser.add_argument("--keys", type=int, default=5000000)
    parser.add_argument("--priority", type=int, default=0)
    args = parser.parse_args()
    if args.priority:
        os.setpriority(os.PRIO_PROCESS, 0, args.priority)
    title("crowd: the memory of all devices, one core", picket_version(BUILD))
    if args.world is not None:
        show_world(args.world)
    return show_keys(args.keys)


if __name__ == "__main__":
    sys.exit(main())
