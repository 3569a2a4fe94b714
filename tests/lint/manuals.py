#!/usr/bin/env python3
"""The manual pages and the shell completion know every command, verb, option and setting that the programs tell of.

    manuals.py ROOT BIN          complains and ends with 1 where they do not
    manuals.py ROOT BIN --write  writes the lists of settings into picketd.8 and picket-agent.1 anew

The truth is --help and --check-config of the programs in BIN."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Told once, in the section OPTIONS of picket(1).
COMMON = {"--url", "--ca", "--token", "--json", "--help", "--filter", "--sort", "--limit", "--all"}
NESTED = (("crowd", "exchange"),)  # a verb with verbs of its own
SHARED = ("intel", "model", "names", "rules")  # one page of help for all verbs
BEGIN, END = '.\\" settings: as --check-config tells them (tests/lint/manuals.py --write)\n', '.\\" end of settings\n'
FONTS = {"BR", "RB", "BI", "IB", "IR", "RI"}


class Help:
    """What a page of --help says."""

    def __init__(self, program, *words):
        done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, timeout=60, check=False)
        self.text, self.status, self.words = done.stdout, done.returncode, words

    def options(self):
        lines = [line for line in self.text.splitlines() if re.match(r" *\[?--|usage:| +picket", line)]
        return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", "\n".join(lines)))

    def verbs(self):
        listed = re.findall(r"^  ([a-z][a-z-]*)(?: |$)", self.text, re.M)
        used = re.findall(rf"^(?:usage:| {{6}}) picket {' '.join(self.words)} ([a-z][a-z-]*)(?: |$)", self.text, re.M)
        return [v for v in dict.fromkeys(listed + used) if not v.startswith("picket")]


def tree(program):
    """{words of a command: its options}; () is the program itself."""
    top = Help(program)
    commands = [(c,) for c in top.verbs()] + list(NESTED)
    with ThreadPoolExecutor(4) as pool:
        helps = dict(zip(commands, pool.map(lambda words: Help(program, *words), commands)))
        verbs = [(*words, verb) for words, page in helps.items() if words[0] not in ("scan", "replay") for verb in page.verbs()]
        helps.update(zip(verbs, pool.map(lambda words: Help(program, *words), verbs)))
    bad = [f"picket {' '.join(words)} --help ends with {page.status}" for words, page in helps.items() if page.status != 0]
    return {words: page.options() for words, page in helps.items()}, bad


# ---- manual pages ---------------------------------------------------------------------------------------------------

def arguments(line):
    return [quoted if quoted or not plain else plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', line)]


def plain(line):
    """A line of roff as text."""
    if line.startswith("."):
        macro, _, rest = line[1:].partition(" ")
        line = ("" if macro in FONTS else " ").join(arguments(rest))
    line = re.sub(r"\\f[A-Z]|\\&", "", line)
    return line.replace("\\-", "-").replace("\\(lq", '"').replace("\\(rq", '"').replace("\\(dq", '"').replace("\\(aq", "'")


class Manual:
    def __init__(self, path):
        self.name = path.name
        self.blocks = []  # (section, text); a block begins at .TP, .PP, .SH, .SS
        section, lines = "", []
        for line in path.read_text(encoding="utf-8").splitlines() + [".SH END"]:
            if line.startswith('.\\"'):
                continue
            if re.match(r"\.(SH|SS|TP|PP|P)\b", line):
                self.blocks.append((section, " ".join(" ".join(lines).split())))
                lines = []
            if line.startswith(".SH "):
                section = plain(line)
            lines.append(plain(line))
        self.text = "\n".join(text for _, text in self.blocks)

    def about(self, words):
        """All that is said of a command: blocks that name it, and sections that do so in full."""
        name = re.compile(rf"(?<![\w-]){re.escape(' '.join(words))}(?![\w-])")
        whole = re.compile(rf"(?<![\w-])picket {words[0]}(?![\w-])")
        sections = {s for s, text in self.blocks if s not in ("COMMANDS", "EXAMPLES", "ENVIRONMENT") and whole.search(text)}
        return " ".join(text for s, text in self.blocks if s in sections or name.search(text))


def has_word(text, word):
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def check_picket(commands, manual):
    options = " ".join(text for section, text in manual.blocks if section == "OPTIONS")
    for option in sorted(COMMON):
        if not has_word(options, option):
            yield f"{manual.name}: OPTIONS lacks {option}"
    for words, takes in commands.items():
        name = " ".join(words)
        if not has_word(manual.text, name):
            yield f"{manual.name}: nothing about '{name}'"
            continue
        if any(len(other) > len(words) and other[:len(words)] == words for other in commands):
            continue  # its verbs tell
        about = manual.about(words[:1] if words[0] in SHARED else words)
        for option in sorted(takes - COMMON):
            if not has_word(about, option):
                yield f"{manual.name}: '{name}' has {option}, which is not said where it is told of"


def check_program(program, manual, words):
    for option in sorted(Help(program).options()):
        if not has_word(manual.text, option):
            yield f"{manual.name}: {option} of {program.name} --help is missing"
    for word in words:
        if not has_word(manual.text, word):
            yield f"{manual.name}: the command {word} of {program.name} --help is missing"


# ---- settings -------------------------------------------------------------------------------------------------------

def settings_of_server(text):
    for key, value, what in re.findall(r"^([a-z_.]+): (.*?)  # (.*)$", text, re.M):
        yield key, "" if value == "-" else value.strip('"'), what


def settings_of_agent(text):
    path, what = [], ""
    for line in text.splitlines():
        found = re.match(r"( *)(?:# )?([a-z_]+):(?: (.*))?$", line)
        if found is None or (line.lstrip().startswith("# ") and found.group(3)):
            what = line.strip().removeprefix("# ")
            continue
        path = path[:len(found.group(1)) // 4] + [found.group(2)]
        if line.lstrip().startswith("# ") or found.group(3):
            yield ".".join(path), (found.group(3) or "").strip('"'), what


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in ".'" else text


def list_of(settings):
    lines = []
    for key, value, what in settings:
        default = f' " ({roff(value)})"' if value else ""
        begins = re.match(r"[a-z]+(?=[ ,;]|$)", what) is not None  # a word, not sqlite:FILE
        lines += [".TP", f".BR {roff(key)}{default}" if value else f".B {roff(key)}",
                  roff((what[:1].upper() if begins else what[:1]) + what[1:]) + "."]
    return "\n".join(lines) + "\n"


def check_settings(program, read, path, write):
    got = subprocess.run([program, "--config", "/dev/null", "--check-config"], capture_output=True, text=True, timeout=60, check=False)
    settings = list(read(got.stdout))
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if got.returncode != 0 or len(settings) < 20:
        yield f"{program.name} --check-config tells {len(settings)} settings and ends with {got.returncode}"
    elif not begin or not end:
        yield f"{path.name}: there is no place for settings"
    elif write:
        path.write_text(before + BEGIN + list_of(settings) + END + after, encoding="utf-8")
    elif old != list_of(settings):
        yield f"{path.name}: the settings are not those of {program.name} --check-config; run tests/lint/manuals.py --write"


# ---- completion -----------------------------------------------------------------------------------------------------

SHELL = """
. "$1"
while read -r -a COMP_WORDS; do
    COMP_WORDS=("${COMP_WORDS[@]//%/}")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    run=$(complete -p "${COMP_WORDS[0]}" | grep -oE '_picket[a-z_]*' | head -n 1)
    "$run" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\\n' "${COMPREPLY[*]}"
