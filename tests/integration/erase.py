#!/usr/bin/env python3
"""A person's own: what is held about a device is handed out whole, and erased so that neither its id nor anything that
was planted is found again in any byte of the database, the journal or their logs. A real picketd and devices that speak the
protocol; a kill in the middle is taken up again."""

import json
import os
import re
import signal
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
CAFE, HOME, OFFICE = (f"net-{n:016x}" for n in (0xCAFE, 0x40ED, 0x0FF1CE))
# Values that nobody else has: each travels in another kind of observation.
CANARIES = {
    "name": "annas-canary-phone",
    "model": "Canary Model Kq71",
    "kernel": "6.1.0-kq72canary",
    "app": "com.canary.kq73",
    "label": "Canary Label Kq74",
    "host": "kq75-canary.example",
    "bssid": "02:4b:71:76:00:01",
    "gateway": "02:4b:71:77:00:01",
    "portal": "kq78-canary.example",
}


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
        made = {role: person.post("/tokens", {"name": role, "role": role}).json["token"]
                for role in ("viewer", "responder", "admin")}
        self.viewer, self.responder, self.admin = (Client(self.server, token=made[r]) for r in ("viewer", "responder", "admin"))
        self.link = self.admin.post("/enrollments", {"uses": 100}).json["token"]

    def phone(self, name):
        return Phone(self.server, self.link, name)

    def settled(self):
        wait_for(lambda: self.viewer.get("/health").json["journal"]["lag"] == 0)

    def holds(self, *needles):
        """Which of these stand in which file of the state folder."""
        found = []
        for file in sorted((self.server.dir / "state").rglob("*")):
            if file.is_file():
                data = file.read_bytes()
                found += [(file.name, n) for n in needles if n.encode() in data]
        return found

    def close(self):
        self.server.close()


def seq(n, kind, body, on=None):
    return (kind, body, on)


def live(w, p, canaries):
    """A life: posture, apps, networks, an attack that an administrator dismisses, looks."""
    network = {"event": "joined", "link": "wifi", "security": "wpa2", "bssid": canaries["bssid"], "gateway": "192.168.7.1",
               "gateway_mac": canaries["gateway"], "dns": ["192.168.7.1"]}
    rows = [
        ("posture", {"platform": "android", "model": canaries["model"], "os_name": "Android", "os_version": "14",
                     "kernel": canaries["kernel"]}, None),
        everything(item(canaries["app"], canaries["app"].encode(), label=canaries["label"])),
        ("network", network, HOME),
        ("network", {**network, "bssid": "02:00:5e:10:00:09", "gateway_mac": "02:77:00:00:00:09"}, OFFICE),
        ("portal", {"state": "captive", "host": canaries["portal"]}, HOME),
        ("gateway", {"address": "192.168.7.1", "mac": "02:77:00:00:00:66", "mac_before": canaries["gateway"],
                     "mac_rival": "02:77:00:00:00:66", "probes": 3, "old_answers": 3, "rival_claims": 3, "unasked_claims": 3}, HOME),
    ]
    for row in rows:
        status, answer = p.report(row)
        check(f"report of {row[0]} is taken", status == 200, answer)
    w.settled()


def test_export(w, anna, ben):
    other = w.viewer.get(f"/devices/{anna.id}")
    check("a viewer looks", other.status == 200, other)
    for who, client in (("viewer", w.viewer), ("responder", w.responder)):
        check(f"a {who} is not handed it", client.get(f"/devices/{anna.id}/export").status == 403)
    status, mine = anna.call("GET", "/v1/me/export")
    check("a device is", status == 200 and mine["format"] == "picket-export-1" and mine["device"] == anna.id, mine)
    text = json.dumps(mine)
    for what, canary in CANARIES.items():
        if what != "host":
            check(f"with its {what}", canary in text)
    tables = mine["tables"]
    check("its incident with time line", tables["incidents"] and tables["timeline"] and not tables["more"], tables["incidents"])
    check("what it sent, by day", tables["ledger_days"][0]["reports"] == 6 and tables["ledger_days"][0]["bytes"] > 0, tables["ledger_days"])
    check("its reports as they came", len(mine["reports"]) == 6 and mine["next"] is None and
          [r["observations"][0]["kind"] for r in mine["reports"]] == ["posture", "apps", "network", "network", "portal", "gateway"], mine["reports"])
    check("who looked", any(a["act"] == "device.look" for a in tables["audit"]), tables["audit"])
    check("nothing of others", ben.id not in text and "ben-phone" not in text)
    status, rest = anna.call("GET", f"/v1/me/export?after={mine['reports'][2]['offset']}")
    check("from an offset on", status == 200 and "tables" not in rest and [r["offset"] for r in rest["reports"]] ==
          [r["offset"] for r in mine["reports"][3:]], rest)
    check("wrong parameters are refused", anna.call("GET", "/v1/me/export?after=x")[0] == 400 and
          anna.call("GET", "/v1/me/export?frob=1")[0] == 400)
    got = w.admin.get(f"/devices/{anna.id}/export")
    faults = rest_support.judge("GET", "/devices/{id}/export", got)
    check("an administrator gets the same, as described", got.status == 200 and not list(faults) and
          len(got.json["reports"]) == 6, got)
    check("of nobody: 404", w.admin.get("/devices/00000000-0000-4000-8000-000000000000/export").status == 404)
    ledger = anna.ledger()
    looked = {(e["what"], e.get("role")) for e in ledger["looked"]}
    check("the person sees who exported and looked, with the role", ("device.export", "owner") in looked and
          ("device.look", "viewer") in looked, ledger["looked"])
    check("and what was sent on which day", len(ledger["days"]) == 1 and ledger["days"][0]["by_kind"]["network"] == 2 and
          ledger["days"][0]["bytes"] > 100, ledger["days"])
    check("and in numbers alone what others may be told of its networks", ledger["networks"] ==
          {"met": 2, "homes": 2, "view": 0, "exchange": 0}, ledger["networks"])


