#!/usr/bin/env python3
"""What the crowd says of lawful changes (nothing, and why) and of attacks (in time, and why).

    crowd.py PICKET [SCENE...] [--keep FOLDER]

Each scene is a town of 24 devices for 16 calm days, and then its own thing. It goes through
`picket replay --opinions`: real observations, the real judges, the real crowd. What is asked of the
result are verdicts and reasons, never exact scores. --keep writes the scenes as .jsonl with their output.
"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crowd_world import HOSTS, PLACES, Place, World, digest, mac, network_id, number  # noqa: E402

DEVICES = [f"phone-{i:02d}" for i in range(24)]
CALM = 16  # days
TWICE = "twin-with-forged-certificates"  # is replayed twice: the same must come out


class Town(World):
    """Homes, a chain of cafes, a hotel chain with portals, an office with two access points."""

    def __init__(self):
        super().__init__()
        self.chain = [Place("Bean and Leaf", where, security="open") for where in PLACES[:5]]
        self.corner = Place("Corner", PLACES[0], maker="f4ec38", router_maker="c83a35", dns="192.0.2.1")
        self.hotels = [Place("Hotel Meridian", where, maker="94b40f", security="open",
                             portal="login.meridian.example") for where in PLACES[2:6]]
        self.office = [Place("Works", PLACES[1], maker="00241c", security="eap", dns="192.0.2.9",
                             router="90:e2:ba:77:77:77", point=mac("00241c", f"works {i}"))
                       for i in range(2)]
        self.homes = {d: Place("Home " + d, PLACES[number("home " + d, 3)], maker="a0f3c1",
                               router_maker="a0f3c1", dns="192.0.2.1", options="0a0b0c0d")
                      for d in DEVICES}
        for d in DEVICES:
            self.enrol(d)

    def calm_day(self, day, cafes=True):
        for n, d in enumerate(DEVICES):
            jitter = number(f"{d} {day}", 3000) / 3600
            self.visit(d, self.homes[d], day, 19 + jitter)
            if not cafes:
                continue
            # Everybody has a cafe of his own, and now and then another one.
            self.visit(d, self.chain[(n + (day % 5 == 0)) % 5], day, 8 + jitter)
            if (n + day) % 2 == 0:
                self.visit(d, self.corner, day, 12 + jitter)
            if n < 8:
                self.visit(d, self.office[(n + day) % 2], day, 9.5 + jitter)
            if (n + day) % 6 == 0:
                self.visit(d, self.hotels[(n + day) % 4], day, 21 + jitter)
            self.serve(d, day, 7 + jitter, 26000 + number(f"mast {d} {day}", 6), PLACES[n % 3])

    def calm(self, days=CALM):
        for day in range(days):
            self.calm_day(day)
        return self


class Result:
    def __init__(self, text):
        self.lines = [json.loads(line) for line in text.splitlines()]
        self.opinions = [o for o in self.lines if o["event"] == "opinion"]
        self.changes = [o for o in self.lines if o["event"] == "crowd"]

    def of(self, place, since=None, device=None):
        return [o for o in self.opinions if o["key"].get("network") == network_id(place.name)
                and (since is None or o["at"] >= since) and (device is None or o["device"] == device)
                and (place.bssid is None or o["key"].get("bssid", place.bssid) == place.bssid)]


def is_bad(opinion):
    return opinion["before"] or opinion["after"]


def terms(opinion, sign=0):
    return {w["term"].split(".", 1)[1] for w in opinion["why"] if sign == 0 or w["weight"] * sign > 0}


class Wrong(Exception):
    pass


def ask(true, text):
    if not true:
        raise Wrong(text)


def calm_all_through(result, what):
    """No false verdict, neither for one device nor for all."""
    bad = [o for o in result.opinions if is_bad(o)]
    ask(not bad, f"{what}: a false verdict: {json.dumps(bad[:1])}")
    ask(not [c for c in result.changes if c["bad"]], f"{what}: told to everybody: {result.changes[:1]}")


# What speaks for a network whatever its weight: some of these mean so little by themselves that a weight
# that was learnt beside others has either sign.
FINE = {"clean3", "knownB_fit", "newB_fit", "newB_gwknown", "newB_alive", "newB_busy", "newB_run", "same_ok",
        "generic", "moves", "random_point", "history", "clean"}


def explained(opinions, seen, what):
    """Each says what is new (one of the terms), and something that speaks for the network."""
    ask(opinions, f"{what}: nobody was there")
    for o in opinions:
        ask(terms(o) & seen, f"{what}: not said what is new: {json.dumps(o)}")
        ask(terms(o, -1) or terms(o) & FINE, f"{what}: not said why it is fine: {json.dumps(o)}")


SCENES = {}


def scene(fn):
    SCENES[fn.__name__.replace("_", "-")] = fn
    return fn


# --- lawful ------------------------------------------------------------------------------------


@scene
def router_replacement():
    """The corner cafe gets another router, of another maker and with other software, behind its access point."""
    town = Town().calm()
    new = town.corner.like(router=mac("3497f6", "new router"), options=digest("new router")[:8])
    for day in range(CALM, CALM + 4):
        for n, d in enumerate(DEVICES[:10]):
            town.visit(d, new, day, 10 + n / 3)
    first = "2026-09-17"

    def check(r):
        calm_all_through(r, "router replacement")
        explained(r.of(new, first)[:1], {"knownB_newgm", "L_oui", "L_dh"}, "router replacement")

    return town, check


@scene
def isp_change():
    """Another provider: other name servers, which other customers of its have as well, another router."""
    town = Town()
    for d in DEVICES[12:]:
        town.homes[d].dns = "198.51.100.53"
    town.calm()
    new = town.corner.like(dns="198.51.100.53", router=mac("0024d4", "isp router"),
                           options=digest("isp router")[:8])
    for day in range(CALM, CALM + 4):
        for n, d in enumerate(DEVICES[:10]):
            town.visit(d, new, day, 10 + n / 3)

    def check(r):
        calm_all_through(r, "isp change")
        explained(r.of(new, "2026-09-17")[:1], {"knownB_newgm", "knownB_newdn", "L_dn", "L_oui"}, "isp change")

    return town, check


@scene
def new_access_point_in_a_chain():
    """A second access point in one of the chain's shops, of the same maker, behind the same router."""
    town = Town().calm()
    old = town.chain[1]
    new = old.like(bssid=mac("3c5a01", "second of chain 1"))
    for day in range(CALM, CALM + 3):
        for n, d in enumerate(DEVICES[:12]):
            town.visit(d, new if n % 2 else old, day, 8 + n / 4)

    def check(r):
        calm_all_through(r, "new access point")
        explained(r.of(new)[:1], {"newB_site", "newB_gwknown", "newB_fit"}, "new access point")

    return town, check


