#!/usr/bin/env python3
"""The sandboxed reader: what a reader that an attacker took over can still do (nothing), and that one
file that kills its reader changes nothing for the next.

tests/tools/sandbox_probe.c stands in for picket-scan: the same warden, the same sandbox, but its readers
do what the file says. tests/tools/scan_driver.c is a program with a pool.
"""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
DRIVER = BUILD / "tests" / "scan_driver"
PROBE = BUILD / "tests" / "sandbox_probe"
SCANNER = BUILD / "bin" / "picket-scan"
APK = ROOT / "tests" / "data" / "apksig" / "apks"

# System calls by what docs/scan.md says; the test asks the kernel for all others.
READER_MAY = {"write", "exit_group", "brk", "mmap", "munmap", "mremap", "madvise", "futex", "getrandom"}
WARDEN_MAY = READER_MAY | {"recvmsg", "sendmsg", "close", "poll", "ppoll", "clone", "wait4", "pidfd_send_signal",
                           "clock_gettime", "restart_syscall", "dup3", "close_range", "prlimit64", "prctl"}
# What libraries ask by the way: told no, and not killed for it.
REFUSED = {"sysinfo", "gettimeofday", "time", "clock_gettime", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid",
           "getegid", "uname", "sched_yield", "sched_getaffinity", "getcpu"}
LAST_CALL = 470  # beyond the newest that the kernels of today know
# The kernel lets these two past every filter (kernel/seccomp.c); called by a program they do nothing.
UNFILTERED = {335, 336}  # uretprobe, uprobe of x86-64

passed = failed = 0


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED  {name}\n        {str(shown)[:700]}", flush=True)
    return bool(good)


def skipped(what):
    print(f"SKIPPED: {what}", flush=True)


class World:
    """A folder of files to read, and a copy of the probe whose processes can be told from others'."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.chmod(0o755)
        self.probe = self.folder / f"probe{os.getpid()}"
        shutil.copy(PROBE, self.probe)
        self.files = 0

    def file(self, text, pad=0):
        self.files += 1
        path = self.folder / f"{self.files}-{re.sub('[^a-z0-9]', '-', text[:20])}"
        path.write_bytes(text.encode() + bytes(pad))
        return path

    def start(self, files, *options, program=None, **more):
        argv = [DRIVER, "-p", program or self.probe, "-j", "1", *options, *files]
        return subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **more)

    def scan(self, files, *options, **more):
        """(exit status, one object a file, standard error)"""
        child = self.start(files, *options, **more)
        out, err = child.communicate("\n", timeout=120)
        return child.returncode, [json.loads(line) for line in out.splitlines()], err

    def processes(self):
        """Of this world's probe, by /proc."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "comm").read_text().strip() == self.probe.name[:15]:
                    found.append(int(entry.name))
            except OSError:
                continue
        return sorted(found)

    def gone(self, wait_s=5):
        until = time.monotonic() + wait_s
        while self.processes() and time.monotonic() < until:
            time.sleep(0.02)
        return not self.processes()


def reason(result):
    return result["report"]["reasons"][0] if result["report"].get("reasons") else ""


def harmless(result):
    """Killed for asking, or told no."""
    return (result["report"]["verdict"] == "malformed" and "SIGSYS" in reason(result)) or reason(result).startswith("refused")


def syscall_numbers():
    """Name -> number on this machine, from the kernel's headers as the compiler sees them."""
    out = subprocess.run(["cc", "-E", "-dM", "-include", "sys/syscall.h", "-xc", "/dev/null"],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)$", out, re.M)}


# ---- what a reader may do ---------------------------------------------------------------------

