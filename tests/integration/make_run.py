#!/usr/bin/env python3
"""`make run` as a person sees it: starts, tells the address, stops on Ctrl-C, keeps the data.

Runs tools/run.sh with the built programs on a free port and in a temporary folder.
"""

import os
import re
import selectors
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
START_MAX_S = 60
STOP_MAX_S = 40

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok      ' if good else 'FAILED  '}{name}" + ("" if good else f"\n{shown}"), flush=True)
    return good


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Run:
    """One `tools/run.sh` in a process group of its own, as a terminal would start it."""

    def __init__(self, var, port):
        env = dict(os.environ, PICKET_VAR=str(var), PICKET_PORT=str(port))
        self.text = ""
        self.began = time.monotonic()
        self.child = subprocess.Popen(
            ["tools/run.sh", "--build", str(BUILD)], cwd=ROOT, env=env, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))

    def read_until(self, pattern, limit_s):
        """True when the pattern came; output is collected in self.text."""
        end = time.monotonic() + limit_s
        with selectors.DefaultSelector() as ready:
            ready.register(self.child.stdout, selectors.EVENT_READ)
            while not re.search(pattern, self.text, re.M):
                if not ready.select(max(0, end - time.monotonic())):
                    return False
                chunk = os.read(self.child.stdout.fileno(), 65536).decode("utf-8", "replace")
                if not chunk:
                    return False
                self.text += chunk
        return True

    def interrupt(self):
        """Ctrl-C: SIGINT to the whole group. Returns the seconds until all is over, or None."""
        began = time.monotonic()
        os.killpg(self.child.pid, signal.SIGINT)
        try:
            self.text += self.child.communicate(timeout=STOP_MAX_S)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            return None
        return time.monotonic() - began

    def clean_up(self):
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.communicate()


def get(port, path, ca):
    context = ssl.create_default_context(cafile=ca)
    with urllib.request.urlopen(f"https://localhost:{port}{path}", context=context, timeout=10) as answer:
        return answer.status, answer.read()


def group_alive(pid):
    try:
        os.killpg(pid, 0)
        return True
    except ProcessLookupError:
        return False


def stop_and_check(run, name):
    seconds = run.interrupt()
    check(f"{name}: Ctrl-C stops all within {STOP_MAX_S} s with status 0",
          seconds is not None and run.child.returncode == 0, run.text)
    check(f"{name}: nothing was killed by force and nothing is left running",
          "is killed" not in run.text and not group_alive(run.child.pid), run.text)


def first_start(var, port):
    run = Run(var, port)
    try:
        if not check("first start: ends with address and sign-in link",
                     run.read_until(r"^\s+Sign in\s+https://\S+", START_MAX_S), run.text):
            return False
        print(f"        ready after {time.monotonic() - run.began:.1f} s")
        check("first start: this machine is enrolled", "enrolled as the first device" in run.text, run.text)
        ca = var / "server" / "ca.pem"
        check("first start: readyz says 200 to who trusts its CA", get(port, "/readyz", ca)[0] == 200)
        page = get(port, "/", ca)[1]
        check("first start: the console is served", b"<html" in page.lower(), page[:200])
        second = Run(var, free_port())
        try:
            second.child.wait(timeout=START_MAX_S)
            said = second.child.stdout.read().decode()
            check("the same folder twice is refused", second.child.returncode == 1 and "runs already" in said, said)
        finally:
            second.clean_up()
        stop_and_check(run, "first start")
    finally:
        run.clean_up()
    return True


def second_start(var, port):
    run = Run(var, port)
    try:
        check("second start: comes up again",
              run.read_until(r"^\s+Sign in\s+https://\S+", START_MAX_S), run.text)
        check("second start: the agent is still enrolled", "enrolled as the first" not in run.text, run.text)
        stop_and_check(run, "second start")
    finally:
        run.clean_up()


def taken_port(var):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = Run(var, port)
        try:
            run.child.wait(timeout=START_MAX_S)
            said = run.child.stdout.read().decode()
            check("a taken port: says so and what to do",
                  run.child.returncode == 1 and f"port {port} is taken" in said and "PICKET_PORT=" in said, said)
        finally:
            run.clean_up()


def main():
    with tempfile.TemporaryDirectory(prefix="picket-run-") as folder:
        var, port = Path(folder) / "var", free_port()
        taken_port(Path(folder) / "other")
        if first_start(var, port):
            ca_before = (var / "server" / "ca.pem").read_bytes()
            second_start(var, port)
            check("second start: the server's CA is the same", (var / "server" / "ca.pem").read_bytes() == ca_before)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
