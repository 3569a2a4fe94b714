#!/usr/bin/env python3
"""A full disk: nothing is acknowledged that cannot be kept, and all goes on when there is room again.

The state folder is a small tmpfs in a mount namespace of this test's own (as root, or in a user
namespace), so nothing of the machine is touched.
"""

import http.client
import json
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path

from fleet_support import (Load, Picketd, compare, integrity, journal, wait_worked_in)

SIZE_MIB = 24
DEVICES = 20

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok      ' if good else 'FAILED  '}{name}" + ("" if good else f"\n        {shown}"),
          flush=True)


def enter_namespace():
    """Runs itself again where it may mount."""
    if os.environ.get("PICKET_FULL_DISK") == "inside":
        return
    options = ["-m"] if os.geteuid() == 0 else ["-U", "-r", "-m"]
    env = dict(os.environ, PICKET_FULL_DISK="inside")
    os.execvpe("unshare", ["unshare", *options, "--propagation", "private", sys.executable, __file__], env)


class Device:
    """One device of the fleet, by hand, to see answers as they are."""

    def __init__(self, server, state, index):
        item = json.loads(state.read_text())[index]
        self.seq = 1
        self.id = item["id"]
        both = server.folder / f"device-{index}.pem"
        both.write_text(item["certificate"] + item["key"])
        self.context = ssl.create_default_context(cafile=str(server.state / "ca.pem"))
        self.context.load_cert_chain(str(both))
        self.port = int(server.url.rsplit(":", 1)[1])

    def call(self, method, path, body=None):
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=30)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), data

    def report(self, padding=0):
        """One observation; padding makes it big (root signs are free text)."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        posture = {"platform": "android", "model": "x" * min(padding, 120)}
        if padding:
            posture["root_signs"] = [os.urandom(40).hex() for _ in range(16)]
        body = json.dumps({"v": 1, "observations": [
            {"seq": self.seq, "at": at, "kind": "posture", "posture": posture}]})
        return self.call("POST", "/v1/report", body)


def fill(folder, leave_kib):
    """A file that takes all but so much."""
    room = os.statvfs(folder)
    size = room.f_bavail * room.f_frsize - leave_kib * 1024
    ballast = Path(folder) / "ballast"
    with open(ballast, "ab") as f:
        if size > 0:
            f.write(b"\0" * size)
    return ballast


def wait_for(what, wait_s):
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        value = what()
        if value:
            return value
        time.sleep(0.1)
    return None


def run(server):
    server.start()
    # The same fleet before, while and after: its keys come from a first short load.
    first = Load(server, DEVICES, 1, 20)
    first.end()
    by_hand = Device(server, first.state, 0)
    by_hand.seq = json.loads(first.state.read_text())[0]["next_seq"]

    ballast = fill(server.state, 1500)
    load = Load(server, DEVICES, 80000, 100)
    load.wait_begin()
    full = wait_for(lambda: by_hand.call("GET", "/readyz")[0] == 503, 60)
    check("the disk fills up under load and /readyz says 503", full, server.log_end())
    status, headers, body = by_hand.call("GET", "/readyz")
    print(f"        /readyz: {status} {body[:200].decode()}")

    def refused():
        # Free pages inside the files may still take a report; then the next one is tried.
        status, headers, body = by_hand.report(padding=100)
        if status == 200:
            by_hand.seq += 1
            return None
        return status, headers, json.loads(body)

    answer = wait_for(refused, 30)
    status, headers, problem = answer if answer else (0, {}, {})
    check("a report is answered with 503 storage_full and Retry-After",
          status == 503 and problem.get("type") == "urn:picket:error:storage_full" and
          int(headers.get("Retry-After", "0")) > 0 and
          headers.get("Content-Type", "").startswith("application/problem+json"),
          f"{status} {headers} {problem}")
    print(f"        {status} Retry-After {headers.get('Retry-After')}: {problem.get('detail')}")
    time.sleep(3)
    log = server.log.read_text()
    lines = [line for line in log.splitlines() if "storage_full" in line]
    check("the log says so, clearly and not in a flood", 0 < len(lines) < 200,
          f"{len(lines)} lines: {lines[:2]}")
    print(f"        {len(lines)} lines such as: {lines[0] if lines else None}")
    check("the server lives and still answers what needs no disk",
          by_hand.call("GET", "/healthz")[0] == 200 and server.child.poll() is None)

    ballast.unlink()
    back = wait_for(lambda: by_hand.call("GET", "/readyz")[0] == 200, 60)
    check("with room again /readyz says 200 without a restart", back, by_hand.call("GET", "/readyz"))
    status, _, body = by_hand.report()
    check("the refused report is taken when it comes again", status == 200, f"{status} {body[:300]}")
    before = len(load.acks.read_text().splitlines())
    more = wait_for(lambda: len(load.acks.read_text().splitlines()) > before + DEVICES, 30)
    check("the load goes on by itself", more, load.err.read_text()[-300:])
    load.stop()
    totals = load.end()
    judge(server, load, totals, by_hand)


def judge(server, load, totals, by_hand):
    acked = load.acked()
    stored = journal(server)
    behind = wait_worked_in(server, {d: max(s) for d, s in stored.items()})
    check("the pipeline worked all of it in", not behind, list(behind.items())[:3])
    server.stop()
    stored = journal(server)
    stored_fleet = {d: seqs for d, seqs in stored.items() if d != by_hand.id}
    acked.pop(by_hand.id, None)
    count, missing, twice, _ = compare(acked, stored_fleet)
    print(f"        {count} observations acknowledged, {totals['other_answers']} other answers; "
          f"missing {missing}, twice {twice}")
    check("the load met the full disk", totals["other_answers"].get("503", 0) > 0, totals)
    check("nothing acknowledged is lost, nothing is there twice",
          count > 0 and missing == 0 and twice == 0)
    check("SQLite finds no fault in either file", integrity(server) == ["ok", "ok"], integrity(server))


def main():
    enter_namespace()
    server = Picketd()
    server.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=700", "picket-test",
                    str(server.state)], check=True)
    try:
        run(server)
    finally:
        server.stop()
        if failed:
            print(server.log_end())
        subprocess.run(["umount", str(server.state)], check=False)
        server.remove()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
