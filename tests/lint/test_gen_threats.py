"""Feeds tools/gen-threats.py one good catalogue and many with one fault each, and compares the exact
line and the words of the complaint. Arguments: the generator and the real catalogue."""

import os
import subprocess
import sys
import tempfile
import unittest

GOOD = """\
threats:
- id: network.one
  vector: network
  severity: high
  urgency: now
  title: '"{subject}" is odd'
  why: Because of a "proxy".
  next:
    - Leave it.
  admin: Look at it.
  ends_when: it ends
  attack: [T1638]
  nist: [LPN-2]
- id: physical.two
  vector: physical
  severity: info
  urgency: info
  title: Two
  why: Because.
  next: [A, B, C]
  admin: Look.
  ends_when: it ends
  attack: []
  nist: []
"""

# name, what to replace in GOOD, by what, the line of the complaint, words in it
BAD = [
    ("unknown key", "  why: Because.\n", "  why: Because.\n  whi: x\n", 20, "unknown key 'whi'"),
    ("unknown key at the top", "threats:\n", "version: 1\nthreats:\n", 1, "unknown key 'version'"),
    ("repeated key", "  title: Two\n", "  title: Two\n  title: Three\n", 19, "'title' stands twice"),
    ("missing key", "  ends_when: it ends\n  attack: [T1638]", "  attack: [T1638]", 2,
     "'ends_when' is missing"),
    ("vector of another id", "vector: physical", "vector: network", 15, "differs from id"),
    ("unknown vector", "vector: physical", "vector: cloud", 15, "none of network malware"),
    ("bad severity", "severity: high", "severity: severe", 4, "'severe' is none of info low"),
    ("bad urgency", "urgency: now", "urgency: soon", 5, "'soon' is none of"),
    ("info that alerts", "urgency: info", "urgency: now", 17, "never alerts"),
    ("title too long", "title: Two", "title: " + "x" * 81, 18, "81 characters, at most 80"),
    ("why too long", "why: Because.", "why: " + "x" * 141, 19, "at most 140"),
    ("notice too long", "why: Because.", "why: " + "x" * 138, 19, "141 characters together"),
    ("step too long", "    - Leave it.", "    - " + "x" * 101, 9, "at most 100"),
    ("empty text", "admin: Look.", "admin: ''", 21, "admin is empty"),
    ("no steps", "next: [A, B, C]", "next: []", 20, "0 steps"),
    ("four steps", "next: [A, B, C]", "next: [A, B, C, D]", 20, "4 steps"),
    ("steps are no list", "next: [A, B, C]", "next: A", 20, "must be a list"),
    ("number for a text", "title: Two", "title: 2", 18, "put it in quotes"),
    ("boolean for a text", "title: Two", "title: yes", 18, "put it in quotes"),
    ("id in capitals", "id: physical.two", "id: physical.Two", 14, "must be a vector, a dot"),
    ("id without a dot", "id: physical.two", "id: physical", 14, "must be a vector, a dot"),
    ("ids out of order", "id: network.one\n  vector: network", "id: physical.zzz\n  vector: physical",
     14, "must stand before 'physical.zzz'"),
    ("id twice", "id: network.one\n  vector: network", "id: physical.two\n  vector: physical", 14,
     "id 'physical.two' stands twice"),
    ("other placeholder", "title: Two", "title: Two {name}", 18, "only placeholder"),
    ("placeholder without quotes", '"{subject}" is', "{subject} is", 6, "in double quotes"),
    ("placeholder for the admin", "admin: Look.", "admin: Look {subject}.", 21, "must not use"),
    ("double space", "why: Because.", "why: Because  of.", 19, "spaces"),
    ("line break", "why: Because.", 'why: "Because\\nof."', 19, "line breaks"),
    ("invisible character", "why: Because.", 'why: "Because\\u202e."', 19, "control characters"),
    ("acronym", "why: Because.", "why: Because of DNS.", 19, "acronym 'DNS'"),
    ("jargon", "    - Leave it.", "    - Leave the gateway.", 9, "'gateway' is jargon"),
    ("malformed ATT&CK id", "[T1638]", "[T16]", 12, "'T16' is no such id"),
    ("unknown ATT&CK id", "[T1638]", "[T1999]", 12, "'T1999' is not in the list"),
    ("unknown NIST id", "[LPN-2]", "[LPN-99]", 13, "'LPN-99' is not in the list"),
    ("NIST ids out of order", "[LPN-2]", "[LPN-3, LPN-2]", 13, "must stand before 'LPN-3'"),
    ("NIST id twice", "[LPN-2]", "[LPN-2, LPN-2]", 13, "stands twice"),
    ("threat without ids", "  attack: [T1638]\n  nist: [LPN-2]", "  attack: []\n  nist: []", 12,
     "at least one"),
    ("entry is no mapping", "- id: physical.two\n", "- just words\n- id: physical.two\n", 14,
     "must be a mapping"),
    ("careful and loud", "  urgency: now", "  urgency: now\n  careful: true", 5, "never interrupts"),
    ("careful is no truth", "title: Two", "careful: maybe\n  title: Two", 18, "careful must be true"),
    ("not YAML", "title: Two", "title: @Two", 18, "cannot start any token"),
]


