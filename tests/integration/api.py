#!/usr/bin/env python3
"""The administrators' interface of a real picketd: every call of docs/api.md, every role against
every route, and what each refusal says. Every answer is held against data/openapi.json."""

import hashlib
import json
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rest_support import BASE, OPENAPI, ROOT, Client, Device, Server, judge  # noqa: E402
from rest_world import (NET, ROLES, SECRETS, World, check, is_problem, make_fleet, pages,  # noqa: E402
                        pages_of_events, tally)

seen_headers = []


def watch(method, path, answer):
    for fault in judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)
    seen_headers.append((method, path, answer))


# ---- the contract -------------------------------------------------------------------------------

def test_routes_agree(w):
    described = {(m.upper(), p) for p, item in OPENAPI["paths"].items() for m in item}
    code = (ROOT / "src/server/api_routes.c").read_text()
    built = {(m, p.removeprefix(BASE)) for m, p in re.findall(r'\{ PK_(\w+), +PK_RIGHT_\w+, +"([^"]+)"', code)}
    check("openapi.json has exactly the routes of the program", described == built, described ^ built)
    rights = {(m, p.removeprefix(BASE)): r.lower()
             for m, r, p in re.findall(r'\{ PK_(\w+), +PK_RIGHT_(\w+), +"([^"]+)"', code)}
    told = {(m.upper(), p): op.get("x-picket-right", "none")
            for p, item in OPENAPI["paths"].items() for m, op in item.items()}
    check("openapi.json has the rights of the program", rights == told, rights.items() ^ told.items())
    scopes = {(m, p.removeprefix(BASE)): (re.search(r"PK_SCOPE_(\w+)", rest) or [0, "fleet"])[1].lower()
              for m, p, rest in re.findall(r'\{ PK_(\w+), +PK_RIGHT_\w+, +"([^"]+)", +\w+([^}]*)\}', code)}
    told = {(m.upper(), p): op.get("x-picket-scope") for p, item in OPENAPI["paths"].items() for m, op in item.items()}
    check("openapi.json has the scopes of the program", scopes == told, scopes.items() ^ told.items())
    report = (ROOT / "src/model/app_report.c").read_text().split("report_fields[] = {")[1].split("};")[0]
    keys = set(re.findall(r'\{ "(\w+)"', report))
    told = set(OPENAPI["components"]["schemas"]["AppReport"]["properties"])
    check("openapi.json has exactly the keys of a scan's report", keys == told, keys ^ told)
    page = (ROOT / "docs/api.md").read_text()
    written = set()
    for cell in re.findall(r"^\| (`(?:GET|POST|PUT|DELETE) .*?) \|", page, re.M):
        for m, p in re.findall(r"`(GET|POST|PUT|DELETE) (/[^`? ]*)", cell):
            written.add((m, p.replace("/ID", "/{id}")))
    check("docs/api.md has exactly the routes of the program", written == built, written ^ built)
    served = w.nobody.get("/openapi.json")
    check("openapi.json is served as it is in the tree", served.json == OPENAPI)
    for method, path in sorted(built):
        for other in {"GET", "POST", "PUT", "DELETE"} - {m for m, p in built if p == path}:
            got = w.admin.call(other, BASE + path.replace("{id}", "x"))
            is_problem(f"{other} {path}", got, 405, "method")
            check(f"{other} {path} names what is allowed", method in got.headers.get("allow", ""),
                  got.headers)


def test_roles(w):
    """Every role against every route: 401 for nobody and for wrong tokens, 403 without the right."""
    rights = {"none": {"none"}, "viewer": {"view"}, "responder": {"view", "respond"},
              "policy": {"view", "respond", "policy"}, "privacy": {"view", "privacy"},
              "admin": {"view", "respond", "policy", "privacy", "own"}}
    wrong = 0
    for path, item in OPENAPI["paths"].items():
        for method, operation in item.items():
            needed = operation.get("x-picket-right", "none")
            where = BASE + path.replace("{id}", "there-is-none")
            if path == "/session" and method == "delete":
                continue  # has its own test
            body = {} if "requestBody" in operation else None
            for role, client in [("none", w.nobody)] + list(w.by_role.items()):
                got = client.call(method.upper(), where, body)
                name = f"{method.upper()} {path} as {role}"
                if needed == "none" or needed in rights[role]:
                    check(f"{name} may", got.status not in (401, 403) or needed == "none", got)
                else:
                    kind = (401, "unauthorized") if role == "none" else (403, "forbidden")
                    is_problem(name, got, *kind)
            if needed != "none":
                wrong += 1
                stranger = Client(w.server, token="0" * 64, address=f"127.0.1.{wrong}")
                got = stranger.call(method.upper(), where, body)
                is_problem(f"{method.upper()} {path} with a wrong token", got, 401, "unauthorized")
                check("401 says how", got.headers.get("www-authenticate", "").startswith("Bearer"), got.headers)


# ---- who calls ----------------------------------------------------------------------------------

