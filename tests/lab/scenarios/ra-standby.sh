# shellcheck shell=bash
# A second router of the same network comes up and announces the same prefix with low preference.
start() { router_up gw2 192.0.2.2; ns gw2 ip link set eth0 up; ns gw2 ip addr add $GW2_IP/24 dev eth0
  ns gw2 ip addr add $LAN6::2/64 dev eth0
  sbg gw2 ra2 dnsmasq -k -C /dev/null -u root --pid-file= --port=0 --interface=eth0 --bind-interfaces --enable-ra \
    --dhcp-range=$LAN6::,ra-only,64,10m --dhcp-option=option6:dns-server,[$GW_IP6] --ra-param=eth0,low,10,600 \
    --dhcp-leasefile="$S/leases.gw2"; }
