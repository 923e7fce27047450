#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A hostile container: whatever it sends, nothing ends, nothing switches, no other traffic suffers,
and what is dropped is counted.
"""

import contextlib
import signal
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from announcements import announced_of  # noqa: E402
from packets import arp, tagged, wire_capture  # noqa: E402
from ports import Container, Moved, by_best_driver, wait_present, works  # noqa: E402
from rig import (  # noqa: E402
    BROADCAST, ETH_P_TEST, GUEST, MAC, OUTSIDE, Flow, case, check, check_equal, flood, frame,
    inject, mac_bytes, main, note, reachable, wait,
)

OTHER, STRANGER = "02:00:00:00:00:aa", "02:00:00:00:00:77"
FLOOD = 3000
SHARE = 64  # of the learned addresses, one port's


def learned_of(stage, mac):
    """Where the outside's bridge has learned a MAC."""
    return {
        line.split()[2]
        for line in stage.outside.run("bridge fdb show br br0").splitlines()
        if line.startswith(mac) and "permanent" not in line
    }


@contextlib.contextmanager
def unmoved(stage):
    """Nothing of what is done meanwhile makes the pair switch, or the agent end."""
    before = stage.pair()
    yield
    after = stage.pair()
    for name in ("active", "switches", "primary_state"):
        check_equal(after[name], before[name], f"the pair's {name}")
    check_equal(stage.agent.poll(), None, "the agent's exit status")


@by_best_driver
def spoofed_sources(stage, mode):
    """A foreign MAC: the pair's, another port's, the outside's, a group's, none. Dropped, counted,
    and no bridge learns from it.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two, unmoved(stage):
        works(stage, two)
        heard = [
            stage.capture(*place)
            for place in (
                (two.netns, "ct0"),
                (stage.guest, "st0", ETH_P_TEST),
                (stage.outside, "st1"),
                (stage.outside, "pr1"),
            )
        ]
        places = {mac: learned_of(stage, mac) for mac in (MAC, two.mac)}
        moved, sent = Moved(one), 0
        for source in (
            MAC,
            two.mac,
            "02:76:66:00:00:fe",
            "01:00:5e:01:02:03",
            "00:00:00:00:00:00",
            BROADCAST,
        ):
            for to in (STRANGER, two.mac, MAC, BROADCAST):
                for data in (
                    frame(to, source, payload=b"spoofed"),
                    tagged(frame(to, source, payload=b"spoofed"), (0x8100, 7)),
                ):
                    inject(one.netns, "ct0", data)
                    sent += 1
        wait(
            "all of them to be counted",
            lambda: moved.since()[1]["drop_foreign_source_packets"] == sent,
        )
        time.sleep(0.1)
        check_equal(
            [
                sum(b"spoofed" in data for data in capture.frames(outgoing=False))
                for capture in heard
            ],
            [0, 0, 0, 0],
            "received by (two, host, st1, pr1)",
        )
        check_equal(
            {mac: learned_of(stage, mac) for mac in places}, places,
            "where the outside's bridge has learned each",
        )
        check_equal(moved.since()[1]["tx_packets"], 0, "counted as sent")
        works(stage, one)


@by_best_driver
def addresses_of_others_stay_learned(stage, mode):
    """A flood of ARP from ten thousand addresses: the other port's, learned before and after, are
    announced; of the flood a share.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        inject(two.netns, "ct0", arp(two.mac, "10.77.0.212"))
        reachable(stage, two.netns, stage.outside, OUTSIDE)
        flood(
            one.netns, "ct0",
            (arp(one.mac, f"10.80.{number >> 8}.{number & 0xff}") for number in range(1, 10001)),
        )
        inject(two.netns, "ct0", arp(two.mac, "10.77.0.213"))
        flood(
            one.netns,
            "ct0",
            (
                arp(one.mac, f"10.81.{number >> 8}.{number & 0xff}", vlan=number % 4000 + 1)
                for number in range(1, 3001)
            ),
        )
        time.sleep(1.5)  # where no program wakes it, the agent looks once a second
        wire = wire_capture(stage, stage.outside, "st1")
        stage.succeed("switch", "st0", "standby")
        wanted = {(0, "rarp"), (0, two.address), (0, "10.77.0.212"), (0, "10.77.0.213")}
        wait(
            "the other port's addresses",
            lambda: announced_of(wire.frames(outgoing=False), two.mac) >= wanted, 2,
        )
        wait(
            "the host's",
            lambda: announced_of(wire.frames(outgoing=False), MAC) >= {(0, "rarp"), (0, GUEST)}, 2,
        )
        time.sleep(0.5)
        of_flood = announced_of(wire.frames(outgoing=False), one.mac)
        note(f"{len(of_flood)} addresses of the flood announced")
        check(len(of_flood) <= SHARE + 1, f"{len(of_flood)} addresses of the flood announced")
        check_equal(stage.agent.poll(), None, "the agent's exit status")
        works(stage, one)
        works(stage, two)


