#!/usr/bin/env python3
"""The checkers are checked: what they must refuse and what they must let pass. Prints TAP."""

import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
sys.dont_write_bytecode = True
import lanes  # noqa: E402
import lint_floors  # noqa: E402
import lint_words  # noqa: E402
import meson_suite  # noqa: E402


def test_floors_let_pass():
    for room, part, kind, name in [
        ("server", "", '"', "store/store.h"),
        ("defense", "network", '"', "defense/defense.h"),
        ("defense", "network", '"', "defense/network/arp.h"),
        ("model", "", '"', "base/slice.h"),
        ("agent", "", "<", "pthread.h"),
        ("base", "", '"', "picket/scan.h"),
    ]:
        assert lint_floors.judge_include(room, part, kind, name) is None, (room, name)


def test_floors_refuse():
    for room, part, kind, name, why in [
        ("base", "", '"', "model/threat.h", "above"),
        ("store", "", '"', "pipeline/pipeline.h", "above"),
        ("agent", "", '"', "server/http.h", "beside"),
        ("defense", "network", '"', "defense/physical/posture.h", "peer"),
        ("risk", "", '"', "store/store.h", "pure"),
        ("defense", "network", "<", "pthread.h", "pure"),
    ]:
        wrong = lint_floors.judge_include(room, part, kind, name)
        assert wrong is not None and why in wrong, (room, name, wrong)


def test_floors_see_calls():
    assert lint_floors.IMPURE_CALLS.search("    now = time(NULL);")
    assert lint_floors.IMPURE_CALLS.search("clock_gettime(CLOCK_REALTIME, &ts)")
    assert not lint_floors.IMPURE_CALLS.search("pk_risk_time(facts)")
    assert not lint_floors.IMPURE_CALLS.search("lifetime(facts)")


def test_words_refuse():
    for line in ["see /ho" + "me/ann/notes", '"resol' + 'ved": "https://npm.example/x.tgz"',
                 "regis" + "try=https://npm.example", "<<<<<" + "<< HEAD", "/* TO" + "DO: later */"]:
        assert list(lint_words.complaints("src/base/x.c", line)), line


def test_words_let_pass():
    for line in ["build/bin/picketd", "the $HOME/work/picket folder", "$(BUILD)/home/x",
                 "https://example.test/home/x", "=======", "pk_registry = NULL;"]:
        found = list(lint_words.complaints("src/base/x.c", line))
        assert not found, found


def test_words_count_lines():
    assert list(lint_words.complaints("src/base/x.c", "x\n" * 801))
    assert not list(lint_words.complaints("src/base/x.c", "x\n" * 800))
    assert not list(lint_words.complaints("web/package-lock.json", "x\n" * 5000))


def counted(result, stdout, returncode=0):
    counts = meson_suite.Counts()
    meson_suite.count_program(
        {"name": "t", "result": result, "stdout": stdout, "returncode": returncode}, counts)
    return counts.passed, counts.failed


def test_counting():
    assert counted("OK", "1..2\nok 1 - a\nok 2 - b\n") == (2, 0)
    assert counted("FAIL", "1..2\nok 1 - a\nnot ok 2 - b\n", 1) == (1, 1)
    assert counted("OK", "no tap here\n") == (1, 0)
    assert counted("FAIL", "", 1) == (0, 1)
    assert counted("TIMEOUT", "1..3\nok 1 - a\n") == (1, 1)
    assert counted("FAIL", "1..1\nok 1 - a\n", -11) == (1, 1)


def test_counting_skips():
    assert counted("OK", "1..2\nok 1 - a\nnot ok 2 # SKIP b\n") == (1, 1)
    assert counted("OK", "1..2\nok 1 - a\nok 2 # SKIP b\n") == (1, 1)
    assert counted("SKIP", "") == (0, 1)


def run_lanes(suites, names=None, waiting=2):
    """What was run, and what was refused, in the order of the ends. suites: name -> (outcome, kind, after)."""
    ran, refused, lock = [], [], threading.Lock()

    def suite(name, good, kind, after):
        def run():
            with lock:
                ran.append(name)
            return good
        return lanes.Suite(run, kind, after)

    def refuse(name, need):
        refused.append((name, need))
        return False

    table = {name: suite(name, *row) for name, row in suites.items()}
    judge = lambda name, outcome: outcome  # noqa: E731
    lanes.Lanes(table, lanes.with_needs(table, names or table), judge, refuse).run(waiting)
    return ran, refused


def test_lanes_run_all_once():
    suites = {f"s{n}": (True, (lanes.WORK, lanes.WAIT)[n % 2], None) for n in range(40)}
    for waiting in (0, 1, 3):
        ran, refused = run_lanes(suites, waiting=waiting)
        assert sorted(ran) == sorted(suites) and not refused, (waiting, ran, refused)


def test_lanes_keep_needs():
    suites = {"late": (True, lanes.WAIT, "build"), "early": (True, lanes.WAIT, None), "build": (True, lanes.WORK, None)}
    for waiting in (0, 1, 2):
        ran, _ = run_lanes(suites, waiting=waiting)
        assert ran.index("build") < ran.index("late") and len(ran) == 3, ran
    assert sorted(run_lanes(suites, ["late"])[0]) == ["build", "late"]


def test_lanes_refuse_after_a_failure():
    suites = {"build": (False, lanes.WORK, None), "late": (True, lanes.WAIT, "build")}
    for waiting in (0, 2):
        assert run_lanes(suites, waiting=waiting) == (["build"], [("late", "build")])


def test_lanes_end_with_an_error():
    def broken():
        raise RuntimeError("broken")

    table = {"bad": lanes.Suite(broken, lanes.WORK), "late": lanes.Suite(lambda: True, lanes.WAIT, "bad")}
    try:
        lanes.Lanes(table, table, lambda name, good: good, None).run(2)
    except RuntimeError as error:
        assert str(error) == "broken"
    else:
        raise AssertionError("the error is lost")


def main():
    tests = [(name, call) for name, call in globals().items() if name.startswith("test_")]
    bad = 0
    print(f"1..{len(tests)}")
    for number, (name, call) in enumerate(tests, 1):
        try:
            call()
            print(f"ok {number} - {name}")
        except AssertionError as error:
            bad += 1
            print(f"not ok {number} - {name}\n# {error!r}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
