# SPDX-License-Identifier: GPL-2.0-only
"""What there is of a world: read again each time, since anything may have changed."""

import bpf
from pins import Pins
from world import HOOKS, TCX

OUR_HANDLE = 0x76667374


class Sight:
    """What there is: devices, pairs in the map, programs at the hooks."""

    def __init__(self, world):
        self.world, self.stage = world, world.stage
        self.pins = None

    def close(self):
        if self.pins:
            self.pins.close()

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
        """Every wire's device, read again; {number: (standby, primary)} of those pairs whose
        standby is there.
        """
        devices, found = self.world.inner.devices(), {}
        for number, wires in enumerate(self.world.wires):
            for wire in wires.values():
                wire.look(devices)
            if wires["standby"].device:
                found[number] = (wires["standby"].device, wires["primary"].device)
        return found

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
