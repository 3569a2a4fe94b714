"""How a host name becomes numbers: the same as src/defense/network/name_features.c, held equal by a test."""

import math
import re

SLOTS = 1 << 14
MULTI = {"co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go", "gob", "gr", "ed", "lg", "nom", "mil", "info"}
HOSTING = ("web.app", "firebaseapp.com", "github.io", "gitlab.io", "blogspot.com", "weebly.com", "wixsite.com", "pages.dev",
           "workers.dev", "netlify.app", "vercel.app", "herokuapp.com", "duckdns.org", "000webhostapp.com", "glitch.me",
           "r2.dev", "repl.co", "ngrok.io", "ngrok-free.app", "azurewebsites.net", "appspot.com", "godaddysites.com",
           "square.site", "webflow.io", "myftp.org", "ddns.net", "hopto.org", "trycloudflare.com", "surge.sh", "onrender.com",
           "fly.dev", "cfolks.pl", "wordpress.com", "jimdosite.com", "webcindario.com", "ipfs.dweb.link", "blob.core.windows.net")
WORDS = ("login", "signin", "secure", "security", "account", "verify", "verification", "update", "confirm", "support", "service",
         "billing", "payment", "wallet", "bank", "card", "auth", "token", "unlock", "recover", "client", "customer", "member",
         "webmail", "mail", "gift", "bonus", "prize", "delivery", "parcel", "tracking", "alert", "id", "online")
DENSE = 20


def fnv(text):
    h = 2166136261
    for byte in text.encode("ascii", "replace"):
        h = (h ^ byte) * 16777619 & 0xffffffff
    return h


def normalise(host):
    """Small letters, no last dot, no leading "www."; None: no host name."""
    host = host.strip().lower().rstrip(".")
    if host.startswith("www."):
        host = host[4:]
    if not host or len(host) > 253 or not re.fullmatch(r"[a-z0-9._-]+", host) or ".." in host or host[0] == "." or "." not in host:
        return None
    return host


def split(host):
    """(labels before, registered label, suffix); hosting providers' names count as suffixes."""
    for suffix in HOSTING:
        if host.endswith("." + suffix):
            rest = host[:-len(suffix) - 1].split(".")
            return rest[:-1], rest[-1], suffix, True
    labels = host.split(".")
    keep = 2 if len(labels) >= 3 and len(labels[-1]) == 2 and labels[-2] in MULTI else 1
    if len(labels) <= keep:
        keep = len(labels) - 1
    return labels[:-keep - 1], labels[-keep - 1], ".".join(labels[-keep:]), False


def entropy(text):
    if not text:
        return 0.0
    counts = {}
    for c in text:
        counts[c] = counts.get(c, 0) + 1
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def run(text, members):
    best = now = 0
    for c in text:
        now = now + 1 if c in members else 0
        best = max(best, now)
    return best


def squash(label):
    """Digits that stand for letters, no separators: what the eye takes."""
    return label.translate(str.maketrans("013456", "oleasb", "-_")).replace("vv", "w").replace("rn", "m")


def near(a, b):
    """At most one letter changed, added, left out, or two neighbours swapped."""
    if a == b:
        return True
    if abs(len(a) - len(b)) > 1:
        return False
    i = 0
    while i < min(len(a), len(b)) and a[i] == b[i]:
        i += 1
    if len(a) == len(b):
        return a[i + 1:] == b[i + 1:] or (i + 1 < len(a) and a[i] == b[i + 1] and a[i + 1] == b[i] and a[i + 2:] == b[i + 2:])
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[i + 1:] == shorter[i:]


def owns(host, domains):
    return any(host == d or host.endswith("." + d) for d in domains)


def brand_signs(host, before, label, brands):
    """[exact label before, token of the registered label, part of it, disguised or mistyped], and the brand."""
    signs, which = [0, 0, 0, 0], None
    tokens = [t for t in re.split(r"[-_]", label) if t]
    others = [t for part in before for t in re.split(r"[-_]", part) if t]
    if any(owns(host, domains) for _, domains in brands):
        return signs, which
    for brand, _ in brands:
        hit = [brand in others, brand in tokens, len(brand) >= 5 and brand in label and brand not in tokens,
               len(brand) >= 5 and any(t != brand and (squash(t) == brand or near(t, brand)) for t in tokens)]
        if len(brand) >= 6 and any(brand in part for part in before):
            hit[0] = True
        if any(hit):
            signs = [max(a, int(b)) for a, b in zip(signs, hit)]
            which = which or brand
    return signs, which


def features(host, brands):
    """(dense values, hashed slots), or None."""
    host = normalise(host)
    if host is None:
        return None
    before, label, suffix, hosted = split(host)
    signs, _ = brand_signs(host, before, label, brands)
    words = sum(1 for t in re.split(r"[-_.]", host) if t in WORDS)
    digits = sum(c.isdigit() for c in label)
    dense = [min(len(host), 100) / 25, min(len(before), 6), digits / max(len(label), 1), min(host.count("-"), 6),
             min(len(label), 40) / 10, entropy(label), float("xn--" in host), *map(float, signs), min(words, 4),
             float(hosted), min(run(label, "bcdfghjklmnpqrstvwxz"), 10), min(run(label, "0123456789"), 8),
             float(bool(re.fullmatch(r"[0-9.]+", host))), float(len(label) <= 3),
             sum(c in "aeiouy" for c in label) / max(len(label), 1), max([min(entropy(p), 5) for p in before] or [0.0]),
             float(any(len(p) == 2 and p in suffix for p in before))]
    slots = {fnv("t:" + suffix)}
    for prefix, text in (("r:", "^" + label + "$"), ("s:", "^" + "^".join(before) + "$" if before else "")):
        for n in (3, 4):
            for i in range(len(text) - n + 1):
                slots.add(fnv(prefix + text[i:i + n]))
    return dense, sorted({s % SLOTS for s in slots})


def load_brands(path):
    rows = []
    for line in open(path, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            brand, _, domains = line.rstrip("\n").partition("\t")
            rows.append((brand, domains.split()))
    return rows


URL_DENSE = 10


def url_features(url, brands):
    """The host's, and what stands behind it: (dense, slots), or None."""
    rest = url.split("://", 1)[1] if "://" in url else url
    cut = min([rest.find(c) for c in "/?#" if rest.find(c) >= 0] or [len(rest)])
    authority, path = rest[:cut], rest[cut:].lower()[:1024]
    at = "@" in authority
    authority = authority.rsplit("@", 1)[-1]
    host, _, port = authority.partition(":")
    found = features(host, brands)
    if found is None:
        return None
    dense, slots = found
    path = "".join(c if " " < c <= "~" else "?" for c in path)
    tokens = [t[:20] for t in re.split(r"[^a-z0-9]+", path) if t]
    slots = set(slots) | {fnv("q:" + t) % SLOTS for t in tokens}
    text = "^" + path[:200] + "$" if len(path) > 1 else ""
    for i in range(len(text) - 2):
        slots.add(fnv("p:" + text[i:i + 3]) % SLOTS)
    digits = sum(c.isdigit() for c in path)
    extra = [min(len(path), 200) / 25, min(path.count("/"), 8), digits / max(len(path), 1), min(path.count("="), 6),
             float("%" in path), float(".php" in path), float(".htm" in path), float(at), float(port not in ("", "80", "443")),
             float(len(path) <= 1)]
    return dense + extra, sorted(slots)
