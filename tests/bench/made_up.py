# SPDX-License-Identifier: GPL-2.0-only
"""Results of the benchmark that are made up, for tests that boot nothing."""

from pathlib import Path

from tools.benchmark.incidents import EVENTS
from tools.benchmark.names import NAMES
from tools.benchmark.results import Results

KERNEL = "6.12"


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
