#!/usr/bin/env python3
"""Files built to lead tools astray, through `picket scan --json`: read as Android reads them, and said so.

One or more samples for each row of docs/evasion.md are made on the spot (tests/tools/tricks.py). F-Droid's
fake-signer files are checked, too, when the folder of test data is there (PICKET_SHARED, else ../shared).
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("PICKET_BUILD", ROOT / "build")) / "bin"
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared"))
ROWS = range(38)
GRAVE = ("medium", "high", "critical")

sys.path.insert(0, str(ROOT / "tests" / "tools"))
import tricks  # noqa: E402

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok      ' if good else 'FAILED  '}{name}" + ("" if good else f"\n        {shown}"))


def scan(files):
    """File name to report."""
    done = subprocess.run([BIN / "picket", "scan", "--json", *files], text=True, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    if not reports:
        sys.exit(f"picket scan printed nothing (status {done.returncode}): {done.stderr.strip()}")
    return {Path(report["file"]).name: report for report in reports}


def expect(row, report):
    """What differs from what Android reads, as sentences."""
    findings = {f["id"]: f["severity"] for f in report["findings"]}
    wanted = set(filter(None, row["findings"].split(",")))
    signature = report.get("signature") or {}
    for missing in sorted(wanted - set(findings)):
        yield f"finding {missing} is missing"
    for name in sorted(set(findings) - wanted):
        if findings[name] in GRAVE and not (name == "apk.signature_invalid" and row["verified"] != "yes"):
            yield f"finding {name} ({findings[name]}) is not expected"
    for key in ("package", "version_code", "label"):
        if str(report.get(key, "")) != row[key]:
            yield f"{key} is {report.get(key)!r}, not {row[key]!r}"
    if row["verified"] == "yes":
        signers = [s["sha256"] for s in signature.get("signers", [])]
        if not signature.get("verified"):
            yield f"signature does not verify: {signature.get('errors')}"
        if signers != [row["signer"]]:
            yield f"signers are {signers}, not {row['signer']}"
        if signature.get("schemes") != row["schemes"].split(","):
            yield f"schemes are {signature.get('schemes')}, not {row['schemes']}"
    elif row["verified"] == "no" and signature.get("verified"):
        yield "signature verifies"
    if row["verdict"] and report["verdict"] != row["verdict"]:
        yield f"verdict is {report['verdict']}, not {row['verdict']}"


def test_samples(folder):
    rows = tricks.write(folder)
    check("each row has a sample", {row["row"] for row in rows} == set(ROWS))
    reports = scan([Path(folder) / row["file"] for row in rows])
    with open(Path(folder) / "tricks.tsv", encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            report = reports.get(row["file"])
            wrong = list(expect(row, report)) if report else ["no report"]
            check(f"row {row['row']:>2} {row['file']}", not wrong, "; ".join(wrong))


def test_fake_signers():
    """The signer is the one that the platform checks, not the one that META-INF or a later block names."""
    folder = SHARED / "data" / "apk"
    if not (folder / "oracle.tsv").is_file():
        print(f"SKIPPED: F-Droid's fake-signer files are not present in '{folder}'")
        return
    with open(folder / "oracle.tsv", encoding="utf-8") as table:
        rows = [r for r in csv.DictReader(table, delimiter="\t") if "/issue-1128-" in r["file"]]
    check("fake-signer files are there", len(rows) > 0)
    reports = scan([folder / row["file"] for row in rows])
    for row in rows:
        name = Path(row["file"]).name
        signature = reports[name].get("signature") or {}
        signers = [s["sha256"] for s in signature.get("signers", [])]
        check(f"{name}: signer, package", signature.get("verified") and signers == [row["cert_sha256"]]
              and reports[name].get("package") == row["package"], f"{signers} {signature}")


with tempfile.TemporaryDirectory() as temporary:
    test_samples(temporary)
test_fake_signers()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
