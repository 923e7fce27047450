#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Ports by hand, over restarts of the agent, to the end: what they cost others, and that nothing is
left of them.
"""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from ports import (
    Container,
    around,
    by_best_driver,
    check_drivers,
    devices,
    everything,
    listed,
    port,
    ports,
    prepare,
    programs,
    receives,
    silent,
    until,
    works,
)
from rig import OUTSIDE, Flow, case, check, check_equal, main, note, reachable, wait  # noqa: E402

# Programs of a pair, of each port, and of a pair that has one.
PAIR = ["primary_ingress", "standby_ingress", "steer_egress"]
PORT = {"tc": ["port_ingress"], "native": ["port_ingress", "port_xdp"]}
PORTS = {
    "tc": ["ports_egress", "ports_ingress"],
    "native": ["ports_egress", "ports_ingress", "uplink_xdp"],
}


def flows(stage, one):
    return stage.flows(500) + (
        Flow(one.netns, stage.outside, OUTSIDE, 500),
        Flow(stage.outside, one.netns, one.address, 500),
    )


def check_lost(running, allowed, what):
    for flow in running:
        flow.stop()
    lost, copies = [flow.lost() for flow in running], [flow.copies for flow in running]
    note(
        f"{what}: lost {lost} (host out, in, container out, in) of {[len(flow.times) for flow in running]}"
    )
    check_equal(
        ([max(number, allowed) for number in lost], copies),
        ([allowed] * len(lost), [0] * len(copies)), f"{what}: lost, doubled",
    )


@case
def ports_are_listed(stage):
    check_equal(listed(stage), [], "ports before there is one")
    with Container(stage) as one, Container(stage, 2) as two:
        check_equal(listed(stage), [one.port, two.port], "ports")
        text = stage.succeed("port", "list")
        for word in (one.port, one.mac, two.port, two.mac, "st0"):
            check(word in text, f"{word} is not in the list: {text}")
        stage.stop(signal.SIGKILL)
        check_equal(listed(stage), [one.port, two.port], "ports, without an agent")
        check_equal(sorted(ports(stage)), [one.port, two.port], "status, without an agent")
        stage.start()
        one.leave()
        check_equal(
            (listed(stage), sorted(ports(stage))), ([two.port], [two.port]),
            "ports after one was deleted",
        )


@case
def mac_of_the_other_end(stage):
    """Or the one that was given; another namespace's container has the first, a veth of which both
    ends are here, too.
    """
    with Container(stage) as one, Container(
        stage, 2, settings=("--mac", "02:76:66:00:02:02")
    ) as two:
        stage.guest.run(
            "ip link add po3 type veth peer name ct3 address 02:76:66:00:01:03; ip link set po3 up; ip link set ct3 up"
        )
        stage.succeed("port", "add", "po3", "--pair", "st0")
        check_equal(
            [port(stage, name)["mac"] for name in (one.port, two.port, "po3")],
            [one.mac, "02:76:66:00:02:02", "02:76:66:00:01:03"], "MACs",
        )


@case
def generic_receive_offload_at_the_other_end(stage):
    """It makes the kernel take XDP frames there."""
    prepare(stage, "native")
    with Container(stage, settings=None) as one:
        check(
            "generic-receive-offload: off" in one.netns.run("ethtool -k ct0"),
            "GRO is on before: this proves nothing",
        )
        one.join()
        check(
            "generic-receive-offload: on" in one.netns.run("ethtool -k ct0"),
            "GRO is off at the container's end",
        )
        check_drivers(one, "native")


@by_best_driver
def coming_and_going_costs_nothing(stage, mode):
    """Three times, beside the traffic of the host and of another port. (A veth whose XDP comes or
    goes may drop what it has in hand.)
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, settings=None, mode=mode) as two:
        running = flows(stage, one)
        for _ in range(3):
            two.join()
            reachable(stage, two.netns, stage.outside, OUTSIDE)
            two.leave()
            time.sleep(0.1)
        check_lost(running, 0, "another port came and went")


@by_best_driver
def first_and_last_port_beside_the_host(stage, mode):
    """With the first port the pair's devices get their programs, with the last they lose them."""
    with Container(stage, settings=None, mode=mode) as one:
        running = stage.flows()
        for _ in range(3):
            one.join()
            time.sleep(0.3)
            one.leave()
            time.sleep(0.3)
        check_lost(running, 0 if mode == "tc" else 6, "the first port came, the last one went")


