#!/usr/bin/env python3
"""Words that must not be in the project, and files that have grown too long."""

import re
import subprocess
import sys
from pathlib import Path

LINES_MAX = 800
LONG_MAY_BE = ("package-lock.json", "LICENSE", "CHANGELOG.md")
CODE = (".c", ".h", ".py", ".sh", ".ts", ".tsx", ".css", ".mjs", ".build")

# Pattern, why. A folder of somebody's machine or a private registry breaks everybody else's build.
WORDS = [
    (re.compile(r"(?<![\w.~})])/(?:work|home|Users)/\w"), "absolute path of one machine"),
    (re.compile(r'"resolved":\s*"https?:'), "a registry's address in a lock file"),
    (re.compile(r"\bregistry\s*=\s*\S*:"), "a registry's address"),
    (re.compile(r"^(<{7} |>{7} )"), "left over from a merge"),
    (re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b(?!_)"), "unfinished work: finish it or file it"),
]
WORDS_EXEMPT = {"tools/lint_words.py", ".clang-tidy", "LICENSE"}


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True).stdout.decode("utf-8", "surrogateescape").split("\0")
    return [path for path in listed if path and Path(path).is_file()]


def text_of(path):
    """The text, or None for binary files."""
    data = Path(path).read_bytes()
    if b"\0" in data[:8192]:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def complaints(path, text):
    lines = text.splitlines()
    if path.endswith(CODE) and Path(path).name not in LONG_MAY_BE and len(lines) > LINES_MAX:
        yield f"{path}: {len(lines)} lines; a file has at most {LINES_MAX}"
    if path in WORDS_EXEMPT or "/fuzz/corpus/" in path:
        return
    for number, line in enumerate(lines, 1):
        for pattern, why in WORDS:
            if pattern.search(line):
                yield f"{path}:{number}: {why}: {line.strip()[:100]}"


def main():
    bad = 0
    for path in tracked():
        text = text_of(path)
        if text is None:
            continue
        for complaint in complaints(path, text):
            print(complaint)
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
