#!/usr/bin/env python3
"""Who may see what: every route of the API with every role, for those who see everything and for those who
see some groups. Whoever adds a route that shows devices and forgets the scope fails here."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from apps_support import everything, item  # noqa: E402
from rest_support import BASE, OPENAPI, Client, Device, judge  # noqa: E402
from rest_world import NET, ROLES, World, check, is_problem, make_fleet, tally, wait_for  # noqa: E402

RIGHTS = {"viewer": {"view"}, "responder": {"view", "respond"}, "policy": {"view", "respond", "policy"},
          "privacy": {"view", "privacy"}, "admin": {"view", "respond", "policy", "privacy", "own"}}
OWN_NET, FOREIGN_NET = "net-1111111111111111", "net-2222222222222222"
tried = {"allowed": 0, "refused": 0, "hidden": 0, "leaks": 0}


def watch(method, path, answer):
    for fault in judge(method, path, answer):
        check(f"{method} {path} as described", False, fault)


def make_two_groups(w):
    """Phones of sales, a scanner of the store; both met one network and have one app, and each one of its own."""
    make_fleet(w)
    made = w.admin.post("/enrollments", {"label": "Lager", "group": "store", "uses": 2}).json
    w.shelves = [Device(w.server, made["token"], f"shelf-{n}") for n in (1, 2)]
    for device, net, app in [(d, OWN_NET, "com.example.store") for d in w.shelves] + \
            [(d, FOREIGN_NET, "com.example.sales") for d in w.devices[:4]]:
        device.report(device.posture(disk_encrypted=False), device.joined(net), device.spoofed(net),
                      device.joined(NET), device.spoofed(NET),
                      everything(item("com.example.both"), item(app)))
    wait_for("incidents of the store", lambda: w.viewer.get(f"/incidents?filter=device:{w.shelves[1].id}").json["total"] >= 3)
    wait_for("apps", lambda: w.viewer.get("/app-installs?limit=500").json["total"] >= 12)
    for target in (w.devices[0], w.shelves[0]):
        got = w.admin.post("/app-exceptions", {"reason": "known", "scope": "device", "device": target.id,
                                         "package": "com.example.both", "sha256": "ab" * 32})
        check("an exception for a device", got.status == 201, got)
    w.admin.post("/app-exceptions", {"reason": "sales only", "scope": "group", "group": "sales", "package": "com.example.x", "sha256": "cd" * 32})
    say = {"reason": "known here", "threat": "network.arp_spoof"}
    w.mistakes = {name: w.admin.post("/mistakes", {**say, "rule": "network.arp_spoof/none", **body}).json["id"] for name, body in (
        ("foreign group", {"scope": "group", "group": "sales"}), ("foreign device", {"scope": "device", "device": w.devices[0].id}),
        ("foreign thing", {"subject": FOREIGN_NET}), ("own group", {"scope": "group", "group": "store"}),
        ("own device", {"scope": "device", "device": w.shelves[0].id}), ("own thing", {"subject": OWN_NET}), ("everybody", {}))}
    w.scoped = {}
    for role in ROLES:
        got = w.admin.post("/tokens", {"name": f"store {role}", "role": role, "groups": ["store"]})
        check(f"a token of {role} for a group", got.status == 201 and got.json["groups"] == ["store"], got)
        w.scoped[role] = Client(w.server, token=got.json["token"])


def ids_of(w):
    """What those of the store must never be told, and what they must be able to see."""
    foreign, own = set(), set()
    for d in w.admin.get("/devices?limit=500").json["items"]:
        (own if d["group"] == "store" else foreign).update((d["id"], d["name"]))
    for i in w.admin.get("/incidents?limit=500").json["items"]:
        (own if i["device"]["id"] in own else foreign).add(i["id"])
    return foreign, own


def leaks_of(answer, foreign):
    text = answer.body.decode(errors="replace")
    return [f for f in foreign if f in text]


def bound_ids(path, w, foreign, own):
    """Values of {id} for a route: (of others, of their own)."""
    incident = {True: [], False: []}
    for i in w.admin.get("/incidents?limit=500").json["items"]:
        incident[i["device"]["id"] in own].append(i["id"])
    exceptions = {True: [], False: []}
    for e in w.admin.get("/app-exceptions?limit=500").json["items"]:
        exceptions[w.shelves[0].id in json.dumps(e)].append(e["id"])
    of = {own: [id for name, id in w.mistakes.items() if name.startswith("foreign") != own] for own in (True, False)}
    apps = {a["package"]: a["id"] for a in w.admin.get("/apps?limit=500").json["items"]}
    table = {
        "/devices": ([w.devices[0].id], [w.shelves[0].id]),
        "/incidents": (incident[False][:3], incident[True][:3]),
        "/networks": ([FOREIGN_NET], [OWN_NET, NET]),
        "/apps": ([apps["com.example.sales"]], [apps["com.example.store"], apps["com.example.both"]]),
        "/app-exceptions": (exceptions[False], []),
        "/mistakes": (of[False], of[True]),
    }
    return table.get("/" + path.split("/")[1], ([], []))


def test_roles(w):
    """Every route with every role, once unscoped and once scoped."""
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            if path == "/session" and method == "delete":
                continue
            needed, scope = operation.get("x-picket-right", "none"), operation["x-picket-scope"]
            body = None if "requestBody" not in operation else {"group": "store"} if path == "/enrollments" else {}
            where = BASE + path.replace("{id}", "there-is-none")
            for role in ROLES:
                may = needed == "none" or needed in RIGHTS[role]
                for scoped, client in ((False, w.by_role[role]), (True, w.scoped[role])):
                    got = client.call(method.upper(), where, body)
                    name = f"{method.upper()} {path} as {role}{', scoped' if scoped else ''}"
                    if not may or (scoped and scope == "fleet"):
                        tried["refused"] += 1
                        is_problem(name, got, 403, "forbidden")
                    else:
                        tried["allowed"] += 1
                        check(f"{name} may", got.status not in (401, 403) or needed == "none", got)
                        if scoped and scope in ("device", "incident"):
                            check(f"{name}: what is not theirs is not there", got.status == 404, got)


def test_scope(w):
    """Nothing of the other group is in any answer; their own is."""
    foreign, own = ids_of(w)
    foreign |= {id for name, id in w.mistakes.items() if name.startswith("foreign")} | {FOREIGN_NET}
    check("there is something to hide", len(foreign) > 15 and len(own) > 6, (foreign, own))
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            scope = operation["x-picket-scope"]
            if scope == "fleet":
                continue
            client = w.scoped["admin"]
            if "{id}" not in path:
                if method != "get":
                    continue
                more = "?limit=500" if any("Limit" in str(p) for p in operation.get("parameters", [])) else ""
                got = client.get(path + more)
                tried["leaks"] += 1
                check(f"GET {path} tells nothing of others", not leaks_of(got, foreign), leaks_of(got, foreign)[:3])
                continue
            others, mine = bound_ids(path, w, foreign, own)
            if scope in ("device", "incident"):
                check(f"{path} has ids to try", others and mine, path)
            for one in others:
                got = client.call(method.upper(), BASE + path.replace("{id}", one),
                                  {"reason": "r"} if "requestBody" in operation else None)
                tried["hidden"] += 1
                is_problem(f"{method.upper()} {path} of others", got, 404, "not_found")
            for one in mine if method == "get" else []:
                got = client.get(path.replace("{id}", one))
                check(f"GET {path} of their own", got.status == 200 or path.endswith("/diff"), got)
                tried["leaks"] += 1
                check(f"GET {path} tells nothing of others", not leaks_of(got, foreign), leaks_of(got, foreign)[:3])


def test_scope_numbers(w):
    """Totals and numbers are those of the group, the filters cannot widen it."""
    c = w.scoped["viewer"]
    devices = c.get("/devices?limit=500").json
    check("two devices", devices["total"] == 2 and {d["group"] for d in devices["items"]} == {"store"}, devices["total"])
    check("no filter widens it", c.get("/devices?filter=group:sales|store").json["total"] == 2
          and c.get("/devices?filter=group:sales").json["total"] == 0)
    check("nor a search", c.get("/incidents?filter=q:phone").json["total"] == 0)
    check("nor an id", c.get(f"/incidents?filter=device:{w.devices[0].id}").json["total"] == 0)
    mine = c.get("/incidents?limit=500").json
    check("incidents of the store only", {i["device"]["id"] for i in mine["items"]} == {d.id for d in w.shelves}, mine["total"])
    overview, all_of_it = c.get("/overview").json, w.viewer.get("/overview").json
    still = w.viewer.get(f"/incidents?filter=state:open,device:{w.shelves[0].id}|{w.shelves[1].id}").json["total"]
    check("the overview counts the group", overview["devices"]["total"] == 2 and all_of_it["devices"]["total"] == 7
          and overview["incidents"]["open"] == still < all_of_it["incidents"]["open"], (overview["incidents"], still))
    check("days and threats, too", sum(d["opened"] for d in overview["days"]) < sum(d["opened"] for d in all_of_it["days"])
          and all(t["devices"] <= 2 for t in overview["threats"]), overview["threats"])
    both = next(a for a in c.get("/apps?limit=500").json["items"] if a["package"] == "com.example.both")
    check("an app is on two devices of the group", both["devices"] == 2, both)
    check("a network was met by two", c.get(f"/networks/{NET}").json["devices"] == 2)
    events = c.get("/events?after=0&limit=500").json["items"]
    ids = {d.id for d in w.shelves}
    check("events of the group only", events and all(e["device"]["id"] in ids for e in events), events[:1])
    pages, cursor, seen = 0, "0", []
    while True:
        got = c.get(f"/events?after={cursor}&limit=3").json
        if not got["items"]:
            break
        seen += [e["id"] for e in got["items"]]
        cursor, pages = got["next"], pages + 1
    check("page by page the same", seen == [e["id"] for e in events] and pages > 2, (len(seen), len(events)))


def test_scoped_waiters(w):
    """Who waits for events is woken by those of the group, not by others."""
    import threading
    results = {}

    def wait(name, client):
        results[name] = client.get("/events?after=now&wait=4").json["items"]

    threads = [threading.Thread(target=wait, args=a) for a in (("store", w.scoped["viewer"]), ("all", w.viewer))]
    for t in threads:
        t.start()
    time.sleep(0.5)
    w.devices[3].report(w.devices[3].spoofed("net-3333333333333333"))
    for t in threads:
        t.join()
    check("the others' news wake those who see everything", results["all"], results)
    check("and nobody else", results["store"] == [], results["store"][:1])


def test_scoped_acts(w):
    """They work on what is theirs; nobody gives more than they have."""
    owner = w.scoped["admin"]
    mine = owner.get(f"/incidents?filter=device:{w.shelves[0].id},state:open").json["items"][0]
    got = owner.post(f"/incidents/{mine['id']}/dismiss", {"reason": "known"})
    check("dismissed", got.status == 200 and got.json["state"] == "dismissed", got)
    check("and reopened", owner.post(f"/incidents/{mine['id']}/reopen", {"reason": "not so"}).status == 200)
    is_problem("enrol into another group", owner.post("/enrollments", {"group": "sales"}), 403, "forbidden")
    made = owner.post("/enrollments", {"group": "store"})
    check("enrol into their own", made.status == 201, made)
    foreign = w.admin.post("/enrollments", {"group": "sales"}).json["id"]
    is_problem("end the enrolment of others", owner.delete(f"/enrollments/{foreign}"), 404, "not_found")
    check("end their own", owner.delete(f"/enrollments/{made.json['id']}").status == 204)
    for scope, more in (("all", {}), ("group", {"group": "sales"})):
        is_problem(f"an exception for {scope}", owner.post(
            "/app-exceptions", {"reason": "r", "scope": scope, "package": "com.example.y", "sha256": "ef" * 32, **more}), 403, "forbidden")
    got = owner.post("/app-exceptions", {"reason": "r", "scope": "group", "group": "store", "package": "com.example.y", "sha256": "ef" * 32})
    check("an exception for the group", got.status == 201, got)
    check("and away", owner.delete(f"/app-exceptions/{got.json['id']}").status == 204)
    everyone = w.admin.post("/app-exceptions", {"reason": "r", "scope": "all", "package": "com.example.z", "sha256": "01" * 32}).json["id"]
    is_problem("not one that holds for all", owner.delete(f"/app-exceptions/{everyone}"), 403, "forbidden")
    is_problem("no tokens", owner.post("/tokens", {"name": "x", "role": "viewer"}), 403, "forbidden")
    got = w.admin.post("/tokens", {"name": "x", "role": "viewer", "groups": ["a"] * 17})
    is_problem("too many groups", got, 400, "bad_request", "groups")
    got = w.admin.post("/tokens", {"name": "x", "role": "viewer", "groups": ["a\nb"]})
    is_problem("a group of two lines", got, 400, "bad_request", "groups")
    got = owner.call("GET", f"{BASE}/devices/{w.shelves[0].id}/export")
    check("the export of their own", got.status == 200, got)
    got = owner.post(f"/devices/{w.shelves[1].id}/revoke", {"reason": "lost"})
    check("revoke their own", got.status == 200, got)


def main():
    w = World()
    Client.watch = watch
    try:
        for test in (make_two_groups, test_roles, test_scope, test_scope_numbers, test_scoped_waiters, test_scoped_acts):
            begun = tally.passed, tally.failed
            try:
                test(w)
            except Exception as error:  # one broken test must not hide the others
                check(test.__name__, False, f"{type(error).__name__}: {error}")
            print(f"{test.__name__}: {tally.passed - begun[0]} passed, {tally.failed - begun[1]} failed", flush=True)
        check("picketd lives", w.server.process.poll() is None, w.server.log.read_text()[-800:])
    finally:
        w.close()
    routes = sum(len(m) for m in OPENAPI["paths"].values())
    print(f"{routes} routes, {len(ROLES)} roles, unscoped and scoped: {tried['allowed']} calls allowed, {tried['refused']} "
          f"refused, {tried['hidden']} of others' ids hidden, {tried['leaks']} answers searched for others' names")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
