#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A hostile station on either wire: whatever it sends, nothing ends, nothing switches, nothing goes
out of the other wire, and it is counted.
"""

import os
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from announcements import arp_of  # noqa: E402
from rig import (  # noqa: E402
    BROADCAST, ETH_P_TEST, GUEST, MAC, OUTSIDE, Flow, case, check, check_equal, each_active, flood,
    frame, mac_bytes, main, note, reachable, wait,
)

HOSTILE = "02:00:00:00:00:66"
ALL_NODES = "33:33:00:00:00:01"
ETH_P_ARP, ETH_P_IP, ETH_P_8021Q, ETH_P_IPV6, ETH_P_8021AD = 0x0806, 0x0800, 0x8100, 0x86dd, 0x88a8
IPPROTO_ICMPV6, ROUTER_ADVERTISEMENT, NEIGHBOUR_SOLICITATION = 58, 134, 135
FLOOD = 3000
WIRES = {"st1": "standby", "pr1": "primary"}


def counters(stage):
    return stage.pair()["counters"]


def vlan(inner, *tags):
    """The frame with tags (ethertype, number) before its own ethertype."""
    return (
        inner[:12]
        + b"".join(struct.pack("!HH", kind, number) for kind, number in tags)
        + inner[12:]
    )


def arp(operation, mac, sender, target, to=BROADCAST, source=HOSTILE):
    return frame(
        to,
        source,
        ETH_P_ARP,
        struct.pack(
            "!HHBBH6s4s6s4s", 1, ETH_P_IP, 6, 4, operation, mac_bytes(mac),
            socket.inet_aton(sender), b"\0" * 6, socket.inet_aton(target),
        ),
    )


def icmpv6(source, to, body, source_mac=HOSTILE, to_mac=ALL_NODES):
    source, to = socket.inet_pton(socket.AF_INET6, source), socket.inet_pton(socket.AF_INET6, to)
    total = (
        sum(struct.unpack(f"!{len(source + to + body) // 2}H", source + to + body))
        + len(body)
        + IPPROTO_ICMPV6
    )
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    body = body[:2] + struct.pack("!H", ~total & 0xffff) + body[4:]
    return frame(
        to_mac, source_mac, ETH_P_IPV6,
        struct.pack("!IHBB", 6 << 28, len(body), IPPROTO_ICMPV6, 255) + source + to + body,
    )


def router_advertisement(number):
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + socket.inet_pton(
        socket.AF_INET6, f"2001:db8:{number:x}::"
    )
    return icmpv6(
        f"fe80::{number + 1:x}", "ff02::1",
        struct.pack("!BBHBBHII", ROUTER_ADVERTISEMENT, 0, 0, 64, 0, 1800, 0, 0) + prefix,
    )


def neighbour_solicitation(number):
    target = socket.inet_pton(socket.AF_INET6, "fd77::1")
    return icmpv6(
        f"fd77::{number + 0x1000:x}",
        "ff02::1:ff00:1",
        struct.pack("!BBHI", NEIGHBOUR_SOLICITATION, 0, 0, 0)
        + target
        + struct.pack("!BB", 1, 1)
        + mac_bytes(HOSTILE),
        to_mac="33:33:ff:00:00:01",
    )


def check_unmoved(stage, active, switches):
    pair = stage.pair()
    check_equal(
        (pair["active"], pair["switches"], pair["primary_state"], stage.agent.poll()),
        (active, switches, "ready", None),
        "(active, switches, primary's state, the agent's exit status)",
    )
    reachable(stage)


def hostile_frames(token):
    """One of each kind, each with the token in it."""
    plain = frame(BROADCAST, HOSTILE, payload=token)
    return {
        "broadcast": plain,
        "multicast": frame("01:00:5e:01:02:03", HOSTILE, payload=token),
        "to the shared MAC": frame(MAC, HOSTILE, payload=token),
        "to a stranger": frame("02:00:00:00:00:77", HOSTILE, payload=token),
        "our MAC to all": frame(BROADCAST, MAC, payload=token),
        "our MAC to itself": frame(MAC, MAC, payload=token),
        "our MAC to a stranger": frame("02:00:00:00:00:77", MAC, payload=token),
        "from a group": frame(BROADCAST, "01:00:5e:01:02:03", payload=token),
        "from no address": frame(BROADCAST, "00:00:00:00:00:00", payload=token),
        "pause": frame("01:80:c2:00:00:01", HOSTILE, 0x8808, token),
        "LACP": frame("01:80:c2:00:00:02", HOSTILE, 0x8809, token),
        "spanning tree": frame("01:80:c2:00:00:00", HOSTILE, len(token), token),
        "bridge group": frame("01:80:c2:00:00:10", HOSTILE, payload=token),
        "VLAN": vlan(plain, (ETH_P_8021Q, 7)),
        "VLAN 0, to us": vlan(frame(MAC, HOSTILE, payload=token), (ETH_P_8021Q, 0)),
        "stacked VLANs": vlan(plain, (ETH_P_8021AD, 7), (ETH_P_8021Q, 8)),
        "stacked VLANs, to us": vlan(
            frame(MAC, HOSTILE, payload=token), (ETH_P_8021AD, 7), (ETH_P_8021Q, 8),
            (ETH_P_8021Q, 9),
        ),
        "a VLAN tag and nothing": vlan(frame(BROADCAST, HOSTILE, payload=token), (ETH_P_8021Q, 7))[
            :18
        ]
        + token,
        "IPv4 header of nonsense": frame(MAC, HOSTILE, ETH_P_IP, b"\x4f" + token),
        "IPv6 header of nonsense": frame(MAC, HOSTILE, ETH_P_IPV6, b"\x6f" + token),
        "ARP of nonsense": frame(BROADCAST, HOSTILE, ETH_P_ARP, token),
    }


@case
def nothing_crosses(stage):
    """No frame that came over one wire leaves over the other, or over the same."""
    # even a guest that routes does not bridge
    stage.guest.run("echo 1 >/proc/sys/net/ipv4/ip_forward")
    captures = {wire: stage.capture(stage.outside, wire) for wire in WIRES}
    sent = 0
    for active in each_active(stage):
        switches = stage.pair()["switches"]
        for wire in WIRES:
            token = f"hostile-{active}-{wire}".encode()
            before = {one: capture.frames(outgoing=False) for one, capture in captures.items()}
            for kind, data in hostile_frames(token).items():
                flood(stage.outside, wire, [data])
                sent += 1
            time.sleep(0.3)
            for one, capture in captures.items():
                back = [
                    data.hex()
                    for data in capture.frames(outgoing=False)[len(before[one]) :]
                    if token in data
                ]
                check_equal(back, [], f"came back over {one}, sent into {wire}, active {active}")
            check(
                any(token in data for data in captures[wire].frames(outgoing=True)),
                f"nothing was sent into {wire}",
            )
        check_unmoved(stage, active, switches)
    note(f"{sent} frames, none came back")
    # That captures would have shown it: what the guest itself sends is seen.
    with stage.guest.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)) as link:
        link.bind(("st0", 0))
        link.send(frame(HOSTILE, MAC, payload=b"control"))
    wait(
        "the guest's own frame",
        lambda: any(b"control" in data for data in captures["st1"].frames(outgoing=False)),
    )


def small_frames():
    """Truncated at every length that a sender can be made to send, of each type that a program or
    the kernel parses.
    """
    for ethertype in (
        ETH_P_IP,
        ETH_P_IPV6,
        ETH_P_ARP,
        ETH_P_8021Q,
        ETH_P_8021AD,
        0x8863,
        0x0000,
        0x0040,
        0xFFFF,
    ):
        for to in (MAC, BROADCAST, "01:80:c2:00:00:0e"):
            header = mac_bytes(to) + mac_bytes(HOSTILE) + struct.pack("!H", ethertype)
            for length in (*range(0, 24), 39, 40, 41, 43, 44, 46):
                for filling in (b"\x45", b"\x60", b"\xff"):
                    yield header + filling * length


@case
def runts(stage):
    for active in each_active(stage):
        switches = stage.pair()["switches"]
        for wire in WIRES:
            flood(stage.outside, wire, small_frames())
        check_unmoved(stage, active, switches)


@case(agent=False)
def runts_with_direct_receive(stage):
    """The programs look into IP and transport headers here."""
    config = stage.directory / "vfsteer.conf"
    config.write_text("[agent]\nrx = direct\n")
    stage.guest.run(
        "for name in all st0 default; do echo 0 >/proc/sys/net/ipv4/conf/$name/rp_filter; done"
    )
    stage.start("st0=pr0", options=("--config", str(config)))
    stage.wait_active("primary")
    check_equal(stage.pair()["rx"], "direct", "rx")
    for wire in WIRES:
        flood(stage.outside, wire, small_frames())
    check_unmoved(stage, "primary", 1)


def during_flow(stage, attack):
    """The guest's traffic meanwhile: nothing of it is lost."""
    out, inbound = Flow(stage.guest, stage.outside, OUTSIDE, 200), Flow(
        stage.outside, stage.guest, GUEST, 200
    )
    attack()
    out.stop(), inbound.stop()
    check_equal(
        (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0),
        "lost (out, in), doubled (out, in)",
    )


