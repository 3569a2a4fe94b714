#!/usr/bin/env python3
"""Networks from a device's report to the administrators' calls and `picket network`, with a real picketd and devices that
speak the protocol, on both engines: what lists show and what is only counted, verdicts that follow incidents, the
organisation's own networks, ageing, and that a report that comes twice changes nothing. Answers are held against
data/openapi.json."""

import hashlib
import hmac
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from apps_support import Phone  # noqa: E402
import rest_support  # noqa: E402
from rest_support import BIN, ROOT, Client, Server, Tally  # noqa: E402
from rest_world import is_problem, pages  # noqa: E402
import rest_world  # noqa: E402

tally = Tally()
check = tally.check
DAY = 86400
OFFICE, CAFE, HOME, HOTEL = (f"net-{n:016x}" for n in (1, 2, 3, 4))
PLACE = "u33db"  # a square in Berlin


def watch(method, path, answer):
    for fault in rest_support.judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


def wait_for(look, seconds=15):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def network_id(key, name):
    return "net-" + hmac.new(bytes.fromhex(key), name.encode(), hashlib.sha256).hexdigest()[:16]


class World:
    def __init__(self, settings=""):
        self.policy = None
        self.server = Server(settings)
        self.policy = self.server.dir / "policy.yaml"
        self.policy.write_text("version: 1\nname: test\nrules: []\n")
        self.server.config.write_text(self.server.config.read_text() + f'policy: "{self.policy}"\n')
        self.server.start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        made = {role: person.post("/tokens", {"name": role, "role": role}).json["token"] for role in ("viewer", "admin")}
        self.viewer, self.admin = (Client(self.server, token=made[r]) for r in ("viewer", "admin"))
        self.link = self.admin.post("/enrollments", {"uses": 100}).json["token"]

    def phone(self, name):
        return Phone(self.server, self.link, name)

    def get(self, path):
        return self.viewer.get(path).json

    def ids(self, query=""):
        return {n["id"] for n in self.get("/networks?limit=500" + query)["items"]}

    def close(self):
        self.server.close()


def at(seconds_ago):
    t = time.time() - seconds_ago
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t * 1000) % 1000:03d}Z"


def send(phone, *rows):
    """Rows (kind, body, network, seconds ago); the answer of the report, which can be sent again."""
    out = []
    for kind, body, network, ago in rows:
        phone.seq += 1
        row = {"seq": phone.seq, "at": at(ago), "kind": kind, kind: body}
        if network:
            row["on"] = network
        out.append(row)
    text = json.dumps({"v": 1, "observations": out})
    status, answer = phone.call("POST", "/v1/report", text, {"Content-Type": "application/json"})
    check("report is taken", status == 200, answer)
    phone.settings = answer.get("settings", {}) if status == 200 else {}
    return text


def joined(network, place=PLACE, ago=0, **more):
    body = {"event": "joined", "link": "wifi", "security": "wpa2", "bssid": "02:00:5e:10:00:01", "gateway": "192.168.77.1",
            "gateway_mac": "02:77:00:00:00:01", "dns": ["192.168.77.1", "9.9.9.9"]}
    if place:
        body["place"] = place
    body.update(more)
    return ("network", body, network, ago)


def spoofed(network, ago=0, answers=3):
    return ("gateway", {"address": "192.168.77.1", "mac": "02:77:00:00:00:66", "mac_before": "02:77:00:00:00:01",
                        "mac_rival": "02:77:00:00:00:66", "probes": 3, "old_answers": answers, "rival_claims": answers,
                        "unasked_claims": answers}, network, ago)


def calm(network, ago=0):
    return ("gateway", {"address": "192.168.77.1", "mac": "02:77:00:00:00:01", "mac_before": "02:77:00:00:00:01"}, network, ago)


def settled(w):
    wait_for(lambda: w.get("/health")["journal"]["lag"] == 0)


