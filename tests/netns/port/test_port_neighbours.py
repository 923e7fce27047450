#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Others' programs where ports are: their XDP is never replaced, that device goes by tc; their tc
filters stay, and keep no frame from the pair.
"""

import os
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from ports import (  # noqa: E402
    Container, Moved, add_primary, by_each_driver, check_drivers, check_moved, devices, prepare,
    wait_quiet, works,
)
from rig import (  # noqa: E402
    GUEST, OUTSIDE, VFSTEER, WITHOUT_TCX, case, check, check_equal, main, reachable, wait,
)

XDP_OF = {"xdpdrv": 1, "xdpgeneric": 2}  # as in Device.xdp


class Foreign:
    """A foreign XDP program, which counts and passes, at a device."""

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
        return (
            "xdpgeneric" in text.split(),
            text.split("prog/xdp")[1].split()[1] if "prog/xdp" in text else None,
        )

    def check_kept(self, when):
        check_equal(self.attached(), self.number, f"(generic, program) at {self.device}, {when}")

    def leave(self):
        self.netns.run(f"ip link set dev {self.device} {self.mode} off")


def check_sees(foreign, act, when):
    before = foreign.counter.count()
    act()
    check(
        foreign.counter.count() >= before + 20,
        f"{when}: {foreign.counter.count() - before} packets passed the foreign program at {foreign.device}",
    )
    foreign.check_kept(when)


def at_a_port(stage, mode):
    prepare(stage, "native")
    with Container(stage, settings=None) as one, Container(stage, 2) as two:
        foreign = Foreign(stage, stage.guest, one.port, mode)
        one.join()
        check_equal(one.status["takes_by"], "tc", "takes by")
        check("XDP" in one.status["why"], f"why: {one.status['why']!r}")
        check(
            one.port in stage.succeed("status") and "XDP" in stage.succeed("status"),
            "the text of status does not say so",
        )
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
    """That uplink's frames go by tc; the other one's, and the ports' own, do not. But a program on
    the standby sees the primary's frames, too: a native one is on the primary as well, and past a
    generic one XDP on the primary would send them.
    """
    prepare(stage, "native")
    path, other = {"st0": ("standby", "primary"), "pr0": ("primary", "standby")}[device]
    foreign = Foreign(stage, stage.guest, device, mode)
    with Container(stage) as one:
        others = "tc" if device == "st0" else "native"
        check_equal(
            (stage.pair()["xdp"][path], stage.pair()["xdp"][other]), ("tc", others),
            f"XDP of ({path}, {other})",
        )
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
            # A ready primary that is not in use may bring twins: XDP leaves what comes to tc then.
            check_moved(
                moved.since()[1], "native", tx=20, rx=20 if other == "primary" else 0,
                what=f"active {other}",
            )
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
        check_equal(
            (stage.pair()["xdp"]["primary"], stage.pair()["xdp"]["standby"]), ("tc", "native"),
            "XDP of (primary, standby)",
        )
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


def add_filter(stage, device, direction, verdict=None, how="prio 7"):
    counter = bpf.Counter(verdict=verdict)
    path = stage.bpffs / f"filter-{device}-{direction}"
    path.unlink(missing_ok=True)
    bpf.pin(counter.program, path)
    stage.guest.run(
        f"tc filter add dev {device} {direction} {how} bpf direct-action object-pinned {path}"
    )
    return counter


def filters(stage, device, direction):
    return stage.guest.run(f"tc filter show dev {device} {direction} prio 7").count(" handle ")


@case
def filters_at_the_port(stage):
    """Its clsact and filters were there before, and are there afterwards; its egress sees what is
    delivered by tc.
    """
    with Container(stage, settings=None, mode="tc") as one:
        stage.guest.run(f"tc qdisc add dev {one.port} clsact")
        counters = {
            direction: add_filter(stage, one.port, direction) for direction in ("ingress", "egress")
        }
        one.join()
        before = counters["egress"].count()
        works(stage, one)
        check(
            counters["egress"].count() >= before + 20,
            "what is delivered does not pass the port's egress",
        )
        stage.stop(signal.SIGKILL)
        stage.start()
        works(stage, one)
        for end in (one.leave, lambda: stage.succeed("unload")):
            end()
            check_equal(
                [filters(stage, one.port, direction) for direction in counters], [1, 1],
                "the foreign filters",
            )
            check(
                "clsact" in stage.guest.run(f"tc qdisc show dev {one.port}"),
                "the foreign clsact is gone",
            )
            if stage.agent.poll() is None and end == one.leave:
                one.join()


def order(stage, device):
    return stage.guest.inside(
        lambda: bpf.attached_ids(socket.if_nametoindex(device), bpf.TCX_INGRESS)
    )


def is_first(stage, device, name):
    """Does our program, of the link with that name, run first on the device's ingress?"""
    link = next((stage.pins / "links" / one for one in stage.links() if one.startswith(name)), None)
    return link and order(stage, device)[0] == bpf.link_ids(link)[1]


