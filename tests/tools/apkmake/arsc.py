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


def config(density=0, sdk=0):
    """A ResTable_config that asks for a density and a platform level."""
    return struct.pack("<I10xH8xH38x", 64, density, sdk)


def resources(types, package="com.example.facts"):
    """types: {"mipmap": {"icon": [(config(), "res/icon.png"), ...]}, ...} in order; the first resource of the first
    type is 0x7f010000, the first of the second 0x7f020000. Every value is a text."""
    values, keys, chunks = [], [], b""
    for number, (_, entries) in enumerate(types.items(), 1):
        chunks += chunk(0x202, struct.pack("<BBHI", number, 0, 0, len(entries)), bytes(4 * len(entries)))
        configs = sorted({c for rows in entries.values() for c, _ in rows})
        for wanted in configs:
            offsets, body = [], b""
            for name, rows in entries.items():
                text = dict(rows).get(wanted)
                if text is None:
                    offsets.append(0xFFFFFFFF)
                    continue
                offsets.append(len(body))
                keys += [name] if name not in keys else []
                values += [text] if text not in values else []
                body += struct.pack("<HHI", 8, 0, keys.index(name)) + struct.pack("<HBBI", 8, 0, 3, values.index(text))
            header = struct.pack("<BBHII", number, 0, 0, len(offsets), 20 + len(wanted) + 4 * len(offsets)) + wanted
            chunks += chunk(0x201, header, struct.pack(f"<{len(offsets)}I", *offsets) + body)
    type_pool, key_pool = string_pool(list(types)), string_pool(keys)
    name = package.encode("utf-16-le").ljust(256, b"\0")
    header = struct.pack("<I", 0x7F) + name + struct.pack("<IIIII", 288, len(types), 288 + len(type_pool), len(keys), 0)
    return chunk(2, struct.pack("<I", 1), string_pool(values) + chunk(0x200, header, type_pool + key_pool + chunks))
