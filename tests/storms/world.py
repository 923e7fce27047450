# SPDX-License-Identifier: GPL-2.0-only
"""The world that the model test turns upside down: a guest's pairs, their outside, an agent, other
people; and the events.

An event is a line of words, "0 mtu-standby 1400" or "agent kill"; a number in front names the pair.
What makes no sense as things stand does nothing, so any part of a sequence is a sequence again.
"""

import contextlib
import errno
import os
import signal
import socket
import time

import bpf
import rtnl
from rig import VFSTEER, check

HOOKS = {
    "standby-ingress": ("standby", "ingress"),
    "standby-egress": ("standby", "egress"),
    "primary-ingress": ("primary", "ingress"),
}
TCX = {"ingress": bpf.TCX_INGRESS, "egress": bpf.TCX_EGRESS}
OTHER_NAME = {"standby": "net{}", "primary": "vf{}"}
FOREIGN_MAC = "02:76:66:00:0f:{:02x}"


# Long enough for the agent to see it; until a primary that has failed once, twice is tried again
# (user/policy/policy.c).
FLAP_S, RETRY_S = 0.008, (0.15, 0.28)
EMPTY = {"primary": False, "agent": False, "pairs": 0}  # of Stage


class Wire:
    """One veth: its inner end, the pair's device, is here, away in the outside, or not at all."""

    def __init__(self, world, role, number):
        names = world.stage.names(number)
        self.world, self.role, self.number = world, role, number
        self.own_name = names[role == "primary"]
        self.outer = self.own_name[:-1] + "1"
        self.device = None  # rtnl.Device as of the last look
        self.set_down = False  # by the operator, since it was plugged
        # since it was plugged: another agent takes a device that is down as set down by the
        # operator
        self.agent_was_away = False
        # of other people: {direction: descriptor or priority}
        self.foreign_links, self.foreign_filters = {}, {}

    def look(self, devices):
        names = (self.own_name, OTHER_NAME[self.role].format(self.number))
        self.device = next((devices[name] for name in names if name in devices), None)

    def exists(self):
        """In the guest."""
        self.look(self.world.inner.devices())
        return self.device is not None

    def plug(self):
        if self.exists() or self.outer in self.world.outer.devices():
            return False
        world, stage = self.world, self.world.stage
        stage.index += 1
        world.inner.add_veth(
            self.own_name, stage.index, stage.mac(self.number), self.outer, world.outer
        )
        bridge, port = (world.outer.devices()[name].index for name in ("br0", self.outer))
        world.outer.set(port, rtnl.IFLA_MASTER, bridge)
        world.outer.up(self.outer)
        self.is_new()
        return True

    def is_new(self):
        self.set_down, self.agent_was_away, self.foreign_filters = (
            False,
            not self.world.agent_ready,
            {},
        )

    def unplug(self):
        if not self.exists():
            return False
        self.world.inner.delete(self.device.name)
        return True

    def forget_foreign(self):
        for link in self.foreign_links.values():
            os.close(link)
        self.foreign_links = {}


