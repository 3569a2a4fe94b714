#!/usr/bin/env python3
"""Thousands of idle devices: memory for each waiting connection, and how fast an alert reaches them.

    bench/push.py [--devices 5000] [--rate 500]

Each device holds GET /v1/wait over mutual TLS. Memory is picketd's PSS with all of them waiting, less its
PSS before the first,without the kernel's socket buffers. Then every device reports an attack on a second
connection; the time from sending that report to the alert's arrival on the waiting connection is the
whole way: check, journal, COMMIT, judgement, incident, policy, outbox, COMMIT, push.
First RATE reports a second, then (a second fleet of the same size) all at once.
"""

import argparse
import json
import subprocess
import sys
import time

from bench_support import cpu_s, memory_kib, picket_version, table, title, wakeups
from fleet_support import BIN, BUILD, Picketd


class Waiters:
    def __init__(self, server, devices, rate, name):
        self.child = subprocess.Popen(
            [str(BIN / "picket-fleet"), "wait", "--url", server.link(devices), "--devices", str(devices),
             "--rate", str(rate), "--steps"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(server.folder / f"{name}.err", "wb"),
            text=True)

    def event(self, name):
        line = self.child.stdout.readline()
        event = json.loads(line) if line else {}
        if event.get("event") != name:
            raise RuntimeError(f"wanted '{name}', got {line!r}")
        return event

    def go_on(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()


def run(devices, rate, rows, memory):
    server = Picketd()
    try:
        server.start()
        pss_before, rss_before = memory_kib(server.child.pid)
        waiters = Waiters(server, devices, rate, "wait")
        held = waiters.event("waiting")
        pss, rss = memory_kib(server.child.pid)
        if memory:
            before, woken = cpu_s(server.child.pid), wakeups(server.child.pid)
            time.sleep(10)
            memory.update(connections=held["connections"], pss=(pss - pss_before) / held["connections"],
                          rss=(rss - rss_before) / held["connections"], total=pss,
                          cpu=(cpu_s(server.child.pid) - before) / 10 * 100,
                          wakeups=(wakeups(server.child.pid) - woken) / 10)
        waiters.go_on()
        waiters.event("ready")
        waiters.go_on()
        done = waiters.event("pushed")
        for what, key in (("report sent -> alert there", "push_ms"), ("report sent -> acknowledged", "ack_ms")):
            t = done[key]
            rows.append((f"{what}, {f'{rate} a second' if rate else 'all at once'}",
                         f"{t['n']} of {devices}", t["p50"], t["p90"], t["p99"], t["max"]))
        waiters.child.wait(timeout=60)
        return done
    finally:
        server.remove()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=5000)
    parser.add_argument("--rate", type=int, default=500)
    args = parser.parse_args()
    title(f"push: {args.devices} idle devices", picket_version(BUILD))
    rows, memory = [], {"wanted": True}
    run(args.devices, args.rate, rows, memory)
    run(args.devices, 0, rows, None)
    table(("", ""), [
        ("connections waiting, mutual TLS", memory["connections"]),
        ("PSS of picketd with them", f"{memory['total'] / 1024:.0f} MiB"),
        ("PSS for each connection", f"{memory['pss']:.1f} KiB"),
        ("RSS for each connection", f"{memory['rss']:.1f} KiB"),
        ("CPU while they idle", f"{memory['cpu']:.2f} % of a core"),
        ("wake-ups while they idle", f"{memory['wakeups']:.1f} /s"),
    ])
    table(("ms", "devices", "p50", "p90", "p99", "max"), rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
