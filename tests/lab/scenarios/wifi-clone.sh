# shellcheck shell=bash
# The copy carries the very address of the true access point, without its protection, and the victim is on it.
start() { wifi "1 $BSSID1 $SSID 2437 -30 OPEN" "0 $BSSID2 $SSID 2412 -61 WPA2-PSK"; }
stop() { wifi "1 $BSSID1 $SSID 5180 -48 WPA2-PSK" "0 $BSSID2 $SSID 2412 -61 WPA2-PSK"; }
