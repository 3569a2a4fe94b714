#!/usr/bin/env python3
"""Name servers that lie, and those that only look like it, against the real agent: unbound as the trusted resolver (over
TLS, over HTTPS when that port is blocked, with right and wrong certificates), dnsmasq and unbound as the network's, hosts
that prove their names and one that cannot, and somebody who races the name server's answers.

Everything runs in two network namespaces of its own, joined by one cable.
"""

import http.server
import json
import os
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

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("PICKET_BUILD", ROOT / "build")) / "bin"
ROUTER, DEVICE, TRUSTED, TRUSTED_HTTP1 = "192.168.55.1", "192.168.55.2", "203.0.113.53", "203.0.113.54"
CANARY, BANK, BANK_ELSEWHERE, ADS, MAIL = ("198.51.100.10", "198.51.100.30", "198.51.100.31", "198.51.100.66",
                                           "198.51.100.20")
MAIL_INSIDE, FORGER = "10.20.30.40", "192.168.55.66"
RECORDS = {"canary.test": CANARY, "probe.test": CANARY, "bank.test": BANK, "mail.corp.test": MAIL}
results, children = [], []


def check(name, ok, why=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}" + (f" # {why}" if why and not ok else ""), flush=True)


def sh(*argv, **kwargs):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)


# --- two namespaces ---------------------------------------------------------------------------------------------------

def own_namespace():
    if os.environ.get("PICKET_TEST_NS") != "1":
        os.environ["PICKET_TEST_NS"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])


class Net:
    """The router's side of the cable, with everything that stands behind it."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        children.append(self.holder)
        time.sleep(0.3)
        sh("ip", "link", "add", "office0", "type", "veth", "peer", "name", "lan0")
        sh("ip", "link", "set", "lan0", "netns", str(self.holder.pid))
        for line in (f"addr add {ROUTER}/24 dev lan0", f"addr add {FORGER}/24 dev lan0", "addr add fd55::1/64 dev lan0",
                     "link set lan0 up", "link set lo up"):
            self.sh("ip", *line.split())
        for address in (TRUSTED, TRUSTED_HTTP1, CANARY, BANK, BANK_ELSEWHERE, ADS, MAIL, MAIL_INSIDE):
            self.sh("ip", "addr", "add", address + "/32", "dev", "lo")
        for line in ("link set lo up", f"addr add {DEVICE}/24 dev office0", "addr add fd55::2/64 dev office0 nodad",
                     "link set office0 up", f"route add default via {ROUTER}", "route add default via fd55::1"):
            sh("ip", *line.split())
        time.sleep(1)  # until the addresses of the link are ready

    def enter(self, *argv):
        return ["nsenter", "-t", str(self.holder.pid), "-n", *argv]

    def sh(self, *argv, **kwargs):
        sh(*self.enter(*argv), **kwargs)

    def start(self, *argv):
        child = subprocess.Popen(self.enter(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        children.append(child)
        return child

    def block(self, port):
        self.sh("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; "
                f"add rule inet t c tcp dport {port} drop")

    def unblock(self):
        self.sh("nft", "flush ruleset")


def stop(child):
    if child is not None and child.poll() is None:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(5)


# --- certificates -----------------------------------------------------------------------------------------------------

class Pki:
    def __init__(self, folder):
        self.folder = folder
        self.root("root", "/CN=Names Test Root")
        self.root("foreign", "/CN=Foreign Root")
        self.roots = folder / "root.pem"

    def root(self, name, subject):
        sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
           "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.pem", cwd=self.folder)

    def leaf(self, name, host, by="root", days=9):
        """Files of a key and a chain for this host; days < 0: it has expired."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n")
        sh("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}",
           "-keyout", f"{name}.key", "-out", f"{name}.csr", cwd=self.folder)
        sh("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial",
           "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem", cwd=self.folder)
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")


