#!/usr/bin/env python3
"""Small DEX files that no build tool makes at hand: call sites and method handles, containers, bodies
shared by many methods, odd payloads.

    dex_samples.py FOLDER      writes them all

tests/fuzz/corpus/dex and tests/integration/dex_peers.py are fed with them.
"""

import hashlib
import struct
import sys
import zlib
from pathlib import Path

NO_INDEX = 0xFFFFFFFF
MAP_TYPES = {"header": 0, "strings": 1, "types": 2, "protos": 3, "fields": 4, "methods": 5, "classes": 6,
             "call_sites": 7, "handles": 8, "map": 0x1000, "type_list": 0x1001, "class_data": 0x2000,
             "code": 0x2001, "string_data": 0x2002, "array": 0x2005}


def uleb128(value, size=0):
    """size: at least so many bytes, as no tool writes it but every reader takes it."""
    out = []
    while True:
        out.append(value & 0x7F)
        value >>= 7
        if value == 0 and len(out) >= size:
            break
    return bytes(b | 0x80 for b in out[:-1]) + bytes(out[-1:])


class Dex:
    """One class with methods ()V; every table sorted as the format wants it."""

    def __init__(self, name="LSample;", version=35, base=0):
        self.version, self.base, self.name = version, base, name
        self.bodies = []  # (method name, code units, other method whose body it shares)
        self.call_sites = 0
        self.overlong = 0

    def method(self, name, units=(0x0E,), shares=None):
        self.bodies.append((name, list(units), shares))
        return self

    def build(self, container_size=None):
        header_size = 0x78 if self.version >= 41 else 0x70
        bodies = sorted(self.bodies)
        linked = ["Ljava/lang/Object;", "V"] + (["LSample$Linker;"] if self.call_sites else [])
        texts = sorted({self.name, *linked, *(b[0] for b in bodies)})
        types = sorted({self.name, *linked})
        sections, order, offset = {}, [], header_size

        def section(kind, count, blob):
            nonlocal offset
            pad = -offset % 4
            offset += pad
            sections[kind] = (count, offset + self.base if count else 0, b"\0" * pad + blob)
            order.append(kind)
            offset += len(blob)

        # Two rounds: offsets of the second are the sizes of the first.
        string_at, code_at, site_at, data_at = [0] * len(texts), {}, 0, 0
        for _ in range(2):
            sections, order, offset = {}, [], header_size
            section("strings", len(texts), b"".join(struct.pack("<I", at) for at in string_at))
            section("types", len(types), b"".join(struct.pack("<I", texts.index(t)) for t in types))
            section("protos", 1, struct.pack("<III", texts.index("V"), types.index("V"), 0))
            section("fields", 0, b"")
            section("methods", len(bodies), b"".join(
                struct.pack("<HHI", types.index(self.name), 0, texts.index(b[0])) for b in bodies))
            section("classes", 1, struct.pack("<8I", types.index(self.name), 1,
                                              types.index("Ljava/lang/Object;"), 0, NO_INDEX, 0, data_at, 0))
            if self.call_sites:
                section("call_sites", self.call_sites, struct.pack("<I", site_at) * self.call_sites)
                section("handles", 1, struct.pack("<HHHH", 4, 0, 0, 0))  # invoke-static of method 0
            code, count = b"", 0
            begin = offset + -offset % 4 + self.base
            for name, units, shares in bodies:
                if shares is None:
                    code_at[name] = begin + len(code)
                    code += struct.pack("<HHHHII", 4, 0, 4, 0, 0, len(units))
                    code += struct.pack(f"<{len(units)}H", *units)
                    code += b"\0" * (-len(code) % 4)
                    count += 1
            section("code", count, code)
            blob, string_at = b"", []
            for text in texts:
                string_at.append(offset + self.base + len(blob) + -offset % 4)
                blob += uleb128(len(text), self.overlong) + text.encode() + b"\0"
            section("string_data", len(texts), blob)
            if self.call_sites:
                site_at = offset + -offset % 4 + self.base
                # Method handle 0, the name, the prototype 0.
                section("array", 1, bytes([3, 0x16, 0, 0x17, texts.index(bodies[0][0]), 0x15, 0]))
            data_at = offset + -offset % 4 + self.base
            blob, last = b"\0\0" + uleb128(len(bodies), self.overlong) + b"\0", 0
            for index, (name, _, shares) in enumerate(bodies):
                blob += uleb128(index - last, self.overlong) + uleb128(9, self.overlong)
                blob += uleb128(code_at[shares or name], self.overlong or 3)
                last = index
            section("class_data", 1, blob)
        map_offset = offset + -offset % 4
        items = [("header", 1, self.base)] + [(k, *sections[k][:2]) for k in order if sections[k][0]]
        items.append(("map", 1, map_offset + self.base))
        section("map", 1, struct.pack("<I", len(items)) + b"".join(
            struct.pack("<HHII", MAP_TYPES[k], 0, count, at) for k, count, at in items))
        body = b"".join(sections[k][2] for k in order)
        size = header_size + len(body)
        data = next(sections[k][1] for k in order if MAP_TYPES[k] > 6)
        header = struct.pack("<IIIIII", size, header_size, 0x12345678, 0, 0, map_offset + self.base)
        for kind in ("strings", "types", "protos", "fields", "methods", "classes"):
            header += struct.pack("<II", *sections[kind][:2])
        header += struct.pack("<II", self.base + size - data, data)
        if self.version >= 41:
            header += struct.pack("<II", container_size or size, self.base)
        rest = header + body
        digest = hashlib.sha1(rest).digest()
        return b"dex\n%03d\0" % self.version + struct.pack("<I", zlib.adler32(digest + rest)) + digest + rest


PAYLOADS = [
    0x012B, 12, 0,  # packed-switch, data at 12
    0x012C, 17, 0,  # sparse-switch, data at 20
    0x0126, 22, 0,  # fill-array-data, data at 28
    0x000E, 0x0000, 0x0000,
    0x0100, 2, 0, 0, 3, 0, 3, 0,
    0x0200, 1, 1, 0, 3, 0, 0, 0,
    0x0300, 1, 3, 0, 0x1A1A, 0x1A,
]


def plain(version):
    return Dex(version=version).method("again", [0x71, 0, 0, 0x001A, 1, 0x000E]).method("go")


def container(count):
    """So many logical DEX files in one."""
    size = len(plain(41).build())
    parts = []
    for i in range(count):
        part = plain(41)
        part.base = i * size
        parts.append(part.build(count * size))
    return b"".join(parts)


def samples():
    yield "payloads", Dex().method("go", PAYLOADS).build()
    dex = Dex(version=38)
    dex.call_sites = 2
    yield "call_sites", dex.method("go", [0x00FC, 0, 0, 0x00FD, 1, 0, 0x00FE, 0, 0x00FF, 0,
                                          0x10FA, 0, 0, 0, 0x01FB, 0, 0, 0, 0x000E]).build()
    dex = plain(39)
    dex.overlong = 5
    yield "overlong", dex.build()
    dex = Dex().method("a", [0] * 4000)
    for i in range(40):
        dex.method(f"b{i}", shares="a")
    yield "shared_code", dex.build()
    yield "unused", Dex().method("go", [0x003E, 0x00E3, 0x0073, 0x00F9, 0x000E]).build()
    yield "cut_instruction", Dex().method("go", [0x000E, 0x0018, 1]).build()
    yield "version_041", plain(41).build()
    yield "container", container(3)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, blob in samples():
        (folder / f"{name}.dex").write_bytes(blob)
        print(f"{name}.dex: {len(blob)} bytes")


if __name__ == "__main__":
    main()
