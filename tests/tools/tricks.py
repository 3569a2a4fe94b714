#!/usr/bin/env python3
"""Makes one APK for each trick that is known to lead tools astray, and says what Android reads.

    tests/tools/tricks.py FOLDER

FOLDER gets the files and tricks.tsv: row (of docs/evasion.md), file, the findings that must be reported,
and package, version, label, signer and the signature's verdict as Android sees them; verified is "-" where the
package cannot be read on every level for another reason than its signature. Everything is made from scratch
(tests/tools/apkmake), so nothing malicious and nobody's app is in it.
"""

import csv
import hashlib
import struct
import sys
from pathlib import Path

from apkmake import arsc, axml, dex, sign
from apkmake.archive import DEFLATED, STORED, Archive, Entry

MANIFEST, RESOURCES, CODE = "AndroidManifest.xml", "resources.arsc", "classes.dex"
COLUMNS = ("row", "file", "findings", "package", "version_code", "label", "signer", "schemes", "verified",
           "verdict")
TRICKS = []


def noise(size):
    out = b""
    while len(out) < size:
        out += hashlib.sha256(struct.pack("<I", len(out))).digest()
    return out[:size]


class Sample:
    """A package that is right until a trick changes it."""

    def __init__(self, keys, min_sdk=24, target_sdk=33):
        self.one, self.two = keys
        self.min_sdk, self.target_sdk = min_sdk, target_sdk
        self.entries = {MANIFEST: Entry(MANIFEST, self.document().write()),
                        RESOURCES: Entry(RESOURCES, arsc.table(), STORED), CODE: Entry(CODE, dex.dex())}
        self.archive_args = {}

    def document(self, root=None, **how):
        return axml.Document(root or self.root(), **how)

    def root(self, **how):
        return axml.manifest(min_sdk=self.min_sdk, target_sdk=self.target_sdk, **how)

    def put(self, name, data=b"", method=DEFLATED, key=None, **headers):
        """key: where it stands among the entries; another one than the name's adds a second entry."""
        self.entries[key or name] = Entry(name, data, method, **headers)
        return self

    def xml(self, data, method=DEFLATED, **headers):
        return self.put(MANIFEST, data, method, **headers)

    def tamper(self, name, method=DEFLATED, cd=None, local=None):
        return self.put(name, self.entries[name].data, method, cd=cd, local=local)

    def both(self, name, packing=DEFLATED, **fields):
        return self.tamper(name, packing, fields, fields)

    def archive(self):
        return Archive(self.entries.values(), **self.archive_args)

    def unsigned(self):
        return self.archive().write()

    def v1(self, key=None, **how):
        """Adds META-INF; what comes after can be a v2 block on top."""
        for entry in sign.v1(list(self.entries.values()), key or self.one, **how):
            self.entries[entry.name.decode()] = entry
        return self

    def blocks(self, *pairs):
        """pairs: functions of the archive that give (id, value)."""
        archive = self.archive()
        return archive.write(sign.block([pair(archive) for pair in pairs]))

    def v2(self, key=None, **how):
        return lambda archive: sign.v2(archive, key or self.one, **how)

    def v3(self, key=None, **how):
        return lambda archive: sign.v3(archive, key or self.one, **how)

    def done(self):
        return self.blocks(self.v2())


class Trick:
    def __init__(self, row, file, findings, build, facts):
        self.row, self.file, self.findings, self.build, self.facts = row, file, findings, build, facts


def trick(row, file, *findings, sdk=(24, 33), **facts):
    """Registers a function that makes the file's bytes of a Sample."""
    def register(build):
        TRICKS.append(Trick(row, file, findings, lambda keys: build(Sample(keys, *sdk)), facts))
        return build
    return register


OLD = (21, 28)  # levels at which a JAR signature alone is enough


# --- nothing wrong: these must not be suspected

@trick(0, "v1", sdk=OLD, schemes="v1")
def _(s):
    return s.v1().unsigned()


@trick(0, "v2")
def _(s):
    return s.done()


