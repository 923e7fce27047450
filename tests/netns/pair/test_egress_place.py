#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The place of our egress program before or behind those of others, as the configuration says."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from foreign import add_filter, carry, order, our_programs, without_tcx  # noqa: E402
from rig import bypassed, case, check, check_equal, main, wait  # noqa: E402


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


main()
