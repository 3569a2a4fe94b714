#!/usr/bin/env python3
"""What the crowd knows, on its way to devices: some devices meet an attack and report it; a real agent that never was
there holds the verdict a moment later, says so before joining, and warns when it joins, with the server gone.

One picketd and two real agents in a network namespace of their own, and reporting devices that speak the protocol.
kill -9 of either side, missed words, and words that are forged, replayed, truncated or of another's key.
"""

import base64
import hashlib
import hmac
import http.client
import json
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import agent as peers  # noqa: E402
from agent import BIN, Agent, Canary, Probe, check, own_namespace, pretend_network, until  # noqa: E402
from crowd_support import Sensor, attacked_visit, clean_visit, left, make_old, rows_of, taken  # noqa: E402
from rest_support import Client, Server  # noqa: E402

TWIN, OTHER, HOME = "02:66:6a:00:00:66", "02:66:6a:00:00:67", "02:00:5e:20:00:01"
SENSORS = 4


# ---- the formats of docs/protocol.md, read by somebody else ----------------------------------------------------------

def siphash(key, data):
    top = (1 << 64) - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def turn(x, by):
        return ((x << by) | (x >> (64 - by))) & top

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & top
            v[1] = turn(v[1], 13) ^ v[0]
            v[0] = turn(v[0], 32)
            v[2] = (v[2] + v[3]) & top
            v[3] = turn(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & top
            v[3] = turn(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & top
            v[1] = turn(v[1], 17) ^ v[2]
            v[2] = turn(v[2], 32)

    whole = len(data) // 8 * 8
    words = list(struct.unpack(f"<{whole // 8}Q", data[:whole]))
    words.append((len(data) & 255) << 56 | int.from_bytes(data[whole:], "little"))
    for word in words:
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xff
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def fingerprint(secret, epoch, network, bssid):
    key = hmac.new(secret, b"picket crowd epoch" + struct.pack("<I", epoch), hashlib.sha256).digest()[:16]
    return siphash(key, struct.pack("<BQQ", 0, int(network[4:], 16), int(bssid.replace(":", ""), 16)))


def read_batch(data):
    magic, version, flags, epoch, low, high, count = struct.unpack("<2sBBIIHH", data[:16])
    base = low | high << 32
    seq, out = base, []
    for i in range(count):
        row = data[16 + 12 * i:28 + 12 * i]
        seq += (int.from_bytes(row[9:12], "little") - seq) % (1 << 24)
        out.append({"kind": row[0] & 15, "bad": not row[0] & 128, "print": int.from_bytes(row[1:6], "little"),
                    "score": row[6], "ttl": int.from_bytes(row[7:9], "little"), "seq": seq})
    assert magic == b"KD" and version == 1 and flags < 2 and len(data) == 16 + 12 * count + 64, data
    return {"epoch": epoch, "base": base, "deltas": out}


def public_key(folder, der):
    (folder / "sign.der").write_bytes(der)
    pem = subprocess.run(["openssl", "x509", "-inform", "DER", "-in", folder / "sign.der", "-pubkey", "-noout"],
                         check=True, capture_output=True).stdout
    (folder / "sign.pub").write_bytes(pem)


def signature_holds(folder, data):
    (folder / "said").write_bytes(data[:-64])
    (folder / "sig").write_bytes(data[-64:])
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "sign.pub", "-rawin", "-in",
                           folder / "said", "-sigfile", folder / "sig"], capture_output=True)
    return done.returncode == 0


# ---- the world ---------------------------------------------------------------------------------------------------------

