#!/usr/bin/env python3
"""libpicket as another program finds it: the tree is installed into a folder, the example and a program
that uses everything are compiled against that with pkg-config alone, and run."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
APKS = ROOT / "tests" / "data" / "apksig" / "apks"
SUPPORT = APKS.parent / "support"

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED  {name}\n        {str(shown)[:700]}", flush=True)
    return bool(good)


def run(*argv, env=None):
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, env=env)


USER = r"""
#include <fcntl.h>
#include <picket/scan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count;

static int done(void *ctx, const char *path, const struct picket_report *report, const char *error)
{
    count++;
    printf("%s\t%s\n", path, report != NULL ? picket_report_json(report) : error);
    return ctx != NULL && count == *(int *)ctx;
}

int main(int argc, char **argv)
{
    struct picket_scan_options options = { .size = sizeof(options), .processes = 2, .timeout_ms = 20000 };
    struct picket_scan_options wrong = { .size = 0 };
    char *error = NULL;
    int stop = 2;

    if (picket_scanner_new(&wrong, &error) != NULL || error == NULL)
        return 10;
    free(error);
    wrong.size = sizeof(wrong);
    wrong.program = "/nowhere/picket-scan";
    error = NULL;
    if (picket_scanner_new(&wrong, &error) != NULL || strstr(error, "/nowhere") == NULL)
        return 11;
    free(error);
    if (picket_scanner_new(&wrong, NULL) != NULL)
        return 12;
    wrong.program = NULL;
    wrong.lists = "/nowhere/lists.yaml";
    error = NULL;
    if (picket_scanner_new(&wrong, &error) != NULL || strstr(error, "/nowhere/lists.yaml") == NULL)
        return 21;
    free(error);
    error = NULL;
    struct picket_scan_options listed = { .size = sizeof(listed), .processes = 1, .no_intel = 1, .lists = getenv("LISTS") };
    for (int known = 1; known >= 0; known--) {
        /* Without its last fields: a program that was compiled with the header of before. */
        listed.size = known ? sizeof(listed) : offsetof(struct picket_scan_options, no_intel);
        struct picket_scanner *one = picket_scanner_new(&listed, &error);
        struct picket_report *judged = one != NULL ? picket_scan_path(one, argv[1], &error) : NULL;
        if (judged == NULL || (picket_report_verdict(judged) == PICKET_UNWANTED) != (known && listed.lists != NULL))
            return fprintf(stderr, "%s\n", error != NULL ? error : ""), 22;
        picket_report_free(judged);
        picket_scanner_free(one);
    }
    struct picket_scanner *scanner = picket_scanner_new(&options, &error);
    if (scanner == NULL)
        return fprintf(stderr, "%s\n", error), 13;
    if (picket_scan_path(scanner, "/nowhere/app.apk", &error) != NULL || strstr(error, "/nowhere/app.apk") == NULL)
        return 14;
    free(error);
    error = NULL;
    if (picket_scan_path(scanner, "/", &error) != NULL || error == NULL)
        return 15;
    free(error);
    if (picket_scan_paths(scanner, (const char *const *)argv + 1, (size_t)argc - 1, done, NULL, &error) != 0)
        return fprintf(stderr, "%s\n", error), 16;
    if (count != argc - 1)
        return 17;
    count = 0;
    if (picket_scan_paths(scanner, (const char *const *)argv + 1, (size_t)argc - 1, done, &stop, &error) != 0 || count != 2)
        return 18;
    int fd = open(argv[1], O_RDONLY);
    struct picket_report *report = picket_scan_fd(scanner, fd, "by descriptor", &error);
    picket_scanner_free(scanner);
    picket_scanner_free(NULL);
    if (report == NULL || strstr(picket_report_json(report), "by descriptor") == NULL)
        return 19;
    if (picket_report_verdict(report) > PICKET_MALFORMED || strlen(picket_report_sha256(report)) != 64 ||
        strcmp(picket_report_kind(report), "apk") != 0 || picket_report_package(report) == NULL ||
        strcmp(picket_report_finding_id(report, 100000), "") != 0)
        return 20;
    picket_report_free(report);
    picket_report_free(NULL);
    return 0;
}
"""


def main():
    with tempfile.TemporaryDirectory(prefix="picket-libpicket-") as folder:
        folder = Path(folder)
        got = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", folder, "--tags", "devel,runtime,man")
        check("the tree can be installed", got.returncode == 0, got.stdout[-600:] + got.stderr)
        pc = next(folder.rglob("picket.pc"), None)
        if not check("with a pkg-config file", pc, list(folder.rglob("*picket*"))):
            return
        scanner = next(folder.rglob("libexec/picket/picket-scan"), None)
        check("the reader outside PATH", scanner and not list(folder.rglob("bin/picket-scan")), scanner)
        check("the man page", list(folder.rglob("man3/libpicket.3*")))
        header = next(folder.rglob("include/picket/scan.h"))
        prefix = header.parent.parent.parent
        env = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent), PKG_CONFIG_SYSROOT_DIR=str(folder))
        flags = run("pkg-config", "--cflags", "--libs", "picket", env=env)
        check("pkg-config knows it and needs nothing else", flags.returncode == 0 and re.findall(r"(?<= )-l\S+", flags.stdout) == ["-lpicket"], flags)
        library = next(folder.rglob("libpicket.so.0"))
        symbols = re.findall(r" [A-Z] (\w+)", run("nm", "-D", "--defined-only", library).stdout)
        strange = [s for s in symbols if not s.startswith("picket_") and s != "PICKET_0"]
        check("it shows only what the header declares", len(symbols) > 10 and not strange, strange)
        declared = set(re.findall(r"\b(picket_\w+)\(", header.read_text()))
        check("and all of that", {s for s in symbols if s != "PICKET_0"} == declared & set(symbols) and
              {d for d in declared if re.search(r"PICKET_API[^;]*\b%s\(" % d, header.read_text())} <= set(symbols), declared)
        binaries = prefix / "bin"
        binaries.mkdir(exist_ok=True)
        env = dict(os.environ, LD_LIBRARY_PATH=str(library.parent))

        example = binaries / "scan-example"
        got = run("cc", "-Wall", "-Wextra", "-Werror", "-o", example, ROOT / "docs" / "examples" / "scan.c", *flags.stdout.split())
        check("the example compiles", got.returncode == 0, got.stderr)
        good = APKS / "golden-aligned-v1v2-out.apk"
        odd = folder / "odd.apk"
        odd.write_bytes(good.read_bytes()[:-30])
        got = run(example, good, odd, "/nowhere/x", env=env)
        lines = got.stdout.splitlines()
        check("and tells", got.returncode == 0 and lines and lines[0].startswith(f"{good}: clean, android.appsecurity"), got)
        check("what is odd", any(line.startswith(f"{odd}: ") and "clean" not in line for line in lines), got)
        check("and what is not there", "cannot open '/nowhere/x'" in got.stdout, got)

        source = folder / "user.c"
        source.write_text(USER)
        user = binaries / "user"
        got = run("cc", "-Wall", "-Wextra", "-Werror", "-o", user, source, *flags.stdout.split())
        check("a program that uses everything compiles", got.returncode == 0, got.stderr)
        paths = sorted(APKS.glob("golden-*.apk"))[:10] + [odd]
        lists = folder / "lists.yaml"
        lists.write_text("version: 1\ndeny:\n  - {match: {package: android.appsecurity.*}, reason: a test}\n")
        got = run(user, *paths, "/nowhere/y", env={**env, "LISTS": str(lists)})
        check("and holds", got.returncode == 0, (got.returncode, got.stderr))
        results = dict(line.split("\t", 1) for line in got.stdout.splitlines())
        check("a result for each path", {str(p) for p in paths} | {"/nowhere/y"} == set(results), results.keys())
        check("as JSON", all(json.loads(results[str(p)])["file"] == str(p) for p in paths), results)
        v4 = folder / "v4.apk"
        shutil.copy(APKS / "v31-rsa-2048_2-tgt-10000-dev-release.apk", v4)
        got = [json.loads(line.split("\t", 1)[1]) for line in run(user, v4, v4, env=env).stdout.splitlines()[:1]]
        shutil.copy(SUPPORT / "v31-rsa-2048_2-tgt-10000-dev-release.apk.idsig", str(v4) + ".idsig")
        got += [json.loads(line.split("\t", 1)[1]) for line in run(user, v4, v4, env=env).stdout.splitlines()[:1]]
        check("the v4 signature beside it counts", [("v4" in g["signature"]["schemes"]) for g in got] == [False, True],
              [g["signature"] for g in got])
        compiler = shutil.which("c++")
        if compiler:
            plus = folder / "user.cc"
            plus.write_text("#include <picket/scan.h>\nint main() { return picket_scanner_new(nullptr, nullptr) == nullptr; }\n")
            got = run(compiler, "-Wall", "-Werror", "-o", binaries / "plus", plus, *flags.stdout.split())
            check("C++ takes the header", got.returncode == 0 and run(binaries / "plus", env=env).returncode == 0, got.stderr)


if __name__ == "__main__":
    main()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
