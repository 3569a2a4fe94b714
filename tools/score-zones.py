#!/usr/bin/env python3
"""How well the risk of zones and networks tells attacked joins from others, before they happen.

    picket replay --join-risk J --out V WORLD/obs.jsonl
    tools/score-zones.py WORLD J

J has a line {"i","z","p"} for each public join: risk of the zone, and of this very network. The truth of a join is that
an attack of the simulated world caught it; joins of forgers are left out. Prints AUC, lift of the highest tenth and
hundredth, and ECE over ten bins of equal count. The first days teach and are not counted.
"""

import argparse
import json
import os
import sys


def auc(rows):
    rows = sorted(rows)
    ones = sum(y for _, y in rows)
    total = i = 0
    while i < len(rows):
        j = i
        while j < len(rows) and rows[j][0] == rows[i][0]:
            j += 1
        total += sum(y for _, y in rows[i:j]) * (i + j + 1) / 2
        i = j
    return (total - ones * (ones + 1) / 2) / (ones * (len(rows) - ones))


def figures(title, rows):
    rows.sort()
    n, base = len(rows), sum(y for _, y in rows) / len(rows)
    ece = 0
    for q in range(10):
        part = rows[q * n // 10:(q + 1) * n // 10]
        ece += abs(sum(p for p, _ in part) - sum(y for _, y in part)) / n
    lifts = []
    for share in (10, 100):
        top = rows[-n // share:]
        lifts.append(sum(y for _, y in top) / len(top) / base)
    print(f"{title}: joins {n} attacked {base:.5f} AUC {auc(rows):.4f} lift {lifts[0]:.2f} / {lifts[1]:.2f} "
          f"ECE {ece:.5f} mean {sum(p for p, _ in rows) / n:.5f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("world")
    parser.add_argument("joins")
    parser.add_argument("--days", type=int, default=14, help="that teach first")
    args = parser.parse_args()
    bad, forgers = {}, set()
    with open(os.path.join(args.world, "truth.jsonl"), encoding="utf-8") as f:
        for line in f:
            if line.startswith('{"e":"obs"'):
                x = json.loads(line)
                bad[x["i"]] = x["a"]
            elif line.startswith('{"e":"sybil"'):
                forgers.add(json.loads(line)["d"])
    with open(os.path.join(args.world, "meta.json"), encoding="utf-8") as f:
        start = json.load(f)["t0"] + args.days * 86400
    honest = set()
    with open(os.path.join(args.world, "obs.jsonl"), encoding="utf-8") as f:
        for line in f:
            if '"k":"net"' in line:
                device = line[line.index('"d":"') + 5:]
                if device[:device.index('"')] not in forgers and int(line[line.index('"t":') + 4:].split(",", 1)[0]) >= start:
                    honest.add(int(line[5:line.index(",")]))
    zone, network = [], []
    with open(args.joins, encoding="utf-8") as f:
        for line in f:
            x = json.loads(line)
            if x["i"] not in honest:
                continue
            y = 1 if isinstance(bad.get(x["i"]), int) else 0
            zone.append((x["z"], y))
            network.append((x["p"], y))
    figures("zone", zone)
    figures("network", network)
    return 0


if __name__ == "__main__":
    sys.exit(main())
