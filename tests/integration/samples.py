#!/usr/bin/env python3
"""Behaviour rules against samples built from source, and against apps that are known to be harmless.

Every rule of data/rules has a sample that must match and one that only looks like it (tests/samples). Families must
get exactly their id of data/threats.yaml, with evidence and techniques. Then all harmless apps of PICKET_SHARED (else
../shared) and of tests/data are scanned: none may be malicious, and at most 2 % suspicious, each with its reason.
"""

import collections
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from scan_support import BUILD, ROOT, Tally, picket

SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared"))
RULES_MIN, TECHNIQUES_MIN, SUSPICIOUS_MAX = 100, 40, 0.02
# Files that were damaged on purpose: their verdict is about their form.
TAMPERED = ("apkinspector", "apktool", "apksig", "tricks")
# Programs made to leak, or to be attacked in lessons.
TEST_PROGRAMS = ("droidbench", "mastg")
WEIGHTS = ("none", "unwanted", "suspicious", "malicious")
BATCH = 100

sys.path.insert(0, str(ROOT / "tests" / "samples"))
import make  # noqa: E402

tally = Tally()
check = tally.check


def load_rules():
    out = {}
    for path in sorted((ROOT / "data" / "rules").glob("*.yaml")):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
            out[rule["id"]] = rule
    return out


def scan(paths):
    """Path to report."""
    out = {}
    paths = [str(path) for path in paths]
    for i in range(0, len(paths), BATCH):
        done = picket("--json", *paths[i:i + BATCH], timeout=600)
        for line in done.stdout.decode().splitlines():
            report = json.loads(line)
            out[report["file"]] = report
    return out


def by_rule(report):
    """Rule id to its finding; families that share an id are told apart by their rule."""
    return {f["rule"].removeprefix("rules/"): f for f in report["findings"] if f["rule"].startswith("rules/")}


def families(report):
    return {f["id"] for f in report["findings"] if f["id"].startswith("malware.") and f["rule"].startswith("rules/")}


# ---- samples ---------------------------------------------------------------------------------------

def words_of(sample, report):
    """What evidence may name: words of the sample's lines, its own classes, its packer."""
    out = {"com.example.", *report.get("packers", []), f"{report.get('obfuscation', {}).get('missing_components')} of"}
    for line in sample.lines:
        for word in line.replace("(", " ").replace(")", " ").replace(",", " ").replace("=", " ").split():
            out.update(part for part in (word, word.rpartition(".")[2], word.rpartition(".")[0]) if len(part) > 3 or part.isdigit())
    return out


def vague_evidence(finding, report, words):
    """Evidence names something of the app: a class, a permission, a text. Or other rules, whose findings do."""
    facts = re.findall(r"\(([a-z_]+\.[a-z_]+)\)", finding["evidence"])
    for fact in facts:
        if fact not in by_rule(report):
            return f"evidence names {fact}, which is not in the report"
        vague = vague_evidence(by_rule(report)[fact], report, words)
        if vague:
            return vague
    if not facts and not any(word in finding["evidence"] for word in words):
        return f"evidence of {finding['rule']} names nothing of the sample: '{finding['evidence']}'"
    return None


def wrong_with_match(rule, sample, report):
    """The first thing that is not as the rule says, or None."""
    finding = by_rule(report).get(rule["id"])
    if finding is None:
        return f"no finding; there are {sorted(by_rule(report))}"
    if finding["id"] != rule.get("threat", rule["id"]) or finding["severity"] != rule["severity"]:
        return f"{finding['id']} {finding['severity']}"
    if not set(rule["attack"]) <= set(finding["attack"]) or not set(rule["attack"]) <= set(report.get("techniques", [])):
        return f"techniques are {finding['attack']}, of the report {report.get('techniques')}"
    if finding.get("verdict", "none") != rule.get("verdict", "none"):
        return f"its weight is {finding.get('verdict')}"
    vague = vague_evidence(finding, report, words_of(sample, report))
    if vague:
        return vague
    if "threat" in rule:
        if families(report) != {rule["threat"]}:
            return f"families are {sorted(families(report))}"
        if report["verdict"] != rule["verdict"]:
            return f"the app's verdict is {report['verdict']}"
    return None


