#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's results, statistics and report, on results made up here: nothing is booted, no
root is needed.
"""

import json
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark import figures, floors, instructions, svg, tables  # noqa: E402
from tools.benchmark.behind import behind  # noqa: E402
from tools.benchmark.chart_cost import chart_cost, overheads  # noqa: E402
from tools.benchmark.chart_migration import holes, typical  # noqa: E402
from tools.benchmark.contenders import CONTENDERS  # noqa: E402
from tools.benchmark.events import (  # noqa: E402
    longest_gap_ms, makes_sense, measured, plan, plan_least,
)
from tools.benchmark.incidents import EVENTS  # noqa: E402
from tools.benchmark.names import NAMES, ordered, rivals  # noqa: E402
from tools.benchmark.progress import Progress, duration  # noqa: E402
from tools.benchmark.report import ReportError, report  # noqa: E402
from tools.benchmark.results import Results, ResultsError  # noqa: E402

KERNEL = "6.12"
MIGRATION_FLOOR = "migration: answers lost beyond virtio-only, outside QEMU's downtime"


def made_up(folder):
    return Results(
        Path(folder) / "results.json", command="tools/bench all", qemu="7.2.22", release="6.12.1"
    )


def add(results, metric, section="events", unit="packets", kernel=KERNEL, context=None, **values):
    """values: {contender: list of values}; an underscore stands for the dash of a name."""
    for contender, many in values.items():
        for run, value in enumerate(many, 1):
            name = contender if contender in NAMES else contender.replace("_", "-")
            results.add(section, name, metric, kernel, value, unit, {"run": run, **(context or {})})


def everything(folder, runs=5):
    """Results of all sections, of the kind that the real ones are of."""
    results = made_up(folder)
    for event in EVENTS:
        for way in ("out", "in"):
            add(
                results, f"{event}/lost/{way}", vfsteer=[0] * runs,
                net_failover=[0, 139, 163, 1500, 2][:runs], bonding=[157] * runs, teamd=[80] * runs,
                context={"rate": 2000, "sender_pause_ms": 8.0},
            )
            add(
                results, f"{event}/gap/{way}", unit="ms", vfsteer=[9.0] * runs,
                net_failover=[80.0] * runs, bonding=[90.0] * runs, teamd=[40.0] * runs,
                context={"sender_pause_ms": 8.0},
            )
        add(
            results, f"silent-{event}/lost/in", vfsteer=[0] * runs, net_failover=[1320] * runs,
            bonding=[128] * runs, teamd=[70] * runs,
        )
    add(
        results, "udp-tx/instructions", "cost", "instructions/packet", bare_vf=[17230],
        vfsteer=[17330], net_failover=[17330], bonding=[18420],
    )
    add(
        results, "udp-rx/instructions", "cost", "instructions/packet", bare_vf=[15600],
        vfsteer=[16100], vfsteer_direct=[15700], net_failover=[15650], bonding=[16150],
    )
    add(
        results, "tcp-tx/instructions", "cost", "instructions/packet", bare_vf=[810], vfsteer=[832],
        net_failover=[830],
    )
    add(
        results, "tcp-rx/instructions", "cost", "instructions/packet", bare_vf=[2800],
        vfsteer=[2900], vfsteer_direct=[2790], net_failover=[2830],
    )
    add(
        results, "udp-tx-burst/instructions", "cost", "instructions/packet", bare_vf=[5000],
        vfsteer=[6000],
    )
    add(
        results, "tcp-bulk/throughput", "cost", "Gbit/s", bare_vf=[40.0], vfsteer=[39.4],
        bonding=[38.0],
    )
    add(results, "tcp-bulk-in/throughput", "cost", "Gbit/s", bare_vf=[40.0], vfsteer=[39.8])
    add(results, "rr/p50", "cost", "us", bare_vf=[20.0], vfsteer=[20.4])
    add(results, "decision/time", "cost", "ns", vfsteer=[14.0])
    marks = {"unplug": 1000, "stop": 3000, "resume": 3100, "plug": 5000}
    quiet = {
        "vfsteer": [(300, 308)],
        "net_failover": [(102, 112), (300, 309), (500, 516)],
        "virtio_only": [(300, 307)],
    }
    for contender, silent in quiet.items():
        series = [
            0 if any(first <= place < last for first, last in silent) else 5 for place in range(800)
        ]
        add(
            results,
            "arrivals",
            "migrate",
            "answers per 10 ms",
            context={"marks_ms": marks},
            **{contender: [series] * 3}
        )
        add(
            results,
            "answers/lost",
            "migrate",
            "answers",
            **{contender: [5 * sum(last - first for first, last in silent)] * 3}
        )
        # All but the first hole of virtio-only's own, which is the downtime.
        outside = 5 * sum(last - first for first, last in silent if not 3000 <= 10 * first < 3100)
        add(
            results,
            "answers/lost-outside-downtime",
            "migrate",
            "answers",
            **{contender: [outside] * 3}
        )
        add(results, "holes/count", "migrate", "holes", **{contender: [len(silent)] * 3})
        add(
            results,
            "shared-requests/duplicates",
            "migrate",
            "requests",
            **{contender: [554, 365, 824] if contender == "vfsteer" else [18] * 3}
        )
    return results


class ResultsTest(unittest.TestCase):
    def test_saved_and_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            results = everything(folder)
            results.save()
            again = Results.load(results.path)
            self.assertEqual(
                [figure.as_dict() for figure in again.figures()],
                [figure.as_dict() for figure in results.figures()],
            )
            one = json.loads(results.path.read_text())["figures"][0]
            self.assertEqual((one["runs"], len(one["values"]), len(one["measured"])), (5, 5, 5))
            self.assertLessEqual({"command", "qemu", "date", "run"}, set(one["measured"][0]))
            self.assertEqual(list(Path(folder).iterdir()), [results.path], "nothing else is left")

    def test_missing_file_is_empty_and_a_broken_one_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.json"
            self.assertEqual(Results.load(path).figures(), [])
            path.write_text("{")
            self.assertRaises(ResultsError, Results.load, path)
            path.write_text('{"format": 99, "figures": []}')
            self.assertRaises(ResultsError, Results.load, path)

    def test_a_unit_does_not_change(self):
        results = made_up("/nowhere")
        add(results, "x/lost/in", vfsteer=[1])
        with self.assertRaises(ResultsError):
            add(results, "x/lost/in", unit="ms", vfsteer=[1])

    def test_discard(self):
        results = everything("/nowhere")
        before = len(results.figures())
        gone = results.discard(lambda figure: figure.section == "cost")
        self.assertEqual((len(results.figures()), results.figures("cost")), (before - gone, []))
        self.assertGreater(gone, 5)


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
        self.assertGreater(scale(0) - scale(1), 5, "one packet is to be told from none")
        self.assertEqual(svg.decades(9000), [0, 1, 10, 100, 1000])
        self.assertEqual(svg.steps(-2.5, 5, 8), [-2, -1, 0, 1, 2, 3, 4, 5])


class EventsTest(unittest.TestCase):
    def test_a_tail_that_never_arrived_is_a_gap(self):
        one = {"lost_ranges": [[10, 11], [400, 999]], "sent": 1000, "longest_gap_ms": 12.0}
        self.assertEqual(longest_gap_ms(one), 300)
        self.assertEqual(longest_gap_ms({**one, "lost_ranges": [[10, 11]]}), 12.0)

    def test_plan(self):
        contenders = list(CONTENDERS.values())
        steps = plan(contenders, EVENTS, 2, ["6.1", "6.12"])
        self.assertEqual(len(set(steps)), len(steps))
        # Five contenders with eight events in two ways, and the controls where they tell something.
        self.assertEqual(len(steps), 2 * 2 * (5 * 8 * 2 + 4 + 4))
        self.assertEqual({step[0] for step in steps[:len(steps) // 2]}, {"6.1"})
        first = {run: next(step[5].name for step in steps if step[1] == run) for run in (1, 2)}
        self.assertNotEqual(first[1], first[2], "another contender begins in each run")
        self.assertFalse(makes_sense(CONTENDERS["bare-vf"], "plug", ""))

    def test_the_least_plan_has_everybody_and_everything(self):
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


class InstructionsTest(unittest.TestCase):
    def measured(self, name, *quick_us):
        """What is kept when packets.c's answers, in their order, come from a machine that is as
        late as that; and how often it was asked.
        """
        said = iter(quick_us)
        answer = lambda lab: json.dumps({"batches": 400, "batch": 1, "quick_us": (late := next(said)), "median": late * 45, "mean": 0})  # noqa: E731
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


class BehindTest(unittest.TestCase):
    def found(self, metric, ours, theirs, unit="packets", **more):
        results = made_up("/nowhere")
        add(results, metric, unit=unit, vfsteer=ours, bonding=theirs, **more)
        return [(one.contender, one.by) for one in behind(results)]

    def test_median_and_worst(self):
        self.assertEqual(
            self.found("unplug/lost/in", [3, 3, 3], [2, 2, 2]), [("bonding", "median and worst")]
        )
        self.assertEqual(self.found("unplug/lost/in", [0, 0, 9], [1, 1, 2]), [("bonding", "worst")])
        self.assertEqual(self.found("unplug/lost/in", [0, 0, 0], [0, 0, 0]), [])

    def test_a_rate_is_better_when_it_is_higher(self):
        self.assertEqual(self.found("bulk", [39], [38], "Gbit/s"), [])
        self.assertEqual(
            self.found("bulk", [38], [39], "Gbit/s"), [("bonding", "median and worst")]
        )

    def test_a_gap_within_the_senders_own_pause_says_nothing(self):
        self.assertEqual(
            self.found("unplug/gap/in", [30], [10], "ms", context={"sender_pause_ms": 28}), []
        )
        self.assertEqual(
            self.found("unplug/gap/in", [30], [10], "ms", context={"sender_pause_ms": 8}),
            [("bonding", "median and worst")],
        )

    def test_controls_are_no_rivals(self):
        results = made_up("/nowhere")
        add(
            results, "udp-tx/instructions", "cost", "instructions/packet", vfsteer=[10],
            bare_vf=[9], virtio_only=[8],
        )
        self.assertEqual(behind(results), [])
        self.assertEqual(
            rivals(["bare-vf", "teamd", "vfsteer", "bonding", "bare"]), ["bonding", "teamd"]
        )
        self.assertEqual(ordered(["virtio-only", "something", "teamd", "vfsteer"])[0], "vfsteer")

    def test_each_kind_of_pair_is_compared_and_named(self):
        results = made_up("/nowhere")
        add(
            results, "udp-rx/instructions", "cost", "instructions/packet", vfsteer=[12],
            vfsteer_direct=[12], net_failover=[10], **{"vfsteer-net_failover": [11]},
        )
        found = behind(results)
        self.assertEqual(
            [(one.whose, one.contender, one.ours[0]) for one in found],
            [("vfsteer", "net_failover", 12), ("vfsteer-net_failover", "net_failover", 11)],
        )
        table = tables.behind_table(found)
        self.assertIn("| net_failover | 10 | vfsteer, failover=on | 11 |", table)
        self.assertEqual(rivals(results.distinct("contender")), ["net_failover"])

    def test_what_cannot_be_measured_is_no_comparison(self):
        self.assertEqual(self.found("link-up/lost/in", [0], [None]), [])


class FloorsTest(unittest.TestCase):
    def verdict(self, results, what):
        return next(one for one in floors.verdicts(results) if one.what == what)

    def test_nineteen_of_twenty(self):
        for lost, expected in (
            ([0] * 100, floors.AIM),
            ([0] * 20, floors.FLOOR),
            ([0] * 19 + [5], floors.FLOOR),
            ([0] * 18 + [5, 5], floors.MISSED),
        ):
            results = made_up("/nowhere")
            add(results, "unplug/lost/out", vfsteer=[0] * len(lost))
            add(results, "unplug/lost/in", vfsteer=lost)
            self.assertEqual(self.verdict(results, "unplug: lost out / in").verdict, expected)

    def test_one_direction_alone_makes_a_run_lossy(self):
        results = made_up("/nowhere")
        add(results, "bind/lost/out", vfsteer=[0, 3])
        add(results, "bind/lost/in", vfsteer=[0, 0])
        one = self.verdict(results, "bind: lost out / in")
        self.assertEqual(
            (one.verdict, one.measured), (floors.MISSED, "0 / 0 in 1 of 2, worst 3 / 0")
        )

    def test_all_of_a_made_up_run(self):
        results = everything("/nowhere")
        self.assertEqual(self.verdict(results, "unplug, silent guest: lost in").verdict, floors.AIM)
        self.assertEqual(self.verdict(results, MIGRATION_FLOOR).verdict, floors.AIM)
        self.assertEqual(self.verdict(results, "migration: holes").verdict, floors.AIM)
        self.assertEqual(self.verdict(results, "UDP TX instructions over bare").verdict, floors.AIM)
        self.assertEqual(
            self.verdict(results, "UDP RX instructions over bare (exact)").verdict, floors.FLOOR
        )
        self.assertEqual(
            self.verdict(results, "UDP RX instructions over bare (direct)").verdict, floors.FLOOR
        )
        self.assertEqual(
            self.verdict(results, "TCP TX instructions over bare").verdict, floors.FLOOR
        )
        self.assertEqual(
            self.verdict(results, "TCP RX instructions over bare (exact)").verdict, floors.FLOOR
        )
        self.assertEqual(
            self.verdict(results, "TCP RX instructions over bare (direct)").verdict, floors.AIM
        )
        self.assertEqual(self.verdict(results, "TCP bulk out, part of bare").verdict, floors.FLOOR)
        self.assertEqual(self.verdict(results, "TCP bulk in, part of bare").verdict, floors.AIM)
        self.assertEqual(
            self.verdict(results, "steering decision over an empty program (ns)").verdict,
            floors.AIM,
        )

    def test_a_migration_is_judged_outside_the_downtime(self):
        for lost, expected in (
            ([0, 0, 50], floors.AIM),
            ([2] * 3, floors.FLOOR),
            ([3] * 3, floors.MISSED),
        ):
            results = made_up("/nowhere")
            add(
                results, "answers/lost", "migrate", "answers", vfsteer=[90, 40, 60],
                virtio_only=[40, 40, 40],
            )
            add(
                results, "answers/lost-outside-downtime", "migrate", "answers", vfsteer=lost,
                virtio_only=[0, 0, 0],
            )
            self.assertEqual(self.verdict(results, MIGRATION_FLOOR).verdict, expected)

    def test_a_net_failover_pair_is_judged_beside_net_failover_alone(self):
        ours = "vfsteer-net_failover"
        for tx, rx, expected in (
            (990, 1005, floors.AIM), (1000, 1015, floors.FLOOR), (1001, 1016, floors.MISSED),
        ):
            results = made_up("/nowhere")
            for protocol in ("udp", "tcp"):
                for way, value in (("tx", tx), ("rx", rx)):
                    add(
                        results, f"{protocol}-{way}/instructions", "cost", "instructions",
                        net_failover=[1000], **{ours: [value]},
                    )
            judged = {
                one.verdict
                for one in floors.verdicts(results)
                if one.what.endswith("over net_failover alone, failover=on")
            }
            self.assertEqual(judged, {expected})
        results = made_up("/nowhere")
        add(results, "unplug/lost/out", **{ours: [0] * 20})
        add(results, "unplug/lost/in", **{ours: [0] * 20})
        add(results, "silent-plug/lost/in", **{ours: [3]})
        add(results, "shared-answers/lost-outside-downtime", "migrate", "answers", **{ours: [0]})
        add(results, "shared-holes/count", "migrate", "holes", **{ours: [2]})
        for what, expected in (
            ("unplug, failover=on: lost out / in", floors.FLOOR),
            ("plug, failover=on, silent guest: lost in", floors.FLOOR),
            (
                "migration, shared handover, failover=on: answers lost outside QEMU's downtime",
                floors.AIM,
            ),
            ("migration, shared handover, failover=on: holes", floors.MISSED),
            ("unplug: lost out / in", floors.UNKNOWN),
        ):
            self.assertEqual(self.verdict(results, what).verdict, expected, what)

    def test_each_cost_can_miss_its_floor(self):
        results = made_up("/nowhere")
        for metric in ("udp-tx", "udp-rx", "tcp-tx", "tcp-rx"):
            add(
                results, f"{metric}/instructions", "cost", "instructions", bare_vf=[1000],
                vfsteer=[1051], vfsteer_direct=[1011], net_failover=[1060],
            )
        for metric in ("tcp-bulk", "tcp-bulk-in"):
            add(results, f"{metric}/throughput", "cost", "Gbit/s", bare_vf=[10.0], vfsteer=[9.69])
        add(results, "decision/time", "cost", "ns", vfsteer=[26])
        # Below a rival that costs more still is the aim, whatever the floor.
        self.assertEqual(self.verdict(results, "UDP TX instructions over bare").verdict, floors.AIM)
        add(
            results, "udp-tx/instructions", "cost", "instructions", kernel="6.1", bare_vf=[1000],
            vfsteer=[1051],
        )
        add(
            results, "tcp-rx/instructions", "cost", "instructions", kernel="6.1", bare_vf=[1000],
            vfsteer=[1051], vfsteer_direct=[1011],
        )
        found = {one.what: one.verdict for one in floors.verdicts(results) if one.kernel == "6.1"}
        self.assertEqual(
            found,
            dict.fromkeys(
                [
                    "UDP TX instructions over bare",
                    "TCP RX instructions over bare (exact)",
                    "TCP RX instructions over bare (direct)",
                ],
                floors.MISSED,
            ),
        )
        for what, measured in (
            ("TCP bulk out, part of bare", "0.969"),
            ("TCP bulk in, part of bare", "0.969"),
            ("steering decision over an empty program (ns)", "26"),
        ):
            one = self.verdict(results, what)
            self.assertEqual((one.verdict, one.measured), (floors.MISSED, measured))

    def test_nothing_measured_is_said(self):
        self.assertEqual(
            {one.verdict for one in floors.verdicts(made_up("/nowhere"))}, {floors.UNKNOWN}
        )


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
