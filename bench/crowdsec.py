#!/usr/bin/env python3
"""A report and a decision, beside CrowdSec's local API, in turns in one run.

    bench/crowdsec.py [--rounds 3] [--seconds 2] [--asks 2000] [--known 10000] [--priority 0]

CrowdSec (Debian): its local API alone, SQLite with WAL, no central API, over TLS (and decisions over plain HTTP, too);
alerts with a machine's token, decisions with a bouncer's key. picketd: reports and the verdict on a network over mutual
TLS. Both know --known things: CrowdSec as many decisions, picketd as many networks, one of them attacked until the crowd
calls it bad. Questions come from the same client on one kept connection, so no handshake is in them. Server CPU is
from /proc/PID/stat; picketd's reports are counted when crowd, incidents and risk have worked them in, too.
Beside them what Picket's devices really do: the filter on the device, and the crowd's engine without a server.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_support import cpu_s, picket_version, table, title, version_of
from crowd_support import Sensor, attacked_visit, clean_visit, left, make_old, stamp, taken
from fleet_support import BUILD, Load
from ingest import CrowdSec
from rest_support import Client, Server

PLACES = ("u33db", "u33dc", "u33d8", "u33d9")
KEY = "bench-key-of-a-bouncer"
VISITS_A_REPORT = 10
STREAM_ASKS = 50
MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


def in_ms(text):
    """wrk's "1.25ms"."""
    unit = text.lstrip("0123456789.")
    return float(text[:-len(unit)]) * MS[unit]


