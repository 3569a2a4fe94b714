#!/usr/bin/env python3
"""Makes the files of this folder: small Mach-O files, signatures, a profile and an app, from nothing.

    python3 tests/data/apple/make.py [FOLDER]

Keys are new with each run and are not kept, so the files differ from run to run; the tests look at
nothing that depends on them. Needs openssl(1).
"""

import hashlib
import plistlib
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEAM = "ABCDE12345"
HASHES = {"sha1": (1, 20, hashlib.sha1), "sha256": (2, 32, hashlib.sha256),
          "sha384": (4, 48, hashlib.sha384)}
SHA256_OID = "2.16.840.1.101.3.4.2.1"


# ------------------------------------------------------------------------------------------------ DER

def der(tag, body):
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def oid(text):
    first, second, *rest = (int(part) for part in text.split("."))
    out = b""
    for value in [first * 40 + second, *rest]:
        part = bytes([value & 0x7f])
        while value := value >> 7:
            part = bytes([0x80 | (value & 0x7f)]) + part
        out += part
    return der(6, out)


def der_value(value):
    """As Apple encodes entitlements since iOS 15."""
    if isinstance(value, bool):
        return der(1, b"\xff" if value else b"\0")
    if isinstance(value, int):
        return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    if isinstance(value, str):
        return der(12, value.encode())
    if isinstance(value, bytes):
        return der(4, value)
    if isinstance(value, list):
        return der(0x30, b"".join(map(der_value, value)))
    pairs = sorted((key.encode(), item) for key, item in value.items())
    return der(0xb0, b"".join(der(0x30, der(12, key) + der_value(item)) for key, item in pairs))


# ----------------------------------------------------------------------------------------------- keys

class Signer:
    """A root, and a developer's certificate from it."""

    def __init__(self, folder, name, unit=TEAM):
        self.folder = Path(folder)
        self.key = self.folder / f"{name}.key"
        self.cert = self.folder / f"{name}.pem"
        root_key, root = self.folder / "root.key", self.folder / "root.pem"
        if not root.exists():
            self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", root_key, "-out", root,
                     "-days", "3650", "-subj", "/CN=Test Root/O=Picket tests")
        self.run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out",
                 self.folder / "request", "-subj", f"/UID={unit}/CN={name}/OU={unit}/O=Picket tests/C=US")
        self.run("x509", "-req", "-in", self.folder / "request", "-CA", root, "-CAkey", root_key,
                 "-CAcreateserial", "-days", "3650", "-out", self.cert)
        self.der = self.to_der(self.cert)
        self.root_der = self.to_der(root)
        self.root = root

    @staticmethod
    def run(*args, **more):
        return subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, **more).stdout

    def to_der(self, path):
        return self.run("x509", "-in", path, "-outform", "der")

    def cms(self, directories):
        """Detached, over the first directory, with Apple's two attributes naming all of them."""
        content = directories[0][1]
        hashes = [HASHES[kind][2](blob).digest() for kind, blob in directories]
        listing = plistlib.dumps({"cdhashes": [digest[:20] for digest in hashes]})

        def attribute(name, *values):
            return der(0x30, oid(name) + der(0x31, b"".join(values)))

        attributes = b"".join(sorted([
            attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.7.1")),
            attribute("1.2.840.113549.1.9.4", der(4, hashlib.sha256(content).digest())),
            attribute("1.2.840.113549.1.9.5", der(0x17, b"240102030405Z")),
            attribute("1.2.840.113635.100.9.1", der(4, listing)),
            attribute("1.2.840.113635.100.9.2",
                      *[der(0x30, oid(SHA256_OID) + der(4, hashlib.sha256(blob).digest()))
                        for kind, blob in directories if kind == "sha256"]),
        ]))
        signature = self.run("dgst", "-sha256", "-sign", self.key, input=der(0x31, attributes))
        # issuer and serial as they stand in the certificate: TBS is [0] version, serial, algorithm, issuer
        serial, issuer = self.serial_and_issuer()
        algorithm = der(0x30, oid(SHA256_OID) + der(5, b""))
        signer = der(0x30, der(2, b"\1") + der(0x30, issuer + serial) + algorithm
                     + der(0xa0, attributes) + der(0x30, oid("1.2.840.113549.1.1.1") + der(5, b""))
                     + der(4, signature))
        data = der(0x30, der(2, b"\1") + der(0x31, algorithm) + der(0x30, oid("1.2.840.113549.1.7.1"))
                   + der(0xa0, self.der + self.root_der) + der(0x31, signer))
        return der(0x30, oid("1.2.840.113549.1.7.2") + der(0xa0, data))

    def serial_and_issuer(self):
        def parts(body):
            out, at = [], 0
            while at < len(body):
                size, head = body[at + 1], 2
                if size & 0x80:
                    head += size & 0x7f
                    size = int.from_bytes(body[at + 2:at + head], "big")
                out.append(body[at:at + head + size])
                at += head + size
            return out

        def inside(element):
            head = 2 + (element[1] & 0x7f if element[1] & 0x80 else 0)
            return element[head:]

        fields = parts(inside(parts(inside(self.der))[0]))
        fields = fields[1:] if fields[0][0] == 0xa0 else fields
        return fields[0], fields[2]

    def profile(self, content):
        return self.run("cms", "-sign", "-binary", "-nodetach", "-outform", "der", "-signer", self.cert,
                        "-inkey", self.key, "-certfile", self.root, input=content)


