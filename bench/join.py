#!/usr/bin/env python3
"""What network defence costs: bytes, CPU and seconds of a join, a quiet network afterwards, and memory.

    bench/join.py [--lab DIR] [--joins 5] [--idle 300] [--chains rsa|ec]

The agent runs in the victim of the network lab (real router, name servers, sites) with all checks that an administrator
would set there: a canary, two hosts of the organisation, the sign-in page's probe, a redirect, three pages, a trusted
resolver. Measured are joins of a network that the
agent knows, of one that it does not know, and the very first one of its life. Packets are
recorded where they leave the device and counted by their purpose, Ethernet headers included. --chains rsa (the default)
gives the sites certificates of the size that is usual on the internet; the lab's own (ec) are smaller.
"""

import argparse
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

from bench_support import cpu_s, memory_kib, picket_version, table, title, wakeups

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build")).resolve()
SETTLE_S = 8


def load_runner():
    loader = SourceFileLoader("lab_run", str(ROOT / "tests" / "lab" / "run"))
    module = module_from_spec(spec_from_loader("lab_run", loader))
    loader.exec_module(module)
    return module


def purpose_of(frame):
    """What a packet is for, by its ports."""
    kind = struct.unpack(">H", frame[12:14])[0]
    if kind == 0x0806:
        return "arp"
    if kind == 0x0800:
        protocol, ports = frame[23], frame[14 + (frame[14] & 15) * 4:][:4]
    elif kind == 0x86dd:
        protocol, ports = frame[20], frame[54:58]
    else:
        return "other"
    if protocol not in (6, 17) or len(ports) < 4:
        return "icmp" if protocol in (1, 58) else "other"
    pair = set(struct.unpack(">HH", ports))
    for port, name in ((53, "dns"), (853, "dns over tls"), (443, "tls"), (80, "http"), (67, "dhcp"), (5355, "names on the link"),
                       (5353, "names on the link"), (137, "names on the link")):
        if port in pair:
            return name
    return "other"


def read_recording(path):
    """[(time, bytes on the wire, purpose)] of a pcap file."""
    data, at, rows = path.read_bytes(), 24, []
    while at + 16 <= len(data):
        seconds, micros, kept, length = struct.unpack("<IIII", data[at:at + 16])
        frame = data[at + 16:at + 16 + kept]
        rows.append((seconds + micros / 1e6, length, purpose_of(frame) if len(frame) >= 14 else "other"))
        at += 16 + kept
    return rows


class Device:
    """One agent's life in the lab's victim, with its packets."""

    def __init__(self, runner, lab, config, folder, name):
        self.pcap = folder / f"{name}.pcap"
        self.tcpdump = lab.spawn("victim", ["tcpdump", "-i", "eth0", "-U", "-s", "128", "-w", str(self.pcap),
                                            "not ether host 33:33:00:00:00:01"], stderr=subprocess.DEVNULL)
        time.sleep(0.7)
        self.began = time.time()
        self.agent = runner.Agent(lab, [str(BUILD / "bin" / "picket-agent"), "run", "--offline", "--json", "--config",
                                        str(config)], folder / f"{name}.log")
        self.runner = runner
        if self.agent.wait(lambda e: e.get("event") == "network", time.time() + 10) is None:
            raise SystemExit("the agent does not join the network")
        self.pid = self.find_pid()

    def find_pid(self):
        """The agent itself, below the shells that lead into the namespace."""
        pids = [self.agent.child.pid]
        while pids:
            pid = pids.pop()
            if Path(f"/proc/{pid}/comm").read_text().strip() == "picket-agent":
                return pid
            for task in Path(f"/proc/{pid}/task").iterdir():
                pids += [int(c) for c in (task / "children").read_text().split()]
        raise SystemExit("no picket-agent below its shell")

    def findings(self):
        return [e["threat"] for _, e in self.agent.findings() if e.get("severity") != "info"]

    def packets(self, since=0.0, until=1e12):
        return [row for row in read_recording(self.pcap) if since <= row[0] < until]

    def stop(self):
        self.agent.stop()
        self.runner.stop_process(self.tcpdump)


def one_join(runner, lab, config, folder, name):
    device = Device(runner, lab, config, folder, name)
    time.sleep(SETTLE_S)
    cpu = cpu_s(device.pid)
    rows = device.packets(since=device.began)
    found = device.findings()
    device.stop()
    if found:
        raise SystemExit(f"a harmless network, but found {found}")
    # The kernel asks by itself, seconds later, whether its neighbours are still there.
    busy = [at for at, _, purpose in rows if purpose not in ("other", "icmp", "arp")]
    parts = {}
    for _, length, purpose in rows:
        parts[purpose] = parts.get(purpose, 0) + length
    return {"bytes": sum(parts.values()), "seconds": max(busy) - device.began if busy else 0.0, "cpu": cpu, "parts": parts}


