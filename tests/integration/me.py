#!/usr/bin/env python3
"""The employee's page against a real picketd: links that work once, sessions that are good for one device alone, everything
that the page shows and does; and a real picket-agent that gives the link, checks again when the page asks, and forgets the
server when its person leaves. Runs in a network namespace of its own."""

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs

sys.path.insert(0, str(Path(__file__).resolve().parent))
from apps_support import Phone, everything, item  # noqa: E402
import rest_support  # noqa: E402
from rest_support import BIN, Answer, Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
CAFE, HOME = (f"net-{n:016x}" for n in (0xCAFE, 0x40ED))
COOKIE = "__Host-picket_me"
MARK = {"X-Picket-Request": "1"}
# Every call of the page but the one that opens it: method, path, body.
CALLS = [
    ("DELETE", "/session", None), ("GET", "/state", None), ("POST", "/check", None),
    ("POST", "/items/00000000-0000-4000-8000-000000000000/mistake", {}),
    ("POST", "/items/00000000-0000-4000-8000-000000000000/later", {}),
    ("PUT", "/language", {"language": "de"}), ("GET", "/privacy", None), ("GET", "/export", None),
    ("POST", "/erase", {"confirm": "erase"}), ("POST", "/leave", {"confirm": "leave"}),
]


def wait_for(look, seconds=20):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def own_namespace():
    if os.environ.get("PICKET_TEST_NS") == "1":
        return
    os.environ["PICKET_TEST_NS"] = "1"
    flags = "-n" if os.geteuid() == 0 else "-rn"
    os.execvp("unshare", ["unshare", flags, sys.executable, *sys.argv])


