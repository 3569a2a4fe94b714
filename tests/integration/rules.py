#!/usr/bin/env python3
"""What the engine of the behaviour rules makes of each atom: apps that a rule must find, and look-alikes that it must
not. The rules are those of tests/rules, one an atom, so that nobody's data changes what is tested; the program is the
inspection with these rules (tests/inspect_rules). Code goes through smali, manifests through tests/tools/apkmake.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from scan_support import BUILD, ROOT, Tally

sys.path.insert(0, str(ROOT / "tests" / "samples"))
sys.path.insert(0, str(ROOT / "tests" / "tools"))
import apple  # noqa: E402
import make  # noqa: E402
from apkmake import archive, axml  # noqa: E402

axml.IDS.update(make.MORE_IDS)
E, S, TRUE = axml.Element, axml.STRING, 0xFFFFFFFF
tally = Tally()
check = tally.check


# ---- manifests -----------------------------------------------------------------------------------

def named(tag, name, *children, **more):
    attributes = [("name", S, name)]
    for key, value in more.items():
        attributes.append((key, S, value) if isinstance(value, str) else
                          (key, axml.BOOLEAN, TRUE if value else 0) if isinstance(value, bool) else
                          (key, axml.DECIMAL, value))
    return E(tag, attributes, children)


def intents(*children, **more):
    return E("intent-filter", [(k, axml.DECIMAL, v) for k, v in more.items()], children)


def data(**more):
    return E("data", [(k, S, v) for k, v in more.items()])


MAIN = named("activity", "t.Main", intents(named("action", "android.intent.action.MAIN"),
                                           named("category", "android.intent.category.LAUNCHER")), exported=True)


def manifest(*inside, permissions=(), target=33, **application):
    flags = [(k, axml.BOOLEAN, TRUE if v else 0) for k, v in application.items()]
    root = E("manifest", [("versionCode", axml.DECIMAL, 1), ("package", S, "t")], [
        E("uses-sdk", [("minSdkVersion", axml.DECIMAL, min(target, 24) or 24)] +
          ([("targetSdkVersion", axml.DECIMAL, target)] if target else [])),
        *[named("uses-permission", p) for p in permissions],
        E("application", flags, inside)])
    return axml.Document(root).write()


# ---- code ------------------------------------------------------------------------------------------

def words(method):
    """Registers that a call of "La;->b(IJ)V" takes, without the object."""
    inside, count = method[method.index("(") + 1:method.index(")")], 0
    while inside:
        array = inside[0] == "["
        inside = inside.lstrip("[")
        end = inside.index(";") + 1 if inside[0] == "L" else 1
        count += 2 if inside[:end] in "JD" and not array else 1
        inside = inside[end:]
    return count


def code_line(text):
    """"virtual La;->b()V", "new La;", "string words", or smali as it is."""
    word, _, rest = text.partition(" ")
    if word in ("virtual", "static", "direct", "interface", "super"):
        count = words(rest) + (word != "static")
        registers = f"{{v0 .. v{count - 1}}}" if count else "{}"
        return f"    invoke-{word}{'/range' if count else ''} {registers}, {rest}"
    if word == "new":
        return f"    new-instance v0, {rest}\n    invoke-direct {{v0}}, {rest}-><init>()V"
    if word == "string":
        return f'    const-string v0, "{rest}"'
    return "    " + text


def method(name, *lines, flags="public"):
    if "abstract" in flags:
        return f".method {flags} {name}\n.end method\n"
    body = "\n".join(map(code_line, lines))
    end = "return-void" if name.endswith("V") else "const/4 v0, 0x0\n    return-object v0"
    return f".method {flags} {name}\n    .registers 24\n{body}\n    {end}\n.end method\n"


def cls(name, *methods, extends="Ljava/lang/Object;", implements=(), flags="public"):
    """A class with a constructor, as smali."""
    made = "" if "interface" in flags else \
        method("<init>()V", f"direct {extends}-><init>()V", flags="public constructor")
    return f".class {flags} {name}\n.super {extends}\n" + \
        "".join(f".implements {i}\n" for i in implements) + made + "".join(methods)


def one(*lines):
    """One class whose only method does this."""
    return [cls("Lt/One;", method("go()V", *lines))]


RECEIVER = "Landroid/content/BroadcastReceiver;"
ON_RECEIVE = "onReceive(Landroid/content/Context;Landroid/content/Intent;)V"
ON_CREATE = "onCreate(Landroid/os/Bundle;)V"
SEND = "virtual Landroid/telephony/SmsManager;->sendTextMessage(Ljava/lang/String;Ljava/lang/String;" \
       "Ljava/lang/String;Landroid/app/PendingIntent;Landroid/app/PendingIntent;)V"
API = {x: f"static Lx/Api;->{x}()V" for x in "abcdef"}
SEQ = {x: f"static Lx/Seq;->{x}()V" for x in "abcdef"}
START = "startService(Landroid/content/Intent;)Landroid/content/ComponentName;"


def receiver(*lines, name="Lt/R;", extends=RECEIVER):
    return cls(name, method(ON_RECEIVE, *lines), extends=extends)


def chain(count, last):
    """Lt/C0;->m() to the last one, each calling the next."""
    return [cls(f"Lt/C{i};", method("m()V", f"static Lt/C{i + 1};->m()V" if i + 1 < count else last,
                                    flags="public static")) for i in range(count)]


class App:
    """What one app of a test is made of; code is a list of classes, or a list of such lists: one a DEX."""

    def __init__(self, code=(), xml=None, files=(), libraries=(), bare=False):
        code = list(code)
        self.dexes = code if code and isinstance(code[0], list) else [code] if code else []
        self.xml = xml if xml is not None else manifest(MAIN)
        self.files, self.libraries, self.bare = files, libraries, bare


def with_manifest(*inside, **more):
    return App(xml=manifest(*inside, **more))


def texts(*strings):
    return App(one(*(f"string {text}" for text in strings)))


# rule, what it is about, the app, words that the evidence must have (None: the rule must not hold)
CASES = [
    ("permission", "asked for", with_manifest(permissions=["android.permission.SEND_SMS"]), "asks for SEND_SMS"),
    ("permission", "with a dot", with_manifest(permissions=["com.other.OWN"]), "asks for com.other.OWN"),
    ("permission", "another one", with_manifest(permissions=["android.permission.READ_SMS", "SEND_SMS"]), None),
    ("permission", "no manifest at all", App(one(SEND), bare=True), None),

    ("receiver", "action and priority", with_manifest(named("receiver", "t.R", intents(
        named("action", "t.ACT"), priority=999))), "receiver t.R (t.ACT, priority 999)"),
    ("receiver", "too low", with_manifest(named("receiver", "t.R", intents(named("action", "t.ACT"), priority=99))), None),
    ("receiver", "in two filters", with_manifest(named("receiver", "t.R", intents(named("action", "t.ACT")), intents(
        named("action", "t.OTHER"), priority=999))), None),
    ("receiver", "switched off", with_manifest(named("receiver", "t.R", intents(
        named("action", "t.ACT"), priority=999), enabled=False)), None),
    ("receiver", "a service", with_manifest(named("service", "t.R", intents(
        named("action", "t.ACT"), priority=999))), None),

    ("service", "asks its callers", with_manifest(named("service", "t.S", permission="android.permission.BIND_X")),
     "service t.S (for callers with android.permission.BIND_X)"),
    ("service", "asks for another", with_manifest(named("service", "t.S", permission="android.permission.BIND_Y")), None),
    ("service", "asks for it itself", with_manifest(permissions=["android.permission.BIND_X"]), None),

    ("activity", "by its begin", with_manifest(named("activity", "t.shown.Pay")), "activity t.shown.Pay"),
    ("activity", "in the middle", with_manifest(named("activity", "com.t.shown.Pay")), None),
    ("category", "by its end", with_manifest(named("activity", "t.My.Home", intents(
        named("category", "android.intent.category.HOME")))), "t.My.Home"),
    ("category", "another name", with_manifest(named("activity", "t.Homer", intents(
        named("category", "android.intent.category.HOME")))), None),
    ("category", "two components", with_manifest(named("activity", "t.Home"), named("activity", "t.X", intents(
        named("category", "android.intent.category.HOME")))), None),
    ("link", "scheme and host", with_manifest(named("activity", "t.L", intents(
        data(scheme="pay", host="b.example")))), "activity t.L"),
    ("link", "in two filters", with_manifest(named("activity", "t.L", intents(data(scheme="pay")), intents(
        data(host="b.example")))), None),
    ("provider", "second of two", with_manifest(named("provider", "t.P", authorities="t.first;t.second")), "provider t.P"),
    ("provider", "only begins so", with_manifest(named("provider", "t.P", authorities="t.secondary;t.sec")), None),
    ("exported", "said", with_manifest(named("service", "t.S", exported=True)), "service t.S"),
    ("exported", "by its filter", with_manifest(named("service", "t.S", intents(named("action", "x")))), "service t.S"),
    ("exported", "denied", with_manifest(named("service", "t.S", intents(named("action", "x")), exported=False)), None),
    ("exported", "not said", with_manifest(named("service", "t.S")), None),

    ("launcher", "none", with_manifest(named("activity", "t.A")), "no entry in the launcher"),
    ("launcher", "one", with_manifest(MAIN), None),
    ("launcher", "no manifest", App(one(), bare=True), None),
    ("metadata", "there", with_manifest(named("meta-data", "t.other", value="1")), "t.other"),
    ("metadata", "of a component", with_manifest(named("service", "t.S", named("meta-data", "t.meta", value="1"))), None),
    ("flag", "second of two", with_manifest(testOnly=True), "marked as a test build"),
    ("flag", "both", with_manifest(testOnly=True, debuggable=True), "is debuggable, is marked as a test build"),
    ("flag", "neither", with_manifest(debuggable=False), None),
    ("unsigned", "not signed", with_manifest(MAIN), "no signature that holds"),
    ("unsigned", "a DEX carries none", App(one(), bare=True), None),
    ("target", "at the limit", with_manifest(target=22), "level 22"),
    ("target", "above", with_manifest(target=23), None),

    ("calls", "called", App(one(SEND)), "t.One.go() calls SmsManager.sendTextMessage()"),
    ("calls", "three places", App(one(SEND, SEND, SEND)), "(3 places)"),
    ("calls", "another class", App(one(SEND.replace("Manager", "Handler"))), None),
    ("calls", "only its name", texts("Landroid/telephony/SmsManager;->sendTextMessage"), None),
    ("calls", "in the second DEX", App([one("string x"), [cls("Lt/Two;", method("go()V", SEND))]]), "t.Two.go()"),
    ("calls", "a DEX by itself", App(one(SEND), bare=True), "t.One.go()"),
    ("calls_any", "any method", App(one("virtual Ljava/util/zip/Inflater;->end()V")), "calls Inflater"),
    ("calls_any", "one that another rule names", App(one("virtual Ljava/util/zip/Inflater;->inflate([B)I")),
     "calls Inflater.inflate()"),
    ("calls_any", "none", App(one("virtual Ljava/util/zip/Deflater;->end()V")), None),
    ("calls_known", "this one", App(one("virtual Ljava/util/zip/Inflater;->inflate([B)I")), "calls Inflater.inflate()"),
    ("calls_known", "another method", App(one("virtual Ljava/util/zip/Inflater;->end()V")), None),
    ("inherited", "through a subclass of the platform", App(one(f"virtual Landroid/app/Activity;->{START}")),
     "calls Activity.startService()"),
    ("inherited", "through a class of the app", App([cls("Lt/A;", method("go()V", f"virtual Lt/A;->{START}"),
                                                         extends="Landroid/app/Activity;")]), "t.A.go() calls"),
    ("inherited", "over two classes and two DEX files", App([
        [cls("Lt/A;", method("go()V", f"virtual Lt/A;->{START}"), extends="Lt/Base;")],
        [cls("Lt/Base;", extends="Landroid/app/Service;")]]), "t.A.go() calls"),
    ("inherited", "its own method", App([cls("Lt/A;", method("go()V", f"virtual Lt/A;->{START}"),
                                             method(START, "nop"), extends="Landroid/app/Activity;")]), None),
    ("inherited", "of a superclass in another DEX", App([
        [cls("Lt/A;", method("go()V", f"virtual Lt/A;->{START}"), extends="Lt/Base;")],
        [cls("Lt/Base;", method(START, "nop"), extends="Landroid/app/Service;")]]), None),
    ("inherited", "of no such class", App([cls("Lt/A;", method("go()V", f"virtual Lt/A;->{START}"))]), None),
    ("abort", "its own receiver", App([receiver("virtual Lt/R;->abortBroadcast()V")]),
     "t.R.onReceive() calls BroadcastReceiver.abortBroadcast()"),

    ("abort", "a method of its own", App([receiver("virtual Lt/R;->abortBroadcast()V"), cls(
        "Lt/X;", method("abortBroadcast()V", "virtual Lt/X;->abortBroadcast()V"))]), "t.R.onReceive()"),
    ("abort", "of no receiver", App([cls("Lt/X;", method("abortBroadcast()V", "virtual Lt/X;->abortBroadcast()V"))]), None),

    ("refers_class", "named, never called", App(one("const-class v0, Lx/Named;")), "names x.Named"),
    ("refers_class", "only as a string", texts("Lx/Named;"), None),
    ("refers_method", "in the tables", App(one("static Lx/Named;->go()V")), "Named.go()"),
    ("refers_method", "another method", App(one("static Lx/Named;->gone()V")), None),
    ("extends", "itself", App([cls("Lt/S;", extends="Landroid/app/Service;")]), "t.S extends android.app.Service"),
    ("extends", "a known subclass", App([cls("Lt/S;", extends="Landroid/app/IntentService;")]), "t.S extends"),
    ("extends", "over its own class", App([cls("Lt/S;", extends="Lt/B;"),
                                           cls("Lt/B;", extends="Landroid/app/Service;")]), "t.B extends"),
    ("extends", "only names it", App(one("const-class v0, Landroid/app/Service;")), None),
    ("implements", "an interface", App([cls("Lt/H;", implements=["Ljava/lang/Runnable;", "Lx/Hook;"])]),
     "t.H extends x.Hook"),
    ("implements", "another one", App([cls("Lt/H;", implements=["Ljava/lang/Runnable;", "Lx/Hooks;"])]), None),
    ("class", "defined", App([cls("Lcom/evil/A;")]), "com.evil.A"),
    ("class", "only named", App(one("const-class v0, Lcom/evil/A;")), None),
    ("class", "named before one is defined", App([cls("Lcom/evil/Z;", method(
        "go()V", *(f"const-class v0, Lcom/evil/A{i};" for i in range(50))))]), "com.evil.Z"),
    ("class", "similar", App([cls("Lcom/evil2/A;")]), None),

    ("string", "exact", texts("exact text"), '"exact text"'),
    ("string", "not in ASCII", texts("Z\\u00fcrich \\ud83d\\udd12"), "rich"),
    ("string", "in capitals", texts("Exact text"), None),
    ("string", "as a part", texts("an exact text", "exact text."), None),
    ("needle", "in any case", texts("run /SYSTEM/xBin/su now"), '"run /SYSTEM/xBin/su now"'),
    ("needle", "broken over two strings", texts("/syste", "m/xbin"), None),
    ("needle", "one letter off", texts("/system/xbi", "/sistem/xbin"), None),
    ("needles", "overlapping, at the begin, at the end", texts("abcdefghij", "a needle-at-end"), "needle-at-end"),
    ("needles", "two of three", texts("abcdefghij", "a needle-at-en"), None),
    ("strings_min", "two of three", texts("three.c", "one.a"), '"one.a", "three.c"'),
    ("strings_min", "one of three", texts("one.a", "one.aa", "two."), None),

    ("import", "one of them", App(libraries=[["ptrace", "open"]]), "lib/x86_64/lib0.so imports ptrace"),
    ("import", "similar ones", App(libraries=[["ptrace2", "trace"]]), None),
    ("import_some", "by its begin", App(libraries=[["close"], ["dlopen"]]), "lib/x86_64/lib1.so imports dlopen"),
    ("import_some", "too short", App(libraries=[["dlo"]]), None),
    ("file", "in a folder", App(files=["assets/x/y.dex"]), "assets/x/y.dex"),
    ("file", "one letter", App(files=["res/raw/ab.bin"]), "res/raw/ab.bin"),
    ("file", "two letters", App(files=["res/raw/abb.bin", "assets/x.dex2", "my/exact.txt"]), None),
    ("file", "exact", App(files=["exact.txt"]), "exact.txt"),
    ("sdk", "found by the facts", App([cls("Lorg/acra/Acra;")]), "acra.crash"),
    ("sdk", "similar", App([cls("Lorg/acrab/Acra;")]), None),

    ("reach", "calls it itself", App([receiver(API["a"])]), "t.R.onReceive() calls Api.a()"),
    ("reach", "over three classes", App([receiver("static Lt/C0;->m()V"), *chain(3, API["a"])]),
     "via t.C0.m(), t.C1.m(), t.C2.m()"),
    ("reach", "eight calls away", App([receiver("static Lt/C0;->m()V"), *chain(7, API["a"])]), "t.C6.m()"),
    ("reach", "nine calls away", App([receiver("static Lt/C0;->m()V"), *chain(8, API["a"])]), None),
    ("reach", "another method calls it", App([receiver("nop"), *chain(1, API["a"])]), None),
    ("reach", "a class that is no receiver", App([receiver(API["a"], extends="Lt/Base;"), cls("Lt/Base;")]), None),
    ("reach", "a receiver over its own class", App([receiver(API["a"], extends="Lt/Base;"),
                                                    cls("Lt/Base;", extends=RECEIVER, flags="public abstract")]), "t.R.onReceive()"),
    ("reach", "a receiver by a known subclass", App([receiver(API["a"], extends="Landroid/appwidget/AppWidgetProvider;")]),
     "t.R.onReceive()"),
    ("reach", "another DEX", App([[receiver("static Lt/C0;->m()V")], chain(3, API["a"])]), "t.C0.m()"),
    ("reach", "the superclass in another DEX", App([[receiver(API["a"], extends="Lt/Base;")],
                                                    [cls("Lt/Base;", extends=RECEIVER)]]), "t.R.onReceive()"),
    ("reach", "a thread", App([receiver("new Lt/W;", "direct Ljava/lang/Thread;-><init>(Ljava/lang/Runnable;)V"),
                               cls("Lt/W;", method("run()V", API["a"]), implements=["Ljava/lang/Runnable;"])]), "t.W.run()"),
    ("reach", "a class of its own that is a thread", App([
        receiver("new Lt/W;", "virtual Lt/W;->start()V"),
        cls("Lt/W;", method("run()V", "virtual Lt/W;->work()V"), method("work()V", API["a"]),
            extends="Ljava/lang/Thread;")]), "t.W.run(), t.W.work()"),
    ("reach", "a task in another DEX", App([
        [receiver("new Lt/W;")],
        [cls("Lt/W;", method("doInBackground([Ljava/lang/Object;)Ljava/lang/Object;", API["a"]),
             extends="Landroid/os/AsyncTask;")]]), "t.W.doInBackground()"),
    ("reach", "a thread that nobody makes", App([
        receiver("nop"), cls("Lt/W;", method("run()V", API["a"]), implements=["Ljava/lang/Runnable;"])]), None),
    ("reach", "an object whose method nobody calls", App([
        receiver("new Lt/H;"), cls("Lt/H;", method("helper()V", API["a"]), extends="Lt/Base;"),
        cls("Lt/Base;", method("helper()V", "nop"))]), None),
    ("reach", "its own interface", App([
        receiver("interface Lt/I;->work()V"), cls("Lt/I;", method("work()V", flags="public abstract"),
                                                  flags="public interface abstract"),
        cls("Lt/H;", method("work()V", API["a"]), implements=["Lt/I;"])]), "t.H.work()"),
    ("reach", "an overridden method", App([
        receiver("virtual Lt/Base;->work()V"), cls("Lt/Base;", method("work()V", "nop")),
        cls("Lt/H;", method("work()V", API["a"]), extends="Lt/Base;")]), "t.H.work()"),
    ("reach", "the same name, another prototype", App([
        receiver("virtual Lt/Base;->work(I)V"), cls("Lt/Base;", method("work(I)V", "nop")),
        cls("Lt/H;", method("work(J)V", API["a"]), extends="Lt/Base;")]), None),
    ("reach", "an inherited method", App([
        receiver("virtual Lt/H;->work()V"), cls("Lt/Base;", method("work()V", API["a"])),
        cls("Lt/H;", extends="Lt/Base;")]), "t.Base.work()"),
    ("reach", "inherited, but overridden", App([
        receiver("virtual Lt/H;->work()V"), cls("Lt/Base;", method("work()V", API["a"])),
        cls("Lt/H;", method("work()V", "nop"), extends="Lt/Base;")]), None),
    ("reach", "one of many lambdas, which it makes", App([
        receiver("new Lt/F7;"), cls("Lt/F;", method("call()V", flags="public abstract"), flags="public interface abstract"),
        *(cls(f"Lt/F{i};", method("call()V", API["a"] if i == 7 else "nop"), implements=["Lt/F;"]) for i in range(20))]),
     "t.F7.call()"),
    ("reach", "one of many lambdas, which it only calls", App([
        receiver("interface Lt/F;->call()V"),
        cls("Lt/F;", method("call()V", flags="public abstract"), flags="public interface abstract"),
        *(cls(f"Lt/F{i};", method("call()V", API["a"] if i == 7 else "nop"), implements=["Lt/F;"]) for i in range(20))]),
     None),
    ("reach", "methods that call each other", App([
        receiver("static Lt/A;->a()V"),
        cls("Lt/A;", method("a()V", "static Lt/A;->b()V", flags="public static"),
            method("b()V", "static Lt/A;->a()V", "static Lt/A;->b()V", flags="public static"))] + one(API["a"])), None),
    ("reach_three", "both from one method", App(one(API["b"], "static Lt/C0;->m()V") + chain(2, API["c"])),
     "t.One.go() calls Api.b() and Api.c() via t.C0.m(), t.C1.m()"),
    ("reach_three", "too deep", App(one(API["b"], "static Lt/C0;->m()V") + chain(3, API["c"])), None),
    ("reach_three", "in two methods", App([cls("Lt/A;", method("x()V", API["b"]), method("y()V", API["c"]))]), None),
    ("reach_one_of", "the other one", App([cls("Lt/A;", method(ON_CREATE, API["f"], API["e"]),
                                               extends="Landroid/app/Activity;")]), "calls Api.e() and Api.f()"),
    ("reach_one_of", "neither", App([cls("Lt/A;", method(ON_CREATE, API["f"], API["a"]),
                                         extends="Landroid/app/Activity;")]), None),

    ("sequence", "in order", App(one(SEQ["a"], SEQ["b"], SEQ["d"])), "t.One.go() calls Seq.a(), then Seq.b(), then Seq.d()"),
    ("sequence", "with others between", App(one(SEQ["d"], SEQ["a"], API["a"], SEQ["c"], SEQ["a"], SEQ["d"])), "Seq.c()"),
    ("sequence", "the other way round", App(one(SEQ["d"], SEQ["b"], SEQ["a"])), None),
    ("sequence", "one is missing", App(one(SEQ["a"], SEQ["d"])), None),
    ("sequence", "over methods", App(one("static Lt/C0;->m()V", "static Lt/D;->m()V", SEQ["d"]) + chain(1, SEQ["a"]) + [
        cls("Lt/D;", method("m()V", SEQ["c"], flags="public static"))]), "Seq.a() via t.C0.m(), then Seq.c() via t.D.m()"),
    ("sequence", "over methods, the other way round", App(
        one("static Lt/D;->m()V", "static Lt/C0;->m()V", SEQ["d"]) + chain(1, SEQ["a"]) + [
            cls("Lt/D;", method("m()V", SEQ["c"], flags="public static"))]), None),
    ("sequence", "third level", App(one(SEQ["a"], SEQ["b"], "static Lt/C0;->m()V") + chain(2, SEQ["d"])), "t.C1.m()"),
    ("sequence", "fourth level", App(one(SEQ["a"], SEQ["b"], "static Lt/C0;->m()V") + chain(3, SEQ["d"])), None),
    ("sequence", "over two DEX files", App([one(SEQ["a"], SEQ["b"], "static Lt/C0;->m()V"), chain(1, SEQ["d"])]), "t.C0.m()"),
    ("sequence", "in a thread that it makes", App(one(SEQ["a"], SEQ["b"], "new Lt/W;") + [
        cls("Lt/W;", method("run()V", SEQ["d"]), implements=["Ljava/lang/Runnable;"])]), "t.W.run()"),
    ("sequence_self", "itself", App(one(SEQ["e"], SEQ["f"])), "Seq.e(), then Seq.f()"),
    ("sequence_self", "in what it calls", App(one(SEQ["e"], "static Lt/C0;->m()V") + chain(1, SEQ["f"])), None),

    ("logic", "all, any, none", texts("yes-1", "yes-3"), '"yes-1"'),
    ("logic", "one of all is missing", texts("yes-3"), None),
    ("logic", "none of any", texts("yes-1"), None),
    ("logic", "one of none is there", texts("yes-1", "yes-2", "no-2"), None),
    ("builds_on", "the other rule", texts("exact text"), "A test (t.string)"),
    ("builds_on", "no other rule", texts("exact"), None),
]


# ---- building and running ------------------------------------------------------------------------

def assemble(folder, apps):
    """DEX files of all apps by one Java process: apps[i].dexes[j] becomes bytes."""
    jobs = []
    for i, app in enumerate(apps):
        for j, classes in enumerate(app.dexes):
            place = folder / f"{i}-{j}"
            (place / "smali").mkdir(parents=True)
            (place / "apk").mkdir()
            for n, text in enumerate(classes):
                (place / "smali" / f"{n}.smali").write_text(text, encoding="utf-8")
            jobs.append((place, place / "out.apk", "-"))
    make.java(jobs, folder)
    for i, app in enumerate(apps):
        app.dexes = [(folder / f"{i}-{j}" / "apk" / "classes.dex").read_bytes() for j in range(len(app.dexes))]


def write(app, path):
    if app.bare:
        path.write_bytes(app.dexes[0])
        return
    entries = [archive.Entry("AndroidManifest.xml", app.xml)]
    entries += [archive.Entry(f"classes{j or ''}.dex".replace("classes1", "classes2"), dex)
                for j, dex in enumerate(app.dexes)]
    entries += [archive.Entry(name, b"sample\n") for name in app.files]
    for n, symbols in enumerate(app.libraries):
        entries.append(archive.Entry(f"lib/x86_64/lib{n}.so", make.library(symbols, path.parent)))
    path.write_bytes(archive.Archive(entries).write())


def inspect(paths):
    done = subprocess.run([BUILD / "tests" / "inspect_rules", *paths], capture_output=True, timeout=300, check=False)
    check("the inspection ends well", done.returncode == 0, done.stderr.decode()[-500:])
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


def finding(report, rule):
    return next((f for f in report["findings"] if f["rule"] == f"rules/{rule}"), None)


def test_atoms(folder):
    assemble(folder, [case[2] for case in CASES])
    paths = []
    for i, (_, _, app, _) in enumerate(CASES):
        paths.append(folder / f"{i}.apk")
        write(app, paths[-1])
    for (rule, name, _, evidence), report in zip(CASES, inspect(paths)):
        found = finding(report, "t." + rule)
        if evidence is None:
            check(f"{rule}: not {name}", found is None, found)
        else:
            check(f"{rule}: {name}", found is not None and evidence in found["evidence"], found or "no finding")
    atoms = {line.split("id: t.")[1].split(",")[0] for line in
             (ROOT / "tests/rules/engine.yaml").read_text(encoding="utf-8").splitlines() if "id: t." in line}
    both = {good for good in atoms if {c[3] is None for c in CASES if c[0] == good} == {True, False}}
    left = {a for a in atoms - both if not a.startswith(("family_", "ios_"))} - {"everywhere", "native"}
    check("every rule of the test has both kinds of sample", not left, left)


def test_families(folder):
    app = texts("family", "exact text")
    assemble(folder / "family", [app])
    write(app, folder / "family.apk")
    report = inspect([folder / "family.apk"])[0]
    found = [f for f in report["findings"] if f["id"] == "malware.banker"]
    check("the three surest rules of a family", [f["rule"] for f in found] ==
          ["rules/t.family_two", "rules/t.family_one", "rules/t.family_three"], found)
    check("they decide", report["verdict"] == "malicious" and report["techniques"] == ["T1582"], report["verdict"])
    first = found[0] if found else {}
    check("with what they say", (first.get("title"), first.get("severity"), first.get("verdict"), first.get("confidence"))
          == ("Family, second rule", "high", "malicious", 0.9), first)
    check("and the rule that they build on", "A test (t.string)" in first.get("evidence", ""), first)


def test_other_kinds(folder):
    ios = ["ios", "entitlement get-task-allow", "scheme paynow", "framework Bad.dylib", "import _ptrace"]
    like = ["ios", "entitlement get-task-allowed", "scheme paynows", "framework Good.dylib", "import _ptraced"]
    for n, lines in enumerate((ios, like)):
        (folder / f"{n}.ipa").write_bytes(apple.app(lines))
    (folder / "0.so").write_bytes(make.library(["ptrace"], folder))
    (folder / "1.so").write_bytes(make.library(["ptraced"], folder))
    good, bad, elf, other = inspect([folder / "0.ipa", folder / "1.ipa", folder / "0.so", folder / "1.so"])
    for rule, evidence in (("ios_entitlement", "get-task-allow"), ("ios_scheme", "answers to paynow"),
                           ("ios_framework", "uses Bad.dylib")):
        found = finding(good, "t." + rule)
        check(rule, found and evidence in found["evidence"], found or good["findings"])
        check(f"not {rule}", finding(bad, "t." + rule) is None)
    check("native code by itself", finding(elf, "t.native") and finding(elf, "t.everywhere"), elf["findings"])
    check("not other native code", not finding(other, "t.native") and not finding(other, "t.everywhere"))
    check("rules of another kind do not hold", not finding(elf, "t.import") and not finding(good, "t.native"))


def rules_command(*args):
    return subprocess.run([BUILD / "bin" / "picket", "rules", *args], capture_output=True, text=True, timeout=60, check=False)


def test_command():
    """`picket rules` shows what data/rules says, whole and by technique and family."""
    listed = json.loads(rules_command("list", "--json").stdout)
    written = sum(line.startswith("- id: ") for path in (ROOT / "data/rules").glob("*.yaml")
                  for line in path.read_text(encoding="utf-8").splitlines())
    check("picket rules list: all of them", listed["total"] == len(listed["items"]) == written, (listed["total"], written))
    ids = [item["id"] for item in listed["items"]]
    check("picket rules list: sorted", ids == sorted(ids))
    part = json.loads(rules_command("list", "--attack", "T1636", "--json").stdout)["items"]
    want = [i["id"] for i in listed["items"] if any(a.split(".")[0] == "T1636" for a in i["attack"])]
    check("by technique, with its parts", [i["id"] for i in part] == want and want, want)
    for name in ("banker", "malware.banker"):
        part = json.loads(rules_command("list", "--family", name, "--json").stdout)["items"]
        check(f"by family {name}", part and all(i["threat"] == "malware.banker" for i in part), part)
    shown = rules_command("show", "rules/" + ids[0])
    check("picket rules show", shown.returncode == 0 and listed["items"][0]["title"] in shown.stdout and
          "holds when the app" in shown.stdout, shown)
    for args, code in ((["show", "no.such"], 3), (["show"], 2), ([], 2), (["frob"], 2), (["list", "x"], 2),
                       (["show", ids[0], "--attack", "T1"], 2), (["--help"], 0)):
        done = rules_command(*args)
        check(f"picket rules {' '.join(args)} ends with {code}", done.returncode == code and (code == 0 or done.stderr), done)


def main():
    test_command()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "family").mkdir()
        test_atoms(folder)
        test_families(folder)
        test_other_kinds(folder)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
