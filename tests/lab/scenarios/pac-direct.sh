# shellcheck shell=bash
# A router hands out an empty script address, and its resolver knows a "wpad" whose script says DIRECT only.
start() { mkdir -p "$S/run/pac"
  echo 'function FindProxyForURL(url, host) { /* PROXY 192.0.2.9:1 */ return "DIRECT"; }' >"$S/run/pac/wpad.dat"
  sbg gw pachttp python3 -m http.server 80 --bind $GW_IP --directory "$S/run/pac"; sleep 1; mark
  gw_dns "--address=/wpad.lan/$GW_IP" '--dhcp-option=252,"\n"'; victim_dhcp; }
stop() { gw_dns; victim_dhcp; }
