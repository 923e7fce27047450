#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's statistics and scales."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from made_up import add, made_up  # noqa: E402
from tools.benchmark import figures, svg  # noqa: E402
from tools.benchmark.chart_migration import holes, typical  # noqa: E402


class StatisticsTest(unittest.TestCase):
    def figure(self, values, unit="packets", metric="unplug/lost/in"):
        results = made_up("/nowhere")
        add(results, metric, unit=unit, vfsteer=values)
        return results.figures()[0]

    def test_median_and_worst(self):
        self.assertEqual(figures.median_and_worst(self.figure([0, 0, 17])), "0 (17)")
        self.assertEqual(figures.median_and_worst(self.figure([4, 4])), "4")
        self.assertEqual(figures.median_and_worst(self.figure([1, 2])), "1.50 (2)")
        self.assertEqual(figures.median_and_worst(self.figure([9000])), "9,000")

    def test_the_worst_of_a_rate_is_the_lowest(self):
        self.assertEqual(figures.median_and_worst(self.figure([10, 9, 11], "Gbit/s")), "10 (9)")

    def test_what_could_not_be_measured_is_no_number(self):
        self.assertEqual(figures.median_and_worst(self.figure([None, None])), "unreachable")
        self.assertEqual(figures.median_and_worst(self.figure([None, 3])), "3")
        self.assertEqual(figures.median_and_worst(None), "–")
        self.assertEqual(figures.numbers(self.figure([[1, 2], None, 5, True])), [5])

    def test_share(self):
        self.assertEqual(figures.share([0, 0, 0, 1], lambda value: value == 0), 0.75)
        self.assertIsNone(figures.share([], bool))

    def test_holes_and_the_typical_run(self):
        self.assertEqual(holes([5, 0, 5, 0, 0, 5, 0, 0, 0], 25), [(3, 5), (6, 9)])
        results = made_up("/nowhere")
        add(results, "arrivals", "migrate", "packets", vfsteer=[[1, 1], [5, 5], [3, 3], None])
        self.assertEqual(typical(results.figures()[0]), 2)

    def test_scales(self):
        scale = svg.logarithmic(10000, 100, 0)
        self.assertEqual((scale(0), round(scale(10000), 6)), (100, 0))
        self.assertGreater(scale(0) - scale(1), 5, "one packet is to differ from none")
        self.assertEqual(svg.decades(9000), [0, 1, 10, 100, 1000])
        self.assertEqual(svg.steps(-2.5, 5, 8), [-2, -1, 0, 1, 2, 3, 4, 5])


if __name__ == "__main__":
    unittest.main()
