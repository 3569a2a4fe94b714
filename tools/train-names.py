#!/usr/bin/env python3
"""Trains the models that say how much a host name, or a URL, looks like phishing.

    tools/train-names.py --jpcert 2024.csv.xz --urls bal20000.csv.xz --top top1.json --top top2.json --out data/names
        --golden tests/data/names

Logistic regression over hashed letter groups and some twenty plain numbers (tools/names_features.py). Names are split by their
registered domain: half of all domains teach, half are only measured; of the dated list only what is older than --until
teaches. The threshold is the one above which at most one in 10,000 names of the top lists lie, all of them counted. Writes
host.pkn, url.pkn, and names with their scores for the test that holds the C code to this one.
"""

import argparse
import csv
import json
import lzma
import random
import struct
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parent))
import names_features as nf  # noqa: E402

HASHED = 3.0  # how much the letter groups weigh beside the plain numbers before training


def host_of(url):
    try:
        return urlsplit(url if "//" in url else "//" + url).hostname
    except ValueError:
        return None


def registered(host):
    host = nf.normalise(host or "")
    if host is None:
        return None
    _, label, suffix, _ = nf.split(host)
    return f"{label}.{suffix}"


def read(options):
    """Rows (URL, harmful, source, date), one a host."""
    top = sorted({name for path in options.top for name in json.load(open(path, encoding="utf-8"))["list"]})
    popular = {registered(name) for name in top}
    rows, seen = [], set()

    def add(url, harmful, source, date=""):
        host = host_of(url)
        if not host or host in seen or registered(host) is None:
            return
        if harmful and registered(host) in popular:
            return  # a page on somebody else's host: its name is not the harm
        seen.add(host)
        rows.append((url, harmful, source, date))

    for date, url, *_ in list(csv.reader(lzma.open(options.jpcert, "rt", encoding="utf-8")))[1:]:
        add(url, 1, "jpcert", date)
    for url, label in list(csv.reader(lzma.open(options.urls, "rt", encoding="utf-8")))[1:]:
        add(url, int(label), "urls")
    for name in top:
        add(f"https://{name}/", 0, "top")
    random.Random(1).shuffle(rows)
    return rows


def matrix(rows, kind, brands):
    """(A, indices of rows that have features, mean, deviation)."""
    dense, slots, ends, kept = [], [], [0], []
    for i, row in enumerate(rows):
        found = nf.features(host_of(row[0]), brands) if kind == "host" else nf.url_features(row[0], brands)
        if found is None:
            continue
        kept.append(i)
        dense.append(found[0])
        slots += found[1]
        ends.append(len(slots))
    dense = np.array(dense)
    values = np.concatenate([np.full(b - a, HASHED / np.sqrt(b - a)) for a, b in zip(ends, ends[1:]) if b > a])
    mean, deviation = dense.mean(0), dense.std(0) + 1e-9
    hashed = csr_matrix((values, slots, ends), shape=(len(kept), nf.SLOTS))
    return hstack([hashed, csr_matrix((dense - mean) / deviation)]).tocsr(), np.array(kept), mean, deviation


def pack(weights, bias, mean, deviation, threshold):
    """The file: head, plain weights, hashed weights in one byte each. All little-endian."""
    hashed, plain = weights[:nf.SLOTS] * HASHED, weights[nf.SLOTS:] / deviation
    bias = bias - float((plain * mean).sum())
    scale = float(np.abs(hashed).max()) / 127
    small = np.clip(np.round(hashed / scale), -127, 127).astype(np.int8)
    head = b"PKNM" + struct.pack("<HHIfff", 1, len(plain), nf.SLOTS, bias, scale, threshold)
    return head + struct.pack(f"<{len(plain)}f", *plain) + small.tobytes(), plain, small, scale, bias


def logit(found, plain, small, scale, bias):
    dense, slots = found
    z = bias + float(np.dot(np.array(dense), plain))
    if slots:
        z += scale * float(small[slots].astype(int).sum()) / np.sqrt(len(slots))
    return z


def score(z, threshold):
    """0-100: the threshold is 80."""
    return int(max(0, min(100, round(80 + 6 * (z - threshold) if z < threshold else 80 + 4 * (z - threshold)))))


def train(rows, kind, brands, options, report):
    a, kept, mean, deviation = matrix(rows, kind, brands)
    y = np.array([rows[i][1] for i in kept])
    source = np.array([rows[i][2] for i in kept])
    late = np.array([rows[i][3] >= options.until for i in kept]) & (source == "jpcert")
    half = np.array([nf.fnv("p:" + registered(host_of(rows[i][0]))) % 2 for i in kept]) == 0
    teaches = half & ~late
    model = LogisticRegression(C=options.strength, max_iter=400, solver="liblinear").fit(a[teaches], y[teaches])
    z = model.decision_function(a)
    measured = ~half
    top = source == "top"
    allowed = int(top.sum() / 10000)
    threshold = float(np.sort(z[top])[::-1][allowed]) + 1e-6
    report.append(f"## {kind}\n")
    report.append(f"{teaches.sum():,} names taught, {measured.sum():,} of other domains only measured.\n")
    report.append("| measured | harmful | harmless | AUC | harmful found at the threshold | harmless above it |\n|---|---|---|---|---|---|")
    for name, chosen in (("all", measured), ("URL set", measured & (source == "urls")),
                         (f"reports since {options.until} and top lists", measured & (late | top))):
        bad, good = chosen & (y == 1), chosen & (y == 0)
        report.append(f"| {name} | {bad.sum():,} | {good.sum():,} | {roc_auc_score(y[chosen], z[chosen]):.4f} | "
                      f"{(z[bad] > threshold).mean():.3f} | {int((z[good] > threshold).sum())} |")
    report.append(f"\nTop lists as a whole: {int((z[top] > threshold).sum())} of {top.sum():,} names above the threshold.\n")
    points = []
    for fpr in (0.0001, 0.001, 0.01, 0.05, 0.1):
        good = np.sort(z[measured & (y == 0)])[::-1]
        at = good[min(int(fpr * len(good)), len(good) - 1)]
        points.append(f"{fpr:g}: {(z[measured & (y == 1)] > at).mean():.3f}")
    report.append("ROC (share of harmless: share of harmful found), all measured: " + ", ".join(points) + "\n")
    data, *parts = pack(model.coef_[0], float(model.intercept_[0]), mean, deviation, threshold)
    (options.out / f"{kind}.pkn").write_bytes(data)
    picked = random.Random(2).sample(list(kept), 150)
    odd = ["xn--pple-43d.com", "paypa1.com.secure-login.xyz", "a.b", "127.0.0.1", "www.amazon.co.jp", "arnazon-verify.top", "-._.x",
           "a" * 63 + "." + "b" * 63 + ".com", "rakuten.co.jp.abc.cn", "login.microsoftonline.com", "micros0ft-support.web.app"]
    texts = [(host_of(rows[i][0]) if kind == "host" else rows[i][0]) for i in picked]
    texts += odd if kind == "host" else [f"https://user@{o}:8443/a/B%20c.php?x=1&y=2#f" for o in odd] + ["paypa1.com/login"]
    with open(options.golden / f"{kind}.tsv", "w", encoding="utf-8") as out:
        for text in texts:
            found = nf.features(text, brands) if kind == "host" else nf.url_features(text, brands)
            if "\t" not in text and text.isascii():
                out.write(f"{text}\t{score(logit(found, *parts), threshold) if found else -1}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jpcert", required=True)
    parser.add_argument("--urls", required=True)
    parser.add_argument("--top", action="append", required=True)
    parser.add_argument("--brands", default="data/names/brands.tsv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--golden", type=Path, required=True)
    parser.add_argument("--until", default="2024/10", help="dated reports from here on only measure")
    parser.add_argument("--strength", type=float, default=0.3)
    options = parser.parse_args()
    options.golden.mkdir(parents=True, exist_ok=True)
    brands = nf.load_brands(options.brands)
    rows = read(options)
    report = []
    for kind in ("host", "url"):
        train(rows, kind, brands, options, report)
    print("\n".join(report))


if __name__ == "__main__":
    main()
