# shellcheck shell=bash
# Somebody adds a CA to the trust store, and nobody uses it.
start() { (cd "$S/run" && openssl req -x509 -newkey rsa:2048 -nodes -keyout idle.key -out idle.pem -sha256 -days 300 -subj "/CN=Test Authority" 2>/dev/null)
  mark; install_ca idle "$S/run/idle.pem"; }
stop() { remove_ca idle; }
