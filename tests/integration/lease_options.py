#!/usr/bin/env python3
"""What an agent tells of the program that gave its lease, with a real DHCP server on the link (dnsmasq): the same for the
same kind of server whatever it hands out, another for another one, nothing where none answers; and it reaches the server.

Everything but picketd runs in network namespaces of its own, without a link to anywhere.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BIN, Device, Server, Tally  # noqa: E402

LAN, DEVICE = (f"pko{os.getpid() % 10000}{x}" for x in "ld")
tally = Tally()
check = tally.check


def sh(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def build():
    for name in (LAN, DEVICE):
        sh("ip", "netns", "add", name)
        sh("ip", "-n", name, "link", "set", "lo", "up")
    sh("ip", "-n", LAN, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", DEVICE)
    sh("ip", "-n", LAN, "link", "set", "eth0", "address", "02:00:00:00:00:01")
    sh("ip", "-n", DEVICE, "link", "set", "eth0", "address", "02:00:00:00:00:64")
    for name in (LAN, DEVICE):
        sh("ip", "-n", name, "link", "set", "eth0", "up")


def demolish():
    for name in (LAN, DEVICE):
        subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


class Net:
    """A router with these numbers; more: further options of dnsmasq, None: no DHCP server at all."""

    def __init__(self, prefix, more):
        self.router, self.device = f"{prefix}.1", f"{prefix}.2"
        for name, address in ((LAN, self.router), (DEVICE, self.device)):
            sh("ip", "-n", name, "addr", "flush", "dev", "eth0", "scope", "global")
            sh("ip", "-n", name, "addr", "add", address + "/24", "dev", "eth0")
        sh("ip", "-n", DEVICE, "route", "add", "default", "via", self.router)
        self.child = None if more is None else subprocess.Popen(
            ["ip", "netns", "exec", LAN, "dnsmasq", "-k", "-C", "/dev/null", "-u", "root", "--pid-file=", "--port=0",
             "--interface=eth0", "--bind-interfaces", f"--dhcp-range={prefix}.50,{prefix}.99,10m",
             f"--dhcp-host=02:00:00:00:00:64,{self.device}", "--dhcp-leasefile=/dev/null",
             f"--dhcp-option=6,{self.router}", *more],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self):
        if self.child:
            self.child.kill()
            self.child.wait()


def agent(folder, lease, *argv, inside=True):
    config = folder / "agent.yaml"
    config.write_text(json.dumps({
        "state_dir": str(folder / "state"), "canaries": ["127.0.0.1:9"], "probe_url": "http://127.0.0.1:9/",
        "probe_ms": 300, "lease_file": str(folder / "lease"), "notify": {"desktop": False, "terminal": False}}))
    (folder / "lease").write_text(lease)
    at = ["ip", "netns", "exec", DEVICE] if inside else []
    return at + [str(BIN / "picket-agent"), argv[0], "--config", str(config), *argv[1:]]


def spooled(folder):
    """The fingerprints that wait for the server, oldest first."""
    file = b"".join(p.read_bytes() for p in (folder / "state").glob("*spool*") if p.is_file())
    return [m.decode() for m in re.findall(rb'"options":"([0-9a-f]{8})"', file)], file.count(b'"kind":"lease"')


def visit(folder, prefix, more, wants=True):
    """One join; the fingerprint that it told, or None."""
    net = Net(prefix, more)
    lease = f"ip={net.device}\nrouter={net.router}\ndns={net.router}\nserverid={net.router}\n"
    before, leases = spooled(folder)
    time.sleep(0.5)  # the server listens
    child = subprocess.Popen(agent(folder, lease, "run", "--json"), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 15
        while spooled(folder)[1] == leases and time.monotonic() < end:
            time.sleep(0.1)
    finally:
        child.terminate()
        child.wait(10)
        net.close()
    now, count = spooled(folder)
    check(f"{prefix}: the lease is told", count > leases, (count, leases))
    return now[-1] if len(now) > len(before) else None


def main():
    server = Server()
    folder = server.dir / "device"
    (folder / "state").mkdir(parents=True)
    build()
    try:
        server.start()
        out = subprocess.run(agent(folder, "", "enroll", server.command("--issue-enrollment").split()[0], inside=False), capture_output=True, text=True,
                             timeout=30)
        check("enrolled", out.returncode == 0, out.stderr)
        plain = visit(folder, "10.9.1", [])
        check("a server is told of", plain is not None)
        check("the same kind with other numbers: the same", visit(folder, "10.77.3", []) == plain)
        other = visit(folder, "10.9.1", ["--dhcp-option=252,http://10.9.1.1/wpad.dat"])
        check("one that sends another option: another", other not in (None, plain), (other, plain))
        check("none answers: nothing is told", visit(folder, "10.9.1", None) is None)

        device = Device(server, server.command("--issue-enrollment").split("/enroll#")[1].split(".")[0], "other")
        status, answer = device.report(("lease", {"server": "10.9.1.1", "options": plain}, "net-0123456789abcdef"))
        check("the server takes it", status == 200, answer)
    finally:
        demolish()
        server.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
