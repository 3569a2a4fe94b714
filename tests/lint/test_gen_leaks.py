"""Feeds tools/gen-leaks.py the real file and many small ones with one fault each, and compares the words of
the complaint. Arguments: the generator and the real file."""

import os
import subprocess
import sys
import tempfile
import unittest

GOOD = """\
sources:
- data: id
  attack: [T1426]
  calls:
  - La/A;->get
  fields:
  - La/A;->CONTENT_URI
  uris: ["content://a"]
sinks:
- to: network
  attack: []
  calls:
  - La/B;->send 0,2
flows:
- does: copy
  from: [0]
  into: [1]
  calls:
  - La/C;->copy
- does: put
  family: extras
  key: 1
  calls:
  - La/C;->put
- does: put
  family: preferences
  key: 1
  calls:
  - La/C;->keep
inherits:
  La/C;: [La/B;]
entries:
  manifest: [La/A;]
  either: []
  framework: []
  names: [run]
  params:
  - { name: run, param: 1, cell: extras }
  returns:
  - { name: run, cell: extras }
"""

# name, what to replace in GOOD, by what, words of the complaint
BAD = [
    ("unknown key", "  attack: [T1426]\n", "  attack: [T1426]\n  atack: x\n", "key 'atack' is unknown"),
    ("missing key", "  attack: [T1426]\n", "", "key 'attack' is missing"),
    ("repeated key", "- data: id\n", "- data: id\n  data: id\n", "key stands twice: ['data']"),
    ("unknown key at the top", "sources:\n", "version: 1\nsources:\n", "key 'version' is unknown"),
    ("no ATT&CK id", "[T1426]", "[T14]", "'T14' is no ATT&CK id"),
    ("no method", "La/A;->get", "a.A.get", "is no \"Lclass;->name\""),
    ("a method twice", "La/C;->copy", "La/A;->get", "'La/A;->get' stands twice"),
    ("an argument too far", "send 0,2", "send 32", "arguments end at 31"),
    ("unknown flow", "does: copy", "does: copies", "'copies' is nothing that a method does"),
    ("a flow without its key", "  from: [0]\n", "", "key 'from' is missing"),
    ("a circle", "  La/C;: [La/B;]\n", "  La/C;: [La/B;]\n  La/B;: [La/C;]\n", "a circle"),
    ("no class above", "[La/B;]", "[B]", "no class"),
    ("a callback without a parameter", "param: 1, ", "", "key 'param' is missing"),
]


def run(*args):
    return subprocess.run([sys.executable, GENERATOR, *args], capture_output=True, text=True)


class GenLeaks(unittest.TestCase):
    def generate(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path, out = os.path.join(folder, "leaks.yaml"), os.path.join(folder, "out.c")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = run(path, "--c", out)
            written = None
            if os.path.exists(out):
                with open(out, encoding="utf-8") as file:
                    written = file.read()
        return done, written

    def test_good(self):
        done, written = self.generate(GOOD)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('{ "send", 0x5U, 0x0U, PK_LEAK_SINK, 0, 0 }', written)
        self.assertIn('{ "copy", 0x1U, 0x2U, PK_LEAK_COPY, 0, 0 }', written)
        self.assertIn('{ "CONTENT_URI", 0x0U, 0x0U, PK_LEAK_URI, 0, 0 }', written)

    def test_bad(self):
        for name, old, new, words in BAD:
            with self.subTest(name):
                self.assertIn(old, GOOD)
                done, written = self.generate(GOOD.replace(old, new, 1))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertIsNone(written)

    def test_real(self):
        done = run(REAL)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    GENERATOR, REAL = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
