#!/usr/bin/env python3
"""picket intel: feeds of every form taken over with exact counts, looked up, exported, removed; one
writer at a time; a writer that is killed leaves the old set."""

import json
import lzma
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BIN, ROOT, Tally  # noqa: E402
from rest_world import World  # noqa: E402

SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared")) / "data" / "intel"
APPS = ROOT / "tests" / "data"
SHA = ["%064x" % (0xabc0 + i) for i in range(40)]
tally = Tally()
check = tally.check


class Sets:
    """A folder with a set of its own; nothing of this machine is touched or asked."""

    def __init__(self, folder, env=None):
        self.dir = Path(folder)
        self.env = {"PICKET_INTEL_BUILTIN": ""} if env is None else env
        self.set = self.dir / "intel.set"

    def file(self, name, content):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *args, stdin="", env=None):
        full = dict(os.environ, PICKET_INTEL=str(self.set), **(self.env if env is None else env))
        return subprocess.run([BIN / "picket", "intel", *map(str, args)], input=stdin, env=full,
                              capture_output=True, text=True, timeout=300)

    def json(self, *args, code=0):
        got = self.run(*args, "--json")
        if not check(f"picket intel {args[0]} ends with {code}", got.returncode == code, got):
            return {}
        return json.loads(got.stdout)

    def hits(self, value, *more):
        return json.loads(self.run("lookup", value, "--json", *more).stdout)["hits"]


def stix(*objects):
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": list(objects)})


def indicator(pattern, number=1, **more):
    return {"type": "indicator", "id": f"indicator--{number}", "pattern": pattern, "pattern_type": "stix",
            "valid_from": "2023-04-11T17:02:46.060038Z", **more}


BUNDLE = stix(
    {"type": "malware", "id": "malware--1", "name": "KingSpawn", "malware_types": ["spyware"]},
    indicator("[domain-name:value='k1.example' OR ipv4-addr:value = '198.51.100.1']"),
    indicator(f"[file:hashes.'SHA-256' = '{SHA[0]}' AND file:name = 'x']", 2),
    indicator("[app:cert.sha1='9B48840CBF93379410172B4B85989624D2B33D59']", 3),
    indicator("[domain-name:value='gone.example']", 4, revoked=True),
    indicator("[domain-name:value='old.example']", 5, valid_until="2024-01-01T00:00:00Z"),
    indicator("[domain-name:value LIKE '%.example']", 6),
    indicator("[domain-name:value=", 7),
    indicator("[configuration-profile:id='76DAB334-7E17-475D-A5D6-0794EB5818A5']", 8),
    indicator("[mutex:name='m']", 9),
    *({"type": "relationship", "relationship_type": "indicates", "source_ref": f"indicator--{n}", "target_ref": "malware--1"}
      for n in range(1, 9)))

EVENT = json.dumps({"Event": {"info": "x", "date": "2024-02-03", "Tag": [{"name": 'misp-galaxy:android="Anubis"'}], "Attribute": [
    {"type": "domain|ip", "value": "m1.example|1.2.3.4", "to_ids": True},
    {"type": "filename|sha256", "value": f"a.apk|{SHA[1]}", "to_ids": True},
    {"type": "url", "value": "http://m2.example/x", "to_ids": False},
    {"type": "regkey", "value": "HKLM", "to_ids": True},
    {"type": "md5", "value": "nothing", "to_ids": True},
    {"type": "link", "value": "https://report.example/1"}],
    "Object": [{"name": "android-app", "Attribute": [
        {"object_relation": "name", "type": "text", "value": "SpyApp"},
        {"object_relation": "appid", "type": "text", "value": "com.spy.app", "to_ids": True},
        {"object_relation": "certificate", "type": "sha1", "value": "7f5c0d54a813ba9b87a91420ca2c3de5e7948f09", "to_ids": True}]}]}})

IOC = """- name: WatchIt
  names: [WatchIt, Watcher]
  type: watchware
  packages:
  - com.watch.it
  websites:
  - watchit.example
- name: SpyIt
  type: stalkerware
  packages:
  - com.spy.it
  - not a package
  certificates:
  - 9B48840CBF93379410172B4B85989624D2B33D58
  c2:
    ips: [198.51.100.9]
    domains: [c2.spyit.example, 198.51.100.10]
"""

