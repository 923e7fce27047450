#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The host part with an igb and its VFs: what guests say over their taps, what becomes of the PF's
receive list, and where the NIC's switch then sends the frames.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "netns/lib"))

from announcements import RARP  # noqa: E402
from host_signals import ABSENT, LEAVING, PRIMARY, READY, STANDBY, signal_frame  # noqa: E402
from host_stage import mac_of  # noqa: E402
from igb_host import FRAMES, VFS, HostGuest  # noqa: E402
from rig import BROADCAST, frame  # noqa: E402
from stage import case, check, check_equal, main  # noqa: E402

GUESTS = {"6.12": {"kernel": "6.12"}, "6.1": {"kernel": "6.1"}}
LATER = [("full", "6.1/*", "6.12/*: the same on the newer kernel")]
MAC, OTHER = mac_of(1), mac_of(2)


class Speaker:
    """A guest behind a tap."""

    def __init__(self, host, name="vnet0", mac=MAC, number=0):
        self.host, self.name, self.mac, self.sequence = host, name, mac, 0
        host.set_vf(number, mac)
        host.tap(name, mac)

    def frame(self, active, primary, **fields):
        self.sequence += 1
        # An emulated host takes seconds for a step; the guest must not be silent meanwhile.
        fields.setdefault("interval_ms", 60000)
        return self.name, signal_frame(self.mac, active, primary, self.sequence, **fields)

    def says(self, active, primary, **fields):
        self.host.send(self.frame(active, primary, **fields))

    def on_vf(self):
        self.says(PRIMARY, READY)
        self.host.wait_entries(())
        return self

    def leaves(self):
        self.says(STANDBY, LEAVING)
        self.host.wait_entries([self.mac])
        return self


@case()
def shared_while_it_is_away(host):
    """Without the entry the switch gives the guest's frames to the VF that it has left."""
    guest = Speaker(host).on_vf()
    lost = host.delivered("vnet0", MAC)
    check_equal(lost, 0, "frames at the tap while the VF alone has the MAC")
    guest.leaves()
    got = host.delivered("vnet0", MAC)
    check_equal(got, FRAMES, "frames at the tap while it is shared")
    guest.on_vf()
    check_equal(host.delivered("vnet0", MAC), 0, "frames at the tap once it is back")
    return f"{lost} of {FRAMES} at the tap before, {got} of {FRAMES} while shared"


@case()
def within_milliseconds(host):
    guest, spent = Speaker(host).on_vf(), []
    for _ in range(10):
        guest.leaves()
        spent.append(host.status()["counters"]["latency_last_us"])
        guest.on_vf()
    spent.sort()
    return f"from the signal to the entry: median {spent[5]} us, at most {spent[-1]} us (emulated)"


def allowed_tap(host):
    host.set_vf(1, OTHER)
    host.tap("vnet0", MAC)
    host.check(f"vfsteer-host allow vnet0 {MAC}")
    host.wait_entries(())


def comes_while_a_vf_gets_the_mac(host, said):
    """The MAC is shared for what the guest @said, and all frames come, over the moment."""
    host.send(("vnet0", said))
    host.wait_entries([MAC])
    got = host.delivered("vnet0", MAC, 100, during=lambda: host.set_vf(0, MAC))
    check_equal(got, 100, "frames at the tap while a VF gets the MAC")
    return f"{got} of 100 frames, over the moment"


@case()
def the_mac_comes_to_the_vf_while_it_is_on_its_standby(host):
    """The destination of a stock host: `ip link set vf mac` comes just before device_add."""
    host.tap("vnet0", MAC)
    host.set_vf(1, OTHER)
    return comes_while_a_vf_gets_the_mac(
        host, signal_frame(MAC, STANDBY, ABSENT, 1, interval_ms=60000)
    )


@case()
def a_tap_that_is_allowed_before_its_guest_comes(host):
    """The destination where QEMU's taps are made by hand. It is shared from the start, so the
    guest's first signal changes nothing about that, but there is a PF for it from then on.
    """
    allowed_tap(host)
    return comes_while_a_vf_gets_the_mac(
        host, signal_frame(MAC, STANDBY, ABSENT, 1, interval_ms=60000)
    )


@case()
def what_comes_to_an_allowed_tap_before_a_signal(host):
    """The announcement of QEMU for a guest that has just come, which the bridge learns from."""
    allowed_tap(host)
    return comes_while_a_vf_gets_the_mac(host, frame(BROADCAST, MAC, RARP))


