#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Ports on a kernel without bpf links, as those before Linux 5.9 (XDP) and 6.6 (tcx): all goes by
tc, whether XDP is wanted or not, and the filters are found again by what they are.
"""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from ports import (  # noqa: E402
    Container, Moved, around, by_each_driver, check_moved, devices, everything, prepare, silent,
    until, works,
)
from rig import (
    BROADCAST,
    ETH_P_TEST,
    GUEST,
    OUTSIDE,
    VFSTEER,
    WITHOUT_TCX,
    Flow,
    check,
    check_equal,
    each_active,
    frame,
    inject,
    main,
    note,
    reachable,
    wait,
)
from tools.rig.levels import full  # noqa: E402

OTHER = "02:00:00:00:00:aa"


def start(stage, mode):
    """Afresh: what begins without links goes on without. A foreign clsact is at the pair's devices
    already: making one costs packets.
    """
    stage.succeed("unload")
    stage.agent.wait(10)
    stage.program = [WITHOUT_TCX, VFSTEER]
    stage.guest.run(
        "ip link set pr0 up; for device in st0 pr0; do tc qdisc add dev $device clsact; done"
    )
    stage.start()
    stage.wait_active("primary")
    check_equal(
        stage.guest.run("tc filter show dev st0 egress").count(" handle "), 1,
        "filters on the standby's egress: this plays no kernel without tcx",
    )
    prepare(stage, mode)


@by_each_driver
def traffic(stage, mode):
    start(stage, mode)
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        check_equal(one.status["takes_by"], "tc", "takes by")
        heard = {
            name: stage.capture(*place, ETH_P_TEST)
            for name, place in (
                ("two", (two.netns, "ct0")),
                ("host", (stage.guest, "st0")),
                ("outside", (stage.outside, "br0")),
            )
        }
        for active in each_active(stage):
            moved = Moved(one)
            works(stage, one)
            check_moved(moved.since()[1], "tc", tx=20, rx=20, what=f"active {active}")
            reachable(stage, one.netns, two.netns, two.address6)
            reachable(stage, one.netns, stage.guest, GUEST)
            reachable(stage, stage.guest, one.netns, one.address)
            data = frame(BROADCAST, one.mac, payload=active.encode())
            inject(one.netns, "ct0", data)
            wait(
                "a broadcast everywhere",
                lambda: all(capture.count(data, outgoing=False) for capture in heard.values()),
            )
            time.sleep(0.1)
            check_equal(
                [capture.count(data, outgoing=False) for capture in heard.values()], [1, 1, 1],
                f"times received by {list(heard)}, active {active}",
            )


@by_each_driver
def planned_switches_and_restarts(stage, mode):
    """Nothing is lost or doubled; filters and programs are as many as before."""
    start(stage, mode)
    with Container(stage, mode=mode) as one:
        works(stage, one)
        time.sleep(0.3)
        before, counts = everything(stage), around(stage)["programs"]
        running = (
            Flow(one.netns, stage.outside, OUTSIDE),
            Flow(stage.outside, one.netns, one.address),
            *stage.flows(500),
        )
        for number in (signal.SIGKILL, signal.SIGTERM):
            stage.stop(number)
            time.sleep(0.1)
            stage.start()
            for wish in ("standby", "auto"):
                stage.succeed("switch", "st0", wish)
                time.sleep(0.2)
        for flow in running:
            flow.stop()
        note(
            f"of {[len(flow.times) for flow in running]} (container out, in, host out, in) lost {[flow.lost() for flow in running]}"
        )
        check_equal(
            ([flow.lost() for flow in running], [flow.copies for flow in running]),
            ([0] * 4, [0] * 4), "lost, doubled",
        )
        check_equal(around(stage)["programs"], counts, "programs")
        check_equal(
            {line for line in everything(stage) ^ before if "prog/xdp" not in line}, set(),
            "what is not as before",
        )


@by_each_driver
def primary_deleted_without_agent(stage, mode):
    start(stage, mode)
    with Container(stage, mode=mode) as one:
        out = Flow(one.netns, stage.outside, OUTSIDE)
        stage.stop(signal.SIGKILL)
        stage.guest.run("ip link delete pr0")
        gone = time.monotonic()
        time.sleep(0.4)
        out.stop()
        check_equal(out.lost(gone), 0, "lost outbound after the primary was gone")
        stage.start()
        stage.add_primary()
        stage.wait_active("primary")
        works(stage, one)


@by_each_driver
@full("port-lifecycle/unload-leaves-nothing; ports 5.10-e1000e of level full")
def nothing_is_left(stage, mode):
    start(stage, mode)
    with Container(stage, settings=None, mode=mode) as one:
        time.sleep(0.3)
        before = everything(stage)
        one.join()
        works(stage, one)
        one.leave()
        silent(one)
        until(lambda: everything(stage) == before)
        check_equal(everything(stage) ^ before, set(), "what is not as before")
        for agent in (True, False):
            one.join()
            works(stage, one)
            if not agent:
                stage.stop(signal.SIGKILL)
            stage.succeed("unload")
            for device in ("st0", "pr0", one.port):
                text = stage.guest.run(
                    f"tc filter show dev {device} ingress; tc filter show dev {device} egress"
                )
                check_equal(text.strip(), "", f"filters left at {device}")
            check_equal(
                {name: device.xdp for name, device in devices(stage).items() if device.xdp}, {},
                "devices with XDP",
            )
            check(
                "clsact" not in stage.guest.run(f"tc qdisc show dev {one.port}"),
                "our clsact is left at the port",
            )
            if agent:
                stage.agent.wait(10)
                stage.start()
                stage.wait_active("primary")


main()
