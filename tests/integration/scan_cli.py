#!/usr/bin/env python3
"""`picket scan`, the command line: what it takes, prints and says, and how it ends; on harmless,
broken and hostile files."""

import difflib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scan_support import (PICKET, ROOT, Entry, Tally, archive, manifest, picket, reports,  # noqa: E402
                          wrong_with)

tally = Tally()
check = tally.check
SCOPE = "Judged by reading it: nothing of it was run"


def good():
    """The smallest app that a device would read: a manifest. Not signed, which is no bad news by itself."""
    return archive([Entry("AndroidManifest.xml", manifest())])


def bad():
    """Two entries of one name."""
    return archive([Entry("AndroidManifest.xml", manifest()), Entry("classes.dex", b"x"), Entry("classes.dex", b"y")])


def ids(report):
    return [f["id"] for f in report["findings"]]


def test_usage(dir):
    for args, code in (([], 2), (["--frob", "x"], 2), (["--help"], 0), (["--min-sdk", "x", "a"], 2), (["--min-sdk"], 2),
                       (["--min-sdk", "30", "--max-sdk", "20", "a"], 2), (["--jobs", "0", "a"], 2),
                       (["--stamp-cert", "12", "a"], 2), (["--stamp-cert", "z" * 64, "a"], 2), (["--color", "blue", "a"], 2),
                       (["--timeout", "-1", "a"], 2), (["--max-sdk", "99999999999", "a"], 2)):
        got = picket(*args)
        check(f"picket scan {' '.join(args)} ends with {code}", got.returncode == code and (got.stdout if code == 0 else got.stderr), got)
    got = picket("--help").stdout.decode()
    for word in ("--json", "--min-sdk", "--max-sdk", "--stamp-cert", "--all", "--jobs", "--timeout", "--color", "Exit status"):
        check(f"--help tells of {word}", word in got, got)


def test_exit_codes(dir):
    (dir / "good.apk").write_bytes(good())
    (dir / "bad.apk").write_bytes(bad())
    (dir / "empty.apk").write_bytes(b"")
    (dir / "text.apk").write_bytes(b"no archive at all")
    for names, code in ((["good.apk"], 0), (["bad.apk"], 1), (["good.apk", "bad.apk"], 1), (["empty.apk"], 1),
                        (["text.apk"], 1), (["missing.apk"], 3), (["missing.apk", "good.apk"], 3),
                        (["good.apk", "good.apk"], 0), (["missing.apk", "bad.apk"], 1)):
        for extra in ([], ["--json"]):
            got = picket(*extra, *names, cwd=dir)
            check(f"{names} {extra} ends with {code}", got.returncode == code, got)
            check(f"{names} {extra} says what is missing",
                  (b"picket scan: cannot read 'missing.apk': No such file" in got.stderr) == ("missing.apk" in names), got.stderr)
            if extra:
                seen = [r["file"] for r in reports(got)]
                check(f"{names} in their order", seen == [n for n in names if n != "missing.apk"], seen)
    if os.geteuid() == 0:
        (dir / "locked").mkdir()
    (dir / "secret.apk").write_bytes(good())
    (dir / "secret.apk").chmod(0)
    run = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    dir.chmod(0o755)
    got = subprocess.run([*run, str(PICKET), "scan", str(dir / "secret.apk"), str(dir / "good.apk")], capture_output=True, timeout=60)
    check("an unreadable file: 3, the rest is scanned", got.returncode == 3 and b"Permission denied" in got.stderr
          and b"good.apk" in got.stdout, got)
    (dir / "locked").chmod(0o700)
    got = subprocess.run([*run, str(PICKET), "scan", str(dir / "locked"), str(dir / "good.apk")], capture_output=True, timeout=60)
    check("an unreadable folder: 3", got.returncode == 3 and b"locked" in got.stderr, got)
    (dir / "secret.apk").unlink()


def test_json(dir):
    (dir / "a.apk").write_bytes(good())
    (dir / "b.apk").write_bytes(bad())
    got = picket("--json", dir / "a.apk", dir / "b.apk")
    a, b = reports(got)
    check("an APK's report has its form", wrong_with(a) is None, wrong_with(a))
    check("and its values", (a["package"], a["kind"], a["verdict"], a["dex_files"], a["label"]) == ("org.example.app", "apk", "clean", 0, ""), a)
    check("a bad one's has its form", wrong_with(b) is None, wrong_with(b))
    check("and its finding first", b["verdict"] == "suspicious" and "zip.duplicate_entry" in ids(b), b)
    check("the last reason says how far the judgement goes", a["reasons"][-1].endswith(SCOPE) and b["reasons"][-1].endswith(SCOPE), b["reasons"])
    check("nothing else on standard output", got.stdout.count(b"\n") == 2 and got.stderr == b"", got)


