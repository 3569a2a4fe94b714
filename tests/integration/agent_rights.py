#!/usr/bin/env python3
"""What picket-agent may do beyond its user: started as root it keeps the right to see frames, raised only while a socket
is made, and gives the rest away; without any right it runs all the same and says what it lacks.

Everything runs in a network namespace of its own with one pretended network.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("PICKET_BUILD", ROOT / "build")) / "bin"
RAW, BIND, READ, UID, GID = 13, 10, 2, 7, 6  # capabilities(7): CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_DAC_READ_SEARCH
results = []


def check(name, ok, why=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}" + (f" # {why}" if why and not ok else ""), flush=True)


def sh(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def own_namespace():
    if os.environ.get("PICKET_TEST_NS") != "1":
        os.environ["PICKET_TEST_NS"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])


def pretend_network():
    sh("ip", "link", "set", "lo", "up")
    sh("ip", "link", "add", "office0", "type", "veth", "peer", "name", "office1")
    sh("ip", "addr", "add", "10.9.0.2/24", "dev", "office0")
    sh("ip", "link", "set", "office0", "up")
    sh("ip", "link", "set", "office1", "up")
    sh("ip", "route", "add", "default", "via", "10.9.0.1")


def rights_of(pid):
    """{"Prm": {13, ...}, ...} of the process, and the same of each of its threads."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("Cap") or line.startswith("NoNewPrivs"):
                key, value = line.split(":\t")
                bits = int(value, 16)
                found.setdefault(key, set()).update(i for i in range(64) if bits >> i & 1)
    return found


class Agent:
    def __init__(self, folder, extra=(), prefix=()):
        config = folder / "agent.yaml"
        config.write_text(json.dumps({"state_dir": str(folder / "state"), "canaries": ["127.0.0.1:9"],
                                      "probe_url": "http://127.0.0.1:9/", "probe_ms": 300,
                                      "notify": {"desktop": False, "terminal": False}, **dict(extra)}))
        self.events, self.changed = [], threading.Event()
        self.child = subprocess.Popen([*prefix, str(BIN / "picket-agent"), "run", "--offline", "--json", "--config",
                                       str(config)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.events.append(json.loads(line))

    def wait(self, test, limit_s=8):
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            for event in list(self.events):
                if test(event):
                    return event
            time.sleep(0.05)
        return None

    def stop(self):
        self.child.terminate()
        self.child.wait(10)


def as_root(folder):
    agent = Agent(folder)
    joined = agent.wait(lambda e: e.get("event") == "network")
    check("a root agent joins the network", joined, str(agent.events))
    rights = rights_of(agent.child.pid)
    check("it may make packet sockets, nothing else", rights["CapPrm"] == {RAW},
          str(rights["CapPrm"]))
    check("nothing is raised while it sleeps", rights["CapEff"] == set(), str(rights["CapEff"]))
    check("nothing is inherited by what it starts", rights["CapInh"] == set() and rights["CapAmb"] == set(), str(rights))
    check("nothing else can come back", rights["CapBnd"] == {RAW} and rights["NoNewPrivs"] == {0}, str(rights))
    sh("ip", "link", "set", "office0", "down")
    left = agent.wait(lambda e: e.get("event") == "network" and e.get("change") == "left")
    before = len(agent.events)
    sh("ip", "link", "set", "office0", "up")
    sh("ip", "route", "replace", "default", "via", "10.9.0.1")
    again = agent.wait(lambda e: e in agent.events[before:] and e.get("event") == "network")
    limited = [e for e in agent.events[before:] if e.get("event") == "sensors"]
    check("the next network is watched, too: a new socket could be made", left and again and not limited,
          str(agent.events[before:]))
    agent.stop()
    started = next(e for e in agent.events if e["event"] == "started")
    arp = next(s for s in started["sensors"] if s["name"] == "arp")
    check("the sense for frames is on", arp["state"] == "on", str(arp))


def with_app_folders(folder):
    (folder / "apps").mkdir()
    agent = Agent(folder, {"apps": {"folders": [{"path": str(folder / "apps")}]}})
    agent.wait(lambda e: e.get("event") == "network")
    rights = rights_of(agent.child.pid)
    check("who looks at app folders may read them, and its reader may become nobody", rights["CapEff"] == {READ} and
          rights["CapPrm"] == {RAW, READ, UID, GID}, str(rights))
    agent.stop()


def with_resolver(folder):
    agent = Agent(folder, {"names": {"listen": "127.0.0.153:53"}})
    agent.wait(lambda e: e.get("event") == "network")
    rights = rights_of(agent.child.pid)
    check("who answers on port 53 may listen there, raised only for that", rights["CapEff"] == set() and
          rights["CapPrm"] == {RAW, BIND}, str(rights))
    agent.stop()


def without_rights(folder):
    agent = Agent(folder, prefix=("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"))
    joined = agent.wait(lambda e: e.get("event") == "network")
    check("without any right it runs", joined and agent.child.poll() is None, str(agent.events))
    status = subprocess.run([str(BIN / "picket-agent"), "status", "--json", "--config", str(folder / "agent.yaml")],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    sensors = {s["name"]: s for s in json.loads(status.stdout)["sensors"]}
    check("it says what it lacks", sensors["arp"]["state"] == "limited" and "CAP_NET_RAW" in sensors["arp"]["why"],
          status.stdout[:400])
    agent.stop()


def main():
    if os.geteuid() != 0:
        print("# SKIPPED: needs root for its namespace\n0 passed, 0 failed")
        return 0
    own_namespace()
    pretend_network()
    for test in (as_root, with_app_folders, with_resolver, without_rights):
        with tempfile.TemporaryDirectory(prefix="picket-rights-") as folder:
            test(Path(folder))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
