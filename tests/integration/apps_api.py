#!/usr/bin/env python3
"""The administrators' calls about apps, and `picket app`: lists and their filters, paging, uploads, exceptions,
rules, indicators, what each refusal says, and that every act is written down. Answers are held against
data/openapi.json."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from apps_flow import BINARY, STORE, World, check, events, tally, wait_for, watch  # noqa: E402
from apps_support import everything, item, sha256  # noqa: E402
from rest_support import BASE, BIN, Client  # noqa: E402
from rest_world import is_problem, pages  # noqa: E402
import rest_world  # noqa: E402


def upload(client, data, query="", **more):
    return client.call("POST", f"{BASE}/app-files{query}", raw=data, headers=BINARY, **more)


def make(w):
    """Three phones with thirty apps, two of which are files that somebody sends."""
    w.phones = [w.phone(f"api-{n}") for n in range(3)]
    w.good = w.maker.apk("com.example.good", "Good App", salt=b"1")
    w.next = w.maker.apk("com.example.good", "Good App", salt=b"2", key=0)
    w.odd = w.maker.apk("com.example.other", "Other", key=1)
    for n, phone in enumerate(w.phones):
        rows = [item(f"org.example.app{i:02}", signer=f"{i:02x}" * 32, label=f"App {i}", system=i < 20,
                     installer=STORE if i % 2 else "org.fdroid.fdroid", version_code=i) for i in range(30)]
        rows += [item("com.example.good", w.good if n else w.next, installer="", label="Good App")]
        status, answer = phone.report(everything(*rows))
        check("report", status == 200, answer)
    for data, name in ((w.good, "good.apk"), (w.next, "next.apk"), (w.odd, "odd.apk")):
        got = upload(w.admin, data, f"?name={name}")
        check(f"{name}: taken", got.status == 202 and got.json["id"] == sha256(data), got)
        check(f"{name}: analysed", w.analysed(data), w.file(data))


def test_lists(w):
    for path, total in (("/apps", 32), ("/app-files", 3), ("/app-installs", 93)):
        check(f"{path} has all", w.get(path)["total"] == total, w.get(path)["total"])
    for path in ("/apps", "/apps?sort=name", "/apps?sort=-devices", "/apps?sort=package", "/apps?sort=first_seen_at",
                 "/apps?sort=-last_seen_at", "/apps?filter=installer:org.fdroid.fdroid", "/app-installs?sort=name",
                 "/app-installs?sort=-verdict", "/app-installs", "/app-files?sort=judged_at", "/app-files?sort=-verdict"):
        mark = "&" if "?" in path else "?"
        whole = w.get(f"{path}{mark}limit=500")
        for limit in (7, 31):
            items, total = pages(w.admin, path, limit)
            check(f"{path} by {limit} is the whole", items == whole["items"] and total == len(items), (len(items), total))
    for query, count in (("verdict:clean", 2), ("verdict:unknown", 30), ("package:com.example.good", 1),
                         ("installer:hand", 1), (f"installer:{STORE}", 15), (f"device:{w.phones[0].id}", 31),
                         ("q:GOOD", 1), ("q:org.example.app1", 10), (f"signer:{'03' * 32}", 1), ("threat:none", 0),
                         ("verdict:unknown|clean,q:app0", 10)):
        got = w.get(f"/apps?limit=500&filter={query}".replace("|", "%7C"))
        check(f"apps by {query}", got["total"] == count == len(got["items"]), got["total"])
    names = [a["label"] or a["package"] for a in w.get("/apps?sort=name&limit=500")["items"]]
    check("sorted by the name that is shown", names == sorted(names, key=str.lower), names)
    one = w.get(f"/app-installs?filter=device:{w.phones[1].id},package:com.example.good")["items"][0]
    check("a copy: by hand, since when", one["installer"] == "hand" and one["since"] and one["sha256"] == sha256(w.good), one)


def test_detail(w):
    row = w.get("/apps?filter=package:com.example.good")["items"][0]
    app = w.get("/apps/" + row["id"])
    check("its files, newest first", {f["id"] for f in app["files"]} == {sha256(w.good), sha256(w.next)}, app["files"])
    check("who has it", {c["device"]["name"] for c in app["on"]} == {"api-0", "api-1", "api-2"}, app["on"])
    check("counted", app["devices"] == 3 and app["versions"] == 2, app)
    check("its report", app["report"]["package"] == "com.example.good", app["report"])
    file = w.get("/app-files/" + sha256(w.good))
    check("a file knows who has it", file["devices"] == 2 and len(file["on"]) == 2, file["on"])
    check("and who sent it", file["uploaded_by"] == "token test", file["uploaded_by"])
    diff = w.get(f"/app-files/{sha256(w.good)}/diff?to={sha256(w.odd)}")
    check("another maker is worse", diff["result"] == "worse" and any(c["what"] == "signer" for c in diff["changes"]), diff)
    same = w.get(f"/app-files/{sha256(w.good)}/diff?to={sha256(w.good)}")
    check("the same is the same", same["result"] == "same", same)
    first = next(e for e in events(w) if e["type"] == "app.judged")
    check("the stream tells of verdicts", first["detail"]["verdict"] == "clean" and first["detail"]["sha256"], first)


def test_uploads(w):
    again = upload(w.admin, w.good)
    check("a known file: at once", again.status == 200 and again.json["state"] == "analysed", again)
    text = upload(w.admin, b"this is no app\n", "?name=x.txt")
    check("no app: taken", text.status == 202, text)
    failed = wait_for(lambda: w.get("/app-files/" + text.json["id"])["state"] == "failed"
                      and w.get("/app-files/" + text.json["id"]))
    check("and called so", failed and "no app" in failed["error"], failed)
    half = upload(w.admin, w.good[:-40], "?name=half.apk")
    done = wait_for(lambda: w.get("/app-files/" + half.json["id"])["state"] in ("analysed", "failed")
                    and w.get("/app-files/" + half.json["id"]))
    check("half an app is malformed or no app", done and done["verdict"] in ("malformed", "unknown"), done)
    check("nothing is kept but reports", wait_for(lambda: not list((w.server.dir / "state" / "apps").iterdir())))
    is_problem("too large, before the body", upload(w.admin, None, announce=(8 << 20) + 1), 413, "too_large")
    is_problem("no body", w.admin.call("POST", BASE + "/app-files", headers=BINARY), 400, "bad_request")
    is_problem("another parameter", upload(w.admin, b"x", "?x=1"), 400, "unknown_key", "x")
    is_problem("no name", upload(w.admin, b"x", "?name="), 400, "bad_request", "name")


def test_refusals(w):
    signer = "ab" * 32
    rows = [
        ("GET", "/apps/none", None, 404, "not_found", None),
        ("GET", "/app-files/none", None, 404, "not_found", None),
        ("GET", "/apps?filter=color:red", None, 400, "unknown_key", "filter.color"),
        ("GET", "/apps?filter=verdict:bad", None, 400, "bad_request", "filter.verdict"),
        ("GET", "/apps?sort=color", None, 400, "bad_request", "sort"),
        ("GET", "/app-files?filter=state:gone", None, 400, "bad_request", "filter.state"),
        ("GET", "/app-installs?filter=present:maybe", None, 400, "bad_request", "filter.present"),
        ("GET", "/app-exceptions?filter=active:maybe", None, 400, "bad_request", "filter.active"),
        ("GET", "/intel?x=1", None, 400, "unknown_key", "x"),
        ("GET", f"/app-files/{sha256(w.good)}/diff", None, 400, "bad_request", "to"),
        ("GET", f"/app-files/{sha256(w.good)}/diff?to=x", None, 404, "not_found", None),
        ("GET", f"/app-files/{sha256(w.good)}/diff?to=x&y=1", None, 400, "unknown_key", "y"),
        ("DELETE", "/app-exceptions/none", None, 404, "not_found", None),
        ("DELETE", "/intel", None, 404, "not_found", None),
        ("POST", "/app-exceptions", {}, 400, "bad_request", "reason"),
        ("POST", "/app-exceptions", {"reason": "r"}, 400, "bad_request", None),
        ("POST", "/app-exceptions", {"reason": "r", "package": "a.b"}, 400, "bad_request", "package"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": "xy" * 32}, 400, "bad_request", "signer"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": "ab"}, 400, "bad_request", "signer"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": signer, "scope": "group"}, 400, "bad_request", "group"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": signer, "group": "x"}, 400, "bad_request", "group"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": signer, "scope": "device", "device": "x"}, 400, "bad_request", "device"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": signer, "scope": "all", "device": "x"}, 400, "bad_request", "device"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": signer, "scope": "none"}, 400, "bad_request", "scope"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": signer, "expires_at": "2020-01-01T00:00:00.000Z"}, 400, "bad_request", "expires_at"),
        ("POST", "/app-exceptions", {"reason": "r", "signer": signer, "frob": 1}, 400, "unknown_key", "frob"),
        ("PUT", "/app-rules", {"version": 2}, 400, "bad_request", "version"),
        ("PUT", "/app-rules", {"version": 1, "frob": []}, 400, "unknown_key", "frob"),
        ("PUT", "/app-rules", {"version": 1, "deny": [{"match": {}, "reason": "r"}]}, 400, "bad_request", None),
        ("PUT", "/app-rules", {"version": 1, "exceptions": [{"match": {"signer": signer}, "reason": "r", "by": "me", "scope": "all"}]}, 400, "unknown_key", "exceptions"),
        ("PUT", "/app-rules?replaces=x", {"version": 1}, 400, "bad_request", "replaces"),
        ("PUT", "/app-rules?replaces=7", {"version": 1}, 409, "conflict", "replaces"),
    ]
    for method, path, body, status, kind, culprit in rows:
        is_problem(f"{method} {path} {json.dumps(body)[:70]}", w.admin.call(method, BASE + path, body), status, kind, culprit)
    for name, raw in (("nothing", b""), ("noise", os.urandom(4096)), ("text", b"picket intel")):
        got = w.admin.call("PUT", BASE + "/intel", raw=raw, headers=BINARY)
        is_problem(f"a set of {name}", got, 400, "bad_request")
    big = w.admin.call("PUT", BASE + "/app-rules", headers={"Content-Type": "application/json"}, announce=256 * 1024 + 1)
    is_problem("rules too large", big, 413, "too_large")


def test_damaged_set(w):
    """A set that was good and is not: every byte of the head, and some of the rest."""
    check("a good one first", w.intel("cd" * 32).status == 200)
    with tempfile.TemporaryDirectory() as folder:
        feed, made = Path(folder) / "f.txt", Path(folder) / "x.set"
        feed.write_text("ef" * 32 + "\n")
        subprocess.run([BIN / "picket", "intel", "import", feed, "--kind", "signer", "--source", "s", "--set", made],
                       check=True, capture_output=True)
        good = made.read_bytes()
    taken = 0
    for at in list(range(0, 64, 3)) + list(range(64, len(good), 17)):
        got = w.admin.call("PUT", BASE + "/intel", raw=good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1:], headers=BINARY)
        check(f"byte {at} changed: an answer", got.status in (200, 400), got)
        taken += got.status == 200
    check("a cut one is refused", w.admin.call("PUT", BASE + "/intel", raw=good[:-1], headers=BINARY).status == 400)
    print(f"        damaged sets that were taken all the same (texts, dates): {taken}")
    check("the server lives", w.intel("cd" * 32).status == 200 and w.get("/intel")["set"]["indicators"] == 1)


def test_roles(w):
    made = {r: Client(w.server, token=w.admin.post("/tokens", {"name": r, "role": r}).json["token"])
            for r in ("viewer", "responder")}
    body = {"reason": "r", "signer": "ab" * 32}
    is_problem("a viewer excepts nothing", made["viewer"].post("/app-exceptions", body), 403, "forbidden")
    is_problem("nor uploads", upload(made["viewer"], w.good), 403, "forbidden")
    is_problem("a responder sets no rules", made["responder"].call("PUT", BASE + "/app-rules", {"version": 1}), 403, "forbidden")
    is_problem("nor indicators", made["responder"].call("PUT", BASE + "/intel", raw=b"x", headers=BINARY), 403, "forbidden")
    got = made["responder"].post("/app-exceptions", body)
    check("a responder excepts", got.status == 201 and got.json["created_by"] == "token responder", got)
    check("and ends it", made["responder"].delete("/app-exceptions/" + got.json["id"]).status == 204)
    acts = [a["act"] for a in w.get("/audit?limit=500")["items"]]
    for act in ("app.upload", "app.except", "app.exception_remove", "intel.put"):
        check(f"{act} is in the audit", act in acts, acts)


def picket(w, *args, ok=(0,)):
    env = {**os.environ, "PICKET_URL": f"https://localhost:{w.server.port}", "PICKET_TOKEN": w.admin.token,
           "PICKET_CA": str(w.server.dir / "state" / "ca.pem")}
    done = subprocess.run([BIN / "picket", *args], capture_output=True, text=True, env=env, timeout=60)
    check(f"picket {' '.join(map(str, args))[:60]}: exit {ok}", done.returncode in ok, (done.returncode, done.stderr[-300:]))
    return done.stdout


def test_command_line(w):
    check("app list", "com.example.good" in picket(w, "app", "list"))
    rows = json.loads(picket(w, "app", "list", "--filter", "package:com.example.good", "--json"))["items"]
    check("app show", "Good App" in picket(w, "app", "show", rows[0]["id"]))
    check("app show of a file", sha256(w.good) in picket(w, "app", "show", sha256(w.good)))
    out = picket(w, "app", "devices", rows[0]["id"])
    check("app devices", all(f"api-{n}" in out for n in range(3)), out)
    check("app devices narrowed", "api-0" not in picket(w, "app", "devices", rows[0]["id"], "--filter", "q:api-1"))
    out = picket(w, "app", "files")
    check("app files", sha256(w.good) in out and "analysed" in out, out)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.apk"
        path.write_bytes(w.maker.apk("com.example.cli", "From a shell", salt=b"cli"))
        check("app upload waits for the verdict", "clean" in picket(w, "app", "upload", path))
        bad = Path(folder) / "bad.apk"
        bad.write_bytes(w.maker.apk("com.example.clibad", "Bad", key=1, salt=b"clibad"))
        w.intel(w.maker.keys[1].sha256)
        check("bad news is exit status 1", "malicious" in picket(w, "app", "upload", bad, ok=(1,)))
        rules = Path(folder) / "rules.yaml"
        rules.write_text("version: 1\nname: ours\ndeny:\n  - match: {package: com.example.cli}\n    reason: not here\n")
        check("app set-rules", "version" in picket(w, "app", "set-rules", rules))
        check("app rules", "not here" in picket(w, "app", "rules"))
        rules.write_text("version: 1\ndeny: [{match: {}, reason: x}]\n")
        picket(w, "app", "set-rules", rules, ok=(3,))
    check("what is denied is unwanted", wait_for(
        lambda: w.get("/apps?filter=package:com.example.cli")["items"][0]["verdict"] == "unwanted"))
    made = json.loads(picket(w, "app", "except", "--reason", "pilot", "--signer", w.maker.keys[1].sha256, "--threat",
                             "malware.known_bad", "--ttl", "60", "--json"))
    check("app except", made["expires_at"] and made["threat"] == "malware.known_bad", made)
    check("app exceptions", made["id"] in picket(w, "app", "exceptions"))
    picket(w, "app", "unexcept", made["id"])
    picket(w, "app", "except", "--signer", "ab" * 32, ok=(2,))
    check("app diff", "signer" in picket(w, "app", "diff", sha256(w.good), sha256(w.odd), ok=(1,)))
    picket(w, "app", "show", "none", ok=(3,))


def main():
    Client.watch = watch
    rest_world.check = check
    w = World("scan: {upload_max_mb: 8}\napps: {ask: false}\n")
    try:
        make(w)
        test_lists(w)
        test_detail(w)
        test_uploads(w)
        test_refusals(w)
        test_damaged_set(w)
        test_roles(w)
        test_command_line(w)
    except Exception:
        print(w.server.log.read_text()[-3000:])
        raise
    finally:
        w.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
