#!/usr/bin/env python3
"""data/hazard/weights.txt as the C table behind src/risk/hazard.h.

Lines: "h_TERM WEIGHT", "hm_TERM MEAN" (of the training worlds), h_1 (the bias), h30_a, h30_c. Every term of the
header has both lines and there are no others. Exit status: 0 written, 1 the file is wrong, 2 wrong usage.
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


def main():
    if len(sys.argv) != 4:
        print("usage: gen-hazard.py WEIGHTS HEADER OUT", file=sys.stderr)
        return 2
    weights, header, out = sys.argv[1:]
    terms = terms_of(header)
    values = read(weights)
    wanted = {"h_1", "h30_a", "h30_c"} | {p + t for t in terms for p in ("h_", "hm_")}
    if set(values) != wanted:
        print(f"{weights}: missing {sorted(wanted - set(values))}, unknown {sorted(set(values) - wanted)}",
              file=sys.stderr)
        return 1
    lines = ["/* From data/hazard/weights.txt. */", '#include "risk/hazard.h"', "",
             "const struct pk_hazard_weights pk_hazard_shipped = {",
             f"    .bias = {values['h_1']!r},", f"    .a30 = {values['h30_a']!r},",
             f"    .c30 = {values['h30_c']!r},"]
    for member, prefix in (("w", "h_"), ("mean", "hm_")):
        lines.append(f"    .{member} = {{")
        lines += [f"        [PK_HAZARD_{t}] = {values[prefix + t]!r}," for t in terms]
        lines.append("    },")
    lines.append("};")
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
