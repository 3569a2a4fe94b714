#!/usr/bin/env python3
"""Checks the words that employees read, data/lang/*.yaml, against each other and against
data/threats.yaml, and turns them into the C tables behind src/model/words.h and
src/model/threat_words.h. Errors name file and line; all of them are shown, not the first only.

A translation has every key of English and no other, the same placeholders, as many steps, and the
same limits of length; a text that is still the English one is an error unless the file lists its
key under "same".

Exit status: 0 written or fine, 1 a file is wrong, 2 wrong usage, 3 could not read or write.
"""

import argparse
import importlib.util
import os
import re
import sys

import yaml

_spec = importlib.util.spec_from_file_location(
    "gen_threats", os.path.join(os.path.dirname(os.path.abspath(__file__)), "gen-threats.py"))
gt = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(gt)

ENGLISH = "en"
WORD_MAX = 320     # characters of any word; the longest are whole paragraphs
GROWTH = 1.7       # a translation may be so much longer than English ...
GROWTH_SHORT = 25  # ... or by so many characters, whatever is more
KEY = re.compile(r"[a-z]+(\.[a-z0-9_]+)+")
CODE = re.compile(r"[a-z]{2,3}")
HOLE = re.compile(r"\{([a-z]+)\}")
TOP_KEYS = ("language", "name", "same", "words", "threats")
# Beside those of gen-threats.py: what people say for wireless networks and short messages.
ACRONYMS = {"de": {"WLAN", "SMS"}, "fr": {"SMS"}, "es": {"SMS"}, "it": {"SMS"}}


def pairs(check, node, what):
    """A mapping's items in order; repeated keys are errors."""
    if not isinstance(node, yaml.MappingNode):
        check.at(node, f"{what} must be a mapping")
        return []
    out = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else None
        if name is None or name in out:
            check.at(key, f"{what}: key {name!r} is no text or stands twice")
            continue
        out[name] = (key, value)
    return [(name, key, value) for name, (key, value) in out.items()]


def clean(check, node, limit, what):
    value = gt.scalar(check, node, what) or ""
    if value == "":
        check.at(node, f"{what} is empty")
    if len(value) > limit:
        check.at(node, f"{what} has {len(value)} characters, at most {limit} are allowed")
    if value != " ".join(value.split(" ")).strip() or "  " in value:
        check.at(node, f"{what} has spaces at its ends or in a row")
    if any(not c.isprintable() for c in value):
        check.at(node, f"{what} has control characters or line breaks")
    if re.search(r"[{}]", HOLE.sub("", value)):
        check.at(node, f"{what} has a brace that is no placeholder")
    return value


def holes(text):
    return set(HOLE.findall(text))


def same_holes(check, node, text, english, what):
    if holes(text) != holes(english):
        def show(names):
            return " ".join("{%s}" % n for n in sorted(names)) or "none"
        check.at(node, f"{what}: placeholders are {show(holes(text))}, in English {show(holes(english))}")


def untranslated(check, node, text, english, what):
    """Names and placeholders alone are the same everywhere; whole sentences are not."""
    if text == english:
        check.at(node, f'{what} is still the English text; translate it, or list its key under "same"')


class Language:
    def __init__(self, code, name):
        self.code, self.name = code, name
        self.same = set()
        self.words = {}
        self.threats = {}


def read_words(check, node, lang, english):
    for key, at, value in pairs(check, node, "words"):
        if not KEY.fullmatch(key):
            check.at(at, f"key '{key}' must be words in lower case with dots between")
        reference = english.words.get(key) if english else None
        if english and reference is None:
            check.at(at, f"key '{key}' is not in {ENGLISH}.yaml")
            continue
        limit = WORD_MAX
        if reference is not None:
            limit = min(WORD_MAX, max(int(len(reference) * GROWTH), len(reference) + GROWTH_SHORT))
        text = clean(check, value, limit, key)
        if reference is not None:
            same_holes(check, value, text, reference, key)
            if key not in lang.same:
                untranslated(check, value, text, reference, key)
        lang.words[key] = text
    for key in sorted(set(english.words) - set(lang.words)) if english else []:
        check.at(node, f"key '{key}' is missing")
    for key in sorted(lang.same):
        if english and lang.words.get(key) != english.words.get(key):
            check.at(node, f"key '{key}' stands under \"same\" but differs from English")


def plain(check, node, text, lang, what):
    if text.replace(f'"{gt.PLACEHOLDER}"', "").count(gt.PLACEHOLDER):
        check.at(node, f"{what}: {gt.PLACEHOLDER} stands in double quotes")
    for word in gt.ACRONYM.findall(re.sub(r'"[^"]*"', '""', text)):
        if word not in gt.ACRONYMS_KNOWN | ACRONYMS.get(lang.code, set()):
            check.at(node, f"{what}: the acronym '{word}' means nothing to most people")


def one_text(check, node, limit, english, lang, what):
    text = clean(check, node, limit, what)
    same_holes(check, node, text, english, what)
    untranslated(check, node, text, english, what)
    plain(check, node, text, lang, what)
    return text


