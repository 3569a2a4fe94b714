"""A resource table with one string, "Tricks" at 0x7f010000, in each of the ways to store it."""

import struct

from .axml import chunk, string_pool

SPARSE, OFFSET16, COMPACT = "sparse", "offset16", "compact"


def entry(way):
    if way == COMPACT:  # key, flags with the value's type above, value: no separate value
        return struct.pack("<HHI", 0, 3 << 8 | 0x0008, 0)
    return struct.pack("<HHI", 8, 0, 0) + struct.pack("<HBBI", 8, 0, 3, 0)


def offsets(way):
    if way == SPARSE:
        return 1, struct.pack("<HH", 0, 0)
    if way == OFFSET16:
        return 2, struct.pack("<HH", 0, 0)  # the second is padding
    return 0, struct.pack("<I", 0)


def table(label="Tricks", way=None, inserted=b"", package="com.example.tricks"):
    """inserted: raw chunks between the type's specification and the type."""
    flags, index = offsets(way)
    config = struct.pack("<I", 64) + bytes(60)
    header = struct.pack("<BBHII", 1, flags, 0, 1, 20 + len(config) + len(index)) + config
    kind = chunk(0x201, header, index + entry(way))
    spec = chunk(0x202, struct.pack("<BBHI", 1, 0, 0, 1), struct.pack("<I", 0))
    types, keys = string_pool(["string"]), string_pool(["app_name"])
    name = package.encode("utf-16-le").ljust(256, b"\0")
    header = struct.pack("<I", 0x7F) + name + struct.pack("<IIIII", 288, 1, 288 + len(types), 1, 0)
    body = chunk(0x200, header, types + keys + spec + inserted + kind)
    return chunk(2, struct.pack("<I", 1), string_pool([label]) + body)
