# shellcheck shell=bash
# A second DHCP server with the same settings stands by, and answers, too; later the first one rests.
start() { ns gw2 ip link set eth0 up; ns gw2 ip addr add $GW2_IP/24 dev eth0; mark
  scn_dhcp gw2 eth0 --dhcp-authoritative --no-ping --dhcp-option=3,$GW_IP --dhcp-option=6,$GW_IP --port=0
  victim_dhcp; sleep 8; gw_dhcp_mute; victim_dhcp; }
stop() { gw_dhcp_unmute; victim_dhcp; }
