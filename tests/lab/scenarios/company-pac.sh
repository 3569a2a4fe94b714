# shellcheck shell=bash
# The company's own proxy script, by DHCP, on the administrator's list; it leads to a proxy on this network.
start() { pac $LAN.5:3128; echo "http://$GW_IP/wpad.dat" >>"$S/policy/allow-pac"
  sbg gw pachttp python3 -m http.server 80 --bind $GW_IP --directory "$S/run/pac"; sleep 1; mark
  gw_dns "--dhcp-option=252,http://$GW_IP/wpad.dat"; victim_dhcp; }
stop() { gw_dns; : >"$S/policy/allow-pac"; victim_dhcp; }
