#!/usr/bin/env python3
"""The facts that `picket scan` tells of an app: hosts, cleartext, SDKs, packers, libraries and their holes, the
icon, what a manifest leaves open. Samples with one thing each, and some that only look like it; real apps beside
them."""

import ctypes
import hashlib
import os
import random
import re
import sys
import tempfile
from pathlib import Path

import yaml

from app_facts_support import (BOOLEAN, DECIMAL, NO, PACKAGE, REFERENCE, STRING, YES, Archive, Document, Element, Entry,
                               apk, arsc, document, elf, manifest, part, plain_document, png, spots)
from scan_support import ROOT, Tally, picket, reports

T = Tally()
APPS = ROOT / "tests" / "data" / "apps"
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared")) / "data"


def scan(data):
    return reports(picket("--json", "-", stdin=data))[0]


def finding(report, rule):
    return next((f for f in report["findings"] if f["rule"] == rule), None)


def check(name, holds, seen=None):
    T.check(name, bool(holds), seen)


def hosts(report):
    return {h["name"]: (h["cleartext"], h["seen"]) for h in report.get("hosts", [])}


def check_hosts():
    wide = "x http://wide.example-host.ru/ y".encode("utf-16-le")
    table = arsc.resources({"string": {"a": [(arsc.config(), "see https://table.host.io/a")]}})
    data = apk({"assets/config.json": b'{"url": "http://asset.host.net:8080/x"}', "assets/photo.bin": wide,
                "lib/arm64-v8a/liba.so": elf(b"\0http://native.host.org/gate\0")},
               texts=["http://code.host.com/gate.php", "https://api.host.com/v1", "evil-place.xyz", "45.77.12.3:443",
                      "http://schemas.android.com/apk/res/android", "http://www.w3.org/2000/svg",
                      "http://example.com/", "http://localhost:8080", "com.foo.bar", "user.name", "https://%s/x",
                      "libfoo.so", "2.5.29.15", "content://com.foo.provider/x"],
               table=table,
               xml=manifest(parts=[part("activity", "a.Link", children=[Element("intent-filter", [], [
                   Element("data", [("scheme", STRING, "https"), ("host", STRING, "link.host.app")])])]),
                   part("activity", "a.Own", children=[Element("intent-filter", [], [
                       Element("data", [("scheme", STRING, "myapp"), ("host", STRING, "open.screen")])])])]))
    want = {"code.host.com": (True, "code"), "api.host.com": (False, "code"), "evil-place.xyz": (False, "code"),
            "45.77.12.3": (False, "code"), "table.host.io": (False, "resources"),
            "asset.host.net": (True, "assets"), "native.host.org": (True, "native"),
            "link.host.app": (False, "manifest")}
    found = hosts(scan(data))
    check("hosts of code, table, assets, library and manifest, and nothing else", found == want, found)
    rows = scan(apk(texts=[f"https://h{i}.net/" for i in range(900)] + ["http://5.6.7.8/gate"])).get("hosts", [])
    check("of 900 hosts 500 are told, an address first",
          len(rows) == 500 and rows[0]["name"] == "5.6.7.8", (len(rows), rows[:2]))


    report = scan(apk({"lib/x86/a.so": elf(b"".join(b"http://h%d.net/\0" % i for i in range(120000)))}, stored=True))
    check("a list that is not complete says so", finding(report, "facts/hosts_cut") and len(report["hosts"]) == 500,
          [f["rule"] for f in report["findings"]])


def configuration(*children):
    return {"res/xml/net.xml": plain_document(Element("network-security-config", [], children))}


CONFIG = ("networkSecurityConfig", REFERENCE, 0x7F010000)
CONFIG_TABLE = {"xml": {"net": [(arsc.config(), "res/xml/net.xml")]}}


def with_config(*children, target=34):
    return scan(apk(configuration(*children), xml=manifest([CONFIG], target=target),
                    table=arsc.resources(CONFIG_TABLE)))


def domain(text):
    """<domain>text</domain>: the text is one more child of the document."""
    return Element("domain", [("text", STRING, text)])


