#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Commands without an agent that answers: it is stopped, or there is none."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from refusals import Refusals  # noqa: E402
from rig import case, check_equal, main, reachable  # noqa: E402


@case
def agent_that_does_not_answer(stage):
    """Stopped, it steers on; going on, it does nothing that the command has reported as failed."""
    refusals = Refusals(stage)
    stage.agent.send_signal(signal.SIGSTOP)
    refusals.expect(
        "switch st0 standby", 1,
        "vfsteer: switch: the agent does not answer: Connection timed out: look at its log, or start it again",
        bpffs=stage.bpffs,
    )
    refusals.expect(
        "unload", 1,
        "vfsteer: unload: the agent does not answer; stop it and try again: Connection timed out",
        bpffs=stage.bpffs,
    )
    stage.agent.send_signal(signal.SIGCONT)
    # Answered in the order in which they were asked.
    stage.succeed("switch", "st0", "auto")
    check_equal((stage.pair()["admin"], stage.pair()["switches"]), ("auto", 1), "(admin, switches)")
    refusals.end()


@case(agent=False)
def without_agent(stage):
    """Nothing pinned; then pins without an agent."""
    pins = stage.pins
    refusals = Refusals(stage)
    for command in ("status", "status --json", "status st0", "switch st0 auto"):
        refusals.expect(
            command, 1,
            f"vfsteer: {command.split()[0]}: nothing is pinned under {pins}: start 'vfsteer run'",
            bpffs=stage.bpffs,
        )
    refusals.expect("unload", 0, "", bpffs=stage.bpffs, output=b"nothing to unload\n")
    refusals.end()
    stage.start()
    stage.wait_active("primary")
    stage.stop(signal.SIGKILL)
    stage.guest.run("ip link set pr0 down")
    reachable(stage)
    stage.wait_state("down")
    refusals = Refusals(stage)
    refusals.expect(
        "switch st0 primary", 1,
        "vfsteer: switch: st0: the primary cannot carry traffic: it is down; start 'vfsteer run' to bring it back",
        bpffs=stage.bpffs,
    )
    refusals.expect(
        "status nosuch0", 1, "vfsteer: status: nosuch0: no such pair; the pairs are st0",
        bpffs=stage.bpffs,
    )
    refusals.end()


main()
