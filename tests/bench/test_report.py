#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's report and charts, of results that are made up."""

import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from made_up import KERNEL, add, everything, made_up  # noqa: E402
from tools.benchmark import tables  # noqa: E402
from tools.benchmark.chart_cost import chart_cost, overheads  # noqa: E402
from tools.benchmark.names import NAMES  # noqa: E402
from tools.benchmark.report import ReportError, report  # noqa: E402


class ReportTest(unittest.TestCase):
    def test_written_and_well_formed(self):
        with tempfile.TemporaryDirectory() as folder:
            written = report(everything(folder), Path(folder))
            self.assertEqual(
                [path.name for path in written],
                [
                    "report.md",
                    f"migration-{KERNEL}.svg",
                    f"events-{KERNEL}.svg",
                    f"cost-{KERNEL}.svg",
                ],
            )
            text = written[0].read_text()
            for path in written[1:]:
                xml.etree.ElementTree.parse(path)
                self.assertIn(path.name, text)
            self.assertIn(
                "| unplug | 0 / 0 | 139 (1,500) / 139 (1,500) | 157 / 157 | 80 / 80 |", text
            )
            self.assertIn(
                "runs per figure: 5; command: `tools/bench all`; kernel: 6.12.1; QEMU: 7.2.22", text
            )
            # What the made-up data say against us.
            self.assertIn(
                "Nowhere in what was measured.",
                text.split("## Floors")[0].split("## Where vfsteer misses")[1],
            )
            self.assertRegex(
                text.split("## Where vfsteer misses")[0],
                r"cost: udp-rx: instructions .*net_failover",
            )

    def test_a_migration_tells_what_came_twice(self):
        with tempfile.TemporaryDirectory() as folder:
            text = report(everything(folder), Path(folder))[0].read_text()
            self.assertIn("| shared-requests: duplicates (requests) | 554 (824) | 18 | 18 |", text)
            # Something to be better at: it is said.
            self.assertRegex(
                text.split("## Where vfsteer misses")[0],
                r"migrate: shared-requests: duplicates .*net_failover",
            )

    def test_charts_carry_each_contender_in_its_colour(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in report(everything(folder), Path(folder))[1:]:
                drawn = path.read_text()
                self.assertIn(NAMES["vfsteer"].colour, drawn)
                self.assertIn(NAMES["net_failover"].colour, drawn)
        self.assertEqual(len({name.colour for name in NAMES.values()}), len(NAMES))

    def test_what_is_less_than_bare_is_written_as_less(self):
        table = tables.section_table(everything("/nowhere"), "cost", KERNEL)
        self.assertIn(
            "| tcp-bulk: throughput (Gbit/s) | 39.4 · -1.5 % | – | – | 38 · -5.0 % | 40 |", table
        )
        self.assertIn("| 2,900 · +3.6 % | 2,790 · -0.4 % |", table)

    def test_a_figure_left_of_bare_is_not_written_over_its_name(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cost.svg"
            chart_cost(everything(folder), KERNEL, path)
            ends = [
                (float(one.get("x")), one.text)
                for one in xml.etree.ElementTree.parse(path).findall(".//{*}text")
                if one.get("text-anchor") == "end"
            ]
        name_ends = max(x for x, text in ends if "%" not in text)
        figures_begin = [x - 6 * len(text) for x, text in ends if "%" in text]
        self.assertTrue(
            figures_begin and min(figures_begin) > name_ends,
            f"{figures_begin}, names until {name_ends}",
        )

    def test_the_sums_of_breakdown(self):
        with tempfile.TemporaryDirectory() as folder:
            results = made_up(folder)
            add(
                results, "tx/instructions", "breakdown", "instructions", vfsteer=[5721],
                bare_vf=[5248],
            )
            text = report(results, Path(folder))[0].read_text()
            self.assertIn("## Breakdown, Linux 6.12", text)
            self.assertIn("| tx: instructions (instructions) | 5,721 · +9.0 % | 5,248 |", text)

    def test_overheads(self):
        costs = dict(overheads(everything("/nowhere"), KERNEL))
        self.assertAlmostEqual(dict(costs["udp-tx/instructions"])["vfsteer"], 0.58, places=2)
        # Less throughput is a cost, too.
        self.assertAlmostEqual(dict(costs["tcp-bulk/throughput"])["vfsteer"], 1.52, places=2)
        self.assertAlmostEqual(dict(costs["rr/p50"])["vfsteer"], 2.0, places=2)
        self.assertEqual(
            [contender for contender, _ in costs["tcp-rx/instructions"]],
            ["vfsteer", "vfsteer-direct", "net_failover"],
        )
        self.assertIn("udp-tx-burst/instructions", costs)
        self.assertNotIn("decision/time", costs)

    def test_one_run_of_one_event(self):
        with tempfile.TemporaryDirectory() as folder:
            results = made_up(folder)
            add(results, "unplug/lost/in", vfsteer=[0], net_failover=[None])
            self.assertIn("unreachable", report(results, Path(folder))[0].read_text())

    def test_a_missed_floor_is_said_before_all_else(self):
        with tempfile.TemporaryDirectory() as folder:
            results = made_up(folder)
            add(results, "silent-unplug/lost/in", vfsteer=[0, 11])
            text = report(results, Path(folder))[0].read_text()
            self.assertRegex(
                text.split("## Floors")[0],
                r"unplug, silent guest: lost in \| 6\.12 .*worst 11 of 2 runs .*misses the floor",
            )

    def test_nothing_to_report(self):
        self.assertRaises(ReportError, report, made_up("/nowhere"), Path("/nowhere"))

    def test_duplicates_are_said(self):
        results = made_up("/nowhere")
        add(results, "plug/lost/in", vfsteer=[0, 0], context={"duplicates": 3})
        add(results, "plug/lost/out", teamd=[0], context={"duplicates": 0})
        self.assertIn(
            "came twice, over all runs: vfsteer 6.", tables.events_table(results, KERNEL, "lost")
        )

    def test_a_tail_is_marked(self):
        results = made_up("/nowhere")
        add(results, "link-down/lost/in", net_failover=[6000], context={"never_came_back": True})
        self.assertIn("6,000 †", tables.events_table(results, KERNEL, "lost"))


if __name__ == "__main__":
    unittest.main()
