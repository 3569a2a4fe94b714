# shellcheck shell=bash
# A resolver that blocks with its own address, as some do in a home: advertisers' names lead to the router.
start() { gw_dns --address=/ads.tracker.test/$GW_IP --address=/tracker.test/$GW_IP; }
stop() { gw_dns; }
