#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Others' programs where ports are: their XDP is never replaced, that device goes by tc; their tc filters stay, and still see what they saw."""

import signal

import bpf
from ports import Container, Moved, add_primary, check_drivers, check_moved, devices, prepare, wait_quiet, works
from rig import GUEST, OUTSIDE, case, check, check_equal, main, reachable, wait

XDP_OF = {"xdpdrv": 1, "xdpgeneric": 2}  # as Device.xdp tells it


class Foreign:
    """Somebody's XDP program, which counts and passes, at a device."""

    def __init__(self, stage, netns, device, mode="xdpdrv"):
        self.stage, self.netns, self.device, self.mode = stage, netns, device, mode
        self.counter = bpf.Counter(bpf.PROG_TYPE_XDP)
        path = stage.bpffs / f"foreign-{device}"
        path.unlink(missing_ok=True)
        bpf.pin(self.counter.program, path)
        netns.run(f"ip link set dev {device} {mode} pinned {path}")
        self.number = self.attached()

    def attached(self):
        """What `ip link` says is there."""
        text = self.netns.run(f"ip -d link show dev {self.device}")
        return "xdpgeneric" in text.split(), text.split("prog/xdp")[1].split()[1] if "prog/xdp" in text else None

    def check_kept(self, when):
        check_equal(self.attached(), self.number, f"(generic, program) at {self.device}, {when}")

    def leave(self):
        self.netns.run(f"ip link set dev {self.device} {self.mode} off")


def check_sees(foreign, act, when):
    before = foreign.counter.count()
    act()
    check(foreign.counter.count() >= before + 20, f"{when}: {foreign.counter.count() - before} packets passed somebody's program at {foreign.device}")
    foreign.check_kept(when)


def at_a_port(stage, mode):
    prepare(stage, "native")
    with Container(stage, settings=None) as one, Container(stage, 2) as two:
        foreign = Foreign(stage, stage.guest, one.port, mode)
        one.join()
        check_equal(one.status["takes_by"], "tc", "takes by")
        check("XDP" in one.status["why"], f"why: {one.status['why']!r}")
        check(one.port in stage.succeed("status") and "XDP" in stage.succeed("status"), "the text status does not tell")
        check_drivers(two, "native")
        check_sees(foreign, lambda: works(stage, one), "port added")
        moved = Moved(one)
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        check_equal(moved.since()[1]["tx_native_packets"], 0, "sent by XDP")
        works(stage, two)
        stage.stop(signal.SIGKILL)
        stage.start()
        check_sees(foreign, lambda: works(stage, one), "another agent")
        one.leave()
        foreign.check_kept("port deleted")
        one.join()
        stage.succeed("unload")
        foreign.check_kept("unloaded")


@case
def xdp_at_the_port(stage):
    at_a_port(stage, "xdpdrv")


@case
def generic_xdp_at_the_port(stage):
    at_a_port(stage, "xdpgeneric")


def at_an_uplink(stage, device, mode="xdpdrv"):
    """That uplink's frames go by tc; the other one's, and the ports' own, do not. But a program on the standby sees the primary's frames, too: a native one
    is on the primary as well, and past a generic one XDP on the primary would send them."""
    prepare(stage, "native")
    path, other = {"st0": ("standby", "primary"), "pr0": ("primary", "standby")}[device]
    foreign = Foreign(stage, stage.guest, device, mode)
    with Container(stage) as one:
        others = "tc" if device == "st0" else "native"
        check_equal((stage.pair()["xdp"][path], stage.pair()["xdp"][other]), ("tc", others), f"XDP of ({path}, {other})")
        check_equal(devices(stage)[device].xdp, XDP_OF[mode], f"XDP at {device}")
        stage.succeed("switch", "st0", path)
        check_sees(foreign, lambda: works(stage, one), "port added")
        moved = Moved(one)
        reachable(stage, stage.outside, one.netns, one.address)
        check_equal(moved.since()[1]["rx_native_packets"], 0, f"delivered by XDP from {device}")
        stage.succeed("switch", "st0", other)
        wait_quiet(stage)
        moved = Moved(one)
        works(stage, one)
        if others == "native":
            check_moved(moved.since()[1], "native", tx=20, rx=20, what=f"active {other}")
        stage.stop(signal.SIGKILL)
        stage.start()
        foreign.check_kept("another agent")
        works(stage, one)
        one.leave()
        foreign.check_kept("port deleted")
        one.join()
        stage.succeed("unload")
        foreign.check_kept("unloaded")


@case
def xdp_at_the_standby(stage):
    at_an_uplink(stage, "st0")