def wrong_with_miss(rule, report):
    if rule["id"] in by_rule(report):
        return f"matches: {by_rule(report)[rule['id']]['evidence']}"
    heavy = [f["id"] for f in by_rule(report).values()
             if WEIGHTS.index(f.get("verdict", "none")) >= WEIGHTS.index(rule.get("verdict", "unwanted"))]
    if "threat" in rule and heavy:
        return f"is {heavy} instead"
    return None


def check_samples(rules):
    samples = make.build(BUILD / "samples")
    check("there are rules enough", len(rules) >= RULES_MIN, len(rules))
    named = {key[0] for key in samples if not key[0].startswith(("honest.", "world."))}
    check("no sample without a rule", named <= set(rules), named - set(rules))
    reports = scan(path for _, path in samples.values())
    for (name, _), (sample, path) in samples.items():
        if name.startswith("honest."):
            found = families(reports[str(path)])
            check(f"{name} is {' '.join(sorted(sample.expected)) or 'no family'}", found == sample.expected,
                  [f"{f['rule']}: {f['evidence']}" for f in reports[str(path)]["findings"] if f["id"] in found])
    works = {}
    for name, rule in sorted(rules.items()):
        both = (name, True) in samples and (name, False) in samples
        check(f"{name} has two samples", both)
        if not both:
            continue
        (yes, yes_path), (_, no_path) = samples[name, True], samples[name, False]
        missed = [p for p in (yes_path, no_path) if str(p) not in reports]
        if missed:
            check(f"{name}: samples are read", False, missed)
            continue
        hit = wrong_with_match(rule, yes, reports[str(yes_path)])
        miss = wrong_with_miss(rule, reports[str(no_path)])
        check(f"{name} is found", hit is None, hit)
        check(f"{name} is not found in its look-alike ({samples[name, False][0].reason})", miss is None, miss)
        works[name] = hit is None and miss is None
    check_knowledge({key: path for key, (_, path) in samples.items()})
    return works


def told(path, id, rule, verdict, *options):
    """Scans with knowledge; what differs from that finding and verdict, or None."""
    done = picket("--json", "--no-intel", *options, path)
    report = json.loads(done.stdout)
    found = [f for f in report["findings"] if f["rule"] == rule and f["evidence"]]
    if report["verdict"] == verdict and (id is None or any(f["id"] == id for f in found)):
        return None
    return f"{report['verdict']} {report['reasons']} {done.stderr.decode()}"


def intel(*args):
    done = subprocess.run([BUILD / "bin" / "picket", "intel", *map(str, args)], capture_output=True, text=True,
                          timeout=120, check=False)
    check(f"picket intel {args[0]}", done.returncode == 0, done.stdout + done.stderr)


