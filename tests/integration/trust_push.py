#!/usr/bin/env python3
"""What the organisation trusts, from the policy file to a running agent: the first connection brings it, a change reaches
connected devices within a second, a mistake changes nothing, the agent keeps it over a restart and without the server.

A real picketd and a real picket-agent in a network namespace of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import agent as peers  # noqa: E402
from agent import BIN, Agent, Canary, Probe, Server, check, free_port, mode, own_namespace, pretend_network, until  # noqa: E402

CA = "ab" * 32
POLICY = """version: 1
name: test
rules: []
"""
TRUST = POLICY + """trust:
  inspection_cas: ["{ca}"]
  split_zones: [corp.example]
  networks:
    - name: Corp
      bssids: ["02:00:5e:10:00:01"]
      security: eap
"""


def policy_check(folder, text):
    file = folder / "check.yaml"
    file.write_text(text)
    return subprocess.run([BIN / "picket", "policy", "check", file], capture_output=True, text=True)


def test_check(folder):
    good = policy_check(folder, TRUST.format(ca=CA))
    check("a good section is good", good.returncode == 0, good)
    rows = [
        ('inspection_cas: ["ab"]', "trust.inspection_cas[0]", 6),
        (f'inspection_cas: ["{"zz" * 32}"]', "trust.inspection_cas[0]", 6),
        ('pac_urls: ["ftp://a.example/x"]', "trust.pac_urls[0]", 6),
        ('pac_urls: ["http:///wpad.dat"]', "trust.pac_urls[0]", 6),
        ('split_zones: ["not a name"]', "trust.split_zones[0]", 6),
        ('split_zones: ["a..b"]', "trust.split_zones[0]", 6),
        ('hosts: ["mail.corp.example:0"]', "trust.hosts[0]", 6),
        ('hosts: ["mail.corp.example:70000"]', "trust.hosts[0]", 6),
        ('networks:\n    - name: Corp\n      bssids: ["02:00:5e:10:00:0g"]', "trust.networks[0].bssids[0]", 8),
        ('networks:\n    - name: Corp\n      certificate: "%s"' % ("a" * 70), "trust.networks[0].certificate", 8),
        ('networks:\n    - name: Corp\n    - name: Corp', "trust.networks[1].name", 8),
        ('networks:\n    - name: Corp\n      security: best', "trust.networks[0].security", 8),
        ('names: {allow: ["bad name"]}', "trust.names.allow[0]", 6),
        ('frob: 1', "trust.frob", 6),
    ]
    for text, path, line in rows:
        bad = policy_check(folder, POLICY + "# a comment\ntrust:\n  " + text + "\n")
        check(f"refused with its place: {text[:50]!r}", bad.returncode == 1 and f":{line}: {path}: " in bad.stderr, bad)
    names = "\n".join(f"    - {{name: n{i}, bssids: [{', '.join(['02:00:5e:10:00:01'.__repr__()] * 500)}]}}" for i in range(20))
    big = policy_check(folder, POLICY + "trust:\n  networks:\n" + names + "\n")
    check("too much for devices to fetch is refused", big.returncode == 1 and "128 KiB" in big.stderr, big.stderr[-300:])


class Policy:
    def __init__(self, folder, server):
        self.file, self.server = folder / "policy.yaml", server
        server.config.write_text(server.config.read_text() + f'policy: "{self.file}"\n')

    def write(self, text, reload=True):
        self.file.write_text(text)
        if reload:
            self.server.child.send_signal(signal.SIGHUP)

    def said(self, word):
        return until(lambda: word in (self.server.folder / "picketd.log").read_text(), 5)


def kept(agent):
    file = agent.state / "trust.json"
    return json.loads(file.read_text()) if file.exists() else None


def test_first(agent, policy):
    agent.run()
    first = agent.wait("trust")
    check("the first connection brings it", first, agent.events)
    file = kept(agent)
    check("it is kept as it stands in the policy", file and file["version"] == first["version"] and
          file["trust"]["inspection_cas"] == [CA] and file["trust"]["networks"][0]["name"] == "Corp", file)
    check("for its owner's eyes", mode(agent.state / "trust.json") == 0o600)
    time.sleep(2)
    check("it came once", len([e for e in agent.events if e["event"] == "trust"]) == 1)


def test_change(agent, policy):
    agent.settled()
    times = []
    for n in range(5):
        count = len([e for e in agent.events if e["event"] == "trust"])
        other = f"{n:02x}" * 32
        began = time.monotonic()
        policy.write(TRUST.format(ca=other))
        got = until(lambda: len([e for e in agent.events if e["event"] == "trust"]) > count, 10)
        times.append(time.monotonic() - began)
        check("a change arrives", got and kept(agent)["trust"]["inspection_cas"] == [other], kept(agent))
        time.sleep(0.3)
    check(f"within a second (slowest {max(times):.3f} s)", max(times) < 1.0, times)
    print(f"        reload to agent: {', '.join(f'{t:.3f}' for t in times)} s")


def test_same(agent, policy):
    count = len(agent.events)
    version = kept(agent)["version"]
    text = policy.file.read_text()
    policy.write("# a comment more\n" + text)
    time.sleep(1.5)
    check("a change elsewhere in the file tells nobody anything",
          kept(agent)["version"] == version and not any(e["event"] == "trust" for e in agent.events[count:]))


def test_mistake(agent, policy):
    version = kept(agent)["version"]
    good = policy.file.read_text()
    policy.write(good.replace("split_zones: [corp.example]", "split_zones: [not a name]"))
    check("a mistake is logged", policy.said("policy.refused") and policy.said("trust.split_zones[0]"))
    time.sleep(0.5)
    check("and changes nothing", kept(agent)["version"] == version)
    policy.write(good)


def test_restart(agent, policy, server):
    version = kept(agent)["version"]
    peers.stop(agent.child)
    agent.run()
    check("a restarted agent joins again", agent.wait("network", change="joined"))
    time.sleep(2)
    check("and has it still, without being told again", kept(agent)["version"] == version and not agent.find("trust"))
    server.stop()
    server.start()
    time.sleep(3)
    check("a restarted server tells only what is new", not agent.find("trust"))


def test_gone(agent, policy):
    policy.write(POLICY)
    got = agent.wait("trust", version="none")
    check("a policy without the section takes it back", got and kept(agent)["trust"] == {}, kept(agent))
    peers.stop(agent.child)
    (agent.state / "trust.json").write_text("{broken")
    policy.write(TRUST.format(ca=CA))
    agent.run()
    check("a broken file is told", agent.wait("error"), agent.events)
    check("and made good by the server", agent.wait("trust") and kept(agent)["trust"]["inspection_cas"] == [CA])


def test_wire(agent, server):
    """Only who says what it has is told anything."""
    def call(known):
        import http.client
        import ssl
        context = ssl.create_default_context(cafile=agent.state / "ca.pem")
        context.load_cert_chain(agent.state / "device.pem")
        c = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=context)
        c.request("GET", "/v1/wait?timeout=1", headers={"Picket-Trust": known} if known else {})
        got = c.getresponse()
        return got.status, json.loads(got.read() or b"{}")

    peers.stop(agent.child)
    version = kept(agent)["version"]
    status, body = call("none")
    check("who has nothing gets all", status == 200 and body["settings"]["trust_version"] == version and
          body["settings"]["trust"] == kept(agent)["trust"] and body["commands"] == [], body)
    check("who has this version gets nothing", call(version) == (204, {}), call(version))
    check("who does not ask gets nothing", call(None) == (204, {}), call(None))
    status, body = call("x" * 4000)
    check("a strange version is another one", status == 200 and body["settings"]["trust_version"] == version, status)


def main():
    own_namespace()
    folder = Path(tempfile.mkdtemp(prefix="picket-trust-test-"))
    try:
        test_check(folder)
        pretend_network()
        server, canary, probe = Server(folder, free_port()), Canary(folder), Probe()
        policy = Policy(folder, server)
        policy.write(TRUST.format(ca=CA), reload=False)
        server.start()
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        agent = Agent(folder, "phone", f"""notify: {{desktop: false}}
canaries: ["127.0.0.1:{canary.port}"]
ca_file: "{folder}/good-ca.pem"
probe_url: "http://127.0.0.1:{probe.port}/generate_204"
resolv_file: "{folder}/resolv.conf"
probe_ms: 1000
""")
        out = agent.command("enroll", server.link())
        check("enrolled", out.returncode == 0, out)
        test_first(agent, policy)
        test_change(agent, policy)
        test_same(agent, policy)
        test_mistake(agent, policy)
        test_restart(agent, policy, server)
        test_gone(agent, policy)
        test_wire(agent, server)
        if peers.failed:
            print((folder / "agent.log").read_text()[-2000:], (folder / "picketd.log").read_text()[-2000:])
    finally:
        for child in peers.children:
            if child.poll() is None:
                peers.stop(child)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{peers.passed} passed, {peers.failed} failed")
    return 1 if peers.failed or not peers.passed else 0


if __name__ == "__main__":
    sys.exit(main())
