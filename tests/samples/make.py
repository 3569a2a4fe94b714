#!/usr/bin/env python3
"""Builds the samples of the behaviour rules: small apps that contain the shape of code a rule looks for, or
something that only looks like it. None of them does anything: no method gets an object it could work on, names of
hosts are example.com, and what would be a payload is the word "sample".

    make.py [FOLDER]      builds what changed (default: build/samples), prints the files

The sources are *.sample beside this script; docs/rules-howto.md describes their lines. Code goes through smali,
signatures through apksig, both in one Java process (Assemble.java).
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "tools"))
sys.path.insert(0, str(HERE))
from apkmake import axml  # noqa: E402
import apple  # noqa: E402
import shapes  # noqa: E402

JARS = ("smali.jar", "dexlib2.jar", "smali-util.jar", "antlr3-runtime.jar", "guava.jar", "jcommander.jar",
        "apksig.jar")
KEYS = {"maker": "/CN=Sample maker/O=Example/C=DE", "debug": "/CN=Android Debug/O=Android/C=US",
        "other": "/CN=Somebody else"}
MORE_IDS = {"permission": 0x01010006, "enabled": 0x0101000E, "debuggable": 0x0101000F, "process": 0x01010011,
            "authorities": 0x01010018, "priority": 0x0101001C, "value": 0x01010024, "mimeType": 0x01010026,
            "scheme": 0x01010027, "host": 0x01010028, "testOnly": 0x01010272, "allowBackup": 0x01010280,
            "usesCleartextTraffic": 0x010104EC}
TRUE = 0xFFFFFFFF


class Sample:
    """One file to be: what its lines say."""

    def __init__(self, rule, good, lines, reason=""):
        self.rule, self.good, self.lines, self.reason = rule, good, lines, reason
        first = {line.split()[0] for line in lines if line.strip()}
        self.expected = {line.split()[1] for line in lines if line.startswith("expect ")}
        self.kind = "ios" if "ios" in first else "elf" if "elf" in first else "apk"

    @property
    def name(self):
        return f"{self.rule}-{'yes' if self.good else 'no'}"

    @property
    def suffix(self):
        return {"apk": ".apk", "ios": ".ipa", "elf": ".so"}[self.kind]


def read(folder=HERE):
    """Every sample of every *.sample file, by name."""
    raw, order = {}, []
    for path in sorted(Path(folder).glob("*.sample")):
        current = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("== "):
                rule = line[3:].strip()
                if (rule, True) in raw:
                    sys.exit(f"{path.name}:{number}: a second sample of '{rule}'")
                current = raw.setdefault((rule, True), {"lines": [], "reason": ""})
                order.append((rule, True))
            elif line.startswith("-- "):
                current = raw.setdefault((rule, False), {"lines": [], "reason": line[3:].strip()})
                order.append((rule, False))
            elif line.strip() and not line.startswith("#"):
                if current is None:
                    sys.exit(f"{path.name}:{number}: '{line}' belongs to no sample")
                current["lines"].append(line.strip())
    return {(rule, good): Sample(rule, good, expand(raw, rule, good), raw[rule, good]["reason"])
            for rule, good in order}


def expand(raw, rule, good, depth=0):
    """Lines with `use RULE` replaced by that rule's positive sample, and of a negative the lines of its positive
    after `without` and `change`."""
    if depth > 8:
        sys.exit(f"{rule}: samples use each other in a circle")
    lines = raw[rule, good]["lines"]
    edits = [line for line in lines if line.split()[0] in ("without", "change")]
    out = expand(raw, rule, True, depth + 1) if edits and not good else []
    for line in lines:
        word, _, rest = line.partition(" ")
        before = list(out)
        if word == "use":
            if (rest, True) not in raw:
                sys.exit(f"{rule}: there is no sample '{rest}'")
            out += ["main"] + expand(raw, rest, True, depth + 1) + ["main"]
        elif word == "without":
            out = [kept for kept in out if not kept.startswith(rest)]
        elif word == "change":
            old, _, new = rest.partition(" => ")
            out = [kept.replace(old, new) for kept in out]
        else:
            out.append(line)
        if word in ("without", "change") and out == before:
            sys.exit(f"{rule}: '{line}' changes nothing")
    return out


# ---- Android ---------------------------------------------------------------------------------------

def permission(name):
    return name if "." in name else "android.permission." + name


class Manifest:
    """The lines of a sample that are about the manifest."""

    def __init__(self, package):
        self.package, self.permissions, self.components = package, [], []
        self.metadata, self.flags, self.launcher, self.target = [], {}, True, 33

    def read(self, word, rest):
        if word == "permission":
            self.permissions += [permission(p) for p in rest.split()]
        elif word in ("activity", "service", "receiver", "provider"):
            self.component(word, *rest.split())
        elif word == "meta":
            self.metadata.append(rest)
        elif word == "flag":
            self.flags[rest] = TRUE
        elif word == "launcher":
            self.launcher = rest != "no"
        elif word == "target":
            self.target = int(rest)
        else:
            return False
        return True

    def component(self, tag, name, *words):
        said = {"action": [], "category": [], "data": []}
        for word in words:
            key, _, value = word.partition("=")
            if key in ("action", "category"):
                said[key].append(value)
            elif key in ("scheme", "host"):
                said["data"].append((key, value))
            else:
                said[key] = value
        full = name if "." in name[1:] or "." in name and not name.startswith(".") else \
            f"{self.package}.{name.lstrip('.')}"
        attributes = [("name", axml.STRING, full)]
        if "permission" in said:
            attributes.append(("permission", axml.STRING, permission(said["permission"])))
        if "authority" in said:
            attributes.append(("authorities", axml.STRING, said["authority"]))
        if "exported" in said or said["action"]:
            attributes.append(("exported", axml.BOOLEAN, 0 if said.get("exported") == "no" else TRUE))
        if said.get("enabled") == "no":
            attributes.append(("enabled", axml.BOOLEAN, 0))
        children = [axml.Element(key, [("name", axml.STRING, value)])
                    for key in ("action", "category") for value in said[key]]
        children += [axml.Element("data", [(key, axml.STRING, value)]) for key, value in said["data"]]
        priority = [("priority", axml.DECIMAL, int(said["priority"]))] if "priority" in said else []
        filters = [axml.Element("intent-filter", priority, children)] if children else []
        self.components.append((full, tag, axml.Element(tag, attributes, filters)))

    def write(self):
        if self.launcher:
            self.component("activity", "Main", "action=android.intent.action.MAIN",
                           "category=android.intent.category.LAUNCHER")
        flags = [(name, axml.BOOLEAN, value) for name, value in self.flags.items()]
        inside = [element for _, _, element in self.components]
        inside += [axml.Element("meta-data", [("name", axml.STRING, name), ("value", axml.STRING, "sample")])
                   for name in self.metadata]
        root = axml.Element("manifest", [("versionCode", axml.DECIMAL, 1), ("versionName", axml.STRING, "1.0"),
                                         ("package", axml.STRING, self.package)], [
            axml.Element("uses-sdk", [("minSdkVersion", axml.DECIMAL, min(24, self.target)),
                                      ("targetSdkVersion", axml.DECIMAL, self.target)]),
            *[axml.Element("uses-permission", [("name", axml.STRING, p)]) for p in self.permissions],
            axml.Element("application", [("label", axml.STRING, "Sample"), *flags], inside)])
        return axml.Document(root).write()


def library(symbols, folder):
    """A shared object that imports these symbols and does nothing."""
    source = "".join(f"extern void {s}_(void) __asm__(\"{s}\");\n" for s in symbols)
    source += "void sample(int never)\n{\n\tif (never == 1) {\n" + \
        "".join(f"\t\t{s}_();\n" for s in symbols) + "\t}\n}\n"
    out = Path(folder) / "lib.so"
    subprocess.run(["gcc", "-x", "c", "-shared", "-fPIC", "-nostdlib", "-fno-builtin", "-w", "-Wl,-z,now,-z,relro",
                    "-o", str(out), "-"], input=source.encode(), check=True, timeout=60)
    return out.read_bytes()


def write_android(sample, folder):
    """The folder that Assemble.java makes an APK of; gives the key's name."""
    package = "com.example." + re.sub(r"[^a-z0-9]", "", sample.rule)
    manifest, code, symbols, key = Manifest(package), shapes.Code(package), [], "maker"
    apk = folder / "apk"
    for line in sample.lines:
        word, _, rest = line.partition(" ")
        if word == "expect":
            pass  # what the test looks for
        elif word == "import":
            symbols += rest.split()
        elif word == "file":
            path = apk / rest
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"sample\n")
        elif word == "hollow":
            code.component = lambda name, tag: None  # no empty classes for what has none
        elif word == "key":
            key = {"none": "-"}.get(rest, rest)
        elif not manifest.read(word, rest) and not code.read(word, rest):
            sys.exit(f"{sample.name}: what is '{line}'?")
    apk.mkdir(parents=True, exist_ok=True)
    (apk / "AndroidManifest.xml").write_bytes(manifest.write())
    for name, tag, _ in manifest.components:
        code.component(name, tag)
    code.write(folder / "smali")
    if symbols:
        path = apk / "lib" / "x86_64" / "libsample.so"
        path.parent.mkdir(parents=True)
        path.write_bytes(library(list(dict.fromkeys(symbols)), folder))
    return key


