#!/usr/bin/env python3
"""How many leaks `picket scan` finds, beside what the makers of a benchmark say there are.

    tests/integration/leaks.py [--table]

The small apps of tests/data/leaks, one a flow shape, are scanned always. DroidBench (research benchmark, not
ours to pass on) is read from apk/droidbench below PICKET_SHARED/data when it is there: every app, recall and
precision by category. --table prints that and nothing else."""

import csv
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scan_support import ROOT, Tally, picket, reports  # noqa: E402

SHARED = Path(os.environ.get("PICKET_SHARED", ROOT / ".." / "shared"))
SAMPLES = ROOT / "tests" / "data" / "leaks"
# What is promised; docs/leaks.md has the figures themselves.
RECALL, PRECISION = 0.75, 0.85
BENCH = SHARED / "data" / "apk" / "droidbench"


def scan(folder, names):
    done = picket("--json", *[folder / name for name in names])
    return {Path(report["file"]).name: report for report in reports(done)}


def bench():
    """Rows of (category, app, expected, found)."""
    with open(BENCH / "expected_leaks.tsv", encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    truth = [row for row in truth if row["number_of_leaks"]]
    found = scan(BENCH, [row["file"] for row in truth])
    return [(row["category"], row["name"], int(row["number_of_leaks"]), found[row["file"]].get("leaks", []))
            for row in truth]


def figures(rows):
    """Leaks found that are there, not found, and found that are not; then the same with apps as units."""
    hit = sum(min(expected, len(leaks)) for _, _, expected, leaks in rows)
    missed = sum(max(0, expected - len(leaks)) for _, _, expected, leaks in rows)
    false = sum(max(0, len(leaks) - expected) for _, _, expected, leaks in rows)
    app_hit = sum(bool(expected and leaks) for _, _, expected, leaks in rows)
    app_missed = sum(bool(expected and not leaks) for _, _, expected, leaks in rows)
    app_false = sum(bool(not expected and leaks) for _, _, expected, leaks in rows)
    return (hit, missed, false), (app_hit, app_missed, app_false)


def ratio(part, whole):
    return f"{part / whole:.2f}" if whole else "-"


def table(rows, out=sys.stdout):
    def line(name, of):
        (hit, missed, false), (app_hit, app_missed, app_false) = figures(of)
        print(f"{name:28} {len(of):4} {hit + missed:6} {hit:5} {missed:6} {false:5} {ratio(hit, hit + missed):>7} "
              f"{ratio(hit, hit + false):>9} {ratio(app_hit, app_hit + app_missed):>11} "
              f"{ratio(app_hit, app_hit + app_false):>13}", file=out)

    print(f"{'category':28} {'apps':>4} {'leaks':>6} {'found':>5} {'missed':>6} {'false':>5} {'recall':>7} "
          f"{'precision':>9} {'app recall':>11} {'app precision':>13}", file=out)
    for category in sorted({row[0] for row in rows}):
        line(category, [row for row in rows if row[0] == category])
    line("all", rows)
    for category, name, expected, leaks in rows:
        if expected != len(leaks):
            print(f"  {category}/{name}: {expected} expected, {len(leaks)} found", file=out)
            for leak in leaks:
                print(f"      {leak['data']} -> {leak['to']}: {leak['source']} in {leak['source_in']}, "
                      f"{leak['sink']} in {leak['sink_in']}", file=out)
    return figures(rows)


# ---- samples of our own ---------------------------------------------------------------------------

def assemble(path, folder):
    """A file of several classes in smali becomes folder/NAME.dex; what is expected of it comes back."""
    text = path.read_text(encoding="utf-8")
    expect = re.search(r"^# expect: ([^#\n]*)", text, re.M)[1].strip()
    source = folder / path.stem
    source.mkdir()
    for number, part in enumerate(re.split(r"^(?=\.class )", text, flags=re.M)[1:]):
        (source / f"{number}.smali").write_text(part, encoding="utf-8")
    return expect, source


def samples(check):
    shapes = sorted(SAMPLES.glob("*.smali"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = {path.stem: assemble(path, folder) for path in shapes}
        for stem, (_, source) in expected.items():
            done = subprocess.run(["smali", "assemble", str(source), "-o", str(folder / f"{stem}.dex")],
                                  capture_output=True, text=True)
            check(f"{stem}: assembles", done.returncode == 0 and not done.stderr.strip(), done.stderr)
        found = scan(folder, [f"{stem}.dex" for stem in expected])
    for stem, (expect, _) in expected.items():
        leaks = found[f"{stem}.dex"].get("leaks", [])
        told = "; ".join(sorted(f"{leak['data']} > {leak['to']}" for leak in leaks)) or "nothing"
        check(f"{stem}: {expect}", told == expect, f"found {told}")
        said = [f for f in found[f"{stem}.dex"]["findings"] if f["id"] == "malware.leaky_app"]
        check(f"{stem}: a finding for each",
              len(said) == len(leaks) and all(f["rule"].startswith("leaks/") and f["evidence"] for f in said), said)
    check("the samples are there", len(shapes) > 40, len(shapes))


def main():
    if "--table" in sys.argv:
        table(bench())
        return 0
    tally = Tally()
    samples(tally.check)
    if not (BENCH / "expected_leaks.tsv").exists():
        print(f"# SKIPPED: DroidBench is not present ({BENCH}): recall and precision are not measured")
        return tally.end()
    text = io.StringIO()
    (hit, missed, false), (app_hit, app_missed, app_false) = table(bench(), text)
    print("".join(f"# {line}\n" for line in text.getvalue().splitlines()), end="")
    for what, part, whole, least in (
            ("recall", hit, hit + missed, RECALL), ("precision", hit, hit + false, PRECISION),
            ("recall of apps", app_hit, app_hit + app_missed, RECALL),
            ("precision of apps", app_hit, app_hit + app_false, PRECISION)):
        tally.check(f"DroidBench: {what} is at least {least}", part >= least * whole, f"{part} of {whole}")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