class World:
    def __init__(self, folder):
        self.folder = folder
        self.server = Server("crowd: {checkpoint_s: 1}\n").start()
        self.canary, self.probe = Canary(folder), Probe()
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        token = person.post("/enrollments", {"uses": SENSORS + 1}).json["token"]
        self.sensors = [Sensor(self.server, token, f"sensor{i}") for i in range(SENSORS)]
        self.asker = Sensor(self.server, token, "asker")  # was never attacked: nothing else waits for it
        self.secret = bytes.fromhex(rows_of(self.server, "SELECT value FROM meta WHERE key = 'network_key'")[0][0])

    def old_friends(self):
        self.server.stop()
        make_old(self.server)
        self.server.start()

    def network(self, name):
        return "net-" + hmac.new(self.secret, name.encode(), hashlib.sha256).digest()[:8].hex()

    def attack(self, bssid, name="Airport"):
        """Every reporting device in turn is attacked there. Returns the time of the last acknowledgement."""
        for sensor in self.sensors:
            sensor.visit(self.server, self.network(name), attacked_visit(bssid, key=f"key of {bssid}", security="open") +
                         [left()])
        return time.monotonic()

    def agent(self, name):
        agent = Agent(self.folder, name, f"""notify: {{desktop: false}}
report: {{min_delay_s: 1}}
wifi_file: "{self.folder}/{name}.tsv"
canaries: ["127.0.0.1:{self.canary.port}"]
ca_file: "{self.folder}/good-ca.pem"
probe_url: "http://127.0.0.1:{self.probe.port}/generate_204"
resolv_file: "{self.folder}/resolv.conf"
""")
        agent.tsv = self.folder / f"{name}.tsv"
        self.move(agent, "Home", HOME)
        out = agent.command("enroll", self.server.command("--issue-enrollment"))
        check(f"agent {name} is enrolled", out.returncode == 0, out)
        return agent

    @staticmethod
    def move(agent, ssid, bssid):
        fresh = agent.tsv.with_suffix(".new")
        fresh.write_text("connected\tbssid\tssid\tfreq\tsignal\tsecurity\n"
                         f"1\t{bssid}\t{ssid}\t2412\t-50\twpa2\n")
        fresh.rename(agent.tsv)

    def get(self, path, headers=None):
        """As a device: status, bytes, headers."""
        link = http.client.HTTPSConnection("localhost", self.server.port, timeout=20,
                                           context=self.asker.context)
        try:
            link.request("GET", path, headers=headers or {})
            got = link.getresponse()
            return got.status, got.read(), got.headers
        finally:
            link.close()

    def changes(self):
        return rows_of(self.server, "SELECT seq, kind, bad FROM crowd_changes ORDER BY seq")

    def bad(self, bssid, name="Airport"):
        number = int(bssid.replace(":", ""), 16)
        return until(lambda: [r for r in rows_of(self.server, "SELECT b FROM crowd_bad WHERE kind = 0") if r[0] == number], 15)


def ask(agent, ssid, bssid=None):
    out = agent.command("network", "check", ssid, *([bssid] if bssid else []), "--json")
    return out.returncode, json.loads(out.stdout) if out.stdout else {}


def heard(agent):
    file = agent.state / "crowd" / "heard"
    return file.read_bytes() if file.exists() else b""


def words(agent):
    return [e for e in agent.events if e["event"] == "crowd" and e["what"] == "words"]


# ---- tests ---------------------------------------------------------------------------------------------------------------

def test_first(world, near, far):
    out = far.command("network", "check", "Airport", TWIN)
    check("before anything was heard it says so", out.returncode == 3 and "nothing" in out.stderr, out)
    for agent in near, far:
        agent.run()
        got = agent.wait("crowd", what="filter")
        check("the first connection brings the list", got and got["keys"] == 0 and got["class"] == "network", agent.events)
    check("it is kept for its owner's eyes", peers.mode(far.state / "crowd") == 0o700 and
          peers.mode(far.state / "crowd" / "network.filter") == 0o600)
    code, answer = ask(far, "Airport", TWIN)
    check("nothing is known against a strange network", code == 0 and answer["verdict"] == "unknown", answer)
    out = far.command("network", "check")
    check("a question without a name is wrong usage", out.returncode == 2, out)
    check("and so is an address that is none", far.command("network", "check", "Airport", "x").returncode == 2)