# -------------------------------------------------------------------------------------- code signature

def blob(magic, body):
    return struct.pack(">II", magic, 8 + len(body)) + body


def requirement(identifier):
    """identifier "..." and anchor apple generic and certificate leaf[subject.OU] = TEAM"""
    def data(value):
        return struct.pack(">I", len(value)) + value + b"\0" * (-len(value) % 4)

    expression = (struct.pack(">I", 6) + struct.pack(">I", 6)
                  + struct.pack(">I", 2) + data(identifier.encode())
                  + struct.pack(">I", 15)
                  + struct.pack(">II", 11, 0) + data(b"subject.OU") + struct.pack(">I", 1)
                  + data(TEAM.encode()))
    inner = blob(0xfade0c00, struct.pack(">I", 1) + expression)
    return blob(0xfade0c01, struct.pack(">III", 1, 3, 20) + inner)


def directory(code, kind, identifier, team, flags, special, page=12):
    """special: slot -> bytes whose hash it is."""
    number, size, hasher = HASHES[kind]
    slots = max(special, default=0)
    names = identifier.encode() + b"\0" + (team.encode() + b"\0" if team else b"")
    head = 52
    offset = head + len(names) + slots * size
    hashes = b"".join(hasher(special[i]).digest() if i in special else bytes(size)
                      for i in range(slots, 0, -1))
    step = 1 << page if page else len(code)
    pages = [code[at:at + step] for at in range(0, len(code), step)]
    hashes += b"".join(hasher(part).digest() for part in pages)
    body = struct.pack(">IIIIIIIBBBBIII", 0x20200, flags, offset, head, slots, len(pages), len(code),
                       size, number, 0, page, 0, 0, head + len(identifier) + 1 if team else 0)
    return blob(0xfade0c02, body + names + hashes)


def signature(code, identifier, signer=None, kinds=("sha1", "sha256"), entitlements=None, der_differs=False,
              info=None, resources=None, team=TEAM, page=12):
    parts = {2: requirement(identifier)}
    if entitlements is not None:
        shown = dict(entitlements, **({"com.apple.private.hidden": True} if der_differs else {}))
        parts[5] = blob(0xfade7171, plistlib.dumps(entitlements))
        parts[7] = blob(0xfade7172, der(0x70, der(2, b"\1") + der_value(shown)))
    special = dict(parts)
    if info is not None:
        special[1] = info
    if resources is not None:
        special[3] = resources
    flags = 0 if signer else 2
    made = [(kind, directory(code, kind, identifier, team if signer else "", flags, special, page))
            for kind in kinds]
    rows = [(0 if i == 0 else 0x1000 + i - 1, data) for i, (_, data) in enumerate(made)]
    rows += sorted(parts.items())
    rows += [(0x10000, blob(0xfade0b01, signer.cms(made) if signer else b""))]
    at = 12 + 8 * len(rows)
    index, body = b"", b""
    for slot, data in rows:
        index += struct.pack(">II", slot, at + len(body))
        body += data
    return blob(0xfade0cc0, struct.pack(">I", len(rows)) + index + body)


