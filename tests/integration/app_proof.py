#!/usr/bin/env python3
"""How common an app is, and what that says of it, with a real picketd and devices that speak the protocol: exact
numbers in the API, a repackaged copy found by the signers of the others, lawful copies left alone, judged again
when numbers cross, and the crowd told once of each file on each device."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import rest_support  # noqa: E402
from apps_support import Maker, Phone, changed, everything, item, sha256  # noqa: E402
from rest_support import BIN, Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
PLAY, MDM, FDROID = "com.android.vending", "com.microsoft.windowsintune.companyportal", "org.fdroid.fdroid"
A, B, C = ("a1" * 32, "b2" * 32, "c3" * 32)  # signers as devices tell them


def watch(method, path, answer):
    for fault in rest_support.judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


def wait_for(look, seconds=15):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def told(package, digest, signer, installer, **more):
    """An app of which only the inventory is known."""
    row = {"package": package, "version": "2.0", "version_code": 20, "sha256": digest, "signer": signer, "size": 1000}
    if installer is not None:
        row["installer"] = installer
    return {**row, **more}


class World:
    def __init__(self):
        self.server = Server("apps: {ask_again_s: 600}\n").start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        self.token = person.post("/tokens", {"name": "test", "role": "admin"}).json["token"]
        self.admin = Client(self.server, token=self.token)
        self.link = self.admin.post("/enrollments", {"group": "sales", "uses": 200}).json["token"]
        self.maker = Maker()
        self.phones = []

    def phone(self):
        phone = Phone(self.server, self.link, f"phone-{len(self.phones)}")
        phone.report(phone.posture(platform="android"))
        self.phones.append(phone)
        return phone

    def get(self, path):
        return self.admin.get(path).json

    def app(self, package, signer=None):
        """The app's own page, found by package and signer."""
        rows = self.get(f"/apps?filter=package:{package}" + (f",signer:{signer}" if signer else ""))["items"]
        return self.get("/apps/" + rows[0]["id"]) if rows else None

    def incidents(self, threat, state="open"):
        return self.get(f"/incidents?limit=500&filter=threat:{threat},state:{state}")["items"]

    def crowd_apps(self):
        """Sightings of apps in the crowd's log and among the words that wait, as lines."""
        lines = []
        with sqlite3.connect(f"file:{self.server.dir / 'state' / 'picket.db'}?mode=ro", uri=True) as db:
            for table in ("crowd_log", "crowd_words"):
                for (text,) in db.execute(f"SELECT text FROM {table}"):
                    lines += [line for line in text.splitlines() if line.startswith("a ")]
        return lines


def test_common(w):
    """24 phones have the shop from the store; one of each also has something of its own."""
    shop = sha256(b"shop")
    for n in range(24):
        phone = w.phone()
        own = told(f"com.example.own{n}", sha256(b"own%d" % n), sha256(b"key%d" % n), "")
        phone.report(everything(told("com.example.shop", shop, A, PLAY), own))
    app = wait_for(lambda: (a := w.app("com.example.shop", A)) and a["devices"] == 24 and a)
    proof = app["proof"]
    check("devices of the fleet", proof["fleet"] == 24 and proof["devices"] == 24 and proof["share"] == 1, proof)
    check("where from", proof["sources"] == [{"source": "play", "copies": 24}], proof["sources"])
    check("one signer", proof["same_signer"] is True and proof["other_signers"] == 0 and len(proof["signers"]) == 1, proof)
    one = proof["signers"][0]
    check("with its numbers", one["signer"] == A and one["own"] and one["devices"] == 24 and one["from_store"] == 24
          and one["by_hand"] == 0, one)
    check("how new", proof["devices_7d"] == 24 and any("New" in s for s in proof["summary"]), proof["summary"])
    check("its version", [(v["sha256"], v["devices"]) for v in proof["versions"]] == [(shop, 24)], proof["versions"])
    check("in sentences", "Every installation of this package has the same signer" in proof["summary"], proof["summary"])
    check("an app that nobody else has is nobody's copy", w.incidents("malware.repackaged") == [],
          w.incidents("malware.repackaged"))
    alone = w.app("com.example.own3")["proof"]
    check("and says so", alone["devices"] == 1 and "Nobody else has this package" in alone["summary"], alone)


