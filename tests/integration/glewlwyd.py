"""A real OpenID provider: Debian's glewlwyd with a database, a key and TLS of its own, on a free port of this machine.
Not a suite by itself."""

import json
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SAMPLE = Path("/usr/share/doc/glewlwyd/glewlwyd.conf.sample.gz")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Glewlwyd:
    """One client (picket), one user (olga, in the group sec-ops) and the OpenID plugin."""

    def __init__(self, redirect, back_channel):
        self.dir = Path(tempfile.mkdtemp(prefix="picket-glewlwyd-"))
        self.port, self.inner = free_port(), free_port()
        self.url = f"https://localhost:{self.port}"
        self.issuer = f"{self.url}/api/oidc"
        self.cert, key = self.dir / "tls.pem", self.dir / "tls.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", self.cert,
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        with sqlite3.connect(self.dir / "glewlwyd.db") as db:
            db.executescript(SCHEMA.read_text())
        self.configure()
        self.log = open(self.dir / "log", "w")
        self.front = self.start_front(key)
        self.process = subprocess.Popen(["glewlwyd", "--config-file", str(self.dir / "glewlwyd.conf")],
                                        stdout=self.log, stderr=self.log)
        self.open = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(self.cert)))).open
        self.cookie = ""
        try:
            self.wait()
            self.set_up(redirect, back_channel)
        except Exception:
            self.close()
            raise

    def start_front(self, key):
        """TLS in front: glewlwyd's own does not speak with every browser."""
        conf = self.dir / "nginx.conf"
        conf.write_text(f"""
daemon off; worker_processes 1; pid {self.dir}/nginx.pid; error_log {self.dir}/nginx.log;
events {{ worker_connections 128; }}
http {{
    access_log off;
    client_body_temp_path {self.dir}; proxy_temp_path {self.dir}; fastcgi_temp_path {self.dir};
    uwsgi_temp_path {self.dir}; scgi_temp_path {self.dir};
    server {{
        listen 127.0.0.1:{self.port} ssl;
        ssl_certificate {self.cert}; ssl_certificate_key {key};
        location / {{
            proxy_pass http://127.0.0.1:{self.inner};
            proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
        }}
    }}
}}
""")
        return subprocess.Popen(["nginx", "-c", str(conf), "-p", str(self.dir), "-e", f"{self.dir}/nginx.log"],
                                stdout=self.log, stderr=self.log)

    def configure(self):
        # It serves no links that lead out of the folder, and Debian's scripts are such links.
        shutil.copytree("/usr/share/glewlwyd/webapp", self.dir / "webapp", symlinks=False,
                        ignore=shutil.ignore_patterns("config.json"))
        shutil.copy("/usr/share/glewlwyd/templates/config.json", self.dir / "webapp" / "config.json")
        sample = subprocess.run(["zcat", SAMPLE], check=True, capture_output=True, text=True).stdout
        for name, value in (("port", self.inner), ("external_url", f'"{self.url}"'), ("use_secure_connection", "false"),
                            ("cookie_domain", '"localhost"'), ("static_files_path", f'"{self.dir}/webapp"'), ("log_level", '"INFO"')):
            sample, n = re.subn(rf"(?m)^#?\s*{name}\s*=.*$", f"{name}={value}", sample, count=1)
            if n != 1:
                raise RuntimeError(f"glewlwyd's sample has no '{name}'")
        sample = re.sub(r'(?m)^(\s*path\s*=\s*)".*"', rf'\1"{self.dir / "glewlwyd.db"}"', sample, count=1)
        (self.dir / "glewlwyd.conf").write_text(sample)

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + "/api" + path, data, {"Content-Type": "application/json", "Cookie": self.cookie},
                                         method=method)
        try:
            with self.open(request, timeout=20) as got:
                self.cookie = (got.headers["Set-Cookie"] or self.cookie).split(";")[0]
                return json.loads(got.read() or b"null")
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"glewlwyd: {method} {path}: {error.code} {error.read()[:400]}") from error

    def wait(self):
        end = time.monotonic() + 20
        while True:
            try:
                self.open(self.url + "/config", timeout=2).read()
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"glewlwyd does not start: {self.tail()}") from error
                time.sleep(0.1)

    def set_up(self, redirect, back_channel):
        key = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True, text=True).stdout
        public = subprocess.run(["openssl", "rsa", "-pubout"], input=key, check=True, capture_output=True, text=True).stdout
        self.call("POST", "/auth/", {"username": "admin", "password": "password"})
        module = self.call("GET", "/mod/user/database")
        module["parameters"]["data-format"]["groups"] = {"multiple": True, "read": True, "write": True,
                                                         "profile-read": True, "profile-write": False}
        self.call("PUT", "/mod/user/database", module)
        module = self.call("GET", "/mod/client/database")
        for name in ("backchannel_logout_uri", "post_logout_redirect_uris"):
            module["parameters"]["data-format"][name] = {"multiple": name.endswith("s"), "read": True, "write": True}
        self.call("PUT", "/mod/client/database", module)
        for kind in ("user", "client"):
            self.call("PUT", f"/mod/{kind}/database/reset")
        self.call("POST", "/mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "OpenID", "order_rank": 0,
                                           "parameters": self.plugin(key, public)})
        self.call("POST", "/scope/", {"name": "profile", "display_name": "Profile", "password_required": True, "scheme": {}})
        self.call("POST", "/scope/", {"name": "email", "display_name": "Mail", "password_required": True, "scheme": {}})
        self.call("PUT", "/scope/openid", {"display_name": "OpenID", "password_required": True, "scheme": {}})
        self.call("POST", "/client/?source=database", {
            "client_id": "picket", "name": "Picket", "enabled": True, "confidential": True, "client_secret": "a-secret-of-letters",
            "redirect_uri": [redirect], "authorization_type": ["code"], "scope": [], "backchannel_logout_uri": back_channel,
            "token_endpoint_auth_method": ["client_secret_basic"], "post_logout_redirect_uris": [redirect.rsplit("/auth", 1)[0] + "/"]})
        self.call("POST", "/user/?source=database", {
            "username": "olga", "name": "Olga Nowak", "email": "olga@example.org", "password": "olga's password", "enabled": True,
            "groups": ["staff", "sec-ops"], "scope": ["openid", "profile", "email", "g_profile"]})

    def plugin(self, key, public):
        return {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": key, "cert": public,
            "access-token-duration": 3600, "refresh-token-duration": 86400, "code-duration": 60, "refresh-token-rolling": False,
            "allow-non-oidc": False, "auth-type-code-enabled": True, "auth-type-code-revoke-replayed": True,
            "auth-type-token-enabled": False, "auth-type-id-token-enabled": True, "auth-type-none-enabled": False,
            "auth-type-password-enabled": False, "auth-type-client-enabled": False, "auth-type-device-enabled": False,
            "auth-type-refresh-enabled": False, "subject-type": "public", "pkce-allowed": True, "pkce-required": True,
            "pkce-method-plain-allowed": False, "oauth-as-iss-id": True, "session-management-allowed": True, "session-cookie-name": "GLEWLWYD2_OIDC_SID", "session-cookie-expiration": 86400,
            "back-channel-logout-allowed": True, "front-channel-logout-allowed": False, "name-claim": "mandatory",
            "email-claim": "mandatory", "scope-claim": "no", "allowed-scope": ["openid", "profile", "email"],
            "claims": [{"name": "groups", "user-property": "groups", "type": "string", "mandatory": True, "on-demand": False, "scope": []},
                       {"name": "preferred_username", "user-property": "username", "type": "string", "mandatory": True,
                        "on-demand": False, "scope": []}],
        }

    def tail(self):
        return (self.dir / "log").read_text()[-3000:]

    def close(self):
        for process in (self.front, self.process):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
