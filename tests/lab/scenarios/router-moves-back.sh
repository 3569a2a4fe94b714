# shellcheck shell=bash
# A standby router takes the address for a while, then the first one takes it back; each is silent in between.
start() { router_up gw2 192.0.2.2; ns gw2 ip link set eth0 up; mark
  ns gw ip addr del $GW_IP/24 dev eth0; ns gw2 ip addr add $GW_IP/24 dev eth0; ns gw2 arping -q -U -c 2 -I eth0 $GW_IP
  victim_touch; sleep 14
  ns gw2 ip addr del $GW_IP/24 dev eth0; ns gw ip addr add $GW_IP/24 dev eth0; ns gw arping -q -U -c 2 -I eth0 $GW_IP; victim_touch; }
