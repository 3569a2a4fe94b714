"""Why a program under test is gone: the end of its log, told once, when it ended by itself or a sanitizer
complained. Not a suite by itself."""

import re
import signal
from pathlib import Path

LINES = 60
COMPLAINT = re.compile(r"runtime error: |ERROR: \w+Sanitizer|Sanitizer:DEADLYSIGNAL|^Assertion ", re.M)
CRASHES = {-s for s in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS)}
told = set()


def told_of(name, child, log):
    """True when the program crashed or a sanitizer complained. `child` may still run; `log` is a path."""
    text = Path(log).read_text("utf-8", "replace") if Path(log).exists() else ""
    status = child.poll() if child is not None else None
    complaint = COMPLAINT.search(text)
    if complaint:
        tell(name, status, text[text.rfind("\n", 0, complaint.start()) + 1:], head=True)
    elif status in CRASHES:
        tell(name, status, text)
    return complaint is not None or status in CRASHES


def tell_if_gone(name, child, log):
    """Somebody was refused: says so when the program is not there although nobody killed it."""
    status = child.poll() if child is not None else None
    asked = (None, 0, -signal.SIGKILL, -signal.SIGTERM)
    if status not in asked and not told_of(name, child, log):
        tell(name, status, Path(log).read_text("utf-8", "replace"))


def tell(name, status, text, head=False):
    """A sanitizer's words are best at their beginning, a log's at its end."""
    lines = text.rstrip().splitlines()
    lines = lines[:LINES] if head else lines[-LINES:]
    if (name, tuple(lines)) in told:
        return
    told.add((name, tuple(lines)))
    print(f"---- {name}: {'it runs on' if status is None else f'ended with {status}'}; "
          f"{'the complaint' if head else 'the end of its log'}:")
    print("\n".join("     " + line for line in lines), flush=True)