# name, content, format, rows, skipped: counted by hand.
FEEDS = [
    ("mvt-indicators/2023-04-11_quadream/kingspawn.stix2", BUNDLE, "stix", 5, 6),
    ("misp/event.json", EVENT, "misp", 4, 3),
    ("stalkerware/ioc.yaml", IOC, "yaml", 7, 1),
    ("stalkerware/samples.csv",
     f"SHA256,Package Name,Certificate,Version,App\n{SHA[2]},com.top,7F5C0D54A813BA9B87A91420CA2C3DE5E7948F08,9,Top\n"
     f"broken,com.top2,,1,\"Top, \"\"2\"\"\"\n\"{SHA[3]}\n,never,closed\n{SHA[4]},,,,\n", "table", 6, 3),
    ("zimperium/2025-10-ClayRat__c2.csv", "hxxps://a[.]clay.example/login\n203.0.113.5:81\n# note\nclay2.example:8080\n\nwhat is this\n",
     "list", 4, 1),
    ("zimperium/2025-10-ClayRat__apks.csv", f"{SHA[5]}\n{SHA[6]} \n{SHA[5]}\n", "list", 3, 0),
    ("eset-android/kamran/README.adoc", "= Kamran\n\n|`0F0259F288141EDBE4AB2B8032911C69E03817D2` | com.kamran\n", "text", 1, 0),
    ("maltrail/android.tsv.xz", lzma.compress(b"family\ttrail\nandroid_goldoson\tg1.example\nandroid_x\t1.2.3.4:5/p\n"
     b"android_x\t^[a-z]{1,3}\\.ru$\nandroid_x\t/only/path.php\nandroid_x\tg2.example    # was: x\n"), "table", 3, 2),
    ("threatintel-andro/report.csv", "File hash,Reported family,Source,First Submission date,Report date,Report URL,Category\n"
     f"{SHA[7]},Smsspy,McAfee,2024/2/4,2024/3/14,https://report.example/2,Banking Trojan;RAT\n", "table", 1, 0),
    ("jpcert-phishurl/2024.csv", "date,URL,description\n2024/01/04 10:02:00,https://phish.example/,brand\n"
     "2024/01/05 10:02:00,https://free.example/phish?a=b,brand\n", "table", 2, 0),
    ("known/appverifier_database.tsv", f"package\tcert_sha256\tsources\norg.good\t{SHA[20]}\tX\norg.good\t{SHA[21]}\tX\norg.bad\tzz\tX\n",
     "signers", 2, 1),
    ("misp-warninglists/top.json", json.dumps({"name": "Top sites", "type": "string", "matching_attributes": ["domain", "hostname"],
                                               "list": ["free.example", "appspot.example", "com"]}), "warninglist", 2, 1),
    ("misp-warninglists/empty.json", json.dumps({"name": "Empty files", "type": "string", "matching_attributes": ["md5", "sha256"],
                                                 "list": [SHA[6]]}), "warninglist", 1, 0),
    ("misp-warninglists/lan.json", json.dumps({"name": "Private networks", "type": "cidr", "matching_attributes": ["ip-dst"],
                                               "list": ["198.51.100.0/28"]}), "warninglist", 1, 0),
    ("root-jailbreak/indicators.tsv", "platform\tlist\tindicator\nandroid\tknownRootAppsPackages\tcom.su.root\n"
     "android\tsuPaths\t/sbin/\nandroid\tpathsThatShouldNotBeWritable\t/etc\n", "table", 2, 1),
    ("other/tinycheck.json", json.dumps({"iocs": [{"type": "domain", "tag": "stalkerware", "value": "tiny.example"},
                                                  {"type": "snort", "tag": "x", "value": "y"}]}), "tinycheck", 1, 1),
    ("misp-galaxy/stalkerware.json", json.dumps({"type": "stalkerware", "values": [
        {"value": "AbsoluTrack", "meta": {"type": ["stalkerware"], "website": ["abs.example"]}}]}), "misp-galaxy", 1, 0),
]
# Sources that no path tells: who published it.
AUTHORS = [
    ("xy/bundle.json", stix({"type": "identity", "id": "identity--1", "name": "ACME CERT"},
                            indicator("[domain-name:value='by.acme.example']", created_by_ref="identity--1")), "by.acme.example", "ACME CERT"),
    ("xy/list.json", json.dumps([indicator("[domain-name:value='alone.example']")]), "alone.example", "xy"),
    ("xy/one.json", json.dumps(indicator("[domain-name:value='one.example']")), "one.example", "xy"),
    ("xy/events.json", json.dumps({"response": [{"Event": {"Orgc": {"name": "CIRCL"}, "Attribute": [{"type": "domain", "value": "c1.example"}]}},
                                                {"Event": {"Attribute": [{"type": "domain", "value": "c2.example"}]}}]}), "c1.example", "CIRCL"),
]
# What is no feed, and the words that say so.
REFUSED = [
    ("no/uad_lists.json", '{"org.x": {"list": "Oem", "removal": "Recommended", "neededBy": []}}', "advice on removing"),
    ("no/trackers.tsv", "name\tcode_signature_regex\tnetwork_signature_regex\turl\nT\ta\\.b\tc\thttps://t.example\n", "trackers"),
    ("no/suricata.rules", "alert dns any any -> any any (msg:\"x\";)\n", "network sensor"),
    ("no/android.json", '{"type": "android", "values": [{"value": "Anubis", "meta": {}}]}', "no indicators"),
    ("no/note.json", json.dumps([{"type": "note", "id": "note--1"}]), "without indicators"),
    ("no/broken.json", '{"type": "bundle", ', "damaged JSON"),
    ("no/broken.yaml", "- a: [\n", "damaged YAML"),
    ("no/picture.bin", b"\x89PNG\0\0\0\0", "not a text"),
    ("no/cut.csv.xz", lzma.compress(os.urandom(4000))[:900], "cannot unpack"),
    ("no/table.csv", "Group ID,Group name,TLV value\n1,2,3\n", "without a column"),
    ("no/mimicked-packages.csv", "com.real.game\n", "imitated"),
    ("no/empty.txt", "", "empty"),
    ("no/large.json.xz", lzma.compress(b"[" + b"1," * (17 << 20) + b"1]"), "more than 32 MiB"),
    ("no/large.yaml", "- name: x\n  names: []\n" * 60000, "more than 1024 KiB"),
]


