#!/usr/bin/env python3
"""A simulated threat around the whole circle: asked for at the server, found by a real agent, judged, told to the person on
a real D-Bus desktop, told to a real rsyslog as the SOC, over by itself, taken back. It counts nowhere: not for risk,
overview, trends, network or crowd. And the other commands about alerts: careful ones, reminders, closing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import agent as peers  # noqa: E402
from agent import BIN, Agent, Canary, Probe, Server, check, free_port, own_namespace, pretend_network, start, until  # noqa: E402
from rest_support import BASE, Client  # noqa: E402


class Desktop:
    """A session bus with a notification service on it."""

    def __init__(self, folder):
        self.file = folder / "desktop.jsonl"
        address = f"unix:path={folder}/bus"
        start(["dbus-daemon", "--session", "--nofork", f"--address={address}"], stderr=subprocess.DEVNULL)
        until(lambda: (folder / "bus").exists(), 10)
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = address
        start(["/usr/bin/python3", Path(__file__).parent / "desktop_peer.py", self.file])
        check("a desktop is there", until(lambda: self.find("ready"), 10))

    def all(self):
        return [json.loads(x) for x in self.file.read_text().splitlines()] if self.file.exists() else []

    def find(self, did, **fields):
        return next((e for e in self.all() if e["did"] == did and all(e.get(k) == v for k, v in fields.items())), None)


class Soc:
    def __init__(self, folder):
        self.out, self.port = folder / "soc.log", free_port()
        conf = folder / "soc.conf"
        conf.write_text(f'''global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imtcp")
template(name="all" type="string" string="%msg%\\n")
ruleset(name="r") {{ action(type="omfile" file="{self.out}" template="all" flushOnTXEnd="on") }}
input(type="imtcp" port="{self.port}" address="127.0.0.1" ruleset="r")
''')
        start(["rsyslogd", "-n", "-f", conf, "-i", folder / "soc.pid"], stderr=open(folder / "soc.err", "ab"))

    def lines(self, *words):
        text = self.out.read_text("utf-8") if self.out.exists() else ""
        return [x for x in text.splitlines() if all(w in x for w in words)]


class World:
    def __init__(self, folder):
        self.folder = folder
        pretend_network()
        self.soc, self.desktop = Soc(folder), Desktop(folder)
        self.server, canary, probe = Server(folder, free_port()), Canary(folder), Probe()
        self.server.config.write_text(self.server.config.read_text() +
                                      f'siem: [{{name: soc, transport: tcp, host: "127.0.0.1", port: {self.soc.port}}}]\n')
        self.server.start()
        import ssl
        self.server.context = ssl.create_default_context(cafile=folder / "server/ca.pem")
        self.server.tell_if_gone = lambda: None
        out = subprocess.run([BIN / "picketd", "--config", self.server.config, "--signin-link"], check=True,
                             capture_output=True, text=True).stdout
        secret = out.split("/#/signin/")[1].split()[0]
        got = Client(self.server).post("/session", {"token": secret})
        person = Client(self.server, cookie=got.headers["set-cookie"].split(";")[0].split("=")[1])
        self.token = person.post("/tokens", {"name": "test", "role": "owner"}).json["token"]
        self.admin = Client(self.server, token=self.token)
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        self.agent = Agent(folder, "laptop", f"""language: de
canaries: ["127.0.0.1:{canary.port}"]
ca_file: "{folder}/good-ca.pem"
probe_url: "http://127.0.0.1:{probe.port}/generate_204"
resolv_file: "{folder}/resolv.conf"
probe_ms: 1000
report: {{min_delay_s: 0}}
""")
        out = self.agent.command("enroll", self.server.link())
        check("enrolled", out.returncode == 0, out)
        self.agent.run()
        self.agent.wait("network", change="joined")
        self.agent.settled()
        self.id = self.get("/devices")["items"][0]["id"]

    def get(self, path):
        return self.admin.get(path).json

    def cli(self, *argv):
        env = dict(os.environ, PICKET_URL=f"https://localhost:{self.server.port}", PICKET_CA=str(self.folder / "server/ca.pem"),
                   PICKET_TOKEN=self.token)
        return subprocess.Popen([BIN / "picket-admin" if (BIN / "picket-admin").exists() else BIN / "picket", *argv], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def incident(self, **more):
        rows = self.get("/incidents?filter=simulated:yes")["items"]
        return next((r for r in rows if all(r[k] == v for k, v in more.items())), None)


def ms(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def test_refused(w):
    for what, body, status in (("a threat that is not there", {"threat": "network.nothing"}, 400),
                               ("what is told with care", {"threat": "malware.stalkerware"}, 400),
                               ("what alerts nobody", {"threat": "network.gateway_change"}, 400),
                               ("too long", {"minutes": 61}, 400), ("no time at all", {"minutes": 0}, 400),
                               ("an unknown key", {"frob": 1}, 400)):
        got = w.admin.post(f"/devices/{w.id}/simulate", body)
        check(f"refused: {what}", got.status == status, got.body)
    check("refused: no such device", w.admin.post("/devices/nobody/simulate", {}).status == 404)
    viewer = Client(w.server, token=w.admin.post("/tokens", {"name": "v", "role": "viewer"}).json["token"])
    check("refused: a viewer", viewer.post(f"/devices/{w.id}/simulate", {}).status == 403)
    check("no such drill", w.admin.get("/drills/999999").status == 404 and w.admin.get("/drills/x").status == 404)


def test_forged(w):
    """A device that says of itself that it is drilled is not believed."""
    seq = w.agent.status()["server"]["acknowledged"] + 1000000
    body = json.dumps({"v": 1, "observations": [
        {"seq": seq, "at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), "kind": "drill",
         "drill": {"ask": "1", "threat": "network.arp_spoof", "subject": "Picket drill", "state": "started"}}]})
    forger = Agent(w.folder, "forger")
    forger.command("enroll", w.server.link())
    status, said = forger.call(w.server, "POST", "/v1/report", body)
    time.sleep(1)
    check("a drill that nobody asked for opens nothing", status in (200, 202, 204) and w.incident() is None, (status, said, w.incident()))


def test_circle(w):
    before = w.get("/overview")
    risk = w.get(f"/devices/{w.id}")["risk"]
    cli = w.cli("device", "simulate", w.id, "--minutes", "1")
    found = w.agent.wait("finding", threat="network.arp_spoof")
    check("the agent finds it by its own judge", found and found["subject"] == "Picket drill", w.agent.events)
    alert = w.agent.wait("alert", threat="network.arp_spoof")
    check("the person reads that it is a test, in the agent's language", alert and alert["title"].startswith("Test: Ein anderes "),
          alert)
    shown = until(lambda: w.desktop.find("notify"), 10)
    check("on the desktop, too", shown and shown["title"].startswith("Test: ") and shown["body"], w.desktop.all())
    incident = until(lambda: w.incident(state="open"), 10)
    check("an incident that is marked", incident and incident["simulated"] and incident["severity"] == "high", incident)
    line = until(lambda: w.soc.lines("flexString1=true", "cs5=open"), 15)
    check("the SOC's line has the mark", line and "flexString1Label=simulated" in line[0], w.soc.lines("CEF"))
    alerts = until(lambda: w.get("/alerts?filter=simulated:yes")["items"] if w.admin.get("/alerts").status == 200 else [{}], 5)
    check("the alert is on record, marked", bool(alerts), alerts)
    check("status of the agent says test, and nothing to fix", w.agent.status()["to_fix"] == 0 and
          any(f["simulated"] and f["title"].startswith("Test: ") for f in w.agent.status()["findings"]), w.agent.status())
    now = w.get(f"/devices/{w.id}")
    check("no risk of it", now["risk"]["score"] == risk["score"], now["risk"])
    check("not among its open incidents", now["open_incidents"] == 0, now["open_incidents"])
    middle = w.get("/overview")
    check("not in the overview", middle["incidents"] == before["incidents"], middle["incidents"])
    out, err = cli.communicate(timeout=120)
    check("the command follows it to the end", cli.returncode == 0 and "notification is taken back" in out, (out, err))
    print("".join(f"        {x}\n" for x in out.splitlines()), end="")
    check("it is resolved", w.incident(state="resolved"), w.incident())
    check("the SOC hears of the end", until(lambda: w.soc.lines("flexString1=true", "cs5=resolved"), 10))
    check("the notification is gone from the desktop", until(lambda: w.desktop.find("close", id=shown["id"]), 10),
          w.desktop.all())
    check("once it is over, the agent says so", w.agent.find("cleared", threat="network.arp_spoof"))
    audit = w.get("/audit?limit=100")["items"]
    check("who asked for it is on record", any(r["act"] == "device.simulate" and r["target"] == w.id for r in audit), audit)
    text = json.dumps(w.get(f"/incidents/{w.incident()['id']}")["timeline"])
    check("its time line is whole", all(x in text for x in ("detected", "told", "resolved")), text)


def dismissed(w, minutes):
    """A drill of so many minutes, found and told; then a person dismisses its incident."""
    told = len(w.desktop.all())
    made = w.admin.post(f"/devices/{w.id}/simulate", {"minutes": minutes})
    check("asked again", made.status == 202, made.body)
    incident = until(lambda: w.incident(state="open"), 20)
    shown = until(lambda: next((e for e in w.desktop.all()[told:] if e["did"] == "notify"), None), 10)
    alert = until(lambda: next((a for a in w.get("/alerts?filter=simulated:yes")["items"] if a["shown_at"] and not a["closed_at"]), None), 10)
    check("it is open, and the person was told", incident and shown and alert, (incident, w.get("/alerts?filter=simulated:yes")["items"][:1]))
    risk = w.get(f"/devices/{w.id}")["risk"]["score"]
    begun, before = time.monotonic(), len(w.agent.events)
    got = w.admin.post(f"/incidents/{incident['id']}/dismiss", {"reason": "we have seen enough"})
    check("dismissed", got.status == 200 and got.json["state"] == "dismissed", got.body)
    return made.json["id"], incident["id"], shown, risk, begun, before


def test_dismissed(w):
    """It would last ten minutes more: that it ends at once is no accident."""
    drill, incident, shown, risk, begun, before = dismissed(w, 10)
    check("the notification is taken back at once", until(lambda: w.desktop.find("close", id=shown["id"]), 10), w.desktop.all()[-3:])
    check("the agent's drill is over", until(lambda: any(e["event"] == "cleared" for e in w.agent.events[before:]), 10), w.agent.events[before:])
    took = time.monotonic() - begun
    check(f"all of it within seconds ({took:.1f} s)", took < 10, took)
    check("nothing simulated is left on the device", until(lambda: not w.agent.status()["findings"], 5), w.agent.status()["findings"])
    check("nor in its file", json.loads((w.agent.state / "drill.json").read_text()) == [], w.agent.state)
    check("the SOC hears of it", until(lambda: w.soc.lines("flexString1=true", "cs5=dismissed"), 10), w.soc.lines("CEF")[-2:])
    stations = until(lambda: {"ended", "closed"} <= {s["station"] for s in w.get(f"/drills/{drill}")["stations"]}, 10)
    check("the drill's stations end", stations, w.get(f"/drills/{drill}"))
    alerts = w.get("/alerts?filter=simulated:yes")["items"]
    check("no alert of it is open", all(a["closed_at"] for a in alerts), alerts)
    check("no risk came or went with it", w.get(f"/devices/{w.id}")["risk"]["score"] == risk, risk)
    time.sleep(1)
    check("it stays dismissed when the device says that it ended", w.get(f"/incidents/{incident}")["state"] == "dismissed", w.incident())
    got = w.admin.post(f"/incidents/{incident}/reopen", {"reason": "once more"})
    check("a drill that is over is not reopened", got.status == 409 and w.get(f"/incidents/{incident}")["state"] == "dismissed", got.body)
    w.admin.post(f"/devices/{w.id}/simulate", {"minutes": 1})
    again = until(lambda: w.incident(state="open"), 20)
    check("the next drill is found all the same", again and again["ended_at"] is None, w.incident())
    check("and the person is told of it", until(lambda: any(e["event"] == "alert" for e in w.agent.events[before:]), 10), w.agent.events[before:])


def ask(w, payload):
    """A command as the outbox would hand it over."""
    import sqlite3
    store = sqlite3.connect(w.folder / "server/picket.db", timeout=10)
    kind = {"alert": 0, "close": 3}[payload["type"]]
    store.execute("INSERT INTO actions (kind, target, device, state, created_ms, done_ms, attempts, payload)"
                  " VALUES (?, ?, ?, 0, ?, 0, 0, ?)", (kind, w.id, w.id, int(time.time() * 1000), json.dumps(payload)))
    store.commit()
    store.close()
    w.admin.post(f"/devices/{w.id}/simulate", {"minutes": 1})  # wakes the wait, which brings all; one runs already


def test_commands(w):
    alert = {"type": "alert", "threat": "physical.no_passcode", "subject": "device", "level": "today", "title": "T {subject}",
             "why": "W", "next": ["N"], "alert": "71", "link": "https://p.example/me", "extra": {"a": 1}}
    w.admin.post(f"/devices/{w.id}/simulate", {"minutes": 1})
    ask(w, alert)
    first = until(lambda: w.agent.find("alert", alert="71"), 40)
    check("an alert with number and link", first and first["link"] == "https://p.example/me", w.agent.events[-3:])
    shown = until(lambda: w.desktop.find("notify", title="T this device"), 10)
    ask(w, dict(alert, reminder=1, replaces="71", alert="71"))
    again = until(lambda: next((e for e in w.agent.events if e["event"] == "alert" and e.get("reminder") == 1), None), 40)
    check("a reminder is told although it is known", again)
    check("and takes the place of the first", until(lambda: w.desktop.find("notify", replaces=shown["id"]), 10), w.desktop.all())
    ask(w, {"type": "close", "alert": "71", "threat": "physical.no_passcode", "subject": "device", "incident": "i"})
    check("it is taken back", until(lambda: w.desktop.find("close", id=shown["id"]), 40), w.desktop.all())
    check("the event says so", w.agent.find("alert", alert="71", closed=True), w.agent.events[-3:])
    ask(w, {"type": "alert", "threat": "malware.stalkerware", "subject": "Secret App", "level": "today",
            "title": "Spy {subject}", "why": "W", "next": ["Uninstall it"], "alert": "72"})
    careful = until(lambda: w.agent.find("alert", alert="72"), 40)
    text = json.dumps([careful, [e for e in w.desktop.all() if e["did"] == "notify"][-2:]], ensure_ascii=False)
    check("what is told with care is not named anywhere", careful and "Privatsphäre" in text and
          not any(x in text for x in ("Secret App", "Spy", "Uninstall")), text)
    last = until(lambda: next((e for e in w.desktop.all() if "Privatsphäre" in e.get("title", "")), None), 10)
    check("and is no loud notification", last and last["urgency"] == 0, last)


def test_offline(w):
    peers.stop(w.agent.child)
    w.agent.run("--offline")
    check("offline it starts", w.agent.wait("started"))
    w.admin.post(f"/devices/{w.id}/simulate", {"minutes": 1})
    time.sleep(3)
    check("alone it rehearses nothing", not w.agent.find("finding"), w.agent.events)


def main():
    own_namespace()
    folder = Path(tempfile.mkdtemp(prefix="picket-drill-test-"))
    try:
        w = World(folder)
        test_refused(w)
        test_forged(w)
        test_circle(w)
        test_dismissed(w)
        test_commands(w)
        test_offline(w)
        if peers.failed:
            print((folder / "agent.log").read_text()[-2000:], (folder / "picketd.log").read_text()[-3000:])
    finally:
        for child in peers.children:
            if child.poll() is None:
                peers.stop(child)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{peers.passed} passed, {peers.failed} failed")
    return 1 if peers.failed or not peers.passed else 0


if __name__ == "__main__":
    sys.exit(main())
