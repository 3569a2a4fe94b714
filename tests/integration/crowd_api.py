#!/usr/bin/env python3
"""What people are shown of the crowd, with a real picketd and devices that speak the protocol: what is bad now, why, the map,
what a voice weighs, and that nothing is told of things that too few devices met. `picket crowd` beside it. Answers are
held against data/openapi.json."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from apps_support import Phone  # noqa: E402
import rest_support  # noqa: E402
from rest_support import BIN, Client, Server, Tally  # noqa: E402
from rest_world import is_problem, pages  # noqa: E402
import rest_world  # noqa: E402

tally = Tally()
check = tally.check
DAY = 86400
K = 5
PLACE, FAR = "u33db", "u05kq"
CAFE, QUIET, LONELY, PAIR = (f"net-{n:016x}" for n in (1, 2, 3, 4))
MORE = [f"net-{n:016x}" for n in range(0x10, 0x14)]
HOSTS = ("check-1.example", "check-2.example", "check-3.example")
TWIN = "02:66:5e:10:00:99"


def watch(method, path, answer):
    for fault in rest_support.judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


def wait_for(look, seconds=15):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


class World:
    def __init__(self, settings=""):
        self.server = Server(settings).start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        made = {role: person.post("/tokens", {"name": role, "role": role}).json["token"] for role in ("viewer", "admin")}
        self.viewer, self.admin = (Client(self.server, token=made[r]) for r in ("viewer", "admin"))
        self.phones = []

    def enrol(self, count):
        """Phones of four groups, which were enrolled two months ago: strangers weigh little."""
        links = [self.admin.post("/enrollments", {"uses": 100, "group": f"group-{n}"}).json["token"] for n in range(4)]
        for n in range(count):
            self.phones.append(Phone(self.server, links[n % 4], f"phone-{n}"))
        with sqlite3.connect(self.server.dir / "state" / "picket.db", timeout=30) as db:
            for n, phone in enumerate(self.phones):
                db.execute("UPDATE devices SET enrolled_ms = enrolled_ms - ? WHERE id = ?", ((60 + n) * DAY * 1000, phone.id))

    def get(self, path):
        return self.viewer.get(path).json

    def bad(self, query=""):
        return self.get("/crowd/bad?limit=500" + query)["items"]

    def settle(self):
        wait_for(lambda: self.get("/health")["journal"]["lag"] == 0 and self.get("/crowd")["lag"] == 0)

    def close(self):
        self.server.close()


def at(seconds_ago):
    t = time.time() - seconds_ago
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t * 1000) % 1000:03d}Z"


def send(phone, *rows):
    out = []
    for kind, body, network, ago in rows:
        phone.seq += 1
        out.append({"seq": phone.seq, "at": at(ago), "kind": kind, kind: body} | ({"on": network} if network else {}))
    status, answer = phone.call("POST", "/v1/report", json.dumps({"v": 1, "observations": out}),
                                {"Content-Type": "application/json"})
    check("report is taken", status == 200, answer)


def joined(network, bssid, place=PLACE, ago=0, **more):
    body = {"event": "joined", "link": "wifi", "security": "open", "bssid": bssid, "gateway": "192.168.77.1",
            "gateway_mac": "02:77:00:00:00:01", "dns": ["192.168.77.1"], "place": place}
    body.update(more)
    return ("network", body, network, ago)


def proven(host, network, ago=0):
    return ("tls", {"host": host, "outcome": "ok", "version": "TLSv1.3", "trust": "public", "captive": False}, network, ago)


def forged(host, network, ago=0, key="the attacker's"):
    digest = hashlib.sha256(key.encode()).hexdigest()
    leaf = {"subject": f"CN={host}", "issuer": "CN=Free WiFi Security CA", "sha256": digest, "spki_sha256": digest}
    return ("tls", {"host": host, "address": "192.0.2.80", "outcome": "untrusted", "error": "unable to get local issuer certificate",
                    "version": "TLSv1.3", "chain": [leaf], "captive": False}, network, ago)


def left(network, ago=0):
    return ("network", {"event": "left", "link": "wifi"}, network, ago)


def visit(phone, network, bssid, place=PLACE, ago=0, bad=False, **more):
    """One visit: joined, three hosts asked, left."""
    checks = [(forged if bad else proven)(host, network, ago - 5 - n) for n, host in enumerate(HOSTS)]
    send(phone, joined(network, bssid, place, ago, **more), *checks, left(network, ago - 30))


def test_empty(w):
    status = w.get("/crowd")
    check("nothing yet", status["enabled"] and status["sightings"] == 0 and status["min_devices"] == K and
          status["hidden"] == 0 and sum(status["bad"].values()) == 0, status)
    check("an empty list", w.get("/crowd/bad") == {"items": [], "next_cursor": None, "total": 0})
    check("an empty map", w.get("/crowd/map") == {"cells": [], "hidden": 0, "min_devices": K})
    got = w.get(f"/crowd/explain?network={CAFE}")
    check("nobody knows it", not got["enough"] and not got["known"] and got["opinion"] is None and got["profiles"] == [], got)


def test_normal(w):
    """A café that all know and nobody speaks against, over four days."""
    for day in (4, 3, 2, 1):
        for phone in w.phones:
            visit(phone, CAFE, "02:00:5e:10:00:01", ago=day * DAY)
    w.settle()
    status = w.get("/crowd")
    check("sightings are learnt", status["sightings"] >= 4 * len(w.phones) and status["counts"]["points"] >= 1 and
          status["counts"]["devices"] == len(w.phones) and status["newest_at"], status)
    got = w.get(f"/crowd/explain?network={CAFE}&bssid=02:00:5e:10:00:01")
    check("what is known of it", got["enough"] and got["known"] and got["thing"]["kind"] == "point" and
          got["thing"]["bssid"] == "02:00:5e:10:00:01" and not got["opinion"]["bad"], got)
    levels = {p["level"]: p for p in got["profiles"]}
    check("its profile, and the whole network's", set(levels) == {"network", "point"}, levels)
    values = {a["name"]: a["values"] for a in levels.get("point", {"attributes": []})["attributes"]}
    check("usual values in the forms that people use", values.get("gateway", [{}])[0].get("text") == "02:77:00:00:00:01" and
          values.get("resolver", [{}])[0].get("text") == "192.168.77.1" and values.get("security", [{}])[0].get("text") == "open",
          values)
    check("visits in steps", levels["point"]["visits"] in (5, 10, 20, 50), levels["point"])
    check("nothing is bad", w.bad() == [])


def test_twin(w):
    """Six devices of four groups meet a copy of the café whose certificates are forged."""
    for phone in w.phones[:6]:
        visit(phone, CAFE, TWIN, ago=3600, bad=True, gateway_mac="02:66:00:00:00:66", dns=["192.0.2.66"])
    bad = wait_for(lambda: [b for b in w.bad(f"&filter=network:{CAFE},kind:point") if b["bssid"] == TWIN])
    w.settle()
    one = (w.bad(f"&filter=network:{CAFE},kind:point") or [{}])[0]
    check("the twin is bad", bad and one["bssid"] == TWIN and one["network"] == CAFE and one["score"] > 0 and one["why"] and
          one["since_at"], one)
    check("how many is told in steps", one.get("devices") == 5, one)
    check("the cause", one.get("cause") == "interception", one)
    got = w.get(f"/crowd/explain?network={CAFE}&bssid={TWIN}")
    check("why", got["opinion"]["bad"] and got["opinion"]["reasons"] and got["opinion"]["reasons"][0]["weight"] > 0 and
          all(r["text"] for r in got["opinion"]["reasons"]), got)
    terms = {r["term"] for r in got["opinion"]["reasons"]}
    check("what was seen, beside who says so", "crowd.witnesses" in terms and any(t.startswith("network.") for t in terms), terms)
    check("voices without names", len(got["voices"]) >= K and all(v["says"] == "bad" for v in got["voices"]) and
          set(got["voices"][0]) == {"says", "strength", "trust", "attested", "at"} and got["voices"][0]["trust"] > 0, got["voices"])
    text = json.dumps(got)
    check("and no device id", not any(p.id in text for p in w.phones))
    whole = w.get(f"/crowd/explain?network={CAFE}")
    check("a network is as bad as the worst of it", whole["opinion"]["bad"] and whole["thing"]["bssid"] == TWIN, whole)
    good = w.get(f"/crowd/explain?network={CAFE}&bssid=02:00:5e:10:00:01")
    check("the real one is not", not good["opinion"]["bad"], good)


def test_k(w):
    """One device's attack is counted, a pair's beyond doubt is only named."""
    visit(w.phones[0], LONELY, "02:00:5e:30:00:01", FAR, ago=1800, bad=True, security="wpa2")
    w.settle()
    status = w.get("/crowd")
    got = w.get(f"/crowd/explain?network={LONELY}&bssid=02:00:5e:30:00:01")
    check("below k nothing is told", not got["enough"] and not got["known"] and got["profiles"] == [] and got["voices"] == [] and
          got["summary"].startswith("too few devices") or (got["opinion"] or {}).get("devices", 0) is None, got)
    listed = [b for b in w.bad() if b["network"] == LONELY]
    check("and it is in no list", not listed or (listed[0]["score"] is None and listed[0]["devices"] is None), listed)
    check("only counted", status["hidden"] + len(listed) >= 1, status)
    nobody = w.get("/crowd/explain?network=net-ffffffffffffffff&bssid=02:00:5e:30:00:01")
    if got["opinion"] is None:
        check("it looks like one that nobody met", all(nobody[key] == got[key] for key in got if key != "thing"), (nobody, got))
    for phone in w.phones[1:3]:
        visit(phone, PAIR, "02:00:5e:30:00:02", FAR, ago=1800, bad=True)
    w.settle()
    got = w.get(f"/crowd/explain?network={PAIR}&bssid=02:00:5e:30:00:02")
    check("beyond doubt, but few: only that it is bad", not got["enough"] and got["opinion"] and got["opinion"]["bad"] and
          got["opinion"]["score"] is None and got["opinion"]["devices"] is None and got["opinion"]["since_at"] is None and
          got["opinion"]["reasons"] == [] and got["profiles"] == [] and got["voices"] == [], got)
    bare = [b for b in w.bad(f"&filter=network:{PAIR}") if b["kind"] == "point"]
    check("listed bare", bare and bare[0]["score"] is None and bare[0]["since_at"] is None and bare[0]["why"] is None, bare)
    admin = w.admin.get("/crowd/bad?limit=500").json["items"]
    check("for administrators it is the same", admin == w.bad())


def test_lists(w):
    for n, network in enumerate(MORE):
        for phone in w.phones[:6]:
            visit(phone, network, f"02:00:5e:40:00:{n:02x}", ago=900, bad=True)
    wait_for(lambda: len(w.bad("&filter=kind:point")) >= 5)
    w.settle()
    whole = w.bad()
    check("the surest first", [b["score"] or 0 for b in whole] == sorted((b["score"] or 0 for b in whole), reverse=True), whole)
    for sort in ("score", "-score", "devices", "-devices", "since_at", "-since_at"):
        items, total = pages(w.viewer, f"/crowd/bad?sort={sort}", 2)
        check(f"by {sort}: pages are the whole", [i["id"] for i in items] == [i["id"] for i in w.bad(f"&sort={sort}")] and
              total == len(items) == len(whole), (total, len(items)))
    check("by kind", {b["kind"] for b in w.bad("&filter=kind:point")} == {"point"})
    check("by network", {b["network"] for b in w.bad(f"&filter=network:{MORE[0]}")} == {MORE[0]})
    check("by text", {b["network"] for b in w.bad(f"&filter=q:{MORE[1][-6:]}")} == {MORE[1]})
    check("by cause", len(w.bad("&filter=cause:interception")) >= 5 and w.bad("&filter=cause:malware") == [])
    status = w.get("/crowd")
    check("counted by kind", sum(status["bad"].values()) == len(whole), status)


def test_map(w):
    the_map = w.get("/crowd/map")
    cells = {c["place"]: c for c in the_map["cells"]}
    check("fewer than 20 devices: 40 km", PLACE[:4] in cells and PLACE not in cells, cells)
    cell = cells.get(PLACE[:4], {})
    check("its joins and attacks", cell and cell["joins"] > 0 and 0 < cell["bad"] <= cell["joins"] and cell["devices"] in (5, 10), cell)
    check("its square", cell and cell["south"] < 52.52 < cell["north"] + 0.2 and 0.1 < cell["north"] - cell["south"] < 0.4, cell)
    check("too few: only counted", FAR[:4] not in cells and the_map["hidden"] == 1, the_map)


def test_voice(w):
    phone = w.phones[0]
    got = w.get(f"/crowd/voice?device={phone.id}")
    check("what a voice weighs", got["known"] and 0 < got["weight"] <= 1 and got["device"]["name"] == "phone-0" and
          {f["name"] for f in got["factors"]} == {"attestation", "age", "record", "footprint", "life", "budget"} and
          all(f["text"] for f in got["factors"]), got)
    acts = [(e["act"], e["target"]) for e in w.admin.get("/audit?limit=500").json["items"]]
    check("asking is a look at the device", ("device.look", phone.id) in acts, acts[:5])
    is_problem("no such device", w.viewer.get("/crowd/voice?device=00000000-0000-4000-8000-000000000000"), 404, "not_found")


def test_app(w):
    """A file that six devices have: nobody speaks against it, and how many is told in steps. Of one that two have: nothing."""
    common, rare = (hashlib.sha256(name).hexdigest() for name in (b"common", b"rare"))

    def row(package, digest):
        return {"package": package, "version": "1.0", "version_code": 1, "sha256": digest, "size": 1000, "label": package[4:],
                "installer": "com.android.vending"}

    for n, phone in enumerate(w.phones[:6]):
        items = [row("com.common", common)] + ([row("com.rare", rare)] if n < 2 else [])
        send(phone, ("apps", {"event": "all", "items": items}, None, 600))
    wait_for(lambda: w.get("/crowd")["counts"]["apps"] >= 2, 5)
    w.settle()
    got = w.get(f"/crowd/explain?app={common}")
    check("a common file is told of", got["enough"] and got["thing"]["kind"] == "app" and got["thing"]["app"] == common[:16] and
          got["thing"]["name"] == "common" and not (got["opinion"] or {}).get("bad"), got)
    check("by its first digits, too", w.get(f"/crowd/explain?app={common[:16]}") == got)
    got = w.get(f"/crowd/explain?app={rare}")
    check("a rare one is not", not got["enough"] and got["thing"]["name"] is None and got["app"] is None, got)


def test_refusals(w):
    explain = "/crowd/explain"
    for path, kind, culprit in (
            ("/crowd?x=1", "unknown_key", "x"), ("/crowd/map?x=1", "unknown_key", "x"), ("/crowd/voice", "bad_request", "device"),
            ("/crowd/voice?x=1", "unknown_key", "x"), (explain, "bad_request", "network"), (explain + "?x=1", "unknown_key", "x"),
            (explain + "?network=cafe", "bad_request", "network"), (explain + f"?network={CAFE}&bssid=xx", "bad_request", "bssid"),
            (explain + f"?network={CAFE}&place=a", "bad_request", "place"), (explain + "?bssid=" + TWIN, "bad_request", "network"),
            (explain + f"?network={CAFE}&app=00", "bad_request", "network"),
            (explain + f"?network={CAFE}&bssid={TWIN}&place={PLACE}", "bad_request", "place"),
            (explain + "?app=0123", "bad_request", "app"), (explain + "?signer=" + "g" * 64, "bad_request", "signer"),
            (explain + "?mast=26201:1", "bad_request", "place"), (explain + f"?mast=26201&place={PLACE}", "bad_request", "mast"),
            (explain + f"?mast=26201:99999999999&place={PLACE}", "bad_request", "mast"),
            (explain + f"?mast=26201:-1&place={PLACE}", "bad_request", "mast"),
            (explain + f"?mast=26201:12x&place={PLACE}", "bad_request", "mast"),
            ("/crowd/bad?filter=color:red", "unknown_key", "filter.color"), ("/crowd/bad?filter=kind:cat", "bad_request", "filter.kind"),
            ("/crowd/bad?sort=color", "bad_request", "sort"), ("/crowd/bad?limit=0", "bad_request", "limit"),
            ("/crowd/bad?cursor=zz", "bad_request", "cursor"), ("/crowd/bad?cursor=" + "f" * 50, "bad_request", "cursor")):
        is_problem(path, w.viewer.get(path), 400, kind, culprit)
    nobody = Client(w.server)
    for path in ("/crowd", "/crowd/bad", "/crowd/map", f"/crowd/explain?network={CAFE}", f"/crowd/voice?device={w.phones[0].id}"):
        is_problem(f"{path} as nobody", nobody.get(path), 401, "unauthorized")
        is_problem(f"{path} changes nothing", w.admin.post(path, {}), 405, "method")
    for query in (f"mast=26201:1&place={PLACE}", "app=" + "1" * 64, "app=0000000000000001", "signer=" + "1" * 64,
                  f"network={CAFE}&place={PLACE}"):
        check(f"explain {query}", w.viewer.get(f"{explain}?{query}").status == 200)


def test_command_line(w):
    env = dict(os.environ, PICKET_URL=f"https://localhost:{w.server.port}", PICKET_TOKEN=w.viewer.token,
               PICKET_CA=str(w.server.dir / "state" / "ca.pem"))

    def run(*argv):
        return subprocess.run([BIN / "picket", "crowd", *argv], capture_output=True, text=True, env=env, timeout=30)

    got = run("status")
    check("status", got.returncode == 0 and "sightings" in got.stdout, got)
    check("status as JSON", json.loads(run("status", "--json").stdout)["enabled"] is True)
    got = run("show", "--filter", "kind:point")
    check("what is bad", got.returncode == 0 and TWIN in got.stdout and got.stdout.startswith("KIND"), got)
    check("as JSON", {b["kind"] for b in json.loads(run("show", "--json", "--all").stdout)["items"]} >= {"point"})
    got = run("explain", "--network", CAFE, "--bssid", TWIN)
    check("the twin, explained: status 1", got.returncode == 1 and "bad now" in got.stdout and "+" in got.stdout and
          ("forged" in got.stdout or "check host" in got.stdout) and "Voices" in got.stdout, got)
    got = run("explain", "--network", CAFE, "--bssid", "02:00:5e:10:00:01")
    check("the real one: status 0", got.returncode == 0 and "bad now" not in got.stdout, got)
    got = run("explain", "--network", CAFE, "--bssid", TWIN, "--json")
    check("explained as JSON", got.returncode == 1 and json.loads(got.stdout)["opinion"]["bad"] is True, got)
    check("not known: status 0", run("explain", "--network", "net-ffffffffffffffff").returncode == 0)
    got = run("explain", "--network", "cafe")
    check("what the server refuses is 3 with its words", got.returncode == 3 and "net-" in got.stderr, got)
    got = run("map")
    check("map", got.returncode == 0 and PLACE[:4] in got.stdout and "only counted" in got.stdout, got)
    got = run("voice", w.phones[0].id)
    check("voice", got.returncode == 0 and "attestation" in got.stdout, got)
    check("no such voice", run("voice", "nobody").returncode == 3)
    for argv, code in ((("--help",), 0), (("frob",), 2), ((), 2), (("voice",), 2), (("show", "--bssid", TWIN), 2),
                       (("explain", "--limit", "3"), 2)):
        got = run(*argv)
        check(f"picket crowd {' '.join(argv)} ends with {code}", got.returncode == code, got)


def test_off():
    w = World("crowd: {enabled: false}\n")
    try:
        status = w.get("/crowd")
        check("turned off", status["enabled"] is False and status["sightings"] == 0, status)
        check("and knows nothing", w.bad() == [] and w.get("/crowd/map")["cells"] == [] and
              not w.get(f"/crowd/explain?network={CAFE}")["known"])
    finally:
        w.close()


def main():
    Client.watch = watch
    rest_world.check = check
    w = World()
    try:
        test_empty(w)
        w.enrol(12)
        for test in (test_normal, test_twin, test_k, test_lists, test_map, test_voice, test_app, test_refusals, test_command_line):
            test(w)
    except Exception:
        print(w.server.log.read_text()[-3000:])
        raise
    finally:
        w.close()
    test_off()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
