#!/usr/bin/env python3
"""Three organisations' picketd in one exchange, each in a network namespace of its own: an attack on one's devices is a
warning for the others', a lying member is outvoted and loses its weight, a hub that is down or a server that is killed
loses nothing, and what goes over the wire, decrypted and decoded, holds no device, no network's name and no number below
ten. The form of STIX, both ways."""

import json
import os
import re
import shutil
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from exchange_support import BAD, CLAIMED, CLEAN, Capture, Member, Net, Picketd, blind, unpack  # noqa: E402
from crowd_support import (Sensor, attacked_visit, clean_visit, make_old, taken, wait_for)  # noqa: E402
from apps_support import everything, item  # noqa: E402
from rest_support import Client, Tally  # noqa: E402
import rest_support  # noqa: E402
from rest_world import is_problem  # noqa: E402
import rest_world  # noqa: E402

tally = Tally()
check = tally.check
rest_world.tally, rest_world.check = tally, check
CAFE, OFFICE, HOME, HOTEL = (f"net-{n:016x}" for n in (0xcafe01, 0x0ff1ce02, 0x40e303, 0x407e104))
# Each organisation has its own name for a network; what they share is the access point.
WEST_CAFE, WEST_OFFICE = "net-00000000aaaa0001", "net-00000000aaaa0002"
TWIN, TWIN2, HOME_TWIN, PARTNER_TWIN = "02:66:6a:00:00:01", "02:66:6a:00:00:02", "02:66:6a:00:00:03", "02:66:6a:00:00:04"
OFFICE_AP, OFFICE_APS = "02:0f:f1:ce:00:01", [f"02:0f:f1:ce:01:{n:02x}" for n in range(5)]
DEVICES = 12


def watch(method, path, answer):
    for fault in rest_support.judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


class Org:
    """An organisation: its picketd, its people, its devices."""

    def __init__(self, w, net, name, port, settings, keys=None):
        self.name = name
        self.server = Picketd(net, name, port, settings)
        w.orgs.append(self)
        if keys:
            self.server.env["SSLKEYLOGFILE"] = str(keys)
        self.server.start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        self.admin_token = person.post("/tokens", {"name": "a", "role": "admin"}).json["token"]
        self.admin = Client(self.server, token=self.admin_token)
        self.sensors = []

    def enrol(self, count, groups=2):
        tokens = [self.admin.post("/enrollments", {"uses": 100, "group": f"g{n}"}).json["token"] for n in range(groups)]
        self.sensors = [Sensor(self.server, tokens[n % groups], f"{self.name}-{n}") for n in range(count)]
        # as if they had been here for long: a device that came today hardly counts
        self.server.stop()
        make_old(self.server)
        self.server.start()

    def exchange(self):
        return self.admin.get("/crowd/exchange").json

    def cli(self, *args):
        return self.server.cli(self.admin_token, *args)

    def verdict(self, network, bssid, who=-1):
        status, answer = self.sensors[who].verdict(self.server, network, bssid)
        check("a verdict is answered", status == 200, answer)
        return answer

    def words(self, way="said"):
        return self.admin.get("/crowd/exchange/words").json[way]


class World:
    def __init__(self):
        self.orgs, self.capture = [], None
        self.dir = Path(tempfile.mkdtemp(prefix="picket-exchange-"))
        self.net = Net(["north", "east", "west"])
        base = 20000 + os.getpid() % 20000
        keys = self.dir / "keys.log"
        self.north = Org(self, self.net, "north", base, 'exchange: {hub: true, name: "North"}\n', keys)
        self.capture = Capture(self.north.server, self.dir)
        self.east = Org(self, self.net, "east", base + 1, 'exchange: {name: "East"}\n')
        self.west = Org(self, self.net, "west", base + 2, 'exchange: {name: "West"}\n')
        self.north.enrol(2)
        self.east.enrol(DEVICES)
        self.west.enrol(DEVICES)

    def close(self):
        for org in self.orgs:
            org.server.close()
        if self.capture and self.capture.process.poll() is None:
            self.capture.stop()
        self.net.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def invite(w, name, vouched=True):
    got = w.north.admin.post("/crowd/exchange/invitations", {"name": name, "vouched": vouched})
    check("an invitation is made", got.status == 201, got)
    return got.json["link"]


