#!/usr/bin/env python3
"""Alerts that people trust: a simulated fleet lives through four weeks at a real picketd under the built-in policy.

Counted in its store: alerts a person and week, how many stand for several things, how many ended by themselves, and that no person
got more than the policy's budget in any seven days. Recorded benign scenes (a portal, a new router, an outage) alert nobody.
"""

import json
import re
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BIN, ROOT, Client, Server, Tally  # noqa: E402
from rehearse import WEEK, sign_in, wait_for_quiet  # noqa: E402

tally = Tally()
check = tally.check
DEVICES, DAYS = 100, 28
BENIGN = ("portal", "router-replaced", "outage")


def figures(db):
    told = defaultdict(list)
    rows = list(db.execute("SELECT device, level, told_ms, closed_ms, merged, reminders FROM alerts WHERE simulated = 0"))
    for device, level, at_ms, _, _, _ in rows:
        if level > 0:
            told[device].append(at_ms)
    for device, at_ms in db.execute("SELECT i.device, t.at_ms FROM timeline t JOIN incidents i ON i.id = t.incident"
                                    " WHERE t.what = 'reminded'"):
        told[device].append(at_ms)
    loud = [row for row in rows if row[1] > 0]
    return {
        "people": db.execute("SELECT count(*) FROM devices").fetchone()[0],
        "alerts": len(loud),
        "silent": len(rows) - len(loud),
        "reminders": sum(row[5] for row in loud),
        "merged": db.execute("SELECT count(*) FROM timeline WHERE what = 'merged'").fetchone()[0],
        "held": db.execute("SELECT count(*) FROM timeline WHERE what = 'held'").fetchone()[0],
        "closed": sum(1 for row in loud if row[3] > 0),
        "incidents": db.execute("SELECT count(*) FROM incidents WHERE severity > 0").fetchone()[0],
        "told": len(told),
        "most": max((sum(1 for b in times if 0 <= a - b < WEEK) for times in told.values() for a in times), default=0),
    }


def main():
    server = Server().start()
    try:
        link = server.command("--issue-enrollment", "--uses", str(DEVICES), "--label", "fleet")
        done = subprocess.run([BIN / "picket-fleet", "demo", "--url", link, "--devices", str(DEVICES), "--days", str(DAYS),
                               "--seconds", "45"], capture_output=True, text=True, timeout=300)
        check("the fleet lived through four weeks", done.returncode == 0, done.stderr[-500:])
        print("    " + done.stdout.strip())
        check("all reports are worked in", wait_for_quiet(server))
        db = sqlite3.connect(server.dir / "state" / "picket.db")
        f = figures(db)
        weeks = DEVICES * DAYS / 7
        print(f"    {f['alerts']} alerts and {f['reminders']} reminders to {f['told']} of {f['people']} people: "
              f"{(f['alerts'] + f['reminders']) / weeks:.3f} a person and week; {f['incidents']} incidents")
        print(f"    {f['merged']} things merged into them ({100 * f['merged'] / max(1, f['merged'] + f['alerts']):.0f} % of what would "
              f"have been alerts), {f['held']} held back, {f['silent']} only listed, {f['closed']} closed by themselves "
              f"({100 * f['closed'] / max(1, f['alerts']):.0f} %); most in any seven days: {f['most']}")
        policy = sign_in(server).get("/policy").json
        budget = int(re.search(r"^ *most: *([0-9]+)", policy["text"], re.M)[1]) if "most:" in policy["text"] else 10
        check(f"nobody got more than {budget} in any seven days", 0 < f["most"] <= budget, f)
        check("people are told rarely", (f["alerts"] + f["reminders"]) / weeks < 1, f)
        check("alerts that are over close by themselves", f["closed"] >= 0.5 * f["alerts"], f)
        rates = sign_in(server).get("/alerts/rates?days=60").json["items"]
        for r in rates:
            print(f"    rule '{r['rule']}': told {r['told']}, acted on {100 * r['acted_share']:.0f} %, ignored {r['ignored']}, "
                  f"mistakes {r['mistakes']}{' - needs tuning' if r['needs_tuning'] else ''}")
        check("each rule's alerts are followed up", sum(r["told"] for r in rates) == f["alerts"], rates)
        db.close()
        for scene in BENIGN:
            out = subprocess.run([BIN / "picket", "replay", ROOT / "tests" / "scenes" / f"{scene}.jsonl"], capture_output=True,
                                 text=True, timeout=60)
            alerts = [line for line in out.stdout.splitlines() if json.loads(line).get("kind") == "alert"]
            check(f"the scene '{scene}' alerts nobody", not alerts, alerts)
        check("nobody can call without a session", Client(server).get("/alerts").status == 401)
    finally:
        server.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
