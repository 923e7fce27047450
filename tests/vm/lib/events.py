# SPDX-License-Identifier: GPL-2.0-only
"""The events that take a VF away and give one back, under traffic, for pairs of either kind.
Nothing may be lost; each returns its figures.
"""

import time

import protections
from stage import Skip, check, check_equal, figures

ARP, IPV4, IPV6, RARP = 0x0806, 0x0800, 0x86dd, 0x8035
HOST_SIGNAL = 0x88B5
ICMPV6, ROUTER_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 58, 133, 136
IGMP, HOP_BY_HOP, MLD_REPORTS = 2, 0, (131, 143)
LEAVING_TIMEOUT_S = 15
ANNOUNCED = 10  # packets a silent guest may miss: 5 ms at 2,000 a second


def unplugged(guest):
    guest.lab.unplug_vf()
    check_equal(guest.wait_active("standby")["primary_state"], "absent", "the primary's state")


def unplug(guest):
    def again():
        guest.lab.plug_vf()
        guest.wait_active("primary")

    text = guest.survive(guest.lab.unplug_vf, again, noted="unplug")
    pair = guest.wait_active("standby")
    check_equal((pair["primary"], pair["primary_state"]), (None, "absent"), "primary")
    check_equal(pair["last_switch"]["cause"], "unplug announced", "cause")
    return text


def is_report(frame):
    """IGMP, or MLDv1 or MLDv2 behind a hop-by-hop header."""
    if frame.ethertype == IPV4:
        return frame.data[23] == IGMP
    return (
        frame.ethertype == IPV6
        and frame.data[20] == HOP_BY_HOP
        and frame.data[54] == ICMPV6
        and frame.data[62] in MLD_REPORTS
    )


def is_announcement(frame):
    if is_report(frame):
        return True
    if frame.ethertype == ARP:
        return frame.data[28:32] == frame.data[38:42]
    return (
        frame.ethertype == RARP
        or frame.ethertype == IPV6
        and frame.data[20] == ICMPV6
        and frame.data[54] == NEIGHBOUR_ADVERTISEMENT
    )


def driver_unbind_and_bind(guest):
    address, driver = guest.driver()

    def unbind():
        guest.check(f"echo {address} >{driver}/unbind")

    def bind():
        guest.check(f"echo {address} >{driver}/bind")

    def bound():
        bind()
        guest.wait_active("primary")

    def unbound():
        unbind()
        guest.wait_active("standby")

    text = guest.survive(unbind, bound, "unbind", "unbind")
    cause = guest.wait_active("standby")["last_switch"]["cause"]
    check_equal(cause, "driver unbound", "cause")
    text += ", " + guest.survive(bind, unbound, "bind", "bind")
    guest.wait_active("primary")
    return text


def set_down_and_up(guest):
    name = guest.lab.netdev("vf")

    def down():
        guest.check(f"ip link set {name} down")

    def up():
        guest.check(f"ip link set {name} up")

    text = guest.survive(down, lambda: (up(), guest.wait_active("primary")), "down", "set down")
    pair = guest.wait_active("standby")
    check_equal(
        (pair["primary_state"], pair["last_switch"]["cause"]), ("down", "set down"),
        "state and cause",
    )
    text += ", " + guest.survive(up, lambda: (down(), guest.wait_active("standby")), "up", "set up")
    guest.wait_active("primary")
    return text


def is_from_a_slave_with_ipv6(guest, frame):
    """Before Linux 6.2 net_failover lets IPv6 come up on a VF, which it opens itself:
    the VF may solicit routers before the agent has silenced it.
    """
    return (
        guest.lab.failover
        and frame.ethertype == IPV6
        and frame.data[20] == ICMPV6
        and frame.data[54] == ROUTER_SOLICITATION
    )


def silent(guest, event):
    """An event while only the peer sends; (lost, text). Asserts that the guest's own voice is
    nothing but announcements.
    """
    captures = []

    def watched():
        captures[:] = [guest.lab.capture("sb0"), guest.lab.capture("vf0")]
        event()

    result = guest.measure(watched, ways=("in",))
    frames = [frame for capture in captures for frame in capture.stop()]
    signals = [frame for frame in captures[1].frames() if frame.ethertype == HOST_SIGNAL]
    check_equal(signals, [], "host signals on the VF's wire")
    other = [
        frame for frame in frames
        if not is_announcement(frame)
        and frame.ethertype not in (ARP, HOST_SIGNAL)
        and not is_from_a_slave_with_ipv6(guest, frame)
    ]
    more = "; ".join(str(frame) for frame in other[:5])
    check(not other, f"the guest said more than its announcements: {more}")
    check(frames, "nothing was announced")
    return result, len(frames)


def silent_guest(guest):
    """Back within the announcement, not when the guest happens to speak."""
    texts = []
    for what, event, path in (
        ("unplug", guest.lab.unplug_vf, "standby"),
        ("plug", guest.lab.plug_vf, "primary"),
    ):
        result, frames = silent(guest, event)
        guest.wait_active(path)
        texts.append(f"{what} {figures(result)} after {frames} announcing frames")
        protections.note_event(guest.name, f"silent {what}", result)
        check(result["in"]["lost"] <= ANNOUNCED, texts[-1])
        check_equal(result["in"]["duplicates"], 0, "duplicates")
    return ", ".join(texts)


def removal_that_never_comes(guest):
    """The attention button was pressed, and then nothing: after its time the primary is taken back.
    (QEMU refuses the second press that cancels.)

    The last case of its guest: its port has no hotplug driver afterwards.
    """
    port = guest.lab.slot("vf")
    service = guest.check("ls /sys/bus/pci_express/drivers/pciehp").split()
    mine = next((one for one in service if one.startswith(port)), None)
    if not mine:
        raise Skip(f"no pciehp service for {port}: {service}")

    def event():
        pressed = time.monotonic()
        guest.lab.unplug_vf(wait=False)
        guest.wait_active("standby", timeout=5)
        left = guest.pair()
        check_equal(
            (left["primary_state"], left["last_switch"]["cause"]), ("leaving", "unplug announced"),
            "state and cause",
        )
        guest.check(f"echo {mine} >/sys/bus/pci_express/drivers/pciehp/unbind")
        time.sleep(max(0, pressed + LEAVING_TIMEOUT_S - 4 - time.monotonic()))
        check_equal(guest.pair()["primary_state"], "leaving", "state before the time is over")
        guest.wait_active("primary", timeout=10)
        return time.monotonic() - pressed

    result = guest.measure(event, rate=1000)
    check(result["out"]["lost"] == result["in"]["lost"] == 0, lambda: figures(result))
    return f"{figures(result)}, back after {result['event']:.0f} s"
