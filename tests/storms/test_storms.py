#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Too much at once: in the end all is as it should be, and nothing of it is left in memory,
descriptors, programs, maps or links.
"""

import contextlib
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns" / "lib"))
import bpf  # noqa: E402
import rtnl  # noqa: E402
from invariants import Checker  # noqa: E402
from rig import case, check, check_equal, main, note, wait  # noqa: E402
from tools.rig.levels import nightly, reached  # noqa: E402
from world import EMPTY, World  # noqa: E402

# Less by day; a socket overflows after some thousand events all the same, and a primary that failed
# often waits.
LINK_EVENTS, FLAPS, HOTPLUGS, WARM_UP, REPLACEMENTS = (
    (10000, 1000, 200, 20, 30) if reached("nightly") else (10000, 1000, 60, 20, 8)
)
RSS_GROWTH_KIB = 1024
# A primary that failed a thousand times waits for as long as there is (user/policy/policy.c), and
# is then taken back.
LONGEST_WAIT_S = 45


@contextlib.contextmanager
def world_of(stage, pairs=1):
    world = World(stage, pairs)
    checker = Checker(world)
    try:
        checker.check()
        yield world, checker
    finally:
        checker.close()
        world.close()


def footprint(world):
    """What the agent and its pairs take: descriptors, memory, and what is in the kernel with the
    map of pairs.
    """
    process = f"/proc/{world.agent.pid}"
    with open(f"{process}/status") as status:
        rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    pairs = bpf.get(world.stage.pins / "pairs")
    around = bpf.around(pairs)
    os.close(pairs)
    return {"descriptors": len(os.listdir(f"{process}/fd")), "rss_kib": rss, **around}


def check_footprint(world, before):
    """What is freed by the kernel a moment later has that moment."""
    def same():
        after = footprint(world)
        return {key: value for key, value in after.items() if key != "rss_kib"} == {
            key: value for key, value in before.items() if key != "rss_kib"
        }
    with contextlib.suppress(AssertionError):
        wait("what was used to be free again", same)
    after = footprint(world)
    note(f"before {before}, after {after}")
    check(same(), f"left over: {after}, before it was {before}")
    check(
        after["rss_kib"] <= before["rss_kib"] + RSS_GROWTH_KIB,
        f"memory grew from {before['rss_kib']} to {after['rss_kib']} KiB",
    )


def lost_messages(world):
    """How many notifications the kernel could not queue for the agent (/proc/net/netlink: Drops).
    """
    with open(f"/proc/{world.agent.pid}/net/netlink") as lines:
        rows = [line.split() for line in lines][1:]
    return sum(int(row[8]) for row in rows)


@case(**EMPTY)
def netlink_overflow(stage):
    """The agent does not run while the world changes, with more notifications than its socket
    holds.
    """
    with world_of(stage, pairs=2) as (world, checker):
        before = footprint(world)
        world.apply("agent stand-still")
        for line in (
            "0 unplug primary",
            "0 plug primary",
            "1 away",
            "1 back",
            "1 unplug standby",
            "1 plug standby",
            "0 carrier primary down",
        ):
            check(world.apply(line), f"{line}: it did nothing")
        device = world.inner.devices()["st0"]
        for event in range(LINK_EVENTS):
            world.inner.set(device.index, rtnl.IFLA_MTU, 1400 + event % 100)
        # The last changes are those whose notifications were lost.
        for line in (
            "0 carrier primary up",
            "0 address add 2",
            "0 mtu standby 1400",
            "0 mac other",
            "0 rename standby other",
            "1 carrier primary down",
        ):
            check(world.apply(line), f"{line}: it did nothing")
        lost = lost_messages(world)
        check(lost > 0, "no message was lost: that was no overflow")
        world.apply("agent go-on")
        checker.check()
        world.apply("1 carrier primary up")
        checker.check()
        note(f"{LINK_EVENTS} events, {lost} lost")
        check_footprint(world, before)


@case(**EMPTY)
@nightly("storms netlink-overflow, storms model")
def away_and_back_unheard(stage):
    """In another namespace and back under its index, in the very messages that were lost."""
    with world_of(stage) as (world, checker):
        world.apply("agent stand-still")
        index = world.inner.devices()["st0"].index
        for event in range(LINK_EVENTS):
            world.inner.set(index, rtnl.IFLA_MTU, 1400 + event % 100)
        check(lost_messages(world), "no message was lost: that was no overflow")
        for line in ("0 away", "0 back"):
            check(world.apply(line), f"{line}: it did nothing")
        world.apply("agent go-on")
        checker.check()


@case(**EMPTY)
def carrier_flaps(stage):
    with world_of(stage) as (world, checker):
        before, began = footprint(world), time.monotonic()
        for flap in range(FLAPS):
            world.outer.up("pr1", False)
            time.sleep(flap % 4 / 1000)
            world.outer.up("pr1", True)
            time.sleep(flap % 3 / 1000)
        took = time.monotonic() - began
        checker.wires_rest()
        wait("the primary to be active again", lambda: not checker.faults(), LONGEST_WAIT_S)
        note(
            f"{FLAPS} flaps in {took:.1f} s, active again {time.monotonic() - began - took:.1f} s later, {checker.read_pairs()[0].switches} switches"
        )
        checker.check()
        check_footprint(world, before)


def hotplug(world, checker, cycles):
    for cycle in range(cycles):
        check(
            world.apply(("0 unplug primary", "0 unplug-by-peer")[cycle % 2]),
            "the primary was not there",
        )
        check(world.apply("0 plug primary"), "the primary was there")
        if cycle % 4 == 0:
            checker.settle()


@case(**EMPTY)
def hotplug_cycles(stage):
    with world_of(stage) as (world, checker):
        hotplug(world, checker, WARM_UP)
        checker.check()
        before = footprint(world)
        hotplug(world, checker, HOTPLUGS)
        checker.check()
        check_footprint(world, before)


@case(**EMPTY)
def standby_replaced_often(stage):
    """A pair is given up and another made: its programs come and go with it."""
    def replace(times):
        for _ in range(times):
            check(
                world.apply("0 unplug standby") and world.apply("0 plug standby"),
                "the standby was not there",
            )
            checker.settle()

    with world_of(stage) as (world, checker):
        replace(5)
        checker.check()
        before = footprint(world)
        replace(REPLACEMENTS)
        checker.check()
        check_equal(len(checker.read_pairs()), 1, "pairs")
        check_footprint(world, before)


main()