def member_of(w, name):
    return next((m for m in w.north.admin.get("/crowd/exchange/members").json["items"] if m["name"] == name), None)


def heard(org, verdicts, bssid=None):
    return [x for x in org.words("heard") if x["verdict"] in verdicts]


def everybody_talks(w):
    return wait_for(lambda: all(h["last_answer_at"] and not h["error"] and h["waiting"] == 0
                                for o in w.orgs for h in o.exchange()["hubs"]), 15)


# ---- the tests ------------------------------------------------------------------------------------------

def test_join(w):
    is_problem("who is no hub invites nobody", w.east.admin.post("/crowd/exchange/invitations", {"name": "x"}), 409, "conflict")
    link = invite(w, "East")
    check("an invitation names the server, its certificate and its key",
          re.fullmatch(rf"https://{w.north.server.address}:\d+/exchange#[0-9a-f]{{32}}\.[0-9a-f]{{64}}\.[0-9a-f]{{64}}", link), link)
    where, secrets = link.split("#")
    token, pin, key = secrets.split(".")
    for name, bad in (("certificate", f"{where}#{token}.{'0' * 64}.{key}"), ("key", f"{where}#{token}.{pin}.{'1' * 64}")):
        got = w.east.admin.post("/crowd/exchange/hubs", {"link": bad})
        is_problem(f"another {name} than the invitation's", got, 409, "conflict")
    for bad in ("https://x/enroll#1.2", "http" + link[5:], link[:-1], link + "0", link.replace("#", "")):
        is_problem("no invitation", w.east.admin.post("/crowd/exchange/hubs", {"link": bad}), 400, "bad_request", "link")
    done = w.east.cli("join", link)
    check("picket crowd exchange join", done.returncode == 0, (done.stdout, done.stderr))
    again = w.west.cli("join", link)
    check("an invitation works once", again.returncode == 3 and "used or expired" in again.stderr, again.stderr)
    for org, name in ((w.west, "West"), (w.north, "North")):  # the hub's own organisation is a member like any other
        done = org.cli("join", invite(w, name))
        check(f"{name} joins", done.returncode == 0, (done.stdout, done.stderr))
    check("everybody has an answer", everybody_talks(w), [o.exchange() for o in w.orgs])
    members = w.north.admin.get("/crowd/exchange/members").json["items"]
    check("three members, vouched for", [m["name"] for m in members] == ["East", "West", "North"] and
          all(m["vouched"] and 0.6 < m["weight"] < 0.65 for m in members), members)
    shown = w.east.cli("status")
    check("picket crowd exchange status", shown.returncode == 0 and "North" in shown.stdout, shown.stdout)
    key = w.east.server.dir / "state" / "exchange.key"
    check("the key is its owner's alone", key.stat().st_mode & 0o777 == 0o600, oct(key.stat().st_mode))


def test_attack(w):
    """East's devices, of two groups, meet forged certificates at an access point that nobody knows."""
    for org, net in ((w.east, CAFE), (w.west, WEST_CAFE)):
        before = org.verdict(net, TWIN)
        check(f"{org.name} knows nothing", before["verdict"] == "unknown", before)
    for sensor in w.east.sensors[:4]:
        sensor.visit(w.east.server, CAFE, attacked_visit(TWIN, key="forger", security="open", gateway_mac="02:66:00:00:00:01"))
    told = time.monotonic()
    own = wait_for(lambda: (v := w.east.verdict(CAFE, TWIN))["verdict"] == "bad" and v, 10)
    check("East's own crowd finds it bad", own, w.east.verdict(CAFE, TWIN))
    for org, net in ((w.west, WEST_CAFE), (w.north, WEST_CAFE)):
        got = wait_for(lambda: (v := org.verdict(net, TWIN))["verdict"] == "bad" and v, 15)
        check(f"{org.name} is warned before joining", got, (org.verdict(net, TWIN), w.east.exchange(), w.east.words()))
        print(f"{org.name} warned {1000 * (time.monotonic() - told):.0f} ms after the last report", flush=True)
        check("and told by whom", got and any("rganisation saw an attack" in s for s in map(str, got["why"])), got)
    said = [x for x in w.east.words() if x["verdict"] == "bad"]
    check("East says one thing, without a number", len(said) == 1 and said[0]["devices"] is None and said[0]["city"] is None and
          said[0]["several_groups"] and said[0]["log_odds"] > 3, said)
    # A device of West goes there all the same and notices nothing.
    w.west.sensors[0].visit(w.west.server, WEST_CAFE, clean_visit(TWIN, security="open"))
    taken(w.west.server)
    time.sleep(3)
    still = w.west.verdict(WEST_CAFE, TWIN)
    check("what West hears counts in its own crowd", still["verdict"] == "bad" and still.get("log_odds", -9) > 0, still)
    check("a rumour does not confirm itself", not [x for x in w.west.words() if x["verdict"] == "bad"], w.west.words())
    check("nor does the hub hear it twice", member_of(w, "West")["words"] == 0, member_of(w, "West"))


