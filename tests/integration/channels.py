#!/usr/bin/python3
"""Letters, webhooks and reports, end to end: a real picketd, a real exim that relays with TLS, a sign-in and DKIM to a second
one, and an HTTPS receiver. A peer that is down, refuses for good or for now, shows a wrong certificate; names that would
like to be headers; the sender is killed: nothing is lost, nothing is invented."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import rest_support  # noqa: E402
from mail_support import Receiver, final_server, make_ca, make_certificate, openssl, relay, verify, wait_for  # noqa: E402
from rest_support import BIN, Client, Device, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
SECRET = "a shared key"
POLICY = """version: 1
name: test
rules:
  - name: everything
    when: {}
    do: [alert, tell_admins]
"""


def watch(method, path, answer):
    for fault in rest_support.judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


def part_of(letter, kind):
    return letter.get_body(preferencelist=(kind,)).get_content()


class World:
    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="picket-channels-"))
        self.dir.chmod(0o755)
        make_ca(self.dir, "ca")
        make_ca(self.dir, "other-ca")
        make_certificate(self.dir, "ca", "mail")
        make_certificate(self.dir, "other-ca", "wrong")
        make_certificate(self.dir, "ca", "hook")
        openssl("genrsa", "-out", self.dir / "dkim.key", "2048")
        openssl("rsa", "-in", self.dir / "dkim.key", "-pubout", "-outform", "DER", "-out", self.dir / "dkim.der")
        for file in self.dir.glob("*.key"):
            file.chmod(0o644)
        (self.dir / "password").write_text("geheim wort\n")
        (self.dir / "secret").write_text(SECRET + "\n")
        self.final = final_server(self.dir).start()
        self.relay = relay(self.dir, self.final, "mail").start()
        self.hook = Receiver(self.dir, "hook").start()
        self.all = Receiver(self.dir, "hook").start()
        (self.dir / "policy.yaml").write_text(POLICY)
        self.server = Server(f"""mail:
  relay: "smtp://localhost:{self.relay.port}"
  user: picket
  password_file: "{self.dir}/password"
  from: picket@example.org
  name: "Müller & Söhne, IT"
  reply_to: it@example.org
  ca: "{self.dir}/ca.pem"
webhooks:
  - name: ops
    url: "https://localhost:{self.hook.port}/in"
    secret_file: "{self.dir}/secret"
    ca: "{self.dir}/ca.pem"
  - name: all
    url: "https://localhost:{self.all.port}/all"
    events: ["incident.*", "audit"]
    ca: "{self.dir}/ca.pem"