def test_empty(w):
    check("nothing yet", w.get("/networks") == {"items": [], "next_cursor": None, "total": 0})
    empty = w.get("/networks/map")
    check("an empty map", empty["cells"] == [] and empty["homes"] == 0 and empty["min_devices"] == 2 and
          empty["keep_days"] == 180, empty)
    got = w.get("/trust")
    check("nothing is trusted", got["version"] == "none" and got["networks"] == [] and
          got["names"]["phishing"] == "block" and got["names"]["lookalikes"] is True, got)


def test_homes(w):
    """Two in the office; one each at home and in the café, where an attack comes."""
    w.a, w.b = w.phone("anna"), w.phone("ben")
    send(w.a, joined(OFFICE), calm(OFFICE))
    send(w.b, joined(OFFICE, bssid="02:00:5e:10:00:02"), joined(HOME, "u33dc"))
    send(w.a, joined(CAFE, "u33dd"))
    settled(w)
    check("two devices make a network that is shown", w.ids() == {OFFICE}, w.ids())
    is_problem("a home is not found", w.viewer.get("/networks/" + HOME), 404, "not_found")
    is_problem("nor who lives there", w.viewer.get(f"/networks/{HOME}/devices"), 404, "not_found")
    is_problem("as one that nobody met", w.viewer.get("/networks/net-ffffffffffffffff"), 404, "not_found")
    check("a device's homes stay its own", w.ids(f"&filter=device:{w.b.id}") == {OFFICE})
    the_map = w.get("/networks/map")
    check("homes are counted", the_map["homes"] == 2 and the_map["networks"] == 1, the_map)
    check("and in no cell", [c["place"] for c in the_map["cells"]] == [PLACE], the_map["cells"])
    cell = the_map["cells"][0]
    check("a cell is a square of about 5 km around the place", cell["south"] < 52.52 < cell["north"] + 0.05 and
          abs(cell["north"] - cell["south"] - 0.0439) < 0.001 and abs(cell["east"] - cell["west"] - 0.0439) < 0.001, cell)
    one = w.get("/networks/" + OFFICE)
    check("what is known of it", one["verdict"] == "clean" and one["devices"] == 2 and one["points"] == 2 and
          one["makers"] == 1 and one["gateways"] == 1 and one["resolvers"] == 2 and one["checked_at"] and
          one["severity"] is None and one["name"] is None and one["trust"] is None, one)
    check("facts as observed last", {f["kind"] for f in one["facts"]} == {"network", "gateway"}, one["facts"])


def test_attack(w):
    send(w.a, spoofed(CAFE))
    bad = wait_for(lambda: (n := w.viewer.get("/networks/" + CAFE)).status == 200 and n.json["verdict"] == "bad" and n.json)
    check("an attack shows the network", bad and bad["severity"] == "high" and bad["threat"] == "network.arp_spoof" and
          bad["last_bad_at"] and bad["forgotten_at"] is None, bad)
    check("with its evidence", bad and bad["evidence"][0]["threat"] == "network.arp_spoof" and bad["evidence"][0]["evidence"], bad)
    check("and its time line", bad and [m["what"] for m in bad["timeline"]] == ["detected"], bad)
    check("the worst first", [n["id"] for n in w.get("/networks")["items"]] == [CAFE, OFFICE])
    for query, want in (("verdict:bad", {CAFE}), ("severity:high", {CAFE}), ("severity:low", set()), ("attacked:yes", {CAFE}),
                        ("verdict:clean", {OFFICE}), ("place:" + PLACE, {OFFICE}), ("place:u33dc", set()), ("link:wifi", {CAFE, OFFICE}),
                        ("security:open", set()), ("listed:yes", set()), (f"q:{CAFE[-6:]}", {CAFE}), (f"device:{w.b.id}", {OFFICE})):
        check(f"by {query}", w.ids("&filter=" + query) == want, w.ids("&filter=" + query))
    cells = w.get("/networks/map")["cells"]
    check("the map has it, the worst first", cells[0]["place"] == "u33dd" and cells[0]["severity"] == "high" and
          cells[0]["bad"] == 1, cells)
    send(w.a, calm(CAFE))
    over = wait_for(lambda: (n := w.get("/networks/" + CAFE))["verdict"] == "clean" and n)
    check("when it is over the network is clean, and was attacked", over and over["last_bad_at"] and
          over["forgotten_at"] and [m["what"] for m in over["timeline"]] == ["resolved", "detected"], w.get("/networks/" + CAFE))
    send(w.a, spoofed(CAFE))
    opened = wait_for(lambda: (i := w.get(f"/incidents?filter=subject:{CAFE},state:open")["items"]) and i)
    check("it comes again", opened)
    wait_for(lambda: w.get("/networks/" + CAFE)["verdict"] == "bad")
    w.admin.post(f"/incidents/{opened[0]['id']}/dismiss", {"reason": "a test"})
    check("what a person dismisses does not count", w.get("/networks/" + CAFE)["verdict"] == "clean")
    w.admin.post(f"/incidents/{opened[0]['id']}/reopen", {"reason": "no test"})
    check("and counts again when it is reopened", w.get("/networks/" + CAFE)["verdict"] == "bad")


