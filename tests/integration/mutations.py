#!/usr/bin/env python3
"""A short run of mutated app files through the sandboxed readers (make mutate does the long one), and that the
driver would notice: readers that crash or talk nonsense make it fail."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
MUTATE = BUILD / "tests" / "mutate"
DATA = ROOT / "tests" / "data"
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT / ".." / "shared")) / "data"
MORE = [SHARED / "apk", SHARED / "axml", SHARED / "ios"]
COUNT = 1000

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED  {name}\n        {str(shown)[-1500:]}", flush=True)
    return bool(good)


def mutate(*argv):
    return subprocess.run([str(a) for a in (MUTATE, *argv)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=500)


def main():
    with tempfile.TemporaryDirectory(prefix="picket-mutations-") as folder:
        folder = Path(folder)
        sources = [DATA] + [more for more in MORE if more.is_dir()]
        for more in MORE:
            if not more.is_dir():
                print(f"SKIPPED: {more}: not present; only the files of tests/data are mutated")
        got = mutate("-p", BUILD / "bin" / "picket-scan", "-n", COUNT, "-o", folder / "kept", *sources)
        print("\n".join(got.stdout.splitlines()[-4:]))
        check(f"{COUNT} mutated files harm no reader", got.returncode == 0 and "0 died, 0 timed out" in got.stdout, got.stdout)
        kinds = re.findall(r"(\d+) kinds of finding", got.stdout)
        check("they are read, and many things are found", kinds and int(kinds[-1]) > 30, kinds)

        for turn in ("a", "b"):
            mutate("-n", 40, "-f", 500, "-x", "-o", folder / turn, DATA)
        first = {p.name: p.read_bytes() for p in (folder / "a").iterdir()}
        check("the same number is the same file", len(first) == 40 and first == {p.name: p.read_bytes() for p in (folder / "b").iterdir()})
        originals = {p.read_bytes() for p in DATA.rglob("*") if p.is_file()}
        changed = [name for name, data in first.items() if data not in originals]
        check("and another one than any that it was made from", len(changed) >= 38 and len(set(first.values())) >= 38, len(changed))

        # The probe answers nothing that is a report: every file must count.
        got = mutate("-p", BUILD / "tests" / "sandbox_probe", "-n", 20, "-o", folder / "probe", DATA)
        kept = list((folder / "probe").iterdir())
        check("readers that answer nonsense are noticed", got.returncode == 1 and "20 invalid answers" in got.stdout and len(kept) == 20, got.stdout)


if __name__ == "__main__":
    main()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
