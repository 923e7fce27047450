#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A name is not an identity: what a pair was made of stays its own, whichever device takes the
name; and a device has more names than one.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import MAC, case, check, check_equal, main, reachable, wait  # noqa: E402

FOREIGN = "02:99:99:00:00:01"
LONG = "enx-a-name-that-is-longer-than-an-interface-may-have-of-its-own"
SHORT = "enp9s0"


def add_foreign(stage, name):
    """Another network's device, by that name."""
    stage.outside.run(
        "ip link show br7 >/dev/null 2>&1 || ip link add br7 type bridge; ip link set br7 up"
    )
    stage.index += 1
    stage.guest.run(
        f"ip link add {name} index {stage.index} address {FOREIGN} type veth peer {name}x netns {stage.outside.name}; ip link set {name} up"
    )
    stage.outside.run(f"ip link set {name}x master br7 up")


def check_rejected(stage):
    wait(
        "pr0 to be rejected",
        lambda: [other["reason"] for other in stage.pair()["not_used"]]
        == ["another device of its name"],
    )
    time.sleep(0.2)
    pair = stage.pair()
    check_equal((pair["primary"], pair["active"]), (None, "standby"), "primary and active")
    check(MAC in pair["not_used"][0]["text"], pair["not_used"])
    check("NOARP" not in stage.guest.run("ip link show pr0"), "a foreign device was changed")
    reachable(stage)


@case
def another_device_takes_its_name(stage):
    """The primary is away, as in a migration, and another network's device takes the free name:
    also over restarts.
    """
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    add_foreign(stage, "pr0")
    check_rejected(stage)
    check_equal(stage.log.read_text().count("not used: pr0"), 1, "lines")
    stage.stop()
    stage.start()
    check_rejected(stage)
    stage.guest.run("ip link delete pr0")
    stage.add_primary()
    stage.wait_active("primary")
    check_equal(stage.pair()["not_used"], [], "not used")


@case
def restarted_while_it_is_away(stage):
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    stage.stop()
    add_foreign(stage, "pr0")
    stage.start()
    check_rejected(stage)


@case
def named_again(stage):
    """What the configuration names now, or names first after `unload`, is meant."""
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    add_foreign(stage, "pr5")
    stage.stop()
    stage.start("st0=pr5")
    wait("pr5", lambda: stage.pair()["primary"] == "pr5")
    stage.stop()
    stage.start()
    stage.add_primary()
    wait("pr0", lambda: stage.pair()["primary"] == "pr0")
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    stage.succeed("unload")
    stage.agent.wait(10)
    add_foreign(stage, "pr0")
    stage.start()
    wait("pr0", lambda: stage.pair()["primary"] == "pr0")


@case
def another_device_takes_the_standbys_name(stage):
    stage.guest.run("ip link delete st0")
    wait("the pair to be given up", lambda: stage.pair() is None)
    add_foreign(stage, "st0")
    time.sleep(0.5)
    check_equal(stage.pair(), None, "a pair")
    check_equal(stage.log.read_text().count("not paired"), 1, "lines")
    stage.guest.run("ip link delete st0")
    stage.add_standby()
    stage.wait_active("primary")
    reachable(stage)


@case(agent=False)
def by_other_names(stage):
    stage.guest.run(
        f"ip link property add dev st0 altname {SHORT} altname {LONG}; ip link property add dev pr0 altname {LONG}-too"
    )
    stage.start(f"{LONG}={LONG}-too")
    stage.wait_active("primary")
    for name in (SHORT, LONG, "st0"):
        check("st0" in stage.succeed("status", name), f"status {name}")
        check("st0: active: standby" in stage.succeed("switch", name, "standby"), f"switch {name}")
        stage.succeed("switch", name, "auto")
    stage.guest.run(
        f"ip link add veth5 type veth peer veth6; ip link property add dev veth5 altname {LONG}-five"
    )
    stage.succeed("port", "add", f"{LONG}-five", "--pair", LONG)
    check("veth5" in stage.succeed("port", "list"), "the port")
    stage.succeed("port", "del", f"{LONG}-five")
    done = stage.command("status", f"{LONG}-none")
    check_equal(done.returncode, 1, "exit status")
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    # A name that is given later.
    stage.add_primary()
    time.sleep(0.3)
    check_equal(stage.pair()["primary"], None, "primary")
    stage.guest.run(f"ip link property add dev pr0 altname {LONG}-too")
    stage.wait_active("primary")


@case(agent=False)
def by_other_names_in_the_configuration(stage):
    stage.guest.run(
        f"ip link property add dev st0 altname {LONG}; ip link property add dev pr0 altname {SHORT}"
    )
    config = stage.directory / "config"
    config.write_text(f"[pair {LONG}]\nprimary = {SHORT}\n")
    agent = stage.guest.popen(
        [*stage.program, "run", "--bpffs", str(stage.bpffs), "--config", str(config)],
        stdout=open(stage.log, "a"), stderr=open(stage.log, "a"),
    )
    stage.agents.append(agent)
    wait("the agent", lambda: stage.command("status").returncode == 0)
    stage.wait_active("primary")
    stage.guest.run(f"ip link property del dev pr0 altname {SHORT}")
    time.sleep(0.3)
    check_equal(stage.pair()["active"], "primary", "active, of a name that was taken away")


@case(agent=False, pairs=2)
def no_longer_in_the_configuration(stage):
    """A pair of the agent before is given up by one that has another configuration: no agent would
    keep it, and here its primary is another pair's.
    """
    stage.start("st0=pr0", "st10=pr10")
    stage.wait_active("primary")
    stage.wait_active("primary", 1)
    stage.stop()
    stage.start("st0=pr10")
    stage.wait_active("primary")
    check_equal(
        [(pair["standby"], pair["primary"]) for pair in stage.status()["pairs"]], [("st0", "pr10")],
        "pairs",
    )
    check_equal(
        len([name for name in stage.links() if name.startswith(("standby", "primary"))]), 3,
        "links of one pair",
    )
    check(
        "st10: not in this configuration: the pair is removed" in stage.log.read_text(), "no line"
    )
    reachable(stage, stage.outside, stage.guest, "10.77.0.11")
    reachable(stage)


main()
