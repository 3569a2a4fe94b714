#!/usr/bin/python3
"""train-model.py --csv TABLE --out MODEL.pkm --features features.tsv - learns the classifier of apps.

The table is Drebin-215 as CSV (`.xz` is fine): one column a feature, `class` (B or S), and `part`, of which
only the rows of --part are read; the others are never looked at. Everything is seeded: the same table and the
same library versions give the same bytes.

1. Candidates are compared by cross-validation in which copies of one feature vector never straddle; of those that are
   as good the simplest is taken.
2. Two kinds of trees (boosted, and averaged extremely randomised ones) are blended, and calibrated by logistic
   regression over the scores of rows that the trees had not seen.
3. Thresholds are the scores that 1 % and 0.1 % of the harmless rows reach there.
4. The guard is a tree of dependencies between features (Chow and Liu 1968) per class; its border is the
   likelihood that all but 0.5 % of rows stay above that it had not seen.

docs/model.md describes the file. Needs Debian's python3-sklearn, python3-xgboost, python3-pandas."""

import argparse
import datetime
import hashlib
import json
import math
import struct
import sys

import numpy as np
import pandas as pd
import sklearn
import xgboost as xgb
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

SCALE = 1 << 20
LEAF = 255
FOLDS = 5
SEED = 20261123
SHARE_EPS = 2e-3    # of pk_model_log_odds()
NO_PARENT = 0xffff
UNKNOWN_MAX = 0.25  # of importance; where more is unknown, the opinion does not count

RANDOM_SHARE = 0.4  # weight of the averaged trees' log-odds beside the boosted ones

CANDIDATES = {
    "shallow": {"n_estimators": 500, "max_depth": 6, "learning_rate": 0.1, "reg_lambda": 0.3},
    "middle": {"n_estimators": 400, "max_depth": 8, "learning_rate": 0.1, "reg_lambda": 0.2},
    "deep": {"n_estimators": 350, "max_depth": 10, "learning_rate": 0.07, "reg_lambda": 0.3},
}
RANDOM = {"n_estimators": 34, "max_features": 12}
WORTH = 0.001  # partial AUC; repeated splits differ by as much


# -- the table ------------------------------------------------------------------------------------------