def test_push(world, near, far):
    for i, sensor in enumerate(world.sensors):
        sensor.visit(world.server, world.network("Airport"), clean_visit(f"02:00:5e:30:00:0{i}", security="open") + [left()],
                     ago=60)
    count = {a: len(words(a)) for a in (near, far)}
    done = world.attack(TWIN)
    check("the crowd says that the access point is bad", world.bad(TWIN), world.changes())
    for name, agent in (("near", near), ("far", far)):
        got = until(lambda: len(words(agent)) > count[agent], 10)
        check(f"agent {name} is told", got, agent.events[-5:])
    when = max(a.when[a.events.index(words(a)[count[a]])] for a in (near, far))
    print(f"        first word on both agents {1000 * (when - done):+.0f} ms from the last report's acknowledgement")
    check("within a second of the last report", when - done < 1.0, when - done)
    code, answer = ask(far, "Airport", TWIN)
    check("who never was there knows it before joining", code == 1 and answer["verdict"] == "bad" and
          answer["evidence"]["source"] == "crowd" and answer["evidence"]["log_odds"] > 0, answer)
    out = far.command("network", "check", "Airport", TWIN)
    check("and is told in words", out.returncode == 1 and "Do not join" in out.stdout, out)
    check("another access point of the name is fine", ask(far, "Airport", "02:00:5e:30:00:00")[0] == 0)
    check("and so is the address under another name", ask(far, "Elsewhere", TWIN)[0] == 0)
    check("nobody is alarmed at home", not far.find("finding", threat="network.known_bad"))


def test_wire(world):
    """The same words by the documented formats, without our code."""
    status, der, _ = world.get("/v1/crowd/key")
    check("the key has a certificate", status == 200)
    public_key(world.folder, der)
    status, data, _ = world.get("/v1/crowd/deltas?epoch=1&since=0")
    batch = read_batch(data)
    check("deltas are signed by it", status == 200 and signature_holds(world.folder, data))
    mark = fingerprint(world.secret, 1, world.network("Airport"), TWIN)
    mine = [d for d in batch["deltas"] if d["print"] == mark >> 24]
    check("the access point is among them by its fingerprint", mine and mine[-1]["bad"] and mine[-1]["kind"] == 0 and
          mine[-1]["ttl"] == 720, batch)
    check("one word is 92 bytes", len(data) == 80 + 12 * len(batch["deltas"]), len(data))
    last = batch["deltas"][-1]["seq"]
    status, data, _ = world.get(f"/v1/crowd/deltas?epoch=1&since={last}")
    check("nothing after the last", status == 200 and read_batch(data)["deltas"] == [] and len(data) == 80, data)
    check("a number that was never given out is gone", world.get(f"/v1/crowd/deltas?epoch=1&since={last + 9}")[0] == 410)
    check("another epoch is gone", world.get("/v1/crowd/deltas?epoch=7&since=0")[0] == 410)
    status, data, headers = world.get("/v1/crowd/filter?class=network")
    check("the filter is signed", status == 200 and signature_holds(world.folder, data) and data[:8] == b"PKCROWD\1", data[:16])
    tag = headers["ETag"]
    status, data, _ = world.get("/v1/crowd/filter?class=network", headers={"If-None-Match": tag})
    check("who has it gets it not again", status == 304 and data == b"", status)
    status, data, _ = world.get("/v1/crowd/keys?class=network&epoch=1&bits=20&prefix=%08x" % (mark >> 32))
    _, _, _, epoch, seq, made, bits, _, count, prefix = struct.unpack("<2sBBIQQBBHI", data[:32])
    things = {int.from_bytes(data[32 + 20 * i:40 + 20 * i], "little") for i in range(count)}
    check("few bad things: the second stage tells all, whatever was asked", status == 200 and bits == 0 and prefix == 0 and
          mark in things and signature_holds(world.folder, data), (bits, count))
    for path in ("deltas?epoch=1", "deltas?epoch=1&since=-1", "deltas?epoch=1&since=1e3", "filter", "filter?class=none",
                 "filter?class=network&shard=7", "keys?class=network&epoch=1&bits=21&prefix=0", "keys?class=network&epoch=1",
                 "keys?class=network&epoch=1&bits=3&prefix=xyz", "deltas?epoch=1&since=0&more=1",
                 f"deltas?epoch=1&since={1 << 60}", "key?x=1"):
        check(f"{path}: refused", world.get("/v1/crowd/" + path)[0] == 400, path)
    bare = ssl.create_default_context(cafile=str(world.server.dir / "state" / "ca.pem"))
    for path in ("key", "filter?class=network", "deltas?epoch=1&since=0", "keys?class=network&epoch=1&bits=0&prefix=0"):
        link = http.client.HTTPSConnection("localhost", world.server.port, timeout=20, context=bare)
        link.request("GET", "/v1/crowd/" + path)
        check(f"{path}: for enrolled devices only", link.getresponse().status == 401)
        link.close()


