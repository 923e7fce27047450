#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Traffic in both directions while the primary goes and comes back in every way that veths know."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import GUEST, OUTSIDE, case, check, check_equal, main, note, reachable, wait  # noqa: E402
from tools.rig.levels import quick  # noqa: E402

# Veths hand frames over through a backlog that is thrown away with the device, so a frame or two
# may be under way. At the return the outside's bridge opens its port a moment after the guest has
# seen the carrier.
IN_FLIGHT = 3
# What the outside's bridge may still send to a port that is gone until the announcement: a switch's
# matter of milliseconds, at 1000 a second.
INBOUND = 100


def run_event(stage, script, netns=None):
    """Runs the script between two marks; (before, after) in time.monotonic()."""
    before = time.monotonic()
    (netns or stage.guest).run(script)
    return before, time.monotonic()


def leave_and_return(stage, leave, back, state, causes, netns=None):
    out, inbound = stage.flows()
    time.sleep(0.3)
    _, left = run_event(stage, leave, netns)
    pair = stage.wait_active("standby")
    stage.wait_state(state)
    check(
        pair["last_switch"]["cause"] in causes,
        f"cause {pair['last_switch']['cause']!r}, not one of {causes}",
    )
    time.sleep(0.5)
    away = time.monotonic()
    back(stage) if callable(back) else (netns or stage.guest).run(back)
    stage.wait_active("primary")
    time.sleep(0.5)
    out.stop()
    inbound.stop()
    note(
        f"lost out {out.lost()} ({out.lost(left)} after the event, {out.lost(away)} at the return), "
        f"in {inbound.lost()} ({inbound.lost(away)} at the return)"
    )
    check_equal(out.lost(left, away), 0, "lost outbound after the event")
    check(out.lost(until=away) <= IN_FLIGHT, f"lost outbound at the loss: {out.lost(until=away)}")
    check(out.lost(away) <= IN_FLIGHT, f"lost outbound at the return: {out.lost(away)}")
    check(
        inbound.lost(until=away) <= INBOUND, f"lost inbound at the loss: {inbound.lost(until=away)}"
    )
    check(inbound.lost(away) <= IN_FLIGHT, f"lost inbound at the return: {inbound.lost(away)}")
    check_equal(
        (out.refused, out.copies, inbound.copies), (0, 0, 0),
        "refused, doubled outbound, doubled inbound",
    )
    check_equal(stage.pair()["switches"], 3, "switches")
    counters = stage.pair()["counters"]
    check(
        counters["tx_standby_packets"] >= 400 and counters["tx_primary_packets"] >= 600,
        f"paths taken: {counters}",
    )


@case
@quick
def hotplug_delete(stage):
    leave_and_return(stage, "ip link delete pr0", lambda stage: stage.add_primary(), "absent",
                     ("gone", "cannot send", "primary could not send", "set down", "carrier lost"))


@case
@quick
def set_down_and_up(stage):
    leave_and_return(stage, "ip link set pr0 down", "ip link set pr0 up", "down",
                     ("set down", "cannot send", "primary could not send"))


@case
def carrier_lost_and_back(stage):
    leave_and_return(stage, "ip link set pr1 down", "ip link set pr1 up", "down",
                     ("carrier lost", "cannot send", "primary could not send"), stage.outside)


@case
def moved_to_another_namespace(stage):
    """As far as the guest can see, the device is gone."""
    leave_and_return(
        stage, f"ip link set pr0 netns {stage.outside.name}",
        lambda stage: (stage.outside.run("ip link delete pr0"), stage.add_primary()), "absent",
        ("gone", "cannot send", "primary could not send", "set down", "carrier lost"),
    )


@case
def many_times(stage):
    """Ten losses of carrier in a row, faster than the kernel reports them."""
    out, inbound = stage.flows()
    for _ in range(10):
        stage.outside.run("ip link set pr1 down; sleep 0.05; ip link set pr1 up; sleep 0.05")
    stage.wait_active("primary", timeout=15)
    time.sleep(0.3)
    out.stop()
    note(f"lost out {out.lost()}, in {inbound.stop().lost()}; {stage.pair()['switches']} switches")
    check(out.lost() <= 10 * IN_FLIGHT, f"lost outbound: {out.lost()}")
    reachable(stage)


