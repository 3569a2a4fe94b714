#!/usr/bin/env python3
"""Property lists are read as libplist and Python's plistlib read them, value by value.

    plist_peers.py [FILE...]   without names: tests/fuzz/corpus/plist, the samples of tests/data/apple,
                               lists made at random, and every list of PICKET_SHARED (data/ios, data/proto)

tests/tools/dump_plist.c prints what Picket reads. OpenStep's spelling, which neither peer knows, is
compared with expectations written by hand. Where a peer refuses or reads something else, the reason
stands below in KNOWN; a difference without one fails, and so does a reason without its difference.
"""

import ctypes
import ctypes.util
import datetime
import json
import os
import plistlib
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT / ".." / "shared"))
SUFFIXES = {".plist", ".bplist", ".ostep", ".strings", ".mobileconfig"}
EPOCH = datetime.datetime(2001, 1, 1)
RANDOM_LISTS = 300

# (peer, file) -> why it may differ.
KNOWN = {
    ("libplist", "all.plist"): "it keeps both values of the key 's', and knows no 'nan'",
    ("libplist", "utf16be.plist"): "it reads UTF-8 only; the platform goes by the byte order mark",
    ("plistlib", "all.plist"): "text spells UIDs as {CF$UID: n}, which plistlib leaves a dictionary; it refuses an "
                               "empty DTD, too",
    ("plistlib", "utf16be.plist"): "as all.plist, in UTF-16",
    ("libplist", "shared.bplist"): "it copies shared objects until memory ends, so it is not asked",
    ("plistlib", "shared.bplist"): "it keeps shared objects shared; a walk over its tree would not end",
    ("plistlib", "deep.bplist"): "as shared.bplist",
    ("libplist", "deep.bplist"): "as shared.bplist",
}
NOT_ASKED = {("libplist", "shared.bplist"), ("plistlib", "shared.bplist"),
             ("libplist", "deep.bplist"), ("plistlib", "deep.bplist")}

OPENSTEP = {
    "all.ostep": {"a": "b", 'q"é\níA': "single 'q'",
                  "data": bytes.fromhex("0fbd771c"), "list": ["1", ["x", "y"], {}],
                  "nested": {"k": "k", "\U0001F600": "v"}},
    "x.strings": {"hello": "Hello", "bare": "bare", "k": ["a", "b"]},
    "utf16.strings": {"hello": "Hello", "bare": "bare", "k": ["a", "b"]},
    "test.strings": {"STRINGS_ENTRY": "Whatever", "FOO": "BAR", "BAR": "Foo", "ENTRY0": "àéèçù",
                     "ENTRY1": "日本語", "ENTRY2": "汉语/漢語", "ENTRY3": "한국어/조선말",
                     "ENTRY4": "русский язык", "ENTRY5": "الْعَرَبيّة", "ENTRY6": "עִבְרִית",
                     "ENTRY7": "język polski", "ENTRY8": "हिन्दी"},
    "o1.ostep": {"test": ["1", "1"],
                 "foo": [["-1337"], ["1"], ["1"], ["1"],
                         [["1"], ["1"], ["1"], ["1"], [["1"], ["1"], ["1"], ["1"]]]],
                 "more": {"a": "yo", "b": [{"c": "0.25"}, {"a": "yo", "b": [
                     {"c": "0.25"}, {"a": "yo", "b": [{"cd": "-0.25"}]}]}]}},
    "o2.ostep": {"Some ASCII string": "Test ASCII String",
                 "Some UTF8 strings": ["àéèçù", "日本語", "汉语/漢語", "한국어/조선말", "русский язык",
                                       "الْعَرَبيّة", "עִבְרִית", "język polski", "हिन्दी"],
                 'Keys & "entities"': "hello world & others <nodes> are fun!?'", "Some Int": "32434543632",
                 "Some String with Unicode entity": "Yeah check this: \u1234 !!!"},
    "o3.ostep": [{"AFirstKey": "A First Value", "ASecondKey": "A Second Value"},
                 {"CFirstKey": "C First Value", "CSecondKey": "C Second Corrected Value"}],
}

