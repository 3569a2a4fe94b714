#!/usr/bin/env python3
"""picket replay over recorded packets: what each file holds, what is found in it, and that a hostile one is harmless.

Our own captures are written here; those of ../shared/data/net (PICKET_SHARED) are read when they are there.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("PICKET_BUILD", ROOT / "build")).resolve()
SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared")) / "data" / "net"
PICKET = BUILD / "bin" / "picket"
ROUTER, ATTACKER, VICTIM, ALL = "020000000001", "020000000066", "020000000064", "ffffffffffff"
GATEWAY, ME, THIEF, SERVER = (192, 168, 7, 1), (192, 168, 7, 100), (192, 168, 7, 66), (192, 0, 2, 53)

# What the shared captures hold that is a threat; all others must stay silent.
EXPECTED = {"arppoison.pcapng": {"network.arp_spoof"}}
NO_CAPTURES = {"wep_64_ptw_02.cap", "wep_64_ptw_03.cap", "wep_64_ptw_04.cap"}  # a format of aircrack's own

results = []


def check(name, ok, why=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}" + (f" # {why}" if why and not ok else ""))


def eth(to, sender, kind, payload):
    return bytes.fromhex(to) + bytes.fromhex(sender) + struct.pack(">H", kind) + payload


def arp(op, mac, ip, to_mac, to_ip):
    return (struct.pack(">HHBBH", 1, 0x800, 6, 4, op) + bytes.fromhex(mac) + bytes(ip) + bytes.fromhex(to_mac)
            + bytes(to_ip))


def udp4(source, to, sport, dport, data):
    udp = struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + bytes(source) + bytes(to) + udp


def dns_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def question(number, name):
    return struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + dns_name(name) + struct.pack(">HH", 1, 1)


def answer(number, name, *addresses):
    head = struct.pack(">HHHHHH", number, 0x8180, 1, len(addresses), 0, 0) + dns_name(name) + struct.pack(">HH", 1, 1)
    return head + b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 30, 4) + bytes(a) for a in addresses)


class Recording:
    def __init__(self):
        self.at, self.packets = 1_700_000_000.0, []

    def add(self, after, frame):
        self.at += after
        self.packets.append((self.at, frame))
        return self

    def asks(self, number, name):
        return self.add(1, eth(ROUTER, VICTIM, 0x800, udp4(ME, SERVER, 4000 + number, 53, question(number, name))))

    def answers(self, after, mac, number, name, *addresses):
        return self.add(after, eth(VICTIM, mac, 0x800,
                                   udp4(SERVER, ME, 53, 4000 + number, answer(number, name, *addresses))))

    def pcap(self):
        out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
        for at, frame in self.packets:
            out += struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)) + frame
        return out


def replay(path):
    done = subprocess.run([str(PICKET), "replay", str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = {e["threat"] for e in events if e["event"] == "finding" and e["severity"] != "info"}
    return done, events, found


def own_captures(folder):
    joined = lambda: (Recording().add(0, eth(ALL, VICTIM, 0x806, arp(1, VICTIM, ME, "0" * 12, GATEWAY)))
                      .add(.01, eth(VICTIM, ROUTER, 0x806, arp(2, ROUTER, GATEWAY, VICTIM, ME))))
    forged = lambda r, n: [r.add(1, eth(VICTIM, ATTACKER, 0x806, arp(2, ATTACKER, GATEWAY, VICTIM, ME)))
                           for _ in range(n)][-1]
    speaks = lambda r, mac: r.add(.5, eth(VICTIM, mac, 0x806, arp(1, mac, GATEWAY, "0" * 12, ME)))
    rows = {
        "spoofed": (speaks(forged(joined(), 4), ROUTER), {"network.arp_spoof"}),
        # The router's place is taken by other equipment, and the old one is silent.
        "replaced": (forged(joined(), 4), set()),
        # Two machines with one address by mistake: neither pushes.
        "conflict": (joined().add(1, eth(ALL, ATTACKER, 0x806, arp(1, ATTACKER, GATEWAY, "0" * 12, GATEWAY)))
                     .add(1, eth(ALL, ROUTER, 0x806, arp(1, ROUTER, GATEWAY, "0" * 12, GATEWAY))), set()),
        # An answer that was asked for, by equipment that answers for others.
        "proxy": (speaks(joined().add(1, eth(ALL, VICTIM, 0x806, arp(1, VICTIM, ME, "0" * 12, GATEWAY)))
                         .add(.01, eth(VICTIM, ROUTER, 0x806, arp(2, ROUTER, GATEWAY, VICTIM, ME)))
                         .add(.01, eth(VICTIM, ATTACKER, 0x806, arp(2, ATTACKER, GATEWAY, VICTIM, ME))), ROUTER), set()),
        "raced": (joined().asks(7, "bank.example").answers(.002, ATTACKER, 7, "bank.example", THIEF)
                  .answers(.02, ROUTER, 7, "bank.example", (203, 0, 113, 9)), {"network.dns_spoof"}),
        "rotated": (joined().asks(8, "cdn.example").answers(.02, ROUTER, 8, "cdn.example", (203, 0, 113, 9))
                    .asks(9, "cdn.example").answers(.02, ROUTER, 9, "cdn.example", (203, 0, 113, 10)), set()),
    }
    hijacked = joined()
    for number, name in enumerate(("bank.example", "mail.example.org", "shop.example.net", "news.example.com"), 20):
        hijacked.asks(number, name).answers(.02, ROUTER, number, name, THIEF)
    rows["hijacked"] = (hijacked, {"network.dns_hijack", "network.dns_spoof"})
    for name, (recording, expected) in rows.items():
        path = folder / f"{name}.pcap"
        path.write_bytes(recording.pcap())
        done, events, found = replay(path)
        ok = found == expected if name != "hijacked" else bool(found & expected)
        check(f"{name}: {', '.join(sorted(expected)) or 'nothing'}", ok, f"found {sorted(found)} {done.stderr[:200]}")
        check(f"{name}: exit status", done.returncode == (1 if found else 0), str(done.returncode))
        check(f"{name}: what it holds is said", events[-1]["event"] == "capture" and
              events[-1]["packets"] == len(recording.packets), str(events[-1:]))


def broken_captures(folder):
    whole = Recording().add(0, eth(ALL, VICTIM, 0x806, arp(1, VICTIM, ME, "0" * 12, GATEWAY))).pcap()
    for name, data, words in (("cut", whole[:-5], "is cut off"), ("empty", b"", "neither"),
                              ("text", b"hello\n", "neither recorded observations")):
        path = folder / f"{name}.pcap"
        path.write_bytes(data)
        done, _, found = replay(path)
        check(f"{name}: a sentence and no finding", not found and (words in done.stderr or name == "empty"), done.stderr)
        check(f"{name}: no crash", done.returncode in (0, 3), str(done.returncode))


def shared_captures():
    if not SHARED.exists():
        print(f"# SKIPPED: the captures of {SHARED} are not present")
        return
    for path in sorted(SHARED.glob("*/*.*cap*")):
        done, events, found = replay(path)
        if path.name in NO_CAPTURES:
            check(f"{path.name}: is said to be no capture", done.returncode == 3 and "neither" in done.stderr)
            continue
        holds = events[-1] if events else {}
        print(f"# {path.name}: {holds.get('packets')} packets {holds.get('kinds')}"
              f"{' -> ' + ', '.join(sorted(found)) if found else ''}")
        check(f"{path.name}", found == EXPECTED.get(path.name, set()) and holds.get("event") == "capture",
              f"found {sorted(found)} {done.stderr[:200]}")


def main():
    with tempfile.TemporaryDirectory(prefix="picket-captures-") as folder:
        own_captures(Path(folder))
        broken_captures(Path(folder))
    shared_captures()
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
