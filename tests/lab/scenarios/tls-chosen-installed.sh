# shellcheck shell=bash
# Only one host is intercepted, by a CA that was put into the trust store.
start() { mitm attacker mitm "$S/run/mitmca"; install_ca extra "$S/run/mitmca/mitmproxy-ca-cert.pem"
  ns attacker nft -f - <<NFT
add table inet lab
add chain inet lab pre { type nat hook prerouting priority dstnat; }
add rule inet lab pre iifname "eth0" ip daddr $MAIL_IP tcp dport 443 redirect to :8080
NFT
  arp_mitm; }
stop() { unredirect attacker; remove_ca extra; }
