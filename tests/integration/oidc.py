#!/usr/bin/env python3
"""Single sign-on through the callback: who is let in and as what, and a table of answers and tokens that must be refused,
each signed by a provider of the test's own that lies in one way."""

import hashlib
import http.client
import json
import re
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from oidc_provider import Key, Provider, b64, token  # noqa: E402
from rest_support import Client, Server, Tally, judge  # noqa: E402

tally = Tally()
check = tally.check
refused = 0


def watch(method, path, answer):
    for fault in judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


class World:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="picket-oidc-")
        folder = Path(self.folder.name)
        self.op = Provider(folder)
        (folder / "secret").write_text("s:ecret&+\n")
        self.sso = f"""
sso:
  name: Test
  issuer: {self.op.issuer}
  client_id: picket
  client_secret_file: {folder / "secret"}
  ca: {self.op.cert}
  role_map:
    - {{group: bosses, role: owner}}
    - {{group: sec-ops, role: responder, groups: [store]}}
"""
        self.server = Server(self.sso).start()
        self.admin = Client(self.server, cookie=re.match(r"__Host-picket=(\w+)", Client(self.server).post(
            "/session", {"token": self.server.signin_token()}).headers["set-cookie"]).group(1))
        self.turn = 0

    def close(self):
        self.server.close()
        self.op.close()
        self.folder.cleanup()


class Browser:
    """Follows by hand, with a jar of its own."""

    def __init__(self, w):
        w.turn += 1
        self.w, self.jar = w, {}
        self.client = Client(w.server, address=f"127.0.20.{w.turn % 250 + 1}")

    def get(self, path):
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.jar.items())} if self.jar else {}
        got = self.client.call("GET", path, headers=headers)
        for name, value in re.findall(r"(__Host-[\w-]+)=(\w*)", got.headers.get("set-cookie", "")):
            self.jar[name] = value
        return got

    def begin(self):
        got = self.get("/auth/oidc/start")
        return got, got.headers.get("location", "")

    def at_provider(self, url):
        """What the provider answers the browser: the way back, without the origin."""
        link = http.client.HTTPSConnection("localhost", self.w.op.http.server_address[1], context=ssl_of(self.w))
        link.request("GET", url[len(self.w.op.issuer):])
        back = link.getresponse().headers["Location"]
        link.close()
        return back[back.index("/auth/oidc/callback"):]

    def whole(self):
        _, url = self.begin()
        return self.get(self.at_provider(url))

    def session(self):
        return Client(self.w.server, cookie=self.jar.get("__Host-picket"))


def ssl_of(w):
    import ssl
    return ssl.create_default_context(cafile=str(w.op.cert))


def test_let_in(w):
    door = Client(w.server).get("/door").json
    check("the door offers it", door["sso"] == {"name": "Test", "url": "/auth/oidc/start"}, door)
    b = Browser(w)
    got, url = b.begin()
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    flags = {part.strip() for part in got.headers["set-cookie"].split(";")[1:]}
    check("there", got.status == 303 and url.startswith(w.op.issuer + "/auth?") and query["response_type"] == "code"
          and query["code_challenge_method"] == "S256" and query["scope"] == "openid profile email"
          and len(query["state"]) == 64 and len(query["nonce"]) == 64 and query["client_id"] == "picket", query)
    check("bound to the browser", flags == {"Path=/", "Max-Age=600", "HttpOnly", "Secure", "SameSite=Lax"}, flags)
    back = b.at_provider(url)
    got = b.get(back)
    check("and in", got.status == 303 and got.headers["location"] == "/" and "SameSite=Strict" in got.headers["set-cookie"], got)
    me = b.session().get("/session").json["user"]
    check("with the role of the group", me == {"name": "olga", "role": "responder", "groups": ["store"]}, me)
    row = w.admin.get("/people?filter=name:olga").json["items"][0]
    check("known from now on", row["source"] == "sso" and row["issuer"] == w.op.issuer and row["mail"] == "olga@example.org", row)
    first = b.jar["__Host-picket"]
    b.whole()
    check("again: another session, the one before is over", b.jar["__Host-picket"] != first
          and Client(w.server, cookie=first).get("/session").status == 401)
    w.op.claims["groups"] = ["bosses"]
    b.whole()
    check("another group, another role, the same person", b.session().get("/session").json["user"]["role"] == "owner"
          and w.admin.get("/people").json["total"] == 1)
    w.op.claims["groups"] = ["staff", "sec-ops"]
    for alg in ("PS256", "ES256", "EdDSA"):
        w.op.lie = {"alg": alg}
        got = Browser(w).whole()
        check(f"signed by {alg}", got.status == 303, got)
    for name, claims in (("audience as a list", {"aud": ["picket"]}), ("two audiences and azp", {"aud": ["picket", "x"], "azp": "picket"}),
                         ("expired half a minute ago", {"exp": int(time.time()) - 30}), ("no at_hash", {"at_hash": None}),
                         ("nbf half a minute ahead", {"nbf": int(time.time()) + 30})):
        w.op.lie = {"claims": claims}
        got = Browser(w).whole()
        check(f"let in: {name}", got.status == 303, got)
    w.op.lie = {"header": {"kid": None}}
    check("no kid, and one key that fits", Browser(w).whole().status == 303)
    w.op.lie = {}
    check("the document is fetched once, the keys once", w.op.asked["discovery"] == 1 and w.op.asked["jwks"] == 1, w.op.asked)