def check_knowledge(paths):
    """Families that no content shows: the file is known, the signer is not the maker, the organisation says no. That an
    app was not installed by a store is known on devices only: tests/unit/test_reputation.c."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        bad, popular, changed = paths["world.bad", True], paths["world.popular", True], paths["world.popular", False]
        (place / "bad.csv").write_text("sha256,family\n" + hashlib.sha256(bad.read_bytes()).hexdigest() + ",Sample\n",
                                       encoding="utf-8")
        intel("import", "--set", place / "set", "--source", "samples", place / "bad.csv")
        intel("trust", "--set", place / "set", popular)
        known = ("--intel", place / "set")
        (place / "lists.yaml").write_text(
            "version: 1\ndeny:\n  - match: {package: com.example.worldunwelcome}\n    reason: not beside work data\n"
            "    by: test\n", encoding="utf-8")
        (place / "broken.apk").write_bytes(popular.read_bytes()[:-200])
        for name, wrong in (
                ("malware.known_bad", told(bad, "malware.known_bad", "known/indicator", "malicious", *known)),
                ("malware.repackaged", told(changed, "malware.repackaged", "signer/repackaged", "suspicious", *known)),
                ("the genuine app is clean", told(popular, None, None, "clean", *known)),
                ("malware.unwanted", told(paths["world.unwelcome", True], "malware.unwanted", "lists/deny", "unwanted",
                                          "--lists", place / "lists.yaml")),
                ("malformed", told(place / "broken.apk", None, None, "malformed"))):
            check(name, wrong is None, wrong)


def show_techniques(rules, works):
    """The table, and how many techniques have a rule whose samples are right."""
    table = collections.defaultdict(list)
    for name, rule in rules.items():
        if "threat" not in rule:
            for technique in rule["attack"]:
                table[technique].append(name)
    covered = 0
    print(f"# {'technique':<11} {'samples':<8} rules")
    for technique, names in sorted(table.items()):
        good = [name for name in names if works.get(name)]
        covered += bool(good)
        print(f"# {technique:<11} {'+ and -' if good else 'WRONG':<8} {', '.join(names)}")
    print(f"# {len(rules)} rules, {covered} techniques")
    check(f"{covered} techniques have rules that find theirs and leave its look-alike alone",
          covered >= TECHNIQUES_MIN)
    places = SHARED / "design" / "attack-mobile.tsv"
    if places.is_file():
        rows = [line.split("\t") for line in places.read_text(encoding="utf-8").splitlines()]
        seen = {row[0] for row in rows if row[5] == "static-app-scan"}
        right = {technique for technique, names in table.items() if any(works.get(name) for name in names)}
        check(f"all {len(seen)} techniques that code alone can show have such a rule", seen <= right, seen - right)
    for threat in sorted({rule["threat"] for rule in rules.values() if "threat" in rule}):
        good = [name for name, rule in rules.items() if rule.get("threat") == threat and works.get(name)]
        print(f"# {threat:<22} {', '.join(good) or 'WRONG'}")


# ---- harmless apps ---------------------------------------------------------------------------------

def harmless():
    """Group to files. The group is the folder's name."""
    out = collections.defaultdict(list)
    for folder in (SHARED / "data" / "apk", ROOT / "tests" / "data" / "apps"):
        for path in sorted(folder.glob("**/*.apk")):
            if "arsclib-frameworks" not in path.parts:
                out[path.parent.name].append(path)
    for folder in (SHARED / "data" / "apksig", ROOT / "tests" / "data" / "apksig"):
        out["apksig"] += sorted(folder.glob("**/*.apk"))
    return out


def check_harmless():
    groups = harmless()
    if not (SHARED / "data" / "apk").is_dir():
        print(f"SKIPPED: the larger sets of harmless apps are not present in '{SHARED}'")
    reports = scan(path for paths in groups.values() for path in paths)
    counted = suspicious = 0
    for group, paths in sorted(groups.items()):
        found = [(path, reports[str(path)]) for path in paths if str(path) in reports]
        verdicts = collections.Counter(report["verdict"] for _, report in found)
        by_behaviour = [(path, f) for path, report in found for f in report["findings"]
                        if f["rule"].startswith("rules/") and f.get("verdict", "none") != "none"]
        print(f"# {group}: {len(found)} files, {dict(verdicts)}, {len(by_behaviour)} findings of families")
        for path, report in found if group != "apksig" else ():
            if report["verdict"] != "clean":
                print(f"#   {path.name}: {report['verdict']}: {report['reasons'][0]}")
        for path, finding in by_behaviour:
            print(f"#   {path.name}: {finding['rule']} ({finding['verdict']}): {finding['evidence']}")
        guilty = [f"{path.name}: {f['rule']}: {f['evidence']}" for path, f in by_behaviour if f["verdict"] == "malicious"]
        check(f"{group}: no rule calls a file malicious", not guilty, guilty)
        if group not in TAMPERED + TEST_PROGRAMS:
            counted += len(found)
            suspicious += len({path for path, f in by_behaviour if f["verdict"] == "suspicious"})
    check(f"rules call {suspicious} of {counted} harmless apps suspicious, at most 2 %",
          counted > 0 and suspicious <= SUSPICIOUS_MAX * counted)


def main():
    rules = load_rules()
    works = check_samples(rules)
    show_techniques(rules, works)
    check_harmless()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