def check_cleartext():
    flag = "cleartextTrafficPermitted"
    on, off = Element("base-config", [(flag, BOOLEAN, YES)]), Element("base-config", [(flag, BOOLEAN, NO)])
    some = Element("domain-config", [(flag, BOOLEAN, YES)], [domain("a.b")])
    user = Element("trust-anchors", [], [Element("certificates", [("src", STRING, "user")])])
    rows = [
        ("an old target level", scan(apk(xml=manifest(target=27))), True, None, None),
        ("a new target level", scan(apk(xml=manifest(target=28))), False, None, None),
        ("the manifest's flag", scan(apk(xml=manifest([("usesCleartextTraffic", BOOLEAN, YES)]))), True, "low", None),
        ("the flag switched off", scan(apk(xml=manifest([("usesCleartextTraffic", BOOLEAN, NO)], target=27))), False,
         None, None),
        ("a base configuration", with_config(on), True, "low", None),
        ("a base that switches off", with_config(off, target=27), False, None, None),
        ("some domains", with_config(some), True, "info", None),
        ("certificates of users", with_config(Element("base-config", [], [user])), False, None, "low"),
        ("those for debugging alone", with_config(Element("debug-overrides", [], [user])), False, None, None),
        ("a configuration that is not there", scan(apk(xml=manifest([CONFIG]), table=arsc.resources(CONFIG_TABLE))),
         False, None, None),
    ]
    for name, report, may, said, trust in rows:
        clear, cas = finding(report, "facts/cleartext"), finding(report, "facts/user_cas")
        check(f"cleartext: {name}", report.get("cleartext") is may and (clear or {}).get("severity") == said and
              (cas or {}).get("severity") == trust, (report.get("cleartext"), clear, cas))


def check_components():
    report = scan(apk(xml=manifest(
        [("allowBackup", BOOLEAN, YES)],
        [part("provider", PACKAGE + ".Data", ("authorities", STRING, "a"), ("exported", BOOLEAN, YES)),
         part("service", "androidx.work.Service", ("exported", BOOLEAN, YES)),
         part("service", PACKAGE + ".Guarded", ("exported", BOOLEAN, YES), ("permission", STRING, "com.x.P")),
         part("service", PACKAGE + ".Inner", ("exported", BOOLEAN, NO)),
         part("activity", PACKAGE + ".Over", ("taskAffinity", STRING, "com.bank.app"), ("launchMode", DECIMAL, 2))],
        top=[Element("permission", [("name", STRING, "com.x.P")])])))
    said = finding(report, "facts/open_components")
    check("an open provider is named, a guarded or standard service is not",
          said and said["evidence"] == f"1: {PACKAGE}.Data", said)
    check("a permission that everyone gets", (finding(report, "facts/weak_permission") or {}).get("evidence") ==
          "com.x.P", finding(report, "facts/weak_permission"))
    check("a screen in another app's task", (finding(report, "facts/foreign_task") or {}).get("evidence") ==
          "com.bank.app", finding(report, "facts/foreign_task"))
    check("backup", report.get("backup") is True and finding(report, "facts/backup"), report.get("backup"))
    check("none of it weighs", report["verdict"] == "clean" or
          all(f["verdict"] == "none" for f in report["findings"] if f["rule"].startswith("facts/") and "verdict" in f),
          report["verdict"])
    report = scan(apk(xml=manifest(
        [("allowBackup", BOOLEAN, NO)],
        [part("service", PACKAGE + ".S", ("exported", BOOLEAN, YES), ("permission", STRING, "com.x.P"))],
        top=[Element("permission", [("name", STRING, "com.x.P"), ("protectionLevel", DECIMAL, 2)])])))
    check("guarded by a permission of the signer's own", report.get("backup") is False and
          not [f for f in report["findings"] if f["rule"].startswith("facts/")], report["findings"])


