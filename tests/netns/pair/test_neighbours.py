#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Others on the same devices: people's own tc programs, a bridge in the guest, macvlans,
containers.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import (
    BROADCAST,
    ETH_P_TEST,
    GUEST,
    OUTSIDE,
    Flow,
    case,
    check,
    check_equal,
    frame,
    inject,
    main,
    note,
    reachable,
    wait,
)
from tools.rig.netns import Netns  # noqa: E402

DIRECTIONS = {"ingress": bpf.TCX_INGRESS, "egress": bpf.TCX_EGRESS}
PACKETS = 100


def add_filters(stage):
    """A counting cls_bpf filter in each direction of the standby."""
    counters = {}
    stage.guest.run("tc qdisc add dev st0 clsact")
    for direction in DIRECTIONS:
        counters[direction] = bpf.Counter()
        path = stage.bpffs / f"foreign-{direction}"
        bpf.pin(counters[direction].program, path)
        stage.guest.run(f"tc filter add dev st0 {direction} bpf direct-action object-pinned {path}")
    return counters


def add_tcx(stage):
    counters = {direction: bpf.Counter() for direction in DIRECTIONS}
    stage.foreign_links = [
        counter.attach_tcx(stage.guest, "st0", DIRECTIONS[direction])
        for direction, counter in counters.items()
    ]
    return counters


def check_counted(stage, counters, when):
    """Every packet of a flow in each direction passes each counter once."""
    for direction, flow in (("egress", Flow(stage.guest, stage.outside, OUTSIDE)),
                            ("ingress", Flow(stage.outside, stage.guest, GUEST))):
        before, sent = counters[direction].count(), len(flow.times)
        wait("the flow", lambda: len(flow.times) >= sent + PACKETS)
        passed, sent = counters[direction].count() - before, flow.stop() and len(flow.times) - sent
        check_equal(flow.lost(), 0, f"lost, {direction}, {when}")
        check(
            PACKETS - 2 <= passed <= sent + 30,
            f"{direction}, {when}: {passed} of {sent} packets were counted",
        )


def check_in_every_state(stage, counters):
    stage.wait_active("primary")
    time.sleep(0.3)
    check_counted(stage, counters, "active primary")
    stage.succeed("switch", "st0", "standby")
    check_counted(stage, counters, "active standby")
    stage.succeed("switch", "st0", "auto")
    stage.stop()
    check_counted(stage, counters, "active primary, no agent")
    stage.start()
    check_counted(stage, counters, "another agent")
    stage.succeed("unload")
    check_counted(stage, counters, "unloaded")


def check_filters_left(stage):
    for direction in DIRECTIONS:
        text = stage.guest.run(f"tc filter show dev st0 {direction}")
        check_equal(text.count(" handle "), 1, f"filters on {direction}: {text}")


@case(agent=False)
def foreign_filters_before(stage):
    counters = add_filters(stage)
    stage.start()
    check_in_every_state(stage, counters)
    check_filters_left(stage)


@case
def foreign_filters_after(stage):
    counters = add_filters(stage)
    check_in_every_state(stage, counters)
    check_filters_left(stage)


@case
def foreign_filters_come_and_go(stage):
    for leave in (
        "tc qdisc del dev st0 clsact",
        "tc filter del dev st0 ingress; tc filter del dev st0 egress; tc qdisc del dev st0 clsact",
    ):
        counters = add_filters(stage)
        time.sleep(0.2)
        check_counted(stage, counters, "filters there")
        stage.guest.run(leave)
        stage.guest.run(f"rm {stage.bpffs}/foreign-*")
        wait("the primary to carry traffic", lambda: carries(stage))
        reachable(stage)


def carries(stage):
    """Does the primary carry what the guest sends now?"""
    before = stage.pair()["counters"]
    reachable(stage, count=5)
    after = stage.pair()["counters"]
    return after["tx_primary_packets"] >= before["tx_primary_packets"] + 5


@case(agent=False)
def foreign_tcx_before(stage):
    counters = add_tcx(stage)
    stage.start()
    check_in_every_state(stage, counters)


