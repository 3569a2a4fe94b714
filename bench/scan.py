#!/usr/bin/env python3
"""What the complete scan of an APK costs, beside what people would use instead, in one run.

    bench/scan.py [--apks DIR]... [--rounds N] [--peer-files N] [--androguard-files N] [--without PEER]

The APKs are those of ../shared/data/apk when it is there, else of tests/data/apps. `picket scan` is
measured as one call over all of them and as one process for each; the peers as one process for each, on
the same files (at most --peer-files, evenly spread over the sizes). CPU is the kernel's count of each
process with its children.

The floor is what nobody can avoid in one process: read the file, SHA-256, inflate manifest, resources,
DEX and META-INF with libdeflate (bench/scan_floor.c).
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_support import ROOT, picket_version, table, title, version_of

BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
PICKET = BUILD / "bin" / "picket"
AG_APK = """import sys,logging; logging.disable(50)
from androguard.core.bytecodes.apk import APK
a=APK(sys.argv[1]); print(a.get_package(),a.get_permissions(),[c.sha256 for c in a.get_certificates()])
"""
AG_FULL = """import sys,logging; logging.disable(50)
from androguard.misc import AnalyzeAPK
a,d,dx=AnalyzeAPK(sys.argv[1]); print(a.get_package(),len(list(dx.get_methods())))
"""


class Cost:
    """One process with its children: CPU and wall in ms, the largest resident set in MiB."""

    def __init__(self, argv, timeout_s=600):
        began = time.monotonic()
        child = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.wall_ms = (time.monotonic() - began) * 1000
        self.cpu_ms = (usage.ru_utime + usage.ru_stime) * 1000
        self.rss_mib = usage.ru_maxrss / 1024
        self.status = child.returncode


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def find_apks(folders):
    if not folders:
        shared = Path(os.environ.get("PICKET_SHARED", ROOT / ".." / "shared")) / "data" / "apk"
        folders = [shared if shared.is_dir() else ROOT / "tests" / "data" / "apps"]
    found = sorted(p for f in folders for p in Path(f).rglob("*.apk") if p.is_file())
    if not found:
        sys.exit(f"bench/scan.py: no *.apk below {' '.join(map(str, folders))}; --apks DIR names another folder")
    return found, folders


def spread(files, count):
    """At most count of them, evenly over their sizes, the largest always among them."""
    files = sorted(files, key=lambda p: p.stat().st_size)
    if len(files) <= count:
        return files
    return [files[(i + 1) * len(files) // count - 1] for i in range(count)]


def floor_of(files, rounds):
    done = subprocess.run([str(BUILD / "bench" / "scan_floor"), str(rounds), *map(str, files)],
                          capture_output=True, text=True, check=True)
    got = json.loads(done.stdout)
    got["ms"] = got["read"] + got["sha256"] + got["inflate"]
    return got


def one_by_one(files, argv_of, rounds=1):
    costs = [[Cost(argv_of(f)) for f in files] for _ in range(rounds)]
    return {"ms": median([sum(c.cpu_ms for c in r) for r in costs]) / len(files),
            "wall": median([sum(c.wall_ms for c in r) for r in costs]) / len(files),
            "rss": max(c.rss_mib for r in costs for c in r), "bad": sum(c.status != 0 for c in costs[0])}


def peers(work):
    (work / "clam").mkdir()
    (work / "clam" / "one.ndb").write_text("picket-bench:0:*:5069636b65742d62656e63682d6d61726b6572\n")
    (work / "apk.py").write_text(AG_APK)
    (work / "full.py").write_text(AG_FULL)
    return [
        ("aapt dump badging", "aapt", lambda f: ["aapt", "dump", "badging", f], None),
        ("dexdump -f", "dexdump", lambda f: ["dexdump", "-f", f], None),
        ("clamscan, one signature", "clamav", lambda f: ["clamscan", "--no-summary", "-d", work / "clam", f], None),
        ("apksigner verify", "apksigner", lambda f: ["apksigner", "verify", f], None),
        ("androguard APK()", "androguard", lambda f: ["/usr/bin/python3", work / "apk.py", f], None),
        ("androguard AnalyzeAPK()", "androguard", lambda f: ["/usr/bin/python3", work / "full.py", f], 1_500_000),
    ]


def peak_rss(file):
    """The reader's own account, as the person at the terminal sees it."""
    done = subprocess.run([str(PICKET), "scan", str(file)], capture_output=True, text=True)
    seen = re.search(r"read in (\d+) ms with (\d+) MiB", done.stdout)
    return int(seen[2]) if seen else -1


