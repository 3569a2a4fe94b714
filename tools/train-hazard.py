#!/usr/bin/env python3
"""Trains data/hazard/weights.txt on simulated worlds.

    picket replay --verdicts V --preds P --risk-inputs I WORLD/obs.jsonl     # for each world
    tools/train-hazard.py --out data/hazard/weights.txt WORLD:I WORLD:I ...
    tools/train-hazard.py --check data/hazard/weights.txt WORLD:I            # figures on another world

The inputs are the model's own, written by the same code that predicts, so there is no second way to count. Labels are
the worlds' truth; only index days whose window has closed before the world's end are used, forgers are left out.
Ridge logistic; the pairs of terms that say nearly the same are kept small by it. Numpy alone does the sums.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

DAY = 86400
WARM_DAYS = 14       # before that the counters know too little
LAMBDA = 20.0        # ridge, on terms of standard deviation 1


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
    return {d: np.sort(np.array(t)) for d, t in events.items()}, forgers


def label(events, device, t, days):
    times = events.get(device)
    if times is None:
        return False
    return np.searchsorted(times, t, "right") < np.searchsorted(times, t + days * DAY, "right")


def load(spec):
    """Terms, index day, label for 7 and 30 days (-1: the window has not closed)."""
    world, inputs = spec.rsplit(":", 1)
    world = Path(world)
    events, forgers = truth(world)
    meta = json.loads((world / "meta.json").read_text())
    end = meta["t0"] + meta["cfg"]["days"] * DAY
    rows, days, y7, y30 = [], [], [], []
    with open(inputs, encoding="utf-8") as f:
        names = f.readline().split()[2:]
        for line in f:
            words = line.split()
            device, t = words[0], int(words[1])
            if device in forgers or t + 7 * DAY > end or t < meta["t0"] + WARM_DAYS * DAY:
                continue
            rows.append(np.array(words[2:], dtype=np.float32))
            days.append((t - meta["t0"]) // DAY)
            y7.append(label(events, device, t, 7))
            y30.append(label(events, device, t, 30) if t + 30 * DAY <= end else -1)
    return names, np.array(rows, dtype=float), np.array(days), np.array(y7, dtype=float), np.array(y30, dtype=float)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def logistic(x, y, ridge):
    """Newton steps; the first column is the bias and is not held back."""
    w = np.zeros(x.shape[1])
    hold = np.full(x.shape[1], ridge)
    hold[0] = 0
    for _ in range(30):
        p = sigmoid(x @ w)
        gradient = x.T @ (y - p) - hold * w
        curve = (x * (p * (1 - p))[:, None]).T @ x + np.diag(hold + 1e-9)
        step = np.linalg.solve(curve, gradient)
        w += step
        if np.abs(step).max() < 1e-6:
            break
    return w


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
    return {line.split()[0]: float(line.split()[1]) for line in open(path, encoding="utf-8")
            if line.split("#")[0].strip()}


def check(path, specs):
    weights = read_weights(path)
    for spec in specs:
        names, x, days, y7, y30 = load(spec)
        score = weights["h_1"] + x @ np.array([weights["h_" + n] for n in names])
        late = days >= 42
        closed = (y30 >= 0) & (days >= 28)
        if late.any():
            figures(sigmoid(score[late]), y7[late], f"{spec}: 7 days")
        if closed.any():
            figures(sigmoid(weights["h30_a"] + weights["h30_c"] * score[closed]), y30[closed], f"{spec}: 30 days")


def train(out, specs):
    parts = [load(spec) for spec in specs]
    names = parts[0][0]
    x = np.concatenate([p[1] for p in parts])
    y = np.concatenate([p[3] for p in parts])
    y30 = np.concatenate([p[4] for p in parts])
    mean, spread = x.mean(0), x.std(0)
    spread[spread < 1e-6] = 1
    w = logistic(np.column_stack([np.ones(len(x)), (x - mean) / spread]), y, LAMBDA)
    weights = w[1:] / spread
    bias = w[0] - (weights * mean).sum()
    score = bias + x @ weights
    closed = y30 >= 0
    a, c = logistic(np.column_stack([np.ones(closed.sum()), score[closed]]), y30[closed], 0)
    with open(out, "w", encoding="utf-8") as f:
        f.write("# Made by tools/train-hazard.py from simulated worlds; docs/hazard.md has the figures.\n"
                "# h_ weights of the 7-day hazard, h30_ the 30 days from it, hm_ means of the training rows.\n")
        f.write(f"h_1 {bias:.4f}\n")
        f.writelines(f"h_{n} {v:.4f}\n" for n, v in zip(names, weights))
        f.write(f"h30_a {a:.4f}\nh30_c {c:.4f}\n")
        f.writelines(f"hm_{n} {v:.4f}\n" for n, v in zip(names, mean))
    figures(sigmoid(score), y, "training rows")


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