def test_kinds(dir):
    rows = [("x.apk", good(), "apk", "clean"), ("empty", b"", "unknown", "malformed"),
            ("note.txt", b"hello world, I am a text", "unknown", "malformed"),
            ("AndroidManifest.xml", manifest(), "axml", "clean"),
            ("Info.plist", b'<?xml version="1.0"?><plist version="1.0"><dict><key>a</key><integer>1</integer></dict></plist>', "plist", "clean"),
            ("cut.apk", good()[:-40], "apk", "malformed"),
            ("half.dex", b"dex\n035\0" + b"\0" * 50, "dex", "malformed"),
            ("set.xapk", archive([Entry("base.apk", good(), deflate=False), Entry("manifest.json", b"{}")]), "bundle", "clean"),
            ("office.docx", archive([Entry("[Content_Types].xml", b"<x/>")]), "unknown", "malformed"),
            ("png.apk", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "unknown", "malformed")]
    for name, data, kind, verdict in rows:
        (dir / name).write_bytes(data)
        (dir / "noname").write_bytes(data)
        for file in (name, "noname"):
            got = reports(picket("--json", dir / file))
            check(f"{name} as {file} is {kind}, {verdict}", len(got) == 1 and (got[0]["kind"], got[0]["verdict"]) == (kind, verdict), got)
            check(f"{name}'s report has its form", wrong_with(got[0]) is None, wrong_with(got[0]))


def test_folders(dir):
    tree = dir / "tree"
    (tree / "b" / "c").mkdir(parents=True)
    (tree / "z.apk").write_bytes(good())
    (tree / "b" / "no-extension").write_bytes(good())
    (tree / "b" / "c" / "x.apk").write_bytes(bad())
    (tree / "b" / "broken.apk").write_bytes(b"not an archive")
    (tree / "readme.txt").write_bytes(b"hello")
    (tree / "z.apk.idsig").write_bytes(b"not a signature")
    (tree / "doc.docx").write_bytes(archive([Entry("[Content_Types].xml", b"<x/>")]))
    (tree / "loop").symlink_to("loop")
    (tree / "up").symlink_to("..")
    (tree / "link.apk").symlink_to("z.apk")
    os.mkfifo(tree / "pipe.apk")
    wanted = ["b/broken.apk", "b/c/x.apk", "b/no-extension", "link.apk", "z.apk"]
    got = picket("--json", "tree", cwd=dir)
    seen = [r["file"] for r in reports(got)]
    check("a folder: what looks like an app, by name, links to folders and pipes left out",
          seen == [f"tree/{w}" for w in wanted] and got.returncode == 1, (seen, got.stderr))
    again = [r["file"] for r in reports(picket("--json", "--jobs", "7", "tree", cwd=dir))]
    check("the order does not depend on who is done first", again == seen, again)
    got = picket("--json", "--all", "tree", cwd=dir)
    seen = [r["file"] for r in reports(got)]
    check("--all: every file", {"tree/readme.txt", "tree/doc.docx"} < set(seen), seen)
    got = picket("tree", cwd=dir).stdout.decode()
    check("people get a line a file, reasons of the bad ones and a sum",
          "5 files in" in got and "clean" in got and "Two entries of the same name" in got and got.count(SCOPE) == 1, got)
    (dir / "nothing").mkdir()
    got = picket("nothing", cwd=dir)
    check("an empty folder is fine and says so", got.returncode == 0 and b"0 files" in got.stdout, got)
    deep = dir / "deep"
    deep.mkdir()
    here = os.getcwd()
    os.chdir(deep)
    try:
        for _ in range(60):
            os.mkdir("d" * 100)
            os.chdir("d" * 100)
    finally:
        os.chdir(here)
    got = picket("--json", "deep", cwd=dir)
    check("a folder deeper than a path can be ends with an answer", got.returncode in (0, 3), got)


