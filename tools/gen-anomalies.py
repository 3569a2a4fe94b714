#!/usr/bin/env python3
"""Checks data/anomalies.yaml and turns it into the C ids and table behind src/formats/anomaly.h, or
into docs/anomalies.md. Strict: an unknown, missing or repeated key is an error with its line.

Exit status: 0 written or fine, 1 the catalogue is wrong or the page is old, 2 wrong usage.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

KEYS = {"id", "severity", "title", "text", "platform", "attack"}
SEVERITIES = ("info", "low", "medium", "high", "critical")
ID = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*")
ATTACK = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
TITLE_MAX = 90


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


def problems(entry):
    keys = set(entry) - {"line"}
    for key in sorted(keys ^ KEYS):
        yield f"key '{key}' is {'unknown' if key in keys else 'missing'}"
    if keys != KEYS:
        return
    if not ID.fullmatch(entry["id"]):
        yield f"id '{entry['id']}' must be 'format.name'"
    if entry["severity"] not in SEVERITIES:
        yield f"severity '{entry['severity']}' must be one of {', '.join(SEVERITIES)}"
    if len(entry["title"]) > TITLE_MAX or entry["title"].endswith("."):
        yield f"title: at most {TITLE_MAX} characters, no dot at the end"
    for attack in entry["attack"]:
        if not ATTACK.fullmatch(attack):
            yield f"'{attack}' is no ATT&CK id"


def load(path):
    with open(path, encoding="utf-8") as stream:
        entries = yaml.load(stream, Loader)["anomalies"]
    bad = [(e["line"], text) for e in entries for text in problems(e)]
    ids = [e.get("id", "") for e in entries]
    if ids != sorted(ids):
        wrong = next(b for a, b in zip(ids, ids[1:]) if b < a)
        bad.append((0, f"entries must be sorted by id: '{wrong}' comes too late"))
    bad += [(0, f"id '{i}' stands twice") for i in sorted({i for i in ids if ids.count(i) > 1})]
    for line, text in bad:
        print(f"{path}:{line}: {text}", file=sys.stderr)
    if bad:
        sys.exit(1)
    return entries


def name(entry):
    return "PK_ANOMALY_" + entry["id"].upper().replace(".", "_")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def header(entries):
    ids = "".join(f"    {name(e)},\n" for e in entries)
    return ("/* made from data/anomalies.yaml by tools/gen-anomalies.py */\n#pragma once\n\n"
            f"enum pk_anomaly_id {{\n{ids}    PK_ANOMALY_COUNT\n}};\n")


def table(entries):
    rows = "".join(
        f"    {{ {quoted(e['id'])}, PK_WEIGHT_{e['severity'].upper()}, {quoted(e['title'])},\n"
        f"      (const char *const[]){{ {''.join(quoted(a) + ', ' for a in e['attack'])}NULL }} }},\n"
        for e in entries)
    return ('/* made from data/anomalies.yaml by tools/gen-anomalies.py */\n'
            '#include "formats/anomaly_table.h"\n\n'
            f"const struct pk_anomaly_kind pk_anomaly_table[PK_ANOMALY_COUNT] = {{\n{rows}}};\n")


def page(entries):
    out = ["# Anomalies: what is odd about a file's structure", "",
           "Made from `data/anomalies.yaml` by `tools/gen-anomalies.py --markdown`; do not edit.", "",
           "`picket scan` reports each as a finding `FORMAT.NAME` with rule `structure/FORMAT.NAME`. An anomaly",
           "is a fact about the file, not yet a verdict: severity high or critical makes the verdict `suspicious`.",
           ""]
    for fmt in sorted({e["id"].split(".")[0] for e in entries}):
        out += [f"## {fmt}", ""]
        for e in entries:
            if e["id"].split(".")[0] == fmt:
                attack = f" ATT&CK: {', '.join(e['attack'])}." if e["attack"] else ""
                out += [f"### {e['id']}", "", f"*{e['severity']}.* {e['title']}.{attack}", "",
                        e["text"].strip(), "", f"The platform: {e['platform'].strip()}", ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("catalogue")
    parser.add_argument("--header", type=Path)
    parser.add_argument("--c", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--same-markdown", type=Path)
    args = parser.parse_args()
    entries = load(args.catalogue)
    for path, text in ((args.header, header), (args.c, table), (args.markdown, page)):
        if path:
            path.write_text(text(entries), encoding="utf-8")
    if args.same_markdown and args.same_markdown.read_text(encoding="utf-8") != page(entries):
        print(f"{args.same_markdown} is not what {args.catalogue} says: write it anew with --markdown",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
