#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Many pairs in one guest: what they take is printed, and that one pair's switch costs what it costs alone is checked, in system calls."""

import contextlib
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns"))
import bpf  # noqa: E402
import rtnl  # noqa: E402
from pins import Pins  # noqa: E402
from rig import Skip, case, check, main, note, wait  # noqa: E402
from world import EMPTY  # noqa: E402

PAIRS = 128
SWITCHES, TRACES = 21, 6
START_TIMEOUT_S = 100
# An agent that looks once a second at what nothing tells of may do so while it is traced: the smallest of some traces counts.
TRACED_S = 0.5
CALLS_FACTOR, CALLS_MORE = 1.2, 20


def make_pairs(stage, count):
    """(standby's, primary's, primary's outer name) of each."""
    inner, outer = rtnl.Rtnl(stage.guest), rtnl.Rtnl(stage.outside)
    names = [(f"s{number}a", f"p{number}a", f"p{number}b") for number in range(count)]
    for number, (standby, primary, _) in enumerate(names):
        for name in (standby, primary):
            stage.index += 1
            inner.add_veth(name, stage.index, stage.mac(number), name[:-1] + "b", outer)
    devices = outer.devices()
    for standby, primary, _ in names:
        for name in (standby[:-1] + "b", primary[:-1] + "b"):
            outer.set(devices[name].index, rtnl.IFLA_MASTER, devices["br0"].index)
            outer.up(name)
        inner.up(standby)
    inner.close()
    return names, outer


def cpu_ms(agent):
    total = 0
    for task in os.listdir(f"/proc/{agent.pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{agent.pid}/task/{task}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total / 1e6


def active(stage):
    """What carries each pair, in the order of slots."""
    pins = Pins(stage.pins)
    paths = [pair.active for pair in pins.used()]
    pins.close()
    return paths


def system_calls(agent, event):
    """The agent's, all threads, from just before the event until it has long been quiet."""
    with tempfile.NamedTemporaryFile("r") as output:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", output.name, "-p", str(agent.pid)], stderr=subprocess.PIPE, text=True)
        try:
            first = tracer.stderr.readline()
            check("attached" in first, f"strace: {first}")
            event()
            time.sleep(TRACED_S)
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=10)
        total = re.search(r"^100\.00 .*?(\d+) +(?:\d+ +)?total$", output.read(), re.M)
        return int(total[1]) if total else 0


def measure(stage, count):
    """{figure: value} of an agent with so many pairs."""
    names, outer = make_pairs(stage, count)
    began = time.monotonic()
    agent = stage.start(*(f"{standby}={primary}" for standby, primary, _ in names), timeout=START_TIMEOUT_S)
    ready = time.monotonic()
    wait("every primary active", lambda: active(stage).count("primary") == count, START_TIMEOUT_S)
    with open(f"/proc/{agent.pid}/status") as status:
        rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    pairs = bpf.get(stage.pins / "pairs")
    figures = {"ready_s": ready - began, "all_active_s": time.monotonic() - began, "start_cpu_ms": cpu_ms(agent), "rss_kib": rss,
               "descriptors": len(os.listdir(f"/proc/{agent.pid}/fd")), "kernel_kib": bpf.around(pairs)["bytes"] // 1024}
    os.close(pairs)
    slot = active(stage)
    check(len(slot) == count, f"{len(slot)} pairs")
    times, spent = [], []
    for number in range(SWITCHES):
        before, began = cpu_ms(agent), time.monotonic()
        stage.succeed("switch", names[0][0], ("standby", "primary")[number % 2])
        times.append((time.monotonic() - began) * 1000)
        time.sleep(0.02)
        spent.append(cpu_ms(agent) - before)
    figures.update(switch_ms=statistics.median(times), switch_cpu_ms=statistics.median(spent))
    calls = [system_calls(agent, lambda: stage.succeed("switch", names[0][0], ("primary", "standby")[number % 2])) for number in range(TRACES)]
    stage.succeed("switch", names[0][0], "auto")
    flaps = []
    for number in range(TRACES):
        wait("the primary back", lambda: active(stage)[0] == "primary", 40)
        flaps.append(system_calls(agent, lambda: outer.up(names[0][2], False)))
        outer.up(names[0][2])
    figures.update(switch_calls=min(calls), carrier_calls=min(flaps))
    before = cpu_ms(agent)
    time.sleep(2)
    figures["idle_cpu_ms_a_second"] = (cpu_ms(agent) - before) / 2
    outer.close()
    return figures


def told(count, figures):
    return f"{count} pair{'s'[:count > 1]}: " + ", ".join(f"{name} {value:.1f}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items())


@case(**EMPTY)
def many_pairs(stage):
    if not shutil.which("strace"):
        raise Skip("strace is not installed: run tools/rig/packages.sh net")
    alone = measure(stage, 1)
    note(told(1, alone))
    stage.stop()
    stage.succeed("unload")
    for name in ("s0a", "p0a"):
        stage.guest.run(f"ip link delete {name}")
    many = measure(stage, PAIRS)
    note(told(PAIRS, many))
    for what in ("switch_calls", "carrier_calls"):
        check(alone[what] > 0, f"{what}: nothing was traced")
        check(many[what] <= alone[what] * CALLS_FACTOR + CALLS_MORE, f"{what}: {many[what]} with {PAIRS} pairs, {alone[what]} with one")
    check(many["descriptors"] < 1024, f"{many['descriptors']} descriptors, and 1,024 are what many processes may have")


main()
