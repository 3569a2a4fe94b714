#!/usr/bin/env python3
"""YARA rules that users bring along: `picket scan --yara`, matched in the sandbox on the file, on the plain bytes
of its entries and on the strings of its code."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scan_support import BUILD, Entry, Tally, archive, manifest, picket, reports, wrong_with

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from apkmake import dex  # noqa: E402

tally = Tally()
check = tally.check

RULES = {
    "entries.yar": """
rule in_entry : first second {
  meta: description = "Holds the marker" severity = "high" verdict = "malicious" attack = "T1406, T1407.x, T1544"
  strings: $marker = "the-marker-of-the-test" $never = "never-there"
  condition: $marker or $never }
rule whole_string {
  meta: severity = "info" verdict = "none"
  strings: $s = "\\nLcom/example/tricks/Main;\\n"
  condition: entry == "code" and $s }
rule the_file_itself { meta: verdict = "none" condition: entry == "." and uint32(0) == 0x04034b50 }
rule by_name { meta: verdict = "unwanted" condition: entry == "assets/inner.bin" }
private rule hidden { condition: true }
""",
    "more.yara": """
import "hash"
import "math"
rule usual { strings: $m = "second-marker" condition: $m and hash.md5(0, 4) != "" and math.entropy(0, 4) >= 0 }
""",
}


def app(**extra):
    entries = [Entry("AndroidManifest.xml", manifest()), Entry("classes.dex", dex.dex())]
    return archive(entries + [Entry(name.replace("__", "/"), data) for name, data in extra.items()])


def by_id(report):
    return {f["id"]: f for f in report["findings"]}


def matching(folder, rules):
    file = folder / "a.apk"
    file.write_bytes(app(**{"assets__inner.bin": b"x" * 70000 + b"the-marker-of-the-test" + b"y" * 70000,
                            "assets__two": b"second-marker"}))
    done = picket("--json", "--yara", rules, file)
    report = reports(done)[0]
    found = by_id(report)
    check("exit status 1", done.returncode == 1, done)
    check("the report is in order", wrong_with(report) is None, wrong_with(report))
    check("a rule decides the verdict", report["verdict"] == "malicious" and report["score"] >= 0.8, report["verdict"])
    hit = found.get("yara.in_entry", {})
    check("a match in a deflated entry", "assets/inner.bin" in hit.get("evidence", ""), hit)
    check("with its place", "$marker at 0x11170" in hit.get("evidence", ""), hit)
    check("description, severity, verdict and techniques are the rule's",
          (hit.get("title"), hit.get("severity"), hit.get("verdict"), hit.get("attack")) ==
          ("Holds the marker", "high", "malicious", ["T1406", "T1544"]), hit)
    check("rule leads to file and name", hit.get("rule") == "yara/entries.yar/in_entry", hit)
    check("whole strings of the code", "'code'" in found.get("yara.whole_string", {}).get("evidence", ""), found.keys())
    check("the file as it is", "'.'" in found.get("yara.the_file_itself", {}).get("evidence", ""))
    check("an entry's name", found.get("yara.by_name", {}).get("verdict") == "unwanted")
    check("modules that only compute work", "yara.usual" in found, list(found))
    check("a rule that does not say is suspicious", found["yara.usual"]["verdict"] == "suspicious")
    check("private rules stay private", "yara.hidden" not in found)
    match = [m for m in report["matches"] if m["rule"] == "in_entry"]
    check("matches name rule file, tags, entry", len(match) == 1 and match[0]["namespace"] == "entries.yar" and
          match[0]["tags"] == ["first", "second"] and match[0]["file"] == "assets/inner.bin", match)
    check("the first reason is the rule", report["reasons"][0].startswith("Holds the marker"), report["reasons"])

    clean = folder / "b.apk"
    clean.write_bytes(app(**{"assets__inner": b"nothing"}))
    report = reports(picket("--json", "--yara", rules, clean))[0]
    check("no match, no finding of weight", "yara.in_entry" not in by_id(report) and "yara.usual" not in by_id(report))
    text = folder / "text"
    text.write_bytes(b"the-marker-of-the-test")
    report = reports(picket("--json", "--all", "--yara", rules, text))[0]
    check("files of no known kind are matched, too", report["verdict"] == "malicious" and report["kind"] == "unknown",
          report["verdict"])
    inner = file.read_bytes()
    bundle = folder / "c.apks"
    bundle.write_bytes(archive([Entry("base.apk", inner, deflate=False), Entry("toc.pb", b"second-marker")]))
    found = by_id(reports(picket("--json", "--yara", rules, bundle))[0])
    check("parts of a bundle are matched", "base.apk: 'assets/inner.bin'" in found.get("yara.in_entry", {}).get("evidence", ""),
          found.get("yara.in_entry"))
    human = picket("--yara", rules, file).stdout.decode()
    check("people see it first", "Holds the marker" in human.splitlines()[1], human)
    check("without --yara nothing is matched", not [i for i in by_id(reports(picket("--json", file))[0]) if i.startswith("yara")])


def refusing(folder):
    file = folder / "a.apk"
    for name, text, words in (
            ("syntax", "rule x { condition: }", "bad.yar:1"),
            ("unknown", "rule x {\n condition: foo }", 'bad.yar:2: undefined identifier "foo"'),
            ("magic", 'import "magic"\nrule x { condition: magic.type() == "x" }', "the module 'magic' asks the system"),
            ("cuckoo", 'import "cuckoo"\nrule x { condition: cuckoo.network.host(/x/) > 0 }', "the module 'cuckoo'"),
            ("time", 'import "time"\nrule x { condition: time.now() > 0 }', "the module 'time'")):
        rules = folder / "bad.yar"
        rules.write_text(text)
        done = picket("--yara", rules, file)
        check(f"{name}: refused with the reason", done.returncode == 3 and words in done.stderr.decode() and not done.stdout,
              (done.returncode, done.stderr))
    done = picket("--yara", folder / "absent.yar", file)
    check("a rule file that is not there", done.returncode == 3 and b"No such file" in done.stderr, done.stderr)
    (folder / "none").mkdir()
    done = picket("--yara", folder / "none", file)
    check("a folder without rules", done.returncode == 3 and b"no *.yar" in done.stderr, done.stderr)


def limits(folder):
    rules = folder / "slow.yar"
    rules.write_text('rule slow { strings: $a = /x.{0,2000}y.{0,2000}z.{0,2000}q/s condition: $a }\n'
                     'rule many { meta: verdict = "none" strings: $m = "aa" condition: #m > 10 }\n')
    file = folder / "slow.apk"
    file.write_bytes(app(assets__a=b"xy" * 1500000, assets__b=b"a" * 4000000))
    begun = time.monotonic()
    report = reports(picket("--json", "--yara", rules, "--timeout", "30", file))[0]
    took = time.monotonic() - begun
    found = by_id(report)
    check(f"slow rules end ({took:.1f} s), and what was left out is said",
          took < 28 and report["verdict"] in ("clean", "malformed", "suspicious") and
          ("limit.rules" in found or "scan.timeout" in found), list(found))
    big = folder / "big.apk"
    big.write_bytes(app(assets__big=b"\0" * (65 << 20)))
    found = by_id(reports(picket("--json", "--yara", rules, big))[0])
    check("entries above the limit are said", "limit.rules" in found, list(found))


def no_rules_no_yara():
    maps = subprocess.run(["ldd", BUILD / "bin" / "picket-scan"], stdout=subprocess.PIPE, text=True, check=True).stdout
    check("picket-scan holds no YARA", "libyara" not in maps, maps)
    maps = subprocess.run(["ldd", BUILD / "bin" / "picket"], stdout=subprocess.PIPE, text=True, check=True).stdout
    check("picket holds none, either", "libyara" not in maps, maps)
    done = subprocess.run([BUILD / "bin" / "picket-scan-yara"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    check("nobody starts it by hand", done.returncode == 1 and b"picket scan FILE" in done.stderr, done)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules = folder / "rules"
        rules.mkdir()
        for file, text in RULES.items():
            (rules / file).write_text(text)
        matching(folder, rules)
        refusing(folder)
        limits(folder)
        no_rules_no_yara()
    return tally.end()


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    sys.exit(main())
