#!/usr/bin/env python3
"""An organisation's own words for threats: the next alert and the employee's page have them in the device's language; bad
ones are refused with their place; who reads an old version cannot overwrite; they outlive kill -9; reset is the catalogue's."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import rest_support  # noqa: E402
from apps_support import Phone  # noqa: E402
from me import Page, link_of  # noqa: E402
from rest_support import BIN, Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
ARP = "network.arp_spoof"
OWN = {"threat": ARP, "language": "de", "title": 'Das Netz "{subject}" ist unsicher', "next": ["Rufen Sie 4711 an."]}


def watch(method, path, answer):
    for fault in rest_support.judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


class World:
    def __init__(self):
        self.server = Server("").start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        self.token = person.post("/tokens", {"name": "test", "role": "admin"}).json["token"]
        self.admin = Client(self.server, token=self.token)
        self.viewer = Client(self.server, token=person.post("/tokens", {"name": "v", "role": "viewer"}).json["token"])
        self.link = self.admin.post("/enrollments", {"uses": 20}).json["token"]

    def put(self, texts, **more):
        return self.admin.call("PUT", rest_support.BASE + "/texts", {"texts": texts, **more})

    def get(self, query=""):
        return self.admin.get("/texts" + query).json

    def cli(self, *argv):
        env = {"PICKET_URL": f"https://localhost:{self.server.port}", "PICKET_TOKEN": self.token,
               "PICKET_CA": str(self.server.dir / "state/ca.pem")}
        return subprocess.run([BIN / "picket", "text", *argv], env=env, capture_output=True, text=True, timeout=60, check=False)

    def alert(self, name, language):
        """What a new device that speaks this language is told of an attack."""
        device = Phone(self.server, self.link, name)
        net = f"net-{name.encode().hex():0>16.16}"
        device.report(device.posture(), ("agent", {"event": "started", "version": "0.1.0", "language": language, "sensors": []}, None),
                      device.joined(net), device.spoofed(net))
        self.newest = device
        return device.next_command("alert", 20) or {}


def test_empty(w):
    got = w.get()
    check("at first there are none", got["version"] == 0 and got["items"] == [] and got["at"] is None, got)
    check("languages are named", {"code": "de", "name": "Deutsch"} in got["languages"] and got["languages"][0]["code"] == "en", got)
    one = w.get(f"?threat={ARP}&language=de")["words"]
    check("what is read is the original", one["own"] is None and one["effective"] == one["original"], one)
    for query, path in (("?threat=x.y&language=de", "threat"), (f"?threat={ARP}&language=xx", "language"),
                        (f"?threat={ARP}", "language"), ("?language=de", "threat"), ("?frob=1", "frob")):
        bad = w.admin.get("/texts" + query)
        check(f"refused: {query}", bad.status == 400 and bad.json.get("path") == path, bad)
    return one["original"]


def test_refused(w):
    for what, change, path in (
            ("an unknown threat", {"threat": "network.nothing"}, "texts[1].threat"),
            ("an unknown language", {"language": "xx"}, "texts[1].language"),
            ("a title too long", {"title": "ü" * 81}, "texts[1].title"),
            ("a title of two lines", {"title": "a\nb"}, "texts[1].title"),
            ("a title that turns around", {"title": "a\u202eb"}, "texts[1].title"),
            ("too much in all", {"title": "a" * 70, "why": "b" * 71}, "texts[1].why"),
            ("a placeholder where there is none", {"why": 'a "{subject}"'}, "texts[1].why"),
            ("another placeholder", {"title": "{n}"}, "texts[1].title"),
            ("a step too long", {"next": ["a" * 101]}, "texts[1].next"),
            ("four steps", {"next": ["a"] * 4}, "texts[1].next"),
            ("an unknown key", {"frob": 1}, "texts[1].frob"),
            ("twice the same", {"language": "de"}, "texts[1].threat")):
        got = w.put([OWN, {"threat": ARP, "language": "fr", "title": "x", **change}])
        check(f"refused: {what}", got.status == 400 and got.json.get("path") == path, got)
    check("refused: nothing in it", w.put([{"threat": ARP, "language": "fr"}]).status == 400)
    check("refused: too many", w.put([OWN] * 501).status == 400)
    check("refused: a viewer", w.viewer.call("PUT", rest_support.BASE + "/texts", {"texts": []}).status == 403)
    check("a viewer reads them", w.viewer.get("/texts").status == 200)
    check("nothing was kept", w.get()["version"] == 0)


def test_override(w, original):
    told = w.alert("before", "de")
    check("before: the catalogue's", told.get("title") == original["title"] and told["next"] == original["next"], told)
    got = w.put([OWN], replaces=0, note="help desk")
    check("taken", got.status == 200 and got.json["version"] == 1 and got.json["items"] == [OWN] and got.json["by"], got)
    check("an old version overwrites nothing", (late := w.put([], replaces=0)).status == 409 and late.json["path"] == "replaces", late)
    words = w.get(f"?threat={ARP}&language=de")["words"]
    check("what is read is what was said, and the rest", words["own"] == OWN and words["original"] == original and
          words["effective"] == {**original, "title": OWN["title"], "next": OWN["next"]}, words)
    told = w.alert("german", "de-AT")
    check("the next alert has them in the device's language", told.get("language") == "de" and told.get("title") == OWN["title"] and
          told.get("why") == original["why"] and told.get("next") == OWN["next"], told)
    page = Page(w.server)
    page.open(link_of(w.newest))
    for lang, title in (("de", OWN["title"]), ("fr", None)):
        item = next((i["texts"] for i in page.state(lang)["items"] if i["threat"] == ARP), {})
        check(f"the person's page in {lang}", (item.get("title") == title and item["next"] == OWN["next"]) if title else
              item and item["title"] != OWN["title"], item)
    told = w.alert("english", "en")
    check("another language has its own", told.get("language") == "en" and told.get("title", "").startswith("Another device"), told)
    check("it is in the audit", any(r["act"] == "texts.put" and r["detail"]["note"] == "help desk"
                                    for r in w.admin.get("/audit?limit=200").json["items"]))


def test_kill(w):
    w.server.process.kill()
    w.server.process.wait(10)
    w.server.start()
    check("after kill -9 they hold", w.get()["items"] == [OWN] and w.get()["version"] == 1, w.get())
    check("and are told", w.alert("later", "de").get("title") == OWN["title"])


def test_reset(w, original):
    got = w.put([], replaces=1)
    check("reset", got.status == 200 and got.json["version"] == 2 and got.json["items"] == [], got)
    told = w.alert("reset", "de")
    check("the catalogue speaks again", told.get("title") == original["title"] and told.get("next") == original["next"], told)


def test_cli(w):
    got = w.cli("set", ARP, "--language", "fr", "--title", "Notre titre", "--step", "Un.", "--step", "Deux.")
    check("set by the command", got.returncode == 0, got)
    got = w.cli("set", ARP, "--language", "fr", "--why", "Notre raison.")
    check("the rest stays", w.get()["items"] == [{"threat": ARP, "language": "fr", "title": "Notre titre", "why": "Notre raison.",
                                                  "next": ["Un.", "Deux."]}], (got, w.get()))
    check("listed", "Notre titre" in w.cli("list").stdout and "Notre raison." in w.cli("show", ARP, "--language", "fr").stdout)
    check("a bad one is told", (got := w.cli("set", ARP, "--language", "fr", "--title", "x" * 81)).returncode != 0 and "80" in got.stderr, got)
    check("nothing to say is refused", w.cli("set", ARP, "--language", "fr").returncode != 0 and w.cli("set", ARP, "--title", "x").returncode != 0)
    check("reset", w.cli("reset", ARP, "--language", "fr").returncode == 0 and w.get()["items"] == [])
    check("twice is refused", w.cli("reset", ARP, "--language", "fr").returncode != 0)


def main():
    Client.watch = watch
    w = World()
    try:
        original = test_empty(w)
        test_refused(w)
        test_override(w, original)
        test_kill(w)
        test_reset(w, original)
        test_cli(w)
    finally:
        w.server.close()
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
