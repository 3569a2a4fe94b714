#!/usr/bin/env python3
"""gen-features.py FEATURES.tsv OUT.c - what the classifier looks for in an app, as tables for features.c.

Checks the file strictly: four columns, known kinds, no feature twice, words that fit the report. Names and calls become
one sorted list, so that each is looked up once by bisection."""

import sys

KINDS = ("permission", "action", "name", "call", "text")
TEXT_MAX = 200


def fail(path, number, why):
    sys.exit(f"{path}:{number}: {why}")


def read(path):
    rows = []
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        if line.startswith("#"):
            continue
        columns = line.rstrip("\n").split("\t")
        if len(columns) != 4 or not all(columns):
            fail(path, number, "not four columns, each with something in it")
        name, kind, spec, words = columns
        if kind not in KINDS:
            fail(path, number, f"unknown kind '{kind}'")
        if any(name == row[0] for row in rows):
            fail(path, number, f"'{name}' a second time")
        if len(words) > TEXT_MAX or not (name + words).isascii() or not spec.isascii():
            fail(path, number, "longer than the report takes, or not ASCII")
        if kind == "text" and len(spec) < 5:
            fail(path, number, "a text of less than 5 characters")
        for item in spec.split():
            if kind == "call" and (item.count(";->") != 1 or not item.startswith("L")):
                fail(path, number, f"'{item}' is no call")
            if "*" in item[:-1] or (kind != "name" and "*" in item):
                fail(path, number, f"'{item}': * stands only at the end of a name")
        rows.append((name, kind, spec, words))
    if not 0 < len(rows) <= 255:
        fail(path, 1, f"{len(rows)} features; a model has 1 to 255")
    return rows


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    source, target = sys.argv[1:3]
    rows = read(source)
    manifest, names, calls, texts = [], [], [], []
    for i, (_, kind, spec, _) in enumerate(rows):
        for item in spec.split():
            if kind in ("permission", "action"):
                manifest.append((kind, item, i))
            elif kind == "name":
                names.append((item.rstrip("*"), item.endswith("*"), i))
            elif kind == "call":
                cls, method = item.split("->")
                calls.append((cls, method, i))
            else:
                texts.append((item, i))
    calls.sort()
    classes = sorted({c for c, _, _ in calls})
    with open(target, "w", encoding="ascii") as out:
        out.write('/* Made by tools/gen-features.py from data/model/features.tsv. */\n'
                  '#include "defense/malware/features_table.h"\n\n')
        out.write("const char *const pk_features_names[] = {\n")
        out.write("".join(f"    {quote(r[0])},\n" for r in rows) + "};\n")
        out.write(f"const size_t pk_features_count = {len(rows)};\n\n")
        out.write("const struct pk_features_word pk_features_permissions[] = {\n")
        out.write("".join(f"    {{ {quote(t)}, {i} }},\n" for k, t, i in sorted(manifest, key=lambda m: m[1])
                          if k == "permission") + "    { NULL, 0 },\n};\n")
        out.write(f"const size_t pk_features_permission_count = {sum(k == 'permission' for k, _, _ in manifest)};\n")
        out.write("const struct pk_features_word pk_features_actions[] = {\n")
        out.write("".join(f"    {{ {quote(t)}, {i} }},\n" for k, t, i in manifest if k == "action"))
        out.write("    { NULL, 0 },\n};\n")
        out.write("const struct pk_features_name pk_features_dex_names[] = {\n")
        out.write("".join(f"    {{ {quote(t)}, {len(t)}, {i}, {str(p).lower()} }},\n" for t, p, i in sorted(names)))
        out.write("    { NULL, 0, 0, false },\n};\n")
        out.write("const struct pk_features_class pk_features_classes[] = {\n")
        for cls in classes:
            mine = [k for k, c in enumerate(calls) if c[0] == cls]
            out.write(f"    {{ {quote(cls)}, {len(cls)}, {mine[0]}, {len(mine)} }},\n")
        out.write("    { NULL, 0, 0, 0 },\n};\n")
        out.write("const struct pk_features_name pk_features_methods[] = {\n")
        out.write("".join(f"    {{ {quote(m)}, {len(m)}, {i}, false }},\n" for _, m, i in calls))
        out.write("    { NULL, 0, 0, false },\n};\n")
        out.write("const struct pk_features_word pk_features_texts[] = {\n")
        out.write("".join(f"    {{ {quote(t)}, {i} }},\n" for t, i in texts) + "    { NULL, 0 },\n};\n")
        pairs = sorted({(t[0], t[4]) for t, _ in texts})
        out.write("const uint8_t pk_features_pairs[][2] = {\n")
        out.write("".join(f"    {{ {ord(a)}, {ord(b)} }},\n" for a, b in pairs) + "    { 0, 0 },\n};\n")
        begins = {ord(t[0]) for t, _ in texts}
        out.write("const bool pk_features_begins[256] = {\n    ")
        out.write(", ".join(str(int(c in begins)) for c in range(256)) + ",\n};\n")


if __name__ == "__main__":
    main()
