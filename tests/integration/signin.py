#!/usr/bin/env python3
"""People and their sessions: roles that change while somebody is signed in, the last owner, passwords with one-time
codes, what happens to those who guess, and pages of other origins."""

import hashlib
import hmac
import json
import re
import struct
import subprocess
import sys
import time
from base64 import b32decode
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BASE, BIN, Client, judge  # noqa: E402
from rest_world import SECRETS, World, check, is_problem, pages, tally  # noqa: E402

PASSWORD = "correct horse battery staple"


def watch(method, path, answer):
    for fault in judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


def code_of(url, step=0):
    """RFC 6238 in ten lines, without our C."""
    secret = b32decode(re.search(r"secret=([A-Z2-7]+)", url).group(1))
    mac = hmac.new(secret, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


def set_password(w, name, password=PASSWORD, *more):
    done = subprocess.run([BIN / "picketd", "--config", w.server.config, "--set-password", name, *more],
                          input=password + "\n", capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    SECRETS.extend(lines[2:])
    return done, lines[0] if lines else "", lines[2:]


def cookie_of(answer):
    found = re.match(r"__Host-picket=(\w+)", answer.headers.get("set-cookie", ""))
    return found.group(1) if found else None


def fresh_step():
    """A code of this step may have been used: wait for the next one only when less than 2 s of it are left."""
    left = 30 - time.time() % 30
    if left < 2:
        time.sleep(left + 0.1)


def sign_in(w, name, password, code, address="127.0.9.1"):
    return Client(w.server, address=address).post("/session", {"name": name, "password": password, "code": code})


def test_people(w):
    made = w.admin.post("/people", {"name": "Anna", "mail": "anna@example.org", "role": "admin"})
    check("an owner is made", made.status == 201 and made.json["role"] == "owner" and made.json["source"] == "local"
          and not made.json["password"], made)
    anna = made.json["id"]
    is_problem("a name once", w.admin.post("/people", {"name": "ANNA", "role": "viewer"}), 409, "conflict")
    is_problem("no such role", w.admin.post("/people", {"name": "x", "role": "king"}), 400, "bad_request", "role")
    bert = w.admin.post("/people", {"name": "bert", "role": "responder", "groups": ["store"]}).json["id"]
    rows = w.admin.get("/people?sort=name&filter=role:owner|responder,q:A").json
    check("listed", [p["name"] for p in rows["items"]] == ["Anna"], rows)
    link = w.admin.post("/users/signin-link", {"name": "bert", "role": "responder", "groups": ["store"]}).json["url"].rsplit("/", 1)[1]
    other = w.admin.post("/users/signin-link", {"name": "bert", "role": "responder"}).json["url"].rsplit("/", 1)[1]
    SECRETS.extend([link, other])
    cookie = cookie_of(Client(w.server, address="127.0.8.1").post("/session", {"token": link}))
    SECRETS.append(cookie)
    client = Client(w.server, cookie=cookie)
    check("bert is in", client.get("/session").json["user"] == {"name": "bert", "role": "responder", "groups": ["store"]})
    got = w.admin.call("PUT", f"{BASE}/people/{bert}", {"role": "viewer", "groups": ["sales"]})
    check("another role", got.status == 200 and got.json["role"] == "viewer" and got.json["groups"] == ["sales"], got)
    check("holds where he is signed in", client.get("/session").json["user"] == {"name": "bert", "role": "viewer", "groups": ["sales"]})
    got = w.admin.post(f"/people/{bert}/disable", None)
    check("disabled", got.status == 200 and got.json["disabled_at"], got)
    is_problem("he is out at once", client.get("/session"), 401, "unauthorized")
    is_problem("his link works no more", Client(w.server, address="127.0.8.2").post("/session", {"token": other}), 401, "unauthorized")
    is_problem("nor is there a new one", w.admin.post("/users/signin-link", {"name": "Bert", "role": "viewer"}), 409, "conflict")
    check("enabled", w.admin.post(f"/people/{bert}/enable", None).json["disabled_at"] is None)
    for what, got in (("demoted", w.admin.call("PUT", f"{BASE}/people/{anna}", {"role": "viewer"})),
                      ("scoped", w.admin.call("PUT", f"{BASE}/people/{anna}", {"role": "owner", "groups": ["a"]})),
                      ("disabled", w.admin.post(f"/people/{anna}/disable", None)),
                      ("removed", w.admin.delete(f"/people/{anna}"))):
        is_problem(f"the last owner is not {what}", got, 409, "conflict")
    second = w.admin.post("/people", {"name": "second", "role": "owner"}).json["id"]
    check("but the last but one is", w.admin.delete(f"/people/{anna}").status == 204)
    is_problem("gone", w.admin.get(f"/people/{anna}"), 404, "not_found")
    is_problem("no codes without a password", w.admin.post(f"/people/{second}/codes", None), 409, "conflict")
    acts = {a["act"] for a in pages(w.admin, "/audit", 200)[0]}
    check("all of it is in the audit", acts >= {"person.add", "person.change", "person.disable", "person.enable", "person.remove"}, acts)


def test_password(w):
    done, _, _ = set_password(w, "root", "short")
    check("too short", done.returncode == 3 and "12" in done.stderr, done)
    svg = w.server.dir / "codes.svg"
    done, url, recovery = set_password(w, "Root", PASSWORD, "--qr", str(svg))
    check("a password, an address for the app, ten recovery codes", done.returncode == 0 and url.startswith("otpauth://totp/")
          and len(recovery) == 10, done)
    check("and a picture", svg.read_text().startswith("<svg") and svg.stat().st_mode & 0o77 == 0)
    check("the key is for nobody else", (w.server.dir / "state" / "people.key").stat().st_mode & 0o777 == 0o600)
    fresh_step()
    code = code_of(url)
    got = sign_in(w, "root", PASSWORD, code)
    check("in", got.status == 201 and got.json["user"]["role"] == "owner", got)
    flags = {part.strip() for part in got.headers["set-cookie"].split(";")[1:]}
    check("the cookie", flags == {"Path=/", "Max-Age=43200", "HttpOnly", "Secure", "SameSite=Strict"}, flags)
    first = cookie_of(got)
    is_problem("a code once", sign_in(w, "root", PASSWORD, code), 401, "unauthorized")
    is_problem("nor the one before", sign_in(w, "root", PASSWORD, code_of(url, -1)), 401, "unauthorized")
    got = sign_in(w, "ROOT", PASSWORD, code_of(url, 1), "127.0.9.2")
    check("the next one, early", got.status == 201, got)
    second = cookie_of(got)
    check("another session each time", first and second and first != second)
    got = sign_in(w, "root", PASSWORD, recovery[3], "127.0.9.3")
    check("a recovery code", got.status == 201, got)
    is_problem("once", sign_in(w, "root", PASSWORD, recovery[3], "127.0.9.4"), 401, "unauthorized")
    is_problem("a code two steps away", sign_in(w, "root", PASSWORD, code_of(url, 4), "127.0.9.5"), 401, "unauthorized")
    for name, password, what in (("root", "another password", "password"), ("nobody", PASSWORD, "name")):
        got = sign_in(w, name, password, recovery[5], "127.0.9.6")
        is_problem(f"wrong {what}", got, 401, "unauthorized")
        check("all wrong ones are told the same", got.json["detail"] == "the name, the password or the code is wrong", got)
    kept = (w.server.dir / "state" / "picket.db").read_bytes() + (w.server.dir / "state" / "picket.db-wal").read_bytes()
    secret = re.search(r"secret=([A-Z2-7]+)", url).group(1)
    check("the store holds neither password nor secret", PASSWORD.encode() not in kept and secret.encode() not in kept
          and b32decode(secret).hex().encode() not in kept and b"$argon2id$v=19$m=65536,t=3" in kept)
    rows = w.admin.get("/audit?filter=act:session.refused&limit=500").json["items"]
    check("refusals are in the audit", {"code", "name or password"} <= {r["detail"]["why"] for r in rows}, rows[:2])
    check("without what was shown", PASSWORD not in json.dumps(rows) and recovery[5] not in json.dumps(rows))

    root = Client(w.server, cookie=second)
    me = next(p for p in root.get("/people?limit=500").json["items"] if p["name"] == "Root")
    mine = [s for s in root.get("/sessions").json["items"] if s["own"]]
    check("three sessions, one is this", len(mine) == 3 and sum(s["current"] for s in mine) == 1, mine)
    one = next(s for s in mine if not s["current"] and s["address"] == "127.0.9.1")
    check("end one", root.delete(f"/sessions/{one['id']}").status == 204)
    is_problem("it is over", Client(w.server, cookie=first).get("/session"), 401, "unauthorized")
    codes = root.post(f"/people/{me['id']}/codes", None)
    SECRETS.extend(codes.json["recovery"])
    check("new codes", codes.status == 201 and codes.json["qr_svg"].startswith("<svg"), codes)
    is_problem("the old ones are over", sign_in(w, "root", PASSWORD, recovery[6], "127.0.9.7"), 401, "unauthorized")
    got = sign_in(w, "root", PASSWORD, codes.json["recovery"][0], "127.0.9.8")
    check("the new ones are not", got.status == 201, got)
    check("sign out everywhere", root.delete("/sessions").status == 204)
    is_problem("here", root.get("/session"), 401, "unauthorized")
    is_problem("and there", Client(w.server, cookie=cookie_of(got)).get("/session"), 401, "unauthorized")
    is_problem("others' sessions are not theirs to end",
               w.viewer.delete(f"/sessions/{w.admin.get('/sessions').json['items'][0]['id']}"), 404, "not_found")


def test_lockout(w):
    """From an address of its own: longer and longer; from loopback never for long."""
    set_password(w, "target", PASSWORD)
    statuses, waits = [], []
    for _ in range(6):
        got = sign_in(w, "target", "wrong password!", "000000", "127.0.10.1")
        statuses.append(got.status)
        waits.append(int(got.headers.get("retry-after", 0)))
    check("a few, then later", statuses[:4] == [401] * 4 and statuses[4] == 429 and 1 <= waits[4] <= 5, (statuses, waits))
    check("others at the server are not kept out", sign_in(w, "target", PASSWORD, "000000", "127.0.10.2").status == 401)


def test_cli(w):
    """picket user, against the server."""
    import os

    def run(*words):
        done = subprocess.run([BIN / "picket", "user", *words, "--url", f"https://localhost:{w.server.port}", "--ca",
                               w.server.dir / "state" / "ca.pem"], env={**os.environ, "PICKET_TOKEN": w.admin.token},
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.strip()

    code, clara = run("add", "Clara", "--role", "responder", "--group", "a,b")
    row = w.admin.get(f"/people/{clara}").json
    check("picket user add", code == 0 and row["groups"] == ["a", "b"] and row["role"] == "responder", row)
    check("list", "Clara" in run("list")[1])
    check("change", run("change", clara, "--role", "viewer")[0] == 0 and w.admin.get(f"/people/{clara}").json["role"] == "viewer")
    check("disable", run("disable", clara)[0] == 0 and w.admin.get(f"/people/{clara}").json["disabled_at"])
    check("enable", run("enable", clara)[0] == 0 and not w.admin.get(f"/people/{clara}").json["disabled_at"])
    check("sign-out", run("sign-out", clara)[0] == 0)
    check("no codes without a password", run("codes", clara)[0] == 3)
    check("no id that leads elsewhere", run("disable", "../tokens")[0] == 3)
    check("remove", run("remove", clara)[0] == 0 and w.admin.get(f"/people/{clara}").status == 404)


def test_sessions_end(w):
    """2 hours without use, 12 in all; what the page asks by itself is no use. Time passes in the database."""
    link = w.admin.post("/users/signin-link", {"name": "idle", "role": "viewer"}).json["url"].rsplit("/", 1)[1]
    cookie = cookie_of(Client(w.server, address="127.0.11.1").post("/session", {"token": link}))
    SECRETS.extend([link, cookie])
    client, digest = Client(w.server, cookie=cookie), hashlib.sha256(cookie.encode()).hexdigest()
    now = int(time.time() * 1000)

    def used(ms):
        with w.database() as db:
            db.execute("UPDATE tokens SET used_ms = ?, created_ms = ? WHERE secret = ?", (ms, now - 8 * 3600000, digest))

    def used_at():
        with w.database() as db:
            return db.execute("SELECT used_ms FROM tokens WHERE secret = ?", (digest,)).fetchone()[0]

    used(now - 119 * 60000)
    check("after 119 minutes it works", client.get("/events?after=now").status == 200)
    check("but the stream was no use of it", used_at() == now - 119 * 60000)
    check("a page is", client.get("/session").status == 200 and used_at() > now - 60000)
    used(now - 121 * 60000)
    is_problem("after 121 minutes it is over", client.get("/session"), 401, "unauthorized")


def test_other_origins(w):
    """A page of somebody else, in the browser of somebody who is signed in."""
    own = f"https://localhost:{w.server.port}"
    body = {"name": "x", "role": "viewer", "ttl_s": 60}
    for headers, status in (({}, 201), ({"Origin": own}, 201), ({"Origin": own, "Sec-Fetch-Site": "same-origin"}, 201),
                            ({"Sec-Fetch-Site": "none"}, 201), ({"Origin": "https://evil.example"}, 403),
                            ({"Origin": "null"}, 403), ({"Origin": f"http://localhost:{w.server.port}"}, 403),
                            ({"Origin": own + ".evil.example"}, 403), ({"Origin": own, "Sec-Fetch-Site": "cross-site"}, 403),
                            ({"Sec-Fetch-Site": "same-site"}, 403)):
        got = w.person.post("/tokens", body, headers=headers)
        check(f"a change with {headers}: {status}", got.status == status, got)
    check("programs are not asked", w.admin.post("/tokens", body, headers={"Origin": "https://evil.example"}).status == 201)
    got = w.nobody.post("/session", {"token": "0" * 64}, headers={"Origin": "https://evil.example"})
    is_problem("nobody is signed in by another page", got, 403, "forbidden")
    old = w.nobody.call("GET", BASE + "/session", headers={"Cookie": f"picket_session={w.cookie}"})
    is_problem("the cookie's old name is taken no more", old, 401, "unauthorized")


def main():
    w = World()
    Client.watch = watch
    try:
        for test in (test_people, test_password, test_lockout, test_cli, test_sessions_end, test_other_origins):
            begun = tally.passed, tally.failed
            try:
                test(w)
            except Exception as error:  # one broken test must not hide the others
                check(test.__name__, False, f"{type(error).__name__}: {error}")
            print(f"{test.__name__}: {tally.passed - begun[0]} passed, {tally.failed - begun[1]} failed", flush=True)
        w.server.stop()
        kept = w.server.log.read_bytes() + b"".join(p.read_bytes() for p in (w.server.dir / "state").glob("*.db*"))
        found = [s[:6] for s in SECRETS if s and s.encode() in kept]
        check(f"none of {len(SECRETS)} secrets is kept", not found, found)
    finally:
        w.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
