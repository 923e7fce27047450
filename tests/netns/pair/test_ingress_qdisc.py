#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""An `ingress` qdisc on a device of a pair: it has no egress, and without tcx no place for our
programs.
"""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from foreign import PACKETS, add_filter, carry, logged, order, without_tcx  # noqa: E402
from rig import GUEST, case, check, check_equal, main, reachable, wait  # noqa: E402
from tools.rig.levels import quick  # noqa: E402


def replace_qdisc(stage, device, old, new):
    """In one go: an agent without tcx would make a clsact qdisc of its own in between."""
    stage.agent.send_signal(signal.SIGSTOP)
    stage.guest.run(f"tc qdisc delete dev {device} {old}; tc qdisc add dev {device} {new}")
    stage.agent.send_signal(signal.SIGCONT)


@case(agent=False)
@quick
def ingress_qdisc_on_the_standby(stage):
    """With a foreign filter on it, before we come; tcx is used, as on any other device."""
    stage.guest.run("tc qdisc add dev st0 ingress")
    policer = add_filter(stage, "st0")
    stage.start()
    stage.wait_active("primary")
    carry(stage, "primary")
    check_equal(stage.pair()["attached_by"], "tcx", "attached by")
    check_equal(stage.pair()["foreign_egress_filters"], 0, "foreign egress filters")
    check(policer.count() >= PACKETS, "the foreign filter does not run")
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
    """Where our filter was, for a foreign one: it goes with the qdisc, and comes back by tcx."""
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
    check(policer.count() < PACKETS, "the foreign filter comes before ours")
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


main()
