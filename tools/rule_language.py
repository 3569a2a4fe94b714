"""The language of data/rules: reads the files strictly and gives rules as objects. What it lets through
can hold for some app; everything else is a complaint with file and line. For gen-rules.py and tests."""

import re

import yaml

SEVERITIES = ("info", "low", "medium", "high", "critical")
VERDICTS = ("unwanted", "suspicious", "malicious")
KINDS = {"apk": {"apk"}, "ios": {"ios"}, "native": {"native"}, "any": {"apk", "ios", "native"}}
FLAGS = ("debuggable", "test_only", "cleartext", "backup", "packed", "unsigned", "debug_signed",
         "hollow")
COMPONENTS = ("activity", "service", "receiver", "provider")

TITLE_MAX = 90
TEXT_MAX = 900
DEPTH_MAX = 16          # of reach and sequence
REACH_DEPTH = 8
SEQUENCE_DEPTH = 3
SEQUENCE_MAX = 8        # calls of one sequence
TARGETS_MAX = 16        # APIs that one reach names
NEST_MAX = 6            # levels of all, any, not
NEEDLE_MIN = 6          # bytes of string_has: less stands in every app, and the search relies on it
NEEDLE_MAX = 120
TEXT_VALUE_MAX = 300

RULE_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
ATTACK_ID = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
CLASS = re.compile(r"L[^;.\s\[]+;")
METHOD = re.compile(r"L[^;.\s\[]+;->(\*|<init>|<clinit>|[^\s;.(){}<>*/-]+)")
PREFIX = re.compile(r"L[^;.\s\[]{2,}")
SYMBOL = re.compile(r"[A-Za-z0-9_$.:@?]+\*?")
NAME = re.compile(r"[^\s*]+")
CLASS_NAME = re.compile(r"\*?[^\s*]+\*?")

RULE_KEYS = ("id", "title", "text", "severity", "attack", "when")
RULE_OPTIONAL = ("kind", "threat", "verdict", "confidence")
VALUE_KEYS = ("action", "category", "permission", "name", "scheme", "host", "authority")

# Where an atom can hold at all.
PLACES = {
    "permission": {"apk"}, "activity": {"apk"}, "service": {"apk"}, "receiver": {"apk"},
    "provider": {"apk"}, "launcher": {"apk"}, "metadata": {"apk"}, "flag": {"apk"},
    "target_sdk_max": {"apk"}, "calls": {"apk"}, "refers": {"apk"}, "extends": {"apk"},
    "class": {"apk"}, "string": {"apk"}, "string_has": {"apk"}, "strings_min": {"apk"},
    "native_import": {"apk", "ios", "native"}, "file": {"apk", "ios"}, "reach": {"apk"},
    "sequence": {"apk"}, "sdk": {"apk", "ios"}, "entitlement": {"ios"}, "url_scheme": {"ios"},
    "framework": {"ios"}, "rule": {"apk", "ios", "native"},
}


class Checker:
    """Collects complaints; every one is 'file:line: sentence'."""

    def __init__(self):
        self.errors = []

    def add(self, path, line, text):
        self.errors.append((path, line, f"{path}:{line}: {text}"))

    def at(self, node, text):
        self.add(node.start_mark.name, node.start_mark.line + 1, text)


class Condition:
    """One line of a rule: op is all, any, not or atom; an atom has a key and a value that can be
    compared (tuples of texts and numbers)."""

    def __init__(self, op, mark, children=(), key=None, value=None):
        self.op, self.mark, self.children = op, mark, list(children)
        self.key, self.value = key, value

    def same(self):
        if self.op == "atom":
            return (self.key, self.value)
        return (self.op, tuple(child.same() for child in self.children))

    def atoms(self):
        if self.op == "atom":
            yield self
        for child in self.children:
            yield from child.atoms()


