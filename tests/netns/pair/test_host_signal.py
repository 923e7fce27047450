#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The host signal, as a host receives it at the other end of the standby's wire."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from host_signals import ENDS, UNLOADED, is_reported, last, signals  # noqa: E402
from rig import MAC, ETH_P_ALL, case, check, check_equal, main, note, wait  # noqa: E402
from tools.rig.levels import quick  # noqa: E402

INTERVAL_S = 2  # HOST_SIGNALS_INTERVAL_MS
REPEATS = 4


def reported(stage, capture, what):
    """Waits until the host knows what status says."""
    wait(f"a signal after {what}", lambda: is_reported(capture, stage.pair()))
    return last(capture)


def first_of(capture, since, **fields):
    """The first signal after the first @since that has these values."""
    return next(
        said for _, said in signals(capture)[since:]
        if all(getattr(said, name) == value for name, value in fields.items())
    )


@case(agent=False)
@quick
def every_change(stage):
    host, other = (stage.capture(stage.outside, wire) for wire in ("st1", "pr1"))
    stage.start()
    stage.wait_active("primary")
    said = reported(stage, host, "start")
    check_equal(
        (said.mac, said.kind, said.interval_ms, said.flags), (MAC, "plain", 1000 * INTERVAL_S, 0),
        "of the pair",
    )
    for what, active, state, change in (
        ("switch standby", "standby", "ready", lambda: stage.succeed("switch", "st0", "standby")),
        ("switch auto", "primary", "ready", lambda: stage.succeed("switch", "st0", "auto")),
        ("set down", "standby", "down", lambda: stage.guest.run("ip link set pr0 down")),
        ("set up", "primary", "ready", lambda: stage.guest.run("ip link set pr0 up")),
        ("carrier lost", "standby", "down", lambda: stage.outside.run("ip link set pr1 down")),
        ("carrier back", "primary", "ready", lambda: stage.outside.run("ip link set pr1 up")),
        ("unplug", "standby", "absent", lambda: stage.guest.run("ip link delete pr0")),
        ("plug", "primary", "ready", stage.add_primary),
    ):
        before = len(signals(host))
        change()
        stage.wait_active(active)
        stage.wait_state(state)
        said = reported(stage, host, what)
        check_equal((said.active, said.state), (active, state), f"after {what}")
        first = first_of(host, before, switches=said.switches)
        note(f"{what}: {first.age_us} us from the switchover to the frame")
    numbers = [said.sequence for _, said in signals(host)]
    check_equal(numbers, sorted(set(numbers)), "sequence")
    check_equal(len({said.instance for _, said in signals(host)}), 1, "instances")
    check_equal(signals(other), [], "signals on the primary's wire")


@case
def repeated_and_then_at_an_interval(stage):
    host = stage.capture(stage.outside, "st1")
    stage.succeed("switch", "st0", "standby")
    time.sleep(1)
    seen = [(at, said) for at, said in signals(host) if said.active == "standby"]
    check_equal(len(seen), REPEATS, "signals within a second")
    note(f"after {[(at - seen[0][0]) // 10**6 for at, _ in seen]} ms")
    check(seen[-1][0] - seen[0][0] >= 149 * 10**6, "the repetitions came too early")
    time.sleep(2 * INTERVAL_S + 0.5)
    check_equal(
        sum(said.active == "standby" for _, said in signals(host)) - REPEATS, 2,
        f"signals in the next {2 * INTERVAL_S} s",
    )