def test_wait_header(world):
    def wait(place):
        status, data, _ = world.get("/v1/wait?timeout=1", headers={"Picket-Crowd": place} if place else {})
        return status, json.loads(data or b"{}").get("crowd")

    head = world.changes()[-1][0]
    check("who knows all is not woken", wait(f"1.{head}") == (204, None))
    status, crowd = wait("1.0")
    check("who knows nothing is told at once", status == 200 and len(read_batch(base64.b64decode(crowd["batch"]))["deltas"]) > 0)
    check("who is ahead, or of another epoch, needs the list", wait(f"1.{head + 5}")[1] == {"base": True} and
          wait("9.1")[1] == {"base": True})
    for odd in ("", "x", "1", "1.", ".1", "1.x", "1.-1", "-1.0", "1.99999999999999999999", "1." + "9" * 300):
        check(f"a strange header ({odd[:8]!r}) is passed over", wait(odd) == (204, None), wait(odd))


def test_offline(world, far):
    """The server is killed; then the device joins."""
    world.server.process.kill()
    world.server.process.wait(10)
    before = len(far.events)
    began = time.monotonic()
    world.move(far, "Airport", TWIN)
    alert = far.wait("alert", 20, threat="network.known_bad")
    joined = [i for i, e in enumerate(far.events) if e["event"] == "network" and e.get("bssid") == TWIN and i >= before]
    check("it warns without asking anybody", alert and "Airport" in alert["title"], far.events[before:])
    if alert and joined:
        delay = far.when[alert["index"]] - far.when[joined[0]]
        print(f"        {1000 * delay:.1f} ms after it noticed the network, {time.monotonic() - began:.2f} s after the move")
        check("at the moment of joining", delay < 1, delay)
    found = far.find("finding", threat="network.known_bad")
    check("with its evidence", found and found["confidence"] >= 0.8 and found["evidence"]["log_odds"] > 0 and
          found["evidence"]["heard_at"] and found["evidence"]["since"], found)
    peers.stop(far.child, signal.SIGKILL)
    check("a killed agent still says it before joining", ask(far, "Airport", TWIN)[0] == 1)
    world.move(far, "Home", HOME)
    far.run()
    far.wait("network", change="joined")
    time.sleep(1)
    check("and is calm at home", not far.find("finding", threat="network.known_bad"))
    world.move(far, "Airport", TWIN)
    check("and warns again", far.wait("finding", 20, threat="network.known_bad"), far.events)
    world.move(far, "Home", HOME)
    check("it ends when the device leaves", far.wait("cleared", 20, threat="network.known_bad"), far.events)


def test_missed(world, near, far):
    """Words that were said while one agent was off, and the server killed in between."""
    peers.stop(far.child, signal.SIGKILL)
    world.server.start()
    count = len(words(near))
    seq = world.changes()[-1][0]
    world.attack(OTHER)
    check("a second access point is bad", world.bad(OTHER), world.changes())
    world.server.process.kill()
    world.server.process.wait(10)
    world.server.start()
    check("numbers go on after kill -9", taken(world.server) and world.changes()[-1][0] > seq, world.changes())
    check("who was there hears it", until(lambda: ask(near, "Airport", OTHER)[0] == 1, 40), near.events[-5:])
    check("each word once", sorted({e["seq"] for e in words(near)[count:]}) == [e["seq"] for e in words(near)[count:]],
          words(near)[count:])
    code, _ = ask(far, "Airport", OTHER)
    check("who was not does not know it yet", code == 0)
    far.run()
    check("and hears what it missed", until(lambda: ask(far, "Airport", OTHER)[0] == 1, 20), far.events)
    check("without another list", not [e for e in far.events if e["event"] == "crowd" and e["what"] == "filter" and
                                      e["keys"] == 0])