@case
def group_flood_on_the_inactive_wire(stage):
    """Taken, as from the active wire: repetitions on one wire are no twins."""
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)
    for active, wire in (("primary", "st1"), ("standby", "pr1")):
        if active == "standby":
            stage.succeed("switch", "st0", "standby")
        stage.wait_active(active)
        data = frame(BROADCAST, HOSTILE, payload=active.encode())
        during_flow(stage, lambda: flood(stage.outside, wire, (data for _ in range(FLOOD))))
        wait(f"{FLOOD} frames", lambda: stack.count(data) >= FLOOD)
        check_equal(
            stack.count(data), FLOOD, f"frames of the flood that the stack saw, active {active}"
        )


@case
def echo_flood(stage):
    """Our own MAC as the sender: of no use to make the guest, or its bridge, believe that it is
    elsewhere.
    """
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)
    for active in each_active(stage):
        switches = stage.pair()["switches"]
        for wire in WIRES:
            before = counters(stage)["drop_own_echo_packets"]
            flood(
                stage.outside, wire, (frame(BROADCAST, MAC, payload=b"echo") for _ in range(FLOOD))
            )
            wait(
                f"{FLOOD} echoes on {wire} to be counted",
                lambda: counters(stage)["drop_own_echo_packets"] >= before + FLOOD,
            )
        check_unmoved(stage, active, switches)
    check_equal(stack.frames(), [], "echoes that the stack saw")


