"""An OpenID provider of the test's own, which can lie in every way: what it signs and answers is the test's word.
Not a suite by itself."""

import base64
import hashlib
import http.server
import json
import ssl
import subprocess
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


class Key:
    """A key for one algorithm."""

    def __init__(self, alg, kid):
        self.alg, self.kid = alg, kid
        self.key = {"RS256": lambda: rsa.generate_private_key(65537, 2048), "PS256": lambda: rsa.generate_private_key(65537, 2048),
                    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate}[alg]()

    def jwk(self):
        public = self.key.public_key()
        if self.alg in ("RS256", "PS256"):
            n = public.public_numbers()
            more = {"kty": "RSA", "n": number(n.n), "e": number(n.e)}
        elif self.alg == "ES256":
            n = public.public_numbers()
            more = {"kty": "EC", "crv": "P-256", "x": number(n.x, 32), "y": number(n.y, 32)}
        else:
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            more = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        return {"kid": self.kid, "use": "sig", "alg": self.alg, **more}

    def sign(self, data):
        if self.alg == "RS256":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if self.alg == "PS256":
            return self.key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        if self.alg == "ES256":
            r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.key.sign(data)

    def pem(self):
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def token(key, claims, header=None, signature=None):
    """A compact JWS; header replaces keys (None removes), signature replaces what the key would give."""
    head = {"typ": "JWT", "alg": key.alg, "kid": key.kid, **(header or {})}
    head = {k: v for k, v in head.items() if v is not None}
    data = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}".encode()
    if head.get("alg") == "HS256":
        mac = hmac.HMAC(key.pem(), hashes.SHA256())
        mac.update(data)
        signed = mac.finalize()
    elif head.get("alg") == "none":
        signed = b""
    else:
        signed = key.sign(data)
    return f"{data.decode()}.{b64(signature(signed) if signature else signed)}"


class Provider:
    def __init__(self, folder, port=0):
        self.cert, self.key_file = folder / "op.pem", folder / "op.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        self.key_file, "-out", self.cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        self.keys = {alg: Key(alg, f"key-{alg}") for alg in ("RS256", "PS256", "ES256", "EdDSA")}
        self.lie = {}  # what the next sign-in does otherwise
        self.codes, self.asked, self.requests = {}, {"jwks": 0, "discovery": 0, "token": 0}, []
        self.claims = {"sub": "u-1", "preferred_username": "olga", "email": "olga@example.org", "groups": ["staff", "sec-ops"]}
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, body, kind="application/json", headers=()):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                if url.path == "/.well-known/openid-configuration":
                    provider.asked["discovery"] += 1
                    self.answer(200, provider.discovery())
                elif url.path == "/jwks":
                    provider.asked["jwks"] += 1
                    self.answer(200, provider.lie.get("jwks") or {"keys": [k.jwk() for k in provider.keys.values()]})
                elif url.path == "/auth":
                    query = dict(urllib.parse.parse_qsl(url.query))
                    self.answer(302, b"", headers=[("Location", provider.authorize(query))])
                else:
                    self.answer(404, {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                provider.asked["token"] += 1
                self.answer(*provider.trade(dict(urllib.parse.parse_qsl(body)), self.headers.get("Authorization")))

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key_file)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.issuer = f"https://localhost:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def discovery(self):
        return {"issuer": self.lie.get("discovered", self.issuer), "authorization_endpoint": self.issuer + "/auth",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/jwks",
                "end_session_endpoint": self.issuer + "/bye", "authorization_response_iss_parameter_supported": True}

    def authorize(self, query):
        code = base64.urlsafe_b64encode(hashlib.sha256(json.dumps(query).encode()).digest()).decode() + "+/&="
        self.codes[code] = query
        self.requests.append(query)
        answer = {"code": code, "state": query["state"], "iss": self.issuer}
        answer.update(self.lie.get("answer", {}))
        return query["redirect_uri"] + "?" + urllib.parse.urlencode({k: v for k, v in answer.items() if v is not None})

    def trade(self, form, authorization):
        query = self.codes.pop(form.get("code", ""), None)
        if query is None:
            return 400, {"error": "invalid_grant"}
        want = "Basic " + base64.b64encode(b"picket:s%3Aecret%26%2B").decode()
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if authorization != want or form["redirect_uri"] != query["redirect_uri"] or challenge != query["code_challenge"]:
            return 401, {"error": "invalid_client", "seen": [authorization, form.get("redirect_uri"), challenge]}
        access = "access-" + query["state"][:8]
        return 200, {"token_type": "Bearer", "access_token": access, "id_token": self.id_token(query, access)}

    def base_claims(self, query, access):
        now = int(time.time())
        return {"iss": self.issuer, "aud": "picket", "exp": now + 300, "iat": now, "nonce": query["nonce"], "sid": "s-1",
                "at_hash": b64(hashlib.sha256(access.encode()).digest()[:16]), "auth_time": 0, "scope": ["openid"], **self.claims}

    def id_token(self, query, access):
        key = self.keys[self.lie.get("alg", "RS256")]
        claims = self.base_claims(query, access)
        if key.alg == "EdDSA":
            claims["at_hash"] = b64(hashlib.sha512(access.encode()).digest()[:32])
        for name, value in self.lie.get("claims", {}).items():
            if value is None:
                claims.pop(name, None)
            else:
                claims[name] = value
        return token(self.lie.get("key", key), claims, self.lie.get("header"), self.lie.get("signature"))

    def close(self):
        self.http.shutdown()
