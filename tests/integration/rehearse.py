#!/usr/bin/env python3
"""What a rehearsal says is what happens.

A simulated fleet lives through a week at a real picketd under the built-in policy. Two drafts are rehearsed on that week. Then
each draft is really deployed: a picketd with the same devices and the same journal of reports, and nothing concluded yet, works
the week in anew, and what it did is counted in its store: alerts, reminders, merged ones, those held back and taken back, events
for the SOC, and the hours of each measure. All numbers must be equal.

The crowd is off: its findings come beside the reports and not with them, so the moment at which they come is not the same twice.
"""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BIN, Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
DEVICES = 100
HOUR, DAY, WEEK = 3600e3, 86400e3, 7 * 86400e3

STRICT = """version: 1
name: strict
alerts: {per_week: 3, most: 6, merge_hours: 12, quiet: {from: "21:00", to: "06:30", utc_offset: "+01:00"}}
rules:
  - name: attacks
    when: {threats: ["network.*", "malware.*"], severity: medium, confidence: 0.7}
    do: [alert, siem, block_vpn]
    hold: 30m
  - name: doors
    when: {threats: ["physical.*", "vulnerability.*"], severity: low}
    do: [alert]
    after: 1h
    remind: daily
    escalate:
      - {after: 2d, do: [block_mail]}
      - {after: 4d, do: [block_access]}
  - name: hot devices
    when: {about: device, risk: high}
    do: [block_access]
    after: 10m
    hold: 2h
"""
MILD = """version: 1
name: mild
alerts: {per_week: 2, most: 4}
rules:
  - name: only what is grave
    when: {severity: high, confidence: 0.9}
    do: [alert]
    remind: weekly
  - name: tell the soc of grave things
    when: {severity: high}
    do: [siem]
  - name: doors on trial
    mode: detect
    when: {threats: ["physical.*"]}
    do: [alert, block_mail]
"""
SETTINGS = "crowd: {{enabled: false}}\nsiem: [{{name: soc, transport: udp, host: 127.0.0.1, port: {port}}}]\n"
CONCLUDED = ["timeline", "incidents", "actions", "targets", "events", "alerts", "guard", "policy_facts", "device_state",
             "device_apps", "device_inventory", "app_asks", "ledger", "ledger_days", "networks", "network_devices",
             "network_traits", "network_facts"]


def sign_in(server):
    got = Client(server).post("/session", {"token": server.signin_token()})
    return Client(server, cookie=re.search(r"__Host-picket=([0-9a-f]{64})", got.headers["set-cookie"])[1])


def wait_for_quiet(server, seconds=120):
    """Everything in the journal is worked in."""
    end = time.monotonic() + seconds
    calm = 0
    while time.monotonic() < end:
        text = Client(server).call("GET", "/metrics").body.decode()
        lag = next((float(line.split()[-1]) for line in text.splitlines() if line.startswith("picket_journal_lag")), None)
        calm = calm + 1 if lag == 0 else 0
        if calm >= 5:
            return True
        time.sleep(0.2)
    return False


