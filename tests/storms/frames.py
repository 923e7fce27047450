# SPDX-License-Identifier: GPL-2.0-only
"""Frames through a world's pairs: everything that has a way goes, once, and comes up on the
standby.
"""

import socket
import time

from rig import BROADCAST, ETH_P_TEST, GUEST, OUTSIDE, check, check_equal, frame
from sight import Sight

FRAMES = 3
UDP_PORT = 7001
ARRIVE_S = 1.0
SOURCE = "02:00:00:00:00:aa"
BRIDGE = "02:76:66:00:00:fe"


class Frames(Sight):
    """Frames through every pair, each counted at each device."""

    def __init__(self, world):
        super().__init__(world)
        # Every device of a namespace at once; what the stack is given, after tc, not what a device
        # sends.
        self.guest, self.outside = (
            self._listener(netns) for netns in (self.stage.guest, self.stage.outside)
        )
        self.heard = {self.guest: [], self.outside: []}  # since the last traffic() began
        self.senders = [netns.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
                        for netns in (self.stage.guest, self.stage.outside)]
        self.datagrams = [
            netns.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for netns in (self.stage.guest, self.stage.outside)
        ]
        for one in self.datagrams:
            one.bind(("", UDP_PORT))
            one.settimeout(ARRIVE_S)
        self.number = self.sent_again = 0

    def close(self):
        for one in (self.guest, self.outside, *self.senders, *self.datagrams):
            one.close()
        super().close()

    def _listener(self, netns):
        listener = netns.inside(
            lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_TEST))
        )
        listener.setblocking(False)
        return listener

    def _drain(self, listener):
        seen = []
        try:
            while True:
                data, address = listener.recvfrom(256)
                seen.append((int.from_bytes(data[14:22], "big"), address[0], address[2]))
        except BlockingIOError:
            self.heard[listener] += seen
            return seen

    def send(self, end, device, to, source, expected, where, what):
        """Numbered frames out of a device; each must arrive @expected times at @where (a device's
        name) and nowhere else.

        Veths hand frames over through the CPU's backlog, which everything on this machine shares
        and fills when it is overloaded: what did not come is sent once more, and counted.
        """
        sent = self._send(end, device, to, source, expected, where, what)
        if len(sent[2]) < FRAMES * expected:
            self.sent_again += 1
            sent = self._send(end, device, to, source, expected, where, what)
        return sent

    def _send(self, end, device, to, source, expected, where, what):
        sender, listener = (
            self.senders[end == "outside"],
            self.outside if end == "guest" else self.guest,
        )
        first = self.number
        sender.bind((device, 0))
        for _ in range(FRAMES):
            self.number += 1
            sender.send(frame(to, source, payload=self.number.to_bytes(8, "big")))
        mine, stop = [], time.monotonic() + ARRIVE_S
        while time.monotonic() < stop and len(mine) < FRAMES * expected:
            mine += [seen for seen in self._drain(listener) if seen[0] > first]
            time.sleep(0.001)
        return first, listener, mine, (what, where, expected)

    def arrived(self, sent):
        first, listener, mine, (what, where, expected) = sent
        mine = mine + [
            seen for seen in self.late.get(listener, []) if first < seen[0] <= first + FRAMES
        ]
        mine = [seen for seen in mine if seen[0] <= first + FRAMES]
        stray = [seen for seen in mine if seen[1] != where]
        counts = [
            sum(seen[0] == number for seen in mine)
            for number in range(first + 1, first + FRAMES + 1)
        ]
        check(not stray, lambda: f"{what}: frames at other devices than {where}: {stray}")
        check_equal(counts, [expected] * FRAMES, f"{what}: copies of each frame at {where}")

    def no_echo(self, first, listener, what, devices=None):
        """None of the frames has come back to those who sent them, at these of their devices or at
        any.
        """
        back = [
            seen
            for seen in self.heard[listener]
            if first < seen[0] <= first + FRAMES and (devices is None or seen[1] in devices)
        ]
        check(not back, lambda: f"{what}: came back to the sender: {back}")

    def traffic(self):
        """Everything that has a way goes, once, and comes up on the standby."""
        sent, echoes, alive = [], [], self.world.agent_alive()
        self._drain(self.guest), self._drain(self.outside)
        self.heard = {self.guest: [], self.outside: []}
        pairs = {pair.standby_index: pair for pair in self.read_pairs()}
        outer = self.world.outer.devices()
        for number, (standby, primary) in self.look().items():
            pair, mac = pairs.get(standby.index), self.stage.mac(number)
            wires = self.world.wires[number]
            if not standby.up or not pair:
                continue
            ours = primary and pair.primary_index == primary.index
            # Without an agent no primary is made ready, and no pair returns to one.
            by_primary = (
                ours
                and primary.works
                and (
                    alive
                    or (pair.active == "primary" or pair.state == "ready")
                    and self.has_program(number, "standby-egress", standby)
                )
            )
            open_ports = [
                name
                for name in (wires["standby"].outer, wires["primary"].outer)
                if name in outer and outer[name].works
            ]
            if not (standby.works or by_primary):
                continue
            way = f"pair {number}, {'agent' if alive else 'no agent'}, {pair}"
            sent.append(self.send("guest", standby.name, BRIDGE, mac, 1, "br0", f"out, {way}"))
            # A primary that no agent has made ready may say with its own stack that the MAC is
            # behind it.
            if (
                alive
                or (by_primary and self.has_program(number, "primary-ingress", primary))
                or not (primary and primary.up)
            ):
                sent.append(self.send("outside", "br0", mac, SOURCE, 1, standby.name, f"in, {way}"))
            if not alive:
                continue
            sent.append(
                self.send("guest", standby.name, BROADCAST, mac, 1, "br0", f"broadcast out, {way}")
            )
            # The bridge sends it down the other wire, and to the other pairs, which rightly receive
            # it.
            echoes.append(
                (
                    sent[-1][0],
                    self.guest,
                    f"broadcast out, {way}",
                    {standby.name} | ({primary.name} if ours else set()),
                )
            )
            for wire, usable in ((wires["standby"], standby.works), (wires["primary"], by_primary)):
                if usable and wire.outer in open_ports:
                    sent.append(
                        self.send(
                            "outside", wire.outer, mac, SOURCE, 1, standby.name,
                            f"in through {wire.outer}, {way}",
                        )
                    )
        if alive and sent:
            echoes.append((self.broadcast_in(pairs, sent), self.outside, "broadcast in"))
        # Whatever is doubled may come late.
        time.sleep(0.003)
        self.late = {listener: self._drain(listener) for listener in (self.guest, self.outside)}
        for one in sent:
            self.arrived(one)
        for one in echoes:
            self.no_echo(*one)
        if alive and any("pair 0," in what for _, _, _, (what, _, _) in sent):
            self.udp(self.datagrams[0], self.datagrams[1], OUTSIDE)
            self.udp(self.datagrams[1], self.datagrams[0], GUEST)

    def udp(self, sender, receiver, to):
        """As programs see it: neighbours are found, and each datagram comes once."""
        first = self.number + 1
        self.number += FRAMES
        for number in range(first, self.number + 1):
            sender.sendto(number.to_bytes(8, "big"), (to, UDP_PORT))
        got = []
        try:
            while len(got) < FRAMES:
                got.append(int.from_bytes(receiver.recv(64), "big"))
        except TimeoutError:
            pass
        check_equal(got, list(range(first, self.number + 1)), f"datagrams to {to}")

    def broadcast_in(self, pairs, sent):
        """To every pair, each once: the standbys that receive it are counted together. Returns the
        number before its first frame's.
        """
        hears = [
            standby.name
            for standby, primary in self.look().values()
            if standby.up
            and (
                standby.works
                or (
                    primary
                    and primary.works
                    and pairs[standby.index].primary_index == primary.index
                )
            )
        ]
        # A primary of no pair, after its standby was replaced or under another name, is a device
        # like others.
        nobodys = {
            primary.name
            for standby, primary in self.look().values()
            if primary and pairs[standby.index].primary_index != primary.index
        }
        first, listener, mine, _ = self.send(
            "outside", "br0", BROADCAST, SOURCE, len(hears), None, ""
        )
        for name in hears:
            sent.append(
                (
                    first,
                    listener,
                    [seen for seen in mine if seen[1] == name],
                    (f"broadcast in, {list(map(str, pairs.values()))}", name, 1),
                )
            )
        stray = [seen for seen in mine if seen[1] not in hears and seen[1] not in nobodys]
        check(not stray, lambda: f"a broadcast frame came up on {stray}, and not on {hears} alone")
        return first
