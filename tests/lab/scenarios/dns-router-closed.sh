# shellcheck shell=bash
# The same, and the router lets no encrypted DNS pass over its own port.
start() { ns gw nft -f - <<N
add table inet closed
add chain inet closed f { type filter hook forward priority 0; }
add rule inet closed f tcp dport 853 drop
N
  gw_dns --address=/bank.test/$AD_IP; }
stop() { ns gw nft delete table inet closed; gw_dns; }