def test_refused(w):
    """Each is right but for one thing."""
    global refused
    now = int(time.time())
    stranger = Key("RS256", "key-RS256")
    flip = lambda s: s[:-1] + bytes([s[-1] ^ 1])  # noqa: E731
    rows = [
        ("wrong audience", {"claims": {"aud": "another"}}),
        ("no audience", {"claims": {"aud": None}}),
        ("many audiences without azp", {"claims": {"aud": ["picket", "another"]}}),
        ("azp of another", {"claims": {"azp": "another"}}),
        ("azp of another in a list", {"claims": {"aud": ["picket", "another"], "azp": "another"}}),
        ("azp is a number", {"claims": {"azp": 5}}),
        ("wrong nonce", {"claims": {"nonce": "0" * 64}}),
        ("no nonce", {"claims": {"nonce": None}}),
        ("wrong issuer", {"claims": {"iss": "https://localhost"}}),
        ("issuer with a slash more", {"claims": {"iss": w.op.issuer + "/"}}),
        ("expired", {"claims": {"exp": now - 61}}),
        ("no expiry", {"claims": {"exp": None}}),
        ("expiry is text", {"claims": {"exp": str(now + 300)}}),
        ("nbf in the future", {"claims": {"nbf": now + 120}}),
        ("iat in the future", {"claims": {"iat": now + 120}}),
        ("no iat", {"claims": {"iat": None}}),
        ("nobody", {"claims": {"sub": ""}}),
        ("subject too long", {"claims": {"sub": "x" * 256}}),
        ("alg none", {"header": {"alg": "none"}}),
        ("alg None", {"header": {"alg": "None"}, "signature": lambda s: b""}),
        ("HS256 with the public key", {"header": {"alg": "HS256"}}),
        ("RS384", {"header": {"alg": "RS384"}}),
        ("ES256 over an RSA key", {"header": {"alg": "ES256"}}),
        ("PS256 said, RS256 signed", {"header": {"alg": "PS256"}}),
        ("unknown kid", {"header": {"kid": "nobody"}}),
        ("kid is a number", {"header": {"kid": 7}}),
        ("key of a stranger", {"key": stranger}),
        ("signature with a bit turned", {"signature": flip}),
        ("no signature", {"signature": lambda s: b""}),
        ("ES256 signature as DER", {"alg": "ES256", "signature": lambda s: b"\x30\x44\x02\x20" + s[:32] + b"\x02\x20" + s[32:]}),
        ("EdDSA with a bit turned", {"alg": "EdDSA", "signature": flip}),
        ("crit", {"header": {"crit": ["exp"]}}),
        ("unencoded payload", {"header": {"b64": False}}),
        ("wrong at_hash", {"claims": {"at_hash": b64(hashlib.sha256(b"x").digest()[:16])}}),
        ("at_hash is a number", {"claims": {"at_hash": 1}}),
        ("oversized", {"claims": {"filler": "x" * 20000}}),
        ("iss parameter of another", {"answer": {"iss": "https://localhost"}}),
        ("iss parameter missing", {"answer": {"iss": None}}),
        ("an error", {"answer": {"error": "access_denied"}}),
        ("no code", {"answer": {"code": None}}),
        ("another code", {"answer": {"code": "another"}}),
        ("another state", {"answer": {"state": "0" * 64}}),
        ("no state", {"answer": {"state": None}}),
        ("in no group of the map", {"claims": {"groups": ["staff"]}}),
        ("no groups at all", {"claims": {"groups": None}}),
        ("groups as an object", {"claims": {"groups": {"sec-ops": True}}}),
    ]
    before = w.admin.get("/sessions").json["items"]
    for name, lie in rows:
        w.op.lie = lie
        b = Browser(w)
        got = b.whole()
        refused += 1
        check(f"refused: {name}", got.status == 403 and not b.jar.get("__Host-picket"), got)
        check(f"{name}: nothing of the token is shown", b"eyJ" not in got.body and b"u-1" not in got.body, got.body[:300])
    w.op.lie = {}
    check("no session came of it", len(w.admin.get("/sessions").json["items"]) == len(before))
    for name, how in (("replayed code and state", "replay"), ("state of another browser", "other"), ("too late", "late"),
                      ("without the cookie", "bare")):
        b = Browser(w)
        _, url = b.begin()
        back = b.at_provider(url)
        refused += 1
        if how == "replay":
            check("the first time", b.get(back).status == 303)
            b.jar.pop("__Host-picket")
        elif how == "other":
            b.jar["__Host-picket-signin"] = Browser(w).jar.get("__Host-picket-signin", "1" * 64)
        elif how == "bare":
            b.jar.clear()
        else:
            import sqlite3
            with sqlite3.connect(w.server.dir / "state" / "picket.db", timeout=20) as db:
                db.execute("UPDATE signins SET created_ms = created_ms - 601000")
        got = b.get(back)
        check(f"refused: {name}", got.status == 403 and not b.jar.get("__Host-picket"), got)
    rows = w.admin.get("/audit?filter=act:session.refused&limit=500").json["items"]
    check("each is in the audit", len(rows) >= refused and all(r["detail"]["how"] == "sso" for r in rows), (len(rows), refused))
    check("unknown keys were asked for at most once", w.op.asked["jwks"] <= 2, w.op.asked)


