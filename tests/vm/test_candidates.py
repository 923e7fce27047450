#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Who may be a primary, with devices that a namespace cannot have: permanent MACs, PCI, USB. No
case measures traffic.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from more_devices import DEVICES, keep_agent, load_usb, plug, unplug  # noqa: E402
from stage import case, check, check_equal, main  # noqa: E402
from tools.rig.lab import Pair  # noqa: E402

GUESTS = {"6.12": {"kernel": "6.12", "agent": False, "vf": False, **DEVICES}}

LATER = [
    ("full", "6.12/software", "netns impostors; unit candidates"),
    ("full", "6.12/two-vfs", "examples 6.12/two-vfs; unit candidates and pairing"),
]

MAC, OTHER_MAC = Pair(0).mac, "52:54:00:77:00:77"
# Each made, and then given the MAC of the pair, which an ipvlan has from below; low0 is a device to
# stand on.
IMPOSTORS = {
    "veth": "ip link add impostor type veth peer impostor-peer",
    "dummy": "ip link add impostor type dummy",
    "macvlan": "ip link add link low0 name impostor type macvlan mode bridge",
    "vlan": "ip link add link low0 name impostor type vlan id 7",
    "bridge": "ip link add impostor type bridge",
    "bond": "ip link add impostor type bond",
    "tun": "ip tuntap add impostor mode tap",
    "vxlan": "ip link add impostor type vxlan id 8 dstport 4789",
    "ipvlan": f"ip link set low0 address {MAC} && ip link add link low0 name impostor type ipvlan",
}


def not_used(guest):
    return {other["device"]: other for other in guest.pair()["not_used"]}


def check_refused(guest, device, reason, *words):
    """No primary, @device is named with the reason in status and once in the log, and is as it was.
    """
    standby = guest.lab.netdev("sb")
    guest.lab.vm.wait_for(f"grep -q '{standby}: not used: {device}' {guest.agent.log}")
    pair, others = guest.pair(), not_used(guest)
    check_equal(
        (pair["primary"], pair["primary_state"], pair["active"]), (None, "absent", "standby"),
        f"{device}: the pair",
    )
    check(device in others, lambda: f"{device} is not named: {others}")
    check_equal(others[device]["reason"], reason, f"{device}: the reason")
    lines = [
        line
        for line in guest.check(f"vfsteer status {standby}").splitlines()
        if line.startswith(f"  not used: {device}")
    ]
    check(
        len(lines) == 1 and all(word in lines[0] for word in words),
        lambda: f"{device}: status says {lines}, not {words}",
    )
    check_equal(
        guest.check(f"cat /proc/sys/net/ipv6/conf/{device}/addr_gen_mode").strip(), "0",
        f"{device}: addr_gen_mode, 1 of a primary",
    )
    return others[device]


@case()
def software(guest):
    """Whatever can be given a MAC is given the pair's; ipvlan has even inherited it as a permanent
    one.
    """
    keep_agent(guest)
    guest.check("ip link add low0 type dummy && ip link set low0 up")
    try:
        for kind, command in IMPOSTORS.items():
            guest.check(
                f"modprobe {kind} 2>/dev/null; {command} && ip link set impostor address {MAC} 2>/dev/null; ip link set impostor up"
            )
            check_equal(
                guest.check("cat /sys/class/net/impostor/address").strip(), MAC, f"{kind}: its MAC"
            )
            inherited = check_refused(guest, "impostor", "not hardware", kind)["permanent_mac"]
            check_equal(inherited, MAC if kind == "ipvlan" else None, f"{kind}: its permanent MAC")
            guest.check("ip link delete impostor")
    finally:
        guest.check("ip link delete low0")
    # What stands on the standby has its MAC by right, and is not worth a word.
    standby = guest.lab.netdev("sb")
    guest.check(f"ip link add link {standby} name own type vlan id 9 && ip link set own up")
    try:
        check_equal(
            (guest.pair()["primary"], not_used(guest)), (None, {}), "a VLAN of the standby's"
        )
    finally:
        guest.check("ip link delete own")
    return f"{len(IMPOSTORS)} kinds refused"


