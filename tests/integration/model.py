#!/usr/bin/env python3
"""The classifier: `picket model` over tables and files, its figures, its guard, and what it sees of apps.

What the reader finds in an app is held against a reader of its own, in Python and by brute force. Figures are
computed anew from the data set when ../shared (or PICKET_SHARED) has it, else only from the rows in
tests/data/model."""

import csv
import io
import json
import lzma
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from scan_support import PICKET, ROOT, Tally, picket

SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared"))
DATA = ROOT / "tests" / "data" / "model"
SAMPLE = DATA / "sample.csv.xz"
DREBIN = SHARED / "data" / "ml" / "drebin215" / "train_validation.csv.xz"
KRONODROID = SHARED / "data" / "ml" / "kronodroid" / "subset_2019.csv.xz"
APKS = SHARED / "data" / "apk"
# HistGradientBoosting of scikit-learn 1.2.1 on rows of the same data set that are not published here, and where this
# model is above it on the validation rows. docs/model.md tells of the two figures where it is not.
REFERENCE = {"all": {"auc": 0.9989, "f1": 0.9835, "tpr_fpr_1pct": 0.9874, "tpr_fpr_0.1pct": 0.9478},
             "unseen": {"auc": 0.9957, "f1": 0.9406, "tpr_fpr_1pct": 0.9103, "tpr_fpr_0.1pct": 0.7203}}
BELOW = {("all", "tpr_fpr_1pct"), ("all", "tpr_fpr_0.1pct")}
BRIER_MAX = {"all": 0.0105, "unseen": 0.0205}


def model(*args, stdin=None):
    return subprocess.run([str(PICKET), "model", *map(str, args)], input=stdin, capture_output=True, timeout=300)


def rows_of(done):
    return list(csv.DictReader(io.StringIO(done.stdout.decode())))


def check_golden(check):
    """The C program gives what the trainer's Python gave, to the last digit that is printed."""
    golden = list(csv.DictReader(open(DATA / "golden.csv", encoding="ascii")))
    done = model("score", "--csv", SAMPLE)
    rows = rows_of(done)
    check("score of the sample rows", done.returncode == 0 and len(rows) == len(golden), done.stderr)
    wrong = [r for r, g in zip(rows, golden) if r["score"] != g["score"]]
    check("every score is the trainer's", not wrong, wrong[:3])
    check("rows are numbered from 1", [int(r["row"]) for r in rows] == list(range(1, len(rows) + 1)))
    text = lzma.decompress(SAMPLE.read_bytes())
    check("plain text on standard input says the same", model("score", "--csv", "-", stdin=text).stdout == done.stdout)
    check("packed on standard input, too",
          model("score", "--csv", "-", stdin=SAMPLE.read_bytes()).stdout == done.stdout)
    return text


def check_columns(check, text):
    table = list(csv.reader(io.StringIO(text.decode())))
    order = list(range(len(table[0])))[::-1]
    turned = "\n".join(",".join(row[i] for i in order) for row in table).encode()
    same = model("score", "--csv", "-", stdin=turned)
    check("the order of columns does not matter", same.stdout == model("score", "--csv", SAMPLE).stdout)
    prefixed = text.decode().replace(",SEND_SMS,", ",android.permission.SEND_SMS,", 1).encode()
    check("permissions may have their full name", model("score", "--csv", "-", stdin=prefixed).stdout == same.stdout)
    some = b"SEND_SMS,INTERNET\n1,1\n0,1\n"
    verdicts = [r["verdict"] for r in rows_of(model("score", "--csv", "-", stdin=some))]
    check("with two features known the verdict is unknown", verdicts == ["unknown", "unknown"], verdicts)
    hidden = [row[:] for row in table[:40]]
    for row in hidden[1:]:
        row[table[0].index("SET_PROCESS_LIMIT")] = "?"
    done = model("score", "--csv", "-", stdin="\n".join(map(",".join, hidden)).encode())
    near = zip(rows_of(done), rows_of(model("score", "--csv", SAMPLE)))
    check("a rare feature that is unknown changes little",
          all(abs(float(a["score"]) - float(b["score"])) < 0.02 for a, b in near))