# ---------------------------------------------------------------------------------------------- Mach-O

CPUS = {"arm64": (0x0100000c, 0), "arm64e": (0x0100000c, 2), "armv7": (12, 9), "x86_64": (0x01000007, 3),
        "i386": (7, 3), "ppc": (18, 0), "ppc64": (0x01000012, 0)}


def macho(arch, file_type=2, sign=None, cryptid=None, libraries=("/usr/lib/libSystem.B.dylib",),
          build=(2, 0x000d0000, 0x00110400), install_name=None, filler=5000, symbols=True, info=b""):
    """sign: a function from the code to its signature. The signature's size is asked for first."""
    cpu, subtype = CPUS[arch]
    wide = bool(cpu & 0x01000000)
    order = ">" if arch.startswith("ppc") else "<"
    head = 32 if wide else 28

    def u32(*values):
        return struct.pack(f"{order}{len(values)}I", *values)

    def command(number, body):
        size = 8 + len(body)
        pad = -size % (8 if wide else 4)
        return u32(number, size + pad) + body + bytes(pad)

    def segment(name, at, size):
        if wide:
            numbers = struct.pack(f"{order}4Q", at, size, at, size)
        else:
            numbers = u32(at, size, at, size)
        rows = b""
        if info and name == "__TEXT":  # the list of a tool that is no bundle
            place = struct.pack(f"{order}QQ", 1024, len(info)) if wide else u32(1024, len(info))
            rows = (b"__info_plist".ljust(16, b"\0") + b"__TEXT".ljust(16, b"\0") + place
                    + u32(1024, 0, 0, 0, 0, 0, 0) + (u32(0) if wide else b""))
        return command(0x19 if wide else 1, name.encode().ljust(16, b"\0") + numbers
                       + u32(5, 5, bool(rows), 0) + rows)

    def build_file(limit, signed):
        names = ["_main", "___stack_chk_fail", "_objc_release", "_NSLog"] if symbols is True else list(symbols or [])
        strings = b"\0" + b"".join(name.encode() + b"\0" for name in names)
        table = b""
        for name in names:
            kind = 0x0f if name == "_main" else 0x01
            table += u32(strings.index(b"\0" + name.encode() + b"\0") + 1) + bytes([kind, 0])
            table += struct.pack(f"{order}H" + ("Q" if wide else "I"), 0, 0)
        where = 2048
        commands = segment("__TEXT", 0, where)
        commands += segment("__LINKEDIT", where, limit - where + (signed or 0))
        if symbols:
            commands += command(2, u32(where, len(names), where + len(table), len(strings)))
        commands += command(0x1b, bytes(range(16)))
        if build:
            commands += command(0x32, u32(*build, 0))
        for number, path in [(0xd, install_name)] * bool(install_name) + [(0xc, name) for name in libraries]:
            commands += command(number, u32(24, 2, 0x10000, 0x10000) + path.encode() + b"\0")
        commands += command(0x8000001c, u32(12) + b"@executable_path/Frameworks\0")
        if cryptid is not None:
            commands += command(0x2c if wide else 0x21, u32(1024, 512, cryptid) + (u32(0) if wide else b""))
        count = 4 + bool(symbols) + bool(build) + bool(install_name) + len(libraries)
        count += cryptid is not None
        if signed:
            commands += command(0x1d, u32(limit, signed))
            count += 1
        header = u32(0xfeedfacf if wide else 0xfeedface, cpu, subtype, file_type, count, len(commands),
                     0x00200085) + (u32(0) if wide else b"")
        assert len(header) == head and head + len(commands) <= 1024
        image = ((header + commands).ljust(1024, b"\0") + info).ljust(where, b"\0") + table + strings
        return image + bytes(i * 7 & 0xff for i in range(limit - len(image)))

    limit = (2048 + 512 + filler + 15) & ~15
    if sign is None:
        return build_file(limit, None)
    size = (len(sign(build_file(limit, 4096))) + 512 + 15) & ~15
    code = build_file(limit, size)
    made = sign(code)
    return code + made + bytes(size - len(made))


