#!/usr/bin/env python3
"""`picket scan` beside AOSP apksig's own test suite: every expectation of expected_from_tests.tsv, and the
answers of Debian's apksigner for the files of the suite that those tests do not speak of.

    tests/integration/apksig_expected.py [FOLDER]

FOLDER (tests/data/apksig) has apks/, expected_from_tests.tsv and oracle_apksigner_31.0.2.tsv. Prints a
table of what differs."""

import csv
import hashlib
import ssl
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scan_support import ROOT, Tally, picket, reports  # noqa: E402

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "data" / "apksig"
APKS = FOLDER / "apks"
BLOCK_MISSING = "SOURCE_STAMP_CERT_DIGEST_AND_SIG_BLOCK_MISSING"

BESIDE = "31.0.2 does not know v3.1 and goes by v2 where v3 ends before v3.1 begins"
# Where Debian's apksigner 31.0.2, which is older than the tests, says something else.
KNOWN = {
    "v1-only-11-signers.apk": "31.0.2 does not limit the number of signers of a JAR",
    "v31-block-stripped-v3-attr-value-33.apk": "31.0.2 does not know v3.1, nor that it can be stripped",
    "v31-tgt-34-v3-attr-value-33.apk": "31.0.2 does not know v3.1, nor what v3 says of it",
    "v31-tgt-33-no-v3-attr.apk": BESIDE,
    "v31-rsa-2048_2-tgt-10000-dev-release.apk": BESIDE,
    "v31-rsa-2048_2-tgt-34-1-tgt-28.apk": BESIDE,
    "stamp-malformed-signature.apk": "31.0.2 crashes on this stamp",
}
tally = Tally()
check = tally.check


def table(name):
    with open(FOLDER / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def certificate(name):
    """RSA_2048_CERT_SHA256_DIGEST: of which file in support/."""
    if not name:
        return ""
    file = name.removesuffix("_CERT_SHA256_DIGEST").lower().replace("_", "-") + ".x509.pem"
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((FOLDER / "support" / file).read_text())).hexdigest()


def scan(files, min_sdk="", max_sdk="", stamp=""):
    """Reports by file name."""
    options = [o for name, value in (("--min-sdk", min_sdk), ("--max-sdk", max_sdk), ("--stamp-cert", stamp))
               if value for o in (name, value)]
    done = picket("--json", *options, *[APKS / f for f in sorted(set(files))])
    return {Path(r["file"]).name: r for r in reports(done)}


def holds(row, report):
    """Is the report what the row expects?"""
    signature = report.get("signature") or {}
    errors, warnings = signature.get("errors", []), signature.get("warnings", [])
    detail, stamp = row["detail"], row["check"] == "sourcestamp"
    verified = bool(signature.get("verified"))
    status = signature.get("stamp_status", "STAMP_MISSING")
    malformed = report["verdict"] == "malformed" or "MALFORMED_APK" in errors
    signers = [s["sha256"] for s in signature.get("signers", [])]
    match row["expect"]:
        case "format-error":
            return malformed and not verified
        case "verified":
            return status == "STAMP_VERIFIED" if stamp else verified
        case "stamp-verified":
            return status == "STAMP_VERIFIED" and signature["stamp"] == "verified"
        case "rejected":
            return not verified and detail in errors
        case "warning":
            return verified and detail in warnings
        case "no-exception":
            return not malformed
        case "stamp-status":
            return status == detail
        case "stamp-issue":  # that there is none is no news in a report: the status says it
            return detail in errors + warnings or (detail == BLOCK_MISSING and status == "STAMP_MISSING")
        case "stamp-timestamp":
            return signature.get("stamp_time", 0) == int(detail)
        case "v31-target-api":
            return signature.get("rotation_min_sdk") == int(detail)
        case "signer-count":
            return verified and len(signers) == int(detail)
        case "signer-cert-sha256":
            return verified and signers[:1] == [detail]
    return False


def test_expected():
    rows = [r for r in table("expected_from_tests.tsv") if (APKS / r["file"]).is_file()]
    check("the table is there", len(rows) > 100, len(rows))
    groups = {}
    for row in rows:
        key = (row["min_sdk"], row["max_sdk"], certificate(row["expected_stamp_cert"]))
        groups.setdefault(key, []).append(row)
    differ = 0
    for key, group in groups.items():
        found = scan([r["file"] for r in group], *key)
        for row in group:
            report = found.get(row["file"], {"verdict": "no report"})
            signature = report.get("signature") or {}
            good = holds(row, report)
            differ += not good
            check(f"{row['file']} {row['check']} {row['min_sdk']}-{row['max_sdk']}: {row['expect']} {row['detail']}",
                  good, f"{signature.get('verified')} {signature.get('schemes')} {signature.get('stamp_status')} "
                        f"{signature.get('errors')} {signature.get('warnings')}")
    print(f"{len(rows)} expectations of the tests, {differ} differ")


def test_oracle():
    """Verdict, schemes and signers as apksigner prints them for the range of the manifest."""
    rows = [r for r in table("oracle_apksigner_31.0.2.tsv") if (APKS / r["file"]).is_file()]
    found = scan([r["file"] for r in rows])
    differ = []
    for row in rows:
        signature = found[row["file"]].get("signature") or {}
        ours = [s for s in signature.get("schemes", []) if s != "v3.1"] if signature.get("verified") else []
        theirs = [s for s in ("v1", "v2", "v3", "v4") if row[s] == "true"] if row["exit"] == "0" else []
        wrong = bool(signature.get("verified")) != (row["exit"] == "0") or ours != theirs
        # apksigner 31 names v3's signers; ours are v3.1's where there is one.
        if not wrong and ours and "v3.1" not in signature["schemes"]:
            wrong = sorted(s["sha256"] for s in signature["signers"]) != sorted(row["certs"].split(","))
        if wrong:
            differ.append(row["file"])
            print(f"differs  {row['file']}: {KNOWN.get(row['file'], 'NOT EXPLAINED')}")
    check("every difference from apksigner 31.0.2 is explained", set(differ) <= set(KNOWN), differ)
    print(f"{len(rows)} answers of apksigner 31.0.2, {len(differ)} differ")


test_expected()
test_oracle()
sys.exit(tally.end())