def test_second_stage(world, far):
    """Only the filter knows: what was heard is lost. The second stage confirms, with the numbers that may be told."""
    peers.stop(far.child)
    shutil.rmtree(far.state / "crowd")
    world.server.stop()  # the list is made when it is asked for first
    world.server.start()
    far.run()
    got = far.wait("crowd", what="filter")
    check("the list holds both access points", got and got["keys"] >= 2, far.events)
    check("which are likely bad without a word", ask(far, "Airport", TWIN) [1]["verdict"] == "maybe")
    time.sleep(1)
    check("and alarm nobody", not far.find("finding", threat="network.known_bad"))
    world.move(far, "Airport", TWIN)
    found = far.wait("finding", 20, threat="network.known_bad")
    check("joining confirms it", found and found["evidence"]["attack"] == "interception", far.events[-6:])
    code, answer = ask(far, "Airport", TWIN)
    check("and it is known from then on", code == 1 and answer["verdict"] == "bad", answer)
    check("numbers below five are not told", "devices" not in answer["evidence"], answer)
    world.move(far, "Home", HOME)
    far.wait("cleared", 20, threat="network.known_bad")


# ---- a server that lies ----------------------------------------------------------------------------------------------------

class Liar:
    """Has the server's place and TLS key, but not the key of the crowd's words."""

    acked = 1000000

    def __init__(self, world, replies):
        self.replies, self.asked = replies, []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        state = world.server.dir / "state"
        context.load_cert_chain(state / "server.pem", state / "server.key")
        self.context, self.port = context, world.server.port
        self.socket = socket.create_server(("127.0.0.1", self.port))
        self.ends = False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while not self.ends:
            try:
                raw, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(raw,), daemon=True).start()

    def one(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as tls:
                tls.settimeout(30)
                while not self.ends:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        got = tls.recv(4096)
                        if not got:
                            return
                        head += got
                    head, _, rest = head.partition(b"\r\n\r\n")
                    size = [int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")]
                    while size and len(rest) < size[0]:
                        rest += tls.recv(65536)
                    target = head.split(b" ")[1].decode()
                    self.asked.append(target)
                    self.answer(tls, target)
        except OSError:
            pass

    def answer(self, tls, target):
        if target.startswith("/v1/crowd/key"):
            body = self.replies["key"]
        elif target.startswith("/v1/crowd/filter"):
            body = self.replies["filter"]
        elif target.startswith("/v1/wait") and self.replies["words"]:
            word = base64.b64encode(self.replies["words"].pop(0)).decode()
            body = json.dumps({"commands": [], "now": "2026-01-01T00:00:00.000Z", "crowd": {"batch": word}}).encode()
        elif target.startswith("/v1/wait"):
            time.sleep(20)
            return
        else:  # a report: taken, so that it holds nothing up
            Liar.acked += 1000
            body = json.dumps({"acked": Liar.acked}).encode()
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def close(self):
        self.ends = True
        self.socket.shutdown(socket.SHUT_RDWR)  # also wakes who waits in accept()
        self.socket.close()


def test_lies(world, far):
    head = world.changes()[-1][0]
    genuine = world.get("/v1/crowd/deltas?epoch=1&since=0")[1]
    filter_bytes = world.get("/v1/crowd/filter?class=network")[1]
    check("the agent is up to date", until(lambda: f"{head}" in json.dumps(far.status().get("crowd")), 10), far.status())
    device = subprocess.run(["openssl", "x509", "-in", far.state / "device.pem", "-outform", "DER"], check=True,
                            capture_output=True).stdout
    mark = fingerprint(world.secret, 1, world.network("Home"), HOME)
    lie = struct.pack("<2sBBIIHH", b"KD", 1, 0, 1, head, 0, 1) + bytes([0]) + (mark >> 24).to_bytes(5, "little") + \
        struct.pack("<BH", 200, 720) + (head + 1).to_bytes(3, "little")
    keys = world.folder / "other.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", keys], check=True)
    (world.folder / "lie").write_bytes(lie)
    forged = lie + subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", keys, "-rawin", "-in", world.folder / "lie"],
                                  check=True, capture_output=True).stdout
    rows = [("unsigned", lie + bytes(64)), ("signed by another key", forged), ("a true signature under other words",
            lie + genuine[-64:]), ("replayed", genuine), ("cut", genuine[:-1]), ("cut to the head", genuine[:16]),
            ("one bit turned", genuine[:20] + bytes([genuine[20] ^ 1]) + genuine[21:]), ("nothing", b""), ("noise", b"\xff" * 92)]
    for name, word in rows:
        peers.stop(far.child)
        before = heard(far)
        world.server.stop()
        liar = Liar(world, {"key": device, "filter": b"", "words": [word]})
        try:
            far.run()
            came = until(lambda: not liar.replies["words"], 15)
            time.sleep(0.3)
            check(f"{name}: refused", came and heard(far) == before and not words(far) and
                  not far.find("finding", threat="network.known_bad") and ask(far, "Home", HOME)[0] == 0, far.events)
        finally:
            liar.close()
    # A device's certificate is of the same CA, but vouches for nothing.
    check("it asked for the key and was not taken in", until(lambda: far.find("error"), 5), far.events)
    peers.stop(far.child)
    shutil.rmtree(far.state / "crowd")
    liar = Liar(world, {"key": device, "filter": filter_bytes, "words": []})
    try:
        far.run()
        until(lambda: any(t.startswith("/v1/crowd/key") for t in liar.asked), 10)
        time.sleep(1)
        check("with a device's certificate as key nothing is taken", not (far.state / "crowd" / "key.der").exists() and
              not (far.state / "crowd" / "network.filter").exists() and far.find("error"), far.events)
    finally:
        liar.close()
    peers.stop(far.child)
    world.server.start()
    far.run()
    check("the true server makes it good", far.wait("crowd", 20, what="filter") and
          until(lambda: ask(far, "Airport", TWIN)[0] == 1, 10), far.events)


