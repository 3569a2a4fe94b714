#!/usr/bin/env python3
"""`picket scan --report`: one document of all files. html for people (no script, nothing loaded, hostile names
harmless), sarif 2.1.0 for build systems, json as one array."""

import json
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from scan_support import ROOT, Entry, Tally, archive, manifest, picket, reports

tally = Tally()
check = tally.check
VOID = {"meta", "br", "link", "img", "input", "hr"}
HOSTILE = '<img src=x onerror=alert(1)>&"\'</style><script>alert(2)</script>'


class Page(HTMLParser):
    """A strict look: every element closed, what is where."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.problems, self.text, self.heads = [], [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *a) for a in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] == "h2":
            self.heads.append(data)


def page_of(done):
    page = Page()
    page.feed(done.stdout.decode())
    page.close()
    return page


def samples(folder):
    files = {
        "clean": archive([Entry("AndroidManifest.xml", manifest("org.example.clean", label="Clean app"))]),
        "odd": archive([Entry("AndroidManifest.xml", manifest("org.example.odd")), Entry("classes.dex", b"dex"),
                        Entry("classes.dex", b"dex")]),
        "hostile": archive([Entry("AndroidManifest.xml", manifest("org.example.h", label=HOSTILE)),
                            Entry("a", b"1"), Entry("a", b"1")]),
        "broken": b"PK\3\4 nothing",
    }
    for name, data in files.items():
        (folder / f"{name} 100%.apk").write_bytes(data)


def html(folder):
    done = picket("--report", "html", folder)
    page = page_of(done)
    text = "".join(page.text)
    check("html: exit status 1 for bad news", done.returncode == 1, done.returncode)
    check("html: well formed", not page.problems and not page.open, (page.problems, page.open))
    check("html: no script, no picture, nothing to load", not {"script", "img", "link", "iframe", "object"} & set(page.tags),
          set(page.tags))
    check("html: no handlers, no links out", not [a for a in page.attributes if a[1].startswith("on") or
                                                  a[1] in ("src", "href", "action", "style")])
    check("html: a policy that forbids all of it", any("default-src 'none'" in str(a) for a in page.attributes))
    check("html: a hostile label is shown as text", HOSTILE in text, page.heads)
    check("html: clean apps in one list at the end", page.heads[-1] == "Nothing bad found", page.heads)
    check("html: counts", "Report on 4 app files" in text, text[:200])
    check("html: language and width for phones", ("html", "lang", "en") in page.attributes and
          any(a[2] == "width=device-width, initial-scale=1" for a in page.attributes))
    one = page_of(picket("--report", "html", folder / "clean 100%.apk"))
    text = "".join(one.text)
    check("html: of one clean file everything", "org.example.clean" in text and "What it is" in text and
          "No reason was found" in text, text[-500:])
    check("html: of one file well formed", not one.problems and not one.open, (one.problems, one.open))


def sarif(folder):
    done = picket("--report", "sarif", folder)
    document = json.loads(done.stdout)
    run = document["runs"][0]
    results = run["results"]
    check("sarif: version and schema", document["version"] == "2.1.0" and document["$schema"].endswith("sarif-2.1.0.json"))
    check("sarif: one run of Picket with its version", len(document["runs"]) == 1 and
          run["tool"]["driver"]["name"] == "Picket" and run["tool"]["driver"]["version"])
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    check("sarif: every rule once, and every result's rule there", len(ids) == len(set(ids)) and
          {r["ruleId"] for r in results} <= set(ids), ids)
    check("sarif: what a result needs", all(r["message"]["text"] and r["level"] in ("none", "note", "warning", "error")
                                            for r in results))
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    check("sarif: URIs are escaped", uris and all(" " not in u and "%25" in u and unquote(u).endswith(".apk") for u in uris), uris)
    verdicts = {unquote(r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).rsplit("/", 1)[-1].split()[0]:
                (r["level"], r["kind"]) for r in results if r["ruleId"] == "verdict"}
    check("sarif: a verdict for each file", verdicts == {"clean": ("none", "pass"), "odd": ("error", "fail"),
                                                         "hostile": ("error", "fail"), "broken": ("error", "fail")}, verdicts)
    told = {(r["partialFingerprints"]["sha256/v1"], r["properties"]["id"]) for r in results if r["ruleId"] != "verdict"}
    seen = {(r["sha256"], f["id"]) for r in reports(picket("--json", folder)) for f in r["findings"]}
    check("sarif: every finding of the report", told == seen, told ^ seen)
    check("sarif: that the run went well", run["invocations"][0]["executionSuccessful"] is True)
    done = picket("--report", "sarif", folder, folder / "absent.apk")
    check("sarif: or not", json.loads(done.stdout)["runs"][0]["invocations"][0]["executionSuccessful"] is False)


def array(folder):
    one = json.loads(picket("--report", "json", folder).stdout)
    lines = reports(picket("--json", folder))
    for report in one + lines:
        report.pop("ms")
    check("json: the objects of --json as one array", one == lines and len(one) == 4)
    (folder / "empty").mkdir()
    check("json: of nothing an empty array", json.loads(picket("--report", "json", folder / "empty").stdout) == [])
    done = picket("--report", "pdf", folder)
    check("another form is refused", done.returncode == 2 and b"html, sarif or json" in done.stderr, done.stderr)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples(folder)
        html(folder)
        sarif(folder)
        array(folder)
    apps = ROOT / "tests" / "data" / "apps"
    page = page_of(picket("--report", "html", apps))
    check("html: of real files well formed", not page.problems and not page.open, (page.problems, page.open))
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