@trick(0, "v3", schemes="v3")
def _(s):
    return s.blocks(s.v3())


# --- archive

@trick(1, "method-bogus", "zip.method_bogus", verified=None)
def _(s):
    return s.both(MANIFEST, STORED, method=0x7600).done()


@trick(1, "method-bogus-local", "zip.method_bogus", "zip.local_mismatch")
def _(s):
    return s.tamper(MANIFEST, DEFLATED, local={"method": 0x7600}).done()


@trick(1, "method-bogus-directory", "zip.method_bogus", "zip.local_mismatch", verified=None)
def _(s):
    return s.tamper(MANIFEST, STORED, cd={"method": 99}).done()


@trick(2, "method-mismatch-stored", "zip.local_mismatch")
def _(s):
    return s.tamper(MANIFEST, DEFLATED, local={"method": STORED}).done()


@trick(2, "method-mismatch-deflated", "zip.local_mismatch")
def _(s):
    return s.tamper(MANIFEST, STORED, local={"method": DEFLATED, "extra": b""}).done()


@trick(3, "method-bogus-deflate", "zip.method_bogus")
def _(s):
    return s.both(MANIFEST, DEFLATED, method=21).done()


@trick(4, "local-sizes-zero", "zip.local_mismatch", verified=None)
def _(s):
    return s.tamper(MANIFEST, DEFLATED, local={"packed": 0, "plain": 0, "crc": 0}).done()


@trick(4, "local-sizes-wrong", "zip.local_mismatch")
def _(s):
    return s.tamper(CODE, DEFLATED, local={"packed": 7, "plain": 0x7FFFFFFF}).done()


@trick(5, "extra-huge", "zip.extra_odd")
def _(s):
    return s.tamper(MANIFEST, DEFLATED, local={"extra": noise(60001)}).done()


@trick(6, "name-mismatch", "zip.name_mismatch")
def _(s):
    return s.tamper(CODE, DEFLATED, local={"name": b"classes.deP"}).done()


@trick(7, "duplicate-manifest", "zip.duplicate_entry")
def _(s):
    other = s.document(s.root(package="com.example.other")).write()
    return s.put(MANIFEST, other, key="second").done()


@trick(7, "duplicate-dex", "zip.duplicate_entry")
def _(s):
    return s.put(CODE, dex.dex("Lcom/example/other/Main;"), key="second").done()


@trick(8, "manifest-is-folder", "zip.path_collision")
def _(s):
    return s.put(MANIFEST + "/x", b"x").done()


@trick(8, "dex-is-folder", "zip.path_collision")
def _(s):
    return s.put(CODE + "/", b"", STORED).done()


for name, path in (("up", "assets/../../../etc/x"), ("absolute", "/data/x"), ("nul", "assets/x\0.dex"),
                   ("cr", "assets/x\r"), ("lf", "assets/x\n"), ("backslash", "assets\\..\\x")):
    @trick(9, "name-" + name, "zip.path_traversal")
    def _(s, path=path):
        return s.put(path, b"x").done()


@trick(10, "name-empty", "zip.empty_name")
def _(s):
    return s.put("", b"x").done()


@trick(11, "encrypted-flag", "zip.encrypted_flag")
def _(s):
    return s.both(MANIFEST, DEFLATED, flags=1).both(CODE, DEFLATED, flags=1).done()


@trick(12, "end-record-in-comment", "zip.eocd_multiple")
def _(s):
    s.archive_args["comment"] = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, 46, 0, 99)
    return s.done()


@trick(13, "longest-comment", "zip.comment")
def _(s):
    s.archive_args["comment"] = b"c" * 65535
    return s.done()


@trick(14, "directory-shifted", "zip.directory_offset", "zip.malformed", verdict="malformed")
def _(s):
    s.archive_args["shift"] = -8
    return s.done()


@trick(14, "bytes-in-front", "zip.directory_offset", "zip.malformed", verdict="malformed")
def _(s):
    return b"#!/bin/sh\n" + s.done()


@trick(14, "directory-truncated", "zip.malformed", verdict="malformed")
def _(s):
    archive = s.archive()
    archive.directory = archive.directory[:-30]
    return archive.write()