@scene
def a_new_shop_of_a_chain():
    town = Town().calm()
    new = Place("Bean and Leaf", PLACES[6], security="open")
    for day in range(CALM, CALM + 3):
        for n, d in enumerate(DEVICES[6:16]):
            town.visit(d, new, day, 8 + n / 4)

    def check(r):
        calm_all_through(r, "new shop")
        explained(r.of(new)[:1], {"newB_ssid"}, "new shop")

    return town, check


@scene
def mesh():
    """One device's home gets a mesh: three more access points of another maker under the old name."""
    town = Town().calm()
    d = DEVICES[3]
    home = town.homes[d]
    mesh_points = [home.like(bssid=mac("7c10c9", f"mesh {i}")) for i in range(3)]
    for day in range(CALM, CALM + 5):
        for i, point in enumerate(mesh_points + [home]):
            town.visit(d, point, day, 17 + i)
        town.visit(DEVICES[4], mesh_points[day % 3], day, 20.5)

    def check(r):
        calm_all_through(r, "mesh")
        for point in mesh_points:
            explained(r.of(point)[:1], {"newB_site", "odd_bo", "L_bo", "newB_gwknown", "newB_fit"}, "mesh")

    return town, check


@scene
def transit_wifi():
    """Trains: one name, access points that are met in a different place every hour."""
    town = Town().calm(days=0)
    for day in range(CALM + 4):
        town.calm_day(day)
        for n, d in enumerate(DEVICES[:12]):
            train = (n + day) % 3
            where = PLACES[(day * 5 + n * 3) % 8]
            town.visit(d, Place("TransitFree", where, maker="d4ca6d", security="open",
                                point=mac("d4ca6d", f"train {train}"), router=mac("d4ca6d", f"r {train}")),
                       day, 6.5 + n / 20, minutes=8)

    def check(r):
        calm_all_through(r, "transit")
        last = [o for o in r.opinions if o["key"].get("network") == network_id("TransitFree")
                and o["at"] >= "2026-09-20"]
        ask(len(last) >= 10, "transit: nobody rode")

    return town, check


