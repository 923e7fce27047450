#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The place of our programs at the hooks: an `ingress` qdisc, which has no egress, and other
people's programs that end the walk.
"""

import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import (  # noqa: E402
    GUEST, VFSTEER, WITHOUT_TCX, case, check, check_equal, main, reachable, wait,
)
from tools.rig.netns import Netns  # noqa: E402
from tools.rig.levels import quick  # noqa: E402

PACKETS = 100


def pinned(stage, name, verdict=bpf.TC_ACT_UNSPEC):
    """A counting program, for tc to attach by its pin: (counter, path)."""
    counter = bpf.Counter(verdict=verdict)
    path = stage.bpffs / f"foreign-{name}"
    bpf.pin(counter.program, path)
    return counter, path


def add_filter(stage, device, side="ingress", verdict=bpf.TC_ACT_UNSPEC, how=""):
    """A foreign filter on the qdisc that is there."""
    counter, path = pinned(
        stage, f"{device}-{side}-{len(list(stage.bpffs.glob('foreign-*')))}", verdict
    )
    stage.guest.run(
        f"tc filter add dev {device} {side} {how} bpf direct-action object-pinned {path}"
    )
    return counter


def order(stage, device, side):
    """Ids of the tcx programs."""
    return stage.guest.inside(lambda: bpf.attached_ids(socket.if_nametoindex(device), side))


def carry(stage, wire):
    """Flows both ways lose nothing, use this wire only, and no frame is sent in a circle."""
    wires = {
        path: stage.capture(stage.outside, outer)
        for path, outer in (("primary", "pr1"), ("standby", "st1"))
    }
    flows = stage.flows()
    wait("the flows", lambda: all(len(flow.times) > PACKETS for flow in flows))
    for flow in flows:
        flow.stop()
    seen = sum(len(capture.frames()) for capture in wires.values())
    sent = {path: len(capture.frames(outgoing=False)) for path, capture in wires.items()}
    check_equal(
        [(flow.lost(), flow.copies) for flow in flows], [(0, 0)] * 2,
        f"(lost, doubled) out and in, over the {wire}",
    )
    check(
        seen < sum(len(flow.times) for flow in flows) + 400,
        f"{seen} frames on the two wires: they go in circles",
    )
    check(
        sent[wire] >= PACKETS > min(sent.values()),
        f"the guest sends over another wire than the {wire}: {sent}",
    )


def replace_qdisc(stage, device, old, new):
    """In one go: an agent without tcx would make a clsact qdisc of its own in between."""
    stage.agent.send_signal(signal.SIGSTOP)
    stage.guest.run(f"tc qdisc delete dev {device} {old}; tc qdisc add dev {device} {new}")
    stage.agent.send_signal(signal.SIGCONT)


def without_tcx(stage):
    stage.program = [WITHOUT_TCX, VFSTEER]


def logged(stage, text):
    wait(f"{text!r} in the log", lambda: text in stage.log.read_text())
    time.sleep(1.2)
    check_equal(stage.log.read_text().count(text), 1, f"lines with {text!r}")


@case(agent=False)
@quick
def ingress_qdisc_on_the_standby(stage):
    """With somebody's filter on it, before we come; tcx is used, as on any other device."""
    stage.guest.run("tc qdisc add dev st0 ingress")
    policer = add_filter(stage, "st0")
    stage.start()
    stage.wait_active("primary")
    carry(stage, "primary")
    check_equal(stage.pair()["attached_by"], "tcx", "attached by")
    check_equal(stage.pair()["foreign_egress_filters"], 0, "foreign egress filters")
    check(policer.count() >= PACKETS, "somebody's filter does not run")
    stage.succeed("switch", "st0", "standby")
    carry(stage, "standby")
    stage.succeed("unload")
    check_equal(
        stage.guest.run("tc filter show dev st0 ingress").count(" handle "), 1, "filters left"
    )


@case
@quick
def filter_comes_to_an_ingress_qdisc(stage):
    flows = stage.flows()
    stage.guest.run("tc qdisc add dev st0 ingress")
    add_filter(stage, "st0")
    time.sleep(1.5)
    for flow in flows:
        check_equal(flow.stop().lost(), 0, "lost")
    carry(stage, "primary")
    check_equal(stage.pair()["attached_by"], "tcx", "attached by")


