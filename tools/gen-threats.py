#!/usr/bin/env python3
"""Checks data/threats.yaml and turns it into the C table behind src/model/threat.h, or into
docs/threats.md. Strict on purpose: what this program lets through is what people read at the
worst moment of their day. Errors name file and line; all of them are shown, not the first only.

Exit status: 0 written or fine, 1 the catalogue is wrong, 2 wrong usage, 3 could not read or write.
"""

import argparse
import re
import sys

import yaml

VECTORS = ("network", "malware", "physical", "vulnerability", "behavior")
SEVERITIES = ("info", "low", "medium", "high", "critical")
URGENCIES = ("info", "today", "now")

# Longest text in characters. A title must fit on one line; a notification shows title and why.
TITLE_MAX = 80
NOTICE_MAX = 140
STEP_MAX = 100
STEPS_MAX = 3
ADMIN_MAX = 700
ENDS_MAX = 200

KEYS = ("id", "vector", "severity", "urgency", "title", "why", "next", "admin", "ends_when",
        "attack", "nist")
OPTIONAL = ("careful",)
ID = re.compile(r"([a-z]+)\.[a-z][a-z0-9_]*")
ATTACK_ID = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
NIST_ID = re.compile(r"[A-Z]{3}-[0-9]{1,2}")

PLACEHOLDER = "{subject}"
# Words that an employee need not know. Names that stand on a screen are quoted and exempt.
ACRONYM = re.compile(r"\b[A-Z][A-Z0-9]+\b")
ACRONYMS_KNOWN = {"IT", "SIM", "USB"}
JARGON = re.compile(
    r"\b(attestation|bootloader|certificates?|compromised?|credentials?|daemon|encrypt\w*|exploit\w*|"
    r"firmware|gateway|intercept\w*|jailbr\w+|kernel|malicious|malware|metadata|payload|phishing|"
    r"protocols?|proxy|resolver|root(ed|ing)?|spoof\w*|trojan|vulnerab\w+)\b", re.IGNORECASE)


class Checker:
    """Collects complaints; every one is 'file:line: sentence'."""

    def __init__(self):
        self.errors = []

    def add(self, path, line, text):
        self.errors.append((path, line, f"{path}:{line}: {text}"))

    def at(self, node, text):
        self.add(node.start_mark.name, node.start_mark.line + 1, text)

    def finish(self):
        for _, _, text in sorted(self.errors):
            print(text, file=sys.stderr)
        return not self.errors


def mapping(check, node, keys, what, optional=()):
    """The values of a mapping by key; None when it is not one. Says which keys are wrong."""
    if not isinstance(node, yaml.MappingNode):
        check.at(node, f"{what} must be a mapping")
        return None
    found = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else None
        if name not in keys and name not in optional:
            check.at(key, f"unknown key {name!r} in {what}")
        elif name in found:
            check.at(key, f"key '{name}' stands twice in {what}")
        else:
            found[name] = value
    for name in keys:
        if name not in found:
            check.at(node, f"key '{name}' is missing in {what}")
    return found


def scalar(check, node, what):
    """The text of a plain string; None when it is none."""
    if not isinstance(node, yaml.ScalarNode):
        check.at(node, f"{what} must be a text")
        return None
    if node.tag != "tag:yaml.org,2002:str":
        check.at(node, f"{what}: {node.value!r} must be a text; put it in quotes")
        return None
    return node.value


def choice(check, node, allowed, what):
    value = scalar(check, node, what)
    if value is not None and value not in allowed:
        check.at(node, f"{what} {value!r} is none of {' '.join(allowed)}")
        return None
    return value


def prose(check, node, limit, what):
    value = scalar(check, node, what)
    if value is None:
        return ""
    if value == "":
        check.at(node, f"{what} is empty")
    if len(value) > limit:
        check.at(node, f"{what} has {len(value)} characters, at most {limit} are allowed")
    if value != " ".join(value.split()):
        check.at(node, f"{what} has line breaks, or spaces at its ends or in a row")
    if any(not c.isprintable() for c in value):
        check.at(node, f"{what} has control characters")
    if re.search(r"\{(?!subject\})|(?<!\{subject)\}", value):
        check.at(node, f"{what}: {PLACEHOLDER} is the only placeholder")
    return value


def plain_words(check, node, value, what):
    """For the employee: no acronym, no jargon outside of quoted names."""
    if value.replace(f'"{PLACEHOLDER}"', "").count(PLACEHOLDER):
        check.at(node, f'{what}: {PLACEHOLDER} stands in double quotes')
    open_text = re.sub(r'"[^"]*"', '""', value)
    for word in ACRONYM.findall(open_text):
        if word not in ACRONYMS_KNOWN:
            check.at(node, f"{what}: the acronym '{word}' means nothing to most people")
    for match in JARGON.finditer(open_text):
        check.at(node, f"{what}: '{match.group(0)}' is jargon")


def sequence(check, node, what):
    if not isinstance(node, yaml.SequenceNode):
        check.at(node, f"{what} must be a list")
        return []
    return node.value


