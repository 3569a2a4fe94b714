#!/usr/bin/env python3
"""Replays every scene and compares with its golden file. run.py PICKET FOLDER [--write]"""
import difflib
import os
import subprocess
import sys

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
            out.write(run.stdout)
    wanted = open(golden).read() if os.path.exists(golden) else ""
    again = subprocess.run([picket, "replay", scene], capture_output=True, text=True, timeout=60)
    if run.stdout != wanted:
        print(f"FAIL {name}: not what the golden file says")
        sys.stdout.writelines(difflib.unified_diff(
            wanted.splitlines(True), run.stdout.splitlines(True), golden, "replayed"))
        bad += 1
    elif again.stdout != run.stdout:
        print(f"FAIL {name}: two replays differ")
        bad += 1
    else:
        good += 1
print(f"{good} passed, {bad} failed")
sys.exit(1 if bad or not good else 0)