def test_repackaged(w):
    """The same package by another key, put on by hand."""
    copy = sha256(b"shop, repackaged")
    victim = w.phones[0]
    victim.report(changed(told("com.example.shop", copy, B, "", label="Shop")))
    found = wait_for(lambda: w.incidents("malware.repackaged"))
    check("one incident, on that phone", found and len(found) == 1 and found[0]["device"]["id"] == victim.id, found)
    full = w.get("/incidents/" + found[0]["id"])
    check("by the numbers", full["rule"] == "signer/rare"
          and any(f"Signed by another key than {n} other installations of it: com.example.shop is on {n} of 24 devices" in
                  full["evidence"]["seen"] for n in (23, 24)), full["evidence"])
    app = w.app("com.example.shop", B)
    check("its page", app["verdict"] == "suspicious" and app["proof"]["same_signer"] is False
          and app["proof"]["other_signers"] == 23, app["proof"])
    check("both signers, most common first", [(s["signer"], s["devices"], s["own"]) for s in app["proof"]["signers"]]
          == [(A, 23, False), (B, 1, True)], app["proof"]["signers"])
    check("in words", "Signed by another key than 23 other installations of this package" in app["proof"]["summary"],
          app["proof"]["summary"])
    real = w.app("com.example.shop", A)
    check("the real one stays clean", real["verdict"] in ("unknown", "clean"), real["verdict"])
    victim.report(changed(told("com.example.shop", sha256(b"shop"), A, PLAY)))
    check("back to the real one: resolved", wait_for(lambda: w.incidents("malware.repackaged", "resolved")),
          w.incidents("malware.repackaged"))


def test_lawful(w):
    before = len(w.incidents("malware.repackaged"))
    # F-Droid builds and signs it again.
    w.phones[1].report(changed(told("com.example.shop", sha256(b"shop fdroid"), C, FDROID)))
    # A beta by the maker, put on by hand.
    w.phones[2].report(changed(told("com.example.shop", sha256(b"shop beta"), A, "", version_code=21)))
    # The organisation's own app, and a developer's build of it.
    for phone in w.phones[3:15]:
        phone.report(changed(told("com.corp.inhouse", sha256(b"inhouse"), A, MDM)))
    w.phones[15].report(changed(told("com.corp.inhouse", sha256(b"inhouse debug"), B, "")))
    # It came with the system of another maker.
    w.phones[16].report(changed(told("com.example.shop", sha256(b"shop oem"), "d4" * 32, None, system=True)))
    wait_for(lambda: (a := w.app("com.corp.inhouse", B)) and a["devices"] == 1)
    time.sleep(0.5)
    check("lawful copies are left alone", len(w.incidents("malware.repackaged")) == before, w.incidents("malware.repackaged"))
    inhouse = w.app("com.corp.inhouse", A)["proof"]
    check("device management is told", inhouse["sources"] == [{"source": "mdm", "copies": 12}]
          and any("Device management" in s for s in inhouse["summary"]), inhouse)
    beta = w.app("com.example.shop", A)["proof"]
    check("the beta is one of two versions", len(beta["versions"]) == 2 and {s["source"] for s in beta["sources"]}
          == {"play", "sideload"}, beta)


def test_numbers_cross(w):
    """The copy is there first; when enough others have the real one, it is judged again."""
    w.phones[0].report(changed(told("com.example.late", sha256(b"late copy"), B, "", label="Late")))
    wait_for(lambda: w.app("com.example.late", B))
    for phone in w.phones[1:20]:
        phone.report(changed(told("com.example.late", sha256(b"late"), A, PLAY)))
    wait_for(lambda: (a := w.app("com.example.late", A)) and a["devices"] == 19)
    time.sleep(0.5)
    names = [i["subject"] for i in w.incidents("malware.repackaged")]
    check("19 others: not yet", "Late" not in names, names)
    w.phones[20].report(changed(told("com.example.late", sha256(b"late"), A, PLAY)))
    check("20 others: found, on who has it",
          wait_for(lambda: [i for i in w.incidents("malware.repackaged")
                            if i["subject"] == "Late" and i["device"]["id"] == w.phones[0].id]),
          w.incidents("malware.repackaged"))


