"""What the load tests and the benches stand on: a picketd of their own, the load generator, and what
the journal holds compared with what was acknowledged. Not a suite by itself."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import last_words  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
BIN = BUILD / "bin"
DUMP = BUILD / "tests" / "journal_dump"


class Picketd:
    """A server with its own state folder and a port that the system picked once."""

    def __init__(self, state=None, more=None):
        self.folder = Path(tempfile.mkdtemp(prefix="picket-load."))
        self.state = Path(state) if state else self.folder / "state"
        self.config = self.folder / "picketd.yaml"
        self.log = self.folder / "picketd.log"
        self.more = more or {}
        self.child = None
        self.url = None
        self.configure(0)

    def configure(self, port):
        settings = {
            "state_dir": str(self.state),
            "listen": {"address": "127.0.0.1", "port": port},
            "names": ["localhost", "127.0.0.1"],
            "limits": {"reports_per_minute": 1000000, "enrolment_tries_per_minute": 1000000},
            **self.more,
        }
        self.config.write_text(json.dumps(settings))

    def start(self, wait_s=30):
        """Returns the seconds until it was ready."""
        began = time.monotonic()
        self.child = subprocess.Popen([str(BIN / "picketd"), "--config", str(self.config)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=open(self.log, "ab"), text=True)
        line = read_line(self.child, wait_s)
        if not line.startswith("ready "):
            raise RuntimeError(f"picketd did not start: {line!r}\n{self.log_end()}")
        seconds = time.monotonic() - began
        self.url = line.split()[1]
        self.configure(int(self.url.rsplit(":", 1)[1]))
        return seconds

    def log_end(self, size=2000):
        return self.log.read_text("utf-8", "replace")[-size:] if self.log.exists() else ""

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self):
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
        last_words.told_of("picketd", self.child, self.log)

    def link(self, uses, label="test"):
        done = subprocess.run([str(BIN / "picketd"), "--config", str(self.config),
                               "--issue-enrollment", "--uses", str(uses), "--label", label],
                              capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise RuntimeError(f"no enrolment link: {done.stderr}")
        return done.stdout.strip()

    def cpu_s(self):
        """User and system CPU of the process so far, in seconds, to a microsecond or so."""
        total = 0.0
        for task in Path(f"/proc/{self.child.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0]) / 1e9
            except OSError:
                pass
        return total

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, name):
        return self.state / f"{name}.db"


def read_line(child, wait_s):
    """A line of the child's output, "" when there is none in time."""
    box = []
    thread = threading.Thread(target=lambda: box.append(child.stdout.readline()), daemon=True)
    thread.start()
    thread.join(wait_s)
    return box[0] if box else ""


class Load:
    """picket-fleet load in the background."""

    def __init__(self, server, devices, seconds, rate=0, batch=20, name="fleet"):
        self.state = server.folder / f"{name}.json"
        self.acks = server.folder / f"{name}.acks"
        self.err = server.folder / f"{name}.err"
        uses = 1 if self.state.exists() else devices
        self.child = subprocess.Popen(
            [str(BIN / "picket-fleet"), "load", "--url", server.link(uses), "--devices", str(devices),
             "--seconds", str(seconds), "--rate", str(rate), "--batch", str(batch),
             "--state", str(self.state), "--acks", str(self.acks)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(self.err, "wb"), text=True)

    def wait_begin(self, wait_s=120):
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline and self.child.poll() is None:
            if b"begin" in self.err.read_bytes():
                return
            time.sleep(0.05)
        raise RuntimeError(f"the load did not begin: {self.err.read_text()[-500:]}")

    def acked(self):
        """device -> set of acknowledged sequence numbers."""
        out = {}
        for line in self.acks.read_text().splitlines():
            device, first, last = line.split()
            out.setdefault(device, set()).update(range(int(first), int(last) + 1))
        return out

    def end(self, wait_s=120):
        """Lets it run out (or ends it when told before); its totals."""
        out, _ = self.child.communicate(timeout=wait_s)
        if not out.strip():
            raise RuntimeError(f"the load failed: {self.err.read_text()[-500:]}")
        return json.loads(out.strip().splitlines()[-1])

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)


def journal(server):
    """device -> Counter of sequence numbers, as the pipeline's own reader gives them."""
    done = subprocess.run([str(DUMP), f"sqlite:{server.database('journal')}"], capture_output=True,
                          text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    out = {}
    for line in done.stdout.splitlines():
        fields = line.split()
        out.setdefault(fields[2], Counter()).update(map(int, fields[3:]))
    return out


def compare(acked, stored):
    """(acknowledged, missing, twice, stored but not acknowledged)"""
    missing = sum(1 for d, seqs in acked.items() for s in seqs if stored.get(d, {}).get(s, 0) == 0)
    twice = sum(n - 1 for seqs in stored.values() for n in seqs.values() if n > 1)
    extra = sum(1 for d, seqs in stored.items() for s in seqs if s not in acked.get(d, ()))
    return sum(map(len, acked.values())), missing, twice, extra


def integrity(server):
    """What SQLite itself says of both files."""
    answers = []
    for name in ("picket", "journal"):
        with contextlib.closing(sqlite3.connect(server.database(name))) as db:
            answers.append(db.execute("PRAGMA integrity_check").fetchone()[0])
    return answers


def worked_in(server):
    """device -> newest sequence number that the pipeline has worked in."""
    with contextlib.closing(sqlite3.connect(f"file:{server.database('picket')}?mode=ro", uri=True)) as db:
        return dict(db.execute("SELECT id, acked_seq FROM devices"))


def wait_worked_in(server, newest, wait_s=60):
    """Until the pipeline has caught up with the journal; the devices that are behind."""
    deadline = time.monotonic() + wait_s
    while True:
        done = worked_in(server)
        behind = {d: (done.get(d), n) for d, n in newest.items() if done.get(d) != n}
        if not behind or time.monotonic() > deadline:
            return behind
        time.sleep(0.2)
