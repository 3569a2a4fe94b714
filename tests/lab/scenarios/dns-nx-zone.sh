# shellcheck shell=bash
# Only unknown names below .com lead to an ad server.
start() { gw_dns --address=/com/$AD_IP; }
stop() { gw_dns; }
