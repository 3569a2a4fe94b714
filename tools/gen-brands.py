#!/usr/bin/env python3
"""gen-brands.py brands.tsv OUTPUT - the brands that phishing imitates, as a C table (src/defense/network/names_internal.h)."""
import re
import sys

rows, seen = [], set()
for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    line = line.rstrip("\n")
    if not line or line.startswith("#"):
        continue
    brand, tab, domains = line.partition("\t")
    if not tab or not re.fullmatch(r"[a-z0-9]+", brand) or brand in seen or not domains.split():
        sys.exit(f"{sys.argv[1]}:{number}: BRAND, tab, domains; each brand once, small letters")
    for domain in domains.split():
        if not re.fullmatch(r"[a-z0-9.-]+\.[a-z0-9-]+", domain):
            sys.exit(f"{sys.argv[1]}:{number}: '{domain}' is no domain")
    seen.add(brand)
    rows.append((brand, domains.split()))
with open(sys.argv[2], "w", encoding="utf-8") as out:
    out.write('#include "defense/network/names_internal.h"\n\n')
    for brand, domains in rows:
        out.write(f"static const char *const own_{brand}[] = {{ {', '.join(chr(34) + d + chr(34) for d in domains)}, NULL }};\n")
    out.write("\nconst struct pk_brand pk_brands[] = {\n")
    for brand, _ in rows:
        out.write(f'    {{ "{brand}", {len(brand)}, own_{brand} }},\n')
    out.write(f"}};\nconst size_t pk_brand_count = {len(rows)};\n")