class Generator(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.put("attack.tsv", "# source\nid\tname\nT1638\tAdversary-in-the-Middle\n")
        self.put("nist.tsv", "# source\nid\ttitle\nLPN-2\tEaves\nLPN-3\tHotspot\n")

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def put(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def run_on(self, text, *more):
        self.put("t.yaml", text)
        return subprocess.run(
            [sys.executable, GENERATOR, self.path("t.yaml"), "--attack", self.path("attack.tsv"),
             "--nist", self.path("nist.tsv"), *more],
            capture_output=True, text=True, timeout=60, check=False)

    def test_good(self):
        done = self.run_on(GOOD, "--c", "-")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('.title = "\\"{subject}\\" is odd"', done.stdout)
        self.assertIn("pk_threat_table_count = 2;", done.stdout)
        self.assertEqual(done.stdout, self.run_on(GOOD, "--c", "-").stdout)

    def test_bad(self):
        for name, old, new, line, words in BAD:
            with self.subTest(name):
                self.assertEqual(GOOD.count(old), 1, "the test's own replacement")
                done = self.run_on(GOOD.replace(old, new), "--c", self.path("out.c"))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(f"t.yaml:{line}: ", done.stderr)
                self.assertIn(words, done.stderr)
                self.assertNotIn("Traceback", done.stderr)
                self.assertFalse(os.path.exists(self.path("out.c")), "written in spite of the fault")

    def test_page(self):
        page = self.path("page.md")
        self.assertEqual(self.run_on(GOOD, "--markdown", page).returncode, 0)
        self.assertEqual(self.run_on(GOOD, "--same-markdown", page).returncode, 0)
        done = self.run_on(GOOD.replace("Two", "Too"), "--same-markdown", page)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not what the catalogue says", done.stderr)

    def test_files(self):
        self.assertEqual(self.run_on("").returncode, 1)
        self.assertEqual(self.run_on("threats: []\n").returncode, 1)
        done = self.run_on(GOOD, "--c", self.path("no/such/folder.c"))
        self.assertEqual(done.returncode, 3)
        self.assertIn("No such file", done.stderr)

    def test_stalkerware_is_careful(self):
        """Never 'remove it' to the person first, no name of the app, nothing loud."""
        with open(CATALOGUE, encoding="utf-8") as stream:
            text = stream.read()
        entry = text[text.index("- id: malware.stalkerware"):]
        entry = entry[:entry.index("\n- id: ")]
        told = entry[entry.index("  title:"):entry.index("  admin:")].lower()
        self.assertNotIn("uninstall", told)
        self.assertNotIn("{subject}", told)
        self.assertNotIn("urgency: now", entry)


if __name__ == "__main__":
    GENERATOR, CATALOGUE = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
