#!/usr/bin/env python3
"""Server CPU for each thing that is taken in, beside CrowdSec's local API, in one run.

    bench/ingest.py [--seconds 10]

Picket: observations of 200 devices over mutual TLS, each acknowledged after COMMIT with
synchronous=FULL, and worked through judgement, incidents and risk; the CPU includes all of that and the
handshakes. CrowdSec (Debian): alerts over plain HTTP on loopback, SQLite with WAL as Debian has it, no
central API, no fsync behind the answer. Both on the same machine, one after the other.
"""

import argparse
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench_support import cpu_s, picket_version, table, title, version_of
from fleet_support import BUILD, Load, Picketd, compare, journal, wait_worked_in

LUA = """
local n, per, token, run = 0, tonumber(os.getenv("PER")), os.getenv("TOKEN"), os.getenv("RUN")
local thread = 0
function setup(t) t:set("tid", thread); thread = thread + 1 end
local function one()
  n = n + 1
  local ip = string.format("10.%d.%d.%d", (tonumber(run) * 8 + tid) % 256, math.floor(n / 256) % 256, n % 256)
  return string.format('{"capacity":1,"leakspeed":"10s","events_count":1,"scenario":"picket/arp-spoof",'
    .. '"scenario_hash":"","scenario_version":"","simulated":false,"remediation":false,'
    .. '"message":"spoofed router seen by device","start_at":"2026-11-22T00:00:00Z","stop_at":"2026-11-22T00:00:05Z",'
    .. '"source":{"scope":"Ip","value":"%s","ip":"%s"},"labels":["t%d-%s-%d"],'
    .. '"events":[{"timestamp":"2026-11-22T00:00:00Z","meta":[{"key":"bssid","value":"02:00:00:%02x:%02x:%02x"},'
    .. '{"key":"ssid","value":"Cafe WiFi"},{"key":"device","value":"d-%d"},{"key":"threat","value":"arp_spoof"}]}]}',
    ip, ip, tid, run, n, n % 256, math.floor(n / 256) % 256, tid, n)
end
function request()
  local list = {}
  for i = 1, per do list[i] = one() end
  return wrk.format("POST", "/v1/alerts", {["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer " .. token}, "[" .. table.concat(list, ",") .. "]")
end
"""

