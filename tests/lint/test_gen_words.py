"""Feeds tools/gen-words.py the real texts, and a small catalogue with two languages and one fault each, and
compares the exact line and the words of the complaint. Arguments: the generator, the real catalogue, data/lang."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

CATALOGUE = """\
threats:
- id: network.one
  vector: network
  severity: high
  urgency: now
  title: '"{subject}" is odd'
  why: Because of it.
  next:
    - Leave it.
    - Tell it.
  admin: Look at it.
  ends_when: it ends
  attack: [T1638]
  nist: []
"""
ENGLISH = """\
language: en
name: English
words:
  alert.now: ACT NOW
  status.fix: "{n} things to fix"
"""
GERMAN = """\
language: de
name: Deutsch
same:
  - alert.now
words:
  alert.now: ACT NOW
  status.fix: "{n} Punkte"
threats:
  network.one:
    title: '"{subject}" ist seltsam'
    why: Darum.
    next:
      - Gehen Sie.
      - Sagen Sie es.
"""

# (what, text in German, its replacement, line of the complaint, words of it)
FAULTS = [
    ("missing key", '  status.fix: "{n} Punkte"\n', "", 6, "key 'status.fix' is missing"),
    ("extra key", "  alert.now: ACT", "  alert.neu: Neu\n  alert.now: ACT", 6, "'alert.neu' is not in en.yaml"),
    ("key twice", "  alert.now: ACT NOW\n", "  alert.now: ACT NOW\n" * 2, 7, "stands twice"),
    ("placeholder lost", '"{n} Punkte"', "Viele Punkte", 7, "placeholders are none, in English {n}"),
    ("other placeholder", "{n} Punkte", "{m} Punkte", 7, "placeholders are {m}"),
    ("stray brace", "{n} Punkte", "{n} Punkte}", 7, "brace that is no placeholder"),
    ("untranslated", "same:\n  - alert.now\n", "", 4, "still the English text"),
    ("same but different", "alert.now: ACT NOW", "alert.now: JETZT", 6, 'stands under "same" but differs'),
    ("word too long", "{n} Punkte", "{n} " + "Punkte" * 10, 7, "at most 42 are allowed"),
    ("empty", "why: Darum.", "why: ''", 11, "is empty"),
    ("missing threat", GERMAN[GERMAN.index("  network.one"):], "  {}\n", 9, "threat 'network.one' is missing"),
    ("unknown threat", "  network.one:", "  network.two:", 9, "'network.two' is not in the catalogue"),
    ("missing text", "    why: Darum.\n", "", 10, "key 'why' is missing"),
    ("title too long", "ist seltsam", "ist " + "s" * 70, 10, "at most 80 are allowed"),
    ("notice too long", "why: Darum.", "why: " + "D" * 120, 11, "together, at most 140"),
    ("step too long", "Gehen Sie.", "G" * 101, 13, "at most 100 are allowed"),
    ("steps differ", "      - Sagen Sie es.\n", "", 13, "has 1 steps, in English 2"),
    ("subject without quotes", "'\"{subject}\" ist", "'{subject} ist", 10, "in double quotes"),
    ("subject lost", "'\"{subject}\" ist seltsam'", "Das ist seltsam", 10, "placeholders are none"),
    ("acronym", "why: Darum.", "why: Wegen DNS.", 11, "acronym 'DNS'"),
    ("title untranslated", "ist seltsam", "is odd", 10, "still the English text"),
    ("control character", "why: Darum.", 'why: "Dar\\u202eum."', 11, "control characters"),
    ("two spaces", "why: Darum.", "why: Darum  so.", 11, "spaces"),
    ("wrong code", "language: de", "language: at", 1, "as in the file's name"),
    ("no words", GERMAN[GERMAN.index("same:"):GERMAN.index("threats:")], "", 1, "lacks 'words'"),
    ("unknown key above", "name: Deutsch", "name: Deutsch\nextra: 1", 1, "unknown key 'extra'"),
    ("not YAML", "why: Darum.", "why: @Darum", 11, "cannot start any token"),
]


class Generator(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        os.mkdir(self.path("lang"))
        self.put("threats.yaml", CATALOGUE)
        self.put("lang/en.yaml", ENGLISH)

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def put(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def run_generator(self, german, codes=("en", "de")):
        self.put("lang/de.yaml", german)
        return subprocess.run(
            [sys.executable, GENERATOR, self.path("threats.yaml"), self.path("lang"), *codes, "--c", "-"],
            capture_output=True, text=True, check=False)

    def test_good(self):
        done = self.run_generator(GERMAN)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('"{n} Punkte"', done.stdout)
        self.assertIn("pk_language_table_count = 2", done.stdout)

    def test_faults(self):
        for what, text, instead, line, words in FAULTS:
            with self.subTest(what):
                self.assertIn(text, GERMAN)
                done = self.run_generator(GERMAN.replace(text, instead, 1))
                self.assertEqual(done.returncode, 1, what)
                self.assertEqual(done.stdout, "")
                found = [e for e in done.stderr.splitlines()
                         if re.search(r"de\.yaml:%d: " % line, e) and words in e]
                self.assertTrue(found, f"{what}: {done.stderr}")

    def test_folder(self):
        done = self.run_generator(GERMAN, ("en",))
        self.assertEqual(done.returncode, 1)
        self.assertIn("holds the languages de en, asked for are en", done.stderr)
        self.put("lang/fr.yaml", "x")
        self.assertEqual(self.run_generator(GERMAN).returncode, 1)

    def test_real(self):
        codes = sorted(n[:-5] for n in os.listdir(LANG) if n.endswith(".yaml"))
        done = subprocess.run([sys.executable, GENERATOR, CATALOGUE_REAL, LANG, *codes, "--c", "-"],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    GENERATOR, CATALOGUE_REAL, LANG = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1])