def check_bad(check):
    cases = [
        ("a cell that is no number", b"SEND_SMS,x\n1,1\nmaybe,2\n", "'-' line 3: 'maybe' in column 'SEND_SMS'"),
        ("a negative cell", b"SEND_SMS\n-1\n", "line 2"),
        ("a short row", b"SEND_SMS,READ_SMS\n1\n", "'-' line 2: 1 fields, but the header has 2"),
        ("an open quote", b"SEND_SMS\n1\n\"1\n", "'-' line 3: the file ends inside quotes"),
        ("no feature", b"a,b\n1,2\n", "no column is a feature"),
        ("an empty file", b"", "it is empty"),
        ("a feature twice", b"SEND_SMS,android.permission.SEND_SMS\n1,1\n", "two columns for the feature 'SEND_SMS'"),
        ("cut xz", SAMPLE.read_bytes()[:4000], "xz data"),
    ]
    for name, stdin, words in cases:
        done = model("score", "--csv", "-", stdin=stdin)
        check(f"{name} is an error with its place", done.returncode == 3 and words in done.stderr.decode(),
              done.stderr.decode())
    check("a label that is none", model("score", "--csv", "-", "--label", "l", stdin=b"SEND_SMS,l\n1,cat\n").returncode == 3)
    check("a missing label", b"no column 'l'" in model("score", "--csv", "-", "--label", "l", stdin=b"SEND_SMS\n1\n").stderr)
    check("a missing file", model("score", "--csv", "/nonexistent").returncode == 3)
    check("no table", model("score").returncode == 2 and model("score", "--csv", SAMPLE, "more").returncode == 2)
    check("--metrics wants --label", model("score", "--csv", SAMPLE, "--metrics").returncode == 2)
    check("an option of another verb", model("list", "--csv", SAMPLE).returncode == 2)
    check("a model that is not there", model("show", "windows").returncode == 3)
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "broken.pkm"
        data = bytearray((ROOT / "data" / "model" / "android.pkm").read_bytes())
        good = Path(folder) / "good.pkm"
        good.write_bytes(data)
        check("a model by its file gives the same",
              model("score", "--csv", SAMPLE, "--model", good).stdout == model("score", "--csv", SAMPLE).stdout)
        data[5000] ^= 1
        broken.write_bytes(data)
        done = model("show", broken)
        check("a damaged one is refused", done.returncode == 3 and b"digest" in done.stderr, done.stderr)


def check_show(check):
    shown = json.loads(model("show", "--json").stdout)
    features = [line for line in open(ROOT / "data" / "model" / "features.tsv", encoding="utf-8") if line[0] != "#"]
    check("show: what it was learned from, when, its limits",
          all(shown.get(key) for key in ("learned_from", "licence", "date", "calibration", "limits", "thresholds")))
    check("show: features and their words", shown["features"] == len(features) == 215 and len(shown["top"]) == 20)
    text = model("show").stdout.decode()
    check("show for people", "learned_from" in text and "can send text messages" in text)
    check("list", json.loads(model("list", "--json").stdout)["items"][0]["name"] == "android"
          and b"android" in model("list").stdout)
    check("--help", model("--help").returncode == 0 and model().returncode == 2)


def auc(rows):
    """By counting pairs: another way than the program's."""
    good = sorted(s for s, m in rows if not m)
    import bisect
    wins = sum(bisect.bisect_left(good, s) + (bisect.bisect_right(good, s) - bisect.bisect_left(good, s)) / 2
               for s, m in rows if m)
    return wins / (len(good) * sum(m for _, m in rows))


def tpr(rows, share):
    best = 0.0
    bad = sum(m for _, m in rows)
    good = len(rows) - bad
    for border in {s for s, _ in rows}:
        alarms = sum(s >= border and not m for s, m in rows)
        if alarms <= share * good:
            best = max(best, sum(s >= border and m for s, m in rows) / bad)
    return best


