#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Flap damping: a primary that keeps failing is taken back later and later, `status` says so, and
fair service makes good for it.
"""

import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import case, check, check_equal, main, note, reachable, wait  # noqa: E402

FLAPS = 30
DOWN_S, UP_S = 0.05, 0.1
IN_FLIGHT = 3  # see test_failover.py
PENALTY_MIN_S, FAIR_SERVICE_S = 0.1, 5


def flap(stage, times=FLAPS, until=lambda: False):
    """Losses of carrier, each seen by the agent; the seconds they took."""
    began = time.monotonic()
    for _ in range(times):
        stage.outside.run(f"ip link set pr1 down; sleep {DOWN_S}; ip link set pr1 up; sleep {UP_S}")
        if until():
            break
    return time.monotonic() - began


def failures_within(seconds):
    """How many failures fit when each is followed by the double of the wait before."""
    count, waited = 1, 0.0
    while waited < seconds:
        waited += PENALTY_MIN_S * 2 ** (count - 1)
        count += 1
    return count


@case
def many_flaps(stage):
    out, inbound = stage.flows()
    took_s = flap(stage)
    pair = stage.pair()
    limit = failures_within(took_s)
    check(pair["failures"] >= 3, f"{FLAPS} flaps made {pair['failures']} failures")
    check(
        pair["failures"] <= limit and pair["switches"] <= 1 + 2 * limit,
        f"{pair['failures']} failures and {pair['switches']} switches in {took_s:.1f} s of flaps, not at most {limit} and {1 + 2 * limit}",
    )

    held = wait(
        "the primary to be held back", lambda: stage.pair()["retry_in_ms"] and stage.pair(), 10
    )
    text = stage.succeed("status", "st0")
    check(
        re.search(
            rf"^  held back: failed {held['failures']} times in a row, tried again in \d+ m?s$",
            text, re.MULTILINE,
        ),
        text,
    )
    check_equal(
        (held["active"], held["primary_state"]), ("standby", "joining"),
        "active and state of one that is held back",
    )
    refusal = stage.command("switch", "st0", "primary")
    check_equal(refusal.returncode, 1, "exit status of a switch to one that is held back")

    pair = stage.wait_active("primary", timeout=held["retry_in_ms"] / 1000 + 5)
    check_equal(
        (pair["failures"], pair["retry_in_ms"]), (held["failures"], None),
        "failures and wait of one that has just been taken back",
    )
    check("held back" not in stage.succeed("status"), "'held back' of an active primary")
    wait("the failures to be forgiven", lambda: stage.pair()["failures"] == 0, FAIR_SERVICE_S + 5)
    out.stop(), inbound.stop()
    note(
        f"{FLAPS} flaps in {took_s:.1f} s: {held['failures']} failures, {pair['switches']} switches; "
        f"lost out {out.lost()}, in {inbound.lost()}"
    )
    check(out.lost() <= FLAPS * IN_FLIGHT, f"lost outbound: {out.lost()} of {len(out.times)}")
    check_equal(
        (out.refused, out.copies, inbound.copies), (0, 0, 0),
        "refused, doubled outbound, doubled inbound",
    )

    flap(stage, 1)
    stage.wait_active("primary")
    check_equal(stage.pair()["failures"], 0, "failures of one that failed after fair service")
    reachable(stage)


@case
def outlives_the_agent(stage):
    flap(stage, until=lambda: stage.pair()["failures"] >= 5)
    before = wait(
        "the primary to be held back", lambda: stage.pair()["retry_in_ms"] and stage.pair(), 10
    )
    due = time.monotonic() + before["retry_in_ms"] / 1000
    stage.stop(signal.SIGKILL)
    check_equal(stage.pair()["retry_in_ms"], None, "wait for an agent that is not there")
    check_equal(stage.pair()["failures"], before["failures"], "failures without an agent")
    stage.start()
    pair = stage.pair()
    if time.monotonic() < due - 0.2:
        check_equal(
            (pair["failures"], pair["active"]), (before["failures"], "standby"),
            "failures and active after a restart",
        )
        check(pair["retry_in_ms"], "it is not held back after a restart")
    else:
        note("the agent's start took longer than the wait that was left")
    stage.wait_active("primary", timeout=15)
    check(time.monotonic() >= due - 0.1, "it was taken back too early")
    reachable(stage)


@case
def another_device_starts_afresh(stage):
    flap(stage, until=lambda: stage.pair()["failures"] >= 3)
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    check_equal(
        (stage.pair()["failures"], stage.pair()["retry_in_ms"]), (0, None),
        "failures of what is gone",
    )
    stage.add_primary()
    stage.wait_active("primary")


@case
def operators_switch_is_no_failure(stage):
    for _ in range(5):
        stage.succeed("switch", "st0", "standby")
        stage.succeed("switch", "st0", "auto")
    pair = stage.wait_active("primary")
    check_equal((pair["failures"], pair["retry_in_ms"]), (0, None), "failures and wait")


main()