def test_formats(s):
    for name, content, *_ in FEEDS:
        s.file(f"feeds/{name}", content)
    for name, content, _ in REFUSED:
        s.file(f"feeds/{name}", content)
    got = s.json("import", s.dir / "feeds")
    inputs = {str(Path(i["file"]).relative_to(s.dir / "feeds")): i for i in got["inputs"]}
    for name, _, form, rows, skipped in FEEDS:
        i = inputs.get(name, {})
        check(f"{name}: {form}, {rows} taken, {skipped} left out",
              (i.get("format"), i.get("rows"), i.get("skipped"), i.get("not_used")) == (form, rows, skipped, None), i)
    for name, _, words in REFUSED:
        check(f"{name} is no feed", words in inputs.get(name, {}).get("not_used", ""), inputs.get(name))
    check("sums", got["files"] == len(FEEDS) and got["files_not_used"] == len(REFUSED)
          and got["values_read"] == sum(f[3] for f in FEEDS) and got["values_skipped"] == sum(f[4] for f in FEEDS), got)
    check("kinds", got["kinds"] == {"sha1": 1, "sha256": 7, "signer": 4, "package": 7, "domain": 11, "ip": 4, "url": 3,
                                    "file_path": 1, "profile": 1}, got["kinds"])
    check("the version is that of the file", s.json("show")["sets"][0]["version"] == got["version"], got["version"])
    # every skipped row is named with its place
    told = s.run("import", s.dir / "feeds", "--verbose").stderr
    for place in ("ioc.yaml:12: not a package name: not a package", "samples.csv:3: not a SHA-256: broken", "ClayRat__c2.csv:6: ",
                  "android.tsv.xz:4: a regular expression", "samples.csv:4: a quote that is not closed",
                  "kingspawn.stix2:5: revoked", "kingspawn.stix2:6: expired"):
        check(f"--verbose names {place!r}", place in told, told[-1500:])


def test_authors(s):
    for name, content, value, source in AUTHORS:
        s.json("import", s.file(f"authors/{name}", content))
        one(s, value, source=source)


