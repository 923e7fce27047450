#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Many pairs in one guest: what they take is printed, and that one pair's switch costs what it
costs alone is checked, in system calls. Many devices above one standby: four times as many cost the
agent little more than four times as much.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns" / "lib"))
import bpf  # noqa: E402
import rtnl  # noqa: E402
from pins import Pins  # noqa: E402
from rig import Skip, case, check, main, note, wait  # noqa: E402
from tools.rig.levels import nightly  # noqa: E402
from world import EMPTY  # noqa: E402

PAIRS = 128
SWITCHES = 21
START_TIMEOUT_S, BACK_TIMEOUT_S = 300, 120
# An agent that looks once a second at what no notification reports may do so while it is traced, so
# the smallest of some traces counts. A slow machine traces such a look for most of a second: then
# more of them are made, until one is small enough.
TRACED_S, LOOK_EVERY_S, LOOK_OVER_S = 0.5, 1.0, 0.05
TRACES_ALONE, TRACES_MAX = 6, 30
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
        with contextlib.suppress(FileNotFoundError), open(
            f"/proc/{agent.pid}/task/{task}/schedstat"
        ) as stat:
            total += int(stat.read().split()[0])
    return total / 1e6


def active(stage):
    """{standby: what carries the pair}."""
    pins = Pins(stage.pins)
    paths = {pair.standby: pair.active for pair in pins.used()}
    pins.close()
    return paths


def all_on_primary(stage, count):
    return list(active(stage).values()).count("primary") == count


def system_calls(agent, event):
    """The agent's, all threads, from just before the event until it has long been quiet."""
    with tempfile.NamedTemporaryFile("r") as output:
        tracer = subprocess.Popen(
            ["strace", "-f", "-c", "-o", output.name, "-p", str(agent.pid)], stderr=subprocess.PIPE,
            text=True,
        )
        try:
            first = tracer.stderr.readline()
            check("attached" in first, f"strace: {first}")
            event()
            time.sleep(TRACED_S)
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=60)
        total = re.search(r"^100\.00 .*?(\d+) +(?:\d+ +)?total$", output.read(), re.M)
        return int(total[1]) if total else 0


def let_look(agent):
    """Until its next look is over, if it makes any, and then for a time that is another each time:
    what else it does on time must not fall into every trace.
    """
    end, last = time.monotonic() + 2 * LOOK_EVERY_S, cpu_ms(agent)
    while time.monotonic() < end and cpu_ms(agent) == last:
        time.sleep(0.005)
    while time.monotonic() < end and cpu_ms(agent) != last:
        last = cpu_ms(agent)
        time.sleep(LOOK_OVER_S)
    time.sleep(random.uniform(0, 0.2))


def fewest_calls(agent, event, bound, prepare=lambda number: None):
    """The fewest system calls that event(number), after prepare(number), took in some traces;
    @bound: what is few enough, or None.
    """
    fewest = None
    for number in range(TRACES_MAX):
        if fewest is not None and (number >= TRACES_ALONE if bound is None else fewest <= bound):
            break
        prepare(number)
        let_look(agent)
        calls = system_calls(agent, lambda: event(number))
        check(calls, "nothing was traced")
        fewest = min(calls, fewest or calls)
    return fewest


def measure(stage, count, bounds=None):
    """{figure: value} of an agent with so many pairs. @bounds: {figure: value} that the system
    calls are to stay within.
    """
    names, outer = make_pairs(stage, count)
    # Host signals are sent every two seconds, and would be counted with an event.
    quiet = stage.directory / "scale.conf"
    quiet.write_text("[agent]\nhost_signal = off\n")
    began = time.monotonic()
    agent = stage.start(
        *(f"{standby}={primary}" for standby, primary, _ in names),
        options=("--config", quiet),
        timeout=START_TIMEOUT_S,
    )
    ready = time.monotonic()
    wait("every primary active", lambda: all_on_primary(stage, count), START_TIMEOUT_S)
    with open(f"/proc/{agent.pid}/status") as status:
        rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    pairs = bpf.get(stage.pins / "pairs")
    figures = {
        "ready_s": ready - began,
        "all_active_s": time.monotonic() - began,
        "start_cpu_ms": cpu_ms(agent),
        "rss_kib": rss,
        "descriptors": len(os.listdir(f"/proc/{agent.pid}/fd")),
        "kernel_kib": bpf.around(pairs)["bytes"] // 1024,
    }
    os.close(pairs)
    times, spent = [], []
    for number in range(SWITCHES):
        before, began = cpu_ms(agent), time.monotonic()
        stage.succeed("switch", names[0][0], ("standby", "primary")[number % 2])
        times.append((time.monotonic() - began) * 1000)
        time.sleep(0.02)
        spent.append(cpu_ms(agent) - before)
    figures.update(switch_ms=statistics.median(times), switch_cpu_ms=statistics.median(spent))
    bounds = bounds or {}

    def switch(number):
        stage.succeed("switch", names[0][0], ("primary", "standby")[number % 2])

    def lose_carrier(number):
        outer.up(names[number % count][2], False)

    def bring_back(number):
        if number:
            outer.up(names[(number - 1) % count][2])
        wait("every primary back", lambda: all_on_primary(stage, count), BACK_TIMEOUT_S)

    figures["switch_calls"] = fewest_calls(agent, switch, bounds.get("switch_calls"))
    stage.succeed("switch", names[0][0], "auto")
    # Each time another pair's primary, where there is another: one that fails often is taken back
    # later and later.
    figures["carrier_calls"] = fewest_calls(
        agent, lose_carrier, bounds.get("carrier_calls"), bring_back
    )
    before = cpu_ms(agent)
    time.sleep(2)
    figures["idle_cpu_ms_a_second"] = (cpu_ms(agent) - before) / 2
    outer.close()
    return figures


