#!/usr/bin/env python3
"""picket-agent beside a real picketd: enrolment, reports, a server that goes away, a killed agent,
an intercepted check host, an alert from the server, status and ledger.

Everything runs in a network namespace of its own with one pretended network (a pair of virtual cables).
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import last_words  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("PICKET_BUILD", ROOT / "build")) / "bin"
GATEWAY, GATEWAY_MAC = "10.9.0.1", "02:00:00:00:00:01"

passed = failed = 0
children = []


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok      ' if good else 'FAILED  '}{name}" + ("" if good else f"\n{shown}"), flush=True)
    return good


def sh(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def own_namespace():
    """Starts this test again in a network namespace of its own."""
    if os.environ.get("PICKET_TEST_NS") == "1":
        return
    os.environ["PICKET_TEST_NS"] = "1"
    flags = "-n" if os.geteuid() == 0 else "-rn"
    os.execvp("unshare", ["unshare", flags, sys.executable, *sys.argv])


def pretend_network():
    sh("ip", "link", "set", "lo", "up")
    sh("ip", "link", "add", "office0", "type", "veth", "peer", "name", "office1")
    sh("ip", "addr", "add", "10.9.0.2/24", "dev", "office0")
    sh("ip", "link", "set", "office0", "up")
    sh("ip", "link", "set", "office1", "up")
    sh("ip", "route", "add", "default", "via", GATEWAY)
    sh("ip", "neigh", "replace", GATEWAY, "lladdr", GATEWAY_MAC, "dev", "office0")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, limit_s):
    """Asks until the answer is true; returns it, or None."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(0.02)
    return None


def start(argv, **more):
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, **more)
    children.append(child)
    return child


def stop(child, sig=signal.SIGTERM, limit_s=15):
    child.send_signal(sig)
    try:
        return child.wait(limit_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return None


class Server:
    def __init__(self, folder, port):
        self.folder, self.port, self.child = folder, port, None
        self.config = folder / "picketd.yaml"
        self.config.write_text(f'state_dir: "{folder}/server"\nlisten:\n'
                               f'  address: "127.0.0.1"\n  port: {port}\n')

    def start(self):
        log = open(self.folder / "picketd.log", "ab")
        self.child = start([BIN / "picketd", "--config", self.config], stdout=log, stderr=log)
        context = ssl._create_unverified_context()

        def ready():
            try:
                c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=2, context=context)
                c.request("GET", "/readyz")
                return c.getresponse().status == 200
            except OSError:
                return False

        if not until(ready, 20):
            raise RuntimeError("picketd does not become ready: " +
                               (self.folder / "picketd.log").read_text()[-2000:])

    def stop(self, sig=signal.SIGTERM):
        status = stop(self.child, sig)
        if last_words.told_of("picketd", self.child, self.folder / "picketd.log"):
            check("picketd ran without a fault", False)
        return status

    def link(self):
        out = subprocess.run([BIN / "picketd", "--config", self.config, "--issue-enrollment"],
                             check=True, capture_output=True, text=True, timeout=20).stdout
        return out.split()[0]


class Canary:
    """A check host on loopback whose certificate can be swapped for a forged one."""

    def __init__(self, folder):
        self.folder, self.forged = folder, False
        for ca in "good", "evil":
            self.make(ca)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def make(self, ca):
        base = self.folder / ca
        quiet = {"check": True, "stderr": subprocess.DEVNULL}
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={ca} CA",
                        "-keyout", f"{base}-ca.key", "-out", f"{base}-ca.pem"], **quiet)
        subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", f"{base}.key", "-out",
                        f"{base}.csr"], **quiet)
        subprocess.run(["openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", f"{base}-ca.pem",
                        "-CAkey", f"{base}-ca.key", "-days", "2", "-copy_extensions", "copyall",
                        "-out", f"{base}.pem"], **quiet)

    def serve(self):
        while True:
            raw, _ = self.socket.accept()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            base = self.folder / ("evil" if self.forged else "good")
            context.load_cert_chain(f"{base}.pem", f"{base}.key")
            try:
                raw.settimeout(3)
                with context.wrap_socket(raw, server_side=True) as tls:
                    tls.recv(1)
            except OSError:
                pass