def test_stdin_and_pipes(dir):
    data = bad()
    (dir / "x.apk").write_bytes(data)
    got = reports(picket("--json", "-", stdin=data))
    check("standard input", got[0]["file"] == "-" and "zip.duplicate_entry" in ids(got[0]), got)
    with open(dir / "x.apk", "rb") as file:
        got = subprocess.run([str(PICKET), "scan", "--json", "-"], stdin=file, capture_output=True, timeout=60)
    check("a file as standard input", reports(got)[0]["size"] == len(data), got)
    got = subprocess.run(["bash", "-c", f"'{PICKET}' scan --json <(cat x.apk)"], cwd=dir, capture_output=True, timeout=60)
    check("a pipe of the shell", got.returncode == 1 and reports(got)[0]["size"] == len(data), got)
    os.mkfifo(dir / "fifo")
    began = time.monotonic()
    got = picket(dir / "fifo", dir / "x.apk")
    check("a named pipe is refused at once, with what to do", got.returncode == 1 and b"picket scan - <" in got.stderr
          and time.monotonic() - began < 5, got)
    got = picket("/dev/null")
    check("a device is refused", got.returncode == 3 and b"no regular file" in got.stderr, got)
    got = picket("-", stdin=b"")
    check("an empty standard input is malformed", got.returncode == 1 and b"standard input" in got.stdout and b"The file is empty" in got.stdout, got)
    got = subprocess.run([str(PICKET), "scan", "-"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                         preexec_fn=lambda: os.close(0))
    check("a closed standard input is 3", got.returncode == 3, got)


def test_people(dir):
    (dir / "bad.apk").write_bytes(bad())
    got = picket(dir / "bad.apk").stdout.decode()
    check("the verdict comes first", got.startswith("SUSPICIOUS  "), got)
    check("then the decisive reason", got.splitlines()[1].startswith("  - Two entries of the same name"), got)
    for word in ("identity", "org.example.app", "findings", "structure/zip.duplicate_entry", "ATT&CK", "high"):
        check(f"the page has {word}", word in got, got)
    check("no colour into a pipe", "\x1b" not in got, got)
    got = picket("--color", "always", dir / "bad.apk").stdout.decode()
    check("colour when asked for", "\x1b[1;33mSUSPICIOUS" in got, got)
    got = picket("--color", "always", dir / "bad.apk", env={"NO_COLOR": "1"}).stdout.decode()
    check("the option is stronger than NO_COLOR", "\x1b" in got, got)


def on_terminal(*args, env=None):
    """Both streams on a terminal of their own; returns (status, output, errors)."""
    out, out_end = pty.openpty()
    err, err_end = pty.openpty()
    full = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    child = subprocess.Popen([str(PICKET), "scan", *map(str, args)], stdin=subprocess.DEVNULL, stdout=out_end, stderr=err_end,
                             env=dict(full, TERM="xterm", **(env or {})))
    os.close(out_end)
    os.close(err_end)
    texts = {out: b"", err: b""}
    open_ends = [out, err]
    while open_ends:
        for end in select.select(open_ends, [], [], 60)[0]:
            try:
                piece = os.read(end, 65536)
            except OSError:
                piece = b""
            texts[end] += piece
            if not piece:
                open_ends.remove(end)
    os.close(out)
    os.close(err)
    return child.wait(60), texts[out].decode(), texts[err].decode()


def test_terminal(dir):
    many = dir / "many"
    many.mkdir()
    big = archive([Entry(f"assets/{n}", os.urandom(1000), deflate=False) for n in range(2000)]
                  + [Entry("AndroidManifest.xml", manifest())])
    for n in range(60):
        (many / f"{n:03}.apk").write_bytes(big)
    status, out, err = on_terminal("--jobs", "1", many)
    check("a terminal gets colour", status == 0 and "\x1b[1;32mclean" in out, out[:300])
    check("and a bar with rate and time left", re.search(r"\[[#.]{24}\] \d+ of 60, \d+ a second, \d+:\d\d left", err), err[:300])
    check("which is gone at the end", err.endswith("\r\x1b[K"), repr(err[-80:]))
    _, out, _ = on_terminal("--jobs", "1", many, env={"NO_COLOR": "1"})
    check("NO_COLOR is honoured", "\x1b[1;32m" not in out, out[:200])
    _, _, err = on_terminal(many / "000.apk")
    check("one file needs no bar", err == "", err)


def test_hostile_names(dir):
    names = [b"\x1b[2J\x1b[31mred.apk", b"new\nline.apk", b"\xff\xfe bytes.apk", "bidi \u202e kpa.apk".encode(), b"quote'\".apk",
             b"-dash.apk", b"csi \xc2\x9b31m.apk"]
    folder = os.fsencode(dir) + b"/names"
    os.mkdir(folder)
    for name in names:
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(good())
    got = picket("--json", folder)
    check("names of any bytes: strict JSON", len(reports(got)) == len(names) and got.returncode == 0, got)
    for args in ([folder], [folder + b"/" + names[0]], [folder + b"/none" + names[0]]):
        got = picket(*args)
        shown = got.stdout + got.stderr
        raw = [c for c in ("\x1b", "\u202e", "\x9b") if c in shown.decode("utf-8", "replace")]
        check("and nothing that a terminal acts on", not raw and b"\xff" not in shown, (raw, shown[:300]))
    evil = "\x1b]0;owned\x07\x1b[31m\u202e"
    (dir / "evil.apk").write_bytes(archive([Entry("AndroidManifest.xml", manifest(package="org." + evil + ".app", label=evil)),
                                            Entry("x" + evil, b"1"), Entry("x" + evil, b"2")]))
    got = picket(dir / "evil.apk")
    check("hostile text inside the file does not reach the terminal",
          not any(c in got.stdout.decode() for c in ("\x1b", "\x07", "\u202e")) and got.returncode == 1, got.stdout)
    got = picket("--json", dir / "evil.apk")
    check("nor JSON", wrong_with(reports(got)[0]) is None and b"\x1b" not in got.stdout, got)
    (dir / "-x.apk").write_bytes(good())
    got = picket("--", "-x.apk", cwd=dir)
    check("a name that begins with a dash, after --", got.returncode == 0, got)


def test_many(dir):
    many = dir / "crowd"
    many.mkdir()
    for n in range(500):
        (many / f"{n:03}.apk").write_bytes(bad() if n % 50 == 7 else good())
    began = time.monotonic()
    got = picket("--json", many)
    took = time.monotonic() - began
    seen = reports(got)
    check("500 files, each once, in order", [r["file"] for r in seen] == [f"{many}/{n:03}.apk" for n in range(500)], len(seen))
    check("each with its own verdict", [n for n, r in enumerate(seen) if r["verdict"] != "clean"] == list(range(7, 500, 50)), got.returncode)
    check("within a minute on a busy machine", took < 60, took)
    child = subprocess.Popen([str(PICKET), "scan", str(many)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    check("Ctrl-C ends it", child.wait(20) in (-signal.SIGINT, 1), child.returncode)
    got = subprocess.run(f"'{PICKET}' scan '{many}' | head -1", shell=True, capture_output=True, timeout=60)
    check("a reader that goes away ends it", got.stdout.count(b"\n") == 1, got)
    got = subprocess.run(f"'{PICKET}' scan '{many}' >/dev/full", shell=True, capture_output=True, timeout=60)
    check("a full disk is said", got.returncode != 0 and b"cannot write" in got.stderr, got)


def in_time(name, path, wanted, *more, limit_s=1.0):
    """Ends within a second of CPU, which does not depend on who else uses the machine."""
    before = os.times()
    got = picket("--json", path, *more)
    after = os.times()
    took = after.children_user + after.children_system - before.children_user - before.children_system
    report = reports(got)[0]
    check(f"{name}: its limit is named", any(w in ids(report) for w in wanted), (ids(report), report["reasons"]))
    check(f"{name}: its report has its form", wrong_with(report) is None, wrong_with(report))
    check(f"{name}: not clean, exit 1", report["verdict"] != "clean" and got.returncode == 1 or "medium" in
          [f["severity"] for f in report["findings"]], report["reasons"])
    check(f"{name}: within {limit_s} s of CPU", took < limit_s, took)
    return report


def test_limits(dir):
    head = Entry("AndroidManifest.xml", manifest())
    zeros = b"\0" * (100 << 20)
    bomb = Entry("classes.dex", zeros)
    (dir / "bomb.apk").write_bytes(archive([head, bomb] + [Entry(f"classes{n}.dex", zeros[:0], packed=bomb.packed, size=bomb.size)
                                                           for n in range(2, 12)]))
    in_time("a decompression bomb", dir / "bomb.apk", ["limit.zip_ratio"])
    data = [Entry(f"classes{n}.dex", b"", packed=bomb.packed, size=bomb.size, at=len(head.local()) + len(head.packed))
            for n in range(2, 400)]
    (dir / "overlap.apk").write_bytes(archive([head, bomb, *data]))
    in_time("overlapping entries", dir / "overlap.apk", ["limit.zip_ratio", "zip.overlap"])
    (dir / "entries.apk").write_bytes(archive([head] + [Entry(f"f{n}", b"", deflate=False) for n in range(65534)]))
    report = in_time("65,535 entries", dir / "entries.apk", ["limit.zip_entries"])
    check("all of them are counted", report["entries"] == 65535, report["entries"])
    (dir / "claim.apk").write_bytes(archive([head, Entry("classes.dex", b"x" * 1000, size=2 << 30)]))
    in_time("a claim of 2 GB", dir / "claim.apk", ["limit.zip_claim"])
    (dir / "manifest_claim.apk").write_bytes(archive([Entry("AndroidManifest.xml", manifest(), size=(2 << 30) - 1)]))
    in_time("a manifest that claims 2 GB", dir / "manifest_claim.apk", ["limit.zip_claim"])
    (dir / "deep.apk").write_bytes(archive([Entry("AndroidManifest.xml", manifest(depth=100000))]))
    in_time("100,000 elements in each other", dir / "deep.apk", ["limit.nesting"])
    (dir / "deep.plist").write_bytes(b'<plist version="1.0">' + b"<array>" * 100000 + b"</array>" * 100000 + b"</plist>")
    in_time("100,000 lists in each other", dir / "deep.plist", ["limit.nesting"])
    nest = archive([head])
    for _ in range(6):
        nest = archive([Entry("base.apk", nest, deflate=False)])
    (dir / "nest.apks").write_bytes(nest)
    in_time("archives in archives", dir / "nest.apks", ["limit.bundle_depth"])
    wide = archive([Entry(f"p{n}.apk", good(), deflate=False) for n in range(2000)])
    (dir / "wide.apks").write_bytes(wide)
    in_time("2,000 parts", dir / "wide.apks", ["limit.names"])


GOLDEN = ROOT / "tests" / "integration" / "golden"
GOLDEN_FILES = {
    "signed": "apksig/apks/v31-rsa-2048_2-tgt-34-1-tgt-28.apk",
    "not_verified": "apksig/apks/v2-only-with-rsa-pss-sha256-2048-sig-does-not-verify.apk",
    "ipa": "apple/test.ipa",
    "profile": "apple/test.mobileprovision",
    "unsigned_code": "apple/encrypted-armv7",
}


# What changes when the samples are made anew, with other keys.
CHANGING = [(r"\b[0-9a-f]{40,64}\b", "HASH"), (r"\d{4}-\d\d-\d\d(T[0-9:.]+Z)?", "TIME"), (r"\d+ bytes", "N bytes"),
            (r'"(size|inflated)": \d+', r'"\1": 0'), (r"read in \d+ ms with \d+ MiB", "read in N ms with N MiB")]


def steady(text):
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return text


def test_golden(dir):
    """What people and programs see of a few files, word for word; PICKET_GOLDEN=write renews it."""
    data = ROOT / "tests" / "data"
    for name, path in GOLDEN_FILES.items():
        page = steady(picket(path, cwd=data).stdout.decode())
        report = reports(picket("--json", path, cwd=data))[0]
        report["ms"] = 0
        text = steady(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
        for kind, now in (("txt", page), ("json", text)):
            file = GOLDEN / f"{name}.{kind}"
            if os.environ.get("PICKET_GOLDEN") == "write":
                file.write_text(now)
            then = file.read_text() if file.exists() else ""
            difference = "\n".join(difflib.unified_diff(then.splitlines(), now.splitlines(), "golden", "now", lineterm="", n=1))
            check(f"{file.name} is as it was", then == now, difference)


def main():
    tests = [test_golden, test_usage, test_exit_codes, test_json, test_kinds, test_folders, test_stdin_and_pipes, test_people,
             test_terminal, test_hostile_names, test_many, test_limits]
    for test in tests:
        with tempfile.TemporaryDirectory(prefix="picket-scan-") as folder:
            if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
                test(Path(folder))
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
