#!/usr/bin/env python3
"""Trains data/crowd/weights.txt on simulated worlds.

    picket replay --terms T --out /dev/null WORLD/obs.jsonl          # for each world, with the weights at hand
    tools/train-crowd.py --out data/crowd/weights.txt --thresholds data/crowd/weights.txt WORLD:T WORLD:T ...

The terms are the engine's own, written by the code that judges. They depend a little on the weights (what is thought
bad is not learnt), so two rounds are run. Logistic regression with a ridge; a world's truth gives the labels, lines of
forgers are left out. Terms that say that a key was seen in other attacks are set by hand: no world can teach them.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

PARTS = {1: ("n", "PK_NETWORK_TERMS"), 2: ("c", "PK_MAST_TERMS"), 3: ("a", "PK_APP_TERMS")}
BY_HAND = {"spki_bad": 3.5, "gm_bad": 1.5, "dn_bad": 2.0, "bs_bad": 1.0}
ROW = np.dtype([("i", "i4"), ("kind", "i4"), ("score", "f4"), ("x", "f4", (64,))])
EASY = -6.0  # scores below are taken one in ten


def names_of(header, macro):
    return re.findall(r"X\((\w+),", header.split(f"#define {macro}(X)")[1].split("\n\n")[0])


def load(spec):
    world, terms = spec.rsplit(":", 1)
    rows = np.fromfile(terms, dtype=ROW)
    labels = np.zeros(int(rows["i"].max()) + 1, dtype=np.int8)
    with open(Path(world) / "truth.jsonl", encoding="utf-8") as f:
        for line in f:
            if line.startswith('{"e":"obs"'):
                x = json.loads(line)
                if x["i"] < len(labels):
                    labels[x["i"]] = -1 if x["a"] == "poison" else 1
    return rows, labels[rows["i"]]


def gather(worlds, kind, width):
    xs, ys, ws = [], [], []
    rng = np.random.default_rng(1)
    for rows, labels in worlds:
        at = (rows["kind"] == kind) & (labels >= 0)
        y = labels[at]
        easy = (y == 0) & (rows["score"][at] < EASY)
        keep = ~easy | (rng.random(len(y)) < .1)
        xs.append(rows["x"][at][keep][:, :width])
        ys.append(y[keep])
        ws.append(np.where(easy, 10.0, 1.0)[keep])
    return np.concatenate(xs), np.concatenate(ys), np.concatenate(ws)


def train(x, y, weight, names, by_hand):
    hit = np.zeros(len(x), dtype=bool)
    for name in by_hand:
        hit |= x[:, names.index(name)] > 0
    x, y, weight = x[~hit], y[~hit], weight[~hit]
    spread = x.std(0)
    use = spread > 0
    model = LogisticRegression(C=1.0, max_iter=400)
    model.fit(x[:, use] / spread[use], y, sample_weight=weight)
    w = np.zeros(len(names))
    w[use] = model.coef_[0] / spread[use]
    w[0] = model.intercept_[0]
    for name, value in by_hand.items():
        w[names.index(name)] = value
    score = model.decision_function(x[:, use] / spread[use])
    print(f"{len(y)} lines, {int(y.sum())} attacked: AUC {roc_auc_score(y, score, sample_weight=weight):.4f}, "
          f"average precision {average_precision_score(y, score, sample_weight=weight):.4f}")
    return w


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--thresholds", required=True, help="weights file whose comment and t_ lines are kept")
    parser.add_argument("worlds", nargs="+", metavar="WORLD:TERMS")
    args = parser.parse_args()
    header = (Path(__file__).resolve().parent.parent / "src/crowd/terms.h").read_text(encoding="utf-8")
    old = Path(args.thresholds).read_text(encoding="utf-8").splitlines()
    worlds = [load(spec) for spec in args.worlds]
    lines = [line for line in old if line.startswith("#")]
    for kind, (letter, macro) in PARTS.items():
        names = names_of(header, macro)
        w = train(*gather(worlds, kind, len(names)), names, BY_HAND if letter == "n" else {})
        lines += [f"{letter}_{name} {value:.4f}" for name, value in zip(names, w)]
    lines += [line for line in old if line.startswith("t_")]
    Path(args.out).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
