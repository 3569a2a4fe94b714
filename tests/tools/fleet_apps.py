#!/usr/bin/env python3
"""Makes the apps of the simulated fleet: tests/tools/fleet_apps.py data/fleet/apps.bin

Small signed packages of makers that do not exist, in the order of the table in src/fleet/apps.c; each stands behind its
length (4 bytes, big-endian). The keys are made for the run and thrown away, so every run gives other bytes."""

import struct
import sys
import tempfile
from pathlib import Path

import tricks
from apkmake import arsc, sign

APPS = (("com.example.fleet.mail", "Post"), ("com.example.fleet.calendar", "Kalender"),
        ("com.example.fleet.chat", "Plausch"), ("com.example.fleet.bank", "Stadtbank"),
        ("com.example.fleet.transit", "Bus & Bahn"), ("com.example.fleet.notes", "Notizen"),
        ("com.example.fleet.weather", "Wetter"), ("com.example.fleet.maps", "Karten"),
        ("com.example.fleet.podcasts", "Podcasts"), ("com.example.fleet.torch", "Taschenlampe"))


def apk(keys, package, label):
    sample = tricks.Sample(keys)
    sample.xml(sample.document(sample.root(package=package)).write())
    sample.put(tricks.RESOURCES, arsc.table(label=label, package=package), tricks.STORED)
    return sample.done()


def main():
    out = b""
    with tempfile.TemporaryDirectory() as folder:
        for n, (package, label) in enumerate(APPS):
            key = sign.Key(folder, f"maker-{n % 4}")
            data = apk((key, key), package, label)
            out += struct.pack(">I", len(data)) + data
    Path(sys.argv[1]).write_bytes(out)


if __name__ == "__main__":
    main()
