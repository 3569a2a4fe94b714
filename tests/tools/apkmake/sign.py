"""JAR signatures and APK Signature Schemes v2 and v3, by `openssl` alone."""

import base64
import hashlib
import struct
import subprocess
from pathlib import Path

from .archive import Entry

V2, V3, PADDING = 0x7109871A, 0xF05368C0, 0x42726577
ECDSA_SHA256 = 0x0201
STRIPPING_PROTECTION = 0xBEEFF00D
CHUNK = 1 << 20


def openssl(*args, stdin=b""):
    return subprocess.run(["openssl", *args], input=stdin, stdout=subprocess.PIPE, check=True,
                          stderr=subprocess.PIPE, timeout=60).stdout


class Key:
    """An EC P-256 key with a certificate of its own, made in `folder`."""

    def __init__(self, folder, name):
        self.file = Path(folder) / f"{name}.key.pem"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(self.file))
        self.cert = openssl("req", "-new", "-x509", "-key", str(self.file), "-subj", f"/CN={name}",
                            "-days", "10000", "-sha256", "-outform", "DER")
        self.public = openssl("pkey", "-in", str(self.file), "-pubout", "-outform", "DER")
        self.sha256 = hashlib.sha256(self.cert).hexdigest()
        # What PKCS#7 names a signer by.
        tbs = der_children(der_children(self.cert)[0])
        self.serial, self.issuer = tbs[1], tbs[3]

    def sign(self, data):
        return openssl("dgst", "-sha256", "-sign", str(self.file), stdin=data)


# --- schemes v2 and v3

def lp(data):
    return struct.pack("<I", len(data)) + data


def content_digest(archive, block_at):
    """Chunked SHA-256 of what is before the block, of the directory and of the end record, which must
    name the block's offset as the directory's."""
    digests = []
    for section in (archive.body, archive.directory, archive.end(block_at)):
        for i in range(0, len(section), CHUNK):
            piece = section[i:i + CHUNK]
            digests.append(hashlib.sha256(b"\xa5" + struct.pack("<I", len(piece)) + piece).digest())
    return hashlib.sha256(b"\x5a" + struct.pack("<I", len(digests)) + b"".join(digests)).digest()


def signer(archive, key, sdk=None, attributes=()):
    """One signer with the length before it; sdk: (min, max) for v3."""
    digest = lp(struct.pack("<I", ECDSA_SHA256) + lp(content_digest(archive, len(archive.body))))
    range_ = struct.pack("<II", *sdk) if sdk else b""
    extra = b"".join(lp(struct.pack("<I", kind) + value) for kind, value in attributes)
    signed = lp(digest) + lp(lp(key.cert)) + range_ + lp(extra)
    signature = lp(struct.pack("<I", ECDSA_SHA256) + lp(key.sign(signed)))
    return lp(lp(signed) + range_ + lp(signature) + lp(key.public))


def v2(archive, key, attributes=()):
    return V2, lp(signer(archive, key, None, attributes))


def v3(archive, key, sdk=(24, 0x7FFFFFFF), attributes=()):
    return V3, lp(signer(archive, key, sdk, attributes))


def block(pairs):
    body = b"".join(struct.pack("<QI", 4 + len(value), kind) + value for kind, value in pairs)
    size = struct.pack("<Q", len(body) + 24)
    return size + body + size + b"APK Sig Block 42"


# --- v1

def der(tag, *parts):
    body = b"".join(parts)
    length = len(body)
    if length < 0x80:
        return bytes([tag, length]) + body
    raw = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(raw)]) + raw + body


def der_children(data):
    """The elements inside the first element of data, each with its header."""
    def element(at):
        length, head = data[at + 1], 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(data[at + 2:at + head], "big")
        return at + head, at + head + length
    at, end = element(0)
    out = []
    while at < end:
        _, next_ = element(at)
        out.append(data[at:next_])
        at = next_
    return out


def oid(text):
    numbers = [int(n) for n in text.split(".")]
    out = bytes([40 * numbers[0] + numbers[1]])
    for n in numbers[2:]:
        part = bytes([n & 0x7F])
        while n > 0x7F:
            n >>= 7
            part = bytes([n & 0x7F | 0x80]) + part
        out += part
    return der(6, out)


def pkcs7(key, data, certs):
    """SignedData over detached data without signed attributes, the certificates in the order given."""
    sha256 = der(0x30, oid("2.16.840.1.101.3.4.2.1"), der(5))
    ecdsa = der(0x30, oid("1.2.840.10045.4.3.2"))
    info = der(0x30, der(2, b"\1"), der(0x30, key.issuer, key.serial), sha256, ecdsa,
               der(4, key.sign(data)))
    signed = der(0x30, der(2, b"\1"), der(0x31, sha256), der(0x30, oid("1.2.840.113549.1.7.1")),
                 der(0xA0, *certs), der(0x31, info))
    return der(0x30, oid("1.2.840.113549.1.7.2"), der(0xA0, signed))


def section(*lines):
    out = b""
    for line in lines:
        raw = line if isinstance(line, bytes) else line.encode()
        while len(raw) > 70:  # 72 with the line's end
            out, raw = out + raw[:70] + b"\r\n", b" " + raw[70:]
        out += raw + b"\r\n"
    return out + b"\r\n"


def sha256_text(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def v1(entries, key, certs=None, claims=None, name="CERT"):
    """The three files of META-INF. claims: X-Android-APK-Signed, e.g. "2"."""
    sections = {e.name: section(b"Name: " + e.name, "SHA-256-Digest: " + sha256_text(e.data))
                for e in entries if not e.name.startswith(b"META-INF/")}
    head = section("Manifest-Version: 1.0", "Created-By: 1.0 (Android)")
    text = head + b"".join(sections.values())
    lines = ["Signature-Version: 1.0", "Created-By: 1.0 (Android)",
             "SHA-256-Digest-Manifest: " + sha256_text(text)]
    if claims:
        lines.append("X-Android-APK-Signed: " + claims)
    sf = section(*lines) + b"".join(section(b"Name: " + n, "SHA-256-Digest: " + sha256_text(s))
                                    for n, s in sections.items())
    return [Entry("META-INF/MANIFEST.MF", text), Entry(f"META-INF/{name}.SF", sf),
            Entry(f"META-INF/{name}.EC", pkcs7(key, sf, certs or [key.cert]))]