def check_metrics(check):
    """The figures that the program tells are those that its scores have."""
    told = json.loads(model("score", "--csv", SAMPLE, "--label", "class", "--json").stdout)["all"]
    table = list(csv.DictReader(io.StringIO(lzma.decompress(SAMPLE.read_bytes()).decode())))
    rows = [(float(r["score"]), t["class"] == "S") for r, t in zip(rows_of(model("score", "--csv", SAMPLE)), table)]
    found = sum(s >= 0.5 and m for s, m in rows)
    ours = {"auc": auc(rows), "f1": 2 * found / (sum(s >= 0.5 for s, _ in rows) + sum(m for _, m in rows)),
            "tpr_fpr_1pct": tpr(rows, 0.01), "tpr_fpr_0.1pct": tpr(rows, 0.001),
            "brier": sum((s - m) ** 2 for s, m in rows) / len(rows)}
    for key, value in ours.items():
        check(f"{key} is what the scores say", abs(told[key] - value) < 1e-5, f"{told[key]} {value}")
    check("rows and malware are counted", told["rows"] == len(rows) and told["malware"] == sum(m for _, m in rows))
    parts = json.loads(model("score", "--csv", SAMPLE, "--label", "class", "--json", "--part", "validation",
                             "--train-part", "train").stdout)
    vectors = {tuple(v for k, v in t.items() if k not in ("sample", "part", "class")) for t in table if t["part"] == "train"}
    unseen = [t for t in table if t["part"] == "validation"
              and tuple(v for k, v in t.items() if k not in ("sample", "part", "class")) not in vectors]
    check("rows unseen in training are told apart", parts["unseen"]["rows"] == len(unseen), parts["unseen"])
    check("the sample's figures hold", told["auc"] > 0.995 and told["f1"] > 0.97 and told["brier"] < 0.015, told)


# -- a second opinion on what an app has ----------------------------------------------------------------

def dex_parts(data):
    """All strings, and "Lclass;->method" of all method references, of one DEX."""
    if data[:4] != b"dex\n":
        return [], []
    count, at = struct.unpack_from("<II", data, 56)
    strings = []
    for i in range(count):
        p = struct.unpack_from("<I", data, at + 4 * i)[0]
        while data[p] & 0x80:
            p += 1
        strings.append(data[p + 1:data.index(b"\0", p + 1)])
    type_count, type_at = struct.unpack_from("<II", data, 64)
    types = [strings[struct.unpack_from("<I", data, type_at + 4 * i)[0]] for i in range(type_count)]
    method_count, method_at = struct.unpack_from("<II", data, 88)
    methods = set()
    for i in range(method_count):
        cls, _, name = struct.unpack_from("<HHI", data, method_at + 8 * i)
        methods.add(types[cls] + b"->" + strings[name])
    return strings, methods


def brute_force(path, rules):
    """The features of kinds name, call and text by looking at everything; texts only in small apps, where the
    reader looks at everything, too."""
    strings, methods = [], set()
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        n = 1
        while (f"classes{n}.dex" if n > 1 else "classes.dex") in names:
            more, calls = dex_parts(archive.read(f"classes{n}.dex" if n > 1 else "classes.dex"))
            strings += more
            methods |= calls
            n += 1
    all_strings = set(strings)
    whole = b"\0".join(strings)
    small = len(whole) < 700_000
    has = {}
    for name, kind, spec in rules:
        items = [s.encode() for s in spec.split()]
        if kind == "name":
            has[name] = any(any(s.startswith(i[:-1]) for s in strings) if i.endswith(b"*") else i in all_strings
                            for i in items)
        elif kind == "call":
            has[name] = any(i in methods for i in items)
        elif kind == "text" and small:
            has[name] = items[0] in whole
    return has


def check_features(check, files):
    rules = [line.rstrip("\n").split("\t")[:3] for line in open(ROOT / "data" / "model" / "features.tsv")
             if line[0] != "#"]
    done = model("features", *files)
    rows = {r["sample"]: r for r in rows_of(done)}
    compared = features = 0
    wrong = []
    for path in files:
        row = rows.get(str(path))
        try:
            expected = brute_force(path, rules) if row else {}
        except (zipfile.BadZipFile, NotImplementedError, struct.error, IndexError, ValueError, RuntimeError):
            continue
        compared += 1 if expected else 0
        features += len(expected)
        wrong += [(path.name, name, told) for name, told in expected.items() if row[name] != str(int(told))]
    check(f"features of {compared} apps are those that a second reader finds ({features} answers)",
          compared > 0 and not wrong, wrong[:5])
    declared = {n for n, k, _ in rules if k == "permission"}
    reports = [json.loads(line) for line in picket("--json", *files).stdout.splitlines()]
    bad = []
    for report in reports:
        row = rows.get(report["file"])
        asked = {p.rsplit(".", 1)[1] for p in report.get("permissions", [])
                 if p.startswith(("android.", "com.android.")) and p not in report.get("implied_permissions", [])}
        bad += [(report["file"], p) for p in asked & declared if row and row[p] != "1"]
        has = {n for n, v in (row or {}).items() if v == "1" and n in declared}
        bad += [(report["file"], p) for p in has - asked if not p.startswith("BIND_")
                and p not in ("BROADCAST_SMS", "BROADCAST_WAP_PUSH", "CALL_PRIVILEGED", "INTERNET", "DUMP")]
    check("permissions among the features are those of the manifest", not bad, bad[:5])
    return reports


