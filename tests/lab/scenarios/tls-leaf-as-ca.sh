# shellcheck shell=bash
# The interceptor signs with a genuine leaf certificate, which may not sign others.
start() { local d=$S/run/leafca; mkdir -p "$d"
  cat "$S/pki/bank.key" "$S/pki/bank.pem" >"$d/mitmproxy-ca.pem"
  mitm attacker mitm "$d"; redirect attacker eth0 443 8080; arp_mitm; }
stop() { unredirect attacker; }
