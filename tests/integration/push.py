#!/usr/bin/env python3
"""Pushes, end to end: devices register where they can be woken, an alert for one that does not listen becomes a push, and receivers
behind nghttpx (HTTP/2, TLS) answer as Apple's and Google's documents say: 200, 410, 403 once, 429 with Retry-After, 503, 401, 404.
What they get says "come" and nothing else."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, padding  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: E402
from apps_support import Phone  # noqa: E402
from mail_support import free_port, make_ca, make_certificate, openssl, wait_for  # noqa: E402
from rest_support import Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check
POLICY = "version: 1\nname: test\nalerts: {per_week: 100}\nrules:\n  - name: all\n    when: {}\n    do: [alert]\n"


class Service:
    """One receiver behind nghttpx."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.front, self.back = free_port(), free_port()
        self.got, self.answers, self.lock = [], [], threading.Lock()
        mine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with mine.lock:
                    status, headers, answer = mine.reply(self.path, body)
                    mine.got.append({"path": self.path, "body": body, "at": time.monotonic(), "status": status,
                                     "headers": {k.lower(): v for k, v in self.headers.items()}})
                data = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", self.back), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.child = subprocess.Popen(["nghttpx", "--conf=/dev/null", f"-f127.0.0.1,{self.front}", f"-b127.0.0.1,{self.back}",
                                       "--workers=1", str(folder / "push.key"), str(folder / "push.pem")],
                                      stdout=subprocess.DEVNULL, stderr=open(folder / f"{name}.log", "ab"))

    def reply(self, path, body):
        if path == "/token":
            return 200, {}, {"access_token": f"ya29.{len(self.got)}", "expires_in": 3599, "token_type": "Bearer"}
        return self.answers.pop(0) if self.answers else (200, {}, {"name": "projects/p/messages/1"})

    def pushes(self):
        with self.lock:
            return [g for g in self.got if g["path"] != "/token"]

    def close(self):
        self.child.terminate()
        self.child.wait(10)
        self.server.shutdown()
        self.server.server_close()


class World:
    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="picket-push-"))
        make_ca(self.dir, "ca")
        make_certificate(self.dir, "ca", "push")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.dir / "apns.p8")
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.dir / "fcm.key")
        self.apns, self.fcm = Service(self.dir, "apns"), Service(self.dir, "fcm")
        (self.dir / "account.json").write_text(json.dumps({"client_email": "picket@p.example", "private_key_id": "k1",
                                                           "private_key": (self.dir / "fcm.key").read_text(),
                                                           "token_uri": "https://unused.example/token"}))
        (self.dir / "policy.yaml").write_text(POLICY)
        self.server = Server(f"""push:
  apns:
    key_file: "{self.dir}/apns.p8"
    key_id: KEY1
    team_id: TEAM1
    topic: org.example.picket
    url: "https://localhost:{self.apns.front}"
    ca: "{self.dir}/ca.pem"
  fcm:
    service_account_file: "{self.dir}/account.json"
    project: p
    url: "https://localhost:{self.fcm.front}"
    token_url: "https://localhost:{self.fcm.front}/token"
    ca: "{self.dir}/ca.pem"
policy: "{self.dir}/policy.yaml"
""").start()
        link = Client(self.server).post("/session", {"token": self.server.signin_token()})
        person = Client(self.server, cookie=link.headers["set-cookie"].split(";")[0].split("=")[1])
        self.owner = Client(self.server, token=person.post("/tokens", {"name": "o", "role": "owner"}).json["token"])
        self.enrol = self.owner.post("/enrollments", {"uses": 100}).json["token"]
        self.count = 0

    def phone(self, service, token):
        self.count += 1
        phone = Phone(self.server, self.enrol, f"phone{self.count}")
        status, _ = register(phone, service, token)
        check(f"{service} is registered", status == 204, status)
        phone.report(phone.posture())
        return phone

    def sql(self, text):
        return subprocess.run(["/usr/bin/python3", "-c", "import sqlite3,sys\nd=sqlite3.connect(sys.argv[1],timeout=20)\n"
                               "r=d.execute(sys.argv[2]).fetchall()\nd.commit()\nprint(r)",
                               str(self.server.dir / "state" / "picket.db"), text], capture_output=True, text=True).stdout

    def tokens(self, phone):
        return self.sql(f"SELECT token FROM push_tokens WHERE device = '{phone.id}'").strip()

    def close(self):
        self.server.close()
        self.apns.close()
        self.fcm.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def register(phone, service, token=None):
    body = {"service": service} if token is None else {"service": service, "token": token}
    return phone.call("POST", "/v1/push", json.dumps(body), {"Content-Type": "application/json"})


