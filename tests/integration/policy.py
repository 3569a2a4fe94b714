#!/usr/bin/env python3
"""The policy over time at a real picketd: versions, who follows them, grace and hold in seconds, alerts that close by themselves,
measures, rules on trial, the command line, and a kill -9 in the middle of a grace."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rehearse import sign_in  # noqa: E402
from rest_support import BIN, Device, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
NET = "net-0123456789abcdef"
FIRST = """version: 1
name: first
rules:
  - name: attacks
    when: {threats: ["network.*"], severity: high, confidence: 0.8}
    do: [alert, block_vpn]
    hold: 2s
  - name: doors
    when: {threats: ["physical.*"], severity: medium}
    do: [alert]
    after: 2s
    escalate: [{after: 2s, do: [block_mail]}]
  - name: on trial
    mode: detect
    when: {threats: ["physical.*"], severity: medium}
    do: [block_access]
"""
SECOND = FIRST.replace("name: first", "name: second").replace("do: [alert, block_vpn]", "do: [alert]")


def wait(what, look, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    check(what, False, "not within the time")
    return None


def measures(person, device):
    events = person.get("/events?after=0&limit=500").json["items"]
    return [(e["detail"]["measure"], e["detail"]["on"]) for e in events
            if e["type"] == "device.measure" and e["device"]["id"] == device.id]


def alerts(person, device, state):
    return person.get(f"/alerts?filter=device:{device.id},state:{state}").json["items"]


def test_versions(server, person):
    got = person.get("/policy").json
    check("the built-in policy is version 0", (got["version"], got["source"], got["name"]) == (0, "builtin", "default"), got)
    bad = person.call("PUT", "/api/v1/policy", {"text": "version: 1\nname: x\nrules: [{name: a, when: {}, do: [wipe]}]\n"})
    check("a bad one is refused with its line", bad.status == 400 and ":3:" in bad.json["detail"], bad)
    done = person.call("PUT", "/api/v1/policy", {"text": FIRST, "note": "a start", "replaces": 0})
    check("version 1 is in force", done.status == 200 and done.json["version"] == 1 and done.json["name"] == "first", done)
    late = person.call("PUT", "/api/v1/policy", {"text": SECOND, "replaces": 0})
    check("who changed an older one is told so", late.status == 409, late)
    audit = person.get("/audit?filter=act:policy.put").json["items"]
    check("the audit has who, why and how much", audit and audit[0]["detail"]["note"] == "a start" and audit[0]["detail"]["added"] > 0, audit)
    text = person.get("/policy").json["text"]
    check("its text is as it came", text == FIRST)
    rules = person.get("/policy").json["rules"]
    check("its rules are listed", [(r["name"], r["mode"]) for r in rules] == [("attacks", "act"), ("doors", "act"), ("on trial", "detect")],
          rules)
    faults = person.post("/policy/check", {"text": "version: 1\nname: x\nrules: [{name: a, when: {about: device, zone: red}, do: [block_vpn]}]"})
    check("a prediction alone takes nothing away", not faults.json["good"] and "prediction alone" in faults.json["error"], faults)


def test_attack(person, device):
    device.report(device.posture(), device.joined(NET))
    device.report(device.spoofed(NET))
    told = wait("the alert", lambda: alerts(person, device, "open"))
    check("an alert with its rule", told and told[0]["rule"] == "attacks" and told[0]["level"] == "now", told)
    row = person.get(f"/devices/{device.id}").json
    check("the device is kept out", measures(person, device) == [("block_vpn", True)], row)
    device.report(device.left(NET))
    wait("the alert closes by itself", lambda: alerts(person, device, "closed"))
    check("the measure holds on for a moment", measures(person, device) == [("block_vpn", True)])
    wait("and ends", lambda: measures(person, device) == [("block_vpn", True), ("block_vpn", False)])


def test_grace(server, person, device):
    device.report(device.posture(screen_lock=False))
    incident = wait("the incident", lambda: [i for i in person.get(f"/incidents?filter=device:{device.id},state:open").json["items"]
                                             if i["threat"] == "physical.no_passcode"])
    check("nobody is told in the grace", not alerts(person, device, "open"))
    server.process.kill()
    server.process.wait()
    server.process = None
    server.start()
    again = sign_in(server)
    told = wait("told when the grace is over, kill -9 or not", lambda: alerts(again, device, "open"))
    check("by its rule", told and told[0]["rule"] == "doors", told)
    wait("then mail is paused", lambda: ("block_mail", True) in measures(again, device))
    line = [t["what"] for t in again.get(f"/incidents/{incident[0]['id']}").json["timeline"]]
    check("the time line has it all", {"detected", "told", "measure", "would"} <= set(line), line)
    device.report(device.posture(screen_lock=True))
    wait("mail is back", lambda: ("block_mail", False) in measures(again, device))
    return again


def test_deployed(server, person):
    person.call("PUT", "/api/v1/policy", {"text": SECOND})
    wait("every device follows the new version", lambda: person.get("/policy").json["deployed"] == {"devices": 2, "pending": 0})
    versions = person.get("/policy/versions").json["items"]
    check("both versions are kept", [v["version"] for v in versions] == [2, 1], versions)
    diff = person.get("/policy/versions/2?against=1").json["diff"]
    check("what changed is shown", diff["added"] == 2 and diff["removed"] == 2 and "-name: first" in diff["lines"], diff)
    check("no such version", person.get("/policy/versions/99").status == 404)


def picket(server, token, *args):
    return subprocess.run([BIN / "picket", "policy", *args, "--url", f"https://localhost:{server.port}",
                           "--ca", server.dir / "state" / "ca.pem", "--token", token], capture_output=True, text=True, timeout=60)


def test_command_line(server, person):
    token = person.post("/tokens", {"name": "ci", "role": "policy"}).json["token"]
    draft = server.dir / "draft.yaml"
    draft.write_text(FIRST)
    got = picket(server, token, "rehearse", str(draft), "--days", "3")
    check("rehearse prints both sides", got.returncode == 0 and "in force" in got.stdout and "attacks" in got.stdout, got)
    data = json.loads(picket(server, token, "rehearse", str(draft), "--json").stdout)
    check("... as JSON, too", data["draft"]["devices"] == 2 and data["draft"]["alerts"] == 2, data)
    got = picket(server, token, "put", str(draft), "--reason", "back again")
    check("put", got.returncode == 0 and "version 3" in got.stdout, got)
    check("status", "\"first\", version 3 (store)" in picket(server, token, "status").stdout)
    check("show prints the text", picket(server, token, "show").stdout == FIRST)
    check("versions", len(re.findall(r"^[123] ", picket(server, token, "versions").stdout, re.M)) == 3)
    check("diff", "+name: first" in picket(server, token, "diff", "2", "3").stdout)
    check("alerts", "doors" in picket(server, token, "alerts").stdout)
    check("rates", "attacks" in picket(server, token, "rates").stdout)
    draft.write_text("version: 1\nname: x\nrules: [{name: a, when: {}, do: [wipe]}]\n")
    got = picket(server, token, "put", str(draft))
    check("a bad file is told with its line and not sent", got.returncode == 3 and "draft.yaml:3:" in got.stderr, got)


def test_pinned(server):
    other = Server(f'policy: "{server.dir}/pinned.yaml"\n')
    (server.dir / "pinned.yaml").write_text(FIRST)
    other.start()
    try:
        person = sign_in(other)
        check("a file pins the policy", person.get("/policy").json["source"] == "file")
        check("and is not overruled", person.call("PUT", "/api/v1/policy", {"text": SECOND}).status == 409)
    finally:
        other.close()


def main():
    server = Server().start()
    try:
        person = sign_in(server)
        test_versions(server, person)
        token = person.post("/enrollments", {"uses": 2, "ownership": "company"}).json["token"]
        first, second = Device(server, token, "one"), Device(server, token, "two")
        test_attack(person, first)
        person = test_grace(server, person, second)
        test_deployed(server, person)
        test_command_line(server, person)
        test_pinned(server)
    finally:
        server.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
