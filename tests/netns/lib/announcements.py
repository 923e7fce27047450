# SPDX-License-Identifier: GPL-2.0-only
"""Announcements as a switch or a neighbour would read them: every field that matters is checked."""

import socket
import struct
import time

from rig import BROADCAST, MAC, check_equal, frame, mac_bytes

ARP, IPV6, RARP, VLAN = 0x0806, 0x86dd, 0x8035, 0x8100


def arp_of(data, mac=MAC):
    """The address that a gratuitous ARP frame announces."""
    if data[12:14] != ARP.to_bytes(2, "big"):
        return None
    hardware, protocol, sizes, _, sender, source, _, target = struct.unpack(
        "!HHHH6s4s6s4s", data[14:42]
    )
    check_equal((hardware, protocol, sizes, sender, data[:6], data[6:12]),
                (1, 0x0800, 0x0604, mac_bytes(mac), b"\xff" * 6, mac_bytes(mac)), "ARP's fields")
    return socket.inet_ntop(socket.AF_INET, source) if source == target else None


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def advertisement_of(data, mac=MAC):
    """The address that an unsolicited neighbour advertisement is about."""
    if data[12:14] != IPV6.to_bytes(2, "big") or data[20] != 58 or data[54] != 136:
        return None
    length = struct.unpack("!H", data[18:20])[0]
    body = data[54:54 + length]
    if body[4] & 0x40:  # solicited: the kernel's own answer to a question
        return None
    check_equal(
        checksum(data[22:54] + struct.pack("!II", length, 58) + body), 0xFFFF, "ICMPv6 checksum"
    )
    check_equal(
        (data[:6], data[21], data[38:54]),
        (mac_bytes("33:33:00:00:00:01"), 255, socket.inet_pton(socket.AF_INET6, "ff02::1")),
        "MAC, hop limit, and destination",
    )
    check_equal(body[4] & 0x60, 0x20, "flags: override, not solicited")
    check_equal(body[24:32], b"\x02\x01" + mac_bytes(mac), "target link-layer address")
    return socket.inet_ntop(socket.AF_INET6, body[8:24])


def arp_request(target, mac, source):
    """A station with @mac and the address @source asks who has @target."""
    return frame(
        BROADCAST,
        mac,
        ARP,
        struct.pack(
            "!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac_bytes(mac), socket.inet_aton(source),
            bytes(6), socket.inet_aton(target),
        ),
    )


def solicitation(target, mac, source):
    """The same for IPv6."""
    target, source = socket.inet_pton(socket.AF_INET6, target), socket.inet_pton(
        socket.AF_INET6, source
    )
    group = socket.inet_pton(socket.AF_INET6, "ff02::1:ff00:0")[:13] + target[13:]
    body = struct.pack("!BBHI", 135, 0, 0, 0) + target + b"\x01\x01" + mac_bytes(mac)
    total = checksum(source + group + struct.pack("!II", len(body), 58) + body)
    body = body[:2] + struct.pack("!H", total ^ 0xffff) + body[4:]
    return frame(
        "33:33:ff:" + group[13:].hex(":"), mac, IPV6,
        struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + source + group + body,
    )


def answered(frames, mac, to):
    """The addresses that @frames, from @mac to @to, answer for."""
    found = set()
    for data in frames:
        if data[6:12] != mac_bytes(mac) or data[:6] != mac_bytes(to):
            continue
        if data[12:14] == ARP.to_bytes(2, "big") and data[20:22] == b"\x00\x02":
            found.add(socket.inet_ntop(socket.AF_INET, data[28:32]))
        elif data[12:14] == IPV6.to_bytes(2, "big") and data[20] == 58 and data[54] == 136:
            found.add(socket.inet_ntop(socket.AF_INET6, data[62:78]))
    return found


def announced(frames, mac=MAC):
    """What a list of frames from the guest announces."""
    return {
        address
        for data in frames
        for address in (
            arp_of(data, mac),
            advertisement_of(data, mac),
            "rarp"
            if data[12:14] == RARP.to_bytes(2, "big") and data[6:12] == mac_bytes(mac)
            else None,
        )
        if address
    }


def announced_of(frames, mac):
    """{(VLAN or 0, what)} that the frames with @mac as their source announce; a tag stands in the
    frame.
    """
    found = set()
    for data in frames:
        if data[6:12] != mac_bytes(mac):
            continue
        vlan = 0
        if data[12:14] == VLAN.to_bytes(2, "big"):
            vlan, data = int.from_bytes(data[14:16], "big") & 0xfff, data[:12] + data[16:]
        found |= {(vlan, what) for what in announced([data], mac)}
    return found


def heard_at_switch(stage, wish, wire):
    """The frames that leave by @wire at a switch to the requested path (@wish), repetitions
    included.
    """
    heard = stage.capture(stage.outside, wire)
    stage.succeed("switch", "st0", wish)
    stage.wait_active(wish)
    time.sleep(0.35)
    return heard.frames(outgoing=False)


def macvlan(stage, name, mac, kind="macvlan mode bridge"):
    """Up, and without an address."""
    stage.guest.run(
        f"ip link add {name} link st0 address {mac} type {kind}; ip link set {name} addrgenmode none; ip link set {name} up"
    )