class World:
    def __init__(self, stage, pairs=1, direct=False):
        """On an empty stage, which stays the caller's."""
        self.stage = stage
        self.inner, self.outer = rtnl.Rtnl(self.stage.guest), rtnl.Rtnl(self.stage.outside)
        self.foreign = bpf.Counter()
        self.agent, self.agent_stopped, self.agent_ready, self.loaded = None, False, False, False
        self.groups = {}
        self.unloads = 0
        self.wires = [
            {role: Wire(self, role, number) for role in ("standby", "primary")}
            for number in range(pairs)
        ]
        self.configuration = self.stage.directory / "vfsteer.conf"
        self.configuration.write_text(
            "".join(
                f"[pair {wires['standby'].own_name}]\nprimary = {wires['primary'].own_name}\n"
                f"rx = {'direct' if direct else 'exact'}\n"
                for wires in self.wires
            )
        )
        for line in (
            *(
                f"{number} plug {role}"
                for number in range(pairs)
                for role in ("standby", "primary")
            ),
            "agent start",
        ):
            check(self.apply(line), f"{line}: it did nothing")

    def close(self):
        for wires in self.wires:
            for wire in wires.values():
                wire.forget_foreign()
        self.inner.close()
        self.outer.close()

    def apply(self, line):
        """One event; whether it did anything. What the kernel refuses did nothing."""
        first, name, *arguments = line.split()
        target = getattr(self, ("agent_" if first == "agent" else "pair_") + name.replace("-", "_"))
        try:
            return bool(target(*([] if first == "agent" else [int(first)]), *arguments))
        except OSError as error:
            if error.errno in (
                errno.ENODEV,
                errno.EEXIST,
                errno.ENOENT,
                errno.EINVAL,
                errno.EBUSY,
                errno.EADDRNOTAVAIL,
                errno.ERANGE,
            ):
                return False
            raise

    # ---- the pair's devices

    def pair_plug(self, number, role):
        wire = self.wires[number][role]
        if not wire.plug():
            return False
        if role == "standby":
            wire.exists()
            self.inner.up(wire.own_name)
            self.inner.address(wire.device.index, self.address(number))
        return True

    def address(self, number):
        return f"10.77.{number}.1"

    def _is_starting(self):
        """An agent that looks for its pairs by name, and ends when a standby is not there."""
        return self.agent is not None and not self.agent_ready

    def pair_unplug(self, number, role):
        if role == "standby" and self._is_starting():
            return False
        return self.wires[number][role].unplug()

    def pair_unplug_by_peer(self, number):
        wire = self.wires[number]["primary"]
        if not wire.exists():
            return False
        self.outer.delete(wire.outer)
        return True

    def pair_away(self, number):
        """To another namespace, as a container runtime does."""
        wire = self.wires[number]["primary"]
        if not wire.exists():
            return False
        self.inner.set(wire.device.index, rtnl.IFLA_NET_NS_FD, self.outer.namespace)
        return True

    def pair_back(self, number):
        wire = self.wires[number]["primary"]
        wire.look(self.outer.devices())
        if not wire.device:
            return False
        self.outer.set(wire.device.index, rtnl.IFLA_NET_NS_FD, self.inner.namespace)
        wire.is_new()
        return True

    def pair_hop(self, number):
        """Away and back at once, before the agent can look."""
        return self.pair_away(number) and self.pair_back(number)

    def pair_rename(self, number, role, which):
        wire = self.wires[number][role]
        name = wire.own_name if which == "own" else OTHER_NAME[role].format(number)
        if (
            not wire.exists()
            or wire.device.name == name
            or (role == "standby" and self._is_starting())
        ):
            return False
        self.inner.set(wire.device.index, rtnl.IFLA_IFNAME, name)
        return True

    def pair_carrier(self, number, role, way):
        wire = self.wires[number][role]
        device = self.outer.devices().get(wire.outer)
        if not device or device.up == (way == "up"):
            return False
        self.outer.up(wire.outer, way == "up")
        return True

    def pair_flap(self, number):
        """The primary's carrier goes three times, just after it became active: it has to wait for a
        while that checks can see.
        """
        for pause_s in (*RETRY_S, 0):
            if not self.pair_carrier(number, "primary", "down"):
                return False
            time.sleep(FLAP_S)
            self.pair_carrier(number, "primary", "up")
            time.sleep(pause_s)
        return True

    def pair_set(self, number, role, way):
        wire = self.wires[number][role]
        if not wire.exists() or wire.device.up == (way == "up"):
            return False
        self.inner.up(wire.device.name, way == "up")
        wire.set_down = way == "down"
        return True

    def pair_mtu(self, number, role, mtu):
        wire = self.wires[number][role]
        if not wire.exists() or wire.device.mtu == int(mtu):
            return False
        self.inner.set(wire.device.index, rtnl.IFLA_MTU, int(mtu))
        return True

    def pair_mac(self, number, which):
        """Of the primary: it was named, so it is used whatever its MAC, as long as it is there. A
        veth that is made again with another MAC is not the primary.
        """
        wire = self.wires[number]["primary"]
        mac = self.stage.mac(number) if which == "own" else FOREIGN_MAC.format(number)
        if not wire.exists() or wire.device.mac == mac:
            return False
        self.inner.set(wire.device.index, rtnl.IFLA_ADDRESS, bytes.fromhex(mac.replace(":", "")))
        return True

    def no_strangers(self):
        """Whatever became of a primary while it had another MAC: with the pair's it is the one that
        was named.
        """
        for number in range(len(self.wires)):
            self.pair_mac(number, "own")

    def pair_promiscuity(self, number, way):
        wire = self.wires[number]["standby"]
        if not wire.exists():
            return False
        self.inner.flags(wire.device.name, rtnl.IFF_PROMISC if way == "on" else 0, rtnl.IFF_PROMISC)
        return True

    def pair_group(self, number, way):
        """A program of the guest's joins a group, or ends."""
        key, wire = (number, "group"), self.wires[number]["standby"]
        if way == "leave":
            group = self.groups.pop(key, None)
            if group:
                group.close()
            return group is not None
        if key in self.groups or not wire.exists():
            return False
        group = self.stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.groups[key] = group
        group.setsockopt(
            socket.IPPROTO_IP,
            socket.IP_ADD_MEMBERSHIP,
            socket.inet_aton("239.1.2.3")
            + socket.inet_aton("0.0.0.0")
            + wire.device.index.to_bytes(4, "little"),
        )
        return True

    def pair_address(self, number, way, last):
        wire = self.wires[number]["standby"]
        if not wire.exists():
            return False
        self.inner.address(wire.device.index, f"10.77.{1 + number}.{last}", way == "add")
        return True

    # ---- other people

    def pair_tcx(self, number, hook, place):
        """A program of theirs: first, last, or gone again."""
        role, direction = HOOKS[hook]
        wire = self.wires[number][role]
        link = wire.foreign_links.pop(direction, None)
        if link is not None:
            os.close(link)
        if place == "gone" or not wire.exists():
            return link is not None
        wire.foreign_links[direction] = self.foreign.attach_tcx(
            self.stage.guest, wire.device.name, TCX[direction],
            bpf.F_BEFORE if place == "first" else 0,
        )
        return True

    def pair_filter(self, number, hook, priority):
        """A filter of theirs on clsact; priority 0 takes it away."""
        role, direction = HOOKS[hook]
        wire = self.wires[number][role]
        if not wire.exists():
            return False
        old = wire.foreign_filters.pop(direction, None)
        if old:
            with contextlib.suppress(OSError):
                self.inner.delete_filter(wire.device.index, direction, old)
        if priority == "0":
            return old is not None
        with contextlib.suppress(FileExistsError):
            self.inner.clsact(wire.device.index)
        self.inner.add_filter(
            wire.device.index, direction, int(priority), self.foreign.program, "foreign"
        )
        wire.foreign_filters[direction] = int(priority)
        return True

    def pair_clsact(self, number, role, way):
        wire = self.wires[number][role]
        if not wire.exists():
            return False
        if way == "gone":
            wire.foreign_filters = {}
        self.inner.clsact(wire.device.index, way == "add")
        return True

    # ---- the operator and the agent

    def pair_switch(self, number, wish):
        wire = self.wires[number]["standby"]
        if not wire.exists() or self.agent_stopped or not self.loaded:
            return False
        return not self.stage.command("switch", wire.device.name, wish).returncode

    def agent_alive(self):
        return self.agent is not None and self.agent.poll() is None

    def agent_start(self):
        """It is started by the names of its pairs: these are there."""
        if self.agent_alive():
            return False
        for number in range(len(self.wires)):
            self.apply(f"{number} plug standby")
            self.apply(f"{number} rename standby own")
        with open(self.stage.log, "a") as log:
            self.agent = self.stage.guest.popen(
                [VFSTEER, "run", "--bpffs", self.stage.bpffs, "--config", self.configuration],
                stdout=log, stderr=log,
            )
        self.stage.agents.append(self.agent)
        for wires in self.wires:
            wires["primary"].agent_was_away = True
        self.agent_stopped, self.agent_ready, self.loaded = False, False, True
        return True

    def _end(self, number):
        if not self.agent_alive():
            return False
        self.agent_go_on()
        self.agent.send_signal(number)
        self.agent.wait(20)
        self.stage.agents.remove(self.agent)
        self.agent, self.agent_ready = None, False
        return True

    def agent_kill(self):
        return self._end(signal.SIGKILL)

    def agent_term(self):
        return self._end(signal.SIGTERM)

    def agent_stand_still(self):
        """Not given a CPU, as in a guest that is starved."""
        if not self.agent_alive() or self.agent_stopped:
            return False
        self.agent.send_signal(signal.SIGSTOP)
        self.agent_stopped = True
        return True

    def agent_go_on(self):
        if not self.agent_stopped or not self.agent_alive():
            return False
        self.agent.send_signal(signal.SIGCONT)
        self.agent_stopped = False
        return True

    def agent_unload(self):
        # One that is starting would make again what is just being taken away.
        if not self.loaded or self.agent_stopped or self._is_starting():
            return False
        done = self.stage.command("unload")
        if done.returncode:
            return False
        if self.agent:
            self.agent.wait(20)
            self.stage.agents.remove(self.agent)
            self.agent = None
        self.agent_ready = self.loaded = False
        self.unloads += 1
        return True

    def agent_pause(self, milliseconds):
        """No event of its own: time."""
        time.sleep(int(milliseconds) / 1000)
        return False
