# shellcheck shell=bash
# The access points learn WPA3 beside WPA2, and one of them changes its channel.
start() { wifi "1 $BSSID1 $SSID 5500 -48 WPA3-SAE" "0 $BSSID2 $SSID 2412 -61 WPA2-PSK"; sleep 5
  wifi "1 $BSSID1 $SSID 5500 -48 WPA2-PSK" "0 $BSSID2 $SSID 2462 -61 WPA3-SAE" "0 02:cc:00:00:00:01 Guest 2462 -61 OPEN"; }
