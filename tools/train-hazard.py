#!/usr/bin/env python3
"""Trains data/hazard/weights.txt on simulated worlds.

    picket replay --verdicts V --preds P --risk-inputs I WORLD/obs.jsonl     # for each world
    tools/train-hazard.py --out data/hazard/weights.txt WORLD:I WORLD:I ...
    tools/train-hazard.py --check data/hazard/weights.txt WORLD:I            # figures on another world

The inputs are the model's own, written by the same code that predicts, so there is no second way to count. Labels are
the worlds' truth; only index days whose window has closed before the world's end are used, forgers are left out.
Three ways of attack (network, app, exploit) have a ridge logistic each, for 7 and for 30 days, over the terms that can
have to do with them. No weight is below 0 but that of iOS: what would make a device safer by being attacked, or by
visiting more, is chance or another term's echo, and would not hold in another world. Numpy alone does the sums.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

DAY = 86400
WARM_DAYS = 14       # before that the counters know too little
LAMBDA = 20.0        # ridge, on terms of standard deviation 1
IOS_LEAST = -3.0     # worlds without any bad app on iOS must not teach that there can be none

KINDS = {"net": "network", "cell": "network", "app": "app", "dev": "exploit"}
WAYS = {
    "network": "ios pub_rate away_rate cells30 zone_rate city wave usual_now usual_any usual_lasts days3 hit90 inc30".split(),
    "app": "ios bad_app30 bad_app90 site_app unknown_src dev root nopass patch_most patch_age".split(),
    "exploit": "ios patch_age patch_most root hook dev nopass unknown_src inc30 hit90 bad_app30".split(),
}


def truth(world):
    """Times of attacks by way and device, and the forgers."""
    events, forgers = {way: {} for way in WAYS}, set()
    with open(world / "truth.jsonl", encoding="utf-8") as f:
        for line in f:
            if line.startswith(('{"e":"comp"', '{"e":"sybil"')):
                x = json.loads(line)
                if x["e"] == "sybil":
                    forgers.add(x["d"])
                else:
                    events[KINDS[x["ty"].split(":")[0]]].setdefault(x["d"], []).append(x["t"])
    return {way: {d: np.sort(np.array(t)) for d, t in of.items()} for way, of in events.items()}, forgers


def label(events, device, t, days):
    times = events.get(device)
    if times is None:
        return False
    return np.searchsorted(times, t, "right") < np.searchsorted(times, t + days * DAY, "right")


class World:
    """Terms, index days and labels by horizon and way (-1: the window has not closed)."""

    def __init__(self, spec):
        folder, inputs = spec.rsplit(":", 1)
        folder = Path(folder)
        events, forgers = truth(folder)
        meta = json.loads((folder / "meta.json").read_text())
        end = meta["t0"] + meta["cfg"]["days"] * DAY
        rows, days = [], []
        labels = {(h, way): [] for h in (7, 30) for way in WAYS}
        with open(inputs, encoding="utf-8") as f:
            self.names = f.readline().split()[2:]
            for line in f:
                device, t, rest = line.split("\t", 2)
                t = int(t)
                if device in forgers or t + 7 * DAY > end or t < meta["t0"] + WARM_DAYS * DAY:
                    continue
                rows.append(np.fromstring(rest, dtype=np.float32, sep="\t"))
                days.append((t - meta["t0"]) // DAY)
                for (h, way), of in labels.items():
                    of.append(label(events[way], device, t, h) if t + h * DAY <= end else -1)
        self.spec = spec
        self.x = np.array(rows, dtype=float)
        self.days = np.array(days)
        self.y = {key: np.array(of, dtype=float) for key, of in labels.items()}

    def any(self, h):
        return np.max([self.y[h, way] for way in WAYS], axis=0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def logistic(x, y, ridge, offset=0.0):
    """Newton steps; the first column is the bias and is not held back."""
    w = np.zeros(x.shape[1])
    hold = np.full(x.shape[1], ridge)
    hold[0] = 0
    for _ in range(30):
        p = sigmoid(x @ w + offset)
        gradient = x.T @ (y - p) - hold * w
        curve = (x * (p * (1 - p))[:, None]).T @ x + np.diag(hold + 1e-9)
        step = np.linalg.solve(curve, gradient)
        w += step
        if np.abs(step).max() < 1e-6:
            break
    return w


def fit(x, y, names, wanted):
    """Weights by term, "1" the bias: none below 0 but of iOS, which has a floor."""
    wanted = list(wanted)
    ios = 0.0
    while True:
        at = [names.index(n) for n in wanted]
        mean, spread = x[:, at].mean(0), x[:, at].std(0)
        spread[spread < 1e-6] = 1
        w = logistic(np.column_stack([np.ones(len(x)), (x[:, at] - mean) / spread]), y, LAMBDA, ios * x[:, names.index("ios")])
        weights = dict(zip(wanted, w[1:] / spread))
        if weights.get("ios", 0) < IOS_LEAST:
            ios = IOS_LEAST
            wanted.remove("ios")
            continue
        wrong = [(v * s, n) for (n, v), s in zip(weights.items(), spread) if n != "ios" and v < 0]
        if not wrong:
            break
        wanted.remove(min(wrong)[1])
    weights["1"] = w[0] - (w[1:] / spread * mean).sum()
    if ios:
        weights["ios"] = ios
    return weights


def chance(x, names, model):
    """Of any way, for one horizon."""
    none = 1.0
    for weights in model.values():
        w = np.array([weights.get(n, 0) for n in names])
        none = none * (1 - sigmoid(weights["1"] + x @ w))
    return 1 - none


def auc(p, y):
    order = np.argsort(p, kind="stable")
    ranks = np.empty(len(p))
    ranks[order] = np.arange(1, len(p) + 1)
    ones = y.sum()
    return (ranks[y > 0].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones))


def lift(p, y, share):
    top = np.argsort(-p)[:max(1, int(len(p) * share))]
    return y[top].mean() / y.mean()


def figures(p, y, title):
    base = y.mean()
    skill = 1 - ((p - y) ** 2).mean() / (base * (1 - base))
    bins = np.array_split(np.argsort(p), 10)
    ece = sum(abs(p[b].sum() - y[b].sum()) for b in bins) / len(p)
    print(f"{title}: rows {len(y)} base {base:.4f} AUC {auc(p, y):.4f} skill {skill:.4f} ECE {ece:.4f} "
          f"lift {lift(p, y, .1):.2f} / {lift(p, y, .01):.2f}")


def read_weights(path):
    models = {h: {way: {} for way in WAYS} for h in (7, 30)}
    for line in open(path, encoding="utf-8"):
        words = line.split("#")[0].split()
        if words and not words[0].startswith("mean_"):
            key, term = words[0].split("_", 1)
            way = key.rstrip("0123456789")
            models[int(key[len(way):])][way][term] = float(words[1])
    return models


def check(path, specs):
    models = read_weights(path)
    for spec in specs:
        world = World(spec)
        for h, from_day in ((7, 42), (30, 28)):
            y = world.any(h)
            use = (y >= 0) & (world.days >= from_day)
            if use.any():
                figures(chance(world.x[use], world.names, models[h]), y[use], f"{spec}: {h} days")


def train(out, specs):
    worlds = [World(spec) for spec in specs]
    names = worlds[0].names
    x = np.concatenate([w.x for w in worlds])
    models = {}
    for h in (7, 30):
        closed = np.concatenate([w.any(h) for w in worlds]) >= 0
        models[h] = {way: fit(x[closed], np.concatenate([w.y[h, way] for w in worlds])[closed], names, wanted)
                     for way, wanted in WAYS.items()}
        figures(chance(x[closed], names, models[h]), np.concatenate([w.any(h) for w in worlds])[closed],
                f"training rows, {h} days")
    with open(out, "w", encoding="utf-8") as f:
        f.write("# Made by tools/train-hazard.py from simulated worlds; docs/hazard.md has the figures.\n"
                "# WAY7_, WAY30_: weights of an attack by this way within 7 and 30 days; a term that is not there has none.\n"
                "# mean_: of the training rows.\n")
        for h, model in models.items():
            for way, weights in model.items():
                f.write(f"{way}{h}_1 {weights['1']:.4f}\n")
                f.writelines(f"{way}{h}_{n} {weights[n]:.4f}\n" for n in names if n in weights)
        f.writelines(f"mean_{n} {v:.4f}\n" for n, v in zip(names, x.mean(0)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", help="write weights there")
    parser.add_argument("--check", help="figures of these weights")
    parser.add_argument("worlds", nargs="+", metavar="WORLD:INPUTS")
    args = parser.parse_args()
    if bool(args.out) == bool(args.check):
        parser.error("one of --out and --check")
    if args.out:
        train(args.out, args.worlds)
    else:
        check(args.check, args.worlds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