def test_twice(w):
    text = send(w.b, joined(OFFICE), calm(OFFICE))
    settled(w)
    before = w.get("/networks/" + OFFICE), w.get(f"/networks/{OFFICE}/devices")
    for _ in range(3):
        status, answer = w.b.call("POST", "/v1/report", text, {"Content-Type": "application/json"})
        check("again: known", status == 200 and answer["duplicates"] == 2, answer)
    settled(w)
    check("nothing changed", (w.get("/networks/" + OFFICE), w.get(f"/networks/{OFFICE}/devices")) == before)


def test_devices(w):
    phones = [w.phone(f"guest-{n}") for n in range(7)]
    for p in phones:
        send(p, joined(HOTEL, None), joined(HOTEL, None))
    settled(w)
    items, total = pages(w.viewer, f"/networks/{HOTEL}/devices", 3)
    check("who met it, by pages", total == 7 and {i["device"]["id"] for i in items} == {p.id for p in phones}, total)
    check("visits are counted", all(i["visits"] == 2 for i in items), items)
    check("searched by name", w.get(f"/networks/{HOTEL}/devices?filter=q:guest-3")["total"] == 1)
    check("a network without a place is in no cell", w.get("/networks/map")["placed"] == w.get("/networks/map")["networks"] - 1)


def test_looks(w):
    acts = [(e["act"], e["target"]) for e in w.admin.get("/audit?limit=500").json["items"]]
    check("who asked where a device was is written down", ("device.look", w.b.id) in acts, acts)
    check("and who saw an incident's evidence", ("incident.look", w.a.id) in acts, acts)
    check("and who asked who met a network", ("network.look", HOTEL) in acts, acts)
    check("a wrong id is no look", ("network.look", HOME) not in acts, acts)


TRUST = """version: 1
name: test
rules: []
trust:
  networks:
    - {name: Corp, bssids: ["02:00:5e:10:00:01"], security: eap}
    - {name: Nowhere}
  split_zones: [corp.example]
"""


def reload(w, text):
    w.policy.write_text(text)
    w.server.process.send_signal(signal.SIGHUP)


