"""What the test of the exchange stands on: servers in network namespaces of their own, joined by a bridge; and a member
that speaks the protocol by itself, honestly or not. Not a suite by itself."""

import contextlib
import ctypes
import hashlib
import hmac
import http.client
import json
import os
import shutil
import ssl
import struct
import subprocess
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BIN, Client, Server  # noqa: E402

NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
HOME = os.open("/proc/self/ns/net", os.O_RDONLY)
spaces = {}  # port -> (namespace, address) of the server that listens there


def run(*command):
    subprocess.run([str(c) for c in command], check=True, capture_output=True)


def enter(fd):
    if libc.setns(fd, NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(name):
    """This thread is in the namespace; what it opens there stays there."""
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        enter(fd)
        yield
    finally:
        enter(HOME)
        os.close(fd)


plain_connect = http.client.HTTPSConnection.connect


def connect(self):
    """To a server that lives in a namespace, from there."""
    if self.port in spaces:
        with inside(spaces[self.port][0]):
            plain_connect(self)
    else:
        plain_connect(self)


http.client.HTTPSConnection.connect = connect


class Net:
    """A bridge, and for each name a namespace with a cable to it."""

    def __init__(self, names):
        self.tag = f"px{os.getpid() % 100000}"
        self.names = {n: f"{self.tag}-{n}" for n in names}
        self.bridge = f"{self.tag}-br"
        run("ip", "netns", "add", self.bridge)
        run("ip", "-n", self.bridge, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.bridge, "link", "set", "br0", "up")
        self.addresses = {}
        for number, (name, space) in enumerate(self.names.items(), 1):
            cable = f"{self.tag}{number}"
            run("ip", "netns", "add", space)
            run("ip", "-n", self.bridge, "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            run("ip", "-n", self.bridge, "link", "set", cable, "master", "br0", "up")
            run("ip", "-n", space, "link", "set", "lo", "up")
            run("ip", "-n", space, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "eth0", "up")
            self.addresses[name] = f"10.77.0.{number}"

    def close(self):
        for space in (*self.names.values(), self.bridge):
            subprocess.run(["ip", "netns", "del", space], capture_output=True)


class Picketd(Server):
    """A picketd in a namespace of its own."""

    def __init__(self, net, name, port, settings=""):
        super().__init__(settings)
        self.space, self.address, self.name = net.names[name], net.addresses[name], name
        text = self.config.read_text().replace(f"port: {self.port}", f"port: {port}")
        text = text.replace('address: "127.0.0.1"', 'address: "0.0.0.0"')
        text = text.replace('names: ["localhost"]', f'names: ["{self.address}", "localhost"]')
        self.config.write_text(f"name: {name}\n" + text)
        self.port = port
        self.env = dict(os.environ)
        spaces[port] = (self.space, self.address)

    def start(self):
        self.process = subprocess.Popen(["ip", "netns", "exec", self.space, BIN / "picketd", "--config", self.config],
                                        stdout=subprocess.DEVNULL, stderr=self.log.open("ab"), env=self.env)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"picketd ended: {self.log.read_text()[-2000:]}")
            try:
                self.context = ssl.create_default_context(cafile=str(self.dir / "state" / "ca.pem"))
                if Client(self).call("GET", "/readyz").status == 200:
                    return self
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise RuntimeError(f"picketd does not become ready: {self.log.read_text()[-2000:]}")

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def cli(self, token, *args):
        """`picket crowd exchange ...` at this server."""
        env = dict(self.env, PICKET_URL=f"https://localhost:{self.port}", PICKET_TOKEN=token,
                   PICKET_CA=str(self.dir / "state" / "ca.pem"))
        return subprocess.run(["ip", "netns", "exec", self.space, BIN / "picket", "crowd", "exchange", *args],
                              capture_output=True, text=True, timeout=60, env=env)


# ---- the protocol, written down a second time from docs/exchange.md ------------------------------------

HEAD = struct.Struct(">4sBBH16s16sQQQIIHHHH")
EPOCH = struct.Struct(">HH32s")
WORD = struct.Struct(">BBBBbBHHbBbBbBIIIQ")
FIELDS = ("kind", "verdict", "flags", "cause", "lo", "devices", "epoch", "half", "v0", "w0", "v1", "w1", "v2", "w2",
          "first", "last", "city", "id")
KINDS = ("point", "site", "mast", "app", "signer")
GONE, BAD, CLEAN, KNOWN, CLAIMED = range(5)
CONTEXT = b"picket exchange 1\0"


def steps(code):
    return 0 if code == 0 else (10, 20, 50)[(code - 1) % 3] * 10 ** ((code - 1) // 3)


def blind(key, kind, a, b):
    text = KINDS[kind].encode().ljust(8, b"\0") + struct.pack(">QQ", 0 if kind == 0 else a, 0 if kind in (3, 4) else b)
    return int.from_bytes(hmac.new(key, text, hashlib.sha256).digest()[:8], "big")


def unpack(data):
    """A message as a dictionary; what is not in the form is an error."""
    (magic, kind, flags, wait, sender, receiver, seq, at, cursor, epoch, epoch_s, keys, words, refused, zero) = HEAD.unpack_from(data)
    assert magic == b"PKX1" and kind in (1, 2) and zero == 0, data[:8]
    assert len(data) == HEAD.size + keys * EPOCH.size + words * WORD.size + 64, len(data)
    out = dict(kind=kind, flags=flags, wait=wait, sender=sender, receiver=receiver, seq=seq, at=at, cursor=cursor, epoch=epoch,
               epoch_s=epoch_s, refused=refused, keys={}, words=[])
    offset = HEAD.size
    for _ in range(keys):
        number, none, key = EPOCH.unpack_from(data, offset)
        assert none == 0
        out["keys"][number] = key
        offset += EPOCH.size
    for _ in range(words):
        word = dict(zip(FIELDS, WORD.unpack_from(data, offset)))
        word["devices"] = steps(word["devices"])
        out["words"].append(word)
        offset += WORD.size
    return out


class Member:
    """A member of the exchange that is no picketd: it says what it is told to say."""

    def __init__(self, name):
        self.name, self.key = name, Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.finger = hashlib.sha256(self.public).digest()[:16]
        self.seq = self.cursor = 0
        self.keys, self.epoch = {}, 0

    def post(self, path, body, kind):
        link = http.client.HTTPSConnection("localhost", self.port, timeout=30, context=self.context)
        try:
            link.request("POST", path, body, {"Content-Type": kind})
            got = link.getresponse()
            return got.status, got.read()
        finally:
            link.close()

    def join(self, link, hub, sign_with=None):
        url, secrets = link.split("/exchange#")
        token, pin, hub_key = secrets.split(".")
        self.port = int(url.rsplit(":", 1)[1])
        self.context = hub.context
        self.hub_key = bytes.fromhex(hub_key)
        self.hub = hashlib.sha256(self.hub_key).digest()[:16]
        proof = b"picket exchange join 1\0" + token.encode() + self.hub_key + self.public
        body = {"invitation": token, "key": self.public.hex(), "name": self.name,
                "signature": (sign_with or self.key).sign(proof).hex()}
        return self.post("/v1/exchange/join", json.dumps(body), "application/json")

    def pack(self, words=(), seq=None, at=None, to=None, wait=0, cursor=None):
        self.seq = max(self.seq + 1, int(time.time() * 1000)) if seq is None else seq
        body = HEAD.pack(b"PKX1", 1, 0, wait, self.finger, to or self.hub, self.seq, int(time.time()) if at is None else at,
                         self.cursor if cursor is None else cursor, self.epoch, 0, 0, len(words), 0, 0)
        body += b"".join(WORD.pack(*(w[f] for f in FIELDS)) for w in words)
        return body + self.key.sign(CONTEXT + body)

    def send(self, data):
        return self.post("/v1/exchange/say", data, "application/vnd.picket.exchange")

    def say(self, *words, wait=0):
        """One message; the news, whose signature holds."""
        status, answer = self.send(self.pack(words, wait=wait))
        if status != 200:
            raise RuntimeError(f"the hub says {status}: {answer[:300]}")
        Ed25519PublicKey.from_public_bytes(self.hub_key).verify(answer[-64:], CONTEXT + answer[:-64])
        news = unpack(answer)
        assert news["kind"] == 2 and news["seq"] == self.seq and news["receiver"] == self.finger
        self.cursor, self.epoch = news["cursor"], news["epoch"]
        self.keys.update(news["keys"])
        return news

    def word(self, verdict, bssid, lo=12, devices=0, flags=1, half=60):
        hour = int(time.time()) // 3600
        mac = int(bssid.replace(":", ""), 16)
        return dict(kind=0, verdict=verdict, flags=flags, cause=255, lo=lo, devices=devices, epoch=self.epoch, half=half, v0=0, w0=0,
                    v1=0, w1=0, v2=0, w2=0, first=hour, last=hour, city=0, id=blind(self.keys[self.epoch], 0, 0, mac))


# ---- the wire ---------------------------------------------------------------------------------------------

class Capture:
    """All that goes over a server's cable, and the keys to read it."""

    def __init__(self, server, folder):
        self.file, self.keys, self.port = folder / "wire.pcap", folder / "keys.log", server.port
        self.process = subprocess.Popen(["ip", "netns", "exec", server.space, "tcpdump", "-i", "any", "-U", "-s", "0", "-w",
                                         str(self.file), "-Z", "root", f"tcp port {server.port}"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        end = time.monotonic() + 10
        while not self.file.exists() and time.monotonic() < end:
            time.sleep(0.05)

    def stop(self):
        time.sleep(0.5)
        self.process.terminate()
        self.process.wait(10)

    def bodies(self, folder):
        """Every body to and from /v1/exchange/, decrypted by tshark. (The hub's own devices speak on the same port.)"""
        subprocess.run(["tshark", "-q", "-r", str(self.file), "-o", f"tls.keylog_file:{self.keys}", "-d",
                        f"tcp.port=={self.port},tls", "--export-objects", f"http,{folder}"], capture_output=True,
                       timeout=200, check=True)
        return [f.read_bytes() for f in folder.iterdir() if f.name.startswith(("say", "join"))]
