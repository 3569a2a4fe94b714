#!/usr/bin/env python3
"""Prints when the first ARP frame arrives that gives an address to another hardware address.

    sniff_arp.py ADDRESS HARDWARE_ADDRESS      (inside the namespace that is watched)

A second witness for tests/lab/run: one line with the time in seconds since 1970, then it goes on
silently until it is stopped.
"""

import socket
import sys
import time

ETH_P_ARP = 0x0806


def main():
    address = socket.inet_aton(sys.argv[1])
    known = bytes.fromhex(sys.argv[2].replace(":", ""))
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
    print("ready", flush=True)
    while True:
        frame = sock.recv(128)
        if len(frame) >= 42 and frame[28:32] == address and frame[22:28] != known:
            print(f"{time.time():.3f}", flush=True)
            break
    while sock.recv(128):
        pass


if __name__ == "__main__":
    main()
