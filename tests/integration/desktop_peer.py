"""A desktop's notification service (Desktop Notifications Specification 1.2) on the session bus: writes one JSON line for
each Notify and CloseNotification to the file of its argument."""

import json
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

XML = """<node><interface name="org.freedesktop.Notifications">
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
<arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/>
<arg type="s" direction="out"/><arg type="s" direction="out"/></method></interface></node>"""
newest = 100


def tell(**what):
    with open(sys.argv[1], "a", encoding="utf-8") as out:
        out.write(json.dumps(what) + "\n")


def on_call(_bus, _sender, _path, _interface, method, args, answer):
    global newest
    if method == "Notify":
        _app, replaces, _icon, title, body, _acts, hints, _timeout = args.unpack()
        newest += 0 if replaces else 1
        shown = replaces or newest
        tell(did="notify", id=shown, replaces=replaces, title=title, body=body, urgency=hints.get("urgency"))
        answer.return_value(GLib.Variant("(u)", (shown,)))
    elif method == "CloseNotification":
        tell(did="close", id=args.unpack()[0])
        answer.return_value(None)
    elif method == "GetCapabilities":
        answer.return_value(GLib.Variant("(as)", (["body"],)))
    else:
        answer.return_value(GLib.Variant("(ssss)", ("test", "test", "1", "1.2")))


def on_bus(bus, _name):
    info = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
    bus.register_object("/org/freedesktop/Notifications", info, on_call, None, None)


Gio.bus_own_name(Gio.BusType.SESSION, "org.freedesktop.Notifications", Gio.BusNameOwnerFlags.NONE, on_bus,
                 lambda *_: tell(did="ready"), lambda *_: sys.exit(1))
GLib.MainLoop().run()
