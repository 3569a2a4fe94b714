#!/usr/bin/env python3
"""IPv6 routers on a link with a real one (the kernel's stack and dnsmasq): honest advertisements do not wake the agent;
forged neighbour and router advertisements, also hidden behind hop-by-hop options, are found within a second of their
first frame, and end by themselves.

Everything runs in network namespaces of its own, without a link to anywhere.
"""

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("PICKET_BUILD", ROOT / "build")) / "bin"
LAN, ROUTER, DEVICE = (f"pk6{os.getpid() % 10000}{x}" for x in "lrd")
ROUTER_MAC, OTHER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000066")
ROUTER_LL, OTHER_LL = (socket.inet_pton(socket.AF_INET6, a) for a in ("fe80::ff:fe00:1", "fe80::ff:fe00:66"))
ALL_NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")
results = []


def check(name, ok, why=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}" + (f" # {why}" if why and not ok else ""), flush=True)


def sh(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ns(name, *argv):
    sh("ip", "netns", "exec", name, *argv)


def plug(name, interface, mac, port):
    sh("ip", "-n", LAN, "link", "add", port, "type", "veth", "peer", "name", interface, "netns", name)
    sh("ip", "-n", name, "link", "set", interface, "address", mac)
    sh("ip", "-n", LAN, "link", "set", port, "master", "br0", "up")
    ns(name, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
       f"net.ipv6.conf.{interface}.accept_dad=0")
    sh("ip", "-n", name, "link", "set", interface, "up")


def build():
    for name in (LAN, ROUTER, DEVICE):
        sh("ip", "netns", "add", name)
        sh("ip", "-n", name, "link", "set", "lo", "up")
    sh("ip", "-n", LAN, "link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
    sh("ip", "-n", LAN, "link", "set", "br0", "up")
    plug(ROUTER, "eth0", "02:00:00:00:00:01", "pr")
    plug(DEVICE, "eth0", "02:00:00:00:00:64", "pd")
    sh("ip", "-n", ROUTER, "addr", "add", "10.9.0.1/24", "dev", "eth0")
    sh("ip", "-n", ROUTER, "addr", "add", "fd09::1/64", "dev", "eth0")
    ns(ROUTER, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    sh("ip", "-n", DEVICE, "addr", "add", "10.9.0.2/24", "dev", "eth0")
    sh("ip", "-n", DEVICE, "route", "add", "default", "via", "10.9.0.1")
    return subprocess.Popen(["ip", "netns", "exec", ROUTER, "dnsmasq", "-k", "-C", "/dev/null", "-u", "root", "--pid-file=",
                             "--port=0", "--interface=eth0", "--bind-interfaces", "--enable-ra",
                             "--dhcp-range=fd09::,ra-only,64,10m", "--dhcp-leasefile=/dev/null"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def demolish(router):
    router.kill()
    router.wait()
    for name in (LAN, ROUTER, DEVICE):
        subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def wire_in(name):
    """A packet socket in the namespace: made on a thread that moves there."""
    out = []

    def make():
        with open(f"/run/netns/{name}", "rb") as at:
            if ctypes.CDLL(None, use_errno=True).setns(at.fileno(), 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        out.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86dd)))
        out[0].bind(("br0", 0x86dd))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    out[0].settimeout(15)
    return out[0]


def checksum(source, target, message):
    data = source + target + struct.pack(">II", len(message), 58) + message + b"\0" * (len(message) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(mac, source, message, hidden=False):
    message = message[:2] + struct.pack(">H", checksum(source, ALL_NODES, message)) + message[4:]
    body = (bytes([58, 0, 1, 4, 0, 0, 0, 0]) if hidden else b"") + message
    return (bytes.fromhex("333300000001") + mac + b"\x86\xdd\x60\0\0\0" +
            struct.pack(">HBB", len(body), 0 if hidden else 58, 255) + source + ALL_NODES + body)


def neighbour(mac, address):
    return frame(mac, address, struct.pack(">BBHI", 136, 0, 0, 0xa0000000) + address + b"\x02\x01" + mac)


def router(mac, address, hidden=False):
    prefix = socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
    return frame(mac, address, struct.pack(">BBHBBHII", 134, 0, 0, 64, 8, 1800, 0, 0) + b"\x01\x01" + mac +
                 b"\x03\x04\x40\xc0" + struct.pack(">III", 3600, 1800, 0) + prefix, hidden)


class Agent:
    def __init__(self, folder):
        config = folder / "agent.yaml"
        config.write_text(json.dumps({"state_dir": str(folder / "state"), "canaries": ["127.0.0.1:9"],
                                      "probe_url": "http://127.0.0.1:9/", "probe_ms": 300,
                                      "notify": {"desktop": False, "terminal": False}}))
        self.events = []
        self.child = subprocess.Popen(["ip", "netns", "exec", DEVICE, str(BIN / "picket-agent"), "run", "--offline",
                                       "--json", "--config", str(config)], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.events.append((time.monotonic(), json.loads(line)))

    def wait(self, event, threat=None, since=0.0, limit_s=8.0):
        """When the first such event after `since` came, or None."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            for at, e in list(self.events):
                if at >= since and e.get("event") == event and (threat is None or e.get("threat") == threat):
                    return at
            time.sleep(0.02)
        return None

    def wakes(self):
        return sum(int(line.split()[1]) for task in Path(f"/proc/{self.child.pid}/task").iterdir()
                   for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_ctxt"))

    def stop(self):
        self.child.terminate()
        self.child.wait(10)


def catch_advertisement(wire):
    """One of the router's own."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        bytes_ = wire.recv(2000)
        if len(bytes_) > 54 and bytes_[20] == 58 and bytes_[54] == 134:
            return bytes_
    return None


def attack(agent, wire, name, threat, forged, clears_s):
    since = time.monotonic()
    for _ in range(4):
        wire.send(forged)
        time.sleep(0.7)
    found = agent.wait("finding", threat, since)
    check(f"{name}: found within a second of the first frame", found and found - since <= 1.0,
          f"{found and found - since} {agent.events[-3:]}")
    if found:
        print(f"# {name}: {found - since:.2f} s")
    ended = time.monotonic()
    check(f"{name}: over by itself", agent.wait("cleared", threat, ended, clears_s), str(agent.events[-3:]))


def run(folder):
    wire = wire_in(LAN)
    agent = Agent(folder)
    check("the network is joined", agent.wait("network"))
    own = catch_advertisement(wire)
    check("the router announces itself", own)
    time.sleep(8)
    before = agent.wakes()
    for _ in range(40):
        wire.send(own)
        time.sleep(0.1)
    woken = agent.wakes() - before
    check("forty honest advertisements do not wake it", woken <= 4, f"{woken} times")
    check("an honest network is told nothing of", not agent.wait("finding", limit_s=0.1), str(agent.events))
    attack(agent, wire, "neighbour advertisement", "network.ndp_spoof", neighbour(OTHER_MAC, ROUTER_LL), 40)
    attack(agent, wire, "router advertisement", "network.ra_rogue", router(OTHER_MAC, OTHER_LL), 60)
    attack(agent, wire, "hidden router advertisement", "network.ra_rogue", router(OTHER_MAC, OTHER_LL, True), 60)
    agent.stop()


def main():
    if os.geteuid() != 0:
        print("# SKIPPED: needs root for its namespaces\n1..0")
        return 0
    daemon = build()
    try:
        with tempfile.TemporaryDirectory(prefix="picket-ndp-") as folder:
            run(Path(folder))
    finally:
        demolish(daemon)
    print(f"{sum(map(bool, results))} passed, {len(results) - sum(map(bool, results))} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