done
"""


def completions(root, bins, lines):
    """The answers of the completion to command lines; '%' stands for an empty word."""
    done = subprocess.run(["bash", "-c", SHELL, "bash", root / "packaging" / "completions" / "picket.bash"],
                          input="".join(" ".join(line) + "\n" for line in lines), capture_output=True, text=True,
                          timeout=300, check=False, env={"PATH": f"{bins}:/usr/bin:/bin", "HOME": "/nonexistent"})
    answers = [set(line.split()) for line in done.stdout.splitlines()]
    assert len(answers) == len(lines), done.stderr
    return answers


def check_completion(root, bins, commands):
    """Commands, verbs and options exactly; where one page of help serves several verbs, of all verbs together."""
    parents = {words[:-1] for words in commands}
    wanted = [(["picket", *words, "%"], {w[-1] for w in commands if w[:-1] == words}) for words in sorted(parents)]
    leaves = [words for words in commands if words not in parents]
    wanted += [(["picket", *words, "--"], commands[words] | {"--help"}) for words in leaves]
    shared = {words for words in leaves if len(words) > 1 and words[0] in SHARED}
    sums = {}
    for (line, want), got in zip(wanted, completions(root, bins, [line for line, _ in wanted])):
        words, verbs = tuple(line[1:-1]), line[-1] == "%"
        got = got - {"--help", "--version"} if verbs else got
        if not verbs and words in shared:
            sums[words[0]] = sums.get(words[0], set()) | got
            got, want = got - want, set()
        if got != want:
            yield f"completion of '{' '.join(line).replace('%', '')}': missing {sorted(want - got)}, too many {sorted(got - want)}"
    for command, got in sums.items():
        missing = commands[command, next(w[1] for w in shared if w[0] == command)] - got
        if missing:
            yield f"completion of 'picket {command}': no verb has {sorted(missing)}"


def check_other_completions(root, bins, programs):
    lines = [[name, "--"] for name in programs] + [[name, "%"] for name, words in programs.items() if words]
    for line, got in zip(lines, completions(root, bins, lines)):
        want = Help(bins / line[0]).options() if line[1] == "--" else set(programs[line[0]])
        if got != want:
            yield f"completion of '{line[0]}': missing {sorted(want - got)}, too many {sorted(got - want)}"


def main():
    root, bins = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    write, man = "--write" in sys.argv[3:], root / "docs" / "man"
    bad = list(check_settings(bins / "picketd", settings_of_server, man / "picketd.8", write))
    bad += check_settings(bins / "picket-agent", settings_of_agent, man / "picket-agent.1", write)
    commands, wrong = tree(bins / "picket")
    bad += wrong
    bad += check_picket(commands, Manual(man / "picket.1"))
    fleet = re.findall(r"^  picket-fleet ([a-z]+) ", Help(bins / "picket-fleet").text, re.M)
    agent = Help(bins / "picket-agent").verbs()
    bad += check_program(bins / "picketd", Manual(man / "picketd.8"), [])
    bad += check_program(bins / "picket-agent", Manual(man / "picket-agent.1"), agent)
    bad += check_program(bins / "picket-fleet", Manual(man / "picket-fleet.1"), fleet)
    bad += check_completion(root, bins, commands)
    bad += check_other_completions(root, bins, {"picketd": [], "picket-agent": agent, "picket-fleet": fleet})
    print("\n".join(bad))
    if not bad:
        print(f"{len(commands)} commands and verbs, {sum(map(len, commands.values()))} options of them")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
