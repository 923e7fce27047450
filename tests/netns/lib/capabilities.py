# SPDX-License-Identifier: GPL-2.0-only
"""Capabilities of processes: those of an agent as /proc shows them, and commands that lack some."""

import os

from rig import check, check_equal

# linux/capability.h
NUMBERS = {"NET_ADMIN": 12, "NET_RAW": 13, "SETPCAP": 8, "SYS_ADMIN": 21, "PERFMON": 38, "BPF": 39}
FOUR = ("BPF", "NET_ADMIN", "NET_RAW", "PERFMON")


def mask(*names):
    return f"{sum(1 << NUMBERS[name] for name in names):016x}"


def without(*names):
    """A command to start another with, which then lacks these capabilities for good."""
    return ("setpriv", "--bounding-set=" + ",".join("-" + name.lower() for name in names))


def process_status(number):
    with open(f"/proc/{number}/status") as lines:
        return dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)


def threads(stage):
    """What /proc shows of each thread of the agent."""
    for task in os.listdir(f"/proc/{stage.agent.pid}/task"):
        with open(f"/proc/{stage.agent.pid}/task/{task}/status") as lines:
            yield dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)


def check_capabilities(stage, *names, bounding=None):
    seen = list(threads(stage))
    check(len(seen) > 1 or os.cpu_count() == 1, "the announcer has no thread")
    expected = {
        "CapPrm": mask(*names),
        "CapEff": mask(*names),
        "CapBnd": bounding or mask(*names),
        "CapInh": "0" * 16,
        "CapAmb": "0" * 16,
        "NoNewPrivs": "1",
    }
    for thread in seen:
        check_equal(
            {field: thread[field] for field in expected}, expected,
            f"thread {thread['Name']} {thread['Pid']}",
        )
