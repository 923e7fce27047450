#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What the agent may do: four capabilities from its start to its end, and what it says without
them.
"""

import re
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from capabilities import FOUR, NUMBERS, check_capabilities, without  # noqa: E402
from rig import case, check, check_equal, main, reachable  # noqa: E402


def live(stage):
    """A whole run: switched by hand, the primary lost and found, killed and adopted, set free."""
    reachable(stage)
    for wish, active in (("standby", "standby"), ("auto", "primary")):
        stage.succeed("switch", "st0", wish)
        stage.wait_active(active)
        reachable(stage)
    stage.guest.run("ip link delete pr0")
    stage.wait_active("standby")
    reachable(stage)
    stage.add_primary()
    stage.wait_active("primary")
    silent = stage.guest.run(
        "cat /proc/sys/net/ipv6/conf/pr0/disable_ipv6 /proc/sys/net/ipv4/conf/pr0/arp_ignore; ip link show pr0"
    )
    check(
        silent.split()[:2] == ["1", "8"] and "NOARP" in silent,
        f"the primary was not made silent: {silent}",
    )
    reachable(stage)


@case(agent=False)
def four_for_a_whole_life(stage):
    stage.start()
    check_capabilities(stage, *FOUR)
    live(stage)
    stage.stop(signal.SIGKILL)
    stage.start()
    check("adopted" in stage.log.read_text(), "the second agent adopted nothing")
    check_capabilities(stage, *FOUR)
    live(stage)
    check_capabilities(stage, *FOUR)
    stage.succeed("unload")
    check(not stage.pins.exists(), "pins are left")
    text = stage.log.read_text()
    check(
        not re.search(
            "denied|not permitted", text.replace("refuses tracing (Operation not permitted)", "")
        ),
        f"something was refused:\n{text}",
    )


@case(agent=False)
def direct_receive_with_four(stage):
    """It writes more of the primary's sysctls."""
    config = stage.directory / "vfsteer.conf"
    config.write_text("[agent]\nrx = direct\n")
    stage.guest.run("""
        for name in all st0; do echo 0 >/proc/sys/net/ipv4/conf/$name/rp_filter; done
        echo 2 >/proc/sys/net/ipv4/conf/default/rp_filter""")
    stage.guest.run("ip link delete pr0")
    stage.add_primary()
    check_equal(
        stage.guest.run("cat /proc/sys/net/ipv4/conf/pr0/rp_filter").strip(), "2",
        "rp_filter before",
    )
    stage.start("st0=pr0", options=("--config", str(config)))
    stage.wait_active("primary")
    check_equal(stage.pair()["rx"], "direct", "rx")
    written = stage.guest.run(
        "cat /proc/sys/net/ipv4/conf/pr0/rp_filter /proc/sys/net/ipv6/conf/pr0/disable_ipv6"
    )
    check_equal(written.split(), ["0", "0"], "(rp_filter, disable_ipv6) of the primary")
    reachable(stage)


@case(agent=False)
def each_one_missing(stage):
    for name, lost in (
        ("BPF", "no program or map can be loaded"),
        ("NET_ADMIN", "no program can be attached"),
        ("NET_RAW", "no switchover can be announced"),
        ("PERFMON", "or watch its functions"),
    ):
        done = stage.command("run", "--pair", "st0=pr0", under=without(name, "SYS_ADMIN"))
        lines = done.stderr.splitlines()
        check_equal(
            (done.returncode, len(lines)), (1, 1),
            f"without CAP_{name}: exit status and lines of {done.stderr!r}",
        )
        check(
            f"no privilege CAP_{name}:" in lines[0]
            and lost in lines[0]
            and "run as root" in lines[0],
            lines[0],
        )
        check(not stage.pins.exists(), f"without CAP_{name}: pins were made")


@case(agent=False)
def sys_admin_stands_in(stage):
    """As before Linux 5.8: CAP_SYS_ADMIN instead of what it was split into."""
    for missing in (("BPF",), ("PERFMON",), ("BPF", "PERFMON")):
        stage.start(under=without(*missing))
        check_capabilities(stage, "SYS_ADMIN", *(name for name in FOUR if name not in missing))
        check("CAP_SYS_ADMIN is kept" in stage.log.read_text(), "it was not said")
        stage.wait_active("primary")
        reachable(stage)
        stage.succeed("unload")
        stage.agent.wait(10)


@case(agent=False)
def bounding_set_kept_without_setpcap(stage):
    """What may not be reduced stays; no_new_privs keeps it from being of use."""
    with open("/proc/self/status") as lines:
        bounding = next(int(line.split()[1], 16) for line in lines if line.startswith("CapBnd"))
    stage.start(under=without("SETPCAP"))
    check_capabilities(stage, *FOUR, bounding=f"{bounding & ~(1 << NUMBERS['SETPCAP']):016x}")


main()