def test_home(w):
    """The same attack in somebody's home is nobody else's business."""
    for sensor in w.east.sensors[:4]:
        sensor.visit(w.east.server, HOME, attacked_visit(HOME_TWIN, key="forger 2", security="wpa2", gateway_mac="02:66:00:00:00:03"))
    own = wait_for(lambda: w.east.verdict(HOME, HOME_TWIN)["verdict"] == "bad", 10)
    check("East itself knows", own, w.east.verdict(HOME, HOME_TWIN))
    time.sleep(3)
    check("nobody else does", w.west.verdict(WEST_CAFE, HOME_TWIN)["verdict"] == "unknown")
    check("it is not even said", HOME_TWIN not in json.dumps(w.east.words()), w.east.words())


def test_liar(w):
    """A vouched member calls five offices bad that the others' devices use every day."""
    for org, net in ((w.east, OFFICE), (w.west, WEST_OFFICE)):
        for place, ap in enumerate(OFFICE_APS):
            own = net[:-2] + f"{place + 16:02x}"
            for sensor in org.sensors:
                sensor.visit(org.server, own, clean_visit(ap, security="wpa2"))
        taken(org.server)
    liar = Member("Liar")
    status, answer = liar.join(invite(w, "Liar"), w.north.server)
    check("the liar is a member", status == 200, answer)
    liar.say()
    check("the first answer brings the epochs' keys", len(liar.keys) == 3 and liar.epoch in liar.keys, liar.keys)
    weights = [member_of(w, "Liar")["weight"]]
    warned = 0
    for place, ap in enumerate(OFFICE_APS):
        liar.say(liar.word(BAD, ap, lo=18))
        end = time.monotonic() + 12
        while time.monotonic() < end and weights[-1] >= weights[0] * 0.5 ** (place + 1) and member_of(w, "Liar")["contradicted"] <= place:
            for org, net in ((w.east, OFFICE), (w.west, WEST_OFFICE)):
                warned += org.verdict(net[:-2] + f"{place + 16:02x}", ap)["verdict"] == "bad"
            time.sleep(0.2)
        weights.append(member_of(w, "Liar")["weight"])
    print("weight of the liar after each lie:", weights, flush=True)
    check("nobody was warned of an office", warned == 0, warned)
    check("the others contradict", member_of(w, "Liar")["contradicted"] == len(OFFICE_APS), member_of(w, "Liar"))
    check("and its weight is gone", weights[0] > 0.6 and weights[-1] < 0.06 and sorted(weights, reverse=True) == weights, weights)
    for name in ("East", "West"):
        check(f"{name} is confirmed", member_of(w, name)["weight"] > 0.63, member_of(w, name))
    # It also calls the real attack clean; and invents one where nobody of ours is.
    liar.say(liar.word(CLEAN, TWIN, lo=-18, devices=9), liar.word(BAD, "02:99:99:99:99:99", lo=18))
    time.sleep(3)
    check("the attack stays one", w.west.verdict(WEST_CAFE, TWIN)["verdict"] == "bad")
    check("its invention warns nobody", w.west.verdict(WEST_CAFE, "02:99:99:99:99:99")["verdict"] == "unknown")
    said = [x for x in w.east.words() if x["verdict"] == "clean"]
    check("who contradicts says so with a rounded number", len(said) >= len(OFFICE_APS) and all(x["devices"] == 10 for x in said), said)
    newcomers = [Member(f"Invented {n}") for n in range(3)]
    for n in newcomers:
        n.join(invite(w, n.name, vouched=False), w.north.server)
        n.say()
        n.say(n.word(BAD, "02:99:99:99:99:98", lo=18))
    time.sleep(3)
    check("three newcomers warn nobody", w.west.verdict(WEST_CAFE, "02:99:99:99:99:98")["verdict"] == "unknown")
    check("newcomers start low", all(member_of(w, n.name)["weight"] < 0.2 for n in newcomers))
    w.liar = liar


