#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Every crash point in the sources is passed in a scenario of test_crashes.py,
test_device_crashes.py or test_port_crashes.py, or is one of a guest's (tests/vm/test_crashes.py).
Those of the host part belong to tests/netns/host/test_host_crashes.py.
"""

import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("lib", "port")]

import test_crashes  # noqa: E402
import test_device_crashes  # noqa: E402
import test_port_crashes  # noqa: E402
from crash import Crash  # noqa: E402
from crash_runs import WITHOUT_TCX, trace  # noqa: E402
from rig import ROOT, case, check, check_equal, main, note  # noqa: E402
from tools.rig.levels import nightly  # noqa: E402


@case(agent=False, pairs=2)
@nightly("killed-at-*: each passes the points of its run, or fails with 'no point was passed'")
def no_point_is_forgotten(stage):
    there = set(
        re.findall(
            r'crash_point\("([a-z0-9-]+)"\)',
            "".join(
                path.read_text()
                for path in (ROOT / "user").rglob("*.c")
                if path.parent.name != "host"
            ),
        )
    )
    of_guests = set(re.findall(r'"([a-z-]+):\d+"', (ROOT / "tests/vm/test_crashes.py").read_text()))
    check(there and of_guests, f"points of user/: {there}, of the guests' test: {of_guests}")
    # LoseStandby before Direct, which changes a setting of the standby that it finds.
    scenarios = [
        scenario
        for program in (test_device_crashes, test_crashes, test_port_crashes)
        for scenario in program.SCENARIOS.values()
    ]
    passed = set()
    for scenario, launcher in [
        *((scenario(), []) for scenario in scenarios),
        *(
            (scenario(), [WITHOUT_TCX])
            for scenario in (test_crashes.Start, test_crashes.UnloadAlone)
        ),
    ]:
        passed |= {
            passage.split(":")[0]
            for passage in trace(Crash(stage, launcher, scenario.rx), scenario)
        }
    note(f"{len(there)} points, {len(passed)} passed here")
    check_equal(there - passed - of_guests, set(), "points that no test is killed at")


main()
