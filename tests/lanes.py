"""Runs suites beside each other, so that the processor works while others wait.

A suite that keeps every core busy ("work": compilers, static analysis, unit tests) runs in one lane, one after
another, at low priority; suites that mostly wait for programs and clocks run in others, at normal priority, so
that work in the background hardly changes their times.
"""

import os
import threading

WORK, WAIT = "work", "wait"
LOW_PRIORITY = 10


class Suite:
    """`run` returns its outcome. `after` names a suite that must have ended well."""

    def __init__(self, run, kind=WAIT, after=None):
        self.run, self.kind, self.after = run, kind, after


def with_needs(table, names):
    """The names and those that they need, in the order of the table."""
    wanted, due = set(), list(names)
    while due:
        name = due.pop()
        if name not in wanted:
            wanted.add(name)
            due += [table[name].after] if table[name].after else []
    return [name for name in table if name in wanted]


def be_low():
    """In a child before it becomes the program: gives way to everything else."""
    os.nice(LOW_PRIORITY)
    try:  # where the kernel weighs sessions, not processes, the session must give way
        with open("/proc/self/autogroup", "w", encoding="ascii") as weight:
            weight.write(str(LOW_PRIORITY))
    except OSError:
        pass


class Lanes:
    """judge(name, outcome) says whether a suite has ended well; it is called in the order of the ends,
    never twice at once. refuse(name, needed) is asked for the outcome of a suite whose need failed."""

    def __init__(self, table, names, judge, refuse):
        self.table, self.left = table, list(names)
        self.judge, self.refuse = judge, refuse
        self.good, self.over = set(), set()
        self.changed = threading.Condition()
        self.error = None

    def next(self, kinds):
        """A name that may run now; None when none of these kinds is left."""
        with self.changed:
            while True:
                mine = [n for n in self.left if self.table[n].kind in kinds]
                if not mine or self.error is not None:
                    return None
                for name in mine:
                    need = self.table[name].after
                    if need is None or need in self.over or need not in self.table:
                        self.left.remove(name)
                        return name
                self.changed.wait()

    def run_one(self, name):
        need = self.table[name].after
        if need is not None and need not in self.good:
            outcome = self.refuse(name, need)
        else:
            outcome = self.table[name].run()
        with self.changed:
            if self.judge(name, outcome):
                self.good.add(name)
            self.over.add(name)
            self.changed.notify_all()

    def lane(self, kinds):
        try:
            while (name := self.next(kinds)) is not None:
                self.run_one(name)
        except BaseException as error:  # noqa: BLE001 - the main thread ends with it
            with self.changed:
                self.error = self.error or error
                self.changed.notify_all()

    def run(self, waiting_lanes):
        """waiting_lanes 0: all suites one after another, in the order of the table."""
        kinds = [(WORK,)] + [(WAIT,)] * waiting_lanes if waiting_lanes else [(WORK, WAIT)]
        lanes = [threading.Thread(target=self.lane, args=(k,), daemon=True) for k in kinds]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        if self.error is not None:
            raise self.error
