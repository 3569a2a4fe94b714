#!/usr/bin/env python3
"""What the documents lead to is there, and they lead to all of it: every relative link has its file and, behind a '#', its
heading; docs/architecture.md, the map of the house, links every page of docs/; no picture is kept that no page shows.
Argument: the root of the project."""

import re
import sys
from pathlib import Path

# A page of the project is looked at on slow lines, too; a screenshot with a palette needs less than this.
PICTURE_MAX = 100_000
PICTURES_MAX = 1_000_000
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`(docs/[\w./-]+\.md)(?:#[\w-]+)?`")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)


def slug(heading):
    """A heading's anchor as the common renderers make it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def anchors(path):
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    found = {}
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", text, re.M):
        name = slug(heading)
        found[name] = found.get(name, -1) + 1
    names = {f"{name}-{n}" if n else name for name, last in found.items() for n in range(last + 1)}
    return names | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def leads(page, root):
    """(link as written, file, anchor) of every link that stays in the project."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if not re.match(r"[a-z]+:", link):
            target, _, anchor = link.partition("#")
            yield link, (page.parent / target).resolve() if target else page, anchor
    for name in NAMED.findall(text):
        yield name, root / name, ""


def pages_of(root):
    return [p for p in (*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("bench/*.md"),
                        *root.glob("data/*/*.md"), root / "web" / "README.md")
            if p.is_file() and p.name != "CHANGELOG.md"]


def complaints(root):
    shown, mapped = set(), set()
    for page in pages_of(root):
        for link, target, anchor in leads(page, root):
            where = f"{page.relative_to(root)}: '{link}'"
            if not target.exists():
                yield f"{where} leads nowhere"
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                yield f"{where}: no such heading there"
            shown.add(target)
            if page.name == "architecture.md":
                mapped.add(target)
    for page in sorted((root / "docs").glob("*.md")):
        if page not in mapped and page.name != "architecture.md":
            yield f"docs/{page.name}: docs/architecture.md does not link it"
    pictures = sorted((root / "docs" / "img").iterdir())
    for picture in pictures:
        if picture not in shown:
            yield f"docs/img/{picture.name}: no page shows it"
        if picture.stat().st_size > PICTURE_MAX:
            yield f"docs/img/{picture.name}: {picture.stat().st_size} bytes; at most {PICTURE_MAX} (give it a palette)"
    if sum(p.stat().st_size for p in pictures) > PICTURES_MAX:
        yield f"docs/img: more than {PICTURES_MAX} bytes together"


def main():
    bad = list(complaints(Path(sys.argv[1]).resolve()))
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
