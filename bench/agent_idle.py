#!/usr/bin/env python3
"""An idle agent: memory, CPU, wake-ups and bytes sent, beside collectd.

    bench/agent_idle.py [--seconds 300]

The agent is enrolled at a picketd of this bench and watches a quiet network with all that its checks ask
for: a name server, a check host with a certificate, a page that answers 204. Both live in network
namespaces of this bench. collectd runs beside it with a usual small configuration (cpu, memory, load,
interface, disk; every 10 s, to a file). A day's bytes are extrapolated: the idle window, and what one round
of checks costs, which is measured with a round each minute.
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

    def sent(self):
        """(bytes, packets) that left the device, with Ethernet headers."""
        out = subprocess.run(self.nsenter("cat", "/proc/net/dev"), capture_output=True, text=True).stdout
        fields = next(line for line in out.splitlines() if "dev0:" in line).split(":")[1].split()
        return int(fields[8]), int(fields[9])

    def end(self):
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()


class Agent:
    def __init__(self, home, server, folder, recheck_minutes):
        state = folder / f"agent-{recheck_minutes}"
        self.config = folder / f"agent-{recheck_minutes}.yaml"
        self.config.write_text(json.dumps({
            "state_dir": str(state), "canaries": ["check.test:4433"], "ca_file": f"{folder}/check.pem",
            "probe_url": f"http://{HOME}:8080/", "probe_domain": "test", "resolver": HOME,
            "resolv_file": f"{folder}/resolv.conf", "interface": "dev0",
            "recheck_minutes": recheck_minutes}))
        state.mkdir()
        subprocess.run(home.nsenter(BIN / "picket-agent", "enroll", server.link(1), "--config", self.config),
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.child = subprocess.Popen(
            home.nsenter(BIN / "picket-agent", "run", "--config", self.config), stdin=subprocess.DEVNULL,
            stdout=open(folder / f"agent-{recheck_minutes}.out", "wb"), stderr=subprocess.STDOUT)

    def end(self):
        self.child.terminate()
        self.child.wait(timeout=20)


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
        agent = Agent(home, server, folder, 30)
        time.sleep(240)  # joined, checked, waiting, and the late report of the joining is out
        join_bytes, _ = home.sent()
        measured = window({"picket-agent": agent.child.pid, "collectd": collectd.pid}, args.seconds)
        idle_bytes, idle_packets = (a - b for a, b in zip(home.sent(), (join_bytes, 0)))
        agent.end()
        # A round of checks a minute, to know what one costs.
        rounds_s = 180
        agent = Agent(home, server, folder, 1)
        time.sleep(45)
        before, _ = home.sent()
        rounds = window({"picket-agent": agent.child.pid}, rounds_s)
        round_bytes = (home.sent()[0] - before) / (rounds_s / 60)
        agent.end()
        out = (folder / "agent-30.out").read_text("utf-8", "replace")
    finally:
        server.remove()
        home.end()
    table(("", "PSS KiB", "RSS KiB", "CPU % of a core", "wake-ups/s"),
          [(name, v[2], v[3], f"{v[0]:.4f}", f"{v[1]:.3f}") for name, v in measured.items()])
    idle_day = idle_bytes * 86400 / args.seconds
    table(("bytes that leave the device, with Ethernet, IP and TCP headers", ""), [
        (f"idle, measured over {args.seconds} s", f"{idle_bytes} B"),
        ("enrolment, joining and the first report, once", f"{join_bytes} B"),
        ("a round of checks with its report (one each minute, measured over 3 min)", f"{round_bytes:.0f} B"),
        ("a day, EXTRAPOLATED: idle + 48 rounds", f"{(idle_day + 48 * round_bytes) / 1000:.1f} kB"),
    ])
    print(f"CPU with a round of checks each minute: {rounds['picket-agent'][0]:.4f} % of a core; so 48 rounds a "
          f"day and idling: {measured['picket-agent'][0] + (rounds['picket-agent'][0] * 60) * 48 / 86400:.4f} %")
    print("the agent said:", " / ".join(line for line in out.splitlines()[:4]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