def test_session(w):
    got = w.signed_in
    check("sign-in answers 201", got.status == 201, got)
    flags = {part.strip() for part in got.headers["set-cookie"].split(";")[1:]}
    check("cookie flags", flags == {"Path=/", "Max-Age=43200", "HttpOnly", "Secure", "SameSite=Strict"}, flags)
    again = w.nobody.post("/session", {"token": w.used_link})
    is_problem("a link works once", again, 401, "unauthorized")
    me = w.person.get("/session")
    check("who am I", me.status == 200 and me.json["user"] == {"name": "admin", "role": "owner", "groups": []}, me)
    check("the session ends 12 hours later", me.json["expires_at"] == got.json["expires_at"], me)
    check("a token is somebody, too", w.viewer.get("/session").json["user"]["role"] == "viewer")
    is_problem("a token cannot sign out", w.viewer.delete("/session"), 409, "conflict")

    plain = Client(w.server, cookie=w.cookie, marker=False)
    for method, path, body in (("POST", "/tokens", {"name": "x", "role": "viewer"}),
                               ("DELETE", "/tokens/x", None), ("DELETE", "/session", None),
                               ("POST", "/enrollments", {})):
        is_problem(f"CSRF {method} {path}", plain.call(method, BASE + path, body), 403, "forbidden")
    check("reading by cookie needs no marker", plain.get("/session").status == 200)
    got = Client(w.server, cookie=w.cookie, marker=False).post(
        "/tokens", {"name": "x", "role": "viewer"}, headers={"X-Picket-Request": "yes"})
    is_problem("another marker", got, 403, "forbidden")

    link = w.admin.post("/users/signin-link", {"name": "eve", "role": "viewer"})
    check("sign-in link", re.fullmatch(rf"https://localhost:{w.server.port}/#/signin/[0-9a-f]{{64}}",
                                       link.json["url"]), link)
    secret = link.json["url"].rsplit("/", 1)[1]
    SECRETS.append(secret)
    opened = Client(w.server, address="127.0.2.1").post("/session", {"token": secret})
    cookie = re.match(r"__Host-picket=(\w+)", opened.headers["set-cookie"]).group(1)
    SECRETS.append(cookie)
    eve = Client(w.server, cookie=cookie)
    check("the link's role", eve.get("/session").json["user"] == {"name": "eve", "role": "viewer", "groups": []})
    is_problem("and not more", eve.get("/tokens"), 403, "forbidden")
    out = eve.delete("/session")
    check("sign out", out.status == 204 and "Max-Age=0" in out.headers["set-cookie"], out.headers)
    is_problem("the session is over", eve.get("/session"), 401, "unauthorized")


