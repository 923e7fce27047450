# SPDX-License-Identifier: GPL-2.0-only
"""What must hold whenever the world has come to rest, whatever has happened."""

import os
import time

from frames import Frames
from rig import check, check_equal, wait
from world import HOOKS

LAST_HOOKS = ("standby-egress",)
QUIET_LOOKS = 3
LOOK_S = 0.004
SETTLE_S = 8.0
NEW_S = 0.2  # longer than any primary waits that is new, for its driver (PAIR_RECEIVE_SETTLE_NS)
# The waiting time of a primary that keeps failing: doubles from 100 ms up to 30 s
# (user/policy/policy.c).
PENALTY_MIN_NS, PENALTY_MAX_NS = 100_000_000, 30_000_000_000
SAVED_S = 0.25  # less than what a primary waits that has failed three times
IDLE_S, IDLE_WAKEUPS = 0.5, 60
FDS_MAX, RSS_MAX_KIB = 96, 48 * 1024


class Checker(Frames):
    """Waits until the world is at rest, and asserts what must hold then."""

    def __init__(self, world):
        super().__init__(world)
        self.checks = self.damped = 0
        self.counted = {}  # {(unloads before, slot, standby's ifindex): counters}

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
