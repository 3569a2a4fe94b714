# shellcheck shell=bash
# The operator turns TLS 1.3 off on all sites; the device looks at them again.
start() { sed -i 's/TLSv1.2 TLSv1.3/TLSv1.2/' "$S/run/nginx.conf"
  ns web nginx -c "$S/run/nginx.conf" -p "$S/run" -s reload 2>/dev/null; mark
  ns sw ip link set p-victim down; sleep 1; ns sw ip link set p-victim up; victim_touch; }
stop() { sed -i 's/ssl_protocols TLSv1.2;/ssl_protocols TLSv1.2 TLSv1.3;/' "$S/run/nginx.conf"
  ns web nginx -c "$S/run/nginx.conf" -p "$S/run" -s reload 2>/dev/null; return 0; }
