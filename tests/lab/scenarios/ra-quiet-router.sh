# shellcheck shell=bash
# The same with medium preference, as dnsmasq does it: nothing but another prefix and resolver.
start() { att_forward; ns attacker ip addr add fd66:0:0:1::66/64 dev eth0; mark
  sbg attacker radns dnsmasq -k -C /dev/null -u root --pid-file= --port=0 --interface=eth0 --bind-interfaces \
    --enable-ra --dhcp-range=fd66:0:0:1::,ra-only,64,10m --dhcp-leasefile="$S/leases.ra"; }
