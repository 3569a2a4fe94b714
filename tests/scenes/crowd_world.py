"""A small, deterministic world whose devices observe what agents observe: for the crowd's scenes.

Nothing is drawn at random: what a number must be comes from a hash of what it is for, so that a scene is the
same on every machine. Addresses are of documentation ranges or made up.
"""

import datetime
import hashlib
import json

START = datetime.datetime(2026, 9, 1, tzinfo=datetime.timezone.utc)
HOSTS = [f"check{i}.example" for i in range(8)]
# One town, and two places elsewhere: a device that is in another town all the time is no good witness.
PLACES = ["u33db", "u33dc", "u33d8", "u33d9", "u33de", "u33d2", "u336x", "u281z"]
SAVED_MS = 2000  # within a visit


def number(what, below):
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:6], "big") % below


def digest(what):
    return hashlib.sha256(what.encode()).hexdigest()


def network_id(name):
    return "net-" + digest("name " + name)[:16]


def mac(maker, what):
    """maker: three bytes in hex, "3c5a01"."""
    text = maker + digest("mac " + what)[:6]
    return ":".join(text[i:i + 2] for i in range(0, 12, 2))


def at(day, hour=0.0, seconds=0.0):
    return START + datetime.timedelta(days=day, hours=hour, seconds=seconds)


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


class Place:
    """An access point with all that stands behind it, as a device meets it."""

    def __init__(self, name, where, maker="3c5a01", point=None, router=None, router_maker="90e2ba",
                 dns="192.0.2.53", options=None, security="wpa2", portal=None, dbm=-62):
        self.name = name
        self.place = where
        self.bssid = point or mac(maker, f"{name} {where}")
        self.router = router or mac(router_maker, f"router {name} {where}")
        self.dns = dns
        self.options = options or digest("lease " + name)[:8]
        self.security = security
        self.portal = portal
        self.dbm = dbm
        self.forge = None       # what is shown instead of the check hosts' certificates
        self.forge_hosts = None  # which of them; None: all
        self.inspect = None     # "allowed" or "installed": an authority in between
        self.keys = {}          # hosts that have another key here

    def like(self, **changes):
        other = Place.__new__(Place)
        other.__dict__.update(self.__dict__)
        other.keys = dict(self.keys)
        other.__dict__.update(changes)
        return other


class World:
    def __init__(self):
        self.events = []  # (time, lines)
        self.count = 0

    def line(self, when, device, kind, body, on=None):
        out = {"device": device, "at": stamp(when), "kind": kind, kind: body}
        if on:
            out["on"] = on
        return out

    def add(self, when, lines):
        self.count += 1
        self.events.append((when, self.count, lines))

    def enrol(self, device, group=None, day=-40.0, attestation="hardware", asn=None, platform="android"):
        facts = {"at": stamp(at(day)), "attestation": attestation, "platform": platform,
                 "asn": asn if asn is not None else 64500 + number("asn " + device, 8)}
        if group:
            facts["group"] = group
        self.add(at(0, -1), [{"device": device, "enrolled": facts}])
        self.add(at(0, 0, number(device, 3000)), [self.line(at(0), device, "posture", {
            "platform": platform, "os_version": "14", "patch": "2026-08-05", "screen_lock": True})])

    def tls(self, when, device, place, host, extra=None):
        net = network_id(place.name)
        key = place.keys.get(host, digest("key " + host))
        body = {"host": host, "port": 443, "outcome": "ok", "trust": "public", "name_fits": True,
                "captive": False}
        if place.inspect:
            key = digest(f"inspected {place.inspect} {host}")
            body["trust"] = place.inspect
        if place.forge and (place.forge_hosts is None or host in place.forge_hosts):
            key = digest("forged " + place.forge)
            body |= {"outcome": "untrusted", "error": "unable to get local issuer certificate",
                     "trust": "unknown"}
        body["chain"] = [{"subject": "CN=" + host, "issuer": "CN=authority", "sha256": digest(key),
                          "spki_sha256": key, "not_before": "2026-01-01T00:00:00.000Z",
                          "not_after": "2027-01-01T00:00:00.000Z"}]
        return self.line(when, device, "tls", body | (extra or {}), net)

    def visit(self, device, place, day, hour, hosts=3, minutes=40, more=None):
        """Joins, looks, leaves. more(when, net) gives further lines before the end of the report."""
        when = at(day, hour)
        net = network_id(place.name)
        body = {"event": "joined", "link": "wifi" if place.bssid else "wired", "security": place.security,
                "gateway": "192.0.2.1", "gateway_mac": place.router, "dns": [place.dns],
                "place": place.place, "signal_dbm": place.dbm}
        if place.bssid:
            body["bssid"] = place.bssid
        lines = [self.line(when, device, "network", body, net),
                 self.line(when, device, "lease", {"server": "192.0.2.1", "router": "192.0.2.1",
                                                   "dns": [place.dns], "options": place.options}, net)]
        if place.portal:
            lines.append(self.line(when, device, "portal", {
                "state": "captive", "via": "http", "host": place.portal, "status": 302, "held_s": 5}, net))
        first = number(f"{device} {day} {hour}", 8)
        for i in range(hosts):
            lines.append(self.tls(when + datetime.timedelta(milliseconds=300 + 100 * i), device, place,
                                  HOSTS[(first + 3 * i) % 8]))
        if more:
            lines += more(when + datetime.timedelta(milliseconds=SAVED_MS), net)
        self.add(when, lines)
        left = when + datetime.timedelta(minutes=minutes)
        self.add(left, [self.line(left, device, "network", {"event": "left", "link": "wifi"}, net)])

    def contested(self, device, rival):
        """The router's address claimed by another machine while the true one still answers."""
        def more(when, net):
            true = "90:e2:ba:00:00:01"
            return [self.line(when, device, "gateway", {
                "address": "192.0.2.1", "mac": rival, "mac_before": true, "mac_rival": rival, "probes": 6,
                "old_answers": 4, "rival_claims": 9, "unasked_claims": 9, "rival_holds": False}, net)]
        return more

    def serve(self, device, day, hour, cell, place, **facts):
        """A mast serves the device."""
        when = at(day, hour)
        body = {"radio": "4g", "plmn": "26201", "area": 4711, "cell": cell, "pci": cell % 500,
                "arfcn": 1300, "signal_dbm": -95, "neighbours": 8, "cipher": "strong",
                "integrity": "strong", "place": place, "source": "modem"} | facts
        self.add(when, [self.line(when, device, "cell", body)])

    def write(self, file):
        for _, _, lines in sorted(self.events, key=lambda event: event[:2]):
            for line in lines:
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