CONFIG = """
common: {{daemonize: false, log_media: stdout, log_level: error, working_dir: .}}
config_paths: {{config_dir: /etc/crowdsec/, data_dir: {w}/data/, simulation_path: /etc/crowdsec/simulation.yaml,
  hub_dir: /var/lib/crowdsec/hub/, index_path: /var/lib/crowdsec/hub/.index.json, notification_dir: {w}/notif/,
  plugin_dir: /usr/lib/crowdsec/plugins/}}
crowdsec_service: {{acquisition_path: /etc/crowdsec/acquis.yaml, parser_routines: 1}}
cscli: {{output: human}}
db_config: {{log_level: error, type: sqlite, db_path: {w}/data/c.db, use_wal: true,
  flush: {{max_items: 10000000, max_age: 7d}}}}
api:
  client: {{insecure_skip_verify: false, credentials_path: {w}/lapi.yaml}}
  server: {{log_level: error, listen_uri: "127.0.0.1:{port}", profiles_path: {w}/profiles.yaml{tls}}}
prometheus: {{enabled: false}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class CrowdSec:
    """Its local API alone. secure: over TLS, with a certificate made for it."""

    def __init__(self, secure=False):
        self.folder = Path(tempfile.mkdtemp(prefix="picket-bench."))
        self.port = free_port()
        for name in ("data", "notif"):
            (self.folder / name).mkdir()
        self.config = self.folder / "config.yaml"
        self.url = f"{'https' if secure else 'http'}://127.0.0.1:{self.port}"
        self.context = self.make_certificate() if secure else None
        tls = f", tls: {{cert_file: {self.folder}/tls.pem, key_file: {self.folder}/tls.key}}" if secure else ""
        self.config.write_text(CONFIG.format(w=self.folder, port=self.port, tls=tls))
        (self.folder / "profiles.yaml").write_text(
            'name: none\nfilters:\n - "false"\non_success: break\n')
        (self.folder / "lapi.yaml").touch()
        (self.folder / "alert.lua").write_text(LUA)
        self.run_number = 0
        subprocess.run(["cscli", "-c", str(self.config), "machines", "add", "bench", "--password", "benchpass",
                        "--force", "-f", str(self.folder / "lapi.yaml")], check=True, capture_output=True)
        self.child = subprocess.Popen(["crowdsec", "-c", str(self.config), "-no-cs"],
                                      stdout=open(self.folder / "log", "wb"), stderr=subprocess.STDOUT)
        self.token = self.login()

    def make_certificate(self):
        cert, key = self.folder / "tls.pem", self.folder / "tls.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        return ssl.create_default_context(cafile=str(cert))

    def login(self):
        body = b'{"machine_id":"bench","password":"benchpass","scenarios":["picket/test"]}'
        request = urllib.request.Request(f"{self.url}/v1/watchers/login", body,
                                         {"Content-Type": "application/json"})
        for _ in range(100):
            try:
                text = urllib.request.urlopen(request, timeout=5, context=self.context).read().decode()
                return re.search(r'"token":"([^"]+)"', text)[1]
            except OSError:
                time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text()[-500:])

    def measure(self, per, connections, seconds):
        """(items a second, CPU us for each item, p50 text, p99 text)"""
        self.run_number += 1
        env = dict(os.environ, PER=str(per), TOKEN=self.token, RUN=str(self.run_number))
        before = cpu_s(self.child.pid)
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency",
                              "-s", str(self.folder / "alert.lua"), f"{self.url}/"],
                             capture_output=True, text=True, env=env, check=True).stdout
        used = cpu_s(self.child.pid) - before
        requests = int(re.search(r"(\d+) requests in", out)[1])
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        good = requests - (int(failed[1]) if failed else 0)
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
        p50, p99 = (re.search(rf"(?m)^\s+{p}%\s+(\S+)", out)[1] for p in (50, 99))
        return rate * per * good / requests, used * 1e6 / (good * per), p50, p99

    def end(self):
        self.child.terminate()
        try:
            self.child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def measure_picket(server, batch, devices, seconds):
    load = Load(server, devices, seconds, batch=batch, name=f"fleet{batch}")
    load.wait_begin()
    before = cpu_s(server.child.pid)
    totals = load.end()
    acked = load.acked()
    behind = wait_worked_in(server, {d: max(s) for d, s in acked.items()})
    used = cpu_s(server.child.pid) - before
    stored = {d: c for d, c in journal(server).items() if d in acked}
    count, missing, twice, _ = compare(acked, stored)
    if missing or twice or behind:
        said = [line for line in server.log.read_text().splitlines() if "est.enrolled" not in line]
        raise RuntimeError(f"missing {missing}, twice {twice}, behind {len(behind)}: "
                           f"{list(behind.items())[:3]} {said[-5:]}")
    return (totals["observations_per_s"], used * 1e6 / count, f"{totals['latency_ms']['p50']:.1f}ms")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    args = parser.parse_args()

    title("ingest: server CPU for each item", f"{picket_version(BUILD)}; CrowdSec {version_of('crowdsec')}, "
          f"wrk {version_of('wrk')}")
    rows, cost = [], {}
    server = Picketd()
    try:
        server.start()
        for batch, devices in ((20, 200), (1, 200)):
            rate, us, p50 = measure_picket(server, batch, devices, args.seconds)
            cost[batch] = us
            rows.append((f"Picket, {batch} observation{'s' * (batch > 1)} a report, {devices} devices, durable",
                         f"{rate:.0f}", f"{us:.1f}", p50))
    finally:
        server.remove()
    crowdsec = CrowdSec()
    peer = {}
    try:
        for per, connections in ((1, 1), (1, 8), (50, 1), (50, 8)):
            rate, us, p50, _ = crowdsec.measure(per, connections, args.seconds)
            peer[per] = min(us, peer.get(per, us))
            rows.append((f"CrowdSec, {per} alert{'s' * (per > 1)} a request, {connections} connection(s)",
                         f"{rate:.0f}", f"{us:.1f}", p50))
    finally:
        crowdsec.end()
    table(("", "items/s", "server CPU us/item", "p50 of a request"), rows)
    print(f"ratio, batched:  CrowdSec's best {peer[50]:.0f} us / Picket's {cost[20]:.1f} us = "
          f"{peer[50] / cost[20]:.1f}x")
    print(f"ratio, single:   CrowdSec's best {peer[1]:.0f} us / Picket's {cost[1]:.1f} us = "
          f"{peer[1] / cost[1]:.1f}x")
    print(f"ratio, single alert beside an observation of a batch: {peer[1] / cost[20]:.1f}x")


if __name__ == "__main__":
    sys.exit(main())