def test_one_link_two_hands(w):
    """Ten at the same moment: one gets in."""
    secret = w.admin.post("/users/signin-link", {"name": "race", "role": "viewer"}).json["url"].rsplit("/", 1)[1]
    SECRETS.append(secret)
    results = []

    def enter(n):
        got = Client(w.server, address=f"127.0.3.{n}").post("/session", {"token": secret})
        results.append(got.status)

    threads = [threading.Thread(target=enter, args=(n,)) for n in range(1, 11)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check("one of ten got in", sorted(results) == [201] + [401] * 9, results)


def test_expiry(w):
    """Time passes in the database, since nobody wants to wait 12 hours."""
    link = w.admin.post("/users/signin-link", {"name": "late", "role": "viewer"}).json["url"].rsplit("/", 1)[1]
    token = w.admin.post("/tokens", {"name": "short", "role": "viewer", "ttl_s": 60}).json
    kept = w.admin.post("/users/signin-link", {"name": "gone", "role": "viewer"}).json["url"].rsplit("/", 1)[1]
    cookie = re.match(r"__Host-picket=(\w+)", Client(w.server, address="127.0.4.1").post(
        "/session", {"token": kept}).headers["set-cookie"]).group(1)
    SECRETS.extend([link, token["token"], kept, cookie])
    program, person = Client(w.server, token=token["token"], address="127.0.4.2"), Client(w.server, cookie=cookie)
    check("both work before", program.get("/session").status == 200 and person.get("/session").status == 200)
    with w.database() as db:
        for secret in (link, token["token"], cookie):
            digest = hashlib.sha256(secret.encode()).hexdigest()
            rows = db.execute("UPDATE tokens SET expires_ms = 1000 WHERE secret = ?", (digest,)).rowcount
            check("the store knows the secret by its hash", rows == 1, rows)
    is_problem("expired link", Client(w.server, address="127.0.4.3").post("/session", {"token": link}), 401, "unauthorized")
    is_problem("expired token", program.get("/session"), 401, "unauthorized")
    is_problem("expired session", person.get("/session"), 401, "unauthorized")


def test_wrong_tokens_limited(w):
    for how, attempt in (
            ("bearer", lambda c: c.get("/session")),
            ("link", lambda c: c.post("/session", {"token": "f" * 64}))):
        client = Client(w.server, token="f" * 64 if how == "bearer" else None,
                        address="127.0.5.1" if how == "bearer" else "127.0.5.2")
        codes = [attempt(client).status for _ in range(12)]
        check(f"wrong {how}: ten tries, then 429", codes == [401] * 10 + [429] * 2, codes)
        last = attempt(client)
        check("429 says when", last.headers.get("retry-after") == "60" and last.problem == "rate_limited", last)
    session = Client(w.server, cookie=w.cookie, address="127.0.5.1")
    check("people behind the address go on", session.get("/session").status == 200)


# ---- what is asked wrongly ----------------------------------------------------------------------

def test_bad_input(w):
    rows = [
        # method, path, body, status, problem, path of the culprit
        ("GET", "/devices?frob=1", None, 400, "unknown_key", "frob"),
        ("GET", "/devices?limit=0", None, 400, "bad_request", "limit"),
        ("GET", "/devices?limit=501", None, 400, "bad_request", "limit"),
        ("GET", "/devices?limit=x", None, 400, "bad_request", "limit"),
        ("GET", "/devices?sort=color", None, 400, "bad_request", "sort"),
        ("GET", "/devices?filter=color:red", None, 400, "unknown_key", "filter.color"),
        ("GET", "/devices?filter=status:gone", None, 400, "bad_request", "filter.status"),
        ("GET", "/devices?filter=status", None, 400, "bad_request", "filter"),
        ("GET", "/devices?cursor=%00", None, 400, "bad_request", None),
        ("GET", "/devices?cursor=nonsense", None, 400, "bad_request", None),
        ("GET", "/incidents?filter=state:open,state:open", None, 400, "bad_request", "filter.state"),
        ("GET", "/incidents?sort=name", None, 400, "bad_request", "sort"),
        ("GET", "/incidents?filter=severity:huge", None, 400, "bad_request", "filter.severity"),
        ("GET", "/overview?x=1", None, 400, "unknown_key", "x"),
        ("GET", "/session?x=1", None, 400, "unknown_key", "x"),
        ("GET", "/threats?limit=5", None, 400, "unknown_key", "limit"),
        ("GET", "/threats?language=tlh", None, 400, "bad_request", "language"),
        ("GET", "/health?x=", None, 400, "unknown_key", "x"),
        ("GET", "/events?after=x", None, 400, "bad_request", "after"),
        ("GET", "/events?after=-1", None, 400, "bad_request", "after"),
        ("GET", "/events?after=999999999", None, 400, "bad_request", "after"),
        ("GET", "/events?wait=31", None, 400, "bad_request", "wait"),
        ("GET", "/events?since=0", None, 400, "unknown_key", "since"),
        ("GET", "/events?wait=1&wait=1", None, 400, "bad_request", None),
        ("GET", "/audit?filter=color:red", None, 400, "unknown_key", "filter.color"),
        ("GET", "/tokens?filter=role:king", None, 400, "bad_request", "filter.role"),
        ("GET", "/devices/none", None, 404, "not_found", None),
        ("GET", "/incidents/none", None, 404, "not_found", None),
        ("GET", "/nothing", None, 404, "not_found", None),
        ("DELETE", "/tokens/none", None, 404, "not_found", None),
        ("DELETE", "/enrollments/none", None, 404, "not_found", None),
        ("POST", "/devices/none/revoke", {"reason": "r"}, 404, "not_found", None),
        ("POST", "/incidents/none/dismiss", {"reason": "r"}, 404, "not_found", None),
        ("POST", "/incidents/none/dismiss", {}, 400, "bad_request", "reason"),
        ("POST", "/incidents/none/dismiss", {"reason": ""}, 400, "bad_request", "reason"),
        ("POST", "/incidents/none/dismiss", {"reason": 5}, 400, "bad_request", "reason"),
        ("POST", "/incidents/none/dismiss", {"reason": "x" * 501}, 400, "bad_request", "reason"),
        ("POST", "/incidents/none/dismiss", {"reason": "a\u0000b"}, 400, "bad_request", None),
        ("POST", "/incidents/none/dismiss", {"reason": "a\u001bb"}, 400, "bad_request", "reason"),
        ("POST", "/incidents/none/reopen", {"reason": "r", "force": True}, 400, "unknown_key", "force"),
        ("POST", "/incidents/none/reopen?x=1", {"reason": "r"}, 400, "unknown_key", "x"),
        ("POST", "/tokens", {"name": "x"}, 400, "bad_request", "role"),
        ("POST", "/tokens", {"name": "x", "role": "king"}, 400, "bad_request", "role"),
        ("POST", "/tokens", {"name": "x", "role": "none"}, 400, "bad_request", "role"),
        ("POST", "/tokens", {"name": "", "role": "viewer"}, 400, "bad_request", "name"),
        ("POST", "/tokens", {"name": "x", "role": "viewer", "ttl_s": 1}, 400, "bad_request", "ttl_s"),
        ("POST", "/tokens", {"name": "x", "role": "viewer", "ttl_s": 1.5}, 400, "bad_request", "ttl_s"),
        ("POST", "/enrollments", {"uses": 0}, 400, "bad_request", "uses"),
        ("POST", "/enrollments", {"group": ""}, 400, "bad_request", "group"),
        ("POST", "/enrollments", {"frob": 1}, 400, "unknown_key", "frob"),
        ("POST", "/users/signin-link", {"name": "x"}, 400, "bad_request", "role"),
        ("POST", "/session", {}, 400, "bad_request", "token"),
        ("POST", "/session", [], 400, "bad_request", None),
    ]
    for method, path, body, status, kind, culprit in rows:
        is_problem(f"{method} {path} {json.dumps(body)[:60]}", w.admin.call(method, BASE + path, body),
                   status, kind, culprit)
    for name, raw, kind, status, problem in (
            ("no JSON", b"{", "application/json", 400, "bad_request"),
            ("empty body", b"", "application/json", 400, "bad_request"),
            ("duplicate key", b'{"name":"a","name":"b","role":"viewer"}', "application/json", 400, "bad_request"),
            ("bad UTF-8", b'{"name":"\xff","role":"viewer"}', "application/json", 400, "bad_request"),
            ("another type", b"name=a", "application/x-www-form-urlencoded", 415, "unsupported_media"),
            ("no type", b'{"name":"a","role":"viewer"}', "", 415, "unsupported_media")):
        headers = {"Content-Type": kind} if kind else {}
        got = w.admin.call("POST", BASE + "/tokens", raw=raw, headers=headers)
        is_problem(f"body: {name}", got, status, problem)
    got = w.admin.call("POST", BASE + "/tokens", headers={"Content-Type": "application/json"}, announce=16385)
    is_problem("body: too large", got, 413, "too_large")


# ---- tokens, enrolments -------------------------------------------------------------------------

def test_tokens(w):
    made = w.admin.post("/tokens", {"name": "ci", "role": "responder", "ttl_s": 3600})
    SECRETS.append(made.json["token"])
    check("a token is made", made.status == 201 and made.json["role"] == "responder"
          and made.json["last_used_at"] is None, made)
    client = Client(w.server, token=made.json["token"], address="127.0.6.1")
    check("it works", client.get("/session").json["user"] == {"name": "ci", "role": "responder", "groups": []})
    row = next(t for t in w.admin.get("/tokens?limit=500").json["items"] if t["id"] == made.json["id"])
    check("its use is noted", row["last_used_at"] is not None, row)
    check("removed", w.admin.delete("/tokens/" + made.json["id"]).status == 204)
    is_problem("it stops at once", client.get("/session"), 401, "unauthorized")
    is_problem("gone is gone", w.admin.delete("/tokens/" + made.json["id"]), 404, "not_found")
    found = w.admin.get("/tokens?filter=role:viewer|admin,q:TEST&sort=name").json
    check("tokens filter and sort", [t["name"] for t in found["items"]] == ["test admin", "test viewer"], found)


def test_enrollments(w):
    made = w.admin.post("/enrollments", {})
    body = made.json
    SECRETS.append(body["token"])
    check("defaults", (body["uses"], body["uses_left"], body["group"], body["label"]) == (1, 1, "default", ""), body)
    check("token", re.fullmatch("[0-9a-f]{32}", body["token"]))
    ca = (w.server.dir / "state" / "ca.pem").read_bytes()
    pin = hashlib.sha256(subprocess.run(["openssl", "x509", "-outform", "DER"], input=ca, check=True,
                                        capture_output=True).stdout).hexdigest()
    check("url", body["url"] == f"https://localhost:{w.server.port}/enroll#{body['token']}.{pin}", body["url"])
    svg = ElementTree.fromstring(body["qr_svg"])
    box = [int(n) for n in svg.attrib["viewBox"].split()]
    paths = svg.findall("{http://www.w3.org/2000/svg}path")
    check("qr_svg: square with two paths", box[2] == box[3] and len(paths) == 2 and len(svg) == 2, svg.attrib)
    first = re.match(r"M(\d+) (\d+)h(\d+)", paths[1].attrib["d"]).groups()
    check("qr_svg: finder pattern behind four quiet modules", first == ("4", "4", "7"), first)
    check("shown once", all("token" not in e and "url" not in e
                            for e in w.admin.get("/enrollments").json["items"]))
    check("removed", w.admin.delete("/enrollments/" + body["id"]).status == 204)
    try:
        Device(w.server, body["token"], "refused")
        check("a removed token lets nobody in", False)
    except RuntimeError as refused:
        check("a removed token lets nobody in", "401" in str(refused), refused)
    found = w.admin.post("/enrollments", {"label": "Lager", "group": "store", "uses": 3, "ttl_s": 120}).json
    SECRETS.append(found["token"])
    rows = w.admin.get("/enrollments?filter=group:store").json
    check("enrolments filter", [e["id"] for e in rows["items"]] == [found["id"]], rows)
    page = w.nobody.call("GET", "/enroll")
    check("the link opens a page", page.status == 200 and b"picket-agent enroll" in page.body
          and page.headers["content-type"].startswith("text/html"), page)
    return found


# ---- devices, incidents -------------------------------------------------------------------------

def test_devices(w):
    rows = w.viewer.get("/devices?sort=name").json
    check("all are listed", [d["name"] for d in rows["items"]] == [f"phone-{n}" for n in range(1, 6)], rows)
    check("one never reported", [d["name"] for d in w.viewer.get("/devices?filter=status:never").json["items"]] == ["phone-5"])
    check("filters hold together", w.viewer.get("/devices?filter=status:active,q:PHONE-3,group:sales,platform:linux").json["total"] == 1)
    check("and exclude", w.viewer.get("/devices?filter=group:nobody").json["items"] == [])
    risks = [d["risk"]["score"] for d in w.viewer.get("/devices?sort=-risk").json["items"]]
    check("sorted by risk", risks == sorted(risks, reverse=True) and risks[0] > 0, risks)
    by_level = {level: w.viewer.get(f"/devices?filter=level:{level}").json["total"]
                for level in ("low", "guarded", "high", "critical")}
    check("levels add up", sum(by_level.values()) == 5, by_level)
    one = w.viewer.get("/devices/" + w.devices[0].id).json
    check("full", one["posture"]["disk_encrypted"] is False and one["network"]["id"] == NET
          and one["network"]["kind"] == "wifi" and one["open_incidents"] == 3
          and len(one["incidents"]) == 3 and one["os"]["patch"] == "2025-01-01"
          and one["certificate"]["serial"] and one["revoked"] is None, one)
    w.responder.get("/devices/" + w.devices[0].id)
    w.responder.get("/devices/" + w.devices[0].id)
    looks = w.admin.get(f"/audit?filter=act:device.look,target:{w.devices[0].id}").json["items"]
    check("each who looked is written down, once an hour", sorted(a["actor"] for a in looks)
          == ["token test responder", "token test viewer"], looks)
    ledger = w.devices[0].ledger()
    check("and the device's own ledger says so", {"token test viewer", "token test responder"}
          <= {a["who"] for a in ledger["looked"] if a["what"] == "device.look"}, ledger)
    check("its risk has reasons", one["risk"]["parts"] and all(p["reason"] for p in one["risk"]["parts"]), one["risk"])
    check("its user was told", one["alerts"] and all("{subject}" not in a["title"] for a in one["alerts"]), one["alerts"])


def test_revoke(w):
    device = w.devices[4]
    status, _ = device.report(device.posture())
    check("it may report before", status == 200, status)
    got = w.admin.post(f"/devices/{device.id}/revoke", {"reason": "lost in a taxi"})
    check("revoked", got.status == 200 and got.json["status"] == "revoked"
          and got.json["revoked"]["reason"] == "lost in a taxi"
          and got.json["revoked"]["by"] == "token test admin", got)
    status, answer = device.report(device.posture())
    check("its certificate is refused at once", status == 403, answer)
    again = w.admin.post(f"/devices/{device.id}/revoke", {"reason": "again"})
    is_problem("twice", again, 409, "conflict")


def test_paging(w):
    for path in ("/incidents", "/incidents?sort=severity", "/incidents?sort=-opened_at",
                 "/incidents?filter=state:open|mitigated&sort=updated_at", "/devices?sort=-risk",
                 "/devices?sort=name", "/devices?sort=last_seen_at", "/audit", "/tokens", "/enrollments"):
        whole = w.admin.get(f"{path}{'&' if '?' in path else '?'}limit=500").json
        for limit in (1, 2, 3):
            items, total = pages(w.admin, path, limit)
            check(f"{path} by {limit} is the whole", [i["id"] for i in items] == [i["id"] for i in whole["items"]]
                  and total == whole["total"] == len(items), (len(items), total, whole["total"]))
    got = w.admin.get("/devices?sort=name&cursor=" + w.admin.get("/incidents?limit=1").json["next_cursor"])
    is_problem("a cursor of another list", got, 400, "bad_request")


def test_incident_filters(w):
    every = w.viewer.get("/incidents?limit=500").json["items"]
    order = {s: n for n, s in enumerate(["info", "low", "medium", "high", "critical"])}
    for field, values, of in (
            ("state", ["open", "mitigated", "resolved", "dismissed"], lambda i: i["state"]),
            ("severity", list(order), lambda i: i["severity"]),
            ("vector", ["network", "malware", "physical", "vulnerability", "behavior"], lambda i: i["vector"]),
            ("threat", ["network.arp_spoof", "physical.no_encryption", "no.such"], lambda i: i["threat"]),
            ("subject", [NET, "device", "other"], lambda i: i["subject"]),
            ("device", [d.id for d in w.devices], lambda i: i["device"]["id"])):
        for value in values:
            got = {i["id"] for i in w.viewer.get(f"/incidents?limit=500&filter={field}:{value}").json["items"]}
            check(f"filter {field}:{value}", got == {i["id"] for i in every if of(i) == value})
    got = w.viewer.get("/incidents?limit=500&filter=severity:high%7Ccritical,vector:network").json["items"]
    check("two filters", {i["id"] for i in got} == {i["id"] for i in every if i["vector"] == "network"
                                                    and i["severity"] in ("high", "critical")} and got, len(got))
    check("q searches", w.viewer.get("/incidents?filter=q:phone-2").json["total"] == 3)
    got = [order[i["severity"]] for i in w.viewer.get("/incidents?sort=-severity").json["items"]]
    check("sorted by severity", got == sorted(got, reverse=True), got)


def test_dismiss(w):
    spoof = w.viewer.get(f"/incidents?filter=threat:network.arp_spoof,device:{w.devices[0].id}").json["items"][0]
    full = w.viewer.get("/incidents/" + spoof["id"]).json
    check("evidence", full["evidence"] and full["rule"].startswith("network.arp_spoof/") and full["attack"], full)
    check("the same elsewhere", [i["device"]["name"] for i in full["elsewhere"]] == ["phone-2"], full["elsewhere"])
    check("texts name the subject", NET in full["texts"]["title"] and "{subject}" not in json.dumps(full["texts"]))
    check("time line begins with its detection", full["timeline"][0]["what"] == "detected", full["timeline"])
    is_problem("reopen an open one", w.responder.post(f"/incidents/{spoof['id']}/reopen", {"reason": "r"}), 409, "conflict")
    risk = w.viewer.get("/devices/" + w.devices[0].id).json["risk"]
    got = w.responder.post(f"/incidents/{spoof['id']}/dismiss", {"reason": "our own test, “quoted”"})
    check("dismissed", got.status == 200 and got.json["state"] == "dismissed" and got.json["ended_at"]
          and got.json["reason"] == "our own test, “quoted”", got)
    calm = w.viewer.get("/devices/" + w.devices[0].id).json["risk"]
    check("the device's risk falls with it", calm["score"] < risk["score"]
          and spoof["id"] not in [p["incident"] for p in calm["parts"]], (risk["score"], calm))
    line = got.json["timeline"][-1]
    check("in the time line", (line["what"], line["by"], line["detail"])
          == ("dismissed", "token test responder", "our own test, “quoted”"), line)
    is_problem("twice", w.responder.post(f"/incidents/{spoof['id']}/dismiss", {"reason": "r"}), 409, "conflict")
    check("the SOC is told", w.soc_hears(spoof["id"], "act=dismissed"))
    w.devices[0].report(w.devices[0].spoofed(NET))
    time.sleep(0.5)
    same = w.viewer.get("/incidents/" + spoof["id"]).json
    more = w.viewer.get(f"/incidents?filter=threat:network.arp_spoof,device:{w.devices[0].id}").json["total"]
    check("the same finding does not reopen it", same["state"] == "dismissed" and more == 1, (same["state"], more))
    audit = w.admin.get("/audit?filter=act:incident.dismiss").json["items"]
    check("in the audit", [(a["actor"], a["target"]) for a in audit] == [("token test responder", spoof["id"])], audit)
    stream = pages_of_events(w.admin)
    check("in the stream", [e["incident"]["id"] for e in stream if e["type"] == "incident.dismissed"] == [spoof["id"]])
    got = w.responder.post(f"/incidents/{spoof['id']}/reopen", {"reason": "it was real"})
    check("reopened", got.json["state"] == "open" and got.json["ended_at"] is None and got.json["reason"] is None, got)
    check("and the risk rises again", w.viewer.get("/devices/" + w.devices[0].id).json["risk"]["score"] > calm["score"])


def test_overview(w):
    o = w.viewer.get("/overview").json
    check("devices", o["devices"] == {"total": 5, "active": 4, "silent": 0, "never": 0, "revoked": 1}, o["devices"])
    check("levels", sum(o["levels"].values()) == 4, o["levels"])
    open_ones = w.viewer.get("/incidents?filter=state:open&limit=500").json["items"]
    check("open incidents", o["incidents"]["open"] == len(open_ones)
          and sum(o["incidents"]["by_severity"].values()) == len(open_ones), o["incidents"])
    check("14 days, oldest first", len(o["days"]) == 14 and [d["day"] for d in o["days"]] == sorted(d["day"] for d in o["days"])
          and o["days"][-1]["opened"] >= 10, o["days"][-1])
    check("worst first", o["top_incidents"][0]["severity"] in ("high", "critical"), o["top_incidents"][0])
    check("threats", any(t["threat"] == "network.arp_spoof" and t["devices"] == 2 for t in o["threats"]), o["threats"])
    check("to do", o["to_do"] and all(t["link"].startswith("/") for t in o["to_do"]), o["to_do"])
    check("not a demo", o["demo"] is False)
    score = o["score"]
    check("the score is the sum of its parts", abs(score["now"] - sum(p["score"] for p in score["parts"])) <= .5
          and [p["of"] for p in score["parts"]] == [30, 45, 25] and score["parts"][0]["score"] == 30, score)
    check("no device foretold, none blocked", o["outlooks"]["unknown"] == 4 and o["blocked"] == 0, o["outlooks"])
    acts = {a["id"]: a for a in o["actions"]}
    spoofed = w.viewer.get("/incidents?filter=state:open,threat:network.arp_spoof").json
    check("what to do leads to its list", len(o["actions"]) <= 8 and acts["network.arp_spoof"]["link"]
          == "/incidents?filter=state:open|mitigated,threat:network.arp_spoof"
          and acts["network.arp_spoof"]["devices"] == len({i["device"]["id"] for i in spoofed["items"]}), acts)
    check("and brings something", sum(a["gain"] for a in o["actions"]) > 0
          and acts["network.arp_spoof"]["do"] != "", o["actions"])
    check("the worst devices say why", o["top_devices"][0]["reason"], o["top_devices"][0])
    days = w.viewer.get("/trends").json["days"]
    check("today is the last day", days[-1]["day"] == o["days"][-1]["day"] and days[-1]["open"] == o["incidents"]["open"]
          and days[-1]["devices"] == 4 and days[-1]["score"] == score["now"] and not days[-1]["estimated"], days[-1])
    check("days in order", [d["day"] for d in days] == sorted({d["day"] for d in days}), days)
    group = w.viewer.get("/trends?group=nobody&days=1").json
    check("a group without devices", group["group"] == "nobody" and group["days"][-1]["devices"] == 0
          and group["days"][-1]["score"] is None, group)
    for query in ("days=0", "days=401", "days=x", "x=1"):
        got = w.viewer.call("GET", "/api/v1/trends?" + query)
        check(f"refused: {query}", got.status == 400, got)
    for query, wanted in (("outlook:unknown", 5), ("outlook:high", 0), ("access:blocked", 0), ("access:free", 5)):
        check(f"devices, {query}", w.viewer.get("/devices?filter=" + query).json["total"] == wanted, query)
    check("by outlook", w.viewer.get("/devices?sort=-outlook").json["total"] == 5)
    h = w.viewer.get("/health").json
    check("health", h["status"] == "ok" and h["store"] == "sqlite" and h["journal"]["entries"] > 0
          and h["journal"]["lag"] == 0 and h["connections"] >= 1 and h["problems"] == [], h)
    check("the machine", h["store_bytes"] > 100_000 and h["disk"]["bytes"] > h["disk"]["free"] > 0
          and h["process"]["threads"] >= 4 and h["process"]["memory_kb"] > 1000 and h["now"] > h["started_at"], h)
    check("certificates", h["certificates"]["server_ends_at"] > h["now"] and h["certificates"]["authority_ends_at"]
          > h["certificates"]["server_ends_at"] and h["certificates"]["devices_ended"] == 0, h["certificates"])
    t = w.viewer.get("/threats").json
    check("catalogue", t["total"] == len(t["items"]) > 60 and t["next_cursor"] is None, t["total"])
    german = w.viewer.get("/threats?language=de").json
    same = [a["id"] for a, b in zip(t["items"], german["items"]) if a["id"] != b["id"] or a["title"] == b["title"]]
    check("catalogue in another language", german["total"] == t["total"] and not same, same)


# ---- events -------------------------------------------------------------------------------------

def test_events(w):
    every = pages_of_events(w.admin)
    ids = [int(e["id"]) for e in every]
    check("in order, each once", ids == sorted(set(ids)) and len(ids) > 20, len(ids))
    check("by single steps the same", [e["id"] for e in pages_of_events(w.admin, limit=1)] == [e["id"] for e in every])
    kinds = {e["type"] for e in every}
    check("kinds", kinds >= {"incident.opened", "device.enrolled", "audit", "incident.dismissed",
                             "incident.reopened", "device.revoked", "device.risk"}, kinds)
    seen = pages_of_events(w.viewer, limit=7)
    check("a viewer sees all but the audit", [e["id"] for e in seen] == [e["id"] for e in every if e["type"] != "audit"])
    now = w.admin.get("/events?after=now").json
    check("from now", now["items"] == [] and int(now["next"]) == ids[-1], now)
    begun = time.monotonic()
    got = w.viewer.get(f"/events?after={ids[-1]}&wait=1").json
    took = time.monotonic() - begun
    check("waits as long as asked", got["items"] == [] and 0.9 < took < 2.5, took)


def test_long_poll_wakes(w):
    """From the change's answer to the reader's answer, over several turns."""
    spoof = w.viewer.get(f"/incidents?filter=threat:network.arp_spoof,device:{w.devices[1].id}").json["items"][0]
    delays = []
    for turn in range(6):
        after = w.viewer.get("/events?after=now").json["next"]
        got = {}

        def read():
            got["answer"] = w.viewer.get(f"/events?after={after}&wait=20").json
            got["at"] = time.monotonic()

        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.3)  # it hangs by now
        act = "dismiss" if turn % 2 == 0 else "reopen"
        w.responder.post(f"/incidents/{spoof['id']}/{act}", {"reason": "turn"})
        changed = time.monotonic()
        reader.join(25)
        delays.append(got["at"] - changed)
        kinds = [e["type"] for e in got["answer"]["items"]]
        check("it is about the change", kinds and kinds[0].startswith("incident."), kinds)
    delays.sort()
    check(f"a long poll wakes within 100 ms (median {delays[3] * 1000:.0f} ms, worst {delays[-1] * 1000:.0f} ms)",
          delays[3] < 0.1, delays)
    print(f"        long poll woke {delays[3] * 1000:.1f} ms after the change's own answer (median of 6)")
    first = time.monotonic()
    after = w.viewer.get("/events?after=now").json["next"]
    got = {}
    reader = threading.Thread(target=lambda: got.update(w.viewer.get(f"/events?after={after}&wait=20").json))
    reader.start()
    time.sleep(0.3)
    w.devices[2].report(w.devices[2].spoofed(NET))
    reader.join(25)
    check("a device's report wakes, too", any(e["type"] == "incident.opened" for e in got["items"]), got)
    check("soon", time.monotonic() - first < 5)


