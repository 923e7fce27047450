#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A container's traffic in both directions while the pair's primary goes and comes back, with an
agent and without, counted packet by packet.
"""

import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from pins import Pins  # noqa: E402
from ports import (  # noqa: E402
    IN_FLIGHT, INBOUND, Container, Moved, add_primary, by_each_driver, check_drivers, check_moved,
    devices, prepare, wait_present, wait_quiet,
)
from rig import (  # noqa: E402
    GUEST, MAC, OUTSIDE, Flow, case, check, check_equal, main, note, reachable, wait,
)
from rtnl import Rtnl  # noqa: E402

RATE = 1000


def flows(stage, one, rate=RATE, target=None):
    return Flow(one.netns, stage.outside, OUTSIDE, rate), Flow(
        stage.outside, one.netns, target or one.address, rate
    )


def stopped(*running):
    for flow in running:
        flow.stop()
    return tuple(flow.lost() for flow in running)


def check_nothing_lost(out, inbound, what):
    lost = stopped(out, inbound)
    note(f"{what}: {len(out.times)} out, {len(inbound.times)} in, lost {lost[0]} and {lost[1]}")
    check_equal(
        (*lost, out.copies, inbound.copies, out.refused), (0, 0, 0, 0, 0),
        f"{what}: lost (out, in), doubled (out, in), refused",
    )


def leave_and_return(
    stage, mode, leave, back, state, netns=None, settings=(), mac=None, target=None
):
    with Container(stage, settings=settings, mac=mac, mode=mode) as one:
        if target:
            one.netns.run(f"ip address add {target}/24 dev ct0")
        check_drivers(one, mode)
        moved = Moved(one)
        out, inbound = flows(stage, one, target=target)
        time.sleep(0.3)
        (netns or stage.guest).run(leave)
        left = time.monotonic()
        stage.wait_active("standby")
        stage.wait_state(state)
        time.sleep(0.5)
        away = time.monotonic()
        back(stage) if callable(back) else (netns or stage.guest).run(back)
        stage.wait_active("primary")
        time.sleep(0.5)
        stopped(out, inbound)
        note(
            f"lost out {out.lost()} ({out.lost(left)} after the event, {out.lost(away)} at the return), "
            f"in {inbound.lost()} ({inbound.lost(away)} at the return)"
        )
        check_equal(out.lost(left, away), 0, "lost outbound after the event")
        check(
            out.lost(until=away) <= IN_FLIGHT, f"lost outbound at the loss: {out.lost(until=away)}"
        )
        check(
            inbound.lost(until=away) <= INBOUND,
            f"lost inbound at the loss: {inbound.lost(until=away)}",
        )
        check(
            out.lost(away) <= IN_FLIGHT and inbound.lost(away) <= IN_FLIGHT,
            f"lost at the return: {out.lost(away)} out, {inbound.lost(away)} in",
        )
        check_equal(
            (out.refused, out.copies, inbound.copies), (0, 0, 0),
            "refused, doubled outbound, doubled inbound",
        )
        pair, counts = moved.since()
        # A few may go by tc as a device comes.
        check_moved(counts, mode, tx=len(out.arrived) * 0.97, what="the whole time")
        # For a second after each switch unicast is compared, by tc.
        check(counts["rx_packets"] >= len(inbound.arrived) * 0.97, f"the whole time: {counts}")
        check(
            min(
                pair[f"{way}_{path}_packets"]
                for way in ("tx", "rx")
                for path in ("primary", "standby")
            )
            > 300,
            f"paths taken: {pair}",
        )
        check_drivers(one, mode)


@by_each_driver
def primary_deleted(stage, mode):
    leave_and_return(stage, mode, "ip link delete pr0", add_primary, "absent")


@by_each_driver
def primary_set_down(stage, mode):
    leave_and_return(stage, mode, "ip link set pr0 down", "ip link set pr0 up", "down")


@by_each_driver
def primary_loses_carrier(stage, mode):
    leave_and_return(
        stage, mode, "ip link set pr1 down", "ip link set pr1 up", "down", stage.outside
    )


@by_each_driver
def primary_of_passthrough_deleted(stage, mode):
    stage.guest.run("ip address flush dev st0")
    leave_and_return(
        stage, mode, "ip link delete pr0", add_primary, "absent", settings=("--passthrough",),
        mac=MAC, target=GUEST,
    )


@by_each_driver
def planned_switches_lose_nothing(stage, mode):
    """Some thousand numbered packets each way, ten switches."""
    with Container(stage, mode=mode) as one:
        before = stage.pair()["switches"]
        out, inbound = flows(stage, one, 2000)
        for _ in range(5):
            for wish in ("standby", "auto"):
                stage.succeed("switch", "st0", wish)
                time.sleep(0.15)
        check_nothing_lost(out, inbound, "ten switches")
        check_equal(
            (stage.pair()["switches"] - before, stage.pair()["active"]), (10, "primary"),
            "(switches, active)",
        )


@by_each_driver
def planned_switches_of_a_silent_container(stage, mode):
    """It only listens; the outside's bridge finds it by what is announced."""
    with Container(stage, mode=mode) as one:
        flow = Flow(stage.outside, one.netns, one.address, 2000)
        for wish, wire in (("standby", "st1"), ("auto", "pr1")):
            stage.succeed("switch", "st0", wish)
            wait(
                f"the container's MAC behind {wire}",
                lambda: any(
                    line.startswith(one.mac) and f"dev {wire}" in line
                    for line in stage.outside.run("bridge fdb show br br0").splitlines()
                ),
                0.5,
            )
            time.sleep(0.3)
        check_equal(
            (flow.stop().lost(), flow.copies), (0, 0), f"(lost, doubled) of {len(flow.times)}"
        )


