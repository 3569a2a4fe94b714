#!/usr/bin/env python3
"""clang-tidy over the compilation database; a finding fails.

A file that was fine is not looked at again while nothing changed that it depends on: the file, our
headers that it includes (the compiler wrote them down), its flags, .clang-tidy, this script.

The analyzer follows a function's paths up to a limit of its own. The quick limit costs half of the time of the
analyzer's default and reaches as many basic blocks of this code (96 %, as its debug.Stats counts them); --deep
takes the default.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"
TIMEOUT_S = 600
# gcc's flags are not all clang's; warnings are the compiler's business, not clang-tidy's.
ARGS = ["--quiet", "--warnings-as-errors=*", "--extra-arg=-Wno-everything",
        r"--header-filter=(^|/)(src|tests)/.*\.h$"]
QUICK = [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=75000")]


def object_headers(build):
    """object -> our headers, from ninja's record of the last build."""
    shown = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True)
    headers, current = {}, None
    for line in shown.stdout.splitlines():
        if line.startswith("    "):
            path = (build / line.strip()).resolve()
            if current is not None and path.is_relative_to(ROOT):
                current.append(path)
        elif ": #deps" in line:
            current = headers.setdefault(line.split(": #deps")[0], [])
    return headers


def digest(entry, headers, common):
    state = hashlib.sha256(common)
    state.update(json.dumps(entry.get("command") or entry.get("arguments")).encode())
    for path in [source_of(entry), *sorted(headers)]:
        state.update(str(path).encode())
        state.update(path.read_bytes() if path.exists() else b"absent")
    return state.hexdigest()


def source_of(entry):
    return (Path(entry["directory"]) / entry["file"]).resolve()


def tidy(build, source, args):
    """Returns what is wrong, or an empty string."""
    try:
        done = subprocess.run([TIDY, "-p", str(build), *args, str(source)], cwd=ROOT,
                              capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f"{source}: no end after {TIMEOUT_S} s"
    if done.returncode == 0 and not re.search(r": (?:warning|error): ", done.stdout):
        return ""
    text = done.stdout + done.stderr
    for prefix in (f"{ROOT}/{build.name}/../", f"{build.name}/../", f"{ROOT}/", "../"):
        text = text.replace(prefix, "")
    return text.strip()


def headline(text):
    """The findings without their paths of reasoning; those are in the log."""
    lines = [line for line in text.splitlines() if re.search(r": (?:warning|error): ", line)]
    return "\n".join(dict.fromkeys(lines)) or text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--deep", action="store_true", help="follow each function's paths as far as the default")
    args = parser.parse_args()
    argv = ARGS if args.deep else ARGS + QUICK

    build = (ROOT / args.build).resolve()
    # Brings the build up to date: generated headers, and the record of who includes what.
    built = subprocess.run(["ninja", "-C", str(build), "-j", str(args.jobs)],
                           stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        print(built.stdout)
        return 1
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = source_of(entry)
        if source.is_relative_to(ROOT) and not source.is_relative_to(build):
            entries.setdefault(source, entry)
    cache = build / "lint-cache"
    cache.mkdir(exist_ok=True)
    common = b"".join(path.read_bytes() for path in
                      (ROOT / ".clang-tidy", ROOT / "tests" / ".clang-tidy", Path(__file__))) + " ".join(argv).encode()
    headers = object_headers(build)
    keys = {source: digest(entry, headers.get(entry.get("output", ""), []), common)
            for source, entry in entries.items()}
    due = [source for source, key in sorted(keys.items()) if not (cache / key).exists()]

    bad = 0
    log = build / "clang-tidy.log"
    log.write_text("")
    with ThreadPoolExecutor(max_workers=args.jobs) as pool:
        for source, wrong in zip(due, pool.map(lambda source: tidy(build, source, argv), due)):
            if wrong:
                print(headline(wrong))
                with open(log, "a", encoding="utf-8") as sink:
                    sink.write(wrong + "\n\n")
                bad += 1
            else:
                (cache / keys[source]).touch()
    for old in set(os.listdir(cache)) - set(keys.values()):
        (cache / old).unlink()
    print(f"{len(entries)} files, {len(due)} looked at, {bad} with findings"
          + (f"; the reasoning is in {log.relative_to(ROOT)}" if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
