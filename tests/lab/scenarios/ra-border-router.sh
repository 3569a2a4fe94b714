# shellcheck shell=bash
# A smart home's border router: route information and a prefix of its own, but no default router (lifetime 0).
start() { sbg attacker br atk6-fake_router26 -l 0 -p low -A fd99:0:0:1::/64 -R fd99:1:2::/64 -i 3 eth0; }
