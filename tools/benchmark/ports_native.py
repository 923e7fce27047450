# SPDX-License-Identifier: GPL-2.0-only
"""Ports at native speed, on this machine's kernel: frames of the smallest size that xdp-trafficgen
has, 66 bytes with their check sequence.

The contenders send at the same time, on one CPU, of which the scheduler gives each some
milliseconds in turn: what slows the machine down for a while slows all of them. Counted is CPU
time, and each contender beside the others of the same window.
"""

import contextlib
import os
import platform
import statistics
import time

from tools.benchmark.effort import effort
from tools.benchmark.ports_places import PLACES, WAYS
from tools.rig.xdp_tools import XdpTools

# A window ends when each has had so much of the CPU.
WINDOWS, WINDOWS_LEAST, WINDOW_CPU_MS, LOOK_EVERY_S, TIMEOUT_S = 60, 2, 40, 0.05, 300
NOTHING, LIMIT = "bare-wire", "bare-redirect"


class NativeError(Exception):
    pass


def _windows(places):
    """{contender: [CPU ns of a frame from generator to sink, window by window]} of the places of
    one way.
    """
    said, deadline = {place.name: [] for place in places}, time.monotonic() + TIMEOUT_S
    first, windows = [place.look() for place in places], effort(WINDOWS, WINDOWS_LEAST)
    while min(map(len, said.values())) < windows:
        time.sleep(LOOK_EVERY_S)
        second = [place.look() for place in places]
        if time.monotonic() > deadline:
            raise NativeError(
                f"{len(said[NOTHING])} of {windows} windows in {TIMEOUT_S} s: the machine has no time"
            )
        if all(end[1] - begin[1] >= WINDOW_CPU_MS * 1e6 for begin, end in zip(first, second)):
            for place, (frames, cpu), (frames_end, cpu_end) in zip(places, first, second):
                said[place.name].append((cpu_end - cpu) / max(1, frames_end - frames))
            first = second
    return said


def figures(said):
    """[(contender, metric, value, unit, quartiles)]. What forwarding takes is what exceeds the
    place that does not.
    """
    found = []

    def add(name, metric, values, unit):
        found.append(
            (name, metric, statistics.median(values), unit, statistics.quantiles(values, n=4))
        )

    for (way, name), frame_ns in said.items():
        add(name, f"{way}/rate", [1e3 / ns for ns in frame_ns], "Mpps")
        if name != NOTHING:
            add(
                name, f"{way}/forwarding",
                [ns - nothing for ns, nothing in zip(frame_ns, said[way, NOTHING])], "ns",
            )
        if name not in (NOTHING, LIMIT):
            add(
                name, f"{way}/part-of-bare",
                [limit / ns for ns, limit in zip(frame_ns, said[way, LIMIT])], "of bare",
            )
    return found


def _way(way, contenders, tools, cpu):
    """{(way's name, contender): windows}"""
    with contextlib.ExitStack() as stack:
        places = []
        for kind in PLACES:
            if kind.name.startswith("bare-") or kind.name in contenders:
                places.append(kind(way, tools, cpu))
                stack.callback(places[-1].stop)
        for place in places:
            place.begin()
        for place in places:
            place.check()
        said = _windows(places)
        for place in places:
            place.check()
    return {(way.name, name): frame_ns for name, frame_ns in said.items()}


def measure(contenders, results, say):
    """Adds one value per contender and metric, and returns them as lines. contenders: names; the
    bare ones are always there.
    """
    tools, cpu = XdpTools(say), max(os.sched_getaffinity(0))
    said = {}
    for way in WAYS:
        said |= _way(way, contenders, tools, cpu)
    found = figures(said)
    for name, metric, value, unit, quartiles in found:
        results.add(
            "ports",
            name,
            metric,
            platform.release(),
            value,
            unit,
            {
                "windows": effort(WINDOWS, WINDOWS_LEAST),
                "quartiles": quartiles,
                "load_average": os.getloadavg()[0],
            },
        )
    return [
        f"{way.name}: "
        + ", ".join(
            f"{name} {value:.3g} {unit}"
            for name, metric, value, unit, _ in found
            if metric in (f"{way.name}/rate", f"{way.name}/part-of-bare")
        )
        for way in WAYS
    ]
