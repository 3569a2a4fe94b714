"""What the tests of `picket scan` stand on: the program, archives with exact bytes, a judge of its
JSON. Not a suite by itself."""

import json
import os
import struct
import subprocess
import zlib
from pathlib import Path

from rest_support import Tally  # noqa: F401: the suites take it from here

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build")).resolve()
PICKET = BUILD / "bin" / "picket"
KINDS = {"apk", "bundle", "dex", "elf", "ipa", "macho", "plist", "profile", "axml", "unknown"}
VERDICTS = {"clean", "unwanted", "suspicious", "malicious", "malformed"}
SEVERITIES = ["info", "low", "medium", "high", "critical"]
WEIGHTS = ["none", "unwanted", "suspicious", "malicious"]
RULES = ("structure/", "scan/", "rules/", "facts/", "leaks/", "model/", "known/", "lists/", "yara/")


def picket(*args, stdin=None, env=None, timeout=120, cwd=None, **more):
    """`picket scan` with bytes in and out."""
    full = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    full["PICKET_INTEL"] = "/nonexistent/intel.set"  # what somebody imported on this machine is not tested
    full.update(env or {})
    argv = [os.fsencode(str(PICKET)), b"scan", *(a if isinstance(a, bytes) else os.fsencode(str(a)) for a in args)]
    return subprocess.run(argv, input=stdin if stdin is not None else b"", capture_output=True,
                          env=full, timeout=timeout, cwd=cwd, **more)


def reports(done):
    """Every line of --json, strictly: UTF-8, one object, no duplicate keys, no NaN."""
    def pairs(items):
        keys = [k for k, _ in items]
        if len(keys) != len(set(keys)):
            raise ValueError(f"duplicate keys: {keys}")
        return dict(items)

    def constant(name):
        raise ValueError(name)

    text = done.stdout.decode("utf-8", "strict")
    return [json.loads(line, object_pairs_hook=pairs, parse_constant=constant)
            for line in text.splitlines()]


def wrong_with(report):
    """The first thing about a report's form that is not as the interface says, or None."""
    for key, kind in (("file", str), ("sha256", str), ("size", int), ("kind", str), ("verdict", str),
                      ("findings", list), ("reasons", list), ("permissions", list),
                      ("debuggable", bool), ("score", (int, float)), ("ms", (int, float))):
        if not isinstance(report.get(key), kind):
            return f"{key}: {report.get(key)!r}"
    if report["kind"] not in KINDS or report["verdict"] not in VERDICTS or not report["reasons"]:
        return f"{report['kind']} {report['verdict']} {report['reasons']}"
    if report["kind"] == "apk" and "components" in report:
        for key in ("package", "version_name", "label", "dex_files"):
            if key not in report:
                return f"an APK without {key}"
    def weight(f):
        return 0 if "excepted" in f else WEIGHTS.index(f.get("verdict", "none"))

    order = [(weight(f), SEVERITIES.index(f["severity"])) for f in report["findings"]]
    if order != sorted(order, reverse=True):
        return f"findings are not worst first: {order}"
    if not 0 <= report["score"] <= 1:
        return f"score {report['score']}"
    for f in report["findings"]:
        if not f["rule"].startswith(RULES) or not f["title"] or "attack" not in f or "evidence" not in f:
            return f"finding {f}"
    worst = max([weight(f) for f in report["findings"]], default=0)
    if report["verdict"] not in ("malformed", dict(zip(WEIGHTS, ["clean", *WEIGHTS[1:]]))[WEIGHTS[worst]]):
        return f"{report['verdict']} with {[(f['id'], f.get('verdict')) for f in report['findings']]}"
    return None


# ---- archives ------------------------------------------------------------------------------------

class Entry:
    """One entry; what is given replaces what would be true."""

    def __init__(self, name, data=b"", deflate=True, packed=None, size=None, method=None, at=None):
        self.name = name if isinstance(name, bytes) else name.encode()
        raw = zlib.compressobj(6, zlib.DEFLATED, -15)
        self.packed = packed if packed is not None else (raw.compress(data) + raw.flush() if deflate else data)
        self.size = len(data) if size is None else size
        self.crc = zlib.crc32(data)
        self.method = (8 if deflate else 0) if method is None else method
        self.at = at  # where the directory says that the local header is

    def local(self):
        return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, self.method, 0, 0x21, self.crc & 0xFFFFFFFF,
                           len(self.packed), self.size & 0xFFFFFFFF, len(self.name), 0) + self.name

    def record(self, offset):
        return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, self.method, 0, 0x21,
                           self.crc & 0xFFFFFFFF, len(self.packed), self.size & 0xFFFFFFFF, len(self.name),
                           0, 0, 0, 0, 0, offset if self.at is None else self.at) + self.name


def archive(entries, prefix=b"", comment=b""):
    out = bytearray(prefix)
    offsets = []
    for entry in entries:
        offsets.append(len(out))
        if entry.at is None:
            out += entry.local() + entry.packed
    begin = len(out)
    for entry, offset in zip(entries, offsets):
        out += entry.record(offset)
    return bytes(out) + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(entries) & 0xFFFF, len(entries) & 0xFFFF,
                                    len(out) - begin, begin, len(comment)) + comment


# ---- binary manifests ----------------------------------------------------------------------------

def manifest(package="org.example.app", depth=0, label=None):
    """A small AndroidManifest.xml; depth: elements nested in <application>."""
    words = ["package", "manifest", "application", "label", "http://schemas.android.com/apk/res/android",
             package, label or "x", "a"]
    texts = b""
    offsets = []
    for word in words:
        raw = word.encode("utf-16-le")
        offsets.append(len(texts))
        texts += struct.pack("<H", len(word)) + raw + b"\0\0"
    texts += b"\0" * (-len(texts) % 4)
    pool = struct.pack("<HHIIIIII", 1, 28, 28 + 4 * len(words) + len(texts), len(words), 0, 0, 28 + 4 * len(words), 0)
    pool += b"".join(struct.pack("<I", o) for o in offsets) + texts

    def start(name, attributes=()):
        body = struct.pack("<IIHHHHHH", 0xFFFFFFFF, name, 20, 20, len(attributes), 0, 0, 0)
        for ns, key, value in attributes:
            body += struct.pack("<IIIHBBI", ns, key, value, 8, 0, 3, value)
        return struct.pack("<HHIII", 0x0102, 16, 16 + len(body), 1, 0xFFFFFFFF) + body

    def end(name):
        return struct.pack("<HHIIIII", 0x0103, 16, 24, 1, 0xFFFFFFFF, 0xFFFFFFFF, name)

    attributes = [(4, 3, 6)] if label is not None else []
    tree = start(1, [(0xFFFFFFFF, 0, 5)]) + start(2, attributes)
    tree += start(7) * depth + end(7) * depth + end(2) + end(1)
    return struct.pack("<HHI", 3, 8, 8 + len(pool) + len(tree)) + pool + tree
