# shellcheck shell=bash
# The resolver fails: it refuses for a while, then is silent, then works again.
start() { unbg dnsmasq-gw; dhcp_dns gw eth0 --dhcp-option=3,$GW_IP --dhcp-option=6,$GW_IP $GW_RA --server=192.0.2.99; }
stop() { gw_dns; }
