# shellcheck shell=bash
# Inside, the organisation's names have other addresses; its administrator listed the zone.
start() { echo corp.test >"$S/policy/split-zones"; sleep 1; gw_dns --address=/corp.test/10.20.30.40; }
stop() { gw_dns; }
