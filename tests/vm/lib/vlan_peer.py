# SPDX-License-Identifier: GPL-2.0-only
"""The peer's end of a VLAN above a pair's standby."""

import fcntl
import os
import select
import struct
import threading

from tools.rig.lab import Pair

ETH_P_8021Q = 0x8100
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 0x0002, 0x1000


class VlanPair(Pair):
    """The addresses on the VLAN above pair `index`."""

    guest_v4 = property(lambda self: f"10.78.{self.index}.2")
    peer_v4 = property(lambda self: f"10.78.{self.index}.1")


def tap_open(netns, name):
    def make():
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
        return fd

    return netns.inside(make)


class VlanPeer:
    """The peer's end of VLAN @number: a port of the bridge outside (@bridge, or the pair's), and
    behind it a device whose frames get the tag and lose it again.

    By hand, since the machine's kernel need not know VLANs.
    """

    def __init__(self, lab, pair, number, name, bridge=None):
        self._tag = struct.pack("!HH", ETH_P_8021Q, number)
        self._port, self._device = tap_open(lab.switch, f"vl{pair.index}"), tap_open(lab.peer, name)
        lab.switch.run(
            f"ip link set vl{pair.index} txqueuelen 10000 master br{pair.index if bridge is None else bridge} up"
        )
        lab.peer.run(
            f"ip address add {pair.peer_v4}/24 dev {name}; ip link set {name} txqueuelen 10000 up"
        )
        self._ending, self._thread = False, threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def _relay(self):
        while not self._ending:
            for fd in select.select([self._port, self._device], [], [], 0.2)[0]:
                frame = os.read(fd, 65536)
                if fd == self._device:
                    os.write(self._port, frame[:12] + self._tag + frame[12:])
                elif frame[12:16] == self._tag:
                    os.write(self._device, frame[:12] + frame[16:])

    def stop(self):
        self._ending = True
        self._thread.join()
        os.close(self._port)
        os.close(self._device)
