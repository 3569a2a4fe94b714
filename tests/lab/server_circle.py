"""The full circle for tests/lab/run --server: device -> picketd -> incident -> alert and SIEM line -> end.

picketd and a real rsyslog (syslog over TLS with client certificates) run on the victim's loopback,
the agent enrols with a link and reports. For an attack: the incident is in the REST interface
within 10 s of the first forged frame, the device shows an alert with title, why and next steps,
exactly one valid CEF line tells of the opening, and after the attack the incident resolves by
itself, at the SIEM too. For a harmless scenario: no incident above "info" is opened.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import siem  # noqa: E402

INCIDENT_MAX_S = 10
RESOLVE_MAX_S = 90
URL = "https://127.0.0.1:8443"
SIEM_PORT = 6514


class Circle:
    """picketd and rsyslog in the victim's namespace."""

    def __init__(self, runner, options, lab, folder):
        self.runner, self.lab, self.folder = runner, lab, folder
        self.bin = options.build / "bin"
        self.children, self.token = [], None
        self.receiver = None

    def start(self):
        self.start_siem()
        config = {"state_dir": str(self.folder / "server"), "names": ["127.0.0.1", "localhost"],
                  "listen": {"address": "127.0.0.1", "port": 8443},
                  "siem": [siem.tls_target(self.folder, SIEM_PORT)]}
        self.config = self.folder / "picketd.yaml"
        self.config.write_text(json.dumps(config), encoding="utf-8")
        self.spawn("picketd", [str(self.bin / "picketd"), "--config", str(self.config)])
        self.wait_for(lambda: self.curl("/readyz")[0] == 200, 20, "picketd does not become ready")
        self.sign_in()

    def spawn(self, name, argv):
        log = open(self.folder / f"{name}.log", "w", encoding="utf-8")
        child = self.lab.spawn("victim", argv, stderr=log)
        self.children.append(child)
        return child

    def start_siem(self):
        siem.make_ca(self.folder, "ca")
        siem.make_certificate(self.folder, "ca", "receiver", "localhost", "DNS:localhost")
        siem.make_certificate(self.folder, "ca", "client", "picketd.example", "DNS:picketd.example")
        self.receiver = siem.tls_receiver(self.folder, "siem", SIEM_PORT, "ca", "receiver")
        self.spawn("rsyslog", ["rsyslogd", "-n", "-f", str(self.receiver.conf), "-i",
                               str(self.receiver.pid)])

    def wait_for(self, test, seconds, why):
        end = time.time() + seconds
        while time.time() < end:
            value = test()
            if value:
                return value
            time.sleep(0.2)
        raise self.runner.LabError(why)

    def curl(self, path, body=None, cookie=None):
        """(status, JSON or None) of one call from inside the victim."""
        argv = ["curl", "-sS", "-m", "8", "--cacert", str(self.folder / "server" / "ca.pem"),
                "-w", "\n%{http_code}", URL + path]
        if body is not None:
            argv += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        if cookie is not None:
            argv += ["-b", cookie, "-H", "X-Picket-Request: 1"]
        elif self.token is not None:
            argv += ["-H", "Authorization: Bearer " + self.token]
        else:
            argv += ["-c", str(self.folder / "cookies")]
        done = subprocess.run(["bash", self.lab.script, "exec", "victim", *argv], env=self.lab.env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                              check=False)
        text, _, status = done.stdout.rpartition("\n")
        try:
            return int(status or 0), json.loads(text) if text.strip() else None
        except ValueError:
            return int(status or 0), None

    def ask_server(self, *args):
        done = subprocess.run([str(self.bin / "picketd"), "--config", str(self.config), *args],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                              check=False)
        if done.returncode != 0:
            raise self.runner.LabError(f"picketd {args[0]}: {done.stderr.strip()[-300:]}")
        return done.stdout.strip().splitlines()[-1]

    def sign_in(self):
        link = urlsplit(self.ask_server("--signin-link"))
        fields = {**parse_qs(link.query), **parse_qs(link.fragment.partition("?")[2]),
                  **parse_qs(link.fragment)}
        secret = next(iter(fields.values()))[0] if fields else link.fragment.rpartition("/")[2]
        status, _ = self.curl("/api/v1/session", {"token": secret})
        if status != 201:
            raise self.runner.LabError(f"no session: {status}")
        status, made = self.curl("/api/v1/tokens", {"name": "lab", "role": "viewer"},
                                 str(self.folder / "cookies"))
        if status != 201:
            raise self.runner.LabError(f"no API token: {status} {made}")
        self.token = made["token"]

    def enrol(self, agent_config):
        link = self.ask_server("--issue-enrollment", "--label", "lab")
        self.lab.call("exec", "victim", str(self.bin / "picket-agent"), "enroll", link, "--config",
                      str(agent_config))

    def incidents(self):
        status, answer = self.curl("/api/v1/incidents?limit=200")
        return answer["items"] if status == 200 and answer else []

    def find(self, threat, states):
        return next((i for i in self.incidents()
                     if i["threat"] == threat and i["state"] in states), None)

    def cef(self, message, threat):
        """CEF lines of this kind about this threat, and lines that are no valid CEF."""
        events, wrong = siem.read(self.receiver.lines())
        return [e for e in events if e["msgid"] == message and e["class"] == threat], wrong

    def stop(self):
        for child in reversed(self.children):
            self.runner.stop_process(child)


