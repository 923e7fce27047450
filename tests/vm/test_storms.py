#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A real driver's device that goes and comes thirty times, and what is left of it; many pairs
before the watch programs.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from stage import case, check, check_equal, main, note  # noqa: E402

# e1000e takes its quirk of tools/rig/lab.py for 32 devices in a guest's life: the first, one to
# warm up, and these.
CYCLES = 30
RSS_GROWTH_KIB = 1024
PAIRS = 128
FLAPS = 50

GUESTS = {"6.12-acpi": {"kernel": "6.12"}}
LATER = [
    (
        "full",
        "6.12-acpi/hotplug-cycles",
        "storms hotplug-cycles in namespaces; hotplug 6.12-acpi/unplug and plug",
    ),
    ("full", "6.12-acpi/watch-programs-before-many-pairs", "storms many-pairs in namespaces"),
]


def footprint(guest):
    """What the agent takes, and what is in this guest's kernel: no other process loads anything."""
    text = guest.check(f"""
        ls /proc/{guest.agent.pid}/fd | wc -l
        grep VmRSS /proc/{guest.agent.pid}/status
        bpftool prog show | grep -c '^[0-9]'
        bpftool map show | grep -c '^[0-9]'
        bpftool link show | grep -c '^[0-9]'
        ls /sys/fs/bpf/vfsteer/links | wc -l""")
    names = ("descriptors", "rss_kib", "programs", "maps", "links", "pins")
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    check_equal(len(numbers), len(names), f"numbers in {text!r}")
    return dict(zip(names, numbers))


def cycle(guest):
    guest.lab.unplug_vf()
    guest.wait_active("standby")
    guest.lab.plug_vf()
    guest.wait_active("primary")


@case()
def hotplug_cycles(guest):
    cycle(guest)
    before, switches = footprint(guest), guest.pair()["switches"]
    for _ in range(CYCLES):
        cycle(guest)
    after = footprint(guest)
    check(
        after["rss_kib"] <= before["rss_kib"] + RSS_GROWTH_KIB,
        f"memory grew: before {before}, after {after}",
    )
    check_equal({**after, "rss_kib": 0}, {**before, "rss_kib": 0}, "left over")
    check_equal(guest.pair()["switches"], switches + 2 * CYCLES, "switches")
    return f"{CYCLES} cycles, before {before}, after {after}"


def watch_cost(guest, event):
    """{watch program: ns a run} while the event is made so many times."""
    def counted():
        found = {}
        for name, time_ns, runs in re.findall(
            r"tracing\s+name (\S+).*?run_time_ns (\d+) run_cnt (\d+)",
            guest.check("bpftool prog show"),
        ):
            found[name] = (int(time_ns), int(runs))
        return found
    guest.check("sysctl -q -w kernel.bpf_stats_enabled=1")
    before = counted()
    guest.check(event, timeout=600)
    after = counted()
    guest.check("sysctl -q -w kernel.bpf_stats_enabled=0")
    cost = {}
    for name, (time_ns, runs) in after.items():
        old_ns, old_runs = before.get(name, (0, 0))
        if runs > old_runs:
            cost[name] = (time_ns - old_ns) // (runs - old_runs)
    return cost


@case()
def watch_programs_before_many_pairs(guest):
    """They look for a device's pair in all slots: what that costs a device of no pair, with
    one pair and with many. Printed.
    """
    guest.check("ip link add stranger type veth peer name beyond; ip link set beyond up")
    event = f"for i in $(seq {FLAPS}); do ip link set stranger up; ip link set stranger down; done"
    alone = watch_cost(guest, event)
    guest.check(
        f"kill {guest.agent.pid}; while kill -0 {guest.agent.pid} 2>/dev/null; do sleep 0.1; done; vfsteer unload",
        timeout=300,
    )
    guest.check(f"""
        for i in $(seq {PAIRS}); do
            ip link add s$i type veth peer name so$i
            ip link add p$i type veth peer name po$i
            ip link set s$i up
        done""", timeout=600)
    agent = guest.lab.vm.spawn(
        "exec vfsteer run "
        + " ".join(f"--pair s{number}=p{number}" for number in range(1, PAIRS + 1))
    )
    guest.lab.vm.wait_for(
        f"! kill -0 {agent.pid} 2>/dev/null || [ $(grep -c ': steering ' {agent.log}) = {PAIRS} ]",
        400,
    )
    check(agent.running(), lambda: f"the agent ended: {agent.output()}")
    many = watch_cost(guest, event)
    guest.check(
        f"kill {agent.pid}; while kill -0 {agent.pid} 2>/dev/null; do sleep 0.1; done; vfsteer unload",
        timeout=600,
    )
    guest.check(
        "ip link delete stranger; for i in $(seq %d); do ip link delete s$i; ip link delete p$i; done"
        % PAIRS,
        timeout=600,
    )
    guest.agent = None
    common = sorted(set(alone) & set(many))
    check(common, f"no watch program ran: {alone}, {many}")
    for name in common:
        note(f"{name}: {alone[name]} ns with 1 pair, {many[name]} ns with {PAIRS} (emulated)")
    return ", ".join(f"{name} {alone[name]} -> {many[name]} ns" for name in common)


if __name__ == "__main__":
    main(GUESTS, measures=False, later=LATER)