@by_each_driver
def deletion_with_a_silent_container(stage, mode):
    with Container(stage, mode=mode) as one:
        flow = Flow(stage.outside, one.netns, one.address, RATE)
        time.sleep(0.3)
        stage.guest.run("ip link delete pr0")
        time.sleep(0.5)
        away = time.monotonic()
        add_primary(stage)
        stage.wait_active("primary")
        time.sleep(0.5)
        flow.stop()
        note(f"lost {flow.lost()}, {flow.lost(away)} of them at the return")
        check(
            flow.lost(until=away) <= INBOUND and flow.lost(away) <= IN_FLIGHT and not flow.copies,
            f"lost {flow.lost()}, {flow.lost(away)} at the return",
        )


@by_each_driver
def between_ports_nothing_is_lost(stage, mode):
    """Two containers, and the host, do not need the wires for one another."""
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        running = (
            Flow(one.netns, two.netns, two.address),
            Flow(one.netns, stage.guest, GUEST),
            Flow(stage.guest, two.netns, two.address),
        )
        stage.guest.run("ip link delete pr0")
        stage.wait_state("absent")
        time.sleep(0.2)
        add_primary(stage)
        stage.wait_active("primary")
        time.sleep(0.3)
        check_equal(
            (stopped(*running), [flow.copies for flow in running]), ((0, 0, 0), [0, 0, 0]),
            "lost, doubled",
        )


@by_each_driver
def many_losses_of_carrier(stage, mode):
    with Container(stage, mode=mode) as one:
        out, inbound = flows(stage, one)
        for _ in range(10):
            stage.outside.run("ip link set pr1 down; sleep 0.05; ip link set pr1 up; sleep 0.05")
        stage.wait_active("primary", timeout=15)
        time.sleep(0.3)
        lost = stopped(out, inbound)
        note(f"lost out {lost[0]}, in {lost[1]}; {stage.pair()['switches']} switches")
        check(lost[0] <= 10 * IN_FLIGHT, f"lost outbound: {lost[0]}")
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        reachable(stage, stage.outside, one.netns, one.address)


@by_each_driver
def standby_without_carrier(stage, mode):
    """Active or not: what a container sends goes over the wire that there is."""
    with Container(stage, mode=mode) as one:
        stage.outside.run("ip link set st1 down")
        wait("status to show it", lambda: stage.pair()["standby_carrier"] is False)
        for wish in ("auto", "standby"):
            stage.succeed("switch", "st0", wish)
            reachable(stage, one.netns, stage.outside, OUTSIDE)
            reachable(stage, stage.outside, one.netns, one.address)
        check(stage.counter("tx_primary_rescued_packets") >= 20, "rescued packets were not counted")


