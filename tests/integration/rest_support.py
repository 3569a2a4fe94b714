"""What the REST tests stand on: a picketd of their own, clients, devices that report, and a judge
that holds every answer against data/openapi.json. Not a suite by itself."""

import base64
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import last_words  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
BIN = BUILD / "bin"
OPENAPI = json.loads((ROOT / "data" / "openapi.json").read_text())
BASE = "/api/v1"


class Tally:
    """Also counts the servers that crashed or that a sanitizer complained of."""

    faults = 0

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, shown=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print(f"FAILED  {name}\n        {str(shown)[:600]}", flush=True)
        return bool(good)

    def end(self):
        self.failed += Tally.faults
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0


# ---- a judge of answers -------------------------------------------------------------------------

def resolve(schema):
    while "$ref" in schema:
        node = OPENAPI
        for part in schema["$ref"][2:].split("/"):
            node = node[part]
        schema = node
    return schema


TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def faults(value, schema, path="$"):
    """What of value the schema does not allow; keys that it does not name are faults, too."""
    schema = resolve(schema)
    if "anyOf" in schema:
        tries = [list(faults(value, s, path)) for s in schema["anyOf"]]
        if all(tries):
            yield from min(tries, key=len)
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(TYPES[k](value) for k in kinds):
        yield f"{path}: {value!r} is no {'/'.join(kinds)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if value is None:
        return
    if schema.get("format") == "date-time" and not TIME.fullmatch(value):
        yield f"{path}: {value!r} is no time"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not fit {schema['pattern']}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            yield f"{path}: {value!r} is out of range"
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            yield from faults(item, schema["items"], f"{path}[{i}]")
    if isinstance(value, dict) and "properties" in schema:
        for key in schema.get("required", []):
            if key not in value:
                yield f"{path}: '{key}' is missing"
        for key, item in value.items():
            if key in schema["properties"]:
                yield from faults(item, schema["properties"][key], f"{path}.{key}")
            elif path != "$" or "instance" not in schema["properties"]:
                if "Evidence" not in str(schema.get("$comment", "")) and "chain" not in schema["properties"]:
                    yield f"{path}: '{key}' is not described"


def operation_of(method, path):
    """(template, operation) of a called path, (None, None) when nothing is described."""
    path = path.split("?")[0]
    if not path.startswith(BASE):
        return None, None
    rest = path[len(BASE):]
    for template, item in OPENAPI["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), rest) and method.lower() in item:
            return template, item[method.lower()]
    return None, None


def judge(method, path, answer):
    """What is wrong with an answer to a described call."""
    _, operation = operation_of(method, path)
    if operation is None:
        return []
    described = operation["responses"].get(str(answer.status))
    if described is None:
        return [f"status {answer.status} is not described"]
    described = resolve(described)
    kinds = described.get("content")
    if kinds is None:
        return [] if answer.body == b"" else ["a body is not described"]
    kind = answer.headers.get("content-type", "").split(";")[0]
    if kind not in kinds:
        return [f"content type {kind!r} is not described"]
    if kind == "text/html":
        return []
    return list(faults(answer.json, kinds[kind]["schema"]))


# ---- clients ------------------------------------------------------------------------------------

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {}
        for name, value in headers:
            name = name.lower()
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        self.header_names = [n.lower() for n, _ in headers]

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    @property
    def problem(self):
        kind = (self.json or {}).get("type", "")
        return kind.removeprefix("urn:picket:error:")

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Client:
    """Calls as one actor: by token, by cookie, or as nobody. Every answer goes through `watch`."""

    watch = None

    def __init__(self, server, token=None, cookie=None, address=None, marker=True):
        self.server, self.token, self.cookie, self.address = server, token, cookie, address
        self.marker = marker

    def call(self, method, path, body=None, headers=None, raw=None, timeout=60, announce=None):
        """announce: a Content-Length whose body is never sent; the server must not wait for it."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if self.cookie is not None:
            sent.setdefault("Cookie", f"__Host-picket={self.cookie}")
            if self.marker and method != "GET":
                sent.setdefault("X-Picket-Request", "1")
        data = raw
        if announce is not None:
            sent["Content-Length"] = str(announce)
        if body is not None:
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        source = (self.address, 0) if self.address else None
        link = http.client.HTTPSConnection("localhost", self.server.port, timeout=timeout,
                                           context=self.server.context, source_address=source)
        try:
            link.request(method, path, body=data, headers=sent)
            got = link.getresponse()
            answer = Answer(got.status, got.getheaders(), got.read())
        except OSError:
            self.server.tell_if_gone()
            raise
        finally:
            link.close()
        if Client.watch is not None:
            Client.watch(method, path, answer)
        return answer

    def get(self, path, **more):
        return self.call("GET", BASE + path, **more)

    def post(self, path, body, **more):
        return self.call("POST", BASE + path, body, **more)

    def delete(self, path, **more):
        return self.call("DELETE", BASE + path, **more)


# ---- the server ---------------------------------------------------------------------------------

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A picketd with a folder of its own. Ended and removed by close()."""

    def __init__(self, settings="", console=None):
        self.dir = Path(tempfile.mkdtemp(prefix="picket-rest-"))
        self.port = free_port()
        self.config = self.dir / "picketd.yaml"
        self.log = self.dir / "picketd.log"
        text = (f'state_dir: "{self.dir}/state"\n'
                f'console_dir: "{console or self.dir / "no-console"}"\n'
                f'listen:\n  address: "127.0.0.1"\n  port: {self.port}\n'
                'names: ["localhost"]\n'
                'limits:\n  api_per_minute: 1000000\n  reports_per_minute: 100000\n' + settings)
        self.config.write_text(text)
        self.process, self.faulty = None, False

    def start(self):
        self.process = subprocess.Popen([BIN / "picketd", "--config", self.config],
                                        stdout=subprocess.DEVNULL, stderr=self.log.open("ab"))
        end = time.monotonic() + 30
        ca = self.dir / "state" / "ca.pem"
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"picketd ended: {self.log.read_text()[-2000:]}")
            try:
                self.context = ssl.create_default_context(cafile=str(ca))
                if Client(self).call("GET", "/readyz").status == 200:
                    return self
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise RuntimeError(f"picketd does not become ready: {self.log.read_text()[-2000:]}")

    def command(self, *args):
        done = subprocess.run([BIN / "picketd", "--config", self.config, *args],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"picketd {args}: {done.returncode} {done.stderr[-1000:]}")
        return done.stdout.strip()

    def signin_token(self):
        return self.command("--signin-link").split("/#/signin/")[1]

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self.look_for_faults()
        return self.process.returncode if self.process else None

    def tell_if_gone(self):
        last_words.tell_if_gone("picketd", self.process, self.log)

    def look_for_faults(self):
        """Once a server: several processes may have written this log one after another."""
        if not self.faulty and last_words.told_of("picketd", self.process, self.log):
            self.faulty = True
            Tally.faults += 1

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


