#!/usr/bin/env python3
"""The agent's own name server beside unbound and dnsmasq: what each adds to a question that it forwards, how many it
forwards a second, its CPU for a thousand of them, its memory. All three forward to the same name server on the same
machine, in turns, without validating; each name is asked once, so that no cache helps. In a network namespace; as root.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_support import ROOT, picket_version, table, title, version_of

BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build"))
UPSTREAM = "192.0.2.53"
LOAD = BUILD / "bench" / "stub_load"
children = []


def start(*argv):
    child = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children.append(child)
    return child


def ask(address, count, window):
    out = subprocess.run([LOAD, "ask", address, "53", str(count), str(window)], capture_output=True, text=True,
                         check=True).stdout
    return json.loads(out)


def cpu_ns(pid):
    """Of all threads, as the scheduler counts it."""
    return sum(int((t / "schedstat").read_text().split()[0]) for t in Path(f"/proc/{pid}/task").iterdir())


def memory(pid):
    lines = {line.split(":")[0]: line.split()[1] for line in open(f"/proc/{pid}/smaps_rollup") if line.endswith("kB\n")}
    return int(lines["Pss"]), int(lines["Rss"])


def dnsmasq(folder):
    return "127.0.0.71", start("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                               "--cache-size=0", "--dns-forward-max=1024", "--bind-interfaces",
                               "--listen-address=127.0.0.71", "--except-interface=none", f"--server={UPSTREAM}")


def unbound(folder):
    config = folder / "unbound.conf"
    config.write_text(f"""server:
  interface: 127.0.0.72
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: "{folder}/unbound.log"
  do-not-query-localhost: no
  module-config: "iterator"
  num-threads: 1
  outgoing-range: 4096
  num-queries-per-thread: 1024
  minimal-responses: yes
forward-zone:
  name: "."
  forward-addr: {UPSTREAM}
remote-control:
  control-enable: no
""")
    return "127.0.0.72", start("unbound", "-d", "-c", config)


def picket(folder, address="127.0.0.153", lookalikes=True):
    folder = folder / address
    folder.mkdir()
    (folder / "resolv.conf").write_text(f"nameserver {UPSTREAM}\n")
    config = folder / "agent.yaml"
    config.write_text(json.dumps({"state_dir": str(folder / "state"), "resolv_file": str(folder / "resolv.conf"),
                                  "canaries": ["127.0.0.1:9"], "probe_url": "http://127.0.0.1:9/",
                                  "trust": {"names": {"lookalikes": lookalikes}},
                                  "names": {"listen": address, "rate": 1000000}}))
    return address, start(BUILD / "bin" / "picket-agent", "run", "--offline", "--config", config)


def picket_lists_only(folder):
    return picket(folder, "127.0.0.154", False)


def measure(address, pid, args):
    """One round: latency one by one, then throughput."""
    ask(address, 200, 1)
    before = cpu_ns(pid) if pid else 0
    one = ask(address, args.questions, 1)
    middle = cpu_ns(pid) if pid else 0
    many = ask(address, args.questions * 4, args.window)
    after = cpu_ns(pid) if pid else 0
    return {"p50": one["p50"], "p99": one["p99"], "rate": many["done"] / many["seconds"], "lost": one["lost"] + many["lost"],
            "cpu_one": (middle - before) / one["done"], "cpu_many": (after - middle) / max(many["done"], 1)}


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=10000)
    parser.add_argument("--window", type=int, default=64, help="questions under way at a time")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    if os.environ.get("PICKET_BENCH_NS") != "1":
        os.environ["PICKET_BENCH_NS"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    for argv in ("link", "set", "lo", "up"), ("addr", "add", UPSTREAM + "/32", "dev", "lo"):
        subprocess.run(["ip", *argv], check=True)
    title("a name server on the device", f"{picket_version(BUILD, 'picket-agent')}; unbound {version_of('unbound')}; "
          f"dnsmasq {version_of('dnsmasq-base')}")
    folder = Path(tempfile.mkdtemp(prefix="picket-stub-bench-"))
    start(LOAD, "serve", UPSTREAM, "53")
    sides = {"nothing between": (UPSTREAM, None)}
    for begin in dnsmasq, unbound, picket, picket_lists_only:
        address, child = begin(folder)
        sides[begin.__name__.replace("_", " ")] = (address, child.pid)
    time.sleep(3)
    idle = {name: memory(pid) for name, (_, pid) in sides.items() if pid}
    rounds = {name: [] for name in sides}
    for _ in range(args.rounds):
        for name, (address, pid) in sides.items():
            rounds[name].append(measure(address, pid, args))
    rows, medians = [], {}
    for name, values in rounds.items():
        m = medians[name] = {k: median([v[k] for v in values]) for k in values[0]}
        pss, rss = memory(sides[name][1]) if sides[name][1] else ("", "")
        base = medians["nothing between"]
        rows.append([name, f"{m['p50']:.0f}", f"{m['p99']:.0f}", f"{m['p50'] - base['p50']:.0f}", f"{m['rate']:,.0f}",
                     f"{m['cpu_one'] / 1e3:.1f}", f"{m['cpu_many'] / 1e3:.1f}",
                     f"{idle[name][1]:,}" if name in idle else "", f"{rss:,}" if rss else "", f"{pss:,}" if pss else "",
                     sum(v["lost"] for v in values)])
    table(["", "p50 us", "p99 us", "adds us", f"questions/s ({args.window} at once)", "CPU ms/1,000 one by one",
           "CPU ms/1,000 many", "RSS KiB at first", "RSS KiB", "PSS KiB", "lost"], rows)
    base = medians["nothing between"]["p50"]
    for own, peer in ((o, p) for o in ("picket", "picket lists only") for p in ("dnsmasq", "unbound")):
        o, p = medians[own], medians[peer]
        print(f"{own} beside {peer}: latency {o['p50'] / p['p50']:.2f} times, added latency "
              f"{(o['p50'] - base) / max(p['p50'] - base, 0.1):.2f} times, questions a second {o['rate'] / p['rate']:.2f} times, "
              f"CPU {o['cpu_one'] / p['cpu_one']:.2f} times one by one and {o['cpu_many'] / p['cpu_many']:.2f} times many")
    for child in children:
        child.terminate()
        child.wait()
    subprocess.run(["rm", "-r", str(folder)], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
