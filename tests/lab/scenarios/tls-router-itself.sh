# shellcheck shell=bash
# The router intercepts: nothing on the link tells. Unknown CA.
start() { mitm gw mitm "$S/run/mitmca"; mark; redirect gw eth0 443 8080; }
stop() { unredirect gw; }
