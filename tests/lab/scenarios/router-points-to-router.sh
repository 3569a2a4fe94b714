# shellcheck shell=bash
# Two routers on one network: the first one points to the second for a part of the internet, as routers do.
start() { router_up gw2 192.0.2.2; ns gw2 ip link set eth0 up; ns gw2 ip addr add $GW2_IP/24 dev eth0
  ns gw sysctl -qw net.ipv4.conf.all.send_redirects=1 net.ipv4.conf.eth0.send_redirects=1
  ns gw ip route add $BLOG_IP/32 via $GW2_IP; mark
  sbg victim visits bash -c "while :; do ping -c1 -W1 $BLOG_IP >/dev/null; sleep 2; done"; }
stop() { ns gw ip route del $BLOG_IP/32; ns gw sysctl -qw net.ipv4.conf.eth0.send_redirects=0; }
