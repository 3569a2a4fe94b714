# shellcheck shell=bash
# The true DHCP server hands out another resolver, on this network, which lies about one name.
start() { sbg attacker liar dnsmasq -k -C /dev/null -u root --pid-file= --no-hosts --no-resolv --listen-address=$ATT_IP --bind-interfaces \
    --server=$UPSTREAM --address=/bank.test/$ATT_IP
  sleep 0.5; DNS_IP=$ATT_IP gw_dns; victim_dhcp; }
stop() { gw_dns; victim_dhcp; }
