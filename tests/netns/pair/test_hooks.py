#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The place of our programs at the hooks beside other people's programs that end the walk."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from foreign import (  # noqa: E402
    add_filter, carry, logged, moved_to_the_front, order, our_programs, without_tcx,
)
from rig import GUEST, bypassed, case, check, check_equal, main, reachable, wait  # noqa: E402
from tools.rig.netns import Netns  # noqa: E402


@case(agent=False)
def tcx_that_ends_the_walk_before(stage):
    """On the primary and on the standby, before we come."""
    other = bpf.Counter(verdict=bpf.TC_ACT_OK)
    links = [other.attach_tcx(stage.guest, device, bpf.TCX_INGRESS) for device in ("st0", "pr0")]
    stage.start()
    stage.wait_active("primary")
    carry(stage, "primary")
    for device in ("st0", "pr0"):
        moved_to_the_front(stage, device, lambda: our_programs(stage))
    stage.stop()
    stage.start()
    carry(stage, "primary")
    stage.succeed("unload")
    check_equal(stage.guest.run(f"ls {stage.bpffs} | grep -v debug || true").split(), [], "left")
    check_equal(
        [len(order(stage, device, bpf.TCX_INGRESS)) for device in ("st0", "pr0")], [1, 1],
        "others' programs",
    )
    [os.close(link) for link in links]


@case
def tcx_that_ends_the_walk_comes_first(stage):
    """Ours goes to the front again, and runs all the while once it is there."""
    for _ in range(2):
        other = bpf.Counter(verdict=bpf.TC_ACT_OK)
        links = [
            other.attach_tcx(stage.guest, device, bpf.TCX_INGRESS, bpf.F_BEFORE)
            for device in ("st0", "pr0")
        ]
        for device in ("st0", "pr0"):
            moved_to_the_front(stage, device, lambda: our_programs(stage))
        carry(stage, "primary")
        check(
            not [name for name in stage.links() if name.startswith("new-")],
            f"links: {stage.links()}",
        )
        [os.close(link) for link in links]


@case
def tcx_comes_first_without_an_agent(stage):
    """No agent is there to move ours: status names the program before it, until an agent has moved
    it.
    """
    stage.stop()
    other = bpf.Counter(verdict=bpf.TC_ACT_OK)
    check_equal(bypassed(stage), {}, "bypassed at first")
    link = other.attach_tcx(stage.guest, "pr0", bpf.TCX_INGRESS, bpf.F_BEFORE)
    text = bypassed(stage)["ingress"]
    check(
        text.startswith(
            "1 program of others on ingress of pr0 before ours, first the tcx program foreign_counter"
        ),
        text,
    )
    check("is lost" in text and "start 'vfsteer run'" in text, text)
    check(f"  {text}" in stage.succeed("status"), stage.succeed("status"))
    stage.start()
    stage.wait_active("primary")
    carry(stage, "primary")
    check_equal(bypassed(stage), {}, "bypassed with an agent")
    os.close(link)


@case
def tcx_comes_first_on_the_standby_without_an_agent(stage):
    """Of groups there are two copies then, and ports get nothing."""
    stage.stop()
    other = bpf.Counter(verdict=bpf.TC_ACT_OK)
    link = other.attach_tcx(stage.guest, "st0", bpf.TCX_INGRESS, bpf.F_BEFORE)
    text = bypassed(stage)["standby_ingress"]
    check(
        text.startswith(
            "1 program of others on ingress of st0 before ours, first the tcx program foreign_counter"
        ),
        text,
    )
    check(
        "start 'vfsteer run'" in text and f"  {text}" in stage.succeed("status"),
        stage.succeed("status"),
    )
    stage.start()
    moved_to_the_front(stage, "st0", lambda: our_programs(stage))
    check_equal(bypassed(stage), {}, "bypassed with an agent")
    os.close(link)


@case
def moving_loses_nothing(stage):
    """A program that lets all go on comes first, again and again: while ours moves there, none is
    missing.
    """
    flows = stage.flows(2000)
    for _ in range(4):
        other = bpf.Counter()
        links = [other.attach_tcx(stage.guest, device, side, bpf.F_BEFORE)
                 for device, side in (("st0", bpf.TCX_INGRESS), ("pr0", bpf.TCX_INGRESS))]
        last = other.attach_tcx(stage.guest, "st0", bpf.TCX_EGRESS)
        for device in ("st0", "pr0"):
            moved_to_the_front(stage, device, lambda: our_programs(stage))
        wait("ours last", lambda: order(stage, "st0", bpf.TCX_EGRESS)[-1] in our_programs(stage))
        [os.close(link) for link in (*links, last)]
    check_equal(
        [(flow.stop().lost(), flow.copies) for flow in flows], [(0, 0)] * 2,
        "(lost, doubled) out and in",
    )
    check_equal(
        stage.counter("tx_standby_packets") < 100, True, "egress went over the standby meanwhile"
    )


