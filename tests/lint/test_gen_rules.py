"""Feeds tools/gen-rules.py good rules and many with one fault each, and compares the exact line and the
words of the complaint. Argument: the generator."""

import os
import subprocess
import sys
import tempfile
import unittest

GOOD = """\
rules:
- id: a.one
  title: One
  text: Why it matters.
  severity: low
  attack: [T1582]
  when:
    all:
    - permission: SEND_SMS
    - receiver: { action: x.Y, priority_min: 5 }
    - any:
      - calls: La/B;->c
      - reach: { from: "La/B;->onReceive", to: [La/C;->d, [La/C;->e, La/C;->f]], depth: 3 }
      - sequence: { calls: [La/B;->c, La/C;->*] }
    - not:
      - string: [one, two]
    - not: { launcher: false }
- id: b.two
  title: Two
  text: Because.
  severity: high
  attack: []
  threat: malware.banker
  verdict: malicious
  confidence: 0.9
  when:
    any:
    - rule: a.one
    - strings_min: { of: [aa, bb], count: 2 }
"""
IOS = """\
rules:
- id: i.one
  title: One
  text: Because.
  severity: low
  attack: []
  kind: ios
  when:
    all:
    - entitlement: get-task-allow
"""


def when(*lines):
    """The conditions of b.two replaced; the first stands on line 28."""
    old = "    - rule: a.one\n"
    return old, "".join(f"    - {line}\n" for line in lines) + old


# name, what to replace in GOOD, by what, the line of the complaint, words in it
BAD = [
    ("unknown key", "  title: Two\n", "  title: Two\n  titel: x\n", 20, "unknown key 'titel'"),
    ("unknown key at the top", "rules:\n", "version: 1\nrules:\n", 1, "unknown key 'version'"),
    ("key twice", "  title: Two\n", "  title: Two\n  title: x\n", 20, "'title' stands twice"),
    ("missing key", "  text: Because.\n", "", 18, "'text' is missing"),
    ("id in capitals", "id: b.two", "id: b.Two", 18, "'group.name' in lower case"),
    ("id without a dot", "id: b.two", "id: two", 18, "'group.name' in lower case"),
    ("id of the threats", "id: b.two", "id: malware.two", 18, "of the threat catalogue"),
    ("id twice", "id: b.two", "id: a.one", 18, "id 'a.one' stands twice"),
    ("title too long", "title: Two", "title: " + "x" * 91, 19, "91 characters, 1 to 90"),
    ("title with a dot", "title: Two", "title: Two.", 19, "ends with a dot"),
    ("empty text", "text: Because.", "text: ''", 20, "text has 0 characters"),
    ("bad severity", "severity: high", "severity: severe", 21, "'severe' is none of info low"),
    ("unknown ATT&CK id", "[T1582]", "[T1999]", 6, "there is no 'T1999'"),
    ("bad ATT&CK id", "[T1582]", "[1582]", 6, "put it in quotes"),
    ("ATT&CK id twice", "[T1582]", "[T1582, T1582]", 6, "'T1582' stands twice"),
    ("ATT&CK no list", "[T1582]", "T1582", 6, "must be a list"),
    ("unknown threat", "malware.banker", "malware.bunker", 23, "there is no 'malware.bunker'"),
    ("threat of another kind", "malware.banker", "network.odd", 23, "of malware.*"),
    ("family without verdict", "  verdict: malicious\n", "", 18, "belong together"),
    ("unknown verdict", "verdict: malicious", "verdict: clean", 24, "none of unwanted"),
    ("sure of everything", "confidence: 0.9", "confidence: 1.0", 25, "between 0 and 1"),
    ("unknown atom", *when("premission: X"), 28, "no atom 'premission'"),
    ("two atoms in a line", *when("{ permission: X, calls: La/B;->c }"), 28, "is one key"),
    ("empty group", *when("all: []"), 28, "is empty: it can never hold"),
    ("group is no list", *when("all: { permission: X }"), 28, "must be a list"),
    ("line twice", *when("rule: a.one"), 29, "stands twice in this 'any'"),
    ("needed and excluded", "    - not: { launcher: false }\n", "    - not: [{ permission: SEND_SMS }]\n",
     17, "it can never hold"),
    ("only not", "  when:\n    any:\n    - rule", "  when:\n    not:\n    - rule", 27, "not only 'not'"),
    ("too deep", *when("all: [{ any: [{ all: [{ any: [{ all: [{ any: [{ all: [{ rule: a.one }] }] }] }]"
                       " }] }] }]"), 28, "more than 6 levels"),
    ("atom of another kind", *when("entitlement: x"), 28, "never hold for this kind"),
    ("permission with a space", *when("permission: SEND SMS"), 28, "is not a permission"),
    ("empty component", *when("service: {}"), 28, "says nothing"),
    ("unknown key of a component", *when("service: { actoin: x }"), 28, "unknown key 'actoin'"),
    ("authority of a service", *when("service: { authority: x }"), 28, "has no authority"),
    ("priority out of range", *when("receiver: { priority_min: 3000000000 }"), 28, "is not between"),
    ("exported no", *when("receiver: { exported: false }"), 28, "only true"),
    ("launcher true", *when("launcher: true"), 28, "only false"),
    ("unknown flag", *when("flag: debugable"), 28, "is not one of debuggable"),
    ("level zero", *when("target_sdk_max: 0"), 28, "is not between"),
    ("level as text", *when("target_sdk_max: '3'"), 28, "whole number"),
    ("call with a prototype", *when("calls: La/B;->c()V"), 28, "without a prototype"),
    ("call without a method", *when("calls: La/B;"), 28, "without a prototype"),
    ("class with dots", *when("extends: La.b.C;"), 28, "is not a class"),
    ("class without L", *when("refers: a/b/C;"), 28, "CLASS or CLASS->METHOD"),
    ("prefix too short", *when("class: L"), 28, "beginning of a class"),
    ("needle too short", *when("string_has: abcde"), 28, "6 to 120"),
    ("more strings than there are", "count: 2", "count: 3", 29, "3 of 2 strings: it can never hold"),
    ("number for a string", *when("string: 7"), 28, "put it in quotes"),
    ("same string twice", *when("string: [x, x]"), 28, "'x' stands twice"),
    ("symbol", *when("native_import: 'a b'"), 28, "is not a symbol"),
    ("absolute file", *when("file: /data/x"), 28, "can never hold"),
    ("every file", *when("file: '*'"), 28, "every entry"),
    ("reach without to", *when("reach: { from: any }"), 28, "'to' is missing"),
    ("reach nothing", *when("reach: { from: any, to: [] }"), 28, "1 to 16"),
    ("reach too deep", *when("reach: { from: any, to: [La/B;->c], depth: 99 }"), 28, "is not between"),
    ("reach from all of a class", *when("reach: { from: 'La/B;->*', to: [La/B;->c] }"), 28,
     "name the method"),
    ("reach twice the same", *when("reach: { from: any, to: [La/B;->c, La/B;->c] }"), 28, "twice"),
    ("sequence of one", *when("sequence: { calls: [La/B;->c] }"), 28, "2 to 8"),
    ("dangling rule", "rule: a.one", "rule: a.none", 28, "there is no 'a.none'"),
    ("rule of itself", "rule: a.one", "rule: b.two", 28, "in a circle: b.two -> b.two"),
    ("circle", "    - permission: SEND_SMS\n", "    - permission: SEND_SMS\n    - rule: b.two\n", 29,
     "in a circle: a.one -> b.two -> a.one"),
    ("not YAML", "title: Two", "title: @Two", 19, "cannot start any token"),
    ("rule is no mapping", "- id: b.two\n", "- words\n- id: b.two\n", 18, "must be a mapping"),
]


