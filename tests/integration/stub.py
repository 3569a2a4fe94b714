#!/usr/bin/env python3
"""The agent's own name server: what it forwards is byte for byte what the network's name server says; harmful names
are blocked with a page that says why; the system's list of name servers is put back however the agent ends; and the
names that somebody looks up are nowhere: in no file, in no packet but the question itself, and not on the server.

Everything runs in network and mount namespaces of its own: dnsmasq is the network's name server, /etc/resolv.conf is a
file of the test.
"""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import agent as support
from agent import BIN, Agent, Server, check, children, free_port, sh, start, stop, until

STUB = "127.0.0.153"
FIRST, SECOND = "192.0.2.53", "192.0.2.54"
VISITED = ["private-clinic.example", "jobs-elsewhere.example", "quiet-hobby.example"]
FEED = """domain,url,family,category,date,report url
phish.example,,Camp,phishing,2026-01-02,https://feed.example/r
c2.example,,FluBot,banker,2026-02-03,
whole-site.example,,,malware,2026-02-03,
,https://pages.example/steal/login,,phishing,2026-02-03,
,https://docs.shared.example/evil,,phishing,2026-02-03,
"""
RECORDS = [f"--address=/{n}/198.51.100.{i + 1}" for i, n in enumerate(
    ["good.example", "phish.example", "c2.example", "pages.example", "closed.example", *VISITED])] + [
    "--txt-record=text.example,hello", "--mx-host=good.example,mail.good.example,10",
    "--srv-host=_sip._tcp.good.example,sip.good.example,5060,1,2", "--cname=alias.example,good.example",
    "--host-record=six.example,2001:db8::6", "--ptr-record=9.2.0.192.in-addr.arpa,host.example"]


def own_namespaces():
    if os.environ.get("PICKET_TEST_NS") != "1":
        os.environ["PICKET_TEST_NS"] = "1"
        os.execvp("unshare", ["unshare", "-n", "-m", "--propagation", "private", sys.executable, *sys.argv])


def name_server(folder, address, *more):
    sh("ip", "addr", "add", address + "/32", "dev", "lo")
    for i in range(20):  # more than 512 and more than 1232 bytes
        more += (f"--txt-record=big.example,{i:02d}{'x' * 180}",)
    child = start(["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--local-ttl=60",
                   "--bind-interfaces", f"--listen-address={address}", "--except-interface=none", "--cache-size=0",
                   *RECORDS, *more],
                  stdout=subprocess.DEVNULL, stderr=open(folder / "dnsmasq.log", "ab"))
    until(lambda: ask_raw(address, question("good.example", 1)), 5)
    return child


# --- questions as bytes

def question(name, kind, edns=1232, flags=0x0100, do=False, ident=None, cd=False):
    ident = int.from_bytes(os.urandom(2), "big") if ident is None else ident
    out = struct.pack(">6H", ident, flags | (0x10 if cd else 0), 1, 0, 0, 1 if edns else 0)
    out += b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0" + struct.pack(">HH", kind, 1)
    if edns:
        option = struct.pack(">HH", 10, 8) + b"cookie!!"  # RFC 7873: passes as it came
        out += b"\0" + struct.pack(">HHIH", 41, edns, 0x8000 if do else 0, len(option)) + option
    return out


def ask_raw(server, message, tcp=False, wait_s=3):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
            s.settimeout(wait_s)
            s.connect((server, 53))
            if not tcp:
                s.send(message)
                return s.recv(65535)
            s.sendall(struct.pack(">H", len(message)) + message)
            data = b""
            while len(data) < 2 or len(data) < 2 + struct.unpack(">H", data[:2])[0]:
                piece = s.recv(65535)
                if not piece:
                    return None
                data += piece
            return data[2:]
    except OSError:
        return None


def dig(*argv, server=STUB):
    return subprocess.run(["dig", f"@{server}", "+tries=1", "+time=3", *argv], capture_output=True, text=True,
                          timeout=20).stdout


