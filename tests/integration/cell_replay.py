#!/usr/bin/env python3
"""Mobile signalling through `picket replay`: captures (GSMTAP) and Rayhunter's reports, as an analyst has them. Attacks
end with their incident, innocent recordings without any; nothing that is printed holds an identity. A real recording
of 2G, 3G and 4G (PICKET_SHARED, else ../shared) is looked through when it is there."""

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from scan_support import BUILD, ROOT, Tally

SHARED = Path(os.environ.get("PICKET_SHARED", ROOT.parent / "shared")) / "data" / "net" / "qcsuper"
IMSI = "262011234567890"
tally = Tally()
check = tally.check

# Channels of GSMTAP: type, subtype, up.
RRC_REQUEST, RRC_DOWN, BROADCAST, NAS_DOWN, NAS_UP, SDCCH = (
    (13, 2, 1), (13, 1, 0), (13, 5, 0), (18, 0, 0), (18, 0, 1), (1, 8, 0))
MAST = "4049880304d212345674286190108084242267"  # 26201, four messages of system information
REQUEST = "5123456789a6"
TO_2G = "2e2221f0108c2580"
GUTI = "0bf662f210123456deadbeef"


def pcap(file, frames, start=1767225600):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 228)
    at = start * 1000
    for channel, text in frames:
        if channel == "wait":
            at += text * 1000
            continue
        body = bytes.fromhex(text + "0" * (len(text) % 2))
        kind, sub, up = channel
        tap = bytes([2, 4, kind, 0, 0x40 if up else 0, 0, 0, 0, 0, 0, 0, 0, sub, 0, 0, 0]) + body
        udp = struct.pack(">HHHH", 4729, 4729, 8 + len(tap), 0) + tap
        packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1") + udp
        out += struct.pack("<IIII", at // 1000, at % 1000 * 1000, len(packet), len(packet)) + packet
        at += 100
    file.write_bytes(out)


def replay(file):
    run = subprocess.run([BUILD / "bin" / "picket", "replay", file], capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    state = {}
    for line in lines:
        if line["event"] == "incident":
            state[line["threat"]] = (line["state"], line["confidence"])
    return run, lines, state


def expect(name, file, code, threats):
    run, _, state = replay(file)
    found = {threat.removeprefix("network.cell_"): state[threat][0] for threat in state}
    check(name, run.returncode == code and found == threats, f"{run.returncode} {state}\n{run.stderr}{run.stdout}")
    check(f"{name}: no identities in it", IMSI not in run.stdout and "deadbeef" not in run.stdout and
          "62012143658709" not in run.stdout, run.stdout)


ATTACH = (NAS_UP, "074171" + GUTI + "02e0e0")
ASK_IMSI = (NAS_DOWN, "075501")
ANSWER = (NAS_UP, "0756082926102143658709")
PROOF = [(NAS_DOWN, "0752" + "00" * 34), (NAS_UP, "075308" + "11" * 8)]
SECURED = [(NAS_DOWN, "37010203040007" "5d220002e0e0"), (NAS_UP, "075e"), (RRC_DOWN, "340220"), ((13, 3, 1), "2800")]
CATCHER = [(BROADCAST, MAST), (RRC_REQUEST, REQUEST), ATTACH, ASK_IMSI, ANSWER, (NAS_DOWN, "07440f")]


def test_captures(folder):
    rows = [
        ("an identity catcher", CATCHER, 1, {"fake_station": "open"}),
        ("a catcher that pushes to 2G", [*CATCHER, (RRC_DOWN, TO_2G)], 1,
         {"fake_station": "open", "2g_downgrade": "open"}),
        ("2G without encryption", [(SDCCH, "0524710330" "19a105f4deadbeef"), (SDCCH, "063510"), (SDCCH, "0632"),
                                   (SDCCH, "060d00")], 1, {"null_cipher": "open"}),
        ("a first attach", [(BROADCAST, MAST), (RRC_REQUEST, REQUEST), ATTACH, ASK_IMSI, ANSWER, *PROOF, *SECURED,
                            (RRC_DOWN, "2e02")], 0, {}),
        ("a call that falls back to 2G", [(BROADCAST, MAST), (RRC_REQUEST, REQUEST), (NAS_UP, "074c7005f4deadbeef"),
                                          (RRC_DOWN, TO_2G)], 0, {}),
        ("an outage", [(BROADCAST, MAST), (RRC_REQUEST, REQUEST), ATTACH, ASK_IMSI, ANSWER, (NAS_DOWN, "074411")], 0, {}),
        ("the catcher turns out to be genuine",
         [*CATCHER, ("wait", 60), (RRC_REQUEST, REQUEST), ATTACH, *PROOF, *SECURED, (RRC_DOWN, "2e02")], 1,
         {"fake_station": "resolved"}),
    ]
    for name, frames, code, threats in rows:
        file = folder / "cells.pcap"
        pcap(file, frames)
        expect(name, file, code, threats)


def report(file, *events):
    rows = [{"analyzers": [{"name": "a", "description": "b", "version": 1}], "rayhunter": {}, "report_version": 2}]
    rows += [{"packet_timestamp": f"2026-08-20T10:00:0{i}.5+00:00", "skipped_message_reason": None,
              "events": [None, {"event_type": severity, "message": message}]} for i, (severity, message) in enumerate(events)]
    file.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def test_rayhunter(folder):
    file = folder / "report.ndjson"
    report(file, ("Informational", "Diagnostic: EMM Identity Request (IMSI)."))
    expect("a report without alarms", file, 0, {})
    report(file, ("High", "Disconnected after Identity Request without Auth Accept on home network!"),
           ("High", "Cell suggested use of null cipher"), ("Low", f"{IMSI} said something"))
    expect("a report with alarms", file, 1, {"fake_station": "open", "null_cipher": "open"})
    file.write_text(file.read_text() + '{"packet_timestamp":"2026')
    expect("a report that is still written", file, 1, {"fake_station": "open", "null_cipher": "open"})
    file.write_text('{"analyzers":[]}\n{"x":1}\n{"x":1}\n')
    run, _, _ = replay(file)
    check("something else is no report", run.returncode == 3 and "report.ndjson:2" in run.stderr, run.stderr)


def test_recording():
    files = sorted(SHARED.glob("*.pcap"))
    if not files:
        print(f"SKIPPED: '{SHARED}' is not there (PICKET_SHARED names the folder above data/)", flush=True)
        return
    for file in files:
        run, lines, state = replay(file)
        capture = next(line for line in lines if line["event"] == "capture")
        check(f"{file.name}: {capture['packets']} packets of {capture['kinds']}, nothing found",
              run.returncode == 0 and not state, run.stdout)


def main():
    with tempfile.TemporaryDirectory() as work:
        test_captures(Path(work))
        test_rayhunter(Path(work))
    test_recording()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
