# shellcheck shell=bash
# A captive portal that answers TLS of every host with its own self-signed certificate until the user signs in.
start() { (cd "$S/run" && openssl req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.pem -sha256 -days 300 -subj "/CN=guest-gateway" -addext subjectAltName=DNS:guest-gateway.local 2>/dev/null && cp own.pem own.chain)
  ns sw ip link set p-victim down; sbg gw portal python3 "$HERE/tools/portal.py" "$S/run/own.chain" "$S/run/own.key" "$S/run/portal-open"
  wait_port gw 127.0.0.1 8081; mark
  ns gw nft -f - <<NFT
add table inet portal
add chain inet portal pre { type nat hook prerouting priority dstnat; }
add rule inet portal pre iifname "eth0" meta nfproto ipv4 tcp dport 80 redirect to :8081
add rule inet portal pre iifname "eth0" meta nfproto ipv4 tcp dport 443 redirect to :8443
add chain inet portal transit { type filter hook forward priority 0; }
add rule inet portal transit iifname "eth0" drop
NFT
  sbg gw login bash -c "sleep 15; touch '$S/run/portal-open'; nft delete table inet portal; sleep $MAX"
  ns sw ip link set p-victim up; victim_touch; }
stop() { portal_off gw; }
