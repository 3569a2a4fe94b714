#!/usr/bin/env python3
"""kill -9 of picketd at random moments: what its crowd thinks afterwards is what an uninterrupted server thinks that got
the same reports. Two servers of one state folder (the same devices, the same keys); one is killed again and again,
between reports, while it starts, while it saves; at the end all verdicts, findings and the way there are equal.

    crowd_restart.py [--kills 10] [--rounds 40] [--seed N]
"""

import argparse
import random
import shutil
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from crowd_support import (Sensor, attacked_visit, clean_visit, left, make_old, metrics, rows_of, taken)  # noqa: E402
from rest_support import Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
DEVICES = 16
NETWORKS = [f"net-{n:016x}" for n in range(0x1111, 0x1111 + 6)]
SETTINGS = "crowd: {checkpoint_s: 1}\n"


def points(n):
    return [f"02:00:5e:{n:02x}:00:{i:02x}" for i in range(3)]


def twin(n):
    return f"02:66:6a:{n:02x}:00:66"


def plan(rng, rounds):
    """(device, network, rows): what everybody meets, the same for both servers."""
    out = []
    for turn in range(rounds):
        for device in rng.sample(range(DEVICES), DEVICES // 2):
            n = rng.randrange(len(NETWORKS))
            if n < 3 and turn > rounds // 4 and rng.random() < 0.4:
                rows = attacked_visit(twin(n), key=f"forger {n}", gateway_mac=f"02:66:00:00:00:{n:02x}")
            else:
                rows = clean_visit(rng.choice(points(n)))
            if rng.random() < 0.5:
                rows = rows + [left()]
            out.append((device, NETWORKS[n], rows))
    return out


class Killer(threading.Thread):
    """Kills and starts again, at moments that nobody chose."""

    def __init__(self, server, kills, rng):
        super().__init__(daemon=True)
        self.server, self.left, self.rng = server, kills, rng
        self.done, self.ends = 0, threading.Event()

    def run(self):
        while self.left > 0 and not self.ends.is_set():
            time.sleep(self.rng.uniform(0.05, 1.2))
            self.server.process.kill()
            self.server.process.wait(10)
            self.left -= 1
            self.done += 1
            if self.rng.random() < 0.3:  # and once more in the middle of the start
                self.start_half()
            self.server.start()

    def start_half(self):
        import subprocess
        from rest_support import BIN
        half = subprocess.Popen([BIN / "picketd", "--config", self.server.config], stdout=subprocess.DEVNULL,
                                stderr=self.server.log.open("ab"))
        time.sleep(self.rng.uniform(0.0, 0.15))
        half.kill()
        half.wait(10)
        self.done += 1


def twin_server(first):
    """A second server that starts from a copy of the first one's state."""
    second = Server(SETTINGS)
    shutil.copytree(first.dir / "state", second.dir / "state")
    return second


def conclusions(server):
    return {
        "bad": sorted(rows_of(server, "SELECT kind, a, b FROM crowd_bad")),
        "changes": sorted(rows_of(server, "SELECT kind, a, b, bad FROM crowd_changes")),
        "found": sorted(rows_of(server, "SELECT kind, a, b, device, threat, subject FROM crowd_findings")),
        "incidents": sorted(rows_of(server, "SELECT device, threat, subject, state FROM incidents WHERE rule LIKE '%/crowd'")),
    }


def verdicts(server, sensor):
    out = {}
    for n, network in enumerate(NETWORKS):
        for bssid in points(n) + [twin(n), None]:
            status, answer = sensor.verdict(server, network, bssid)
            out[network, bssid] = (status, answer["verdict"], answer.get("log_odds"), tuple(answer["why"]))
    return out


def chances(server, cookie, sensors):
    """What will probably happen to everybody, computed while it is asked."""
    ask = Client(server, cookie=cookie)
    got = [ask.get(f"/devices/{s.id}/risk").json["foresight"] for s in sensors]
    return [(g["p7"], g["p30"], g["outlook"], tuple(r["reason"] for r in g["reasons"])) for g in got]


def near(a, b):
    """The odds fade with time, and both were not asked in the same second."""
    return (a is None) == (b is None) and (a is None or abs(a - b) < 0.02)


def judge(calm, killed):
    status = {name: {k: v for k, v in metrics(s).items() if k.startswith("picket_crowd")} for name, s in
              (("calm", calm), ("killed", killed))}
    for key in ("picket_crowd_things", "picket_crowd_suspects", "picket_crowd_bad"):
        check(f"{key}: equal", status["calm"][key] == status["killed"][key], status)
    return status["calm"]["picket_crowd_bad"], status["calm"]["picket_crowd_things"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print(f"seed {args.seed}")

    calm = Server(SETTINGS)
    killed = None
    try:
        calm.start()
        link = Client(calm).post("/session", {"token": calm.signin_token()})
        cookie = link.headers["set-cookie"].split(";")[0].split("=")[1]
        person = Client(calm, cookie=cookie)
        token = person.post("/enrollments", {"uses": DEVICES}).json["token"]
        sensors = [Sensor(calm, token, f"sensor{i}") for i in range(DEVICES)]
        calm.stop()
        make_old(calm)
        killed = twin_server(calm)
        calm.start()
        killed.start()
        killer = Killer(killed, args.kills, random.Random(args.seed + 1))
        killer.start()
        work = plan(rng, args.rounds)
        for device, network, rows in work:
            text = sensors[device].text(network, rows, time.time())
            sensors[device].post(calm, text)
            sensors[device].post(killed, text)
        killer.ends.set()
        killer.join(60)
        check("it was killed", killer.done >= min(3, args.kills), killer.done)
        check("the calm one has taken everything", taken(calm))
        check("the killed one has taken everything", taken(killed))
        bad, things = judge(calm, killed)
        check("there is something to be equal in", bad > 0 and things > 0, (bad, things))
        one, two = verdicts(calm, sensors[0]), verdicts(killed, sensors[0])
        differ = {k: (one[k], two[k]) for k in one if one[k][:2] != two[k][:2] or not near(one[k][2], two[k][2])}
        check(f"all {len(one)} verdicts are equal", not differ, differ)
        one, two = chances(calm, cookie, sensors), chances(killed, cookie, sensors)
        differ = [(a, b) for a, b in zip(one, two) if a[2:] != b[2:] or abs(a[0] - b[0]) > 0.002 * a[0] or abs(a[1] - b[1]) > 0.002 * a[1]]
        check("all predictions are equal, with their reasons", not differ and all(a[0] > 0 for a in one), differ[:2] or one[:2])
        calm.stop()
        killed.stop()
        mine, other = conclusions(calm), conclusions(killed)
        for what in mine:
            check(f"{what}: equal", mine[what] == other[what], (len(mine[what]), len(other[what]), mine[what][:3], other[what][:3]))
        print(f"{len(work)} reports, {killer.done} kills, {int(bad)} bad, {len(mine['found'])} findings, "
              f"{len(mine['changes'])} changes")
    finally:
        calm.close()
        if killed is not None:
            killed.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
