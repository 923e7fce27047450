# SPDX-License-Identifier: GPL-2.0-only
"""Frames seen on one interface of a namespace, as the guest's or the network's side sent them."""

import ctypes
import socket
import struct
import threading
from dataclasses import dataclass

ETH_P_ALL = 3
SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 263, 8, 1 << 4, 1 << 6
SKF_AD_PKTTYPE = -0x1000 + 4
PACKET_OUTGOING = 4


@dataclass
class Frame:
    unix_ns: int
    from_guest: bool
    data: bytes  # at most Capture.SNAP bytes

    def __str__(self):
        def mac(part):
            return ":".join(f"{byte:02x}" for byte in part)
        way = "guest->" if self.from_guest else "->guest"
        return f"{self.unix_ns / 1e9:.6f} {way} {mac(self.data[6:12])} > {mac(self.data[:6])} {self.ethertype:04x} {self.data[14:42].hex()}"

    @property
    def ethertype(self):
        return int.from_bytes(self.data[12:14], "big")

    @property
    def source(self):
        return ":".join(f"{byte:02x}" for byte in self.data[6:12])


def _filter(direction):
    """A classic filter on the packet's type, in the kernel: a flood the other way then costs the
    machine nothing.
    """
    keep_outgoing = direction == "to_guest"
    snap = 0x40000
    program = [(0x28, 0, 0, SKF_AD_PKTTYPE & 0xffffffff),  # ldh pkttype
               (0x15, 0 if keep_outgoing else 1, 1 if keep_outgoing else 0, PACKET_OUTGOING),
               (0x06, 0, 0, snap), (0x06, 0, 0, 0)]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    room = ctypes.create_string_buffer(code)
    return struct.pack("HxxxxxxQ", len(program), ctypes.addressof(room)), room


def _retagged(data, auxiliary):
    """The frame with its outermost VLAN tag, which the kernel takes out, where it was on the wire.
    """
    status, _, _, _, _, tci, tpid = struct.unpack_from("IIIHHHH", auxiliary)
    if not status & TP_STATUS_VLAN_VALID:
        return data
    return (
        data[:12]
        + struct.pack("!HH", tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci)
        + data[12:]
    )


class Capture:
    """Frames on an interface from now on. direction: from_guest, to_guest or both; tags: frames
    have their VLAN tags, as on the wire.
    """

    SNAP = 256

    def __init__(self, netns, interface, direction="from_guest", tags=False):
        self._frames, self._stop, self._tags = [], False, tags
        self._socket = netns.inside(lambda: self._open(interface, direction))
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _open(self, interface, direction):
        # Filter first, then the protocol by bind: no frame comes in between unfiltered.
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        link.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if self._tags:
            link.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        if direction != "both":
            program, room = _filter(direction)
            link.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
            del room
        link.bind((interface, ETH_P_ALL))
        return link

    def _read(self):
        while True:
            try:
                data, parts, _, address = self._socket.recvmsg(self.SNAP, 128)
            except TimeoutError:
                if self._stop:
                    return
                continue
            except OSError:
                return
            stamp = next((struct.unpack("qq", part[:16]) for level, kind, part in parts
                          if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS)), (0, 0))
            for level, kind, part in parts:
                if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                    data = _retagged(data, part)
            self._frames.append(
                Frame(stamp[0] * 10**9 + stamp[1], address[2] != PACKET_OUTGOING, data)
            )

    def frames(self):
        """What has been seen so far."""
        return list(self._frames)

    def stop(self):
        """Ends the capture; the list of all frames."""
        self._stop = True
        self._thread.join()
        self._socket.close()
        return self.frames()