def fat(slices, wide=False):
    at = 4096
    header = struct.pack(">II", 0xcafebabf if wide else 0xcafebabe, len(slices))
    body = b""
    for arch, data in slices:
        cpu, subtype = CPUS[arch]
        where = at + len(body)
        header += (struct.pack(">IIQQII", cpu, subtype, where, len(data), 12, 0) if wide else
                   struct.pack(">IIIII", cpu, subtype, where, len(data), 12))
        body += data + bytes(-len(data) % 4096)
    return header.ljust(at, b"\0") + body


# ------------------------------------------------------------------------------------------------- app

ENTITLEMENTS = {"application-identifier": f"{TEAM}.org.example.app", "get-task-allow": True,
                "com.apple.developer.team-identifier": TEAM,
                "keychain-access-groups": [f"{TEAM}.org.example.app", f"{TEAM}.*"]}


def info(identifier, executable, **more):
    return {"CFBundleIdentifier": identifier, "CFBundleExecutable": executable, "CFBundleName": executable,
            "CFBundleShortVersionString": "1.2.3", "CFBundleVersion": "45", "MinimumOSVersion": "13.0",
            "CFBundleSupportedPlatforms": ["iPhoneOS"], **more}


RULES2 = {"^.*": True, "^.*\\.lproj/": {"optional": True, "weight": 1000.0},
          "^.*\\.lproj/locversion.plist$": {"omit": True, "weight": 1100.0},
          "^Info\\.plist$": {"omit": True, "weight": 20.0}, "^PkgInfo$": {"omit": True, "weight": 20.0},
          "^(.*/)?\\.DS_Store$": {"omit": True, "weight": 2000.0}}


def resources(files, nested=None):
    def row(path, data):
        out = {"hash": hashlib.sha1(data).digest(), "hash2": hashlib.sha256(data).digest()}
        return dict(out, optional=True) if ".lproj/" in path else out

    old = {path: hashlib.sha1(data).digest() for path, data in files.items()}
    new = {path: row(path, data) for path, data in files.items()}
    for path, cdhash in (nested or {}).items():
        new[path] = {"cdhash": cdhash, "requirement": "anchor apple generic"}
    return plistlib.dumps({"files": old, "files2": new, "rules": {"^": True}, "rules2": RULES2})


def cdhash(data, at=0):
    """Of the SHA-256 directory of a thin file, by looking for it."""
    where = at
    while (where := data.find(b"\xfa\xde\x0c\x02", where)) >= 0:
        size = struct.unpack_from(">I", data, where + 4)[0]
        if data[where + 37] == 2:
            return hashlib.sha256(data[where:where + size]).digest()[:20]
        where += 4
    raise ValueError("no SHA-256 code directory")


def bundle(signer, identifier, executable, files, nested=None, file_type=2, entitlements=None, **more):
    """-> files of a signed bundle, its executable last."""
    listing = plistlib.dumps(info(identifier, executable, **more), fmt=plistlib.FMT_BINARY)
    sealed = resources(files, nested)

    def sign(code):
        return signature(code, identifier, signer, entitlements=entitlements, info=listing,
                         resources=sealed)

    code = macho("arm64", file_type=file_type, sign=sign, filler=900)
    if file_type == 2:
        code = fat([("armv7", macho("armv7", sign=sign, filler=500)), ("arm64", code)])
    return {**files, "Info.plist": listing, "PkgInfo": b"APPL????",
            "_CodeSignature/CodeResources": sealed, executable: code}


