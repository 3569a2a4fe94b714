#!/usr/bin/env python3
"""Checks the behaviour rules of data/rules and turns them into the C tables behind
src/defense/malware/rules_table.h and rules_catalogue.h, or into docs/rules.md. The language is described in
data/rules/README.md; rule_language.py reads it.

Exit status: 0 written or fine, 1 the rules are wrong or the page is old, 2 wrong usage, 3 could not
read or write.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

import rule_language as language

# Who inherits from whom on the platform, as far as rules need it: a call through the subclass is a
# call of the superclass's method. Source: the public API reference of android.jar.
SUPERS = {
    "Landroid/accessibilityservice/AccessibilityService;": "Landroid/app/Service;",
    "Landroid/accounts/AccountAuthenticatorActivity;": "Landroid/app/Activity;",
    "Landroid/app/Activity;": "Landroid/view/ContextThemeWrapper;",
    "Landroid/app/ActivityGroup;": "Landroid/app/Activity;",
    "Landroid/app/AliasActivity;": "Landroid/app/Activity;",
    "Landroid/app/Application;": "Landroid/content/ContextWrapper;",
    "Landroid/app/ExpandableListActivity;": "Landroid/app/Activity;",
    "Landroid/app/IntentService;": "Landroid/app/Service;",
    "Landroid/app/LauncherActivity;": "Landroid/app/ListActivity;",
    "Landroid/app/ListActivity;": "Landroid/app/Activity;",
    "Landroid/app/NativeActivity;": "Landroid/app/Activity;",
    "Landroid/app/Service;": "Landroid/content/ContextWrapper;",
    "Landroid/app/TabActivity;": "Landroid/app/ActivityGroup;",
    "Landroid/app/admin/DeviceAdminReceiver;": "Landroid/content/BroadcastReceiver;",
    "Landroid/app/admin/DeviceAdminService;": "Landroid/app/Service;",
    "Landroid/app/job/JobService;": "Landroid/app/Service;",
    "Landroid/appwidget/AppWidgetProvider;": "Landroid/content/BroadcastReceiver;",
    "Landroid/content/ContextWrapper;": "Landroid/content/Context;",
    "Landroid/content/MutableContextWrapper;": "Landroid/content/ContextWrapper;",
    "Landroid/inputmethodservice/AbstractInputMethodService;": "Landroid/app/Service;",
    "Landroid/inputmethodservice/InputMethodService;":
        "Landroid/inputmethodservice/AbstractInputMethodService;",
    "Landroid/net/VpnService;": "Landroid/app/Service;",
    "Landroid/preference/PreferenceActivity;": "Landroid/app/ListActivity;",
    "Landroid/service/notification/NotificationListenerService;": "Landroid/app/Service;",
    "Landroid/service/quicksettings/TileService;": "Landroid/app/Service;",
    "Landroid/service/wallpaper/WallpaperService;": "Landroid/app/Service;",
    "Landroid/telecom/CallScreeningService;": "Landroid/app/Service;",
    "Landroid/telecom/ConnectionService;": "Landroid/app/Service;",
    "Landroid/telecom/InCallService;": "Landroid/app/Service;",
    "Landroid/view/ContextThemeWrapper;": "Landroid/content/ContextWrapper;",
    "Landroid/webkit/WebView;": "Landroid/widget/AbsoluteLayout;",
    "Ldalvik/system/DelegateLastClassLoader;": "Ldalvik/system/PathClassLoader;",
    "Ldalvik/system/DexClassLoader;": "Ldalvik/system/BaseDexClassLoader;",
    "Ldalvik/system/InMemoryDexClassLoader;": "Ldalvik/system/BaseDexClassLoader;",
    "Ldalvik/system/PathClassLoader;": "Ldalvik/system/BaseDexClassLoader;",
    "Ldalvik/system/BaseDexClassLoader;": "Ljava/lang/ClassLoader;",
    "Ljava/net/HttpURLConnection;": "Ljava/net/URLConnection;",
    "Ljava/net/JarURLConnection;": "Ljava/net/URLConnection;",
    "Ljava/util/TimerTask;": "Ljava/lang/Runnable;",
    "Ljava/lang/Thread;": "Ljava/lang/Runnable;",
    "Ljavax/net/ssl/HttpsURLConnection;": "Ljava/net/HttpURLConnection;",
}

COLUMNS = 100


def subclasses(name):
    """The class and all that are known to inherit from it, in a fixed order."""
    out = [name]
    for item in out:
        out += sorted(child for child, parent in SUPERS.items() if parent == item)
    return out


def mutf8(text):
    """As DEX files write strings."""
    out = bytearray()
    data = text.encode("utf-16-be", "surrogatepass")
    for i in range(0, len(data), 2):
        unit = data[i] << 8 | data[i + 1]
        if 0 < unit < 0x80:
            out.append(unit)
        elif unit < 0x800:
            out += bytes((0xC0 | unit >> 6, 0x80 | unit & 0x3F))
        else:
            out += bytes((0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F, 0x80 | unit & 0x3F))
    return bytes(out)


def c_string(text):
    """A C literal in plain ASCII. Octal escapes end after three digits, hex ones never do."""
    out = []
    for byte in text if isinstance(text, bytes) else text.encode("utf-8"):
        char = chr(byte)
        if char in '"\\?':
            out.append("\\" + char)
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


class Pool:
    """Values that many rules share; each has one place."""

    def __init__(self, items=()):
        self.items, self.places = [], {}
        for item in items:
            self.add(item)

    def add(self, item):
        if item not in self.places:
            self.places[item] = len(self.items)
            self.items.append(item)
        return self.places[item]


class Tables:
    """All rules as numbers."""

    def __init__(self, rules):
        self.rules = rules
        self.places = {rule.id: i for i, rule in enumerate(rules)}
        atoms = [atom for rule in rules for atom in rule.when.atoms()]
        self.values, self.nodes, self.atoms = [], [], Pool()
        self.value_runs = {}
        self.texts, self.globs = Pool(), Pool()
        self.prefixes, self.needles, self.strings = Pool(), Pool(), Pool()
        self.apis, self.sources, self.classes = Pool(), Pool(), Pool()
        self.symbols = Pool(sorted({v for a in atoms if a.key == "native_import" for v in a.value},
                                   key=lambda text: text.encode()))
        self.names = Pool()
        self.first = [self.node(rule.when) for rule in rules]
        self.api_rows = self.expand_apis()
        self.source_rows = [(method, self.run([self.classes.add(c) for c in subclasses(cls)]))
                            for cls, method in self.sources.items]

    def run(self, values):
        """Where these values stand in the common list."""
        key = tuple(values)
        if key not in self.value_runs:
            self.value_runs[key] = len(self.values)
            self.values += values
        return self.value_runs[key], len(values)

    def node(self, condition):
        place = len(self.nodes)
        self.nodes.append(None)
        atom = 0
        if condition.op == "atom":
            atom = self.atoms.add(self.atom(condition.key, condition.value))
        for child in condition.children:
            self.node(child)
        self.nodes[place] = (condition.op, len(self.nodes), atom)
        return place

    def api(self, text):
        return self.apis.add(text)

    def atom(self, key, value):
        """(kind, extra, (first, count), (first, count) of to, number)"""
        empty = (0, 0)
        if key in language.COMPONENTS:
            return self.component(key, value)
        if key == "flag":
            return (key, 0, self.run([language.FLAGS.index(v) for v in value]), empty, 0)
        if key == "target_sdk_max":
            return (key, 0, empty, empty, value[0])
        if key == "launcher":
            return (key, 0, empty, empty, 0)
        if key == "refers":
            return (key, 0, self.run([self.api(v) if "->" in v else self.classes.add(v) | 0x8000
                                      for v in value]), empty, 0)
        if key == "extends":
            classes = Pool(c for v in value for c in subclasses(v)).items
            return (key, 0, self.run([self.classes.add(c) for c in classes]), empty, 0)
        if key == "strings_min":
            return (key, 0, self.run([self.strings.add(v) for v in value[1]]), empty, value[0])
        if key == "reach":
            begin = [self.sources.add(tuple(v.split("->"))) for v in value[0]]
            return (key, value[2], self.run(begin), self.run(self.steps(value[1])), 0)
        if key == "sequence":
            return (key, value[1], empty, self.run(self.steps(value[0])), 0)
        pool = {
            "calls": self.apis, "class": self.prefixes, "string": self.strings,
            "string_has": self.needles, "native_import": self.symbols, "file": self.globs,
        }.get(key, self.texts)
        if key == "rule":
            return (key, 0, self.run([self.places[v] for v in value]), empty, 0)
        return (key, 0, self.run([pool.add(v) for v in value]), empty, 0)

    def steps(self, lists):
        return [n for step in lists for n in [len(step), *map(self.api, step)]]

    def component(self, key, value):
        fields, extra, number = [], 0, 0
        for name, wanted in value:
            if name == "priority_min":
                extra, number = extra | 1, wanted
            elif name == "exported":
                extra |= 2
            else:
                fields += [language.VALUE_KEYS.index(name), len(wanted),
                           *(self.texts.add(v) for v in wanted)]
        return (key, extra, self.run(fields), (0, 0), number)

    def expand_apis(self):
        """An API is its own name and those through known subclasses; "*" is every name of its classes."""
        families = {}
        for text in self.apis.items:
            cls, method = text.split("->")
            families[text] = [f"{c}->{method}" for c in subclasses(cls)]
            for name in families[text]:
                self.names.add(name)
        rows = []
        for text in self.apis.items:
            names = list(families[text])
            if text.endswith("->*"):
                classes = {name.split("->")[0] for name in names}
                names += [n for n in self.names.items
                          if n.split("->")[0] in classes and n not in names]
            rows.append((text, self.run([self.names.add(n) for n in names])))
        return rows


def c_rows(declaration, rows):
    lines = [f"{declaration} = {{"]
    lines += [f"    {row}," for row in rows] or ["    { 0 },"]
    return lines + ["};"]


def c_packed(declaration, values):
    """Many numbers on a line."""
    lines, line = [f"{declaration} = {{"], "   "
    for value in values or [0]:
        if len(line) + len(str(value)) + 2 > COLUMNS:
            lines.append(line)
            line = "   "
        line += f" {value},"
    return [*lines, line, "};"]


def c_texts(name, texts):
    rows = [c_string(text) for text in texts] or ["NULL"]
    return [f"const char *const {name}[] = {{"] + [f"    {row}," for row in rows] + ["};"]


def c_sized(name, texts):
    rows = [f"{{ {c_string(mutf8(text))}, {len(mutf8(text))} }}" for text in texts]
    return c_rows(f"const struct pk_rule_text {name}[]", rows or ["{ NULL, 0 }"])


def c_attack(rules):
    """One list for all rules that name the same techniques."""
    lists = Pool(tuple(rule.attack) for rule in rules)
    lines = []
    for i, ids in enumerate(lists.items):
        items = ", ".join([*map(c_string, ids), "NULL"])
        lines.append(f"static const char *const attack_{i}[] = {{ {items} }};")
    return lists, lines


def c_table(rules):
    t = Tables(rules)
    attack, lines = c_attack(rules)
    out = ["/* Made by tools/gen-rules.py from data/rules; edit that. */",
           '#include "defense/malware/rules_table.h"', "",
           '#include "model/app_report.h"', "", *lines, ""]
    rows = []
    for rule, first in zip(rules, t.first):
        kinds = " | ".join(f"PK_RULE_FOR_{k.upper()}" for k in sorted(language.KINDS[rule.kind]))
        rows.append(
            f"{{ .id = {c_string(rule.id)}, .rule = {c_string('rules/' + rule.id)},\n"
            f"        .title = {c_string(rule.title)},\n"
            f"        .threat = {c_string(rule.threat) if rule.threat else 'NULL'},"
            f" .attack = attack_{attack.places[tuple(rule.attack)]},\n"
            f"        .confidence = {rule.confidence}, .node = {first},"
            f" .severity = PK_SEVERITY_{rule.severity.upper()},\n"
            f"        .weight = PK_APP_WEIGHT_{(rule.verdict or 'none').upper()},"
            f" .kinds = {kinds} }}")
    out += c_rows("const struct pk_rule pk_rules[]", rows)
    out += c_rows("const struct pk_rule_node pk_rule_nodes[]",
                  [f"{{ PK_RULE_{op.upper()}, {end}, {atom} }}" for op, end, atom in t.nodes])
    out += c_rows("const struct pk_rule_atom pk_rule_atoms[]",
                  [f"{{ PK_RULE_{key.upper()}, {extra}, {run[0]}, {run[1]}, {to[0]}, {to[1]}, {n} }}"
                   for key, extra, run, to, n in t.atoms.items])
    out += c_packed("const uint16_t pk_rule_values[]", t.values)
    out += c_texts("pk_rule_texts", t.texts.items)
    out += c_texts("pk_rule_names", t.names.items)
    out += c_rows("const struct pk_rule_api pk_rule_apis[]",
                  [f"{{ {c_string(text)}, {first}, {count} }}"
                   for text, (first, count) in t.api_rows])
    out += c_rows("const struct pk_rule_source pk_rule_sources[]",
                  [f"{{ {c_string(method)}, {first}, {count} }}"
                   for method, (first, count) in t.source_rows])
    for name in ("classes", "prefixes", "strings", "needles"):
        out += c_sized(f"pk_rule_{name}", getattr(t, name).items)
    out += c_texts("pk_rule_symbols", t.symbols.items)
    out += c_texts("pk_rule_globs", t.globs.items)
    for name, items in (("", rules), ("atom", t.atoms.items), ("name", t.names.items),
                        ("api", t.apis.items), ("source", t.sources.items),
                        ("class", t.classes.items), ("prefix", t.prefixes.items),
                        ("string", t.strings.items), ("needle", t.needles.items),
                        ("symbol", t.symbols.items), ("glob", t.globs.items)):
        out.append(f"const size_t pk_rule_{name}{'_' if name else ''}count = {len(items)};")
    return "\n".join(out) + "\n"


# -- the condition in words


def spoken(method, mark):
    """Landroid/app/Activity;->finish as people write it."""
    cls, _, name = method.partition("->")
    cls = cls.strip("L;").replace("/", ".")
    if not name:
        return mark(cls)
    return mark(f"{cls}.{name}" + ("" if name == "*" else "()"))


def listed(values, word="or"):
    values = list(values)
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} {word} {values[-1]}"


COMPONENT_WORDS = {
    "action": "for the action {}", "category": "of the category {}",
    "permission": "that asks its callers for {}", "name": "named {}", "scheme": "for the scheme {}",
    "host": "for the host {}", "authority": "of the authority {}",
}
FLAG_WORDS = {
    "debuggable": "is debuggable", "test_only": "is marked as a test build",
    "cleartext": "may speak plain HTTP", "backup": "lets its data be copied off the device",
    "packed": "is packed", "unsigned": "has no signature that holds",
    "debug_signed": "is signed with a debug certificate",
    "hollow": "lacks the code of most of its components",
}


def component_words(kind, fields, mark):
    parts = [f"has {'an' if kind == 'activity' else 'a'} {kind}"]
    for name, value in fields:
        if name == "priority_min":
            parts.append(f"with priority {value} or more")
        elif name == "exported":
            parts.append("that any app can reach")
        else:
            parts.append(COMPONENT_WORDS[name].format(listed(map(mark, value))))
    return " ".join(parts)


def atom_words(atom, mark):
    key, value = atom.key, atom.value
    names = [spoken(v, mark) for v in value] if key in ("calls", "refers", "extends") else None
    quoted = [mark(str(v)) for v in value] if key not in (
        "calls", "reach", "sequence", "strings_min") + language.COMPONENTS else None
    if key in language.COMPONENTS:
        return component_words(key, value, mark)
    if key == "flag":
        return listed([FLAG_WORDS[v] for v in value])
    if key == "strings_min":
        return f"has at least {value[0]} of the strings {listed((mark(v) for v in value[1]), 'and')}"
    if key == "reach":
        begin = listed([spoken(v, mark) for v in value[0]]) if value[0] else "some method"
        return (f"{'from its own ' if value[0] else 'from '}{begin}, within {value[2]} calls,"
                f" {listed([listed(spoken(v, mark) for v in step) for step in value[1]], 'and')}"
                f" {'is' if len(value[1]) == 1 else 'are'} called")
    if key == "sequence":
        steps = [listed([spoken(v, mark) for v in step]) for step in value[0]]
        return f"calls {', then '.join(steps)}, itself or within {value[1]} calls"
    return {
        "permission": lambda: f"asks for {listed(quoted)}",
        "launcher": lambda: "has no entry in the launcher",
        "metadata": lambda: f"has the metadata {listed(quoted)}",
        "target_sdk_max": lambda: f"is made for level {value[0]} or below",
        "calls": lambda: f"calls {listed(names)}",
        "refers": lambda: f"names {listed(names)}",
        "extends": lambda: f"has a class that extends {listed(names)}",
        "class": lambda: f"has a class that begins with {listed(quoted)}",
        "string": lambda: f"has the string {listed(quoted)}",
        "string_has": lambda: f"has a string with {listed(quoted)} in it",
        "native_import": lambda: f"has native code that imports {listed(quoted)}",
        "file": lambda: f"has an entry {listed(quoted)}",
        "sdk": lambda: f"contains {listed(quoted)}",
        "entitlement": lambda: f"has the entitlement {listed(quoted)}",
        "url_scheme": lambda: f"answers to {listed(quoted)}",
        "framework": lambda: f"uses the framework {listed(quoted)}",
        "rule": lambda: f"the rule {listed(quoted)} holds",
    }[key]()


GROUP_WORDS = {"all": "all of:", "any": "at least one of:", "not": "none of:"}


def lines_of(condition, mark, level=0):
    if condition.op == "atom":
        return [(level, atom_words(condition, mark))]
    out = [(level, GROUP_WORDS[condition.op])]
    for child in condition.children:
        out += lines_of(child, mark, level + 1)
    return out


def c_pages(rules):
    attack, lines = c_attack(rules)
    refers = Pool(tuple(dict.fromkeys(rule.refers_to())) for rule in rules)
    for i, ids in enumerate(refers.items):
        items = ", ".join([*map(c_string, ids), "NULL"])
        lines.append(f"static const char *const refers_{i}[] = {{ {items} }};")
    rows = []
    for rule in sorted(rules, key=lambda r: r.id):
        words = "\n".join("  " * level + text for level, text in lines_of(rule.when, str))
        row = [f".id = {c_string(rule.id)}", f".title = {c_string(rule.title)}",
               f".text = {c_string(rule.text)}", f".condition = {c_string(words)}",
               f".severity = {c_string(rule.severity)}", f".kind = {c_string(rule.kind)}",
               f".attack = attack_{attack.places[tuple(rule.attack)]}",
               f".refers = refers_{refers.places[tuple(dict.fromkeys(rule.refers_to()))]}"]
        if rule.threat:
            row += [f".threat = {c_string(rule.threat)}", f".verdict = {c_string(rule.verdict)}",
                    f".confidence = {rule.confidence}"]
        rows.append("{ " + ",\n        ".join(row) + " }")
    out = ["/* Made by tools/gen-rules.py from data/rules; edit that. */",
           '#include "defense/malware/rules_catalogue.h"', "", *lines, ""]
    out += c_rows("const struct pk_rule_page pk_rule_pages[]", rows)
    out.append(f"const size_t pk_rule_page_count = {len(rules)};")
    return "\n".join(out) + "\n"


# -- the page

MD_HEAD = """# The behaviour rules

