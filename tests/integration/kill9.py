#!/usr/bin/env python3
"""kill -9 of picketd under load, again and again: what was acknowledged is there, once.

    kill9.py [--kills 12] [--devices 200] [--rate 150]

The load generator writes down every acknowledgement before it sends more, and comes again with the
same report when the server is gone. Afterwards the journal is read as the pipeline reads it.
"""

import argparse
import random
import statistics
import sys
import time

from fleet_support import (Load, Picketd, compare, integrity, journal, wait_worked_in)

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok      ' if good else 'FAILED  '}{name}" + ("" if good else f"\n        {shown}"),
          flush=True)


def kill_again_and_again(server, load, kills):
    restarts = []
    for _ in range(kills):
        # From the middle of the start to well into the work.
        time.sleep(random.uniform(0.1, 2.0))
        server.kill()
        time.sleep(random.uniform(0, 0.2))
        restarts.append(server.start())
        if load.child.poll() is not None:
            break
    return restarts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--rate", type=int, default=150, help="reports a second, 20 observations each")
    args = parser.parse_args()

    random.seed()
    server = Picketd()
    try:
        server.start()
        load = Load(server, args.devices, 80000, args.rate)
        load.wait_begin()
        began = time.monotonic()
        restarts = kill_again_and_again(server, load, args.kills)
        time.sleep(1)
        load.stop()
        totals = load.end()
        seconds = time.monotonic() - began
        acked = load.acked()
        check(f"{len(restarts)} of {args.kills} kills happened under load, the load went on",
              len(restarts) == args.kills, load.err.read_text()[-400:])
        check("nothing was left without an answer at the end", totals["open"] == 0, totals)
        stored = journal(server)
        newest = {device: max(seqs) for device, seqs in stored.items()}
        behind = wait_worked_in(server, newest)
        server.stop()
        stored = journal(server)
        count, missing, twice, extra = compare(acked, stored)
        print(f"        {args.devices} devices, {seconds:.0f} s, {totals['reports']} reports, "
              f"{count} observations acknowledged, {totals['retries']} reports sent again, "
              f"{totals['duplicates']} observations known already")
        print(f"        in the journal: {sum(sum(c.values()) for c in stored.values())}; missing {missing}, "
              f"twice {twice}, stored but not acknowledged {extra}")
        print(f"        restart to ready: median {statistics.median(restarts) * 1000:.0f} ms, "
              f"worst {max(restarts) * 1000:.0f} ms")
        check(f"all of {count} acknowledged observations are in the journal", missing == 0 and count > 0,
              f"{missing} missing")
        check("none is there twice", twice == 0, f"{twice} twice")
        check("the pipeline worked all of it in", not behind, list(behind.items())[:3])
        check("SQLite finds no fault in either file", integrity(server) == ["ok", "ok"],
              integrity(server))
    finally:
        if failed:
            server.stop()
            print(f"kept: {server.folder}")
        else:
            server.remove()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
