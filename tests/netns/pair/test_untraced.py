#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A kernel that refuses tracing programs and has all else: what is missing is said, and the check
of each packet and netlink carry on.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import WITHOUT_TRACING, VFSTEER, case, check, check_equal, main, note  # noqa: E402

WARNINGS = "an unplug request, a removal, a driver's unbinding, being set down, loss of carrier"
IN_FLIGHT = 3  # see test_failover.py


@case(agent=False)
def says_so_and_carries_on(stage):
    stage.program = [WITHOUT_TRACING, VFSTEER]
    stage.start()
    pair = stage.wait_active("primary")
    said = [line for line in stage.log.read_text().splitlines() if "watching" in line]
    check_equal(len(said), 1, f"lines about watching, {said}")
    check(
        said[0].endswith(
            f"watching 0 kernel functions for a primary's end: no warning of {WARNINGS}: this kernel refuses tracing "
            "(Operation not permitted)"
        ),
        said[0],
    )
    status, text = stage.status(), stage.succeed("status")
    check_equal(
        (status["watched"], pair["removals_held"]), ([], False),
        "(watched, removals held) of status",
    )
    for words in ("watching 0 kernel functions", WARNINGS, "removals are not held"):
        check(words in text, f"status does not say {words!r}:\n{text}")
    # Nothing keeps the word, so each packet looks: by kfuncs (Linux 6.2) or probe reads.
    check(pair["liveness"].startswith("checked for each packet"), f"liveness: {pair['liveness']}")
    check_equal([name for name in stage.links() if "watch-" in name], [], "pinned watch programs")

    for event, do, undo in (
        (
            "carrier",
            lambda: stage.outside.run("ip link set pr1 down"),
            lambda: stage.outside.run("ip link set pr1 up"),
        ),
        (
            "set down",
            lambda: stage.guest.run("ip link set pr0 down"),
            lambda: stage.guest.run("ip link set pr0 up"),
        ),
        ("deleted", lambda: stage.guest.run("ip link delete pr0"), stage.add_primary),
    ):
        out, _ = flows = stage.flows()
        do()
        gone = time.monotonic()
        stage.wait_active("standby")
        undo()
        stage.wait_active("primary")
        time.sleep(0.3)
        for flow in flows:
            flow.stop()
        note(f"{event}: lost out {flows[0].lost()}, in {flows[1].lost()}")
        check(out.lost() <= IN_FLIGHT, f"{event}: lost outbound {out.lost()}")
        # A port of the bridge outside forwards some moments after it has carrier again.
        check(
            out.lost(gone) <= IN_FLIGHT,
            f"{event}: lost outbound when it was gone or had just come back: {out.lost(gone)}",
        )
        check_equal((out.copies, out.refused), (0, 0), f"{event}: (doubled, refused) outbound")


main()