passed = failed = 0
differed = set()


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED  {name}\n        {str(shown)[:900]}", flush=True)


def seconds(value):
    """Of an instant since 2001, exact enough to compare."""
    return round(value, 3)


# ----------------------------------------------------------------------------------- the three readings

def ours(node):
    kind, content = node
    if kind == "int":
        return ("int", int(content))
    if kind == "uid":
        return ("uid", int(content))
    if kind == "real":
        return ("real", struct.pack(">d", float.fromhex(content)))
    if kind == "date":
        return ("date", seconds(float.fromhex(content)))
    if kind in ("data", "string"):
        return (kind, bytes.fromhex(content))
    if kind == "array":
        return ("array", tuple(ours(item) for item in content))
    if kind == "dict":
        return ("dict", tuple(sorted((bytes.fromhex(key), ours(item)) for key, item in content)))
    return (kind, content)


def pythons(value):
    if value is None or isinstance(value, bool):
        return ("null" if value is None else "bool", value)
    if isinstance(value, int):
        return ("int", value)
    if isinstance(value, float):
        return ("real", struct.pack(">d", value))
    if isinstance(value, str):
        return ("string", value.encode())
    if isinstance(value, bytes):
        return ("data", value)
    if isinstance(value, plistlib.UID):
        return ("uid", value.data)
    if isinstance(value, datetime.datetime):
        return ("date", seconds((value - EPOCH).total_seconds()))
    if isinstance(value, dict):
        return ("dict", tuple(sorted((key.encode(), pythons(item)) for key, item in value.items())))
    return ("array", tuple(pythons(item) for item in value))


def by_plistlib(data):
    try:
        value = plistlib.loads(data)
        return None if value is None else pythons(value)  # None: XML without a list
    except Exception:  # it throws of many kinds
        return None


class Libplist:
    """The library itself, through its C interface (version 2.2)."""

    TYPES = ["bool", "int", "real", "string", "array", "dict", "date", "data", "key", "uid", "null", "none"]

    def __init__(self):
        name = ctypes.util.find_library("plist-2.0")
        self.lib = ctypes.CDLL(name) if name else None
        if self.lib:
            for function in ("plist_array_get_item", "plist_new_dict"):
                getattr(self.lib, function).restype = ctypes.c_void_p
            self.libc = ctypes.CDLL(None)

    def get(self, function, node, kind):
        value = kind()
        getattr(self.lib, function)(ctypes.c_void_p(node), ctypes.byref(value))
        return value.value

    def text(self, node):
        pointer = ctypes.c_void_p()
        self.lib.plist_get_string_val(ctypes.c_void_p(node), ctypes.byref(pointer))
        value = ctypes.string_at(pointer)
        self.libc.free(pointer)
        return value

    def data(self, node):
        pointer, size = ctypes.c_void_p(), ctypes.c_uint64()
        self.lib.plist_get_data_val(ctypes.c_void_p(node), ctypes.byref(pointer), ctypes.byref(size))
        value = ctypes.string_at(pointer, size.value) if size.value else b""
        self.libc.free(pointer)
        return value

    def entries(self, node):
        iterator, out = ctypes.c_void_p(), []
        self.lib.plist_dict_new_iter(ctypes.c_void_p(node), ctypes.byref(iterator))
        while True:
            key, item = ctypes.c_void_p(), ctypes.c_void_p()
            self.lib.plist_dict_next_item(ctypes.c_void_p(node), iterator, ctypes.byref(key),
                                          ctypes.byref(item))
            if not item.value:
                break
            out.append((ctypes.string_at(key), self.value(item.value)))
            self.libc.free(key)
        self.libc.free(iterator)
        return out

    def value(self, node):
        kind = self.TYPES[self.lib.plist_get_node_type(ctypes.c_void_p(node))]
        if kind == "bool":
            return (kind, bool(self.get("plist_get_bool_val", node, ctypes.c_uint8)))
        if kind in ("int", "uid"):
            return (kind, self.get(f"plist_get_{'uint' if kind == 'int' else kind}_val", node, ctypes.c_uint64))
        if kind == "real":
            return (kind, struct.pack(">d", self.get("plist_get_real_val", node, ctypes.c_double)))
        if kind == "date":
            whole, part = ctypes.c_int32(), ctypes.c_int32()
            self.lib.plist_get_date_val(ctypes.c_void_p(node), ctypes.byref(whole), ctypes.byref(part))
            return (kind, seconds(whole.value + part.value / 1e6))
        if kind in ("string", "key"):
            return ("string", self.text(node))
        if kind == "data":
            return (kind, self.data(node))
        if kind == "array":
            size = self.lib.plist_array_get_size(ctypes.c_void_p(node))
            return (kind, tuple(self.value(self.lib.plist_array_get_item(ctypes.c_void_p(node), i))
                                for i in range(size)))
        if kind == "dict":
            return (kind, tuple(sorted(self.entries(node))))
        return ("null", None)

    def read(self, data):
        node = ctypes.c_void_p()
        self.lib.plist_from_memory(data, ctypes.c_uint32(len(data)), ctypes.byref(node))
        if not node.value:
            return None
        value = self.value(node.value)
        self.lib.plist_free(node)
        return value