def test_listed(w):
    key = w.b.settings["network_key"]
    corp = network_id(key, "Corp")
    reload(w, TRUST)
    trust = wait_for(lambda: (t := w.get("/trust"))["version"] != "none" and t)
    check("the policy's list, with ids", trust and [(n["id"], n["met"]) for n in trust["networks"]] ==
          [(corp, False), (network_id(key, "Nowhere"), False)] and trust["split_zones"] == ["corp.example"], trust)
    send(w.a, joined(corp, security="wpa2", bssid="02:00:5e:10:00:09"))
    settled(w)
    one = w.viewer.get("/networks/" + corp)
    check("one device is enough for a listed one", one.status == 200 and one.json["name"] == "Corp" and one.json["listed"], one)
    check("and it is told what does not fit", one.status == 200 and one.json["trust"]["fits"] is False and
          len(one.json["trust"]["why"]) == 2 and "02:00:5e:10:00:09" in one.json["trust"]["why"][0], one.json.get("trust"))
    check("found by its name", w.ids("&filter=q:corp") == {corp} == w.ids("&filter=listed:yes"))
    dump = subprocess.run(["grep", "-c", "Nowhere", w.server.log], capture_output=True, text=True).stdout.strip()
    check("names are not logged", dump == "0", dump)
    reload(w, TRUST.split("trust:")[0])
    wait_for(lambda: w.get("/trust")["version"] == "none")
    check("off the list it is a home again", wait_for(lambda: w.viewer.get("/networks/" + corp).status == 404))


def test_refusals(w):
    for path, status, kind, culprit in (("/networks?filter=color:red", 400, "unknown_key", "filter.color"),
                                        ("/networks?filter=verdict:worse", 400, "bad_request", "filter.verdict"),
                                        ("/networks?filter=severity:info", 400, "bad_request", "filter.severity"),
                                        ("/networks?filter=listed:maybe", 400, "bad_request", "filter.listed"),
                                        ("/networks?sort=color", 400, "bad_request", "sort"),
                                        ("/networks?limit=0", 400, "bad_request", "limit"),
                                        ("/networks/map?x=1", 400, "unknown_key", "x"),
                                        ("/trust?x=1", 400, "unknown_key", "x"),
                                        (f"/networks/{HOTEL}/devices?filter=network:{HOME}", 400, "unknown_key", "filter.network")):
        is_problem(path, w.viewer.get(path), status, kind, culprit)
    nobody = Client(w.server)
    for path in ("/networks", "/networks/map", "/networks/" + OFFICE, f"/networks/{OFFICE}/devices", "/trust"):
        is_problem(f"{path} as nobody", nobody.get(path), 401, "unauthorized")
        is_problem(f"{path} changes nothing", w.admin.post(path, {}), 405, "method")


def test_many(w):
    """Pages stay whole while sorting; a device that invents networks does not fill the store for ever."""
    p, q = w.phone("many-1"), w.phone("many-2")
    ids = [f"net-{n:016x}" for n in range(0x1000, 0x1000 + 120)]
    for who in (p, q):
        for i in range(0, len(ids), 60):
            send(who, *[joined(n, "u33d" + "0123456789bcdefg"[k % 16], ago=k) for k, n in enumerate(ids[i:i + 60])])
    settled(w)
    for sort in ("verdict", "-verdict", "last_seen_at", "-first_seen_at", "devices", "-last_bad_at"):
        whole = w.get(f"/networks?limit=500&sort={sort}")
        items, total = pages(w.viewer, f"/networks?sort={sort}", 31)
        check(f"by {sort}: pages are the whole", [i["id"] for i in items] == [i["id"] for i in whole["items"]] and
              total == len(items), (total, len(items)))
    check("cells", len(w.get("/networks/map")["cells"]) >= 16)


def test_command_line(w):
    env = dict(os.environ, PICKET_URL=f"https://localhost:{w.server.port}", PICKET_TOKEN=w.viewer.token,
               PICKET_CA=str(w.server.dir / "state" / "ca.pem"))

    def run(*argv):
        return subprocess.run([BIN / "picket", "network", *argv], capture_output=True, text=True, env=env, timeout=30)

    table = run("list", "--filter", "verdict:bad")
    check("a table", table.returncode == 0 and CAFE in table.stdout and OFFICE not in table.stdout, table)
    shown = run("show", CAFE, "--json")
    check("one as JSON", shown.returncode == 0 and json.loads(shown.stdout)["id"] == CAFE, shown)
    check("one for people", "network.arp_spoof" in run("show", CAFE).stdout)
    check("who met it", "anna" in run("devices", CAFE).stdout)
    cells = run("map")
    check("cells", cells.returncode == 0 and "u33dd" in cells.stdout and "only counted" in cells.stdout, cells)
    check("trust", json.loads(run("trust", "--json").stdout)["version"] == "none")
    check("a home", run("show", HOME).returncode == 3 and "home" in run("show", HOME).stderr, run("show", HOME))


