# SPDX-License-Identifier: GPL-2.0-only
"""Frames with their VLAN tags, and bytes by TCP, as the tests of ports send and receive them."""

import contextlib
import os
import socket
import struct
import threading

from rig import BROADCAST, Capture, check, frame, mac_bytes

SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 263, 8, 1 << 4, 1 << 6


class WireCapture(Capture):
    """Capture, with a VLAN tag put back to where it was in the frame: the kernel takes it out."""

    def __init__(self, netns, device):
        super().__init__(netns, device)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)

    def frames(self, outgoing=None):
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    data, parts, _, address = self.socket.recvmsg(16384, 256)
                except OSError as error:
                    if isinstance(error, BlockingIOError):
                        raise
                    continue
                parts = {(level, kind): value for level, kind, value in parts}
                status, _, _, _, _, tci, tpid = struct.unpack_from(
                    "IIIHHHH", parts[SOL_PACKET, PACKET_AUXDATA]
                )
                if status & TP_STATUS_VLAN_VALID:
                    tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
                self.seen.append((0, address[2] == socket.PACKET_OUTGOING, data))
        return [data for _, way, data in self.seen if outgoing is None or way == outgoing]


def wire_capture(stage, netns, device):
    stage.captures.append(WireCapture(netns, device))
    return stage.captures[-1]


def tagged(data, *tags):
    """The frame with tags (ethertype, VLAN) before its own ethertype."""
    return data[:12] + b"".join(struct.pack("!HH", *tag) for tag in tags) + data[12:]


def arp(mac, address, vlan=None, to=BROADCAST):
    """A container asks for a neighbour and so shows its address."""
    body = struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac_bytes(mac), socket.inet_aton(address), bytes(6),
        socket.inet_aton("10.77.0.250"),
    )
    data = frame(to, mac, 0x0806, body)
    return tagged(data, (0x8100, vlan)) if vlan else data


def transfer(source, target, to, size=16 << 20, timeout=30):
    """Sends so many bytes by TCP; asserts that each arrived as it was."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    listener = target.inside(lambda: socket.socket(family, socket.SOCK_STREAM))
    listener.bind(("", 0))
    listener.listen(1)
    client = source.inside(lambda: socket.socket(family, socket.SOCK_STREAM))
    data, got, troubles = os.urandom(1 << 20) * (size >> 20), bytearray(), []

    def receive():
        try:
            listener.settimeout(timeout)
            connection, _ = listener.accept()
            connection.settimeout(timeout)
            while part := connection.recv(1 << 20):
                got.extend(part)
            connection.close()
        except OSError as trouble:
            troubles.append(trouble)

    thread = threading.Thread(target=receive, daemon=True)
    thread.start()
    try:
        client.settimeout(timeout)
        client.connect((to, listener.getsockname()[1]))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
    except OSError as trouble:
        troubles.append(trouble)
    thread.join(timeout + 5)
    client.close()
    listener.close()
    check(
        not troubles and got == data,
        lambda: f"{len(got)} of {len(data)} bytes to {to}{'' if data.startswith(got) else ', others'}: {troubles}",
    )