@case
def xdp_at_the_primary(stage):
    at_an_uplink(stage, "pr0")


@case
def generic_xdp_at_the_standby(stage):
    at_an_uplink(stage, "st0", "xdpgeneric")


@case
def xdp_at_a_new_primary(stage):
    """It is there as the primary comes: the primary is used, by tc."""
    prepare(stage, "native")
    with Container(stage) as one:
        stage.guest.run("ip link delete pr0")
        stage.wait_state("absent")
        foreign = []

        def attach():
            foreign.append(Foreign(stage, stage.guest, "new0"))
            foreign[0].device = "pr0"
        add_primary(stage, prepare=attach)
        stage.wait_active("primary")
        check_equal((stage.pair()["xdp"]["primary"], stage.pair()["xdp"]["standby"]), ("tc", "native"), "XDP of (primary, standby)")
        check_sees(foreign[0], lambda: works(stage, one), "another primary")


@case
def xdp_in_the_container(stage):
    """At the container's own end: kept, and it sees all that is delivered."""
    prepare(stage, "native")
    with Container(stage, settings=None) as one:
        foreign = Foreign(stage, one.netns, "ct0")
        one.join()
        check_drivers(one, "native")
        check_sees(foreign, lambda: works(stage, one), "port added")
        one.leave()
        foreign.check_kept("port deleted")


def add_filter(stage, device, direction):
    counter = bpf.Counter()
    path = stage.bpffs / f"filter-{device}-{direction}"
    bpf.pin(counter.program, path)
    stage.guest.run(f"tc filter add dev {device} {direction} prio 7 bpf direct-action object-pinned {path}")
    return counter


def filters(stage, device, direction):
    return stage.guest.run(f"tc filter show dev {device} {direction} prio 7").count(" handle ")


@case
def filters_at_the_port(stage):
    """Its clsact and filters were there before, and are there afterwards; its egress sees what is delivered by tc."""
    with Container(stage, settings=None, mode="tc") as one:
        stage.guest.run(f"tc qdisc add dev {one.port} clsact")
        counters = {direction: add_filter(stage, one.port, direction) for direction in ("ingress", "egress")}
        one.join()
        before = counters["egress"].count()
        works(stage, one)
        check(counters["egress"].count() >= before + 20, "what is delivered does not pass the port's egress")
        stage.stop(signal.SIGKILL)
        stage.start()
        works(stage, one)
        for end in (one.leave, lambda: stage.succeed("unload")):
            end()
            check_equal([filters(stage, one.port, direction) for direction in counters], [1, 1], "somebody's filters")
            check("clsact" in stage.guest.run(f"tc qdisc show dev {one.port}"), "somebody's clsact is gone")
            if stage.agent.poll() is None and end == one.leave:
                one.join()


@case
def filters_at_the_standby(stage):
    """They see the host's traffic as ever, and stay when the ports go."""
    stage.guest.run("tc qdisc add dev st0 clsact")
    counters = {direction: add_filter(stage, "st0", direction) for direction in ("ingress", "egress")}
    with Container(stage) as one:
        before = {direction: counter.count() for direction, counter in counters.items()}
        reachable(stage)
        reachable(stage, stage.outside, stage.guest, GUEST)
        for direction, counter in counters.items():
            check(counter.count() >= before[direction] + 20, f"the host's packets do not pass the standby's {direction}")
        works(stage, one)
        one.leave()
        reachable(stage)
        check_equal([filters(stage, "st0", direction) for direction in counters], [1, 1], "somebody's filters")
        one.join()
        stage.succeed("unload")
        check_equal([filters(stage, "st0", direction) for direction in counters], [1, 1], "somebody's filters after unload")


@case
def bridge_beside_the_port(stage):
    """Containers behind a bridge: its own device is the port, here a veth that is enslaved to the bridge at its other end."""
    prepare(stage, "native")
    with Container(stage, 2, settings=None) as two:
        stage.guest.run("""
            ip link add gbr0 address 02:76:66:00:01:99 type bridge forward_delay 0 mcast_snooping 0
            ip link add po1 type veth peer name bp1 address 02:76:66:00:01:98
            ip link set bp1 master gbr0
            ip link set po2 master gbr0
            for device in gbr0 po1 bp1 po2; do ip link set $device up; done""")
        stage.succeed("port", "add", "po1", "--pair", "st0", "--mac", two.mac)
        wait("the container to be heard", lambda: " 0% packet loss" in two.netns.run(f"ping -n -q -c 1 -W 0.5 {OUTSIDE} || true"))
        works(stage, two)


main()