<!-- Made by tools/gen-rules.py from data/rules; edit that, then `tools/gen-rules.py --help`. -->

What an app's manifest and code show, said as rules: {count} of them, {families} of which name a family of
malware and decide a verdict; the others are facts that many harmless apps share, and what the families are
built on. They read the app and run nothing. The language is described in
[data/rules/README.md](../data/rules/README.md); `picket rules show ID` prints an entry of this page.

Ids of techniques: [MITRE ATT&CK for Mobile](https://attack.mitre.org/matrices/mobile/).
"""


def md_text(text):
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)


def md_code(text):
    fence = "``" if "`" in text else "`"
    pad = " " if text[:1] in " `" or text[-1:] in " `" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def attack_link(ident, names):
    place = f"https://attack.mitre.org/techniques/{ident.replace('.', '/')}/"
    return f"[{ident}]({place}) {md_text(names[ident])}"


def markdown(rules, attack):
    rules = sorted(rules, key=lambda rule: rule.id)
    families = [rule for rule in rules if rule.threat]
    lines = [MD_HEAD.format(count=len(rules), families=len(families))]
    lines += ["| rule | severity | family | ATT&CK | what it says |", "|---|---|---|---|---|"]
    for r in rules:
        lines.append(f"| [`{r.id}`](#{r.id}) | {r.severity} | {r.threat or ''} |"
                     f" {' '.join(r.attack)} | {md_text(r.title)} |")
    for r in rules:
        lines += ["", f'## <a id="{r.id}"></a>`{r.id}`', "", f"**{md_text(r.title)}**", "",
                  md_text(r.text), ""]
        facts = [f"Severity {r.severity}"]
        if r.kind != "apk":
            facts.append(f"of {r.kind} files" if r.kind != "any" else "of all kinds of app")
        if r.threat:
            facts.append(f"family [`{r.threat}`](threats.md#{r.threat}): {r.verdict},"
                         f" confidence {r.confidence:g}")
        lines.append(f"- {'; '.join(facts)}")
        if r.attack:
            lines.append(f"- ATT&CK: {'; '.join(attack_link(a, attack) for a in r.attack)}")
        lines.append("- Holds when the app")
        lines += ["  " * (level + 1) + "- " + text
                  for level, text in lines_of(r.when, md_code)]
    return "\n".join(lines) + "\n"


# -- files


def load_ids(path):
    """id -> name of a table with tabs: comment lines, a heading, then 'id<TAB>name'."""
    with open(path, encoding="utf-8") as stream:
        rows = [line.rstrip("\n").split("\t") for line in stream if not line.startswith("#")]
    return {row[0]: row[1] for row in rows[1:]}


def load_threats(path):
    with open(path, encoding="utf-8") as stream:
        return {entry["id"] for entry in yaml.safe_load(stream)["threats"]}


def load_sdks(path):
    with open(path, encoding="utf-8") as stream:
        return {entry["id"] for entry in yaml.safe_load(stream)["sdks"]}


def write(path, text):
    if path == "-":
        sys.stdout.write(text)
        return
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def same(path, text):
    with open(path, encoding="utf-8") as stream:
        if stream.read() == text:
            return True
    print(f"{path}: is not what the rules say; make it again with --markdown {path}", file=sys.stderr)
    return False


def rule_files(places):
    out = []
    for place in places:
        path = Path(place)
        out += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return out


def depfile(args, out):
    """For ninja: the folders, too, so that a new file is seen."""
    needs = [*args.rules, *map(str, rule_files(args.rules)), args.attack, args.threats]
    needs += [args.sdks] if args.sdks else []
    return f"{out}: {' '.join(needs)}\n"


def read_rules(args, attack):
    """The rules in order, or None after complaints."""
    check = language.Checker()
    speech = language.Language(check, attack, load_threats(args.threats),
                               load_sdks(args.sdks) if args.sdks else None)
    rules = []
    for path in rule_files(args.rules):
        try:
            rules += speech.load(str(path))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            check.add(str(path), mark.line + 1, error.problem)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            check.add(str(path), 1, " ".join(str(error).split()))
    rules = speech.order(rules)
    if not rules and not check.errors:
        check.add(args.rules[0], 1, "there are no rules")
    for _, _, text in sorted(check.errors):
        print(text, file=sys.stderr)
    return None if check.errors else rules


def main():
    parser = argparse.ArgumentParser(description="check the behaviour rules and generate from them")
    parser.add_argument("rules", nargs="+", metavar="RULES", help="files, or folders of *.yaml files")
    parser.add_argument("--attack", metavar="TSV", required=True, help="ATT&CK ids are of this table")
    parser.add_argument("--threats", metavar="YAML", required=True, help="the threat catalogue")
    parser.add_argument("--sdks", metavar="YAML", help="sdk ids are of this list")
    parser.add_argument("--c", metavar="FILE", help="write the engine's table ('-': standard output)")
    parser.add_argument("--pages", metavar="FILE", help="write the catalogue for people, in C")
    parser.add_argument("--markdown", metavar="FILE", help="write the page for people")
    parser.add_argument("--same-markdown", metavar="FILE", help="fail unless FILE is that page")
    parser.add_argument("--depfile", metavar="FILE", help="write what the C file was made from")
    args = parser.parse_args()
    try:
        attack = load_ids(args.attack)
        rules = read_rules(args, attack)
        if rules is None:
            return 1
        if args.c:
            write(args.c, c_table(rules))
        if args.pages:
            write(args.pages, c_pages(rules))
        if args.depfile:
            write(args.depfile, depfile(args, args.c or args.pages))
        if args.markdown:
            write(args.markdown, markdown(rules, attack))
        if args.same_markdown and not same(args.same_markdown, markdown(rules, attack)):
            return 1
    except (yaml.YAMLError, KeyError, IndexError) as error:
        print(f"gen-rules: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