def wait_for_time(server, seconds=60):
    """Nothing has fallen due that the server has not done yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        db = sqlite3.connect(server.dir / "state" / "picket.db", timeout=20)
        late = db.execute("SELECT count(*) FROM devices WHERE due_ms > 0 AND due_ms + lag_ms <= ?", (int(time.time() * 1000),)).fetchone()[0]
        db.close()
        if late == 0:
            return True
        time.sleep(0.2)
    return False


def live_a_week(server):
    link = server.command("--issue-enrollment", "--uses", str(DEVICES), "--label", "fleet")
    done = subprocess.run([BIN / "picket-fleet", "demo", "--url", link, "--devices", str(DEVICES), "--seconds", "20"],
                          capture_output=True, text=True, timeout=240)
    check("the fleet lived through its week", done.returncode == 0, done.stderr[-500:])
    print("    " + done.stdout.strip())
    check("all reports are worked in", wait_for_quiet(server))


def deploy(first, draft, name, port):
    """The same devices and the same reports, nothing concluded, and another policy."""
    server = Server(SETTINGS.format(port=port) + f'policy: "{first.dir}/{name}.yaml"\n')
    (first.dir / f"{name}.yaml").write_text(draft)
    shutil.copytree(first.dir / "state", server.dir / "state")
    with sqlite3.connect(server.dir / "state" / "picket.db") as db:
        for table in CONCLUDED:
            db.execute(f"DELETE FROM {table}")
        db.execute("UPDATE devices SET seen_ms = 0, acked_seq = 0, risk_score = 0, risk_level = 0, measures = 0, guard_ms = 0,"
                   " due_ms = 0, lag_ms = 0, outlook = 0, zone = 0, platform = 0, patch = NULL")
        db.execute("UPDATE progress SET done = 0")
    db.close()
    return server.start()


def count(server, cuts, from_ms):
    """What a server did for each device up to its cut."""
    db = sqlite3.connect(server.dir / "state" / "picket.db")
    done = {key: 0 for key in ("alerts", "silent", "reminders", "merged", "held", "closed", "siem")}
    told = {}

    def mine(device, at_ms):
        return from_ms <= at_ms <= cuts.get(device, 0)

    for device, level, at_ms, closed_ms in db.execute("SELECT device, level, told_ms, closed_ms FROM alerts"):
        if mine(device, at_ms):
            done["alerts" if level > 0 else "silent"] += 1
            if level > 0:
                told.setdefault(device, []).append(at_ms)
        done["closed"] += closed_ms > 0 and mine(device, closed_ms)
    words = {"reminded": "reminders", "merged": "merged", "held": "held"}
    for device, what, at_ms in db.execute("SELECT i.device, t.what, t.at_ms FROM timeline t JOIN incidents i ON i.id = t.incident"):
        if what in words and mine(device, at_ms):
            done[words[what]] += 1
            if what == "reminded":
                told.setdefault(device, []).append(at_ms)
    for device, at_ms in db.execute("SELECT device, created_ms FROM actions WHERE kind = 1"):
        done["siem"] += mine(device, at_ms)
    done["users_alerted"] = len(told)
    done["alerts_most_in_a_week"] = max((sum(1 for b in times if 0 <= a - b < WEEK) for times in told.values() for a in times),
                                        default=0)
    measures = {}
    begun = {}
    rows = list(db.execute("SELECT device, at_ms, detail FROM events WHERE type = 'device.measure' ORDER BY id"))
    for device, at_ms, detail in rows:
        detail = json.loads(detail)
        name = detail["measure"]
        entry = measures.setdefault(name, {"devices": set(), "begun": 0, "ms": 0, "now": 0})
        if not mine(device, at_ms):
            continue
        if detail["on"]:
            begun[device, name] = at_ms
            entry["begun"] += 1
            entry["devices"].add(device)
        else:
            entry["ms"] += at_ms - begun.pop((device, name))
    db.close()
    return done, measures, begun


def compare(name, said, server, cuts, from_ms, to_ms):
    done, measures, on = count(server, cuts, from_ms)
    print(f"    {name}: " + ", ".join(f"{key} {said[key]} = {value}" for key, value in done.items()))
    for key, value in done.items():
        check(f"{name}: {key}: said {said[key]}, happened {value}", said[key] == value)
    for measure, entry in said["measures"].items():
        real = measures.get(measure, {"devices": set(), "begun": 0, "ms": 0})
        still = [at_ms for (device, which), at_ms in on.items() if which == measure]
        hours = (real["ms"] + sum(to_ms - at_ms for at_ms in still)) / HOUR
        print(f"    {name}: {measure}: {entry['hours']:.2f} = {hours:.2f} hours, {entry['devices']} = {len(real['devices'])} devices")
        check(f"{name}: {measure}: {entry['devices']} devices, {entry['begun']} times, {entry['hours']:.2f} h, {entry['now']} still; "
              f"happened {len(real['devices'])}, {real['begun']}, {hours:.2f} h, {len(still)}",
              entry["devices"] == len(real["devices"]) and entry["begun"] == real["begun"]
              and entry["now"] == len(still) and abs(entry["hours"] - hours) < 0.001 * max(1, hours))
    check(f"{name}: something happened at all", done["alerts"] > 10, done)


def ms_of(text):
    from datetime import datetime
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def main():
    soc = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    soc.bind(("127.0.0.1", 0))
    port = soc.getsockname()[1]
    first = Server(SETTINGS.format(port=port)).start()
    servers = [first]
    try:
        live_a_week(first)
        person = sign_in(first)
        said = {}
        for name, draft in (("strict", STRICT), ("mild", MILD)):
            began = time.monotonic()
            answer = person.post("/policy/rehearse", {"text": draft, "days": 9, "compare": False})
            check(f"{name} is rehearsed ({time.monotonic() - began:.2f} s)", answer.status == 200, answer)
            said[name] = answer.json["draft"]
        in_force = person.post("/policy/rehearse", {"days": 9}).json["in_force"]
        wrong = person.post("/policy/rehearse", {"text": "version: 1\nname: x\nrules: [{name: a, when: {}, do: [wipe]}]\n"})
        check("a bad draft is refused with its line", wrong.status == 400 and ":3:" in wrong.json["detail"], wrong)
        lag = dict(sqlite3.connect(first.dir / "state" / "picket.db").execute("SELECT id, lag_ms FROM devices"))

        def cuts(rehearsal):
            return {device: ms_of(rehearsal["to"]) - ms for device, ms in lag.items()}

        # What the first server did under its own policy is what it says of it.
        check("the first server is not behind", wait_for_time(first))
        compare("in force", in_force, first, cuts(in_force), ms_of(in_force["from"]), ms_of(in_force["to"]))
        first.stop()
        for name, draft in (("strict", STRICT), ("mild", MILD)):
            server = deploy(first, draft, name, port)
            servers.append(server)
            check(f"{name}: the week is worked in anew", wait_for_quiet(server) and wait_for_time(server))
            compare(name, said[name], server, cuts(said[name]), ms_of(said[name]["from"]), ms_of(said[name]["to"]))
            server.stop()
    finally:
        for server in servers:
            server.close()
        soc.close()
    return tally.end()


if __name__ == "__main__":
    os.environ.setdefault("TZ", "UTC")
    sys.exit(main())
