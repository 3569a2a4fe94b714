#!/usr/bin/env python3
"""What `picket scan --json` says of Apple's files is what is in them, found a second way.

    apple_files.py [FILE...]   without names: tests/data/apple and every file of PICKET_SHARED/data/ios

Of Mach-O files: architectures, platform, encryption, identifier, team, the hash of the best code
directory and the entitlements are read here in Python, load commands are counted with llvm-objdump,
and the CMS is judged by openssl. Of profiles: openssl takes the list out of the CMS, plistlib reads it.
Of apps: zipfile and plistlib, and every hash of CodeResources is computed again. Then each kind is
changed by one byte, which must be seen.
"""

import base64
import hashlib
import json
import os
import plistlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from scan_support import ROOT, Tally, picket, reports, wrong_with

SHARED = Path(os.environ.get("PICKET_SHARED", ROOT / ".." / "shared"))
CPUS = {(7, 3): "i386", (0x01000007, 3): "x86_64", (0x01000007, 8): "x86_64h", (12, 6): "armv6",
        (12, 9): "armv7", (12, 11): "armv7s", (12, 12): "armv7k", (0x0100000c, 0): "arm64",
        (0x0100000c, 2): "arm64e", (18, 0): "ppc", (0x01000012, 0): "ppc64"}
PLATFORMS = {1: "macos", 2: "ios", 3: "tvos", 4: "watchos", 6: "maccatalyst", 7: "ios-simulator"}
HASHES = {1: (hashlib.sha1, 1), 3: (hashlib.sha256, 2), 2: (hashlib.sha256, 3), 4: (hashlib.sha384, 4)}
OBJDUMP = shutil.which("llvm-objdump-14") or shutil.which("llvm-objdump")
tally = Tally()
check = tally.check
counts = {}