def anew(stage, one):
    """The container looks for its neighbours again, which no XDP program answers for."""
    one.netns.run("ip neigh flush dev ct0")
    works(stage, one)


@by_each_driver
def tcx_that_ends_the_walk_at_the_port(stage, mode):
    """Before the port, and while it is one: ours goes to the front, and nothing of the container
    stays in the host's stack.
    """
    other = bpf.Counter(verdict=bpf.TC_ACT_OK)
    with Container(stage, settings=None, mode=mode) as one:
        link = other.attach_tcx(stage.guest, one.port, bpf.TCX_INGRESS)
        one.join()
        check(
            is_first(stage, one.port, "port-ingress"),
            f"order as the port comes: {order(stage, one.port)}",
        )
        anew(stage, one)
        text = one.status["bypassed"][0]["text"]
        check("foreign_counter" in text and "1 program of others" in text, text)
        os.close(link)
        link = other.attach_tcx(stage.guest, one.port, bpf.TCX_INGRESS, bpf.F_BEFORE)
        wait("ours first", lambda: is_first(stage, one.port, "port-ingress"))
        anew(stage, one)
        check_equal(
            (one.status["foreign_ingress_filters"], one.status["foreign_ingress_first"]), (0, None),
            "programs before ours",
        )
        stage.stop()
        os.close(link)
        link = other.attach_tcx(stage.guest, one.port, bpf.TCX_INGRESS, bpf.F_BEFORE)
        check_equal(
            one.status["foreign_ingress_filters"], 1, "programs before ours without an agent"
        )
        check("foreign_counter" in one.status["foreign_ingress_first"], one.status)
        check(
            f"on ingress of {one.port} before ours, first the tcx program foreign_counter"
            in stage.succeed("status"),
            stage.succeed("status"),
        )
        stage.start()
        wait("ours first", lambda: is_first(stage, one.port, "port-ingress"))
        anew(stage, one)
        os.close(link)
        check_equal(one.status["bypassed"], [], "bypassed")


@by_each_driver
def filter_that_ends_the_walk_at_the_port(stage, mode):
    with Container(stage, settings=None, mode=mode) as one:
        stage.guest.run(f"tc qdisc add dev {one.port} clsact")
        add_filter(stage, one.port, "ingress", bpf.TC_ACT_OK, "prio 1")
        one.join()
        anew(stage, one)
        add_filter(stage, one.port, "ingress", bpf.TC_ACT_OK, "prio 1")
        anew(stage, one)
        stage.stop()
        stage.start()
        anew(stage, one)
        one.leave()
        check_equal(
            stage.guest.run(f"tc filter show dev {one.port} ingress").count(" handle "), 2,
            "the foreign filters",
        )


def log_lines(stage, text):
    return stage.log.read_text().count(text)


