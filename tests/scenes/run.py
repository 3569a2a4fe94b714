#!/usr/bin/env python3
"""Replays every scene and compares with its golden file. run.py PICKET FOLDER [--write]"""
import difflib
import json
import os
import subprocess
import sys



def plain(text):
    """What the crowd thinks, as far as it does not depend on how finely its weights are tuned: verdicts."""
    lines = []
    for line in text.splitlines(True):
        body = json.loads(line) if '"event":"opinion"' in line else None
        if body is None:
            lines.append(line)
        elif body["before"] or body["after"]:
            lines.append(json.dumps({k: v for k, v in body.items() if k not in
                                     ("score", "log_odds", "why")}, separators=(",", ":")) + "\n")
    return "".join(lines)


picket, folder = sys.argv[1:3]
write = "--write" in sys.argv[3:]
good = bad = 0
for name in sorted(os.listdir(folder)):
    if not name.endswith(".jsonl") or name.endswith(".expected.jsonl"):
        continue
    scene = os.path.join(folder, name)
    golden = scene[: -len(".jsonl")] + ".expected.jsonl"
    run = subprocess.run([picket, "replay", scene], capture_output=True, text=True, timeout=60)
    if run.returncode not in (0, 1):
        print(f"FAIL {name}: {run.stderr.strip()}")
        bad += 1
        continue
    if write:
        with open(golden, "w") as out:
            out.write(plain(run.stdout))
    wanted = open(golden).read() if os.path.exists(golden) else ""
    again = subprocess.run([picket, "replay", scene], capture_output=True, text=True, timeout=60)
    if plain(run.stdout) != wanted:
        print(f"FAIL {name}: not what the golden file says")
        sys.stdout.writelines(difflib.unified_diff(
            wanted.splitlines(True), plain(run.stdout).splitlines(True), golden, "replayed"))
        bad += 1
    elif again.stdout != run.stdout:
        print(f"FAIL {name}: two replays differ")
        bad += 1
    else:
        good += 1
print(f"{good} passed, {bad} failed")
sys.exit(1 if bad or not good else 0)
