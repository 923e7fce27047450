# SPDX-License-Identifier: GPL-2.0-only
"""What must hold whenever the world has come to rest, whatever has happened."""

import os
import socket
import time

import bpf
from pins import Pins
from rig import BROADCAST, ETH_P_TEST, GUEST, OUTSIDE, check, check_equal, frame, wait
from world import HOOKS, TCX

LAST_HOOKS = ("standby-egress",)
OUR_HANDLE = 0x76667374
QUIET_LOOKS = 3
LOOK_S = 0.004
SETTLE_S = 8.0
NEW_S = 0.2  # longer than any primary waits that is new, for its driver (PAIR_RECEIVE_SETTLE_NS)
# The waiting time of a primary that keeps failing: doubles from 100 ms up to 30 s
# (user/policy/policy.c).
PENALTY_MIN_NS, PENALTY_MAX_NS = 100_000_000, 30_000_000_000
SAVED_S = 0.25  # less than what a primary waits that has failed three times
FRAMES = 3
UDP_PORT = 7001
ARRIVE_S = 1.0
IDLE_S, IDLE_WAKEUPS = 0.5, 60
FDS_MAX, RSS_MAX_KIB = 96, 48 * 1024
SOURCE = "02:00:00:00:00:aa"
BRIDGE = "02:76:66:00:00:fe"