def test_nothing_is_lost(w):
    """Four writers, three readers with different steps: each sees each event once, in order."""
    start = w.admin.get("/events?after=now").json["next"]
    writers, turns = 4, 15
    stop = threading.Event()
    results = [[] for _ in range(3)]

    def write(n):
        client = Client(w.server, token=w.admin.token)
        for turn in range(turns):
            made = client.post("/tokens", {"name": f"w{n}-{turn}", "role": "viewer"})
            if made.status == 201:
                SECRETS.append(made.json["token"])
                client.delete("/tokens/" + made.json["id"])

    def read(out, limit):
        client, after = Client(w.server, token=w.admin.token), start
        while True:
            got = client.get(f"/events?after={after}&wait=1&limit={limit}").json
            out += got["items"]
            after = got["next"]
            if not got["items"] and stop.is_set():
                return

    readers = [threading.Thread(target=read, args=(results[n], limit)) for n, limit in enumerate((1, 7, 500))]
    pens = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for t in readers + pens:
        t.start()
    for t in pens:
        t.join()
    stop.set()
    for t in readers:
        t.join()
    wanted = [e["id"] for e in pages_of_events(w.admin, after=start)]
    check("all writes are in the stream", len(wanted) == writers * turns * 2, len(wanted))
    for n, out in enumerate(results):
        check(f"reader {n} saw each event once, in order", [e["id"] for e in out] == wanted, (len(out), len(wanted)))


