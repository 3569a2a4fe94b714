"""What the tests of the crowd stand on: devices that visit networks and say what they met there. Not a suite by
itself."""

import hashlib
import http.client
import json
import sqlite3
import sys
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import Client, Device  # noqa: E402

HOSTS = ("one.check.example", "two.check.example", "three.check.example")
MONTH_MS = 30 * 86400 * 1000
PLACE = "u33db"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def stamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}Z"


def chain(key):
    """What a host shows: a certificate of this key."""
    return [{"subject": "CN=check", "issuer": "CN=" + key[:12], "sha256": digest("cert " + key), "spki_sha256": digest(key)}]


def joined(bssid, place=PLACE, **more):
    body = {"event": "joined", "link": "wifi", "security": "wpa2", "bssid": bssid, "gateway": "192.168.7.1",
            "gateway_mac": "02:77:00:00:00:01", "dns": ["192.168.7.1"], "place": place}
    body.update(more)
    return "network", body


def proven(host):
    return "tls", {"host": host, "outcome": "ok", "version": "TLS1.3", "chain": chain("real " + host), "trust": "public",
                   "name_fits": True}


def forged(host, key):
    return "tls", {"host": host, "outcome": "untrusted", "version": "TLS1.2", "chain": chain(key), "name_fits": True,
                   "captive": False}


def left():
    return "network", {"event": "left", "link": "wifi"}


def clean_visit(bssid, **more):
    return [joined(bssid, **more)] + [proven(h) for h in HOSTS]


def attacked_visit(bssid, key="the attacker's", intact=1, **more):
    """Some check hosts are forged with one key, the others are as they should be."""
    return [joined(bssid, **more)] + [proven(h) for h in HOSTS[:intact]] + [forged(h, key) for h in HOSTS[intact:]]


class Sensor(Device):
    """A device that keeps its connection, and sends the same report until it is taken."""

    link = None

    def text(self, network, rows, at):
        out = []
        for kind, body in rows:
            self.seq += 1
            out.append({"seq": self.seq, "at": stamp(at), "kind": kind, kind: body, "on": network})
        return json.dumps({"v": 1, "observations": out})

    def call(self, server, method, path, body=None, timeout=30):
        link = http.client.HTTPSConnection("localhost", server.port, timeout=timeout, context=self.context)
        try:
            link.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            got = link.getresponse()
            return got.status, json.loads(got.read() or b"null")
        finally:
            link.close()

    def post(self, server, text, patience=60):
        end = time.monotonic() + patience
        while True:
            try:
                status, answer = self.call(server, "POST", "/v1/report", text)
                if status == 200:
                    return answer
                problem = (status, answer)
            except (OSError, http.client.HTTPException) as error:
                problem = error
            if time.monotonic() > end:
                raise RuntimeError(f"a report is not taken: {problem}")
            time.sleep(0.02)

    def visit(self, server, network, rows, ago=0):
        return self.post(server, self.text(network, rows, time.time() - ago))

    def verdict(self, server, network, bssid=None, place=None):
        query = {"id": network}
        query.update({k: v for k, v in (("bssid", bssid), ("place", place)) if v})
        return self.call(server, "GET", "/v1/network/verdict?" + urllib.parse.urlencode(query))


def metrics(server):
    text = Client(server).call("GET", "/metrics").body.decode()
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line and line[0] != "#"}


def wait_for(look, seconds=20, pause=0.02):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(pause)
    return found


def taken(server, seconds=60):
    """Everything that is in the journal has come to the crowd and to the pipeline."""
    def look():
        m = metrics(server)
        return m["picket_crowd_live"] == 1 and m["picket_crowd_lag"] == 0 and m["picket_journal_lag"] == 0
    return wait_for(look, seconds)


def store(server):
    db = sqlite3.connect(server.dir / "state" / "picket.db", timeout=30)
    db.execute("PRAGMA busy_timeout = 30000")
    return db


def make_old(server, ms=MONTH_MS):
    """All devices enrolled so much earlier, as if they had been here for long."""
    with store(server) as db:
        db.execute("UPDATE devices SET enrolled_ms = enrolled_ms - ?", (ms,))


def rows_of(server, sql):
    with store(server) as db:
        return db.execute(sql).fetchall()
