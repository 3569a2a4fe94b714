#!/usr/bin/env python3
"""Fills the SQLite store of a stopped picketd with a fleet that has lived for 90 days.

    console_fill.py STORE.db [DEVICES]

Written straight into the tables: what is measured is how a large store is read, not how it came to be.
"""
import json
import random
import sqlite3
import sys
import time
import uuid

DAY = 86_400_000
THREATS = [("network.arp_spoof", 0, 3), ("physical.no_encryption", 2, 2), ("physical.no_passcode", 2, 3),
           ("vulnerability.os_outdated", 3, 2), ("malware.sideloaded", 1, 1), ("network.open_wifi", 0, 1),
           ("network.tls_untrusted_ca", 0, 4)]


def columns(db, table):
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def insert(db, table, rows):
    names = list(rows[0])
    missing = [n for n in names if n not in columns(db, table)]
    assert not missing, f"{table} has no {missing}"
    marks = ", ".join("?" * len(names))
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [tuple(r[n] for n in names) for r in rows])


def main():
    db = sqlite3.connect(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    rng = random.Random(7)
    now = int(time.time() * 1000)
    devices, states, incidents, alerts = [], [], [], []
    for n in range(count):
        id_ = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        found = [rng.choice(THREATS) for _ in range(rng.choices((0, 1, 2, 4), (60, 25, 10, 5))[0])]
        parts, worst = [], 0
        for threat, vector, severity in found:
            opened = now - rng.randrange(90 * DAY)
            is_open = rng.random() < .4
            ended = 0 if is_open else min(now, opened + rng.randrange(6 * DAY))
            inc = str(uuid.UUID(int=rng.getrandbits(128), version=4))
            incidents.append(dict(id=inc, device=id_, threat=threat, vector=vector, subject=f"s{len(incidents)}", state=0 if is_open else 2,
                                  severity=severity, confidence=.9, hits=1, opened_ms=opened, updated_ms=ended or opened, ended_ms=ended, rule="bench", evidence=None,
                                  reason=None))
            alerts.append(dict(device=id_, incident=inc, rule="default", threat=threat, subject="", level=2, action=0, told_ms=opened,
                               shown_ms=opened, answer=3, answered_ms=opened, closed_ms=ended, reminders=0, merged=0, simulated=0))
            if is_open:
                worst = max(worst, severity)
                parts.append(dict(vector="network", points=18.0 * severity, reason=f"{threat} is open (seen once, 90 % sure)", incident=inc,
                                  lowers="End it."))
        level = (0, 0, 1, 2, 3)[worst]
        score = (5, 10, 35, 60, 90)[worst]
        seen = rng.choices((0, now - rng.randrange(6 * DAY), now - (8 + rng.randrange(60)) * DAY), (2, 90, 8))[0]
        patch = time.strftime("%Y-%m-%d", time.gmtime((now - rng.randrange(300) * DAY) / 1000))
        p7 = rng.betavariate(1, 60)
        devices.append(dict(id=id_, name=f"phone-{n:05d}", grp=f"group {n % 12}", platform=1 + n % 2, model="Bench Phone", os_name="Android",
                            os_version="15", kernel="6.1", patch=patch, agent="0.1.0", enrolled_ms=now - rng.randrange(30, 120) * DAY,
                            seen_ms=seen, acked_seq=1, risk_score=score, risk_level=level, cert_serial=f"{n:040x}", cert_serial_old=None,
                            cert_not_after_ms=now + 60 * DAY, cert_overlap_ms=0, revoked_ms=now if n % 100 == 0 else 0, revoked_by=None,
                            revoked_why=None, p7=p7, p30=min(1, 4 * p7), outlook=3 if p7 > .05 else 2 if p7 > .02 else 1))
        states.append(dict(device=id_, risk=json.dumps(dict(score=score, level="low", at="2026-01-01T00:00:00.000Z", parts=parts[:5])),
                           posture=json.dumps(dict(screen_lock=True, disk_encrypted=True, at="2026-01-01T00:00:00.000Z")), network=None))
    days = []
    for back in range(1, 91):
        body = dict(devices=count, active=count - 900, open=2500 + back * 3, opened=60, closed=63, risky=900 + back, alerts=60, patch_days=140,
                    score=70 - back // 10, estimated=False)
        days.append(dict(day=now // DAY - back, grp="", body=json.dumps(body)))
    with db:
        for table, rows in (("devices", devices), ("device_state", states), ("incidents", incidents), ("alerts", alerts), ("trend_days", days)):
            insert(db, table, rows)
    db.execute("ANALYZE")
    print(f"{count} devices, {len(incidents)} incidents, {sum(i['state'] == 0 for i in incidents)} of them open")


main()