@case
def foreign_tcx_after(stage):
    counters = add_tcx(stage)
    time.sleep(1.5)
    check_in_every_state(stage, counters)


@case(agent=False)
def foreign_clsact_stays(stage):
    """The qdisc was there before: its owner may want it, filters or not."""
    stage.guest.run("tc qdisc add dev st0 clsact; ip link set st0 up; tc qdisc add dev pr0 clsact")
    stage.start()
    stage.wait_active("primary")
    stage.succeed("unload")
    check_equal(stage.guest.run("tc qdisc show").count("clsact"), 2, "clsact qdiscs")


@case
def foreign_clsact_outlives_its_filters(stage):
    """Ours moved to a qdisc that another program had made; that is not ours to remove."""
    add_filters(stage)
    time.sleep(0.3)
    check_equal(
        stage.guest.run("tc filter show dev st0 egress").count(" handle "), 2,
        "filters on egress, ours included",
    )
    stage.guest.run("tc filter del dev st0 ingress; tc filter del dev st0 egress prio 49152")
    stage.succeed("unload")
    check_equal(stage.guest.run("tc filter show dev st0 egress").strip(), "", "filters left")
    check("clsact" in stage.guest.run("tc qdisc show dev st0"), "the foreign clsact qdisc is gone")


@case(agent=False)
def egress_filter_that_drops(stage):
    """A firewall on the standby's egress still decides, although vfsteer redirects."""
    stage.guest.run("tc qdisc add dev st0 clsact")
    stage.start()
    stage.wait_active("primary")
    flow = Flow(stage.guest, stage.outside, OUTSIDE)
    # returns TC_ACT_SHOT
    stage.guest.run("tc filter add dev st0 egress protocol ip bpf da bytecode '1,6 0 0 2'")
    time.sleep(0.3)
    dropping = time.monotonic()
    wait("the flow to go on", lambda: flow.times[-1] > dropping + 0.3)
    flow.stop()
    check_equal(
        max(flow.times[number] for number in flow.arrived) < dropping, True,
        "nothing left past a filter that drops",
    )


class Container:
    """A namespace behind the guest."""

    def __init__(self, stage, attach):
        self.netns = Netns("container")
        self.stage = stage
        attach(self.netns.name)

    def __enter__(self):
        return self.netns

    def __exit__(self, *_):
        self.netns.remove()


def add_container(stage):
    """The standby becomes a port of a bridge in the guest, with the guest's address on the bridge,
    and a container behind it.
    """
    stage.guest.run("""
        ip link add gbr0 address 02:76:66:00:00:01 type bridge forward_delay 0
        ip address flush dev st0
        ip link set gbr0 up
        ip link set st0 master gbr0
        ip address add 10.77.0.1/24 dev gbr0""")

    def attach(name):
        stage.guest.run(
            f"ip link add ct1 master gbr0 type veth peer ct0 address 02:76:66:00:00:c0 netns {name}; ip link set ct1 up"
        )
    container = Container(stage, attach)
    container.netns.run(
        "ip link set ct0 up; ip address add 10.77.0.50/24 dev ct0; ip address add fd77::50/64 dev ct0 nodad"
    )
    return container


def learned_on(stage, mac):
    return [line.split()[2] for line in stage.guest.run("bridge fdb show br gbr0").splitlines()
            if line.startswith(mac) and "permanent" not in line]