# --- servers of this test, run as `names.py serve ...` in the other namespace -----------------------------------------

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        self.send_response(204)
        self.end_headers()

    def do_POST(self):  # pylint: disable=invalid-name
        """DNS over HTTP/1.1: the question goes on to the trusted resolver."""
        question = self.rfile.read(int(self.headers["Content-Length"]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(2)
            s.sendto(question, (TRUSTED, 53))
            answer = s.recv(4096)
        self.send_response(200)
        self.send_header("Content-Type", "application/dns-message")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


def serve(address, port, cert=None, key=None):
    server = http.server.ThreadingHTTPServer((address, int(port)), Answer)
    if cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.set_alpn_protocols(["http/1.1"])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def race(name, forged):
    """Answers questions for this name before the name server does, with its address as the sender's."""
    wire = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1"
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as s:
        s.bind(("lan0", 0x0800))
        while True:
            frame, where = s.recvfrom(2048)
            if where[2] == socket.PACKET_OUTGOING or frame[23] != 17 or frame[36:38] != b"\0\x35":
                continue
            dns = frame[42:]
            if not dns[12:].startswith(wire):
                continue
            end = 12 + len(wire) + 2
            answer = (dns[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + dns[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4" +
                      socket.inet_aton(forged))
            udp = struct.pack("!HHHH", 53, struct.unpack("!H", frame[34:36])[0], 8 + len(answer), 0) + answer
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0, frame[30:34], frame[26:30])
            head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
            s.send(frame[6:12] + frame[:6] + b"\x08\0" + head + udp)


# --- the trusted resolver, and the network's --------------------------------------------------------------------------

def unbound_config(folder, name, lines):
    path = folder / f"{name}.conf"
    path.write_text("server:\n username: \"\"\n chroot: \"\"\n use-syslog: no\n do-daemonize: no\n"
                    f" directory: \"{folder}\"\n pidfile: \"{folder}/{name}.pid\"\n logfile: \"{folder}/{name}.log\"\n"
                    " access-control: 0.0.0.0/0 allow\n access-control: ::/0 allow\n" + lines +
                    "remote-control:\n control-enable: no\n")
    return str(path)


def trusted(net, folder, cert, records=None):
    records = records or RECORDS
    data = "".join(f" local-data: \"{n}. 30 A {a}\"\n" for n, a in records.items())
    data += " local-data: \"bank.test. 30 AAAA 2001:db8:100::30\"\n"
    return net.start("unbound", "-d", "-c", unbound_config(folder, "trusted",
        "".join(f" interface: {TRUSTED}@{p}\n" for p in (53, 853, 443)) +
        f" tls-port: 853\n https-port: 443\n tls-service-pem: \"{cert[0]}\"\n tls-service-key: \"{cert[1]}\"\n"
        " module-config: \"iterator\"\n local-zone: \".\" static\n local-zone: \"test.\" static\n" + data +
        " local-data: \"ipv4only.arpa. 30 A 192.0.0.170\"\n"))


def resolver(net, *options):
    """dnsmasq: what the trusted one says, but for the options."""
    return net.start("dnsmasq", "-k", "-C", "/dev/null", "-u", "root", "--pid-file=", "--no-hosts", "--no-resolv",
                     "--cache-size=0", f"--listen-address={ROUTER}", "--bind-interfaces", f"--server={TRUSTED}", *options)


def wait_port(net, address, port, limit_s=8):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if subprocess.run(net.enter("bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"), check=False,
                          stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{address}:{port} does not open")


# --- the agent --------------------------------------------------------------------------------------------------------

class Agent:
    def __init__(self, pki, keep=None, **extra):
        self.folder = Path(keep or tempfile.mkdtemp(prefix="picket-names-"))
        (self.folder / "resolv.conf").write_text(f"nameserver {ROUTER}\n")
        config = {"state_dir": str(self.folder / "state"), "canaries": ["canary.test"],
                  "probe_url": "http://probe.test/generate_204", "redirects": ["http://bank.test/"],
                  "trust": {"hosts": ["mail.corp.test"]}, "resolver": TRUSTED, "resolver_name": "dns.test",
                  "resolv_file": str(self.folder / "resolv.conf"), "ca_file": str(pki.roots),
                  "notify": {"desktop": False, "terminal": False}}
        config.update(extra)
        (self.folder / "agent.yaml").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
        self.events = []
        self.child = subprocess.Popen([str(BIN / "picket-agent"), "run", "--offline", "--json", "--config",
                                       str(self.folder / "agent.yaml")], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, text=True)
        children.append(self.child)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.events.append(json.loads(line))

    def wait(self, test, limit_s):
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            for event in list(self.events):
                if test(event):
                    return event
            time.sleep(0.05)
        return None

    def finding(self, threat, limit_s=6):
        return self.wait(lambda e: e.get("event") == "finding" and e.get("threat") == threat, limit_s)

    def cleared(self, threat, limit_s=20):
        return self.wait(lambda e: e.get("event") == "cleared" and e.get("threat") == threat, limit_s)

    def worse(self):
        """What was found above an information about names."""
        return [e for e in self.events if e.get("event") == "finding" and e["threat"].startswith("network.") and
                e["severity"] != "info"]

    def stop(self, keep=False):
        stop(self.child)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


class World:
    def __init__(self, folder):
        self.folder, self.net, self.pki = folder, Net(), Pki(folder)
        good = {h: self.pki.leaf(h, h) for h in ("canary.test", "bank.test", "mail.corp.test", "dns.test")}
        self.certs = {"right": good["dns.test"], "wrong name": self.pki.leaf("other", "other.test"),
                      "unknown authority": self.pki.leaf("forged", "dns.test", by="foreign"),
                      "expired": self.pki.leaf("old", "dns.test", days=-1)}
        ads = self.pki.leaf("ads", "ads.test")
        for address, port, cert in ((CANARY, 80, None), (CANARY, 443, good["canary.test"]),
                                    (BANK, 443, good["bank.test"]), (BANK_ELSEWHERE, 443, good["bank.test"]),
                                    (MAIL, 443, good["mail.corp.test"]), (ADS, 443, ads),
                                    (TRUSTED_HTTP1, 443, good["dns.test"])):
            self.net.start(sys.executable, __file__, "serve", address, str(port), *(cert or ()))
        self.trusted = self.resolver = None
        self.trust("right")
        self.answer()
        for address in (CANARY, BANK, BANK_ELSEWHERE, MAIL, ADS, TRUSTED_HTTP1):
            wait_port(self.net, address, 443)

    def trust(self, cert):
        stop(self.trusted)
        self.trusted = trusted(self.net, self.folder, self.certs[cert])
        wait_port(self.net, TRUSTED, 853)

    def answer(self, *options):
        stop(self.resolver)
        self.resolver = resolver(self.net, *options)
        wait_port(self.net, ROUTER, 53)

    def agent(self, **extra):
        return Agent(self.pki, **extra)


def expected_by(finding):
    return finding["evidence"]["expected_by"] if finding else None


# --- tests ------------------------------------------------------------------------------------------------------------

def honest(world):
    agent = world.agent()
    time.sleep(3)
    check("an honest name server is silent", not agent.worse(), str(agent.worse()))
    agent.stop(keep=True)
    known = json.loads((agent.folder / "state" / "known.json").read_text())
    proved = json.dumps(known)
    check("addresses that were proved are remembered", BANK in proved and CANARY in proved, proved[:400])
    shutil.rmtree(agent.folder)


def ways(world):
    """How the trusted resolver was asked stands in the evidence. A forged address is the occasion."""
    lie = f"--address=/bank.test/{ADS}"
    world.answer(lie)
    for cert, expected in (("right", "encrypted DNS (TLS)"), ("wrong name", "plain DNS over TCP"),
                           ("unknown authority", "plain DNS over TCP"), ("expired", "plain DNS over TCP")):
        world.trust(cert)
        agent = world.agent()
        found = agent.finding("network.dns_hijack")
        check(f"trusted resolver with a certificate that is {cert}: {expected}", expected_by(found) == expected,
              str(found or agent.events))
        if cert == "right":
            check("the other host there is told", found["evidence"]["the_host_there"] == "hostname mismatch", str(found))
            world.answer()
            check("it ends with the lie", agent.cleared("network.dns_hijack"), str(agent.events))
            world.answer(lie)
        agent.stop()
    world.trust("right")
    world.net.block(853)
    agent = world.agent()
    found = agent.finding("network.dns_hijack")
    check("where that port is blocked: HTTPS (HTTP/2)", expected_by(found) == "encrypted DNS (HTTPS)",
          str(found or agent.events))
    agent.stop()
    agent = world.agent(resolver=TRUSTED_HTTP1)
    found = agent.finding("network.dns_hijack")
    check("a server that speaks HTTP/1.1 only", expected_by(found) == "encrypted DNS (HTTPS)", str(found or agent.events))
    agent.stop()
    world.net.unblock()
    world.answer()


def lies(world):
    for what, options, threat, name in (
            ("a neighbour for a bank's name", (f"--address=/bank.test/{FORGER}",), "network.dns_hijack", "bank.test"),
            ("another public host for it", (f"--address=/bank.test/{ADS}",), "network.dns_hijack", "bank.test"),
            ("only its IPv6 address", ("--address=/bank.test/fd55::66", f"--address=/bank.test/{BANK}"),
             "network.dns_hijack", "bank.test"),
            ("an own host", (f"--address=/mail.corp.test/{ADS}",), "network.dns_hijack", "mail.corp.test"),
            ("an address for every unknown name", (f"--address=/#/{ADS}", *(f"--server=/{n}/{TRUSTED}" for n in RECORDS)),
             "network.dns_hijack", None),
            ("the same below one zone only", (f"--address=/com/{ADS}",), "network.dns_hijack", None)):
        world.answer(*options)
        agent = world.agent()
        found = agent.finding(threat)
        check(f"{what}: {threat}", found and found["confidence"] >= 0.8 and found["evidence"].get("name") == name and
              {e["threat"] for e in agent.worse()} <= {threat}, str(agent.worse()))
        agent.stop()
    world.answer()


def raced(world):
    racer = world.net.start(sys.executable, __file__, "race", "bank.test", FORGER)
    time.sleep(0.5)
    agent = world.agent()
    found = agent.finding("network.dns_spoof")
    check("somebody races the name server: dns_spoof", found and found["evidence"]["second_answer"] and
          found["confidence"] >= 0.9, str(found or agent.events))
    check("and not the name server", not agent.finding("network.dns_hijack", 0), str(agent.events))
    stop(racer)
    check("it ends with the race", agent.cleared("network.dns_spoof"), str(agent.events))
    agent.stop()
    racer = world.net.start(sys.executable, __file__, "race", "bank.test", FORGER)
    time.sleep(0.5)
    agent = world.agent(resolver=None, resolver_name=None)
    found = agent.finding("network.dns_spoof")
    check("the same without any trusted resolver", found and found["confidence"] >= 0.8, str(found or agent.events))
    agent.stop()
    stop(racer)


def known_before(world):
    """What was proved on an honest day counts when the trusted resolver cannot be reached."""
    agent = world.agent()
    time.sleep(3)
    agent.stop(keep=True)
    world.answer(f"--address=/bank.test/{FORGER}")
    stop(world.trusted)
    again = Agent(world.pki, keep=str(agent.folder))
    found = again.finding("network.dns_hijack")
    check("without it, what was proved before counts", found and expected_by(found) == "earlier visits" and
          found["confidence"] >= 0.8, str(found or again.events))
    again.stop()
    world.trust("right")
    world.answer()


def harmless(world):
    split = {"hosts": ["mail.corp.test"], "split_zones": ["corp.test"]}
    for what, options, extra in (
            ("a filter that answers nowhere", ("--address=/bank.test/0.0.0.0", "--address=/bank.test/::"), {}),
            ("a filter that says there is no such name", ("--address=/bank.test/",), {}),
            ("a content network's other address", (f"--address=/bank.test/{BANK_ELSEWHERE}",), {}),
            ("an inside answer in a listed zone", (f"--address=/mail.corp.test/{MAIL_INSIDE}",), {"trust": split}),
            ("an inside answer for an own host, not listed", (f"--address=/mail.corp.test/{MAIL_INSIDE}",), {}),
            ("no IPv6 addresses", ("--filter-AAAA",), {}),
            ("names of the house", ("--address=/lan/192.168.55.77", "--domain=lan"), {})):
        world.answer(*options)
        agent = world.agent(**extra)
        time.sleep(3.5)
        check(f"harmless: {what}", not agent.worse(), str(agent.worse()))
        agent.stop()
    world.answer()


def down(world):
    stop(world.resolver)
    agent = world.agent()
    time.sleep(5)
    check("harmless: no name server answers", not agent.worse(), str(agent.worse()))
    agent.stop()
    stop(world.trusted)
    world.resolver = resolver(world.net, f"--address=/#/{ROUTER}")
    wait_port(world.net, ROUTER, 53)
    world.net.block("{80, 443, 853}")
    agent = world.agent()
    time.sleep(5)
    check("harmless: a router without its uplink answers everything with itself", not agent.worse(), str(agent.worse()))
    agent.stop()
    world.net.unblock()
    world.trust("right")
    world.answer()


def dns64(world):
    """The network's resolver makes IPv6 addresses of IPv4 ones, by a prefix of its own."""
    stop(world.resolver)
    world.resolver = world.net.start("unbound", "-d", "-c", unbound_config(world.folder, "dns64",
        f" interface: {ROUTER}@53\n module-config: \"dns64 iterator\"\n dns64-prefix: 2001:db8:64::/96\n"
        " do-not-query-localhost: no\n local-zone: \"test.\" nodefault\n"
        " local-zone: \"ipv4only.arpa.\" nodefault\n"
        f"forward-zone:\n name: \".\"\n forward-addr: {TRUSTED}\n"))
    wait_port(world.net, ROUTER, 53)
    made = subprocess.run(["dig", "+short", "+time=2", f"@{ROUTER}", "canary.test", "AAAA"], capture_output=True,
                          text=True, check=False).stdout
    check("the resolver does make such addresses", "2001:db8:64::" in made, made)
    agent = world.agent()
    time.sleep(3.5)
    check("harmless: addresses made of right ones (DNS64)", not agent.worse(), str(agent.worse()))
    agent.stop()
    world.answer()


def need():
    missing = [tool for tool in ("unbound", "dnsmasq", "openssl", "nft", "nsenter", "dig") if shutil.which(tool) is None]
    return f"needs {', '.join(missing)}" if missing else "" if os.geteuid() == 0 else "needs root for its namespaces"


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "serve":
        serve(*sys.argv[2:])
    if len(sys.argv) > 2 and sys.argv[1] == "race":
        race(*sys.argv[2:])
    if need():
        print(f"# SKIPPED: {need()}\n1..0")
        return 0
    own_namespace()
    signal.alarm(280)
    try:
        with tempfile.TemporaryDirectory(prefix="picket-names-") as folder:
            world = World(Path(folder))
            wanted = sys.argv[1:]
            for test in (honest, ways, lies, raced, known_before, harmless, down, dns64):
                if not wanted or test.__name__ in wanted:
                    test(world)
    finally:
        for child in reversed(children):
            stop(child)
    print(f"{sum(map(bool, results))} passed, {len(results) - sum(map(bool, results))} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