NETS = iter(range(1, 1000))


def attack(phone):
    net = f"net-{next(NETS):016x}"
    return phone.report(phone.joined(net), phone.spoofed(net))[0]


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_register(w):
    phone = Phone(w.server, w.enrol, "rows")
    for service, token in [("apns", "xyz"), ("apns", "../x"), ("fcm", "a b"), ("fcm", None), ("mqtt", "ab"), ("apns", "ab" * 600)]:
        status, _ = register(phone, service, token)
        check(f"refused: {service} {str(token)[:10]!r}", status == 400, status)
    check("taken", register(phone, "apns", "ab12")[0] == 204 and "ab12" in w.tokens(phone))
    check("replaced", register(phone, "fcm", "x:y_z")[0] == 204 and w.tokens(phone) == "[('x:y_z',)]", w.tokens(phone))
    check("taken back", register(phone, "none")[0] == 204 and w.tokens(phone) == "[]")
    check("not without a certificate", Client(w.server).call("POST", "/v1/push", {"service": "none"}).status == 401)


def test_apns(w):
    phone = w.phone("apns", "aa" * 32)
    check("an attack is reported", attack(phone) == 200)
    if not check("the push goes out over HTTP/2", wait_for(lambda: w.apns.pushes()), w.server.log.read_text()[-800:]):
        return
    push = w.apns.pushes()[0]
    h = push["headers"]
    check("to its token", push["path"] == "/3/device/" + "aa" * 32, push["path"])
    check("in the background, collapsed", (h["apns-push-type"], h["apns-priority"], h["apns-topic"], h["apns-collapse-id"]) ==
          ("background", "5", "org.example.picket", "sync"), h)
    body = json.loads(push["body"])
    check("it says nothing but come", body["aps"] == {"content-available": 1} and set(body) == {"aps", "p"} and
          phone.id not in push["body"].decode(), body)
    jwt = h["authorization"].removeprefix("bearer ")
    head, claims, signature = jwt.split(".")
    raw = b64(signature)
    key = serialization.load_pem_private_key((w.dir / "apns.p8").read_bytes(), None).public_key()
    key.verify(encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")), f"{head}.{claims}".encode(),
               ec.ECDSA(hashes.SHA256()))
    check("signed by our key (ES256, r and s)", len(raw) == 64 and json.loads(b64(head))["kid"] == "KEY1" and
          json.loads(b64(claims))["iss"] == "TEAM1")


def test_apns_answers(w):
    phone = w.phone("apns", "bb" * 32)
    first = len(w.apns.pushes())
    w.apns.answers = [(403, {}, {"reason": "ExpiredProviderToken"})]
    attack(phone)
    got = wait_for(lambda: len(w.apns.pushes()) >= first + 2 and w.apns.pushes()[first:])
    check("an expired token of ours is made anew once", got and [g["status"] for g in got] == [403, 200] and
          got[1]["at"] - got[0]["at"] < 1, got)
    first = len(w.apns.pushes())
    w.apns.answers = [(503, {}, {"reason": "ServiceUnavailable"})]
    attack(phone)
    got = wait_for(lambda: len(w.apns.pushes()) >= first + 2 and w.apns.pushes()[first:])
    check("503 is tried again", got and [g["status"] for g in got] == [503, 200], got)
    first = len(w.apns.pushes())
    other = w.phone("apns", "cc" * 32)
    w.apns.answers = [(429, {"Retry-After": "3"}, {"reason": "TooManyRequests"})]
    attack(phone)
    check("429 for one", wait_for(lambda: len(w.apns.pushes()) > first))
    attack(other)
    got = wait_for(lambda: len(w.apns.pushes()) >= first + 3 and w.apns.pushes()[first:])
    check("holds back that one for as long as asked, and nobody else", got and [g["path"][-2:] for g in got] == ["bb", "cc", "bb"] and
          got[2]["at"] - got[0]["at"] >= 2.9, got)
    w.apns.answers = [(410, {}, {"reason": "Unregistered", "timestamp": int((time.time() + 60) * 1000)})]
    attack(other)
    check("410 forgets the token", wait_for(lambda: w.tokens(other) == "[]"), w.tokens(other))
    w.apns.answers = [(410, {}, {"reason": "Unregistered", "timestamp": 1000})]
    attack(phone)
    check("a token that was told since then stays", wait_for(lambda: not w.apns.answers) and time.sleep(0.5) is None and
          "bb" in w.tokens(phone), w.tokens(phone))
    first = len(w.apns.pushes())
    attack(other)
    time.sleep(1)
    check("who has no token is not pushed", len(w.apns.pushes()) == first)


