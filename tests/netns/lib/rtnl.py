# SPDX-License-Identifier: GPL-2.0-only
"""rtnetlink requests to one network namespace, without a process for each: what `ip` and `tc` would
say, some thousand times a second.
"""

import contextlib
import ctypes
import fcntl
import mmap
import os
import platform
import socket
import struct
import threading
import time

NEWLINK, DELLINK, GETLINK, NEWADDR, DELADDR = 16, 17, 18, 20, 21
NEWQDISC, DELQDISC, NEWTFILTER, DELTFILTER, GETTFILTER = 36, 37, 44, 45, 46
REQUEST, ACK, EXCL, CREATE, DUMP = 0x1, 0x4, 0x200, 0x400, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
(
    IFLA_ADDRESS,
    IFLA_IFNAME,
    IFLA_MTU,
    IFLA_MASTER,
    IFLA_OPERSTATE,
    IFLA_LINKINFO,
    IFLA_NET_NS_FD,
    IFLA_XDP,
) = (1, 3, 4, 10, 16, 18, 28, 43)
XDP_ATTACHED = 2
INFO_KIND, INFO_DATA, VETH_PEER = 1, 2, 1
IFA_LOCAL = 2
TCA_KIND, TCA_OPTIONS, BPF_FD, BPF_NAME, BPF_FLAGS, BPF_DIRECT = 1, 2, 6, 7, 8, 1
CLSACT, CLSACT_HANDLE = 0xfffffff1, 0xffff0000
PARENT = {"ingress": 0xfffffff2, "egress": 0xfffffff3}
ETH_P_ALL_NETWORK_ORDER = 0x0300
FILTER_HANDLE = 1
SIOCETHTOOL, ETHTOOL_GSTRINGS, ETH_SS_STATS = 0x8946, 0x1b, 1
USERFAULTFD = {"x86_64": 323, "aarch64": 282, "ppc64le": 364, "s390x": 355, "riscv64": 282}[
    platform.machine()
]
UFFD_API = 0xaa
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_ZEROPAGE, UFFDIO_REGISTER_MISSING = (
    0xC018AA3F,
    0xC020AA00,
    0xC020AA04,
    1,
)
IFF_UP, IFF_PROMISC, IFF_LOWER_UP = 0x1, 0x100, 0x10000
OPER_UNKNOWN, OPER_UP = 0, 6


def attribute(kind, data):
    if isinstance(data, int):
        data = struct.pack("I", data)
    elif isinstance(data, str):
        data = data.encode() + b"\0"
    return (struct.pack("HH", 4 + len(data), kind) + data).ljust((len(data) + 7) & ~3, b"\0")