# ---- all together ----------------------------------------------------------------------------------

def keys(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, subject in KEYS.items():
        if (folder / f"{name}.der").exists():
            continue
        pem = folder / f"{name}.pem"
        for args in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", pem],
                     ["pkcs8", "-topk8", "-nocrypt", "-in", pem, "-outform", "DER", "-out", folder / f"{name}.pk8"],
                     ["req", "-new", "-x509", "-key", pem, "-subj", subject, "-days", "10000", "-sha256",
                      "-outform", "DER", "-out", folder / f"{name}.der"]):
            subprocess.run(["openssl", *map(str, args)], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=60)


def java(jobs, keys_folder):
    jars = [str(Path("/usr/share/java") / jar) for jar in JARS]
    done = subprocess.run(["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", ":".join(jars),
                           str(HERE / "Assemble.java"), str(keys_folder)], text=True, check=False, timeout=300,
                          input="".join("\t".join(map(str, job)) + "\n" for job in jobs))
    if done.returncode != 0:
        sys.exit("the samples do not build")


def build(folder):
    """Builds what is not there yet; gives (rule, good) -> (Sample, path)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tools = b"".join((HERE / name).read_bytes()
                     for name in ("make.py", "shapes.py", "apple.py", "types.txt", "Assemble.java"))
    tools += (ROOT / "tests/tools/apkmake/axml.py").read_bytes()
    axml.IDS.update(MORE_IDS)
    keys(folder / "keys")
    out, jobs = {}, []
    with tempfile.TemporaryDirectory(dir=folder) as work:
        for (rule, good), sample in read().items():
            digest = hashlib.sha256(tools + "\n".join(sample.lines).encode()).hexdigest()[:12]
            path = folder / f"{sample.name}-{digest}{sample.suffix}"
            out[rule, good] = (sample, path)
            if path.exists():
                continue
            place = Path(work) / sample.name
            place.mkdir()
            if sample.kind == "apk":
                jobs.append((place, path, write_android(sample, place)))
            elif sample.kind == "ios":
                path.write_bytes(apple.app(sample.lines))
            else:
                symbols = [s for line in sample.lines if line.startswith("import ") for s in line.split()[1:]]
                path.write_bytes(library(symbols, place))
        if jobs:
            java(jobs, folder / "keys")
    wanted = {path.name for _, path in out.values()}
    for old in folder.iterdir():
        if old.is_file() and old.name not in wanted:
            old.unlink()
    return out


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] == ["--help"]:
        sys.exit(__doc__.strip())
    place = sys.argv[1] if len(sys.argv) > 1 else Path(os.environ.get("PICKET_BUILD", ROOT / "build")) / "samples"
    if shutil.which("java") is None:
        sys.exit("there is no java")
    for sample, path in build(place).values():
        print(sample.name, path)


if __name__ == "__main__":
    main()