def read_threat(check, ident, node, threat, lang):
    found = gt.mapping(check, node, ("title", "why", "next"), ident)
    if found is None or len(found) != 3:
        return
    title = one_text(check, found["title"], gt.TITLE_MAX, threat["title"], lang, f"{ident} title")
    why = one_text(check, found["why"], gt.NOTICE_MAX, threat["why"], lang, f"{ident} why")
    if len(title) + len(why) > gt.NOTICE_MAX:
        check.at(found["why"], f"{ident}: title and why have {len(title) + len(why)} characters"
                 f" together, at most {gt.NOTICE_MAX} are allowed")
    steps = gt.sequence(check, found["next"], f"{ident} next")
    if len(steps) != len(threat["next"]):
        check.at(found["next"], f"{ident} has {len(steps)} steps, in English {len(threat['next'])}")
        return
    lang.threats[ident] = (title, why, [
        one_text(check, step, gt.STEP_MAX, threat["next"][i], lang, f"{ident} next {i + 1}")
        for i, step in enumerate(steps)])


def read_threats(check, node, lang, catalogue):
    known = {t["id"]: t for t in catalogue}
    for ident, at, value in pairs(check, node, "threats"):
        if ident not in known:
            check.at(at, f"threat '{ident}' is not in the catalogue")
        else:
            read_threat(check, ident, value, known[ident], lang)
            known[ident] = dict(known[ident], seen=True)
    for ident in sorted(i for i, t in known.items() if not t.get("seen")):
        check.at(node, f"threat '{ident}' is missing")


def load(check, path, catalogue, english):
    with open(path, encoding="utf-8") as stream:
        root = yaml.compose(stream, Loader=yaml.SafeLoader)
    top = {name: value for name, _, value in pairs(check, root, "the file")}
    wanted = [k for k in TOP_KEYS if k != "same" and (english or k != "threats")]
    for key in sorted((set(wanted) - set(top)) | (set(top) - set(TOP_KEYS))):
        check.at(root, f"the file {'lacks' if key in wanted else 'has the unknown key'} '{key}'")
    if not set(wanted) <= set(top):
        return None
    code = gt.scalar(check, top["language"], "language") or ""
    lang = Language(code, clean(check, top["name"], 40, "name"))
    stem = os.path.splitext(os.path.basename(path))[0]
    if not CODE.fullmatch(code) or code != stem or (english is None and code != ENGLISH):
        check.at(top["language"], f"language '{code}' must be two or three letters, as in the file's name")
    if "same" in top and english:
        lang.same = {gt.scalar(check, n, "same") for n in gt.sequence(check, top["same"], "same")}
    read_words(check, top["words"], lang, english)
    if english:
        read_threats(check, top["threats"], lang, catalogue)
    else:
        lang.threats = {t["id"]: (t["title"], t["why"], t["next"]) for t in catalogue}
    return lang


C_HEAD = """/* Made by tools/gen-words.py from data/lang and data/threats.yaml; edit those. */
#include "model/words_table.h"
"""


def c_language(lang, catalogue, keys):
    lines = []
    for i, threat in enumerate(catalogue):
        lines.append(gt.c_list(f"next_{lang.code}_{i}", lang.threats[threat["id"]][2]))
    lines += ["", f"static const struct pk_threat_words threats_{lang.code}[] = {{"]
    for i, threat in enumerate(catalogue):
        title, why, steps = lang.threats[threat["id"]]
        lines.append(f"    {{ {gt.c_string(title)}, {gt.c_string(why)}, next_{lang.code}_{i},"
                     f" {len(steps)} }},")
    lines += ["};", "", f"static const char *const words_{lang.code}[] = {{"]
    lines += [f"    {gt.c_string(lang.words[key])}," for key in keys]
    return lines + ["};", ""]


def c_source(languages, catalogue):
    keys = sorted(languages[0].words)
    lines = [C_HEAD, "const char *const pk_word_key_table[] = {"]
    lines += [f"    {gt.c_string(key)}," for key in keys]
    lines += ["};", f"const size_t pk_word_key_table_count = {len(keys)};", ""]
    for lang in languages:
        lines += c_language(lang, catalogue, keys)
    lines.append("const struct pk_language_row pk_language_table[] = {")
    for lang in languages:
        lines.append(f"    {{ {gt.c_string(lang.code)}, {gt.c_string(lang.name)}, threats_{lang.code},"
                     f" words_{lang.code} }},")
    lines += ["};", f"const size_t pk_language_table_count = {len(languages)};", ""]
    return "\n".join(lines)


def load_all(check, folder, codes, catalogue):
    english = load(check, os.path.join(folder, f"{ENGLISH}.yaml"), catalogue, None)
    if english is None:
        return []
    found = sorted(n[:-5] for n in os.listdir(folder) if n.endswith(".yaml"))
    if sorted(codes) != found:
        check.add(folder, 0, f"holds the languages {' '.join(found)}, asked for are {' '.join(sorted(codes))}")
    out = [english]
    for code in codes:
        if code != ENGLISH:
            out.append(load(check, os.path.join(folder, f"{code}.yaml"), catalogue, english))
    return out


def main():
    parser = argparse.ArgumentParser(description="check the words for employees and generate from them")
    parser.add_argument("catalogue", metavar="threats.yaml")
    parser.add_argument("folder", metavar="data/lang")
    parser.add_argument("languages", nargs="+", metavar="CODE", help="all that the folder holds")
    parser.add_argument("--c", metavar="FILE", help="write the C tables ('-' is standard output)")
    args = parser.parse_args()
    check = gt.Checker()
    try:
        catalogue = gt.load(check, args.catalogue, None, None)
        languages = load_all(check, args.folder, args.languages, catalogue)
        if not check.finish():
            return 1
        if args.c:
            gt.write(args.c, c_source(languages, catalogue))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        print(f"{mark.name}:{mark.line + 1}: {error.problem}", file=sys.stderr)
        return 1
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        print(f"{args.folder}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
