# shellcheck shell=bash
# Sites fail one after another: errors, half pages, nothing at all; the network is honest.
start() { mark; ns web nft -f - <<N
add table inet down
add chain inet down in { type filter hook input priority 0; }
add rule inet down in ip daddr $BANK_IP tcp dport 80 reject with tcp reset
add rule inet down in ip daddr $BLOG_IP tcp dport 80 drop
N
}
stop() { ns web nft delete table inet down; }
