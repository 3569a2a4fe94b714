#!/usr/bin/env python3
"""What Picket reads of DEX files is what dexdump, Android's own tool, reads.

    dex_peers.py [FILE...]     without names: the samples of tests/tools/dex_samples.py, what lies in
                               tests/data and tests/fuzz/corpus/dex, and the APKs of PICKET_SHARED

Of every APK and DEX: the counts of each DEX file's tables, its code units and its invokes, as
`picket scan --json` reports them; and every invoke, const-string and field instruction of the code, with
its place and its index, as tests/tools/dump_code.c prints them.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT / ".." / "shared"))
TABLES = {"strings": b"string_ids_size", "types": b"type_ids_size", "protos": b"proto_ids_size",
          "fields": b"field_ids_size", "methods": b"method_ids_size", "classes": b"class_defs_size"}
CODE = re.compile(rb"^([0-9a-f]{6,}): ((?:[0-9a-f]{4} )+) *\|[0-9a-f]+: ([a-z/0-9-]+)(.*)$")
# The index stands in a comment, but for invoke-custom. A string may have line breaks, and its comment is
# lost to us: its index is in the bytes.
REFERENCE = re.compile(rb" // (method|string|field)@([0-9a-f]+)(?:, proto@[0-9a-f]+)?$")
REFERENCE_LINE = re.compile(rb"[0-9a-f]{6,} [mcsf] [0-9a-f]{4,}$")
METHOD = re.compile(rb"\}, (\S+?)(?:, \([^ ]*)? // ")
CALL_SITE = re.compile(rb", call_site@([0-9a-f]+)")

compared = set()
passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED  {name}\n        {str(shown)[:700]}", flush=True)


class Peer:
    """dexdump's view of one file, DEX by DEX."""

    def __init__(self, path):
        run = subprocess.run(["dexdump", "-f", "-d", str(path)], capture_output=True, check=False)
        self.refused = run.returncode != 0
        self.why = run.stderr[-300:]
        self.dex, self.references = [], []
        self.texts = []  # of each DEX: method index -> text, of those that the code calls
        for line in run.stdout.split(b"\n"):
            self.line(line)

    def line(self, line):
        if line == b"DEX file header:":
            self.dex.append({"code_units": 0, "invokes": 0})
            self.texts.append({})
        elif line[:1] == b" ":
            if b"16-bit code units" in line:
                self.dex[-1]["code_units"] += int(line.split(b":")[1].split()[0])
        elif code := CODE.match(line):
            self.instruction(int(code[1], 16), code[2], code[3], code[4])
        else:
            for key, name in TABLES.items():
                if line.startswith(name):
                    self.dex[-1][key] = int(line.split(b":")[1].split()[0])

    def instruction(self, place, units, opcode, rest):
        if opcode.startswith(b"invoke-"):
            self.dex[-1]["invokes"] += 1
        if found := REFERENCE.search(rest):
            kind, index = found[1][:1].decode(), int(found[2], 16)
            if kind == "m":
                self.texts[-1][index] = METHOD.search(rest)[1]
        elif opcode.startswith(b"invoke-custom"):
            kind, index = "c", int(CALL_SITE.search(rest)[1], 16)
        elif opcode.startswith(b"const-string"):
            kind, index = "s", int.from_bytes(bytes.fromhex(units.decode().replace(" ", ""))[2:], "little")
        else:
            return
        self.references.append(f"{place:06x} {kind} {index:04x}")


def dex_files(path, folder):
    """The DEX files that the platform loads of an APK, unpacked; the file itself when it is a DEX."""
    if not zipfile.is_zipfile(path):
        return [path]
    out = []
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            for number in range(1, 500):
                name = f"classes{number if number > 1 else ''}.dex"
                if name not in names:
                    break
                file = Path(folder) / name
                file.write_bytes(archive.read(name))
                out.append(file)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        print(f"{path.name}: {error}: broken archives have tests of their own")
        return []
    return out


