#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Random sequences of every event on the real agent, against what must hold whenever the world has
come to rest.

    test_model.py [CASE...]                        as tests/run does; the seed is printed
    test_model.py CASE --seed N --events N         one sequence again: the same events, at times
                                                   that the machine's load changes
    test_model.py CASE --script FILE [--times N]   the events of a file, one in a line, as a
                                                   failure prints them
"""

import argparse
import os
import random
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns" / "lib"))
from invariants import Checker  # noqa: E402
from rig import Stage  # noqa: E402
from sequence import sequence  # noqa: E402
from tools.rig.levels import reached  # noqa: E402
from world import EMPTY, World  # noqa: E402

EVENTS = 2400 if reached("nightly") else 600  # of each case
BURST, SPECIAL_EVERY = 20, 5
LOSSES = ("carrier primary down", "set primary down", "unplug primary", "away")
SHRINK_S = 60
LIFE = 60  # bursts in one world: a failure is replayed from its beginning

CASES = {
    "one-pair": {"pairs": 1},
    "two-pairs": {"pairs": 2},
    "direct": {"pairs": 1, "direct": True},
}


class Failure(Exception):
    pass


def live(options, lines):
    """One world through these lines, "check" among them; what came of it: events that did
    something, checks, damped, sent again. Failure says what and after how many lines.
    """
    stage, world, checker, events = Stage(**EMPTY), None, None, 0
    try:
        world = World(stage, **options)
        checker = Checker(world)
        for number, line in enumerate(lines):
            try:
                if line == "check":
                    checker.check()
                else:
                    events += world.apply(line)
            except Exception as error:
                kind = "" if isinstance(error, AssertionError) else traceback.format_exc()
                log = world.stage.log.read_text().splitlines()[-30:]
                raise Failure(number + 1, f"{kind}{error}", "\n".join(log)) from error
        return events, checker.checks, checker.damped, checker.sent_again
    finally:
        if checker:
            checker.close()
        if world:
            world.close()
        stage.close()


def bursts(seed, pairs, count):
    """The lines of so many bursts, each checked."""
    lines, source = [], sequence(seed, pairs)
    for burst in range(count):
        lines += ["agent start"] if burst % SPECIAL_EVERY == 0 else []
        lines += [next(source) for _ in range(BURST)]
        special, number = burst // SPECIAL_EVERY, burst // SPECIAL_EVERY % pairs
        if burst % SPECIAL_EVERY in (0, 2):
            lines += [
                f"{number} {what}"
                for what in (
                    "back",
                    "plug primary",
                    "rename primary own",
                    "switch auto",
                    "carrier primary up",
                    "set primary up",
                )
            ]
            lines += ["agent go-on", "agent pause 60"]
        # How a primary that has to wait is treated shows only just after it failed; what the data
        # path does alone, after an agent's end.
        if burst % SPECIAL_EVERY == 0:
            lines += [
                f"{number} carrier standby {('down', 'up')[special % 3 == 0]}",
                f"{number} flap",
            ]
        if burst % SPECIAL_EVERY == 2:
            lines += ["agent kill", f"{number} {LOSSES[special % len(LOSSES)]}"]
        # Whatever the burst was about, a pair whose standby is down is not in use.
        lines += [
            f"{number} {what}"
            for number in range(pairs)
            for what in ("plug standby", "set standby up")
        ] + ["agent go-on", "check"]
    return lines


def fails(options, lines):
    try:
        live(options, lines)
        return None
    except Failure as failure:
        return failure


def shrink(options, lines):
    """As few of the lines as fail too, as far as time allows."""
    end, size = time.monotonic() + SHRINK_S, max(1, len(lines) // 2)
    while size and time.monotonic() < end:
        start = 0
        while start < len(lines) - 1 and time.monotonic() < end:
            shorter = lines[:start] + lines[start + size:]
            if shorter[-1:] != ["check"]:
                shorter.append("check")
            if len(shorter) < len(lines) and fails(options, shorter):
                lines = shorter
            else:
                start += size
        size //= 2
    return lines


def tell(name, options, seed, lines, failure, may_shrink):
    at, what, log = failure.args
    print(
        f"# {name}, seed {seed}, failed: {what}\n# after {at} lines; the agent's last words:\n{log}"
    )
    lines = lines[:at]
    if may_shrink:
        again = fails(options, lines)
        print(f"# the same events once more: {'failed: ' + again.args[1] if again else 'all well'}")
        if again:
            lines = shrink(options, lines[:again.args[0]])
    print(
        f"# replay, seed {seed}: save these {len(lines)} lines, and: tests/storms/test_model.py {name} --script FILE\n"
        + "\n".join(lines),
        flush=True,
    )


def run(name, seed, wanted, may_shrink=True):
    options, life, events, checks, damped, again, began = (
        CASES[name],
        0,
        0,
        0,
        0,
        0,
        time.monotonic(),
    )
    while events < wanted:
        life += 1
        lines = bursts(f"{seed}.{life}", options["pairs"], min(LIFE, (wanted - events) // 10 + 1))
        try:
            one = live(options, lines)
        except Failure as failure:
            tell(name, options, f"{seed}, life {life}", lines, failure, may_shrink)
            return False
        events, checks, damped, again = (
            events + one[0],
            checks + one[1],
            damped + one[2],
            again + one[3],
        )
    print(
        f"# seed {seed}: {events} events in {life} worlds, {checks} checks ({damped} while a primary that failed often waited, {again} times frames were sent again), {time.monotonic() - began:.0f} s"
    )
    return True


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--script", type=argparse.FileType())
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--no-shrink", action="store_true")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(CASES))
        return
    unknown = [name for name in asked.cases if name not in CASES]
    if unknown:
        parser.error(f"{' '.join(unknown)}: no such case: there are {', '.join(CASES)}")
    if os.geteuid():
        print("root is needed for network namespaces")
        sys.exit(77)
    well, lines = True, asked.script.read().splitlines() if asked.script else None
    for index, name in enumerate(asked.cases or CASES, 1):
        if lines:
            failures = [
                failure
                for failure in (fails(CASES[name], lines) for _ in range(asked.times))
                if failure
            ]
            good = not failures
            for failure in failures:
                print(f"# failed: {failure.args[1]}\n{failure.args[2]}")
        else:
            print(f"# {name}: seed {asked.seed}", flush=True)
            good = run(name, asked.seed, asked.events, not asked.no_shrink)
        well &= good
        print(f"{'ok' if good else 'not ok'} {index} - {name}", flush=True)
    sys.exit(not well)


main()
