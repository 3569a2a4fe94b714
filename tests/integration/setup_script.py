#!/usr/bin/env python3
"""tools/setup.sh in front of a pretended machine: what it asks, says, installs and refuses.

dpkg-query, apt-get, sudo and id are small programs of this test, so nothing is installed. What the
real packages do is shown by `make build` on a fresh Debian 12.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SETUP = ROOT / "tools" / "setup.sh"
LIST = ROOT / "tools" / "packages.txt"
TOOLS = ["bash", "awk", "fmt", "sed", "dirname", "wc", "cat", "env", "grep", "find", "printf"]

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok      ' if good else 'FAILED  '}{name}" + ("" if good else f"\n{shown}"))


class Machine:
    """A PATH of its own; `missing` packages are not installed, root and sudo as told."""

    def __init__(self, folder, missing=(), uid=1000, sudo=False, dpkg=True, node="v20.1.0"):
        self.bin = Path(folder) / "bin"
        shutil.rmtree(self.bin, ignore_errors=True)
        self.bin.mkdir()
        self.log = Path(folder) / "log"
        self.log.write_text("")
        for tool in TOOLS:
            found = shutil.which(tool)
            if found:
                (self.bin / tool).symlink_to(found)
        if dpkg:
            self.program("dpkg-query", 'echo "dpkg-query" >>"%s"\n' % self.log +
                         'shift 2\nfor p; do case " %s " in *" $p "*) ;; *) echo "installed $p" ;; esac; done'
                         % " ".join(missing))
            self.program("apt-get", 'echo "apt-get $*" >>"%s"' % self.log)
        self.program("id", f"echo {uid}")
        if sudo:
            self.program("sudo", 'echo "sudo $*" >>"%s"' % self.log)
        if node:
            self.program("node", f"echo {node}")
            self.program("npm", "exit 0")

    def program(self, name, body):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text("#!/bin/bash\n" + body + "\n")
        path.chmod(0o755)

    def run(self, *groups, **env):
        done = subprocess.run([str(self.bin / "bash"), str(SETUP), *groups], text=True, timeout=30,
                              env={"PATH": str(self.bin), **env}, capture_output=True)
        return done.returncode, done.stdout + done.stderr, self.log.read_text()


def rows():
    for line in LIST.read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields:
            yield fields


def test_list():
    bad = [row for row in rows() if row[0] not in ("run", "build", "test", "bench") or
           len(row) > 3 or not re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", row[1]) or
           (len(row) == 3 and not re.fullmatch(r"unless:node18|quiet:[a-z0-9@.-]+\.service", row[2]))]
    check("every row of the list is understood", not bad, bad)
    names = [row[1] for row in rows()]
    check("no package is listed twice", len(names) == len(set(names)))


def test_nothing_missing(folder):
    began = time.monotonic()
    status, said, log = Machine(folder).run("run", "build", "test")
    check("nothing missing: status 0, one question to dpkg, no apt",
          status == 0 and log == "dpkg-query\n" and "are there" in said, said + log)
    check("nothing missing: well under a second", time.monotonic() - began < 1)


def test_missing(folder):
    machine = Machine(folder, missing=["gcc", "libssl-dev"], sudo=True)
    status, said, log = machine.run("run", "build")
    before_sudo = said.split("asking sudo")[0]
    check("missing packages are named before anything is done",
          status == 0 and "installs 2 Debian packages" in before_sudo and "gcc libssl-dev" in before_sudo, said)
    check("sudo gets exactly the missing packages",
          re.search(r"^sudo -- bash \S*/setup\.sh --install gcc libssl-dev$", log, re.M), log)
    status, said, log = Machine(folder, missing=["gcc"]).run("build")
    check("neither root nor sudo: says what to run as root",
          status == 1 and "needs root" in said and "apt-get install --no-install-recommends gcc" in said, said)
    status, said, log = Machine(folder, missing=["clang-14"]).run("run", "build")
    check("a package of another group is not asked for", status == 0, said)


def test_node(folder):
    lacking = ["nodejs", "npm"]
    status, said, _ = Machine(folder, missing=lacking, node="v20.1.0").run("build")
    check("node 20 that Debian did not bring is left alone", status == 0, said)
    status, said, _ = Machine(folder, missing=lacking, node="v16.3.0").run("build")
    check("node 16 is too old", status == 1 and "nodejs npm" in said, said)
    status, said, _ = Machine(folder, missing=lacking, node=None).run("build")
    check("no node: Debian's is wanted", status == 1 and "nodejs npm" in said, said)


def test_refusals(folder):
    status, said, _ = Machine(folder).run("everything")
    check("an unknown group is refused with the known ones",
          status == 1 and "run build test bench" in said, said)
    status, said, _ = Machine(folder).run()
    check("no group: usage", status == 1 and "usage" in said, said)
    status, said, _ = Machine(folder, dpkg=False).run("build")
    check("not Debian: says so and names the packages",
          status == 1 and "not a Debian system" in said and "libssl-dev" in said, said)
    status, said, log = Machine(folder, missing=["gcc"]).run("build", PICKET_SETUP="skip")
    check("PICKET_SETUP=skip asks and does nothing", status == 0 and log == "", said + log)


def main():
    with tempfile.TemporaryDirectory(prefix="picket-setup-") as folder:
        test_list()
        test_nothing_missing(folder)
        test_missing(folder)
        test_node(folder)
        test_refusals(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.pop("PICKET_SETUP", None)
    sys.exit(main())