# ---- console, headers ---------------------------------------------------------------------------

def test_console(w):
    page = w.nobody.call("GET", "/")
    check("console", page.status == 200 and b"console" in page.body and page.headers["cache-control"] == "no-cache"
          and page.headers["content-type"] == "text/html; charset=utf-8", page.headers)
    same = w.nobody.call("GET", "/", headers={"If-None-Match": page.headers["etag"]})
    check("unchanged", same.status == 304 and same.body == b"", same)
    asset = w.nobody.call("GET", "/app-0123456789.js")
    check("asset", asset.status == 200 and asset.body == b"console.log(1)" and "immutable" in asset.headers["cache-control"]
          and asset.headers["content-type"].startswith("text/javascript"), asset.headers)
    check("plain names are not kept for ever", "immutable" not in w.nobody.call("GET", "/plain.css").headers["cache-control"])
    check("sub-folder", w.nobody.call("GET", "/sub/a.svg").headers["content-type"] == "image/svg+xml")
    for path in ("/../picketd.yaml", "/..%2fpicketd.yaml", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/.hidden",
                 "/link.txt", "/sub/../.hidden", "/sub", "/sub/", "/index.html%00.js", "/nothing", "/app-0123456789.js/"):
        got = w.nobody.call("GET", path)
        check(f"GET {path} gives no file", got.status in (400, 404) and b"root:" not in got.body
              and b"secret of" not in got.body, got)
    is_problem("unknown device call", w.nobody.call("GET", "/v1/nothing"), 404, "not_found")