def test_coalesce(w):
    phone = w.phone("fcm", "many:one")
    w.fcm.answers = [(503, {}, {})] * 2
    for _ in range(4):
        attack(phone)
    check("many alerts are one push", wait_for(lambda: [g["status"] for g in w.fcm.pushes()].count(200) >= 1, 20) and
          time.sleep(1) is None and len(w.sql(f"SELECT id FROM actions WHERE kind = 6 AND device = '{phone.id}'").split("(")) - 1 <= 2,
          w.sql("SELECT * FROM actions WHERE kind = 6"))


def test_listening(w):
    phone = w.phone("fcm", "listens:1")
    first = len(w.fcm.pushes())
    got = []
    thread = threading.Thread(target=lambda: got.extend(phone.wait(15)))
    thread.start()
    time.sleep(1)
    attack(phone)
    thread.join(20)
    time.sleep(1)
    check("who listens gets the command and no push", got and len(w.fcm.pushes()) == first, (got, len(w.fcm.pushes()) - first))


def test_fcm(w):
    phone = w.phone("fcm", "tok:en-1_x")
    tokens = len([g for g in w.fcm.got if g["path"] == "/token"])
    attack(phone)
    got = wait_for(lambda: [g for g in w.fcm.pushes() if b"tok:en-1_x" in g["body"]])
    if not check("the push goes out", got, w.server.log.read_text()[-800:]):
        return
    body = json.loads(got[0]["body"])["message"]
    check("to the project's address", got[0]["path"] == "/v1/projects/p/messages:send", got[0]["path"])
    check("it says nothing but come", body == {"token": "tok:en-1_x", "data": {"k": "sync"}, "android":
          {"priority": "HIGH", "ttl": "3600s", "collapse_key": "sync"}}, body)
    form = next(g for g in w.fcm.got if g["path"] == "/token")
    check("one access token for many", tokens <= 1 and len([g for g in w.fcm.got if g["path"] == "/token"]) == 1)
    jwt = form["body"].decode().split("assertion=")[1]
    head, claims, signature = jwt.split(".")
    key = serialization.load_pem_private_key((w.dir / "fcm.key").read_bytes(), None).public_key()
    key.verify(b64(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    claims = json.loads(b64(claims))
    check("asked for by a signed assertion (RS256)", claims["iss"] == "picket@p.example" and claims["exp"] - claims["iat"] == 3600 and
          claims["aud"].endswith("/token"), claims)
    first = len(w.fcm.pushes())
    w.fcm.answers = [(401, {}, {"error": {"status": "UNAUTHENTICATED"}})]
    attack(phone)
    got = wait_for(lambda: len(w.fcm.pushes()) >= first + 2 and w.fcm.pushes()[first:])
    check("401: a new access token, once", got and [g["status"] for g in got] == [401, 200] and
          got[0]["headers"]["authorization"] != got[1]["headers"]["authorization"], got)
    phone = w.phone("fcm", "gone:1")
    wait_for(lambda: "[]" in w.sql("SELECT id FROM actions WHERE kind = 6 AND state = 0"))
    w.fcm.answers = [(404, {}, {"error": {"status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}})]
    attack(phone)
    check("404 forgets the token", wait_for(lambda: w.tokens(phone) == "[]"), w.tokens(phone))


def test_log(w):
    logs = w.server.log.read_text()
    check("no token in the log", not any(t in logs for t in ("ya29", "aa" * 32, "tok:en", "eyJ", "PRIVATE")))
    channels = {c["name"]: c for c in w.owner.get("/channels").json["items"]}
    check("the console lists both", set(channels) == {"apns", "fcm"} and all(c["last_ok_at"] for c in channels.values()), channels)


def main():
    w = World()
    try:
        for test in (test_register, test_apns, test_apns_answers, test_coalesce, test_listening, test_fcm, test_log):
            before = tally.passed, tally.failed
            test(w)
            print(f"{test.__name__}: {tally.passed - before[0]} passed, {tally.failed - before[1]} failed", flush=True)
    finally:
        w.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