def one(s, value, **wanted):
    hits = s.hits(value)
    got = {k: hits[0].get(k) for k in wanted} if hits else {}
    check(f"{value}: {' '.join(map(str, wanted.values()))}", got == wanted, hits[:2])


def test_lookup(s):
    one(s, "a.b.k1.example", indicator="k1.example", kind="domain", family="KingSpawn", category="spyware", source="mvt-indicators",
        date="2023-04-11", date_of="entry", verdict="malicious", licence="MIT")
    one(s, SHA[1], family="Anubis", date="2024-02-03", reference="https://report.example/1")
    one(s, "com.spy.app", family="SpyApp", kind="package")
    one(s, "com.watch.it", family="WatchIt", category="watchware", verdict="unwanted")
    one(s, "9b:48:84:0c:bf:93:37:94:10:17:2b:4b:85:98:96:24:d2:b3:3d:58", family="SpyIt", kind="signer", category="stalkerware")
    one(s, SHA[5], family="ClayRat", source="zimperium-ioc", date="2025-10-01")
    one(s, "https://a.clay.example/login", kind="url")
    one(s, "x.a.clay.example", kind="domain", family="ClayRat")
    one(s, SHA[7], family="Smsspy", category="banker", date="2024-02-04", reference="https://report.example/2")
    one(s, "phish.example", kind="domain", category="phishing", verdict="suspicious")
    one(s, "http://free.example/phish?a=b", kind="url", marked=None)
    one(s, SHA[6], marked="Empty files", verdict="none")
    one(s, "198.51.100.9", marked="Private networks", verdict="none")
    one(s, "/sbin/su", category="rooting_tool", verdict="unwanted")
    one(s, "g1.example", family="goldoson", source="maltrail")
    for value in ("k1.example.org", "gone.example", "old.example", SHA[39], "com.Spy.app", "free.example"):
        check(f"{value} is not known", s.hits(value) == [], s.hits(value))
    got = s.run("lookup", "a.k1.example")
    check("a hit ends with 1 and names its source", got.returncode == 1 and "mvt-indicators" in got.stdout, got)
    check("no hit ends with 0", s.run("lookup", "nothing.example").returncode == 0)
    check("what does not decide alone is no bad news", s.run("lookup", SHA[6]).returncode == 0)
    check("a known-good signer is shown", f"known-good signer {SHA[20]}" in s.run("lookup", "org.good").stdout)
    good = s.json("lookup", "org.good", code=0)["good_signers"]
    check("to programs, too", [g["cert"] for g in good] == [SHA[20], SHA[21]] and good[0]["source"] == "appverifier", good)
    good = s.json("lookup", SHA[21].upper(), code=0)["good_signers"]
    check("and backwards", [g["package"] for g in good] == ["org.good"], good)
    got = s.run("lookup", "-", "--json", stdin=f"{SHA[0]}\n\nnothing.example\n")
    check("values from standard input", json.loads(got.stdout)["asked"] == 2 and got.returncode == 1, got)
    check("only of one kind", s.hits("a.k1.example", "--kind", "package") == [])
    got = s.run("lookup", "evil\x1b[31m.example\u202e")
    check("nothing for the terminal to act on", "\x1b" not in got.stdout and "\u202e" not in got.stdout, got)


def test_sources(s):
    mine = s.file("mine.txt", "both.example\n")
    other = s.file("other.txt", "both.example\nonly.example\n")
    s.json("import", mine, "--source", "mine", "--licence", "CC0", "--category", "banker", "--date", "2020-01-02")
    before = s.json("import", other, "--source", "other")
    hits = s.hits("both.example")
    check("one value of two sources: both are told", {h["source"] for h in hits} == {"mine", "other"}, hits)
    mine_hit = next((h for h in hits if h["source"] == "mine"), {})
    check("with what the source was said to be", (mine_hit.get("category"), mine_hit.get("date"), mine_hit.get("date_of"),
                                                  mine_hit.get("licence")) == ("banker", "2020-01-02", "list", "CC0"), mine_hit)
    again = s.json("import", other, "--source", "other")
    check("the same feed again adds nothing", again["indicators"] == before["indicators"], again["indicators"])
    s.file("other.txt", "new.example\n")
    s.json("import", other, "--source", "other")
    check("without --replace the old ones stay", s.hits("only.example") != [])
    s.json("import", other, "--source", "other", "--replace")
    check("with --replace they go", s.hits("only.example") == [] and s.hits("new.example") != [] and s.hits("both.example") != [])
    check("remove", s.run("remove", "other").returncode == 0 and s.hits("new.example") == [] and s.hits("both.example") != [])
    got = s.run("remove", "other")
    check("there is no such source: 3", got.returncode == 3 and "no source 'other'" in got.stderr, got)
    listed = s.json("list", "--source", "mine", "--kind", "domain")
    check("list", [i["indicator"] for i in listed["items"]] == ["both.example"] and listed["total"] == 1, listed)
    listed = s.json("list", "--family", "kingsp", "--limit", "2")
    check("list --family --limit", len(listed["items"]) == 2 and listed["total"] == 5, listed)