def test_hostile(w):
    """What the hub does not take."""
    liar = w.liar
    good = liar.pack()
    check("a good message", liar.send(good)[0] == 200)
    for name, data, want in (
            ("the same again", good, 409), ("an older number", liar.pack(seq=5), 409),
            ("an altered one", good[:60] + bytes([good[60] ^ 1]) + good[61:], 403),
            ("for another hub", liar.pack(to=b"x" * 16), 403), ("of yesterday", liar.pack(at=int(time.time()) - 86400), 403),
            ("of tomorrow", liar.pack(at=int(time.time()) + 86400), 403), ("nothing", b"", 400), ("garbage", b"PKX1" * 100, 400),
            ("cut", good[:-1], 400), ("with a tail", good + b"\0", 400)):
        status, answer = liar.send(data)
        check(f"{name}: {want}", status == want, (status, answer[:200]))
    got = Client(w.north.server).call("POST", "/v1/exchange/say", announce=100000,
                                      headers={"Content-Type": "application/vnd.picket.exchange"})
    check("too large: 413, unread", got.status == 413, got)
    stranger = Member("Stranger")
    stranger.port, stranger.context, stranger.hub = liar.port, liar.context, liar.hub
    check("a stranger: 403", stranger.send(stranger.pack())[0] == 403)
    status, answer = stranger.join(invite(w, "Stranger"), w.north.server, sign_with=liar.key)
    check("a key that is not its own: 403", status == 403, answer)
    check("another type: 415", liar.post("/v1/exchange/say", good, "application/json")[0] == 415)
    far = liar.word(BAD, TWIN)
    far["epoch"] = (far["epoch"] + 100) & 0xffff
    check("a word of another epoch is not taken", liar.say(far)["refused"] == 1)
    for field, value in (("kind", 1), ("verdict", CLAIMED), ("flags", 2), ("lo", 19), ("devices", 30), ("half", 0), ("w0", 7), ("id", 0),
                         ("city", 5)):
        bad = dict(liar.word(BAD, TWIN), **{field: value})
        status, answer = liar.send(liar.pack([bad]))
        check(f"a word with {field} {value}: 400", status == 400, (status, answer[:100]))
    check("who is no hub takes nothing", Client(w.east.server).call("POST", "/v1/exchange/say", raw=good, headers={
        "Content-Type": "application/vnd.picket.exchange"}).status == 404)
    check("and nobody joins there", Client(w.east.server).call("POST", "/v1/exchange/join", body={}).status == 404)


