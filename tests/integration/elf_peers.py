#!/usr/bin/env python3
"""What Picket reads of native libraries is what readelf (binutils) reads.

    elf_peers.py [FILE...]     without names: tests/fuzz/corpus/elf, libraries of this machine, and those in
                               the APKs of PICKET_SHARED

readelf goes by the sections, Picket by the segments alone: where a file is honest both see the same
libraries, symbols, names and flags. tests/tools/dump_code.c prints ours.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT / ".." / "shared"))
SYSTEM = Path("/usr/lib/x86_64-linux-gnu")
SYSTEM_MAX = 40     # libraries of this machine: other linkers, larger tables
NAMES_MAX = 4096    # PK_ELF_NAMES_MAX
SYMBOL = re.compile(r"\s*\d+: [0-9a-f]+\s+\S+\s+\S+\s+(\S+)\s+\S+\s+(?:\[[^]]*\]\s+)?(\S+) (\S+)")
DYNAMIC = re.compile(r"\((NEEDED|SONAME|RUNPATH|RPATH)\).*\[(.*)\]")
STACK = re.compile(r"GNU_STACK\s+(?:0x[0-9a-f]+\s+){5}([RWE ]{3})")

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED  {name}\n        {str(shown)[:700]}", flush=True)


def theirs(path):
    out = subprocess.run(["readelf", "-W", "-h", "-l", "-d", "-n", "-S", "--dyn-syms", path], capture_output=True,
                         check=False, env={**os.environ, "LC_ALL": "C"}).stdout.decode("utf-8", "replace")
    facts = {"import": [], "export": [], "needed": [], "soname": "", "runpath": ""}
    for line in out.splitlines():
        if symbol := SYMBOL.match(line):
            bind, section, name = symbol[1], symbol[2], symbol[3].split("@")[0]
            # Android's linker knows global and weak symbols only; UNIQUE is the GNU linker's own.
            if section == "UND" and bind != "LOCAL":
                facts["import"].append(name)
            elif section != "UND" and bind in ("GLOBAL", "WEAK"):
                facts["export"].append(name)
        elif entry := DYNAMIC.search(line):
            kind, value = entry[1], entry[2]
            if kind == "NEEDED":
                facts["needed"].append(value)
            elif kind == "RPATH":
                facts["runpath"] = facts["runpath"] or value
            else:
                facts[kind.lower()] = value
    stack, build = STACK.search(out), re.search(r"Build ID: ([0-9a-f]+)", out)
    facts["nx"] = str(int(stack is not None and "E" not in stack[1]))
    facts["build_id"] = build[1] if build else ""
    facts["relro"] = str(int("GNU_RELRO" in out))
    facts["bind_now"] = str(int("BIND_NOW" in out or bool(re.search(r"\(FLAGS_1\).*\bNOW\b", out))))
    facts["textrel"] = str(int("TEXTREL" in out))
    facts["symbols"] = str(int(bool(re.search(r"\bSYMTAB\s", out))))
    return facts


def ours(path):
    out = subprocess.run([BUILD / "tests" / "dump_code", path], capture_output=True, check=True).stdout
    facts = {"import": [], "export": [], "needed": [], "odd": []}
    for line in out.decode("utf-8", "replace").splitlines():
        first, key, value = (line.split(" ", 2) + ["", ""])[:3]
        if first == "odd":
            facts["odd"].append(line)
        elif first == "elf" and key in facts:
            facts[key].append(value)
        elif first == "elf":
            facts[key] = value
    return facts


def compare(path, name):
    """How many names were equal."""
    peer, facts = theirs(path), ours(path)
    equal = 0
    for key, value in peer.items():
        mine = facts.get(key, "")
        if key in ("import", "export"):
            check(f"{name}: {key}s", facts.get(key + "s") == str(len(value)), (facts.get(key + "s"), len(value)))
            if len(value) > NAMES_MAX:
                continue
            mine, value = sorted(mine), sorted(value)
            equal += len(value)
        check(f"{name}: {key}", mine == value, f"{mine}\n        {value}")
    if not name.startswith("corpus"):
        check(f"{name}: nothing odd", not facts["odd"], facts["odd"])
    return equal


def packed(shared, folder):
    """The native code of the APKs, unpacked: (path, name)."""
    for apk in sorted(shared.rglob("*.apk")):
        try:
            with zipfile.ZipFile(apk) as archive:
                for number, entry in enumerate(archive.namelist()):
                    data = archive.read(entry)
                    if data.startswith(b"\x7fELF"):
                        path = Path(folder) / f"{number}.so"
                        path.write_bytes(data)
                        yield path, f"{apk.name}: {entry}"
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError):
            continue  # broken archives have tests of their own


def material(folder):
    for path in sorted((ROOT / "tests" / "fuzz" / "corpus" / "elf").glob("graphics-*")):
        yield path, path.name
    libraries = [path for path in sorted(SYSTEM.glob("lib*.so.*")) if not path.is_symlink()]
    for path in libraries[::max(1, len(libraries) // SYSTEM_MAX)]:
        yield path, path.name
    shared = SHARED / "data" / "apk"
    if shared.is_dir():
        yield from packed(shared, folder)
    else:
        print(f"SKIPPED: '{shared}' is not there (PICKET_SHARED names the folder above data/)", flush=True)


def check_report(folder):
    """An app with native code: what a scan reports of it, a library that is none included."""
    sys.path.insert(0, str(ROOT / "tests" / "tools"))
    import dex_samples  # pylint: disable=import-outside-toplevel

    corpus = ROOT / "tests" / "fuzz" / "corpus" / "elf"
    libraries = {"lib/arm64-v8a/libg.so": corpus / "graphics-arm64.so",
                 "lib/armeabi-v7a/libg.so": corpus / "graphics-armv7.so"}
    path = Path(folder) / "app.apk"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("classes.dex", dex_samples.plain(35).build())
        for entry, library in libraries.items():
            archive.write(library, entry)
        archive.writestr("lib/arm64-v8a/libfake.so", "no library")
        archive.writestr("lib/arm64-v8a/libcut.so", (corpus / "graphics-arm64.so").read_bytes()[:60])
    run = subprocess.run([BUILD / "bin" / "picket", "scan", "--json", path], capture_output=True, text=True,
                         check=False)
    report = json.loads(run.stdout)
    rows = {row["file"]: row for row in report.get("native", [])}
    check("report: libraries", set(rows) == set(libraries), report)
    for entry, library in libraries.items():
        peer, row = theirs(library), rows.get(entry, {})
        check(f"report: {entry}", row.get("abi") == entry.split("/")[1] and row.get("needed") == peer["needed"]
              and row.get("imports", 0) == len(peer["import"]) and row.get("exports", 0) == len(peer["export"]),
              (row, peer))
        marks = {"nx": "nx", "relro": "relro", "bind_now": "bind_now", "textrel": "text_relocations"}
        check(f"report: {entry}: hardening", all((peer[key] == "1") == (mark in row.get("hardening", []))
                                                 for key, mark in marks.items()), (row, peer))
    met = {finding["id"]: finding for finding in report.get("findings", [])}
    for wanted, name in (("elf.fake", "libfake.so"), ("elf.malformed", "libcut.so")):
        check(f"report: {wanted}", name in met.get(wanted, {}).get("evidence", "")
              and met[wanted]["count"] == 1, met)


def main():
    with tempfile.TemporaryDirectory() as folder:
        given = [(Path(arg), arg) for arg in sys.argv[1:]]
        equal = sum(compare(path, name) for path, name in given or material(folder))
        if not given:
            check_report(folder)
    print(f"{equal} names of symbols equal to readelf's")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
