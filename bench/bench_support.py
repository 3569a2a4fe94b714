"""What the benches share: the machine and versions, tables, and the CPU of processes."""

import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))
TICKS = os.sysconf("SC_CLK_TCK")


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), platform.machine())
    memory = int(open("/proc/meminfo").readline().split()[1]) // 1024
    return (f"{os.cpu_count()} x {model}, {memory} MiB, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} at the start")


def version_of(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return done.stdout.strip() or "not installed"


def picket_version(build, program="picketd"):
    done = subprocess.run([str(Path(build) / "bin" / program), "--version"], capture_output=True, text=True)
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True)
    return f"{done.stdout.strip()} {commit.stdout.strip()}"


def title(name, versions):
    print(f"# {name}")
    print(f"machine   {machine()}")
    print(f"versions  {versions}")
    print(f"command   {' '.join(sys.argv)}")
    print(flush=True)


def table(head, rows):
    cells = [head, *rows]
    widths = [max(len(str(row[i])) for row in cells) for i in range(len(head))]
    for row in cells:
        print("  ".join(str(c).ljust(w) if i == 0 else str(c).rjust(w)
                        for i, (c, w) in enumerate(zip(row, widths))).rstrip())
    print(flush=True)


def cpu_s(pid):
    """User and system time of a process with all its threads, also those that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_kib(pid):
    """(PSS, RSS)"""
    rollup = {line.split(":")[0]: int(line.split()[1])
              for line in open(f"/proc/{pid}/smaps_rollup") if line.rstrip().endswith("kB")}
    return rollup["Pss"], rollup["Rss"]


def wakeups(pid):
    """Voluntary context switches of all threads."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total
