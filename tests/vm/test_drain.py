#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""`vfsteer drain` with the queues of a real driver, and what is reported to the host meanwhile, for
pairs of either kind. At 2,000 packets a second each way nothing may be lost.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "netns/lib"))

from host_signals import DRAINED, is_signal, parse  # noqa: E402
from stage import case, check, check_equal, main  # noqa: E402

GUESTS = {
    "6.12": {"kernel": "6.12"},
    "6.12-net_failover": {"kernel": "6.12", "failover": True},
}
LATER = [
    ("full", "6.12-net_failover/*", "6.12/drain-and-back and signals of an unplug; netns drain"),
]


def signals(capture):
    """The host signals of a capture, which ends."""
    return [parse(frame.data) for frame in capture.stop() if is_signal(frame.data)]


def name_of(guest):
    return guest.pair()["owner"]


@case()
def drain_and_back(guest):
    """The driver has byte queue limits: they are looked at under traffic."""
    name, texts = name_of(guest), []
    vf = guest.lab.netdev("vf")
    guest.check(f"ls /sys/class/net/{vf}/queues/tx-0/byte_queue_limits/inflight")
    capture = guest.lab.capture("sb0")

    def drain():
        texts.append(guest.check(f"vfsteer drain {name} --timeout 20"))

    def back():
        guest.check(f"vfsteer switch {name} auto")
        guest.wait_active("primary")

    text = guest.survive(drain, back, "drain")
    check_equal(texts[-1], f"{name}: drained: nothing is in flight on {vf}\n", "output")
    sent = guest.check(f"cat /sys/class/net/{vf}/statistics/tx_packets")
    check_equal(guest.pair()["drain"], {"state": "drained", "ends_in_s": None}, "status")
    check_equal(guest.check(f"cat /sys/class/net/{vf}/statistics/tx_packets"), sent, "sent since")
    text += ", " + guest.survive(back, drain, "back")
    said = signals(capture)
    told = [(one.active, one.state, one.flags) for one in said]
    check(("standby", "ready", DRAINED) in told, f"not reported: {said}")
    check_equal(told[-1], ("primary", "ready", 0), "the last signal")
    return text


@case()
def drain_for_a_time(guest):
    """The agent takes the traffic back."""
    name = name_of(guest)

    def there_and_back():
        guest.check(f"vfsteer drain {name} --timeout 20 --for 4")
        guest.wait_active("primary")

    text = guest.survive(there_and_back, lambda: None, "drain and its end")
    check_equal(guest.pair()["drain"], None, "drain")
    return text


@case()
def signals_of_an_unplug(guest):
    """What watch programs see is reported before the VF is gone; how soon is printed, not judged.
    """
    capture = guest.lab.capture("sb0")
    wire = guest.lab.capture("vf0")
    switches = guest.pair()["switches"]
    guest.lab.unplug_vf()
    guest.wait_active("standby")
    said = signals(capture)
    left = [one for one in said if one.active != "primary"]
    check(left and left[0].state == "leaving", f"the first signal after the switch: {left[:1]}")
    check_equal(left[-1].state, "absent", "the last state")
    check_equal(signals(wire), [], "signals on the VF's wire")
    announced = re.search(rf"switch {switches + 1}, announced ([\d.]+) ms after it", guest.log())
    return (
        f"{left[0].age_us / 1000:.2f} ms from the switchover to the signal, "
        f"{announced[1]} ms to the end of the announcement"
    )


main(GUESTS, later=LATER)
