"""What the tests of apps stand on: inventories, uploads as a device sends them, and the wait for commands.
Not a suite by itself."""

import hashlib
import http.client
import json
import sys
import tempfile
import time
from pathlib import Path

from rest_support import Device

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import tricks  # noqa: E402
from apkmake import arsc, sign  # noqa: E402


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def item(package, data=None, **more):
    """An entry of an inventory; data: the bytes of its file."""
    row = {"package": package, "version": "1.0", "version_code": 1}
    if data is not None:
        row.update(sha256=sha256(data), size=len(data))
    row.update(more)
    return row


def everything(*items):
    return ("apps", {"event": "all", "items": sorted(items, key=lambda i: (i["package"], i.get("sha256", "")))}, None)


def changed(*items, removed=()):
    body = {"event": "changed", "items": sorted(items, key=lambda i: (i["package"], i.get("sha256", "")))}
    if removed:
        body["removed"] = list(removed)
    return ("apps", body, None)


class Phone(Device):
    """A device that knows its apps and does what it is asked."""

    def call(self, method, path, body=None, headers=None, timeout=60):
        link = http.client.HTTPSConnection("localhost", self.server.port, timeout=timeout, context=self.context)
        try:
            link.request(method, path, body, headers or {})
            got = link.getresponse()
            return got.status, json.loads(got.read() or b"null")
        finally:
            link.close()

    def wait(self, seconds=10, seen=()):
        """The commands that come within the time."""
        path = f"/v1/wait?timeout={seconds}" + (f"&seen={','.join(seen)}" if seen else "")
        status, answer = self.call("GET", path, timeout=seconds + 20)
        return answer["commands"] if status == 200 else []

    def next_command(self, kind, seconds=10):
        """Acknowledges what comes until a command of this kind is among it; None: none came."""
        end = time.monotonic() + seconds
        seen = []
        while time.monotonic() < end:
            commands = self.wait(max(1, int(end - time.monotonic())), seen)
            seen = [c["id"] for c in commands]
            for command in commands:
                if command["type"] == kind:
                    self.wait_seen(seen)
                    return command
        return None

    def wait_seen(self, ids):
        self.call("GET", f"/v1/wait?timeout=1&seen={','.join(ids)}", timeout=10)

    def send(self, data, name=None):
        return self.call("POST", f"/v1/app/{name or sha256(data)}", data, {"Content-Type": "application/octet-stream"})


# ---- app files ----------------------------------------------------------------------------------

class Maker:
    """Signed apps of two makers, made from scratch; the odd ones break their own format, which is what makes
    them suspicious."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="picket-keys-")
        self.keys = (sign.Key(self.folder.name, "one"), sign.Key(self.folder.name, "two"))

    def apk(self, package="com.example.tricks", label="Tricks", odd=False, key=0, salt=b""):
        sample = tricks.Sample(self.keys if key == 0 else tuple(reversed(self.keys)))
        sample.xml(sample.document(sample.root(package=package)).write())
        sample.put(tricks.RESOURCES, arsc.table(label=label, package=package), tricks.STORED)
        sample.put("assets/salt", salt or b"-")
        if odd:
            sample.tamper(tricks.CODE, tricks.DEFLATED, local={"packed": 7, "plain": 0x7FFFFFFF})
        return sample.done()
