#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Guests of QEMU's failover=on that reboot, and guests whose virtio-net changes its kind: vfsteer
makes of a guest what it is now.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from events import unplugged  # noqa: E402
from stage import KERNELS, case, check, check_equal, main  # noqa: E402

GUESTS = {f"{kernel}-net_failover": {"kernel": kernel, "failover": True} for kernel in KERNELS}
GUESTS["6.12-held-back"] = {"kernel": "6.12", "failover": True, "vf_at_boot": "held-back"}
LATER = [
    ("full", "6.12-*/*", "net_failover 6.12-net_failover/unplug and plug; unit pairing"),
    *(("full", f"{kernel}-net_failover/*", "the same case on 6.12") for kernel in KERNELS[1:]),
]
KINDS = {False: "plain", True: "net_failover"}


def check_kind(guest, with_primary):
    """One pair, of the kind that the guest's virtio-net has now."""
    pairs = guest.lab.vm.check("vfsteer status --json | grep -o '\"owner\"' | wc -l").strip()
    check_equal(pairs, "1", "pairs")
    pair = guest.pair()
    check(pair, lambda: f"no pair of the standby: {guest.check('vfsteer status')}")
    check_equal(
        (pair["kind"], pair["owner"], pair["primary"]),
        (
            KINDS[guest.lab.failover],
            guest.lab.main(),
            guest.lab.netdev("vf") if with_primary else None,
        ),
        "kind, owner and primary",
    )
    return pair


def there_and_back(guest):
    """The pair is lossless: an unplug and a plug."""
    def plugged():
        guest.lab.plug_vf()
        guest.wait_active("primary")

    text = guest.survive(guest.lab.unplug_vf, plugged, "unplug")
    guest.wait_active("standby")
    check_kind(guest, False)
    text += ", " + guest.survive(guest.lab.plug_vf, lambda: unplugged(guest), "plug")
    guest.wait_active("primary")
    check_kind(guest, True)
    return text


@case("6.12-held-back")
def negotiated_before_the_vf(guest):
    """QEMU was started with the VF and plugged it when the guest had said that it knows STANDBY."""
    check_kind(guest, True)
    return there_and_back(guest)


@case("6.12-held-back")
def reboot_holds_the_vf_back_again(guest):
    """Both ways to reboot. QEMU plugs a VF that was unplugged again, as soon as the guest has
    negotiated.
    """
    for hard in (False, True):
        unplugged(guest)
        guest.reboot(hard)
        guest.start_agent()
        guest.lab.wait_vf()
        guest.wait_active("primary")
        check_kind(guest, True)
    return there_and_back(guest)


@case("*-net_failover")
def reboot_with_the_vf(guest):
    for hard in (False, True):
        guest.reboot(hard)
        guest.start_agent()
        guest.wait_active("primary")
        check_kind(guest, True)
    return there_and_back(guest)


@case("*-net_failover")
def reboot_without_the_vf(guest):
    """QEMU plugs a VF that was unplugged again, as soon as the guest has negotiated, also one that
    was not on its command line.
    """
    unplugged(guest)
    guest.reboot()
    guest.start_agent()
    guest.lab.wait_vf()
    guest.wait_active("primary")
    check_kind(guest, True)
    return there_and_back(guest)


@case("*-net_failover")
def kind_changes_over_a_reboot(guest):
    """There and back. The agent still runs when the virtio-net of the other kind comes."""
    texts = []
    for failover in (False, True):
        unplugged(guest)
        guest.lab.change_kind(failover)
        guest.reboot()
        guest.start_agent()
        guest.lab.plug_vf()
        guest.wait_active("primary")
        check_kind(guest, True)
        texts.append(f"{KINDS[failover]}: {there_and_back(guest)}")
    return "; ".join(texts)


@case("6.12-net_failover")
def kind_changes_under_the_agent(guest):
    """The virtio-net is unplugged and one of the other kind plugged, while the VF stays or is away,
    and while the agent runs, or was killed and its pins stay.
    """
    texts = []
    for killed, stays in ((False, True), (True, True), (True, False)):
        what = f"{'killed' if killed else 'running'}, VF {'stays' if stays else 'away'}"
        for failover in (False, True):
            if not stays:
                unplugged(guest)
            if killed:
                guest.check(f"kill -9 {guest.agent.pid}")
            guest.lab.change_kind(failover)
            # The killed agent's programs on a VF that stays redirect to a device that is gone.
            if killed:
                guest.start_agent()
            guest.lab.configure()
            if not stays:
                guest.lab.plug_vf()
            guest.wait_active("primary")
            check_kind(guest, True)
            texts.append(guest.survive(None, None, f"{what}, {KINDS[failover]}"))
        texts.append(there_and_back(guest))
    return "; ".join(texts)


if __name__ == "__main__":
    main(GUESTS, later=LATER)