def curl(url, *argv, wait_s=10):
    began = time.monotonic()
    out = subprocess.run(["curl", "-s", "-m", "8", *argv, url], capture_output=True, text=True, timeout=wait_s)
    return out.returncode, out.stdout, time.monotonic() - began


def lookup(name):
    """As every program does: by the C library and /etc/resolv.conf, in a process that knows nothing of before."""
    began = time.monotonic()
    out = subprocess.run(["getent", "ahostsv4", name], capture_output=True, text=True, timeout=30)
    return out.stdout.split()[0] if out.stdout else None, time.monotonic() - began


# --- the tests

def test_untouched():
    kinds = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43,
             "DNSKEY": 48, "HTTPS": 65, "ANY": 255, "unknown": 65280}
    names = ["good.example", "GooD.eXample", "text.example", "alias.example", "six.example", "no-such-name.example",
             "9.2.0.192.in-addr.arpa", "_sip._tcp.good.example", "big.example", "single", "a" * 63 + ".example"]
    differ, compared = [], 0
    for name in names:
        for label, kind in kinds.items():
            for tcp in (False, True):
                for more in ({}, {"edns": 0}, {"do": True}, {"edns": 4096, "do": True, "cd": True},
                             {"flags": 0x0020}, {"edns": 512}):
                    message = question(name, kind, **more)
                    direct, relayed = ask_raw(FIRST, message, tcp), ask_raw(STUB, message, tcp)
                    compared += 1
                    if direct != relayed:
                        differ.append((name, label, tcp, more, direct, relayed))
    check(f"{compared} answers are byte for byte those of the network's name server", compared > 1000 and not differ,
          differ[:2])
    out = dig("big.example", "TXT")
    check("a long answer comes by TCP after TC", "Truncated" in out and out.count("IN\tTXT\t\"") == 20, out[-600:])
    raw = ask_raw(STUB, struct.pack(">6H", 7, 0x2800, 1, 0, 0, 0) + b"\1a\0\0\6\0\1")
    check("an update is refused as not implemented", raw and raw[3] & 15 == 4, raw)
    raw = ask_raw(STUB, b"\0\7\1\0\0\1\0\0\0\0\0\0\xff")
    check("a broken question is told so", raw and raw[3] & 15 == 1, raw)
    check("what is no question gets no answer", ask_raw(STUB, b"\0\7\x81\0\0\1\0\0\0\0\0\0\0\0\1\0\1", wait_s=0.3) is None)


def test_blocked():
    for name, text, code in (("phish.example", "a known phishing site (list: Test feed)", "15 (Blocked)"),
                             ("www.login.phish.example", "a known phishing site", "15 (Blocked)"),
                             ("c2.example", "controls harmful apps", "15 (Blocked)"),
                             ("whole-site.example", "a known malware site", "15 (Blocked)"),
                             ("a.closed.example", "closed by your organisation", "17 (Filtered)")):
        out = dig(name)
        check(f"{name} leads to the page, and says why", STUB in out.split("ANSWER SECTION")[-1] and
              f"EDE: {code}" in out and text in out, out)
    for kind in "AAAA", "HTTPS", "MX", "TXT", "ANY":
        out = dig("phish.example", kind)
        check(f"{kind} of a blocked name: nothing", "NOERROR" in out and "ANSWER: 0" in out and "SOA" in out, out)
    out = dig("+tcp", "+noedns", "phish.example")
    check("also by TCP, without EDNS for who does not speak it", STUB in out and "OPT" not in out, out)
    for name in "pages.example", "docs.shared.example", "open.closed.example", "hish.example", "example":
        direct, own = dig("+short", name, server=FIRST), dig("+short", name)
        check(f"{name} is not blocked", direct == own and STUB not in own, own)
    check("Firefox is told to leave its own DNS over HTTPS off", "NXDOMAIN" in dig("use-application-dns.net"))


