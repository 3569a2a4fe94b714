#!/usr/bin/env python3
"""App files sent to a real picketd: who may, how large, and that the answer is that of the command
line. The bytes must never stay."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BASE, BIN, ROOT, Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
APKS = ROOT / "tests" / "data" / "apksig" / "apks"
SMALL = "original.apk"
BINARY = {"Content-Type": "application/octet-stream"}


def is_problem(name, answer, status, kind, path=None):
    good = answer.status == status and answer.problem == kind
    if path is not None:
        good = good and answer.json.get("path") == path
    check(f"{name}: {status} {kind} {path or ''}", good, answer)


def send(client, data, query="", headers=BINARY, **more):
    return client.call("POST", f"{BASE}/scan{query}", raw=data, headers=headers, **more)


def clients(server):
    token = server.signin_token()
    link = Client(server).post("/session", {"token": token})
    cookie = link.headers["set-cookie"].split(";")[0].split("=")[1]
    person = Client(server, cookie=cookie)
    return {role: Client(server, token=person.post("/tokens", {"name": role, "role": role}).json["token"])
            for role in ("viewer", "responder", "admin")}


def without_times(report):
    return {k: v for k, v in report.items() if k not in ("ms", "file")}


def test_same_as_the_command_line(w):
    for name in (SMALL, "two-signers.apk", "v2-only-with-rsa-pkcs1-sha256-2048.apk", "empty-unsigned.apk"):
        path = APKS / name
        if not path.exists():
            check(f"{name} is among the test data", False)
            continue
        told = json.loads(subprocess.run([BIN / "picket", "scan", "--json", path],
                                         capture_output=True, text=True, timeout=60).stdout)
        got = send(w["responder"], path.read_bytes(), f"?name={name}")
        check(f"{name}: 200", got.status == 200, got)
        check(f"{name}: its name", got.json["file"] == name, got)
        check(f"{name}: the same report", without_times(got.json) == without_times(told),
              {k: (got.json.get(k), told.get(k)) for k in told if got.json.get(k) != told.get(k)})
    ranged = send(w["admin"], (APKS / "v1-only-with-signed-attrs.apk").read_bytes()
                  if (APKS / "v1-only-with-signed-attrs.apk").exists() else b"", "?min_sdk=18")
    check("a range of levels is honoured", ranged.status == 200
          and ranged.json.get("signature", {}).get("errors") == ["JAR_SIG_VERIFY_EXCEPTION"], ranged)


def test_who_and_what(w, server):
    data = (APKS / SMALL).read_bytes()
    is_problem("nobody", send(Client(server), data), 401, "unauthorized")
    is_problem("a viewer", send(w["viewer"], data), 403, "forbidden")
    is_problem("nobody, before the body", send(Client(server), None, announce=5 << 20), 401, "unauthorized")
    is_problem("a viewer, before the body", send(w["viewer"], None, announce=5 << 20), 403, "forbidden")
    is_problem("too large, before the body", send(w["responder"], None, announce=(8 << 20) + 1), 413, "too_large")
    is_problem("unknown parameter", send(w["responder"], data, "?x=1"), 400, "unknown_key", "x")
    for query, path in (("?min_sdk=0", "min_sdk"), ("?min_sdk=x", "min_sdk"), ("?max_sdk=10001", "max_sdk"),
                        ("?max_sdk=1e3", "max_sdk"), ("?name=", "name"), ("?name=" + "a" * 256, "name")):
        got = send(w["responder"], data, query)
        check(f"{query[:20]} is refused by name", got.status == 400 and got.json.get("path") == path, got)
    is_problem("another method", w["responder"].call("GET", f"{BASE}/scan"), 405, "method")


def test_odd_bodies(w):
    empty = send(w["responder"], b"")
    check("an empty file is no crash", empty.status in (200, 400), empty)
    for name, data in (("noise", os.urandom(70000)), ("text", b"hello\n"), ("nul", b"\0" * 4096),
                       ("half an archive", (APKS / SMALL).read_bytes()[:-30]), ("largest", b"P" * (8 << 20))):
        got = send(w["responder"], data)
        check(f"{name}: a report", got.status == 200 and got.json["size"] == len(data)
              and got.json["verdict"] in ("malformed", "clean", "suspicious"), got)
    hostile = send(w["responder"], b"x", "?name=%1b%5b31m..%2f%2e%2e%2fetc")
    check("a hostile name is refused or harmless", hostile.status in (200, 400)
          and b"\x1b" not in hostile.body, hostile)


def test_many_at_once(w):
    names = sorted(p.name for p in APKS.glob("*.apk"))[:24]
    answers = {}

    def one(name):
        answers[name] = send(w["responder"], (APKS / name).read_bytes(), f"?name={name}")

    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    good = [n for n in names if answers[n].status == 200 and answers[n].json["file"] == n]
    check("24 uploads at a time, each its own answer", good == names, sorted(set(names) - set(good)))


def begin(client, size, sent):
    """An upload of which only a part came: the open connection."""
    link = http.client.HTTPSConnection("localhost", client.server.port, timeout=30, context=client.server.context)
    link.putrequest("POST", f"{BASE}/scan")
    for name, value in (("Authorization", f"Bearer {client.token}"), ("Content-Length", str(size)), *BINARY.items()):
        link.putheader(name, value)
    link.endheaders()
    link.send(b"P" * sent)
    return link


def spooled(server):
    held = (os.path.join(f"/proc/{server.process.pid}/fd", fd) for fd in os.listdir(f"/proc/{server.process.pid}/fd"))
    size = 0
    for fd in held:
        try:
            size += os.stat(fd).st_size if "/state/#" in os.readlink(fd) else 0
        except FileNotFoundError:
            pass  # closed since it was listed
    return size


def wait_for(look, seconds=20):
    end = time.monotonic() + seconds
    while not look() and time.monotonic() < end:
        time.sleep(0.05)
    return look()


def test_no_room(w, server):
    """Uploads under way may take four times the largest one; who gives up frees his room."""
    part = 7 << 20
    links = [begin(w["responder"], 8 << 20, part) for _ in range(4)]
    check("four halves lie in nameless files", wait_for(lambda: spooled(server) == 4 * part), spooled(server))
    full = send(w["responder"], None, announce=8 << 20)
    is_problem("the fifth, before its body", full, 503, "storage_full")
    check("it says when to come again", "retry-after" in full.headers, full.headers)
    check("small ones still pass", send(w["responder"], (APKS / SMALL).read_bytes()).status == 200)
    for link in links:
        link.close()
    check("broken uploads leave nothing", wait_for(lambda: spooled(server) == 0), spooled(server))
    check("and there is room again", send(w["responder"], b"P" * (8 << 20)).status == 200)


def held_open(server):
    """Nameless files of the state folder; descriptors come and go while we look."""
    found = []
    for fd in os.listdir(f"/proc/{server.process.pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{server.process.pid}/fd/{fd}"))
        except OSError:
            pass
    return [h for h in found if "/state/#" in h]


def test_nothing_stays(w, server):
    state = server.dir / "state"
    left = [p.name for p in state.rglob("*") if p.is_file() and p.stat().st_size > 0 and "PK\x03\x04" in p.read_bytes()[:4].decode("latin-1")]
    check("no upload lies in the state folder", left == [], left)
    # The descriptor is closed a moment after the answer was read.
    check("and none is held open", wait_for(lambda: not held_open(server), 5), held_open(server))
    rows = w["admin"].get("/audit?filter=act:app.scan").json["items"]
    check("every upload is in the audit", len(rows) >= 24 and any(r["target"] == SMALL for r in rows), rows[:3])


def children(pid):
    done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in done.stdout.split()]


def test_a_reader_that_is_killed(w, server):
    kids = children(server.process.pid)
    check("readers run", 0 < len(kids) <= 2, kids)
    for kid in kids:
        os.kill(kid, 9)
    got = send(w["responder"], (APKS / SMALL).read_bytes(), "?name=again")
    if got.status == 503:  # the first one may notice the loss
        got = send(w["responder"], (APKS / SMALL).read_bytes(), "?name=again")
    check("a killed reader is replaced", got.status == 200 and got.json["file"] == "again", got)


def test_yara():
    folder = Path(tempfile.mkdtemp(prefix="picket-yara-"))
    rules = folder / "own.yar"
    rules.write_text('rule own { meta: description = "Ours" verdict = "unwanted" condition: uint16(0) == 0x4b50 }')
    server = Server(f"scan:\n  yara: [{folder}]\n").start()
    try:
        got = send(clients(server)["responder"], (APKS / SMALL).read_bytes())
        found = [f for f in got.json["findings"] if f["id"] == "yara.own"]
        check("the organisation's YARA rules are matched", got.status == 200 and len(found) == 1 and
              found[0]["title"] == "Ours" and got.json["matches"][0]["rule"] == "own", got)
        server.stop()
        rules.write_text("rule broken { condition: nothing }")
        try:
            server.start()
            check("rules that do not compile are told at the start", False)
        except RuntimeError as error:
            check("rules that do not compile are told at the start",
                  "own.yar:1" in str(error) and "nothing" in str(error), error)
    finally:
        server.close()
        rules.unlink()
        folder.rmdir()


def main():
    server = Server("scan:\n  upload_max_mb: 8\n  processes: 2\n").start()
    try:
        w = clients(server)
        test_same_as_the_command_line(w)
        test_who_and_what(w, server)
        test_odd_bodies(w)
        test_many_at_once(w)
        test_no_room(w, server)
        test_nothing_stays(w, server)
        test_a_reader_that_is_killed(w, server)
        kids = children(server.process.pid)
        code = server.stop()
        check("picketd ends well", code == 0, code)
        alive = [k for k in kids if Path(f"/proc/{k}").exists()]
        check("and takes its readers along", alive == [], alive)
    finally:
        server.close()
    test_yara()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
