# shellcheck shell=bash
# A resolver that filters IPv6 addresses.
start() { gw_dns --filter-AAAA; }
stop() { gw_dns; }