@case
def set_down_stays_down(stage):
    """What the operator sets down the agent does not set up, not even after a restart."""
    stage.guest.run("ip link set pr0 down")
    stage.wait_state("down")
    stage.guest.run("ip link set st0 mtu 1400; ip address add 10.77.0.9/24 dev st0")
    time.sleep(1.2)
    check_equal(
        "UP" in stage.guest.run("ip -br link show pr0").split("<")[1].split(">")[0].split(","),
        False, "pr0 is up",
    )
    stage.stop()
    stage.start()
    time.sleep(0.5)
    check_equal(
        "UP" in stage.guest.run("ip -br link show pr0").split("<")[1].split(">")[0].split(","),
        False, "pr0 is up after a restart",
    )
    check_equal(stage.pair()["active"], "standby", "active")
    stage.guest.run("ip link set pr0 up")
    stage.wait_active("primary")
    reachable(stage)


@case
def late_in_its_hash_chain(stage):
    """Devices of the same chain of the kernel's hash come before the primary: fewer, then more,
    than a program looks at (bpf/alive.h).
    """
    index = int(stage.guest.run("cat /sys/class/net/pr0/ifindex"))
    for switches, devices in ((1, 20), (3, 100)):
        refused = stage.counter("tx_primary_refused_packets")
        stage.guest.run(
            f"for n in $(seq {devices}); do echo link add c$n index $(({index} + n * 256)) group 7 type bridge; done | ip -batch -"
        )
        time.sleep(1)
        reachable(stage)
        pair = stage.pair()
        check_equal(
            (pair["active"], pair["switches"], pair["counters"]["tx_primary_refused_packets"]),
            ("primary", switches, refused),
            f"(active, switches, refused) with {devices} devices before the primary",
        )
        out, _ = stage.flows()
        stage.guest.run("ip link set pr0 down")
        stage.wait_active("standby")
        down = time.monotonic()
        time.sleep(0.3)
        check_equal(
            out.stop().lost(down), 0,
            f"lost outbound after the switch, with {devices} devices before the primary",
        )
        stage.guest.run("ip link set pr0 up; ip link delete group 7")
        stage.wait_active("primary")


@case
def no_carrier_from_the_start(stage):
    """A primary without a link is joining, not used; nothing is lost waiting for it."""
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    stage.outside.run(
        f"ip link add pr1 master br0 type veth peer name pr9; ip link set pr9 netns {stage.guest.name}"
    )
    stage.guest.run(f"ip link set pr9 address {stage.mac()}; ip link set pr9 name pr0")
    stage.wait_state("joining")
    reachable(stage)
    check_equal(stage.pair()["active"], "standby", "active")
    stage.outside.run("ip link set pr1 up")
    stage.wait_active("primary")
    reachable(stage)


@case
def standby_without_carrier(stage):
    """The hypervisor sets the standby's link down: the primary carries on, in both directions."""
    out, inbound = stage.flows(500)
    stage.outside.run("ip link set st1 down")
    wait("status to show it", lambda: stage.pair()["standby_carrier"] is False)
    time.sleep(0.3)
    out.stop(), inbound.stop()
    check_equal((out.lost(), out.refused), (0, 0), "lost and refused outbound")
    check(inbound.lost() <= IN_FLIGHT, f"lost inbound: {inbound.lost()}")
    check_equal(stage.pair()["active"], "primary", "active")


@case
def standby_active_without_carrier(stage):
    """Even the operator's request for the standby cannot send without carrier: the primary rescues.
    """
    stage.succeed("switch", "st0", "standby")
    stage.wait_active("standby")
    stage.outside.run("ip link set st1 down")
    wait("status to show it", lambda: stage.pair()["standby_carrier"] is False)
    reachable(stage)
    reachable(stage, stage.outside, stage.guest, GUEST)
    check(stage.counter("tx_primary_rescued_packets") >= 20, "rescued packets were not counted")
    stage.outside.run("ip link set st1 up")
    wait("status to show it", lambda: stage.pair()["standby_carrier"])
    before = stage.counter("tx_primary_rescued_packets")
    reachable(stage)
    check_equal(stage.counter("tx_primary_rescued_packets"), before, "rescued packets with carrier")


@case
@quick
def mtu_is_followed(stage):
    stage.guest.run("ip link set st0 mtu 1400")
    wait("the primary's MTU", lambda: " mtu 1400 " in stage.guest.run("ip link show pr0"))
    stage.wait_active("primary")
    stage.guest.run("ip link set st0 mtu 9000")
    wait("the primary's MTU", lambda: " mtu 9000 " in stage.guest.run("ip link show pr0"))
    stage.wait_active("primary")
    stage.guest.run("ip link set pr0 mtu 1300")
    wait("the primary's MTU put right", lambda: " mtu 9000 " in stage.guest.run("ip link show pr0"))
    stage.wait_active("primary")
    reachable(stage)


