#!/usr/bin/env python3
"""How fast a verdict of the crowd is on all devices.

    bench/spread.py [--devices 5000] [--attacks 10] [--priority 0]

Thousands of simulated devices (picket-fleet spread) hold GET /v1/wait over mutual TLS and say how far they have heard.
A few other devices are attacked on a new access point, one after the other, until the crowd calls it bad; measured is the
time from the acknowledgement of the report that decided it (it is in the journal, committed, when it is acknowledged)
to the word's arrival on each device, and on the last one. Every device then checks the signature and waits again, while
the others are still being told. Server, devices and reporters share the machine. On a machine that is busy with other
things --priority -15 (as root) takes server and devices before those, once all devices listen.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

from bench_support import cpu_s, memory_kib, picket_version, table, title
from crowd_support import Sensor, attacked_visit, left, make_old, rows_of
from rest_support import BIN, Client, Server

BUILD = BIN.parent
REPORTERS = 6
GIVE_UP_S = 60


class Devices:
    def __init__(self, server, count):
        link = server.command("--issue-enrollment", "--uses", str(count))
        self.errors = tempfile.TemporaryFile("w+")
        self.child = subprocess.Popen([BIN / "picket-fleet", "spread", "--url", link, "--devices", str(count),
                                       "--seconds", "86400"], stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.events, self.changed = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def wait(self, count, seconds):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.events) >= count or self.child.poll() is not None, seconds):
                return False
            return len(self.events) >= count

    def end(self):
        self.child.terminate()
        self.child.wait(60)
        self.wait(10 ** 6, 0.5)
        return self.events[-1]


def open_world(reporters):
    server = Server().start()
    link = Client(server).post("/session", {"token": server.signin_token()})
    person = Client(server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
    token = person.post("/enrollments", {"uses": reporters}).json["token"]
    return server, [Sensor(server, token, f"reporter{i}") for i in range(reporters)]


def prefer(pid, priority):
    """All threads of a process."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.setpriority(os.PRIO_PROCESS, int(task), priority)


def attack(server, sensors, devices, number, turn):
    """Reports until the word is everywhere. Returns the arrivals and the acknowledgements (ms, monotonic), or None."""
    network, bssid = f"net-{0x5000 + number:016x}", f"02:66:6b:00:{number >> 8:02x}:{number & 255:02x}"
    before, acks, sent = len(devices.events), [], []
    for i in range(len(sensors)):
        sensor = sensors[(turn + i) % len(sensors)]
        sent.append(1000 * time.monotonic())
        sensor.visit(server, network, attacked_visit(bssid, key=f"key {number}", security="open") + [left()])
        acks.append(1000 * time.monotonic())
        if devices.wait(before + 1, 3):
            break
    if len(devices.events) == before and not devices.wait(before + 1, GIVE_UP_S):
        return None
    return devices.events[before], acks, sent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=5000)
    parser.add_argument("--attacks", type=int, default=10)
    parser.add_argument("--priority", type=int, default=0)
    args = parser.parse_args()
    title(f"spread: {args.devices} devices that hear the crowd", picket_version(BUILD))
    server, sensors = open_world(REPORTERS)
    rows, reports, lasts = [], [], []
    try:
        server.stop()
        make_old(server)
        server.start()
        devices = Devices(server, args.devices)
        if not devices.wait(1, 900):
            raise RuntimeError("the devices do not come to listen")
        for pid in (server.process.pid, devices.child.pid, os.getpid()) if args.priority else ():
            prefer(pid, args.priority)
        cpu, own = cpu_s(server.process.pid), cpu_s(devices.child.pid)
        for number in range(args.attacks):
            got = attack(server, sensors, devices, number, number)
            if got is None:
                print(f"attack {number}: no word of the crowd came", file=sys.stderr)
                continue
            heard, acks, sent = got
            at = heard["at_ms"]
            # The report that decided it: the last one that was sent before the first device heard.
            deciding = max(i for i, t in enumerate(sent) if t < at["p50"])
            ack = acks[deciding]
            lasts.append(at["max"] - ack)
            reports.append(deciding + 1)
            rows.append((f"attack {number + 1}", heard["deltas"], heard["batch_bytes"], heard["answer_bytes"],
                         f"{ack - sent[deciding]:.0f}", f"{at['p50'] - ack:.0f}", f"{at['p99'] - ack:.0f}", f"{at['max'] - ack:.0f}"))
            time.sleep(2)  # devices rest up to a second before they wait again
        cpu, own = cpu_s(server.process.pid) - cpu, cpu_s(devices.child.pid) - own
        pss, _ = memory_kib(server.process.pid)
        end = devices.end()
        table(("ms from the commit that decided it", "words", "batch B", "body B", "commit", "p50", "p99", "last"), rows)
        lasts.sort()
        table(("", ""), [
            ("devices that hold the word", args.devices),
            ("batches that did not verify, waits that failed", end["failures"]),
            ("last device, median of the attacks", f"{lasts[len(lasts) // 2]:.0f} ms" if lasts else "-"),
            ("last device, worst of the attacks", f"{lasts[-1]:.0f} ms" if lasts else "-"),
            ("reports until the crowd was sure", ", ".join(str(r) for r in reports)),
            ("check of a signature on a device, p50", f"{end['verify_ms']['p50']} ms"),
            ("picketd: CPU for each attack", f"{1000 * cpu / max(1, args.attacks):.0f} ms"),
            ("all simulated devices: CPU for each attack", f"{1000 * own / max(1, args.attacks):.0f} ms"),
            ("picketd: PSS at the end", f"{pss / 1024:.0f} MiB"),
        ])
        return 0 if len(rows) == args.attacks and end["failures"] == 0 else 1
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
