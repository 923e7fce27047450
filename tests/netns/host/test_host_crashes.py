#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The host part is killed at each of its crash points (user/base/crash_point.h), and the next
process leaves what the guest needs, and nothing else.
"""

import re
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from host_signals import ABSENT, PRIMARY, READY, STANDBY  # noqa: E402
from host_stage import HOST, case, mac_of, main, section  # noqa: E402
from rig import ROOT, Skip, check, check_equal, note, wait  # noqa: E402

CRASHPOINTS = Path(HOST).parent / "crashpoints" / "vfsteer-host"
MAC = mac_of(0)
POINTS = sorted(set(re.findall(
    r'crash_point\("([a-z0-9-]+)"\)',
    "".join(path.read_text() for path in (ROOT / "user/host").glob("*.c")),
)))


def dies_at(stage, point, passage, ending):
    """A process up to the point, then the next one; @ending: what the guest does in between."""
    stage.start(CRASHPOINTS, VFSTEER_CRASH_AT=f"{point}:{passage}")
    tap = stage.tap()

    def is_dead():
        # One state after the other, until it is killed in the midst of one.
        tap.says(*((STANDBY, ABSENT) if tap.sequence % 2 else (PRIMARY, READY)), interval_ms=100)
        return stage.daemon.poll() is not None

    wait(f"its end at {point}:{passage}", is_dead, 10)
    check_equal(stage.daemon.returncode, -signal.SIGKILL, "how it ended")
    left = stage.entries()
    if ending == "gone":
        tap.close()
    stage.start()
    if ending == "gone":
        check_equal(stage.entries(), set(), f"{point}: left by a guest that is gone")
    else:
        active = (STANDBY, ABSENT) if ending == "standby" else (PRIMARY, READY)
        # As often as the guest does it.
        wait(f"{point}: {ending}", lambda: tap.says(*active) or
             stage.entries() == ({MAC} if ending == "standby" else set()))
        tap.close()
        stage.wait_entries([], f"{point}: the tap is gone")
    check_equal(stage.end(), 0, "exit status")
    check_equal(stage.entries(), set(), f"{point}: left at the end")
    return left


@case(configuration=section(MAC, "vnet0"), start=False)
def killed_at_each_point(stage):
    if not CRASHPOINTS.exists():
        raise Skip(f"{CRASHPOINTS} is not built: tests/run netns builds it")
    check(len(POINTS) >= 4, f"points: {POINTS}")
    left = 0
    for point in POINTS:
        for passage in (1, 2):
            for ending in ("standby", "primary", "gone"):
                left += len(dies_at(stage, point, passage, ending))
    note(f"{len(POINTS)} points, {6 * len(POINTS)} runs; {left} of them left an entry")
    check(left > 0, "no run left an entry: this proves nothing")


@case(configuration=section(MAC, "vnet0"), start=False)
def killed_beside_an_entry_of_the_administrator(stage):
    if not CRASHPOINTS.exists():
        raise Skip(f"{CRASHPOINTS} is not built: tests/run netns builds it")
    stage.netns.run(f"bridge fdb add {MAC} dev pf0 self")
    for number in (signal.SIGKILL, signal.SIGTERM):
        stage.start()
        tap = stage.tap()
        wait("the tap", lambda: stage.guest(MAC))
        tap.says(STANDBY, ABSENT)
        wait("shared", lambda: stage.guest(MAC)["shared"])
        stage.end(number)
        tap.close()
        stage.start()
        check_equal(stage.entries(), {MAC}, "the administrator's entry")
        stage.end()
        check_equal(stage.entries(), {MAC}, "the administrator's entry")


if __name__ == "__main__":
    main()