def compare(path, name):
    """How many references were equal."""
    with tempfile.TemporaryDirectory() as folder:
        files = dex_files(path, folder)
        digest = hashlib.sha256(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files)).digest()
        if digest in compared:
            return 0  # many test APKs carry the same code
        compared.add(digest)
        dump = subprocess.run([BUILD / "tests" / "dump_code", *files], capture_output=True, check=True).stdout
    peer = Peer(path)
    report = scan(path)
    if "broken" in report:
        check(f"{name}: a report", False, report)
        return 0
    rows = report.get("dex", [])
    odd = {f["id"] for f in report.get("findings", [])}
    if "limit.dex" in odd:  # methods that share code: dexdump reads it all, whatever that costs
        check(f"{name}: limited", 0 < sum(row["code_units"] for row in rows) < sum(d["code_units"] for d in peer.dex))
        return 0
    if peer.refused:
        # It does not know version 041, and stops at what the platform would refuse: so must we, or say so.
        check(f"{name}: refused by dexdump", odd or not rows, peer.why)
        return 0
    ours = [{key: row.get(key, 0) for key in (*TABLES, "code_units", "invokes")} for row in rows]
    check(f"{name}: counts", ours == peer.dex, f"{ours}\n{peer.dex}")
    lines = dump.split(b"\n")
    references = [line.decode() for line in lines if REFERENCE_LINE.match(line)]
    if references != peer.references:
        where = next((i for i, (a, b) in enumerate(zip(references, peer.references)) if a != b), -1)
        check(f"{name}: references", False, f"{len(references)} and {len(peer.references)}; the first other one "
              f"is number {where}: {references[where:where + 1]} {peer.references[where:where + 1]}")
        return 0
    check(f"{name}: references", True)
    compare_texts(name, lines, peer)
    return len(references)


def compare_texts(name, lines, peer):
    """dexdump writes "Lclass;.name:(..)V" where we write "Lclass;->name(..)V"."""
    texts, number = [], 0
    for line in lines:
        if line.startswith(b"method "):
            texts.append(line[7:].replace(b"->", b".", 1).replace(b"(", b":(", 1))
        elif line.startswith(b"dex "):
            other = {i: (texts[i], text) for i, text in peer.texts[number].items() if texts[i] != text}
            check(f"{name}: texts of DEX {number}", not other, list(other.items())[:2])
            texts, number = [], number + 1


def material(folder):
    """(path, name) of what there is to compare."""
    subprocess.run([sys.executable, ROOT / "tests" / "tools" / "dex_samples.py", folder], check=True,
                   stdout=subprocess.DEVNULL)
    for base in (Path(folder), ROOT / "tests" / "fuzz" / "corpus" / "dex", ROOT / "tests" / "data"):
        for path in sorted([*base.rglob("*.dex"), *base.rglob("*.apk")]):
            yield path, path.name
    shared = SHARED / "data" / "apk"
    if not shared.is_dir():
        print(f"SKIPPED: '{shared}' is not there (PICKET_SHARED names the folder above data/)", flush=True)
        return
    for path in sorted([*shared.rglob("*.dex"), *shared.rglob("*.apk")]):
        yield path, str(path.relative_to(shared))


def scan(path):
    run = subprocess.run([BUILD / "bin" / "picket", "scan", "--json", path], capture_output=True, text=True,
                         check=False)
    try:
        return json.loads(run.stdout)
    except ValueError:
        return {"broken": run.stdout + run.stderr}


def check_alone(folder):
    """What no other tool says."""
    sys.path.insert(0, str(ROOT / "tests" / "tools"))
    import dex_samples  # pylint: disable=import-outside-toplevel

    plain = dex_samples.plain(35).build()
    cases = (
        ("a container of 500", dex_samples.container(500), {"dex.container"}, 500),
        ("a container of 501", dex_samples.container(501), {"dex.container", "limit.dex_files"}, 500),
        ("a payload", plain + bytes(1024), {"dex.payload"}, 1),
        ("padding", plain + bytes(1023), set(), 1),
        ("a cut one", plain[:-1], {"dex.malformed"}, 0),
        ("another checksum", plain[:8] + b"abcd" + plain[12:], {"dex.checksum"}, 1),
        ("another digest", plain[:8] + zlib.adler32(bytes(20) + plain[32:]).to_bytes(4, "little") + bytes(20)
         + plain[32:], {"dex.signature"}, 1),
    )
    for name, data, findings, rows in cases:
        path = Path(folder) / "alone.dex"
        path.write_bytes(data)
        report = scan(path)
        met = {finding["id"]: finding["count"] for finding in report.get("findings", [])}
        check(f"{name}: findings", set(met) == findings, report)
        check(f"{name}: DEX files", len(report.get("dex", [])) == rows, report)
        if name == "a cut one":
            check(f"{name}: verdict", report.get("verdict") == "malformed" and met == {"dex.malformed": 1}, report)


def main():
    if shutil.which("dexdump") is None:
        check("dexdump", False, "apt install dexdump")
    else:
        with tempfile.TemporaryDirectory() as folder:
            given = [(Path(arg), arg) for arg in sys.argv[1:]]
            equal = sum(compare(path, name) for path, name in given or material(folder))
            if not given:
                check_alone(folder)
        print(f"{equal} references equal to dexdump's")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