def test_export(s, folder):
    other = Sets(folder)
    csv = s.run("export", "--source", "mvt-indicators").stdout.splitlines()
    check("export as CSV", csv[0].startswith("kind,indicator,") and len(csv) == 6
          and "domain,k1.example,KingSpawn,spyware,2023-04-11,mvt-indicators,MIT,https://github.com/mvt-project/mvt-indicators" in csv, csv)
    out = other.dir / "all.json"
    mine = s.json("list", "--kind", "domain", "--limit", "1000")
    check("export as STIX", s.run("export", "--format", "stix", "--out", out).returncode == 0)
    bundle = json.loads(out.read_text())
    ids = [o["id"] for o in bundle["objects"]]
    known = set(ids)
    check("each object once, each relation leads somewhere",
          len(ids) == len(known) and all(o["source_ref"] in known and o["target_ref"] in known
                                         for o in bundle["objects"] if o["type"] == "relationship"), len(ids))
    got = other.json("import", out, "--source", "round")
    check("and it can be taken over again", got["values_skipped"] == 0, got["skipped"])
    names = {i["indicator"] for i in mine["items"]}
    here = {i["indicator"] for i in other.json("list", "--kind", "domain", "--limit", "100000", "--source", "round")["items"]}
    check("with the same domains", names <= here and len(names) > 10, names - here)
    one(other, "a.k1.example", family="KingSpawn", category="spyware", date="2023-04-11")


def big(count, name):
    return "".join(f"host{i}.{name}.example\n" for i in range(count))


def test_killed(folder):
    """kill -9 at any moment: the set is the old one or the new one, never something else."""
    s = Sets(folder)
    first = s.json("import", s.file("first.txt", "first.example\n"), "--source", "first")["version"]
    feed = s.file("big.txt", big(60000, "big"))
    env = dict(os.environ, PICKET_INTEL=str(s.set))
    began = time.monotonic()
    whole = subprocess.run([BIN / "picket", "intel", "import", str(feed), "--set", str(s.dir / "other.set")],
                           env=env, capture_output=True, timeout=300)
    seconds = time.monotonic() - began
    check("the big feed alone", whole.returncode == 0, whole)
    kept = killed = 0
    for _ in range(25):
        child = subprocess.Popen([BIN / "picket", "intel", "import", str(feed)], env=env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, seconds * 1.1))
        child.kill()
        killed += child.wait() == -9
        now = s.json("show")["sets"][0]["version"]
        if now != first:
            s.json("import", s.dir / "first.txt", "--source", "first", "--set", s.dir / "fresh.set")
            os.replace(s.dir / "fresh.set", s.set)
            first = s.json("show")["sets"][0]["version"]
        else:
            kept += 1
    check(f"{killed} of 25 imports were killed; after {kept} of them the old set was there, after the others the new one",
          killed >= 10 and kept >= 5, (killed, kept))
    got = s.json("import", feed)
    check("then it is taken over", got["indicators"] == 60001, got["indicators"])
    left = [p.name for p in s.dir.iterdir() if p.name.startswith("intel.set.") and p.name != "intel.set.lock"]
    check("nothing is left behind", left == [], left)


