# shellcheck shell=bash
# The router has two ports on this network; as Linux does by default, both answer for its address.
start() { ip -n $P-sw link add p-gwb type veth peer name eth9 netns $P-gw; ip -n $P-gw link set eth9 address 02:77:00:00:00:1b
  ip -n $P-sw link set p-gwb master br-lan; ip -n $P-sw link set p-gwb up; mark; ip -n $P-gw link set eth9 up; sleep 1
  ns victim ip neigh flush dev eth0; victim_touch; sleep 10; ns victim ip neigh flush dev eth0; victim_touch; }
stop() { ip -n $P-gw link del eth9; ns victim ip neigh flush dev eth0; victim_touch; }
