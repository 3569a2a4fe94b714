"""The server with people, programs and devices that the REST tests speak with. Not a suite by
itself."""

import re
import shutil
import socket
import sqlite3
import tempfile
import time
from pathlib import Path

from rest_support import Client, Device, Server, Tally

tally = Tally()
check = tally.check
ROLES = ["viewer", "responder", "policy", "privacy", "admin"]
NET = "net-0123456789abcdef"
SECRETS = []  # everything that is shown once; must be found nowhere later


def wait_for(what, look, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    check(what, False, "not within the time")
    return None


def is_problem(name, answer, status, kind, path=None):
    good = answer.status == status and answer.problem == kind
    if path is not None:
        good = good and answer.json.get("path") == path
    check(f"{name}: {status} {kind} {path or ''}", good, answer)


class World:
    """The server with people, programs and devices that the tests speak with."""

    def __init__(self):
        console = Path(tempfile.mkdtemp(prefix="picket-console-"))
        self.console = console
        (console / "index.html").write_text("<!doctype html><title>console</title>")
        (console / "app-0123456789.js").write_text("console.log(1)")
        (console / "plain.css").write_text("a{}")
        (console / ".hidden").write_text("secret of the folder")
        (console / "sub").mkdir()
        (console / "sub" / "a.svg").write_text("<svg/>")
        (console / "link.txt").symlink_to("/etc/passwd")
        self.soc = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # what the SOC is sent arrives here
        self.soc.bind(("127.0.0.1", 0))
        self.soc.settimeout(5)
        siem = f'siem: [{{name: soc, transport: udp, host: "127.0.0.1", port: {self.soc.getsockname()[1]}}}]\n'
        self.server = Server(siem, console=console).start()
        self.nobody = Client(self.server)
        token = self.server.signin_token()
        SECRETS.append(token)
        self.signed_in = self.nobody.post("/session", {"token": token})
        self.used_link = token
        self.cookie = re.match(r"__Host-picket=([0-9a-f]{64})", self.signed_in.headers["set-cookie"]).group(1)
        SECRETS.append(self.cookie)
        self.person = Client(self.server, cookie=self.cookie)
        self.by_role = {}
        for role in ROLES:
            made = self.person.post("/tokens", {"name": f"test {role}", "role": role})
            SECRETS.append(made.json["token"])
            self.by_role[role] = Client(self.server, token=made.json["token"])
        self.admin, self.viewer = self.by_role["admin"], self.by_role["viewer"]
        self.responder = self.by_role["responder"]

    def database(self):
        return sqlite3.connect(self.server.dir / "state" / "picket.db", timeout=20)

    def soc_hears(self, *words):
        """The next message to the SOC that holds all the words; None after 5 s without one."""
        try:
            while True:
                text = self.soc.recv(65536).decode()
                if all(word in text for word in words):
                    return text
        except TimeoutError:
            return None

    def close(self):
        self.server.close()
        self.soc.close()
        shutil.rmtree(self.console, ignore_errors=True)


def make_fleet(w):
    made = w.admin.post("/enrollments", {"label": "fleet", "group": "sales", "uses": 5}).json
    SECRETS.append(made["token"])
    w.devices = [Device(w.server, made["token"], f"phone-{n}") for n in range(1, 6)]
    left = next(e for e in w.admin.get("/enrollments").json["items"] if e["id"] == made["id"])
    check("uses are counted", left["uses_left"] == 0, left)
    old = "2025-01-01"
    for device in w.devices[:4]:
        status, answer = device.report(device.posture(disk_encrypted=False, patch=old), device.joined(NET))
        check("report", status == 200, answer)
    w.devices[0].report(w.devices[0].spoofed(NET))
    w.devices[1].report(w.devices[1].spoofed(NET))
    wait_for("ten incidents", lambda: w.viewer.get("/incidents").json["total"] >= 10)


def pages(client, path, limit):
    items, cursor, turns = [], None, 0
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = client.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{more}").json
        items += page["items"]
        cursor, turns = page["next_cursor"], turns + 1
        if cursor is None or turns > 500:
            return items, page["total"]


def pages_of_events(client, after="0", limit=500):
    items = []
    while True:
        got = client.get(f"/events?after={after}&limit={limit}").json
        items += got["items"]
        after = got["next"]
        if not got["items"]:
            return items
