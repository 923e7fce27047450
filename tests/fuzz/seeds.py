#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the binary seeds: seeds.py DIRECTORY makes DIRECTORY/TARGET/NAME. The textual ones are
tests/fuzz/TARGET/*.

Messages are written out here as the kernel sends them; the ones that this machine's kernel sends
now are added.
"""

import contextlib
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import header  # noqa: E402

ABI_VERSION = header.abi_version()
PORT_SIZE, PAIR_SIZE = header.size_of("port"), header.size_of("pair")

ERROR, DONE, GETMDB = 2, 3, 86
NEWLINK, DELLINK, GETLINK, NEWADDR, DELADDR, GETADDR, NEWNEIGH, NEWTFILTER = (
    16,
    17,
    18,
    20,
    21,
    22,
    28,
    44,
)
DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
IF_ADDRESS, IF_NAME, IF_MTU, IF_LINK, IF_MASTER, IF_OPERSTATE, IF_LINKINFO = 1, 3, 4, 5, 10, 16, 18
IF_PROMISCUITY, IF_CARRIER, IF_NETNSID, IF_PROPERTIES, IF_ALTNAME, IF_PERM_ADDRESS, IF_ALLMULTI = (
    30,
    33,
    37,
    52,
    53,
    54,
    61,
)
ADDRESS_PROTOCOL = 11
INFO_KIND, INFO_DATA, INFO_SLAVE_KIND = 1, 2, 4
VLAN_ID, VLAN_PROTOCOL = 1, 5
NESTED = 0x8000
FILTERS_OUR_HANDLE = 0x76667374  # user/datapath/filters.h
MAC = bytes.fromhex("525400123456")


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def text(kind, value):
    return attribute(kind, value.encode() + b"\0")


def number(kind, value):
    return attribute(kind, struct.pack("=I", value))


def message(kind, body, flags=0, sequence=0):
    return (
        struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0)
        + body
        + b"\0" * (-len(body) % 4)
    )


def link(ifindex, *attributes, kind=NEWLINK, family=0):
    return message(
        kind, struct.pack("=BxHiII", family, 1, ifindex, 0x1003, 0) + b"".join(attributes)
    )


def address(family, data, *attributes, kind=NEWADDR, ifindex=7):
    return message(
        kind,
        struct.pack("=BBBBI", family, 24, 0x80, 0, ifindex)
        + attribute(2, data)
        + b"".join(attributes),
    )


def neighbour(ifindex, flags, state, *attributes):
    return message(
        NEWNEIGH,
        struct.pack("=BxxxiHBB", socket.AF_BRIDGE, ifindex, state, flags, 0) + b"".join(attributes),
    )


def tc_filter(handle, priority, *attributes):
    return message(
        NEWTFILTER,
        struct.pack("=BxxxiIII", 0, 7, handle, 0xFFFFFFF3, priority << 16) + b"".join(attributes),
    )


def tc(kind, parent, handle, name, options, info=1):
    return message(
        kind,
        struct.pack("=BxxxiIII", 0, 7, handle, parent, info)
        + text(1, name)
        + attribute(2, options),
    )


def full_link(ifindex, name, *more):
    return link(
        ifindex,
        text(IF_NAME, name),
        attribute(IF_ADDRESS, MAC),
        attribute(IF_PERM_ADDRESS, MAC),
        number(IF_MTU, 1500),
        number(IF_PROMISCUITY, 1),
        number(IF_ALLMULTI, 0),
        attribute(IF_OPERSTATE, b"\6"),
        attribute(IF_CARRIER, b"\1"),
        *more
    )


def vlan(ifindex, lower, protocol):
    data = attribute(VLAN_ID, struct.pack("=H", 100)) + attribute(
        VLAN_PROTOCOL, struct.pack("!H", protocol)
    )
    return full_link(
        ifindex,
        f"eth0.{ifindex}",
        number(IF_LINK, lower),
        attribute(
            IF_LINKINFO | NESTED, text(INFO_KIND, "vlan") + attribute(INFO_DATA | NESTED, data)
        ),
    )


def kernel_dump(kind, body, size=8192):
    """The first datagrams of a dump that this machine's kernel answers with."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as requests:
        requests.settimeout(2)
        requests.send(message(kind, body, DUMP))
        return requests.recv(size)


def netlink():
    port = full_link(
        8, "eth1", number(IF_MASTER, 9),
        attribute(IF_LINKINFO | NESTED, text(INFO_KIND, "veth") + text(INFO_SLAVE_KIND, "bridge")),
    )
    addresses = address(2, bytes([10, 0, 0, 1])) + address(10, bytes(16), number(8, 0x280))
    yield "link", full_link(7, "eth0")
    yield "vlan", full_link(7, "eth0") + vlan(10, 7, 0x8100) + vlan(11, 10, 0x88a8)
    yield "port", port + link(
        9, text(IF_NAME, "br0"), attribute(IF_LINKINFO | NESTED, text(INFO_KIND, "bridge"))
    )
    yield "altnames", full_link(
        7, "eth0",
        attribute(IF_PROPERTIES | NESTED, text(IF_ALTNAME, "enp1s0") + text(IF_ALTNAME, "x" * 127)),
    )
    yield "owned", full_link(7, "eth0") + address(
        10, bytes(16), attribute(ADDRESS_PROTOCOL, b"\2")
    ) + link(7, kind=NEWLINK, family=10)
    yield "other-netns", full_link(7, "eth0", number(IF_LINK, 3), number(IF_NETNSID, 1))
    yield "gone", full_link(7, "eth0") + addresses + link(7, text(IF_NAME, "eth0"), kind=DELLINK)
    yield "addresses", full_link(7, "eth0") + addresses + address(
        2, bytes([10, 0, 0, 1]), kind=DELADDR
    )
    yield "bridge-state", link(7, text(IF_NAME, "eth0"), family=socket.AF_BRIDGE)
    yield "without-name", link(7)
    yield "no-mac", link(7, text(IF_NAME, "ib0"), attribute(IF_ADDRESS, bytes(20)))
    yield "filters-and-more", tc_filter(1, 5) + message(36, bytes(20)) + message(DONE, bytes(4))
    yield "cut-short", full_link(7, "eth0")[:40]
    for name, kind, body in (
        ("kernel-links", GETLINK, bytes(16)),
        ("kernel-addresses", GETADDR, bytes(8)),
    ):
        with contextlib.suppress(OSError):
            yield name, kernel_dump(kind, body)


def answers():
    entry = attribute(2, MAC)
    for choice in "fl":
        yield f"{choice}-self", choice.encode() + neighbour(7, 2, 0x80, entry) * 6 + message(
            DONE, bytes(4), 2
        )
        yield f"{choice}-learned", choice.encode() + neighbour(
            8, 0, 2, entry, attribute(5, struct.pack("=H", 100))
        ) * 6
        yield f"{choice}-no-mac", choice.encode() + neighbour(8, 0, 2, attribute(2, MAC[:4]))
    for handle in (0, 1, FILTERS_OUR_HANDLE):
        yield f"t-{handle}", b"t" + tc_filter(handle, 65000, text(1, "bpf")) + tc_filter(
            2, 7, text(1, "u32")
        )
    for kind in ("clsact", "ingress"):
        yield f"q-{kind}", b"q" + message(
            36, struct.pack("=BxxxiIII", 0, 7, 0xFFFF0000, 0xFFFFFFF1, 1) + text(1, kind)
        )
    root, top = 0xffffffff, 0x10000
    yield "r-htb", b"r" + tc(
        36, root, top, "htb",
        attribute(2, struct.pack("=5I", 0x30011, 10, 0x20, 0, 7)) + number(5, 1000),
    ) + tc(40, root, top | 1, "htb", attribute(1, bytes(44))) + tc(
        36, top | 1, 2 * top, "netem", bytes(24)
    ) + tc(
        NEWTFILTER, top, 0x80000800, "u32",
        number(1, top | 1) + attribute(5, bytes(32)) + number(11, 8), 0x20008,
    )
    yield "r-tbf", b"r" + tc(
        36, root, top, "tbf",
        attribute(1, struct.pack("=BBHhHI12xIII", 0, 1, 0, 0, 0, 500000, 30000, 47312, 0)),
    )
    yield "r-mq", b"r" + tc(36, root, top, "mq", b"") + b"".join(
        tc(36, top | queue, 0, "fq", number(1, 10000)) for queue in (1, 2, 3)
    )
    vlans = b"".join(
        attribute(2, struct.pack("=HH", flags, vlan))
        for flags, vlan in ((6, 1), (8, 10), (16, 4094), (16, 5), (0, 77), (8, 65535))
    )
    group = struct.pack("=IBBH16s4s", 7, 0, 0, 7, bytes([239, 1, 2, 3]), b"\x08\0")
    source = attribute(4, bytes([192, 0, 2, 1]))
    yield "g-groups", b"g" + message(
        GETMDB, struct.pack("=B3xI", socket.AF_BRIDGE, 3)
        + attribute(1, attribute(1, attribute(1, group) + attribute(1, group + source)))
        + attribute(2, attribute(1, struct.pack("=I", 9)))
    ) + message(DONE, bytes(4))
    yield "v-ranges", b"v" + link(7, attribute(26, vlans), family=7) + message(DONE, bytes(4))
    peer = (
        text(IF_NAME, "ve0")
        + number(IF_LINK, 3)
        + number(IF_NETNSID, 1)
        + attribute(IF_ADDRESS, MAC)
    )
    yield "p-veth", b"p" + link(7, text(IF_NAME, "ve0"), peer) + message(DONE, bytes(4))
    yield "p-no-mac", b"p" + link(7, text(IF_NAME, "ve0"), attribute(IF_ADDRESS, MAC[:4]))
    yield "n-number", b"n" + message(88, bytes(4) + attribute(1, struct.pack("=i", 7)))
    yield "x-features", b"x" + message(
        40, bytes(4) + number(1, 7) + attribute(3, struct.pack("=Q", 0x4F))
    )
    yield "i-short", b"i" + message(36, bytes(4))
    route = struct.pack("=8BI", socket.AF_INET, 32, 0, 0, 255, 2, 254, 2, 0)
    yield "o-route", b"o" + message(24, route + attribute(1, bytes([10, 0, 0, 1]))) * 20
    yield "interrupted", b"f" + message(DONE, bytes(4), 0x12)
    yield "refused", b"f" + message(ERROR, struct.pack("=i", -19) + bytes(16))
    yield "cut-short", b"f" + message(ERROR, b"")
    yield "of-another-request", b"f" + message(DONE, bytes(4), sequence=5)


def pair(
    standby, primary, word=(1, 2, 0, 2, 1), ifindexes=(7, 8), switched_ns=10**9,
    version=ABI_VERSION,
):
    """struct vfsteer_pair; its size is checked against the header."""
    data = struct.pack(
        "=BBBBI16s16s18s6sIIQQ16s16s16sII",
        *word,
        standby,
        primary,
        b"52:54:00:12:34:56",
        MAC,
        *ifindexes,
        switched_ns,
        0,
        b"0000:01:00.0",
        b"0000:01:00",
        b"0000:00:04.0",
        1,
        4026531840
    )
    return data.ljust(PAIR_SIZE - 4, b"\0") + struct.pack("=I", version)


def pairs():
    one = pair(b"eth0", b"eth1")
    yield "one", one
    yield "one-without-primary", one + b"\0"
    yield "free-slots", pair(b"", b"") + one + pair(b"", b"") + b"\1"
    yield "without-end", pair(b"s" * 16, b"p" * 16) + b"\1"
    yield "control-characters", pair(b"\x1b[2J\n", b"\xff\xfe\xc3") + b"\1"
    yield "unicode", pair("wän0".encode(), "\u30cd\U0001f600".encode()) + b"\1"
    yield "far-future", pair(b"eth0", b"eth1", switched_ns=2**63) + pair(
        b"eth2", b"eth3", switched_ns=2**64 - 1
    )
    yield "unknown-words", pair(b"eth0", b"eth1", word=(255, 255, 255, 255, 2**32 - 1)) + b"\1"
    yield "another-version", pair(b"eth0", b"eth1", version=ABI_VERSION + 1)


def port(name, pair_name, ifindex=9, rest=(0, 2, 2, 0, 1, 1, 0, 1, 0, 0, 0)):
    """struct vfsteer_port; its size is checked against the header."""
    return struct.pack(
        "=16s16s18s6sII11B", name, pair_name, b"52:54:00:12:34:56", MAC, ifindex, 0, *rest
    ).ljust(PORT_SIZE, b"\0")


def ports():
    yield "one", port(b"veth0", b"eth0")
    yield "passthrough-and-waiting", port(
        b"veth0", b"eth0", rest=(1, 1, 1, 1, 0, 0, 1, 0, 1, 5, 0)
    ) + port(b"veth1", b"eth0", ifindex=0)
    yield "without-end", port(b"v" * 16, b"p" * 16)
    yield "control-characters", port(b"\x1b[2J\n", b"\xff\xfe\xc3")
    yield "unknown-words", port(b"veth0", b"eth0", rest=(255,) * 11)
    for family, address_bytes in ((2, bytes([10, 0, 0, 1])), (10, bytes(15) + b"\1"), (77, b"")):
        yield f"address-{family}", struct.pack(
            "=IHBx16s", 0, 100, family, address_bytes
        ) + MAC + struct.pack("=HQ", 1, 10**9)


def events():
    size = 16
    for kind in range(8):
        yield f"kind-{kind}", bytes([size - 1]) + struct.pack("=QIBBxx", 10**9, 5, kind, 2) * 2
    yield "short", bytes([size - 2]) + bytes(size)


def host_signal():
    """Frames of docs/reference/host-signal.md."""
    ethernet = bytes.fromhex("0180c200000e") + b"\xf2" + MAC[1:] + b"\x88\xb5"

    def signal(version=1, kind=0, length=46, state=(1, 2, 0), mac=MAC, ethernet=ethernet):
        return ethernet + struct.pack(
            ">4sBBHHBBBx6sQIIIIH", b"VFST", version, kind, length, 1, *state, mac, 10**18, 7, 2000,
            3, 1500, 0,
        )

    yield "plain", signal()
    yield "net-failover", signal(kind=1, state=(0, 3, 2))
    yield "longer", signal(length=50) + bytes(4)
    yield "padded", signal() + bytes(4)
    yield "other-version", signal(version=2)
    yield "other-ethertype", signal(ethernet=ethernet[:-1] + b"\xb6")
    yield "unknown-state", signal(state=(1, 5, 0))
    yield "group", signal(mac=b"\1" + MAC[1:])
    yield "short", signal()[:-1]


def groups():
    """The files of /proc/net, a NUL between two."""
    files = [
        b"4\teth0      :     2      V3\n\t\t\t\t010101E8     1 0:00000000\t\t0\n\t\t\t\t010000E0     1 0:00000000\t\t0\n",
        b"  4   eth0 0xe8010101 0x0a000009      1      0\n  4   eth0 0xe8010101 0x0a00000a      1      0\n",
        b"4    eth0            ff3e0000000000000000000000000001     1 00000004 0\n",
        b"  4   eth0 ff3e0000000000000000000000000001 fd000000000000000000000000000009      1      0\n",
    ]
    yield "sources", b"\0".join(files)
    yield "older", b"\0".join((files[0].replace(b"V3", b"V2"), b"", files[2]))
    yield "none", b"\0".join((files[0].replace(b"V3", b"NONE"),))
    with contextlib.suppress(OSError):
        yield "kernel", b"\0".join(
            Path("/proc/net", name).read_bytes()
            for name in ("igmp", "mcfilter", "igmp6", "mcfilter6")
        )


def main():
    for target in (netlink, answers, pairs, ports, events, groups, host_signal):
        directory = Path(sys.argv[1]) / target.__name__
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in target():
            (directory / name).write_bytes(data)


if len(sys.argv) != 2:
    sys.exit(f"usage: {sys.argv[0]} DIRECTORY")
main()
