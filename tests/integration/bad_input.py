#!/usr/bin/env python3
"""What picketd answers to malformed reports, certificates, tokens and requests: exactly this.

    tests/integration/bad_input.py [--build DIR] [NAME...]

Starts a server of its own on loopback with its state in a temporary folder. Needs openssl, zstd and
strongSwan's pki (a second, independent EST client). NAME: only rows whose name contains it.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bad_input_support import IDLE_S, REPORTS, TRIES, Answer, Material, Server, now, run

ROOT = Path(__file__).resolve().parent.parent.parent
ERROR = "urn:picket:error:"


class Rows:
    def __init__(self, only):
        self.only = only
        self.passed = self.failed = 0

    def wants(self, name):
        return not self.only or any(part in name for part in self.only)

    def check(self, name, good, found=""):
        if good:
            self.passed += 1
            print("ok      " + name)
        else:
            self.failed += 1
            print("FAILED  %s: %s" % (name, found), flush=True)

    def problem(self, name, answer, status, kind, detail, path=None, headers=None):
        """The whole answer: status, type, detail (a regular expression when it begins with ^), path."""
        body = answer.json or {}
        found = (answer.status, str(body.get("type", "")).removeprefix(ERROR), body.get("detail"), body.get("path"))
        same = found[0] == status and found[1] == kind and found[3] == path
        same = same and (re.search(detail, found[2] or "") if detail.startswith("^") else found[2] == detail)
        same = same and answer.headers.get("content-type") == "application/problem+json"
        same = same and body.get("status") == status and "title" in body
        for key, value in (headers or {}).items():
            same = same and re.fullmatch(value, answer.headers.get(key, ""))
        self.check(name, same, "%r %r" % (found, answer.headers))


def observation(seq=1, kind="agent", body=None, **more):
    o = {"seq": seq, "at": now(), "kind": kind}
    o[kind] = body if body is not None else {"event": "started", "version": "0.1.0"}
    o.update(more)
    return {k: v for k, v in o.items() if v is not None}


def report(*observations, **more):
    return dict({"v": 1, "observations": list(observations)}, **more)


def packed(data, *options):
    return run("zstd", "-q", "-c", *options, data=data)


class Suite:
    def __init__(self, build, folder, only):
        self.rows = Rows(only)
        self.folder = folder
        self.server = Server(build, folder)
        self.material = Material(folder, self.server)
        self.device = self.material.path("device")
        answer = self.material.enrol("device")
        if answer.status != 200:
            raise RuntimeError("the first enrolment failed: %d %r" % (answer.status, answer.body))

    def post(self, body, identity=None, headers=("Content-Type: application/json",), target="/v1/report", method="POST"):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.server.request(method, target, body, identity or self.device, headers)

    # ---- certificates --------------------------------------------------------------------------

    def certificates(self):
        m, rows = self.material, self.rows
        good = report(observation())
        m.enrol("revoked")
        m.enrol("renewed")
        self.revoke(m.device_id("revoked"))
        old = m.path("renewed")
        newer = []
        for name in ("newer", "newest"):  # the second renewal, made with the first, ends the oldest
            der = m.request(name)
            answer = self.server.request("POST", "/.well-known/est/simplereenroll", base64.b64encode(der),
                                         newer[-1] if newer else old, ["Content-Type: application/pkcs10"])
            m.keep(name, answer)
            newer.append(m.path(name))
        table = [
            ("none", None, 401, "unauthorized", "a device's certificate is needed here"),
            ("self-signed", m.forge("self", "self"), 401, "unauthorized",
             "^the certificate does not verify: The certificate is NOT trusted"),
            ("of another CA with the same look", m.forge("stranger", m.other_ca()), 401, "unauthorized",
             "^the certificate does not verify: The certificate is NOT trusted"),
            ("expired", m.forge("expired", end="-1d", start="-9d"), 401, "unauthorized",
             "^the certificate does not verify: The certificate is NOT trusted. The certificate chain uses expired certificate"),
            ("not yet valid", m.forge("early", start="+1d"), 401, "unauthorized",
             "^the certificate does not verify: The certificate is NOT trusted. The certificate chain uses not yet valid certificate"),
            ("for servers only", m.forge("server-only", usage="serverAuth"), 401, "unauthorized",
             "^the certificate does not verify: .*purpose"),
            ("without a name", m.forge("nameless", san=None), 403, "forbidden", "the certificate does not name a device"),
            ("with a host name", m.forge("host", san="DNS:localhost"), 403, "forbidden",
             "the certificate does not name a device"),
            ("with two names", m.forge("two", san="URI:urn:uuid:00000000-0000-4000-8000-000000000000,"
                                       "URI:urn:uuid:%s" % m.device_id("device")), 403, "forbidden",
             "the certificate does not name a device"),
            ("with a name that is no UUID", m.forge("nouuid", san="URI:urn:uuid:0"), 403, "forbidden",
             "the certificate does not name a device"),
            ("of a device that nobody knows", m.forge("unknown"), 403, "forbidden",
             "this server does not know the device"),
            ("of a known device with another serial",
             m.forge("serial", san="URI:urn:uuid:" + m.device_id("device")), 403, "forbidden",
             "the certificate was replaced by a newer one"),
            ("revoked", m.path("revoked"), 403, "forbidden", "the device was revoked"),
            ("replaced twice", old, 403, "forbidden", "the certificate was replaced by a newer one"),
        ]
        for name, identity, status, kind, detail in table:
            name = "certificate: " + name
            if not rows.wants(name):
                continue
            answer = self.server.request("POST", "/v1/report", json.dumps(good).encode(), identity,
                                         ["Content-Type: application/json"])
            rows.problem(name, answer, status, kind, detail)
        for name, identity in (("in its overlap", newer[0]), ("the newest", newer[1])):
            answer = self.server.request("GET", "/v1/ledger", identity=identity)
            rows.check("certificate: " + name, answer.status == 200, answer.body)
        for target in ("/v1/wait", "/v1/ledger", "/v1/network/verdict?id=net-0123456789abcdef"):
            rows.problem("certificate: none at " + target, self.server.request("GET", target), 401, "unauthorized",
                         "a device's certificate is needed here")

    def revoke(self, device):
        link = self.server.command("--signin-link", "--name", "tester")
        self.secrets = [link.rsplit("/", 1)[1]]
        answer = self.server.request("POST", "/api/v1/session", json.dumps({"token": self.secrets[0]}).encode(),
                                     headers=["Content-Type: application/json"])
        self.cookie = answer.headers["set-cookie"].split(";")[0]
        self.secrets.append(self.cookie.split("=")[1])
        answer = self.server.request("POST", "/api/v1/devices/%s/revoke" % device, b'{"reason":"a test"}', headers=[
            "Content-Type: application/json", "Cookie: " + self.cookie, "X-Picket-Request: 1"])
        if answer.status != 200:
            raise RuntimeError("revoke: %d %r" % (answer.status, answer.body))

    # ---- bodies of reports ---------------------------------------------------------------------

    def bodies(self):
        bad, unknown = "bad_request", "unknown_key"
        posture = {"platform": "linux"}
        first = "observations[0]."
        table = [
            # name, body, kind of problem, detail, path
            ("empty", b"", bad, "^.", None),
            ("not JSON", b"hello", bad, "^", None),
            ("a list", b"[]", bad, "an object is wanted here", None),
            ("a number", b"42", bad, "^", None),
            ("cut off", json.dumps(report(observation())).encode()[:-3], bad, "^", None),
            ("two documents", json.dumps(report(observation())).encode() * 2, bad, "^end of file expected", None),
            ("bad UTF-8", b'{"v":1,"observations":[{"seq":1,"at":"\xff"}]}', bad, "^unable to decode byte 0xff", None),
            ("NUL in a string", b'{"v":1,"a\\u0000b":1}', bad, "^", None),
            ("lone surrogate", b'{"v":1,"x":"\\ud800"}', bad, "^", None),
            ("duplicate key", b'{"v":1,"v":1,"observations":[]}', bad, "^duplicate object key", None),
            ("deep nesting", b'{"v":' + b"[" * 100000 + b"]" * 100000 + b"}", bad, "^maximum parsing depth reached", None),
            ("number beyond a double", b'{"v":1e999,"observations":[]}', bad, "^", None),
            ("unknown key", report(observation(), extra=1), unknown, "unknown key", "extra"),
            ("unknown key inside", report(observation(kind="posture", body=dict(posture, color="red"))), unknown,
             "unknown key", first + "posture.color"),
            ("version missing", {"observations": [observation()]}, bad, "this key is missing", "v"),
            ("version of the future", dict(report(observation()), v=2), bad, "must be from 1 to 1", "v"),
            ("version as text", dict(report(observation()), v="1"), bad, "a whole number is wanted here", "v"),
            ("observations missing", {"v": 1}, bad, "this key is missing", "observations"),
            ("observations as object", {"v": 1, "observations": {}}, bad, "a list is wanted here", "observations"),
            ("no observation", report(), bad, "at least one observation is wanted", "observations"),
            ("an observation that is none", {"v": 1, "observations": [7]}, bad, "an object is wanted here", "observations[0]"),
            ("too many observations", report(*[observation(i + 1) for i in range(513)]), bad, "more than 512 entries",
             "observations"),
            ("sequence 0", report(observation(0)), bad, "^must be from 1 to", first + "seq"),
            ("sequence negative", report(observation(-5)), bad, "^must be from 1 to", first + "seq"),
            ("sequence with a fraction", report(observation(1.5)), bad, "a whole number is wanted here", first + "seq"),
            ("sequence too large", report(observation(2 ** 53 + 2)), bad, "^must be from 1 to", first + "seq"),
            ("sequence missing", report({"at": now(), "kind": "agent"}), bad, "this key is missing", first + "seq"),
            ("sequence twice", report(observation(5), observation(5)), bad, "must be greater than the one before",
             "observations[1].seq"),
            ("sequence out of order", report(observation(6), observation(5)), bad, "must be greater than the one before",
             "observations[1].seq"),
            ("time that is none", report(observation(at="yesterday")), bad,
             "a time like 2026-11-23T01:02:03.456Z is wanted here", first + "at"),
            ("time as number", report(observation(at=1795392000)), bad,
             "a time like 2026-11-23T01:02:03.456Z is wanted here", first + "at"),
            ("time too old", report(observation(), observation(2, at=now(-31 * 86400))), bad,
             "must be at most 30 days old and 1 hour ahead of the server", "observations[1].at"),
            ("time too far ahead", report(observation(at=now(2 * 3600))), bad,
             "must be at most 30 days old and 1 hour ahead of the server", first + "at"),
            ("kind unknown", report(observation(kind="weather", body={})), bad, "^must be one of: agent, posture", first + "kind"),
            ("body missing", report(observation(agent=None) | {"kind": "tls"}), bad, "this key is missing", first + "tls"),
            ("two bodies", report(observation(posture=posture)), unknown, "does not belong to this kind", first + "posture"),
            ("name of a network", report(observation(kind="network", body={"event": "joined", "name": "Home"})), unknown,
             "this must never leave a device", first + "network.name"),
            ("network id that is none", report(observation(on="Home")), bad, "^", first + "on"),
            ("text too long", report(observation(kind="posture", body=dict(posture, os_name="x" * 65))), bad,
             "longer than 64 bytes", first + "posture.os_name"),
            ("control characters", report(observation(kind="posture", body=dict(posture, os_name="a\x1b[2J"))), bad,
             "control characters are not allowed", first + "posture.os_name"),
            ("list too long", report(observation(kind="posture", body=dict(posture, root_signs=["x"] * 17))), bad,
             "more than 16 entries", first + "posture.root_signs"),
            ("yes as text", report(observation(kind="posture", body=dict(posture, disk_encrypted="yes"))), bad,
             "true, false or null is wanted here", first + "posture.disk_encrypted"),
            ("required key null", report(observation(kind="posture", body={"platform": None})), bad, "^", first + "posture.platform"),
            ("port out of range", report(observation(kind="tls", body={"host": "a", "outcome": "ok", "port": 70000})), bad,
             "must be from 1 to 65535", first + "tls.port"),
        ]
        for name, body, kind, detail, path in table:
            name = "body: " + name
            if self.rows.wants(name):
                self.rows.problem(name, self.post(body), 400, kind, detail, path)

    # ---- encodings and sizes ------------------------------------------------------------------------

    def encodings(self):
        rows = self.rows
        good = json.dumps(report(observation(50))).encode()
        dictionary = ROOT / "data" / "report.dict"
        other = self.folder / "other.dict"
        blob = bytearray(dictionary.read_bytes())
        blob[4:8] = struct.pack("<I", 77)  # the same tables under another number
        other.write_bytes(bytes(blob))
        bomb = packed(b'{"v":1,"x":"' + b"A" * (64 << 20) + b'"}')
        z = ["Content-Type: application/json", "Content-Encoding: zstd"]
        wrong = "the body is not what its Content-Encoding says"
        accepts = {"accept-encoding": "zstd, identity"}
        table = [
            ("not zstd", b"not zstd at all", z, 400, "bad_request", wrong, {}),
            ("zstd cut off", packed(good)[:-4], z, 400, "bad_request", wrong, {}),
            ("zstd damaged", packed(good)[:20] + b"\0\0\0\0" + packed(good)[24:], z, 400, "bad_request", wrong, {}),
            ("bytes behind the frame", packed(good) + b"x", z, 400, "bad_request", wrong, {}),
            ("two frames", packed(good) * 2, z, 400, "bad_request", wrong, {}),
            ("zstd empty", b"", z, 400, "bad_request", wrong, {}),
            ("zip bomb", bomb, z, 413, "too_large", "more than 1048576 bytes when unpacked", {}),
            ("another dictionary", packed(good, "-D", str(other)), z, 415, "unsupported_media",
             "the body needs a dictionary that this server does not have", accepts),
            ("packed nonsense", packed(b"nonsense"), z, 400, "bad_request", "^", {}),
            ("gzip", good, ["Content-Type: application/json", "Content-Encoding: gzip"], 415, "unsupported_media",
             "Content-Encoding must be zstd or identity", accepts),
            ("type text", good, ["Content-Type: text/plain"], 415, "unsupported_media",
             "Content-Type must be application/json", {}),
            ("type missing", good, [], 415, "unsupported_media", "Content-Type must be application/json", {}),
            ("type that only begins well", good, ["Content-Type: application/jsonp"], 415, "unsupported_media",
             "Content-Type must be application/json", {}),
            ("too large as sent", b" " * (256 * 1024 + 1), ["Content-Type: application/json"], 413, "too_large",
             "at most 262144 bytes are taken here", {}),
            ("announced too large", b"{}", ["Content-Type: application/json", "Content-Length: 99999999999"], 413, "too_large",
             "at most 262144 bytes are taken here", {}),
            ("length and chunks", b"2\r\n{}\r\n0\r\n\r\n",
             ["Content-Type: application/json", "Content-Length: 2", "Transfer-Encoding: chunked"], 400, "bad_request",
             "Content-Length and Transfer-Encoding exclude each other", {}),
            ("chunks too large", b"".join(b"10000\r\n" + b" " * 65536 + b"\r\n" for _ in range(5)) + b"0\r\n\r\n",
             ["Content-Type: application/json", "Transfer-Encoding: chunked"], 413, "too_large", "the body is too large", {}),
        ]
        for name, body, headers, status, kind, detail, wanted in table:
            name = "encoding: " + name
            if rows.wants(name):
                rows.problem(name, self.post(body, headers=headers), status, kind, detail, headers=wanted)
        with_dictionary = packed(json.dumps(report(observation(51))).encode(), "-D", str(dictionary))
        for name, body, headers in (("plain", good, ["Content-Type: application/json; charset=utf-8"]),
                                    ("zstd", packed(good), z), ("zstd with the dictionary", with_dictionary, z)):
            answer = self.post(body, headers=headers)
            rows.check("encoding: %s is taken" % name, answer.status == 200 and answer.json["acked"] in (50, 51), answer.body)

    # ---- sequence numbers ---------------------------------------------------------------------------

    def sequences(self):
        rows = self.rows
        self.material.enrol("counting")
        identity = self.material.path("counting")
        steps = [
            ("first", report(observation(10), observation(12)), 12, 0),
            ("replayed", report(observation(10), observation(12)), 12, 2),
            ("overlapping", report(observation(12), observation(13)), 13, 1),
            ("older", report(observation(3)), 13, 1),
            ("replayed with another content", report(observation(13, kind="posture", body={"platform": "ios"})), 13, 1),
            ("with a gap", report(observation(1000)), 1000, 0),
        ]
        for name, body, acked, duplicates in steps:
            answer = self.post(body, identity)
            found = answer.json or {}
            rows.check("sequence: " + name, answer.status == 200 and found["acked"] == acked and
                       found["duplicates"] == duplicates and re.fullmatch("[0-9a-f]{64}", found["settings"]["network_key"]),
                       answer.body)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            ledger = self.server.request("GET", "/v1/ledger", identity=identity).json
            if ledger["observations"] == 4:
                break
            time.sleep(0.05)
        rows.check("sequence: each worked in once", ledger["observations"] == 4 and ledger["reports"] == 3 and
                   ledger["by_kind"] == {"agent": 4}, ledger)

    # ---- methods, paths, headers, queries -------------------------------------------------------------

    def requests(self):
        rows, server, device = self.rows, self.server, self.device
        other = "this path has other methods"
        for method, target, allow in (("GET", "/v1/report", "POST"), ("PUT", "/v1/report", "POST"),
                                      ("DELETE", "/v1/report", "POST"), ("OPTIONS", "/v1/report", "POST"),
                                      ("TRACE", "/v1/report", "POST"), ("BREW", "/v1/report", "POST"),
                                      ("HEAD", "/.well-known/est/simpleenroll", "POST"),
                                      ("POST", "/v1/wait", "GET, HEAD"), ("DELETE", "/healthz", "GET, HEAD")):
            answer = server.request(method, target, identity=device)
            if method == "HEAD":
                rows.check("method: HEAD " + target, answer.status == 405 and answer.headers["allow"] == allow and
                           answer.body == b"", answer.headers)
            else:
                rows.problem("method: %s %s" % (method, target), answer, 405, "method", other, headers={"allow": allow})
        answer = server.request("HEAD", "/healthz")
        rows.check("method: HEAD has no body", answer.status == 200 and answer.body == b"" and
                   answer.headers["content-length"] == "15", answer.headers)

        malformed = "the path is malformed"
        for target, detail in (("/v1/../healthz", malformed), ("/v1/%2e%2e/healthz", malformed), ("/v1/.%2E/healthz", malformed),
                               ("/./healthz", malformed), ("/v1%2freport", malformed), ("/v1%5creport", malformed),
                               ("/v1\\report", malformed), ("/healthz%00", malformed), ("/healthz%0a", malformed),
                               ("/%zz", malformed), ("/%f", malformed), ("/%ff", malformed), ("/%c0%af", malformed),
                               ("/%ed%a0%80", malformed), ("https://localhost/healthz", "the target must be a path"),
                               ("healthz", "the target must be a path"), ("*", "the target must be a path"),
                               ("/healthz#x", "the target must be a path"), ("/healthz?a=%", "the query is malformed"),
                               ("/healthz?=1", "the query is malformed"), ("/healthz?&", "the query is malformed"),
                               ("/healthz?a=1&a=2", "a query parameter stands there twice"),
                               ("/healthz?" + "&".join("k%d=1" % i for i in range(65)), "too many query parameters")):
            rows.problem("target: " + target[:40], server.request("GET", target), 400, "bad_request", detail)
        for target in ("/v1/report/", "/v1//report", "/V1/REPORT", "/v1/report/x", "/.well-known/est/serverkeygen",
                       "/.well-known/est/fullcmc", "/.well-known/est/label/simpleenroll"):
            rows.problem("target: nothing at " + target, self.post(b"{}", target=target), 404, "not_found", "nothing is here")
        rows.check("target: escapes that need none", server.request("GET", "/%68ealthz").status == 200)

        lines = ["X-%d: a" % i for i in range(70)]
        rows.problem("header: too many lines", server.request("GET", "/healthz", headers=lines), 431, "too_large",
                     "too many header lines")
        for name, data in (("huge line", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100000 + b"\r\n\r\n"),
                           ("huge target", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")):
            answer = server.raw(data)
            rows.check("header: " + name, answer.status in (414, 431), answer.status)
        for name, data in (("no host", b"GET /healthz HTTP/1.1\r\n\r\n"),
                           ("length that is none", b"POST /v1/report HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n"),
                           ("length negative", b"POST /v1/report HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n")):
            answer = server.raw(data)
            rows.check("header: " + name, answer.status == 400, answer.status)
        rows.check("header: not HTTP", server.raw(b"\x16\x03\x01\x00\x00\r\n\r\n").status in (0, 400))

        seen = "seen must be up to 64 command ids with commas"
        late = "timeout must be from 1 to 1800"
        asks = "id must be a network id: net- and 16 hex digits"
        for target, kind, detail, path in (
                ("/v1/wait?timeout=0", "bad_request", late, "timeout"), ("/v1/wait?timeout=1801", "bad_request", late, "timeout"),
                ("/v1/wait?timeout=-1", "bad_request", late, "timeout"), ("/v1/wait?timeout=1e3", "bad_request", late, "timeout"),
                ("/v1/wait?timeout=99999999999999999999", "bad_request", late, "timeout"),
                ("/v1/wait?timeout=1&seen=x", "bad_request", seen, None), ("/v1/wait?timeout=1&seen=1,", "bad_request", seen, None),
                ("/v1/wait?timeout=1&seen=" + ",".join(map(str, range(65))), "bad_request", seen, None),
                ("/v1/wait?timeout=1&seen=99999999999999999999", "bad_request", seen, None),
                ("/v1/wait?later=1", "unknown_key", "unknown query parameter", "later"),
                ("/v1/network/verdict", "bad_request", asks, "id"), ("/v1/network/verdict?id=Home", "bad_request", asks, "id"),
                ("/v1/network/verdict?id=net-0123456789abcdeg", "bad_request", asks, "id"),
                ("/v1/network/verdict?id=net-0123456789abcdef&bssid=1", "bad_request",
                 "bssid must be a hardware address: aa:bb:cc:dd:ee:ff", "bssid"),
                ("/v1/network/verdict?id=net-0123456789abcdef&x=1", "unknown_key", "unknown query parameter", "x")):
            rows.problem("query: " + target[:48], server.request("GET", target, identity=device), 400, kind, detail, path)
        rows.problem("query: report with an unknown one", self.post(report(observation(60)), target="/v1/report?x=1"), 400,
                     "unknown_key", "unknown query parameter", "x")
        rows.problem("query: report with a bad seen", self.post(report(observation(60)), target="/v1/report?seen=a"), 400,
                     "bad_request", seen)
        begin = time.monotonic()
        answer = server.request("GET", "/v1/wait?timeout=1&seen=123456", identity=device)
        rows.check("query: seen ids that are not ours are ignored", answer.status == 204 and time.monotonic() - begin < 4,
                   answer.status)
        rows.problem("body where none is taken", self.server.request("GET", "/healthz", b"x"), 413, "too_large",
                     "at most 0 bytes are taken here")

    # ---- enrolment -----------------------------------------------------------------------------------------

    def enrolment(self):
        rows, m, server = self.rows, self.material, self.server
        token = server.token()
        der = m.request("fresh")
        good = base64.b64encode(der)
        path = "/.well-known/est/simpleenroll"
        refused = "the enrolment token is unknown, spent or expired"
        ask = {"www-authenticate": 'Basic realm="picket"'}
        basic = base64.b64encode(("picket:" + token).encode()).decode()

        def post(authorization, body=good, headers=("Content-Type: application/pkcs10",), target=path):
            extra = ["Authorization: " + authorization] if authorization is not None else []
            return server.request("POST", target, body, headers=[*headers, *extra])

        b64 = lambda text: base64.b64encode(text.encode()).decode()
        for name, authorization in (
                ("no token", None), ("empty", ""), ("another scheme", "Bearer " + token), ("not base64", "Basic !!!"),
                ("no colon", "Basic " + b64("picket" + token)), ("another user", "Basic " + b64("root:" + token)),
                ("unknown", "Basic " + b64("picket:" + "0" * 32)), ("too long", "Basic " + b64("picket:" + token + "0")),
                ("too short", "Basic " + b64("picket:" + token[:-1])), ("upper case", "Basic " + b64("picket:" + token.upper())),
                ("SQL", "Basic " + b64("picket:' OR 1=1 --                       "))):
            if name == "upper case" and token.upper() == token:
                continue
            rows.problem("token: " + name, post(authorization), 401, "unauthorized", refused, headers=ask)

        key = lambda name, *kind: base64.b64encode(m.request(name, *kind))
        damaged = bytearray(der)
        damaged[-3] ^= 1
        pem = run("openssl", "req", "-inform", "DER", data=der)
        no_request = "this is not a certificate request (PKCS#10, DER)"
        for name, body, detail in (
                ("empty", b"", no_request), ("not base64", b"<html>", "the body is not base64"), ("PEM", pem, "the body is not base64"),
                ("raw DER", der, "the body is not base64"), ("base64 of nonsense", base64.b64encode(b"nonsense"), no_request),
                ("cut off", base64.b64encode(der[:-10]), no_request), ("bytes behind it", base64.b64encode(der + b"x"), no_request),
                ("a certificate", base64.b64encode(run("openssl", "x509", "-in", self.device + ".pem", "-outform", "DER")), no_request),
                ("bad signature", base64.b64encode(bytes(damaged)), "^the signature of the request does not hold|^this is not a"),
                ("RSA 1024", key("rsa1024", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
                 "an RSA key must have 2048 to 8192 bits, not 1024"),
                ("P-521", key("p521", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"), "the curve must be P-256 or P-384"),
                ("secp256k1", key("k1", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"), "the curve must be P-256 or P-384"),
                ("Ed25519", key("ed", "-algorithm", "ED25519"), "the key must be P-256, P-384 or RSA")):
            rows.problem("request for a certificate: " + name, post("Basic " + basic, body), 400, "bad_request", detail)
        rows.problem("request for a certificate: wrong type", post("Basic " + basic, headers=["Content-Type: text/plain"]), 415,
                     "unsupported_media", "Content-Type must be application/pkcs10")
        rows.problem("request for a certificate: too large", post("Basic " + basic, b"A" * 16385), 413, "too_large",
                     "at most 16384 bytes are taken here")
        rows.problem("enrolment: name too long", post("Basic " + basic, headers=[
            "Content-Type: application/pkcs10", "X-Picket-Name: " + "n" * 65]), 400, "bad_request",
            "X-Picket-Name must be 1 to 64 bytes of text")
        rows.problem("enrolment: name not UTF-8", post("Basic " + basic, headers=[
            "Content-Type: application/pkcs10", "X-Picket-Name: \udcff"]), 400, "bad_request",
            "X-Picket-Name must be 1 to 64 bytes of text")
        rows.problem("enrolment: platform unknown", post("Basic " + basic, headers=[
            "Content-Type: application/pkcs10", "X-Picket-Platform: symbian"]), 400, "bad_request",
            "X-Picket-Platform must be linux, android or ios")

        answer = post("Basic " + basic)  # none of the above has spent the token
        rows.check("enrolment: the token still works after bad requests", answer.status == 200 and b"\n" not in answer.body and
                   answer.headers["content-type"].startswith("application/pkcs7-mime"), answer.body)
        rows.problem("token: spent", post("Basic " + basic), 401, "unauthorized", refused, headers=ask)
        expired = server.token()
        digest = hashlib.sha256(expired.encode()).hexdigest()
        with sqlite3.connect(self.folder / "state" / "picket.db", timeout=10) as db:
            changed = db.execute("UPDATE enrollments SET expires_ms = 1000 WHERE secret = ?", [digest]).rowcount
        rows.check("token: the store keeps its SHA-256 alone", changed == 1, changed)
        rows.problem("token: expired", post("Basic " + b64("picket:" + expired)), 401, "unauthorized", refused, headers=ask)
        self.secrets += [token, expired]

        for kind in (("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
                     ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")):
            answer = m.enrol("other-key" + kind[-1][-4:], der=m.request("k" + kind[-1][-4:], *kind))
            rows.check("enrolment: a good key, %s" % kind[-1], answer.status == 200, answer.body)
        reenrol = "/.well-known/est/simplereenroll"
        rows.problem("renewal: no certificate", server.request("POST", reenrol, good, headers=["Content-Type: application/pkcs10"]),
                     401, "unauthorized", "a device's certificate is needed here")
        rows.problem("renewal: revoked", server.request("POST", reenrol, good, m.path("revoked"), [
            "Content-Type: application/pkcs10"]), 403, "forbidden", "the device was revoked")
        rows.problem("renewal: nonsense", server.request("POST", reenrol, b"AAAA", self.device, [
            "Content-Type: application/pkcs10"]), 400, "bad_request", no_request)

    def race_for_token(self):
        """One use, eight at the same moment: one wins."""
        token = self.server.token()
        requests = [base64.b64encode(self.material.request("race%d" % i)) for i in range(8)]
        statuses = []
        threads = [threading.Thread(target=lambda r=r: statuses.append(self.material.simple_enrol(token, r).status))
                   for r in requests]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.rows.check("token: one use, eight at once", sorted(statuses) == [200] + [401] * 7, statuses)

    def strongswan(self):
        """The same calls by another implementation."""
        rows, m, server = self.rows, self.material, self.server
        if shutil.which("pki") is None:
            rows.check("strongSwan: pki is installed", False, "package strongswan-pki")
            return
        ca = str(self.folder / "state" / "ca.pem")
        out = self.folder / "swan-ca"
        url = "https://127.0.0.1:%d" % server.port  # it tries one address of localhost, which may be ::1
        run("pki", "--estca", "--url", url, "--cacert", ca, "--caout", str(out) + ".pem", "--outform", "pem", "--force")
        same = run("openssl", "x509", "-in", str(out) + ".pem", "-noout", "-fingerprint", "-sha256") == \
            run("openssl", "x509", "-in", ca, "-noout", "-fingerprint", "-sha256")
        rows.check("strongSwan: --estca gets our CA", same)
        csr = self.folder / "swan.der"
        csr.write_bytes(m.request("swan"))
        token = server.token()
        est = ["pki", "--est", "--url", url, "--cacert", ca, "--in", str(csr), "--outform", "pem"]
        Path(m.path("swan") + ".pem").write_bytes(run(*est, "--userpass", "picket:" + token))
        answer = self.post(report(observation(1)), m.path("swan"))
        rows.check("strongSwan: --est gets a certificate that works", answer.status == 200, answer.body)
        Path(m.path("swan2") + ".pem").write_bytes(run(*est, "--cert", m.path("swan") + ".pem", "--key", m.path("swan") + ".key"))
        shutil.copy(m.path("swan") + ".key", m.path("swan2") + ".key")
        same = m.device_id("swan") == m.device_id("swan2")
        answer = self.post(report(observation(2)), m.path("swan2"))
        rows.check("strongSwan: --est renews for the same device", same and answer.status == 200, answer.body)
        done = subprocess.run([*est, "--userpass", "picket:" + token], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        rows.check("strongSwan: a spent token is refused", done.returncode != 0 and b"HTTP 401" in done.stderr, done.stderr[-200:])

    # ---- slow and silent peers ------------------------------------------------------------------------------

    def slow(self, name, first, drip, most_s):
        """Sends first, then a byte a second; how long until the server has had enough?"""
        begin = time.monotonic()
        status = None
        try:
            with self.server.connect(self.device) as tls:
                tls.sendall(first)
                tls.settimeout(1)
                while time.monotonic() - begin < most_s + 10:
                    try:
                        if drip:
                            tls.sendall(b"a")
                        data = tls.recv(4096)
                        status = Answer(data).status
                        break
                    except TimeoutError:
                        continue
        except OSError:
            pass
        took = time.monotonic() - begin
        self.slow_results.append((name, status in (None, 0, 408) and took <= most_s, "%s after %.1f s" % (status, took)))

    def start_slow(self):
        self.slow_results = []
        head = b"POST /v1/report HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        rows = [("slow: one byte of the body a second", head, True, 2 * IDLE_S + 3),
                ("slow: a body that never comes", head, False, 2 * IDLE_S + 3),
                ("slow: one byte of a header line a second", b"GET /healthz HTTP/1.1\r\nX: ", True, IDLE_S + 15 + 3),
                ("slow: nothing at all", b"", False, 2 * IDLE_S + 3)]
        self.slow_threads = [threading.Thread(target=self.slow, args=row) for row in rows]
        for t in self.slow_threads:
            t.start()

    def end_slow(self):
        for t in self.slow_threads:
            t.join()
        for row in sorted(self.slow_results):
            self.rows.check(*row)

    def transport(self):
        rows = self.rows
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            try:
                data = plain.recv(4096)
            except OSError:
                data = b""
        rows.check("transport: no answer without TLS", b"HTTP" not in data, data)
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            try:
                with self.server.connect(version=version):
                    good = False
            except (OSError, ValueError):
                good = True
            rows.check("transport: no " + version.name, good)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.server.connect(version=version) as tls:
                rows.check("transport: " + version.name, tls.version() == version.name.replace("_", "."), tls.version())

    # ---- limits, the end -----------------------------------------------------------------------------------

    def limits(self):
        rows, m = self.rows, self.material
        m.enrol("eager")
        last = None
        for i in range(3 * REPORTS):
            last = self.post(report(observation(i + 1)), m.path("eager"))
            if last.status != 200:
                break
        rows.problem("limit: reports of a device", last, 429, "rate_limited", "too many reports of this device",
                     headers={"retry-after": "[1-9]"})
        rows.check("limit: not before it is reached", i >= REPORTS, i)
        rows.check("limit: another device goes on", self.post(report(observation(70))).status == 200)
        for _ in range(TRIES + 5):
            last = m.simple_enrol("f" * 32, base64.b64encode(b"x"))
            last = m.simple_enrol("f" * 32, self.csr) if last.status == 400 else last
            if last.status != 401:
                break
        rows.problem("limit: wrong tokens of an address", last, 429, "rate_limited", "too many wrong enrolment tokens",
                     headers={"retry-after": "[1-9][0-9]?"})

    def wait(self):
        """A newer wait ends the older one; revoking ends the wait."""
        rows, m = self.rows, self.material
        m.enrol("waiting")
        results = {}

        def ask(name):
            results[name] = self.server.request("GET", "/v1/wait?timeout=20", identity=m.path("waiting")).status

        first = threading.Thread(target=ask, args=("first",))
        second = threading.Thread(target=ask, args=("second",))
        first.start()
        time.sleep(0.5)
        second.start()
        first.join(5)
        rows.check("wait: a newer one ends the older", results.get("first") == 204 and second.is_alive(), results)
        self.revoke(m.device_id("waiting"))
        second.join(5)
        rows.check("wait: revoking ends it", results.get("second") == 403, results)

    def stop(self):
        """Waits are answered at the end; the next start takes the same state; no secret is in the log."""
        rows = self.rows
        results = []
        waiting = threading.Thread(target=lambda: results.append(
            self.server.request("GET", "/v1/wait?timeout=60", identity=self.device).status))
        waiting.start()
        time.sleep(0.5)
        rows.check("ready after all of this", self.server.request("GET", "/readyz").status == 200)
        begin = time.monotonic()
        status = self.server.stop()
        rows.check("stop: ends well", status == 0, status)
        rows.check("stop: at once", time.monotonic() - begin < 5, time.monotonic() - begin)
        waiting.join(5)
        rows.check("stop: who waits is answered", results == [503], results)
        self.server.start()
        answer = self.server.request("GET", "/v1/ledger", identity=self.device)
        rows.check("start: the same devices", answer.status == 200, answer.body)
        rows.problem("start: revoked stays revoked", self.server.request("GET", "/v1/ledger", identity=self.material.path("revoked")),
                     403, "forbidden", "the device was revoked")
        second = subprocess.run([self.server.program, "--config", self.server.config], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=20)
        rows.check("start: a second one on the same state refuses", second.returncode == 3 and
                   b"another picketd runs on" in second.stderr, second.stderr)
        status = self.server.stop()
        rows.check("stop: again", status == 0, status)
        log = (self.folder / "picketd.log").read_text(errors="replace")
        rows.check("log: no secret in it", not any(secret in log for secret in self.secrets))
        rows.check("log: no sanitizer found anything", "ERROR: AddressSanitizer" not in log and "runtime error:" not in log)

    def configs(self, program):
        """--check-config names file, line and key."""
        table = [
            ("unknown key", "listen:\n  prot: 1\n", "2: listen.prot: unknown key"),
            ("wrong type", "name: Picket\nthreads: many\n", "2: threads: a whole number is wanted here"),
            ("out of range", "listen: {port: 70000}\n", "1: listen.port: must be from 0 to 65535"),
            ("twice", "name: a\nname: b\n", "2: this key stands here twice"),
            ("alias", "a: &x 1\nb: *x\n", "2: aliases are not allowed"),
            ("not YAML", "a: [1\n", "2: "),
            ("a name that is none", "names:\n  - a..b\n", "2: names[0]: a host name or an address is wanted here"),
            ("two targets of one name", "siem:\n  - {name: a, host: b}\n  - {name: a, host: c}\n", "3: siem[1].name: "),
        ]
        for name, text, wanted in table:
            path = self.folder / "bad.yaml"
            path.write_text(text)
            done = subprocess.run([program, "--config", path, "--check-config"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, timeout=20)
            self.rows.check("settings: " + name, done.returncode == 1 and ("%s:%s" % (path, wanted)) in done.stderr, done.stderr)
        done = subprocess.run([program, "--no-such-option"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
        self.rows.check("settings: an option that is none", done.returncode == 2, done.returncode)

    def run(self):
        self.secrets = []
        self.csr = base64.b64encode(self.material.request("any"))
        self.start_slow()
        self.certificates()
        self.bodies()
        self.encodings()
        self.sequences()
        self.requests()
        self.enrolment()
        self.race_for_token()
        self.strongswan()
        self.transport()
        self.wait()
        self.limits()
        self.end_slow()
        self.configs(self.server.program)
        self.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.environ.get("PICKET_BUILD", ROOT / "build"), type=Path)
    parser.add_argument("name", nargs="*")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="picket-bad-input-"))
    suite = None
    try:
        suite = Suite(args.build.resolve(), folder, args.name)
        suite.run()
    finally:
        if suite is not None and suite.server.process.poll() is None:
            suite.server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (suite.rows.passed, suite.rows.failed))
    return 1 if suite.rows.failed else 0


if __name__ == "__main__":
    sys.exit(main())