def openssl_cms(cms, content=None):
    """(verified, content) in the eyes of openssl, without trust."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        (where / "cms").write_bytes(cms)
        args = ["openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-binary", "-in", where / "cms",
                "-out", where / "out"]
        if content is not None:
            (where / "content").write_bytes(content)
            args += ["-content", where / "content"]
        run = subprocess.run(args, capture_output=True, check=False)
        good = run.returncode == 0
        return good, (where / "out").read_bytes() if good else None


# ---------------------------------------------------------------------------------------------- Mach-O

class Slice:
    """One architecture, read again."""

    def __init__(self, data):
        magic = data[:4]
        self.order = ">" if magic in (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf") else "<"
        self.data, self.wide = data, magic in (b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf")
        cpu, subtype, self.file_type, count, _, _ = self.u32(4, 6)
        self.arch = CPUS[cpu, subtype & 0xffffff]
        self.platform, self.min_os, self.encrypted, self.signature = None, None, False, None
        self.libraries, at = [], 32 if self.wide else 28
        for _ in range(count):
            command, size = self.u32(at, 2)
            self.command(command & 0x7fffffff, at, size)
            at += size
        self.directories, self.parts, self.cms = [], {}, None
        if self.signature:
            self.read_signature()

    def u32(self, at, count=1):
        return struct.unpack_from(f"{self.order}{count}I", self.data, at)

    def command(self, number, at, size):
        if number in (0x24, 0x25, 0x2f, 0x30) and self.platform is None:
            intel = self.arch in ("i386", "x86_64")
            name = {0x24: "macos", 0x25: "ios", 0x2f: "tvos", 0x30: "watchos"}[number]
            self.platform = name + "-simulator" if intel and number != 0x24 else name
            self.min_os = self.version(self.u32(at + 8)[0])
        elif number == 0x32:
            platform, minimum = self.u32(at + 8, 2)
            self.platform, self.min_os = PLATFORMS[platform], self.version(minimum)
        elif number in (0x21, 0x2c):
            self.encrypted = self.u32(at + 16)[0] != 0
        elif number == 0x1d:
            where, length = self.u32(at + 8, 2)
            self.signature = self.data[where:where + length]
        elif number in (0xc, 0x18, 0x1f, 0x20, 0x23):
            name = self.data[at + self.u32(at + 8)[0]:at + size]
            self.libraries.append(name.split(b"\0")[0].decode())

    @staticmethod
    def version(value):
        parts = [value >> 16, value >> 8 & 255, value & 255]
        return ".".join(map(str, parts if parts[2] else parts[:2]))

    def read_signature(self):
        blob = self.signature
        count = struct.unpack_from(">I", blob, 8)[0]
        for i in range(count):
            slot, at = struct.unpack_from(">II", blob, 12 + 8 * i)
            part = blob[at:at + struct.unpack_from(">I", blob, at + 4)[0]]
            if slot == 0 or 0x1000 <= slot < 0x1006:
                self.directories.append(part)
            elif slot == 0x10000:
                self.cms = part[8:]
            else:
                self.parts[slot] = part
        best = max(self.directories, key=lambda d: HASHES[d[37]][1])
        hasher = HASHES[best[37]][0]
        self.cdhash = hasher(best).hexdigest()[:40]
        version, _, hash_at, name_at, special, slots, limit, size = struct.unpack_from(">IIIIIII", best, 8) + (best[36],)
        self.identifier = best[name_at:best.index(b"\0", name_at)].decode()
        team_at = struct.unpack_from(">I", best, 48)[0] if version >= 0x20200 else 0
        self.team = best[team_at:best.index(b"\0", team_at)].decode() if team_at else None
        page = 1 << best[39]
        self.holds = all(hasher(self.data[i * page:min((i + 1) * page, limit)]).digest()[:size]
                         == best[hash_at + i * size:hash_at + (i + 1) * size] for i in range(slots))
        for slot, part in self.parts.items():
            expected = best[hash_at - slot * size:hash_at - (slot - 1) * size] if slot <= special else b""
            self.holds = self.holds and hasher(part).digest()[:size] == expected
        if self.cms:
            self.holds = self.holds and openssl_cms(self.cms, self.directories[0])[0]
        self.entitlements = plistlib.loads(self.parts[5][8:]) if 5 in self.parts else None


def slices_of(data):
    if data[:4] not in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
        return [Slice(data)]
    wide, out = data[3] == 0xbf, []
    for i in range(struct.unpack_from(">I", data, 4)[0]):
        at, size = struct.unpack_from(">QQ" if wide else ">II", data, 8 + i * (32 if wide else 20) + 8)
        out.append(Slice(data[at:at + size]))
    return out


def check_slices(name, report, slices):
    apple = report["apple"]
    rows = apple.get("architectures", [])
    check(f"{name}: architectures", [r["name"] for r in rows] == [s.arch for s in slices], rows)
    for row, one in zip(rows, slices):
        at = f"{name} {one.arch}"
        check(f"{at}: platform", row.get("platform") == one.platform, (row, one.platform))
        check(f"{at}: oldest system", row.get("min_os") == one.min_os, (row, one.min_os))
        check(f"{at}: encryption", row["encrypted"] == one.encrypted, row)
        check(f"{at}: signed", row["signed"] == (bool(one.signature) and one.holds and agree(one)), row)
        if one.signature:
            check(f"{at}: cdhash", row["cdhash"] == one.cdhash, (row, one.cdhash))
            check(f"{at}: identifier", row["identifier"] == one.identifier, (row, one.identifier))
            check(f"{at}: team", row.get("team_id") == one.team, (row, one.team))
        counts["slices"] = counts.get("slices", 0) + 1
        counts["signatures"] = counts.get("signatures", 0) + bool(one.signature)
    check(f"{name}: debuggable", report["debuggable"] == any(
        (s.entitlements or {}).get("get-task-allow", False) for s in slices if s.signature), report["debuggable"])
    with_rights = [s.entitlements for s in slices if s.signature and s.entitlements is not None]
    check(f"{name}: entitlements", apple.get("entitlements") == (with_rights[0] if with_rights else None),
          (apple.get("entitlements"), with_rights))


def agree(one):
    """Do XML and DER entitlements name the same keys? A look at the names is enough here."""
    if 5 not in one.parts or 7 not in one.parts:
        return True
    names = set(re.findall(rb"\x0c.([a-z][a-zA-Z.-]{5,})\x01\x01|\x0c.([a-z][a-zA-Z.-]{5,})[\x0c\x30]", one.parts[7], re.S))
    return {a or b for a, b in names} == {key.encode() for key in one.entitlements}


def check_objdump(name, path, slices):
    """The count of libraries and the platform, in the eyes of LLVM."""
    if OBJDUMP is None or any(s.arch.startswith("ppc") for s in slices):
        return
    run = subprocess.run([OBJDUMP, "--macho", "--arch=all", "--private-headers", path],
                         capture_output=True, text=True, errors="replace", check=False)
    if run.returncode != 0:
        report = scan(path)
        check(f"{name}: LLVM refuses it, and a finding says why",
              "macho.malformed" in [f["id"] for f in report["findings"]], run.stderr)
        return
    loads = re.findall(r"cmd LC_(?:LOAD|LOAD_WEAK|REEXPORT|LAZY_LOAD|LOAD_UPWARD)_DYLIB\b", run.stdout)
    check(f"{name}: libraries", len(loads) == sum(len(s.libraries) for s in slices), len(loads))


def check_macho(name, path, report):
    slices = slices_of(path.read_bytes())
    check(f"{name}: kind", report["kind"] == "macho", report)
    check_slices(name, report, slices)
    check_objdump(name, path, slices)


# ---------------------------------------------------------------------------------- profiles and apps

def check_profile(name, profile, data):
    good, content = openssl_cms(data)
    listed = plistlib.loads(content if good else data[data.index(b"<?xml"):data.rindex(b"</plist>") + 8])
    rights = listed["Entitlements"]
    expected = {
        "name": listed["Name"], "uuid": listed["UUID"],
        "team_id": listed.get("TeamIdentifier", listed.get("ApplicationIdentifierPrefix"))[0],
        "team_name": listed["TeamName"], "app_id": rights["application-identifier"],
        "created": listed["CreationDate"].strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "expires": listed["ExpirationDate"].strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "all_devices": listed.get("ProvisionsAllDevices", False),
        "devices": len(listed.get("ProvisionedDevices", [])),
        "debuggable": rights.get("get-task-allow", False), "verified": good,
    }
    for key, value in expected.items():
        check(f"{name}: {key} of the profile", profile.get(key, 0 if key == "devices" else None) == value,
              (profile.get(key), value))
    counts["profiles"] = counts.get("profiles", 0) + 1


def resources_hold(archive, folder):
    """Every listed file with every hash that it has."""
    path = folder + "_CodeSignature/CodeResources"
    if path not in archive.namelist():
        return False
    for name, row in plistlib.loads(archive.read(path))["files2"].items():
        row = {"hash": row} if isinstance(row, bytes) else row
        if "cdhash" in row:
            continue
        if folder + name not in archive.namelist():
            if not row.get("optional"):
                return False
            continue
        data = archive.read(folder + name)
        for key, hasher in (("hash", hashlib.sha1), ("hash2", hashlib.sha256)):
            if key in row and hasher(data).digest() != row[key]:
                return False
    return True


def check_ipa(name, path, report):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        place = [n for n in names if re.fullmatch(r"(Payload/)?[^/]+\.app/Info\.plist", n)][0]
        folder = place[:-len("Info.plist")]
        info = plistlib.loads(archive.read(place))
        apple = report["apple"]
        check(f"{name}: kind", report["kind"] == "ipa", report["kind"])
        for key, value in (("bundle_id", info["CFBundleIdentifier"]), ("executable", info["CFBundleExecutable"]),
                           ("build", info["CFBundleVersion"]), ("minimum_os", info["MinimumOSVersion"]),
                           ("platforms", info["CFBundleSupportedPlatforms"]),
                           ("url_schemes", [scheme for kind in info.get("CFBundleURLTypes", [])
                                            for scheme in kind["CFBundleURLSchemes"]])):
            check(f"{name}: {key}", apple.get(key, []) == value, (apple.get(key), value))
        check(f"{name}: version", report["version_name"] == info["CFBundleShortVersionString"], report)
        slices = slices_of(archive.read(folder + info["CFBundleExecutable"]))
        check_slices(name, report, slices)
        frameworks = {m[1] for n in names if (m := re.match(
            re.escape(folder) + r"(Frameworks/[^/]+\.(?:dylib$|framework(?=/)))", n))}
        check(f"{name}: frameworks", set(apple.get("frameworks", [])) == frameworks, apple.get("frameworks"))
        signed = all(s.signature and s.holds for s in slices) and resources_hold(archive, folder)
        check(f"{name}: verified", report["signature"]["verified"] == signed, report["signature"])
        profile = folder + "embedded.mobileprovision"
        if profile in names:
            check_profile(name, apple["profile"], archive.read(profile))
        else:
            check(f"{name}: no profile", "profile" not in apple)
        counts["apps"] = counts.get("apps", 0) + 1


# --------------------------------------------------------------------------------------------- the run

def scan(path):
    rows = reports(picket("--json", path))
    check(f"{path}: one report", len(rows) == 1, rows)
    check(f"{path}: form", wrong_with(rows[0]) is None, wrong_with(rows[0]))
    return rows[0]


def changed(path, folder, mark, offset=0):
    """A copy with one bit changed."""
    data = bytearray(path.read_bytes())
    data[data.index(mark) + offset] ^= 1
    copy = Path(folder) / f"changed-{path.name}"
    copy.write_bytes(data)
    return scan(copy)


def check_changes(folder):
    made = ROOT / "tests" / "data" / "apple"
    report = changed(made / "signed-arm64", folder, b"\xcf\xfa\xed\xfe", 1500)
    check("a changed page is seen", not report["apple"]["architectures"][0]["signed"]
          and "macho.code_directory" in [f["id"] for f in report["findings"]], report)
    report = changed(made / "signed-arm64", folder, b"<key>get-task-allow", 5)
    check("a changed entitlement is seen", not report["apple"]["architectures"][0]["signed"], report)
    report = changed(made / "test.mobileprovision", folder, b"Test profile")
    check("a changed profile is seen", not report["apple"]["profile"]["verified"], report)
    report = scan(made / "entitlements-differ")
    check("entitlements that differ are a finding",
          "macho.entitlements_differ" in [f["id"] for f in report["findings"]], report["findings"])
    for name, finding in (("shared.bplist", "limit.plist"), ("deep.bplist", "limit.nesting")):
        report = scan(made / name)
        check(f"{name} ends in a limit", finding in [f["id"] for f in report["findings"]], report)


def material(folder):
    paths = [p for p in sorted((ROOT / "tests" / "data" / "apple").iterdir()) if p.suffix not in (".py", ".md")]
    ios = SHARED / "data" / "ios"
    if not ios.is_dir():
        print(f"SKIPPED: the files of isign, go-macho, OWASP and fsevents: {ios} is not present")
        return paths
    paths += [p for p in sorted(ios.rglob("*")) if p.is_file() and p.parent.name != "libplist"]
    for path in sorted(ios.rglob("*.base64")):
        plain = Path(folder) / path.name.removesuffix(".base64")
        plain.write_bytes(base64.b64decode(path.read_bytes()))
        paths.append(plain)
    return paths


def check_file(path):
    head = path.read_bytes()[:8]
    report = scan(path)
    if head[:4] in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
                    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf"):
        check_macho(path.name, path, report)
    elif path.suffix in (".ipa", ".zip") and head[:2] == b"PK":
        check_ipa(path.name, path, report)
    elif path.suffix == ".mobileprovision":
        check(f"{path.name}: kind", report["kind"] == "profile", report["kind"])
        check_profile(path.name, report["apple"]["profile"], path.read_bytes())
    elif path.suffix == ".plist":
        check(f"{path.name}: kind", report["kind"] == "plist", report["kind"])
        listed = plistlib.loads(path.read_bytes())
        check(f"{path.name}: content", report["plist"]["plist"] == plain_of(listed), report["plist"])
        counts["lists"] = counts.get("lists", 0) + 1


def plain_of(value):
    """As JSON spells it."""
    if isinstance(value, dict):
        return {key: plain_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_of(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if hasattr(value, "strftime"):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return value


def main():
    if OBJDUMP is None:
        print("SKIPPED: llvm-objdump is not installed")
    with tempfile.TemporaryDirectory() as folder:
        for path in [Path(arg) for arg in sys.argv[1:]] or material(folder):
            check_file(path)
        check_changes(folder)
    print(json.dumps(counts))
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