def check_apps(check):
    files = sorted((ROOT / "tests" / "data").rglob("*.apk"))
    shipped = [f for f in files if f.stat().st_size < 2_000_000]
    check("there are apps to look at", len(shipped) > 3, shipped)
    check_features(check, shipped)
    text = model("features", "/nonexistent.apk")
    check("features of a file that is not there", text.returncode == 3 and b"nonexistent" in text.stderr)
    if not APKS.is_dir():
        print(f"SKIPPED: benign apps: {APKS} not present")
        return
    files = sorted(p for p in APKS.rglob("*.apk"))
    reports = check_features(check, files)
    judged = [r for r in reports if "model" in r]
    familiar = [r for r in judged if r["model"]["familiar"]]
    flagged = [r["file"] for r in judged if any(f["rule"] == "model/android" for f in r["findings"])]
    print(f"# {len(judged)} benign apps judged, {len(familiar)} of them familiar, {len(flagged)} flagged")
    check("no benign app is flagged by the classifier", judged and not flagged, flagged)
    newer = [r["file"] for r in familiar if r.get("target_sdk", 0) > 19]
    check("no app of today is familiar", not newer, newer)
    parts = [p for r in familiar for p in r["model"]["parts"]]
    check("every opinion that counts has its reasons, both ways",
          all(r["model"]["parts"] for r in familiar) and any(p["weight"] > 0 for p in parts)
          and any(p["weight"] < 0 for p in parts))
    check("what is absent is said as absent", any(p["text"].startswith("no sign that it ") for p in parts))
    check("one that does not count has none", not [r["file"] for r in judged if r not in familiar and r["model"].get("parts")])


def check_figures(check):
    if not DREBIN.is_file():
        print(f"SKIPPED: figures on the validation part: {DREBIN} not present")
        return
    base = ("score", "--csv", DREBIN, "--label", "class", "--part", "validation", "--train-part", "train")
    print("# " + model(*base, "--metrics").stdout.decode().strip().replace("\n", "\n# "))
    told = json.loads(model(*base, "--json").stdout)
    for rows, row in REFERENCE.items():
        for key, value in row.items():
            if (rows, key) in BELOW:
                print(f"# {rows}: {key} {told[rows][key]:.4f}; the reference on other rows: {value}")
                check(f"{rows}: {key} stays near", told[rows][key] > value - 0.025, told[rows][key])
            else:
                check(f"{rows}: {key} {told[rows][key]:.4f} is above {value}", told[rows][key] > value, told[rows][key])
        check(f"{rows}: Brier score", told[rows]["brier"] <= BRIER_MAX[rows], told[rows]["brier"])
    rejected = told["verdicts"]["unfamiliar"] / told["rows"]
    check(f"the guard rejects {rejected:.2%} of familiar rows, below 2 %", rejected < 0.02)


def check_drift(check):
    if not KRONODROID.is_file():
        print(f"SKIPPED: apps of 2019: {KRONODROID} not present")
        return
    done = model("score", "--csv", KRONODROID, "--label", "Malware")
    verdicts = {r["verdict"] for r in rows_of(done)}
    print("# " + done.stderr.decode().strip().replace("\n", "\n# "))
    check("apps of 2019 with two thirds of the features missing: nothing is claimed", verdicts == {"unknown"}, verdicts)


def main():
    tally = Tally()
    text = check_golden(tally.check)
    check_columns(tally.check, text)
    check_bad(tally.check)
    check_show(tally.check)
    check_metrics(tally.check)
    check_apps(tally.check)
    check_figures(tally.check)
    check_drift(tally.check)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