def audit_of(w, act):
    return [a for a in w.admin.get("/audit?limit=500").json["items"] if a["act"] == act]


def test_ask(w, anna):
    """The default: the person asks, an administrator decides."""
    check("nothing is asked for", anna.ledger()["erasure"] is None)
    status, said = anna.call("POST", "/v1/me/erase")
    check("the person asks", status == 202 and said["state"] == "asked", said)
    status, again = anna.call("POST", "/v1/me/erase")
    check("twice is once", status == 202 and again["id"] == said["id"], again)
    rows = w.admin.get("/erasures")
    check("administrators see it", [(r["id"], r["state"], r["device"]["name"], r["asked_by"]) for r in rows.json["items"]] ==
          [(said["id"], "asked", CANARIES["name"], "device")] and not list(rest_support.judge("GET", "/erasures", rows)), rows)
    check("others do not", w.responder.get("/erasures").status == 403 and w.responder.delete(f"/erasures/{said['id']}").status == 403 and
          w.responder.post(f"/devices/{anna.id}/erase", None).status == 403)
    check("the person sees that it waits", anna.ledger()["erasure"]["state"] == "asked")
    check("the device goes on meanwhile", anna.report(("portal", {"state": "none"}, HOME))[0] == 200)
    check("somebody says no", w.admin.delete(f"/erasures/{said['id']}").status == 204 and not w.admin.get("/erasures").json["items"])
    check("which is gone then", w.admin.delete(f"/erasures/{said['id']}").status == 404)
    status, said = anna.call("POST", "/v1/me/erase")
    check("the person asks again", status == 202 and said["state"] == "asked", said)


def gone(w, device, seconds=30):
    return wait_for(lambda: w.viewer.get(f"/devices/{device}").status == 404, seconds)


def scrubbed(w):
    return wait_for(lambda: "erasure.scrubbed" in w.server.log.read_text(), 30)


def test_erase(w, anna, ben):
    cursor = w.admin.get("/events?after=now").json["next"]
    before = w.holds(anna.id, *CANARIES.values())
    check("before, they are found", {n for _, n in before} >= {anna.id, CANARIES["name"], CANARIES["model"], CANARIES["label"],
                                                               CANARIES["bssid"]}, before)
    begun = w.admin.post(f"/devices/{anna.id}/erase", None)
    check("an administrator agrees", begun.status == 202 and begun.json["state"] == "begun" and
          not list(rest_support.judge("POST", "/devices/{id}/erase", begun)), begun)
    check("the device is refused at once", anna.call("GET", "/v1/ledger")[0] == 403 and
          anna.report(("portal", {"state": "none"}, HOME))[0] == 403)
    for _ in range(20):
        got = w.admin.get(f"/events?after={cursor}&limit=500")
        check("readers of the event stream go on all the while", got.status == 200, got)
        time.sleep(0.1)
    check("the device is gone", gone(w, anna.id))
    check("and what the files held of it", scrubbed(w), w.server.log.read_text()[-1500:])
    left = w.holds(anna.id, *CANARIES.values())
    check("no byte of it is left in any file of the state folder", not left, left)
    rows = w.admin.get("/erasures").json["items"]
    check("what stays says that somebody was erased, not who", len(rows) == 1 and rows[0]["device"] is None and
          rows[0]["state"] == "done" and rows[0]["done_at"], rows)
    acts = {a["act"]: a for a in w.admin.get("/audit?limit=500").json["items"]}
    check("the audit keeps what administrators did, without to whom", acts["device.erase"]["target"] == "" and
          acts["device.erased"]["target"] == rows[0]["id"] and acts["device.look"]["detail"] in ({}, None), acts)
    check("its home is gone, the office has one device less", w.viewer.get("/networks/" + HOME).status == 404 and
          ben.ledger()["networks"]["met"] == 1)
    check("its app is gone", not w.viewer.get("/apps?filter=q:canary").json["items"])
    check("erasing nobody: 404", w.admin.post(f"/devices/{anna.id}/erase", None).status == 404)
    status, answer = ben.report(("portal", {"state": "none"}, OFFICE))
    check("others report as before", status == 200, answer)
    w.settled()
    check("and are worked in", ben.ledger()["days"][0]["reports"] == 2, ben.ledger())