@trick(15, "directory-gap", "zip.directory_gap", sdk=OLD, schemes="v1")
def _(s):
    s.v1().archive_args["gap"] = b"garbage"
    return s.done()


@trick(16, "janus", "apk.janus", sdk=OLD, schemes="v1")
def _(s):
    s.v1().archive_args["prefix"] = dex.dex("Lcom/example/evil/Main;")
    return s.unsigned()


# --- signatures

@trick(17, "two-v2-blocks", "apk.duplicate_signing_block")
def _(s):
    return s.blocks(s.v2(), s.v2(s.two))


@trick(17, "two-v3-blocks", "apk.duplicate_signing_block", schemes="v3")
def _(s):
    return s.blocks(s.v3(), s.v3(s.two))


@trick(18, "fake-v1-signer", "apk.fake_v1_signer")
def _(s):
    return s.v1(s.two).done()


@trick(18, "fake-v2-signer", "apk.fake_v2_signer", sdk=(28, 33), schemes="v3")
def _(s):
    return s.blocks(s.v2(s.two), s.v3())


@trick(19, "first-certificate-not-used", "apk.unused_certificate", sdk=OLD, schemes="v1")
def _(s):
    return s.v1(certs=[s.two.cert, s.one.cert]).unsigned()


@trick(20, "v2-stripped", "apk.signature_stripped", "apk.signing_block_payload", sdk=OLD, verified=False)
def _(s):
    return s.v1(claims="2").blocks(lambda archive: (sign.PADDING, s.v2()(archive)[1]))


@trick(20, "v3-stripped", "apk.signature_stripped", "apk.signing_block_payload", verified=False)
def _(s):
    claim = [(sign.STRIPPING_PROTECTION, struct.pack("<I", 3))]
    return s.blocks(s.v2(attributes=claim), lambda archive: (sign.PADDING, s.v3()(archive)[1]))


@trick(21, "signing-block-payload", "apk.signing_block_payload")
def _(s):
    return s.blocks(s.v2(), lambda _: (0x12345678, noise(200000)))


@trick(21, "signing-block-of-stores")
def _(s):
    return s.blocks(s.v2(), lambda _: (0x504B4453, noise(1000)), lambda _: (0x2146444E, noise(1000)))


# --- manifest

@trick(22, "xml-magic", "axml.magic")
def _(s):
    return s.xml(s.document().write(magic=0)).done()


@trick(23, "xml-size-large", "axml.wrong_size")
def _(s):
    return s.xml(s.document().write(size_add=0x10000)).done()


@trick(23, "xml-size-small", "axml.wrong_size")
def _(s):
    return s.xml(s.document().write(size_add=-24)).done()


@trick(24, "string-count", "axml.string_count")
def _(s):
    return s.xml(s.document(count_add=3).write()).done()


@trick(25, "string-not-terminated", "axml.bad_string")
def _(s):
    def encode(text):
        return axml.utf16(text, b"" if text == "1.7" else b"\0\0")
    return s.xml(s.document(encode=encode).write()).done()


@trick(25, "string-with-nul", "axml.bad_string", label="")
def _(s):
    return s.xml(s.document(s.root(label=(axml.STRING, "\0Tricks"))).write()).done()


@trick(26, "bytes-between-chunks", "axml.dummy_data")
def _(s):
    return s.xml(s.document().before("application", b"\xDE\xAD\xBE\xEF" * 3).write()).done()


@trick(27, "end-namespace-size-0", "axml.zero_size_chunk")
def _(s):
    doc = s.document().replace("end-namespace", lambda old: old[:4] + bytes(4) + old[8:])
    return s.xml(doc.write()).done()


@trick(28, "unknown-chunk", "axml.unknown_chunk")
def _(s):
    return s.xml(s.document().before("application", axml.chunk(0x01FF, bytes(8), noise(24))).write()).done()


@trick(29, "attribute-size", "axml.attribute_size")
def _(s):
    return s.xml(s.document(attribute_size=24).write()).done()


