#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A pair steps aside for a port: its traffic leaves the primary before XDP is attached there. The
agent serves other pairs meanwhile.
"""

import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from ports import Container, devices, listed, prepare  # noqa: E402
from rig import case, check, check_equal, main, note, reachable, wait  # noqa: E402

ROUNDS = 3
ASIDE = "st0: active pr0 -> st0: XDP program attached or detached"
AWAY = "st10: active pr10 -> st10"


class Tracer:
    """The system calls of the agent's main thread that say what it does, in order: waiting,
    attaching XDP, writing the log.
    """

    def __init__(self, stage):
        self.file = tempfile.NamedTemporaryFile("r")
        self.tracer = subprocess.Popen(
            [
                "strace",
                "-qq",
                "-s",
                "200",
                "-o",
                self.file.name,
                "-e",
                "trace=write,writev,bpf,nanosleep,clock_nanosleep",
                "-p",
                str(stage.agent.pid),
            ],
            stderr=subprocess.DEVNULL,
        )
        wait(
            "strace to be there",
            lambda: f"TracerPid:\t{self.tracer.pid}\n"
            in Path(f"/proc/{stage.agent.pid}/status").read_text(),
        )

    def text(self):
        return Path(self.file.name).read_text()

    def end(self):
        self.tracer.terminate()
        self.tracer.wait()
        return self.text()


def kinds(calls):
    """What the calls show, in order: "aside", "away" (the other pair's switchover), "attached",
    "slept".
    """
    found = []
    for line in calls.splitlines():
        if ASIDE in line:
            found.append("aside")
        elif AWAY in line:
            found.append("away")
        elif "BPF_LINK_CREATE" in line and "BPF_XDP" in line and found and found[-1] != "attached":
            found.append("attached")
        elif "nanosleep" in line:
            found.append("slept")
    return found


@case(pairs=2)
def another_pairs_unplug_is_served(stage):
    """The main thread never sleeps, which is counted; how often the order shows it as well depends
    on the load, and is printed.
    """
    prepare(stage, "native")
    between = 0
    with Container(stage, settings=None) as one:
        for number in range(ROUNDS):
            stage.wait_active("primary", 0)
            stage.wait_active("primary", 1)
            stage.log.write_text("")
            tracer = Tracer(stage)
            # The message of it comes while the agent is busy with the port.
            adding = threading.Thread(
                target=stage.command, args=("port", "add", one.port, "--pair", "st0")
            )
            adding.start()
            time.sleep(0.02 * number)
            stage.guest.run("ip link delete pr10")
            adding.join()
            wait("the other pair's switchover", lambda: AWAY in stage.log.read_text())
            seen = kinds(tracer.end())
            note(" ".join(seen))
            check_equal(seen.count("slept"), 0, "naps of the main thread")
            check_equal(seen.count("aside"), 1, "times that the traffic stepped aside")
            between += ["aside", "away", "attached"] == [
                kind for kind in seen[seen.index("aside") :]
            ][:3]
            stage.add_primary(1)
            stage.wait_active("primary", 1)
            one.leave()
        note(f"served between stepping aside and attaching: {between} of {ROUNDS}")


@case
def add_and_del_answer_when_it_is_done(stage):
    """When the answer comes, XDP is on the primary, and after the last port nothing of it."""
    prepare(stage, "native")
    with Container(stage, settings=None) as one:
        for _ in range(ROUNDS):
            stage.wait_active("primary")
            one.join()
            check_equal(
                (stage.pair()["xdp"]["primary"], devices(stage)["pr0"].xdp), ("native", 1),
                "XDP at the primary",
            )
            stage.wait_active("primary")
            reachable(stage)
            one.leave()
            check_equal(
                (listed(stage), devices(stage)["pr0"].xdp), ([], 0), "ports, and XDP at the primary"
            )
            check(not (stage.pins / "ports").exists(), "the ports' maps are still there")
    check_equal(
        len(re.findall(re.escape(ASIDE), stage.log.read_text())), 2 * ROUNDS,
        "times that the traffic stepped aside",
    )


main()
