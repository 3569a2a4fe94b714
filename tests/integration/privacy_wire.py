#!/usr/bin/env python3
"""What really travels: a real agent on networks with names, certificates, name servers and a sign-in page, beside a real picketd.
All that it sends to its server goes through a proxy that holds the server's own key and reads every byte; all that leaves its
cable is recorded. Every value in every report must have a row in the table of docs/privacy.md that lets it leave, and nothing
that this test planted - names of networks, of the host, of the user, of folders, of hosts that the user visits - may be found
anywhere, neither in clear nor as a plain hash.

Runs in network and host name namespaces of its own."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
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
import names as lab  # noqa: E402
from agent import BIN, ROOT, Server, check, free_port, until  # noqa: E402

SSID, OLD_SSID, NEIGHBOUR = "Kq81 Annas WLAN", "Kq82-Old-Home", "Kq83 Familie Canary"
HOST, USER, HOME_PART = "kq84-annas-laptop", "kq85anna", "kq86-private-folder"
VISITED = ["kq87-clinic.test", "kq88-hobby.test"]
BAD = "kq89-phish.test"  # harmful and on the list: blocked, and counted, without its name
CANARIES = {"network name": SSID, "network name of before": OLD_SSID, "neighbour's network name": NEIGHBOUR, "host name": HOST,
            "user name": USER, "folder": HOME_PART, "visited host": VISITED[0], "other visited host": VISITED[1],
            "blocked host": BAD}
POINT, POINT2 = "02:4b:80:00:00:01", "02:4b:80:00:00:02"


# ---- the table ----------------------------------------------------------------------------------

def read_table():
    """path -> class, from the program that prints docs/privacy.md."""
    text = subprocess.run([BIN.parent / "tests" / "lint" / "privacy_table"], check=True, capture_output=True, text=True).stdout
    table, prefix = {}, ""
    for line in text.splitlines():
        if line.startswith("### "):
            name = line[4:].strip("`")
            prefix = "" if name == "Every observation" else name + "."
        found = re.match(r"\| `([^`]+)` \|.*\| ([^|]+) \|$", line)
        if found:
            table[prefix + found[1]] = found[2].strip(" *")
    return table


def leaves(value, path=""):
    """(path, value) of everything in an observation; lists of objects as path[]."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path + "[]" if isinstance(inner, (dict, list)) else path)
    else:
        yield path, value


# ---- the proxy ----------------------------------------------------------------------------------

class Recorder:
    """Takes the agent's connections with the server's certificate, goes on to picketd as the device, keeps both sides."""

    def __init__(self, server, device_pem):
        self.server, self.device_pem, self.calls, self.raw = server, device_pem, [], []
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            raw, _ = self.socket.accept()
            threading.Thread(target=self.one, args=(raw,), daemon=True).start()

    def one(self, raw):
        state = self.server.folder / "server"
        inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        inside.load_cert_chain(state / "server.pem", state / "server.key")
        inside.load_verify_locations(state / "ca.pem")
        inside.verify_mode = ssl.CERT_OPTIONAL
        outside = ssl.create_default_context(cafile=str(state / "ca.pem"))
        try:
            with inside.wrap_socket(raw, server_side=True) as agent:
                if agent.getpeercert():
                    outside.load_cert_chain(self.device_pem)
                with socket.create_connection(("localhost", self.server.port)) as plain, \
                        outside.wrap_socket(plain, server_hostname="localhost") as picketd:
                    self.pump(agent, picketd)
        except (OSError, ssl.SSLError):
            pass

    def pump(self, agent, picketd):
        sent, got = bytearray(), bytearray()
        with self.lock:
            self.raw.append((sent, got))
        ended = threading.Event()

        def copy(source, target, keep):
            try:
                while data := source.recv(65536):
                    keep += data
                    target.sendall(data)
            except OSError:
                pass
            ended.set()
            for end in (agent, picketd):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        back = threading.Thread(target=copy, args=(picketd, agent, got), daemon=True)
        back.start()
        copy(agent, picketd, sent)
        back.join(5)

    def requests(self):
        """(method, target, headers, body) of everything that the agent asked."""
        with self.lock:
            streams = [bytes(sent) for sent, _ in self.raw]
        for data in streams:
            while b"\r\n\r\n" in data:
                head, data = data.split(b"\r\n\r\n", 1)
                lines = head.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ")
                headers = dict(line.split(": ", 1) for line in lines[1:])
                length = int(headers.get("Content-Length", 0))
                yield method, target, headers, data[:length]
                data = data[length:]

    def answers(self):
        with self.lock:
            return [bytes(got) for _, got in self.raw]

    def sent(self):
        with self.lock:
            return [bytes(sent) for sent, _ in self.raw]