class Generator(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.put("attack.tsv", "# source\nid\tname\nT1582\tSMS Control\n")
        self.put("threats.yaml", "threats:\n- id: malware.banker\n- id: network.odd\n")

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def put(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def run_on(self, text, *more, rules="r.yaml", threats="threats.yaml"):
        self.put("r.yaml", text)
        return subprocess.run(
            [sys.executable, GENERATOR, self.path(rules), "--attack", self.path("attack.tsv"),
             "--threats", self.path(threats), *more],
            capture_output=True, text=True, timeout=60, check=False)

    def test_good(self):
        done = self.run_on(GOOD, "--c", "-")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("pk_rule_count = 2;", done.stdout)
        self.assertEqual(done.stdout, self.run_on(GOOD, "--c", "-").stdout)

    def test_bad(self):
        for name, old, new, line, words in BAD:
            with self.subTest(name):
                self.assertEqual(GOOD.count(old), 1, "the test's own replacement")
                done = self.run_on(GOOD.replace(old, new), "--c", self.path("out.c"))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(f"r.yaml:{line}: ", done.stderr)
                self.assertIn(words, done.stderr)
                self.assertNotIn("Traceback", done.stderr)
                self.assertFalse(os.path.exists(self.path("out.c")), "written in spite of the fault")

    def test_kinds(self):
        self.assertEqual(self.run_on(IOS).returncode, 0)
        done = self.run_on(IOS.replace("kind: ios", "kind: apk"))
        self.assertIn("r.yaml:10: entitlement can never hold", done.stderr)
        os.remove(self.path("threats.yaml"))  # the folder is read as rules
        os.mkdir(self.path("cat"))
        self.put("cat/threats.yaml", "threats:\n- id: malware.banker\n")
        self.put("other.yaml", GOOD)
        done = self.run_on(IOS + "    - rule: a.one\n", rules="", threats="cat/threats.yaml")
        self.assertIn("r.yaml:11: rule: 'a.one' can never hold for kind ios", done.stderr)

    def test_order(self):
        """What a rule builds on comes first, however they are named."""
        text = GOOD.replace("b.two", "a.a")
        table = self.run_on(text, "--c", "-").stdout
        self.assertLess(table.index('.id = "a.one"'), table.index('.id = "a.a"'))

    def test_subclasses(self):
        """A method of the platform is also called through its known subclasses."""
        text = GOOD.replace("calls: La/B;->c", "calls: Landroid/content/Context;->startService")
        table = self.run_on(text, "--c", "-").stdout
        self.assertIn('"Landroid/app/Activity;->startService"', table)

    def test_page(self):
        page = self.path("page.md")
        self.assertEqual(self.run_on(GOOD, "--markdown", page).returncode, 0)
        self.assertEqual(self.run_on(GOOD, "--same-markdown", page).returncode, 0)
        done = self.run_on(GOOD.replace("title: Two", "title: Too"), "--same-markdown", page)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not what the rules say", done.stderr)
        with open(page, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn("`a.C.d()` and `a.C.e()` or `a.C.f()` are called", text)
        self.assertIn("  - at least one of:\n    - the rule `a.one` holds\n", text)

    def test_files(self):
        self.assertEqual(self.run_on("").returncode, 1)
        self.assertEqual(self.run_on("rules: []\n").returncode, 1)
        done = self.run_on(GOOD, "--c", self.path("no/such/folder.c"))
        self.assertEqual(done.returncode, 3)
        self.assertIn("No such file", done.stderr)
        done = self.run_on(GOOD, "--c", self.path("t.c"), "--depfile", self.path("t.d"))
        with open(self.path("t.d"), encoding="utf-8") as stream:
            self.assertIn(self.path("r.yaml"), stream.read())


if __name__ == "__main__":
    GENERATOR = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