def test_attempts(w):
    names = subprocess.run([PROBE, "list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    victim = Path("/tmp/picket-sandbox-victim")
    victim.write_text("")
    code, results, err = w.scan([w.file("try " + name) for name in names])
    check("every attempt has an answer", code == 0 and len(results) == len(names) >= 40, (code, len(results), err))
    for name, result in zip(names, results):
        check(f"a reader cannot: {name}", harmless(result), result)
    check("and nothing came of it", victim.exists() and not Path("/tmp/picket-escaped").exists())
    for name in names:
        got = subprocess.run([PROBE, "try", name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=20)
        # The warden forks, but only with a descriptor; what it opens, starts or signals is refused all the same.
        check(f"a warden cannot: {name}", got.returncode in (1, -signal.SIGSYS), got)
    check("and nothing came of that", victim.exists() and not Path("/tmp/picket-escaped").exists())
    victim.unlink()


def test_every_call(w):
    numbers = syscall_numbers()
    check("the machine's system calls are known", len(numbers) > 300, len(numbers))
    may = {numbers[name] for name in READER_MAY if name in numbers}
    asked = [n for n in range(LAST_CALL + 1) if n not in may]
    code, results, err = w.scan([w.file(f"call {n}") for n in asked])
    mild = UNFILTERED | {numbers[name] for name in REFUSED if name in numbers}
    bad = [(n, reason(r)) for n, r in zip(asked, results)
           if not ("SIGSYS" in reason(r) or (n in mild and not reason(r).startswith("possible")))]
    check(f"all {len(asked)} other system calls end a reader or are refused", code == 0 and len(results) == len(asked) and not bad, bad or err)
    may = {numbers[name] for name in WARDEN_MAY if name in numbers}
    bad = []
    for n in range(LAST_CALL + 1):
        if n not in may:
            got = subprocess.run([PROBE, "call", str(n)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=20)
            ended = got.returncode == -signal.SIGSYS or (n in mild and got.returncode != 0)
            bad += [] if ended else [(n, got.returncode)]
    check(f"all {LAST_CALL + 1 - len(may)} other system calls end a warden or are refused", not bad, bad)


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def parent(pid):
    try:
        return int(status_of(pid)["PPid"])
    except OSError:
        return 0


def descriptors(pid):
    folder = Path(f"/proc/{pid}/fd")
    return {int(fd): os.readlink(folder / fd) for fd in os.listdir(folder)}


def test_from_outside(w):
    """The two processes while a file is read, as /proc shows them."""
    secret = os.memfd_create("secret")  # inherited by the driver, must not be by its readers
    os.set_inheritable(secret, True)
    child = w.start([w.file("loop")], "-t", "3000", pass_fds=[secret], env=dict(os.environ, PICKET_SECRET="x"))
    until = time.monotonic() + 3
    while len(w.processes()) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    pids = w.processes()
    if not check("a warden and a reader", len(pids) == 2, pids):
        child.kill()
        return
    warden, reader = sorted(pids, key=lambda pid: int(status_of(pid)["PPid"]) in pids)
    for name, pid, filters in (("warden", warden, 1), ("reader", reader, 2)):
        status = status_of(pid)
        check(f"{name}: no new privileges", status["NoNewPrivs"] == "1", status["NoNewPrivs"])
        check(f"{name}: filtered", status["Seccomp"] == "2" and int(status["Seccomp_filters"]) >= filters, status)
        check(f"{name}: no capabilities", int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapAmb"], 16) == 0, status)
        if os.geteuid() == 0:
            check(f"{name}: nobody", status["Uid"].split() == status["Gid"].split() == ["65534"] * 4 and not status["Groups"].strip(), status)
            check(f"{name}: no environment", Path(f"/proc/{pid}/environ").read_bytes() == b"")
        check(f"{name}: no core, small files", re.search(r"Max core file size +0 +0", limits(pid)) and
              re.search(r"Max file size +8388608 +8388608", limits(pid)), limits(pid))
    open_files = descriptors(warden)
    # Its three of the request stay open until it has answered; everything else is the socket and nothing.
    strange = {fd: to for fd, to in open_files.items()
               if to != "/dev/null" and not to.startswith(("socket:", "anon_inode:[pidfd]", "/memfd:picket-answer", str(w.folder)))}
    check("warden: its socket and the request's descriptors", 4 <= len(open_files) <= 8 and not strange, open_files)
    open_files = descriptors(reader)
    check("reader: one descriptor, the answer", list(open_files) == [1] and open_files[1].startswith("/memfd:picket-answer"), open_files)
    check("reader: memory and processes limited", re.search(r"Max processes +0 +0", limits(reader)) and
          re.search(r"Max open files +0 +0", limits(reader)) and "Max data size             536870912" in limits(reader), limits(reader))
    out, err = child.communicate("\n", timeout=30)
    check("the reader was stopped", "was not done in 3 s" in out, out + err)
    os.close(secret)


def limits(pid):
    return Path(f"/proc/{pid}/limits").read_text()


# ---- readers that go wrong --------------------------------------------------------------------

WRONG = [
    # mode, finding, words of the reason, options
    ("segv", "scan.died", "SIGSEGV"),
    ("abort", "scan.died", "SIG"),
    ("trap", "scan.died", "SIGILL"),
    ("stack", "scan.died", "SIGSEGV"),
    ("touch", "scan.died", "SIGSEGV"),
    ("alloc", "limit.arena", "more than 64 MiB"),
    ("loop", "scan.timeout", "not done in 0.7 s"),
    ("exit", "scan.died", "status 7"),
    ("silent", "scan.died", "it is empty"),
    ("garbage", "scan.died", "not a report"),
    ("half", "scan.died", "not a report"),
    ("much", "scan.died", "too long"),
    ("many", "scan.died", "too many values"),
    ("deep", "scan.died", "too deep"),
    ("control", "scan.died", "control characters"),
    ("unknown-key", "scan.died", "unknown key"),
]


def test_wrong_readers(w):
    files = []
    for mode, _, _ in WRONG:
        files += [w.file(mode), w.file("good")]
    began = time.monotonic()
    code, results, err = w.scan(files, "-t", "700", "-m", str(64 << 20))
    took = time.monotonic() - began
    check("all files have an answer", code == 0 and len(results) == len(files), (code, len(results), err))
    for i, (mode, finding, words) in enumerate(WRONG):
        report = results[2 * i]["report"]
        good = (report["verdict"] == "malformed" and [f["id"] for f in report["findings"]] == [finding] and words in reason(results[2 * i]))
        check(f"{mode}: malformed, {finding}", good, report)
        data = files[2 * i].read_bytes()
        want = subprocess.run(["sha256sum"], input=data, stdout=subprocess.PIPE).stdout.split()[0].decode()
        check(f"{mode}: its hash and size", report["sha256"] == want and report["size"] == len(data), report)
        check(f"after {mode} the next file goes on", reason(results[2 * i + 1]) == "fine", results[2 * i + 1])
        check(f"{mode}: memory within the limit", results[2 * i]["rss"] < 80 << 20, results[2 * i])
    check("nothing waits longer than it must", took < 10, took)
    check("and no process is left", w.gone(), w.processes())


def test_cut_file(w):
    path = w.file("bus", pad=1 << 20)
    child = w.start([path, w.file("good")], "-t", "5000")
    time.sleep(0.5)
    os.truncate(path, 4096)
    out, _ = child.communicate("\n", timeout=30)
    results = [json.loads(line) for line in out.splitlines()]
    check("a file that is cut while it is read", len(results) == 2 and "SIGBUS" in reason(results[0]), out)
    check("and the next", len(results) == 2 and reason(results[1]) == "fine", out)


def test_not_files(w):
    fifo = w.folder / "fifo"
    os.mkfifo(fifo)
    good = w.file("good")
    code, results, err = w.scan([w.folder, fifo, "/dev/zero", good])
    check("what is not a regular file is refused", code == 1 and err.count("not a regular file") == 3 and len(results) == 1, (code, err))


def test_dead_wardens(w):
    files = [w.file("good") for _ in range(5)]
    code, results, err = w.scan(files, "-k")
    check("a process that dies between files is replaced", code == 0 and [reason(r) for r in results] == ["fine"] * 5, (code, results, err))
    child = w.start([w.file("loop"), w.file("good")], "-t", "8000")
    began = time.monotonic()
    killed = set()
    while len(killed) < 2 and time.monotonic() - began < 8:
        wardens = {pid for pid in w.processes() if pid not in killed and parent(pid) == child.pid}
        if wardens and any(parent(pid) in wardens for pid in w.processes()):  # it has a reader
            os.kill(min(wardens), signal.SIGKILL)
            killed.add(min(wardens))
        time.sleep(0.01)
    out, err = child.communicate("\n", timeout=30)
    results = [json.loads(line) for line in out.splitlines()]
    check("one that dies over a file is replaced once", len(results) == 2 and "the process that watches" in reason(results[0]) and
          reason(results[1]) == "fine" and time.monotonic() - began < 5, out + err)
    check("takes its reader along", w.gone(), w.processes())


def test_nothing_left(w):
    child = w.start([w.file("loop")], "-t", "60000", "-w")
    while len(w.processes()) < 2:
        time.sleep(0.01)
    child.kill()
    child.wait()
    child.communicate()
    check("who asked is killed: no process is left", w.gone(), w.processes())


def test_no_sandbox(w):
    code, _, err = w.scan([w.file("good")], "-l")
    check("no Landlock, no reading", code == 3 and "-13" in err and "Landlock" in err and "Linux 5.13" in err, (code, err))
    code, _, err = w.scan([w.file("good")], program="/nowhere/picket-scan")
    check("no program", code == 3 and "/nowhere/picket-scan" in err, (code, err))
    code, _, err = w.scan([w.file("good")], program="/bin/true")
    check("a program that is none of ours", code == 3 and "-13" in err, (code, err))


def test_as_somebody(w):
    """Without root: the same sandbox comes up."""
    if os.geteuid() != 0:
        return
    folder = Path(tempfile.mkdtemp(prefix="picket-somebody-"))
    for program in (DRIVER, PROBE):
        shutil.copy(program, folder)
    folder.chmod(0o755)
    good, bad = folder / "good", folder / "bad"
    good.write_text("good")
    bad.write_text("try openat")
    got = subprocess.run([folder / DRIVER.name, "-p", folder / PROBE.name, "-j", "1", good, bad],
                         user=12345, group=12345, extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    results = [json.loads(line) for line in got.stdout.splitlines()]
    check("a user without rights has the same sandbox", got.returncode == 0 and len(results) == 2 and
          reason(results[0]) == "fine" and harmless(results[1]), got)
    # Itself, the warden, and no third: that is nothing that the file did.
    got = subprocess.run([folder / DRIVER.name, "-p", folder / PROBE.name, "-j", "1", good], user=12345, group=12345, extra_groups=[],
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (2, 2)),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    check("no process for a reader is an error, not a verdict", got.returncode == 3 and not got.stdout and
          "cannot start a reader" in got.stderr, got)
    shutil.rmtree(folder)


def unit_calls(unit):
    """What the unit's SystemCallFilter= lines leave, as systemd reads them; None without systemd's own lists."""
    if shutil.which("systemd-analyze") is None:
        return None

    def expand(name):
        if not name.startswith("@"):
            return {name}
        out = subprocess.run(["systemd-analyze", "syscall-filter", name], stdout=subprocess.PIPE, text=True).stdout
        names = [line.strip() for line in out.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
        return set().union(*(expand(n) for n in names)) if names else set()

    left = set()
    for line in unit.read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.split("=", 1)[1]
            names = set().union(*(expand(word) for word in words.lstrip("~").split()))
            left = left - names if words.startswith("~") else left | names
    return left


def test_under_systemd(w):
    """picketd's own unit filters system calls; picket-scan must come up behind it."""
    calls = unit_calls(ROOT / "packaging" / "picketd.service.in")
    if calls is None:
        skipped("systemd-analyze is not installed: the unit's filter is not tried")
        return
    check("the unit's filter is read", 200 < len(calls) < 450 and "capset" not in calls, len(calls))
    folder = Path(tempfile.mkdtemp(prefix="picket-unit-"))
    for program in (DRIVER, SCANNER):
        shutil.copy(program, folder)
    folder.chmod(0o755)
    (folder / "calls").write_text("\n".join(sorted(calls)) + "\n")
    apk = next(APK.glob("golden-*.apk"))
    shutil.copy(apk, folder / "app.apk")
    user = {"user": 12345, "group": 12345, "extra_groups": []} if os.geteuid() == 0 else {}
    got = subprocess.run([folder / DRIVER.name, "-c", folder / "calls", "-p", folder / SCANNER.name, "-j", "1",
                          folder / "app.apk", folder / "app.apk"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, **user)
    check("the sandbox comes up inside picketd.service", got.returncode == 0 and got.stdout.count('"kind":"apk"') == 2, got)
    (folder / "calls").write_text("\n".join(sorted(calls - {"landlock_restrict_self"})) + "\n")
    got = subprocess.run([folder / DRIVER.name, "-c", folder / "calls", "-p", folder / SCANNER.name, folder / "app.apk"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    check("a filter that forbids the sandbox is named", got.returncode == 3 and "landlock_restrict_self" in got.stderr, got)
    shutil.rmtree(folder)


# ---- the real reader --------------------------------------------------------------------------

CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)[( ]")


def traced_calls(trace):
    """pid -> names of system calls after its own (last) seccomp filter was loaded."""
    after = {}
    for line in trace.splitlines():
        match = CALL.match(line)
        if not match:
            continue
        pid, name = int(match[1]), match[2]
        loads = "PR_SET_SECCOMP" in line or "SECCOMP_SET_MODE_FILTER" in line
        if loads:
            after[pid] = [set(), after.get(pid, [0, 0])[1] + 1]
        elif pid in after and "resumed" not in line:
            after[pid][0].add(name)
    return after


def test_strace(w, apks):
    if shutil.which("strace") is None:
        skipped("strace is not installed: a real scan is not traced")
        return
    log = w.folder / "trace"
    got = subprocess.run(["strace", "-f", "-o", log, DRIVER, "-p", SCANNER, "-j", "1", *apks[:3]],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    if got.returncode != 0 and "ptrace" in got.stderr:
        skipped("this machine lets nobody trace: a real scan is not traced")
        return
    check("a traced scan reads", got.returncode == 0 and len(got.stdout.splitlines()) == 3, got)
    after = traced_calls(log.read_text())
    readers = [calls for calls, _ in after.values() if not calls & {"recvmsg"}]
    wardens = [calls for calls, _ in after.values() if "recvmsg" in calls]
    check("one warden, three readers", len(wardens) == 1 and len(readers) == 3, after)
    for calls in readers:
        check("a real reader asks only for what it may", calls <= READER_MAY, calls)
    for calls in wardens:
        check("and so does its warden", calls <= WARDEN_MAY, calls)


def test_real(w, apks):
    empty = w.file("")
    huge = w.folder / "huge"
    with open(huge, "wb") as f:
        f.truncate(60 << 30)
    code, results, err = w.scan([*apks, empty, huge], "-t", "1500", program=SCANNER)
    check("the real reader reads", code == 0 and len(results) == len(apks) + 2, (code, err))
    kinds = [r["report"]["kind"] for r in results[:len(apks)]]
    check("APKs are APKs", kinds == ["apk"] * len(apks), kinds)
    check("an empty file", results[-2]["report"]["size"] == 0 and results[-2]["report"]["verdict"] != "clean", results[-2])
    check("60 GiB of nothing end in time", results[-1]["report"]["verdict"] == "malformed" and
          results[-1]["report"]["size"] == 60 << 30 and results[-1]["wall_ms"] < 4000, results[-1])


def main():
    apks = sorted(APK.glob("golden-*.apk"))[:12]
    with tempfile.TemporaryDirectory(prefix="picket-sandbox-") as folder:
        w = World(folder)
        test_attempts(w)
        test_every_call(w)
        test_from_outside(w)
        test_wrong_readers(w)
        test_cut_file(w)
        test_not_files(w)
        test_dead_wardens(w)
        test_nothing_left(w)
        test_no_sandbox(w)
        test_as_somebody(w)
        test_under_systemd(w)
        if check("APKs to read", len(apks) >= 3, APK):
            test_strace(w, apks)
            test_real(w, apks)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
