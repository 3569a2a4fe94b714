#!/usr/bin/env python3
"""Checks data/sdks.yaml, packers.yaml and libraries.yaml and turns them into the tables behind
src/defense/malware/facts_table.h. Strict: an unknown, missing or repeated key is an error with its line.

Exit status: 0 written or fine, 1 a file is wrong, 2 wrong usage.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

KINDS = ("other", "advertising", "analytics", "crash", "framework", "identification", "location", "packer",
         "payment", "plugin", "push", "remote", "security", "social")
TRACKERS = {"advertising", "analytics", "identification", "location"}
SEVERITIES = ("info", "low", "medium", "high", "critical")
WHERE = ("classes", "paths", "files", "metadata", "frameworks")
ID = re.compile(r"[a-z0-9][a-z0-9_]*\.[a-z0-9][a-z0-9_]*")
CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,7}")
VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]*")
CLASS = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*")


class Loader(yaml.SafeLoader):
    """Remembers where each entry began and refuses keys that stand twice."""


def mapping(loader, node):
    keys = [key.value for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise SystemExit(f"{node.start_mark.name}:{node.start_mark.line + 1}: key stands twice: {twice}")
    value = loader.construct_mapping(node, deep=True)
    value["line"] = node.start_mark.line + 1
    return value


Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


class Wrong(Exception):
    """One thing that is not as it must be."""


def check_keys(entry, need, may):
    keys = set(entry) - {"line"}
    for key in sorted(need - keys):
        raise Wrong(f"key '{key}' is missing")
    for key in sorted(keys - need - may):
        raise Wrong(f"key '{key}' is unknown")


def check_texts(entry, *names):
    for name in names:
        value = entry.get(name, [])
        if not isinstance(value, list) or any(not isinstance(v, str) or not v for v in value):
            raise Wrong(f"{name}: a list of texts")
        if len(set(value)) != len(value):
            raise Wrong(f"{name}: one stands twice")


def check_classes(entry):
    for name in entry.get("classes", []):
        if not CLASS.fullmatch(name):
            raise Wrong(f"'{name}' is no package or class")


def check_sdk(entry):
    check_keys(entry, {"id", "name", "kind"}, {"tracker", "classes", "metadata", "files", "frameworks"})
    check_texts(entry, "classes", "metadata", "files", "frameworks")
    check_classes(entry)
    if not ID.fullmatch(entry["id"]):
        raise Wrong(f"id '{entry['id']}' must be 'maker.product'")
    if entry["kind"] not in KINDS:
        raise Wrong(f"kind '{entry['kind']}' must be one of {', '.join(KINDS)}")
    if not isinstance(entry.get("tracker", True), bool):
        raise Wrong("tracker: true or false")
    if not any(entry.get(key) for key in ("classes", "metadata", "files", "frameworks")):
        raise Wrong("no mark by which it could be recognised")


def check_packer(entry):
    check_keys(entry, {"name"}, {"files", "classes", "native", "commercial"})
    check_texts(entry, "files", "classes", "native")
    check_classes(entry)
    if not any(entry.get(key) for key in ("files", "classes", "native")):
        raise Wrong("no mark by which it could be recognised")


def check_cve(cve):
    check_keys(cve, {"id", "fixed", "severity"}, {"from", "exploited"})
    if not CVE.fullmatch(cve["id"]):
        raise Wrong(f"'{cve['id']}' is no CVE id")
    if cve["severity"] not in SEVERITIES:
        raise Wrong(f"{cve['id']}: severity '{cve['severity']}'")
    for key in ("from", "fixed"):
        if key in cve and not (isinstance(cve[key], str) and VERSION.fullmatch(cve[key])):
            raise Wrong(f"{cve['id']}: {key} '{cve[key]}' is no version in quotes")


def check_library(entry):
    check_keys(entry, {"name"}, {"banner", "exact", "sqlite", "code", "maven", "string", "cves"})
    check_texts(entry, "banner", "maven", "string")
    for coordinate in entry.get("maven", []):
        if coordinate.count(":") != 1:
            raise Wrong(f"'{coordinate}' is not group:artifact")
    for cve in entry.get("cves", []):
        check_cve(cve)


def load(path, key, check):
    with open(path, encoding="utf-8") as stream:
        entries = yaml.load(stream, Loader)[key]
    bad = []
    for entry in entries:
        try:
            check(entry)
        except Wrong as wrong:
            bad.append((entry["line"], str(wrong)))
    names = [str(e.get("id", e.get("name", ""))) for e in entries]
    bad += [(e["line"], f"'{n}' stands twice") for e, n in zip(entries, names) if names.count(n) > 1]
    for (entry, after), before in zip(zip(entries[1:], names[1:]), names):
        if after.lower() < before.lower():
            bad.append((entry["line"], f"entries must be sorted: '{after}' comes too late"))
    if bad:
        raise SystemExit("\n".join(f"{path}:{line}: {text}" for line, text in bad))
    return entries


def quoted(text):
    """A C string of ASCII and, as octal, of all else."""
    out = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode())
    return f'"{out}"'


def fnv(text):
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def marks_of(entries, of):
    """(where, text, of, row) of every mark; the * ones apart."""
    for row, entry in enumerate(entries):
        for name in entry.get("classes", []):
            yield "classes", name.replace(".", "/"), of, row
        for name in entry.get("files", []):
            yield "prefix" if name.endswith("*") else "paths" if "/" in name else "files", name.rstrip("*"), of, row
        for where in ("metadata", "frameworks"):
            for name in entry.get(where, []):
                yield where, name, of, row


def hash_table(where, marks):
    size = 16
    while size < 3 * len(marks):
        size *= 2
    slots = [0] * size
    for i, (text, _, _) in enumerate(marks):
        at = fnv(text) & (size - 1)
        while slots[at]:
            at = (at + 1) & (size - 1)
        slots[at] = i + 1
    out = [f"static const struct pk_facts_mark {where}_marks[] = {{"]
    out += [f"    {{ {quoted(t)}, {len(t.encode())}, {of}, {row} }}," for t, of, row in marks]
    out += ["};", f"static const uint16_t {where}_slots[{size}] = {{"]
    out += ["    " + ", ".join(map(str, slots[i:i + 24])) + "," for i in range(0, size, 24)]
    return out + ["};"], f"    {{ {where}_marks, {where}_slots, {size - 1} }},"


def list_of(kind, name, rows, count=None):
    body = rows or ["{ 0 }"]
    return [f"const struct {kind} {name}[] = {{", *(f"    {r}," for r in body), "};",
            f"const size_t {count or name[:-1] + '_count'} = {len(rows)};"]


def c_marks(sdks, packers):
    marks = {where: [] for where in WHERE}
    prefixes = []
    seen = {}
    for entries, of in ((sdks, 0), (packers, 1)):
        for where, text, of, row in marks_of(entries, of):
            if (where, text) in seen:
                raise SystemExit(f"'{text}' stands for two: {seen[where, text]} and {entries[row]['name']}")
            seen[where, text] = entries[row]["name"]
            if where == "prefix":
                prefixes.append((text, row))
            else:
                marks[where].append((text, of, row))
    out, rows = [], []
    for where in WHERE:
        text, row = hash_table(where, marks[where])
        out += text
        rows.append(row)
    out += ["const struct pk_facts_marks pk_facts_marks[PK_FACTS_WHERE_COUNT] = {", *rows, "};"]
    return out + list_of("pk_facts_prefix", "pk_facts_file_prefixes",
                         [f"{{ {quoted(t)}, {len(t)}, {row} }}" for t, row in prefixes],
                         "pk_facts_file_prefix_count")


def c_entries(sdks, packers):
    rows = []
    for e in sdks:
        tracker = str(e.get("tracker", e["kind"] in TRACKERS)).lower()
        rows.append(f"{{ {quoted(e['id'])}, {quoted(e['name'])}, PK_APP_SDK_{e['kind'].upper()}, {tracker} }}")
    out = list_of("pk_facts_sdk", "pk_facts_sdks", rows)
    out += list_of("pk_facts_packer", "pk_facts_packers",
                   [f"{{ {quoted(e['name'])}, {str(e.get('commercial', True)).lower()} }}" for e in packers])
    magics = [(t, row) for row, e in enumerate(packers) for t in e.get("native", [])]
    return out + list_of("pk_facts_prefix", "pk_facts_magics",
                         [f"{{ {quoted(t)}, {len(t)}, {row} }}" for t, row in magics])


def or_null(text):
    return quoted(text) if text is not None else "NULL"


def c_libraries(libraries):
    out, rows = [], []
    for row, e in enumerate(libraries):
        cves = e.get("cves", [])
        if cves:
            out += [f"static const struct pk_facts_cve cves_{row}[] = {{"]
            out += [f"    {{ {quoted(c['id'])}, {or_null(c.get('from'))}, {quoted(c['fixed'])}, "
                    f"PK_SEVERITY_{c['severity'].upper()}, {str(c.get('exploited', False)).lower()} }}," for c in cves]
            out += ["};"]
        rows.append(f"{{ {quoted(e['name'])}, {f'cves_{row}' if cves else 'NULL'}, {len(cves)}, "
                    f"{str(e.get('sqlite', False)).lower()}, {or_null(e.get('code'))} }}")
    out += list_of("pk_facts_library", "pk_facts_libraries", rows, "pk_facts_library_count")
    return out


def c_banners(libraries):
    banners = [(t, row, None) for row, e in enumerate(libraries) for t in e.get("banner", [])]
    banners += [(t, row, v) for row, e in enumerate(libraries) for t, v in e.get("exact", {}).items() if t != "line"]
    banners.sort()
    first = [len(banners)] * 256
    for at, (text, _, _) in reversed(list(enumerate(banners))):
        first[text.encode()[0]] = at
    form = "{{ {}, {}, {}, {} }}".format
    out = list_of("pk_facts_banner", "pk_facts_banners",
                  [form(quoted(t), len(t.encode()), row, or_null(v)) for t, row, v in banners])
    out += ["const uint8_t pk_facts_banner_first[256] = {"]
    out += ["    " + ", ".join(map(str, first[i:i + 16])) + "," for i in range(0, 256, 16)] + ["};"]
    strings = [(t, row) for row, e in enumerate(libraries) for t in e.get("string", [])]
    out += list_of("pk_facts_banner", "pk_facts_strings",
                   [form(quoted(t), len(t.encode()), row, "NULL") for t, row in strings])
    coordinates = sorted((t, row) for row, e in enumerate(libraries) for t in e.get("maven", []))
    return out + list_of("pk_facts_coordinate", "pk_facts_coordinates",
                         [f"{{ {quoted(t)}, {row} }}" for t, row in coordinates])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("sdks")
    parser.add_argument("packers")
    parser.add_argument("libraries")
    parser.add_argument("--c", type=Path)
    args = parser.parse_args()
    sdks = load(args.sdks, "sdks", check_sdk)
    packers = load(args.packers, "packers", check_packer)
    libraries = load(args.libraries, "libraries", check_library)
    lines = ["/* made from data/sdks.yaml, packers.yaml and libraries.yaml by tools/gen-appfacts.py */",
             '#include "defense/malware/facts_table.h"', ""]
    lines += c_entries(sdks, packers) + c_marks(sdks, packers) + c_libraries(libraries) + c_banners(libraries)
    if args.c:
        args.c.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