@case
def stacked_vlans_once(stage):
    """A tag is no way past the receive rule."""
    for active in each_active(stage):
        inactive = {"primary": "st1", "standby": "pr1"}[active]
        for tags in (
            ((ETH_P_8021Q, 7),),
            ((ETH_P_8021AD, 7), (ETH_P_8021Q, 8)),
            ((ETH_P_8021Q, 0), (ETH_P_8021Q, 0), (ETH_P_8021Q, 1)),
        ):
            before = counters(stage)
            for wire in WIRES:
                flood(
                    stage.outside, wire,
                    [vlan(frame(BROADCAST, HOSTILE, payload=active.encode()), *tags)] * 100,
                )
            wait(
                f"{len(tags)} tags: twins counted",
                lambda: counters(stage)["drop_twin_packets"] >= before["drop_twin_packets"] + 100,
            )
            before = counters(stage)
            flood(
                stage.outside, inactive,
                [vlan(frame(BROADCAST, MAC, payload=b"tagged"), *tags)] * 100,
            )
            wait(
                f"{len(tags)} tags: echoes counted",
                lambda: counters(stage)["drop_own_echo_packets"]
                >= before["drop_own_echo_packets"] + 100,
            )


@case
def control_frames_stay(stage):
    """802.1D's sixteen, in numbers: left on the wire's own device, never the other, and no reason
    to switch.
    """
    for active in each_active(stage):
        switches = stage.pair()["switches"]
        before = counters(stage)
        on = {device: stage.capture(stage.guest, device, ETH_P_TEST) for device in ("st0", "pr0")}
        for last in range(16):
            for wire in WIRES:
                flood(
                    stage.outside, wire,
                    [frame(f"01:80:c2:00:00:{last:02x}", HOSTILE, payload=wire.encode())] * 20,
                )
        wait(
            "them on both devices",
            lambda: all(len(capture.frames()) >= 320 for capture in on.values()),
        )
        time.sleep(0.1)
        for device, capture in on.items():
            check_equal(
                {data[14:17] for data in capture.frames()}, {device[:2].encode() + b"1"},
                f"wires that {device} received from",
            )
            check_equal(len(capture.frames()), 320, f"frames on {device}")
        check_equal(
            counters(stage)["rx_primary_link_local_packets"]
            - before["rx_primary_link_local_packets"],
            320,
            "counted",
        )
        check_unmoved(stage, active, switches)


