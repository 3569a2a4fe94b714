#!/usr/bin/env python3
"""How long things are kept: rows are made by real reports and calls, dated back while picketd is down, and gone or still there
after its next start, class by class. What is open, waiting or not worked in yet stays, however old it is."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from apps_support import Phone, everything, item  # noqa: E402
import rest_support  # noqa: E402
from rest_support import BIN, Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
DAY = 86400 * 1000
OFFICE, CAFE = "net-00000000000000aa", "net-00000000000000bb"


def wait_for(look, seconds=20):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


class World:
    def __init__(self, settings=""):
        self.server = Server("crowd: {checkpoint_s: 1}\n" + settings)
        self.server.start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        made = {role: person.post("/tokens", {"name": role, "role": role}).json["token"] for role in ("viewer", "admin")}
        self.viewer, self.admin = (Client(self.server, token=made[r]) for r in ("viewer", "admin"))
        self.link = self.admin.post("/enrollments", {"uses": 100}).json["token"]

    def phone(self, name):
        return Phone(self.server, self.link, name)

    def settled(self):
        wait_for(lambda: self.viewer.get("/health").json["journal"]["lag"] == 0)

    def db(self, name="picket"):
        return sqlite3.connect(self.server.dir / "state" / f"{name}.db")

    def change(self, *statements, name="picket"):
        """While picketd is down."""
        with self.db(name) as db:
            for sql in statements:
                db.execute(sql)
        db.close()

    def count(self, sql, name="picket"):
        db = self.db(name)
        try:
            return db.execute(sql).fetchone()[0]
        finally:
            db.close()

    def again(self, *statements, name="picket"):
        """Dates rows back and starts anew; ends when a purge has had its time."""
        self.server.stop()
        self.change(*statements, name=name)
        self.server.start()

    def close(self):
        self.server.close()


def attack(p, network, on=True):
    body = {"address": "192.168.7.1", "mac": "02:77:00:00:00:66", "mac_before": "02:77:00:00:00:01"}
    if on:
        body.update(mac_rival="02:77:00:00:00:66", probes=3, old_answers=3, rival_claims=3, unasked_claims=3)
    else:
        body.update(mac="02:77:00:00:00:01")
    status, answer = p.report(("network", {"event": "joined", "link": "wifi", "security": "wpa2", "bssid": "02:00:5e:10:00:01",
                                           "gateway": "192.168.7.1", "gateway_mac": "02:77:00:00:00:01", "dns": ["192.168.7.1"]}, network),
                              ("gateway", body, network))
    check("report is taken", status == 200, answer)


def ago(days):
    return int(time.time() * 1000) - days * DAY


def stays(w, sql, seconds=1.5):
    """It stands still for as long as a purge needs."""
    time.sleep(seconds)
    return w.count(sql)


def test_incidents(w):
    p, q = w.phone("one"), w.phone("two")
    attack(p, OFFICE)
    attack(q, CAFE)
    w.settled()
    attack(q, CAFE, on=False)  # it is over there
    wait_for(lambda: w.viewer.get("/incidents?filter=state:resolved").json["total"] == 1)
    old = ago(401)
    every = f"UPDATE incidents SET opened_ms = {old}, updated_ms = {old}, ended_ms = CASE WHEN ended_ms > 0 THEN {old} ELSE 0 END"
    # Its alert still waits for the device: the incident is not over for everybody. (What nobody fetched is taken
    # back when it is over; an alert that was on its way then is as good as this.)
    w.again(every, f"UPDATE actions SET created_ms = {old}, state = 0 WHERE kind = 0")
    check("an old incident whose alert nobody fetched stays, and so does an open one", stays(w, "SELECT count(*) FROM incidents") == 2)
    check("the alerts stay, too", w.count("SELECT count(*) FROM actions WHERE state = 0") >= 2)
    for phone in (p, q):
        while commands := phone.wait(1):
            phone.wait_seen([c["id"] for c in commands])
    w.again(every)
    check("when it was told the resolved one goes, with its time line", wait_for(lambda: w.count("SELECT count(*) FROM incidents") == 1) and
          w.count("SELECT count(*) FROM timeline WHERE incident NOT IN (SELECT id FROM incidents)") == 0)
    left = w.viewer.get("/incidents").json["items"]
    check("the open one stays for ever", [i["state"] for i in left] == ["open"], left)
    check("and is still an incident that ends", attack(p, OFFICE, on=False) is None and
          wait_for(lambda: w.viewer.get("/incidents").json["items"][0]["state"] == "resolved"))
    w.again(f"UPDATE incidents SET ended_ms = {ago(399)}, updated_ms = {ago(399)}, opened_ms = {ago(399)}")
    check("a day before its time nothing goes", stays(w, "SELECT count(*) FROM incidents") == 1)


def test_actions(w):
    done = w.count("SELECT count(*) FROM actions WHERE state <> 0")
    check("alerts were delivered", done > 0, done)
    w.again(f"UPDATE actions SET done_ms = {ago(91)} WHERE state <> 0")
    check("old delivered alerts go", wait_for(lambda: w.count("SELECT count(*) FROM actions WHERE state <> 0") == 0))


def test_events(w):
    newest = w.count("SELECT max(id) FROM events")
    w.again(f"UPDATE events SET at_ms = {ago(91)} WHERE id <= {newest // 2}")
    check("old events go", wait_for(lambda: w.count("SELECT min(id) FROM events") == newest // 2 + 1))
    check("from the begin: what there is", w.admin.get("/events?after=0&limit=1").json["items"][0]["id"] == str(newest // 2 + 1),
          w.admin.get("/events?after=0&limit=1"))
    check("who has read up to there goes on", w.admin.get(f"/events?after={newest // 2}").status == 200)
    missed = w.admin.get(f"/events?after={newest // 2 - 1}")
    check("who has missed some is told so", missed.status == 400 and "age" in missed.json["detail"], missed)
    w.again(f"UPDATE events SET at_ms = {ago(91)}")
    check("all of them", wait_for(lambda: w.count(f"SELECT count(*) FROM events WHERE id <= {newest}") == 0))
    check("the stream's end is where it was", w.admin.get(f"/events?after={newest}").status == 200)


def test_audit(w):
    device = w.viewer.get("/devices").json["items"][0]["id"]
    w.viewer.get(f"/devices/{device}")
    before = w.count("SELECT count(*) FROM audit")
    w.again(f"UPDATE audit SET at_ms = {ago(401)} WHERE id < (SELECT max(id) FROM audit)",
            f"UPDATE tokens SET expires_ms = {ago(401)} WHERE kind = 2")
    check("old lines of the audit go", before > 2 and wait_for(lambda: w.count("SELECT count(*) FROM audit") == 1), before)
    check("and sessions that ended then", w.count("SELECT count(*) FROM tokens WHERE kind = 2") == 0)
    check("what is in force stays", w.viewer.get("/devices").status == 200)


def test_apps(w):
    p = w.phone("apps")
    p.report(everything(item("com.a", b"a"), item("com.b", b"b"), item("com.c", b"c")))
    p.report(everything(item("com.a", b"a")))
    w.settled()
    gone = "SELECT count(*) FROM device_apps WHERE gone_ms > 0"
    check("two are gone from the device", w.count(gone) == 2)
    w.again(f"UPDATE device_apps SET gone_ms = {ago(181)}, since_ms = {ago(500)} WHERE package = 'com.b'",
            f"UPDATE device_apps SET since_ms = {ago(500)} WHERE package = 'com.a'")
    check("the one that is gone for long is forgotten", wait_for(lambda: w.count(gone) == 1))
    check("the one that is there stays, however old", w.count("SELECT count(*) FROM device_apps WHERE package = 'com.a'") == 1)


def test_ledger(w):
    p = w.phone("ledger")
    p.report(("portal", {"state": "none"}, OFFICE))
    w.settled()
    days = p.ledger()["days"]
    check("today is there", len(days) == 1 and days[0]["reports"] == 1, days)
    w.again(f"INSERT INTO ledger_days SELECT device, day - 91, reports, bytes, agent, posture, network, gateway, dns, tls, portal, choice,"
            f" apps, lease, routers, redirect, http, proxy, wifi, cell, name, drill FROM ledger_days")
    check("a day that is too old goes", wait_for(lambda: len(p.ledger()["days"]) == 1))
    check("the sums stay", p.ledger()["reports"] == 1)


def test_journal(w):
    p = w.phone("journal")
    for _ in range(3):
        p.report(("portal", {"state": "none"}, OFFICE))
    w.settled()
    wait_for(lambda: w.count("SELECT min(done) FROM crowd_base") is not None, 5)
    rows = w.count("SELECT count(*) FROM journal", "journal")
    check("reports wait in the journal", rows > 3, rows)
    # The workers have not come so far: what is old and not worked in stays.
    w.server.stop()
    held = w.count(f"SELECT done FROM progress ORDER BY done DESC LIMIT 1")
    part = w.count(f"SELECT part FROM progress ORDER BY done DESC LIMIT 1")
    w.change(f"UPDATE journal SET received_ms = {ago(15)}", name="journal")
    log = len(w.server.log.read_text())
    w.server.start()
    check("old reports go that everyone has worked in", wait_for(
        lambda: w.count("SELECT count(*) FROM journal", "journal") == 0, 10), w.count("SELECT count(*) FROM journal", "journal"))
    status, answer = p.report(("portal", {"state": "none"}, OFFICE))
    check("the journal goes on behind them", status == 200, answer)
    w.settled()
    check("with its numbers", w.count(f"SELECT max(done) FROM progress") >= held and p.ledger()["reports"] == 4, p.ledger())
    return part, log


def test_kept_for_workers(w):
    """A consumer that stands still: its part of the journal stays, however old."""
    p = w.phone("still")
    p.report(("portal", {"state": "none"}, OFFICE))
    w.settled()
    w.server.stop()
    w.change(f"UPDATE journal SET received_ms = {ago(100)}", name="journal")
    rows = w.count("SELECT count(*) FROM journal", "journal")
    # A trigger keeps every worker from committing; the store is from a backup of before.
    w.change("UPDATE progress SET done = 0", "CREATE TRIGGER hold BEFORE UPDATE ON progress BEGIN SELECT RAISE(ABORT, 'held'); END")
    w.server.process = subprocess.Popen([BIN / "picketd", "--config", w.server.config], stdout=subprocess.DEVNULL,
                                        stderr=w.server.log.open("ab"))
    time.sleep(4)
    check("what is not worked in stays in the journal", w.server.process.poll() is None and
          w.count("SELECT count(*) FROM journal", "journal") == rows, rows)
    w.server.stop()
    w.change("DROP TRIGGER hold")
    w.server.start()
    wait_for(lambda: w.count("SELECT max(done) FROM progress") > 0)
    w.server.stop()
    w.server.start()  # it looks at its start, then once an hour
    check("until it is", wait_for(lambda: w.count("SELECT count(*) FROM journal", "journal") == 0))


def test_settings(w):
    config = w.server.dir / "check.yaml"

    def ask(text):
        config.write_text(f'state_dir: "{w.server.dir}/other"\n' + text)
        return subprocess.run([BIN / "picketd", "--config", config, "--check-config"], capture_output=True, text=True, timeout=30)

    good = ask("retention: {reports_days: 7, audit_days: 30}\nprivacy: {employee_erase: alone}\n")
    for line in ("retention.reports_days: 7  #", "retention.incidents_days: 400  #", "retention.events_days: 90  #",
                 "retention.actions_days: 90  #", "retention.audit_days: 30  #", "retention.apps_days: 180  #",
                 "retention.ledger_days: 90  #", 'privacy.employee_erase: "alone"  #', "privacy.place_devices: 20  #", "networks.keep_days: 180  #"):
        check(f"explained: {line}", line in good.stdout and good.returncode == 0, good.stdout + good.stderr)
    for text, path in (("retention: {reports_days: 0}\n", "retention.reports_days"), ("retention: {audit_days: 29}\n", "retention.audit_days"),
                       ("retention: {frob: 1}\n", "retention.frob"), ("privacy: {employee_erase: never}\n", "privacy.employee_erase")):
        bad = ask(text)
        check(f"refused: {text.strip()}", bad.returncode != 0 and path in bad.stderr, bad)


def test_many(w):
    """A long overdue purge lets reports through all the while."""
    p = w.phone("many")
    rows = ",".join(f"({ago(100)}, 'audit', '{{}}')" for _ in range(500))
    w.server.stop()
    newest = w.count("SELECT coalesce(max(id), 0) FROM events")
    w.change("DELETE FROM events", *[f"INSERT INTO events (at_ms, type, detail) VALUES {rows}" for _ in range(20)])
    w.server.start()
    slowest = 0
    end = time.monotonic() + 6
    while time.monotonic() < end:
        began = time.monotonic()
        status, answer = p.report(("portal", {"state": "none"}, OFFICE))
        slowest = max(slowest, time.monotonic() - began)
        check("a report is taken meanwhile", status == 200, answer)
        time.sleep(0.05)
    check("in good time", slowest < 1, slowest)
    left = w.count(f"SELECT count(*) FROM events WHERE id <= {newest + 10000}")
    check("the purge goes on in steps", left < 10000, left)
    check("and ends", wait_for(lambda: w.count(f"SELECT count(*) FROM events WHERE id <= {newest + 10000}") == 0, 30))
    print(f"        slowest report beside the purge of 10,000 rows: {slowest * 1000:.0f} ms")


def main():
    w = World()
    try:
        for test in (test_settings, test_incidents, test_actions, test_events, test_audit, test_apps, test_ledger, test_journal,
                     test_kept_for_workers, test_many):
            test(w)
    finally:
        w.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
