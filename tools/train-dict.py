#!/usr/bin/env python3
"""Trains data/report.dict, the zstd dictionary that devices and server share for reports.

    tools/train-dict.py OUT [--samples DIR]

The samples are reports as agents write them: the keys of the schema in its order, with values that
vary as they do between devices, networks and days. The same script gives the same bytes (zstd 1.5.4
of Debian 12). A dictionary that is in use must not change: journals and devices hold frames that
need it. --samples keeps what it was trained on, and prints how well it packs.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

COUNT = 600
SIZE_MAX = 32768
DICTIONARY_ID = 20261123  # of this version; another content needs another number
T0 = 1795392000  # 2026-11-23T00:00:00Z

HOSTS = ["www.google.com", "www.apple.com", "www.cloudflare.com", "www.microsoft.com", "example.com",
         "detectportal.firefox.com", "connectivitycheck.gstatic.com", "captive.apple.com",
         "www.wikipedia.org", "one.one.one.one", "dns.google", "www.debian.org"]
ISSUERS = ["CN=WR2,O=Google Trust Services,C=US", "CN=GTS Root R1,O=Google Trust Services LLC,C=US",
           "CN=Let's Encrypt R11,O=Let's Encrypt,C=US", "CN=E7,O=Let's Encrypt,C=US",
           "CN=ISRG Root X1,O=Internet Security Research Group,C=US",
           "CN=DigiCert TLS RSA SHA256 2020 CA1,O=DigiCert Inc,C=US",
           "CN=DigiCert Global Root G2,OU=www.digicert.com,O=DigiCert Inc,C=US",
           "CN=Apple Public EV Server RSA CA 1 - G1,O=Apple Inc.,ST=California,C=US",
           "CN=mitmproxy,O=mitmproxy", "CN=Fortinet CA,O=Fortinet,C=US"]
SYSTEMS = [("linux", "Debian GNU/Linux", "12 (bookworm)", "6.1.0-38-amd64", "QEMU Standard PC (Q35 + ICH9, 2009)"),
           ("linux", "Debian GNU/Linux", "12 (bookworm)", "6.1.0-40-amd64", "LENOVO ThinkPad X1 Carbon Gen 11"),
           ("linux", "Ubuntu", "24.04.3 LTS (Noble Numbat)", "6.8.0-87-generic", "Dell Inc. Latitude 7440"),
           ("android", "Android", "16", "6.6.77-android15-8", "Google Pixel 9"),
           ("android", "Android", "14", "5.15.149-android13-8", "samsung SM-S921B"),
           ("ios", "iOS", "26.1", "Darwin 25.1.0", "Apple iPhone16,1"),
           ("ios", "iPadOS", "18.7.2", "Darwin 24.6.0", "Apple iPad14,3")]
ROOT_SIGNS = ["su binary in /system/xbin", "Magisk mount", "SELinux is permissive",
              "Secure Boot is off", "unsigned kernel module", "test-keys build"]
SENSORS = ["arp", "dns", "tls", "portal", "posture", "wifi"]
WHY = ["no permission (CAP_NET_RAW)", "no wireless interface", "no trusted resolver is set"]
ERRORS = ["unable to get local issuer certificate", "self-signed certificate in certificate chain",
          "certificate has expired", "hostname mismatch", "connection timed out",
          "connection refused", "name not found"]
THREATS = ["network.arp_spoof", "network.tls_untrusted_ca", "network.dns_hijack",
           "network.captive_portal", "network.gateway_change", "physical.no_encryption",
           "vulnerability.os_outdated"]


class Device:
    def __init__(self, r):
        self.r = r
        self.seq = r.randrange(1, 20000)
        self.at = T0 + r.randrange(0, 86400 * 30)
        self.system = r.choice(SYSTEMS)
        self.net = "net-%016x" % r.getrandbits(64)
        self.gateway = r.choice(["192.168.1.1", "192.168.0.1", "192.168.178.1", "10.0.0.1", "172.16.0.1",
                                 "192.168.%d.1" % r.randrange(256)])
        self.mac = self.a_mac()

    def a_mac(self):
        return ":".join("%02x" % self.r.getrandbits(8) for _ in range(6))

    def time(self, at=None):
        import time
        at = self.at if at is None else at
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".%03dZ" % self.r.randrange(1000)

    def address(self):
        return ".".join(str(self.r.randrange(1, 255)) for _ in range(4))

    def observation(self, kind, body, network=True):
        self.seq += 1
        self.at += self.r.randrange(0, 5)
        o = {"seq": self.seq, "at": self.time(), "kind": kind}
        if network:
            o["on"] = self.net
        o[kind] = body
        return o

    def agent(self):
        sensors = [{"name": n, "state": "on"} if self.r.random() < 0.8 else
                   {"name": n, "state": self.r.choice(["limited", "off"]), "why": self.r.choice(WHY)}
                   for n in SENSORS]
        return self.observation("agent", {"event": self.r.choice(["started", "started", "stopping", "sensors"]),
                                          "version": "0.1.0", "sensors": sensors}, False)

    def posture(self):
        platform, name, version, kernel, model = self.system
        body = {"platform": platform, "model": model, "os_name": name, "os_version": version, "kernel": kernel,
                "patch": "2026-%02d-%02d" % (self.r.randrange(1, 12), self.r.choice([1, 5, self.r.randrange(1, 29)])),
                "updates_waiting": self.r.choice([-1, 0, 1, 3, 12]), "disk_encrypted": self.r.random() < 0.8,
                "screen_lock": self.r.random() < 0.9, "developer_mode": self.r.random() < 0.1}
        if self.r.random() < 0.1:
            body["root_signs"] = self.r.sample(ROOT_SIGNS, 2)
        return self.observation("posture", body, False)

    def network(self, event="joined"):
        wifi = self.r.random() < 0.7
        body = {"event": event}
        if event != "left":
            body["link"] = "wifi" if wifi else self.r.choice(["wired", "cellular"])
            if wifi:
                body["security"] = self.r.choice(["wpa2", "wpa2", "wpa3", "open", "eap"])
                body["bssid"] = self.a_mac()
            body.update({"gateway": self.gateway, "gateway_mac": self.mac,
                         "dns": self.r.choice([[self.gateway], ["1.1.1.1", "8.8.8.8"], [self.gateway, "9.9.9.9"]]),
                         "dhcp_server": self.gateway})
        return self.observation("network", body)

    def gateway_seen(self):
        body = {"address": self.gateway, "mac": self.mac, "mac_before": self.mac}
        if self.r.random() < 0.4:
            body = {"address": self.gateway, "mac": self.a_mac(), "mac_before": self.mac, "mac_rival": self.a_mac(),
                    "probes": 3, "old_answers": self.r.randrange(4), "rival_claims": self.r.randrange(1, 20),
                    "unasked_claims": self.r.randrange(1, 20)}
            if self.r.random() < 0.3:
                body["link_lost_ms"] = self.r.randrange(100, 9000)
            if self.r.random() < 0.3:
                body["rival_also"] = [self.address()]
        return self.observation("gateway", body)

    def dns(self):
        body = {"resolver": self.gateway, "nx_probes": 3}
        if self.r.random() < 0.2:
            body.update({"nx_answered": 3, "nx_addresses": [self.address()], "trusted_nx": True})
        if self.r.random() < 0.1:
            body["timeouts"] = self.r.randrange(1, 4)
        body["captive"] = False
        return self.observation("dns", body)

    def certificate(self, host, pem):
        start = T0 - self.r.randrange(0, 86400 * 300)
        c = {"subject": "CN=" + host, "issuer": self.r.choice(ISSUERS), "sha256": "%064x" % self.r.getrandbits(256),
             "spki_sha256": "%064x" % self.r.getrandbits(256),
             "not_before": self.time(start)[:-5] + ".000Z", "not_after": self.time(start + 86400 * 90)[:-5] + ".000Z"}
        if pem:
            c["pem"] = "-----BEGIN CERTIFICATE-----\nMII%s\n-----END CERTIFICATE-----\n" % "%x" % self.r.getrandbits(64)
        return c

    def tls(self):
        host = self.r.choice(HOSTS)
        outcome = self.r.choice(["ok"] * 6 + ["untrusted", "untrusted", "expired", "wrong_name", "unreachable", "failed"])
        body = {"host": host, "port": 443, "address": self.address(), "outcome": outcome}
        if outcome != "ok":
            body["error"] = self.r.choice(ERRORS)
        if outcome not in ("unreachable", "failed"):
            body["version"] = "TLSv1.3"
            body["chain"] = [self.certificate(host if i == 0 else "R%d" % i, outcome != "ok")
                             for i in range(self.r.randrange(1, 4))]
        body["captive"] = False
        return self.observation("tls", body)

    def portal(self):
        state = self.r.choice(["none"] * 5 + ["captive"])
        body = {"state": state, "via": "http"}
        if state == "captive":
            body["host"] = self.r.choice(["portal.hotel.example", "login.wifi.example", self.gateway])
            body["status"] = self.r.choice([302, 307, 200])
        else:
            body["status"] = 204
        return self.observation("portal", body)

    def choice(self):
        return self.observation("choice", {"threat": self.r.choice(THREATS),
                                           "choice": self.r.choice(["shown", "closed", "acted", "ignored", "mistake"]),
                                           "alert": str(self.r.randrange(1, 99999))}, False)

    def report(self):
        r = self.r
        shape = r.randrange(6)
        if shape == 0:
            rows = [self.agent(), self.posture(), self.network(), self.portal(), self.dns(), self.tls(), self.tls(),
                    self.gateway_seen()]
        elif shape == 1:
            rows = [self.network("left"), self.network("joined"), self.portal(), self.dns(), self.tls(),
                    self.gateway_seen()]
        elif shape == 2:
            rows = [self.gateway_seen(), self.dns(), self.tls()]
        elif shape == 3:
            rows = [self.tls() for _ in range(r.randrange(1, 5))]
        elif shape == 4:
            rows = [self.posture()]
        else:
            rows = [r.choice([self.choice, self.gateway_seen, self.portal, self.agent, self.network])()]
        return {"v": 1, "observations": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=Path)
    args = parser.parse_args()
    r = random.Random(7)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.samples or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        names = []
        for i in range(COUNT):
            path = folder / ("%04d.json" % i)
            path.write_text(json.dumps(Device(r).report(), separators=(",", ":")))
            names.append(str(path))
        subprocess.run(["zstd", "-q", "-f", "--train-cover=steps=4", "--maxdict=%d" % SIZE_MAX,
                        "--dictID=%d" % DICTIONARY_ID, "-o", str(args.out), *names],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if args.samples:
            plain = sum(Path(n).stat().st_size for n in names)
            sizes = []
            for extra in ([], ["-D", str(args.out)]):
                sizes.append(sum(len(subprocess.run(["zstd", "-q", "-3", "-c", *extra, n], check=True,
                                                    stdout=subprocess.PIPE).stdout) for n in names))
            print("%d reports: %d bytes; zstd %.3f of it, with the dictionary %.3f"
                  % (COUNT, plain, sizes[0] / plain, sizes[1] / plain))
    return 0


if __name__ == "__main__":
    sys.exit(main())
