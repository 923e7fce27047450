#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The agent of a guest and the host part together: what the agent reports, the host part does. The
outside of the pair is the hypervisor: st1 is the tap, pf0 stands for the PF.
"""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from host_stage import HOST, section  # noqa: E402
from rig import MAC, case, check, main, note, wait  # noqa: E402


@case(agent=False)
def guest_and_host(stage):
    run_dir, config = stage.directory / "host", stage.directory / "host.conf"
    config.write_text(section(MAC, "st1", "pf0"))
    stage.outside.run("ip link add pf0 type veth peer name pf1; ip link set pf0 up")
    with open(stage.directory / "host.log", "w") as log:
        daemon = stage.outside.popen(
            [HOST, "run", "--config", config, "--run-dir", run_dir], stdout=log, stderr=log
        )

    def guest():
        done = subprocess.run(
            [HOST, "status", "--json", "--run-dir", run_dir], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )
        found = json.loads(done.stdout)["guests"] if not done.returncode else []
        return found[0] if found else {"shared": None, "signals": 0}

    def is_listed():
        return f"{MAC} self" in stage.outside.run("bridge fdb show dev pf0")

    def becomes(shared, what):
        wait(what, lambda: guest()["shared"] == shared and is_listed() == shared, 10)

    try:
        becomes(True, "a tap of which nothing is known")
        stage.start()
        becomes(False, "the agent is on its primary")
        flows = stage.flows(500)
        for asked, shared in (("standby", True), ("auto", False)):
            stage.succeed("switch", "st0", asked)
            becomes(shared, f"switch {asked}")
        stage.guest.run("ip link del pr0")
        becomes(True, "the primary is gone")
        stage.add_primary()
        stage.wait_active("primary")
        becomes(False, "a new primary")
        note(f"{guest()['signals']} signals")
        for flow in flows:
            flow.stop()
            check(not flow.copies, f"{flow.copies} datagrams twice")
    finally:
        daemon.terminate()
        daemon.wait()
    check(not is_listed(), "left at the end")


if __name__ == "__main__":
    main()
