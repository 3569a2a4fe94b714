"""A DEX file with one class without members; right to the last checksum."""

import hashlib
import struct
import zlib


def uleb128(value):
    out = b""
    while True:
        out += bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
        value >>= 7
        if value == 0:
            return out


def one(name, superclass, version, base, container_size=None):
    """A logical DEX that begins `base` bytes into its file. Two passes: offsets first."""
    header_size = 0x78 if version >= 41 else 0x70
    strings = sorted([superclass, name])
    ids = header_size
    types = ids + 4 * len(strings)
    classes = types + 4 * len(strings)
    data = classes + 32
    offsets, blob = [], b""
    for text in strings:
        offsets.append(base + data + len(blob))
        blob += uleb128(len(text)) + text.encode() + b"\0"
    blob += bytes(-len(blob) % 4)
    map_at = data + len(blob)
    items = [(0, 1, 0), (1, 2, ids), (2, 2, types), (6, 1, classes), (0x2002, 2, data), (0x1000, 1, map_at)]
    blob += struct.pack("<I", len(items))
    blob += b"".join(struct.pack("<HHII", kind, 0, n, base + at) for kind, n, at in items)
    tables = struct.pack(f"<{len(offsets)}I", *offsets) + struct.pack("<II", 0, 1)
    tables += struct.pack("<IIIIIIII", strings.index(name), 1, strings.index(superclass), 0, 0xFFFFFFFF,
                          0, 0, 0)
    size = data + len(blob)
    header = struct.pack("<II", size, header_size) + struct.pack("<I", 0x12345678)
    header += struct.pack("<III", 0, 0, base + map_at)
    for count, at in ((2, ids), (2, types), (0, 0), (0, 0), (0, 0), (1, classes)):
        header += struct.pack("<II", count, base + at if count else 0)
    header += struct.pack("<II", len(blob), base + data)
    if version >= 41:
        header += struct.pack("<II", container_size or size, base)
    rest = header + tables + blob
    signature = hashlib.sha1(rest).digest()
    checksum = zlib.adler32(signature + rest)
    return b"dex\n%03d\0" % version + struct.pack("<I", checksum) + signature + rest


def dex(name="Lcom/example/tricks/Main;", superclass="Landroid/app/Activity;", version=35):
    return one(name, superclass, version, 0)


def container(names, version=41):
    """Several logical DEX files in one."""
    size = sum(len(one(n, "Ljava/lang/Object;", version, 0)) for n in names)
    out = b""
    for name in names:
        out += one(name, "Ljava/lang/Object;", version, len(out), size)
    return out


def many(classes, texts=(), superclass="Ljava/lang/Object;", version=35):
    """A DEX that defines classes without members and holds further strings."""
    types_used = sorted({superclass, *classes})
    strings = sorted({*types_used, *texts})
    ids = 0x70
    types = ids + 4 * len(strings)
    defs = types + 4 * len(types_used)
    data = defs + 32 * len(classes)
    offsets, blob = [], b""
    for text in strings:
        offsets.append(data + len(blob))
        blob += uleb128(len(text)) + text.encode() + b"\0"
    blob += bytes(-len(blob) % 4)
    map_at = data + len(blob)
    items = [(0, 1, 0), (1, len(strings), ids), (2, len(types_used), types), (6, len(classes), defs),
             (0x2002, len(strings), data), (0x1000, 1, map_at)]
    items = [item for item in items if item[1] > 0]
    blob += struct.pack("<I", len(items)) + b"".join(struct.pack("<HHII", k, 0, n, at) for k, n, at in items)
    tables = struct.pack(f"<{len(offsets)}I", *offsets)
    tables += b"".join(struct.pack("<I", strings.index(t)) for t in types_used)
    for name in classes:
        tables += struct.pack("<IIIIIIII", types_used.index(name), 1, types_used.index(superclass), 0, 0xFFFFFFFF,
                              0, 0, 0)
    header = struct.pack("<IIIIII", data + len(blob), 0x70, 0x12345678, 0, 0, map_at)
    for count, at in ((len(strings), ids), (len(types_used), types), (0, 0), (0, 0), (0, 0), (len(classes), defs)):
        header += struct.pack("<II", count, at if count else 0)
    header += struct.pack("<II", len(blob), data)
    rest = header + tables + blob
    signature = hashlib.sha1(rest).digest()
    return b"dex\n%03d\0" % version + struct.pack("<I", zlib.adler32(signature + rest)) + signature + rest