def sh(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def pretend_network():
    sh("ip", "link", "set", "lo", "up")
    sh("ip", "link", "add", "office0", "type", "veth", "peer", "name", "office1")
    sh("ip", "addr", "add", "10.9.0.2/24", "dev", "office0")
    sh("ip", "link", "set", "office0", "up")
    sh("ip", "link", "set", "office1", "up")
    sh("ip", "route", "add", "default", "via", "10.9.0.1")
    sh("ip", "neigh", "replace", "10.9.0.1", "lladdr", "02:00:00:00:00:01", "dev", "office0")


class World:
    def __init__(self, settings="", console=None):
        self.server = Server("crowd: {checkpoint_s: 1}\n" + settings, console)
        self.server.start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        made = {role: person.post("/tokens", {"name": role, "role": role}).json["token"]
                for role in ("viewer", "responder", "privacy", "admin")}
        for role, token in made.items():
            setattr(self, role, Client(self.server, token=token))
        self.link = self.admin.post("/enrollments", {"uses": 100}).json["token"]

    def phone(self, name):
        return Phone(self.server, self.link, name)

    def settled(self):
        wait_for(lambda: self.viewer.get("/health").json["journal"]["lag"] == 0)

    def close(self):
        self.server.close()


class Page:
    """A browser that has the page open: keeps the cookie, sends the marker."""

    def __init__(self, server, cookie=None, address=None):
        self.server, self.cookie, self.address = server, cookie, address

    def call(self, method, path, body=None, headers=None, marker=True, prefix="/me/api"):
        sent = dict(headers or {})
        if self.cookie is not None:
            sent["Cookie"] = f"{COOKIE}={self.cookie}"
        if marker and method != "GET":
            sent |= MARK
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        source = (self.address, 0) if self.address else None
        link = http.client.HTTPSConnection("localhost", self.server.port, timeout=60, context=self.server.context,
                                           source_address=source)
        try:
            link.request(method, prefix + path, data, sent)
            got = link.getresponse()
            return Answer(got.status, got.getheaders(), got.read())
        finally:
            link.close()

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def state(self, lang="en"):
        return self.get(f"/state?lang={lang}").json

    def open(self, url):
        got = self.post("/session", {"token": url.split("#")[1].split("&")[0]})
        if got.status == 201:
            self.cookie = got.headers["set-cookie"].split(";")[0].split("=", 1)[1]
        return got


def link_of(phone, query=""):
    status, answer = phone.call("POST", "/v1/page" + query)
    return answer["url"] if status == 201 else (status, answer)


def open_page(w, phone):
    page = Page(w.server)
    got = page.open(link_of(phone))
    check("a link opens the page", got.status == 201, got)
    return page


def joined(network, **more):
    return ("network", {"event": "joined", "link": "wifi", "security": "wpa2", "bssid": "02:00:5e:10:00:01",
                        "gateway": "192.168.7.1", "gateway_mac": "02:77:00:00:00:01", "dns": ["192.168.7.1"], **more}, network)


def gateway(network, bad):
    body = {"address": "192.168.7.1", "mac": "02:77:00:00:00:01", "mac_before": "02:77:00:00:00:01"}
    if bad:
        body.update(mac="02:77:00:00:00:66", mac_rival="02:77:00:00:00:66", probes=3, old_answers=3, rival_claims=3, unasked_claims=3)
    return ("gateway", body, network)


def posture(**more):
    return ("posture", {"platform": "android", "model": "Pixel 8", "os_name": "Android", "os_version": "14",
                        "patch": time.strftime("%Y-%m-%d"), "disk_encrypted": True, "screen_lock": True, "developer_mode": False, **more}, None)


def report(w, phone, *rows):
    status, answer = phone.report(*rows)
    check("report is taken", status == 200, answer)
    w.settled()


# ---- links and sessions ------------------------------------------------------------------------------------

def test_link(w, anna):
    url = link_of(anna)
    check("a device gets a link", isinstance(url, str) and url.startswith("https://") and "/me#" in url and
          len(url.split("#")[1]) == 64, url)
    check("to one thing, too", link_of(anna, "?item=inc-0123abc").endswith("&item=inc-0123abc"))
    check("but to nothing else", link_of(anna, "?item=%3Cscript%3E")[0] == 400)
    got = Client(w.server).call("POST", "/v1/page")
    check("without a certificate there is none", got.status == 401, got)
    page = Page(w.server)
    got = page.open(url)
    cookie = got.headers.get("set-cookie", "")
    check("it opens a session", got.status == 201 and cookie.startswith(COOKIE + "="), got)
    check("whose cookie is for this host, over TLS, for no script and no other site",
          all(a in cookie for a in ("Path=/", "HttpOnly", "Secure", "SameSite=Strict")) and "Domain" not in cookie, cookie)
    check("for 12 hours", "Max-Age=43200" in cookie, cookie)
    again = Page(w.server, address="127.0.0.50").open(url)
    check("a link works once", again.status == 401 and "set-cookie" not in again.headers, again)
    tokens = [link_of(anna) for _ in range(1)]
    hands = [Page(w.server, address=f"127.0.0.{60 + n}") for n in range(8)]
    results = []
    threads = [threading.Thread(target=lambda p=p: results.append(p.open(tokens[0]).status)) for p in hands]
    [t.start() for t in threads]
    [t.join() for t in threads]
    check("also when eight come at the same moment", sorted(results) == [201] + [401] * 7, results)
    check("the session is of this device", page.state()["device"]["name"] == "anna-phone", page.state())
    return page


def test_headers(w, page):
    for method, path, body in CALLS[1:2] + CALLS[6:7]:
        got = page.call(method, path, body)
        h = got.headers
        check(f"{path}: never kept, framed or shown as a page", h.get("cache-control") == "no-store" and
              "default-src 'none'" in h.get("content-security-policy", "") and h.get("x-content-type-options") == "nosniff" and
              h.get("x-frame-options") == "DENY" and h.get("referrer-policy") == "no-referrer", h)
    got = Client(w.server).call("GET", "/me")
    csp = got.headers.get("content-security-policy", "")
    check("the page itself lets nothing in from elsewhere", "default-src" in csp and "unsafe" not in csp and "*" not in csp and
          "frame-ancestors 'none'" in csp, got.headers)
    check("there are no other calls", page.get("/nothing").status == 404 and page.call("PUT", "/state", {}).status == 405)


def test_refusals(w, page, other):
    """Every call without a session, with a wrong one, with another kind's, without the marker."""
    console = w.server.signin_token()
    got = Client(w.server).post("/session", {"token": console})
    admin_cookie = got.headers["set-cookie"].split(";")[0].split("=")[1]
    for method, path, body in CALLS:
        for what, cookie in (("no session", None), ("a made-up one", "0" * 64), ("an administrator's", admin_cookie),
                             ("nonsense", "x;y"), ("an empty one", "")):
            got = Page(w.server, cookie).call(method, path, body)
            check(f"{method} {path} with {what}: 401", got.status == 401, got)
        if method != "GET":
            got = page.call(method, path, body, marker=False)
            check(f"{method} {path} without the marker: 403", got.status == 403, got)
        bearer = Page(w.server).call(method, path, body, headers={"Authorization": f"Bearer {w.admin.token}"})
        check(f"{method} {path} with an administrator's token: 401", bearer.status == 401, bearer)
    for path in ("/session", "/devices", "/incidents", "/audit", "/overview"):
        got = Client(w.server, cookie=page.cookie).get(path)
        check(f"the page's session is none of the administrators' ({path})", got.status == 401, got)
        got = Client(w.server).call("GET", "/api/v1" + path, headers={"Cookie": f"{COOKIE}={page.cookie}"})
        check(f"under its own name, too ({path})", got.status == 401, got)
    got = Client(w.server, token=page.cookie).get("/devices")
    check("nor a bearer token", got.status == 401, got)
    link = link_of(other)
    got = Client(w.server).post("/session", {"token": link.split("#")[1]})
    check("a link to a page signs nobody in to the console", got.status == 401, got)
    signin = w.server.signin_token()
    check("nor the other way round", Page(w.server, address="127.0.0.51").open("x#" + signin).status == 401)
    check("still open", page.get("/state").status == 200)


def test_bodies(page):
    for path, body in (("/session", b"{"), ("/session", {}), ("/session", {"token": ""}), ("/session", {"token": "a" * 129}),
                       ("/session", {"token": "a", "x": 1}), ("/erase", {}), ("/erase", {"confirm": "yes"}), ("/leave", {"confirm": "erase"}),
                       ("/leave", {})):
        got = page.post(path, body)
        check(f"{path} {body!r}: 400", got.status == 400, got)
    check("too long a body", page.post("/session", b" " * 5000).status == 413)
    check("a body of another type", page.call("POST", "/session", b"token=a", {"Content-Type": "text/plain"}).status == 415)
    check("a language that there is not", page.call("PUT", "/language", {"language": "xx"}).status == 400)
    check("a state in a language that there is not", page.get("/state?lang=xx").status == 400 and page.get("/state?frob=1").status == 400)


def test_rate(w, anna):
    """The last one from its own address: wrong links are counted."""
    page = Page(w.server, address="127.0.0.77")
    codes = [page.open("x#" + f"{n:064x}").status for n in range(12)]
    check("ten wrong links a minute, then 429", codes == [401] * 10 + [429] * 2, codes)
    check("also for a right one", page.open(link_of(anna)).status == 429)
    check("elsewhere it goes on", Page(w.server, address="127.0.0.78").open(link_of(anna)).status == 201)


# ---- what it shows -----------------------------------------------------------------------------------------

def test_state(w, anna, page):
    fresh = page.state()
    check("before the first report it promises nothing", fresh["state"] == "new" and fresh["cards"]["network"]["state"] == "unknown" and
          fresh["checked_at"] is None, fresh)
    report(w, anna, posture(), joined(CAFE), gateway(CAFE, False))
    calm = page.state()
    check("all is well", calm["state"] == "protected" and calm["to_fix"] == 0 and calm["items"] == [], calm)
    check("what was not looked at is not called good", calm["cards"]["apps"]["state"] == "unknown" and
          all(calm["cards"][c]["state"] == "good" for c in ("device", "network", "updates")), calm["cards"])
    net = calm["network"]
    states = {c["check"]: c["state"] for c in net["checks"]}
    check("the network now: what was checked and what not yet", net["id"] == CAFE and states["router"] == "passed" and
          states["secure"] == "open" and net["known"] is False, net)
    report(w, anna, gateway(CAFE, True))
    bad = page.state()
    one = bad["items"][0] if bad["items"] else {}
    check("an attack: act now", bad["state"] == "act" and bad["to_fix"] == 1 and bad["cards"]["network"] ==
          {"state": "fix", "to_fix": 1}, bad)
    check("with what, why and at most three steps", one["threat"] == "network.arp_spoof" and one["texts"]["title"] and
          one["texts"]["why"] and 1 <= len(one["texts"]["next"]) <= 3 and one["urgent"] and
          one["subject"] == {"kind": "network", "id": CAFE}, one)
    check("the check that failed says so", {c["check"]: c["state"] for c in bad["network"]["checks"]}["router"] == "failed")
    german = page.state("de")["items"][0]["texts"]
    check("in the person's language", german["language"] == "de" and german["title"] != one["texts"]["title"], german)
    report(w, anna, everything(item("com.spy", b"spy", label="Cleaner")), gateway(CAFE, False), gateway(CAFE, False))
    good = wait_for(lambda: (s := page.state())["state"] == "protected" and s)
    check("what is over goes away by itself, and stays as a line", good and good["solved"] and
          good["solved"][0]["id"] == one["id"] and good["cards"]["apps"]["state"] == "good", good or page.state())


def test_answers(w, anna, ben, page, bens):
    report(w, anna, posture(screen_lock=False))
    thing = page.state()["items"][0]
    check("no screen lock is a thing to fix", thing["threat"] == "physical.no_passcode" and thing["card"] == "device", thing)
    got = page.post(f"/items/{thing['id']}/mistake", {"note": "I use a very long one <b>"})
    check("it can be called a mistake", got.status == 200, got)
    after = page.state()["items"][0]
    check("and says so from then on; it stays open until somebody looked", after["mistake_at"] and after["state"] == "open", after)
    full = w.viewer.get(f"/incidents/{thing['id']}")
    line = [t for t in full.json["timeline"] if t["what"] == "mistake"]
    check("the time line has the claim with the note", line and line[0]["detail"] == "I use a very long one <b>" and
          line[0]["by"] == "device" and not rest_support.judge("GET", "/incidents/{id}", full), full.json["timeline"])
    events = w.viewer.get("/events?limit=500").json["items"]
    check("and the stream", any(e["type"] == "alert.mistake" and e["incident"]["id"] == thing["id"] for e in events),
          [e["type"] for e in events])
    got = page.post(f"/items/{thing['id']}/later", {})
    later = page.state()["items"][0]["later_until"]
    check("it can wait until tomorrow", got.status == 200 and later, got)
    check("a note has a largest size", page.post(f"/items/{thing['id']}/mistake", {"note": "x" * 501}).status == 400)
    for what in ("mistake", "later"):
        got = bens.post(f"/items/{thing['id']}/{what}", {})
        check(f"nobody else can say that ({what})", got.status == 404 and anna.id not in got.body.decode(), got)
        got = page.post(f"/items/{'f' * 36}/{what}", {})
        check(f"nor of what is not there ({what})", got.status == 404, got)
    report(w, anna, posture())
    check("mended: gone from the page", wait_for(lambda: page.state()["items"] == []), page.state()["items"])
    check("what is over takes no answer", page.post(f"/items/{thing['id']}/later", {}).status == 409)
    check("and the other device is as it was", bens.state()["items"] == [] and ben.id)


def test_later(w):
    """The alert comes again after a day, and not when its cause is gone by then."""
    def due_now():
        with sqlite3.connect(w.server.dir / "state" / "picket.db", timeout=20) as base:
            return base.execute("UPDATE actions SET created_ms = created_ms - 86400000 WHERE created_ms > ? AND target = ?",
                                (int(time.time() * 1000), gina.id)).rowcount

    gina = w.phone("gina-phone")
    page = open_page(w, gina)
    report(w, gina, posture(screen_lock=False))
    thing = page.state()["items"][0]
    told = [c for c in gina.wait(5) if c["type"] == "alert"]
    gina.wait_seen([c["id"] for c in told])
    check("the person is told", told and told[0]["threat"] == "physical.no_passcode", told)
    for _ in range(2):
        check("later", page.post(f"/items/{thing['id']}/later", {}).status == 200)
    check("nothing comes before its time", gina.wait(1) == [])
    check("one reminder waits, also after two presses", due_now() == 1)
    again = gina.wait(5)
    check("after a day the alert comes again, once", [c["title"] for c in again] == [told[0]["title"]] and again[0]["id"] != told[0]["id"], again)
    gina.wait_seen([c["id"] for c in again])
    check("later, again", page.post(f"/items/{thing['id']}/later", {}).status == 200)
    report(w, gina, posture())
    check("mended meanwhile", wait_for(lambda: page.state()["items"] == []))
    due_now()
    late = [c for c in gina.wait(2) if c["type"] == "alert"]
    check("then it does not come", late == [], late)


def test_access():
    """A policy takes mail away because of one thing: the page says which one gives it back."""
    w = World()
    try:
        policy = w.server.dir / "policy.yaml"
        policy.write_text("version: 1\nname: strict\nrules:\n  - name: no lock, no mail\n    when: {threats: [physical.no_passcode], "
                          "severity: medium, confidence: 0.5}\n    do: [alert, block_mail]\n    hold: 0m\n")
        w.server.stop()
        w.server.config.write_text(w.server.config.read_text() + f'policy: "{policy}"\n')
        w.server.start()
        fred = w.phone("fred-phone")
        page = open_page(w, fred)
        report(w, fred, posture(screen_lock=False, disk_encrypted=False))
        state = wait_for(lambda: (s := page.state())["access"]["blocked"] and s) or page.state()
        check("mail is paused", state["access"]["blocked"] == ["block_mail"], state["access"])
        check("because of one thing alone", {i["threat"]: i["blocks"] for i in state["items"]} ==
              {"physical.no_passcode": ["block_mail"], "physical.no_encryption": []}, [(i["threat"], i["blocks"]) for i in state["items"]])
        report(w, fred, posture(disk_encrypted=False))
        free = wait_for(lambda: (s := page.state())["access"]["blocked"] == [] and s)
        check("mended: it is back by itself", free and [i["threat"] for i in free["items"]] == ["physical.no_encryption"], page.state()["access"])
    finally:
        w.close()


def test_outlook(w):
    """What the forecast's own tests compute (foresight.py) is laid down here as the store has it: the page says it in words of its own."""
    hugo = w.phone("hugo-phone")
    page = open_page(w, hugo)
    report(w, hugo, posture(), joined(CAFE))
    check("nothing is foretold of a new device", page.state()["outlook"] == {"level": "unknown", "lowers": []}, page.state()["outlook"])
    foresight = {"at": "2026-11-23T00:00:00.000Z", "outlook": "high", "p7": 0.05, "p30": 0.2, "reasons": [
        {"reason": "No screen lock", "share": 1.5, "lowers": "Set a screen lock: -1.5 points"},
        {"reason": "Joins 9 open networks a week", "share": 1, "lowers": "Use mobile data instead of open networks, or a VPN on them"},
        {"reason": "Time", "share": 0.5}],
        "zone": {"standing": "red", "p": 0.03, "attacks": 7, "joins": 90, "why": "7 attacks near here"}}
    with sqlite3.connect(w.server.dir / "state" / "picket.db", timeout=20) as base:
        base.execute("UPDATE devices SET outlook = 3 WHERE id = ?", (hugo.id,))
        base.execute("UPDATE device_state SET foresight = ? WHERE device = ?", (json.dumps(foresight), hugo.id))
    state = page.state("it")
    check("the forecast as a band, with what lowers it", state["outlook"] == {"level": "high", "lowers": ["set_passcode", "avoid_open"]}, state["outlook"])
    check("no sentence of another language", "Joins 9" not in json.dumps(state) and "near here" not in json.dumps(state))
    check("the light of the place", state["network"]["zone"] == {"standing": "red", "attacks": 7, "joins": 90}, state["network"])


def test_language(w, anna, page):
    got = page.call("PUT", "/language", {"language": "fr"})
    check("a language is kept", got.status == 204 and page.state()["language"] == "fr", got)
    report(w, anna, posture(model="Pixel 9"))
    check("also over the next report", page.state()["language"] == "fr" and page.state()["device"]["model"] == "Pixel 9")


def test_check(w, ben, bens):
    """A device that speaks the protocol: the command is there at once, once."""
    got = [None]
    thread = threading.Thread(target=lambda: got.__setitem__(0, ben.wait(20)))
    thread.start()
    time.sleep(0.5)
    began = time.monotonic()
    first = bens.post("/check")
    second = bens.post("/check")
    thread.join()
    took = time.monotonic() - began
    check("the open wait brings the question at once", first.status == 202 and got[0] and got[0][0]["type"] == "check" and took < 2,
          (first, got, took))
    check("pressing twice asks once", second.json == first.json, second)
    check("it waits for an answer", bens.state()["asked"]["state"] == "waiting", bens.state()["asked"])
    ben.wait_seen([c["id"] for c in got[0]])
    check("the device has it", bens.state()["asked"]["state"] == "taken", bens.state()["asked"])
    report(w, ben, posture())
    check("a report meanwhile is not the end of it", bens.state()["asked"]["state"] == "taken", bens.state()["asked"])
    report(w, ben, ("agent", {"event": "sensors", "version": "0.1.0", "sensors": []}, None))
    done = wait_for(lambda: (a := bens.state()["asked"]) and a["state"] == "done")
    check("and is done with it", done, bens.state()["asked"])


def test_privacy(w, anna, page, bens):
    p = page.get("/privacy").json
    kinds = {k["kind"]: k for k in p["kinds"]}
    fields = {f"{k}.{f['field']}": f["leaves"] for k, v in kinds.items() for f in v["fields"]}
    table = [line for line in (rest_support.ROOT / "docs/privacy.md").read_text().split("<!-- fields")[1].split("\n## ")[0].splitlines()
             if line.startswith("| `")]
    check("the lists are those of docs/privacy.md", len(fields) + len(p["every"]) == len(table), (len(fields), len(p["every"]), len(table)))
    check("a network's name never leaves, its id is a hash", fields["network.name"] == "never" and
          any(f == {"field": "on", "help": f["help"], "leaves": "hashed"} for f in p["every"]), p["every"])
    check("what every device sends and what may be", kinds["posture"]["always"] and not kinds["apps"]["always"])
    days = p["ledger"]["days"]
    check("what was sent, by day and kind", days[0]["day"] == time.strftime("%Y-%m-%d", time.gmtime()) and days[0]["by_kind"]["posture"] >= 3 and
          days[0]["bytes"] > 0, days)
    w.viewer.get(f"/devices/{anna.id}")
    looked = page.get("/privacy").json["ledger"]["looked"]
    check("who looked", any(e["what"] == "device.look" for e in looked), looked)
    got = page.get("/export")
    check("everything can be taken along", got.status == 200 and got.json["format"] == "picket-export-1" and got.json["device"] == anna.id and
          got.json["tables"]["incidents"], got)
    check("and holds no secret of a session", page.cookie not in got.body.decode())
    check("of this device alone", anna.id not in bens.get("/export").body.decode())


def test_by_admin(w, anna):
    for role in ("viewer", "privacy"):
        got = getattr(w, role).post(f"/devices/{anna.id}/page-link", None)
        check(f"a {role} makes no link", got.status == 403, got)
    got = w.responder.post(f"/devices/{anna.id}/page-link", None)
    check("a responder does", got.status == 201 and not rest_support.judge("POST", "/devices/{id}/page-link", got), got)
    check("to no device that is not there", w.responder.post("/devices/none/page-link", None).status == 404)
    page = Page(w.server)
    check("it opens the page", page.open(got.json["url"]).status == 201 and page.state()["own"] is False)
    for method, path, body in (("GET", "/export", None), ("POST", "/erase", {"confirm": "erase"}), ("POST", "/leave", {"confirm": "leave"})):
        check(f"but what is the person's alone it may not ({path})", page.call(method, path, body).status == 403)
    looked = {(e["what"], e["who"]) for e in anna.ledger()["looked"]}
    check("the person sees that a link was made, and that it was opened", ("device.page_link", "token responder") in looked and
          ("device.page", "link of token responder") in looked, looked)


def test_revoked(w):
    carl = w.phone("carl-phone")
    page, spare = open_page(w, carl), link_of(carl)
    check("revoked", w.admin.post(f"/devices/{carl.id}/revoke", {"reason": "lost"}).status == 200)
    for method, path, body in CALLS:
        got = page.call(method, path, body)
        check(f"a revoked device has no session at once ({path})", got.status == 401, got)
    check("nor do links that were made before open one", Page(w.server, address="127.0.0.52").open(spare).status == 401)
    check("nor are there new ones", w.responder.post(f"/devices/{carl.id}/page-link", None).status == 409)


def test_leave(w):
    dora = w.phone("dora-phone")
    report(w, dora, posture())
    page, other = open_page(w, dora), open_page(w, dora)
    got = page.post("/leave", {"confirm": "leave"})
    check("one can leave", got.status == 204 and "Max-Age=0" in got.headers.get("set-cookie", ""), got)
    check("all its sessions are over", page.get("/state").status == 401 and other.get("/state").status == 401)
    status, answer = dora.call("GET", "/v1/ledger")
    check("the device is told that it left", status == 403 and answer["type"] == "urn:picket:error:left", answer)
    device = w.viewer.get(f"/devices/{dora.id}").json
    check("administrators see why", device["revoked"]["by"] == "device" and "left" in device["revoked"]["reason"], device["revoked"])
    acts = [a["act"] for a in w.admin.get("/audit?limit=100").json["items"] if a["target"] == dora.id]
    check("the audit has it", "device.leave" in acts, acts)
    w.server.stop()
    w.server.start()
    check("also after a restart", dora.call("GET", "/v1/ledger")[1]["type"] == "urn:picket:error:left")


def test_erase(w, ben, bens):
    got = bens.post("/erase", {"confirm": "erase"})
    check("one can ask to be forgotten", got.status == 202 and got.json["state"] == "asked", got)
    check("the page says how it stands", bens.get("/privacy").json["ledger"]["erasure"]["state"] == "asked")
    check("the administrators hear of it", any(e["device"]["id"] == ben.id for e in w.admin.get("/erasures").json["items"]))
    link = link_of(ben)
    check("they agree", w.privacy.post(f"/devices/{ben.id}/erase", None).status == 202)
    check("the session ends at once", bens.get("/state").status == 401 and Page(w.server, address="127.0.0.53").open(link).status == 401)
    gone = wait_for(lambda: w.viewer.get(f"/devices/{ben.id}").status == 404, 30)
    check("and everything is gone", gone)


# ---- a real agent ------------------------------------------------------------------------------------------

class Agent:
    def __init__(self, w, name):
        self.folder = w.server.dir / name
        self.folder.mkdir()
        self.config = self.folder / "agent.yaml"
        self.config.write_text(f'state_dir: "{self.folder}/state"\n')
        self.log = self.folder / "agent.log"
        self.child = None

    def command(self, *argv, env=None):
        return subprocess.run([BIN / "picket-agent", *argv, "--config", self.config], capture_output=True, text=True, timeout=90,
                              stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def start(self):
        self.child = subprocess.Popen([BIN / "picket-agent", "run", "--json", "--config", self.config], stdin=subprocess.DEVNULL,
                                      stdout=self.log.open("ab"), stderr=subprocess.STDOUT)

    def events(self, name):
        rows = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [r for r in rows if r.get("event") == name]

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait(5)


def test_agent(w):
    agent = Agent(w, "laptop")
    out = agent.command("page")
    check("without a server there is no page", out.returncode == 3 and "not enrolled" in out.stderr, out)
    link = w.server.command("--issue-enrollment").split()[0]
    check("it enrols", agent.command("enroll", link, "--name", "eves-laptop").returncode == 0)
    agent.start()
    check("it runs", wait_for(lambda: agent.events("report")), agent.log.read_text()[-2000:])
    out = agent.command("page")
    url = out.stdout.strip()
    check("picket-agent page gives a link", out.returncode == 0 and "/me#" in url, out)
    tail = parse_qs(url.split("#")[1].partition("&")[2])
    check("with the network's name behind the #, which no server sees", tail.get("net", [""])[0].startswith("net-") and
          "office0" in tail.get("name", [""])[0], url)
    check("and as JSON", json.loads(agent.command("page", "--json").stdout)["url"].startswith("https://"))
    for wrong in ("a b", "", "https://localhost/me#item=", "https://localhost/me#item=a;b", "https://localhost/", "x" * 40):
        check(f"'{wrong}', a thing that cannot be, is wrong usage", agent.command("page", wrong).returncode == 2)
    fake = agent.folder / "bin"
    fake.mkdir()
    (fake / "xdg-open").write_text(f'#!/bin/sh\nprintf %s "$1" > "{fake}/opened"\n')
    (fake / "xdg-open").chmod(0o755)
    out = agent.command("page", "--open", env={"PATH": f"{fake}:{os.environ['PATH']}"})
    check("or opens it", out.returncode == 0 and "/me#" in (fake / "opened").read_text() and out.stdout == "", out)
    page = Page(w.server)
    check("the link opens the page", page.open(url).status == 201 and page.state()["device"]["name"] == "eves-laptop")
    check("it knows the agent's network", wait_for(lambda: (page.state()["network"] or {}).get("id") == tail["net"][0]), page.state()["network"])
    before = page.state()["checked_at"]
    time.sleep(1.5)  # quiet: nothing of the start is under way any more
    began = time.monotonic()
    check("check again", page.post("/check").status == 202)
    done = wait_for(lambda: (s := page.state())["asked"] and s["asked"]["state"] == "done" and s, 60)
    check("the agent checks, and says so though nothing is new", done and done["checked_at"] > before, (before, page.state()["asked"]))
    check("it was the command", any(e.get("type") == "check" for e in agent.events("command")), agent.events("command"))
    took = time.monotonic() - began
    last = page.get("/export").json["reports"][-1]["observations"]
    check("its last word is that the check ended", last[-1]["kind"] == "agent" and last[-1]["agent"]["event"] == "sensors", last)
    print(f"        from the press to the fresh state: {took:.1f} s")
    wire = json.dumps(page.get("/export").json)
    check("the server does not know the network's name", "office0" not in wire and tail["net"][0] in wire)
    status = page.post("/leave", {"confirm": "leave"}).status
    check("leaving", status == 204, status)
    check("the agent hears of it and forgets the server", wait_for(lambda: agent.events("left"), 30), agent.log.read_text()[-1500:])
    gone = wait_for(lambda: not (agent.folder / "state/device.pem").exists())
    record = json.loads((agent.folder / "state/server.json").read_text())
    check("key, certificate and address are gone", gone and "url" not in record and not record.get("deployment_key") and
          not (agent.folder / "state/ca.pem").exists(), record)
    now = json.loads(agent.command("status", "--json").stdout)
    check("it goes on alone, and nothing waits for another server", now["server"]["state"] in ("alone", "not enrolled") and
          now["server"].get("waiting_to_be_sent", 0) == 0, now["server"])
    agent.stop()
    link = w.server.command("--issue-enrollment").split()[0]
    check("it can enrol again, as another", agent.command("enroll", link).returncode == 0)
    check("leave asks back", agent.command("leave").returncode == 2)
    out = agent.command("leave", "--yes")
    check("or does not", out.returncode == 0 and not (agent.folder / "state/device.pem").exists(), out)
    check("nothing to leave twice", agent.command("leave", "--yes").returncode == 3)


def main():
    own_namespace()
    pretend_network()
    Client.watch = None
    w = World()
    try:
        anna, ben = w.phone("anna-phone"), w.phone("ben-phone")
        page = test_link(w, anna)
        bens = open_page(w, ben)
        test_headers(w, page)
        test_refusals(w, page, ben)
        test_bodies(page)
        test_state(w, anna, page)
        test_answers(w, anna, ben, page, bens)
        test_later(w)
        test_outlook(w)
        test_language(w, anna, page)
        test_check(w, ben, bens)
        test_privacy(w, anna, page, bens)
        test_by_admin(w, anna)
        test_revoked(w)
        test_leave(w)
        test_erase(w, ben, bens)
        test_rate(w, anna)
        test_agent(w)
    finally:
        w.close()
    test_access()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