@case()
def usb(guest):
    """A USB NIC hangs on PCI by its host controller, and its permanent MAC is what its maker says.
    """
    keep_agent(guest)
    load_usb(guest)
    device = plug(guest, "dongle", "usb.0", MAC, "usb-net", "usb-net")
    try:
        other = check_refused(guest, device, "not on PCI", "on the bus usb")
        check_equal(
            (other["permanent_mac"], other["pci_address"]), (MAC, None),
            "its permanent MAC and PCI address",
        )
    finally:
        unplug(guest, "dongle")
    return f"{device} refused"


@case()
def mac_only_set(guest):
    """Real hardware whose permanent MAC is another: named, with what to do, not used, also when it
    is given the MAC.
    """
    keep_agent(guest)
    device = plug(guest, "other", "rp-other", OTHER_MAC)
    try:
        check_refused(
            guest, device, "another MAC", OTHER_MAC, "on the host",
            f"--pair {guest.lab.netdev('sb')}={device}",
        )
        guest.check(f"ip link set {device} address {MAC} up")
        guest.lab.vm.wait_for(f"grep -q '{device}.*MAC was only set' {guest.agent.log}")
        check_refused(guest, device, "MAC only set", OTHER_MAC)
    finally:
        unplug(guest, "other")


@case()
def mac_changes(guest):
    """A primary that was found by its permanent MAC, and then given another, is not used until it
    has the standby's again.
    """
    keep_agent(guest)
    device = guest.lab.plug_vf()
    guest.wait_active("primary")
    guest.check(f"ip link set {device} address {OTHER_MAC}")
    pair = guest.wait_active("standby")
    check_equal(
        (pair["primary"], pair["primary_state"], pair["last_switch"]["cause"]),
        (device, "down", "no longer matches the standby"), "primary, its state, and the cause",
    )
    guest.check(f"ip link set {device} address {MAC}")
    check_equal(guest.wait_active("primary")["primary"], device, "primary")
    guest.lab.unplug_vf()
    guest.wait_active("standby")


@case()
def two_vfs(guest):
    """The one in use stays, over a restart, too; of two new ones it is that of the lower PCI
    address; the other takes over at once.
    """
    keep_agent(guest)
    high = plug(guest, "other", "rp-other", MAC)
    pair = guest.wait_active("primary")
    check_equal(pair["primary"], high, "the only VF")
    switches = pair["switches"]
    low = guest.lab.plug_vf()
    guest.lab.vm.wait_for(f"grep -q 'not used: {low}' {guest.agent.log}")
    pair = guest.pair()
    check_equal(
        (pair["primary"], not_used(guest)[low]["reason"], pair["switches"]),
        (high, "another is in use", switches), "the second VF beside one in use",
    )
    check(f"{high} is in use and stays" in guest.check("vfsteer status"), "status does not say why")

    guest.agent.stop()
    guest.start_agent()
    pair = guest.wait_active("primary")
    check_equal(
        (pair["primary"], pair["switches"]), (high, switches),
        "primary and switches after a restart",
    )

    guest.agent.stop()
    guest.check("vfsteer unload")
    guest.start_agent()
    check_equal(guest.wait_active("primary")["primary"], low, "of two new ones")
    check_equal(
        {name: other["reason"] for name, other in not_used(guest).items()},
        {high: "higher PCI address"}, "the other",
    )
    check_equal(guest.log().count(f"not used: {high}"), 1, "lines about it")

    guest.lab.unplug_vf()
    guest.lab.vm.wait_for(f"vfsteer status | grep -q '<-> {high} .*active: primary'", 20)
    check_equal(not_used(guest), {}, "others when one is left")
    unplug(guest, "other")
    guest.wait_active("standby")


if __name__ == "__main__":
    main(GUESTS, measures=False, later=LATER)
