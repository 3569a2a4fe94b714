# shellcheck shell=bash
# Only one of the hosts is intercepted, by a certificate of an unknown CA; all others pass untouched.
start() { mitm attacker mitm "$S/run/mitmca"
  ns attacker nft -f - <<NFT
add table inet lab
add chain inet lab pre { type nat hook prerouting priority dstnat; }
add rule inet lab pre iifname "eth0" ip daddr $MAIL_IP tcp dport 443 redirect to :8080
NFT
  arp_mitm; }
stop() { unredirect attacker; }
