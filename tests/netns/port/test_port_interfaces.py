#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A port's interface, and its pair's standby, go, come back, and take other names."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from ports import (
    Container,
    by_best_driver,
    everything,
    listed,
    ports,
    prepare,
    programs,
    receives,
    silent,
    until,
    wait_present,
    wait_serving,
    works,
)
from rig import OUTSIDE, case, check, check_equal, main, reachable, wait  # noqa: E402


@by_best_driver
def interface_deleted(stage, mode):
    """One added by hand goes with it, and all that was the port's; another interface of that name
    is no port.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        works(stage, one)
        one.unplug()
        wait(
            "the port to be gone",
            lambda: listed(stage) == [two.port] and sorted(ports(stage)) == [two.port],
        )
        wait("its MAC to be gone", lambda: one.mac not in receives(stage, "st0")[0])
        one.plug()
        time.sleep(0.3)
        check_equal(listed(stage), [two.port], "ports, with a new interface of that name")
        silent(one)
        works(stage, two)
        one.join()
        works(stage, one)


@case
def last_interface_deleted(stage):
    """As the last port is deleted."""
    time.sleep(0.3)
    before, ids = everything(stage), set(programs(stage))
    with Container(stage) as one:
        works(stage, one)
        one.unplug()
        wait("the port to be gone", lambda: listed(stage) == [])
        wait("its programs to be gone", lambda: set(programs(stage)) == ids)
        until(lambda: everything(stage) == before)
    check_equal(everything(stage) ^ before, set(), "what is not as before")


@case
def interface_moved_away(stage):
    """Into another namespace: gone, as far as the guest can see."""
    with Container(stage) as one:
        works(stage, one)
        stage.guest.run(f"ip link set {one.port} netns {one.netns.name}")
        wait("the port to be gone", lambda: listed(stage) == [])
        reachable(stage)


@case
def interface_deleted_without_agent(stage):
    """Neither it nor its successor of that name is a port of the next agent."""
    with Container(stage) as one, Container(stage, 2) as two:
        stage.stop(signal.SIGKILL)
        one.unplug()
        one.plug()
        works(stage, two)
        stage.start()
        wait("the port to be gone", lambda: listed(stage) == [two.port])
        silent(one)
        works(stage, two)


@case
def interface_renamed(stage):
    """Still the same interface: it stays a port, under its new name."""
    with Container(stage) as one:
        works(stage, one)
        stage.guest.run(
            f"ip link set {one.port} down; ip link set {one.port} name po9; ip link set po9 up"
        )
        wait("the new name", lambda: listed(stage) == ["po9"])
        works(stage, one)
        check_equal(sorted(ports(stage)), ["po9"], "status")
        stage.stop(signal.SIGKILL)
        stage.start()
        wait("the new name after a restart", lambda: listed(stage) == ["po9"])
        works(stage, one)
        stage.succeed("port", "del", "po9")
        check_equal(listed(stage), [], "ports")
        silent(one)


@case
def interface_set_down_and_up(stage):
    with Container(stage) as one:
        works(stage, one)
        stage.guest.run(f"ip link set {one.port} down")
        time.sleep(0.2)
        check_equal(listed(stage), [one.port], "ports")
        reachable(stage)
        stage.guest.run(f"ip link set {one.port} up")
        wait(
            "the container to be reached",
            lambda: " 0% packet loss" in one.netns.run(f"ping -n -q -c 1 -W 0.5 {OUTSIDE} || true"),
        )
        works(stage, one)


@case
def interface_taken_by_a_bridge(stage):
    """It serves a bridge for a while: no port meanwhile, and status says why; then it is one
    again.
    """
    with Container(stage) as one:
        works(stage, one)
        stage.guest.run(f"ip link add br9 type bridge; ip link set {one.port} master br9")
        check(wait_present(one, False)["why"], "status does not say why")
        silent(one)
        reachable(stage)
        stage.guest.run(f"ip link set {one.port} nomaster")
        wait_serving(one)
        works(stage, one)


@case
def standby_taken_by_a_bridge(stage):
    """What is behind the bridge is reached, and the host by the bridge's address; afterwards the
    port is one as before.
    """
    with Container(stage) as one:
        works(stage, one)
        stage.guest.run("""ip link add gbr0 address 02:76:66:00:00:01 type bridge forward_delay 0
            ip address flush dev st0; ip link set gbr0 up; ip link set st0 master gbr0; ip address add 10.77.0.1/24 dev gbr0""")
        wait(
            "the pair to know of the bridge",
            lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
        )
        time.sleep(0.5)
        reachable(stage)
        check_equal(listed(stage), [one.port], "ports")
        stage.guest.run(
            "ip link set st0 nomaster; ip link delete gbr0; ip address add 10.77.0.1/24 dev st0"
        )
        wait_serving(one)
        works(stage, one)


@by_best_driver
def standby_deleted(stage, mode):
    """The pair goes, and comes back with another standby: a port by hand stays."""
    with Container(stage, mode=mode) as one:
        works(stage, one)
        stage.guest.run("ip link delete st0")
        wait("no pair", lambda: stage.pair() is None or stage.pair().get("standby_ifindex") == 0, 5)
        check_equal(stage.agent.poll(), None, "the agent's exit status")
        stage.add_standby()
        prepare(stage, mode)
        stage.wait_active("primary")
        wait_serving(one)
        works(stage, one)


@case
def standby_replaced_without_agent(stage):
    with Container(stage) as one:
        works(stage, one)
        stage.stop(signal.SIGKILL)
        stage.guest.run("ip link delete st0")
        stage.add_standby()
        stage.start()
        stage.wait_active("primary")
        wait_serving(one)
        works(stage, one)


main()