@case
def clsact_becomes_ingress(stage):
    """Where our filter was, for somebody else's: it goes with the qdisc, and comes back by tcx."""
    stage.guest.run("tc qdisc add dev st0 clsact")
    add_filter(stage, "st0", "egress")
    wait("clsact to be used", lambda: stage.pair()["attached_by"] == "clsact")
    flows = stage.flows()
    replace_qdisc(stage, "st0", "clsact", "ingress")
    add_filter(stage, "st0")
    wait("tcx to be used", lambda: stage.pair()["attached_by"] == "tcx")
    time.sleep(1.2)
    for flow in flows:
        # qdisc_graft deactivates the device
        check(
            flow.stop().lost() <= 60, "lost more than the kernel drops while it takes a qdisc away"
        )
    carry(stage, "primary")
    check_equal(stage.pair()["attached_by"], "tcx", "attached by")


@case(agent=False, pairs=2)
def ingress_qdisc_without_tcx(stage):
    """No place for an egress program: this pair is not made, and others are; until the qdisc goes.
    """
    without_tcx(stage)
    stage.guest.run(
        "ip link set st0 up; tc qdisc add dev st0 ingress; tc qdisc add dev st10 clsact"
    )
    add_filter(stage, "st0")
    agent = stage.guest.popen(
        [
            *stage.program,
            "run",
            "--bpffs",
            str(stage.bpffs),
            "--pair",
            "st0=pr0",
            "--pair",
            "st10=pr10",
        ],
        stdout=open(stage.log, "a"),
        stderr=open(stage.log, "a"),
    )
    stage.agents.append(agent)
    logged(stage, "st0: not paired: it has an ingress qdisc")
    stage.wait_active("primary", 1)
    check_equal(stage.pair(), None, "the pair")
    check_equal(
        stage.guest.run("tc filter show dev st0 ingress").count(" handle "), 1,
        "filters on the ingress qdisc",
    )
    reachable(stage)
    reachable(stage, stage.outside, stage.guest, GUEST)
    replace_qdisc(stage, "st0", "ingress", "clsact")
    stage.wait_active("primary")
    carry(stage, "primary")


@case(agent=False)
def clsact_becomes_ingress_without_tcx(stage):
    without_tcx(stage)
    stage.guest.run("tc qdisc add dev st0 clsact")
    stage.start()
    stage.wait_active("primary")
    replace_qdisc(stage, "st0", "clsact", "ingress")
    add_filter(stage, "st0")
    stage.wait_active("standby")
    check_equal(
        (stage.pair()["primary_state"], stage.pair()["down_reason"]),
        ("down", "no place for our program"), "the primary's state",
    )
    carry(stage, "standby")
    logged(stage, "st0: an ingress qdisc is on it")
    check_equal(stage.pair()["attached_by"], "nothing", "attached by")
    replace_qdisc(stage, "st0", "ingress", "clsact")
    stage.wait_active("primary")
    carry(stage, "primary")


def ingress_qdisc_on_the_primary(stage, by):
    stage.guest.run("ip link set pr0 up; tc qdisc add dev pr0 ingress; tc qdisc add dev st0 clsact")
    policer = add_filter(stage, "pr0")
    stage.start()
    stage.wait_active("primary")
    carry(stage, "primary")
    check_equal(
        len(order(stage, "pr0", bpf.TCX_INGRESS)), by == "tcx", "tcx programs on the primary"
    )
    check(policer.count() < PACKETS, "somebody's filter comes before ours")
    replace_qdisc(stage, "pr0", "ingress", "clsact")
    time.sleep(0.5)
    carry(stage, "primary")
    stage.succeed("unload")


@case(agent=False)
def ingress_qdisc_on_the_primary_with_tcx(stage):
    ingress_qdisc_on_the_primary(stage, "tcx")


@case(agent=False)
def ingress_qdisc_on_the_primary_without_tcx(stage):
    without_tcx(stage)
    ingress_qdisc_on_the_primary(stage, "clsact")


def moved_to_the_front(stage, device, ours):
    wait(
        f"ours first on {device}",
        lambda: order(stage, device, bpf.TCX_INGRESS)[0] in ours()
        and len(order(stage, device, bpf.TCX_INGRESS)) == 2,
    )


def our_programs(stage):
    found = []
    for name in stage.links():
        with contextlib.suppress(FileNotFoundError):  # moved meanwhile
            found.append(bpf.link_ids(stage.pins / "links" / name)[1])
    return found


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


