# shellcheck shell=bash
# The IPv6 router dies without a word; a standby with another address and prefix takes over.
start() { router_up gw2 192.0.2.2; ns gw2 ip link set eth0 up; ns gw2 ip addr add $GW2_IP/24 dev eth0
  ns gw2 ip addr add fd77:0:0:2::1/64 dev eth0
  ns gw nft -f - <<NFT
add table ip6 dead
add chain ip6 dead in { type filter hook input priority 0; }
add rule ip6 dead in iifname "eth0" drop
add chain ip6 dead out { type filter hook output priority 0; }
add rule ip6 dead out oifname "eth0" drop
NFT
  sleep 1; mark
  sbg gw2 ra2 dnsmasq -k -C /dev/null -u root --pid-file= --port=0 --interface=eth0 --bind-interfaces --enable-ra \
    --dhcp-range=fd77:0:0:2::,ra-only,64,10m --ra-param=eth0,10,600 --dhcp-leasefile="$S/leases.gw2"; }
stop() { ns gw nft delete table ip6 dead; }
