#!/usr/bin/env python3
"""What a person calls a mistake once: dismissed on every device that it is about, also before it opens; nobody is alerted, no
SOC, no risk; used, exported, imported, removed, expired; never without a limit for what is critical."""

import json
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import rest_support  # noqa: E402
from rest_support import BIN, Client, Device, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
NET, OTHER = "net-0123456789abcdef", "net-fedcba9876543210"
ARP = "network.arp_spoof"


def watch(method, path, answer):
    for fault in rest_support.judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


def wait_for(look, seconds=15):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def ahead(**more):
    return (datetime.now(timezone.utc) + timedelta(**more)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class World:
    def __init__(self):
        self.server = Server("").start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        self.token = person.post("/tokens", {"name": "test", "role": "admin"}).json["token"]
        self.admin = Client(self.server, token=self.token)
        self.viewer = Client(self.server, token=person.post("/tokens", {"name": "v", "role": "viewer"}).json["token"])
        self.scoped = {role: Client(self.server, token=person.post("/tokens", {"name": f"lab {role}", "role": role, "groups": ["lab"]}).json["token"])
                       for role in ("viewer", "responder")}
        self.links = {g: self.admin.post("/enrollments", {"group": g, "uses": 20}).json["token"] for g in ("sales", "lab")}

    def device(self, name, group="sales"):
        d = Device(self.server, self.links[group], name)
        d.report(d.posture(), d.joined(NET))
        return d

    def get(self, path):
        return self.admin.get(path).json

    def incidents(self, state="open", device=None, threat=ARP):
        more = f",device:{device.id}" if device else ""
        return self.get(f"/incidents?limit=500&filter=threat:{threat},state:{state}{more}")["items"]

    def cli(self, *argv, **more):
        env = {"PICKET_URL": f"https://localhost:{self.server.port}", "PICKET_TOKEN": self.token,
               "PICKET_CA": str(self.server.dir / "state/ca.pem")}
        return subprocess.run([BIN / "picket-admin" if (BIN / "picket-admin").exists() else BIN / "picket", "mistake", *argv],
                              env=env, capture_output=True, text=True, timeout=60, check=False, **more)


def test_refused(w):
    good = {"reason": "r", "threat": ARP}
    for what, change, path in (
            ("no reason", {"reason": None}, "reason"), ("no threat", {"threat": None}, "threat"),
            ("an unknown threat", {"threat": "network.nothing"}, "threat"),
            ("a group without scope", {"group": "sales"}, "group"), ("scope without its group", {"scope": "group"}, "group"),
            ("scope without its device", {"scope": "device"}, "device"),
            ("no such device", {"scope": "device", "device": "x"}, "device"), ("the past", {"expires_at": ahead(days=-1)}, "expires_at"),
            ("critical for good", {"threat": "malware.banker"}, "expires_at"),
            ("critical for too long", {"threat": "malware.banker", "expires_at": ahead(days=91)}, "expires_at")):
        body = {k: v for k, v in {**good, **change}.items() if v is not None}
        got = w.admin.post("/mistakes", body)
        check(f"refused: {what}", got.status == 400 and got.json.get("path") == path, got)
    check("refused: a viewer", w.viewer.post("/mistakes", good).status == 403)
    check("nothing was kept", w.get("/mistakes")["total"] == 0)


def test_dismiss(w, a, b, lab):
    for d in (a, b, lab):
        d.report(d.spoofed(NET))
    check("open on three", wait_for(lambda: len(w.incidents()) == 3), w.incidents())
    risk = w.get(f"/devices/{b.id}")["risk"]["score"]
    first = w.incidents(device=a)[0]
    got = w.admin.post(f"/incidents/{first['id']}/dismiss", {"reason": "our failover pair", "remember": "group"})
    check("dismissed, and remembered for the group", got.status == 200 and got.json["state"] == "dismissed", got)
    check("its own reason is the person's", got.json["reason"] == "our failover pair", got.json["reason"])
    check("the group's other one went at once", not w.incidents(device=b) and w.incidents("dismissed", b), w.incidents())
    other = w.get("/incidents/" + w.incidents("dismissed", b)[0]["id"])
    check("with the reason and the entry", other["reason"].startswith("known mistake: our failover pair (mis-"), other["reason"])
    check("the other group's stays", w.incidents(device=lab))
    check("its risk is gone", w.get(f"/devices/{b.id}")["risk"]["score"] < risk, risk)
    row = w.get("/mistakes")["items"][0]
    check("the entry says for whom, what and how often", row["scope"] == "group" and row["group"] == "sales" and
          row["subject"] == NET and row["rule"] is None and row["uses"] == 1 and row["active"], row)
    return row


def test_carried(w, row):
    new = w.device("new")
    actions = len(w.get("/events?after=0&limit=500")["items"])
    new.report(new.spoofed(NET))
    gone = wait_for(lambda: w.incidents("dismissed", new))
    check("a new device's opens dismissed", gone and not w.incidents(device=new), gone)
    full = w.get("/incidents/" + gone[0]["id"])
    check("it was seen, and nobody was told", [t["what"] for t in full["timeline"]] == ["detected", "dismissed"], full["timeline"])
    types = [e["type"] for e in w.get("/events?after=0&limit=500")["items"][actions:]]
    check("the stream says dismissed, not opened", "incident.dismissed" in types and "incident.opened" not in types, types)
    check("no risk of it", not any(p.get("incident") == full["id"] for p in w.get(f"/devices/{new.id}")["risk"]["parts"]))
    check("it was counted", w.get("/mistakes")["items"][0]["uses"] == row["uses"] + 1)
    new.report(new.joined(OTHER), new.spoofed(OTHER))
    check("another network is another thing", wait_for(lambda: w.incidents(device=new)), w.incidents(device=new))
    return new


def test_removed(w, row, b, new):
    check("a viewer may not", w.viewer.delete("/mistakes/" + row["id"]).status == 403)
    check("removed", w.admin.delete("/mistakes/" + row["id"]).status == 204)
    check("what it dismissed is open again", w.incidents(device=b) and len(w.incidents(device=new)) == 2,
          (w.incidents(device=b), w.incidents(device=new)))
    check("it stays as history", (gone := w.get("/mistakes?filter=active:no")["items"]) and gone[0]["id"] == row["id"] and
          not gone[0]["active"], gone)
    check("twice is once", w.admin.delete("/mistakes/" + row["id"]).status == 404)
    acts = [r["act"] for r in w.get("/audit?limit=200")["items"]]
    check("every act is in the audit", {"mistake.add", "mistake.remove"} <= set(acts), acts)


def test_expired(w, b):
    made = w.admin.post("/mistakes", {"reason": "for a moment", "threat": ARP, "scope": "device", "device": b.id,
                                      "subject": NET, "expires_at": ahead(seconds=3)})
    check("one with an end", made.status == 201 and made.json["uses"] == 1 and not w.incidents(device=b), made)
    time.sleep(max(0, datetime.fromisoformat(made.json["expires_at"].replace("Z", "+00:00")).timestamp() - time.time()) + 0.2)
    b.report(b.spoofed(NET))
    check("after its end a finding opens it again", wait_for(lambda: w.incidents(device=b)), w.incidents(device=b))


def test_cli(w, lab):
    got = w.cli("add", "--threat", ARP, "--subject", NET, "--rule", "network.arp_spoof/nothing", "--reason", "none of ours")
    check("added by the command", got.returncode == 0 and "0 incidents" in got.stdout, got)
    check("another rule does not fit", w.incidents(device=lab))
    got = w.cli("add", "--threat", ARP, "--group", "lab", "--reason", "the lab plays router", "--ttl", "86400")
    check("for a group with an end", got.returncode == 0 and "1 incidents" in got.stdout and not w.incidents(device=lab), got)
    check("without a threat it is refused", w.cli("add", "--reason", "x").returncode != 0)
    out = w.cli("export")
    lines = [json.loads(x) for x in out.stdout.splitlines()]
    check("exported as JSON lines", len(lines) == 2 and all(x["threat"] == ARP for x in lines), out)
    listed = json.loads(w.cli("list", "--json", "--filter", "active:yes").stdout)
    rows = listed["items"] if isinstance(listed, dict) else listed
    for r in rows:
        check("removed by the command", w.cli("remove", r["id"]).returncode == 0)
    check("it is one again", w.incidents(device=lab))
    back = w.cli("import", "-", input=out.stdout + "{broken\n" + json.dumps({"reason": "x", "threat": "no.thing"}) + "\n")
    check("imported again; what is bad is told", back.returncode == 3 and "2 taken, 2 refused" in back.stdout and
          "line 3" in back.stderr and "line 4" in back.stderr, back)
    check("and it holds", not w.incidents(device=lab), w.incidents(device=lab))


def test_scoped(w, a, lab):
    """Who sees the group "lab" only: what concerns its devices, never others', and no numbers of others."""
    for row in w.get("/mistakes?limit=500&filter=active:yes")["items"]:
        w.admin.delete("/mistakes/" + row["id"])
    hidden_net = "net-00000000000000aa"
    a.report(a.joined(hidden_net), a.spoofed(hidden_net))
    lab.report(lab.joined(NET), lab.spoofed(NET))
    check("an attack on each side", wait_for(lambda: w.incidents(device=lab)) and
          wait_for(lambda: any(i["subject"] == hidden_net for i in w.incidents(device=a))), w.incidents())
    say, c, r = {"threat": ARP, "expires_at": ahead(days=2)}, w.scoped["viewer"], w.scoped["responder"]
    rows = {name: w.admin.post("/mistakes", {"reason": name, **say, **body}).json["id"] for name, body in (
        ("for sales", {"scope": "group", "group": "sales"}), ("for a", {"scope": "device", "device": a.id}),
        ("for all, a thing that only sales met", {"subject": hidden_net}), ("for the lab", {"scope": "group", "group": "lab", "rule": "x/y"}),
        ("for its device", {"scope": "device", "device": lab.id, "subject": NET}), ("for all, a thing of the lab", {"subject": NET}),
        ("for all, about devices", {"threat": "physical.no_passcode", "subject": "device"}),
        ("for all", {"threat": "network.open_wifi"}))}
    mine = {"for the lab", "for its device", "for all, a thing of the lab", "for all, about devices", "for all"}
    got = c.get("/mistakes?limit=500&filter=active:yes").json
    check("only what concerns the lab", {i["reason"] for i in got["items"]} == mine and got["total"] == len(mine), got)
    check("no name and no network of others in any of it", not any(x in json.dumps(c.get("/mistakes?limit=500").json)
                                                                   for x in (hidden_net, a.id, "sales")), got)
    for one in ("q:sales", f"subject:{hidden_net}", "scope:group|device|all,q:sales"):
        check(f"the filter {one} cannot widen it", c.get(f"/mistakes?filter={one}").json["total"] == 0, one)
    uses = {i["reason"]: (i["uses"], i["used_at"]) for i in got["items"]}
    check("what is for everybody tells no number", all(uses[n] == (None, None) for n in mine if n.startswith("for all")), uses)
    check("what is their own does", uses["for its device"][0] == 1 and uses["for the lab"][0] == 0, uses)
    order, cursor = [], ""
    while True:
        page = c.get(f"/mistakes?filter=active:yes&sort=-uses&limit=1{cursor}").json
        order += [i["reason"] for i in page["items"]]
        if page["next_cursor"] is None:
            break
        keys = bytes.fromhex(page["next_cursor"]).decode().split("\n")
        check("nor does the order, or a cursor", keys[1] == ("1" if len(order) == 1 else "0"), keys)
        cursor = "&cursor=" + page["next_cursor"]
    check("page by page the same ones", order[0] == "for its device" and set(order) == mine and len(order) == len(mine), order)
    test_scoped_acts(w, r, c, lab, a, rows)


def test_scoped_acts(w, r, c, lab, a, rows):
    for name in ("for sales", "for a", "for all, a thing that only sales met"):
        check(f"withdrawn by others: '{name}' is not there", r.delete("/mistakes/" + rows[name]).status == 404)
    check("what is for everybody is not theirs to end", r.delete("/mistakes/" + rows["for all"]).status == 403)
    check("nor is anything for a viewer", c.delete("/mistakes/" + rows["for its device"]).status == 403)
    check("all of it holds still", w.get("/mistakes?filter=active:yes")["total"] == len(rows))
    check("before, it held back", not w.incidents(device=lab), w.incidents(device=lab))
    for name in ("for its device", "for the lab"):
        check(f"their own: '{name}' ends", r.delete("/mistakes/" + rows[name]).status == 204)
    held = w.incidents("dismissed", lab)
    reason = w.get("/incidents/" + held[0]["id"])["reason"] if held else None
    check("another entry still says the same, and holds it back from now on", not w.incidents(device=lab) and reason and
          reason.endswith(f"({rows['for all, a thing of the lab']})"), reason)
    w.admin.delete("/mistakes/" + rows["for all, a thing of the lab"])
    check("after that it is open again", w.incidents(device=lab), w.get("/mistakes"))
    for what, body, status in (("everybody", {}, 403), ("another group", {"scope": "group", "group": "sales"}, 403),
                               ("a device of another", {"scope": "device", "device": a.id}, 400)):
        got = r.post("/mistakes", {"reason": "r", "threat": ARP, **body})
        check(f"they do not decide for {what}", got.status == status, got)
    before = w.get("/mistakes?filter=active:yes")["total"]
    made = r.post("/mistakes", {"reason": "the lab's own", "threat": ARP, "scope": "group", "group": "lab"})
    check("for their group they do, and it holds", made.status == 201 and made.json["uses"] == 1 and not w.incidents(device=lab) and
          w.get("/mistakes?filter=active:yes")["total"] == before + 1, made)
    for row in w.get("/mistakes?limit=500&filter=active:yes")["items"]:
        w.admin.delete("/mistakes/" + row["id"])


def test_kill(w):
    """kill -9 between the entry and its effects loses neither."""
    w.admin.post("/mistakes", {"reason": "kept", "threat": ARP, "subject": OTHER})
    w.server.process.kill()
    w.server.process.wait(10)
    w.server.start()
    check("the entry is there after kill -9", any(r["reason"] == "kept" for r in w.get("/mistakes")["items"]))
    d = w.device("after")
    d.report(d.joined(OTHER), d.spoofed(OTHER))
    check("and works", wait_for(lambda: w.incidents("dismissed", d)), w.incidents(device=d))


def main():
    Client.watch = watch
    w = World()
    try:
        a, b, lab = w.device("a"), w.device("b"), w.device("lab", "lab")
        test_refused(w)
        row = test_dismiss(w, a, b, lab)
        new = test_carried(w, row)
        test_removed(w, row, b, new)
        test_expired(w, b)
        test_cli(w, lab)
        test_scoped(w, a, lab)
        test_kill(w)
    finally:
        w.server.close()
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