class Rule:
    def __init__(self, node):
        self.node = node
        self.id = self.title = self.text = ""
        self.severity = "info"
        self.attack = []
        self.kind = "apk"
        self.threat = self.verdict = None
        self.confidence = 0.0
        self.when = None

    def refers_to(self):
        return [i for atom in self.when.atoms() if atom.key == "rule" for i in atom.value]


class Language:
    """attack and threats are sets of ids; sdks may be None: then those are not compared."""

    def __init__(self, check, attack, threats, sdks=None):
        self.check, self.attack, self.threats, self.sdks = check, attack, threats, sdks

    # -- values

    def mapping(self, node, needed, optional, what):
        """The values by key; None when it is no mapping or a key is wrong."""
        if not isinstance(node, yaml.MappingNode):
            self.check.at(node, f"{what} must be a mapping")
            return None
        found, fine = {}, True
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name not in needed and name not in optional:
                self.check.at(key, f"unknown key {name!r} in {what}")
                fine = False
            elif name in found:
                self.check.at(key, f"key '{name}' stands twice in {what}")
                fine = False
            else:
                found[name] = value
        for name in needed:
            if name not in found:
                self.check.at(node, f"key '{name}' is missing in {what}")
                fine = False
        return found if fine else None

    def sequence(self, node, what):
        if not isinstance(node, yaml.SequenceNode):
            self.check.at(node, f"{what} must be a list")
            return []
        if not node.value:
            self.check.at(node, f"{what} is empty: it can never hold")
        return node.value

    def text(self, node, what):
        if not isinstance(node, yaml.ScalarNode):
            self.check.at(node, f"{what} must be a text")
            return None
        if node.tag != "tag:yaml.org,2002:str":
            self.check.at(node, f"{what}: {node.value!r} must be a text; put it in quotes")
            return None
        if not node.value or len(node.value) > TEXT_VALUE_MAX:
            self.check.at(node, f"{what} has {len(node.value)} characters, 1 to {TEXT_VALUE_MAX}"
                          " are allowed")
            return None
        return node.value

    def prose(self, node, limit, what):
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
            self.check.at(node, f"{what} must be a text")
        if not 1 <= len(value) <= limit:
            self.check.at(node, f"{what} has {len(value)} characters, 1 to {limit} are allowed")
        if value != " ".join(value.split()):
            self.check.at(node, f"{what} has line breaks, or spaces at its ends or in a row")
        if any(not c.isprintable() for c in value):
            self.check.at(node, f"{what} has control characters")
        return value

    def choice(self, node, allowed, what):
        value = self.text(node, what)
        if value is not None and value not in allowed:
            self.check.at(node, f"{what} {value!r} is none of {' '.join(allowed)}")
            return None
        return value

    def integer(self, node, low, high, what):
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:int":
            self.check.at(node, f"{what} must be a whole number")
            return None
        value = int(node.value)
        if not low <= value <= high:
            self.check.at(node, f"{what}: {value} is not between {low} and {high}")
            return None
        return value

    def values(self, node, pattern, form, what, each=None):
        """One text or a list of them ("one of"), as a tuple."""
        items = self.sequence(node, what) if isinstance(node, yaml.SequenceNode) else [node]
        out = []
        for item in items:
            value = self.text(item, what)
            if value is None:
                continue
            if not pattern.fullmatch(value):
                self.check.at(item, f"{what}: {value!r} is not {form}")
                continue
            value = each(item, value) if each else value
            if value in out:
                self.check.at(item, f"{what}: {value!r} stands twice")
            elif value is not None:
                out.append(value)
        return tuple(out)

    # -- atoms; each gives a value or None after a complaint

    def permission(self, node):
        return self.values(node, NAME, "a permission", "permission", lambda n, v: permission_of(v))

    def component(self, node, kind):
        found = self.mapping(node, (), VALUE_KEYS + ("priority_min", "exported"), kind)
        if found is None:
            return None
        if not found:
            self.check.at(node, f"{kind} says nothing about it")
        fields = []
        for key in VALUE_KEYS:
            if key not in found:
                continue
            if key == "authority" and kind != "provider":
                self.check.at(found[key], f"a {kind} has no authority: it can never hold")
            pattern = CLASS_NAME if key == "name" else NAME
            each = (lambda n, v: permission_of(v)) if key == "permission" else None
            fields.append((key, self.values(found[key], pattern, "such a name", key, each)))
        if "priority_min" in found:
            value = self.integer(found["priority_min"], -1000, 2**31 - 1, "priority_min")
            fields.append(("priority_min", value if value is not None else 0))
        if "exported" in found:
            if found["exported"].value != "true":
                self.check.at(found["exported"], "exported: only true can be asked for")
            fields.append(("exported", True))
        return tuple(fields)

    def launcher(self, node):
        if not isinstance(node, yaml.ScalarNode) or node.value != "false":
            self.check.at(node, "launcher: only false can be asked for")
        return ("false",)

    def flag(self, node):
        return self.values(node, re.compile("|".join(FLAGS)), "one of " + " ".join(FLAGS), "flag")

    def methods(self, node, what="calls", form="CLASS->METHOD without a prototype"):
        return self.values(node, METHOD, form + " (\"Landroid/app/Activity;->finish\")", what)

    def refers(self, node):
        both = re.compile(f"({CLASS.pattern})|({METHOD.pattern})")
        return self.values(node, both, "CLASS or CLASS->METHOD", "refers")

    def needles(self, node):
        def fold(item, value):
            if not NEEDLE_MIN <= len(value.encode()) <= NEEDLE_MAX:
                self.check.at(item, f"string_has: {value!r} must have {NEEDLE_MIN} to {NEEDLE_MAX}"
                              " letters")
            return "".join(c.lower() if c.isascii() else c for c in value)
        return self.values(node, re.compile(".+", re.DOTALL), "a text", "string_has", fold)

    def strings_min(self, node):
        found = self.mapping(node, ("of", "count"), (), "strings_min")
        if found is None:
            return None
        of = self.values(found["of"], re.compile(".+", re.DOTALL), "a text", "of")
        count = self.integer(found["count"], 1, 1000, "count")
        if count is not None and count > len(of):
            self.check.at(found["count"], f"{count} of {len(of)} strings: it can never hold")
        return (count or 1, of)

    def reach(self, node):
        found = self.mapping(node, ("from", "to"), ("depth",), "reach")
        if found is None:
            return None
        begin = found["from"]
        if isinstance(begin, yaml.ScalarNode) and begin.value == "any":
            begin = ()
        else:
            begin = self.methods(begin, "from")
            for method in begin:
                if method.endswith("*"):
                    self.check.at(found["from"], "from: name the method that is overridden")
        items = found["to"].value if isinstance(found["to"], yaml.SequenceNode) else [found["to"]]
        to = tuple(self.methods(item, "to") for item in items)
        if not 1 <= len(to) <= TARGETS_MAX:
            self.check.at(found["to"], f"to has {len(to)} APIs, 1 to {TARGETS_MAX} are allowed")
        if len(set(to)) < len(to):
            self.check.at(found["to"], "to names an API twice")
        depth = self.integer(found["depth"], 1, DEPTH_MAX, "depth") if "depth" in found else None
        return (begin, to, depth or REACH_DEPTH)

    def calls_in_order(self, node):
        found = self.mapping(node, ("calls",), ("depth",), "sequence")
        if found is None:
            return None
        steps = []
        for item in self.sequence(found["calls"], "calls"):
            steps.append(self.methods(item))
        if not 2 <= len(steps) <= SEQUENCE_MAX:
            self.check.at(found["calls"], f"a sequence of {len(steps)} calls, 2 to {SEQUENCE_MAX}"
                          " are allowed")
        depth = self.integer(found["depth"], 1, DEPTH_MAX, "depth") if "depth" in found else None
        return (tuple(steps), depth or SEQUENCE_DEPTH)

    def sdk(self, node):
        def known(item, value):
            if self.sdks is not None and value not in self.sdks:
                self.check.at(item, f"sdk: '{value}' is not in the list of SDKs")
            return value
        return self.values(node, NAME, "an id", "sdk", known)

    def glob(self, node):
        def entry(item, value):
            if value.startswith("/") or value.startswith("./") or "\\" in value:
                self.check.at(item, f"file: no entry is called {value!r}: it can never hold")
            if not value.strip("*?"):
                self.check.at(item, f"file: {value!r} is every entry")
            return value
        return self.values(node, re.compile(r"\S(.*\S)?"), "a name", "file", entry)

    def atom(self, key, node):
        simple = {
            "metadata": (NAME, "a name"), "extends": (CLASS, "a class (\"La/b/C;\")"),
            "class": (PREFIX, "the beginning of a class (\"La/b/\")"),
            "string": (re.compile(".+", re.DOTALL), "a text"),
            "native_import": (SYMBOL, "a symbol"), "entitlement": (NAME, "a name"),
            "url_scheme": (NAME, "a name"), "framework": (NAME, "a name"),
            "rule": (RULE_ID, "the id of a rule"),
        }
        if key in simple:
            return self.values(node, *simple[key], key)
        if key in COMPONENTS:
            return self.component(node, key)
        if key == "target_sdk_max":
            value = self.integer(node, 1, 1000, key)
            return (value,) if value is not None else None
        return {
            "permission": self.permission, "launcher": self.launcher, "flag": self.flag,
            "calls": self.methods, "refers": self.refers, "string_has": self.needles,
            "strings_min": self.strings_min, "file": self.glob, "reach": self.reach,
            "sequence": self.calls_in_order, "sdk": self.sdk,
        }[key](node)

    # -- conditions

    def condition(self, node, places, level):
        if not isinstance(node, yaml.MappingNode) or len(node.value) != 1 or \
                not isinstance(node.value[0][0], yaml.ScalarNode):
            self.check.at(node, "a condition is one key: all, any, not or an atom")
            return None
        key, value = node.value[0][0].value, node.value[0][1]
        if key in ("all", "any", "not"):
            return self.group(key, node, value, places, level)
        if key not in PLACES:
            self.check.at(node, f"there is no atom {key!r}")
            return None
        if not PLACES[key] & places:
            self.check.at(node, f"{key} can never hold for this kind of app")
        found = self.atom(key, value)
        if found is None:
            return None
        return Condition("atom", node.start_mark, key=key, value=found)

    def group(self, op, node, value, places, level):
        if level >= NEST_MAX:
            self.check.at(node, f"more than {NEST_MAX} levels of all, any, not")
            return None
        children = []
        seen = set()
        single = op == "not" and isinstance(value, yaml.MappingNode)
        for item in [value] if single else self.sequence(value, op):
            child = self.condition(item, places, level + 1)
            if child is None:
                continue
            if child.same() in seen:
                self.check.at(item, f"stands twice in this '{op}'")
            seen.add(child.same())
            children.append(child)
        if op == "all":
            for child in children:
                for grandchild in child.children if child.op == "not" else ():
                    if grandchild.same() in seen:
                        self.check.add(grandchild.mark.name, grandchild.mark.line + 1,
                                       "stands beside it, too: it can never hold")
        return Condition(op, node.start_mark, children)

    # -- rules

    def family(self, rule, found):
        given = [key for key in ("threat", "verdict", "confidence") if key in found]
        if given and len(given) < 3:
            self.check.at(rule.node, "threat, verdict and confidence belong together")
            return
        if not given:
            return
        rule.threat = self.text(found["threat"], "threat")
        if rule.threat is not None and (rule.threat not in self.threats or
                                        not rule.threat.startswith("malware.")):
            self.check.at(found["threat"], f"threat: there is no '{rule.threat}' of malware.*")
        rule.verdict = self.choice(found["verdict"], VERDICTS, "verdict")
        node = found["confidence"]
        try:
            rule.confidence = float(node.value)
        except (TypeError, ValueError):
            rule.confidence = 0
        if not 0 < rule.confidence < 1:
            self.check.at(node, "confidence must be between 0 and 1")

    def attack_ids(self, node):
        if not isinstance(node, yaml.SequenceNode):
            self.check.at(node, "attack must be a list")
            return []
        out = []
        for item in node.value:
            value = self.text(item, "attack")
            if value is None:
                continue
            if not ATTACK_ID.fullmatch(value) or value not in self.attack:
                self.check.at(item, f"attack: there is no '{value}' in ATT&CK Mobile")
            if value in out:
                self.check.at(item, f"attack: '{value}' stands twice")
            out.append(value)
        return out

    def rule(self, node):
        found = self.mapping(node, RULE_KEYS, RULE_OPTIONAL, "the rule")
        if found is None:
            return None
        rule = Rule(node)
        rule.id = self.text(found["id"], "id") or ""
        if not RULE_ID.fullmatch(rule.id):
            self.check.at(found["id"], f"id {rule.id!r} must be 'group.name' in lower case")
        elif rule.id.split(".")[0] in {threat.split(".")[0] for threat in self.threats}:
            self.check.at(found["id"], f"id '{rule.id}': that group is of the threat catalogue")
        rule.title = self.prose(found["title"], TITLE_MAX, "title")
        if rule.title.endswith("."):
            self.check.at(found["title"], "title ends with a dot")
        rule.text = self.prose(found["text"], TEXT_MAX, "text")
        rule.severity = self.choice(found["severity"], SEVERITIES, "severity") or "info"
        rule.attack = self.attack_ids(found["attack"])
        if "kind" in found:
            rule.kind = self.choice(found["kind"], tuple(KINDS), "kind") or "apk"
        self.family(rule, found)
        rule.when = self.condition(found["when"], KINDS[rule.kind], 0)
        if rule.when is None:
            return None
        if rule.when.op == "not":
            self.check.at(found["when"], "a rule needs something that is there, not only 'not'")
        return rule

    def load(self, path):
        with open(path, encoding="utf-8") as stream:
            root = yaml.compose(stream, Loader=yaml.SafeLoader)
        if root is None:
            self.check.add(path, 1, "the file has no rules")
            return []
        top = self.mapping(root, ("rules",), (), "the file")
        if top is None:
            return []
        rules = [self.rule(node) for node in self.sequence(top["rules"], "rules")]
        return [rule for rule in rules if rule is not None]

    # -- all rules together

    def order(self, rules):
        """Sorted by id, but what a rule refers to comes first."""
        by_id, out, state = {}, [], {}
        for rule in rules:
            if rule.id in by_id:
                self.check.at(rule.node, f"id '{rule.id}' stands twice")
            by_id[rule.id] = rule

        def visit(rule, path):
            state[rule.id] = "open"
            for atom in rule.when.atoms():
                for name in atom.value if atom.key == "rule" else ():
                    self.reference(rule, atom, by_id.get(name), name, path, state, visit)
            state[rule.id] = "done"
            out.append(rule)

        for name in sorted(by_id):
            if name not in state:
                visit(by_id[name], (name,))
        return out

    def reference(self, rule, atom, other, name, path, state, visit):
        place = (atom.mark.name, atom.mark.line + 1)
        if other is None:
            self.check.add(*place, f"rule: there is no '{name}'")
        elif state.get(name) == "open":
            circle = " -> ".join(path[path.index(name):] + (name,))
            self.check.add(*place, f"rule: goes in a circle: {circle}")
        else:
            if not KINDS[rule.kind] & KINDS[other.kind]:
                self.check.add(*place, f"rule: '{name}' can never hold for kind {rule.kind}")
            if name not in state:
                visit(other, path + (name,))


def permission_of(value):
    return value if "." in value else "android.permission." + value
