#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Where vfsteer is behind a rival, and the floors that it misses."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from made_up import add, everything, made_up  # noqa: E402
from tools.benchmark import floors, tables  # noqa: E402
from tools.benchmark.behind import behind  # noqa: E402
from tools.benchmark.names import ordered, rivals  # noqa: E402

MIGRATION_FLOOR = "migration: answers lost beyond virtio-only, outside QEMU's downtime"


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
        for prefix, lost in (("host-", 5), ("cni-", 6)):
            add(
                results, f"{prefix}answers/lost-outside-downtime", "migrate", "answers",
                **{ours: [0, lost]},
            )
        add(results, "host-holes/count", "migrate", "holes", **{ours: [1]})
        for what, expected in (
            ("unplug, failover=on: lost out / in", floors.FLOOR),
            ("plug, failover=on, silent guest: lost in", floors.FLOOR),
            (
                "migration, shared handover, failover=on: answers lost outside QEMU's downtime",
                floors.AIM,
            ),
            ("migration, shared handover, failover=on: holes", floors.MISSED),
            (
                "migration, plain handover, vfsteer-host, failover=on: "
                "answers lost outside QEMU's downtime",
                floors.FLOOR,
            ),
            ("migration, plain handover, vfsteer-host, failover=on: holes", floors.AIM),
            (
                "migration, CNI's order, vfsteer-host, failover=on: "
                "answers lost outside QEMU's downtime",
                floors.MISSED,
            ),
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


if __name__ == "__main__":
    unittest.main()
