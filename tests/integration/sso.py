#!/usr/bin/env python3
"""Single sign-on from end to end: a real provider (Debian's glewlwyd), a real browser (Chromium), the built console."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from glewlwyd import Glewlwyd  # noqa: E402
from rest_support import BUILD, ROOT, Client, Server, Tally  # noqa: E402

tally = Tally()
check = tally.check


def main():
    console = BUILD / "console"
    if not (console / "index.html").exists():
        print("the console is not built: run make console")
        return 1
    server = Server(console=console)
    origin = f"https://localhost:{server.port}"
    provider = Glewlwyd(f"{origin}/auth/oidc/callback", f"{origin}/auth/oidc/backchannel")
    try:
        (provider.dir / "secret").write_text("a-secret-of-letters\n")
        server.config.write_text(server.config.read_text() + f"""
sso:
  name: glewlwyd
  issuer: {provider.issuer}
  client_id: picket
  client_secret_file: {provider.dir / "secret"}
  ca: {provider.cert}
  role_map: [{{group: sec-ops, role: responder, groups: [store]}}]
""")
        server.start()
        done = subprocess.run([ROOT / "tests" / "browser" / "run", "--script", "sso.mjs", "--origin", origin, "--user", "olga",
                               "--password", "olga's password", *sys.argv[1:]], capture_output=True, text=True, timeout=300)
        print(done.stdout, end="")
        counts = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout) or re.match(r"(0) (1)", "0 1")
        passed, failed = (int(n) for n in counts.groups())
        tally.passed, tally.failed = tally.passed + passed, tally.failed + failed
        check("the browser's part ended well", done.returncode == 0, done.stderr[-600:] + provider.tail()[-600:])
        admin = Client(server, cookie=re.match(r"__Host-picket=(\w+)", Client(server).post(
            "/session", {"token": server.signin_token()}).headers["set-cookie"]).group(1))
        refused = admin.get("/audit?filter=act:session.refused").json["items"]
        check("only the made-up answer was refused", len(refused) == 1, refused)
        people = admin.get("/people").json["items"]
        check("the person is known by issuer and subject", len(people) == 1 and people[0]["issuer"] == provider.issuer
              and people[0]["source"] == "sso" and people[0]["mail"] == "olga@example.org", people)
        acts = [r["detail"].get("how") for r in admin.get("/audit?filter=act:session.open").json["items"]]
        check("the sign-in is in the audit", "sso" in acts, acts)
        check("nothing secret is in the log", "eyJ" not in server.log.read_text() and "a-secret-of" not in server.log.read_text())
    finally:
        server.close()
        provider.close()
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