@scene
def personal_hotspots():
    """Phones that make a hotspot with a new random address each time."""
    town = Town().calm(days=0)
    for day in range(CALM + 4):
        town.calm_day(day)
        for n, d in enumerate(DEVICES[:6]):
            owner = DEVICES[n + 6]
            random = mac("da01" + digest(f"{owner} {day}")[:2], f"hotspot {owner} {day}")
            town.visit(d, Place(f"{owner}'s phone", PLACES[(n + day) % 5], point=random, router=random,
                                dns="192.0.2.1", options="11223344", security="wpa3"), day, 14 + n / 10)

    def check(r):
        calm_all_through(r, "hotspots")
        last = [o for o in r.opinions if o["key"].get("bssid", "").startswith("da:01")
                and o["at"] >= "2026-09-18"]
        explained(last, {"random_point", "newB_site", "newB_ssid", "L_bo", "moves", "newS"}, "hotspots")

    return town, check


@scene
def portal_redesign_in_a_chain():
    """The hotels' sign-in page moves to another host, one hotel after the other."""
    town = Town().calm()
    for day in range(CALM, CALM + 4):
        for i, hotel in enumerate(town.hotels):
            place = hotel.like(portal="wifi.meridian-new.example") if i <= day - CALM else hotel
            for n, d in enumerate(DEVICES[i * 5:i * 5 + 5]):
                town.visit(d, place, day, 18 + i / 10 + n / 4)

    def check(r):
        calm_all_through(r, "portal redesign")
        explained(r.of(town.hotels[0], "2026-09-17")[:1], {"L_cp"}, "portal redesign")

    return town, check


@scene
def portals_that_answer_for_everybody():
    """Before the sign-in the hotel's portal shows its own certificate for every host, as portals do."""
    town = Town().calm()
    hotel = town.hotels[1].like(forge="meridian gateway")

    for day in range(CALM - 6, CALM + 4):
        for n, d in enumerate(DEVICES[8:14]):
            def more(when, net, d=d):
                return [town.tls(when, d, hotel, h, {"captive": True}) for h in HOSTS[:3]]
            town.visit(d, hotel, day, 20 + n / 10, hosts=0, more=more)

    def check(r):
        calm_all_through(r, "portal's own certificate")
        explained(r.of(hotel, "2026-09-20")[:1], {"t0", "same_ok", "t0_known", "t0_cp_new"}, "portal's own")

    return town, check


@scene
def key_rotation_by_region():
    """Two check hosts get new keys, first in one region, then everywhere; their chains are valid."""
    town = Town().calm()
    for day in range(CALM, CALM + 5):
        for n, d in enumerate(DEVICES):
            place = town.chain[n % 5]
            if n % 5 <= day - CALM:
                place = place.like()
                place.keys = {h: digest("rotated " + h) for h in HOSTS[:2]}
            town.visit(d, place, day, 8 + n / 10)

    def check(r):
        calm_all_through(r, "key rotation")
        seen = [o for place in town.chain for o in r.of(place, "2026-09-17")]
        ask(len(seen) >= 50, "key rotation: nobody was there")
        for o in seen:
            ask(not terms(o, 1) & {"t0", "mix", "wasclean", "diffkeys"}, f"key rotation: {o}")

    return town, check


