#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What a service manager is notified of: ready when every pair is steered and not before, the
watchdog as long as the loop turns.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import VFSTEER, case, check, check_equal, main, reachable, wait  # noqa: E402

TCX_PROGRAMS_MAX = 64  # at one hook: BPF_MPROG_MAX of the kernel, of which it uses all but one
WATCHDOG_USEC = 400_000


class Manager:
    """An agent under a service manager, as far as an agent can see: the socket of the
    notifications.
    """

    def __init__(self, stage, *arguments, **environment):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        address = str(stage.directory / "manager")
        self.socket.bind(address)
        self.told = []
        with open(stage.log, "a") as log:
            stage.agents.append(
                stage.guest.popen(
                    [VFSTEER, "run", "--bpffs", str(stage.bpffs), *arguments], stdout=log,
                    stderr=log, env={**os.environ, "NOTIFY_SOCKET": address, **environment},
                )
            )

    def hear(self):
        """All lines so far."""
        try:
            while True:
                self.told += self.socket.recv(4096).decode().splitlines()
        except BlockingIOError:
            return self.told


@case(agent=False, pairs=2)
def ready_when_every_pair_is_steered(stage):
    """One of two pairs cannot be had, for its hook is full: the other works, but ready is what they
    are together.
    """
    links = [
        bpf.Counter().attach_tcx(stage.guest, "st10", bpf.TCX_EGRESS)
        for _ in range(TCX_PROGRAMS_MAX - 1)
    ]
    manager = Manager(stage, "--pair", "st0=pr0", "--pair", "st10=pr10")
    wait(
        "the status notified", lambda: any(line.startswith("STATUS=") for line in manager.hear())
    )
    stage.wait_active("primary")
    time.sleep(0.5)
    check_equal(
        [line for line in manager.hear() if line.startswith(("READY", "STATUS"))],
        ["STATUS=1 of 2 pairs steered"], "told",
    )
    check("st10: not paired" in stage.log.read_text(), "why was not said")
    for link in links:
        os.close(link)
    # any event: otherwise it is tried again every ten seconds
    stage.guest.run("ip link set st10 alias freed")
    wait("the agent to be ready", lambda: "READY=1" in manager.hear())
    check_equal(
        [line for line in manager.hear() if line.startswith(("READY", "STATUS"))][-2:],
        ["READY=1", "STATUS=2 of 2 pairs steered"], "told",
    )
    check_equal(manager.hear().count("READY=1"), 1, "times ready was notified")
    stage.wait_active("primary", 1)


@case(agent=False)
def ready_without_a_pair(stage):
    """No virtio-net device here: nothing is waited for, and that is all there is to do."""
    manager = Manager(stage)
    wait("the agent to be ready", lambda: "READY=1" in manager.hear())
    check("STATUS=0 of 0 pairs steered" in manager.hear(), manager.told)
    stage.stop()
    wait("the end notified", lambda: "STOPPING=1" in manager.hear())


@case(agent=False)
def watchdog(stage):
    manager = Manager(stage, "--pair", "st0=pr0", WATCHDOG_USEC=str(WATCHDOG_USEC))
    wait("some signs of life", lambda: manager.hear().count("WATCHDOG=1") >= 5, 10)
    stage.agent.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    before = manager.hear().count("WATCHDOG=1")
    time.sleep(3 * WATCHDOG_USEC / 1e6)
    check_equal(
        manager.hear().count("WATCHDOG=1"), before, "signs of life of an agent that stands still"
    )
    stage.agent.send_signal(signal.SIGCONT)
    wait("signs of life again", lambda: manager.hear().count("WATCHDOG=1") > before)


# What ProtectKernelTunables= and ReadWritePaths= leave an agent of the pins.
UNIT_MOUNTS = "mkdir -p -m 0700 BPFFS/vfsteer && mount --bind BPFFS BPFFS && mount --bind BPFFS/vfsteer BPFFS/vfsteer && mount -o remount,bind,ro BPFFS && exec \"$@\""


def sandbox(stage):
    return ["unshare", "-m", "sh", "-c", UNIT_MOUNTS.replace("BPFFS", str(stage.bpffs)), "sh"]


@case(agent=False, pairs=2)
def another_pair_in_the_sandbox(stage):
    """An agent that cannot remove the pins' directory adds one more pair, and what the operator
    asked for stands.
    """
    stage.start("st0=pr0", under=sandbox(stage))
    stage.wait_active("primary")
    stage.succeed("switch", "st0", "standby")
    reachable(stage)
    before = stage.pair()
    stage.stop(signal.SIGKILL)
    out, inbound = stage.flows()
    stage.start(under=sandbox(stage))
    stage.wait_active("primary", 1)
    out.stop(), inbound.stop()
    check_equal((out.lost(), inbound.lost()), (0, 0), "lost (out, in)")
    after = stage.pair()
    check_equal(
        (after["admin"], after["active"], after["switches"]),
        ("standby", "standby", before["switches"]), "(requested, active, switches)",
    )
    for name, value in before["counters"].items():
        check(
            after["counters"][name] >= value,
            f"{name} went back from {value} to {after['counters'][name]}",
        )


@case(agent=False)
def unload_in_the_sandbox(stage):
    """The agent unloads, all but the directory, which is not its own to remove: the command does.
    """
    agent = stage.start(under=sandbox(stage))
    stage.wait_active("primary")
    stage.succeed("unload")
    check_equal(agent.wait(10), 0, "the agent's exit status")
    check(not stage.pins.exists(), "pins are left")
    check("not everything" not in stage.log.read_text(), lambda: stage.log.read_text())


main()
