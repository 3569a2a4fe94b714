#!/usr/bin/env python3
"""What `picket scan` says of real apps, beside what Debian's aapt, apksigner and dexdump say of them.

    tests/integration/app_oracle.py [FOLDER]

FOLDER has an oracle.tsv and the APKs that it names. Without it: tests/data/apps, and the larger set in
apk/ and axml/ below PICKET_SHARED/data when that is there. Every difference is printed; one that no rule
below explains is a failure."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scan_support import BUILD, ROOT, Tally, picket, reports  # noqa: E402

SHARED = Path(os.environ.get("PICKET_SHARED", ROOT / ".." / "shared"))
DUMP = BUILD / "tests" / "dump_manifest"
FIELDS = ("package", "version_code", "version_name", "min_sdk", "target_sdk", "label", "debuggable", "launchable",
          "permissions", "native_code", "apksigner", "schemes", "cert_sha256", "dexdump")
OF_AAPT = set(FIELDS[:10])
WEIGHTY = {"medium", "high", "critical"}

# (file, field): why the peer is not followed.
KNOWN = {
    ("apktool/issue1730__issue1730.apk", "label"):
        "the table has no configuration, so aapt asks for no locale; the label stands in the manifest",
    ("npm/appium-uiautomator2-server-debug-androidTest.apk", "schemes"):
        "the .idsig lies beside it, which the oracle's apksigner was not told",
}

tally = Tally()
check = tally.check


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def level(report, key):
    return report.get(key + "_codename") or (str(report[key]) if report.get(key) else "")


def dex_counts(dex):
    return " ".join(f"{key}={dex[key]}" for key in ("strings", "types", "methods", "classes"))


def said(report):
    """A report in the oracle's words."""
    signature = report.get("signature") or {}
    code = report.get("version_code", 0)
    return {
        "package": report.get("package", ""),
        "version_code": str(code) if code > 0 else "",
        "version_name": report.get("version_name", ""),
        "min_sdk": level(report, "min_sdk"),
        "target_sdk": level(report, "target_sdk"),
        "label": report.get("label", ""),
        "debuggable": "1" if report["debuggable"] else "0",
        "launchable": report.get("launchable", ""),
        "permissions": ",".join(sorted(set(report["permissions"]))),
        "native_code": " ".join(f"'{abi}'" for abi in sorted(report.get("native_code", []))),
        "apksigner": "verifies" if signature.get("verified") else "does-not-verify",
        "schemes": ",".join(signature.get("schemes", [])),
        "cert_sha256": ",".join(dict.fromkeys(s["sha256"] for s in signature.get("signers", []))),
        "dexdump": " | ".join(dex_counts(dex) for dex in report.get("dex", [])),
    }


def explain(row, field, ours, theirs):
    """Why a difference is none of ours, or None."""
    if (row["file"], field) in KNOWN:
        return KNOWN[row["file"], field]
    if field in OF_AAPT and row["aapt_rc"] != "0" and theirs == "":
        return "aapt gave up before it came to this"
    if field in ("apksigner", "schemes", "cert_sha256") and row["apksigner"] == "error":
        return "apksigner ended with an exception, which is no answer"
    if field in ("schemes", "cert_sha256") and row["apksigner"] != "verifies" and theirs == "":
        return "apksigner names no signer of what does not verify"
    return None


def scan(folder, files):
    done = picket("--json", *files, cwd=folder, timeout=300)
    return {report["file"]: report for report in reports(done)}


def compare(folder):
    table = [row for row in rows(folder / "oracle.tsv") if (folder / row["file"]).exists()]
    found = scan(folder, [row["file"] for row in table])
    compared = equal = 0
    for row in table:
        report = found.get(row["file"])
        if not check(f"{row['file']} has a report", report is not None):
            continue
        ours = said(report)
        for field in FIELDS:
            theirs = row[field] or ""
            compared += 1
            if ours[field] == theirs:
                equal += 1
                continue
            why = explain(row, field, ours[field], theirs)
            print(f"    {row['file']}: {field}\n        peer    {theirs!r}\n        picket  {ours[field]!r}\n"
                  f"        {'because ' + why if why else 'NOT EXPLAINED'}")
            check(f"{row['file']}: {field} is the peer's", why is not None, (theirs, ours[field]))
    check(f"every file of {folder} was compared", table and len(found) == len(table), (len(table), len(found)))
    print(f"{folder}: {len(table)} files, {compared} facts, {equal} equal to the peers'")
    return found


def benign_files_are_not_suspected(found, odd):
    """Apps that nobody tampered with: nothing of medium weight or more about manifest and resources."""
    for name, report in found.items():
        if name not in odd:
            ids = [f["id"] for f in report["findings"]
                   if f["id"].startswith(("axml.", "arsc.")) and f["severity"] in WEIGHTY]
            check(f"{name}: nothing odd about its manifest and resources", ids == [], ids)


def dumped(path):
    """Counts of one document by the tests' own program: `picket scan` does not report them."""
    done = subprocess.run([DUMP, "xmltree", path], capture_output=True, text=True, timeout=60)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def compare_documents(folder, oracle):
    table = [row for row in rows(oracle) if (folder / row["file"]).exists()]
    documents = [row for row in table if row["file"].endswith(".xml")]
    packages = scan(folder, [row["file"] for row in table])
    for row in table:
        report = packages.get(row["file"], {})
        check(f"{row['file']}: package", report.get("package", "") == row["package"] or
              (row["aapt_rc"] != "0" and row["package"] == ""), (row["package"], report.get("package")))
    for row in documents:
        counts = dumped(folder / row["file"])
        check(f"{row['file']} is read to its end", counts.get("depth") == "0", counts)
        for key in ("elements", "attributes", "namespaces", "root"):
            if row["aapt_rc"] == "0":
                check(f"{row['file']}: {key}", counts.get(key) == row[key], (row[key], counts.get(key)))
            else:  # refused or crashed: at least what it saw
                check(f"{row['file']}: {key}", key == "root" or int(counts.get(key, 0)) >= int(row[key] or 0),
                      (row[key], counts.get(key)))
    check(f"documents of {folder}", len(documents) >= 5, len(documents))
    print(f"{folder}: {len(table)} documents")


def main():
    if len(sys.argv) > 1:
        compare(Path(sys.argv[1]))
        return tally.end()
    apps = ROOT / "tests" / "data" / "apps"
    odd = {"apkinspector/minimal_zero_sized_end_ns.apk", "apkinspector/truncated-cd.apk"}
    benign_files_are_not_suspected(compare(apps), odd)
    compare_documents(apps / "axml", apps / "axml" / "oracle.tsv")
    shared = SHARED / "data"
    if (shared / "apk" / "oracle.tsv").exists():
        benign_files_are_not_suspected(compare(shared / "apk"), odd)
        compare_documents(shared / "axml" / "androguard", shared / "axml" / "oracle_aapt_xmltree.tsv")
    else:
        print(f"SKIPPED: '{shared}' is not there (PICKET_SHARED names the folder above data/)", flush=True)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