def check_sdks():
    entries = yaml.safe_load((ROOT / "data" / "sdks.yaml").read_text(encoding="utf-8"))["sdks"]
    classes = [f"L{c.replace('.', '/')}/x/Thing;" for e in entries for c in e.get("classes", [])[:1]]
    found = {s["id"] for s in scan(apk(classes=["Lcom/example/facts/Main;", *classes])).get("sdks", [])}
    want = {e["id"] for e in entries if e.get("classes")}
    check(f"{len(want)} SDKs by their packages", found == want, sorted(want ^ found)[:5])
    near = [f"L{c.replace('.', '/')}x/Thing;" for e in entries for c in e.get("classes", [])[:1]]
    inside = {e["id"] for e in entries for c in e.get("classes", []) for n in near if n[1:].startswith(c.replace(".", "/") + "/")}
    found = {s["id"] for s in scan(apk(classes=["Lcom/example/facts/Main;", *near])).get("sdks", [])}
    check("none by packages that only begin alike", found == inside and len(inside) < 9, sorted(found ^ inside)[:3])
    report = scan(apk({"lib/arm64-v8a/libflutter.so": elf(b"x"), "assets/flutter_assets/a": b"x"}, xml=manifest(parts=[
        part("meta-data", "com.google.android.gms.ads.APPLICATION_ID", ("value", STRING, "ca-app"))])))
    check("SDKs by a library and by metadata", [s["id"] for s in report.get("sdks", [])] ==
          ["google.admob", "google.flutter"], report.get("sdks"))
    admob = report.get("sdks", [{}])[0]
    check("a tracker is called one", admob.get("tracker") is True and admob.get("kind") == "advertising", admob)
    return entries


def check_coverage(entries):
    """How many of Exodus' signatures of trackers our own list knows, too."""
    file = SHARED / "intel" / "trackers" / "exodus_trackers.tsv"
    if not file.is_file():
        print(f"SKIPPED: the signatures of trackers are not present at '{file}'")
        return
    theirs = {}
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        name, code = line.split("\t")[:2]
        parts = [p.replace("\\.", ".").strip(" .") for p in code.split("|")]
        theirs[name] = [p for p in parts if re.fullmatch(r"[\w.$-]{4,}", p)]
    theirs = {name: parts for name, parts in theirs.items() if parts}
    ours = [c + "." for e in entries for c in e.get("classes", [])]
    known = {n for n, parts in theirs.items()
             if any((p + ".").startswith(c) or c.startswith(p + ".") for p in parts for c in ours)}
    if os.environ.get("PICKET_VERBOSE"):
        print("\n".join(f"unknown: {n}: {theirs[n]}" for n in sorted(set(theirs) - known)))
    print(f"coverage of tracker signatures: {len(known)} of {len(theirs)}")
    check("our list knows a third and more of them", len(known) * 3 >= len(theirs), (len(known), len(theirs)))


def noise(size):
    return random.Random(7).randbytes(size)


def check_packers():
    entries = yaml.safe_load((ROOT / "data" / "packers.yaml").read_text(encoding="utf-8"))["packers"]
    missed = []
    for e in entries:
        files, classes, stub = {}, ["Lcom/example/facts/Main;"], []
        if e.get("files"):
            name = e["files"][0].replace("*", "2.10.so")
            name += "x" if name.endswith("/") else ""
            files[name if "/" in name else f"lib/arm64-v8a/{name}" if name.startswith("lib") else f"assets/{name}"] = b"x"
        elif e.get("classes"):
            stub = [("name", STRING, e["classes"][0] + ".App")]
        else:
            files["lib/arm64-v8a/liba.so"] = elf(e["native"][0].encode() + bytes(100))
        report = scan(apk(files, classes=classes, xml=manifest(stub)))
        said = finding(report, "facts/packer")
        if report.get("packers") != [e["name"]] or not said or said["severity"] != \
                ("info" if e.get("commercial", True) else "low") or said["id"] != "malware.packed":
            missed.append((e["name"], report.get("packers"), said))
    check(f"{len(entries)} packers by one of their marks", missed == [], missed[:3])
    hollow = manifest([("name", STRING, "a.b.Shell")], [part("activity", f"a.b.A{i}") for i in range(5)])
    said = finding(scan(apk({"assets/payload": noise(200000)}, xml=hollow)), "facts/packer_unknown")
    check("an unknown packer: classes that are not there, and an asset that looks encrypted",
          said and said["severity"] == "medium" and said["evidence"].startswith("6 of 7 declared"), said)
    for name, data in (("an archive", b"PK\3\4" + noise(200000)), ("a text", b"some words " * 20000)):
        report = scan(apk({"assets/payload": data}, xml=hollow))
        check(f"no packer with {name} for an asset", finding(report, "facts/packer_unknown") is None, None)
    whole = [f"La/b/A{i};" for i in range(5)] + ["La/b/Shell;", "Lcom/example/facts/Main;"]
    report = scan(apk({"assets/payload": noise(200000)}, xml=hollow, classes=whole))
    check("no packer where the code is there", finding(report, "facts/packer_unknown") is None and
          report["obfuscation"]["missing_components"] == 0 and report["obfuscation"]["random_assets"] == 1,
          report["obfuscation"])
    names = ["La/a;", "La/b;", "La/ab;", "La/Longer;"]
    seen = scan(apk(classes=names))["obfuscation"]
    check("short names are counted", seen["short_names"] == 0.75 and seen["odd_names"] == 0, seen)