def measure_picket(apks, rounds):
    one = [Cost([PICKET, "scan", "--json", *apks]) for _ in range(rounds)]
    bare = [Cost([BUILD / "tests" / "inspect_file", *apks]) for _ in range(rounds)]
    each = one_by_one(apks, lambda f: [PICKET, "scan", "--json", f])
    largest = max(apks, key=lambda p: p.stat().st_size)
    return {"bare_ms": median([c.cpu_ms for c in bare]) / len(apks), "one_ms": median([c.cpu_ms for c in one]) / len(apks), "wall": median([c.wall_ms for c in one]),
            "each": each, "largest": largest, "rss": peak_rss(largest)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--apks", action="append", metavar="DIR", help="APKs are below this folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-files", type=int, default=24)
    parser.add_argument("--androguard-files", type=int, default=5, help="of at most 1.5 MB, for the full analysis")
    parser.add_argument("--without", action="append", default=[], help="a word in the peer's name")
    args = parser.parse_args()
    apks, folders = find_apks(args.apks)
    packages = ("aapt", "apksigner", "dexdump", "clamav", "androguard", "libdeflate0")
    title("scan: the complete scan of an APK",
          f"{picket_version(BUILD, 'picket')}; " + ", ".join(f"{p} {version_of(p)}" for p in packages))
    size = sum(p.stat().st_size for p in apks)
    print(f"set       {len(apks)} APKs, {size / 1e6:.1f} MB, below {' '.join(map(str, folders))}\n", flush=True)

    floor = floor_of(apks, 2 * args.rounds + 1)
    mine = measure_picket(apks, args.rounds)
    per = floor["ms"] / len(apks)
    table(["floor, CPU ms of the set", "ms"],
          [["read", f"{floor['read']:.1f}"], ["SHA-256", f"{floor['sha256']:.1f}"],
           [f"inflate what is needed ({floor['inflated'] / 1e6:.1f} MB)", f"{floor['inflate']:.1f}"],
           ["the floor", f"{floor['ms']:.1f}"],
           ["(SHA-1 and Adler-32 of all DEX, not counted in it)", f"{floor['dex_sums']:.1f}"]])
    table(["all APKs", "CPU ms/APK", "x floor", "peak RSS MiB"],
          [["the floor", f"{per:.2f}", "1.0", ""],
           ["the reading alone: one process, no sandbox", f"{mine['bare_ms']:.2f}", f"{mine['bare_ms'] / per:.2f}", ""],
           ["picket scan, one call", f"{mine['one_ms']:.2f}", f"{mine['one_ms'] / per:.2f}", mine["rss"]],
           ["picket scan, one process for each", f"{mine['each']['ms']:.2f}", f"{mine['each']['ms'] / per:.2f}", mine["rss"]]])
    print(f"throughput of one call on {os.cpu_count()} cores: {len(apks) / mine['wall'] * 1000:.0f} APKs/s, "
          f"{size / 1e3 / mine['wall']:.0f} MB/s; peak RSS on the largest, {mine['largest'].name} "
          f"({mine['largest'].stat().st_size / 1e6:.1f} MB): {mine['rss']} MiB\n", flush=True)

    rows = []
    with tempfile.TemporaryDirectory(prefix="picket-bench-") as work:
        for name, package, argv_of, size_max in peers(Path(work)):
            if any(word in name for word in args.without):
                continue
            program = argv_of("x")[0]
            if shutil.which(str(program)) is None or version_of(package) == "not installed":
                print(f"SKIPPED: {name}: {package} is not installed", flush=True)
                continue
            files = spread([a for a in apks if size_max is None or a.stat().st_size <= size_max],
                           args.peer_files if size_max is None else args.androguard_files)
            argv_of("x")
            Cost(argv_of(files[0]))  # warm
            peer = one_by_one(files, argv_of)
            here = one_by_one(files, lambda f: [PICKET, "scan", "--json", f])
            below = floor_of(files, 5)["ms"] / len(files)
            rows.append([name, len(files), f"{peer['ms']:.1f}", f"{peer['ms'] / below:.1f}", f"{peer['rss']:.0f}", peer["bad"],
                         f"{here['ms']:.2f}", f"{peer['ms'] / here['ms']:.1f}"])
    table(["peer, one process for each", "APKs", "CPU ms/APK", "x floor", "peak RSS MiB", "refused", "picket ms/APK", "x picket"], rows)


if __name__ == "__main__":
    main()
