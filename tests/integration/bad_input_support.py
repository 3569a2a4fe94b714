"""A picketd of one's own, raw requests to it, and certificates good and bad: for the tests here."""

import base64
import datetime
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import warnings
from pathlib import Path

IDLE_S = 3
REPORTS = 150  # a minute and device, in this server's settings
TRIES = 40     # wrong tokens a minute
warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.0, which is asked for on purpose


def run(*argv, data=None, check=True):
    done = subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if check and done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(map(str, argv)), done.stderr.decode("utf-8", "replace")))
    return done.stdout


def now(offset_s=0):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        match = re.match(r"HTTP/1\.[01] (\d{3})", lines[0])
        self.status = int(match[1]) if match else 0  # 0: closed without an answer
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        try:
            self.json = json.loads(self.body)
        except ValueError:
            self.json = None


class Server:
    def __init__(self, build, folder, extra=""):
        self.program = build / "bin" / "picketd"
        self.folder = folder
        self.config = folder / "picketd.yaml"
        self.config.write_text(
            'state_dir: "%s/state"\nlisten: {address: "127.0.0.1", port: 0}\n'
            "limits: {idle_timeout_s: %d, reports_per_minute: %d, enrolment_tries_per_minute: %d}\n%s"
            % (folder, IDLE_S, REPORTS, TRIES, extra))
        self.log = open(folder / "picketd.log", "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program, "--config", self.config], stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"ready https://localhost:(\d+)\n", line)
        if not match:
            raise RuntimeError("picketd did not become ready: " + (self.folder / "picketd.log").read_text())
        self.port = int(match[1])
        self.url = "https://localhost:%d" % self.port

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "had to be killed"

    def command(self, *argv):
        return run(self.program, "--config", self.config, *argv).decode().strip()

    def token(self):
        return self.command("--issue-enrollment").split("#")[1].split(".")[0]

    def context(self, identity=None, version=None):
        context = ssl.create_default_context(cafile=self.folder / "state" / "ca.pem")
        if version:
            context.minimum_version = context.maximum_version = version
            context.set_ciphers("ALL:@SECLEVEL=0")
        if identity:
            context.load_cert_chain(identity + ".pem", identity + ".key")
        return context

    def connect(self, identity=None, version=None):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        return self.context(identity, version).wrap_socket(plain, server_hostname="localhost")

    def raw(self, data, identity=None):
        """Sends the bytes, reads until the server has closed."""
        with self.connect(identity) as tls:
            try:
                tls.sendall(data)
            except OSError:
                pass  # it has answered and closed before it saw everything
            parts = []
            try:
                while part := tls.recv(65536):
                    parts.append(part)
            except OSError:
                pass
            return Answer(b"".join(parts))

    def request(self, method, target, body=None, identity=None, headers=(), close=True):
        lines = ["%s %s HTTP/1.1" % (method, target), "Host: localhost"]
        given = {h.split(":")[0].lower() for h in headers}
        if body is not None and "content-length" not in given and "transfer-encoding" not in given:
            lines.append("Content-Length: %d" % len(body))
        if close:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, *headers]).encode("utf-8", "surrogateescape") + b"\r\n\r\n"
        return self.raw(head + (body or b""), identity)


class Material:
    """Certificates good and bad, made with the openssl command."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.state = folder / "state"

    def path(self, name):
        return str(self.folder / name)

    def key(self, name, *kind):
        path = self.path(name) + ".key"
        run("openssl", "genpkey", *(kind or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")), "-out", path)
        return path

    def request(self, name, *kind):
        key = self.key(name, *kind)
        return run("openssl", "req", "-new", "-key", key, "-subj", "/CN=ignored", "-outform", "DER")

    def enrol(self, name, token=None, der=None, headers=()):
        der = der if der is not None else self.request(name)
        answer = self.simple_enrol(token or self.server.token(), base64.b64encode(der), headers)
        if answer.status == 200:
            self.keep(name, answer)
        return answer

    def keep(self, name, answer):
        p7 = base64.b64decode(answer.body, validate=True)
        pem = run("openssl", "pkcs7", "-inform", "DER", "-print_certs", data=p7)
        Path(self.path(name) + ".pem").write_bytes(pem)

    def simple_enrol(self, token, body, headers=()):
        basic = base64.b64encode(("picket:" + token).encode()).decode()
        return self.server.request("POST", "/.well-known/est/simpleenroll", body,
                                   headers=["Content-Type: application/pkcs10", "Authorization: Basic " + basic, *headers])

    def device_id(self, name):
        text = run("openssl", "x509", "-in", self.path(name) + ".pem", "-noout", "-subject").decode()
        return re.search(r"CN = ([0-9a-f-]{36})", text)[1]

    def forge(self, name, ca=None, san="URI:urn:uuid:00000000-0000-4000-8000-000000000000", usage="clientAuth",
              start="-1d", end="+30d"):
        """A certificate with what we like in it. ca: (certificate, key), "self", or None: picketd's own."""
        at = datetime.datetime.now(datetime.timezone.utc)
        times = [(at + datetime.timedelta(days=int(t[:-1]))).strftime("%Y%m%d%H%M%SZ") for t in (start, end)]
        key = self.key(name)
        work = self.folder / ("ca-" + name)
        work.mkdir()
        (work / "index").write_text("")
        (work / "serial").write_text(os.urandom(16).hex() + "\n")
        extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=" + usage]
        if san:
            extensions.append("subjectAltName=" + san)
        certificate, signer = ca if isinstance(ca, tuple) else (self.state / "ca.pem", self.state / "ca.key")
        (work / "cnf").write_text(
            "[ca]\ndefault_ca=c\n[c]\ndatabase=%s/index\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\n"
            "policy=p\nx509_extensions=e\nunique_subject=no\n[p]\ncommonName=optional\n[e]\n%s\n"
            % (work, work, work, "\n".join(extensions)))
        request = self.path(name) + ".csr"
        run("openssl", "req", "-new", "-key", key, "-subj", "/CN=forged", "-out", request)
        signing = ["-selfsign", "-keyfile", key] if ca == "self" else ["-cert", certificate, "-keyfile", signer]
        run("openssl", "ca", "-batch", "-notext", "-config", work / "cnf", "-in", request, "-out", self.path(name) + ".pem",
            "-startdate", times[0], "-enddate", times[1], *signing)
        return self.path(name)

    def other_ca(self):
        key = self.key("other-ca")
        run("openssl", "req", "-x509", "-key", key, "-subj", "/CN=Picket CA 00000000", "-days", "10", "-out",
            self.path("other-ca") + ".pem")
        return self.path("other-ca") + ".pem", key
