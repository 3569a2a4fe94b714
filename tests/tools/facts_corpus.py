#!/usr/bin/env python3
"""Writes the corpora of fuzz_facts and fuzz_facts_image anew."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "fuzz" / "corpus"
sys.path.insert(0, str(HERE.parent.parent / "integration"))
from app_facts_support import (BOOLEAN, DECIMAL, PACKAGE, REFERENCE, STRING, YES, Element, apk, arsc, dex,  # noqa: E402
                               document, elf, manifest, part, plain_document, png, spots)


def write(name, files):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for file, data in files.items():
        (folder / file).write_bytes(data)


def main():
    flag = "cleartextTrafficPermitted"
    config = plain_document(Element("network-security-config", [], [
        Element("base-config", [(flag, BOOLEAN, YES)], [
            Element("trust-anchors", [], [Element("certificates", [("src", STRING, "user")])])]),
        Element("domain-config", [(flag, STRING, "true")], [Element("domain", [("a", STRING, "x")])])]))
    adaptive = document(Element("adaptive-icon", [], [Element("foreground", [("drawable", REFERENCE, 0x7F020000)])]))
    table = arsc.resources({"mipmap": {"icon": [(arsc.config(sdk=26), "res/i.xml")]},
                            "drawable": {"front": [(arsc.config(), "res/f.png")]},
                            "xml": {"net": [(arsc.config(), "res/net.xml")]},
                            "string": {"url": [(arsc.config(), "http://table.host.io/a")]}})
    xml = manifest([("icon", REFERENCE, 0x7F010000), ("networkSecurityConfig", REFERENCE, 0x7F030000),
                    ("name", STRING, "com.stub.StubApp")],
                   [part("provider", PACKAGE + ".Data", ("authorities", STRING, "a"), ("exported", BOOLEAN, YES)),
                    part("service", PACKAGE + ".G", ("exported", BOOLEAN, YES), ("permission", STRING, "com.x.P")),
                    part("activity", PACKAGE + ".O", ("taskAffinity", STRING, "a.b"), ("launchMode", DECIMAL, 2)),
                    part("meta-data", "UMENG_APPKEY", ("value", STRING, "https://m.host.cn/"))],
                   top=[Element("permission", [("name", STRING, "com.x.P")])])
    library = elf(b"\0OpenSSL 1.0.1f 6 Jan 2014\0 deflate 1.2.11 Copyright\0SQLite format 3\0" + b"3.31.1\0"
                  b"2020-01-27 19:55:54 3bfa9cc97da10598521b342961df8f5f68c7388fa117345eeb516eaa837bb4d6\0"
                  b"http://n.host.org/\0UPX!")
    texts = ["http://code.host.com/", "evil.xyz", "okhttp/3.12.1", "45.77.12.3:80"]
    files = {"res/i.xml": adaptive, "res/f.png": png(24, spots(2)), "res/net.xml": config,
             "lib/arm64-v8a/liba.so": library, "assets/a.json": b'"https://a.host.net"', "assets/x": bytes(range(256)) * 70,
             "META-INF/maven/g/a/pom.properties": b"version=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n",
             "META-INF/androidx.core_core.version": b"1.9.0\n", "lib/x86/libjiagu.so": b"x"}
    classes = ["Lcom/example/facts/Main;", "Lcom/adjust/sdk/A;", "La/b;", "La/c$d;"]
    write("facts", {
        "stored.apk": apk(files, classes, texts, xml, table, stored=True),
        "deflated.apk": apk(files, classes, texts, xml, table),
        "code.dex": dex.many(classes, texts),
        "library.so": library,
        "urls.txt": b"uhttp://a.com/ https://u:p@b.net:80/ ws://1.2.3.4 http://%s.c.com http://www.w3.org/",
        "wide.txt": b"w" + "http://a.com/ \u20ac https://b.net".encode("utf-16-le"),
        "bare.txt": b"bc2.evil.ru:8080",
        "versions.txt": b"v1.0.1f-rc1\n1.0.1za.Final",
    })
    write("facts_image", {f"{seed}-{side}.png": png(side, spots(seed)) for seed, side in ((1, 16), (2, 33))})


if __name__ == "__main__":
    main()