def test_damaged(world, far):
    """Files of the state folder that are not what they were."""
    peers.stop(far.child)
    for name in ("heard", "network.filter", "key.der"):
        file = far.state / "crowd" / name
        good = file.read_bytes()
        for bad in (b"", good[:-1], good[:10] + bytes([good[10] ^ 4]) + good[11:], good + b"x"):
            file.write_bytes(bad)
            out = far.command("network", "check", "Home", HOME, "--json")
            check(f"{name} of {len(bad)} bytes: no wrong word", out.returncode in (0, 3), out)
        file.write_bytes(good)
    (far.state / "crowd" / "network.filter").write_bytes(b"x" * 300)
    far.run()
    check("what is damaged comes anew", far.wait("crowd", 20, what="filter"), far.events)


def main():
    own_namespace()
    folder = Path(tempfile.mkdtemp(prefix="picket-crowd-push-"))
    world = None
    try:
        pretend_network()
        world = World(folder)
        near, far = world.agent("near"), world.agent("far")
        world.old_friends()
        test_first(world, near, far)
        test_push(world, near, far)
        test_wire(world)
        test_wait_header(world)
        test_offline(world, far)
        test_missed(world, near, far)
        test_second_stage(world, far)
        test_lies(world, far)
        test_damaged(world, far)
        if peers.failed:
            print((folder / "agent.log").read_text()[-2000:], world.server.log.read_text()[-3000:])
            print(far.events, far.status())
    finally:
        for child in peers.children:
            if child.poll() is None:
                peers.stop(child)
        if world is not None:
            world.server.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{peers.passed} passed, {peers.failed} failed")
    return 1 if peers.failed or not peers.passed else 0


if __name__ == "__main__":
    sys.exit(main())
