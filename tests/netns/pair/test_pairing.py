#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Pairs come together in whatever order their devices appear, and come apart again."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import MAC, OUTSIDE, GUEST, case, check, check_equal, main, reachable, wait  # noqa: E402
from tools.rig.levels import quick  # noqa: E402


def check_pair(stage, number=0):
    pair = stage.wait_active("primary", number)
    check_equal((pair["standby"], pair["primary"]), stage.names(number), "the pair")
    check_equal(pair["mac"], stage.mac(number), "its MAC")
    check_equal((pair["primary_state"], pair["admin"]), ("ready", "auto"), "state and admin")
    check_equal(pair["last_switch"]["to"], "primary", "last switch")


@case
@quick
def primary_before_agent(stage):
    check_pair(stage)
    check_equal(stage.pair()["switches"], 1, "switches")
    before = stage.counter("tx_primary_packets")
    reachable(stage)
    reachable(stage, stage.outside, stage.guest, GUEST)
    check(stage.counter("tx_primary_packets") >= before + 20, "nothing was sent over the primary")
    check_equal(stage.pair()["counters"]["tx_primary_refused_packets"], 0, "refused packets")


@case(primary=False)
@quick
def primary_after_agent(stage):
    pair = stage.pair()
    check_equal((pair["primary"], pair["primary_state"], pair["active"], pair["last_switch"]),
                (None, "absent", "standby", None), "without a primary")
    reachable(stage)
    check(stage.counter("tx_standby_packets") > 0, "nothing was counted on the standby")
    stage.add_primary()
    check_pair(stage)
    reachable(stage)


@case
def standby_after_primary(stage):
    """The standby is unplugged and comes back while its primary stays."""
    stage.guest.run("ip link delete st0")
    wait("the pair to be given up", lambda: stage.pair() is None)
    check_equal(
        [name for name in stage.links() if "standby" in name], [], "links of a standby that is gone"
    )
    stage.add_standby()
    check_pair(stage)
    reachable(stage)


@case
def both_at_once(stage):
    stage.guest.run("ip link delete st0; ip link delete pr0")
    wait("the pair to be given up", lambda: stage.pair() is None)
    stage.add_standby()
    stage.add_primary()
    check_pair(stage)
    reachable(stage)


@case(pairs=3)
def several_pairs(stage):
    for number in range(3):
        check_pair(stage, number)
    check_equal(len(stage.status()["pairs"]), 3, "pairs")
    stage.guest.run("ip link delete pr10")
    pair = stage.wait_active("standby", 1)
    check_equal(pair["primary_state"], "absent", "the primary that was deleted")
    for number in (0, 2):
        check_equal(
            (stage.pair(number)["active"], stage.pair(number)["switches"]), ("primary", 1),
            "a pair that was left alone",
        )
    stage.add_primary(1)
    check_pair(stage, 1)


@case(agent=False)
def only_one_of_several(stage):
    """A named pair leaves every other device alone."""
    stage.add_standby(1)
    stage.add_primary(1)
    stage.start("st0=pr0")
    stage.wait_active("primary")
    check_equal(len(stage.status()["pairs"]), 1, "pairs")
    flags = stage.guest.run("ip link show pr10")
    check("NOARP" not in flags and "state DOWN" in flags, f"a foreign device was changed: {flags}")


@case
def rename_primary(stage):
    """A pair is its two devices, not their names."""
    stage.guest.run("ip link set pr0 down; ip link set pr0 name vf0 up")
    wait("the new name in status", lambda: stage.pair()["primary"] == "vf0")
    stage.wait_active("primary")
    reachable(stage)


@case
def rename_standby(stage):
    stage.guest.run("ip link set st0 name net0")
    wait("the new name in status", lambda: stage.status()["pairs"][0]["standby"] == "net0")
    check_equal(stage.status()["pairs"][0]["active"], "primary", "active")
    stage.guest.run("ip link delete pr0")
    wait("active standby", lambda: stage.status()["pairs"][0]["active"] == "standby")
    stage.add_primary()
    wait("active primary", lambda: stage.status()["pairs"][0]["active"] == "primary")
    reachable(stage)


@case
def mac_changes(stage):
    """A named primary is used whatever its MAC; the standby's own MAC is what the pair goes by, and
    is followed.
    """
    stage.guest.run("ip link set pr0 address 02:76:66:00:0f:0f")
    reachable(stage)
    reachable(stage, stage.outside, stage.guest, GUEST)
    stage.guest.run(f"ip link set pr0 address {MAC}")
    stage.guest.run("ip link set st0 address 02:76:66:00:0e:0e")
    wait("the pair's new MAC", lambda: stage.pair()["mac"] == "02:76:66:00:0e:0e")
    reachable(stage)
    stage.guest.run(f"ip link set st0 address {MAC}")
    wait("the pair's MAC", lambda: stage.pair()["mac"] == MAC)
    reachable(stage, to=OUTSIDE)


# Devices of which each sends what the other sends: (commands, the pair).
STACKS = (
    ("ip link add mv0 link st0 type macvlan mode passthru", "st0=mv0"),
    (
        "ip link add v0 link st0 type macvlan; ip link add br9 type bridge; ip link set v0 master br9; ip link add mv0 link br9 type macvlan",
        "st0=mv0",
    ),
    (
        "ip link add br9 type bridge; ip link set st0 master br9; ip link add mv0 link br9 type macvlan",
        "st0=mv0",
    ),
    ("ip link add br9 type bridge; ip link set st0 master br9", "st0=br9"),
    ("ip link add mv0 link pr0 type macvlan", "mv0=pr0"),
)
UNSTACK = "for device in mv0 v0 br9; do ip link delete $device 2>/dev/null || true; done"


@case(agent=False)
def a_primary_on_its_standby(stage):
    """Refused at any depth: what one of the two sends the other sends again, without end."""
    for commands, pair in STACKS:
        stage.guest.run(commands)
        done = stage.command("run", "--pair", pair, under=("timeout", "5"))
        check_equal(
            (done.returncode, done.stderr.count("\n")), (1, 1),
            f"{pair}: (status, lines): {done.stderr}",
        )
        check(f"--pair {pair}: one of the two is stacked on the other" in done.stderr, done.stderr)
        check(not stage.pins.exists(), "something was pinned")
        stage.guest.run(UNSTACK)


@case(agent=False)
def a_primary_that_comes_on_its_standby(stage):
    stage.start("st0=mv0")
    stage.guest.run("ip link add mv0 link st0 type macvlan mode bridge")
    wait("a line", lambda: "not used: mv0" in stage.log.read_text())
    pair = stage.pair()
    check_equal(
        (pair["primary"], pair["active"], pair["not_used"][0]["reason"]),
        (None, "standby", "stacked"), "primary, active, reason",
    )
    reachable(stage)
    stage.guest.run(f"{UNSTACK}; ip link set pr0 name mv0")
    stage.wait_active("primary")


@case
def standby_moves_away(stage):
    """A standby that leaves the namespace ends the pair; the primary is not used by itself."""
    stage.guest.run(f"ip link set st0 netns {stage.outside.name}")
    wait("the pair to be given up", lambda: stage.pair() is None)
    check(stage.agent.poll() is None, "the agent ended")


main()