@case
def bridge_in_guest(stage):
    with add_container(stage) as container:
        wait(
            "the pair to know of the bridge",
            lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
        )
        stack = stage.capture(container, "ct0", ETH_P_TEST)
        for active in ("primary", "standby", "primary"):
            stage.succeed("switch", "st0", active)
            reachable(stage, container)
            reachable(stage, stage.outside, container, "10.77.0.50")
            reachable(stage)
            inject(container, "ct0", frame(BROADCAST, "02:76:66:00:00:c0"))
            # unknown: flooded by every bridge
            inject(container, "ct0", frame("02:00:00:00:00:77", "02:76:66:00:00:c0"))
            time.sleep(0.05)
            check_equal(
                learned_on(stage, "02:76:66:00:00:c0"), ["ct1"],
                f"where the guest's bridge has learned the container, active {active}",
            )
            data = frame(BROADCAST, "02:00:00:00:00:aa", payload=active.encode())
            before = stack.count(data)
            inject(stage.outside, "br0", data)
            wait("the broadcast", lambda: stack.count(data) > before)
            time.sleep(0.05)
            check_equal(
                stack.count(data) - before, 1, f"broadcasts seen by the container, active {active}"
            )
        counters = stage.pair()["counters"]
        check(
            counters["drop_foreign_inactive_packets"] > 0,
            "no flooded unicast came back: this proves too little",
        )


@case
def bridge_in_guest_hotplug(stage):
    with add_container(stage) as container:
        wait(
            "the pair to know of the bridge",
            lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
        )
        out = Flow(container, stage.outside, OUTSIDE)
        inbound = Flow(stage.outside, container, "10.77.0.50")
        stage.guest.run("ip link delete pr0")
        deleted = time.monotonic()
        stage.wait_active("standby")
        time.sleep(0.3)
        back = time.monotonic()
        stage.add_primary()
        stage.wait_active("primary")
        time.sleep(0.5)
        out.stop(), inbound.stop()
        note(f"lost out {out.lost()}, in {inbound.lost()}")
        check_equal(out.lost(deleted, back), 0, "lost outbound after the primary was deleted")
        check(out.lost() <= 3, f"lost outbound: {out.lost()}")
        check(inbound.lost() <= 100, f"lost inbound: {inbound.lost()}")


def macvlan(stage):
    def attach(name):
        stage.guest.run(f"""ip link add mv0 link st0 address 02:76:66:00:00:d0 type macvlan mode bridge
            ip link set mv0 netns {name}""")
    container = Container(stage, attach)
    container.netns.run(
        "ip link set mv0 up; ip address add 10.77.0.60/24 dev mv0; ip address add fd77::60/64 dev mv0 nodad"
    )
    return container


@case
def macvlan_in_another_namespace(stage):
    with macvlan(stage) as container:
        for active in ("primary", "standby", "primary"):
            stage.succeed("switch", "st0", active)
            reachable(stage, container)
            reachable(stage, stage.outside, container, "10.77.0.60")
            reachable(stage, stage.outside, container, "fd77::60")
        wait(
            "the macvlan's MAC in the primary's list",
            lambda: "02:76:66:00:00:d0" in stage.guest.run("bridge fdb show dev pr0"),
        )


@case
def macvlan_hotplug(stage):
    with macvlan(stage) as container:
        out = Flow(container, stage.outside, OUTSIDE)
        inbound = Flow(stage.outside, container, "10.77.0.60")
        stage.guest.run("ip link delete pr0")
        deleted = time.monotonic()
        stage.wait_active("standby")
        time.sleep(0.3)
        back = time.monotonic()
        stage.add_primary()
        stage.wait_active("primary")
        time.sleep(0.5)
        out.stop(), inbound.stop()
        note(f"lost out {out.lost()}, in {inbound.lost()}")
        check_equal(
            (out.lost(deleted, back), out.copies, inbound.copies), (0, 0, 0),
            "lost outbound after the primary was deleted, doubled",
        )
        check(out.lost() <= 3, f"lost outbound: {out.lost()}")
        check(inbound.lost() <= 100, f"lost inbound: {inbound.lost()}")


@case
def macvlan_of_a_silent_guest_is_found(stage):
    """The outside's bridge learns a macvlan's new port from the announcement of its MAC."""
    with macvlan(stage) as container:
        reachable(stage, container)
        for wish, wire in (("standby", "st1"), ("primary", "pr1")):
            stage.succeed("switch", "st0", wish)
            wait(f"the macvlan's MAC behind {wire}", lambda: any(
                line.startswith("02:76:66:00:00:d0") and f"dev {wire}" in line
                for line in stage.outside.run("bridge fdb show br br0").splitlines()), 1)


main()