class Checker:
    def __init__(self, world):
        self.world, self.stage = world, world.stage
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
        self.number = self.checks = self.damped = self.sent_again = 0
        self.counted = {}  # {(unloads before, slot, standby's ifindex): counters}
        self.pins = None

    def _listener(self, netns):
        listener = netns.inside(
            lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_TEST))
        )
        listener.setblocking(False)
        return listener

    def close(self):
        for one in (self.guest, self.outside, *self.senders, *self.datagrams):
            one.close()
        if self.pins:
            self.pins.close()

    # ---- what is

    def read_pairs(self):
        if self.pins:
            self.pins.close()
        self.pins = None
        try:
            self.pins = Pins(self.stage.pins)
        except OSError:
            return []
        return self.pins.used()

    def look(self):
        """Every wire's device anew; {number: (standby, primary)} of those pairs whose standby is
        there.
        """
        devices, found = self.world.inner.devices(), {}
        for number, wires in enumerate(self.world.wires):
            for wire in wires.values():
                wire.look(devices)
            if wires["standby"].device:
                found[number] = (wires["standby"].device, wires["primary"].device)
        return found

    # ---- what should be

    def fault(self, standby, primary, pair, wire):
        """What is not as it should be with a pair whose agent has had its time; None: nothing."""
        if not pair:
            return f"{standby.name}({standby.index}) is no pair"
        if pair.standby != standby.name:
            return f"the standby is {standby.name}, not {pair.standby}"
        # It goes by the name it was given, and keeps a device that is renamed later.
        used = (
            primary
            if primary and (primary.name == wire.own_name or pair.primary_index == primary.index)
            else None
        )
        if pair.primary_index != (used.index if used else 0) or pair.primary != (
            used.name if used else ""
        ):
            return f"the primary is {used and (used.name, used.index)}"
        if not used:
            return (
                None
                if (pair.active, pair.state) == ("standby", "absent")
                else "there is no primary"
            )
        if not used.up and not wire.set_down and not wire.agent_was_away:
            return f"{used.name} was not set up"
        if not used.works:
            return (
                None
                if pair.active == "standby" and pair.state in ("down", "joining")
                else f"{used.name} cannot send"
            )
        if used.mtu != standby.mtu:
            return f"{used.name}'s MTU is {used.mtu}, the standby's {standby.mtu}"
        if pair.state != "ready":
            return f"{used.name} works"
        return (
            None
            if pair.active == ("standby" if pair.admin == "standby" else "primary")
            else f"{used.name} works, admin {pair.admin}"
        )

    def faults(self):
        devices, pairs = self.look(), self.read_pairs()
        found = {}
        for number, (standby, primary) in devices.items():
            mine = [pair for pair in pairs if pair.standby_index == standby.index]
            fault = self.fault(
                standby, primary, mine[0] if mine else None, self.world.wires[number]["primary"]
            )
            if fault:
                found[number] = f"{fault}: {mine[0] if mine else 'no slot'}"
        if len(pairs) != len(devices):
            listed = "; ".join(map(str, pairs))
            found[-1] = f"{len(pairs)} pairs in the map, {len(devices)} standbys: {listed}"
        # The map says what is to be before the programs are loaded.
        hooks = None if found else self.hooks(devices, pairs)
        return {-1: hooks} if hooks else found

    def is_damped(self, number):
        """A primary that works, and waits for its time after it failed often."""
        standby, primary = self.look()[number]
        mine = [pair for pair in self.read_pairs() if pair.standby_index == standby.index]
        if (
            not mine
            or not primary
            or mine[0].active != "standby"
            or mine[0].state not in ("joining", "ready")
        ):
            return False
        longest = min(PENALTY_MAX_NS, PENALTY_MIN_NS << min(20, mine[0].switches // 2))
        return (
            primary.works
            and time.clock_gettime_ns(time.CLOCK_BOOTTIME) < mine[0].switched_ns + longest
        )

    def settle(self):
        """Waits until all is as it should be, three looks in a row; the pairs whose primary waits
        for its time.
        """
        self.world.no_strangers()
        end, good, damped_since = time.monotonic() + SETTLE_S, 0, None
        while good < QUIET_LOOKS:
            check(self.world.agent_alive(), "the agent ended by itself")
            found = self.faults()
            good = 0 if found else good + 1
            if found and all(number >= 0 and self.is_damped(number) for number in found):
                damped_since = damped_since or time.monotonic()
                if time.monotonic() > damped_since + NEW_S:
                    return sorted(found)
            else:
                damped_since = None
            check(time.monotonic() < end, lambda: f"not at rest: {found}")
            time.sleep(LOOK_S)
        return []

    def saves(self, damped):
        """A primary that waits is of use nevertheless when the standby has no carrier, and not only
        when its time has come.
        """
        def idle():
            devices, pairs = self.look(), {pair.standby_index: pair for pair in self.read_pairs()}
            return [
                str(pairs[devices[number][0].index])
                for number in damped
                if not devices[number][0].carrier
                and pairs[devices[number][0].index].state == "joining"
            ]
        wait("primaries to be ready for a standby without carrier", lambda: not idle(), SAVED_S)

    def wires_rest(self):
        """Waits until the kernel has done its work on links that have both ends up: a bridge's port
        opens with it.
        """
        def busy():
            self.look()
            outer = self.world.outer.devices()
            return [
                wire.own_name
                for wires in self.world.wires
                for wire in wires.values()
                if wire.device
                and wire.device.up
                and wire.outer in outer
                and outer[wire.outer].up
                and not (wire.device.works and outer[wire.outer].works)
            ]
        wait("links to be up whose ends are", lambda: not busy())

    # ---- frames

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
            # Without an agent nobody makes a primary ready, or goes back to one.
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
            # A primary that nobody has made ready may say with its own stack that the MAC is behind
            # it.
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
            # The bridge sends it down the other wire, and to the other pairs, which are right to
            # hear it.
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
        """To every pair, each once: the standbys that hear it are counted together. Returns the
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
        # A primary of no pair, after its standby was replaced or under another name, is anybody's
        # device.
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

    # ---- what is left lying about

    def ours(self, number, hook, device):
        """How many programs are at a hook: (ours by tcx, ours by clsact, others' by clsact)."""
        role, direction = HOOKS[hook]
        link = self.world.wires[number][role].foreign_links.get(direction)
        foreign = link is not None and bpf.link_ifindex(link) == device.index
        by_tcx = (
            self.stage.guest.inside(lambda: bpf.attached(device.index, TCX[direction])) - foreign
        )
        filters = self.world.inner.filters(device.index, direction)
        by_clsact = sum(handle & ~1 == OUR_HANDLE for handle in filters)
        return by_tcx, by_clsact, len(filters) - by_clsact

    def has_program(self, number, hook, device):
        """Is one of ours there still? Other people may have taken the qdisc away, and no agent has
        put it back.
        """
        return sum(self.ours(number, hook, device)[:2]) > 0

    def hooks(self, devices, pairs):
        """What is wrong, or None: one program of ours at each hook, by tcx or clsact; pins for
        devices that are there.
        """
        expected_links = []
        for number, (standby, primary) in devices.items():
            pair = next(pair for pair in pairs if pair.standby_index == standby.index)
            for hook, (role, direction) in HOOKS.items():
                device = standby if role == "standby" else primary
                if not device or (role == "primary" and pair.primary_index != device.index):
                    continue
                by_tcx, by_clsact, foreign = self.ours(number, hook, device)
                if by_tcx + by_clsact != 1:
                    return f"programs of ours at {device.name}'s {direction}: {by_tcx} by tcx, {by_clsact} by clsact"
                # tcx runs before clsact: theirs are not to be passed by.
                if foreign and by_tcx and hook in LAST_HOOKS:
                    return f"{foreign} filters of others at {device.name}'s {direction} come after ours"
                if by_tcx:
                    expected_links.append(f"{hook}-{device.index}")
        names = [
            path.name
            for path in (self.stage.pins / "links").glob("*")
            if not path.name.startswith(("watch-", "drops-"))
        ]
        return (
            None
            if sorted(names) == sorted(expected_links)
            else f"pinned links {sorted(names)}, not {sorted(expected_links)}"
        )

    def counters(self):
        now = {}
        for pair in self.read_pairs():
            key = (self.world.unloads, pair.slot, pair.standby_index)
            now[key] = (pair.switches, *self.pins.counts(pair.slot))
            before = self.counted.get(key)
            check(
                not before or all(old <= new for old, new in zip(before, now[key])),
                lambda: f"counters went back: {before}, now {now[key]}",
            )
        self.counted = now

    def words_are_true(self):
        """Without an agent: after a packet that its program has seen, no word names a primary that
        cannot send.
        """
        pairs = self.read_pairs()
        for number, (standby, primary) in self.look().items():
            for pair in pairs:
                if (
                    pair.standby_index != standby.index
                    or pair.active != "primary"
                    or not standby.works
                ):
                    continue
                fine = primary and primary.index == pair.primary_index and primary.works
                check(
                    fine or not self.has_program(number, "standby-egress", standby),
                    f"after a packet the primary is still active: {pair}",
                )

    def agent_is_idle(self):
        """It neither spins nor grows."""
        process = f"/proc/{self.world.agent.pid}"

        def wakeups():
            total = 0
            for task in os.listdir(f"{process}/task"):
                with open(f"{process}/task/{task}/status") as status:
                    total += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
            return total
        before = wakeups()
        time.sleep(IDLE_S)
        woken = wakeups() - before
        check(woken <= IDLE_WAKEUPS, f"the agent was woken {woken} times in {IDLE_S} quiet seconds")
        fds = len(os.listdir(f"{process}/fd"))
        with open(f"{process}/status") as status:
            rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        check(fds <= FDS_MAX, f"the agent has {fds} descriptors open")
        check(rss <= RSS_MAX_KIB, f"the agent's memory is {rss} KiB")

    # ---- all of it

    def check(self):
        world = self.world
        self.checks += 1
        check(world.agent is None or world.agent_alive(), "the agent ended by itself")
        if not world.loaded:
            check(not self.stage.pins.exists(), "pins are left after unload")
            self.counted = {}
            return
        self.wires_rest()
        if not world.agent_alive():
            self.traffic()
            self.words_are_true()
            self.counters()
            return
        damped = self.settle()
        world.agent_ready = True
        if damped:
            self.damped += 1
            self.saves(damped)
            self.traffic()
            for number in damped:
                world.apply(f"{number} unplug primary")
                world.apply(f"{number} plug primary")
            check_equal(self.settle(), [], "primaries that wait though they are new")
        self.traffic()
        self.counters()
        if self.checks % 25 == 0:
            self.agent_is_idle()
