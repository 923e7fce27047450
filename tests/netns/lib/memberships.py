# SPDX-License-Identifier: GPL-2.0-only
"""Multicast in the tests: flows to a group, joined groups, and membership reports as a snooping
switch reads them.
"""

import socket
import struct

from announcements import IPV6, VLAN, checksum
from rig import Flow, check_equal, mac_bytes

MCAST_JOIN_SOURCE_GROUP, IPV6_JOIN_GROUP = 46, 20
MODES = {1: "include", 2: "exclude"}


def interface(netns, device):
    return netns.inside(lambda: socket.if_nametoindex(device))


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def join(netns, device, group, source=None, receiver=None):
    """Joins the group on the device, from one source alone if there is one; the socket that is its
    member.
    """
    family, index = family_of(group), interface(netns, device)
    member = receiver or netns.inside(lambda: socket.socket(family, socket.SOCK_DGRAM))
    packed = socket.inet_pton(family, group)
    if source:
        pad = "4x" if family == socket.AF_INET6 else ""
        storage = [
            struct.pack(
                f"=HH{pad}{len(packed)}s", family, 0, socket.inet_pton(family, address)
            ).ljust(128, b"\0")
            for address in (group, source)
        ]
        level = socket.IPPROTO_IPV6 if family == socket.AF_INET6 else socket.IPPROTO_IP
        member.setsockopt(
            level, MCAST_JOIN_SOURCE_GROUP, struct.pack("I4x", index) + b"".join(storage)
        )
    elif family == socket.AF_INET6:
        member.setsockopt(socket.IPPROTO_IPV6, IPV6_JOIN_GROUP, packed + struct.pack("I", index))
    else:
        member.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, packed + bytes(4) + struct.pack("I", index)
        )
    return member


class GroupFlow(Flow):
    """A flow to a group, from the device @out of one side to the members on the device @into of the
    other.
    """

    def __init__(self, source, target, group, out="br0", into="st0", rate=1000):
        self.out, self.into = out, into
        super().__init__(source, target, group, rate)

    def prepare(self, source, target, to):
        join(target, self.into, to, receiver=self.receiver)
        index = interface(source, self.out)
        if family_of(to) == socket.AF_INET6:
            self.sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        else:
            self.sender.setsockopt(
                socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                struct.pack("4s4sI", bytes(4), bytes(4), index),
            )


def group_mac(group):
    packed = socket.inet_pton(family_of(group), group)
    return (
        b"\x33\x33" + packed[-4:]
        if len(packed) == 16
        else b"\x01\x00\x5e" + bytes([packed[1] & 0x7F]) + packed[2:]
    )


def _records(body, version, family):
    """{(version, group, mode, sources)} of the records behind the head of an IGMPv3 or MLDv2
    report.
    """
    size, found = 16 if family == socket.AF_INET6 else 4, set()
    rest, count = body[8:], struct.unpack("!H", body[6:8])[0]
    for _ in range(count):
        kind, words, sources = struct.unpack("!BBH", rest[:4])
        check_equal(words, 0, "auxiliary data of a record")
        addresses = [
            socket.inet_ntop(family, rest[at : at + size])
            for at in range(4, 4 + size * (1 + sources), size)
        ]
        found.add((version, addresses[0], MODES.get(kind, kind), tuple(sorted(addresses[1:]))))
        rest = rest[4 + size * (1 + sources):]
    check_equal(rest, b"", f"what follows the {count} records")
    return found


def _igmp_of(data):
    if data[38] == 0x11:
        return set()
    check_equal(
        (data[14], data[15], data[20:22], data[22], data[34:38]),
        (0x46, 0xC0, b"\x40\0", 1, b"\x94\x04\0\0"),
        "IGMP: header length, class, no fragments, TTL, router alert",
    )
    check_equal(checksum(data[14:38]), 0xffff, "IP checksum")
    body, to = data[38 : 14 + int.from_bytes(data[16:18], "big")], socket.inet_ntop(
        socket.AF_INET, data[30:34]
    )
    check_equal((checksum(body), data[:6]), (0xffff, group_mac(to)), "IGMP checksum, and MAC")
    if body[0] == 0x22:
        check_equal(to, "224.0.0.22", "destination")
        return _records(body, "igmp3", socket.AF_INET)
    group = socket.inet_ntop(socket.AF_INET, body[4:8])
    check_equal((to, len(body)), (group, 8), "destination, and length")
    return {({0x12: "igmp1", 0x16: "igmp2"}.get(body[0], body[0]), group, "exclude", ())}