@by_best_driver
def del_leaves_nothing(stage, mode):
    """Programs, links, maps, MACs, all multicast, clsact: as before the first port."""
    with Container(stage, settings=None, mode=mode) as one, Container(
        stage, 2, settings=None, mode=mode
    ) as two:
        time.sleep(0.3)
        before, ids, counts = everything(stage), set(programs(stage)), around(stage)
        one.join()
        two.join()
        works(stage, one)
        check_equal(
            sorted(programs(stage).values()), sorted(PAIR + 2 * PORT[mode] + PORTS[mode]),
            "programs",
        )
        two.leave()
        works(stage, one)
        silent(two)
        one.leave()
        silent(one)
        until(lambda: everything(stage) == before)
        check_equal(everything(stage) ^ before, set(), "what is not as before")
        check_equal(set(programs(stage)), ids, "programs")
        after = around(stage)
        check_equal(
            {name: after[name] for name in ("programs", "maps", "links")},
            {name: counts[name] for name in ("programs", "maps", "links")}, "left",
        )
        reachable(stage)
        one.join()
        works(stage, one)


@by_best_driver
def unload_leaves_nothing(stage, mode):
    for agent in (True, False):
        with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
            works(stage, one)
            ours = programs(stage)
            check_equal(
                sorted(ours.values()), sorted(PAIR + 2 * PORT[mode] + PORTS[mode]), "programs"
            )
            if not agent:
                stage.stop(signal.SIGKILL)
            running = stage.flows(500)
            stage.succeed("unload")
            if agent:
                check_equal(stage.agent.wait(10), 0, "the agent's exit status")
            check_lost(running, 0 if mode == "tc" else 3, "unload")
            check(
                not stage.pins.exists(),
                lambda: f"pins are left: {sorted(map(str, stage.pins.rglob('*')))}",
            )
            wait("the programs to be gone", lambda: not set(ours) & bpf.programs())
            check_equal(
                {name: device.xdp for name, device in devices(stage).items() if device.xdp}, {},
                "devices with XDP",
            )
            for device in ("st0", "pr0"):
                macs, all_multicast = receives(stage, device)
                check(
                    not macs & {one.mac, two.mac} and not all_multicast,
                    f"{device} receives {macs}, all multicast: {all_multicast}",
                )
            check("clsact" not in stage.guest.run("tc qdisc show"), "a clsact qdisc is left")
            check(
                "promiscuity 0" in stage.guest.run("ip -d link show st0"),
                "the standby is promiscuous",
            )
            silent(one)
        check_equal(stage.succeed("unload"), "nothing to unload\n", "a second unload")
        stage.start()
        stage.wait_active("primary")
        check_equal(ports(stage), {}, "ports of a pair made again")


@by_best_driver
def restart_adopts(stage, mode):
    """The same port, its links as they were, nothing doubled, nothing lost; the programs are this
    build's.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        works(stage, one)
        time.sleep(0.3)
        for number in (signal.SIGKILL, signal.SIGTERM):
            before, links, counts, there = (
                one.status,
                stage.links(),
                around(stage),
                everything(stage),
            )
            running = flows(stage, one)
            stage.stop(number)
            time.sleep(0.2)
            stage.start()
            time.sleep(0.4)
            check_lost(running, 0, f"restart after {number.name}")
            after = one.status
            check_equal({**after, "counters": None}, {**before, "counters": None}, "the port")
            check(
                all(after["counters"][name] >= value for name, value in before["counters"].items()),
                f"counters went back: {before}, {after}",
            )
            check_equal(stage.links(), links, "links")
            now = around(stage)
            check_equal(
                {name: now[name] for name in ("programs", "maps", "links")},
                {name: counts[name] for name in ("programs", "maps", "links")}, "things",
            )
            # A device shows its XDP program's number, which is another one now.
            check_equal(
                {line for line in everything(stage) ^ there if "prog/xdp" not in line}, set(),
                "what is not as before",
            )
            works(stage, two)
        one.leave()
        silent(one)
        works(stage, two)


@by_best_driver
def same_again_and_again(stage, mode):
    """Ten times add and del: no program, map, link or descriptor is left of them."""
    with Container(stage, mode=mode) as one:
        def held():
            counts = around(stage)
            return {name: counts[name] for name in ("programs", "maps", "links")}
        before = held()
        descriptors = len(stage.guest.run(f"ls /proc/{stage.agent.pid}/fd").split())
        for _ in range(10):
            one.leave()
            one.join()
        works(stage, one)
        check_equal(held(), before, "held in the kernel")
        check_equal(
            len(stage.guest.run(f"ls /proc/{stage.agent.pid}/fd").split()), descriptors,
            "the agent's descriptors",
        )


main()