def test_page():
    code, body, _ = curl("http://phish.example/login?user=me", "-i")
    check("a browser that looks the name up gets the page", code == 0 and " 403 " in body and
          "Picket blocked a phishing site" in body and "phish.example" in body and "Test feed" in body and
          "Camp" in body and "2026-01-02" in body and "https://feed.example/r" in body, body[-1500:])
    check("the page needs nothing from elsewhere", "default-src &#39;none&#39;" not in body and
          "default-src 'none'" in body and "<script" not in body and "src=" not in body.split("<body>")[1])
    code, body, took = curl("https://phish.example/")
    check("TLS to it fails at once", code != 0 and took < 1.5, (code, took))
    code, body, _ = curl(f"http://{STUB}/", "-H", "Host: <script>alert(1)</script>")
    check("a Host that is markup is no name", "alert" not in body and "Nothing is blocked here" in body, body[-300:])
    code, body, _ = curl(f"http://{STUB}/", "-H", "Host: good.example")
    check("of a name that is not blocked it says nothing bad", "Nothing is blocked here" in body)
    with socket.create_connection((STUB, 80), 5) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: phish.exa")
        s.settimeout(8)
        check("a request that does not end is ended", s.recv(10) == b"")


def write_trust(agent, **names):
    (agent.state.parent / "trust.json").write_text(json.dumps({"names": {
        "phishing": "block", "control": "block", "deny": ["closed.example"], "allow": ["open.closed.example"], **names}}))


def test_warn(agent):
    write_trust(agent, phishing="warn")
    until(lambda: "Go on anyway" in curl("http://phish.example/")[1], 5)
    _, body, _ = curl("http://www.phish.example/")
    token = re.search(r'name="token" value="([0-9a-f]{64})"', body)
    check("when only warned of, the page lets the person go on", token, body[-800:])
    token = token.group(1)

    def post(host, value, *headers):
        return curl(f"http://{host}/.picket/go-on", "-d", f"token={value}", *[p for h in headers for p in ("-H", h)])[1]

    post("www.phish.example", "0" * 64)
    post("www.phish.example", token, "Origin: http://other.example")
    post("www.phish.example", token, "Sec-Fetch-Site: cross-site")
    post("www.phish.example", token, "Origin: null")
    check("a form of another site, or with another token, opens nothing", lookup("www.phish.example")[0] == STUB)
    post("phish.example", token)
    check("nor does the token of another name", lookup("phish.example")[0] == STUB)
    body = post("www.phish.example", token, "Origin: http://www.phish.example", "Sec-Fetch-Site: same-origin")
    check("the person's own click opens it", "You can go on" in body and
          lookup("www.phish.example")[0] == "198.51.100.2" and lookup("phish.example")[0] == "198.51.100.2", body[-300:])
    check("nothing else", lookup("c2.example")[0] == STUB)
    out = agent.command("names", "allow", "c2.example")
    check("what is blocked cannot be opened by hand", out.returncode == 3, out)
    write_trust(agent)
    check("and when the organisation wants it closed, it is closed again",
          until(lambda: lookup("phish.example")[0] == STUB, 5))
    write_trust(agent, phishing="off", control="off")
    check("off is off", until(lambda: lookup("c2.example")[0] == "198.51.100.3", 5))
    write_trust(agent)
    until(lambda: lookup("c2.example")[0] == STUB, 5)


def resolv():
    return Path("/etc/resolv.conf").read_text()


def rewrite(text):
    """As a DHCP client or a VPN does."""
    Path("/etc/resolv.conf").write_text(text)