def test_down(w):
    """The hub is gone; meanwhile East finds an attack and is killed. Nothing is lost."""
    w.north.server.kill()
    for sensor in w.east.sensors[:4]:
        sensor.visit(w.east.server, HOTEL, attacked_visit(TWIN2, key="forger 3", security="open", gateway_mac="02:66:00:00:00:02"))
    waits = wait_for(lambda: (h := w.east.exchange()["hubs"][0])["error"] and h["waiting"] >= 1 and h, 20)
    check("what cannot be told waits, and it is said why", waits, w.east.exchange())
    w.east.server.kill()
    w.east.server.start()
    check("it waits after a kill, too", w.east.exchange()["hubs"][0]["waiting"] >= 1, w.east.exchange())
    check("West does not know yet", w.west.verdict(WEST_CAFE, TWIN2)["verdict"] == "unknown")
    check("West still knows what it heard", w.west.verdict(WEST_CAFE, TWIN)["verdict"] == "bad")
    w.north.server.start()
    got = wait_for(lambda: w.west.verdict(WEST_CAFE, TWIN2)["verdict"] == "bad", 90)
    check("when the hub is back everybody knows", got, (w.east.exchange(), w.west.exchange()))
    w.west.server.kill()
    w.west.server.start()
    check("West killed: it knows", wait_for(lambda: w.west.verdict(WEST_CAFE, TWIN2)["verdict"] == "bad", 10))
    check("and goes on", wait_for(lambda: not w.west.exchange()["hubs"][0]["error"], 30), w.west.exchange())


def test_prevalence(w):
    """An app that twelve devices have is told as ten; one that three have is not."""
    many, few = "ab" * 32, "cd" * 32
    for n, sensor in enumerate(w.east.sensors):
        apps = [item("org.example.many", sha256=many)] + ([item("org.example.few", sha256=few)] if n < 3 else [])
        status, answer = sensor.report(everything(*apps))
        check("the list is taken", status == 200, answer)
    taken(w.east.server)
    w.east.server.stop()  # apps are counted at the start, and then once an hour
    w.east.server.start()
    got = wait_for(lambda: [x for x in w.west.words("heard") if x["verdict"] == "known"], 20)
    check("West hears of one app", got and len(got) == 1 and got[0]["kind"] == "app" and got[0]["devices"] == 10, got)


# ---- STIX 2.1: the rules of the OASIS JSON schemas that these objects fall under ---------------------------

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
COMMON = {"type", "spec_version", "id", "created_by_ref", "created", "modified", "revoked", "labels", "confidence", "lang",
          "external_references", "object_marking_refs", "granular_markings", "extensions"}
OWN = {"identity": ({"name"}, {"description", "roles", "identity_class", "sectors", "contact_information"}),
       "indicator": ({"pattern", "pattern_type", "valid_from"},
                     {"name", "description", "indicator_types", "pattern_version", "valid_until", "kill_chain_phases"}),
       "sighting": ({"sighting_of_ref"},
                    {"description", "first_seen", "last_seen", "count", "observed_data_refs", "where_sighted_refs", "summary"})}


def stix_faults(bundle):
    ids = [o.get("id") for o in bundle.get("objects", [])]
    if bundle.get("type") != "bundle" or not re.fullmatch("bundle--" + ID, bundle.get("id", "")) or set(bundle) != {"type", "id", "objects"}:
        yield "no bundle"
    if len(set(ids)) != len(ids):
        yield "ids come twice"
    for o in bundle["objects"]:
        kind = o.get("type")
        needed, may = OWN[kind]
        for key in {"type", "spec_version", "id", "created", "modified"} | needed:
            if key not in o:
                yield f"{kind}: {key} is missing"
        yield from (f"{kind}: {k} is not in the schema" for k in set(o) - COMMON - needed - may)
        if not re.fullmatch(f"{kind}--{ID}", o["id"]) or o["spec_version"] != "2.1":
            yield f"{kind}: id or version {o['id']}"
        for key in ("created", "modified", "valid_from", "valid_until", "first_seen", "last_seen"):
            if key in o and not re.fullmatch(STAMP, o[key]):
                yield f"{kind}: {key} {o[key]}"
        if o["modified"] < o["created"] or o.get("valid_until", "9") <= o.get("valid_from", "0") or \
                o.get("last_seen", "9") < o.get("first_seen", "0"):
            yield f"{kind}: times in the wrong order"
        for key in ("created_by_ref", "sighting_of_ref"):
            if key in o and o[key] not in ids:
                yield f"{kind}: {key} leads nowhere"
        if not 0 <= o.get("confidence", 0) <= 100 or not 0 <= o.get("count", 0) <= 999999999:
            yield f"{kind}: a number out of range"