def app(signer):
    framework = bundle(signer, "org.example.part", "Part", {"data.txt": b"part"}, file_type=6)
    share = bundle(signer, "org.example.app.share", "Share", {}, NSExtension={
        "NSExtensionPointIdentifier": "com.apple.share-services"}, entitlements=dict(
            ENTITLEMENTS, **{"application-identifier": f"{TEAM}.org.example.app.share"}))
    library = macho("arm64", file_type=6, install_name="@rpath/libextra.dylib", filler=300,
                    sign=lambda code: signature(code, "libextra", signer))
    profile = signer.profile(plistlib.dumps({
        "Name": "Test profile", "UUID": "00000000-1111-2222-3333-444444444444", "AppIDName": "Test",
        "TeamIdentifier": [TEAM], "TeamName": "Picket tests", "Platform": ["iOS", "xrOS"],
        "CreationDate": plistlib.datetime.datetime(2024, 1, 2, 3, 4, 5),
        "ExpirationDate": plistlib.datetime.datetime(2025, 1, 2, 3, 4, 5), "TimeToLive": 366,
        "ProvisionedDevices": ["00008030-000000000000002E", "00008030-000000000000003E"],
        "DeveloperCertificates": [signer.der], "Version": 1,
        "Entitlements": dict(ENTITLEMENTS, **{"application-identifier": f"{TEAM}.*"})}))
    loose = {"embedded.mobileprovision": profile, "picture.bin": bytes(range(256)),
             "en.lproj/Localizable.strings": b'"hello" = "Hello";\n',
             "Frameworks/libextra.dylib": library}
    nested = {"Frameworks/Part.framework": cdhash(framework["Part"]),
              "PlugIns/Share.appex": cdhash(share["Share"], share["Share"].find(b"\xcf\xfa\xed\xfe"))}
    files = bundle(signer, "org.example.app", "Test", loose, nested, entitlements=ENTITLEMENTS,
                   CFBundleDisplayName="Test app",
                   CFBundleURLTypes=[{"CFBundleURLSchemes": ["testapp", "testapp2"]}])
    for folder, part in (("Frameworks/Part.framework/", framework), ("PlugIns/Share.appex/", share)):
        files.update({folder + path: data for path, data in part.items()})
    return files, profile


def write_zip(path, files, prefix="Payload/Test.app/"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(prefix + name, (2024, 1, 2, 3, 4, 6)), data,
                             zipfile.ZIP_DEFLATED)


TOOL_INFO = plistlib.dumps({"CFBundleIdentifier": "org.example.tool"})


def shared_bplist(levels):
    """Arrays that each hold the one before twice: 2^levels values in a few hundred bytes."""
    objects = [b"\x51x"] + [b"\xa2" + struct.pack(">HH", i, i) for i in range(levels)]
    body, offsets = b"bplist00", []
    for item in objects:
        offsets.append(len(body))
        body += item
    table = b"".join(struct.pack(">H", at) for at in offsets)
    return body + table + bytes(6) + bytes([2, 2]) + struct.pack(">QQQ", len(objects), levels, len(body))


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    with tempfile.TemporaryDirectory() as folder:
        signer = Signer(folder, "Test Developer")
        plain = lambda code: signature(code, "org.example.tool", signer, entitlements=ENTITLEMENTS)
        files = {
            "signed-arm64": macho("arm64", sign=plain),
            "adhoc-x86_64": macho("x86_64", build=(1, 0x000a0f00, 0x000e0000), sign=lambda code: signature(
                code, "adhoc", None, kinds=("sha256",), page=14)),
            "tool-x86_64": macho("x86_64", build=(1, 0x000b0000, 0x000e0000), filler=100, info=TOOL_INFO,
                                 sign=lambda code: signature(code, "org.example.tool", signer,
                                                             info=TOOL_INFO)),
            "sha384-arm64e": macho("arm64e", sign=lambda code: signature(
                code, "org.example.tool", signer, kinds=("sha384",))),
            "entitlements-differ": macho("arm64", filler=100, sign=lambda code: signature(
                code, "org.example.liar", signer, entitlements=ENTITLEMENTS, der_differs=True)),
            "encrypted-armv7": macho("armv7", cryptid=1, filler=100),
            "unsigned-ppc": macho("ppc", build=None, filler=100),
            "dylib-ppc64": macho("ppc64", file_type=6, build=None, filler=100, install_name="/lib/x.dylib"),
            "fat64": fat([("x86_64", macho("x86_64", filler=10)), ("arm64", macho("arm64", filler=20))],
                         wide=True),
            "deep.bplist": shared_bplist(1000),
            "shared.bplist": shared_bplist(60),
        }
        bundled, profile = app(signer)
        files["test.mobileprovision"] = profile
        for name, data in files.items():
            (out / name).write_bytes(data)
        write_zip(out / "test.ipa", bundled)


if __name__ == "__main__":
    main()