def test_system(agent, folder):
    before = f"# of the network\nsearch office.example\nnameserver {FIRST}\noptions rotate timeout:2\n"
    rewrite(before)
    time.sleep(0.3)
    check("off: the system does not ask it", resolv() == before and lookup("phish.example")[0] == "198.51.100.2")
    out = agent.command("names", "on")
    check("names on", out.returncode == 0 and "Names are checked" in out.stdout, out)
    check("the list has it first, the network's behind it", re.findall(r"^nameserver (\S+)", resolv(), re.M) ==
          [STUB, FIRST], resolv())
    check("programs ask it", lookup("phish.example")[0] == STUB and lookup("good.example")[0] == "198.51.100.1")
    second = name_server(folder, SECOND, "--address=/inside.example/198.51.100.77")
    check("of the other network nothing is known yet", lookup("inside.example")[0] is None)
    rewrite(f"nameserver {SECOND}\n")
    came = time.monotonic()
    good = until(lambda: lookup("inside.example")[0] == "198.51.100.77" and STUB in resolv(), 3)
    check("another list is followed at once", good and time.monotonic() - came < 1, time.monotonic() - came)
    check("and names are checked there, too", lookup("phish.example")[0] == STUB, resolv())
    stop(second)
    rewrite(f"nameserver {SECOND}\nnameserver {FIRST}\n")
    until(lambda: STUB in resolv(), 3)
    name, took = lookup("good.example")
    check("a name server that is down is passed over at once", name == "198.51.100.1" and took < 1, (name, took))
    rewrite(before)
    until(lambda: STUB in resolv(), 3)
    for _ in range(12):
        rewrite(before)
        if not until(lambda: STUB in resolv(), 0.6):
            break
    out = agent.command("names", "status")
    check("who keeps writing against it wins, and the status says so", resolv() == before and out.returncode == 1 and
          "another program" in out.stdout, out.stdout)
    check("names on takes it up again", agent.command("names", "on").returncode == 0 and STUB in resolv())
    out = agent.command("names", "off")
    check("names off puts the list back to the letter", out.returncode == 0 and resolv() == before, resolv())
    agent.command("names", "on")
    return before


def test_killed(agent, before):
    agent.child.kill()
    agent.child.wait()
    name, took = lookup("good.example")
    check("killed: names still resolve, at once", name == "198.51.100.1" and took < 1, (name, took, resolv()))
    out = agent.command("names", "status")
    check("the status says what is left behind", out.returncode == 1 and "No agent runs" in out.stdout, out)
    agent.run()
    agent.wait("started")
    check("a new agent takes it up again", until(lambda: lookup("phish.example")[0] == STUB, 5), resolv())
    agent.child.kill()
    agent.child.wait()
    out = agent.command("names", "off")
    check("without an agent 'names off' repairs it", out.returncode == 0 and resolv() == before, resolv())
    agent.run()
    agent.wait("started")
    time.sleep(0.3)
    check("off stays off", resolv() == before)
    agent.command("names", "on")
    check("and on is on", STUB in resolv())
    stop(agent.child)
    check("an agent that ends puts it back", resolv() == before, resolv())
    agent.run()
    agent.wait("started")
    until(lambda: STUB in resolv(), 5)


class Sniffer:
    """All that goes over loopback and the pretended network, but for DNS questions and answers themselves."""

    def __init__(self):
        self.found, self.packets, self.stopped = [], 0, False
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.settimeout(0.2)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped:
            try:
                frame = self.socket.recv(65535)
            except TimeoutError:
                continue
            except OSError:
                return
            if len(frame) < 42 or frame[12:14] != b"\x08\x00":
                continue
            size = 14 + (frame[14] & 15) * 4
            ports = struct.unpack(">HH", frame[size:size + 4])
            if 53 in ports:
                continue
            self.packets += 1
            for name in VISITED:
                label = name.split(".")[0].encode()
                if label in frame.lower():
                    self.found.append((name, ports))

    def stop(self):
        self.stopped = True
        self.thread.join()
        self.socket.close()


