# shellcheck shell=bash
# A session ends in the middle of a visit: the portal is back without any sign on the link.
start() { mark; portal_on gw eth0; }
stop() { portal_off gw; }