def median(values):
    return sorted(values)[len(values) // 2]


class Asker:
    """One client on one kept connection."""

    def __init__(self, port, context, headers, host="127.0.0.1"):
        self.headers = headers
        self.link = (http.client.HTTPSConnection(host, port, timeout=60, context=context) if context is not None
                     else http.client.HTTPConnection(host, port, timeout=60))

    def ask(self, path):
        self.link.request("GET", path, headers=self.headers)
        got = self.link.getresponse()
        body = got.read()
        if got.status != 200:
            raise RuntimeError(f"{path}: {got.status} {body[:300]}")
        return body

    def measure(self, pid, paths, expect=None):
        """(server CPU us, ms of each)"""
        self.ask(paths[0])
        before, took = cpu_s(pid), []
        for path in paths:
            began = time.perf_counter()
            body = self.ask(path)
            took.append(1000 * (time.perf_counter() - began))
            if expect is not None and expect not in body:
                raise RuntimeError(f"{path}: {body[:300]}")
        return (cpu_s(pid) - before) * 1e6 / len(paths), took


class Peer(CrowdSec):
    """CrowdSec with decisions and a bouncer."""

    def __init__(self, secure, known):
        super().__init__(secure)
        try:
            self.fill(known)
        except BaseException:
            self.end()
            raise

    def fill(self, known):
        subprocess.run(["cscli", "-c", str(self.config), "bouncers", "add", "bench", "-k", KEY], check=True, capture_output=True)
        self.asker = Asker(self.port, self.context, {"X-Api-Key": KEY})
        for begin in range(0, known, 500):
            self.decide(range(begin, min(known, begin + 500)))
        whole = json.loads(self.asker.ask("/v1/decisions/stream?startup=true"))
        if len(whole.get("new") or ()) != known:
            raise RuntimeError(f"CrowdSec holds {len(whole['new'] or ())} decisions")

    @staticmethod
    def address(n, known=True):
        return f"{203 if known else 198}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"

    def decide(self, numbers):
        now = stamp(time.time())
        alert = {"capacity": 0, "leakspeed": "0", "events_count": 1, "events": [], "scenario": "picket/bench", "scenario_hash": "",
                 "scenario_version": "", "simulated": False, "message": "", "start_at": now, "stop_at": now,
                 "source": {"scope": "Ip", "value": self.address(numbers[0])},
                 "decisions": [{"duration": "24h", "origin": "crowdsec", "scenario": "picket/bench", "scope": "Ip", "type": "ban",
                                "value": self.address(n), "simulated": False} for n in numbers]}
        link = Asker(self.port, self.context, {}).link
        link.request("POST", "/v1/alerts", json.dumps([alert]),
                     {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        got = link.getresponse()
        if got.status != 201:
            raise RuntimeError(f"decisions: {got.status} {got.read()[:300]}")
        link.close()

    def ask(self, known, count, total):
        paths = [f"/v1/decisions?ip={self.address(i * 7919 % total, known)}" for i in range(count)]
        return self.asker.measure(self.child.pid, paths, b'"ban"' if known else b"null")

    def stream(self, startup):
        return self.asker.measure(self.child.pid, [f"/v1/decisions/stream?startup={startup}"] * STREAM_ASKS)


class Own:
    """picketd with a crowd that knows networks, one of them bad."""

    def __init__(self, known):
        self.server = Server()
        config = self.server.config.read_text()
        self.server.config.write_text(config.replace("reports_per_minute: 100000\n", "reports_per_minute: 1000000\n"))
        try:
            self.fill(known)
        except BaseException:
            self.server.close()
            raise

    def fill(self, known):
        self.server.start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        token = person.post("/enrollments", {"uses": 8}).json["token"]
        self.sensors = [Sensor(self.server, token, f"sensor{i}") for i in range(8)]
        self.server.stop()
        make_old(self.server)
        self.server.start()
        self.server.folder = self.server.dir
        self.server.link = lambda uses, label="": self.server.command("--issue-enrollment", "--uses", str(uses))
        self.meet(known)
        self.attack()
        self.asker = Asker(self.server.port, self.sensors[0].context, {}, "localhost")

    @staticmethod
    def network(n):
        return f"net-{0x700000 + n:016x}", f"00:1f:33:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"

    def meet(self, known):
        for begin in range(0, known, VISITS_A_REPORT):
            sensor, rows, now = self.sensors[begin // VISITS_A_REPORT % len(self.sensors)], [], time.time()
            for n in range(begin, min(known, begin + VISITS_A_REPORT)):
                network, bssid = self.network(n)
                visit = json.loads(sensor.text(network, clean_visit(bssid, place=PLACES[n % 4]) + [left()], now))
                rows += visit["observations"]
            sensor.post(self.server, json.dumps({"v": 1, "observations": rows}))

    def attack(self):
        self.bad = ("net-0000000000000bad", "02:66:6b:00:00:01")
        for sensor in self.sensors:
            sensor.visit(self.server, self.bad[0], attacked_visit(self.bad[1], security="open") + [left()])
        if not taken(self.server):
            raise RuntimeError("the crowd does not catch up")
        status, answer = self.sensors[0].verdict(self.server, self.bad[0], self.bad[1])
        if status != 200 or answer["verdict"] != "bad":
            raise RuntimeError(f"the attack is not known: {status} {answer}")

    def report(self, batch, devices, seconds):
        load = Load(self.server, devices, seconds, batch=batch, name=f"fleet{devices}")
        load.wait_begin()
        before = cpu_s(self.server.process.pid)
        totals = load.end()
        time.sleep(0.5)  # looking costs a handshake; so only once
        if not taken(self.server):
            raise RuntimeError("the server does not catch up")
        used = cpu_s(self.server.process.pid) - before
        return (totals["observations_per_s"], used * 1e6 / totals["observations"], totals["latency_ms"]["p50"],
                totals["latency_ms"]["p99"])

    def ask(self, what, count, total):
        if what == "bad":
            paths = [f"/v1/network/verdict?id={self.bad[0]}&bssid={self.bad[1]}&place=u33db"] * count
        else:
            begin = 0 if what == "known" else 0x800000
            some = [self.network(begin + i * 7919 % total) for i in range(count)]
            paths = [f"/v1/network/verdict?id={n}&bssid={b}&place=u33db" for n, b in some]
        return self.asker.measure(self.server.process.pid, paths, b'"bad"' if what == "bad" else b'"verdict"')


def report_turn(own, peer, args, got):
    for batch in (1, 50):
        for links in (1, 8, 64):
            got.setdefault(("Picket", batch, links), []).append(own.report(batch, links, args.seconds))
            rate, us, p50, p99 = peer.measure(batch, links, args.seconds)
            got.setdefault(("CrowdSec", batch, links), []).append((rate, us, in_ms(p50), in_ms(p99)))


def ask_turn(own, peers, args, got):
    def note(name, measured):
        us, took = measured
        took.sort()
        got.setdefault(name, []).append((us, took[len(took) // 2], took[len(took) * 99 // 100]))

    for what in ("bad", "known", "never seen"):
        note(f"Picket, verdict on a network, {what}, mutual TLS", own.ask(what, args.asks, args.known))
    for name, peer in peers:
        note(f"CrowdSec, decision on an address, banned, {name}", peer.ask(True, args.asks, args.known))
        note(f"CrowdSec, decision on an address, never seen, {name}", peer.ask(False, args.asks, args.known))
    note("CrowdSec, the stream from the start, TLS", peers[0][1].stream("true"))
    note("CrowdSec, the stream, nothing new, TLS", peers[0][1].stream("false"))


def show_local(known, asked):
    def run(*args):
        done = subprocess.run([BUILD / "bench" / "bench_crowd", *map(str, args)], stdout=subprocess.PIPE, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    rows = []
    for count in (known, 1000000):
        r = run("filter", count)[0]
        rows.append((f"look-up in the device's filter of {count:,} things, no server", f"{r['look_us']:.3f}",
                     f"{asked / r['look_us']:,.0f}"))
    with tempfile.TemporaryDirectory(prefix="picket-crowdsec.") as folder:
        steps = [r for r in run("keys", 1000000, Path(folder) / "checkpoint") if r["kind"] == "grow"]
    for r in (steps[0], steps[-1]):
        rows.append((f"the engine with {r['keys']:,} keys, a question", f"{r['ask_us']:.3f}", f"{asked / r['ask_us']:,.0f}"))
        rows.append((f"the engine with {r['keys']:,} keys, a sighting judged and learnt", f"{r['known_us']:.3f}", ""))
    table(("without a server", "CPU us", "CrowdSec's banned address over TLS, times as much"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--asks", type=int, default=2000)
    parser.add_argument("--known", type=int, default=10000)
    parser.add_argument("--priority", type=int, default=0)
    args = parser.parse_args()
    if args.priority:
        os.setpriority(os.PRIO_PROCESS, 0, args.priority)
    title("a report and a decision beside CrowdSec's local API",
          f"{picket_version(BUILD)}; CrowdSec {version_of('crowdsec')}, wrk {version_of('wrk')}")
    own, peers, reports, asks = None, [], {}, {}
    try:
        own = Own(args.known)
        for name, secure in (("TLS", True), ("plain HTTP", False)):
            peers.append((name, Peer(secure, args.known)))
        for _ in range(args.rounds):
            ask_turn(own, peers, args, asks)
        for _ in range(args.rounds):
            report_turn(own, peers[0][1], args, reports)
    finally:
        for _, peer in peers:
            peer.end()
        if own is not None:
            own.server.close()
    medians = {k: [median(column) for column in zip(*v)] for k, v in reports.items()}
    table(("reports, both over TLS", "items/s", "server CPU us/item", "p50 ms of a request", "p99", "ratio of CPU"),
          [(f"{who}, {batch} a request, {links} connection{'s' * (links > 1)}", f"{m[0]:,.0f}", f"{m[1]:.1f}", f"{m[2]:.2f}", f"{m[3]:.2f}",
            f"{m[1] / medians['Picket', batch, links][1]:.1f}") for (who, batch, links), m in medians.items()])
    cost = {k: [median(column) for column in zip(*v)] for k, v in asks.items()}
    base = cost["Picket, verdict on a network, bad, mutual TLS"][0]
    table(("questions, one connection", "server CPU us", "p50 ms", "p99", "ratio of CPU"),
          [(k, f"{m[0]:,.1f}", f"{m[1]:.3f}", f"{m[2]:.3f}", f"{m[0] / base:.1f}") for k, m in cost.items()])
    show_local(args.known, cost["CrowdSec, decision on an address, banned, TLS"][0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
