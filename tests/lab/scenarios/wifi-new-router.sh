# shellcheck shell=bash
# The owner buys a new router of another maker: other access point, other hardware address, same name and password.
start() { ns gw ip link set eth0 down; unbg dnsmasq-gw; sleep 2
  ns gw ip link set eth0 address 06:31:92:00:00:11; ns gw ip link set eth0 up; ns gw ip addr replace $GW_IP6/64 dev eth0
  gw_dns; wifi "1 06:31:92:00:00:12 $SSID 2437 -41 WPA2-PSK"; plug br-lan; victim_dhcp; victim_touch; }
