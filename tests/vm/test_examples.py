#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The examples of the documents that show a guest: their output is what the program prints in one.
--write puts it there. No case measures traffic.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from more_devices import DEVICES, keep_agent, load_usb, plug, unplug  # noqa: E402
from stage import ROOT, case, main  # noqa: E402
from tools.rig.lab import Pair  # noqa: E402

sys.path.insert(0, str(ROOT / "tests"))
import examples  # noqa: E402

GUESTS = {"6.12": {"kernel": "6.12", "agent": False, "vf": False, **DEVICES}}
MAC = Pair(0).mac


def runner(guest):
    def run(command):
        return guest.log() if command == "log" else guest.run(f"{command} 2>&1")[1]
    return run


def traffic(guest):
    """Both ways, over what is active."""
    guest.check(f"ping -q -c 50 -i 0.01 {guest.lab.pairs[0].peer_v4}")


@case()
def with_a_vf(guest):
    keep_agent(guest)
    guest.lab.plug_vf()
    guest.wait_active("primary")
    traffic(guest)
    for name in ("status", "map", "json"):
        examples.check(name, runner(guest))
    guest.lab.unplug_vf()
    guest.wait_active("standby")
    traffic(guest)
    for name in ("status-without-vf", "log"):
        examples.check(name, runner(guest))


@case()
def two_vfs(guest):
    """Of two new ones it is that of the lower PCI address."""
    if guest.agent:
        guest.agent.stop()
    guest.check("vfsteer unload")
    guest.lab.plug_vf()
    plug(guest, "other", "rp-other", MAC)
    guest.start_agent()
    guest.wait_active("primary")
    try:
        examples.check("second-vf", runner(guest))
    finally:
        unplug(guest, "other")
        guest.lab.unplug_vf()
    guest.wait_active("standby")


@case()
def usb(guest):
    keep_agent(guest)
    load_usb(guest)
    plug(guest, "dongle", "usb.0", MAC, "usb-net", "usb-net")
    guest.lab.vm.wait_for(f"grep -q 'not used' {guest.agent.log}")
    try:
        examples.check("usb", runner(guest))
    finally:
        unplug(guest, "dongle")


@case()
def address(guest):
    """A VF that has an address already when it is found has a foreign owner."""
    if guest.agent:
        guest.agent.stop()
    guest.check("vfsteer unload")
    device = guest.lab.plug_vf()
    guest.check(f"ip link set {device} up; ip address add 10.0.0.5/24 dev {device}")
    guest.start_agent()
    guest.lab.vm.wait_for(f"vfsteer status | grep -q 'not used: {device}'")
    try:
        examples.check("address", runner(guest))
    finally:
        guest.lab.unplug_vf()


if __name__ == "__main__":
    main(GUESTS, measures=False)