def told(count, figures):
    return f"{count} pair{'s'[:count > 1]}: " + ", ".join(
        f"{name} {value:.1f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
    )


# A port that comes up makes a querier ask all members, and then all pairs report: that is not what
# one switch costs.
@case(**EMPTY, snoops=False)
def many_pairs(stage):
    if not shutil.which("strace"):
        raise Skip("strace is not installed: run tools/rig/packages.sh net")
    alone = measure(stage, 1)
    note(told(1, alone))
    stage.stop()
    stage.succeed("unload")
    for name in ("s0a", "p0a"):
        stage.guest.run(f"ip link delete {name}")
    bounds = {
        what: alone[what] * CALLS_FACTOR + CALLS_MORE for what in ("switch_calls", "carrier_calls")
    }
    many = measure(stage, PAIRS, bounds)
    note(told(PAIRS, many))
    for what, bound in bounds.items():
        check(
            many[what] <= bound, f"{what}: {many[what]} with {PAIRS} pairs, {alone[what]} with one"
        )
    check(
        many["descriptors"] < 1024,
        f"{many['descriptors']} descriptors, and 1,024 are what many processes may have",
    )


# four, and what memory costs that no cache holds
FEW_ABOVE, MANY_ABOVE, ABOVE_FACTOR = 400, 1600, 6
ADDRESSES_ADDED = 5


def above_cost(stage, first, last):
    """{what: CPU time in ms} of an agent with macvlans up to the last above its standby, each with
    an address; those before the first are there already.
    """
    batch = stage.directory / "batch"
    batch.write_text(
        "".join(
            f"link add link st0 name v{number} type macvlan mode bridge\naddress add 10.{80 + number // 256}.{number % 256}.1/30 dev v{number}\n"
            f"link set v{number} up\n"
            for number in range(first, last)
        )
    )
    stage.guest.run(f"ip -batch {batch}", timeout=120)
    agent = stage.start(timeout=60)
    stage.wait_active("primary", timeout=60)
    wait("quiet", lambda: [cpu_ms(agent), time.sleep(0.2)][0] == cpu_ms(agent), 60)
    started = cpu_ms(agent)
    for number in range(ADDRESSES_ADDED):
        stage.guest.run(f"ip address add 10.79.{number}.1/32 dev st0")
        time.sleep(0.2)
    wait("quiet", lambda: [cpu_ms(agent), time.sleep(0.2)][0] == cpu_ms(agent), 60)
    added = (cpu_ms(agent) - started) / ADDRESSES_ADDED
    stage.guest.run(
        " && ".join(
            f"ip address del 10.79.{number}.1/32 dev st0" for number in range(ADDRESSES_ADDED)
        )
    )
    stage.stop()
    stage.succeed("unload")
    return {"start": started, "an address": added}


@case(agent=False)
@nightly("announce-ours/hundreds-of-silent-macvlans")
def many_devices_above(stage):
    stage.guest.run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
    few, many = above_cost(stage, 0, FEW_ABOVE), above_cost(stage, FEW_ABOVE, MANY_ABOVE)
    for what in few:
        note(
            f"{what}: {few[what]:.1f} ms of CPU with {FEW_ABOVE} devices above the standby, {many[what]:.1f} ms with {MANY_ABOVE}"
        )
    for what in few:
        check(
            many[what] <= ABOVE_FACTOR * few[what],
            f"{what}: {many[what]:.1f} ms with {MANY_ABOVE} devices, {few[what]:.1f} ms with {FEW_ABOVE}",
        )


main()
