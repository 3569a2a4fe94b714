"""Runs Meson's tests and counts test functions: cmocka is asked for TAP, Meson keeps the output."""

import json
import re
from pathlib import Path

TAP_LINE = re.compile(r"^(not )?ok \d+(?: -)?(?: (.*))?$", re.MULTILINE)
GOOD = ("OK", "EXPECTEDFAIL")
TIMEOUT_S = 3600
TIMEOUT_FACTOR = "10"  # a busy machine and sanitizers are slow; a hanging test still ends


class Counts:
    def __init__(self):
        self.passed = self.failed = 0
        self.details = ""


def count_program(record, counts):
    """One line of testlog.json: the program's TAP lines, or the program itself as one test."""
    output = record.get("stdout", "")
    lines = TAP_LINE.findall(output)
    # A test that skips itself did not hold: nothing is skipped silently.
    held = [not wrong and not name.startswith("# SKIP") for wrong, name in lines]
    good = [name for (_, name), fine in zip(lines, held) if fine]
    bad = [name for (_, name), fine in zip(lines, held) if not fine]
    fine = record["result"] in GOOD
    if record["result"] == "SKIP":
        bad.append("skipped itself")
    elif not lines:
        (good if fine else bad).append(record["name"])
    elif not fine and not bad:
        bad.append(f"ended with {record['result']} (status {record.get('returncode')})")
    counts.passed += len(good)
    counts.failed += len(bad)
    if bad:
        counts.details += f"{record['name']}: {', '.join(bad)}\n"
        for stream in ("stdout", "stderr"):
            text = record.get(stream, "").rstrip()
            shown = [line for line in text.splitlines() if not line.startswith("ok ")]
            counts.details += "".join(f"  {line}\n" for line in shown[-25:])


def run(build, only, log, run_logged, env):
    """Builds, runs the chosen tests of `build` and returns Counts."""
    counts = Counts()
    log_file = Path(build) / "meson-logs" / "testlog.json"
    log_file.unlink(missing_ok=True)
    argv = ["meson", "test", "-C", str(build), "--timeout-multiplier", TIMEOUT_FACTOR, *only]
    status, text = run_logged(argv, log, TIMEOUT_S, dict(env, CMOCKA_MESSAGE_OUTPUT="TAP"))
    if log_file.exists():
        for line in log_file.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.strip():
                count_program(json.loads(line), counts)
    if counts.passed + counts.failed == 0 or (status != 0 and counts.failed == 0):
        counts.failed += 1
        counts.details += text
    return counts
