#!/usr/bin/env python3
"""picket, the command line, against a real picketd: what it prints, what it does, how it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BIN  # noqa: E402
from rest_world import SECRETS, World, check, make_fleet, pages_of_events, tally  # noqa: E402


def picket(w, *args, token=None, url=None):
    env = dict(os.environ, PICKET_URL=url or f"https://localhost:{w.server.port}",
               PICKET_CA=str(w.server.dir / "state" / "ca.pem"), PICKET_TOKEN=token or w.admin.token)
    return subprocess.run([BIN / "picket", *args], env=env, capture_output=True, text=True, timeout=60)


def test_command_line(w):
    got = picket(w, "device", "list")
    check("device list", got.returncode == 0 and got.stdout.splitlines()[0].startswith("ID") and "phone-3" in got.stdout, got)
    got = picket(w, "device", "list", "--json", "--limit", "2", "--sort", "name")
    items = json.loads(got.stdout)
    check("device list --json --limit", [d["name"] for d in items["items"]] == ["phone-1", "phone-2"] and items["total"] == 5, got)
    got = picket(w, "device", "show", w.devices[0].id, "--json")
    check("device show --json", json.loads(got.stdout)["id"] == w.devices[0].id, got)
    check("device show", "disk_encrypted   no" in picket(w, "device", "show", w.devices[0].id).stdout)
    spoof = w.viewer.get(f"/incidents?filter=threat:network.arp_spoof,device:{w.devices[0].id}").json["items"][0]["id"]
    got = picket(w, "incident", "list", "--all", "--json", "--filter", "threat:network.arp_spoof")
    check("incident list", spoof in [i["id"] for i in json.loads(got.stdout)["items"]], got)
    check("incident dismiss", picket(w, "incident", "dismiss", spoof, "--reason", "test").returncode == 0
          and w.viewer.get("/incidents/" + spoof).json["state"] == "dismissed")
    got = picket(w, "incident", "dismiss", spoof, "--reason", "test")
    check("what the server refuses is 3 with its words", got.returncode == 3 and "already" in got.stderr, got)
    check("incident reopen", picket(w, "incident", "reopen", spoof, "--reason", "test").returncode == 0)
    got = picket(w, "token", "create", "cli", "--role", "viewer", "--ttl", "600")
    SECRETS.append(got.stdout.strip())
    check("token create", got.returncode == 0 and re.fullmatch("[0-9a-f]{64}", got.stdout.strip()), got.returncode)
    seen = picket(w, "incident", "list", token=got.stdout.strip())
    check("and it works", seen.returncode == 0, seen)
    seen = picket(w, "token", "list", token=got.stdout.strip())
    check("within its role", seen.returncode == 3 and "403" in seen.stderr, seen)
    cli = next(t["id"] for t in w.admin.get("/tokens?filter=name:cli").json["items"])
    check("token remove", picket(w, "token", "remove", cli).returncode == 0)
    got = picket(w, "enrollment", "create", "--label", "cli", "--uses", "2", "--json")
    made = json.loads(got.stdout)
    SECRETS.append(made["token"])
    check("enrollment create", made["uses"] == 2 and made["label"] == "cli", made["uses"])
    check("enrollment remove", picket(w, "enrollment", "remove", made["id"]).returncode == 0)
    got = picket(w, "user", "signin-link", "bob", "--role", "viewer")
    SECRETS.append(got.stdout.strip().rsplit("/", 1)[1])
    check("user signin-link", got.returncode == 0 and "/#/signin/" in got.stdout, got.returncode)
    check("audit list", "incident.dismiss" in picket(w, "audit", "list").stdout)
    check("health", picket(w, "health").returncode == 0)
    lines = [json.loads(line) for line in picket(w, "events", "--json").stdout.splitlines()]
    check("events", [e["id"] for e in lines] == [e["id"] for e in pages_of_events(w.admin)][:len(lines)] and len(lines) > 20, len(lines))
    check("threat", "network.arp_spoof" in picket(w, "threat", "list").stdout)
    for args, code in ((["device"], 2), (["device", "frob"], 2), (["device", "list", "--frob"], 2), (["device", "show"], 2),
                       (["incident", "dismiss", "x"], 2), (["device", "list", "--limit", "-3"], 2), (["frob"], 2), ([], 2),
                       (["device", "list", "--reason", "x"], 2), (["device", "--help"], 0), (["--version"], 0),
                       (["device", "show", "none"], 3), (["threat", "show", "none"], 3)):
        got = picket(w, *args)
        check(f"picket {' '.join(args)} ends with {code}", got.returncode == code and (code == 0 or got.stderr), got)
    check("no server: 3", picket(w, "health", url="https://localhost:1").returncode == 3)
    check("no plain http: 3", picket(w, "health", url="http://localhost:1").returncode == 3)
    env = dict(os.environ, PICKET_URL=f"https://localhost:{w.server.port}", PICKET_TOKEN="x")
    env.pop("PICKET_CA", None)
    got = subprocess.run([BIN / "picket", "health"], env=env, capture_output=True, text=True, timeout=60)
    check("an unknown CA is refused", got.returncode == 3 and "certificate" in got.stderr.lower(), got)


def main():
    w = World()
    try:
        make_fleet(w)
        test_command_line(w)
    finally:
        w.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
