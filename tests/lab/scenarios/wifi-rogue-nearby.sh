# shellcheck shell=bash
# An open access point with the network's name appears in the air; the victim stays where it is.
start() { wifi "1 $BSSID1 $SSID 5180 -48 WPA2-PSK" "0 $BSSID2 $SSID 2412 -61 WPA2-PSK" "0 02:bb:00:00:00:07 $SSID 2437 -30 OPEN"; }
stop() { wifi "1 $BSSID1 $SSID 5180 -48 WPA2-PSK" "0 $BSSID2 $SSID 2412 -61 WPA2-PSK"; }