def test_stix(w):
    bundle = w.east.admin.get("/crowd/exchange/stix").json
    faults = list(stix_faults(bundle))
    check("the bundle is STIX 2.1", not faults, faults)
    indicators = [o for o in bundle["objects"] if o["type"] == "indicator"]
    check("both attacks, not the home", {i["pattern"] for i in indicators} ==
          {f"[mac-addr:value = '{m}']" for m in (TWIN, TWIN2)}, indicators)
    check("seen, by too few to say how many", all("count" not in o for o in bundle["objects"]), bundle)
    again = w.east.admin.get("/crowd/exchange/stix").json
    check("ids stay", [o["id"] for o in again["objects"]] == [o["id"] for o in bundle["objects"]])
    partner = {"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": [
        {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid4()}", "pattern_type": "stix", "confidence": 95,
         "pattern": f"[mac-addr:value = '{PARTNER_TWIN}']", "valid_from": "2026-01-01T00:00:00Z"},
        {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid4()}", "pattern_type": "stix",
         "pattern": "[domain-name:value = 'x.example']", "valid_from": "2026-01-01T00:00:00Z"},
        {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid4()}", "pattern_type": "stix", "revoked": True,
         "pattern": f"[mac-addr:value = '{OFFICE_AP}']", "valid_from": "2026-01-01T00:00:00Z"}]}
    file = w.dir / "partner.json"
    file.write_text(json.dumps(partner))
    check("nothing is known of the partner's access point", w.west.verdict(WEST_CAFE, PARTNER_TWIN)["verdict"] == "unknown")
    done = w.west.cli("import", str(file), "Partner")
    check("picket crowd exchange import", done.returncode == 0 and "3 indicators: 1 things; 1 revoked" in done.stderr,
          (done.stdout, done.stderr))
    got = wait_for(lambda: w.west.verdict(WEST_CAFE, PARTNER_TWIN)["verdict"] == "bad", 10)
    check("who asks is warned", got, w.west.verdict(WEST_CAFE, PARTNER_TWIN))
    check("what was revoked is nothing", w.west.verdict(WEST_CAFE, OFFICE_AP)["verdict"] == "unknown")
    east = w.dir / "east.json"
    east.write_text(json.dumps(bundle))
    check("a bundle of ours can be read by another picket", w.west.cli("import", str(east), "East by file").returncode == 0)
    names = [h["name"] for h in w.west.exchange()["hubs"]]
    check("partners stand beside the hubs", names == ["North", "Partner", "East by file"], names)
    file.write_text("{}")
    check("no bundle", w.west.cli("import", str(file), "Partner").returncode == 3)
    ids = {h["name"]: h["id"] for h in w.west.exchange()["hubs"]}
    check("a partner can be left", w.west.cli("leave", ids["Partner"]).returncode == 0 and
          w.west.verdict(WEST_CAFE, PARTNER_TWIN)["verdict"] == "unknown")


def test_people(w):
    """Admin acts: vouching, removing, leaving; every one in the audit."""
    m = member_of(w, "Invented 0")
    is_problem("why is asked for", w.north.admin.post(f"/crowd/exchange/members/{m['id']}/vouch", {"vouched": True}), 400, "bad_request")
    done = w.north.cli("vouch", m["id"], "--reason", "we met them")
    check("vouched for", done.returncode == 0 and member_of(w, "Invented 0")["weight"] > 0.6, done.stderr)
    is_problem("nobody of this id", w.north.admin.post("/crowd/exchange/members/x/vouch", {"vouched": True, "reason": "x"}), 404, "not_found")
    liar = member_of(w, "Liar")
    check("removed", w.north.cli("remove", liar["id"]).returncode == 0 and member_of(w, "Liar") is None)
    check("a removed member is a stranger", w.liar.send(w.liar.pack())[0] == 403)
    hub = w.west.exchange()["hubs"][0]["id"]
    check("West leaves", w.west.cli("leave", hub).returncode == 0 and
          [h["name"] for h in w.west.exchange()["hubs"]] == ["East by file"], w.west.exchange())
    acts = {a["act"] for a in w.north.admin.get("/audit?limit=500").json["items"]}
    check("the hub's audit", {"exchange.invite", "exchange.joined", "exchange.vouch", "exchange.member_remove"} <= acts, acts)
    acts = {a["act"] for a in w.west.admin.get("/audit?limit=500").json["items"]}
    check("the member's audit", {"exchange.join", "exchange.leave", "exchange.partner"} <= acts, acts)
    secrets = [w.north.server.dir, w.east.server.dir, w.west.server.dir]
    logs = "".join((d / "picketd.log").read_text() for d in secrets)
    keys = [(d / "state" / "exchange.key").read_text().strip() for d in secrets] + [k.hex() for k in w.liar.keys.values()]
    check("no key stands in a log", not any(k in logs for k in keys))


