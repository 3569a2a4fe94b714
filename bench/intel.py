#!/usr/bin/env python3
"""What knowing costs: taking feeds over, the memory of the set, and a look-up of each kind.

    bench/intel.py [--feeds DIR] [--lookups N]

DIR: public feeds (default: PICKET_SHARED or ../shared, its data/intel; without it, what is built in). Beside them: an indexed
table of SQLite in memory, a dict of Python, and grep -F -x over the same values as text.
"""

import argparse
import csv
import json
import lzma
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_support import ROOT, picket_version, title, version_of

BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared")) / "data" / "intel"
ROUNDS = 3


def take_over(feeds, out):
    """Best of three: seconds of processor time, of the clock, and what the program says."""
    best = None
    for _ in range(ROUNDS):
        out.unlink(missing_ok=True)
        began, before = time.monotonic(), os.times()
        done = subprocess.run([BUILD / "bin" / "picket", "intel", "import", str(feeds), "--set", str(out), "--json"],
                              capture_output=True, text=True, check=True)
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        if best is None or cpu < best[0]:
            best = cpu, time.monotonic() - began, json.loads(done.stdout)
    return best


def parse_in_python(feeds):
    """Only reading the same files with Python's own readers, nothing kept: CPU seconds."""
    began = time.process_time()
    for path in sorted(p for p in feeds.rglob("*") if p.is_file()):
        raw = lzma.open(path).read() if path.suffix == ".xz" else path.read_bytes()
        text = raw.decode("utf-8", "replace")
        name = path.name.removesuffix(".xz")
        if name.endswith((".json", ".stix2")):
            json.loads(text)
        elif name.endswith((".csv", ".tsv")):
            for _ in csv.reader(text.splitlines(), delimiter="\t" if name.endswith(".tsv") else ","):
                pass
        else:
            text.splitlines()
    return time.process_time() - began


def values_of(out, kind):
    done = subprocess.run([BUILD / "bin" / "picket", "intel", "list", "--set", str(out), "--kind", kind, "--limit", "10000000", "--json"],
                          env=dict(os.environ, PICKET_INTEL_BUILTIN=""), capture_output=True, text=True, check=True)
    return [i["indicator"] for i in json.loads(done.stdout)["items"]]


def python_dict(values):
    """Nanoseconds of `table.get(value)`, the loop included; values are other objects than the keys."""
    table = {v: ("family", "source") for v in values}
    asked = [v[:1] + v[1:] for v in random.Random(1).choices(values, k=200000)]
    best = 1e9
    for _ in range(5):
        began = time.process_time()
        for v in asked:
            table.get(v)
        best = min(best, (time.process_time() - began) / len(asked) * 1e9)
    return best


def grep(values, folder):
    """Milliseconds of CPU of one `grep -F -x` over all values."""
    path = Path(folder) / "values.txt"
    path.write_text("\n".join(values) + "\n")
    before = os.times()
    for v in random.Random(2).choices(values, k=20):
        subprocess.run(["grep", "-F", "-x", "-m", "1", v, str(path)], stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return (after.children_user + after.children_system - before.children_user - before.children_system) / 20 * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--feeds", type=Path, default=SHARED if SHARED.is_dir() else ROOT / "data" / "intel")
    parser.add_argument("--lookups", type=int, default=200000)
    args = parser.parse_args()
    title("intel: known things", f"{picket_version(BUILD, 'picket')}; SQLite {version_of('libsqlite3-0')}; "
          f"Python {sys.version.split()[0]}; grep {version_of('grep')}")
    with tempfile.TemporaryDirectory(prefix="picket-intel-") as folder:
        out = Path(folder) / "intel.set"
        cpu, clock, told = take_over(args.feeds, out)
        print(f"{told['values_read']} values of {told['files']} files -> {told['indicators']} indicators, {told['warnings']} warnings, "
              f"{told['signers']} signers")
        print(f"import     {cpu:.2f} s CPU, {clock:.2f} s by the clock, peak {told['peak_rss_mib']:.0f} MiB; "
              f"Python only parsing the same files: {parse_in_python(args.feeds):.2f} s CPU")
        lines = [json.loads(x) for x in subprocess.run([BUILD / "bench" / "bench_intel", str(out), str(args.lookups)],
                                                       capture_output=True, text=True, check=True).stdout.splitlines()]
        head, rows = lines[0], lines[1:]
        print(f"set        {told['set_bytes'] / 1048576:.1f} MiB on disk, mapped; opening {head['load_us']:.0f} us, strict check {head['check_ms']:.0f} ms; "
              f"SQLite: {head['sqlite_bytes'] / 1048576:.1f} MiB for value, family and source of the indicators alone, "
              f"filled in {head['sqlite_fill_ms']:.0f} ms\n")
        print("| ns of CPU a look-up | values | hit | miss | two labels below | SQLite hit | SQLite miss | Python dict hit |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        slow = []
        for r in rows:
            python = python_dict(values_of(out, r["kind"]))
            below = f"{r['below_ns']:.0f}" if "below_ns" in r else ""
            print(f"| {r['kind']} | {told['kinds'][r['kind']]} | **{r['hit_ns']:.0f}** | {r['miss_ns']:.0f} | {below} | {r['sqlite_hit_ns']:.0f} | "
                  f"{r['sqlite_miss_ns']:.0f} | {python:.0f} |")
            if not r["all_found"] or max(r["hit_ns"], r["miss_ns"], r.get("below_ns", 0)) >= 1000:
                slow.append(r["kind"])
        print(f"\ngrep -F -x over the domains: {grep(values_of(out, 'domain'), folder):.1f} ms of CPU a look-up")
        print("every look-up is below 1 us" if not slow else f"NOT below 1 us: {' '.join(slow)}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