def bypassed(stage):
    return {entry["what"]: entry["text"] for entry in stage.pair()["bypassed"]}


@case
def tcx_comes_first_without_an_agent(stage):
    """Nobody is there to move ours: status names who is before it, until an agent has."""
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
def somebody_insists_on_the_first_place(stage):
    """Without programs that tell of it, each move may cost a second: after a few the primary is not
    used while that goes on, and the line names who.
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
        check_equal(stage.pair()["active"], "standby", "active while somebody insists")
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


def configure(stage, text):
    path = stage.directory / "vfsteer.conf"
    path.write_text(text)
    stage.options = ["--config", str(path)]


@case(agent=False)
def egress_before(stage):
    """Before an egress program that ends the walk; with `after`, the default, that one keeps all on
    the standby, and status names it.
    """
    other = bpf.Counter(verdict=bpf.TC_ACT_OK)
    link = other.attach_tcx(stage.guest, "st0", bpf.TCX_EGRESS)
    stage.start()
    stage.wait_active("primary")
    carry(stage, "standby")
    check_equal(
        (stage.pair()["egress"], stage.pair()["foreign_egress_filters"]), ("after", 1),
        "place, and programs before ours",
    )
    check(
        "1 program of others on egress before ours" in stage.succeed("status"),
        stage.succeed("status"),
    )
    check("foreign_counter" in stage.succeed("status"), stage.succeed("status"))
    for place, wire in (("before", "primary"), ("after", "standby"), ("before", "primary")):
        flows = stage.flows()
        configure(stage, f"[pair st0]\negress = {place}\n")
        stage.stop()
        stage.start()
        for flow in flows:
            check_equal(flow.stop().lost(), 0, "lost while the place changes")
        carry(stage, wire)
        check_equal(
            (stage.pair()["egress"], stage.pair()["foreign_egress_filters"]),
            (place, place == "after"), "place, and programs before ours",
        )
        check_equal(
            list(bypassed(stage)), ["egress" if place == "after" else "egress_behind"], "bypassed"
        )
    text = bypassed(stage)["egress_behind"]
    check(
        text.startswith(
            "1 program of others on egress of st0 behind ours, first the tcx program foreign_counter"
        ),
        text,
    )
    check("what goes by pr0: so says egress = before" in text, text)
    check(f"bypassed: {text}" in stage.succeed("status"), stage.succeed("status"))
    # of each agent that has it so
    wait("a line", lambda: stage.log.read_text().count("on egress of st0 behind ours") == 2)
    first = bpf.Counter(verdict=bpf.TC_ACT_OK)
    links = [link, first.attach_tcx(stage.guest, "st0", bpf.TCX_EGRESS, bpf.F_BEFORE)]
    wait("ours first", lambda: order(stage, "st0", bpf.TCX_EGRESS)[0] in our_programs(stage))
    carry(stage, "primary")
    stage.guest.run("tc qdisc add dev st0 clsact")
    add_filter(stage, "st0", "egress", verdict=bpf.TC_ACT_OK)
    time.sleep(0.3)
    check_equal(stage.pair()["attached_by"], "tcx", "attached by")
    carry(stage, "primary")
    [os.close(each) for each in links]


@case(agent=False)
def egress_before_without_tcx(stage):
    without_tcx(stage)
    stage.guest.run("tc qdisc add dev st0 clsact")
    add_filter(stage, "st0", "egress", verdict=bpf.TC_ACT_OK, how="prio 1")
    stage.start()
    stage.wait_active("primary")
    carry(stage, "standby")
    check_equal(stage.pair()["foreign_egress_filters"], 1, "filters before ours")
    configure(stage, "[agent]\negress = before\n")
    stage.stop()
    stage.start()
    carry(stage, "primary")
    check_equal(stage.pair()["foreign_egress_filters"], 0, "filters before ours")
    check(
        "1 filter of others on egress of st0 behind ours, first the bpf filter"
        in bypassed(stage)["egress_behind"],
        bypassed(stage),
    )
    add_filter(stage, "st0", "egress", verdict=bpf.TC_ACT_OK, how="prio 1")
    time.sleep(0.5)
    carry(stage, "primary")


@case
def primary_in_a_container(stage):
    """Moved there when no agent was left: its program is of no use there, and redirects to nobody,
    whatever has the standby's ifindex.
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