@case
def of_each_agent(stage):
    """Killed, it says nothing; ended, it says so; the next one is another instance."""
    host = stage.capture(stage.outside, "st1")
    stage.succeed("switch", "st0", "standby")
    first = reported(stage, host, "switch")
    stage.stop(signal.SIGKILL)
    count = len(signals(host))
    time.sleep(INTERVAL_S + 0.5)
    check_equal(len(signals(host)), count, "signals without an agent")
    stage.start()
    wait("another instance", lambda: last(host).instance != first.instance)
    second = reported(stage, host, "the second start")
    check_equal((second.admin, second.active), ("standby", "standby"), "adopted")
    check(second.sequence < 100, f"sequence {second.sequence} of the second instance")
    check_equal(stage.stop(), 0, "status of the agent")
    wait("the end", lambda: last(host).flags == ENDS)
    check_equal((last(host).interval_ms, last(host).instance), (0, second.instance), "of the end")


@case
def unload_is_reported(stage):
    host = stage.capture(stage.outside, "st1")
    stage.succeed("unload")
    wait("the last signal", lambda: signals(host) and last(host).flags == ENDS | UNLOADED)


@case
def without_carrier(stage):
    """None while no host can receive it; at once when one can."""
    host = stage.capture(stage.outside, "st1")
    stage.outside.run("ip link set st1 down")
    wait("no carrier", lambda: not stage.pair()["standby_carrier"])
    count = len(signals(host))
    stage.succeed("switch", "st0", "standby")
    time.sleep(0.3)
    check_equal(len(signals(host)), count, "signals without carrier")
    stage.outside.run("ip link set st1 up")
    said = reported(stage, host, "carrier")
    check_equal(said.admin, "standby", "what was missed")


@case
def not_of_a_passthrough_pair(stage):
    host = stage.capture(stage.outside, "st1")
    stage.guest.run("ip link add po1 type veth peer ct1; ip link set po1 up; ip link set ct1 up")
    stage.succeed("port", "add", "po1", "--pair", "st0", "--passthrough")
    time.sleep(0.3)
    count = len(signals(host))
    time.sleep(INTERVAL_S + 0.5)
    check_equal(len(signals(host)), count, "signals of a pair whose MAC is a port's")
    stage.succeed("port", "del", "po1")
    wait("a signal again", lambda: len(signals(host)) > count)


@case(agent=False)
def switched_off(stage):
    config = stage.directory / "config"
    config.write_text("[agent]\nhost_signal = off\n")
    host = stage.capture(stage.outside, "st1")
    stage.start(options=("--config", str(config)))
    stage.wait_active("primary")
    stage.succeed("switch", "st0", "standby")
    time.sleep(INTERVAL_S + 0.5)
    check_equal(signals(host), [], "signals")
    stage.succeed("switch", "st0", "auto")


@case
def no_bridge_forwards_it(stage):
    """And none learns the pair's MAC from it: the primary's port keeps it."""
    stage.outside.run("""
        ip link add far0 type veth peer far1
        ip link set far1 master br0 up
        ip link set far0 up""")
    far, host = stage.capture(stage.outside, "far0"), stage.capture(stage.outside, "st1")
    time.sleep(INTERVAL_S + 0.5)
    check(signals(host), "no signal at all")
    check_equal(signals(far), [], "signals behind the bridge")
    table = stage.outside.run("bridge fdb show br br0")
    check(f"{MAC} dev pr1" in table, f"the pair's MAC is not behind pr1:\n{table}")
    check(f"f2{MAC[2:]} dev st1" in table, f"the signal's MAC is not behind st1:\n{table}")
    stage.outside.run("echo 0x4000 >/sys/class/net/br0/bridge/group_fwd_mask")
    wait("one that was let through", lambda: signals(far))


@case
def beside_a_standby_that_is_full(stage):
    """Its qdisc is full: the signal does not wait there."""
    stage.guest.run("tc qdisc add dev st0 root tbf rate 1mbit burst 2k limit 20k")
    host = stage.capture(stage.outside, "st1", ETH_P_ALL)
    stage.guest.run("ping -f -c 200 -w 2 -s 1400 -I st0 10.77.0.2 >/dev/null 2>&1 || true")
    stage.succeed("switch", "st0", "standby")
    reported(stage, host, "switch")


main()
