#!/usr/bin/env python3
"""data/hazard/weights.txt as the C table behind src/risk/hazard.h.

Lines: "WAY7_TERM WEIGHT", "WAY30_TERM WEIGHT" (a term without a line has no weight), "WAY7_1", "WAY30_1" (the biases, all
of them), "mean_TERM" (of the training worlds, all of them). Exit status: 0 written, 1 the file is wrong, 2 wrong usage.
"""

import math
import re
import sys


def terms_of(header):
    text = open(header, encoding="utf-8").read()
    return re.findall(r"^\s+X\((\w+), \w+\)", text, re.MULTILINE)


def read(path):
    values = {}
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            name, value = words[0], float(words[1])
        except (IndexError, ValueError):
            sys.exit(f"{path}:{number}: a line is a name and a number")
        if len(words) != 2 or name in values or not math.isfinite(value):
            sys.exit(f"{path}:{number}: '{name}' is there twice, or is more than a number")
        values[name] = value
    return values


WAYS = ("network", "app", "exploit")
DAYS = ("7", "30")


def table(values, prefix, terms):
    return "{ " + ", ".join(f"[PK_HAZARD_{t}] = {values[prefix + t]!r}" for t in terms if prefix + t in values) + " }"


def main():
    if len(sys.argv) != 4:
        print("usage: gen-hazard.py WEIGHTS HEADER OUT", file=sys.stderr)
        return 2
    weights, header, out = sys.argv[1:]
    terms = terms_of(header)
    values = read(weights)
    wanted = {f"{way}{days}_1" for way in WAYS for days in DAYS} | {"mean_" + t for t in terms}
    allowed = wanted | {f"{way}{days}_{t}" for way in WAYS for days in DAYS for t in terms}
    if not wanted <= set(values) <= allowed:
        print(f"{weights}: missing {sorted(wanted - set(values))}, unknown {sorted(set(values) - allowed)}",
              file=sys.stderr)
        return 1
    lines = ["/* From data/hazard/weights.txt. */", '#include "risk/hazard.h"', "",
             "const struct pk_hazard_weights pk_hazard_shipped = {", "    .bias = {"]
    lines += ["        { " + ", ".join(f"{values[f'{way}{days}_1']!r}" for way in WAYS) + " }," for days in DAYS]
    lines += ["    },", "    .w = {"]
    for days in DAYS:
        lines.append("        {")
        lines += [f"            {table(values, f'{way}{days}_', terms)}," for way in WAYS]
        lines.append("        },")
    lines += ["    },", f"    .mean = {table(values, 'mean_', terms)},", "};"]
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