def test_privacy(agent, server, folder):
    sniffer = Sniffer()
    for name in VISITED:
        for host in name, "www." + name:
            check_name = lookup(host)[0]
            if check_name is None:
                check(f"{host} resolves", False)
    lookup("phish.example")
    check("all is acknowledged", agent.settled(), agent.status())
    sniffer.stop()
    check(f"none of the visited names is in {sniffer.packets} packets beside the questions themselves",
          sniffer.packets > 0 and not sniffer.found, sniffer.found[:3])
    words = [n.split(".")[0].encode() for n in VISITED]
    files = [p for p in agent.state.rglob("*") if p.is_file()]
    hits = [(p.name, w) for p in files for w in words if w in p.read_bytes()]
    check(f"nor in any of the agent's {len(files)} files, nor in what it wrote", files and not hits and not any(
        w.decode() in json.dumps(agent.events) for w in words), hits)
    hits = [(p.name, w) for p in (folder / "server").rglob("*") if p.is_file() for w in
            words + [b"phish.example", b"c2.example", b"closed.example"] if w in p.read_bytes()]
    check("the server has none of them, and not the harmful ones either", not hits, hits)
    ledger = json.loads(agent.command("ledger", "--json").stdout)
    sent = json.dumps(ledger["reports"])
    kept = [p.name for p in files if b"phish.example" in p.read_bytes()]
    check("a harmful name is on no disk", not kept, kept)
    check("what was sent is the verdict alone", '"what": "phishing"' in sent and "Test feed" in sent and
          "phish.example" not in sent and "c2.example" not in sent, sent[-500:])


def test_told(agent):
    names = [e for e in agent.events if e["event"] == "alert"]
    told = {a["title"] for a in names}
    check("the person is told the name", any('"c2.example"' in t for t in told) and
          any('phish.example"' in t for t in told), told)
    check("once each", len(told) == len(names), [a["title"] for a in names])
    findings = {(f["threat"], f["subject"]) for f in agent.status()["findings"]}
    check("it stands in the status under the name that the person knows", any(
        t == "network.c2_traffic" for t, _ in findings) and any(t == "network.phishing_site" for t, _ in findings),
        findings)


def main():
    own_namespaces()
    folder = Path(tempfile.mkdtemp(prefix="picket-stub-test-"))
    try:
        support.pretend_network()
        first = name_server(folder, FIRST)
        (folder / "resolv.conf").write_text(f"nameserver {FIRST}\n")
        (folder / "nsswitch.conf").write_text("hosts: files dns\n")
        sh("mount", "--bind", folder / "resolv.conf", "/etc/resolv.conf")
        sh("mount", "--bind", folder / "nsswitch.conf", "/etc/nsswitch.conf")
        (folder / "feed.csv").write_text(FEED)
        intel = folder / "intel.set"
        subprocess.run([BIN / "picket", "intel", "import", "--set", intel, "--source", "Test feed", folder / "feed.csv"],
                       check=True, capture_output=True)
        server = Server(folder, free_port())
        server.start()
        agent = Agent(folder, "device", f"""report: {{min_delay_s: 1}}
notify: {{desktop: false}}
canaries: ["127.0.0.1:9"]
probe_url: "http://127.0.0.1:9/"
probe_ms: 500
apps: {{intel: "{intel}"}}
trust_file: "{folder}/trust.json"
names: {{listen: {STUB}, rate: 100000}}
""")
        write_trust(agent)
        out = agent.command("enroll", server.link())
        check("it enrols", out.returncode == 0, out)
        agent.run()
        check("it starts", agent.wait("started"))
        test_untouched()
        test_blocked()
        before = test_system(agent, folder)
        test_page()
        test_warn(agent)
        test_told(agent)
        test_killed(agent, before)
        test_privacy(agent, server, folder)
        stop(agent.child)
        stop(first)
        if support.failed:
            print((folder / "agent.log").read_text()[-3000:])
    finally:
        for child in children:
            if child.poll() is None:
                stop(child)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{support.passed} passed, {support.failed} failed")
    return 1 if support.failed or not support.passed else 0


if __name__ == "__main__":
    sys.exit(main())