@scene
def lawful_inspection():
    """The organisation's own proxy inspects in the office from one day on: by its list for its own devices, and
    as an authority that was added for a guest who installed it."""
    town = Town().calm()
    for day in range(CALM, CALM + 5):
        for n, d in enumerate(DEVICES[:8]):
            town.visit(d, town.office[n % 2].like(inspect="allowed"), day, 9 + n / 10)
        town.visit(DEVICES[9], town.office[0].like(inspect="installed"), day, 11)

    def check(r):
        calm_all_through(r, "inspection")
        seen = [o for place in town.office for o in r.of(place, "2026-09-17")]
        ask(len(seen) >= 30, "inspection: nobody was there")
        for o in seen:
            ask(not terms(o) & {"t0", "t0_nocp", "mix", "wasclean"}, f"inspection: {o}")

    return town, check


# --- attacks -----------------------------------------------------------------------------------


@scene
def twin_with_forged_certificates():
    """Somebody copies the chain's name at one shop, with a strong signal and certificates of his own."""
    town = Town().calm()
    twin = town.chain[2].like(bssid=mac("00c0ca", "twin"), router=mac("00c0ca", "twin router"),
                              dns="192.0.2.66", options=digest("hostapd")[:8], dbm=-38, forge="twin")
    victims = [DEVICES[2], DEVICES[7], DEVICES[12]]
    for i, d in enumerate(victims):
        town.visit(d, twin, CALM, 10 + i)

    def check(r):
        met = {d: r.of(twin, device=d) for d in victims}
        ask(all(met[d] for d in victims), "twin: not met")
        ask(met[victims[0]][0]["after"], f"twin: the first is not warned: {met[victims[0]][0]}")
        ask(met[victims[1]][0]["after"], f"twin: the second is not warned: {met[victims[1]][0]}")
        ask(met[victims[2]][0]["before"], f"twin: the third is not warned before: {met[victims[2]][0]}")
        ask(terms(met[victims[0]][0], 1) & {"t0", "t0_nocp", "t0_multi_nocp", "t0_newB", "wasclean"},
            f"twin: no reason: {met[victims[0]][0]}")
        others = [o for o in r.opinions if is_bad(o) and o["key"].get("bssid") != twin.bssid]
        ask(not others, f"twin: others are called bad, too: {others[:1]}")

    return town, check


@scene
def arp_interception_in_a_known_cafe():
    """Somebody sits in the corner cafe, takes the router's place, and shows certificates of his own."""
    town = Town().calm()
    rival = mac("00c0ca", "laptop")
    cafe = town.corner.like(forge="mitmproxy")
    victims = DEVICES[:4]
    for i, d in enumerate(victims):
        town.visit(d, cafe, CALM, 10 + i / 4, more=town.contested(d, rival))
    for day in range(CALM + 2, CALM + 8):
        for n, d in enumerate(DEVICES):
            if n % 2 == day % 2:
                town.visit(d, town.corner, day, 10 + n / 10)

    def check(r):
        met = [r.of(cafe, "2026-09-17T09", d) for d in victims]
        ask(all(met), "arp: not met")
        ask(all(any(o["after"] for o in m if o["at"] < "2026-09-18") for m in met), f"arp: not warned: {met}")
        ask(met[3][0]["before"], f"arp: the fourth is not warned before: {met[3][0]}")
        ask(terms(met[0][0], 1) & {"flag_gm", "gwflip", "wasclean", "t0_nocp", "t0_multi_nocp", "knownB_newgm"},
            f"arp: no reason: {met[0][0]}")
        later = [o for o in r.of(cafe, "2026-09-22")]
        ask(later and not any(is_bad(o) for o in later), f"arp: the cafe stays bad: {[o for o in later if is_bad(o)][:1]}")

    return town, check


