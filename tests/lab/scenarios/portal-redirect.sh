# shellcheck shell=bash
# A portal without an API: pages are redirected, everything else is cut off until the sign-in.
start() { gw_dns --address=/portal.guest.test/$GW_IP; portal_on gw eth0; portal_login_later gw; mark; victim_dhcp; }
stop() { portal_off gw; gw_dns; victim_dhcp; }
