"""The code lines of a sample, as smali. Registers hold nothing: every call gets zeros, so that the code has its
shape and no effect."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASIC = {"void": "V", "boolean": "Z", "byte": "B", "short": "S", "char": "C", "int": "I", "long": "J",
         "float": "F", "double": "D"}
STUBS = {"activity": "Activity", "service": "Service", "receiver": "BroadcastReceiver", "provider": "ContentProvider"}
CALL = re.compile(r"([\w$./;]+?)\.([\w$<>]+)\(([^)]*)\)\s*(\S+)?$")
METHOD = re.compile(r"([\w$<>]+)\(([^)]*)\)\s*(\S+)?$")


def load_types():
    """Simple name -> (descriptor, is an interface). A line: package: Name Name *Interface."""
    out = {}
    for line in (HERE / "types.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            package, _, names = line.partition(":")
            for name in names.split():
                short = name.lstrip("*")
                out[short] = (f"L{package.strip().replace('.', '/')}/{short};", name.startswith("*"))
    return out


TYPES = load_types()


class Code:
    """Classes with methods with lines of smali."""

    def __init__(self, package):
        self.package = package.replace(".", "/")
        self.classes, self.wanted = {}, set()
        self.current = self.method = None

    # -- names

    def own(self, name):
        return name if name.startswith("L") and name.endswith(";") else f"L{self.package}/{name};"

    def type(self, name):
        name = name.strip()
        if name.endswith("[]"):
            return "[" + self.type(name[:-2])
        if name in BASIC:
            return BASIC[name]
        if name.startswith("L") and name.endswith(";"):
            return name
        if name in TYPES:
            return TYPES[name][0]
        self.wanted.add(name)  # a class of the sample, perhaps further down
        return self.own(name)

    def here(self):
        return next(name for name, about in self.classes.items() if about is self.current)

    def parameters(self, text):
        return [self.type(part) for part in text.split(",") if part.strip()]

    # -- lines

    def start_class(self, name, superclass="Object", interface=None):
        descriptor = self.own(name)
        known = self.classes.setdefault(descriptor, {"super": None, "interfaces": [], "methods": {}})
        if superclass != "Object" or known["super"] is None:
            known["super"] = superclass
        if interface and interface not in known["interfaces"]:
            known["interfaces"].append(interface)
        self.current, self.method = known, None

    def start_method(self, text, static):
        if self.current is None:
            self.start_class("Main", "Activity")
        found = METHOD.fullmatch(text)
        if not found:
            raise SystemExit(f"shapes: no method: '{text}'")
        name, parameters, returns = found.groups()
        key = f"{name}({''.join(self.parameters(parameters))}){self.type(returns or 'void')}"
        self.method = self.current["methods"].setdefault(key, {"static": static, "body": []})

    def add(self, *lines):
        if self.method is None:
            self.start_method("onCreate(Bundle)" if self.current is None or self.current["super"] == "Activity"
                              else "sample()", False)
        self.method["body"] += lines

    def invoke(self, kind, text):
        found = CALL.fullmatch(text)
        if not found:
            raise SystemExit(f"shapes: no call: '{text}'")
        owner, name, parameters, returns = found.groups()
        types = self.parameters(parameters)
        target = self.here() if owner == "this" else self.type(owner)
        if kind == "call" and TYPES.get(owner, ("", False))[1]:
            kind = "iface"
        words = sum(2 if t in "JD" else 1 for t in types) + (0 if kind == "static" else 1)
        verb = {"call": "virtual", "iface": "interface", "static": "static", "super": "super", "new": "direct"}[kind]
        registers = f"v0 .. v{words - 1}" if words else ""
        line = f"invoke-{verb}/range {{{registers}}}" if words else f"invoke-{verb} {{}}"
        self.add(f"{line}, {target}->{name}({''.join(types)}){self.type(returns or 'void')}")

    def read(self, word, rest):
        """False: not a line of code."""
        if word == "main":
            self.current = self.method = None
        elif word == "class":
            name, superclass, interface = re.fullmatch(
                r"(\S+)(?: : (\S+))?(?: implements (\S+))?", rest).groups()
            self.start_class(name, superclass or "Object", interface)
        elif word in ("on", "def"):
            self.start_method(rest, word == "def")
        elif word in ("call", "static", "super"):
            self.invoke(word, rest)
        elif word == "new":
            name, parameters = re.fullmatch(r"([^(]+)(?:\(([^)]*)\))?", rest).groups()
            self.add(f"new-instance v0, {self.type(name)}")
            self.invoke("new", f"{name}.<init>({parameters or ''})")
        elif word == "string":
            self.add(f"const-string v0, \"{quoted(rest)}\"")
        elif word == "strings":
            self.add(*[f"const-string v0, \"{quoted(part)}\"" for part in rest.split()])
        elif word == "field":
            name, kind = rest.split()
            owner, _, field = name.rpartition(".")
            self.add(f"sget-object v0, {self.type(owner)}->{field}:{self.type(kind)}")
        elif word == "refer":
            self.add(f"const-class v0, {self.type(rest)}")
        else:
            return False
        return True

    def component(self, name, tag):
        """A component of the manifest without a class in the sample gets an empty one."""
        descriptor = f"L{name.replace('.', '/')};"
        known = self.classes.setdefault(descriptor, {"super": None, "interfaces": [], "methods": {}})
        if known["super"] is None or known["super"] == "Object":
            known["super"] = STUBS[tag]

    # -- out

    def write(self, folder):
        for name in sorted(self.wanted):
            if self.own(name) not in self.classes and name != "Main":
                raise SystemExit(f"shapes: what type is '{name}'?")
        folder.mkdir(parents=True)
        for number, (descriptor, about) in enumerate(sorted(self.classes.items())):
            parent = self.type(about["super"] or "Object")
            lines = [f".class public {descriptor}", f".super {parent}"]
            lines += [f".implements {self.type(name)}" for name in about["interfaces"]]
            if not any(key.startswith("<init>(") for key in about["methods"]):
                lines += [".method public constructor <init>()V", ".registers 1",
                          f"invoke-direct {{p0}}, {parent}-><init>()V", "return-void", ".end method"]
            for key, method in about["methods"].items():
                lines += method_lines(key, method)
            (folder / f"{number:03}.smali").write_text("\n".join(lines) + "\n", encoding="utf-8")


def method_lines(key, method):
    returns = key[key.rindex(")") + 1:]
    end = ["return-void"] if returns == "V" else ["const-wide/16 v0, 0x0", "return-wide v0"] \
        if returns in "JD" else ["const/4 v0, 0x0", "return v0" if returns in "ZBSCIF" else "return-object v0"]
    access = "public static" if method["static"] else "public constructor" if key.startswith("<init>") else "public"
    zero = [f"const/4 v{i}, 0x0" for i in range(12)] if method["body"] else []
    return [f".method {access} {key}", ".registers 32", *zero, *method["body"], *end, ".end method"]


def quoted(text):
    return text.replace("\\", "\\\\").replace("\"", "\\\"")