class Probe:
    """Answers 204 with nothing: no sign-in page here."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            raw, _ = self.socket.accept()
            with raw:
                raw.settimeout(3)
                try:
                    raw.recv(4096)
                    raw.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                except OSError:
                    pass


class Agent:
    def __init__(self, folder, name, extra=""):
        self.state = folder / name
        self.config = folder / f"{name}.yaml"
        self.config.write_text(f'state_dir: "{self.state}"\n{extra}')
        self.events, self.child, self.when = [], None, []

    def command(self, *argv, limit_s=60):
        return subprocess.run([BIN / "picket-agent", *argv, "--config", self.config],
                              capture_output=True, text=True, timeout=limit_s)

    def run(self, *argv):
        self.events, self.when = [], []
        self.child = start([BIN / "picket-agent", "run", "--json", "--config", self.config, *argv],
                           stdout=subprocess.PIPE, stderr=open(self.state.parent / "agent.log", "ab"))
        threading.Thread(target=self.read, args=(self.child.stdout,), daemon=True).start()

    def read(self, pipe):
        for line in pipe:
            self.when.append(time.monotonic())
            self.events.append(json.loads(line))

    def find(self, event, **fields):
        for i, e in enumerate(list(self.events)):
            if e["event"] == event and all(e.get(k) == v for k, v in fields.items()):
                return dict(e, index=i)
        return None

    def wait(self, event, limit_s=15, **fields):
        return until(lambda: self.find(event, **fields), limit_s)

    def status(self):
        out = self.command("status", "--json")
        return json.loads(out.stdout) if out.stdout else {}

    def settled(self, limit_s=20):
        """Everything that was spooled is acknowledged."""
        return until(lambda: self.status().get("server", {}).get("waiting_to_be_sent") == 0, limit_s)

    def call(self, server, method, target, body=None):
        """As this device, past the agent."""
        context = ssl.create_default_context(cafile=self.state / "ca.pem")
        context.load_cert_chain(self.state / "device.pem")
        c = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=context)
        c.request(method, target, body=body, headers={"Content-Type": "application/json"})
        answer = c.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")


def mode(path):
    return os.stat(path).st_mode & 0o777


def test_enrolment(folder, server):
    link = server.link()
    url, secret = link.split("/enroll#")
    token, pin = secret.split(".")
    agent = Agent(folder, "first")

    wrong = "0" * 64 if pin[0] != "0" else "1" * 64
    out = agent.command("enroll", f"{url}/enroll#{token}.{wrong}")
    check("enrolment with a wrong fingerprint fails", out.returncode == 3 and
          "fingerprint" in out.stderr and not (agent.state / "device.pem").exists(), out)
    out = agent.command("enroll", f"{url}/enroll#{token}")
    check("enrolment that nothing vouches for is wrong usage", out.returncode == 2, out)
    out = agent.command("enroll", link)
    check("the link alone enrols", out.returncode == 0 and "device" in out.stdout and
          "first report failed" not in out.stderr, out)
    check("the key is its owner's alone", mode(agent.state / "device.pem") == 0o600 and
          mode(agent.state) == 0o700)
    record = json.loads((agent.state / "server.json").read_text())
    check("the deployment's key for networks came with it", record.get("deployment_key") is True)
    before = (agent.state / "device.pem").read_bytes()
    out = agent.command("enroll", link)
    check("a spent token is refused", out.returncode == 3 and "spent" in out.stderr, out)
    check("and the identity stays", (agent.state / "device.pem").read_bytes() == before)
    out = agent.command("enroll", "https://localhost:1", "aa", "--ca-pin", "0" * 64)
    check("no server: a plain error", out.returncode == 3 and "no connection" in out.stderr, out)

    second = Agent(folder, "second")
    u, rest = server.link().split("/enroll#")
    out = second.command("enroll", u, rest.split(".")[0], "--ca", folder / "server/ca.pem", "--json")
    check("URL, token and CA file enrol, too", out.returncode == 0 and
          len(json.loads(out.stdout)["device"]) == 36, out)
    out = second.command("enroll", u, "00" * 16, "--ca", folder / "evil-ca.pem")
    check("a CA file of another server is refused", out.returncode == 3 and
          "certificate does not hold" in out.stderr, out)


def test_reports(agent, server):
    agent.run()
    check("it starts and says so", agent.wait("started"))
    joined = agent.wait("network", change="joined")
    check("it joins the network under its name", joined and "office0" in joined["name"] and
          joined["id"].startswith("net-"), agent.events)
    check("it reports", agent.wait("report"), agent.events)
    check("all is acknowledged", agent.settled(), agent.status())
    status, ledger = agent.call(server, "GET", "/v1/ledger")
    check("the server has what was sent", status == 200 and
          ledger["observations"] == agent.status()["server"]["acknowledged"], ledger)
    text = json.dumps(json.loads(agent.command("ledger", "--json").stdout)["reports"])
    check("the network's name never left", "office0" not in text and joined["id"] in text)
    out = agent.command("run")
    check("a second agent on the same folder is refused", out.returncode == 3 and
          "another agent" in out.stderr, out)


def test_server_away(agent, server, canary):
    base = agent.status()["server"]["acknowledged"]
    server.stop(signal.SIGKILL)
    began = time.monotonic()
    canary.forged = True
    agent.command("check")
    found = agent.wait("finding", threat="network.tls_untrusted_ca")
    check("without a server a forged certificate is found", found and found["confidence"] >= 0.8 and
          found["evidence"]["chain"][0]["pem"], agent.events)
    alert = agent.wait("alert", threat="network.tls_untrusted_ca")
    check("and told, with what, why and next", alert and all(alert[k] for k in
          ("title", "why", "next", "level", "subject")) and "office0" in alert["title"], alert)
    out = agent.command("status")
    check("status says so", out.returncode == 1 and "Act now" in out.stdout, out.stdout)
    canary.forged = False
    check("it clears by itself", agent.wait("cleared", 40, threat="network.tls_untrusted_ca"),
          agent.events)
    check("nobody is troubled about the server", not agent.find("error"), agent.events)
    waiting = agent.status()["server"]
    check("what was seen waits on disk", waiting["state"] == "offline" and
          waiting["waiting_to_be_sent"] >= 3, waiting)
    print(f"        away for {time.monotonic() - began:.1f} s, "
          f"{waiting['waiting_to_be_sent']} observations wait")
    return base


def test_killed(agent, server, base):
    """kill -9 of the agent while the server is away; then both come back: nothing is lost."""
    waiting = agent.status()["server"]["waiting_to_be_sent"]
    stop(agent.child, signal.SIGKILL)
    agent.run()
    check("after kill -9 it starts again", agent.wait("started"))
    again = until(lambda: agent.status().get("server"), 5) or {}
    check("and still has what waited", again.get("waiting_to_be_sent", 0) >= waiting, again)
    server.start()
    check("everything arrives", agent.settled(40), agent.status())
    # The agent goes on looking around, so the two counts are taken together until they agree.
    same = until(lambda: (now := agent.status()["server"]["acknowledged"]) ==
                 agent.call(server, "GET", "/v1/ledger")[1].get("observations") and now, 10)
    now = agent.status()["server"]["acknowledged"]
    status, ledger = agent.call(server, "GET", "/v1/ledger")
    check("each number once, none missing", status == 200 and same and same >= base + waiting,
          (ledger, now, same, base, waiting))
    print(f"        {now} observations acknowledged, {ledger['observations']} held by the server")


def test_restart(agent, server):
    before = agent.status()["server"]["acknowledged"]
    code = stop(agent.child)
    check("SIGTERM ends it cleanly", code == 0, code)
    check("the socket is gone with it", not (agent.state / "agent.sock").exists())
    status, ledger = agent.call(server, "GET", "/v1/ledger")
    check("its last words arrived", ledger.get("by_kind", {}).get("agent", 0) >= 2 and
          ledger["observations"] > before, ledger)
    check("status without an agent fails plainly", agent.command("status").returncode == 3)
    out = agent.command("check")
    check("check works without a running agent", out.returncode == 0 and
          "You are protected" in out.stdout, out)
    agent.run()
    check("the numbers go on", agent.wait("started") and agent.settled() and
          agent.status()["server"]["acknowledged"] > ledger["observations"], agent.status())


def test_alert_command(agent, server):
    """A finding that only the server makes (the facts reach it past the agent) comes back as an
    alert. Last: it uses up sequence numbers, as a state folder restored from an old copy would."""
    until(lambda: agent.status()["server"]["state"] == "connected", 10)
    seq = agent.status()["server"]["acknowledged"] + 1000
    at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    body = {"v": 1, "observations": [{
        "seq": seq, "at": at, "kind": "gateway", "on": "net-" + "ab" * 8,
        "gateway": {"address": "192.0.2.1", "mac": "02:00:00:00:00:66",
                    "mac_before": "02:00:00:00:00:67", "mac_rival": "02:00:00:00:00:66",
                    "probes": 3, "old_answers": 3, "rival_claims": 9, "unasked_claims": 9}}]}
    sent = time.monotonic()
    status, answer = agent.call(server, "POST", "/v1/report", json.dumps(body))
    check("the facts are taken", status == 200 and answer["acked"] == seq, answer)
    alert = agent.wait("alert", threat="network.arp_spoof")
    took = agent.when[alert["index"]] - sent if alert else 99
    check("the server's alert is told within a second", alert and took < 1, (took, agent.events))
    print(f"        from the report to the alert on the device: {took * 1000:.0f} ms")
    check("with the way to its place on the person's page, which holds no secret", alert and
          re.fullmatch(rf"https://localhost:{server.port}/me#item=[0-9a-z-]{{1,39}}", alert.get("link", "")), alert)
    page = agent.command("page", alert["link"] if alert else "")
    check("picket-agent page opens the page there", page.returncode == 0 and
          f"&item={alert['link'].partition('=')[2]}" in page.stdout, page)
    time.sleep(1.5)
    told = [e for e in agent.events if e["event"] == "alert" and e["threat"] == "network.arp_spoof"]
    commands = [e for e in agent.events if e["event"] == "command"]
    check("once, and acknowledged", len(told) == 1 and
          len({c["id"] for c in commands}) == len(commands), agent.events)
    caught_up = until(lambda: agent.status()["server"]["acknowledged"] >= seq, 15)
    check("an agent whose numbers fell behind goes on above them", caught_up and agent.settled() and
          agent.status()["server"]["state"] == "connected", agent.status())


def test_pages(agent):
    out = agent.command("ledger")
    check("the ledger can be read", out.returncode == 0 and "Never leaves this device" in out.stdout
          and "network.name" in out.stdout and "Sent, by day" in out.stdout, out.stdout[:500])
    book = json.loads(agent.command("ledger", "--json").stdout)
    check("and is complete for programs", book["days"][0]["reports"] >= 1 and
          {"sent", "hashed", "never"} == {f["privacy"] for f in book["fields"]}, book["days"])
    page = agent.command("status").stdout
    check("status has its four cards", all(w in page for w in
          ("Device", "Apps", "Network", "Updates", "Checked")), page)
    out = agent.command("run", "--check-config")
    check("--check-config explains", out.returncode == 0 and "min_delay_s: 1" in out.stdout, out)
    bad = Agent(agent.state.parent, "bad", "report:\n  batch: 3\n").command("status")
    check("a wrong key is named with its line", bad.returncode == 2 and
          ":3: report.batch: unknown key" in bad.stderr, bad)
    for argv in ([], ["dance"], ["status", "extra"], ["run", "--loud"]):
        code = subprocess.run([BIN / "picket-agent", *argv], capture_output=True).returncode
        check(f"wrong usage: {argv}", code == 2, code)


def main():
    own_namespace()
    folder = Path(tempfile.mkdtemp(prefix="picket-agent-test-"))
    try:
        pretend_network()
        server, canary, probe = Server(folder, free_port()), Canary(folder), Probe()
        server.start()
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        test_enrolment(folder, server)
        agent = Agent(folder, "first", f"""report: {{min_delay_s: 1}}
notify: {{desktop: false}}
canaries: ["127.0.0.1:{canary.port}"]
ca_file: "{folder}/good-ca.pem"
probe_url: "http://127.0.0.1:{probe.port}/generate_204"
resolv_file: "{folder}/resolv.conf"
probe_ms: 1000
""")
        test_reports(agent, server)
        base = test_server_away(agent, server, canary)
        test_killed(agent, server, base)
        test_restart(agent, server)
        test_pages(agent)
        test_alert_command(agent, server)
        if failed:
            print((folder / "agent.log").read_text()[-3000:])
    finally:
        for child in children:
            if child.poll() is None:
                stop(child)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
