#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The VF's link goes down under traffic and comes back, for a pair and for the kernel's
net_failover.

Inbound, a frame is lost only where no guest could have saved it: put on the VF's wire without link
by the network before the announcement. QEMU keeps what it gets for a NIC whose link is down and
hands it over later, but swallows one frame for every time the driver refills its ring meanwhile,
which e1000e's does, 16 times, when the link breaks with packets to send; a real wire would lose
them all.

Outbound no more is lost than net_failover loses: what the driver has taken when the link breaks,
and what it takes until it has noticed. That is its own delay and varies from one event to the next,
from 5 to 32 packets for either: hence medians of five, and an allowance of a half and eight packets
for the sampling. What netlink's delay would cost is a hundred times that.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from stage import KERNELS, case, check, check_equal, figures, main, note  # noqa: E402
from tools.rig.levels import reached  # noqa: E402

EVENTS = 5 if reached("full") else 3
DOWN_S = 1.0
QUEUED_MS = 10  # frames may lie so long between the bridge and QEMU when the link breaks
SHARE, PACKETS = 1.5, 8

# net_failover is measured first: its medians are what the pair's guest of the same kernel is held
# to.
GUESTS = {}
for _kernel in KERNELS:
    GUESTS[f"{_kernel}-net_failover"] = {
        "kernel": _kernel,
        "failover": True,
        "vf_at_boot": True,
        "agent": False,
    }
    GUESTS[f"{_kernel}-pair"] = {"kernel": _kernel}
LATER = [
    ("full", "6.12-*/*", "netns failover carrier-lost-and-back; hotplug 6.12-acpi/set-down-and-up"),
    ("full", "6.1-*/*", "the same case on 6.12; netns failover carrier-lost-and-back"),
    *(
        ("nightly", f"{_kernel}-*/*", "the same case on 6.12; netns failover carrier-lost-and-back")
        for _kernel in KERNELS[2:]
    ),
]
_net_failover = {}  # kernel: its results


def numbers_on_wire(frames):
    """The numbers of the measured packets among the frames."""
    return {
        int.from_bytes(frame.data[50:58], "little")
        for frame in frames
        if frame.ethertype == 0x0800 and frame.data[23] == 17
    }


def carrier_lost_and_back(guest):
    """Measurements of EVENTS events; "dead_wire" is added: the numbers of those that the network
    put on the VF's wire with its link down.
    """
    results = []
    for _ in range(EVENTS):
        name, captures, broken_ns = guest.lab.netdev("vf"), [], []

        def event():
            captures.append(guest.lab.capture("vf0", "to_guest"))
            time.sleep(QUEUED_MS / 500)
            broken_ns.append(time.time_ns())
            guest.lab.set_link("vf0", False)
            time.sleep(DOWN_S)
            captures.append(captures[0].stop())
            guest.lab.set_link("vf0", True)
            guest.lab.vm.wait_for(f"grep -q 1 /sys/class/net/{name}/carrier")

        guest.lab.vm.wait_for(f"grep -q 1 /sys/class/net/{name}/carrier")
        time.sleep(1)
        results.append({**guest.measure(event), "dead_wire": numbers_on_wire(
            frame for frame in captures[1] if frame.unix_ns > broken_ns[0] - QUEUED_MS * 10**6)})
        note(
            f"{guest.name}: {figures(results[-1])}, {len(results[-1]['dead_wire'])} on the wire without link or queued before it"
        )
    return results


def losses(results, way):
    return [one[way]["lost"] for one in results]


@case("*-net_failover")
def net_failover_to_compare_with(guest):
    guest.lab.wait_vf()
    time.sleep(2)
    results = _net_failover[guest.name.split("-")[0]] = carrier_lost_and_back(guest)
    return f"out {losses(results, 'out')} in {losses(results, 'in')} of about {results[0]['out']['sent']}"


@case("*-pair")
def no_more_than_net_failover(guest):
    kernel = guest.name.split("-")[0]
    results = carrier_lost_and_back(guest)
    pair = guest.wait_active("primary")
    text = f"out {losses(results, 'out')} in {losses(results, 'in')} of about {results[0]['out']['sent']}, all of the latter put on the wire without link"
    for result in results:
        lost = {
            number
            for first, last in result["in"]["lost_ranges"]
            for number in range(first, last + 1)
        }
        check(
            lost <= result["dead_wire"],
            lambda: f"lost inbound, and not on the VF's wire without link: {sorted(lost - result['dead_wire'])[:20]}; {text}",
        )
    check_equal(
        [one["in"]["duplicates"] + one["out"]["duplicates"] for one in results], [0] * EVENTS,
        "duplicates",
    )
    check(pair["switches"] >= 2 * EVENTS + 1, f"only {pair['switches']} switches")
    if kernel not in _net_failover:
        return f"{text}; net_failover was not measured in this run"
    median, theirs = (
        statistics.median(losses(some, "out")) for some in (results, _net_failover[kernel])
    )
    text += f"; medians out: {median}, net_failover {theirs}"
    check(
        median <= theirs * SHARE + PACKETS,
        f"{text}, which is more than {SHARE:.0%} and {PACKETS} packets",
    )
    return text


if __name__ == "__main__":
    main(GUESTS, later=LATER)