def unpack(body):
    return subprocess.run(["zstd", "-d", "-q", "-c", "-D", ROOT / "data" / "report.dict"], input=body, check=True,
                          capture_output=True).stdout


def reports(recorder):
    for method, target, headers, body in recorder.requests():
        if method == "POST" and target.startswith("/v1/report"):
            text = unpack(body) if headers.get("Content-Encoding") == "zstd" else body
            yield text, json.loads(text)


# ---- the cable ----------------------------------------------------------------------------------

class Tap:
    """Every frame that this device sends on its cable."""

    def __init__(self, interface):
        self.frames, self.ended = [], False
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((interface, 3))
        self.socket.settimeout(0.2)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while not self.ended:
            try:
                frame, where = self.socket.recvfrom(65535)
            except TimeoutError:
                continue
            if where[2] == socket.PACKET_OUTGOING:
                self.frames.append(frame)

    def stop(self):
        self.ended = True
        self.thread.join()
        self.socket.close()


def udp_of(frame):
    """(source port, destination port, payload) of an IPv4 datagram, or None."""
    if frame[12:14] != b"\x08\0" or frame[23] != 17:
        return None
    start = 14 + (frame[14] & 15) * 4
    source, to = struct.unpack("!HH", frame[start:start + 4])
    return source, to, frame[start + 8:]


def asked_name(dns):
    labels, at = [], 12
    while at < len(dns) and dns[at]:
        labels.append(dns[at + 1:at + 1 + dns[at]].decode("latin-1").lower())
        at += 1 + dns[at]
    return ".".join(labels)


def server_names(frames):
    """SNI of every ClientHello in one piece (RFC 8446, RFC 6066)."""
    found = set()
    for frame in frames:
        if frame[12:14] != b"\x08\0" or frame[23] != 6:
            continue
        start = 14 + (frame[14] & 15) * 4
        data = frame[start + (frame[start + 12] >> 4) * 4:]
        if len(data) < 50 or data[0] != 22 or data[5] != 1:
            continue
        at = 43 + 1 + data[43]
        at += 2 + int.from_bytes(data[at:at + 2], "big")
        at += 1 + data[at]
        end = at + 2 + int.from_bytes(data[at:at + 2], "big")
        at += 2
        while at + 4 <= min(end, len(data)):
            kind, length = struct.unpack("!HH", data[at:at + 4])
            if kind == 0:
                found.add(data[at + 9:at + 4 + length].decode("latin-1"))
            at += 4 + length
    return found


# ---- searching ----------------------------------------------------------------------------------

def plain_hashes(text):
    """What somebody could look up in a table: digests of the name as it is, in hex, Base64 and raw, whole and short."""
    for form in {text, text.lower(), text + "\n", text + "\0"}:
        for make in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            raw = make(form.encode()).digest()
            yield raw
            yield raw[:8]
            yield raw.hex()[:16].encode()
            yield raw.hex()[:16].upper().encode()
            yield base64.b64encode(raw)[:20]


def forms(text):
    """As it could stand in JSON, in a URL, in DNS."""
    yield text.encode()
    yield text.lower().encode()
    yield text.replace(" ", "%20").encode()
    yield text.encode().hex().encode()
    yield base64.b64encode(text.encode()).rstrip(b"=")[:-1]
    yield text.encode("utf-16-le")


def found_in(blobs, needles):
    return [needle for needle in needles for blob in blobs if needle in blob]


# ---- the world ----------------------------------------------------------------------------------

