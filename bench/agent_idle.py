#!/usr/bin/env python3
"""An idle agent: memory, CPU, wake-ups and bytes sent, beside collectd.

    bench/agent_idle.py [--seconds 300]

The agent is enrolled at a picketd of this bench and watches a quiet network with all that its checks ask
for: a name server, a check host with a certificate, a page that answers 204. Both live in network
namespaces of this bench. collectd runs beside it with a usual small configuration (cpu, memory, load,
interface, disk; every 10 s, to a file).

A day's bytes are EXTRAPOLATED from what each occasion costs and how often the defaults let it come: packets
that leave the device are counted by their purpose while the occasions are made to come each few seconds.
"""

import argparse
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench_support import cpu_s, memory_kib, picket_version, table, title, version_of, wakeups
from fleet_support import BIN, BUILD, Picketd

HOME, DEVICE = "10.99.0.1", "10.99.0.2"
ETHERNET = 14
PURPOSES = {"server": "tcp dport 8443", "checks": "tcp dport { 4433, 8080 }", "names": "udp dport 53"}
# The agent's defaults (picket-agent --check-config): they make the occasions of a day.
WAIT_S, RECHECK_MINUTES, SAME_AGAIN_H = 1500, 90, 4
DNS_FIRST_S, DNS_SHARE, DNS_GAP_MAX_S = 30, 4, 3600  # src/agent/sense_network.c
COLLECTD = """
Interval 10
BaseDir "{w}"
PIDFile "{w}/collectd.pid"
LoadPlugin cpu
LoadPlugin memory
LoadPlugin load
LoadPlugin interface
LoadPlugin disk
LoadPlugin csv
<Plugin csv>
 DataDir "{w}/csv"
</Plugin>
"""


def enter_namespace():
    """Runs itself again in a network namespace of its own: the home with router and server."""
    if os.environ.get("PICKET_BENCH") != "inside":
        os.execvpe("unshare", ["unshare", "-n", "-m", "--propagation", "private", sys.executable,
                               *sys.argv], dict(os.environ, PICKET_BENCH="inside"))


