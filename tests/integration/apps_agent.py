#!/usr/bin/env python3
"""App files in folders of two real agents: noticed, read in the sandbox, judged alone without a server,
told to a real one, sent when it asks, and what stays private stays here."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from apps_flow import World, check, tally, wait_for, watch  # noqa: E402
from apps_support import sha256  # noqa: E402
from rest_support import BIN, Client  # noqa: E402


class Agent:
    """A real agent with a folder for downloads. Its home is thrown away."""

    def __init__(self, name, intel=None, apps="", world=None):
        self.dir = Path(tempfile.mkdtemp(prefix=f"picket-agent-{name}-"))
        self.downloads = self.dir / "Downloads"
        self.downloads.mkdir()
        self.config = self.dir / "agent.yaml"
        self.config.write_text(
            f'state_dir: "{self.dir}/state"\ncanaries: ["127.0.0.1:9"]\nprobe_url: "http://127.0.0.1:9/"\n'
            f"report: {{min_delay_s: 0, wait_s: 60}}\nnotify: {{desktop: false}}\n"
            f'apps:\n  folders: [{{path: "{self.downloads}"}}, {{path: "{self.dir}/per*al", profile: personal}}]\n'
            + (f'  intel: "{intel}"\n' if intel else "") + apps)
        self.world, self.child = world, None
        self.out = self.dir / "out.jsonl"

    def enroll(self):
        made = self.world.admin.post("/enrollments", {"label": "agent"}).json["url"]
        done = subprocess.run([BIN / "picket-agent", "--config", self.config, "--json", "enroll", made],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        self.id = json.loads(done.stdout)["device"]

    def start(self, *options):
        self.child = subprocess.Popen([BIN / "picket-agent", "--config", self.config, "--json", "run", *options],
                                      stdout=self.out.open("ab"), stderr=(self.dir / "err").open("ab"),
                                      env={**os.environ, "PICKET_INTEL_BUILTIN": ""})
        wait_for(lambda: self.events("started"))
        return self

    def events(self, kind=None):
        rows = [json.loads(line) for line in self.out.read_text().splitlines() if line.strip()] \
            if self.out.exists() else []
        return [r for r in rows if kind is None or r["event"] == kind]

    def put(self, name, data, folder=None):
        """As a browser does it: piece by piece under another name, then renamed."""
        folder = folder or self.downloads
        part = folder / (name + ".part")
        part.write_bytes(data)
        part.rename(folder / name)

    def cpu_ms(self):
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            self.child.wait(20)

    def close(self):
        self.stop()
        subprocess.run(["rm", "-rf", self.dir], check=False)


def make_set(w, folder):
    feed, made = folder / "feed.txt", folder / "x.set"
    feed.write_text(w.maker.keys[1].sha256 + "\n")
    subprocess.run([BIN / "picket", "intel", "import", feed, "--kind", "signer", "--source", "test feed",
                    "--set", made], check=True, capture_output=True)
    return made


def test_alone(w, intel):
    """No server: the agent itself says what is wrong, and when it is over."""
    agent = Agent("alone", intel)
    try:
        agent.start("--offline")
        good = w.maker.apk("com.example.good", "Good", salt=b"g")
        bad = w.maker.apk("com.example.bad", "Bad Bank", key=1, salt=b"b")
        began = time.monotonic()
        agent.put("good.apk", good)
        agent.put("bad.apk", bad)
        found = wait_for(lambda: agent.events("finding"))
        check("a harmful download is found", found and found[0]["threat"] == "malware.known_bad"
              and found[0]["subject"] == "Bad Bank" and found[0]["evidence"]["sha256"] == sha256(bad), found)
        print(f"        from the file to the finding: {time.monotonic() - began:.1f} s ")
        check("and the person is told", wait_for(lambda: agent.events("alert"))
              and "Bad Bank" in agent.events("alert")[0]["title"], agent.events("alert"))
        check("nothing is said of the good one", len(agent.events("finding")) == 1, agent.events("finding"))
        (agent.downloads / "bad.apk").rename(agent.downloads / "renamed.apk")
        time.sleep(3)
        check("renaming changes nothing", not agent.events("cleared") and len(agent.events("finding")) == 1,
              agent.events())
        agent.stop()
        agent.start("--offline")
        time.sleep(2)
        check("a restart tells nothing anew", len(agent.events("alert")) == 1, agent.events("alert"))
        (agent.downloads / "renamed.apk").unlink()
        check("removed: over", wait_for(lambda: agent.events("cleared"))
              and agent.events("cleared")[0]["threat"] == "malware.known_bad", agent.events())
        (agent.downloads / "noise.apk").write_bytes(os.urandom(5000))
        (agent.downloads / "link.apk").symlink_to("/etc/passwd")
        os.mkfifo(agent.downloads / "pipe.apk")
        (agent.downloads / "dir.apk").mkdir()
        time.sleep(4)
        check("odd files are no trouble", agent.child.poll() is None and not agent.events("error"),
              agent.events("error"))
        before = agent.cpu_ms()
        time.sleep(3)
        check("idle costs nothing", agent.cpu_ms() - before <= 10, agent.cpu_ms() - before)
        readers = subprocess.run(["pgrep", "-P", str(agent.child.pid)], capture_output=True, text=True).stdout.split()
        check("no reader is kept waiting", readers == [], readers)
    finally:
        agent.close()


def test_with_server(w):
    one, two = Agent("one", world=w), Agent("two", world=w)
    try:
        for agent in (one, two):
            agent.enroll()
            agent.start()
        data = w.maker.apk("com.example.agents", "Agents' Bank", key=1, salt=b"agents")
        check("the server knows its signer", w.intel(w.maker.keys[1].sha256).status == 200)
        one.put("a.apk", data)
        file = wait_for(lambda: w.file(data)["state"] == "analysed" and w.file(data), 30)
        check("told, asked for, sent, analysed", file and file["verdict"] == "malicious" and file["asked"]["asks"] == 1,
              w.file(data))
        check("the person with the first one is told", wait_for(lambda: one.events("alert")), one.events())
        began = time.monotonic()
        two.put("b.apk", data)
        check("the other agent is told, too", wait_for(lambda: two.events("alert"), 20), two.events())
        print(f"        second device: from the file to the alert {time.monotonic() - began:.1f} s")
        check("and was not asked for the file", not [c for c in two.events("command") if c["type"] == "send_app"])
        rows = w.get(f"/app-installs?filter=sha256:{sha256(data)},present:yes")["items"]
        check("both have it", {r["device"]["id"] for r in rows} == {one.id, two.id}, rows)
        (two.downloads / "b.apk").unlink()
        check("deleted: its incident is resolved", wait_for(
            lambda: w.get(f"/incidents?filter=device:{two.id},threat:malware.known_bad,state:resolved")["total"] == 1, 20),
            w.get(f"/incidents?filter=device:{two.id}"))
        check("the other's stays", w.get(f"/incidents?filter=device:{one.id},threat:malware.known_bad,state:open")["total"] == 1)
    finally:
        one.close()
        two.close()


def test_private(w, intel):
    """What is personal: with `report: work` nothing of it leaves; with `all` its label does not."""
    shy, open_ = Agent("shy", intel, "  report: work\n", w), Agent("open", None, "", w)
    try:
        for agent in (shy, open_):
            (agent.dir / "personal").mkdir()
            agent.enroll()
        mine = w.maker.apk("com.example.mine", "My Diary", salt=b"mine")
        bad = w.maker.apk("com.example.minebad", "My Bad Diary", key=1, salt=b"minebad")
        shy.put("mine.apk", mine, shy.dir / "personal")
        shy.put("bad.apk", bad, shy.dir / "personal")
        shy.start()
        check("it is judged all the same", wait_for(lambda: shy.events("alert"), 20), shy.events())
        time.sleep(2)
        rows = w.get(f"/app-installs?filter=device:{shy.id}")
        check("and the server learns of none of it", rows["total"] == 0, rows)
        sent = json.dumps([r for r in subprocess.run([BIN / "picket-agent", "--config", shy.config, "ledger", "--json"],
                                                     capture_output=True, text=True).stdout])
        check("nor did anything leave", "example.mine" not in sent and "Diary" not in sent, sent[:300])
        open_.put("mine.apk", mine, open_.dir / "personal")
        open_.start()
        rows = wait_for(lambda: w.get(f"/app-installs?filter=device:{open_.id}")["items"], 20)
        check("told, without its label", rows and rows[0]["profile"] == "personal" and rows[0]["label"] is None, rows)
    finally:
        shy.close()
        open_.close()


def test_not_sent(w):
    agent = Agent("keeps", None, "  send: false\n", w)
    try:
        agent.enroll()
        agent.start()
        data = w.maker.apk("com.example.kept", "Kept", salt=b"kept")
        agent.put("kept.apk", data)
        check("it is asked", wait_for(lambda: [c for c in agent.events("command") if c["type"] == "send_app"], 20))
        time.sleep(1)
        check("and does not send", w.file(data)["state"] == "asked", w.file(data))
    finally:
        agent.close()


def main():
    Client.watch = watch
    w = World("apps: {ask_again_s: 60}\n")
    with tempfile.TemporaryDirectory() as folder:
        try:
            intel = make_set(w, Path(folder))
            test_alone(w, intel)
            test_with_server(w)
            test_private(w, intel)
            test_not_sent(w)
        finally:
            w.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
