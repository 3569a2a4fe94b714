# shellcheck shell=bash
# The interceptor's CA bears the very name of the trusted root, but has another key.
start() { local d=$S/run/likeca; mkdir -p "$d"
  (cd "$d" && openssl req -x509 -newkey rsa:2048 -nodes -keyout like.key -out like.pem -sha256 -days 3650 -subj "/O=Picket Lab/CN=Picket Lab Public Root" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null && cat like.key like.pem >mitmproxy-ca.pem)
  mitm attacker mitm "$d"; redirect attacker eth0 443 8080; arp_mitm; }
stop() { unredirect attacker; }
