"""Small iOS apps for the samples, from the parts of tests/data/apple/make.py. Signed ad hoc: no key is needed."""

import importlib.util
import io
import plistlib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = importlib.util.spec_from_file_location("apple_make", ROOT / "tests" / "data" / "apple" / "make.py")
parts = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(parts)


def program(identifier, symbols, entitlements, file_type=2, info=None):
    """A Mach-O that imports the symbols."""
    return parts.macho("arm64", file_type=file_type, filler=600, symbols=symbols, sign=lambda code: parts.signature(
        code, identifier, None, kinds=("sha256",), entitlements=entitlements, info=info))


def app(lines):
    """The bytes of an IPA as the lines of a sample describe it."""
    said = {"entitlement": [], "framework": [], "scheme": [], "import": []}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in said:
            said[word] += rest.split()
        elif word not in ("ios", "main"):
            raise SystemExit(f"apple: what is '{line}'?")
    entitlements = {"application-identifier": "ABCDE12345.org.example.sample", **{e: True for e in said["entitlement"]}}
    info = parts.info("org.example.sample", "Sample")
    if said["scheme"]:
        info["CFBundleURLTypes"] = [{"CFBundleURLSchemes": said["scheme"]}]
    listing = plistlib.dumps(info, fmt=plistlib.FMT_BINARY)
    files = {"Info.plist": listing, "PkgInfo": b"APPL????",
             "Sample": program("org.example.sample", ["_main", *said["import"]], entitlements, info=listing)}
    for name in said["framework"]:
        files[f"Frameworks/{name}"] = program(name, ["_objc_release"], None, file_type=6)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo("Payload/Sample.app/" + name, (2024, 1, 2, 3, 4, 6)), data)
    return out.getvalue()