def libraries(report):
    return {(lib["name"], lib["version"]): lib for lib in report.get("libraries", [])}


def check_libraries():
    text = b"\0".join([b"", b"OpenSSL 1.0.1f 6 Jan 2014", b" deflate 1.2.13 Copyright 1995-2022", b"libcurl/8.4.0",
                       b"OpenSSL 1.1.1 (compatible; BoringSSL)", b"WebM Project VP8 Decoder v1.13.0", b""])
    report = scan(apk({"lib/arm64-v8a/liba.so": elf(text), "lib/x86_64/liba.so": elf(text)}))
    found = libraries(report)
    check("libraries by their banners, each once, no imitation",
          set(found) == {("OpenSSL", "1.0.1f"), ("zlib", "1.2.13"), ("curl", "8.4.0"), ("libvpx", "1.13.0")}, set(found))
    ssl = found.get(("OpenSSL", "1.0.1f"), {})
    check("their holes", "CVE-2014-0160" in ssl.get("cves", []) and "CVE-2020-1971" not in ssl.get("cves", []) and
          ssl.get("fixed") == "1.0.1u" and ssl.get("native") is True and
          not found.get(("curl", "8.4.0"), {}).get("cves"), ssl)
    said = finding(report, "facts/vulnerable_library")
    check("the worst first, and one known in attacks is medium",
          said and said["id"] == "malware.vulnerable_app" and said["severity"] == "medium" and
          said["evidence"].startswith("OpenSSL 1.0.1f (CVE-2014-0160"), said)
    pom = b"#Generated\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n"
    report = scan(apk({"META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties": pom,
                       "META-INF/androidx.core_core.version": b"1.9.0\n",
                       "META-INF/com.google.code.gson_gson.version": b"2.8.8"},
                      texts=["okhttp/3.12.1", "okhttp/${version}"]))
    found = libraries(report)
    check("Java libraries by their own files and strings",
          set(found) == {("Apache Log4j", "2.14.1"), ("androidx.core:core", "1.9.0"), ("Gson", "2.8.8"),
                         ("OkHttp", "3.12.1")}, set(found))
    check("their holes, too", found[("Apache Log4j", "2.14.1")]["fixed"] == "2.17.0" and
          found[("Gson", "2.8.8")]["cves"] == ["CVE-2022-25647"] and
          not found[("androidx.core:core", "1.9.0")].get("cves"), found)
    report = scan(apk({"META-INF/com.google.code.gson_gson.version": b"2.10.1"}))
    check("a library that was mended says nothing", finding(report, "facts/vulnerable_library") is None,
          report["findings"])


def check_code_versions():
    """libwebp tells its version only by a function: what compilers make of "return 0x010302;"."""
    rows = {"AArch64": (183, "40608052 2000a072 c0035fd6"), "AArch64, branches guarded": (183, "5f2403d5 40608052 2000a072 c0035fd6"),
            "Thumb-2": (40, "40f20230 c0f20100 7047"), "Thumb": (40, "0048 7047 02030100"), "x86": (3, "b802030100 c3"),
            "x86, not optimised": (3, "55 89e5 b802030100 5d c3"), "x86-64": (62, "f30f1efa b802030100 c3")}
    for name, (machine, code) in rows.items():
        report = scan(elf(b"x", bytes.fromhex(code.replace(" ", "")), machine))
        found = libraries(report)
        check(f"the version that a function returns: {name}", set(found) == {("libwebp", "1.3.2")}, (found, report["reasons"]))
    other = scan(elf(b"x", bytes.fromhex("f30f1efae8000000"), 62))
    check("none where the function does more", libraries(other) == {}, other.get("libraries"))