def picket(w, *argv):
    env = dict(os.environ, PICKET_URL=f"https://localhost:{w.server.port}", PICKET_TOKEN=w.admin.token,
               PICKET_CA=str(w.server.dir / "state" / "ca.pem"))
    return subprocess.run([BIN / "picket", "device", *argv], capture_output=True, text=True, timeout=60, env=env)


def test_command_line(w):
    """More reports than an answer holds, and the same by `picket device`."""
    p = w.phone("many-reports")
    for _ in range(510):
        status, answer = p.report(("portal", {"state": "none"}, OFFICE))
        check("report is taken", status == 200, answer)
    w.settled()
    status, first = p.call("GET", "/v1/me/export")
    check("an answer holds a part and says where to go on", len(first["reports"]) == 500 and first["next"] == first["reports"][-1]["offset"],
          first["next"])
    file = w.server.dir / "export.json"
    out = picket(w, "export", p.id, str(file))
    mine = json.loads(file.read_text())
    check("the command gets all of them", out.returncode == 0 and len({r["offset"] for r in mine["reports"]}) == 510 and
          "next" not in mine, out)
    p.call("POST", "/v1/me/erase")
    out = picket(w, "erasures")
    check("who asks is listed", "many-reports" in out.stdout and "asked" in out.stdout, out)
    asked = [e["id"] for e in w.admin.get("/erasures").json["items"] if e["state"] == "asked"]
    out = picket(w, "keep", asked[0])
    check("a no", out.returncode == 0 and "asked" not in picket(w, "erasures").stdout, out)
    out = picket(w, "erase", p.id)
    check("a yes", out.returncode == 0 and gone(w, p.id), out)


def test_same_partition(w):
    """Offsets are not given again: what comes after the erased tail of a partition is worked in after a restart, too."""
    phones = [w.phone(f"same-{n}") for n in range(4)]
    doomed = phones[0]
    for p in phones:
        p.report(("portal", {"state": "none"}, OFFICE))
    doomed.report(("portal", {"state": "none"}, OFFICE))
    w.settled()
    w.admin.post(f"/devices/{doomed.id}/erase", None)
    check("erased", gone(w, doomed.id))
    w.server.stop()
    w.server.start()
    for p in phones[1:]:
        status, answer = p.report(("portal", {"state": "none"}, OFFICE))
        check("a report after the restart is taken", status == 200, answer)
    w.settled()
    counts = [p.ledger()["days"][0]["reports"] for p in phones[1:]]
    check("and has its effect", counts == [2, 2, 2], counts)


def test_kill(w):
    """kill -9 at the begin: it is taken up again."""
    for n in range(3):
        p = w.phone(f"killed-{n}-canary")
        live(w, p, {**CANARIES, "model": f"Killed Model {n}", "app": f"com.killed{n}", "label": f"Killed {n}"})
        w.admin.post(f"/devices/{p.id}/erase", None)
        time.sleep((0.0, 1.05, 1.3)[n])
        w.server.process.send_signal(signal.SIGKILL)
        w.server.process.wait()
        w.server.start()
        check("after a kill it goes on", gone(w, p.id), w.server.log.read_text()[-1500:])
        left = wait_for(lambda: not w.holds(p.id, f"Killed Model {n}", f"com.killed{n}", f"killed-{n}-canary"))
        check("and no byte is left", left, w.holds(p.id, f"Killed Model {n}", f"com.killed{n}", f"killed-{n}-canary"))


def test_alone():
    w = World("privacy:\n  employee_erase: alone\n")
    try:
        p = w.phone("alone-canary")
        live(w, p, CANARIES)
        status, said = p.call("POST", "/v1/me/erase")
        check("where the person decides alone, it begins", status == 202 and said["state"] == "begun", said)
        check("and ends", gone(w, p.id) and scrubbed(w))
        left = w.holds(p.id, "alone-canary", *CANARIES.values())
        check("with no byte left", not left, left)
    finally:
        w.close()


def main():
    w = World()
    try:
        anna, ben = w.phone(CANARIES["name"]), w.phone("ben-phone")
        live(w, anna, CANARIES)
        ben.report(("network", {"event": "joined", "link": "wifi", "security": "wpa2", "bssid": "02:00:5e:10:00:09",
                                "gateway": "192.168.7.1", "gateway_mac": "02:77:00:00:00:09", "dns": ["192.168.7.1"]}, OFFICE))
        w.settled()
        test_export(w, anna, ben)
        test_ask(w, anna)
        test_erase(w, anna, ben)
        test_command_line(w)
        test_same_partition(w)
        test_kill(w)
    finally:
        w.close()
    test_alone()
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