def unsigned(tree):
    """libplist gives integers without a sign, and dates as 32 bits: the rest becomes the least one."""
    kind, content = tree
    if kind == "int":
        return (kind, content & (1 << 64) - 1)
    if kind == "date":
        return (kind, content if -2.0**31 <= content < 2.0**31 else -2.0**31)
    if kind == "array":
        return (kind, tuple(unsigned(item) for item in content))
    if kind == "dict":
        return (kind, tuple(sorted((key, unsigned(item)) for key, item in content)))
    return tree


# -------------------------------------------------------------------------------------------- comparing

def first_difference(a, b, at="root"):
    if a == b or a is None or b is None or a[0] != b[0] or a[0] not in ("array", "dict"):
        return None if a == b else f"{at}: {str(a)[:150]} and {str(b)[:150]}"
    if len(a[1]) != len(b[1]):
        return f"{at}: {len(a[1])} and {len(b[1])} entries"
    for index, (x, y) in enumerate(zip(a[1], b[1])):
        if x != y:
            if a[0] == "array":
                return first_difference(x, y, f"{at}[{index}]")
            if x[0] != y[0]:
                return f"{at}: keys {x[0]} and {y[0]}"
            return first_difference(x[1], y[1], f"{at}.{x[0]}")
    return None


def compare(peer, name, mine, theirs, shown=None):
    difference = first_difference(mine, theirs)
    reason = KNOWN.get((peer, name))
    if difference is None:
        check(f"{peer} and {name}", True)
        return
    if reason is not None:
        differed.add((peer, name))
        print(f"differs  {peer} on {name}: {reason or difference}")
        return
    check(f"{peer} and {name}", False, f"{difference}; {shown or ''}")


def read_ours(paths):
    out = {}
    for at in range(0, len(paths), 200):
        run = subprocess.run([BUILD / "tests" / "dump_plist", *paths[at:at + 200]], check=True,
                             capture_output=True)
        for path, line in zip(paths[at:at + 200], run.stdout.splitlines()):
            out[path] = json.loads(line)
    return out


def is_candidate(path):
    if path.suffix in SUFFIXES:
        return True
    with open(path, "rb") as stream:
        head = stream.read(1000)
    return head.startswith(b"bplist") or b"<plist" in head