def attributes(data):
    """{kind: bytes} of a message's tail."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        found[kind & 0x3fff] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


class Device:
    def __init__(self, index, flags, parts):
        self.index, self.flags = index, flags
        self.name = parts[IFLA_IFNAME].rstrip(b"\0").decode()
        self.mac = parts.get(IFLA_ADDRESS, b"").hex(":")
        self.mtu, = struct.unpack("I", parts[IFLA_MTU])
        operstate = parts[IFLA_OPERSTATE][0]
        # 0: none, 1: in its driver, 2: generic
        self.xdp = attributes(parts.get(IFLA_XDP, b"")).get(XDP_ATTACHED, b"\0")[0]
        self.up = bool(flags & IFF_UP)
        self.carrier = bool(flags & IFF_LOWER_UP)
        self.works = self.up and self.carrier and operstate in (OPER_UNKNOWN, OPER_UP)


class Rtnl:
    def __init__(self, netns):
        self.namespace = os.open(f"/run/netns/{netns.name}", os.O_RDONLY | os.O_CLOEXEC)
        self.socket = netns.inside(
            lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        )
        self.socket.bind((0, 0))
        self.socket.settimeout(30)
        self.sequence = 0

    def close(self):
        self.socket.close()
        os.close(self.namespace)

    def request(self, kind, flags, body):
        """Sends one, returns the bodies of the answers. OSError with the kernel's error."""
        self.sequence += 1
        self.socket.send(
            struct.pack("IHHII", 16 + len(body), kind, REQUEST | ACK | flags, self.sequence, 0)
            + body
        )
        answers = []
        while True:
            data = self.socket.recv(1 << 20)
            while data:
                length, kind_back, _, sequence, _ = struct.unpack_from("IHHII", data)
                body, data = data[16:length], data[(length + 3) & ~3:]
                if sequence != self.sequence:
                    continue
                if kind_back in (NLMSG_ERROR, NLMSG_DONE):
                    code = -struct.unpack_from("i", body)[0] if len(body) >= 4 else 0
                    if code > 0:
                        raise OSError(code, f"rtnetlink request {kind}: {os.strerror(code)}")
                    return answers
                answers.append(body)

    def devices(self):
        """{name: Device}"""
        found = {}
        for body in self.request(GETLINK, DUMP, struct.pack("BxHiII", 0, 0, 0, 0, 0)):
            _, _, index, flags, _ = struct.unpack_from("BxHiII", body)
            device = Device(index, flags, attributes(body[16:]))
            found[device.name] = device
        return found

    def _link(self, kind, flags, index=0, name=None, change=(0, 0), tail=b""):
        value, mask = change
        name = attribute(IFLA_IFNAME, name) if name else b""
        self.request(kind, flags, struct.pack("BxHiII", 0, 0, index, value, mask) + name + tail)

    def add_veth(self, name, index, mac, peer, peer_netns):
        """@peer_netns: the Rtnl of the namespace that the other end goes to."""
        other = (
            struct.pack("BxHiII", 0, 0, 0, 0, 0)
            + attribute(IFLA_IFNAME, peer)
            + attribute(IFLA_NET_NS_FD, peer_netns.namespace)
        )
        info = attribute(INFO_KIND, "veth") + attribute(INFO_DATA, attribute(VETH_PEER, other))
        self._link(
            NEWLINK,
            CREATE | EXCL,
            index,
            name,
            tail=attribute(IFLA_ADDRESS, bytes.fromhex(mac.replace(":", "")))
            + attribute(IFLA_LINKINFO, info),
        )

    def delete(self, name):
        self._link(DELLINK, 0, name=name)

    def flags(self, name, value, mask):
        self._link(NEWLINK, 0, name=name, change=(value, mask))

    def up(self, name, up=True):
        self.flags(name, IFF_UP if up else 0, IFF_UP)

    def set(self, index, kind, value):
        self._link(NEWLINK, 0, index, tail=attribute(kind, value))

    def address(self, index, address, add=True):
        """@address: IPv4, with a prefix of 24 bits."""
        packed = attribute(IFA_LOCAL, socket.inet_aton(address))
        self.request(
            NEWADDR if add else DELADDR, CREATE | EXCL if add else 0,
            struct.pack("BBBBi", socket.AF_INET, 24, 0, 0, index) + packed,
        )

    def clsact(self, index, add=True):
        self.request(
            NEWQDISC if add else DELQDISC,
            CREATE | EXCL if add else 0,
            struct.pack("BxxxiIII", 0, index, CLSACT_HANDLE, CLSACT, 0)
            + attribute(TCA_KIND, "clsact"),
        )

    def add_filter(self, index, direction, priority, program, name):
        options = (
            attribute(BPF_FD, program)
            + attribute(BPF_NAME, name)
            + attribute(BPF_FLAGS, BPF_DIRECT)
        )
        self.request(
            NEWTFILTER,
            CREATE | EXCL,
            struct.pack(
                "BxxxiIII", 0, index, FILTER_HANDLE, PARENT[direction],
                priority << 16 | ETH_P_ALL_NETWORK_ORDER,
            )
            + attribute(TCA_KIND, "bpf")
            + attribute(TCA_OPTIONS, options),
        )

    def delete_filter(self, index, direction, priority):
        # By its handle: others may have filters of this priority, and without one they would all
        # go.
        self.request(
            DELTFILTER,
            0,
            struct.pack(
                "BxxxiIII", 0, index, FILTER_HANDLE, PARENT[direction],
                priority << 16 | ETH_P_ALL_NETWORK_ORDER,
            )
            + attribute(TCA_KIND, "bpf"),
        )

    def filters(self, index, direction):
        """Handles of the filters on a device's clsact; none when it has no such qdisc."""
        try:
            answers = self.request(
                GETTFILTER, DUMP, struct.pack("BxxxiIII", 0, index, 0, PARENT[direction], 0)
            )
        except OSError:
            return []
        return [
            handle
            for handle in (struct.unpack_from("BxxxiIII", body)[2] for body in answers)
            if handle
        ]


@contextlib.contextmanager
def held(netns, device):
    """RTNL is held meanwhile, for the whole machine: keep it short. An ethtool request writes its
    answer under RTNL, to a page that is not there until it is asked to be (userfaultfd(2)).
    """
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    request = struct.pack("III", ETHTOOL_GSTRINGS, ETH_SS_STATS, 0)
    memory[page - len(request):page] = request  # the strings go to the page behind
    faults = ctypes.CDLL(None, use_errno=True).syscall(USERFAULTFD, os.O_CLOEXEC | os.O_NONBLOCK)
    if faults < 0:
        raise OSError(ctypes.get_errno(), "userfaultfd")
    fcntl.ioctl(faults, UFFDIO_API, bytearray(struct.pack("QQQ", UFFD_API, 0, 0)))
    fcntl.ioctl(
        faults, UFFDIO_REGISTER,
        bytearray(struct.pack("QQQQ", start + page, page, UFFDIO_REGISTER_MISSING, 0)),
    )
    asker = netns.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    argument = bytearray(struct.pack("16sQ16x", device.encode(), start + page - len(request)))
    holder = threading.Thread(target=lambda: fcntl.ioctl(asker, SIOCETHTOOL, argument))
    holder.start()
    time.sleep(0.1)
    try:
        yield
    finally:
        fcntl.ioctl(
            faults, UFFDIO_ZEROPAGE, bytearray(struct.pack("QQQQ", start + page, page, 0, 0))
        )
        holder.join()
        os.close(faults)
        asker.close()
