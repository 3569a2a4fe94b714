# shellcheck shell=bash
# A slow way out: answers come after 900 ms, so that questions are repeated and answered twice.
start() { ns gw tc qdisc replace dev wan0 root netem delay 900ms; }
stop() { ns gw tc qdisc del dev wan0 root; }