def id_list(check, node, pattern, known, what):
    ids = []
    for item in sequence(check, node, what):
        value = scalar(check, item, what)
        if value is None:
            continue
        if not pattern.fullmatch(value):
            check.at(item, f"{what}: {value!r} is no such id")
        elif known is not None and value not in known:
            check.at(item, f"{what}: '{value}' is not in the list of ids")
        elif ids and value == ids[-1]:
            check.at(item, f"{what}: '{value}' stands twice")
        elif ids and id_key(value) < id_key(ids[-1]):
            check.at(item, f"{what}: '{value}' must stand before '{ids[-1]}'")
        ids.append(value)
    return ids


def id_key(text):
    """AUT-2 before AUT-13."""
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", text)]


def entry(check, node, attack_known, nist_known):
    found = mapping(check, node, KEYS, "the threat", OPTIONAL)
    if found is None or not set(KEYS) <= set(found):
        return None
    out = {"line": node.start_mark.line + 1, "node": found["id"]}
    out["id"] = scalar(check, found["id"], "id") or ""
    match = ID.fullmatch(out["id"])
    if not match:
        check.at(found["id"], f"id {out['id']!r} must be a vector, a dot and a name in lower case")
    out["vector"] = choice(check, found["vector"], VECTORS, "vector")
    if match and out["vector"] and match.group(1) != out["vector"]:
        check.at(found["vector"], f"vector '{out['vector']}' differs from id '{out['id']}'")
    out["severity"] = choice(check, found["severity"], SEVERITIES, "severity")
    out["urgency"] = choice(check, found["urgency"], URGENCIES, "urgency")
    if out["severity"] == "info" and out["urgency"] != "info":
        check.at(found["urgency"], "severity info never alerts: urgency must be info as well")
    for key, limit in (("title", TITLE_MAX), ("why", NOTICE_MAX)):
        out[key] = prose(check, found[key], limit, key)
        plain_words(check, found[key], out[key], key)
    notice = len(out["title"]) + len(out["why"])
    if notice > NOTICE_MAX:
        check.at(found["why"], f"title and why have {notice} characters together,"
                 f" at most {NOTICE_MAX} are allowed")
    out["careful"] = "careful" in found
    if out["careful"] and found["careful"].value != "true":
        check.at(found["careful"], "careful must be true, or absent")
    if out["careful"] and out["urgency"] == "now":
        check.at(found["urgency"], "what is told with care never interrupts: urgency must not be now")
    out["next"] = steps(check, found["next"])
    out["admin"] = prose(check, found["admin"], ADMIN_MAX, "admin")
    out["ends_when"] = prose(check, found["ends_when"], ENDS_MAX, "ends_when")
    for key in ("admin", "ends_when"):
        if PLACEHOLDER in out[key]:
            check.at(found[key], f"{key} must not use {PLACEHOLDER}")
    out["attack"] = id_list(check, found["attack"], ATTACK_ID, attack_known, "attack")
    out["nist"] = id_list(check, found["nist"], NIST_ID, nist_known, "nist")
    if out["severity"] != "info" and not out["attack"] and not out["nist"]:
        check.at(found["attack"], "a threat names at least one ATT&CK or NIST id")
    return out


def steps(check, node):
    items = sequence(check, node, "next")
    if not 1 <= len(items) <= STEPS_MAX:
        check.at(node, f"next has {len(items)} steps, 1 to {STEPS_MAX} are allowed")
    out = []
    for item in items:
        value = prose(check, item, STEP_MAX, "next")
        plain_words(check, item, value, "next")
        out.append(value)
    return out


def load(check, path, attack_known, nist_known):
    with open(path, encoding="utf-8") as stream:
        root = yaml.compose(stream, Loader=yaml.SafeLoader)
    if root is None:
        check.add(path, 1, "the catalogue is empty")
        return []
    top = mapping(check, root, ("threats",), "the catalogue")
    if top is None or "threats" not in top:
        return []
    out = []
    for node in sequence(check, top["threats"], "threats"):
        threat = entry(check, node, attack_known, nist_known)
        if threat is None:
            continue
        if out and threat["id"] == out[-1]["id"]:
            check.at(threat["node"], f"id '{threat['id']}' stands twice")
        elif out and threat["id"] < out[-1]["id"]:
            check.at(threat["node"], f"id '{threat['id']}' must stand before '{out[-1]['id']}'")
        out.append(threat)
    if not out:
        check.at(top["threats"], "the catalogue has no threats")
    return out


def load_ids(path):
    """id -> name of a table with tabs: comment lines, a heading, then 'id<TAB>name'."""
    names = {}
    with open(path, encoding="utf-8") as stream:
        rows = [line.rstrip("\n").split("\t") for line in stream if not line.startswith("#")]
    for row in rows[1:]:
        names[row[0]] = row[1]
    return names


def c_string(text):
    """A C literal in plain ASCII. Octal escapes end after three digits, hex ones never do."""
    out = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        if char in '"\\?':
            out.append("\\" + char)
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def c_list(name, values):
    return f"static const char *const {name}[] = {{ {', '.join(map(c_string, values))} }};"