def test_crowd_hears_once(w):
    digest = sha256(b"heard")[:16]
    phone = w.phones[21]
    seen = lambda: [l for l in w.crowd_apps() if l.split()[5] == digest]  # noqa: E731
    phone.report(changed(told("com.example.heard", sha256(b"heard"), A, PLAY)))
    lines = wait_for(seen)
    check("the crowd is told", lines and len(lines) == 1, lines)
    check("numbers alone, but for the device's id", lines and lines[0].split()[1] == phone.id
          and "example" not in lines[0] and lines[0].split()[9:] == ["0", "0"], lines)
    for _ in range(3):
        phone.report(changed(told("com.example.heard", sha256(b"heard"), A, PLAY)))
    phone.report(changed(told("com.example.heard", sha256(b"heard"), A, PLAY, label="Heard")))
    phone.report(changed(removed=["com.example.heard"]))
    phone.report(changed(told("com.example.heard", sha256(b"heard"), A, PLAY)))
    time.sleep(1)
    check("once, however often it is listed", len(seen()) == 1, seen())
    w.phones[22].report(changed(told("com.example.heard", sha256(b"heard"), A, "")))
    check("and of another device", wait_for(lambda: len(seen()) == 2), seen())
    crowd = wait_for(lambda: w.app("com.example.shop", A)["proof"]["crowd"])
    check("what the crowd knows is shown", crowd and crowd["known"]["signer_main"]
          and crowd["known"]["signer_share"] > 0.8 and crowd["known"]["first_seen_at"], crowd)
    few = w.app("com.example.heard")["proof"]["crowd"]
    check("and not below five", few is None or few["known"]["devices"] is None, few)


def test_crowd_learns_more(w):
    """A report that comes later is told, so that the crowd knows signer, permissions and risk."""
    data = w.maker.apk("com.example.read", "Read", salt=b"read")
    digest = sha256(data)[:16]
    phone = w.phones[23]
    phone.report(changed(item("com.example.read", data, installer="")))
    seen = lambda: [l.split() for l in w.crowd_apps() if l.split()[5] == digest]  # noqa: E731
    check("told before anybody has read it", wait_for(lambda: [l for l in seen() if set(l[6] + l[7]) == {"0"}]), seen())
    command = phone.next_command("send_app")
    while command and command["sha256"] != sha256(data):
        command = phone.next_command("send_app")
    if not command:
        w.admin.call("POST", rest_support.BASE + "/app-files?name=read.apk", raw=data,
                     headers={"Content-Type": "application/octet-stream"})
    else:
        phone.send(data)
    again = wait_for(lambda: [l for l in seen() if set(l[6]) != {"0"}], 30)
    check("and again with its signer and what it may (READ_SMS)", again and len(seen()) == 2
          and again[0][6] == w.maker.keys[0].sha256[:16] and int(again[0][7], 16) == 1 << 24, seen())


def test_shown(w):
    app = w.app("com.example.shop", B) or w.app("com.example.late", B)
    env = {**os.environ, "PICKET_URL": f"https://localhost:{w.server.port}", "PICKET_TOKEN": w.token,
           "PICKET_CA": str(w.server.dir / "state" / "ca.pem")}
    got = subprocess.run([BIN / "picket", "app", "show", app["id"]], capture_output=True, text=True, timeout=30, env=env)
    check("picket app show prints it", got.returncode == 0 and "Signed by another key than" in got.stdout
          and "other_signers" in got.stdout, got.stdout + got.stderr)


def main():
    Client.watch = watch
    w = World()
    try:
        test_common(w)
        test_repackaged(w)
        test_lawful(w)
        test_numbers_cross(w)
        test_crowd_hears_once(w)
        test_crowd_learns_more(w)
        test_shown(w)
    except Exception:
        print(w.server.log.read_text()[-3000:])
        raise
    finally:
        w.server.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