@by_best_driver
def share_of_learned_addresses_is_kept(stage, mode):
    """Whatever replaces the programs: a port has the same share of the table, also after many
    agents, and displaces no other port's addresses.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        inject(two.netns, "ct0", arp(two.mac, "10.77.0.212"))
        for turn in range(4):
            flood(
                one.netns,
                "ct0",
                (
                    arp(one.mac, f"10.{80 + turn}.{number >> 8}.{number & 0xff}")
                    for number in range(1, 501)
                ),
            )
            stage.stop(signal.SIGKILL)
            stage.start()
        wait_present(one)
        wire = wire_capture(stage, stage.outside, "st1")
        stage.succeed("switch", "st0", "standby")
        wait(
            "the other port's address",
            lambda: announced_of(wire.frames(outgoing=False), two.mac) >= {(0, "10.77.0.212")}, 2,
        )
        time.sleep(0.5)
        of_flood = announced_of(wire.frames(outgoing=False), one.mac)
        check(
            len(of_flood) <= SHARE + 1,
            f"{len(of_flood)} addresses of the flood announced, after four agents",
        )


@case
def address_of_another(stage):
    """It claims the host's address, as any station can: the host's own announcement is made all the
    same. What it says for another MAC is not learned.
    """
    with Container(stage) as one, Container(stage, 2) as two:
        reachable(stage, two.netns, stage.outside, OUTSIDE)
        wire = wire_capture(stage, stage.outside, "st1")
        flood(one.netns, "ct0", [arp(one.mac, GUEST)] * 10)
        # The frame is the container's own, the ARP message in it is about another.
        for mac in (MAC, two.mac, OTHER):
            inject(one.netns, "ct0", frame(BROADCAST, one.mac, 0x0806, arp(mac, "10.77.0.99")[14:]))
        time.sleep(0.3)
        stage.succeed("switch", "st0", "standby")
        wait(
            "the host's own",
            lambda: announced_of(wire.frames(outgoing=False), MAC) >= {(0, "rarp"), (0, GUEST)}, 2,
        )
        time.sleep(0.4)
        for mac in (one.mac, two.mac, MAC):
            check(
                (0, "10.77.0.99") not in announced_of(wire.frames(outgoing=False), mac),
                f"what a container said of another MAC is announced for {mac}",
            )
        reachable(stage)


def small_frames(mac):
    for ethertype in (0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x8863, 0x0000, 0x0040, 0xffff):
        for to in (MAC, STRANGER, BROADCAST, "01:80:c2:00:00:0e"):
            header = mac_bytes(to) + mac_bytes(mac) + struct.pack("!H", ethertype)
            for length in (*range(0, 24), 39, 40, 41, 43, 44, 46):
                for filling in (b"\x45", b"\x60", b"\xff"):
                    yield header + filling * length


@by_best_driver
def runts(stage, mode):
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two, unmoved(stage):
        flood(one.netns, "ct0", small_frames(one.mac))
        works(stage, one)
        works(stage, two)


@by_best_driver
def tags_in_tags(stage, mode):
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two, unmoved(stage):
        for depth in (1, 2, 3, 8, 20):
            for to in (STRANGER, MAC, two.mac, BROADCAST):
                inner = frame(to, one.mac, 0x0806, arp(one.mac, "10.99.0.1")[14:])
                flood(
                    one.netns,
                    "ct0",
                    [
                        tagged(inner, *[(0x8100, number + 1) for number in range(depth)]),
                        tagged(inner, *[(0x88A8, 5)] * depth),
                        tagged(inner, *[(0x8100, 7)] * depth)[: 14 + 4 * depth],
                    ],
                )
        works(stage, one)
        works(stage, two)


@by_best_driver
def flood_beside_others(stage, mode):
    """Frames to all, to an unknown MAC, to itself and to the host, as fast as a container can: the
    host's traffic and another port's lose nothing.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two, unmoved(stage):
        running = (
            Flow(stage.guest, stage.outside, OUTSIDE, 200),
            Flow(stage.outside, stage.guest, GUEST, 200),
            Flow(two.netns, stage.outside, OUTSIDE, 200),
            Flow(stage.outside, two.netns, two.address, 200),
        )
        for to in (BROADCAST, STRANGER, one.mac, MAC):
            flood(one.netns, "ct0", (frame(to, one.mac, payload=b"flood") for _ in range(FLOOD)))
        for flow in running:
            flow.stop()
        check_equal(
            ([flow.lost() for flow in running], [flow.copies for flow in running]),
            ([0] * 4, [0] * 4), "lost, doubled (host out, in, two out, in)",
        )
        works(stage, one)


@by_best_driver
def network_that_spoofs_ports(stage, mode):
    """A station outside with a port's MAC as its source: unicast is taken as from any station,
    frames to all are our own echo; the port goes on.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two, unmoved(stage):
        works(stage, one)
        moved = Moved(one)
        for wire in ("st1", "pr1"):
            for to in (one.mac, two.mac, MAC, STRANGER, BROADCAST):
                for _ in range(100):
                    inject(stage.outside, wire, frame(to, one.mac, payload=b"spoofed outside"))
        check(moved.since()[1]["drop_own_echo_packets"] >= 100, "echoes were not counted")
        # It has misled the outside's own bridge until the container sends.
        wait(
            "the container to be reached",
            lambda: " 0% packet loss" in one.netns.run(f"ping -n -q -c 1 -W 0.5 {OUTSIDE} || true"),
        )
        works(stage, one)
        works(stage, two)


main()
