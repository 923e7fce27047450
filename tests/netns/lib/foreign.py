# SPDX-License-Identifier: GPL-2.0-only
"""Other people's programs at the hooks of a pair's devices, and what flows then."""

import contextlib
import socket
import time

import bpf
from rig import VFSTEER, WITHOUT_TCX, check, check_equal, wait

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


def without_tcx(stage):
    stage.program = [WITHOUT_TCX, VFSTEER]


def logged(stage, text):
    wait(f"{text!r} in the log", lambda: text in stage.log.read_text())
    time.sleep(1.2)
    check_equal(stage.log.read_text().count(text), 1, f"lines with {text!r}")


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
