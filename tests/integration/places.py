#!/usr/bin/env python3
"""Where a device usually goes next stays on the device: a real agent asks a real picketd about sixteen squares at a time, is
told that a likely one is risky, hints at it, and forgets when it is told to; the server keeps nothing of the question."""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import agent as peers  # noqa: E402
from agent import check, own_namespace, pretend_network, until  # noqa: E402
from crowd_push import HOME, World  # noqa: E402
from crowd_support import attacked_visit, clean_visit, left, taken  # noqa: E402

LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
HERE, NEXT = "u33d5", "u33d7"  # nobody reports from the second one


def number(place):
    n = 1
    for letter in place:
        n = n << 5 | LETTERS.index(letter)
    return n


def file_of(here, after):
    """As if the device had gone from one to the other for weeks."""
    nobody = [0, 0.0]
    pairs = [[number(after), number(here), 9.0, [[number(after), 9.0]] + [nobody] * 3]]
    pairs += [[0, 0, 0.0, [nobody] * 4]] * 23
    asked = [[number(here), True, 0, 0.0, 0], [number(after), True, 0, 0.0, 0]]
    asked += [[number("u33e" + LETTERS[i]), False, 0, 0.0, 0] for i in range(14)]
    return {"v": 1, "last": [number(after), number(here)], "pairs": pairs,
            "often": [[number(here), 9.0], [number(after), 9.0]] + [nobody] * 22, "asked": asked,
            "asked_ms": 0, "warned_ms": 0}


def ask(world, cells):
    return world.sensors[0].call(world.server, "POST", "/v1/zones", json.dumps({"cells": cells}))


def test_route(world):
    cells = ["u33d" + LETTERS[i] for i in range(16)]
    status, got = ask(world, cells)
    check("sixteen squares are answered in their order", status == 200 and [c["place"] for c in got["cells"]] == cells, got)
    check("of which nothing is known yet", {c["light"] for c in got["cells"]} == {"unknown"}, got)
    for name, bad in (("fewer", cells[:15]), ("more", cells + ["u33dz"]), ("no square", cells[:15] + ["u33da"]),
                      ("too fine", cells[:15] + ["u33d5x"])):
        status, got = ask(world, bad)
        check(f"{name}: refused", status == 400, (status, got))


def make_it_red(world):
    for n in range(8):
        for i, s in enumerate(world.sensors):
            bssid = f"02:66:6a:00:{i:02x}:{n:02x}"
            s.visit(world.server, world.network(f"Cafe {n}"), attacked_visit(bssid, key=f"k{n}", security="open", place=HERE) + [left()])
            s.visit(world.server, world.network(f"Bar {n}"), clean_visit(f"02:00:5e:00:{i:02x}:{n:02x}", security="open", place=HERE) + [left()])
    check("the crowd has taken everything", taken(world.server))
    status, got = ask(world, ["u33d" + LETTERS[i] for i in range(16)])
    check("a square that few met has its city's light", {c["light"] for c in got["cells"]} == {"red"}, got)


def test_agent(world, folder):
    (folder / "here").write_text(HERE + "\n")
    agent = world.agent("walker")
    agent.config.write_text(agent.config.read_text() + f'place_file: "{folder}/here"\n')
    kept = agent.state / "places"
    kept.write_text(json.dumps(file_of(HERE, NEXT)))
    agent.run()
    check("it hints at the next place", agent.wait("places", limit_s=40, what="hint"), agent.events[-5:])
    status = agent.status()
    check("status has a count and no place", status["places"]["pairs"] == 1 and status["places"]["asked_at"] and
          HERE not in json.dumps(status["places"]), status["places"])
    out = agent.command("network", "check", "Cafe 1", "02:00:5e:99:99:99", "--json")
    here = json.loads(out.stdout)["here"] if out.stdout.startswith("{") else out
    check("before joining: the light of here", here and here["light"] == "red" and here["chance"] > 0.02, here)
    agent.settled()
    out = agent.command("places", "--json")
    check("the command has the count", json.loads(out.stdout)["pairs"] == 1, out)
    out = agent.command("places", "forget")
    check("it can be forgotten", out.returncode == 0 and not kept.exists(), out)
    (folder / "here").write_text("u33d6\n")
    World.move(agent, "Elsewhere", HOME)  # it looks where it is
    check("a running agent forgets, too", until(lambda: kept.exists() and json.loads(kept.read_text())["last"][1] == number("u33d6")
          and str(number(NEXT)) not in kept.read_text(), 30), kept.exists() and kept.read_text())
    peers.stop(agent.child)


def test_kept_nowhere(world):
    """The square that the agent asked about and nobody reported from is in no file of the server."""
    world.server.stop()
    time.sleep(0.2)
    found = [str(f) for f in Path(world.server.dir).rglob("*") if f.is_file() and
             (NEXT.encode() in f.read_bytes() or b"u33e" in f.read_bytes())]
    check("nothing of the question is kept", not found, found)
    reported = [str(f) for f in Path(world.server.dir).rglob("*") if f.is_file() and HERE.encode() in f.read_bytes()]
    check("while what is reported is there", reported)


def main():
    own_namespace()
    folder = Path(tempfile.mkdtemp(prefix="picket-places-"))
    world = None
    try:
        pretend_network()
        world = World(folder)
        world.old_friends()
        test_route(world)
        make_it_red(world)
        test_agent(world, folder)
        test_kept_nowhere(world)
        if peers.failed:
            print((folder / "agent.log").read_text()[-2000:], world.server.log.read_text()[-3000:])
    finally:
        for child in peers.children:
            if child.poll() is None:
                peers.stop(child)
        if world is not None:
            world.server.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{peers.passed} passed, {peers.failed} failed")
    return 1 if peers.failed or not peers.passed else 0


if __name__ == "__main__":
    sys.exit(main())
