#!/usr/bin/env python3
"""embed.py INPUT OUTPUT HEADER FUNCTION - a file as a C function that returns it as a slice."""
import sys

source, target, header, function = sys.argv[1:5]
data = open(source, "rb").read()
with open(target, "w") as out:
    out.write(f'#include "{header}"\n\nstatic const uint8_t bytes[{max(len(data), 1)}] = {{\n')
    for i in range(0, len(data), 16):
        out.write("    " + ",".join(str(b) for b in data[i:i + 16]) + ",\n")
    if not data:
        out.write("    0,\n")
    out.write("};\n\n")
    out.write(f"struct pk_slice {function}(void)\n{{\n")
    out.write(f"    return pk_slice_of(bytes, {len(data)});\n}}\n")