def own_namespaces():
    if os.environ.get("PICKET_TEST_NS") != "1":
        os.environ["PICKET_TEST_NS"] = "1"
        os.execvp("unshare", ["unshare", "-n", "-u", sys.executable, *sys.argv])


class Portal(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        self.send_response(302)
        self.send_header("Location", "http://portal.test/login")
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


def wifi(file, ssid, point):
    file.write_text("connected\tssid\tbssid\tsecurity\tfreq\tsignal\n"
                    f"1\t{ssid}\t{point}\tWPA2\t2412\t-50\n"
                    f"0\t{NEIGHBOUR}\t02:4b:80:00:00:09\tWPA2\t2437\t-70\n"
                    f"0\t{ssid}\t{point[:-2]}77\tWPA2\t5180\t-60\n")


class Device:
    """picket-agent as its user runs it, at home in a folder with a telling name."""

    def __init__(self, world, folder):
        self.folder, self.state = folder, folder / "state"
        self.home = folder / "home" / USER / HOME_PART
        (self.home / "apps").mkdir(parents=True)
        (self.home / "apps" / f"{HOME_PART}.apk").write_bytes(b"PK\5\6" + bytes(18))
        self.wifi, self.config, self.events, self.child = folder / "wifi.tsv", folder / "agent.yaml", [], None
        wifi(self.wifi, OLD_SSID, POINT)
        (folder / "resolv.conf").write_text(f"nameserver {lab.ROUTER}\n")
        self.config.write_text(json.dumps({
            "state_dir": str(self.state), "canaries": ["canary.test"], "probe_url": "http://probe.test/generate_204",
            "redirects": ["http://bank.test/"], "trust": {"hosts": ["mail.corp.test"], "names": {"deny": [BAD]}},
            "resolver": lab.TRUSTED, "resolver_name": "dns.test", "resolv_file": str(folder / "resolv.conf"),
            "ca_file": str(world.pki.roots), "wifi_file": str(self.wifi), "notify": {"desktop": False, "terminal": False},
            "interface": "office0", "names": {"listen": "127.0.0.153"},
            "apps": {"report": "all", "folders": [{"path": "~/apps/*", "profile": "personal"}]}}))
        self.env = dict(os.environ, HOME=str(self.home), USER=USER, LOGNAME=USER, HOSTNAME=HOST)

    def command(self, *argv, limit_s=60):
        return subprocess.run([BIN / "picket-agent", *argv, "--config", self.config], capture_output=True, text=True,
                              timeout=limit_s, env=self.env)

    def run(self):
        self.child = peers.start([BIN / "picket-agent", "run", "--json", "--config", self.config], stdout=subprocess.PIPE,
                                 stderr=open(self.folder / "agent.log", "ab"), env=self.env)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.events.append(json.loads(line))

    def find(self, event, **fields):
        return [e for e in list(self.events) if e["event"] == event and all(e.get(k) == v for k, v in fields.items())]

    def wait(self, event, limit_s=20, **fields):
        return until(lambda: self.find(event, **fields), limit_s)

    def settled(self):
        def sent():
            out = self.command("status", "--json").stdout
            return out and json.loads(out).get("server", {}).get("waiting_to_be_sent") == 0
        return until(sent, 30)


def visit(name, server=None):
    """The user's own question, by a socket of his own; the port it came from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect((server or lab.ROUTER, 53))
        port = s.getsockname()[1]
        s.send(b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1")
        try:
            s.recv(1500)
        except OSError:
            pass
        return port


def live(world, device):
    """Joins, leaves, joins another, a sign-in page, forged certificates, a name server that lies, visits, a blocked name."""
    own_ports = set()
    device.run()
    check("the agent starts", device.wait("started"), device.folder)
    check("it joins a network with a name", device.wait("network", change="joined"), device.events)
    device.settled()
    for name in VISITED:
        own_ports.add(visit(name))
    wifi(device.wifi, SSID, POINT2)
    check("it joins another", until(lambda: [e for e in device.find("network", change="joined") if SSID in e.get("name", "")], 30),
          device.find("network"))
    stub = until(lambda: visit(BAD, "127.0.0.153"), 5)
    check("a harmful name is asked for", stub)
    for name in VISITED:
        visit(name, "127.0.0.153")  # through the agent's own name server
    world.answer(f"--address=/bank.test/{lab.ADS}")
    device.command("check")
    check("a name server that lies is found", device.wait("finding", 30, threat="network.dns_hijack") or
          device.wait("finding", 5, threat="network.dns_spoof"), [e for e in device.events if e["event"] == "finding"])
    world.answer("--address=/canary.test/" + lab.ADS)
    device.command("check")
    check("a host that shows another's certificate is found", until(lambda: [
        e for e in device.find("finding") if "canary.test" in json.dumps(e)], 30), device.find("finding"))
    world.net.start(sys.executable, __file__, "portal", lab.ADS)
    lab.wait_port(world.net, lab.ADS, 80)
    world.answer(*(f"--address=/{name}/{lab.ADS}" for name in ("probe.test", "canary.test", "bank.test", "mail.corp.test")))
    device.command("check")
    check("a sign-in page is found", device.wait("finding", 30, threat="network.captive_portal"), device.find("finding"))
    world.answer()
    device.command("check")
    device.settled()
    return own_ports


# ---- tests --------------------------------------------------------------------------------------

def test_table(recorder):
    table = read_table()
    check("the table is there", len(table) > 150 and table["on"] == "keyed hash" and table["name.seen"] == "never", len(table))
    unknown, forbidden, kinds, values, count = set(), set(), set(), 0, 0
    for _, report in reports(recorder):
        count += 1
        check("a report is a version and observations", set(report) == {"v", "observations"}, set(report))
        for observation in report["observations"]:
            kinds.add(observation["kind"])
            for path, _ in leaves(observation):
                values += 1
                if path not in table:
                    unknown.add(path)
                elif table[path] not in ("as it is", "keyed hash"):
                    forbidden.add((path, table[path]))
    check("every value that travelled has a row", not unknown, unknown)
    check("and none is of class never", not forbidden, forbidden)
    check("of many kinds", kinds >= {"agent", "posture", "network", "dns", "tls", "wifi", "name", "portal"}, kinds)
    seen = [o for _, r in reports(recorder) for o in r["observations"]]
    check("a sign-in page among it", any(o["kind"] == "portal" and o["portal"]["state"] == "captive" for o in seen),
          [o for o in seen if o["kind"] == "portal"])
    check("and the blocked name, without the name", any(o["kind"] == "name" and o["name"].get("did", "blocked") == "blocked" and
                                                        "domain" not in o["name"] for o in seen), [o for o in seen if o["kind"] == "name"])
    check("and many values", values > 500, values)
    print(f"        {count} reports, {values} values of {len(kinds)} kinds: {' '.join(sorted(kinds))}")
    return kinds


def test_blind(recorder, device):
    """The names are there, as keyed hashes: so this test looks at the right bytes."""
    texts = [text for text, _ in reports(recorder)]
    key = None
    for answer in recorder.answers():
        found = re.search(rb'"network_key":"([0-9a-f]{64})"', answer)
        key = bytes.fromhex(found[1].decode()) if found else key
    check("the server gave its key", key is not None)
    for what, ssid in (("the network's", SSID), ("the one's of before", OLD_SSID)):
        blind = b"net-" + hmac.new(key, ssid.encode(), hashlib.sha256).hexdigest()[:16].encode()
        check(f"{what} keyed hash travelled", any(blind in text for text in texts))
    rows = read_table()
    for _, report in reports(recorder):
        for observation in report["observations"]:
            for path, value in leaves(observation):
                if rows.get(path) == "keyed hash" and value:
                    check("what is blinded has the form of a keyed hash", re.fullmatch(r"net-[0-9a-f]{16}", value), (path, value))


def test_canaries(recorder, tap, own_ports):
    """In clear and as plain hashes: nowhere in what the server got, nowhere on the cable."""
    sent = recorder.sent() + [text for text, _ in reports(recorder)]
    check("there is something to search", sum(map(len, sent)) > 5000, sum(map(len, sent)))
    check("and what travels is found in it", found_in(sent, set(forms("device-0042"))) and
          found_in(sent, {b"net-"}) and found_in(tap.frames, {b"\6canary\4test"}))
    by_agent = [f for f in tap.frames if (udp_of(f) or (0, 0))[0] not in own_ports]
    check("and something on the cable", len(by_agent) > 100, len(by_agent))
    forwarded = [f for f in by_agent if (u := udp_of(f)) and u[1] == 53 and asked_name(u[2]) in VISITED]
    check("what the user asked by the agent's name server was forwarded, and not asked again", 0 < len(forwarded) <= 2 * len(VISITED),
          len(forwarded))
    quiet = [f for f in by_agent if f not in forwarded]
    for what, canary in CANARIES.items():
        clear, hashed = set(forms(canary)), set(plain_hashes(canary))
        check(f"{what}: not to the server", not found_in(sent, clear), found_in(sent, clear))
        check(f"{what}: not as a plain hash", not found_in(sent, hashed), found_in(sent, hashed))
        dns = b"".join(bytes([len(p)]) + p.encode() for p in canary.split("."))
        check(f"{what}: not on the cable", not found_in(quiet, clear | {dns}), found_in(quiet, clear | {dns}))


def test_names_on_the_wire(tap, own_ports):
    allowed = {"canary.test", "probe.test", "bank.test", "mail.corp.test", "dns.test", "localhost", "ipv4only.arpa",
               "portal.test"}  # the last is the sign-in page that the network sent it to
    asked = set()
    for frame in tap.frames:
        u = udp_of(frame)
        if u and u[1] == 53 and u[0] not in own_ports:
            asked.add(asked_name(u[2]))
    made_up = {n for n in asked if n.split(".")[0] == "wpad" or n.endswith(".arpa") or n == "" or
               re.fullmatch(r"(www\.)?[a-z]{8,20}(\.[a-z]{7,20}|\.com)?", n)}
    strange = asked - allowed - made_up - set(VISITED)
    check("the agent asks for its check hosts, and made-up names, alone", {"canary.test"} <= asked and not strange, strange)
    hosts = server_names(tap.frames)
    check("and shows no other name in a TLS handshake", hosts and
          hosts <= {"canary.test", "probe.test", "bank.test", "mail.corp.test", "dns.test"}, hosts)
    print(f"        {len(tap.frames)} frames, {len(asked)} names asked for, handshakes with {' '.join(sorted(hosts))}")


def test_requests(recorder):
    """What else is asked of the server: nothing that this test does not know, no header that tells more."""
    known = re.compile(r"/\.well-known/est/(cacerts|simpleenroll|simplereenroll)|/v1/report(\?seen=[\d,]+)?|"
                       r"/v1/wait(\?[a-z0-9=&,]*)?|/v1/ledger|/v1/network/verdict\?id=net-[0-9a-f]{16}(&bssid=[0-9a-f:]{17})?(&.*)?|"
                       r"/v1/crowd/(key|filter|deltas|keys)(\?[A-Za-z0-9=&,_.-]*)?|/v1/me/(export|erase)(\?after=\d+)?")
    headers, prefixes = set(), []
    for method, target, sent, _ in recorder.requests():
        check(f"{method} {target.split('?')[0]} is known", known.fullmatch(target), target)
        headers |= set(sent)
        if target.startswith("/v1/crowd/keys"):
            prefixes.append(target)
    allowed = {"Host", "User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Content-Length", "Content-Encoding", "Connection",
               "Authorization", "X-Picket-Platform", "X-Picket-Name", "Picket-Trust", "Picket-Crowd", "If-None-Match"}
    check("its headers are known, too", headers <= allowed, headers - allowed)
    return prefixes


def test_host_name(world, server, folder):
    """The one place where a device tells its name: enrolment, in one header, unless it is told another."""
    state = folder / "named"
    state.mkdir()
    recorder = Recorder(server, state / "state" / "device.pem")
    config = state / "agent.yaml"
    config.write_text(json.dumps({"state_dir": str(state / "state")}))
    out = subprocess.run([BIN / "picket-agent", "enroll", link_through(server, recorder), "--config", config], capture_output=True,
                         text=True, timeout=60)
    check("a device enrols with its host name", out.returncode == 0, out)
    time.sleep(0.5)
    told = [(target, name, value) for _, target, headers, _ in recorder.requests() for name, value in headers.items() if HOST in value]
    check("which is in that one header of that one request", told == [("/.well-known/est/simpleenroll", "X-Picket-Name", HOST)], told)
    everything = b"".join(recorder.sent())
    check("and nowhere else", everything.count(HOST.encode()) == 1)


def test_own(device):
    """The person's own commands."""
    two = json.loads(device.command("ledger", "--last", "2", "--json").stdout)
    check("the last two reports in clear", len(two["reports"]) == 2 and two["reports"][0]["number"] > two["reports"][1]["number"] and
          two["reports"][0]["report"]["observations"], two["reports"])
    check("by kind and day, with bytes", two["days"][-1]["bytes"] > 0 and two["days"][-1]["kinds"]["network"] >= 2 and
          two["server"]["days"][0]["by_kind"]["network"] >= 2 and two["server"]["days"][0]["bytes"] > 0, two["days"])
    alone = json.loads(device.command("ledger", "--json", "--offline").stdout)
    check("offline: what lies here alone", alone["server"] is None and alone["reports"], alone)
    page = device.command("ledger", "--last", "0").stdout
    check("for people: who looked, and what others may be told", "Who looked at this device" in page and "count as homes" in page and
          "Report " not in page, page[:1500])
    check("a wrong number is wrong usage", device.command("ledger", "--last", "x").returncode == 2)
    file = device.folder / "mine.json"
    out = device.command("export", str(file))
    mine = json.loads(file.read_text())
    check("everything in one file, for its owner's eyes", out.returncode == 0 and mine["tables"]["devices"] and len(mine["reports"]) >= 3 and
          "next" not in mine and peers.mode(file) == 0o600, out)
    out = device.command("export", str(file))
    check("which is not overwritten", out.returncode == 3 and "already" in out.stderr, out)
    check("export without a file is wrong usage", device.command("export").returncode == 2)
    out = device.command("erase")
    check("nothing is erased by accident", out.returncode == 2 and "--yes" in out.stderr, out)
    out = device.command("erase", "--yes")
    check("erasure is asked for", out.returncode == 0 and "administrator" in out.stdout, out)
    check("and the ledger says so", "Erasure was asked for" in device.command("ledger").stdout)


def link_through(server, recorder):
    return server.link().replace(f":{server.port}/", f":{recorder.port}/")


def main():
    if lab.need():
        print(f"# SKIPPED: {lab.need()}\n1..0")
        return 0
    own_namespaces()
    socket.sethostname(HOST)
    folder = Path(tempfile.mkdtemp(prefix="picket-wire-"))
    world = None
    try:
        world = lab.World(folder)
        server = Server(folder, free_port())
        server.start()
        device = Device(world, folder / "device")
        recorder = Recorder(server, device.state / "device.pem")
        tap = Tap("office0")
        out = device.command("enroll", link_through(server, recorder), "--name", "device-0042")
        check("it enrols under the name it is given", out.returncode == 0 and "first report failed" not in out.stderr, out)
        own_ports = live(world, device)
        out = device.command("ledger", "--json")
        held = json.loads(out.stdout)
        check("the ledger command shows what the server holds", held["server"] and held["server"]["device"]["name"] == "device-0042", out)
        test_own(device)
        peers.stop(device.child)
        tap.stop()
        test_table(recorder)
        test_blind(recorder, device)
        test_canaries(recorder, tap, own_ports)
        test_names_on_the_wire(tap, own_ports)
        test_requests(recorder)
        test_host_name(world, server, folder)
        server.stop()
    finally:
        for child in [*peers.children, *lab.children]:
            lab.stop(child)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{peers.passed} passed, {peers.failed} failed")
    return 1 if peers.failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["portal"]:
        http.server.ThreadingHTTPServer((sys.argv[2], 80), Portal).serve_forever()
    sys.exit(main())