def run(*argv):
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Home:
    """The network: a second namespace for the device, and what its checks talk to."""

    def __init__(self, folder):
        self.children = []
        self.folder = folder
        self.device = self.spawn(["unshare", "-n", "sleep", "100000"])
        time.sleep(0.3)
        Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "home0", "type", "veth", "peer", "name", "dev0", "netns", str(self.device.pid))
        run("ip", "addr", "add", f"{HOME}/24", "dev", "home0")
        run("ip", "link", "set", "home0", "up")
        self.inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "addr", "add", f"{DEVICE}/24", "dev", "dev0")
        self.inside("ip", "link", "set", "dev0", "up")
        self.inside("ip", "route", "add", "default", "via", HOME)
        self.services()

    def spawn(self, argv, **more):
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, **more)
        self.children.append(child)
        return child

    def nsenter(self, *argv):
        return ["nsenter", "-t", str(self.device.pid), "-n", *map(str, argv)]

    def inside(self, *argv):
        run(*self.nsenter(*argv))

    def services(self):
        f = self.folder
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{f}/check.key", "-out", f"{f}/check.pem", "-days", "2", "-subj", "/CN=check.test",
            "-addext", "subjectAltName=DNS:check.test")
        self.spawn(["openssl", "s_server", "-accept", f"{HOME}:4433", "-cert", f"{f}/check.pem", "-key",
                    f"{f}/check.key", "-www", "-quiet"])
        self.spawn(["dnsmasq", "-k", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--user=root",
                    f"--listen-address={HOME}", "--bind-interfaces", f"--pid-file={f}/dns.pid",
                    f"--address=/check.test/{HOME}", "--address=/#/"])  # all else: no such name
        (f / "resolv.conf").write_text(f"nameserver {HOME}\n")

        class Empty(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer((HOME, 8080), Empty)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def count(self):
        """Counts what leaves the device from now on, by purpose."""
        rules = "".join(f"add counter inet bench {name}\nadd rule inet bench out {match} counter name {name}\n"
                        for name, match in PURPOSES.items())
        text = ("add table inet bench\ndelete table inet bench\nadd table inet bench\n"
                "add chain inet bench out { type filter hook output priority 0; }\n" + rules)
        subprocess.run(self.nsenter("nft", "-f", "-"), input=text, text=True, check=True)

    def counted(self):
        """purpose -> (packets, bytes with Ethernet headers)"""
        out = subprocess.run(self.nsenter("nft", "-j", "list", "counters"), capture_output=True, text=True,
                             check=True).stdout
        found = [x["counter"] for x in json.loads(out)["nftables"] if "counter" in x]
        return {c["name"]: (c["packets"], c["bytes"] + ETHERNET * c["packets"]) for c in found}

    def end(self):
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()


class Agent:
    def __init__(self, home, server, folder, recheck_minutes, wait_s):
        name = f"agent-{recheck_minutes}-{wait_s}"
        state, config = folder / name, folder / f"{name}.yaml"
        self.out = folder / f"{name}.out"
        config.write_text(json.dumps({
            "state_dir": str(state), "canaries": ["check.test:4433"], "ca_file": f"{folder}/check.pem",
            "probe_url": f"http://{HOME}:8080/", "resolver": HOME, "resolv_file": f"{folder}/resolv.conf",
            "interface": "dev0", "recheck_minutes": recheck_minutes, "report": {"wait_s": wait_s}}))
        state.mkdir()
        subprocess.run(home.nsenter(BIN / "picket-agent", "enroll", server.link(1), "--config", config),
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.argv = home.nsenter(BIN / "picket-agent", "run", "--json", "--config", config)
        self.start()

    def start(self):
        self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=self.out.open("wb"),
                                      stderr=subprocess.STDOUT)

    def reports(self):
        return self.out.read_text("utf-8", "replace").count('"event":"report"')

    def end(self):
        self.child.terminate()
        self.child.wait(timeout=20)


def dns_rounds_a_day():
    at, rounds = 0.0, 0
    while at < 86400:
        at += max(DNS_FIRST_S, min(DNS_GAP_MAX_S, at / DNS_SHARE))
        rounds += 1
    return rounds


def snapshot(pid):
    return cpu_ns(pid), wakeups(pid)


def cpu_ns(pid):
    """CPU in ns of the threads that live: exact, where ticks of 10 ms say nothing."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in Path(f"/proc/{pid}/task").iterdir())


def window(pids, seconds):
    """name -> (CPU % of a core, wake-ups a second, PSS KiB, RSS KiB)"""
    before = {name: snapshot(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    out = {}
    for name, pid in pids.items():
        cpu, woken = snapshot(pid)
        pss, rss = memory_kib(pid)
        out[name] = ((cpu - before[name][0]) / 1e9 / seconds * 100, (woken - before[name][1]) / seconds, pss, rss)
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=300)
    args = parser.parse_args()
    enter_namespace()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    title("agent: idle", f"{picket_version(BUILD)}; collectd {version_of('collectd-core')}")
    folder = Path(tempfile.mkdtemp(prefix="picket-bench."))
    home = Home(folder)
    server = Picketd(more={"listen": {"address": HOME, "port": 8443}, "names": [HOME]})
    try:
        server.start()
        (folder / "collectd.conf").write_text(COLLECTD.format(w=folder))
        collectd = home.spawn(home.nsenter("collectd", "-f", "-C", folder / "collectd.conf"))
        home.count()
        agent = Agent(home, server, folder, RECHECK_MINUTES, WAIT_S)
        time.sleep(120)  # joined, checked, waiting
        join = home.counted()
        home.count()
        measured = window({"picket-agent": agent.child.pid, "collectd": collectd.pid}, args.seconds)
        idle = home.counted()
        agent.end()
        waits = occasions(home, Agent(home, server, folder, 1440, 10), 121)
        agent = Agent(home, server, folder, 1, WAIT_S)
        checks = occasions(home, agent, 185)
        again = started_again(home, agent)
    finally:
        server.remove()
        home.end()
    table(("", "PSS KiB", "RSS KiB", "CPU % of a core", "wake-ups/s"),
          [(name, v[2], v[3], f"{v[0]:.4f}", f"{v[1]:.3f}") for name, v in measured.items()])
    tell_bytes(join, idle, waits, checks, again, args.seconds)
    return 0


def occasions(home, agent, seconds):
    """(counted, reports) of a settled agent."""
    time.sleep(30)
    home.count()
    before = agent.reports()
    time.sleep(seconds)
    out = home.counted(), agent.reports() - before
    agent.end()
    return out


def started_again(home, agent):
    """Bytes to the server for each connection of its own: the reports of a start, and the long poll."""
    home.count()
    agent.start()
    time.sleep(40)
    out = home.counted()["server"][1] / (agent.reports() + 1)
    agent.end()
    return out


def tell_bytes(join, idle, waits, checks, again, seconds):
    question = idle["names"][1] / max(idle["names"][0], 1)
    wait = waits[0]["server"][1] / 12  # one each 10 s
    check = checks[0]["checks"][1] / 3  # one each minute
    rows = [
        ("names that cannot exist", dns_rounds_a_day(), 3 * question),
        ("check host and test page", 24 * 60 / RECHECK_MINUTES, check + 2 * question),
        ("the long poll begun anew", 86400 / WAIT_S, wait),
        ("a report that all is as before, on a connection of its own", 24 / SAME_AGAIN_H, again),
    ]
    table(("bytes that leave the device, with Ethernet, IP and TCP headers", "a day", "B each", "kB a day"),
          [(name, f"{n:.0f}", f"{each:.0f}", f"{n * each / 1000:.1f}") for name, n, each in rows])
    print(f"EXTRAPOLATED sum of a day on one quiet network: {sum(n * each for _, n, each in rows) / 1000:.1f} kB "
          f"(joining a network costs {sum(b for _, b in join.values()) / 1000:.1f} kB, enrolment included)")
    print(f"measured in the idle {seconds} s, the 3rd to 8th minute on the network: "
          f"{sum(b for _, b in idle.values())} B, of which names {idle['names'][1]} B; "
          f"in 185 s with a round of checks each minute: {checks[1]} reports")


if __name__ == "__main__":
    sys.exit(main())
