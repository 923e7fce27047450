#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What a switch announces of ports: their MACs, and the addresses that were seen behind them."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from announcements import announced_of  # noqa: E402
from packets import arp, wire_capture  # noqa: E402
from ports import Container, by_best_driver, wait_present  # noqa: E402
from rig import (  # noqa: E402
    GUEST, MAC, OUTSIDE, case, check, check_equal, inject, main, reachable, wait,
)


def events(stage):
    """What makes a pair switch, (do it, the wire that is active then, the other one if it can be
    listened to).
    """
    yield lambda: stage.succeed("switch", "st0", "standby"), "st1", "pr1"
    yield lambda: stage.succeed("switch", "st0", "auto"), "pr1", "st1"
    yield lambda: stage.guest.run("ip link set pr0 down"), "st1", None
    yield lambda: stage.guest.run("ip link set pr0 up"), "pr1", "st1"


@by_best_driver
def announcements(stage, mode):
    """At each switch: each port's MAC, and the addresses seen behind it, with their tags; and the
    host's own as ever.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        one.netns.run("ping -6 -n -q -c 1 -W 2 fd77::2")
        inject(one.netns, "ct0", arp(one.mac, "10.78.0.101", 7))
        inject(one.netns, "ct0", arp(one.mac, "10.77.0.111"))
        expected = {
            one.mac: {
                (0, "rarp"),
                (0, one.address),
                (0, one.address6),
                (7, "10.78.0.101"),
                (0, "10.77.0.111"),
            },
            two.mac: {(0, "rarp")},
            MAC: {(0, "rarp"), (0, GUEST)},
        }
        time.sleep(1)
        for event, wire, quiet in events(stage):
            here, there = wire_capture(stage, stage.outside, wire), quiet and wire_capture(
                stage, stage.outside, quiet
            )
            event()
            for mac, wanted in expected.items():
                wait(
                    f"{sorted(wanted)} of {mac} on {wire}",
                    lambda: announced_of(here.frames(outgoing=False), mac) >= wanted, 2,
                )
            time.sleep(0.35)
            rest = announced_of(here.frames(outgoing=False), one.mac) - expected[one.mac]
            # Its link-local address may have been seen as well.
            check(
                all(what.startswith("fe80:") for _, what in rest),
                f"announced of {one.mac} on {wire}: {rest}",
            )
            for mac in (one.mac, two.mac) if there else ():
                check_equal(
                    announced_of(there.frames(outgoing=False), mac), set(),
                    f"announced of {mac} on {quiet}, which is not active",
                )


@case
def announcements_end_with_the_port(stage):
    with Container(stage) as one, Container(stage, 2) as two:
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        reachable(stage, two.netns, stage.outside, OUTSIDE)
        one.leave()
        time.sleep(0.7)
        wire = wire_capture(stage, stage.outside, "st1")
        stage.succeed("switch", "st0", "standby")
        wait(
            "the other port's announcement",
            lambda: announced_of(wire.frames(outgoing=False), two.mac)
            >= {(0, "rarp"), (0, two.address)},
        )
        time.sleep(0.4)
        check_equal(
            announced_of(wire.frames(outgoing=False), one.mac), set(),
            "announced of a port that is gone",
        )


@case
def announcement_after_a_restart(stage):
    """A switch that no agent saw: the next one announces it, with what was learned before."""
    with Container(stage) as one:
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        stage.stop(signal.SIGKILL)
        stage.guest.run("ip link delete pr0")
        wire = wire_capture(stage, stage.outside, "st1")
        stage.start()
        wait(
            "what is behind the port",
            lambda: announced_of(wire.frames(outgoing=False), one.mac)
            >= {(0, "rarp"), (0, one.address)},
        )


@case
def address_learned_without_agent(stage):
    with Container(stage) as one:
        stage.stop(signal.SIGKILL)
        inject(one.netns, "ct0", arp(one.mac, "10.77.0.112"))
        stage.start()
        wait_present(one)
        wire = wire_capture(stage, stage.outside, "st1")
        stage.succeed("switch", "st0", "standby")
        wait(
            "the address",
            lambda: announced_of(wire.frames(outgoing=False), one.mac)
            >= {(0, "rarp"), (0, "10.77.0.112")},
        )


main()