# ---- devices ------------------------------------------------------------------------------------

class Device:
    """Enrolled by EST like a real one; reports over mutual TLS."""

    def __init__(self, server, token, name):
        self.server, self.seq = server, 0
        self.key, self.pem = server.dir / f"{name}.key", server.dir / f"{name}.pem"
        csr = subprocess.run(
            ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", self.key, "-subj", f"/CN={name}", "-outform", "DER"],
            check=True, capture_output=True).stdout
        basic = base64.b64encode(f"picket:{token}".encode()).decode()
        answer = Client(server).call(
            "POST", "/.well-known/est/simpleenroll", raw=base64.b64encode(csr),
            headers={"Authorization": f"Basic {basic}", "Content-Type": "application/pkcs10",
                     "X-Picket-Name": name, "X-Picket-Platform": "linux"})
        if answer.status != 200:
            raise RuntimeError(f"enrolment: {answer}")
        pem = subprocess.run(["openssl", "pkcs7", "-inform", "DER", "-print_certs"],
                             input=base64.b64decode(answer.body), check=True,
                             capture_output=True).stdout
        self.pem.write_bytes(pem)
        subject = subprocess.run(["openssl", "x509", "-in", self.pem, "-noout", "-subject"],
                                 check=True, capture_output=True, text=True).stdout
        self.id = re.search(r"CN ?= ?([0-9a-f-]{36})", subject).group(1)
        self.context = ssl.create_default_context(cafile=str(server.dir / "state" / "ca.pem"))
        self.context.load_cert_chain(str(self.pem), str(self.key))

    def report(self, *observations):
        """Each (kind, body, network or None). Returns (status, answer)."""
        rows = []
        for kind, body, network in observations:
            self.seq += 1
            now = time.time()
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
            row = {"seq": self.seq, "at": at, "kind": kind, kind: body}
            if network:
                row["on"] = network
            rows.append(row)
        link = http.client.HTTPSConnection("localhost", self.server.port, timeout=30,
                                           context=self.context)
        try:
            link.request("POST", "/v1/report", json.dumps({"v": 1, "observations": rows}),
                         {"Content-Type": "application/json"})
            got = link.getresponse()
            return got.status, json.loads(got.read() or b"null")
        finally:
            link.close()

    def ledger(self):
        """What the server says that it holds about this device."""
        link = http.client.HTTPSConnection("localhost", self.server.port, timeout=30,
                                           context=self.context)
        try:
            link.request("GET", "/v1/ledger")
            return json.loads(link.getresponse().read())
        finally:
            link.close()

    def posture(self, **more):
        body = {"platform": "linux", "model": "Test Phone", "os_name": "Debian GNU/Linux",
                "os_version": "12 (bookworm)", "kernel": "6.1.0", "patch": time.strftime("%Y-%m-%d"),
                "disk_encrypted": True, "screen_lock": True, "developer_mode": False}
        body.update(more)
        return ("posture", body, None)

    def joined(self, network):
        return ("network", {"event": "joined", "link": "wifi", "security": "wpa2",
                            "gateway": "192.168.77.1", "gateway_mac": "02:77:00:00:00:01",
                            "dns": ["192.168.77.1"]}, network)

    def left(self, network):
        return ("network", {"event": "left", "link": "wifi"}, network)

    def spoofed(self, network):
        return ("gateway", {"address": "192.168.77.1", "mac": "02:77:00:00:00:66",
                            "mac_before": "02:77:00:00:00:01", "mac_rival": "02:77:00:00:00:66",
                            "probes": 3, "old_answers": 3, "rival_claims": 3,
                            "unasked_claims": 3}, network)
