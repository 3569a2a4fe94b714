"""Compares the tables in docs/privacy.md with those that the program prints; --write renews them.

    privacy_page.py PROGRAM PAGE [--write]
"""

import difflib
import subprocess
import sys

BEGIN = "<!-- fields: made from the tables in src/model/observation.c by tests/lint/privacy_table.c -->\n"
END = "<!-- end of fields -->\n"


def main():
    program, page = sys.argv[1:3]
    made = subprocess.run([program], capture_output=True, text=True, check=True, timeout=60).stdout
    with open(page, encoding="utf-8") as stream:
        text = stream.read()
    head, begin, rest = text.partition(BEGIN)
    held, end, tail = rest.partition(END)
    if not begin or not end:
        print(f"{page}: the comments around the tables are missing", file=sys.stderr)
        return 1
    if "--write" in sys.argv[3:]:
        with open(page, "w", encoding="utf-8") as stream:
            stream.write(head + begin + made + end + tail)
        return 0
    if held != made:
        print(f"{page}: differs from the code; renew it with --write", file=sys.stderr)
        sys.stderr.writelines(difflib.unified_diff(
            held.splitlines(True), made.splitlines(True), "page", "code", n=0))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
