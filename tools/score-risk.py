#!/usr/bin/env python3
"""Predictions of risk beside a score of rules, on the same devices and days, with what chance alone could do.

    picket replay --preds P --risk-inputs I --out V WORLD/obs.jsonl
    tools/score-risk.py WORLD I P

The rules are what products without a model of risk do: points for a root, an old patch, a past attack and so on, made
into a chance by the share of attacks that each number of points had on the world's own earlier days (never falling with
points). Days 14 to 34 teach that, days from 42 on are scored, each third midnight; forgers are left out. Intervals hold
95 of 100 resamplings of the devices: a device's days belong together.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

DAY = 86400
ROUNDS = 200


def truth(world):
    events, forgers = {}, set()
    with open(world / "truth.jsonl", encoding="utf-8") as f:
        for line in f:
            if line.startswith(('{"e":"comp"', '{"e":"sybil"')):
                x = json.loads(line)
                if x["e"] == "sybil":
                    forgers.add(x["d"])
                else:
                    events.setdefault(x["d"], []).append(x["t"])
    return {d: np.sort(t) for d, t in events.items()}, forgers


def points(x):
    """x: a term's value by name."""
    return (30 * x["root"] + 30 * x["hook"] + 10 * x["dev"] + 10 * x["nopass"] + 15 * x["unknown_src"]
            + 10 * (x["patch_age"] > 1) + 10 * (x["patch_age"] >= 2)
            + 20 * (x["days3"] > 0) + 15 * (x["hit90"] > 0.4) + 15 * (x["hit90"] > 1) + 20 * (x["inc30"] > 0.5)
            + 25 * (x["bad_app90"] > 0.8) + 5 * np.minimum(x["site_app"], 3).astype(int) + 10 * (x["pub_rate"] > 0))


def rising(score, y):
    """Share of events by score, made not to fall: pool adjacent violators. A function of the score."""
    levels = np.unique(score)
    blocks = []
    for level in levels:
        at = score == level
        blocks.append([at.sum() + 1e-9, y[at].sum(), 1])
        while len(blocks) > 1 and blocks[-1][1] / blocks[-1][0] <= blocks[-2][1] / blocks[-2][0]:
            n, k, size = blocks.pop()
            blocks[-1] = [blocks[-1][0] + n, blocks[-1][1] + k, blocks[-1][2] + size]
    share = np.concatenate([[(k + 0.5) / (n + 10)] * size for n, k, size in blocks])
    return lambda s: share[np.clip(np.searchsorted(levels, s, "right") - 1, 0, len(levels) - 1)]


class Figures:
    """AUC, Brier skill and lift under weights of the rows."""

    def __init__(self, p, y):
        order = np.argsort(p, kind="stable")
        self.order, self.p, self.y = order, p[order], y[order]
        self.first = np.flatnonzero(np.r_[True, self.p[1:] != self.p[:-1]])

    def get(self, w):
        w = w[self.order]
        ones, noughts = w * self.y, w * (1 - self.y)
        by_one, by_nought = np.add.reduceat(ones, self.first), np.add.reduceat(noughts, self.first)
        below = np.cumsum(by_nought) - by_nought
        auc = (by_one * (below + by_nought / 2)).sum() / (ones.sum() * noughts.sum())
        base = ones.sum() / w.sum()
        skill = 1 - (w * (self.p - self.y) ** 2).sum() / w.sum() / (base * (1 - base))
        left = w.sum() - np.cumsum(w)
        lifts = [ones[left < share * w.sum()].sum() / w[left < share * w.sum()].sum() / base for share in (.1, .01)]
        return np.array([auc, skill, *lifts])

    def ece(self):
        n = len(self.p)
        parts = [slice(q * n // 10, (q + 1) * n // 10) for q in range(10)]
        return sum(abs(self.p[s].sum() - self.y[s].sum()) for s in parts) / n


def tell(title, p, y, owner):
    f = Figures(p, y)
    random = np.random.default_rng(1)
    devices = owner.max() + 1
    is_ = f.get(np.ones(len(p)))
    draws = [f.get(np.bincount(random.integers(0, devices, devices), minlength=devices)[owner].astype(float))
             for _ in range(ROUNDS)]
    low, high = np.percentile(draws, (2.5, 97.5), axis=0)
    names = ("AUC", "skill", "lift 10 %", "lift 1 %")
    print(f"{title}: " + ", ".join(f"{n} {v:.3f} [{a:.3f} {b:.3f}]" for n, v, a, b in zip(names, is_, low, high))
          + f", ECE {f.ece():.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("world", type=Path)
    parser.add_argument("inputs")
    parser.add_argument("preds")
    args = parser.parse_args()
    events, forgers = truth(args.world)
    meta = json.loads((args.world / "meta.json").read_text())
    start, end = meta["t0"], meta["t0"] + meta["cfg"]["days"] * DAY
    said = {}
    with open(args.preds, encoding="utf-8") as f:
        for line in f:
            if '"h":7' in line:
                x = json.loads(line)
                said[x["d"], x["t"]] = x["p"]
    rows, days, y, p, owner, numbers = [], [], [], [], [], {}
    with open(args.inputs, encoding="utf-8") as f:
        names = f.readline().split()[2:]
        for line in f:
            device, t, rest = line.split("\t", 2)
            t = int(t)
            if device in forgers or t + 7 * DAY > end or t < start + 14 * DAY:
                continue
            times = events.get(device, ())
            rows.append(np.fromstring(rest, dtype=np.float32, sep="\t"))
            days.append((t - start) // DAY)
            y.append(np.searchsorted(times, t, "right") < np.searchsorted(times, t + 7 * DAY, "right"))
            p.append(said.get((device, t), np.nan))
            owner.append(numbers.setdefault(device, len(numbers)))
    x, days, y, p, owner = np.array(rows), np.array(days), np.array(y, dtype=float), np.array(p), np.array(owner)
    score = points({n: x[:, i] for i, n in enumerate(names)})
    chance = rising(score[days <= 34], y[days <= 34])
    use = (days >= 42) & ~np.isnan(p)
    print(f"{args.world}: {use.sum()} device-days, {y[use].mean():.4f} attacked within 7 days")
    tell("model", p[use], y[use], owner[use])
    tell("rules", chance(score[use]), y[use], owner[use])
    return 0


if __name__ == "__main__":
    sys.exit(main())
