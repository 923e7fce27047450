#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The agent is killed at the crash points of ports, and while it has one (crash_runs.py)."""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("lib", "pair")]

from crash_runs import SETTLE_S, Later, Start, add_all  # noqa: E402
from rig import check, main, wait  # noqa: E402
from test_device_crashes import Lose  # noqa: E402


class Ports(Later):
    """A port comes and goes."""
    relevant = "agent-port|port|uplinks|xdp|pins-"
    without_tcx = False

    def prepare(self, crash):
        crash.stage.guest.run(
            "ip link add ve0 type veth peer name ve1 2>/dev/null && ip link set ve0 up && ip link set ve1 up || true"
        )

    def befall(self, crash, agent):
        for change in (("add", "ve0", "--pair", "st0"), ("del", "ve0")):
            crash.stage.command("port", *change)
            time.sleep(SETTLE_S)

    def settle(self, crash):
        left = json.loads(crash.stage.command("port", "list", "--json").stdout)
        check(len(left) <= 1, f"ports: {left}")
        if left:
            check(left[0]["present"], f"a port that is not bound: {left[0]}")
            crash.stage.succeed("port", "del", "ve0")


class AdoptPorts(Ports):
    """A start that finds a port of another's, and an unload that does."""

    def prepare(self, crash):
        super().prepare(crash)
        crash.stage.start()
        crash.stage.wait_active("primary")
        crash.stage.succeed("port", "add", "ve0", "--pair", "st0")
        crash.stage.wait_active("primary")
        crash.stage.stop(signal.SIGKILL)

    def act(self, crash, **environment):
        return Start.act(self, crash, **environment)


class UnloadPorts(AdoptPorts):
    def act(self, crash, **environment):
        return crash.doomed(crash.stage.command, "unload", env={**os.environ, **environment})


class WithPort(Ports):
    """Something that befalls an agent that has a port."""

    def act(self, crash, **environment):
        agent = Start.act(self, crash, VFSTEER_CRASH_ARMED=str(crash.armed), **environment)
        check(agent.poll() is None, "the agent ended too early")
        crash.stage.succeed("port", "add", "ve0", "--pair", "st0")
        crash.stage.wait_active("primary")
        crash.armed.touch()
        self.befall(crash, agent)
        return agent


class LosePort(WithPort):
    """Its interface goes."""

    def befall(self, crash, agent):
        crash.stage.guest.run("ip link delete ve0")
        wait(
            "no port or killed",
            lambda: agent.poll() is not None
            or not json.loads(crash.stage.succeed("port", "list", "--json")),
        )

    def settle(self, crash):
        wait(
            "no port without an interface",
            lambda: not json.loads(crash.stage.command("port", "list", "--json").stdout),
        )


class LoseBesidePort(WithPort, Lose):
    """The primary goes and comes back, and needs its program."""
    befall = Lose.befall
    relevant = "uplinks|port"


SCENARIOS = {
    "ports": Ports,
    "adopt_ports": AdoptPorts,
    "unload_ports": UnloadPorts,
    "lose_port": LosePort,
    "lose_beside_port": LoseBesidePort,
}


if __name__ == "__main__":
    add_all(SCENARIOS)
    main()
