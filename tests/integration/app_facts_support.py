"""Apps for the tests of the facts: written byte by byte, so that each holds one thing. Not a suite by itself."""

import math
import struct
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from apkmake import arsc, axml, dex  # noqa: E402
from apkmake.archive import STORED, Archive, Entry  # noqa: E402
from apkmake.axml import BOOLEAN, DECIMAL, REFERENCE, STRING, Document, Element  # noqa: E402, F401

YES, NO = 0xFFFFFFFF, 0
axml.IDS.update({
    "icon": 0x01010002, "permission": 0x01010006, "protectionLevel": 0x01010009, "debuggable": 0x0101000F,
    "taskAffinity": 0x01010012, "authorities": 0x01010018, "launchMode": 0x0101001D, "value": 0x01010024,
    "scheme": 0x01010027, "host": 0x01010028, "src": 0x01010119, "drawable": 0x01010199,
    "allowBackup": 0x01010280, "usesCleartextTraffic": 0x010104EC, "networkSecurityConfig": 0x01010527})

PACKAGE = "com.example.facts"
MAIN = "Lcom/example/facts/Main;"


def manifest(application=(), parts=(), target=34, top=()):
    launcher = Element("intent-filter", [], [
        Element("action", [("name", STRING, "android.intent.action.MAIN")]),
        Element("category", [("name", STRING, "android.intent.category.LAUNCHER")])])
    return Document(Element("manifest", [("versionCode", DECIMAL, 1), ("versionName", STRING, "1.0"),
                                         ("package", STRING, PACKAGE)], [
        Element("uses-sdk", [("minSdkVersion", DECIMAL, 24), ("targetSdkVersion", DECIMAL, target)]), *top,
        Element("application", list(application), [
            Element("activity", [("name", STRING, PACKAGE + ".Main"), ("exported", BOOLEAN, YES)], [launcher]),
            *parts])])).write()


def part(tag, name, *attributes, children=()):
    return Element(tag, [("name", STRING, name), *attributes], children)


def document(root):
    """A drawing, say: attributes of the platform."""
    return Document(root).write()


def plain_document(root):
    """A network configuration: its attributes are in no namespace and have no id."""
    ids = dict(axml.IDS)
    axml.IDS.clear()
    try:
        return Document(root).write()
    finally:
        axml.IDS.update(ids)


def apk(files=None, classes=(MAIN,), texts=(), xml=None, table=None, stored=False):
    """files: {name: bytes} beside the manifest and the code."""
    method = {"method": STORED} if stored else {}
    entries = [Entry("AndroidManifest.xml", xml or manifest(), **method)]
    if classes is not None:
        entries.append(Entry("classes.dex", dex.many(list(classes), texts), **method))
    if table is not None:
        entries.append(Entry("resources.arsc", table, method=STORED))
    entries += [Entry(name, data, **method) for name, data in (files or {}).items()]
    return Archive(entries).write()


def png(side, paint):
    """paint(u, v) gives red, green, blue, alpha for places from 0 to 1."""
    rows = b""
    for y in range(side):
        rows += b"\0" + b"".join(bytes(paint(x / side, y / side)) for x in range(side))

    def piece(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)) +
            piece(b"IDAT", zlib.compress(rows)) + piece(b"IEND", b""))


def spots(seed, shift=0, tint=(1.0, 0.9, 0.6)):
    """A picture of four soft spots, elsewhere for each seed."""
    state, places = seed * 2654435761 & 0xFFFFFFFF, []
    for _ in range(12):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        places.append((state >> 8) / (1 << 24))

    def paint(u, v):
        tone = 127.0 + shift
        for i in range(4):
            x, y, size = places[3 * i:3 * i + 3]
            tone += (110 if i % 2 == 0 else -110) * math.exp(-((u - x) ** 2 + (v - y) ** 2) * (8 + size * 60))
        tone = min(255.0, max(0.0, tone))
        return (*(int(tone * t) for t in tint), 255)

    return paint


def elf(rodata, code=b"", machine=183, symbol="WebPGetDecoderVersion"):
    """A shared library that the linker takes. rodata: its one section of constants; code: of one exported function.
    machine 3 (x86) and 40 (ARM, Thumb) have 32 bits."""
    wide = machine in (62, 183)
    word, half = ("Q", 56) if wide else ("I", 32)
    head, section = (64, 64) if wide else (52, 40)
    names = b"\0.rodata\0.shstrtab\0.dynsym\0.dynstr\0.text\0"
    texts = b"\0" + symbol.encode() + b"\0"
    at = {}
    blob = b""
    base = head + 2 * half

    def put(name, data):
        nonlocal blob
        blob += bytes(-len(blob) % 8)
        at[name] = (base + len(blob), len(data))
        blob += data

    put("rodata", rodata)
    put("text", code)
    value = at["text"][0] + (1 if machine == 40 else 0)
    if wide:
        put("dynsym", bytes(24) + struct.pack("<IBBHQQ", 1, 0x12, 0, 5, value, len(code)))
    else:
        put("dynsym", bytes(16) + struct.pack("<IIIBBH", 1, value, len(code), 0x12, 0, 5))
    put("dynstr", texts)
    put("dynamic", struct.pack(f"<8{word}", 5, at["dynstr"][0], 10, len(texts), 6, at["dynsym"][0], 0, 0))
    put("names", names)
    blob += bytes(-len(blob) % 8)
    sections_at = base + len(blob)
    size = sections_at + 6 * section
    header = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    header += struct.pack(f"<HHI{word}{word}{word}IHHHHHH", 3, machine, 1, 0, head, sections_at, 0, head, half, 2,
                          section, 6, 2)

    def load(kind, where, length):
        if wide:
            return struct.pack("<IIQQQQQQ", kind, 5, where, where, where, length, length, 8)
        return struct.pack("<IIIIIIII", kind, where, where, where, length, length, 5, 8)

    def row(name, kind, flags, key, link=0):
        where, length = at[key]
        return struct.pack(f"<II{word}{word}{word}{word}II{word}{word}", names.index(name) , kind, flags,
                           where, where, length, link, 0, 1, 0)

    sections = bytes(section) + row(b".rodata", 1, 2, "rodata") + row(b".shstrtab", 3, 0, "names")
    sections += row(b".dynsym", 11, 2, "dynsym", 4) + row(b".dynstr", 3, 2, "dynstr") + row(b".text", 1, 6, "text")
    return header + load(1, 0, size) + load(2, *at["dynamic"]) + blob + sections