def check_debian():
    """Libraries of this machine, beside what they say themselves when asked."""
    def text(name, function):
        ask = getattr(ctypes.CDLL(name), function)
        ask.restype = ctypes.c_char_p
        return ask().decode()

    def webp(name, function):
        number = getattr(ctypes.CDLL(name), function)()
        return f"{number >> 16}.{number >> 8 & 255}.{number & 255}"

    for library, file, function, ask in (("zlib", "libz.so.1", "zlibVersion", text),
                                         ("SQLite", "libsqlite3.so.0", "sqlite3_libversion", text),
                                         ("libwebp", "libwebp.so.7", "WebPGetDecoderVersion", webp),
                                         ("Expat", "libexpat.so.1", "XML_ExpatVersion", text)):
        try:
            want = ask(file, function).removeprefix("expat_")
        except OSError:
            print(f"SKIPPED: {file} is not present")
            continue
        paths = [Path(p) / file for p in ("/lib", "/usr/lib", *map(str, Path("/usr/lib").glob("*-linux-gnu")))]
        found = libraries(reports(picket("--json", next(p for p in paths if p.exists()).resolve()))[0])
        check(f"{file} is {library} {want}", (library, want) in found, found)


def check_bundle():
    """A split brings the libraries, the base the code: the bundle has both."""
    split = Document(Element("manifest", [("versionCode", DECIMAL, 1), ("package", STRING, PACKAGE),
                                          ("split", STRING, "config.arm64_v8a")], [Element("application")])).write()
    library = elf(b"\0OpenSSL 1.0.1f 6 Jan 2014\0http://native.host.org/x\0")
    parts = [Entry("config.apk", apk({"lib/arm64-v8a/libflutter.so": library}, classes=None, xml=split)),
             Entry("base.apk", apk({}, texts=["http://base.host.com/"], classes=["Lcom/adjust/sdk/A;"]))]
    report = scan(Archive(parts).write())
    check("a bundle has the facts of all its parts", report["kind"] == "bundle" and
          set(hosts(report)) == {"native.host.org", "base.host.com"} and
          ("OpenSSL", "1.0.1f") in libraries(report) and
          [s["id"] for s in report["sdks"]] == ["google.flutter", "adjust.sdk"], report)


def check_apple():
    """Bytes that a program for iOS would hold, behind the header of one: a look at it, nothing more."""
    from scan_support import archive, Entry as Plain
    program = (APPS.parent / "apple" / "signed-arm64").read_bytes()
    plist = (b'<?xml version="1.0"?><plist version="1.0"><dict><key>CFBundleExecutable</key><string>Tool</string>'
             b'<key>CFBundleIdentifier</key><string>org.example.t</string></dict></plist>')
    report = scan(archive([
        Plain("Payload/T.app/Info.plist", plist), Plain("Payload/T.app/Tool", program + b"\0https://ios.host.org/a\0"),
        Plain("Payload/T.app/config.json", b'{"u": "http://json.host.org"}'),
        Plain("Payload/T.app/Frameworks/FBSDKCoreKit.framework/Info.plist", plist),
        Plain("Payload/T.app/Frameworks/FBSDKCoreKit.framework/Tool", program)]))
    found = hosts(report)
    check("hosts of an iOS app's program and files", found.get("ios.host.org") == (False, "native") and
          found.get("json.host.org") == (True, "assets"), (report["kind"], found, report["reasons"]))
    check("its SDKs by their frameworks", [s["id"] for s in report.get("sdks", [])] == ["facebook.analytics"],
          (report.get("sdks"), report.get("apple")))


def distance(a, b):
    return bin(int(a, 16) ^ int(b, 16)).count("1")


