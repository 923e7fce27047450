#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""An agent is killed as it adopts what another left, here with watch programs: a real removal that
follows loses nothing, and the next agent finds its way. The points are those of
user/base/crash_point.h; tests/netns/pair/test_crash_points.py sees that none is forgotten, on a
kernel that refuses watch programs.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

import stage  # noqa: E402
from stage import KERNELS, case, check, check_equal, main  # noqa: E402
from tools.rig.levels import reached  # noqa: E402

GUESTS = {kernel: {"kernel": kernel} for kernel in KERNELS}
LATER = [
    ("full", "6.1/*", "the same case on 6.12; netns killed-at-adopt"),
    *(
        ("nightly", f"{kernel}/*", "the same case on 6.12; netns killed-at-adopt")
        for kernel in KERNELS[2:]
    ),
]
stage.VFSTEER = str(Path(stage.VFSTEER).parent / "crashpoints" / "vfsteer")
# Before, between and after the replacement of watch programs; in the data path's; as the primary is
# taken over; as watch programs are tried.
POINTS = (
    "watch-link-attached:1",
    "watch-link-pinned:4",
    "watch-link-renamed:8",
    "pair-programs-loaded:1",
    "steer-standby-ingress-attached:1",
    "join-silenced:1",
    "agent-control-opened:1",
    "watch-test-device-made:1",
    "watch-test-device-up:1",
)
# All of them at night; a third each time, which the commit chooses, on each kernel another.
PARTS = 1 if reached("nightly") else 3
PART = int(os.environ.get("VFSTEER_PART", "0"))


def links(guest):
    return guest.check("ls /sys/fs/bpf/vfsteer/links").split()


@case()
def unplug_after_kill(guest):
    whole = links(guest)
    check([name for name in whole if name.startswith("watch-")], f"no watch programs: {whole}")
    texts = []
    for point in POINTS[(PART + KERNELS.index(guest.name)) % PARTS::PARTS]:
        guest.check(f"kill -9 {guest.agent.pid}")
        guest.lab.vm.wait_for(f"! kill -0 {guest.agent.pid} 2>/dev/null", 10)
        doomed = guest.lab.vm.spawn(f"VFSTEER_CRASH_AT={point} exec vfsteer run")
        guest.lab.vm.wait_for(f"! kill -0 {doomed.pid} 2>/dev/null", 40)
        check_equal(guest.pair()["active"], "primary", f"{point}: active")
        texts.append(guest.survive(guest.lab.unplug_vf, guest.rest, what=point))
        check_equal(guest.pair()["active"], "standby", f"{point}: active after the removal")
        guest.rest()
        after = links(guest)
        check_equal(
            *[
                [name for name in names if name.startswith(("watch-", "new-"))]
                for names in (after, whole)
            ],
            f"{point}: watch programs",
        )
        check_equal(len(after), len(whole), f"{point}: links {after}")
        check_equal(
            guest.check("ls /sys/class/net | grep -c vfsteer-test || true").strip(), "0",
            f"{point}: devices of the test",
        )
    return "; ".join(texts)


main(GUESTS, later=LATER)
