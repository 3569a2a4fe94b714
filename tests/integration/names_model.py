#!/usr/bin/env python3
"""picket names: scores with reasons, and the measure over lists; with ../shared/data (PICKET_SHARED) the figures that the docs claim."""

import json
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PICKET = Path(os.environ.get("PICKET_BUILD", ROOT / "build")).resolve() / "bin" / "picket"
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared")) / "data"
results = []


def check(name, ok, why=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}" + (f" # {why}" if why and not ok else ""))


def run(*argv):
    return subprocess.run([str(PICKET), "names", *map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=300, check=False)


def words():
    done = run("score", "amazon-co-jp.account-verify.top")
    check("a look-alike is told as one", done.returncode == 1 and "looks harmful, imitates amazon" in done.stdout, done.stdout)
    done = run("score", "www.paypal.com", "example.org")
    check("a brand's own name is not", done.returncode == 0 and "imitates" not in done.stdout, done.stdout)
    done = run("score", "--json", "https://user@paypa1-login.web.app:8443/a.php")
    one = json.loads(done.stdout)
    check("a URL, as JSON with reasons", one["brand"] == "paypal" and one["reasons"], done.stdout)
    check("what is no name is said", run("score", "a b").returncode == 2 and run("score").returncode == 2)
    check("no file is a sentence", "names" in run("measure", "--harmful", "/nowhere").stderr)


def lists(folder):
    (folder / "bad.txt").write_text("# harmful\namazon-co-jp.account-verify.top\npaypa1-secure-login.xyz\n")
    (folder / "good.json").write_text(json.dumps({"list": ["debian.org", "wikipedia.org", 5]}))
    (folder / "both.csv.xz").write_bytes(lzma.compress(
        b"url,label\nhttps://amazon-co-jp.account-verify.top/login,1\nhttps://www.debian.org/,0\n"))
    done = run("measure", "--hosts", "--harmful", folder / "bad.txt", "--harmless", folder / "good.json", "--labelled",
               folder / "both.csv.xz", "--json")
    found = json.loads(done.stdout)
    check("lines, JSON and packed CSV are counted", (found["harmful"], found["harmless"], found["left_out"]) == (3, 3, 1),
          done.stdout)
    check("all harmful ones score higher", found["auc"] == 1.0, done.stdout)
    check("a table without labels is refused", run("measure", "--labelled", folder / "bad.txt").returncode == 3)


def figures(folder):
    warning = SHARED / "intel" / "misp-warninglists"
    if not warning.exists():
        print(f"# SKIPPED: {SHARED} is not present")
        return
    names = set()
    for name in ("cisco_top20k.json", "cloudflare-top20k.json"):
        names |= set(json.loads((warning / name).read_text())["list"])
    (folder / "top.json").write_text(json.dumps(sorted(names)))
    done = run("measure", "--hosts", "--json", "--harmless", folder / "top.json", "--harmful",
               SHARED / "intel" / "jpcert-phishurl" / "2024.csv.xz")
    found = json.loads(done.stdout)
    print(f"# hosts, JPCERT beside top lists: {done.stdout.strip()}")
    check("under one in 10,000 of the top lists", found["at_threshold"]["harmless_in_10000"] < 1, done.stdout)
    check("hosts: AUC at least .95 (half of the domains taught)", found["auc"] > 0.95, str(found["auc"]))
    done = run("measure", "--json", "--labelled", SHARED / "ml" / "phish-urls" / "bal20000_train70.csv.xz")
    found = json.loads(done.stdout)
    print(f"# URLs: {done.stdout.strip()}")
    check("URLs: AUC at least .94 (half of the domains taught)", found["auc"] > 0.94, str(found["auc"]))


def main():
    words()
    with tempfile.TemporaryDirectory(prefix="picket-names-") as folder:
        lists(Path(folder))
        figures(Path(folder))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
