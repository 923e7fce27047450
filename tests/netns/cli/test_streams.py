#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Standard streams that are full, closed or not read: a command fails and says so, an agent goes
on.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from refusals import Refusals  # noqa: E402
from rig import VFSTEER, case, check, main, reachable, wait  # noqa: E402


def closed(*descriptors):
    return {"preexec_fn": lambda: [os.close(descriptor) for descriptor in descriptors]}


@case
def output(stage):
    """stdout full, closed, or a pipe that no process reads."""
    refusals = Refusals(stage)
    with open("/dev/full", "wb") as full:
        for arguments in (
            "status",
            "status --json",
            "switch st0 auto",
            "version",
            "help",
            "help run",
        ):
            bpffs = None if arguments.split()[0] in ("version", "help") else stage.bpffs
            command = arguments.split()[0]
            refusals.expect(
                arguments, 1,
                f"vfsteer: {command}: cannot write the output: No space left on device; check where stdout goes",
                bpffs=bpffs, stdout=full,
            )
    for arguments in ("status", "switch st0 auto", "version"):
        bpffs = None if arguments == "version" else stage.bpffs
        command = arguments.split()[0]
        refusals.expect(
            arguments, 1,
            f"vfsteer: {command}: cannot write the output: Bad file descriptor; check where stdout goes",
            bpffs=bpffs, **closed(1),
        )
    # What was refused is refused, though no message arrives.
    refusals.expect("switch nosuch0 auto", 1, "", bpffs=stage.bpffs, **closed(1, 2))
    refusals.expect("run --pair nosuch0", 1, "", bpffs=stage.bpffs, **closed(0, 1, 2))
    read, broken = os.pipe()
    os.close(read)
    # As with any filter that is cut short: ended by SIGPIPE, which is no mistake to report.
    refusals.expect("status", -signal.SIGPIPE, "", bpffs=stage.bpffs, stdout=broken)
    os.close(broken)
    refusals.end()


@case(agent=False)
def agent_whose_log_is_gone(stage):
    """Closed or broken streams neither end the agent nor lead its log into a map or socket."""
    for streams in ("2>&-", ">&- 2>&- <&-", "2>&1 | true"):
        done = stage.guest.popen(
            ["sh", "-c", f"{VFSTEER} run --pair st0=pr0 --bpffs {stage.bpffs} {streams}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait("a pair", lambda: stage.command("status", "st0").returncode == 0)
        stage.wait_active("primary")
        stage.guest.run("ip link set pr0 down")
        stage.wait_active("standby")
        stage.guest.run("ip link set pr0 up")
        stage.wait_active("primary")
        check(stage.status()["agent"], f"{streams}: the agent is gone")
        reachable(stage)
        stage.succeed("unload")
        wait("the agent to end", lambda: done.poll() is not None)


main()