@case(agent=False)
def filter_at_the_port_that_cannot_be_passed(stage):
    """Without tcx, and its priority is the first and not for us to share: a line and status name
    it, until it goes.
    """
    stage.program = [WITHOUT_TCX, VFSTEER]
    stage.start()
    stage.wait_active("primary")
    with Container(stage, settings=None, mode="tc") as one:
        stage.guest.run(f"tc qdisc add dev {one.port} clsact")
        add_filter(stage, one.port, "ingress", bpf.TC_ACT_OK, "protocol ip prio 1")
        one.join()
        line = f"{one.port}: the bpf filter filter-{one.port}-ingress:[*fsobj] of priority 1"
        wait("a line", lambda: line in stage.log.read_text())
        check_equal(log_lines(stage, "runs before our program"), 1, "lines")
        check_equal(one.status["foreign_ingress_filters"], 1, "filters before ours")
        check(f"filter-{one.port}-ingress" in one.status["foreign_ingress_first"], one.status)
        stage.guest.run(f"tc filter delete dev {one.port} ingress prio 1")
        wait(
            "another line",
            lambda: f"{one.port}: our program is first again" in stage.log.read_text(),
        )
        check_equal(one.status["foreign_ingress_filters"], 0, "filters before ours")
        works(stage, one)


@by_each_driver
def tcx_that_ends_the_walk_at_the_standby(stage, mode):
    """On its ingress and its egress: the ports' programs go before it, too."""
    other = bpf.Counter(verdict=bpf.TC_ACT_OK)
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        works(stage, one)
        links = [other.attach_tcx(stage.guest, "st0", bpf.TCX_INGRESS, bpf.F_BEFORE)]
        wait("ours first", lambda: is_first(stage, "st0", "standby-ingress"))
        wait(
            "the ports' behind it",
            lambda: order(stage, "st0")[1:2]
            == (bpf.link_ids(next((stage.pins / "links").glob("standby-ports-ingress*")))[1],),
        )
        anew(stage, one)
        links.append(other.attach_tcx(stage.guest, "st0", bpf.TCX_EGRESS, bpf.F_BEFORE))
        wait(
            "the ports' first",
            lambda: stage.guest.inside(
                lambda: bpf.attached_ids(socket.if_nametoindex("st0"), bpf.TCX_EGRESS)
            )[0]
            == bpf.link_ids(next((stage.pins / "links").glob("standby-ports-egress*")))[1],
        )
        reachable(stage, one.netns, two.netns, two.address)
        [os.close(link) for link in links]


@case
def filters_at_the_standby(stage):
    """They see the host's traffic as ever, and stay when the ports go."""
    stage.guest.run("tc qdisc add dev st0 clsact")
    counters = {
        direction: add_filter(stage, "st0", direction) for direction in ("ingress", "egress")
    }
    with Container(stage) as one:
        before = {direction: counter.count() for direction, counter in counters.items()}
        reachable(stage)
        reachable(stage, stage.outside, stage.guest, GUEST)
        for direction, counter in counters.items():
            check(
                counter.count() >= before[direction] + 20,
                f"the host's packets do not pass the standby's {direction}",
            )
        works(stage, one)
        one.leave()
        reachable(stage)
        check_equal(
            [filters(stage, "st0", direction) for direction in counters], [1, 1],
            "the foreign filters",
        )
        one.join()
        stage.succeed("unload")
        check_equal(
            [filters(stage, "st0", direction) for direction in counters], [1, 1],
            "the foreign filters after unload",
        )


@case
def bridge_beside_the_port(stage):
    """Containers behind a bridge: its own device is the port, here a veth that is enslaved to the
    bridge at its other end.
    """
    prepare(stage, "native")
    with Container(stage, 2, settings=None) as two:
        stage.guest.run("""
            ip link add gbr0 address 02:76:66:00:01:99 type bridge forward_delay 0
            ip link add po1 type veth peer name bp1 address 02:76:66:00:01:98
            ip link set bp1 master gbr0
            ip link set po2 master gbr0
            for device in gbr0 po1 bp1 po2; do ip link set $device up; done""")
        stage.succeed("port", "add", "po1", "--pair", "st0", "--mac", two.mac)
        wait(
            "the container to be reached",
            lambda: " 0% packet loss" in two.netns.run(f"ping -n -q -c 1 -W 0.5 {OUTSIDE} || true"),
        )
        works(stage, two)


main()
