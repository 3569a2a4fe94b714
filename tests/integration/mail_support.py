"""What the tests of channels stand on: certificates, a real exim that relays (TLS, sign-in, DKIM) to a second one that delivers
into a folder, and a receiver of webhooks. Not a suite by itself."""

import email
import email.policy
import hashlib
import hmac
import http.server
import json
import os
import pwd
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

EXIM = "/usr/sbin/exim4"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(look, seconds=20):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_ca(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / f"{name}.key",
            "-out", folder / f"{name}.pem", "-days", "2", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")


def make_certificate(folder, ca, name, san="DNS:localhost,IP:127.0.0.1"):
    ext = folder / f"{name}.ext"
    ext.write_text(f"subjectAltName={san}\nextendedKeyUsage=serverAuth\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / f"{name}.key",
            "-out", folder / f"{name}.csr", "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / f"{ca}.pem", "-CAkey", folder / f"{ca}.key",
            "-CAcreateserial", "-days", "2", "-extfile", ext, "-out", folder / f"{name}.pem")


# ---- mail ---------------------------------------------------------------------------------------

def who():
    """The user that exim runs as: never root."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


class Exim:
    """One exim with a folder of its own, in the foreground."""

    def __init__(self, folder, name, port, extra, routers, transports):
        user = who()
        self.dir = folder / name
        self.dir.mkdir()
        self.port, self.child = port, None
        for sub in ("spool", "mail"):
            (self.dir / sub).mkdir()
        self.conf = self.dir / "exim.conf"
        self.conf.write_text(f"""
spool_directory = {self.dir}/spool
pid_file_path = {self.dir}/exim.pid
primary_hostname = {name}.test
exim_user = {user.pw_uid}
exim_group = {user.pw_gid}
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
qualify_domain = test
domainlist all = *
timeout_frozen_after = 1m
log_selector = +smtp_protocol_error +smtp_syntax_error +received_recipients
queue_run_in_order
received_header_text = Received: by {name}.test; ${{tod_full}}
recipients_max = 10
{extra}
begin routers
{routers}
begin transports
{transports}
begin retry
* * F,1h,5s
""")

    def own(self):
        user = who()
        if os.getuid() == 0:
            for path in [self.dir, *self.dir.rglob("*")]:
                os.chown(path, user.pw_uid, user.pw_gid)
        self.conf.chmod(0o644)

    def start(self):
        self.own()
        user = who()
        more = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        self.child = subprocess.Popen([EXIM, "-C", self.conf, "-bdf", "-q5s"], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=open(self.dir / "err", "ab"), cwd="/", start_new_session=True, **more)

        def answers():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=2) as s:
                    return s.recv(3) == b"220"
            except OSError:
                return False
        if not wait_for(answers, 15):
            raise RuntimeError(f"exim does not answer: {self.logs()[-2000:]}")
        return self

    def stop(self):
        if self.child is not None:
            os.killpg(self.child.pid, signal.SIGTERM)  # and those that hold connections
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait(5)
            self.child = None

    def logs(self):
        return (self.dir / "err").read_text(errors="replace")

    def letters(self):
        """(raw bytes, parsed) of all that arrived, oldest first."""
        new = sorted((self.dir / "mail" / "new").glob("*"), key=lambda f: f.stat().st_mtime_ns) \
            if (self.dir / "mail" / "new").exists() else []
        return [(f.read_bytes(), email.message_from_bytes(f.read_bytes(), policy=email.policy.default)) for f in new]


def final_server(folder):
    return Exim(folder, "final", free_port(), "acl_smtp_rcpt = accept", "all:\n  driver = accept\n  transport = store",
                f"store:\n  driver = appendfile\n  maildir_format\n  directory = {folder}/final/mail\n  create_directory\n"
                "  envelope_to_add")


def relay(folder, final, certificate, sign=True):
    """What picketd speaks with: STARTTLS, a sign-in, some addresses that are refused or put off, DKIM on the way out."""
    base = folder / certificate
    extra = f"""
tls_advertise_hosts = *
tls_certificate = {base}.pem
tls_privatekey = {base}.key
acl_smtp_rcpt = rcpt
acl_smtp_data = data
acl_smtp_dkim = accept
begin acl
rcpt:
  deny !authenticated = *
       message = sign in first
  deny local_parts = nobody
       message = no such user here
  defer local_parts = late
        condition = ${{if exists{{{folder}/defer}}}}
        message = come back later
  accept
data:
  deny condition = ${{if match{{$h_Subject:}}{{refused by content}}}}
       message = we do not like it
  accept
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{picket}}}}{{eq{{$auth3}}{{geheim wort}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
"""
    dkim = f"""
  dkim_domain = example.org
  dkim_selector = s1
  dkim_private_key = {folder}/dkim.key
  dkim_canon = relaxed""" if sign else ""
    return Exim(folder, "relay", free_port(), extra,
                "all:\n  driver = manualroute\n  route_list = * 127.0.0.1\n  self = send\n  transport = next",
                f"next:\n  driver = smtp\n  port = {final.port}\n  allow_localhost\n  hosts_avoid_tls = *{dkim}")


# ---- webhooks -----------------------------------------------------------------------------------

class Receiver:
    """An HTTPS server that keeps what is posted, and answers as it is told."""

    def __init__(self, folder, certificate, port=None):
        self.port = port or free_port()
        self.got, self.answers, self.lock, self.open = [], [], threading.Lock(), []
        self.server = None
        self.pem, self.key = folder / f"{certificate}.pem", folder / f"{certificate}.key"

    def start(self):
        mine = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                mine.open.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with mine.lock:
                    status, headers = mine.answers.pop(0) if mine.answers else (204, {})
                    mine.got.append({"status": status, "path": self.path, "body": body,
                                     "headers": {k.lower(): v for k, v in self.headers.items()}, "at": time.monotonic()})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem, self.key)

        class Quiet(http.server.ThreadingHTTPServer):
            allow_reuse_address = True

            def handle_error(self, request, address):
                pass  # a sender that does not trust us hangs up
        self.server = Quiet(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
            for connection in self.open:  # kept alive for the next call
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.open = []

    def taken(self, kind=None):
        with self.lock:
            return [json.loads(g["body"]) for g in self.got if g["status"] < 300 and
                    (kind is None or json.loads(g["body"]).get("type") == kind)]


def verify(secret, headers, body):
    """The example of docs/channels.md."""
    parts = dict(p.split("=", 1) for p in headers["x-picket-signature"].split(","))
    good = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(good, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300
