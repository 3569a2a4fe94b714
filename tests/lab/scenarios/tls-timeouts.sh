# shellcheck shell=bash
# A bad line: every other packet to and from the sites is lost, and the device looks at them again and again.
start() { mark
  ns gw nft -f - <<NFT
add table inet flaky
add chain inet flaky fwd { type filter hook forward priority 0; }
add rule inet flaky fwd tcp dport 443 numgen random mod 100 < 45 drop
add rule inet flaky fwd tcp sport 443 numgen random mod 100 < 45 drop
NFT
  sbg sw relook bash -c "for i in \$(seq 20); do ip link set p-victim down; sleep 0.6; ip link set p-victim up; sleep 6; done"; }
stop() { unbg scn-relook; ns gw nft delete table inet flaky 2>/dev/null; return 0; }