@case()
def the_vf_has_the_mac_before_the_guest_comes(host):
    """The destination with SR-IOV CNI. The guest's first frame is not waited for."""
    host.set_vf(0, MAC)
    host.tap("vnet0", MAC)
    host.wait_entries([MAC])
    got = host.delivered("vnet0", MAC)
    check_equal(got, FRAMES, "frames at the tap before the guest has sent anything")
    host.send(("vnet0", signal_frame(MAC, PRIMARY, READY, 1, interval_ms=60000)))
    host.wait_entries(())
    return f"{got} of {FRAMES}"


@case()
def the_tap_goes(host):
    """The source of a migration, when QEMU ends; the VF keeps the MAC."""
    Speaker(host).on_vf().leaves()
    host.close_tap("vnet0")
    host.wait_entries((), 3)
    check_equal(host.status()["guests"], [], "guests")


@case()
def killed_at_each_step(host):
    """Each state in turn: killed, the guest goes on without it, started again."""
    guest = Speaker(host)
    steps = ((PRIMARY, READY), (STANDBY, LEAVING), (STANDBY, ABSENT), (PRIMARY, READY))
    for before in steps:
        for after in steps:
            guest.says(*before)
            host.wait_entries([MAC] if before[0] == STANDBY else ())
            host.kill()
            guest.says(*after)
            host.start()
            guest.says(*after)
            host.wait_entries([MAC] if after[0] == STANDBY else ())
    guest.leaves()
    host.kill()
    host.close_tap("vnet0")
    host.start()
    host.wait_entries(())
    return f"{len(steps) ** 2 + 1} times"


@case()
def a_guest_that_lies(host):
    """It claims the MAC of a VF that is another's."""
    Speaker(host).on_vf()
    other = Speaker(host, "vnet1", OTHER, 1).on_vf()
    for sequence in range(100, 105):
        host.send(("vnet0", signal_frame(OTHER, STANDBY, LEAVING, sequence)))
    status = host.status()
    check_equal(status["counters"]["refused"], 5, "refused")
    check_equal(host.entries(), set(), "what is shared")
    check_equal(host.delivered("vnet0", OTHER), 0, "frames of another at its tap")
    other.leaves()
    return "5 refused"


@case()
def all_at_once(host):
    """As many guests as the NIC has VFs."""
    guests = [Speaker(host, f"vnet{n}", mac_of(10 + n), n) for n in range(VFS)]
    macs = [guest.mac for guest in guests]
    host.send(*(guest.frame(PRIMARY, READY) for guest in guests))
    host.wait_entries(())
    host.send(*(guest.frame(STANDBY, LEAVING) for guest in guests))
    host.wait_entries(macs)
    host.send(*(guest.frame(PRIMARY, READY) for guest in guests))
    host.wait_entries(())
    worst = host.status()["counters"]["latency_max_us"]
    return f"{VFS} guests, the slowest after {worst} us (emulated)"


@case()
def a_vlan_of_the_vf(host):
    """vf 0 vlan 7: the tap is in that VLAN of the PF."""
    host.check("""
        ip link add link eth0 name eth0.7 type vlan id 7
        ip link add br7 type bridge forward_delay 0 mcast_snooping 0
        ip link set eth0.7 master br7 up
        ip link set br7 up
        ip link set eth0 vf 0 vlan 7""")
    try:
        host.set_vf(0, MAC)
        host.tap("vnet0", MAC, "br7")
        host.send(("vnet0", signal_frame(MAC, STANDBY, LEAVING, 1, interval_ms=60000)))
        host.wait_entries([MAC])
        check("vlan 7" in host.check("vfsteer-host check"), "check does not show the VLAN")
    finally:
        host.close_tap("vnet0")
        host.check("ip link set eth0 vf 0 vlan 0; ip link del eth0.7; ip link del br7")
    host.wait_entries(())


@case()
def what_check_says(host):
    Speaker(host).on_vf()
    said = host.check("vfsteer-host check --probe")
    for text in (
        f"eth0: driver igb, {VFS} VFs", "eth0: leads to the bridge br0",
        "eth0: takes a MAC on its receive list (tried)",
        f"eth0 vf 0: {MAC}, trust off, spoofchk on",
        "vnet0: may speak for the MAC of a VF of this host",
    ):
        check(f"  {text}" in said, lambda: f"no '{text}' in\n{said}")
    check("!" not in said, said)
    host.check("ip link set eth0 down")
    try:
        check("! eth0: is down" in host.check("vfsteer-host check"), "down")
    finally:
        host.check("ip link set eth0 up")


if __name__ == "__main__":
    main(GUESTS, measures=False, later=LATER, kind=HostGuest)