def icon_of(files, rows, drawings=None):
    types = {"mipmap": {"icon": rows}}
    if drawings:
        types["drawable"] = drawings
    return scan(apk(files, xml=manifest([("icon", REFERENCE, 0x7F010000)]), table=arsc.resources(types))).get("icon")


def check_icons():
    small, large = png(48, spots(3)), png(192, spots(3))
    other = png(48, spots(4))
    plain = [(arsc.config(240), "res/i.png")]
    icon = icon_of({"res/i.png": small}, plain)
    check("an icon's file, sum and looks", icon and icon["file"] == "res/i.png" and
          icon["sha256"] == hashlib.sha256(small).hexdigest() and len(icon["phash"]) == 16, icon)
    for name, picture in (("larger", large), ("brighter", png(72, spots(3, shift=20))),
                          ("of another tint", png(72, spots(3, tint=(0.7, 1.0, 1.0))))):
        again = icon_of({"res/i.png": picture}, plain)
        check(f"the same picture {name} looks alike", distance(icon["phash"], again["phash"]) <= 10 and
              distance(icon["dhash"], again["dhash"]) <= 10, (icon, again))
    check("another picture does not", distance(icon["phash"], icon_of({"res/i.png": other}, plain)["phash"]) > 18,
          None)
    adaptive = document(Element("adaptive-icon", [], [Element("background", [("drawable", REFERENCE, 0x7F020000)]),
                                                      Element("foreground", [("drawable", REFERENCE, 0x7F020001)])]))
    drawings = {"back": [(arsc.config(), "res/back.png")], "front": [(arsc.config(), "res/front.png")]}
    files = {"res/i.xml": adaptive, "res/back.png": other, "res/front.png": small}
    icon = icon_of(files, [(arsc.config(sdk=26), "res/i.xml")], drawings)
    check("an adaptive icon's foreground", icon and icon["file"] == "res/front.png" and icon.get("phash"), icon)
    vector = document(Element("vector", [], [Element("path", [("src", STRING, "M0 0")])]))
    icon = icon_of({"res/i.xml": vector}, [(arsc.config(), "res/i.xml")])
    check("a drawing of lines has a file and no looks", icon and icon["file"] == "res/i.xml" and
          "phash" not in icon and len(icon["sha256"]) == 64, icon)
    loop = document(Element("bitmap", [("src", REFERENCE, 0x7F010000)]))
    icon = icon_of({"res/i.xml": loop}, [(arsc.config(), "res/i.xml")])
    check("a drawing that shows itself ends", icon and icon["file"] == "res/i.xml", icon)
    for name, data in (("cut", small[:200]), ("of one tone", png(48, lambda u, v: (9, 9, 9, 255))),
                       ("of 700 by 700", png(700, lambda u, v: (int(u * 255), 0, 0, 255)))):
        icon = icon_of({"res/i.png": data}, plain)
        check(f"a picture {name} has no looks", icon and "phash" not in icon, icon)


def check_real():
    report = reports(picket("--json", APPS / "npm" / "appium-uiautomator2-server-debug-androidTest.apk"))[0]
    check("a real app's OkHttp", ("OkHttp", "2.7.5") in libraries(report), report.get("libraries"))
    rows = reports(picket("--json", *sorted((APPS / "androguard").glob("*.apk")), *sorted((APPS / "apktool").glob("*.apk"))))
    wrong = [r["file"] for r in rows for f in r["findings"] if f["rule"].startswith("facts/packer")]
    check("no packer in benign apps", wrong == [], wrong)
    looks = {r["icon"]["sha256"]: r["icon"]["phash"] for r in rows if "phash" in r.get("icon", {})}
    near = [(a, b) for a in looks for b in looks if a < b and distance(looks[a], looks[b]) <= 18]
    print(f"icons of real apps: {len(looks)} different, pairs within 18: {len(near)}")
    check("their icons are told apart", len(looks) >= 4 and near == [], near)


def main():
    check_hosts()
    check_cleartext()
    check_components()
    check_coverage(check_sdks())
    check_packers()
    check_libraries()
    check_code_versions()
    check_debian()
    check_bundle()
    check_apple()
    check_icons()
    check_real()
    return T.end()


if __name__ == "__main__":
    sys.exit(main())
