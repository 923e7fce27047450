#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's section of ports: what is made of frames and CPU time, and how it is judged.
Nothing is started, no root is needed.
"""

import sys
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark import floors, ports_guest, ports_native  # noqa: E402
from tools.benchmark.behind import behind  # noqa: E402
from tools.benchmark.results import Results  # noqa: E402

KERNEL = "6.12.1"


class Sender:
    """A place that has moved on by so many frames and ns of CPU time at each look."""

    def __init__(self, name, *steps):
        self.name, self._steps, self._seen = name, list(steps), (0, 0)

    def look(self):
        seen = self._seen
        if self._steps:
            self._seen = tuple(sum(pair) for pair in zip(seen, self._steps.pop(0)))
        return seen


class WindowsTest(unittest.TestCase):
    def windows(self, *places):
        with mock.patch.multiple(
            ports_native, WINDOWS=2, LOOK_EVERY_S=0, TIMEOUT_S=1, WINDOW_CPU_MS=10
        ):
            return ports_native._windows(places)

    def test_each_is_looked_at_beside_the_others(self):
        second = 10_000_000
        said = self.windows(
            Sender("bare-wire", (200_000, second), (100_000, second)),
            Sender("vfsteer", (100_000, second), (50_000, second)),
        )
        self.assertEqual(said, {"bare-wire": [50, 100], "vfsteer": [100, 200]})

    def test_a_window_lasts_until_each_had_its_time(self):
        said = self.windows(
            Sender("bare-wire", (100_000, 6_000_000), (100_000, 6_000_000), (100_000, 10_000_000)),
            Sender("vfsteer", (100_000, 9_000_000), (100_000, 9_000_000), (100_000, 10_000_000)),
        )
        self.assertEqual(said, {"bare-wire": [60, 100], "vfsteer": [90, 100]})

    def test_a_place_without_time_ends_it(self):
        with self.assertRaisesRegex(ports_native.NativeError, "0 of 2 windows"):
            self.windows(Sender("bare-wire", (1, 1)), Sender("vfsteer", (1, 1)))


class ContainedTest(unittest.TestCase):
    def names(self, wanted):
        return [one.name for one in ports_guest.contained(wanted)]

    def test_a_contender_is_known_by_who_makes_the_pair(self):
        self.assertEqual(
            self.names(""), ["vfsteer", "bridge-bonding", "macvlan-net_failover", "bare-vf"]
        )
        self.assertEqual(self.names("bonding,bare-vf,teamd"), ["bridge-bonding", "bare-vf"])
        self.assertEqual(self.names("teamd"), [])


class FiguresTest(unittest.TestCase):
    def test_shares_are_of_the_same_window(self):
        said = {
            ("way", "bare-wire"): [50, 100, 50],
            ("way", "bare-redirect"): [90, 180, 90],
            ("way", "vfsteer"): [100, 200, 100],
        }
        found = {
            (name, metric): (value, unit)
            for name, metric, value, unit, _ in ports_native.figures(said)
        }
        self.assertEqual(
            found,
            {
                ("bare-wire", "way/rate"): (20, "Mpps"),
                ("bare-redirect", "way/rate"): (1e3 / 90, "Mpps"),
                ("bare-redirect", "way/forwarding"): (40, "ns"),
                ("vfsteer", "way/rate"): (10, "Mpps"),
                ("vfsteer", "way/forwarding"): (50, "ns"),
                ("vfsteer", "way/part-of-bare"): (0.9, "of bare"),
            },
        )


class JudgedTest(unittest.TestCase):
    def judged(self, ours, bridge):
        results = Results(Path("/nowhere/results.json"))
        for name, value in (("vfsteer", ours), ("bridge", bridge)):
            results.add("ports", name, "uplink-to-port/part-of-bare", KERNEL, value, "of bare")
        found = {one.what: (one.verdict, one.measured) for one in floors.verdicts(results)}
        words = "uplink to port, smallest frames: "
        return (
            found[words + "part of a bare redirect"],
            found[words + "of a Linux bridge"],
            [one.contender for one in behind(results)],
        )

    def test_floor_and_aim(self):
        self.assertEqual(self.judged(0.96, 0.2), ((floors.AIM, "0.960"), (floors.AIM, "4.80"), []))
        self.assertEqual(
            self.judged(0.86, 0.5)[:2], ((floors.FLOOR, "0.860"), (floors.MISSED, "1.72"))
        )
        self.assertEqual(
            self.judged(0.84, 0.9), ((floors.MISSED, "0.840"), (floors.MISSED, "0.93"), ["bridge"])
        )


if __name__ == "__main__":
    unittest.main()
