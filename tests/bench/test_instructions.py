#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Instructions per packet on a machine that is late."""

import json
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark import instructions  # noqa: E402


class InstructionsTest(unittest.TestCase):
    def measured(self, name, *quick_us):
        """What is kept when packets.c's answers, in their order, come from a machine that is as
        late as that; and how often it was asked.
        """
        said = iter(quick_us)

        def answer(_):
            late = next(said)
            return json.dumps(
                {"batches": 400, "batch": 1, "quick_us": late, "median": late * 45, "mean": 0}
            )
        with mock.patch.dict(
            instructions.FIGURES, {name: (answer, *instructions.FIGURES[name][1:])}
        ), mock.patch.object(instructions, "_interrupts", lambda lab: 0):
            value, context = instructions.measure(None, name)
        return value, context.get("late", False), len(quick_us) - len(list(said))

    def test_a_machine_that_is_late_is_asked_again(self):
        self.assertEqual(self.measured("udp-rx", 3000, 2000), (3000 * 45, False, 1))
        self.assertEqual(self.measured("udp-rx", 6000, 3000, 2000), (3000 * 45, False, 2))
        self.assertEqual(self.measured("udp-tx", 6000, 5000, 7000, 2000), (5000 * 45, True, 3))

    def test_bursts_have_no_pauses_to_be_late_with_and_a_piece_is_45_segments(self):
        self.assertEqual(self.measured("udp-rx-burst", 9000, 2000), (9000 * 45, False, 1))
        self.assertEqual(self.measured("tcp-tx", 9000, 2000), (9000, False, 1))


if __name__ == "__main__":
    unittest.main()
