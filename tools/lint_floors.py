#!/usr/bin/env python3
"""The floors of the house: a room includes only headers of itself and of rooms below it.

Also: the rooms that judge are pure. They reach no store and no system call that brings in the
outside world, so that the same facts give the same conclusions everywhere.
"""

import re
import subprocess
import sys
from pathlib import Path

# From the ground up. Rooms on one line are peers and do not know each other.
FLOORS = [
    ["base"],
    ["formats", "wire"],
    ["model"],
    ["intel"],
    ["track"],
    ["store"],
    ["journal"],
    ["crowd"],
    ["defense"],
    ["incident"],
    ["risk"],
    ["policy"],
    ["respond"],
    ["pipeline"],
    ["scan"],
    ["server", "agent", "cli", "fleet"],
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
PURE = {"track", "crowd", "defense", "incident", "risk", "policy"}
IMPURE_ROOMS = {"store", "journal"}
IMPURE_HEADERS = {"pthread.h", "unistd.h", "fcntl.h", "sys/socket.h", "sqlite3.h", "libpq-fe.h",
                  "curl/curl.h", "microhttpd.h", "sys/random.h"}
IMPURE_CALLS = re.compile(r"\b(clock_gettime|gettimeofday|time|fopen|getenv|getrandom|rand)\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def room_of(path):
    """src/defense/network/arp.c -> ("defense", "network"); src/base/x.c -> ("base", "")."""
    parts = Path(path).parts
    return parts[1], parts[2] if len(parts) > 3 else ""


def judge_include(room, part, kind, name):
    """Returns what is wrong with the include, or None."""
    if kind == "<":
        if room in PURE and name in IMPURE_HEADERS:
            return f"<{name}> in a pure room"
        return None
    other = name.split("/")[0]
    if "/" not in name or other == "picket":
        return None
    if other not in LEVEL:
        return f'"{name}" is of no known room' if (Path("src") / name).exists() else None
    if other == room:
        other_part = room_of("src/" + name)[1]
        if part and other_part and part != other_part:
            return f'"{name}" belongs to a peer of {room}/{part}'
        return None
    if LEVEL[other] >= LEVEL[room]:
        return f'"{name}": {other} stands {"beside" if LEVEL[other] == LEVEL[room] else "above"} {room}'
    if room in PURE and other in IMPURE_ROOMS:
        return f'"{name}": {room} is pure and knows no {other}'
    return None


def judge_file(path):
    room, part = room_of(path)
    if room not in LEVEL:
        yield 1, f"room '{room}' has no floor in tools/lint_floors.py"
        return
    in_comment = False
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        include = INCLUDE.match(line)
        if include:
            wrong = judge_include(room, part, include[1], include[2])
            if wrong:
                yield number, wrong
            continue
        code = re.sub(r'"(\\.|[^"\\])*"|/\*.*?\*/|//.*', "", line)
        if in_comment:
            in_comment = "*/" not in code
            continue
        if "/*" in code:
            code, in_comment = code.split("/*")[0], True
        call = IMPURE_CALLS.search(code) if room in PURE else None
        if call:
            yield number, f"{call[1]}() in a pure room"


def main():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "src"],
        check=True, capture_output=True, text=True).stdout.split("\n")
    sources = [path for path in listed
               if path.endswith((".c", ".h")) and path.count("/") >= 2 and Path(path).exists()]
    bad = 0
    for path in sources:
        for number, wrong in judge_file(path):
            print(f"{path}:{number}: {wrong}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