def test_headers(w):
    wanted = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
    bad = []
    for method, path, answer in seen_headers:
        if not path.startswith(BASE):
            continue
        for name, value in wanted.items():
            if answer.headers.get(name) != value:
                bad.append((method, path, answer.status, name, answer.headers.get(name)))
        if "strict-transport-security" not in answer.headers or "frame-ancestors 'none'" not in answer.headers.get("content-security-policy", ""):
            bad.append((method, path, answer.status, "hsts/csp"))
        if answer.headers.get("cache-control") != "no-store":
            bad.append((method, path, answer.status, "cache"))
    check(f"security headers on {len(seen_headers)} answers of the API", not bad, bad[:5])
    policy = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
              "base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
    for path in ("/", "/app-0123456789.js", "/enroll", "/nothing"):
        got = w.nobody.call("GET", path).headers
        check(f"headers of {path}", got.get("content-security-policy") == policy and got.get("x-frame-options") == "DENY"
              and got.get("x-content-type-options") == "nosniff" and got.get("referrer-policy") == "no-referrer"
              and got.get("strict-transport-security", "").startswith("max-age="), got)


def test_not_built():
    """Without a console there is a page that says so; who waits when the server stops is told."""
    server = Server().start()
    try:
        got = Client(server).call("GET", "/")
        check("not built", got.status == 503 and b"make console" in got.body, got)
        cookie = re.match(r"__Host-picket=(\w+)", Client(server).post(
            "/session", {"token": server.signin_token()}).headers["set-cookie"]).group(1)
        answers = []
        readers = [threading.Thread(target=lambda: answers.append(
            Client(server, cookie=cookie).get("/events?after=now&wait=30").status)) for _ in range(5)]
        for reader in readers:
            reader.start()
        time.sleep(0.5)
        begun = time.monotonic()
        check("stops cleanly", server.stop() == 0, server.process.returncode)
        for reader in readers:
            reader.join(10)
        check("those who waited were told at once", answers == [503] * 5 and time.monotonic() - begun < 5,
              (answers, time.monotonic() - begun))
    finally:
        server.close()