@case
def another_insists_on_the_first_place(stage):
    """Without programs that report it, each move may cost a second: after a few the primary is not
    used while that goes on, and the line names the program.
    """
    counter = bpf.Counter(verdict=bpf.TC_ACT_OK)
    link = counter.attach_tcx(stage.guest, "pr0", bpf.TCX_INGRESS, bpf.F_BEFORE)
    end = time.monotonic() + 20
    while stage.pair()["active"] == "primary" and time.monotonic() < end:
        os.close(link)
        link = counter.attach_tcx(stage.guest, "pr0", bpf.TCX_INGRESS, bpf.F_BEFORE)
        time.sleep(0.3)
    check_equal(stage.pair()["down_reason"], "no place for our program", "why the primary is down")
    logged(stage, "runs before our program")
    for _ in range(8):
        os.close(link)
        link = counter.attach_tcx(stage.guest, "pr0", bpf.TCX_INGRESS, bpf.F_BEFORE)
        time.sleep(0.3)
        check_equal(stage.pair()["active"], "standby", "active while the other program insists")
    carry(stage, "standby")
    os.close(link)
    stage.wait_active("primary", timeout=20)
    carry(stage, "primary")


@case(agent=False)
def filter_that_ends_the_walk(stage):
    """Without tcx: cls_bpf filters at our own priority, before we come and later."""
    without_tcx(stage)
    stage.guest.run(
        "ip link set pr0 up; for device in st0 pr0; do tc qdisc add dev $device clsact; done"
    )
    for device in ("st0", "pr0"):
        add_filter(stage, device, verdict=bpf.TC_ACT_OK, how="prio 1")
    stage.start()
    stage.wait_active("primary")
    carry(stage, "primary")
    for device in ("st0", "pr0"):
        add_filter(stage, device, verdict=bpf.TC_ACT_OK, how="prio 1")
    time.sleep(0.5)
    carry(stage, "primary")
    stage.stop()
    stage.start()
    carry(stage, "primary")
    stage.succeed("unload")
    for device in ("st0", "pr0"):
        check_equal(
            stage.guest.run(f"tc filter show dev {device} ingress").count(" handle "), 2,
            "filters left",
        )


@case(agent=False)
def filter_that_cannot_be_passed(stage):
    """Its priority is the first, and not for us to share: the primary is not used, and the line
    says whose fault it is.
    """
    without_tcx(stage)
    stage.guest.run(
        "ip link set pr0 up; for device in st0 pr0; do tc qdisc add dev $device clsact; done"
    )
    add_filter(stage, "pr0", verdict=bpf.TC_ACT_OK, how="protocol ip prio 1")
    stage.start()
    logged(stage, "pr0: not used: the bpf filter foreign-pr0-ingress-0")
    stage.wait_state("down")
    check_equal(stage.pair()["down_reason"], "no place for our program", "why it is down")
    carry(stage, "standby")
    stage.guest.run("tc filter delete dev pr0 ingress prio 1")
    stage.wait_active("primary")
    carry(stage, "primary")
    add_filter(stage, "pr0", verdict=bpf.TC_ACT_OK, how="prio 1")
    time.sleep(0.3)
    carry(stage, "primary")


@case(agent=False)
def filter_on_the_standby_that_cannot_be_passed(stage):
    """The primary is used all the same: a line and status name the filter."""
    without_tcx(stage)
    stage.guest.run("tc qdisc add dev st0 clsact")
    add_filter(stage, "st0", verdict=bpf.TC_ACT_OK, how="protocol ip prio 1")
    stage.start()
    stage.wait_active("primary")
    logged(stage, "st0: the bpf filter foreign-st0-ingress-0")
    text = bypassed(stage)["standby_ingress"]
    check(
        "1 filter of others on ingress of st0 before ours" in text
        and "remove them, or move them behind" in text,
        text,
    )
    carry(stage, "primary")
    stage.guest.run("tc filter delete dev st0 ingress prio 1")
    logged(stage, "st0: its ingress program has its place again")
    check_equal(bypassed(stage), {}, "bypassed")


@case
def primary_in_a_container(stage):
    """Moved there when no agent was left: its program is of no use there, and redirects to no
    device, whatever has the standby's ifindex.
    """
    container = Netns("container")
    try:
        stage.stop(signal.SIGKILL)
        index = stage.guest.inside(lambda: socket.if_nametoindex("st0"))
        stage.guest.run(f"ip link set pr0 netns {container.name}")
        container.run(f"""echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
            ip link add dm0 index {index} type veth peer dm1; ip link set dm0 up; ip link set dm1 up
            ip link set pr0 address 02:76:66:00:00:77 arp on up; ip address add 10.77.0.70/24 dev pr0""")
        reachable(stage, stage.outside, container, "10.77.0.70")
        received = int(container.run("cat /sys/class/net/dm0/statistics/rx_packets"))
        check_equal(received, 0, "frames that went to another device")
        reachable(stage)
        reachable(stage, stage.outside, stage.guest, GUEST)
    finally:
        container.remove()


main()
