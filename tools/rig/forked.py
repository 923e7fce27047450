# SPDX-License-Identifier: GPL-2.0-only
"""Runs the cases of a test program, each in a process of its own, which is forked from one that has
everything loaded.

The program prints its cases with --list (those of the level: levels.py), with --later those that a
later level takes, and what covers them. It runs those that are named on the command line, without
names those of the level, as TAP lines with the seconds and the CPU's seconds of each. Exit status
0 passed, 1 failed, 77 skipped (the last line is the reason).
"""

import os
import signal
import sys
import time
import traceback

from tools.rig.levels import LEVEL, covered_by, level_of, reached

PASSED, FAILED, SKIPPED = 0, 1, 77


def main(cases, run):
    """@cases: {name: (function, …)}; @run: called with a name, in the process of the case; returns
    its status and a text."""
    listed = [name for name, entry in cases.items() if reached(level_of(entry[0]))]
    if sys.argv[1:] == ["--list"]:
        print("".join(f"{name}\n" for name in listed), end="")
        return
    if sys.argv[1:] == ["--later"]:
        print(
            "".join(
                f"{name}\t{level_of(entry[0])}\t{covered_by(entry[0])}\n"
                for name, entry in cases.items()
                if level_of(entry[0]) in ("full", "nightly")
            ),
            end="",
        )
        return
    names = sys.argv[1:] or listed
    if not names:
        print(f"no case at level {LEVEL}")
        sys.exit(SKIPPED)
    unknown = [name for name in names if name not in cases]
    if unknown:
        sys.exit(f"{sys.argv[0]}: {' '.join(unknown)}: no such case: --list names those there are")
    if os.geteuid():
        print("root is needed for network namespaces")
        sys.exit(SKIPPED)
    signal.signal(signal.SIGTERM, _leave)
    statuses = []
    for number, name in enumerate(names, 1):
        status, why = _one(number, name, run)
        statuses.append(status)
    print(
        f"# {statuses.count(PASSED)} passed, {statuses.count(FAILED)} failed, {statuses.count(SKIPPED)} skipped",
        flush=True,
    )
    if set(statuses) == {SKIPPED}:
        print(why)
        sys.exit(SKIPPED)
    sys.exit(FAILED in statuses)


_child = None


def _leave(number, _):
    """The case takes its things away before the program ends."""
    if _child:
        os.kill(_child, signal.SIGTERM)
        os.waitpid(_child, 0)
    os._exit(128 + number)


def _one(number, name, run):
    """Runs a case in a child; prints its line. Its status and text."""
    global _child
    began, (reader, writer) = time.monotonic(), os.pipe()
    sys.stdout.flush()
    # A signal in between must find either no child or one that is known.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if not child:
        os.close(reader)
        _be(name, run, writer)
    _child = child
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.close(writer)
    with open(reader, errors="replace") as said:
        why = said.read()
    _, status, usage = os.wait4(child, 0)
    _child = None
    status = os.waitstatus_to_exitcode(status)
    if status not in (PASSED, FAILED, SKIPPED):
        status, why = FAILED, f"its process ended with {status}"
    first = why.partition("\n")[0]
    text = f" # SKIP {first}" if status == SKIPPED else f": {first}" if first else ""
    if status != SKIPPED:
        text += f" ({time.monotonic() - began:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} s CPU)"
    print(f"{'not ok' if status == FAILED else 'ok'} {number} - {name}{text}", flush=True)
    return status, why


def _be(name, run, writer):
    """The child. Leaves as a program does, for what is registered to be taken away."""
    status, why = FAILED, ""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.set_inheritable(writer, False)
    try:
        status, why = run(name)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        why = "an exception that the case did not expect"
        raise
    finally:
        os.write(writer, why.encode()[:60000])
        os.close(writer)
    sys.exit(status)
