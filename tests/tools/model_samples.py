#!/usr/bin/env python3
"""model_samples.py FOLDER - small bodies of model files for the fuzz target `model`: what tools/train-model.py
writes, by hand."""

import struct
import sys
from pathlib import Path


def text(value):
    return struct.pack("<B", len(value)) + value.encode()


def node(feature, yes, share=128):
    return feature | share << 8 | yes << 16


def leaf(value):
    return 255 | (int(value * (1 << 20)) & 0xffffff) << 8


def group(kind, weight, trees):
    flat = [n for tree in trees for n in tree]
    return (struct.pack("<BdqII", kind, weight, 0, len(trees), len(flat)) +
            b"".join(struct.pack("<H", len(t)) for t in trees) + struct.pack(f"<{len(flat)}I", *flat))


def body(names, groups, classes, card="{}"):
    out = text("sample") + text("1") + struct.pack("<I", len(card)) + card.encode()
    out += struct.pack("<H", len(names)) + b"".join(
        text(n) + text("has " + n) + struct.pack("<H", 65535 // len(names)) for n in names)
    out += struct.pack("<Bd", len(groups), 0.25) + b"".join(group(*g) for g in groups)
    out += struct.pack("<dddd", 0.4, 0.9, 0.25, 10.0) + struct.pack("<B", len(classes))
    return out + b"".join(struct.pack("<HHHH", *link) for links in classes for link in links)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    stump = [node(0, 2), leaf(-1), leaf(1)]
    deep = [node(0, 4), node(1, 2), leaf(-0.5), leaf(0.1), node(2, 4, 3), node(1, 2), leaf(0), leaf(0.3), leaf(2)]
    share = [node(1, 2, 10), leaf(0), node(2, 2), leaf(0.5), leaf(1)]
    chain = [(0, 0xffff, 30000, 30000), (1, 0, 100, 60000), (2, 1, 5000, 40000)]
    split = [(2, 0xffff, 1, 1), (0, 2, 65535, 1), (1, 2, 65535, 65535)]
    names = ["SEND_SMS", "transact", "chmod"]
    samples = {
        "stump": body(["SEND_SMS"], [(0, 1.0, [stump])], [[(0, 0xffff, 100, 100)]]),
        "leaves": body(["SEND_SMS"], [(0, 1.0, [[leaf(0.5)]]), (1, 1.0, [[leaf(1)]])], [[(0, 0xffff, 1, 1)]]),
        "two-groups": body(names, [(0, 0.8, [stump, deep] * 9), (1, 0.5, [share, [leaf(1)]])], [chain, split]),
        "no-share": body(names, [(1, 0.5, [share, stump])], [chain]),
        "loop": body(names, [(0, 1.0, [[node(0, 0), leaf(0), leaf(0)]])], [chain]),
        "beyond": body(names, [(0, 1.0, [[node(0, 3), leaf(0), leaf(0)]])], [chain]),
        "no-feature": body(names, [(0, 1.0, [[node(9, 2), leaf(0), leaf(0)]])], [chain]),
        "child-first": body(names, [(0, 1.0, [stump])], [chain[::-1]]),
        "twice": body(names, [(0, 1.0, [stump])], [[chain[0], chain[1], chain[1]]]),
        "no-guard": body(names, [(0, 1.0, [stump])], []),
        "trailing": body(names, [(0, 1.0, [stump])], [chain]) + b"\0",
        "nan": body(names, [(0, float("nan"), [stump])], [chain]),
    }
    for name, data in samples.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