policy: "{self.dir}/policy.yaml"
""").start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        self.tokens = {r: person.post("/tokens", {"name": r, "role": r}).json["token"] for r in ("viewer", "owner", "policy")}
        self.owner, self.viewer, self.writer = (Client(self.server, token=self.tokens[r]) for r in ("owner", "viewer", "policy"))
        self.enrol = self.owner.post("/enrollments", {"uses": 100}).json["token"]

    def channel(self, name):
        return next(c for c in self.viewer.get("/channels").json["items"] if c["name"] == name)

    def letters(self, to=None):
        return [(raw, m) for raw, m in self.final.letters() if to is None or to in str(m["To"])]

    def test_letter(self, to):
        return self.owner.post("/channels/mail/test", {"to": to})

    def sql(self, text):
        return subprocess.run(["/usr/bin/python3", "-c", "import sqlite3,sys\nd=sqlite3.connect(sys.argv[1],timeout=20)\n"
                               "r=d.execute(sys.argv[2]).fetchall()\nd.commit()\nprint(r)",
                               str(self.server.dir / "state" / "picket.db"), text], capture_output=True, text=True).stdout

    def close(self):
        self.server.close()
        self.hook.stop()
        self.all.stop()
        self.relay.stop()
        self.final.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


# ---- letters ------------------------------------------------------------------------------------

def test_letter(w):
    check("a test letter is taken", w.test_letter("anna@example.org").status == 202)
    got = wait_for(lambda: w.letters("anna@example.org"))
    if not check("it arrives through the relay", got, w.relay.logs()[-1500:] + str(w.channel("mail"))):
        return
    raw, m = got[0]
    head = raw.split(b"\n\n")[0].decode()
    for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type"):
        check(f"one {name}", len(m.get_all(name) or []) == 1, head)
    check("the sender's name is read", m["From"].addresses[0].display_name == "Müller & Söhne, IT", m["From"])
    check("text and HTML", "They do." in part_of(m, "plain") and "<h1" in part_of(m, "html"))
    check("the link leads here", f":{w.server.port}/#/communication" in part_of(m, "plain"), part_of(m, "plain"))
    check("the relay says who signed in", "A=plain:picket" in w.relay.logs() and "X=TLS1" in w.relay.logs(), w.relay.logs()[-800:])
    state = w.channel("mail")
    check("the books say so", state["last_ok_at"] and not state["last_error"] and state["pending"] == 0, state)


def test_dkim(w):
    import base64
    import dkim
    public = base64.b64encode((w.dir / "dkim.der").read_bytes()).decode()

    def record(name, timeout=5):
        return f"v=DKIM1; k=rsa; p={public}".encode()
    raw, m = w.letters("anna@example.org")[0]
    # The last server adds lines of its own above; what was signed is below them.
    check("the relay signed it", m["DKIM-Signature"] and "d=example.org" in m["DKIM-Signature"], str(m["DKIM-Signature"]))
    check("the signature holds after delivery", dkim.verify(raw, dnsfunc=record))
    signed = re.search(r"h=([^;]*);", str(m["DKIM-Signature"])).group(1).lower()
    check("From, To, Subject, Date and Message-ID are signed", all(h in signed for h in
          ("from", "to", "subject", "date", "message-id")), signed)
    broken = raw.replace(b"They do.", b"They do!")
    check("a changed letter does not verify", not dkim.verify(broken, dnsfunc=record))


def test_refusals(w):
    before = len(w.letters())
    (w.dir / "defer").write_text("")
    w.test_letter("nobody@example.org")
    w.test_letter("late@example.org")
    w.test_letter("prompt@example.org")
    check("one that has to wait and one that is refused hold up nobody", wait_for(lambda: w.letters("prompt@example.org")),
          w.relay.logs()[-1500:])
    rows = w.sql("SELECT target, state, last_error FROM actions WHERE kind = 4 ORDER BY id")
    check("5xx is given up with the relay's words", wait_for(lambda: "no such user here" in
          w.sql("SELECT last_error FROM actions WHERE target = 'nobody@example.org' AND state = 3")), rows)
    check("4xx waits with the relay's words", wait_for(lambda: "come back later" in
          w.sql("SELECT last_error FROM actions WHERE target = 'late@example.org' AND state = 0")), rows)
    check("the channel as a whole is well", not w.channel("mail")["last_error"], w.channel("mail"))
    (w.dir / "defer").unlink()
    check("and is tried again", wait_for(lambda: w.letters("late@example.org"), 40))
    check("each arrived once", len(w.letters()) == before + 2, len(w.letters()))


def test_down(w):
    w.relay.stop()
    w.test_letter("down@example.org")
    check("a relay that is down shows in the books", wait_for(lambda: w.channel("mail")["last_error"]), w.channel("mail"))
    w.server.process.send_signal(signal.SIGKILL)
    w.server.process.wait(10)
    w.server.faulty = True  # killed on purpose
    w.server.start()
    check("what waited is there after kill -9", w.channel("mail")["pending"] == 1, w.channel("mail"))
    w.relay.start()
    check("and is sent when the relay is back", wait_for(lambda: w.letters("down@example.org"), 30), w.channel("mail"))
    check("once", len(w.letters("down@example.org")) == 1)
    check("the error is gone", wait_for(lambda: not w.channel("mail")["last_error"]))


def test_wrong_certificate(w):
    w.relay.stop()
    text = w.relay.conf.read_text()
    w.relay.conf.write_text(text.replace("/mail.pem", "/wrong.pem").replace("/mail.key", "/wrong.key"))
    w.relay.start()
    w.test_letter("tls@example.org")
    check("a certificate of another CA is refused", wait_for(lambda: "certificate" in (w.channel("mail")["last_error"] or "")),
          w.channel("mail"))
    check("nothing went there", "tls@example.org" not in w.relay.logs() and "geheim" not in w.relay.logs())
    w.relay.stop()
    w.relay.conf.write_text(text.replace("tls_advertise_hosts = *", "tls_advertise_hosts ="))
    w.relay.start()
    check("a relay without STARTTLS gets nothing", wait_for(lambda: "STARTTLS" in (w.channel("mail")["last_error"] or "").upper()
          or "TLS" in (w.channel("mail")["last_error"] or "").upper(), 30), w.channel("mail"))
    w.relay.stop()
    w.relay.conf.write_text(text)
    w.relay.start()
    check("the right one again", wait_for(lambda: w.letters("tls@example.org"), 40), w.channel("mail"))


# ---- who is told --------------------------------------------------------------------------------

RULES = {"user_mail": True, "rules": [
    {"name": "soc", "threats": ["network.*"], "severity": "medium", "mail": ["soc@example.org"], "webhooks": ["ops"]},
    {"name": "night", "mail": ["daily@example.org"], "when": "daily"},
    {"name": "others", "groups": ["elsewhere"], "mail": ["never@example.org"]}]}


def test_rules(w):
    check("nothing at first", w.viewer.get("/communication").json["version"] == 0)
    check("a viewer may not write", w.viewer.call("PUT", "/api/v1/communication", RULES).status == 403)
    done = w.writer.call("PUT", "/api/v1/communication?replaces=0", RULES)
    check("a writer of policies may", done.status == 200 and done.json["version"] == 1, done)
    check("not over somebody else's change", w.writer.call("PUT", "/api/v1/communication?replaces=0", RULES).status == 409)
    for text, path in [({"rules": [{"name": "x", "webhooks": ["gone"]}]}, "rules"),
                       ({"rules": [{"name": "x", "mail": ["a@b\nBcc: c@d"]}]}, "rules[0].mail"),
                       ({"rules": [{"name": "x", "mail": ["a@b"], "threats": ["frob.*"]}]}, "rules[0].threats"),
                       ({"frob": 1}, "frob")]:
        bad = w.writer.call("PUT", "/api/v1/communication", text)
        check(f"refused: {text}", bad.status == 400, bad)
    check("the writing is in the audit", any(a["act"] == "communication.put" for a in w.owner.get("/audit").json["items"]))


EVIL = "Anna\\u0027s phone"


def test_incident(w):
    phone = Device(w.server, w.enrol, "phone")
    w.sql(f"UPDATE devices SET mail = 'user@example.org', language = 'de', name = 'Phone" +
          "' || char(13) || char(10) || 'Bcc: eve@example.org' || char(10) || '<b>\u202e' WHERE id = '" + phone.id + "'")
    net = "net-" + "ab" * 8
    status, answer = phone.report(phone.posture(), phone.joined(net), phone.spoofed(net))
    check("a report with an attack is taken", status == 200, answer)
    if not check("the administrators get a letter", wait_for(lambda: w.letters("soc@example.org"), 20),
                 w.sql("SELECT kind,target,state,last_error FROM actions")):
        return
    raw, m = w.letters("soc@example.org")[0]
    text = part_of(m, "plain")
    check("with device, severity and link", "Device: Phone" in text and "Severity: " in text and "/#/incidents/" in text, text)
    check("a name cannot begin a header", m["Bcc"] is None and b"\nBcc: eve" not in raw.split(b"\n\n")[0])
    check("nor HTML", "&lt;b&gt;" in part_of(m, "html") and "<b>" not in part_of(m, "html"))
    check("nothing went to eve", "eve@example.org" not in w.relay.logs())
    user = wait_for(lambda: w.letters("user@example.org"), 10)
    if check("the person gets a copy in their language", user):
        m = user[0][1]
        check("in German", "Picket" in m["Subject"] and 'lang="de"' in part_of(m, "html"), part_of(m, "html")[:300])
        check("without ids", net not in part_of(m, "plain"), part_of(m, "plain"))
        linked = re.search(rf"https://\S+:{w.server.port}/me#item=([0-9a-z-]+)", part_of(m, "plain"))
        check("with the link to the thing on their page, in both forms", linked and
              w.viewer.get(f"/incidents/{linked.group(1)}").json.get("device", {}).get("id") == phone.id and
              f'href="{linked.group(0)}"' in part_of(m, "html"), part_of(m, "plain"))
    check("rules of other groups are silent", not w.letters("never@example.org"))
    check("gathered ones wait", not w.letters("daily@example.org") and
          "night" in w.sql("SELECT target FROM actions WHERE kind = 7 AND state = 0"))
    w.sql("UPDATE actions SET created_ms = created_ms - 172800000 WHERE kind = 7")
    digest = wait_for(lambda: w.letters("daily@example.org"), 40)
    check("and come as one letter when the day is over", digest and "last day" in digest[0][1]["Subject"], digest)
    incident = w.viewer.get("/incidents").json["items"][0]["id"]
    line = w.viewer.get(f"/incidents/{incident}").json["timeline"]
    check("the time line says that they were told", any(t["what"] == "admins" for t in line), line)
    return phone


# ---- webhooks -----------------------------------------------------------------------------------

def test_hook(w):
    got = wait_for(lambda: w.hook.taken("admins.told"))
    if not check("the webhook of the rule is called", got, w.channel("ops")):
        return
    call = next(g for g in w.hook.got if b"admins.told" in g["body"])
    check("the signature holds", verify(SECRET, call["headers"], call["body"]))
    check("not with another key", not verify("another", call["headers"], call["body"]))
    check("it has a delivery id and its type", call["headers"].get("x-picket-delivery") and
          call["headers"].get("x-picket-event") == "admins.told", call["headers"])
    events = wait_for(lambda: w.all.taken("incident.opened"))
    check("who subscribes to events gets them as the API shows them", events and
          set(events[0]) == {"id", "at", "type", "device", "incident", "detail"}, events)
    ids = [int(e["id"]) for e in w.all.taken() if "id" in e]
    check("in order, each once", ids == sorted(set(ids)) and len(ids) > 3, ids)
    check("and no others", all(e["type"].startswith("incident.") or e["type"] == "audit" for e in w.all.taken()))


def hook_tests(w):
    return [g for g in w.hook.got if b'"type":"test"' in g["body"]]


def test_hook_answers(w):
    w.hook.answers = [(503, {}), (429, {"Retry-After": "2"}), (302, {"Location": "https://localhost:1/"}), (204, {})]
    count = len(hook_tests(w))
    w.owner.post("/channels/ops/test", {})
    w.owner.post("/channels/ops/test", {})
    check("it is tried until it is taken", wait_for(lambda: len(hook_tests(w)) >= count + 5, 40),
          [g["status"] for g in hook_tests(w)])
    calls = hook_tests(w)[count:]
    check("in order: the second waits for the first", [c["status"] for c in calls][:5] == [503, 429, 302, 204, 204],
          [c["status"] for c in calls])
    check("with the same id each time", len({c["headers"]["x-picket-delivery"] for c in calls[:4]}) == 1 and
          len({c["headers"]["x-picket-delivery"] for c in calls}) == 2)
    check("Retry-After is granted", calls[2]["at"] - calls[1]["at"] >= 1.9, calls[2]["at"] - calls[1]["at"])
    w.hook.answers = [(422, {})]
    w.owner.post("/channels/ops/test", {})
    w.owner.post("/channels/ops/test", {})
    check("what can never be taken is given up", wait_for(lambda: "422" in
          w.sql("SELECT last_error FROM actions WHERE kind = 5 AND state = 3"), 15))
    check("and the next one goes on", wait_for(lambda: w.channel("ops")["pending"] == 0), w.channel("ops"))
    w.hook.stop()
    w.hook.pem, w.hook.key = w.dir / "wrong.pem", w.dir / "wrong.key"
    w.hook.start()
    taken = len(w.hook.got)
    w.owner.post("/channels/ops/test", {})
    check("a certificate of another CA is refused", wait_for(lambda: "certificate" in (w.channel("ops")["last_error"] or "")),
          w.channel("ops"))
    check("and gets nothing", len(w.hook.got) == taken)
    w.hook.stop()
    w.hook.pem, w.hook.key = w.dir / "hook.pem", w.dir / "hook.key"
    w.hook.start()
    check("the right one gets it", wait_for(lambda: w.channel("ops")["pending"] == 0, 30), w.channel("ops"))


# ---- reports ------------------------------------------------------------------------------------

def test_reports(w):
    for kind in ("security", "actions", "compliance"):
        page = w.viewer.get(f"/reports/{kind}")
        text = page.body.decode()
        check(f"{kind} is a page", page.status == 200 and text.startswith("<!DOCTYPE html>") and "@page{size:A4" in text, page)
        check(f"{kind} fetches and runs nothing", not re.search(r"<script|src=|@import|url\(|<link", text))
        check(f"{kind} may not either", "default-src 'none'" in page.headers.get("content-security-policy", ""), page.headers)
    check("of one group", "group default" in w.viewer.get("/reports/security?group=default").body.decode())
    check("another kind is not there", w.viewer.get("/reports/poem").status == 404)
    made = w.owner.post("/report-plans", {"kind": "security", "every": "weekly", "recipients": ["boss@example.org"]})
    check("a plan is made", made.status == 201 and made.json["next_at"], made)
    check("not by a viewer", w.viewer.post("/report-plans", {"kind": "security", "every": "weekly",
                                                              "recipients": ["boss@example.org"]}).status == 403)
    check("not to what is no address", w.owner.post("/report-plans", {"kind": "security", "every": "weekly",
                                                                       "recipients": ["boss"]}).status == 400)
    w.sql("UPDATE report_plans SET next_ms = 1")
    got = wait_for(lambda: w.letters("boss@example.org"), 40)
    if check("it is sent when it is due", got, w.owner.get("/report-plans").json):
        m = got[0][1]
        check("as HTML with the numbers as text", "<h2>By group" in part_of(m, "html") and "Devices: " in part_of(m, "plain"))
        check("with a way out", "mailto:it@example.org" in m["List-Unsubscribe"])
    plan = w.owner.get("/report-plans").json["items"][0]
    check("and comes again", plan["last_at"] and plan["next_at"] > plan["last_at"], plan)
    check("once", len(w.letters("boss@example.org")) == 1)
    check("removed", w.owner.delete(f"/report-plans/{plan['id']}").status == 204 and
          not w.owner.get("/report-plans").json["items"])


def test_commands(w):
    def picket(*args):
        return subprocess.run([BIN / "picket", *args, "--url", f"https://localhost:{w.server.port}", "--ca",
                               w.server.dir / "state" / "ca.pem"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PICKET_TOKEN": w.tokens["owner"]})
    done = picket("channel", "list")
    check("picket channel list", done.returncode == 0 and "mail" in done.stdout and "ops" in done.stdout, done)
    done = picket("channel", "mail", "cli@example.org")
    check("picket channel mail", done.returncode == 0 and wait_for(lambda: w.letters("cli@example.org")), done)
    done = picket("channel", "test", "ops")
    check("picket channel test", done.returncode == 0, done)
    file = w.dir / "rules.yaml"
    file.write_text("user_mail: false\nrules:\n  - name: one\n    mail: [a@example.org]\n")
    done = picket("communication", "set", file)
    check("picket communication set", done.returncode == 0 and "version 2" in done.stdout, done)
    done = picket("communication", "show")
    check("picket communication show", done.returncode == 0 and "a@example.org" in done.stdout, done)
    done = picket("report", "show", "compliance")
    check("picket report show", done.returncode == 0 and "<h1>Compliance by group" in done.stdout, done)
    done = picket("report", "add", "actions", "--every", "monthly", "--to", "a@example.org,,b@example.org", "--group", "default")
    check("picket report add", done.returncode == 0 and "first sent at" in done.stdout, done)
    plan = done.stdout.split(":")[0]
    made = w.owner.get("/report-plans").json["items"]
    check("it is the plan that was said", len(made) == 1 and made[0]["id"] == plan and made[0]["kind"] == "actions" and
          made[0]["every"] == "monthly" and made[0]["group"] == "default" and
          made[0]["recipients"] == ["a@example.org", "b@example.org"], made)
    done = picket("report", "plans")
    check("picket report plans", done.returncode == 0 and plan in done.stdout and "a@example.org" in done.stdout, done)
    for args, status, words in ((("poem", "--every", "daily", "--to", "a@example.org"), 3, "kind"),
                                (("actions", "--every", "hourly", "--to", "a@example.org"), 3, "every"),
                                (("actions", "--every", "daily", "--to", "nobody"), 3, "mail address"),
                                (("actions", "--every", "daily", "--to", ","), 3, "somebody"),
                                (("actions", "--to", "a@example.org"), 3, "--every is missing"),
                                (("actions", "--every", "daily"), 3, "--to is missing"),
                                ((), 2, "KIND")):
        done = picket("report", "add", *args)
        check(f"picket report add {' '.join(args)} is refused with its reason", done.returncode == status and words in done.stderr, done)
    done = picket("report", "remove", plan)
    check("picket report remove", done.returncode == 0 and not w.owner.get("/report-plans").json["items"], done)
    check("a plan that is gone", picket("report", "remove", plan).returncode == 3)


def test_secrets(w):
    logs = w.server.log.read_text()
    check("no secret in the log", "geheim" not in logs and SECRET not in logs)
    shown = w.server.command("--check-config")
    check("nor in the explained settings", "geheim" not in shown and SECRET not in shown and "mail.relay" in shown, shown[-600:])


def main():
    Client.watch = watch
    w = World()
    try:
        for test in (test_letter, test_dkim, test_rules, test_incident, test_hook, test_hook_answers, test_reports, test_refusals,
                     test_down, test_wrong_certificate, test_commands, test_secrets):
            before = tally.passed, tally.failed
            test(w)
            print(f"{test.__name__}: {tally.passed - before[0]} passed, {tally.failed - before[1]} failed", flush=True)
    finally:
        w.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