@case
def forged_gratuitous_arp(stage):
    """A station claims the guest's address: vfsteer does not answer, switch, or announce for it."""
    for active in each_active(stage):
        time.sleep(0.5)  # the switch's own announcements
        switches = stage.pair()["switches"]
        captures = [stage.capture(stage.outside, wire) for wire in WIRES]
        for wire in WIRES:
            for operation in (1, 2):
                flood(stage.outside, wire, [arp(operation, HOSTILE, GUEST, GUEST)] * 100)
                flood(stage.outside, wire, [arp(operation, MAC, GUEST, GUEST, source=MAC)] * 100)
        time.sleep(0.5)
        announced = [
            data.hex()
            for capture in captures
            for data in capture.frames(outgoing=False)
            if arp_of(data)
        ]
        check_equal(announced, [], "announcements that were provoked")
        check_unmoved(stage, active, switches)
    check(counters(stage)["drop_own_echo_packets"] >= 800, "those with our MAC were not counted")


@case
def standby_wire_reaches_us_once(stage):
    """A station on the standby's wire may send to the shared MAC while the primary is active: taken
    once, answered over the primary.
    """
    wire, other = stage.capture(stage.outside, "st1"), stage.capture(stage.outside, "pr1")
    stack = stage.capture(stage.guest, "st0", ETH_P_IP)
    stage.guest.run(f"ip neigh replace 10.77.0.66 lladdr {HOSTILE} dev st0")
    request = struct.pack("!BBHHH", 8, 0, 0xf7ff - 0x1234 - 1, 0x1234, 1)
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 1, 0, socket.inet_aton("10.77.0.66"),
        socket.inet_aton(GUEST),
    )
    total = sum(struct.unpack("!10H", header))
    header = (
        header[:10] + struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + header[12:]
    )
    before = counters(stage)
    data = frame(MAC, HOSTILE, ETH_P_IP, header + request)
    flood(stage.outside, "st1", [data])

    def answers(capture):
        return sum(
            seen[:6] == mac_bytes(HOSTILE) and seen[12:14] == b"\x08\x00"
            for seen in capture.frames(outgoing=False)
        )
    wait("the answer on the primary's wire", lambda: answers(other))
    time.sleep(0.1)
    check_equal(
        (answers(wire), answers(other)), (0, 1), "answers on (the standby's wire, the primary's)"
    )
    check_equal(stack.count(data), 1, "times the stack saw it")
    check(
        counters(stage)["rx_standby_packets"] > before["rx_standby_packets"],
        "it was not counted as received by the standby",
    )


@case
def router_and_neighbour_flood(stage):
    """The standby's stack may believe them, as it would without vfsteer; the primary's may not, and
    the agent runs on under the noise.
    """
    stage.guest.run(
        "echo 1 >/proc/sys/net/ipv6/conf/st0/accept_ra; echo 1 >/proc/sys/net/ipv6/conf/st0/autoconf"
    )
    descriptors = len(os.listdir(f"/proc/{stage.agent.pid}/fd"))
    for wire in WIRES:
        flood(stage.outside, wire, (router_advertisement(number) for number in range(FLOOD)))
        flood(stage.outside, wire, (neighbour_solicitation(number) for number in range(FLOOD)))
    wait(
        "an address by advertisement on the standby",
        lambda: "2001:db8:" in stage.guest.run("ip -6 address show dev st0"),
    )
    of_primary = stage.guest.run(
        "ip -6 address show dev pr0; ip -6 neighbour show dev pr0; ip -6 route show dev pr0"
    )
    check_equal(of_primary.strip(), "", "IPv6 of the primary")
    check_equal(
        len(os.listdir(f"/proc/{stage.agent.pid}/fd")), descriptors, "the agent's descriptors"
    )
    check(
        counters(stage)["rx_standby_packets"] >= 2 * FLOOD,
        "those on the inactive wire were not taken",
    )
    check_unmoved(stage, "primary", 1)


main()
