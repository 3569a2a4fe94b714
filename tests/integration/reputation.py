#!/usr/bin/env python3
"""Who made it and is it the real one, with real files: a popular app is built, signed with apksigner, trusted; then
it is re-signed, rotated, renamed, imitated and updated. Indicators of every kind are imported and met again; the
organisation's lists, exceptions and rules are tried; versions are compared."""

import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "tools"), str(ROOT / "tests" / "integration")]

from apkmake import axml, dex  # noqa: E402
from apkmake.archive import STORED, Archive, Entry  # noqa: E402
from scan_support import PICKET, Tally  # noqa: E402

axml.IDS.update({"icon": 0x01010002, "debuggable": 0x0101000F, "usesCleartextTraffic": 0x010104EC})
TALLY = Tally()
check = TALLY.check


# ---- apps ----------------------------------------------------------------------------------------

def png(seed, size=72, level=9):
    """Squares of two colours in an order of their own: icons that an eye would tell apart."""
    bits = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    rows = b""
    for y in range(size):
        rows += b"\0"
        for x in range(size):
            on = bits >> ((y * 6 // size) * 6 + x * 6 // size) & 1
            rows += bytes((250, 200, 20) if on else (20, 60, 140))
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
            part(b"IDAT", zlib.compress(rows, level)) + part(b"IEND", b""))


def resources(label, package):
    """Two strings: the name at 0x7f010000, the icon's file at 0x7f010001."""
    config = struct.pack("<I", 64) + bytes(60)
    entries = b"".join(struct.pack("<HHI", 8, 0, i) + struct.pack("<HBBI", 8, 0, 3, i) for i in range(2))
    header = struct.pack("<BBHII", 1, 0, 0, 2, 20 + len(config) + 8) + config
    kind = axml.chunk(0x201, header, struct.pack("<II", 0, 16) + entries)
    spec = axml.chunk(0x202, struct.pack("<BBHI", 1, 0, 0, 2), struct.pack("<II", 0, 0))
    types, keys = axml.string_pool(["string"]), axml.string_pool(["app_name", "icon"])
    name = package.encode("utf-16-le").ljust(256, b"\0")
    header = struct.pack("<I", 0x7F) + name + struct.pack("<IIIII", 288, 1, 288 + len(types), 2, 0)
    body = axml.chunk(0x200, header, types + keys + spec + kind)
    return axml.chunk(2, struct.pack("<I", 1), axml.string_pool([label, "res/icon.png"]) + body)


def app(package="com.popular.chat", label="Popular Chat", icon="popular", size=72, version=7, min_sdk=24, target=34,
        permissions=("android.permission.INTERNET",), url=None, debuggable=False):
    launcher = axml.Element("intent-filter", [], [
        axml.Element("action", [("name", axml.STRING, "android.intent.action.MAIN")]),
        axml.Element("category", [("name", axml.STRING, "android.intent.category.LAUNCHER")])])
    main = axml.Element("activity", [("name", axml.STRING, package + ".Main"), ("exported", axml.BOOLEAN, 0xFFFFFFFF)],
                        [launcher])
    flags = [("debuggable", axml.BOOLEAN, 0xFFFFFFFF)] if debuggable else []
    root = axml.Element("manifest", [("versionCode", axml.DECIMAL, version), ("versionName", axml.STRING, f"1.{version}"),
                                     ("package", axml.STRING, package)], [
        axml.Element("uses-sdk", [("minSdkVersion", axml.DECIMAL, min_sdk), ("targetSdkVersion", axml.DECIMAL, target)]),
        *[axml.Element("uses-permission", [("name", axml.STRING, p)]) for p in permissions],
        axml.Element("application", [("label", axml.REFERENCE, 0x7F010000), ("icon", axml.REFERENCE, 0x7F010001), *flags],
                     [main])])
    entries = [Entry("AndroidManifest.xml", axml.Document(root).write()),
               Entry("resources.arsc", resources(label, package), STORED),
               Entry("res/icon.png", png(icon, size, 9 if size == 72 else 1), STORED),
               Entry("classes.dex", dex.dex())]
    if url:
        entries.append(Entry("assets/config.json", json.dumps({"server": url}).encode()))
    return Archive(entries).write()


class Key:
    def __init__(self, folder, name, subject):
        self.pem, self.pk8 = folder / f"{name}.pem", folder / f"{name}.pk8"
        key = folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", self.pem, "-days", "9000",
                "-subj", subject)
        openssl("pkcs8", "-topk8", "-inform", "PEM", "-outform", "DER", "-in", key, "-out", self.pk8, "-nocrypt")
        der = subprocess.run(["openssl", "x509", "-in", self.pem, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
        self.sha256, self.sha1 = hashlib.sha256(der).hexdigest(), hashlib.sha1(der).hexdigest()

    def args(self):
        return ["--key", self.pk8, "--cert", self.pem]


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def apksigner(*args):
    subprocess.run(["apksigner", *map(str, args)], check=True, timeout=120, stdout=subprocess.DEVNULL)


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.keys = {"maker": Key(folder, "maker", "/CN=Popular Inc"), "next": Key(folder, "next", "/CN=Popular 2"),
                     "thief": Key(folder, "thief", "/CN=Somebody"),
                     "debug": Key(folder, "debug", "/C=US/O=Android/CN=Android Debug")}
        self.count = 0
        self.env = {**os.environ, "PICKET_INTEL": str(folder / "local.set")}

    def sign(self, data, key, *more):
        """A file with these bytes, signed."""
        self.count += 1
        path = self.folder / f"{self.count}.apk"
        path.write_bytes(data)
        apksigner("sign", *self.keys[key].args(), *more, path)
        return path

    def run(self, *args, env=None):
        return subprocess.run([str(PICKET), *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120, env=env or self.env, cwd=self.folder)

    def scan(self, path, *args):
        done = self.run("scan", "--json", *args, path)
        return json.loads(done.stdout) if done.stdout else {"verdict": done.stderr, "findings": [], "hits": []}


def rules(report):
    return {f["rule"]: f for f in report["findings"]}


def clean(name, report):
    own = [r for r in rules(report) if r.split("/")[0] in ("signer", "known", "lists", "unwanted") and
           rules(report)[r]["severity"] not in ("info",)]
    return check(name, report["verdict"] == "clean" and not own, (report["verdict"], report["findings"]))


def found(name, report, rule, id_, verdict, text=""):
    f = rules(report).get(rule)
    return check(name, f and f["id"] == id_ and report["verdict"] == verdict and text in f["title"] + " " + f["evidence"],
                 (report["verdict"], f or report["findings"]))


# ---- the real one, and others --------------------------------------------------------------------

def test_repackaged(b):
    genuine = b.sign(app(), "maker")
    clean("before anything is known", b.scan(genuine))
    done = b.run("intel", "trust", genuine)
    check("trust", done.returncode == 0 and b.keys["maker"].sha256 in done.stdout, done.stdout + done.stderr)
    clean("the genuine app", b.scan(genuine))
    clean("its next version", b.scan(b.sign(app(version=8), "maker")))

    stolen = b.sign(app(version=9), "thief")
    report = b.scan(stolen)
    found("signed by somebody else", report, "signer/repackaged", "malware.repackaged", "suspicious", b.keys["thief"].sha256[:16])
    check("with its technique", "T1655.001" in rules(report)["signer/repackaged"]["attack"], report)
    done = b.run("scan", stolen)
    check("people read it first", done.returncode == 1 and "Not signed by its maker" in done.stdout.splitlines()[1], done.stdout)
    clean("without knowledge nothing is said", b.scan(stolen, "--no-intel"))
    found("signed with a debug key", b.scan(b.sign(app(), "debug")), "signer/repackaged", "malware.repackaged", "suspicious",
          "a debug key")

    lineage = b.folder / "lineage"
    apksigner("rotate", "--out", lineage, "--old-signer", *b.keys["maker"].args(), "--new-signer", *b.keys["next"].args())
    both = ["--next-signer", *b.keys["next"].args(), "--lineage", lineage]
    clean("rotated, old phones see the old key", b.scan(b.sign(app(version=10), "maker", *both)))
    b.rotated = b.sign(app(version=10, min_sdk=28), "maker", *both)
    report = b.scan(b.rotated)
    clean("rotated by lineage", report)
    found("and it is said", report, "signer/rotated", "signer.rotated", "clean", "signed over")
    found("the new key alone", b.scan(b.sign(app(version=10, min_sdk=28), "next")), "signer/repackaged", "malware.repackaged",
          "suspicious")
    broken = b.folder / "broken.apk"
    data = bytearray(genuine.read_bytes())
    data[data.index(b"res/icon.png") + 60] ^= 1
    broken.write_bytes(data)
    found("changed after it was signed", b.scan(broken), "signer/broken", "malware.repackaged", "suspicious")
    b.genuine, b.stolen = genuine, stolen


def test_trust(b):
    for name, data, key, why in (("a debug key is not trusted", app(package="com.popular.beta"), "debug", "everybody has"),
                                 ("malformed is not trusted", b"PK\3\4", None, "cannot be trusted")):
        path = b.sign(data, key) if key else b.folder / "bad.apk"
        if key is None:
            path.write_bytes(data)
        done = b.run("intel", "trust", path)
        check(name, done.returncode == 3 and why in done.stderr, done.stderr)
    env = {**b.env, "PICKET_INTEL": str(b.folder / "rotated.set")}
    done = b.run("intel", "trust", b.rotated, env=env)
    check("a rotated app is trusted", done.returncode == 0, done.stderr)
    clean("and with it what the former key signed", b.scan(b.genuine, "--no-intel", "--intel", b.folder / "rotated.set"))


def test_impersonation(b):
    def fake(name, verdict, text="", key="thief", **how):
        report = b.scan(b.sign(app(**{"package": "com.fake.chat", **how}), key))
        if verdict == "clean":
            clean(name, report)
        else:
            found(name, report, "signer/impersonation", "malware.repackaged", verdict, text)

    fake("same name and icon", "suspicious", "with its icon")
    fake("its icon in another size", "suspicious", "with its icon", size=96)
    fake("a Cyrillic letter", "suspicious", "in disguised letters", label="P\u043epular Chat", icon="other")
    fake("a blank that is not shown", "suspicious", "in disguised letters", label="Popu\u200blar Chat", icon="other")
    fake("its name, and rights over messages", "suspicious", "READ_SMS", icon="other",
         permissions=("android.permission.READ_SMS",))
    fake("its name alone", "clean", icon="other")
    fake("its icon alone", "clean", label="Something Else")
    fake("another app of the same maker", "clean", key="maker")


# ---- indicators ----------------------------------------------------------------------------------

STIX = """{"type": "bundle", "id": "bundle--11111111-1111-4111-8111-111111111111", "objects": [
 {"type": "malware", "spec_version": "2.1", "id": "malware--22222222-2222-4222-8222-222222222222",
  "created": "2024-03-01T00:00:00Z", "modified": "2024-03-01T00:00:00Z", "name": "BadSpy", "is_family": true,
  "malware_types": ["spyware"]},
 {"type": "indicator", "spec_version": "2.1", "id": "indicator--33333333-3333-4333-8333-333333333333",
  "created": "2024-03-02T00:00:00Z", "modified": "2024-03-02T00:00:00Z", "valid_from": "2024-03-02T00:00:00Z",
  "pattern_type": "stix", "indicator_types": ["malicious-activity"], "pattern": "[PATTERN]"},
 {"type": "relationship", "spec_version": "2.1", "id": "relationship--44444444-4444-4444-8444-444444444444",
  "created": "2024-03-02T00:00:00Z", "modified": "2024-03-02T00:00:00Z", "relationship_type": "indicates",
  "source_ref": "indicator--33333333-3333-4333-8333-333333333333",
  "target_ref": "malware--22222222-2222-4222-8222-222222222222"}]}"""


def import_one(b, name, text, *more):
    """A set of its own with one feed."""
    feed, made = b.folder / name, b.folder / (name + ".set")
    feed.write_text(text)
    done = b.run("intel", "import", "--set", made, *more, feed)
    if done.returncode != 0:
        check(f"import of {name}", False, done.stdout + done.stderr)
    return made


def test_indicators(b):
    victim = b.sign(app(package="com.victim", label="Victim", icon="victim", url="https://c2.evil-panel-of-a-test.org/x"), "thief")
    sha256 = hashlib.sha256(victim.read_bytes()).hexdigest()
    thief = b.keys["thief"]
    clean("known to nobody", b.scan(victim))

    feed = STIX.replace("PATTERN", f"file:hashes.'SHA-256' = '{sha256}'")
    report = b.scan(victim, "--intel", import_one(b, "spy.stix2", feed, "--source", "lab"))
    found("its hash, from STIX", report, "known/indicator", "malware.spyware", "malicious", "BadSpy")
    hit = next((h for h in report.get("hits", []) if h["kind"] == "sha256"), {})
    check("the hit names source, family, date", hit.get("source") == "lab" and hit.get("family") == "BadSpy" and
          hit.get("date", "").startswith("2024-03-0") and hit.get("value") == sha256, report.get("hits"))
    done = b.run("scan", "--intel", b.folder / "spy.stix2.set", victim)
    check("and people see them", done.returncode == 1 and "BadSpy" in done.stdout and "lab" in done.stdout and "\nknown\n" in done.stdout,
          done.stdout)

    yaml = ("- name: WatchThem\n  type: stalkerware\n  packages:\n  - com.victim\n  certificates:\n  - " + thief.sha1.upper() + "\n")
    report = b.scan(victim, "--intel", import_one(b, "ioc.yaml", yaml, "--source", "stalkers"))
    found("its signer, by SHA-1", report, "known/indicator", "malware.stalkerware", "malicious", "WatchThem")
    found("its package", report, "known/name", "malware.stalkerware", "malicious", "com.victim")
    check("both hits", {h["kind"] for h in report["hits"]} == {"signer", "package"}, report["hits"])

    csv = "package_name,family,category\ncom.victim,Borrowed,trojan\n"
    made = import_one(b, "names.csv", csv, "--source", "names")
    found("a name alone is not enough", b.scan(victim, "--intel", made), "known/name", "malware.trojan", "suspicious", "Borrowed")
    feed = STIX.replace("PATTERN", "domain-name:value = 'evil-panel-of-a-test.org'")
    report = b.scan(victim, "--intel", import_one(b, "hosts.stix2", feed, "--source", "lab"))
    found("a host below a known one", report, "known/host", "malware.spyware", "suspicious", "c2.evil-panel-of-a-test.org (evil-panel-of-a-test.org)")
    hit = report["hits"][0]
    check("the hit names the parent", hit["indicator"] == "evil-panel-of-a-test.org" and hit["value"] == "c2.evil-panel-of-a-test.org", hit)

    env = {**b.env, "PICKET_INTEL": str(b.folder / "trusting.set")}
    b.run("intel", "trust", victim, env=env)
    trusting = ["--no-intel", "--intel", b.folder / "trusting.set"]
    report = b.scan(victim, *trusting, "--intel", b.folder / "hosts.stix2.set")
    check("a known publisher overrules a host", report["verdict"] == "clean" and
          "known publisher: local" in rules(report)["known/host"].get("excepted", ""), report["findings"])
    check("and the reasons say so", any(r.startswith("Excepted here (known publisher") for r in report["reasons"]), report["reasons"])
    check("and a name", b.scan(victim, *trusting, "--intel", made)["verdict"] == "clean")
    found("not its file", b.scan(victim, *trusting, "--intel", b.folder / "spy.stix2.set"), "known/indicator", "malware.spyware",
          "malicious")
    b.victim, b.sha256 = victim, sha256


# ---- what the organisation says ------------------------------------------------------------------

def lists(b, text):
    path = b.folder / "lists.yaml"
    path.write_text("version: 1\n" + text)
    return path


def test_lists(b):
    thief, maker = b.keys["thief"].sha256, b.keys["maker"].sha256
    soon = (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    exception = (f"exceptions:\n  - match: {{package: com.popular.chat, signer: {thief}}}\n    threat: malware.repackaged\n"
                 "    reason: our testers build it themselves\n    by: ada\n")
    made = lists(b, exception)
    report = b.scan(b.stolen, "--lists", made)
    check("an exception holds the finding back", report["verdict"] == "clean" and
          rules(report)["signer/repackaged"]["excepted"] == "our testers build it themselves, by ada", report["findings"])
    check("visibly", any("our testers build it themselves" in r for r in report["reasons"]), report["reasons"])
    check("and for the next version", b.scan(b.sign(app(version=20), "thief"), "--lists", made)["verdict"] == "clean")
    check("not for another signer", b.scan(b.sign(app(version=20), "debug"), "--lists", made)["verdict"] == "suspicious")
    check("until it expires", b.scan(b.stolen, "--lists", lists(b, exception + f"    expires: {soon}\n"))["verdict"] == "clean")
    check("and then no more", b.scan(b.stolen, "--lists",
                                     lists(b, exception + "    expires: 2024-01-01T00:00:00Z\n"))["verdict"] == "suspicious")
    check("one for a device is none here", b.scan(b.stolen, "--lists", lists(b, exception + "    scope: device d1\n"))["verdict"]
          == "suspicious")
    sha256 = hashlib.sha256(b.stolen.read_bytes()).hexdigest()
    by_hash = f"exceptions:\n  - {{match: {{sha256: {sha256}}}, reason: r, by: b}}\n"
    check("by hash", b.scan(b.stolen, "--lists", lists(b, by_hash))["verdict"] == "clean")
    check("a hash is not carried over", b.scan(b.sign(app(version=21), "thief"), "--lists", b.folder / "lists.yaml")["verdict"]
          == "suspicious")

    report = b.scan(b.genuine, "--lists", lists(b, "deny:\n  - {match: {package: com.popular.*}, reason: no chats}\n"))
    found("denied", report, "lists/deny", "malware.unwanted", "unwanted", "no chats")
    report = b.scan(b.stolen, "--lists", lists(b, f"allow:\n  - {{match: {{signer: {thief}}}, reason: our own builds}}\n"))
    check("allowed", report["verdict"] == "clean" and "allowed: our own builds" in rules(report)["signer/repackaged"]["excepted"],
          report["findings"])
    report = b.scan(b.victim, "--intel", b.folder / "spy.stix2.set", "--lists", b.folder / "lists.yaml")
    found("but no known malware", report, "known/indicator", "malware.spyware", "malicious")

    text = ("unwanted:\n"
            "  - {id: chats, title: Chats read along, level: medium, all: [{label: chat}, {permission: INTERNET}],"
            f" not: [{{signer: {maker}}}]}}\n"
            "  - {id: old, title: Made for an old Android, level: low, any: [{target_sdk_below: 30}, {target_sdk_below: 35}]}\n")
    made = lists(b, text)
    report = b.scan(b.sign(app(package="com.other", icon="x", label="My Ch\u0430t"), "thief"), "--lists", made)
    found("a rule of the organisation", report, "unwanted/chats", "malware.unwanted", "unwanted", "asks for android.permission.INTERNET")
    report = b.scan(b.genuine, "--lists", made)
    found("low is said and no more", report, "unwanted/old", "malware.unwanted", "clean", "Android level 34")
    check("the maker is left out", "unwanted/chats" not in rules(report), report["findings"])
    done = b.run("scan", "--lists", lists(b, "unwanted: [{id: a, title: t, level: low, all: [{permision: X}]}]\n"), b.genuine)
    check("a wrong document stops the scan", done.returncode == 3 and "lists.yaml:2: unwanted[0].all[0].permision: unknown key" in done.stderr,
          done.stderr)


def test_rules_command(b):
    done = b.run("app", "rules", "check", b.folder / "lists.yaml")
    check("a wrong document", done.returncode == 1 and "lists.yaml:2:" in done.stderr, done.stderr)
    made = lists(b, "deny:\n  - {match: {package: com.x}, reason: r, until: 2020-01-01T00:00:00Z}\n")
    done = b.run("app", "rules", "check", "--json", made)
    answer = json.loads(done.stdout)
    check("a right one", done.returncode == 0 and answer["ok"] and answer["deny"] == 1 and answer["expired"] == 1, done.stdout)
    check("none", b.run("app", "rules", "check", b.folder / "nothing.yaml").returncode == 3)
    check("no file", b.run("app", "rules", "check").returncode == 2)
    page = (ROOT / "docs" / "app-rules.md").read_text()
    named = json.loads(b.run("app", "rules", "attributes", "--json").stdout)
    missing = [a["name"] for a in named if f"| `{a['name']}` | {a['type']} | {a['help'].replace('|', chr(92) + '|')} |" not in page]
    check("docs/app-rules.md names every attribute as the program does", not missing and len(named) > 40, missing)
    examples = [p for p in page.split("```yaml\n")[1:]]
    for i, example in enumerate(examples):
        done = b.run("app", "rules", "check", lists_file(b, example.split("```")[0]))
        check(f"example {i + 1} of docs/app-rules.md", done.returncode == 0, done.stderr)
    check("there are examples", len(examples) >= 2)


def lists_file(b, text):
    path = b.folder / "example.yaml"
    path.write_text(text)
    return path


# ---- versions ------------------------------------------------------------------------------------

def test_diff(b):
    new = b.sign(app(version=8, target=35, permissions=("android.permission.INTERNET", "android.permission.VIBRATE")), "maker")
    bad = b.sign(app(version=9, target=28, debuggable=True, url="http://ads-of-a-test.org/x",
                     permissions=("android.permission.INTERNET", "android.permission.READ_SMS")), "thief")

    def diff(before, after, *more):
        done = b.run("app", "diff", "--json", *more, before, after)
        return done, json.loads(done.stdout) if done.stdout else {}

    def changes(answer):
        return {(c["what"], c.get("value") or c.get("after")): c for c in answer["changes"]}

    done, answer = diff(b.genuine, b.genuine)
    check("a file and itself", done.returncode == 0 and answer["result"] == "same" and not answer["changes"], answer)
    done, answer = diff(b.genuine, new)
    check("a harmless update", done.returncode == 0 and answer["result"] == "changed" and
          ("permission", "android.permission.VIBRATE") in changes(answer) and ("target_sdk", "35") in changes(answer), answer)
    done, answer = diff(new, bad)
    worse = {c["what"] for c in answer["changes"] if c["worse"]}
    check("a hostile one", done.returncode == 1 and answer["result"] == "worse" and
          {"signer", "permission", "target_sdk", "debuggable", "verdict", "cleartext_host"} <= worse, answer)
    done, answer = diff(new, b.genuine)
    check("a step back", done.returncode == 1 and ("version_code", "7") in changes(answer), answer)
    done, answer = diff(b.genuine, b.rotated)
    signer = [c for c in answer["changes"] if c["what"] == "signer"]
    check("a rotation", done.returncode == 0 and len(signer) == 1 and not signer[0]["worse"], answer)
    done, answer = diff(b.genuine, b.victim)
    check("two apps", done.returncode == 2 and "com.victim" in done.stderr, done.stderr)
    done, answer = diff(b.genuine, b.victim, "--force")
    check("by force", done.returncode == 1 and answer["result"] == "worse", answer)
    check("no file", b.run("app", "diff", b.genuine, b.folder / "nothing").returncode == 3)
    check("one file", b.run("app", "diff", b.genuine).returncode == 2)
    text = b.run("app", "diff", new, bad).stdout
    check("for people", text.startswith("WORSE  com.popular.chat 1.8 (8) -> 1.9 (9)\n\nworse\n") and
          "Asks for android.permission.READ_SMS" in text and "\nchanged\n" in text, text)


def main():
    with tempfile.TemporaryDirectory(prefix="picket-reputation-") as folder:
        b = Bench(Path(folder))
        for test in (test_repackaged, test_trust, test_impersonation, test_indicators, test_lists, test_rules_command, test_diff):
            test(b)
    return TALLY.end()


if __name__ == "__main__":
    sys.exit(main())
