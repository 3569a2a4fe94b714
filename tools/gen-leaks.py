#!/usr/bin/env python3
"""Checks data/leaks.yaml and turns it into the table behind src/defense/malware/leak_rules.h. Strict: an
unknown, missing or repeated key, a method of another form or one with two rules is an error.

Exit status: 0 written or fine, 1 the file is wrong, 2 wrong usage.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

CLASS = r"L[A-Za-z0-9_/$]+;"
MEMBER = re.compile(rf"({CLASS})->([A-Za-z0-9_$<>]+)(?: ([0-9]+(?:,[0-9]+)*))?")
ATTACK = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
# does: the keys that it needs besides calls or fields
FLOWS = {"nothing": set(), "append": set(), "clear": set(), "copy": {"from", "into"}, "same": set(),
         "put": {"family", "key"}, "get": {"family", "key"}, "merge": {"family"}, "push": {"family"},
         "at": {"family", "key"}, "store": {"cell"}, "load": {"cell"}, "leads": {"to"}, "write": set(),
         "uri": set(), "query": set(), "find view": set(), "class name": set(), "make": set(),
         "method name": set(), "invoke": set(), "typed": set(), "open": {"family", "key", "to"}, "target": set(), "intent": set()}
ARGS_MAX = 31


class Wrong(Exception):
    pass


class Loader(yaml.SafeLoader):
    """Refuses keys that stand twice."""


def mapping(loader, node):
    keys = [key.value for key, _ in node.value]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise SystemExit(f"{node.start_mark.name}:{node.start_mark.line + 1}: key stands twice: {twice}")
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def keys(where, entry, must, may=()):
    have = set(entry)
    for key in sorted(have - set(must) - set(may)):
        raise Wrong(f"{where}: key '{key}' is unknown")
    for key in sorted(set(must) - have):
        raise Wrong(f"{where}: key '{key}' is missing")


class Table:
    """Words and rules, as the C side numbers them."""

    def __init__(self):
        self.data, self.sinks, self.words = [], [], []
        self.methods, self.fields, self.uris = {}, {}, []

    def word(self, text):
        if text not in self.words:
            self.words.append(text)
        return self.words.index(text)

    def add(self, table, text, **rule):
        match = MEMBER.fullmatch(text)
        if not match:
            raise Wrong(f"'{text}' is no \"Lclass;->name\"")
        key = (match[1], match[2])
        if key in table:
            raise Wrong(f"'{text}' stands twice")
        args = [int(a) for a in match[3].split(",")] if match[3] else []
        if any(a > ARGS_MAX for a in args):
            raise Wrong(f"'{text}': arguments end at {ARGS_MAX}")
        table[key] = {"word": 0, "key": 0, "args": sum(1 << a for a in args), "into": 0, **rule}


def attack(where, ids):
    for item in ids:
        if not ATTACK.fullmatch(item):
            raise Wrong(f"{where}: '{item}' is no ATT&CK id")


def read_sources(table, entries):
    for number, entry in enumerate(entries):
        keys(f"source {entry.get('data')}", entry, {"data", "attack"}, {"calls", "fields", "uris", "typed"})
        attack(entry["data"], entry["attack"])
        table.data.append((entry["data"], entry["attack"], entry.get("typed", False)))
        for call in entry.get("calls", []):
            table.add(table.methods, call, does="source", word=number)
        for field in entry.get("fields", []):
            table.add(table.fields, field, does="uri" if field.endswith("URI") else "source", word=number)
        table.uris += [(uri, number) for uri in entry.get("uris", [])]


def read_sinks(table, entries):
    for number, entry in enumerate(entries):
        keys(f"sink {entry.get('to')}", entry, {"to", "attack", "calls"}, {"quiet", "hidden_if_own"})
        attack(entry["to"], entry["attack"])
        table.sinks.append((entry["to"], entry["attack"], entry.get("quiet", False),
                            entry.get("hidden_if_own", False)))
        for call in entry["calls"]:
            table.add(table.methods, call, does="sink", word=number)


def read_flows(table, entries):
    sinks = [sink[0] for sink in table.sinks]
    for entry in entries:
        does = entry.get("does")
        if does not in FLOWS:
            raise Wrong(f"'{does}' is nothing that a method does")
        keys(f"flow {does}", entry, {"does"} | FLOWS[does], {"calls", "fields"})
        rule = {"does": does}
        if "family" in entry:
            rule["word"] = table.word(entry["family"])
        if "cell" in entry:
            rule["word"] = table.word(entry["cell"])
        if "to" in entry:
            if entry["to"] not in sinks:
                raise Wrong(f"flow {does}: no sink '{entry['to']}'")
            rule["into" if does == "open" else "word"] = sinks.index(entry["to"]) + (does == "open")
        rule["key"] = entry.get("key", 0)
        if does == "copy":
            rule["args"] = sum(1 << a for a in entry["from"])
            rule["into"] = sum(1 << a for a in entry["into"])
        for call in entry.get("calls", []):
            table.add(table.methods, call, **rule)
        for field in entry.get("fields", []):
            table.add(table.fields, field, **rule)


def load(path):
    root = yaml.load(path.read_text(encoding="utf-8"), Loader)
    keys("the file", root, {"sources", "sinks", "flows", "inherits", "entries"})
    table = Table()
    read_sources(table, root["sources"])
    read_sinks(table, root["sinks"])
    read_flows(table, root["flows"])
    for name, supers in root["inherits"].items():
        if not all(re.fullmatch(CLASS, text) for text in [name, *supers]):
            raise Wrong(f"inherits '{name}': no class")
        if len(supers) != 1:
            raise Wrong(f"inherits '{name}': exactly one")
    table.inherits = {name: supers[0] for name, supers in root["inherits"].items()}
    for name in table.inherits:
        seen, at = set(), name
        while at in table.inherits:
            if at in seen:
                raise Wrong(f"inherits '{name}': a circle")
            seen.add(at)
            at = table.inherits[at]
    table.entries = root["entries"]
    keys("entries", table.entries, {"manifest", "either", "framework", "names", "params", "returns"})
    for row in table.entries["params"]:
        keys("entries.params", row, {"name", "param", "cell"})
    for row in table.entries["returns"]:
        keys("entries.returns", row, {"name", "cell"})
    table.params = [(r["name"], r["param"], table.word(r["cell"])) for r in table.entries["params"]]
    table.params += [(r["name"], 0xFF, table.word(r["cell"])) for r in table.entries["returns"]]
    if len(table.data) > 63 or len(table.sinks) > 63 or len(table.words) > 250:
        raise Wrong("more kinds of data, sinks or words than the program numbers")
    return table


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def name(does):
    return "PK_LEAK_" + does.upper().replace(" ", "_")


def strings(items):
    return "(const char *const[]){ " + "".join(quoted(i) + ", " for i in items) + "NULL }"


def rules(what, rows):
    out = [f"static const struct pk_leak_rule {what}[] = {{"]
    for (_, member), r in rows:
        out.append(f"    {{ {quoted(member)}, 0x{r['args']:x}U, 0x{r['into']:x}U, {name(r['does'])}, "
                   f"{r['word']}, {r['key']} }},")
    return out + ["};", ""]


def table_c(t):
    """Classes sorted by their bytes, each with its slices of the sorted rules."""
    methods = sorted(t.methods.items())
    fields = sorted(t.fields.items())
    classes = sorted({k[0] for k in [*t.methods, *t.fields]} | set(t.inherits) | set(t.inherits.values()) |
                     set(t.entries["manifest"]) | set(t.entries["either"]) | set(t.entries["framework"]))
    out = ["/* made from data/leaks.yaml by tools/gen-leaks.py */",
           '#include "defense/malware/leak_rules.h"', ""]
    out += rules("methods", methods) + rules("fields", fields)
    out.append("const struct pk_leak_class pk_leak_classes[] = {")
    for cls in classes:
        def part(rows):
            at = [i for i, (key, _) in enumerate(rows) if key[0] == cls]
            return (at[0], len(at)) if at else (0, 0)
        m, f = part(methods), part(fields)
        above = classes.index(t.inherits[cls]) if cls in t.inherits else -1
        kind = ("PK_LEAK_MANIFEST" if cls in t.entries["manifest"] else
                "PK_LEAK_EITHER" if cls in t.entries["either"] else
                "PK_LEAK_FRAMEWORK" if cls in t.entries["framework"] else "PK_LEAK_PLAIN")
        out.append(f"    {{ {quoted(cls)}, {len(cls)}, methods + {m[0]}, {m[1]}, fields + {f[0]}, {f[1]}, "
                   f"{above}, {kind} }},")
    out += ["};", f"const size_t pk_leak_class_count = {len(classes)};", "",
            "const struct pk_leak_data pk_leak_data[] = {"]
    out += [f"    {{ {quoted(n)}, {strings(a)}, {'true' if typed else 'false'} }}," for n, a, typed in t.data]
    out += ["};", f"const size_t pk_leak_data_count = {len(t.data)};", "",
            "const struct pk_leak_way pk_leak_ways[] = {"]
    out += [f"    {{ {quoted(n)}, {strings(a)}, {str(q).lower()}, {str(h).lower()} }},"
            for n, a, q, h in t.sinks]
    out += ["};", f"const size_t pk_leak_way_count = {len(t.sinks)};", "",
            "const struct pk_leak_uri pk_leak_uris[] = {"]
    out += [f"    {{ {quoted(uri)}, {number} }}," for uri, number in t.uris]
    out += ["    { NULL, 0 },", "};", "", "const char *const pk_leak_callbacks[] = {"]
    out += [f"    {quoted(n)}," for n in sorted(t.entries["names"])]
    out += ["};", f"const size_t pk_leak_callback_count = {len(t.entries['names'])};", "",
            "const struct pk_leak_param pk_leak_params[] = {"]
    out += [f"    {{ {quoted(n)}, {param}, {word} }}," for n, param, word in t.params]
    out += ["    { NULL, 0, 0 },", "};", "",
            f"const uint8_t pk_leak_extras = {t.words.index('extras')};", "",
            "bool pk_leak_is_shared(uint8_t family)", "{",
            f"    return family == {t.words.index('extras')} || family == {t.words.index('preferences')};",
            "}", ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--c", type=Path)
    args = parser.parse_args()
    try:
        table = load(args.file)
    except Wrong as error:
        print(f"{args.file}: {error}", file=sys.stderr)
        return 1
    if args.c:
        args.c.write_text(table_c(table), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
