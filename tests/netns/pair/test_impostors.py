#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Devices of software that bear the pair's MAC become no primary, and are not touched. Those of
hardware: tests/vm/test_candidates.py.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import MAC, case, check, check_equal, main, reachable  # noqa: E402

IMPOSTORS = ("veth8", "mv8", "tap8", "br8", "vx8")


def claim(stage):
    """A veth, a macvlan, a tap, a bridge and a vxlan, up, with the standby's MAC."""
    stage.guest.run(f"""
        ip link add veth8 index 808 type veth peer veth9
        ip link add low8 type veth peer low9
        ip link add link low8 name mv8 type macvlan mode bridge
        ip tuntap add tap8 mode tap
        ip link add br8 type bridge
        ip link add vx8 type vxlan id 8 dstport 4789
        for device in low8 low9 veth9; do ip link set $device up; done
        for device in {' '.join(IMPOSTORS)}; do ip link set $device address {MAC} up; done""")


def picture(stage):
    """What would differ if one of them had been made a primary."""
    return [
        stage.guest.run(
            f"ip link show {device}; tc filter show dev {device} ingress; cat /proc/sys/net/ipv6/conf/{device}/addr_gen_mode"
        )
        .replace("state UNKNOWN", "")
        .replace("state UP", "")
        .replace("state DOWN", "")
        for device in IMPOSTORS
    ]


def check_untouched(stage, before):
    for device, now, then in zip(IMPOSTORS, picture(stage), before):
        check_equal(now, then, f"{device} was changed")
        check("NOARP" not in now, f"{device}: {now}")


@case(agent=False, primary=False)
def beside_a_named_primary(stage):
    """The one that is named is waited for; no other takes its place, whatever came first."""
    claim(stage)
    before = picture(stage)
    stage.start()
    time.sleep(0.5)
    pair = stage.pair()
    check_equal(
        (pair["primary"], pair["primary_named"], pair["active"], pair["not_used"]),
        (None, True, "standby", []), "the pair",
    )
    stage.add_primary()
    stage.wait_active("primary")
    check_equal(stage.pair()["primary"], "pr0", "primary")
    reachable(stage)
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    time.sleep(0.3)
    check_equal(stage.pair()["primary"], None, "primary")
    check_untouched(stage, before)
    reachable(stage)


@case(agent=False, primary=False)
def without_a_name(stage):
    """A MAC that was only set is none to find a primary by, the standby's own included."""
    claim(stage)
    before = picture(stage)
    refused = stage.command("run", "--pair", "st0")
    check_equal(refused.returncode, 1, "exit status")
    check(
        "no permanent MAC" in refused.stderr and "--pair st0=PRIMARY" in refused.stderr,
        refused.stderr,
    )
    check_untouched(stage, before)


main()
