#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The agent is killed at the crash points of start, adoption, switch and unload (crash_runs.py)."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from crash_runs import IN_FLIGHT, SETTLE_S, Adopt, Later, Start, add_all  # noqa: E402
from rig import main  # noqa: E402


class Sweep(Adopt):
    """A start that finds the link of a primary that is gone, and another primary."""
    in_flight = IN_FLIGHT
    relevant = "pins-|hook-"
    without_tcx = False

    def prepare(self, crash):
        super().prepare(crash)
        crash.stage.guest.run("ip link delete pr0")
        crash.stage.add_primary()


class Widen(Adopt):
    """A start that finds fewer counters than there are, as an earlier version leaves them."""
    relevant = "pin-"
    without_tcx = False

    def prepare(self, crash):
        super().prepare(crash)
        pins = crash.stage.pins
        counters = bpf.get(pins / "counters")
        narrow = bpf.array_map(
            8, bpf.entries(counters), b"counters", kind=bpf.MAP_TYPE_PERCPU_ARRAY
        )
        (pins / "counters").unlink()
        bpf.pin(narrow, pins / "counters")
        os.close(counters)
        os.close(narrow)


class Direct(Start):
    """A start that lets unicast up the primary's own stack."""
    rx = "direct"
    relevant = "pair-direct|pair-word|join-"
    without_tcx = False


class Switch(Later):
    without_tcx = False

    def befall(self, crash, agent):
        for wish in ("standby", "auto"):
            crash.stage.command("switch", "st0", wish)
            time.sleep(SETTLE_S)


class Unload(Later):
    def befall(self, crash, agent):
        crash.stage.command("unload")
        agent.wait(10)


class UnloadAlone(Adopt):
    def act(self, crash, **environment):
        return crash.doomed(crash.stage.command, "unload", env={**os.environ, **environment})


SCENARIOS = {
    "start": Start,
    "adopt": Adopt,
    "sweep": Sweep,
    "widen": Widen,
    "switch": Switch,
    "unload": Unload,
    "unload_alone": UnloadAlone,
    "direct": Direct,
}


if __name__ == "__main__":
    add_all(SCENARIOS)
    main()