def _mld_of(data):
    body, length = (
        data[62 : 54 + int.from_bytes(data[18:20], "big")],
        int.from_bytes(data[18:20], "big") - 8,
    )
    if body[0] not in (131, 143):
        return set()
    to = socket.inet_ntop(socket.AF_INET6, data[38:54])
    check_equal(
        (data[54:62], data[21], data[:6]), (bytes([58, 0, 5, 2, 0, 0, 1, 0]), 1, group_mac(to)),
        "router alert, hop limit, and MAC",
    )
    check_equal(
        checksum(data[22:54] + struct.pack("!II", length, 58) + body), 0xFFFF, "MLD checksum"
    )
    if body[0] == 143:
        check_equal(to, "ff02::16", "destination")
        return _records(body, "mld2", socket.AF_INET6)
    group = socket.inet_ntop(socket.AF_INET6, body[8:24])
    check_equal((to, len(body)), (group, 24), "destination, and length")
    return {("mld1", group, "exclude", ())}


def reports_of(frames, mac=None, vlan=0):
    """{(version, group, mode, sources)} that the frames, those from @mac alone if it is named,
    report in that VLAN.
    """
    found = set()
    for data in frames:
        if mac and data[6:12] != mac_bytes(mac):
            continue
        seen = 0
        if data[12:14] == VLAN.to_bytes(2, "big"):
            seen, data = int.from_bytes(data[14:16], "big") & 0xfff, data[:12] + data[16:]
        if seen != vlan:
            continue
        if data[12:14] == b"\x08\x00" and data[23] == socket.IPPROTO_IGMP:
            found |= _igmp_of(data)
        if (
            data[12:14] == IPV6.to_bytes(2, "big")
            and data[20] == 0
            and data[54] == socket.IPPROTO_ICMPV6
        ):
            found |= _mld_of(data)
    return found


def _ipv4_query_of(data):
    """An IGMPv3 query as a switch without an address asks at a topology change (RFC 4541, 2.1.1):
    from no address, to all, for all groups, to be answered within 0.1 s.
    """
    body = data[38 : 14 + int.from_bytes(data[16:18], "big")]
    check_equal(
        (data[:6], data[14:16], data[22:24], data[26:38], len(body), body[:2], body[4:]),
        (group_mac("224.0.0.1"), b"\x46\xc0", b"\1\2", b"\0\0\0\0\xe0\0\0\1\x94\4\0\0", 12,
         b"\x11\1", b"\0\0\0\0\0\x7d\0\0"),
        "IGMPv3 query",
    )
    check_equal((checksum(data[14:38]), checksum(body)), (0xffff, 0xffff), "checksums")
    return "igmp3"


def _ipv6_query_of(data):
    """The same in MLDv2, from the link-local address that wins no election of a querier."""
    body = data[62 : 54 + int.from_bytes(data[18:20], "big")]
    addresses = [socket.inet_ntop(socket.AF_INET6, data[at : at + 16]) for at in (22, 38)]
    check_equal(
        (data[:6], data[21], addresses, data[54:62], len(body), body[:2], body[4:]),
        (group_mac("ff02::1"), 1, ["fe80::ffff:ffff:ffff:ffff", "ff02::1"],
         bytes([58, 0, 5, 2, 0, 0, 1, 0]), 28, b"\x82\0",
         b"\0\x64\0\0" + bytes(16) + b"\0\x7d\0\0"),
        "MLDv2 query",
    )
    check_equal(
        checksum(data[22:54] + struct.pack("!II", len(body), 58) + body), 0xffff, "MLD checksum"
    )
    return "mld2"


def queries_of(frames, vlan=0):
    """{version} of the agent's questions in that VLAN. Those of the outside's querier, which has
    addresses, are none.
    """
    found = set()
    for data in frames:
        seen = 0
        if data[12:14] == VLAN.to_bytes(2, "big"):
            seen, data = int.from_bytes(data[14:16], "big") & 0xfff, data[:12] + data[16:]
        if seen != vlan:
            continue
        if (
            data[12:14] == b"\x08\0" and data[23] == socket.IPPROTO_IGMP and data[38] == 0x11
            and data[39] == 1
        ):
            found.add(_ipv4_query_of(data))
        if (
            data[12:14] == IPV6.to_bytes(2, "big") and data[20] == 0
            and data[54] == socket.IPPROTO_ICMPV6 and data[62] == 130 and data[66:68] == b"\0\x64"
        ):
            found.add(_ipv6_query_of(data))
    return found


def current(reports):
    """Those that report the present state, as an answer or announcement does. The kernel reports a
    join or leave as a change, in IGMPv3 and MLDv2.
    """
    return {report for report in reports if report[2] in MODES.values()}


def reported(reports, group):
    return {(version, mode, sources) for version, of, mode, sources in reports if of == group}