def test_wire(w):
    """Everything that went over the hub's cable, read with the keys of the connections."""
    w.capture.stop()
    bodies = w.capture.bodies(w.dir / "bodies")
    hub, east_id, west_id = (bytes.fromhex(o.exchange()["id"]) for o in w.orgs)
    messages = [unpack(body) for body in bodies if body[:4] == b"PKX1" and len(body) >= 144 and body[4:8] != b"PKX1" and
                (len(body) - 144) % 36 == 0]
    said = [(m["sender"], word) for m in messages if m["kind"] == 1 for word in m["words"]]
    east = [word for sender, word in said if sender == east_id]
    told = [word for m in messages if m["kind"] == 2 for word in m["words"]]
    print(f"wire: {len(messages)} messages, {len(said)} words to the hub, {len(told)} from it; "
          f"{sum(map(len, bodies))} bytes", flush=True)
    senders = {m["sender"] for m in messages}
    check("there is traffic of all of them", len(messages) > 50 and len(east) >= 7 and {hub, east_id, west_id} <= senders,
          (len(messages), len(east), senders))
    devices = {word["devices"] for word in east + told}
    check("no number below ten", all(d == 0 or d >= 10 for d in devices) and 10 in devices, devices)
    check("a place only with many devices, and no finer than a city", all(x["city"] == 0 or (x["devices"] >= 10 and x["city"] <= 1 << 20)
                                                                        for x in east + told))
    check("whole hours and coarse odds", all(abs(x["lo"]) <= 18 and x["first"] <= x["last"] < 2 ** 20 for x in east + told))
    keys = {}
    for m in messages:
        keys.update(m["keys"])
    known = {blind(key, 0, 0, int(mac.replace(":", ""), 16)): mac for key in keys.values()
             for mac in (TWIN, TWIN2, HOME_TWIN, *OFFICE_APS)}
    names = {known.get(x["id"]) for x in east if x["kind"] == 0}
    check("East spoke of the attacks and the offices, and of no home", names == {TWIN, TWIN2, *OFFICE_APS}, names)
    blobs = b"".join(bodies)
    secret = {o.name: [s.id for s in o.sensors] for o in w.orgs}
    needles = [(f"device of {o}", i) for o, ids in secret.items() for i in ids]
    needles += [("network", n) for n in (CAFE, OFFICE, HOME, HOTEL, WEST_CAFE, WEST_OFFICE)]
    for what, text in needles:
        raw = bytes.fromhex(text.replace("net-", "").replace("-", ""))
        check(f"no {what} on the wire", raw not in blobs and text.encode() not in blobs, text)
    for mac in (TWIN, TWIN2, HOME_TWIN, *OFFICE_APS):
        check("no access point in clear", bytes.fromhex(mac.replace(":", "")) not in blobs, mac)


def main():
    w = World.__new__(World)
    Client.watch = staticmethod(watch)
    try:
        w.__init__()
        for test in (test_join, test_attack, test_home, test_liar, test_hostile, test_down, test_prevalence, test_stix, test_people,
                     test_wire):
            before = tally.passed, tally.failed
            try:
                test(w)
            except Exception as error:  # the others still run
                check(f"{test.__name__} ends", False, repr(error))
                import traceback
                traceback.print_exc()
            print(f"{test.__name__}: {tally.passed - before[0]} passed, {tally.failed - before[1]} failed", flush=True)
    finally:
        if os.environ.get("KEEP"):
            for o in w.orgs:
                shutil.copy(o.server.log, f"/tmp/exchange-{o.name}.log")
        w.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
