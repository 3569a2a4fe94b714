# shellcheck shell=bash
# The router's own resolver was told to lie: two names lead to a foreign host; everything else is true.
start() { gw_dns --address=/bank.test/$AD_IP --address=/mail.corp.test/$AD_IP; }
stop() { gw_dns; }