def test_disabled(w):
    b = Browser(w)
    check("in", b.whole().status == 303)
    olga = w.admin.get("/people?filter=name:olga").json["items"][0]["id"]
    w.admin.post(f"/people/{olga}/disable", None)
    check("out at once", b.session().get("/session").status == 401)
    check("and not in again", Browser(w).whole().status == 403)
    w.admin.post(f"/people/{olga}/enable", None)
    check("in again", Browser(w).whole().status == 303)


def test_logout(w):
    def call(claims, key=None, **more):
        now = int(time.time())
        base = {"iss": w.op.issuer, "aud": "picket", "iat": now, "exp": now + 120, "jti": "j", "sub": "u-1",
                "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}
        text = token(key or w.op.keys["RS256"], {k: v for k, v in {**base, **claims}.items() if v is not None}, **more)
        return Client(w.server).call("POST", "/auth/oidc/backchannel", raw=b"logout_token=" + text.encode(),
                                     headers={"Content-Type": "application/x-www-form-urlencoded"})

    b = Browser(w)
    b.whole()
    got = b.session().delete("/session")
    check("signing out leads on to the provider", got.status == 200 and got.json["continue"].startswith(w.op.issuer + "/bye?client_id=picket&"), got)
    b.whole()
    for name, claims, more in (("with a nonce", {"nonce": "n"}, {}), ("without the event", {"events": {}}, {}),
                               ("event is a list", {"events": ["http://schemas.openid.net/event/backchannel-logout"]}, {}),
                               ("of nobody", {"sub": None}, {}), ("of another issuer", {"iss": "https://x"}, {}),
                               ("for another", {"aud": "x"}, {}), ("expired", {"exp": 1000}, {}), ("alg none", {}, {"header": {"alg": "none"}}),
                               ("by a stranger", {}, {"key": Key("RS256", "key-RS256")})):
        check(f"logout token {name} is refused", call(claims, **more).status == 400)
    check("still in", b.session().get("/session").status == 200)
    check("another session of the provider", call({"sid": "s-2"}).status == 200 and b.session().get("/session").status == 200)
    check("somebody we do not know", call({"sub": "nobody"}).status == 200 and b.session().get("/session").status == 200)
    check("this one", call({"sub": None, "sid": "s-1"}).status == 200)
    check("out", b.session().get("/session").status == 401)
    b.whole()
    check("all of the person's", call({}).status == 200 and b.session().get("/session").status == 401)
    check("links of the console are not the provider's to end", w.admin.get("/session").status == 200)
    got = Client(w.server).call("POST", "/auth/oidc/backchannel", raw=b"x=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
    check("no token", got.status == 400, got)


def test_provider_lies(w):
    """A provider that calls itself otherwise, or is not there."""
    w.op.lie = {"discovered": w.op.issuer + "/"}
    other = Server(w.sso).start()
    try:
        got = Client(other).call("GET", "/auth/oidc/start")
        check("another issuer in the document: nobody goes there", got.status == 503, got)
        check("the console opens all the same", Client(other).get("/door").status == 200)
    finally:
        other.close()
        w.op.lie = {}
    plain = Server().start()
    try:
        check("without settings there is nothing", Client(plain).call("GET", "/auth/oidc/start").status == 404
              and Client(plain).get("/door").json["sso"] is None)
    finally:
        plain.close()


def main():
    w = World()
    Client.watch = watch
    try:
        for test in (test_let_in, test_refused, test_disabled, test_logout, test_provider_lies):
            begun = tally.passed, tally.failed
            try:
                test(w)
            except Exception as error:  # one broken test must not hide the others
                check(test.__name__, False, f"{type(error).__name__}: {error}")
            print(f"{test.__name__}: {tally.passed - begun[0]} passed, {tally.failed - begun[1]} failed", flush=True)
        w.server.stop()
        kept = w.server.log.read_bytes()
        check("no token and no secret in the log", b"eyJ" not in kept and b"s:ecret" not in kept)
        check("picketd ended cleanly", w.server.process.returncode == 0, w.server.log.read_text()[-800:])
    finally:
        w.close()
    print(f"{refused} answers and tokens refused through the callback")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