def test_two_at_once(folder):
    s = Sets(folder)
    env = dict(os.environ, PICKET_INTEL=str(s.set))
    feeds = [s.file(f"f{i}.txt", big(20000, f"f{i}")) for i in range(4)]
    children = [subprocess.Popen([BIN / "picket", "intel", "import", str(f), "--source", f.stem], env=env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for f in feeds]
    ends = [(c.wait(300), c.stderr.read()) for c in children]
    got = s.json("show")["sets"][0]
    check("four imports at once: all of each is there", [e[0] for e in ends] == [0] * 4 and got["indicators"] == 80000
          and {x["name"] for x in got["sources"]} == {"f0", "f1", "f2", "f3"}, (ends, got["indicators"]))


def test_trust(folder):
    s = Sets(folder)
    good = APPS / "apksig" / "v1v2v3-with-rsa-2048-lineage-3-signers.apk"
    apps = sorted(p for p in APPS.rglob("*.apk"))
    trusted = None
    for app in ([good] if good.exists() else []) + apps:
        if s.run("trust", app).returncode == 0:
            trusted = app
            break
    check("an app whose signature holds is trusted", trusted is not None, [str(a) for a in apps][:5])
    got = s.json("show")["sets"][0]
    check("it is a reference app with its signer", got["apps"] == 1 and got["signers"] == 1, got)
    s.run("trust", trusted)
    again = s.json("show")["sets"][0]
    check("trusting it again changes nothing", again["version"] == got["version"] and again["apps"] == 1, again)
    got = s.run("trust", s.file("x.apk", "no app"))
    check("what has no signature is not", got.returncode == 3 and "cannot be trusted" in got.stderr, got)


def test_ends(folder):
    s = Sets(folder)
    feed = s.file("a.txt", "a.example\n")
    for args, code in ((["import"], 2), (["frob"], 2), ([], 2), (["import", feed, "--kind", "x"], 2), (["list", "--limit", "-1"], 2),
                       (["import", feed, "--category", "x"], 2), (["export", "--format", "x"], 2), (["--help"], 0), (["show", "x"], 2),
                       (["import", s.dir / "none"], 3), (["remove", "x"], 3)):
        got = s.run(*args)
        check(f"intel {' '.join(map(str, args))[:60]} ends with {code}", got.returncode == code and (code == 0 or got.stderr), got)
    got = s.run("import", s.file("no.bin", b"\0\0"))
    check("nothing that is a feed: 3, and no set", got.returncode == 3 and not s.set.exists(), got)
    s.set.write_bytes(b"PKINTEL\1" + bytes(300))
    got = s.run("import", feed)
    check("a damaged set is not written over", got.returncode == 3 and "not a set" in got.stderr and s.set.stat().st_size == 308, got)
    check("nor asked", s.run("lookup", "a.example").returncode == 3)
    s.set.unlink()
    s.file("locked/x.txt", "a.example\n").chmod(0)
    if os.geteuid() != 0:
        check("a file that cannot be read: the rest is taken, 3", s.run("import", s.dir / "locked", feed).returncode == 3 and s.hits("a.example"))


def test_builtin(folder):
    s = Sets(folder, env={})
    sets = s.json("show")["sets"]
    names = {x["name"] for x in sets[0]["sources"]} if sets else set()
    check("without any import there is the set that came with the programs",
          {"stalkerware-indicators", "mvt-indicators", "maltrail", "appverifier", "misp-warninglists", "picket"} == names, names)
    one(s, "2f3bc9ebe8c249f0416f5b0367f34b4b8f6aaa7d351dc5b4912fe2558491b6b7", source="stalkerware-indicators", date="2026-06-21", date_of="list")
    one(s, "61ED377E85D386A8DFEE6B864BD85B0BFAA5AF81", kind="signer", verdict="none",
        marked="Signing keys whose private part is public (AOSP test keys)")
    check("a test key is no bad news", s.run("lookup", "61ED377E85D386A8DFEE6B864BD85B0BFAA5AF81").returncode == 0)
    check("nor is a popular site", s.run("lookup", "www.google.com", "github.com", "10.0.0.1").returncode == 0)
    # warnings of one set hold for indicators of the other
    s.json("import", s.file("x.txt", "google.com\nbad.example\n"), "--source", "x")
    one(s, "google.com", source="x", verdict="none")
    one(s, "bad.example", source="x", verdict="suspicious")


def test_push(folder):
    w = World()
    try:
        s = Sets(folder)
        made = s.json("import", s.file("p.txt", f"push.example\n{SHA[9]}\n"), "--source", "p")
        env = {"PICKET_URL": f"https://localhost:{w.server.port}", "PICKET_CA": str(w.server.dir / "state" / "ca.pem"),
               "PICKET_TOKEN": w.admin.token}
        got = s.run("push", env=env)
        check("push", got.returncode == 0 and made["version"] in got.stdout, got)
        there = w.viewer.get("/intel").json
        check("the server has it", there["set"]["version"] == made["version"] and there["set"]["indicators"] == 2, there)
        got = s.run("push", env=dict(env, PICKET_TOKEN=w.viewer.token))
        check("not everybody may", got.returncode == 3 and "403" in got.stderr, got)
    finally:
        w.close()


def lines_of(path):
    raw = lzma.open(path).read() if path.suffix == ".xz" else path.read_bytes()
    return [x for x in raw.decode("utf-8", "replace").splitlines() if x.strip()]


def test_shared(folder):
    """All public feeds, counted a second time by other means."""
    if not SHARED.is_dir():
        print(f"SKIPPED: the public feeds, {SHARED} not present", flush=True)
        return
    s = Sets(folder)
    got = s.json("import", SHARED)
    inputs = {str(Path(i["file"]).relative_to(SHARED)): i for i in got["inputs"]}
    plain = [n for n, i in inputs.items() if i.get("format") == "list"]
    wrong = [n for n in plain if inputs[n]["rows"] + inputs[n]["skipped"] <
             sum(not x.lstrip().startswith(("#", ";")) for x in lines_of(SHARED / n))]
    check(f"{len(plain)} plain lists: each line is taken or named", len(plain) > 80 and not wrong, wrong)
    trails = inputs["maltrail/android_trails.tsv.xz"]
    urls = inputs["jpcert-phishurl/2024.csv.xz"]
    report = inputs["threatintel-andro/report.csv.xz"]
    check("84,310 trails", trails["rows"] + trails["skipped"] == 84310 and trails["skipped"] < 2500, trails)
    check("56,912 phishing URLs", urls["rows"] + urls["skipped"] == 56912 and urls["skipped"] <= 1, urls)
    check("2,502 hashes of reports", report["rows"] == 2502, report)
    mvt = next(x for x in got["sources"] if x["name"] == "mvt-indicators")
    check("1,441 indicators of MVT", mvt["indicators"] == 1441, mvt)
    bundles = {}
    for path in SHARED.glob("*/*.stix2"):
        bundles[str(path.relative_to(SHARED))] = sum(o["type"] == "indicator" for o in json.loads(path.read_text())["objects"])
    wrong = [n for n, count in bundles.items() if inputs[n]["rows"] + inputs[n]["skipped"] < count]
    check(f"{sum(bundles.values())} indicators of {len(bundles)} bundles", not wrong and len(bundles) == 13, wrong)
    samples = [x.split(",")[0] for x in lines_of(SHARED / "stalkerware" / "samples.csv")[1:]]
    found = json.loads(s.run("lookup", "-", "--kind", "sha256", "--json", stdin="\n".join(samples)).stdout)
    check("every sample of stalkerware is found", len({h["value"] for h in found["hits"]}) == len(set(samples)), found["found"])
    check("each with source, date and reference", all(h["source"] and h["date"] and h["reference"] for h in found["hits"]))
    check("only few rows make no sense", got["values_skipped"] < 5000, got["skipped"])
    print(f"  {got['indicators']} indicators, {got['warnings']} warnings of {got['files']} files in {got['seconds']:.1f} s, "
          f"peak {got['peak_rss_mib']:.0f} MiB, set {got['set_bytes'] / 1048576:.1f} MiB", flush=True)


def main():
    with tempfile.TemporaryDirectory(prefix="picket-intel-") as folder:
        s = Sets(folder)
        for test in (test_formats, test_lookup, test_sources, test_authors):
            test(s)
        with tempfile.TemporaryDirectory(prefix="picket-intel-") as other:
            test_export(s, other)
    for test in (test_killed, test_two_at_once, test_trust, test_ends, test_builtin, test_push, test_shared):
        with tempfile.TemporaryDirectory(prefix="picket-intel-") as folder:
            test(folder)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
