"""ZIP archives in which every field can lie."""

import struct
import zlib

STORED, DEFLATED = 0, 8


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


class Entry:
    """One file of an archive. `method` is how the bytes are really packed; what the headers say can be
    overridden by `cd` and `local`: dicts of flags, method, crc, packed, plain, name, extra, offset."""

    def __init__(self, name, data=b"", method=DEFLATED, cd=None, local=None):
        self.name = name if isinstance(name, bytes) else name.encode()
        self.data = data
        self.packed = deflate(data) if method == DEFLATED else data
        self.fields = {"flags": 0, "method": method, "crc": zlib.crc32(data), "packed": len(self.packed),
                       "plain": len(data), "name": self.name, "extra": b""}
        self.cd = dict(cd or {})
        self.local = dict(local or {})
        self.offset = 0

    def local_header(self):
        f = {**self.fields, **self.local}
        return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, f["flags"], f["method"], 0, 0x5C21, f["crc"],
                           f["packed"], f["plain"], len(f["name"]), len(f["extra"])) + f["name"] + f["extra"]

    def record(self):
        f = {**self.fields, "offset": self.offset, **self.cd}
        return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, f["flags"], f["method"], 0, 0x5C21,
                           f["crc"], f["packed"], f["plain"], len(f["name"]), len(f["extra"]), 0, 0, 0, 0,
                           f["offset"]) + f["name"] + f["extra"]


def align(extra_for, offset, name_len):
    """zipalign's way: zeros in the extra field until the data begin at a multiple of 4."""
    begin = offset + 30 + name_len + len(extra_for)
    return extra_for + bytes(-begin % 4)


class Archive:
    """The parts of an archive, before a signing block comes between them."""

    def __init__(self, entries, prefix=b"", comment=b"", gap=b"", shift=0):
        self.entries, self.comment, self.gap, self.shift = list(entries), comment, gap, shift
        self.prefix = prefix
        body = bytearray(prefix)
        for entry in self.entries:
            entry.offset = len(body)
            if entry.fields["method"] == STORED and "extra" not in entry.local:
                entry.local["extra"] = align(b"", len(body), len(entry.fields["name"]))
            body += entry.local_header() + entry.packed
        self.body = bytes(body)
        self.directory = b"".join(entry.record() for entry in self.entries)

    def end(self, directory_offset):
        count = len(self.entries)
        return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(self.directory),
                           directory_offset + self.shift, len(self.comment)) + self.comment

    def write(self, block=b""):
        """The file, with a signing block before the directory."""
        offset = len(self.body) + len(block)
        return self.body + block + self.directory + self.gap + self.end(offset)