def test_ledger(w):
    more = [("lease", {"server": "192.168.77.1"}, OFFICE, 0), ("proxy", {"source": "none"}, OFFICE, 0),
            ("wifi", {"points": [{"network": OFFICE, "bssid": "02:00:5e:10:00:03", "bssid_known": True},
                                 {"network": OFFICE, "bssid": "02:66:5e:10:00:03"}]}, OFFICE, 0)]
    send(w.a, *more)
    settled(w)
    kinds = w.a.ledger()["by_kind"]
    check("the ledger counts every kind", all(kinds.get(k, 0) >= 1 for k in ("lease", "proxy", "wifi")), kinds)
    points = [p["value"] for p in w.get("/networks/" + OFFICE)["seen"]["points"]]
    check("known access points are the network's, strangers are not", "02:00:5e:10:00:03" in points and
          "02:66:5e:10:00:03" not in points, points)


def test_age(settings):
    w = World(settings + "networks: {keep_days: 3, min_devices: 1}\n")
    try:
        a = w.phone("old")
        send(a, joined(OFFICE, ago=4 * DAY), joined(CAFE, ago=4 * DAY), spoofed(CAFE, ago=4 * DAY), joined(HOME, ago=2 * DAY))
        settled(w)
        check("with min_devices 1 all are shown", w.ids() == {OFFICE, CAFE, HOME}, w.ids())
        home = w.get("/networks/" + HOME)
        check("the date is told", home["forgotten_at"] and home["forgotten_at"] > at(0), home)
        w.server.stop()
        w.server.start()
        check("what nobody met for long is forgotten, but not where something is open",
              wait_for(lambda: w.ids() == {CAFE, HOME}), w.ids())
        check("with all that belongs to it", w.get("/networks/map")["networks"] == 2)
        check("which is logged", "networks.forgotten" in w.server.log.read_text())
    finally:
        w.close()


def main():
    Client.watch = watch
    rest_world.check = check
    store = os.environ.get("PICKET_TEST_STORE", "")
    settings = f'store: "{store}"\n' if store else ""
    w = World(settings)
    try:
        for test in (test_empty, test_homes, test_attack, test_twice, test_devices, test_looks, test_listed, test_refusals,
                     test_many, test_command_line, test_ledger):
            test(w)
    except Exception:
        print(w.server.log.read_text()[-3000:])
        raise
    finally:
        w.close()
    if not store:
        test_age(settings)
        again = dict(os.environ, PICKET_TEST_ENGINE="postgres")
        if os.environ.get("PICKET_TEST_ENGINE") != "postgres":
            done = subprocess.run([ROOT / "tests" / "tools" / "with-postgres", sys.executable, __file__, "--postgres"], env=again)
            check("the same on PostgreSQL", done.returncode == 0, done.returncode)
    return tally.end()


def on_postgres():
    """Databases of their own on the server that with-postgres has started."""
    socket = os.environ["PICKET_TEST_PG_SOCKET"]
    subprocess.run(["psql", "-q", "-h", socket, "-U", "picket", "-d", "postgres", "-c", "CREATE DATABASE networks"], check=True)
    os.environ["PICKET_TEST_STORE"] = f"postgresql:///networks?host={socket}&user=picket"
    return main()


if __name__ == "__main__":
    sys.exit(on_postgres() if "--postgres" in sys.argv else main())
