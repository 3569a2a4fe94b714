#!/usr/bin/env python3
"""What will probably happen to devices, in picketd: predictions with reasons after news, where a device is as a light
within moments, nothing about devices that are too young, everything again after kill -9, nothing after erasure."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from crowd_support import (Sensor, attacked_visit, clean_visit, left, make_old, metrics, rows_of, store,  # noqa: E402
                           taken, wait_for)
from rest_support import Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
DAY = 86400
CAFE, HOME = "net-00000000000cafe1", "net-0000000000000b0b"
REAL, TWIN, HOMES = "02:00:5e:10:00:01", "02:66:6a:10:00:66", "02:00:5e:20:00:01"
UNKNOWN, LOW, RAISED, HIGH = range(4)
GREY, GREEN, AMBER, RED = range(4)
COUNT = 24  # a place speaks for itself from 20 devices on


class World:
    def __init__(self):
        self.server = Server("crowd: {checkpoint_s: 1}\n")
        self.server.start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        self.admin = Client(self.server, token=person.post("/tokens", {"name": "t", "role": "admin"}).json["token"])
        self.link = self.admin.post("/enrollments", {"uses": 100}).json["token"]
        self.sensors = [Sensor(self.server, self.link, f"sensor{i}") for i in range(COUNT)]
        self.server.stop()
        make_old(self.server)
        self.server.start()

    def row(self, sensor):
        return rows_of(self.server, f"SELECT p7, p30, outlook, zone FROM devices WHERE id = '{sensor.id}'")[0]

    def foresight(self, sensor):
        text = rows_of(self.server, f"SELECT foresight FROM device_state WHERE device = '{sensor.id}'")
        return json.loads(text[0][0]) if text and text[0][0] else None


def test_young(w):
    young = Sensor(w.server, w.link, "young")
    young.visit(w.server, CAFE, clean_visit(REAL, security="open"))
    time.sleep(2.5)
    row = w.row(young)
    check("of a device that came today nothing is predicted", row[:3] == (-1, -1, UNKNOWN), row)


def test_predicted(w):
    for ago in (6, 4, 2, 1):
        for s in w.sensors:
            s.visit(w.server, CAFE, clean_visit(REAL, security="open") + [left()], ago * DAY)
    check("all was taken", taken(w.server))
    found = wait_for(lambda: all(w.row(s)[0] > 0 for s in w.sensors), 20)
    rows = [w.row(s) for s in w.sensors]
    check("every device has its chance", found, rows)
    check("of 30 days not less than of 7", all(r[1] >= r[0] for r in rows), rows)
    check("and a band", all(r[2] in (LOW, RAISED, HIGH) for r in rows), rows)
    check("nobody is anywhere", all(r[3] == GREY for r in rows), rows)
    told = w.foresight(w.sensors[0])
    check("with reasons", told and 1 <= len(told["reasons"]) <= 5 and all(len(r["reason"]) > 10 for r in told["reasons"]), told)


def seconds_until(look, most=5):
    began = time.monotonic()
    return time.monotonic() - began if wait_for(look, most) else None


def test_zone(w):
    s = w.sensors[0]
    s.visit(w.server, CAFE, clean_visit(REAL, security="open"))
    took = seconds_until(lambda: w.row(s)[3] in (GREEN, AMBER))
    check("who joins is somewhere within two seconds", took is not None and took < 2.5, (took, w.row(s)))
    told = w.foresight(s)["zone"]
    check("the place is told with numbers", told["joins"] > 10 and told.get("attacks", 0) == 0 and "No attack" in told["why"], told)
    s.visit(w.server, CAFE, [left()])
    took = seconds_until(lambda: w.row(s)[3] == GREY)
    check("who leaves is nowhere, as soon", took is not None and took < 2.5, (took, w.row(s)))


def test_attacked(w):
    before = w.row(w.sensors[1])
    for s in w.sensors[1:6]:
        s.visit(w.server, CAFE, attacked_visit(TWIN, security="open") + [left()])
    took = seconds_until(lambda: w.row(w.sensors[1])[0] > 1.3 * before[0])
    check("who was attacked is more likely to be attacked, at once", took is not None and took < 3, (took, before, w.row(w.sensors[1])))
    told = w.foresight(w.sensors[1])
    check("and the reason is named", any("attack" in r["reason"].lower() for r in told["reasons"]), told)
    s = w.sensors[7]
    s.visit(w.server, CAFE, clean_visit(TWIN, security="open"))
    took = seconds_until(lambda: w.row(s)[3] == RED)
    check("whoever joins there is in the red", took is not None and took < 2.5, (took, w.row(s)))


def test_faces(w):
    s = w.sensors[1]
    got = w.admin.get(f"/devices/{s.id}/risk").json
    check("why: parts with what they are worth", all(p["gain"] <= p["points"] for p in got["risk"]["parts"]), got)
    check("and the chance as it is now", 0 < got["foresight"]["p7"] <= got["foresight"]["p30"] and got["foresight"]["reasons"], got)
    check("the outlook has its part in the risk", any("within 7 days" in p["reason"] for p in got["risk"]["parts"]), got)
    full = w.admin.get(f"/devices/{s.id}").json
    check("the device shows the same", full["foresight"]["outlook"] == got["foresight"]["outlook"], full["foresight"])
    red = w.admin.get("/devices?filter=zone:red").json
    check("who is in the red can be listed", [d["id"] for d in red["items"]] == [w.sensors[7].id], red)
    seen, cursor = [], ""
    while cursor is not None:
        page = w.admin.get("/devices?sort=-p7&limit=5" + cursor).json
        seen += [(d["p7"] if d["p7"] is not None else -1, d["id"]) for d in page["items"]]
        cursor = "&cursor=" + page["next_cursor"] if page["next_cursor"] else None
    check("the likeliest first, each once over all pages",
          len({i for _, i in seen}) == len(seen) == COUNT + 1 and all(a[0] >= b[0] for a, b in zip(seen, seen[1:])), seen)
    high = w.admin.get("/devices?filter=outlook:high|raised").json["items"]
    check("bands filter", {d["id"] for d in high} >= {w.sensors[i].id for i in range(1, 6)}, [d["name"] for d in high])
    cells = w.admin.get("/zones").json
    check("the place is a cell with its light", [c["place"] for c in cells["cells"]] == ["u33db"] and cells["cells"][0]["light"] != "unknown", cells)
    check("no cell names anybody", "sensor" not in str(cells))


def test_before(w):
    """Asked before joining: the chance, the light, the sentence."""
    s = w.sensors[9]
    status, bad = s.call(w.server, "GET", f"/v1/network/verdict?id={CAFE}&bssid={TWIN}&place=u33db&security=open")
    check("a bad one is red", status == 200 and bad["zone"]["standing"] == "red" and bad["zone"]["p"] > 0.02 and bad["zone"]["why"], bad)
    status, home = s.call(w.server, "GET", f"/v1/network/verdict?id={HOME}&bssid={HOMES}&place=u33db&security=wpa2")
    check("one with a password is safer", home["zone"]["p"] < bad["zone"]["p"], (home, bad))
    status, nowhere = s.call(w.server, "GET", f"/v1/network/verdict?id={HOME}")
    check("of no place nothing is said", nowhere["zone"] is None, nowhere)
    status, _ = s.call(w.server, "GET", f"/v1/network/verdict?id={HOME}&security=tin")
    check("a security that there is not is refused", status == 400, status)
    words = wait_for(lambda: [r for r in rows_of(w.server, "SELECT text FROM crowd_log") if "\nw " in "\n" + r[0]], 5)
    check("that it was warned is written down for the replay", words, words)


def live(w):
    """What is thought of everybody now, computed while it is asked."""
    return {s.id: w.admin.get(f"/devices/{s.id}/risk").json["foresight"] for s in w.sensors}


def near(a, b):
    """Counters fade while time goes by: a few seconds are nothing."""
    return abs(a["p7"] - b["p7"]) <= 0.01 * a["p7"] and abs(a["p30"] - b["p30"]) <= 0.01 * a["p30"] and \
        [r["reason"] for r in a["reasons"]] == [r["reason"] for r in b["reasons"]]


def test_killed(w):
    """kill -9 in the midst of reports: the same is thought afterwards."""
    for turn in range(3):
        for s in w.sensors[turn::3]:
            s.visit(w.server, CAFE, clean_visit(REAL, security="open") + ([left()] if turn else []))
        before = live(w) if turn == 2 and taken(w.server) else None
        w.server.process.kill()
        w.server.process.wait(10)
        w.server.start()
    check("all was taken again", taken(w.server))
    after = live(w)
    differ = {k: (before[k], after[k]) for k in before if not near(before[k], after[k])}
    check("everybody's chance and its reasons are the same", not differ, differ)
    told = wait_for(lambda: all(w.row(s)[3] != GREY for s in w.sensors[0::3]), 10)
    check("who is at the cafe is there for the store, too", told, [w.row(s) for s in w.sensors[0::3]])


def test_ignoring(w):
    """Warnings that were passed by: counted once a day, over when there is none any more."""
    s = w.sensors[10]

    def restart(sql, *args):
        w.server.stop()
        with store(w.server) as db:
            db.execute(sql, args)
            db.execute("DELETE FROM meta WHERE key = 'habits_day'")
        w.server.start()

    def mine(state):
        got = w.admin.get(f"/incidents?filter=threat:behavior.ignores_warnings,state:{state}").json["items"]
        return [i for i in got if i["device"]["id"] == s.id] if len(got) <= 1 else None
    now = int(time.time() * 1000)
    for n in range(3):
        with store(w.server) as db:
            db.execute("INSERT INTO alerts (device, incident, rule, threat, subject, level, action, told_ms, shown_ms, answer,"
                       " answered_ms, closed_ms, reminders, merged, simulated) VALUES (?, '', 'r', 'network.open_wifi', 'x', 0, 0,"
                       " ?, 0, ?, 0, ?, 0, 0, 0)", (s.id, now - (20 if n else 3) * DAY * 1000, 0 if n else 4, 0 if n else now))
    restart("UPDATE alerts SET merged = 0")
    check("three ignored or overdue warnings are a habit", wait_for(lambda: mine("open"), 10), mine("open"))
    found = w.admin.get("/incidents/" + mine("open")[0]["id"]).json
    evidence = found["evidence"]
    check("told in numbers alone", evidence.get("ignored_30_days") == 1 and evidence.get("open_14_days") == 2 and "network" not in
          json.dumps(evidence), evidence)
    restart("UPDATE alerts SET closed_ms = ?, answer = 3", now)
    check("and over when they are dealt with", wait_for(lambda: mine("resolved"), 10), w.admin.get("/incidents?limit=5").json)


def test_erased(w):
    s = w.sensors[1]
    before = metrics(w.server)["picket_foresight_devices"]
    w.admin.post(f"/devices/{s.id}/erase", None)
    gone = wait_for(lambda: metrics(w.server)["picket_foresight_devices"] == before - 1, 30)
    check("an erased device is forgotten", gone, (before, metrics(w.server)["picket_foresight_devices"]))
    w.sensors.remove(s)
    w.server.process.kill()
    w.server.process.wait(10)
    w.server.start()
    taken(w.server)
    check("also after kill -9", metrics(w.server)["picket_foresight_devices"] == before - 1)


def main():
    w = World()
    try:
        test_young(w)
        test_predicted(w)
        test_zone(w)
        test_attacked(w)
        test_faces(w)
        test_before(w)
        test_killed(w)
        test_ignoring(w)
        test_erased(w)
    finally:
        w.server.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
