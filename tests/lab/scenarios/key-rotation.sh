# shellcheck shell=bash
# The sites get new keys and new certificates, by the other intermediate of the same root.
start() { bash "$HERE/tools/pki.sh" "$S/pki" leaf canary int-b canary.picket.test probe.picket.test
  bash "$HERE/tools/pki.sh" "$S/pki" leaf mail int-b mail.corp.test intranet.corp.test
  ns web nginx -c "$S/run/nginx.conf" -p "$S/run" -s reload 2>/dev/null; mark
  ns sw ip link set p-victim down; sleep 1; ns sw ip link set p-victim up; victim_touch; }
stop() { :; }