def c_source(threats):
    lines = ["/* Made by tools/gen-threats.py from data/threats.yaml; edit that. */",
             '#include "model/threat_table.h"', ""]
    for i, threat in enumerate(threats):
        for key in ("next", "attack", "nist"):
            if threat[key]:
                lines.append(c_list(f"{key}_{i}", threat[key]))
    lines += ["", "const struct pk_threat pk_threat_table[] = {"]
    for i, threat in enumerate(threats):
        lines.append("    {")
        lines.append(f"        .id = {c_string(threat['id'])},")
        for key in ("vector", "severity", "urgency"):
            lines.append(f"        .{key} = PK_{key.upper()}_{threat[key].upper()},")
        if threat["careful"]:
            lines.append("        .careful = true,")
        for key in ("title", "why", "admin", "ends_when"):
            lines.append(f"        .{key} = {c_string(threat[key])},")
        for key in ("next", "attack", "nist"):
            value = f"{key}_{i}" if threat[key] else "NULL"
            lines.append(f"        .{key} = {value},")
            lines.append(f"        .{key}_count = {len(threat[key])},")
        lines.append("    },")
    lines += ["};", f"const size_t pk_threat_table_count = {len(threats)};", ""]
    return "\n".join(lines)


def md_text(text):
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)


def md_ids(ids, names, link):
    return "; ".join(f"{link(i)} {md_text(names[i])}" if names else link(i) for i in ids) or "-"


def attack_link(ident):
    return f"[{ident}](https://attack.mitre.org/techniques/{ident.replace('.', '/')}/)"


MD_HEAD = """# The threats

<!-- Made by tools/gen-threats.py from data/threats.yaml; edit that, then `tools/gen-threats.py --help`. -->

What each threat id means. The catalogue is the common vocabulary of devices, server, console and SIEM;
an id shows up only where a defense raises it. Severities are defaults. `{subject}` stands for the
network, app or site concerned.

*Urgency* says how soon the person who carries the device hears of it: *now* interrupts, *today* is quiet,
*info* is seen when they look. Ids of techniques: [MITRE ATT&CK for Mobile](https://attack.mitre.org/matrices/mobile/)
and the [NIST Mobile Threat Catalogue](https://pages.nist.gov/mobile-threat-catalogue/).
"""


def markdown(threats, attack_names, nist_names):
    lines = [MD_HEAD]
    lines += ["| threat | severity | urgency | the person reads |", "|---|---|---|---|"]
    for t in threats:
        lines.append(f"| [`{t['id']}`](#{t['id']}) | {t['severity']} | {t['urgency']} |"
                     f" {md_text(t['title'])} |")
    for t in threats:
        lines += ["", f'## <a id="{t["id"]}"></a>`{t["id"]}`', "",
                  f"Severity **{t['severity']}**, urgency **{t['urgency']}**.", "",
                  f"> **{md_text(t['title'])}**  ", f"> {md_text(t['why'])}", ">"]
        lines += [f"> {n}. {md_text(step)}" for n, step in enumerate(t["next"], 1)]
        if t["careful"]:
            lines += ["", "Told **with care**: the notification does not name it and the help page comes first."]
        lines += ["", f"**For the administrator.** {md_text(t['admin'])}", "",
                  f"- Ends when {md_text(t['ends_when'])}.",
                  f"- ATT&CK: {md_ids(t['attack'], attack_names, attack_link)}",
                  f"- NIST: {md_ids(t['nist'], nist_names, str)}"]
    return "\n".join(lines) + "\n"


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
    print(f"{path}: is not what the catalogue says; make it again with --markdown {path}",
          file=sys.stderr)
    return False


def main():
    parser = argparse.ArgumentParser(description="check the threat catalogue and generate from it")
    parser.add_argument("catalogue", metavar="threats.yaml")
    parser.add_argument("--attack", metavar="TSV", help="ATT&CK ids must be in this table")
    parser.add_argument("--nist", metavar="TSV", help="NIST ids must be in this table")
    parser.add_argument("--c", metavar="FILE", help="write the C table ('-' is standard output)")
    parser.add_argument("--markdown", metavar="FILE", help="write the page for people")
    parser.add_argument("--same-markdown", metavar="FILE", help="fail unless FILE is that page")
    args = parser.parse_args()
    check = Checker()
    try:
        attack = load_ids(args.attack) if args.attack else None
        nist = load_ids(args.nist) if args.nist else None
        threats = load(check, args.catalogue, attack, nist)
        if not check.finish():
            return 1
        if args.c:
            write(args.c, c_source(threats))
        if args.markdown:
            write(args.markdown, markdown(threats, attack, nist))
        if args.same_markdown and not same(args.same_markdown, markdown(threats, attack, nist)):
            return 1
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        print(f"{args.catalogue}:{mark.line + 1}: {error.problem}", file=sys.stderr)
        return 1
    except (yaml.YAMLError, UnicodeDecodeError, IndexError) as error:
        print(f"{args.catalogue}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
