# shellcheck shell=bash
# A portal by DNS: until the sign-in every name has the router's address, where the portal answers for all,
# over TLS with its own certificate.
start() { gw_dns "--address=/#/$GW_IP"; portal_on gw eth0; mark; victim_dhcp
  sbg gw later bash -c "sleep ${LAB_PORTAL_HOLD:-25}; nft delete table inet portal"
  (sleep $((${LAB_PORTAL_HOLD:-25} + 1)); gw_dns) >/dev/null 2>&1 & }
stop() { portal_off gw; gw_dns; victim_dhcp; }