@case
def no_wire_at_all(stage):
    """Neither device has carrier: what is sent is lost, and counted as that; with a wire again
    nothing is.
    """
    stage.wait_active("primary")
    check_equal(stage.counter("tx_lost_packets"), 0, "lost packets while there is a wire")
    stage.outside.run("ip link set pr1 down; ip link set st1 down")
    stage.wait_active("standby")
    stage.guest.run(f"ip neigh replace {OUTSIDE} lladdr 02:76:66:00:00:fe dev st0 nud permanent")
    lost = stage.counter("tx_lost_packets")
    stage.guest.run(f"ping -q -c 5 -i 0.05 -W 1 {OUTSIDE} || true")
    check(stage.counter("tx_lost_packets") >= lost + 5, f"not counted: {stage.pair()['counters']}")
    check(
        "lost: sent over the standby, which had no carrier" in stage.succeed("status"),
        "status does not say so",
    )
    stage.guest.run(f"ip neigh delete {OUTSIDE} dev st0")
    stage.outside.run("ip link set pr1 up; ip link set st1 up")
    stage.wait_active("primary")
    reachable(stage)
    lost = stage.counter("tx_lost_packets")
    reachable(stage)
    check_equal(stage.counter("tx_lost_packets"), lost, "lost packets with a wire again")


@case(primary=False)
def mtu_is_refused(stage):
    """A macvlan takes no MTU above that of the device below it, as some VFs take none above their
    PF's.
    """
    stage.guest.run(f"""
        ip link add low0 mtu 1500 type veth peer pr1 netns {stage.outside.name}
        ip link set low0 up""")
    stage.outside.run("ip link set pr1 master br0 up")
    stage.guest.run(
        "ip link set st0 mtu 2000; ip link add link low0 name pr0 address 02:76:66:00:00:01 type macvlan mode bridge"
    )
    wait("the reason in the log", lambda: "MTU" in stage.log.read_text())
    stage.wait_state("down")
    pair = stage.pair()
    check_equal(
        (pair["active"], pair["down_reason"]), ("standby", "refuses the standby's MTU"),
        "(active, reason)",
    )
    check(
        "lower the MTU of the standby" in pair["down_explanation"],
        f"no remedy: {pair['down_explanation']}",
    )
    check(
        "primary: down, refuses the standby's MTU" in stage.succeed("status"),
        "status does not say why",
    )
    reachable(stage)
    stage.guest.run("ip link set st0 mtu 1500")
    stage.wait_active("primary")
    reachable(stage)
    stage.guest.run("ip link set st0 mtu 1600")
    pair = stage.wait_active("standby")
    check_equal(pair["last_switch"]["to"], "standby", "last switch")
    reachable(stage, to=OUTSIDE)
    check_equal(stage.log.read_text().count("refuses the standby's MTU"), 2, "lines about the MTU")


@case
def routes_that_need_carrier(stage):
    """A standby without carrier has no routes with this setting, and nothing but the setting can
    help: it is said before, and when it is so.
    """
    check_equal(stage.pair()["hints"], [], "hints")
    for families, value in ((("ipv4",), "1"), (("ipv4", "ipv6"), "1"), (("ipv4", "ipv6"), "0")):
        for family in families:
            stage.guest.run(
                f"echo {value} >/proc/sys/net/{family}/conf/all/ignore_routes_with_linkdown"
            )
        for up in (True, False):
            stage.outside.run(f"ip link set st1 {'up' if up else 'down'}")
            wait("the carrier", lambda: stage.pair()["standby_carrier"] == up)
            hints = stage.pair()["hints"]
            check_equal(
                [hint["now"] for hint in hints], [not up] * len(families) if value == "1" else [],
                f"hints with {families} {value}, carrier {up}",
            )
            for family, hint in zip(families, hints):
                check(
                    family in hint["what"]
                    and "=0" in hint["remedy"]
                    and hint["what"] in stage.succeed("status"),
                    f"hint: {hint}",
                )
            routed = "dev st0" in stage.guest.run(f"ip route get {OUTSIDE} 2>&1 || true")
            check_equal(
                routed, up or value == "0",
                f"is there a route with {families} {value}, carrier {up}",
            )
            if routed:
                reachable(stage)
        stage.outside.run("ip link set st1 up")
    log = stage.log.read_text()
    check_equal(
        (
            log.count("net.ipv4.conf ignore_routes_with_linkdown"),
            log.count("net.ipv6.conf ignore_routes_with_linkdown"),
        ),
        (2, 1),
        "warnings",
    )


main()