class Watcher:
    """Looks, as fast as it can, whether an active primary has its XDP program; .without: how often
    it had none.
    """

    def __init__(self, stage):
        self.pins, self.link = Pins(stage.pins), Rtnl(stage.guest)
        self.looks = self.without = self.joining = 0
        self.going = True
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while self.going:
            pair, = self.pins.used()
            primary = self.link.devices().get("pr0")
            self.looks += 1
            self.joining += pair.state in ("joining", "ready") and pair.active == "standby"
            # The pins were read before the devices: a device that is gone meanwhile is no primary
            # without a program.
            if pair.active == "primary" and primary and primary.index == pair.primary_index:
                self.without += not primary.xdp

    def end(self):
        self.going = False
        self.thread.join()
        self.pins.close()
        self.link.close()


@case
def new_primary_gets_its_program_first(stage):
    prepare(stage, "native")
    with Container(stage) as one:
        check_equal(devices(stage)["pr0"].xdp, 1, "XDP at the primary (1: in its driver)")
        watcher = Watcher(stage)
        for _ in range(8):
            stage.guest.run("ip link delete pr0")
            stage.wait_state("absent")
            add_primary(stage)
            stage.wait_active("primary")
            check_equal(stage.pair()["xdp"]["primary"], "native", "the primary's XDP")
        watcher.end()
        note(
            f"{watcher.looks} looks, {watcher.joining} of them while a new primary was not active yet"
        )
        check_equal(watcher.without, 0, "looks that saw an active primary without a program")
        check(
            watcher.joining,
            "no look saw a new primary that was not active yet: this proves nothing",
        )
        wait_quiet(stage)
        moved = Moved(one)
        reachable(stage, stage.outside, one.netns, one.address)
        check_moved(moved.since()[1], "native", rx=20)


@by_each_driver
def killed_agent(stage, mode):
    """SIGKILL; then the primary goes, which each packet finds out by itself; the next agent takes
    pair and port over, and the primary back.
    """
    with Container(stage, mode=mode) as one:
        out, inbound = flows(stage, one)
        time.sleep(0.2)
        stage.stop(signal.SIGKILL)
        time.sleep(0.3)
        dead = time.monotonic()
        check_equal(
            (out.lost(until=dead - 0.1), inbound.lost(until=dead - 0.1)), (0, 0),
            "lost (out, in) by killing the agent",
        )
        before = Moved(one)
        stage.outside.run("ip link set pr1 down")
        gone = time.monotonic()
        time.sleep(0.5)
        pair, counts = before.since()
        # For a second after the switch unicast is compared, by tc.
        check_moved(counts, mode, tx=400, what="without an agent")
        check(counts["rx_packets"] >= 300, f"without an agent: {counts}")
        check(pair["tx_primary_refused_packets"] >= 1, f"no packet was counted as refused: {pair}")
        check_equal(
            (stage.pair()["active"], stage.pair()["last_switch"]["cause"]),
            ("standby", "cannot send"), "(active, cause)",
        )
        stage.start()
        started = time.monotonic()
        time.sleep(0.2)
        stage.outside.run("ip link set pr1 up")
        stage.wait_active("primary")
        time.sleep(0.4)
        lost = stopped(out, inbound)
        note(
            f"lost out {lost[0]}, in {lost[1]}; {out.lost(started)} and {inbound.lost(started)} after the start of another agent"
        )
        check_equal(out.lost(gone), 0, "lost outbound after the primary was gone")
        check(lost[0] <= IN_FLIGHT and inbound.lost(gone, started) <= INBOUND, f"lost {lost}")
        check(
            inbound.lost(started) <= IN_FLIGHT,
            f"lost inbound with another agent: {inbound.lost(started)}",
        )
        check_equal((out.copies, inbound.copies), (0, 0), "doubled (out, in)")
        wait_present(one)
        check_drivers(one, mode)


@by_each_driver
def primary_deleted_without_agent(stage, mode):
    with Container(stage, mode=mode) as one:
        out, inbound = flows(stage, one)
        stage.stop(signal.SIGKILL)
        stage.guest.run("ip link delete pr0")
        gone = time.monotonic()
        time.sleep(0.5)
        lost = stopped(out, inbound)
        check_equal(out.lost(gone), 0, "lost outbound after the primary was gone")
        check(lost[0] <= IN_FLIGHT and lost[1] <= INBOUND, f"lost (out, in): {lost}")
        add_primary(stage)
        stage.start()
        stage.wait_active("primary")
        check_drivers(one, mode)
        check_equal(
            devices(stage)["pr0"].xdp, 1 if mode == "native" else 0, "XDP at the new primary"
        )
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        reachable(stage, stage.outside, one.netns, one.address)


main()