def check_alert(agent, outcome, threat, since, until):
    told = agent.wait(lambda e: e.get("event") == "alert" and e.get("threat") == threat, until,
                      since)
    if told is None:
        outcome.fail("the device shows no alert")
    elif not (told[1].get("title") and told[1].get("why") and told[1].get("next")):
        outcome.fail(f"the alert lacks title, why or next: {json.dumps(told[1])[:200]}")
    sent = agent.wait(lambda e: e.get("event") == "command" and e.get("type") == "alert", until,
                      since)
    if sent is None:
        outcome.fail("the server's alert did not reach the device")


def check_siem(circle, outcome, threat):
    end = time.time() + 10
    lines, wrong = circle.cef("incident.opened", threat)
    while not lines and time.time() < end:
        time.sleep(0.2)
        lines, wrong = circle.cef("incident.opened", threat)
    if wrong:
        outcome.fail(f"no valid CEF: {wrong[0][:200]}")
    if len(lines) != 1:
        outcome.fail(f"{len(lines)} CEF lines of the opening")


def circle_attack(runner, circle, lab, agent, outcome, sniffer):
    row = outcome.row
    threat = "network." + row["class"]
    since = agent.count()
    t0 = lab.start("attack", row["name"])
    limit = t0 + max(float(row["within_s"]), INCIDENT_MAX_S) + INCIDENT_MAX_S
    seen = None
    while seen is None and time.time() < limit:
        seen = circle.find(threat, ("open", "mitigated"))
        arrived = time.time()
        time.sleep(0.1)
    if seen is None:
        outcome.fail(f"no incident {row['class']} in the REST interface")
    else:
        outcome.seconds = round(arrived - t0, 2)
        check_alert(agent, outcome, threat, since, time.time() + 10)
        check_siem(circle, outcome, threat)
    frame = runner.first_frame(sniffer)
    if seen is not None and frame is not None:
        outcome.from_frame_s = round(arrived - frame, 2)
        if row["class"] == "arp_spoof" and outcome.from_frame_s > INCIDENT_MAX_S:
            outcome.fail(f"incident {outcome.from_frame_s} s after the first forged frame")
    outcome.found = sorted({runner.short(i["threat"]) for i in circle.incidents()
                            if i["vector"] == "network"})
    wrong = set(outcome.found) - {row["class"], *row["also"].split()}
    if any(i["severity"] != "info" and runner.short(i["threat"]) in wrong
           for i in circle.incidents()):
        outcome.fail(f"wrongly opened {','.join(sorted(wrong))}")
    lab.call("stop")
    if threat in runner.WHERE_ONE_IS:
        lab.call("exec", "sw", "ip", "link", "set", "p-victim", "down")
    if seen is not None:
        await_resolution(circle, outcome, threat)


def await_resolution(circle, outcome, threat):
    stopped = time.time()
    while time.time() < stopped + RESOLVE_MAX_S:
        if circle.find(threat, ("resolved",)):
            outcome.cleared_s = round(time.time() - stopped, 1)
            break
        time.sleep(0.5)
    else:
        outcome.fail(f"not resolved {RESOLVE_MAX_S} s after the end")
        return
    end = time.time() + 10
    while not circle.cef("incident.resolved", threat)[0] and time.time() < end:
        time.sleep(0.2)
    opened, resolved, reopened = (len(circle.cef(m, threat)[0]) for m in (
        "incident.opened", "incident.resolved", "incident.reopened"))
    # Who is led to another router leaves and joins: the incident is the same one, taken up again.
    if opened != 1 or resolved != 1 + reopened:
        outcome.fail(f"CEF lines: {opened} opened, {reopened} reopened, {resolved} resolved")


def circle_benign(runner, circle, lab, outcome, sniffer, watch_s):
    row = outcome.row
    lab.start("benign", row["name"])
    time.sleep(watch_s)
    runner.first_frame(sniffer)
    lab.call("stop")
    for incident in circle.incidents():
        if incident["vector"] == "network":
            outcome.found.append(runner.short(incident["threat"]))
            if incident["severity"] != "info":
                outcome.fail(f"false alarm {incident['threat']}")


def run_circle(runner, options, row, number):
    outcome = runner.Outcome(row)
    lab = runner.Lab(options.lab, f"c{runner.os.getpid() % 46656:x}{number:x}")
    folder = Path(lab.state)
    agent = sniffer = circle = None
    try:
        lab.up()
        config = runner.write_config(lab, folder)
        circle = Circle(runner, options, lab, folder)
        circle.start()
        circle.enrol(config)
        agent = runner.Agent(lab, [str(circle.bin / "picket-agent"), "run", "--json", "--config",
                                   str(config)], folder / "agent.log")
        runner.settle(agent)
        joined = next(e for _, e in agent.events if e.get("event") == "network")
        sniffer = runner.start_sniffer(lab, joined)
        if row["kind"] == "attack":
            circle_attack(runner, circle, lab, agent, outcome, sniffer)
        else:
            circle_benign(runner, circle, lab, outcome, sniffer, options.watch)
        if agent.ended():
            outcome.fail("the agent has ended")
    except (runner.LabError, subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        outcome.fail(str(error))
    finally:
        if sniffer is not None:
            runner.stop_process(sniffer)
        if agent is not None:
            agent.stop()
        if circle is not None:
            circle.stop()
        lab.down()
    if not outcome.ok() or options.keep:
        runner.keep_traces(outcome, agent, folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome
