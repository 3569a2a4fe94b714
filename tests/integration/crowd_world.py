#!/usr/bin/env python3
"""A simulated world with forgers through the crowd: `picket replay` against what really happened in it.

The world is made by the simulator of the shared material (PICKET_SHARED, else ../shared): 3,000 devices in the places of
2,000, 30 days, 5 % of them forgers. The bounds are wide: a small world has few attacks, the figures of full ones stand in
docs/crowd.md.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scan_support import BUILD, ROOT, Tally

SIM = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared")) / "sim"
ON_NETWORKS = ("twin", "twin_clone", "arp", "dns", "rogue")
tally = Tally()
check = tally.check


def make_world(folder):
    python = shutil.which("pypy3") or "/usr/bin/python3"
    subprocess.run([python, SIM / "picketsim.py", "--out", folder, "--seed", "3", "--small", "--devices", "3000", "--days", "30",
                    "--poison", "0.05"], check=True, stdout=subprocess.DEVNULL, timeout=300)


def replay(out, *arguments):
    return subprocess.run([BUILD / "bin" / "picket", "replay", "--out", out, *arguments], capture_output=True, text=True,
                          timeout=300)


def scored(folder, verdicts):
    run = subprocess.run(["/usr/bin/python3", SIM / "score.py", folder, "--verdicts", verdicts], capture_output=True,
                         text=True, timeout=300, check=True)
    return json.loads(run.stdout)["detection"]


def recall(got, kinds):
    """Share of the attacks of these kinds with at least one victim who was told."""
    rows = [got["by_type"][kind] for kind in kinds if kind in got["by_type"]]
    return sum(row["attacks"] * row["recall"] for row in rows) / sum(row["attacks"] for row in rows)


def test_verdicts(folder, verdicts):
    kinds = {}
    with open(folder / "obs.jsonl", encoding="utf-8") as lines:
        for line in lines:
            x = json.loads(line)
            kinds[x["i"]] = x["k"]
    before, wrong = -1, []
    with open(verdicts, encoding="utf-8") as lines:
        for line in lines:
            x = json.loads(line)
            fine = (x["i"] > before and kinds.get(x["i"]) in ("net", "cell", "app") and (x["pre"] or x["post"])
                    and isinstance(x["s"], float) and 0 < len(x["why"]) <= 4 and all(x["why"])
                    and not any("{" in why for why in x["why"]))
            before = x["i"]
            if not fine:
                wrong.append(line)
    check("every verdict: of a line of the world, in order, bad, with reasons in words", before > 0 and not wrong, wrong[:3])


def test_figures(folder, verdicts, believing):
    got = scored(folder, verdicts)
    false = got["false_per_1000_device_weeks"]
    check("fewer than 3 false notifications in 1,000 device-weeks", false < 3, false)
    check("more than 60 % of the attacks on networks are found", recall(got, ON_NETWORKS) > 0.6, got["by_type"])
    check("and as many of fake masts and repacked apps", recall(got, ("imsi", "repack")) > 0.6, got["by_type"])
    late = [row["later_victims_warned"] for kind, row in got["by_type"].items() if kind in ("dns", "twin") and row["multi"]]
    check("of attacks that last most later victims are warned", late and min(late) > 0.6, got["by_type"])
    naive = scored(folder, believing)["false_per_1000_device_weeks"]
    check("who believes everybody notifies falsely at least four times as often", naive > 4 * false and naive > 3,
          f"{naive} {false}")


def test_packed(folder, verdicts):
    packed = folder / "obs.jsonl.zst"
    subprocess.run(["zstd", "-q", "-o", packed, folder / "obs.jsonl"], check=True, timeout=100)
    out = folder / "packed.verdicts"
    run = replay(out, packed)
    check("a compressed world gives the same", run.returncode in (0, 1) and out.read_bytes() == verdicts.read_bytes(), run.stderr)
    cut = folder / "cut.jsonl.zst"
    cut.write_bytes(packed.read_bytes()[:-5000])
    run = replay(out, cut)
    check("one that was cut off is refused in words", run.returncode not in (0, 1) and "ends too early" in run.stderr,
          f"{run.returncode} {run.stderr}")


def test_damaged_line(folder):
    with open(folder / "obs.jsonl", encoding="utf-8") as source:
        first = [next(source) for _ in range(500)]
    for what, line, says in (
            ("half a line", first[416][:40] + "\n", "near"),
            ("a line without a device", '{"i":417,"t":1700000000,"k":"net"}\n', '"d" is missing'),
            ("a line of another kind", '{"i":417,"t":1700000000,"k":"tea","d":"x"}\n', "tea is not known"),
            ("a line from before time", '{"i":417,"t":-1,"k":"net","d":"x"}\n', "no time")):
        damaged = folder / "damaged.jsonl"
        damaged.write_text("".join(first[:416] + [line] + first[417:]), encoding="utf-8")
        run = replay(folder / "damaged.verdicts", damaged)
        check(f"{what} is refused, with its number", run.returncode not in (0, 1) and "line 417" in run.stderr
              and says in run.stderr, f"{run.returncode} {run.stderr}")


def main():
    if not (SIM / "picketsim.py").exists():
        print(f"SKIPPED: no simulator in {SIM} (PICKET_SHARED)")
        print("0 passed, 0 failed")
        return 0
    folder = Path(tempfile.mkdtemp(prefix="picket-crowd-"))
    try:
        make_world(folder)
        verdicts, again, believing = (folder / f"{name}.verdicts" for name in ("first", "again", "believing"))
        run = replay(verdicts, folder / "obs.jsonl")
        check("a world is replayed", "judged bad" in run.stdout + run.stderr and run.returncode in (0, 1),
              f"{run.returncode} {run.stderr}")
        replay(again, folder / "obs.jsonl")
        check("the same world gives the same verdicts, byte for byte", verdicts.read_bytes() == again.read_bytes())
        replay(believing, "--no-trust", folder / "obs.jsonl")
        test_verdicts(folder, verdicts)
        test_figures(folder, verdicts, believing)
        test_packed(folder, verdicts)
        test_damaged_line(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
