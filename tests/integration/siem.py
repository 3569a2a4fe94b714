#!/usr/bin/env python3
"""The SOC's way, end to end: outbox -> dispatcher -> a real rsyslog over UDP, TCP and TLS.

Every line that rsyslog received is read back by a strict CEF parser of this test. The receiver goes
away, comes back, shows a wrong certificate, refuses ours; the sender is killed: nothing may be lost,
the order stays, and doubles appear only where a way broke after writing.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
DRIVER = BUILD / "tests" / "siem_driver"

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok      ' if good else 'FAILED  '}{name}" + ("" if good else f"\n        {shown}"),
          flush=True)


# ---- a strict reader of CEF:0 ------------------------------------------------------------------

MULTI_LABEL = re.compile(r"(cs[1-6]|cn[1-3])$")
SIZES = {"externalId": 40, "act": 63, "outcome": 63, "dvchost": 100, "deviceExternalId": 255,
         "cat": 1023, "reason": 1023, "msg": 1023, "shost": 1023}


def split_header(text):
    """Seven fields behind unescaped pipes, then the rest."""
    fields, field, i = [], "", 0
    while len(fields) < 7:
        c = text[i]
        if c == "\\":
            if text[i + 1] not in "\\|":
                raise ValueError(f"bad header escape at {i}")
            field += text[i + 1]
            i += 2
        elif c == "|":
            fields.append(field)
            field = ""
            i += 1
        else:
            field += c
            i += 1
    return fields, text[i:]


def unescape(value):
    out, i = "", 0
    while i < len(value):
        c = value[i]
        if c == "=":
            raise ValueError("a bare = in a value")
        if c == "\\":
            out += {"\\": "\\", "=": "=", "n": "\n", "r": "\r"}[value[i + 1]]
            i += 1
        else:
            out += c
        i += 1
    return out


def parse_cef(text):
    fields, rest = split_header(text)
    if fields[0] != "CEF:0" or fields[1:3] != ["Picket", "Picket MTD"]:
        raise ValueError(f"not ours: {fields}")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 or ord(c) in (0x202E, 0x2028) for c in text):
        raise ValueError("a control character")
    # A key stands at the start or after a space, and its = is not escaped.
    starts = [m for m in re.finditer(r"(?:^| )([A-Za-z0-9]+)(?<!\\)=", rest)]
    if not starts or starts[0].start() != 0:
        raise ValueError("the extension does not begin with a key")
    ext = {}
    for i, m in enumerate(starts):
        end = starts[i + 1].start() if i + 1 < len(starts) else len(rest)
        value = unescape(rest[m.end():end])
        if m[1] in ext:
            raise ValueError(f"{m[1]} twice")
        if value != value.strip(" ") or value == "":
            raise ValueError(f"{m[1]} is empty or padded")
        if len(value) > SIZES.get(m[1], 4000):
            raise ValueError(f"{m[1]} is too long")
        ext[m[1]] = value
    for key in ext:
        if MULTI_LABEL.match(key) and key + "Label" not in ext:
            raise ValueError(f"{key} has no label")
    for key in ("rt", "start", "cnt"):
        int(ext[key])
    if not 0 <= int(fields[6]) <= 10:
        raise ValueError("severity")
    return {"class": fields[4], "name": fields[5], "severity": int(fields[6]), **ext}


# ---- rsyslog ------------------------------------------------------------------------------------

def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Rsyslog:
    """One rsyslogd that writes each message with its parsed header to a file."""

    def __init__(self, folder, name, inputs, preamble=""):
        self.out = folder / f"{name}.log"
        self.conf = folder / f"{name}.conf"
        self.pid = folder / f"{name}.pid"
        self.says = folder / f"{name}.err"
        self.child = None
        self.conf.write_text(f'''{preamble}
global(workDirectory="{folder}" maxMessageSize="64k")
template(name="all" type="string"
  string="%pri% %hostname% %app-name% %procid% %msgid% %structured-data% %timestamp:::date-rfc3339% %msg%\\n")
ruleset(name="r") {{ action(type="omfile" file="{self.out}" template="all" flushOnTXEnd="on") }}
{inputs}
''')

    def start(self, port=None):
        with open(self.says, "ab") as sink:
            self.child = subprocess.Popen(["rsyslogd", "-n", "-f", str(self.conf), "-i", str(self.pid)],
                                          stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if port is None and self.pid.exists():
                break
            if port is not None:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    pass
            time.sleep(0.05)
        return self

    def stop(self):
        if self.child is not None:
            self.child.terminate()
            self.child.wait(timeout=20)
            self.child = None
            self.pid.unlink(missing_ok=True)

    def lines(self):
        return self.out.read_text("utf-8").splitlines() if self.out.exists() else []

    def wait_lines(self, count, seconds=20):
        deadline = time.monotonic() + seconds
        while len(self.lines()) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.lines()


LINE = re.compile(r"(\d+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) ?(CEF:.*)")


def read(lines):
    """Parses every line; returns the events in order of arrival and what was wrong."""
    events, wrong = [], []
    for line in lines:
        m = LINE.fullmatch(line)
        try:
            event = parse_cef(m[8])
            event.update(pri=int(m[1]), host=m[2], app=m[3], msgid=m[5], sd=m[6], time=m[7])
            events.append(event)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            wrong.append(f"{error}: {line[:300]}")
    return events, wrong


def numbers(events):
    return [int(e["externalId"].split("-")[1]) for e in events]


def complete_in_order(arrived, count, first=1):
    """Every number at least once, first occurrences ascending; returns (good, doubles)."""
    firsts = list(dict.fromkeys(arrived))
    return firsts == list(range(first, first + count)), len(arrived) - len(firsts)


# ---- certificates -------------------------------------------------------------------------------

def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_ca(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"),
            "-days", "2", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")


def make_certificate(folder, ca, name, cn, san):
    ext = folder / f"{name}.ext"
    ext.write_text(f"subjectAltName={san}\nextendedKeyUsage=serverAuth,clientAuth\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            str(folder / f"{name}.key"), "-out", str(folder / f"{name}.csr"), "-subj", f"/CN={cn}")
    openssl("x509", "-req", "-in", str(folder / f"{name}.csr"), "-CA", str(folder / f"{ca}.pem"),
            "-CAkey", str(folder / f"{ca}.key"), "-CAcreateserial", "-days", "2", "-extfile", str(ext),
            "-out", str(folder / f"{name}.pem"))


# ---- the sender ---------------------------------------------------------------------------------

class Driver:
    def __init__(self, folder, name, targets, first=1):
        self.config = folder / f"{name}.yaml"
        self.config.write_text(json.dumps({"siem": targets}))
        self.log = folder / f"{name}.driver.log"
        self.argv = [str(DRIVER), str(self.config), f"sqlite:{folder}/{name}.db", str(first)]
        self.child = None

    def start(self, first=None):
        argv = self.argv if first is None else self.argv[:-1] + [str(first)]
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=open(self.log, "ab"), text=True)
        return self

    def ask(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline().strip()
        if not answer:
            raise RuntimeError("the driver is gone: " + self.log.read_text()[-500:])
        return answer

    def pending(self, wait_ms=15000):
        return int(self.ask(f"drain {wait_ms}").split()[1])

    def state(self):
        return json.loads(self.ask("states"))[0]

    def quit(self):
        if self.child is not None and self.child.poll() is None:
            self.child.stdin.close()
            self.child.wait(timeout=20)

    def kill(self):
        self.child.kill()
        self.child.wait()


# ---- the tests ----------------------------------------------------------------------------------

def plain(folder):
    udp, tcp = free_port(socket.SOCK_DGRAM), free_port()
    receiver = Rsyslog(folder, "plain", f'''
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="r")
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="r")''').start(tcp)
    for name, target, count in (
            ("udp", {"transport": "udp", "port": udp}, 40),
            ("tcp-octets", {"transport": "tcp", "port": tcp}, 400),
            ("tcp-lf", {"transport": "tcp", "port": tcp, "framing": "lf"}, 60)):
        receiver.out.unlink(missing_ok=True)
        receiver.stop()
        receiver.start(tcp)
        driver = Driver(folder, name, [{"name": "soc", "host": "127.0.0.1", **target}]).start()
        driver.ask(f"add {count}")
        pending = driver.pending()
        lines = receiver.wait_lines(count)
        events, wrong = read(lines)
        check(f"{name}: {count} sent, all are valid CEF", not wrong and len(events) == count,
              f"{len(events)} good, wrong: {wrong[:2]}")
        check(f"{name}: all once and in order, nothing pending",
              complete_in_order(numbers(events), count) == (True, 0) and pending == 0,
              f"{numbers(events)[:20]} pending {pending}")
        check(f"{name}: the incident's time line shows each delivery",
              driver.ask("sent") == f"sent {count}")
        driver.quit()
        if name == "tcp-octets":
            contents(events)
    receiver.stop()


def contents(events):
    e = events[0]
    check("facility and severity of syslog follow the incident's",
          [x["pri"] for x in events[:5]] == [16 * 8 + s for s in (3, 4, 5, 6, 2)],
          [x["pri"] for x in events[:5]])
    check("severity is 8, 5, 3, 0, 10 for high .. critical",
          [x["severity"] for x in events[:5]] == [8, 5, 3, 0, 10])
    check("hostile names arrive as they are, escaped",
          e["shost"] == "Anna's phone = |x| \\ y" and
          e["msg"].startswith("seen 1 times | back\\slash = sign\nCEF:0|Evil|Forged"), e)
    check("nothing forged a field, no control character arrived",
          all("act=none" in x["msg"] and x["act"] != "none" and "\u202e" not in x["msg"] and
              "\x1b" not in x["msg"] and "é🔒" in x["msg"] for x in events))
    check("labels name the custom fields",
          (e["cs2Label"], e["cs2"], e["cs3Label"], e["cs3"], e["cn1Label"], e["cn1"]) ==
          ("riskLevel", "high", "mitreTechnique", "T1638", "riskScore", "71"), e)
    check("the header is RFC 5424 with the event's own time",
          (e["host"], e["app"], e["sd"], e["msgid"]) ==
          ("picket1", "picketd", "-", "incident.resolved") and re.fullmatch(
              r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", e["time"]), e)


def tls_receiver(folder, name, port, ca, cert):
    return Rsyslog(folder, name, f'''
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/name"
       permittedPeer=["picketd.example"])
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="r")''', f'''
global(defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{folder}/{ca}.pem"
       defaultNetstreamDriverCertFile="{folder}/{cert}.pem" defaultNetstreamDriverKeyFile="{folder}/{cert}.key")''')


def tls_target(folder, port, ca="ca", client="client", **more):
    return {"name": "soc", "host": "localhost", "port": port, "ca": f"{folder}/{ca}.pem",
            "cert": f"{folder}/{client}.pem", "key": f"{folder}/{client}.key", **more}


def tls(folder):
    port = free_port()
    receiver = tls_receiver(folder, "tls", port, "ca", "server").start(port)
    driver = Driver(folder, "tls", [tls_target(folder, port)]).start()
    began = time.monotonic()
    driver.ask("add 1")
    receiver.wait_lines(1)
    print(f"        first event over TLS in rsyslog's file after {time.monotonic() - began:.2f} s")
    driver.ask("add 299")
    pending = driver.pending()
    events, wrong = read(receiver.wait_lines(300))
    check("tls: 300 events with mutual certificates, all valid CEF", not wrong and len(events) == 300,
          wrong[:2])
    check("tls: all once and in order, nothing pending",
          complete_in_order(numbers(events), 300) == (True, 0) and pending == 0)

    receiver.stop()
    driver.ask("add 150")
    time.sleep(2.5)
    state = driver.state()
    check("receiver down: everything waits and the reason is told",
          state["pending"] == 150 and state["last_error"], state)
    receiver.start(port)
    pending = driver.pending(20000)
    events, wrong = read(receiver.wait_lines(450))
    good, doubles = complete_in_order(numbers(events), 450)
    check("receiver back: all 450 there once and in order",
          good and doubles == 0 and not wrong and pending == 0, f"{doubles} doubles, {pending} pending")
    state = driver.state()
    check("receiver back: no error is left over", state["last_error"] is None, state)
    outages(receiver, driver, port)
    killed(receiver, driver)
    receiver.stop()


def outages(receiver, driver, port):
    """The receiver is stopped and started under load, at moments that hit writes."""
    sent = 450
    for pause in (0.0, 0.05, 0.4, 1.1):
        driver.ask("add 60")
        time.sleep(pause)
        receiver.stop()
        driver.ask("add 60")
        sent += 120
        time.sleep(0.3)
        receiver.start(port)
        driver.pending(20000)
    events, wrong = read(receiver.wait_lines(sent))
    good, doubles = complete_in_order(numbers(events), sent)
    check(f"4 outages under load: none of {sent} lost, order kept", good and not wrong,
          f"{len(set(numbers(events)))} arrived; {wrong[:2]}")
    print(f"        {doubles} of them came twice (the way broke after writing)")


def killed(receiver, driver):
    """kill -9 of the sender between sending and its books."""
    before = len(set(numbers(read(receiver.lines())[0])))
    total = before
    for pause in (0.02, 0.5, 1.02):
        driver.ask("add 40")
        total += 40
        time.sleep(pause)
        driver.kill()
        driver.start(first=total + 1)
    pending = driver.pending(20000)
    time.sleep(0.3)
    events, wrong = read(receiver.lines())
    good, doubles = complete_in_order(numbers(events), total)
    check(f"3 x kill -9 of the sender: none of {total} lost, order kept",
          good and not wrong and pending == 0, f"{len(set(numbers(events)))} pending {pending}")
    print(f"        {doubles} doubles in all so far")
    driver.quit()


def refusals(folder):
    cases = (
        ("a server certificate of another CA", "server-foreign", {}, "certificate"),
        ("a server certificate of another name", "server-other", {}, "hostname mismatch"),
        ("our certificate, of a CA that the server does not trust", "server", {"client": "stranger"}, ""),
        ("no certificate where the server wants one", "server", {"client": None}, ""),
    )
    for name, server, changes, words in cases:
        port = free_port()
        short = f"refuse-{server}-{changes.get('client', 'client')}"
        receiver = tls_receiver(folder, short, port, "ca", server).start(port)
        target = tls_target(folder, port)
        if "client" in changes:
            for key in ("cert", "key"):
                target.pop(key)
            if changes["client"]:
                target = tls_target(folder, port, client=changes["client"])
        driver = Driver(folder, short, [target]).start()
        driver.ask("add 5")
        pending = driver.pending(4000)
        state = driver.state()
        check(f"refused: {name}: nothing arrives, nothing counts as delivered",
              pending == 5 and not receiver.lines() and words in (state["last_error"] or ""),
              f"pending {pending}, {len(receiver.lines())} lines, {state}")
        print(f"        says: {state['last_error']}")
        driver.quit()
        receiver.stop()


def unsendable(folder):
    port = free_port()
    receiver = Rsyslog(folder, "bad", f'''
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="r")''').start(port)
    driver = Driver(folder, "bad", [
        {"name": "soc", "host": "127.0.0.1", "port": port, "transport": "tcp"}]).start()
    driver.ask("add 1")
    driver.ask('raw {"id":"x","at":"2026-11-23T00:00:00Z","type":"t","severity":"high"}')
    driver.ask("add 1")
    pending = driver.pending()
    events, wrong = read(receiver.wait_lines(2))
    told = driver.ask("failed 2")
    check("an event that can never be sent is failed with its reason, the next ones go on",
          numbers(events) == [1, 2] and pending == 0 and told == "failed the event has no 'threat'",
          f"{numbers(events)} {pending} {told}")
    driver.quit()
    receiver.stop()


def stops_quickly(folder):
    """Stopping must not wait for a receiver that accepts and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        driver = Driver(folder, "silent", [tls_target(folder, silent.getsockname()[1])]).start()
        driver.ask("add 1")
        time.sleep(0.5)
        began = time.monotonic()
        driver.quit()
        check("stopping interrupts a handshake that hangs", time.monotonic() - began < 2)


def main():
    if not DRIVER.exists():
        print(f"{DRIVER} is missing: build first")
        return 3
    folder = Path(tempfile.mkdtemp(prefix="picket-siem."))
    try:
        make_ca(folder, "ca")
        make_ca(folder, "foreign")
        make_certificate(folder, "ca", "server", "localhost", "DNS:localhost")
        make_certificate(folder, "ca", "server-other", "other.example", "DNS:other.example")
        make_certificate(folder, "foreign", "server-foreign", "localhost", "DNS:localhost")
        make_certificate(folder, "ca", "client", "picketd.example", "DNS:picketd.example")
        make_certificate(folder, "foreign", "stranger", "stranger.example", "DNS:stranger.example")
        plain(folder)
        tls(folder)
        refusals(folder)
        unsendable(folder)
        stops_quickly(folder)
    finally:
        if failed == 0:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
