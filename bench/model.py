#!/usr/bin/env python3
"""What one judgement of the classifier costs, beside XGBoost's on as many trees, in one run.

    bench/model.py [--csv TABLE] [--rounds N]

TABLE has the features as columns (default: the rows in tests/data/model). The peer needs Debian's python3-xgboost; it is
trained here on the same rows and asked one row at a time and 1,000 at a time, with one thread. CPU is process time.
"""

import argparse
import csv
import io
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_support import ROOT, picket_version, table, title, version_of

BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
SAMPLE = ROOT / "tests" / "data" / "model" / "sample.csv.xz"
PEER = """
import sys, time, numpy as np, xgboost as xgb
rows = np.array([[int(c) for c in line.strip()] for line in open(sys.argv[1])], np.float32)
y = np.array([int(c) for c in open(sys.argv[2]).read()])
m = xgb.XGBClassifier(n_estimators=434, max_depth=8, learning_rate=0.1, colsample_bytree=0.15, reg_lambda=0.2,
                      min_child_weight=0.3, subsample=0.8, tree_method="hist", n_jobs=1, random_state=1)
m.fit(rows, y)
def cost(batch):
    asked, begin = 0, time.process_time()
    while time.process_time() - begin < 2:
        at = asked % max(1, len(rows) - batch + 1)
        m.predict_proba(rows[at:at + batch]); asked += batch
    return 1e6 * (time.process_time() - begin) / asked
print(cost(1), cost(min(1000, len(rows))))
"""


def read(path):
    data = Path(path).read_bytes()
    text = lzma.decompress(data) if data[:2] == b"\xfd7" else data
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    names = [line.split("\t")[0] for line in open(ROOT / "data" / "model" / "features.tsv", encoding="utf-8")
             if line[0] != "#"]
    return ["".join(row[n] for n in names) for row in rows], [row["class"] in ("S", "1") for row in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", default=str(SAMPLE))
    parser.add_argument("--rounds", type=int, default=25)
    args = parser.parse_args()
    title("model", f"{picket_version(BUILD, 'picket')}, python3-xgboost {version_of('python3-xgboost')}")
    rows, truth = read(args.csv)
    with tempfile.TemporaryDirectory() as folder:
        vectors, labels = Path(folder) / "rows", Path(folder) / "labels"
        vectors.write_text("".join(r + "\n" for r in rows))
        labels.write_text("".join("1" if t else "0" for t in truth))
        rounds = max(args.rounds, 20_000 // len(rows))
        ours = subprocess.run([str(BUILD / "bench" / "model_bench"), str(vectors), str(rounds)],
                              capture_output=True, text=True, check=True)
        peer = subprocess.run(["/usr/bin/python3", "-c", PEER, str(vectors), str(labels)],
                              capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"))
    judge, explain = zip(*(map(float, line.split()) for line in ours.stdout.splitlines()))
    lines = [["Picket, one judgement with the guard", f"{sorted(judge)[len(judge) // 2]:.1f}",
              f"{min(judge):.1f} - {max(judge):.1f}"],
             ["Picket, its reasons", f"{sorted(explain)[len(explain) // 2]:.1f}",
              f"{min(explain):.1f} - {max(explain):.1f}"]]
    if peer.returncode == 0:
        one, many = map(float, peer.stdout.split())
        lines += [["XGBoost in Python, one row", f"{one:.1f}", ""],
                  ["XGBoost in Python, a row of 1,000 at a time", f"{many:.1f}", ""]]
    else:
        print("XGBoost: " + (peer.stderr.strip().splitlines() or ["?"])[-1])
    table(["way", "us median", "least - most"], lines)
    print(ours.stderr.strip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