def forget_networks(path):
    """The device is where it never was; hosts and pages it knows."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps([row for row in rows if not row["of"].startswith("net-")]), encoding="utf-8")


def median(values):
    return sorted(values)[len(values) // 2]


def copy_lab(source, to, chains):
    shutil.copytree(source, to)
    if chains == "rsa":
        script = to / "tools" / "pki.sh"
        text = script.read_text(encoding="utf-8")
        script.write_text(text.replace('openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"',
                                       'openssl genrsa -out "$1.key" 2048'), encoding="utf-8")
    return to


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", type=Path, default=Path(os.environ.get("PICKET_LAB", ROOT.parent / "shared" / "lab")))
    parser.add_argument("--joins", type=int, default=5)
    parser.add_argument("--idle", type=int, default=300)
    parser.add_argument("--chains", choices=("rsa", "ec"), default="rsa")
    return parser.parse_args()


def main():
    options = parse()
    if not (options.lab / "lab.sh").exists():
        print(f"SKIPPED: no network lab in {options.lab}")
        return 0
    runner = load_runner()
    folder = Path(tempfile.mkdtemp(prefix="picket-join-"))
    lab = runner.Lab(copy_lab(options.lab.resolve(), folder / "lab", options.chains), f"j{os.getpid() % 46656:x}")
    lab.env["LAB_MAX"] = str(600 + options.idle)
    signal.signal(signal.SIGINT, runner.tear_down)
    signal.signal(signal.SIGTERM, runner.tear_down)
    try:
        lab.up()
        config = runner.write_config(lab, folder)
        title(f"a join ({options.joins} of each kind, {options.chains} certificates)", picket_version(BUILD, "picket-agent"))
        fresh, strange, known = [], [], []
        for i in range(options.joins):
            shutil.rmtree(folder / "agent", ignore_errors=True)
            fresh.append(one_join(runner, lab, config, folder, f"fresh{i}"))
            known.append(one_join(runner, lab, config, folder, f"known{i}"))
            forget_networks(folder / "agent" / "known.json")
            strange.append(one_join(runner, lab, config, folder, f"strange{i}"))
        rows = []
        kinds = (("a network it knows", known), ("one that it does not know", strange), ("the first one of its life", fresh))
        for name, joins in kinds:
            rows.append([name, f"{median([j['bytes'] for j in joins]):,}", f"{max(j['bytes'] for j in joins):,}",
                         f"{median([j['cpu'] for j in joins]):.3f}", f"{median([j['seconds'] for j in joins]):.1f}"])
        table(["join", "bytes, median", "largest", "CPU s (program start included)", "seconds until quiet"], rows)
        print("bytes by purpose (the last of each): ")
        for name, joins in kinds:
            print(f"  {name}: " + ", ".join(f"{k} {v:,}" for k, v in sorted(joins[-1]["parts"].items(), key=lambda i: -i[1])))
        print("  aimed for: at most 25,000 bytes, 0.3 s CPU, 5 s")
        if options.idle > 0:
            idle(runner, lab, config, folder, options.idle)
    finally:
        lab.down()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def idle(runner, lab, config, folder, seconds):
    device = Device(runner, lab, config, folder, "idle")
    time.sleep(SETTLE_S)
    since, cpu, woken = time.time(), cpu_s(device.pid), wakeups(device.pid)
    time.sleep(seconds)
    rows = device.packets(since=since)
    parts = {}
    for _, length, purpose in rows:
        if purpose not in ("other", "icmp"):
            parts[purpose] = parts.get(purpose, 0) + length
    print()
    title(f"{seconds} s on a quiet network, beginning {SETTLE_S} s after the join", picket_version(BUILD, "picket-agent"))
    table(["CPU %", "wake-ups a second", "bytes", "PSS KiB"],
          [[f"{100 * (cpu_s(device.pid) - cpu) / seconds:.4f}", f"{(wakeups(device.pid) - woken) / seconds:.2f}",
            f"{sum(parts.values()):,} ({', '.join(f'{k} {v:,}' for k, v in sorted(parts.items()))})",
            f"{memory_kib(device.pid)[0]:,}"]])
    if device.findings():
        raise SystemExit(f"a harmless network, but found {device.findings()}")
    device.stop()


if __name__ == "__main__":
    sys.exit(main())