def read_features(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8") if not line.startswith("#")]
    return [(name, text) for name, _kind, _spec, text in rows]


def read_table(path, names, part):
    table = pd.read_csv(path, low_memory=False)
    missing = [n for n in names + ["class"] if n not in table.columns]
    if missing:
        sys.exit(f"{path}: no column {missing[0]!r}")
    if part:
        table = table[table["part"] == part]
    x = table[names].apply(pd.to_numeric, errors="coerce").fillna(0).to_numpy().astype(np.uint8)
    y = table["class"].astype(str).str.strip().isin(["S", "1"]).to_numpy().astype(int)
    return x, y


def groups_of(x):
    return np.unique(x, axis=0, return_inverse=True)[1].ravel()


def weights_of(x):
    """A vector that stands n times counts sqrt(n) times: copies say how common, not how sure."""
    group = groups_of(x)
    weight = np.bincount(group)[group].astype(float) ** -0.5
    return weight * len(weight) / weight.sum()


# -- trees as the file has them ---------------------------------------------------------------------------

class Tree:
    """Preorder lists: feature (or LEAF), value of a leaf, distance to "yes", share of "yes"."""

    def __init__(self):
        self.feature, self.leaf, self.yes, self.share = [], [], [], []

    def add(self, node, rows, x, weight):
        at = len(self.feature)
        self.feature.append(LEAF if node[0] is None else node[0])
        self.leaf.append(0)
        self.yes.append(0)
        self.share.append(0)
        if node[0] is None:
            self.leaf[at] = int(round(node[1] * SCALE))
            return
        says = x[rows, node[0]] > 0
        whole = weight[rows].sum()
        self.share[at] = int(round(255 * (weight[rows[says]].sum() / whole if whole > 0 else 0.5)))
        self.add(node[1], rows[~says], x, weight)
        self.yes[at] = len(self.feature) - at
        self.add(node[2], rows[says], x, weight)

    def words(self):
        if len(self.feature) > 0xffff:
            sys.exit("a tree has too many nodes")
        return [f | ((v & 0xffffff) << 8) if f == LEAF else f | (s << 8) | (d << 16)
                for f, v, s, d in zip(self.feature, self.leaf, self.share, self.yes)]


def boosted_trees(model):
    def walk(node):
        if "leaf" in node:
            return (None, node["leaf"])
        child = {c["nodeid"]: c for c in node["children"]}
        # "yes" of the library means "below the threshold": the feature is absent
        return (int(node["split"][1:]), walk(child[node["yes"]]), walk(child[node["no"]]))
    return [walk(json.loads(text)) for text in model.get_booster().get_dump(dump_format="json")]


def random_trees(model):
    def walk(tree, i):
        if tree.children_left[i] < 0:
            value = tree.value[i][0]
            return (None, float(value[1] / value.sum()))
        return (int(tree.feature[i]), walk(tree, tree.children_left[i]), walk(tree, tree.children_right[i]))
    return [walk(e.tree_, 0) for e in model.estimators_]


class Forest:
    """Trees that are summed (kind 0) or averaged (kind 1), with integer leaves."""

    def __init__(self, kind, roots, x, weight):
        self.kind = kind
        self.trees = []
        for root in roots:
            tree = Tree()
            tree.add(root, np.arange(len(x)), x, weight)
            self.trees.append([np.array(c, np.int64) for c in (tree.feature, tree.leaf, tree.yes)] + [tree])

    def answer(self, x):
        """In log-odds, from the same integers as the C program."""
        padded = np.hstack([x, np.zeros((len(x), 256 - x.shape[1]), np.uint8)])
        rows = np.arange(len(x))
        total = np.zeros(len(x), np.int64)
        for feature, leaf, yes, _ in self.trees:
            at = np.zeros(len(x), np.int64)
            while True:
                asked = feature[at]
                step = np.where(padded[rows, asked] > 0, yes[at], 1)
                step[asked == LEAF] = 0
                if not step.any():
                    break
                at += step
            total += leaf[at]
        if self.kind == 0:
            return total / SCALE
        share = total / SCALE / len(self.trees)
        return np.array([math.log((s + SHARE_EPS) / (1 - s + SHARE_EPS)) for s in share])

    def nodes(self):
        return sum(len(t[0]) for t in self.trees)


def fit(x, y, how):
    weight = weights_of(x)
    boosted = xgb.XGBClassifier(
        subsample=0.8, colsample_bytree=0.15, min_child_weight=0.3, base_score=0.5, tree_method="hist",
        n_jobs=1, random_state=SEED, eval_metric="logloss", **how)
    boosted.fit(x.astype(np.float32), y, sample_weight=weight)
    random = ExtraTreesClassifier(random_state=SEED, n_jobs=1, **RANDOM)
    random.fit(x, y, sample_weight=weight)
    return Forest(0, boosted_trees(boosted), x, weight), Forest(1, random_trees(random), x, weight)


# -- the guard ----------------------------------------------------------------------------------------------

def chow_liu(x):
    """[(feature, parent, p(yes | parent no), p(yes | parent yes))], parents first."""
    n, f = x.shape
    a = x.astype(np.float64)
    one = (a.sum(0) + 0.5) / (n + 1)
    both = (a.T @ a + 0.25) / (n + 1)
    info = np.zeros((f, f))
    for va, vb, joint in ((1, 1, both), (1, 0, one[:, None] - both), (0, 1, one[None, :] - both),
                          (0, 0, 1 - one[:, None] - one[None, :] + both)):
        joint = np.clip(joint, 1e-9, None)
        pa = one if va else 1 - one
        pb = one if vb else 1 - one
        info += joint * np.log(joint / (pa[:, None] * pb[None, :]))
    order, parent = [int(np.argmax(info.sum(0)))], {}
    best = info[order[0]].copy()
    origin = np.full(f, order[0])
    best[order[0]] = -1
    while len(order) < f:
        at = int(np.argmax(best))
        parent[at] = int(origin[at])
        order.append(at)
        best[at] = -1
        closer = (info[at] > best) & (best >= 0)
        best[closer] = info[at][closer]
        origin[closer] = at
    links = []
    for at in order:
        if at not in parent:
            links.append((at, NO_PARENT, one[at], one[at]))
            continue
        up = x[:, parent[at]] > 0
        p = [(a[m, at].sum() + 0.5) / (m.sum() + 1) for m in (~up, up)]
        links.append((at, parent[at], p[0], p[1]))
    return [(c, p, *(min(65535, max(1, round(q * 65536))) for q in qs)) for c, p, *qs in links]


def surprise(links, x):
    out = np.zeros(len(x))
    for at, parent, p0, p1 in links:
        p = np.where(x[:, parent] > 0, p1, p0) if parent != NO_PARENT else np.full(len(x), p0)
        p = p / 65536
        out -= np.where(x[:, at] > 0, np.log(p), np.log1p(-p))
    return out


def guard(x, y):
    return [chow_liu(x[y == 0]), chow_liu(x[y == 1])]


def distance(classes, x):
    return np.min([surprise(links, x) for links in classes], axis=0)


# -- learning and judging -----------------------------------------------------------------------------------

def tpr_at(y, score, fpr):
    """The share of malware at or above the lowest threshold that no more of the harmless reach."""
    harmless = np.sort(score[y == 0])[::-1]
    allowed = int(math.floor(fpr * len(harmless) + 1e-9))
    return float((score[y == 1] > harmless[allowed]).mean()) if allowed < len(harmless) else 1.0


def figures(y, p):
    found = p >= 0.5
    hit = int((found & (y == 1)).sum())
    return {"rows": int(len(y)), "malware": int(y.sum()), "auc": round(float(roc_auc_score(y, p)), 4),
            "f1": round(2 * hit / max(1, int(found.sum()) + int(y.sum())), 4),
            "tpr_fpr_1pct": round(tpr_at(y, p, 0.01), 4), "tpr_fpr_0.1pct": round(tpr_at(y, p, 0.001), 4),
            "brier": round(float(((p - y) ** 2).mean()), 4)}


def out_of_fold(x, y, how):
    """Log-odds of both forests and the guard's distance, of rows that neither had seen."""
    scores = np.zeros((len(y), 3))
    split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in split.split(x, y, groups_of(x)):
        for i, forest in enumerate(fit(x[train], y[train], how)):
            scores[test, i] = forest.answer(x[test])
        scores[test, 2] = distance(guard(x[train], y[train]), x[test])
    return scores


def blend(scores, y):
    """Platt's scaling of the sum of both."""
    both = scores[:, :1] + RANDOM_SHARE * scores[:, 1:2]
    learner = LogisticRegression(C=1e6, max_iter=1000).fit(both, y)
    slope = float(learner.coef_[0][0])
    return float(learner.intercept_[0]), [slope, slope * RANDOM_SHARE]


def sigmoid(z):
    return np.array([1 / (1 + math.exp(-v)) for v in z])


def select(x, y, names):
    best = None
    for name in names:
        scores = out_of_fold(x, y, CANDIDATES[name])
        intercept, weight = blend(scores, y)
        p = sigmoid(intercept + scores[:, :2] @ np.array(weight))
        partial = roc_auc_score(y, p, max_fpr=0.01)
        print(f"{name:8} partial AUC below FPR 1 % {partial:.4f} {json.dumps(figures(y, p))}", flush=True)
        # from the simplest on; a larger one has to be better by more than chance
        if best is None or partial > best[0] + WORTH:
            best = (partial, name, scores, intercept, weight, p)
    return best[1:]


def compare(x, y, how):
    """Rows split by chance, copies and all, as other people's tables are: beside scikit-learn's HistGradientBoosting."""
    ours, other = np.zeros((len(y), 2)), np.zeros(len(y))
    seen = np.zeros(len(y), bool)
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(x, y):
        for i, forest in enumerate(fit(x[train], y[train], how)):
            ours[test, i] = forest.answer(x[test])
        other[test] = HistGradientBoostingClassifier(random_state=0).fit(x[train], y[train]).predict_proba(x[test])[:, 1]
        known = set(map(bytes, x[train]))
        seen[test] = [bytes(row) in known for row in x[test]]
    intercept, weight = blend(ours, y)
    for name, p in (("this", sigmoid(intercept + ours @ np.array(weight))), ("HistGB", other)):
        print(f"{name:7} all    {json.dumps(figures(y, p))}")
        print(f"{name:7} unseen {json.dumps(figures(y[~seen], p[~seen]))}", flush=True)


def threshold(y, p, fpr):
    harmless = np.sort(p[y == 0])[::-1]
    return float(np.nextafter(harmless[int(fpr * len(harmless))], 1))


# -- the file ------------------------------------------------------------------------------------------------

def text(value):
    data = value.encode()
    return struct.pack("<B", len(data)) + data


def importance(forests, weight, count):
    """Shares of the spread of the trees' answers that questions about each feature explain."""
    out = np.zeros(count)
    for forest, w in zip(forests, weight):
        for feature, leaf, yes, tree in forest.trees:
            mean = leaf / SCALE
            for i in range(len(feature) - 1, -1, -1):
                if feature[i] != LEAF:
                    mean[i] = mean[i + 1] + tree.share[i] / 255 * (mean[i + yes[i]] - mean[i + 1])
            reach = np.zeros(len(feature))
            reach[0] = 1
            for i in np.flatnonzero(feature != LEAF):
                share = tree.share[i] / 255
                reach[i + 1], reach[i + yes[i]] = reach[i] * (1 - share), reach[i] * share
                step = mean[i + yes[i]] - mean[i + 1]
                out[feature[i]] += w * reach[i] * share * (1 - share) * step * step
    return out / out.sum()


def write(path, card, features, shares, forests, intercept, weight, limits, classes):
    body = text(card["name"]) + text(card["version"])
    words = json.dumps(card, ensure_ascii=True, separators=(",", ":")).encode()
    body += struct.pack("<I", len(words)) + words
    body += struct.pack("<H", len(features)) + b"".join(
        text(n) + text(t) + struct.pack("<H", min(65535, round(65536 * s))) for (n, t), s in zip(features, shares))
    body += struct.pack("<Bd", len(forests), intercept)
    for forest, w in zip(forests, weight):
        trees = [t[3].words() for t in forest.trees]
        body += struct.pack("<BdqII", forest.kind, w, 0, len(trees), sum(map(len, trees)))
        body += b"".join(struct.pack("<H", len(t)) for t in trees)
        body += b"".join(struct.pack(f"<{len(t)}I", *t) for t in trees)
    body += struct.pack("<dddd", *limits)
    body += struct.pack("<B", len(classes))
    body += b"".join(struct.pack("<HHHH", *link) for links in classes for link in links)
    data = b"PKMODEL1" + struct.pack("<I", len(body)) + body
    data += hashlib.sha256(data).digest()
    with open(path, "wb") as out:
        out.write(data)
    return len(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", required=True)
    parser.add_argument("--features", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--part", default="train", help="rows whose column `part` says so; '' for all")
    parser.add_argument("--candidates", default=",".join(CANDIDATES))
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    parser.add_argument("--version", default="1")
    parser.add_argument("--compare", action="store_true", help="also beside HistGradientBoosting, rows split by chance")
    parser.add_argument("--golden", help="writes the scores of the rows of this CSV, FILE:OUT")
    args = parser.parse_args()

    features = read_features(args.features)
    x, y = read_table(args.csv, [n for n, _ in features], args.part)
    print(f"{len(y)} rows, {y.sum()} malware, {groups_of(x).max() + 1} distinct vectors")
    name, scores, intercept, weight, p = select(x, y, args.candidates.split(","))
    if args.compare:
        compare(x, y, CANDIDATES[name])
    suspicious, malicious = threshold(y, p, 0.01), threshold(y, p, 0.001)
    border = float(np.quantile(scores[:, 2], 0.995))
    forests = fit(x, y, CANDIDATES[name])
    classes = guard(x, y)

    card = {
        "name": "android", "version": args.version, "date": args.date,
        "learned_from": "Drebin-215 (S. Y. Yerima and S. Sezer, DroidFusion, 2018), from the collection Malware-Hunter/datasets",
        "licence": "CC BY 4.0",
        "apps": "Android apps of about 2010 to 2012; the malware is that of the Drebin project",
        "rows": int(len(y)), "malware": int(y.sum()), "distinct_vectors": int(groups_of(x).max() + 1), "part": args.part,
        "trees": {"boosted": len(forests[0].trees), "random": len(forests[1].trees)},
        "nodes": forests[0].nodes() + forests[1].nodes(), "candidate": name,
        "learned_with": f"xgboost {xgb.__version__}, scikit-learn {sklearn.__version__}, seed {SEED}",
        "calibration": "logistic regression over the blended scores of rows not seen, 5 folds, copies never straddle",
        "thresholds": {"suspicious": {"probability": round(suspicious, 6), "false_alarms": 0.01},
                       "malicious": {"probability": round(malicious, 6), "false_alarms": 0.001}},
        "cross_validation": figures(y, p),
        "guard": "a tree of dependencies per class; the border leaves 0.5 % of unseen rows outside",
        "limits": "Knows apps of 2010 to 2012 only. Reads permissions, intent filters and names of APIs, not what the "
                  "code does with them. An app of today is unfamiliar, and then its opinion does not count.",
    }
    shares = importance(forests, weight, len(features))
    size = write(args.out, card, features, shares, forests, intercept, weight,
                 (suspicious, malicious, UNKNOWN_MAX, border), classes)
    print(json.dumps(card, indent=1))
    print(f"weights {weight} intercept {intercept} border {border}; {size} bytes")
    if args.golden:
        source, target = args.golden.split(":")
        gx, _ = read_table(source, [n for n, _ in features], None)
        z = intercept + weight[0] * forests[0].answer(gx) + weight[1] * forests[1].answer(gx)
        far = distance(classes, gx) / border
        with open(target, "w", encoding="ascii") as out:
            out.write("score,distance\n" + "".join(f"{s:.9f},{d:.6f}\n" for s, d in zip(sigmoid(z), far)))


if __name__ == "__main__":
    main()
