# SPDX-License-Identifier: GPL-2.0-only
"""The pinned maps as include/vfsteer.h lays them out, read without a process."""

import os
import struct

import bpf

PATHS = ("standby", "primary")
STATES = ("absent", "joining", "ready", "leaving", "down")
ADMINS = ("auto", "primary", "standby")
COUNTERS_MAX_CPUS = 256


def _text(data):
    return data.split(b"\0")[0].decode()


class Pair:
    def __init__(self, slot, data):
        self.slot = slot
        (
            active,
            primary,
            admin,
            self.cause,
            self.switches,
            standby_name,
            primary_name,
        ) = struct.unpack_from("BBBBI16s16s", data)
        self.active, self.state, self.admin = PATHS[active], STATES[primary], ADMINS[admin]
        self.standby, self.primary = _text(standby_name), _text(primary_name)
        self.standby_index, self.primary_index, self.switched_ns = struct.unpack_from(
            "IIQ", data, 64
        )

    def __str__(self):
        return (
            f"slot {self.slot}: {self.standby}({self.standby_index}) <-> {self.primary}({self.primary_index}) active {self.active}, "
            f"primary {self.state}, admin {self.admin}, {self.switches} switches"
        )


class Pins:
    """Of the pins as they are now; close() when they may have been made again."""

    def __init__(self, directory):
        self.pairs, self.counters = bpf.get(directory / "pairs"), bpf.get(directory / "counters")
        self.capacity, self.size = bpf.entries(self.pairs), bpf.value_size(self.pairs)

    def close(self):
        os.close(self.pairs)
        os.close(self.counters)

    def used(self):
        """Pairs in use, in the order of their slots."""
        found = [
            Pair(slot, bpf.lookup(self.pairs, self.size, slot)) for slot in range(self.capacity)
        ]
        return [pair for pair in found if pair.standby]

    def counts(self, slot):
        """Counters of a slot, summed over the CPUs."""
        count = bpf.value_size(self.counters) // 8
        words = struct.unpack(
            f"{count * COUNTERS_MAX_CPUS}Q",
            bpf.lookup(self.counters, 8 * count * COUNTERS_MAX_CPUS, slot),
        )
        return [sum(words[i::count]) for i in range(count)]
