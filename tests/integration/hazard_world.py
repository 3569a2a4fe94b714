#!/usr/bin/env python3
"""Predictions of risk along a simulated world: `picket replay --preds` against what then happened.

The world is made by the simulator of the shared material (PICKET_SHARED, else ../shared): 4,000 devices in the places of
2,000, 56 days, 5 % of them forgers. The bounds are wide: a small world has few attacks, the figures of full ones stand in
docs/hazard.md.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scan_support import BUILD, ROOT, Tally

SIM = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared")) / "sim"
DAY = 86400
tally = Tally()
check = tally.check


def make_world(folder):
    python = shutil.which("pypy3") or "/usr/bin/python3"
    subprocess.run([python, SIM / "picketsim.py", "--out", folder, "--seed", "77", "--small", "--devices", "4000", "--days",
                    "56", "--poison", "0.05"], check=True, stdout=subprocess.DEVNULL, timeout=300)


def replay(folder, name, *more):
    """Returns the run and the files that it wrote."""
    out = {kind: folder / f"{name}.{kind}" for kind in ("preds", "joins", "inputs")}
    run = subprocess.run(
        [BUILD / "bin" / "picket", "replay", "--out", folder / f"{name}.verdicts", "--preds", out["preds"], "--join-risk",
         out["joins"], "--risk-inputs", out["inputs"], *more, folder / "obs.jsonl"],
        capture_output=True, text=True, timeout=300)
    return run, out


def enrolled(folder):
    at = {}
    with open(folder / "obs.jsonl", encoding="utf-8") as f:
        for line in f:
            if '"k":"enr"' in line:
                x = json.loads(line)
                at[x["d"]] = x["te"]
    return at


def test_lines(folder, preds):
    start = json.loads((folder / "meta.json").read_text())["t0"]
    at = enrolled(folder)
    seen, wrong, p7 = set(), [], {}
    for line in open(preds, encoding="utf-8"):
        x = json.loads(line)
        key = (x["d"], x["t"], x["h"])
        fine = (set(x) == {"d", "t", "h", "p"} and x["h"] in (7, 30) and 0 < x["p"] < 1 and key not in seen
                and x["t"] % DAY == 0 and x["t"] - at[x["d"]] >= 3 * DAY
                and x["t"] - start >= (42 if x["h"] == 7 else 28) * DAY)
        if not fine:
            wrong.append(line)
        seen.add(key)
        if x["h"] == 7:
            p7[key[:2]] = x["p"]
        elif key[:2] in p7 and x["p"] < p7[key[:2]]:
            wrong.append(line)
    check("every line: a device known for 3 days, a midnight, 7 or 30 days, a probability; 30 days never below 7",
          not wrong and len(p7) > 50000, f"{len(p7)} {wrong[:3]}")
    days = {t for _, t, h in seen if h == 7}
    check("each midnight from the 42nd on", len(days) == 14, sorted(days))
    young = [d for d, t in at.items() if start + 28 * DAY < t + 3 * DAY]
    check("devices that came when predictions were being made are among them", len(young) > 20, len(young))


def scored(folder, preds):
    run = subprocess.run(["/usr/bin/python3", SIM / "score.py", folder, "--preds", preds], capture_output=True, text=True,
                         timeout=300, check=True)
    return json.loads(run.stdout)["prediction"]


def test_figures(folder, preds):
    got = scored(folder, preds)["7"]
    check("7 days: better than chance by far", got["auc"] > 0.66 and got["lift_top10"] > 2.5, got)
    check("7 days: the level is right within a factor of two", 0.5 < got["mean_p"] / got["base"] < 2 and got["ece"] < 0.08, got)


def zone_figures(folder, joins):
    run = subprocess.run(["/usr/bin/python3", ROOT / "tools" / "score-zones.py", folder, joins], capture_output=True,
                         text=True, timeout=300, check=True)
    lines = {line.split(":")[0]: line.split() for line in run.stdout.splitlines()}
    return {title: {key: float(words[words.index(key) + 1]) for key in ("AUC", "lift", "ECE")}
            for title, words in lines.items()}


def test_zones(folder, joins):
    got = zone_figures(folder, joins)
    check("zones: attacked joins are where they were expected", got["zone"]["AUC"] > 0.75 and got["zone"]["lift"] > 3, got)
    check("networks: better than their zone", got["network"]["AUC"] > got["zone"]["AUC"], got)
    check("and the chance is about right", got["zone"]["ECE"] < 0.02, got)


def test_explained(folder):
    """Ten devices with their reasons, from the most risky to the calmest, and no name of anything."""
    run, _ = replay(folder, "explained", "--explain", "10")
    heads = re.findall(r"^(\d+) of \d+: ([\d.]+) % in 7 days, [\d.]+ times a typical device of this fleet, [\d.]+ % in 30$",
                       run.stderr, re.M)
    chances = [float(p) for _, p in heads]
    reasons = re.findall(r"^ +([+-][\d.]+)  (.+)$", run.stderr, re.M)
    check("ten devices are explained, most risky first",
          len(heads) == 10 and chances == sorted(chances, reverse=True) and chances[0] > 2 * chances[-1], run.stderr[:500])
    check("each reason is a sentence with its part, at most five a device",
          10 <= len(reasons) <= 50 and all(len(text) > 15 for _, text in reasons), reasons[:3])
    hashes = {json.loads(line).get("ss") for _, line in zip(range(5000), open(folder / "obs.jsonl", encoding="utf-8"))}
    check("no network is named", not any(name and name in run.stderr for name in hashes))
    bad, _ = replay(folder, "explained", "--explain", "none")
    check("a number that is none is wrong usage", bad.returncode == 2, bad.returncode)


def test_same(folder, first):
    _, again = replay(folder, "again")
    for kind, file in first.items():
        check(f"the same world gives the same {kind}, byte for byte", file.read_bytes() == again[kind].read_bytes())


def test_no_peeking(folder, first):
    """What comes after a midnight changes nothing of what was said at it."""
    start = json.loads((folder / "meta.json").read_text())["t0"]
    end = start + 45 * DAY
    cut = folder / "cut"
    cut.mkdir()
    with open(folder / "obs.jsonl", encoding="utf-8") as source, open(cut / "obs.jsonl", "w", encoding="utf-8") as out:
        for line in source:
            t = int(line[line.index('"t":') + 4:].split(",", 1)[0])
            if t >= end + 3600:
                break
            out.write(line)
    _, short = replay(cut, "short")
    whole = [line for line in open(first["preds"], encoding="utf-8") if json.loads(line)["t"] <= end]
    check("a world that ends early has the same predictions up to there",
          whole == open(short["preds"], encoding="utf-8").readlines() and len(whole) > 50000)


def main():
    if not (SIM / "picketsim.py").exists():
        print(f"SKIPPED: no simulator in {SIM} (PICKET_SHARED)")
        print("0 passed, 0 failed")
        return 0
    folder = Path(tempfile.mkdtemp(prefix="picket-hazard-"))
    try:
        make_world(folder)
        run, first = replay(folder, "first")
        check("a world is replayed", run.returncode == 1 and "closed weeks" in run.stderr, run.stderr)
        test_explained(folder)
        test_lines(folder, first["preds"])
        test_figures(folder, first["preds"])
        test_zones(folder, first["joins"])
        test_same(folder, first)
        test_no_peeking(folder, first)
        two, _ = replay(folder, "two", folder / "obs.jsonl")
        check("predictions of two worlds in one file are refused", two.returncode == 2, two.stderr)
        odd, _ = replay(folder, "odd", "--preds-from", "0")
        check("and a day that is none", odd.returncode == 2, odd.stderr)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
