#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The plan of the benchmark's events, and its progress."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from made_up import KERNEL, everything  # noqa: E402
from tools.benchmark.contenders import CONTENDERS  # noqa: E402
from tools.benchmark.events import (  # noqa: E402
    longest_gap_ms, makes_sense, measured, plan, plan_least,
)
from tools.benchmark.incidents import EVENTS  # noqa: E402
from tools.benchmark.progress import Progress, duration  # noqa: E402


class EventsTest(unittest.TestCase):
    def test_a_tail_that_never_arrived_is_a_gap(self):
        one = {"lost_ranges": [[10, 11], [400, 999]], "sent": 1000, "longest_gap_ms": 12.0}
        self.assertEqual(longest_gap_ms(one), 300)
        self.assertEqual(longest_gap_ms({**one, "lost_ranges": [[10, 11]]}), 12.0)

    def test_plan(self):
        contenders = list(CONTENDERS.values())
        steps = plan(contenders, EVENTS, 2, ["6.1", "6.12"])
        self.assertEqual(len(set(steps)), len(steps))
        # Five contenders with eight events in two ways, and the controls where they show something.
        self.assertEqual(len(steps), 2 * 2 * (5 * 8 * 2 + 4 + 4))
        self.assertEqual({step[0] for step in steps[:len(steps) // 2]}, {"6.1"})
        first = {run: next(step[5].name for step in steps if step[1] == run) for run in (1, 2)}
        self.assertNotEqual(first[1], first[2], "another contender begins in each run")
        self.assertFalse(makes_sense(CONTENDERS["bare-vf"], "plug", ""))

    def test_the_least_plan_has_every_contender_and_event(self):
        contenders = list(CONTENDERS.values())
        steps = plan_least(contenders, EVENTS, ["6.12"])
        self.assertEqual({step[5] for step in steps}, set(contenders))
        self.assertEqual(
            ({step[3] for step in steps}, {step[4] for step in steps}),
            (set(EVENTS), {"", "silent-"}),
        )
        self.assertTrue(
            all(makes_sense(contender, event, mode) for _, _, _, event, mode, contender in steps)
        )
        self.assertLessEqual(len(steps), 2 * len(contenders) + 2)

    def test_what_is_measured_already_is_known(self):
        results = everything("/nowhere", runs=2)
        vfsteer = CONTENDERS["vfsteer"]
        self.assertTrue(measured(results, vfsteer, KERNEL, 2, "unplug", "silent-"))
        self.assertFalse(measured(results, vfsteer, KERNEL, 3, "unplug", "silent-"))
        self.assertFalse(measured(results, vfsteer, "6.1", 1, "unplug", ""))

    def test_progress(self):
        now = [0.0]
        progress = Progress(10, 6, clock=lambda: now[0])
        self.assertEqual(progress.left_s(), 60)
        now[0], progress.done = 14 * 7.0, 7
        self.assertAlmostEqual(progress.left_s(), (98 + 18) / 10 * 3)
        self.assertEqual(
            [duration(value) for value in (40, 720, 7500)], ["40 s", "12 min", "2 h 05 min"]
        )


if __name__ == "__main__":
    unittest.main()