# ---- audit, secrets -----------------------------------------------------------------------------

def test_audit(w):
    acts = {a["act"] for a in pages(w.admin, "/audit", 100)[0]}
    check("every act is there", acts >= {"session.open", "session.close", "token.create", "token.remove",
                                         "enrollment.create", "enrollment.remove", "device.revoke",
                                         "incident.dismiss", "incident.reopen", "user.signin-link"}, acts)
    rows = w.admin.get("/audit").json["items"]
    check("newest first", [int(r["id"]) for r in rows] == sorted((int(r["id"]) for r in rows), reverse=True))
    got = w.admin.get("/audit?filter=actor:admin,act:token.create").json["items"]
    got = w.admin.get("/audit?filter=actor:command line".replace(" ", "%20")).json["items"]
    check("links made at the server itself", [r["act"] for r in got] == ["user.signin-link"]
          and got[0]["detail"]["name"] == "admin", got)
    got = w.admin.get("/audit?filter=actor:admin,act:token.create").json["items"]
    check("who", {r["detail"]["name"] for r in got} == {f"test {r}" for r in ROLES}, got)


def test_no_secret_is_kept(w):
    w.server.stop()
    kept = w.server.log.read_bytes()
    for path in sorted((w.server.dir / "state").glob("*.db*")):
        kept += path.read_bytes()
    found = [s[:8] + "..." for s in SECRETS if s.encode() in kept]
    check(f"none of {len(SECRETS)} secrets is in the log or the store", not found and len(SECRETS) > 50, (found, len(SECRETS)))
    check("picketd ended cleanly", w.server.process.returncode == 0, w.server.log.read_text()[-800:])


def main():
    w = World()
    Client.watch = watch
    try:
        for test in (test_routes_agree, test_roles, test_session, test_one_link_two_hands, test_expiry,
                     test_wrong_tokens_limited, test_bad_input, test_tokens, test_enrollments, make_fleet, test_devices,
                     test_revoke, test_paging, test_incident_filters, test_dismiss, test_overview, test_events,
                     test_long_poll_wakes, test_nothing_is_lost, test_console, test_headers,
                     test_audit, test_no_secret_is_kept):
            begun = tally.passed, tally.failed
            try:
                test(w)
            except Exception as error:  # one broken test must not hide the others
                check(test.__name__, False, f"{type(error).__name__}: {error}")
            print(f"{test.__name__}: {tally.passed - begun[0]} passed, {tally.failed - begun[1]} failed", flush=True)
    finally:
        w.close()
    Client.watch = None
    test_not_built()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