def random_value(rnd, depth):
    kinds = ["int", "int", "text", "data", "real", "date", "bool", "uid"] + ["list", "dict"] * (2 * (depth < 5))
    kind = rnd.choice(kinds)
    if kind == "int":
        return rnd.choice([rnd.getrandbits(rnd.randrange(1, 65)), -rnd.getrandbits(rnd.randrange(1, 64)),
                           -2**63, 2**64 - 1, 255, 256])
    if kind == "text":
        return "".join(chr(rnd.choice([rnd.randrange(32, 127), rnd.randrange(0xa0, 0xd800),
                                       rnd.randrange(0x10000, 0x10ffff), 10])) for _ in range(rnd.randrange(40)))
    if kind == "data":
        return rnd.randbytes(rnd.randrange(60))
    if kind == "real":
        return rnd.choice([rnd.uniform(-1e10, 1e10), rnd.random() * 10.0 ** rnd.randrange(-300, 300), 0.0])
    if kind == "date":
        return EPOCH + datetime.timedelta(seconds=rnd.randrange(-2**31 + 1, 2**31))
    if kind == "bool":
        return rnd.random() < 0.5
    if kind == "uid":
        return plistlib.UID(rnd.getrandbits(rnd.randrange(1, 33)))
    if kind == "list":
        return [random_value(rnd, depth + 1) for _ in range(rnd.randrange(20))]
    return {random_value_text(rnd): random_value(rnd, depth + 1) for _ in range(rnd.randrange(20))}


def random_value_text(rnd):
    return "".join(rnd.choice("abcé漢 &<>\"'") for _ in range(rnd.randrange(1, 12)))


def without_uids(value):
    if isinstance(value, plistlib.UID):
        return value.data
    if isinstance(value, list):
        return [without_uids(item) for item in value]
    if isinstance(value, dict):
        return {key: without_uids(item) for key, item in value.items()}
    return value


def make_random(folder):
    """Lists as plistlib writes them, which is another writer than Apple's and libplist's."""
    rnd, out = random.Random(20261123), []
    for i in range(RANDOM_LISTS):
        value = {"root": random_value(rnd, 0)}
        for suffix, form in ((".bplist", plistlib.FMT_BINARY), (".plist", plistlib.FMT_XML)):
            path = Path(folder) / f"random-{i}{suffix}"
            kept = value if suffix == ".bplist" else without_uids(value)
            path.write_bytes(plistlib.dumps(kept, fmt=form, sort_keys=False))
            out.append(path)
    return out


def material(folder):
    paths = [path for place in ("tests/fuzz/corpus/plist", "tests/data/apple")
             for path in sorted((ROOT / place).iterdir()) if path.suffix in SUFFIXES]
    paths += make_random(folder)
    found = [path for place in ("ios", "proto") if (SHARED / "data" / place).is_dir()
             for path in sorted((SHARED / "data" / place).rglob("*"))
             if path.is_file() and is_candidate(path)]
    if not found:
        print(f"SKIPPED: the lists of libplist, isign and nanomdm: {SHARED}/data/ios is not present")
    return paths + found


def main():
    libplist = Libplist()
    check("libplist is there", libplist.lib, "apt install libplist3")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(arg) for arg in sys.argv[1:]] or material(folder)
        read = read_ours(paths)
        spellings, refused = {}, []
        for path, reading in read.items():
            mine = ours(reading["tree"]) if "tree" in reading else None
            spelling = reading.get("spelling", "refused")
            spellings[spelling] = spellings.get(spelling, 0) + 1
            refused += [f"{path.name} ({reading['error']})"] if mine is None else []
            data = path.read_bytes()
            if spelling == "openstep":
                if path.name in OPENSTEP:
                    compare("by hand", path.name, mine, pythons(OPENSTEP[path.name]))
                else:
                    check(f"{path.name} has an expectation", False, mine)
                continue
            if libplist.lib and ("libplist", path.name) not in NOT_ASKED:
                theirs = libplist.read(data)
                compare("libplist", path.name, unsigned(mine) if mine else None, theirs, reading.get("error"))
            if ("plistlib", path.name) not in NOT_ASKED:
                compare("plistlib", path.name, mine, by_plistlib(data), reading.get("error"))
    names = {path.name for path in paths}
    for peer, name in sorted(set(KNOWN) - NOT_ASKED - differed):
        check(f"the known difference of {peer} on {name} is one", name not in names, "it is none any more")
    print("refused: " + ", ".join(refused))
    print(", ".join(f"{count} {spelling}" for spelling, count in sorted(spellings.items())))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
