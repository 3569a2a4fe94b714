"""Feeds tools/gen-appfacts.py good lists and lists with one fault each, and compares the line and the words of the
complaint; then looks whether the hash tables of the real ones find every mark. Argument: the repository."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1)).resolve()
GENERATOR = ROOT / "tools" / "gen-appfacts.py"
GOOD = {
    "sdks": "sdks:\n- {id: a.one, name: One, kind: crash, classes: [com.one]}\n"
            "- {id: b.two, name: Two, kind: analytics, files: [libtwo.so], metadata: [TWO]}\n",
    "packers": "packers:\n- {name: Alpha, files: [libalpha.so, libal-*]}\n- {name: Beta, classes: [b.c], commercial: false}\n",
    "libraries": "libraries:\n- name: Lib\n  banner: [\"Lib \"]\n  cves:\n"
                 "  - {id: CVE-2020-1234, from: \"1.0\", fixed: \"1.0.1\", severity: high}\n",
}

# file, what to replace, by what, line of the complaint, words in it
BAD = [
    ("sdks", "kind: crash", "kind: crush", 2, "kind 'crush' must be one of"),
    ("sdks", "id: a.one", "id: one", 2, "must be 'maker.product'"),
    ("sdks", "id: a.one", "id: b.two", 2, "'b.two' stands twice"),
    ("sdks", "id: a.one", "id: c.one", 3, "comes too late"),
    ("sdks", ", classes: [com.one]", "", 2, "no mark"),
    ("sdks", "classes: [com.one]", "classes: [com/one]", 2, "is no package"),
    ("sdks", "classes: [com.one]", "class: [com.one]", 2, "key 'class' is unknown"),
    ("sdks", "name: Two, ", "", 3, "key 'name' is missing"),
    ("sdks", "files: [libtwo.so]", "files: libtwo.so", 3, "a list of texts"),
    ("sdks", "files: [libtwo.so]", "files: [libtwo.so, libtwo.so]", 3, "stands twice"),
    ("sdks", "kind: crash,", "kind: crash, kind: push,", 2, "key stands twice"),
    ("packers", "files: [libalpha.so, libal-*]", "file: [x]", 2, "is unknown"),
    ("packers", ", classes: [b.c]", "", 3, "no mark"),
    ("packers", "b.c", "com.one", None, "stands for two"),
    ("libraries", "CVE-2020-1234", "CVE-20-1234", 2, "is no CVE id"),
    ("libraries", "fixed: \"1.0.1\"", "fixed: 1.1", 2, "no version in quotes"),
    ("libraries", "severity: high", "severity: worst", 2, "severity 'worst'"),
    ("libraries", "banner: [\"Lib \"]", "banner: [\"Lib \"]\n  maven: [lib]", 2, "is not group:artifact"),
    ("libraries", ", severity: high", "", 2, "key 'severity' is missing"),
]


def run(texts):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in texts.items():
            paths.append(Path(folder) / f"{name}.yaml")
            paths[-1].write_text(text, encoding="utf-8")
        out = Path(folder) / "out.c"
        done = subprocess.run([sys.executable, GENERATOR, *paths, "--c", out], capture_output=True, text=True)
        return done, out.read_text(encoding="utf-8") if out.exists() else ""


class Lists(unittest.TestCase):
    def test_good(self):
        done, out = run(GOOD)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('{ "a.one", "One", PK_APP_SDK_CRASH, false }', out)
        self.assertIn('{ "b.two", "Two", PK_APP_SDK_ANALYTICS, true }', out)
        self.assertIn('{ "Beta", false }', out)
        self.assertIn('{ "CVE-2020-1234", "1.0", "1.0.1", PK_SEVERITY_HIGH, false }', out)

    def test_bad(self):
        for name, old, new, line, words in BAD:
            with self.subTest(name=name, new=new):
                self.assertIn(old, GOOD[name])
                done, out = run({**GOOD, name: GOOD[name].replace(old, new, 1)})
                self.assertEqual((done.returncode, out), (1, ""))
                self.assertIn(words, done.stderr)
                if line is not None:
                    self.assertIn(f"{name}.yaml:{line}:", done.stderr)

    def test_tables(self):
        """Every mark is where its hash says."""
        _, out = run({n: (ROOT / "data" / f"{n}.yaml").read_text(encoding="utf-8") for n in GOOD})
        count = 0
        for where in ("classes", "paths", "files", "metadata", "frameworks"):
            marks = re.search(rf"{where}_marks\[\] = {{\n(.*?)\n}};", out, re.S)[1].splitlines()
            slots = [int(n) for n in re.search(rf"{where}_slots\[\d+\] = {{\n(.*?)\n}};", out, re.S)[1].replace("\n", " ")
                     .replace(" ", "").strip(",").split(",")]
            for i, line in enumerate(marks):
                text = re.search(r'"(.*?)"', line)[1]
                at = 2166136261
                for byte in text.encode():
                    at = (at ^ byte) * 16777619 & 0xFFFFFFFF
                at &= len(slots) - 1
                while slots[at] not in (0, i + 1):
                    at = (at + 1) & (len(slots) - 1)
                self.assertEqual(slots[at], i + 1, text)
                count += 1
        self.assertGreater(count, 500)


if __name__ == "__main__":
    unittest.main()
