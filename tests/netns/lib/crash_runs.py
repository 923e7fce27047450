# SPDX-License-Identifier: GPL-2.0-only
"""Runs a scenario once to list the crash points that it passes (user/base/crash_point.h), then once
for each of these, with SIGKILL there and a fresh state.

Traffic goes on, the primary may be unplugged as well, the next start restores the usual state, and
unload restores a plain guest. A test program has a table {name: scenario class}, registers a case
for each with add_all() and ends with rig.main().
"""

import os
import re
import signal
import subprocess
import time

from crash import Crash, active
from rig import WITHOUT_TCX, case, check, check_equal, note, wait
from tools.rig.levels import nightly, reached

EVERY = reached("nightly")  # takes an hour
LONG = 6  # points; a list of as many is a long one
PARTS = 8  # a run takes one of so many
# tests/run gives it from the commit's hash
PART = int(os.environ.get("VFSTEER_PART", time.time_ns() // 10**9)) % PARTS
SETTLE_S = 0.05
WITHOUT_TCX_RELEVANT = "hook-|steer-"  # the other points are the same with tcx
# Frames that a veth's peer has taken, but not yet handed on, when the veth is deleted.
IN_FLIGHT = 3

# ---- base scenarios: what is prepared, and what is done by the one that is killed ---------------


class Start:
    """The first start ever."""
    traffic, pairs, rx = True, 1, "exact"
    in_flight = 0  # what may be lost until it has ended
    # how the names of the points begin at which the agent is killed; a regular expression
    relevant = ""
    # is there a case without tcx as well? Only a scenario that attaches programs needs one
    without_tcx = True

    def prepare(self, crash):
        pass

    def settle(self, crash):
        """Takes back what the next start has rightly found, so that all scenarios end alike."""

    def act(self, crash, **environment):
        """Returns the process that was killed, or runs on."""
        agent = crash.doomed(crash.stage.launch, **environment)
        if agent.poll() is None:
            wait(
                "active or killed",
                lambda: agent.poll() is not None
                or all(
                    active(crash.stage, number) == "primary" for number in range(crash.stage.pairs)
                ),
            )
        return agent


class Adopt(Start):
    """A start that finds another's pins."""

    def prepare(self, crash):
        crash.stage.start()
        crash.stage.wait_active("primary")
        crash.stage.stop(signal.SIGKILL)


class Later(Start):
    """An event that befalls an agent whose pairs are all active."""

    def act(self, crash, **environment):
        agent = super().act(crash, VFSTEER_CRASH_ARMED=str(crash.armed), **environment)
        check(agent.poll() is None, "the agent ended too early")
        crash.armed.touch()
        self.befall(crash, agent)
        return agent


# ---- one run after the other ---------------------------------------------------------------------


def passages(text):
    return re.findall(r"^crash point (\S+)$", text, re.M)


def trace(crash, scenario):
    """The passages of a run that does not end."""
    since = len(crash.stage.log.read_text())
    scenario.prepare(crash)
    done = scenario.act(crash, VFSTEER_CRASH_TRACE="1")
    time.sleep(SETTLE_S)
    passed = passages(crash.stage.log.read_text()[since:] + (getattr(done, "stderr", None) or ""))
    crash.restore()
    return passed


def chosen(passed, relevant):
    """Points at their first passage, now with and now without an unplug; of a long run an eighth,
    which the commit chooses. EVERY: all, at each passage, both ways.
    """
    passed = [passage for passage in passed if re.match(relevant, passage)]
    if EVERY:
        return [(passage, unplug) for passage in passed for unplug in (False, True)]
    first = {}
    for passage in passed:
        first.setdefault(passage.split(":")[0], passage)
    lives = list(enumerate(first.values()))
    parts = min(PARTS, max(1, len(lives)))  # each part has a point
    return [
        (passage, number // PARTS % 2 == 1)
        for number, passage in lives
        if len(lives) < LONG or number % parts == PART % parts
    ]


class LivedOn(Exception):
    """The point was not passed: what a run does depends on time as well, and the one that was
    traced had more, or less, of it.
    """


def die(crash, scenario, point, unplug):
    stage, began = crash.stage, time.monotonic()
    scenario.prepare(crash)
    done = scenario.act(crash, VFSTEER_CRASH_AT=point)
    try:
        status = done.wait(10) if hasattr(done, "wait") else done.returncode
    except subprocess.TimeoutExpired:
        raise LivedOn from None
    if status == 0:
        raise LivedOn
    check_equal(status, -signal.SIGKILL, "how it ended")
    primary = "pr0" in stage.guest.run("ls /sys/class/net")
    dead = time.monotonic()
    time.sleep(SETTLE_S)
    if scenario.traffic:
        crash.check_traffic(began, dead, scenario.in_flight, "until it was killed")
    if unplug and primary:
        stage.guest.run("ip link delete pr0")
    gone = time.monotonic()
    time.sleep(SETTLE_S)
    if not primary or unplug:
        stage.add_primary()
    if "st0" not in stage.guest.run("ls /sys/class/net"):
        stage.add_standby()
    stage.start()
    scenario.settle(crash)
    crash.check_converged()
    if scenario.traffic:
        crash.check_traffic(dead, gone, IN_FLIGHT, "while none ran")
        crash.check_traffic(gone, float("inf"), 0, "after the next start")
    crash.restore()
    if scenario.traffic:
        crash.check_traffic(gone, float("inf"), 0, "by unloading")


def die_in_one_of(crash, scenario, point, unplug, lives=3):
    for _ in range(lives):
        try:
            return die(crash, scenario, point, unplug)
        except LivedOn:
            note(f"{point} was not passed")
            crash.restore()
    raise AssertionError(f"not passed in {lives} runs")


def live_and_die(stage, scenario, launcher):
    crash = Crash(stage, launcher, scenario.rx)
    if scenario.traffic:
        crash.begin_traffic()
    lives = chosen(trace(crash, scenario), WITHOUT_TCX_RELEVANT if launcher else scenario.relevant)[
        : int(os.environ.get("LIVES", "999"))
    ]
    check(lives, "no point was passed")
    for point, unplug in lives:
        try:
            die_in_one_of(crash, scenario, point, unplug)
        except AssertionError as error:
            raise AssertionError(
                f"killed at {point}{', then unplugged' if unplug else ''}: {error}"
            ) from error
    note(
        f"VFSTEER_PART={PART}, {len(lives)} runs: {' '.join(point + ',unplugged' * unplug for point, unplug in lives)}"
    )
    crash.end_traffic()


def add(name, scenario, launcher=(), cover=None):
    def run(stage):
        live_and_die(stage, scenario, launcher)
    run.__name__ = name
    if cover:
        nightly(cover)(run)
    case(run, agent=False, pairs=scenario.pairs)


def add_all(scenarios):
    for name, scenario in scenarios.items():
        add(f"killed_at_{name}", scenario())
        if scenario.without_tcx:
            add(
                f"killed_at_{name}_without_tcx", scenario(), [WITHOUT_TCX],
                f"killed-at-{name}; ingress-qdisc without tcx",
            )