@trick(29, "attribute-start", "axml.attribute_size")
def _(s):
    return s.xml(s.document(attribute_start=28).write()).done()


@trick(30, "attribute-names-empty", "axml.attribute_name_empty")
def _(s):
    return s.xml(s.document(names={name: "" for name in axml.IDS}).write()).done()


@trick(31, "no-resource-map", "axml.resource_map_missing", verified=None)
def _(s):
    return s.xml(s.document(resource_map=False).write()).done()


@trick(32, "namespaces", "axml.namespace")
def _(s):
    doc = s.document()
    masking = doc.node(0x100, doc.pair("android", axml.ANDROID)) * 20
    return s.xml(doc.before("manifest", masking).write()).done()


@trick(33, "text-chunk", "axml.text_chunk")
def _(s):
    doc = s.document()
    text = doc.node(0x104, struct.pack("<IHBBI", doc.index("name"), 8, 0, 0, 0))
    return s.xml(doc.before("application", text).write()).done()


# --- resources and code

for way in (arsc.SPARSE, arsc.COMPACT, arsc.OFFSET16):
    @trick(34, "resources-" + way)
    def _(s, way=way):
        return s.put(RESOURCES, arsc.table(way=way), STORED).done()


@trick(34, "resources-protected", "arsc.unknown_chunk")
def _(s):
    return s.put(RESOURCES, arsc.table(inserted=axml.chunk(0x0777, b"", noise(32))), STORED).done()


@trick(35, "dex-fake", "dex.fake")
def _(s):
    return s.put("classes2.dex", b"this is no code at all").done()


@trick(35, "dex-out-of-sequence", "dex.hidden")
def _(s):
    return s.put("classes3.dex", dex.dex("Lcom/example/tricks/Third;")).done()


@trick(35, "dex-version", "dex.version")
def _(s):
    return s.put("classes2.dex", dex.dex("Lcom/example/tricks/Second;", version=99)).done()


@trick(35, "dex-container", "dex.container")
def _(s):
    return s.put(CODE, dex.container(["Lcom/example/tricks/Main;", "Lcom/example/tricks/Other;"])).done()


# --- claims

@trick(36, "jar-manifest-size", "limit.zip_claim", "limit.jar_file", sdk=OLD, verified=False)
def _(s):
    s.v1()
    return s.both("META-INF/MANIFEST.MF", plain=0x7FFFFFFF).unsigned()


# --- found here, beyond the public suites

@trick(37, "package-with-two-texts", "axml.raw_value")
def _(s):
    doc = s.document()
    def change(chunk):
        # The package is the third attribute; its value lies 16 bytes into it, the text as written 8.
        at = 16 + 20 + 2 * 20 + 16
        return chunk[:at] + struct.pack("<I", doc.index(axml.ANDROID)) + chunk[at + 4:]
    return s.xml(doc.replace("manifest", change).write()).done()


def facts_of(entry, keys):
    facts = {"package": "com.example.tricks", "version_code": 7, "label": "Tricks", "signer": keys[0].sha256,
             "schemes": "v2", "verified": True, "verdict": ""}
    facts.update(entry.facts)
    if facts["verdict"] == "malformed":
        facts.update(package="", version_code="", label="", verified=False)
    if not facts["verified"]:
        facts.update(signer="", schemes="")
    return facts


def write(folder):
    """All samples and the table; gives the table's rows."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    keys = [sign.Key(folder, "tricks-one"), sign.Key(folder, "tricks-two")]
    rows = []
    for entry in TRICKS:
        file = f"{entry.row:02d}-{entry.file}.apk"
        (folder / file).write_bytes(entry.build(keys))
        facts = facts_of(entry, keys)
        rows.append({"row": entry.row, "file": file, "findings": ",".join(entry.findings), **facts,
                     "verified": {True: "yes", False: "no", None: "-"}[facts["verified"]]})
    with open(folder / "tricks.tsv", "w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, COLUMNS, delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return rows


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{len(write(sys.argv[1]))} samples in {sys.argv[1]}")
