#!/usr/bin/env python3
"""data/crowd/weights.txt as a C table. Names that src/crowd/terms.h does not have are an error, so that a weight
cannot be lost by a slip."""
import re
import sys
from pathlib import Path

PARTS = {"n": ("network", "PK_NETWORK_TERMS", "PK_N_"), "c": ("mast", "PK_MAST_TERMS", "PK_C_"),
         "a": ("app", "PK_APP_TERMS", "PK_A_")}


def terms(header, macro):
    body = header.split(f"#define {macro}(X)")[1].split("\n\n")[0]
    return re.findall(r"X\((\w+),", body)


def main(weights, header, out):
    text = Path(header).read_text()
    known = {k: terms(text, macro) for k, (_, macro, _) in PARTS.items()}
    rows = {"network": [], "mast": [], "app": [], "t": []}
    for number, line in enumerate(Path(weights).read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, value = line.split()
        part, term = name.split("_", 1)
        if part == "t":
            rows["t"].append(f"[{int(term)}] = {float(value)}F")
        elif part in PARTS and term in known[part]:
            rows[PARTS[part][0]].append(f"[{PARTS[part][2]}{term}] = {float(value)}F")
        else:
            sys.exit(f"{weights}:{number}: no such term: {name}")
    with open(out, "w") as f:
        f.write('#include "crowd/terms.h"\n\nconst struct pk_crowd_weights pk_crowd_weights_shipped = {\n')
        for part, items in rows.items():
            f.write(f"    .{part} = {{ {', '.join(items)} }},\n")
        f.write("};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