@scene
def fake_mast():
    """A mast that was never there: strong, alone, asks for identities, proves nothing, does not encrypt."""
    town = Town().calm()
    for i, d in enumerate(DEVICES[0:9:3]):
        town.serve(d, CALM, 15 + i / 10, 99001, PLACES[0], signal_dbm=-52, neighbours=0, area=999,
                   identity="imsi", authenticated=False, cipher="null", layer="nas")

    def check(r):
        masts = [o for o in r.opinions if o["key"]["kind"] == "mast"]
        bad = [o for o in masts if is_bad(o)]
        fake = [o for o in masts if o["at"] >= "2026-09-17T14"]
        ask(len(fake) == 3, f"mast: {len(fake)} sightings")
        ask(all(o["after"] for o in fake), f"mast: not called bad: {fake[:1]}")
        ask(fake[2]["before"], f"mast: the third is not warned before: {fake[2]}")
        ask(len(bad) == 3, f"mast: lawful ones are called bad: {bad[:1]}")
        ask(terms(fake[0], 1) & {"newci", "newci_dense", "lac_off", "f2", "newci_f2", "newci_lacoff", "null"},
            f"mast: no reason: {fake[0]}")

    return town, check


@scene
def liars():
    """Five devices, enrolled from one network on one day, claim that the corner cafe forges certificates,
    while everybody else finds it clean."""
    town = Town().calm()
    crew = [f"liar-{i}" for i in range(5)]
    for d in crew:
        town.enrol(d, day=-10, asn=64999)
        town.visit(d, town.chain[0], 3, 10)
        town.visit(d, town.corner, 8, 13)
    for day in range(CALM, CALM + 4):
        for i, d in enumerate(crew):
            town.visit(d, town.corner.like(forge="lie"), day, 9 + i / 10)
        for n, d in enumerate(DEVICES):
            if (n + day) % 2:
                town.visit(d, town.corner, day, 9.2 + n / 4)

    def check(r):
        honest = [o for o in r.of(town.corner) if o["device"] in DEVICES]
        ask(len(honest) > 100, "liars: nobody was there")
        wrong = [o for o in honest if is_bad(o)]
        ask(not wrong, f"liars: an honest device is warned: {wrong[:1]}")
        ask(not [c for c in r.changes if c["bad"]], f"liars: they won: {r.changes[:1]}")

    return town, check


# -----------------------------------------------------------------------------------------------


def run(picket, name, keep):
    town, check = SCENES[name]()
    folder = keep or tempfile.mkdtemp(prefix="picket-scene-")
    path = os.path.join(folder, f"crowd-{name}.jsonl")
    try:
        with open(path, "w") as file:
            town.write(file)
        out = subprocess.run([picket, "replay", "--opinions", path], capture_output=True, text=True, timeout=120)
        if keep:
            with open(path[:-len(".jsonl")] + ".out.jsonl", "w") as file:
                file.write(out.stdout)
        ask(out.returncode in (0, 1), out.stderr.strip())
        if name == TWICE:
            again = subprocess.run([picket, "replay", "--opinions", path], capture_output=True, text=True,
                                   timeout=120)
            ask(out.stdout == again.stdout, "two replays differ")
        check(Result(out.stdout))
    finally:
        if not keep:
            os.unlink(path)
            os.rmdir(folder)


def main():
    arguments = sys.argv[1:]
    keep = None
    if "--keep" in arguments:
        keep = arguments[arguments.index("--keep") + 1]
        os.makedirs(keep, exist_ok=True)
        del arguments[arguments.index("--keep"):arguments.index("--keep") + 2]
    picket, names = arguments[0], arguments[1:] or list(SCENES)
    good = bad = 0
    for name in names:
        try:
            run(picket, name, keep)
            print(f"ok - {name}")
            good += 1
        except Wrong as wrong:
            print(f"not ok - {name}: {wrong}")
            bad += 1
    print(f"{good} passed, {bad} failed")
    return 0 if good and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
