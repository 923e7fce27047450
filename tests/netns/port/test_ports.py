#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Traffic of ports: a container and the outside, the host, and another container, by XDP and by tc
alone, and what is counted and shown of it.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from packets import transfer  # noqa: E402
from ports import (  # noqa: E402
    COUNTERS, Container, Moved, by_each_driver, check_drivers, check_moved, devices,
    each_used_alone, prepare, receives, wait_quiet,
)
from rig import (  # noqa: E402
    GUEST, GUEST6, MAC, OUTSIDE, OUTSIDE6, Flow, case, check, check_equal, main, note,
    reachable, wait,
)
from tools.rig.levels import quick  # noqa: E402

DATAGRAMS = 20  # what reachable() sends, at least


@by_each_driver
def container_and_outside(stage, mode):
    with Container(stage, mode=mode) as one:
        check_drivers(one, mode)
        for active in each_used_alone(stage):
            wait_quiet(stage)
            moved = Moved(one)
            for to, own in ((OUTSIDE, one.address), (OUTSIDE6, one.address6)):
                reachable(stage, one.netns, stage.outside, to)
                reachable(stage, stage.outside, one.netns, own)
            pair, counts = moved.since()
            check_moved(counts, mode, tx=2 * DATAGRAMS, rx=2 * DATAGRAMS, what=f"active {active}")
            check_equal(
                pair[f"tx_{'standby' if active == 'primary' else 'primary'}_packets"], 0,
                f"sent over the other wire, active {active}",
            )
            check(
                pair[f"tx_{active}_packets"] >= 2 * DATAGRAMS
                and pair[f"rx_{active}_packets"] >= 2 * DATAGRAMS,
                f"the pair does not count what a port sends and gets, active {active}: {pair}",
            )


@by_each_driver
def ping_of_all_sizes(stage, mode):
    with Container(stage, mode=mode) as one:
        for to in (OUTSIDE, OUTSIDE6, GUEST, GUEST6):
            for size in (0, 18, 1000, 1452, 3000):  # the last one in fragments
                text = one.netns.run(f"ping -n -q -c 3 -i 0.05 -W 2 -s {size} {to} || true")
                check(
                    " 0% packet loss" in text and "duplicates" not in text,
                    f"ping of {size} bytes to {to}: {text}",
                )


@by_each_driver
def port_to_port(stage, mode):
    """By themselves: nothing of it is seen on a wire."""
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        wires = [stage.capture(stage.outside, wire) for wire in ("st1", "pr1")]
        for active in each_used_alone(stage):
            moved = Moved(one, two)
            for source, target in ((one, two), (two, one)):
                reachable(stage, source.netns, target.netns, target.address)
                reachable(stage, source.netns, target.netns, target.address6)
            _, of_one, of_two = moved.since()
            for counts in (of_one, of_two):
                check_moved(
                    counts, mode, tx=2 * DATAGRAMS, rx=2 * DATAGRAMS, what=f"active {active}"
                )
        macs = {bytes.fromhex(one.mac.replace(":", "")), bytes.fromhex(two.mac.replace(":", ""))}
        unicast = [
            data.hex()
            for wire in wires
            for data in wire.frames(outgoing=False)
            if {data[:6], data[6:12]} == macs
        ]
        check_equal(unicast, [], "frames between the containers on the wires")


@by_each_driver
def port_and_host(stage, mode):
    with Container(stage, mode=mode) as one:
        wires = [stage.capture(stage.outside, wire) for wire in ("st1", "pr1")]
        for active in each_used_alone(stage):
            for to, own in ((GUEST, one.address), (GUEST6, one.address6)):
                reachable(stage, one.netns, stage.guest, to)
                reachable(stage, stage.guest, one.netns, own)
            reachable(stage)
            reachable(stage, stage.outside, stage.guest, GUEST)
        both = {bytes.fromhex(one.mac.replace(":", "")), bytes.fromhex(MAC.replace(":", ""))}
        unicast = [
            data.hex()
            for wire in wires
            for data in wire.frames(outgoing=False)
            if {data[:6], data[6:12]} == both
        ]
        check_equal(unicast, [], "frames between container and host on the wires")


@by_each_driver
def tcp_both_ways(stage, mode):
    """With every offload that the devices have, as a container comes."""
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        for netns in (one.netns, two.netns):
            netns.run("ethtool -K ct0 tx on tso on gso on >/dev/null")
        stage.outside.run("ethtool -K br0 tx on >/dev/null")
        for active in each_used_alone(stage):
            for to, own in ((OUTSIDE, one.address), (OUTSIDE6, one.address6)):
                transfer(one.netns, stage.outside, to)
                transfer(stage.outside, one.netns, own)
            transfer(one.netns, two.netns, two.address)
            transfer(one.netns, stage.guest, GUEST)
            transfer(stage.guest, one.netns, one.address6)


@by_each_driver
def jumbo_frames(stage, mode):
    stage.guest.run("ip link set st0 mtu 9000")
    stage.outside.run("for device in st1 pr1 br0; do ip link set $device mtu 9000; done")
    wait("the primary's MTU", lambda: devices(stage)["pr0"].mtu == 9000)
    stage.wait_active("primary")
    with Container(stage, settings=None, mode=mode) as one, Container(
        stage, 2, settings=None, mode=mode
    ) as two:
        for container in (one, two):
            stage.guest.run(f"ip link set {container.port} mtu 9000")
            container.netns.run("ip link set ct0 mtu 9000")
            container.join()
            check_drivers(container, mode)
        for active in each_used_alone(stage):
            wait_quiet(stage)
            for source, target, to in (
                (one.netns, stage.outside, OUTSIDE),
                (stage.outside, one.netns, one.address),
                (one.netns, two.netns, two.address),
                (one.netns, stage.guest, GUEST),
            ):
                moved = Moved(one)
                flow = Flow(source, target, to, 200, size=8900)
                wait("some datagrams", lambda: len(flow.times) > DATAGRAMS)
                check_equal(
                    (flow.stop().lost(), flow.copies, flow.refused), (0, 0, 0),
                    f"(lost, doubled, refused) of 8900 bytes to {to}, active {active}",
                )
                _, counts = moved.since()
                if to in (OUTSIDE, two.address):
                    check_moved(counts, mode, tx=DATAGRAMS, what=f"8900 bytes to {to}")
                elif to == one.address:
                    check_moved(counts, mode, rx=DATAGRAMS, what="8900 bytes to the container")
                check(
                    counts["tx_bytes"] + counts["rx_bytes"] > DATAGRAMS * 8900, f"bytes: {counts}"
                )


@by_each_driver
def silent_container_is_found_by_ipv6(stage, mode):
    """A solicitation goes to a group that the host itself is no member of: the pair has to receive
    all multicast.
    """
    with Container(stage, mode=mode) as one:
        for active in each_used_alone(stage):
            for device in ("st0", "pr0"):
                wait(f"{device} to receive all multicast", lambda: receives(stage, device)[1])
            stage.outside.run("ip -6 neigh flush dev br0")
            reachable(stage, stage.outside, one.netns, one.address6)


@case
@quick
def receive_lists(stage):
    """The ports' MACs and all multicast, at both devices; taken back one by one."""
    before = {device: receives(stage, device) for device in ("st0", "pr0")}
    with Container(stage) as one, Container(stage, 2) as two:
        for container, macs in ((None, {one.mac, two.mac}), (one, {two.mac}), (two, set())):
            if container:
                container.leave()
            for device in ("st0", "pr0"):
                wait(
                    f"{device} to receive {sorted(macs)}",
                    lambda: receives(stage, device)[0] == before[device][0] | macs,
                )
                wait(
                    f"all multicast at {device}: {bool(macs)}",
                    lambda: receives(stage, device)[1] == bool(macs),
                )


@case
@quick
def receive_lists_of_others_stay(stage):
    """The MAC, and all multicast, were set before."""
    with Container(stage, settings=None) as one:
        stage.guest.run(f"bridge fdb add {one.mac} dev st0; ip link set st0 allmulticast on")
        wait(
            "them at the primary",
            lambda: one.mac in receives(stage, "pr0")[0] and receives(stage, "pr0")[1],
        )
        one.join()
        reachable(stage, stage.outside, one.netns, one.address)
        one.leave()
        time.sleep(0.3)
        for device in ("st0", "pr0"):
            macs, all_multicast = receives(stage, device)
            check(
                one.mac in macs and all_multicast,
                f"{device} receives {macs}, all multicast: {all_multicast}",
            )


@by_each_driver
def passthrough(stage, mode):
    """The container has the pair's MAC and its address."""
    stage.guest.run("ip address flush dev st0")
    with Container(stage, settings=("--passthrough",), mac=MAC, mode=mode) as one:
        one.netns.run(
            f"ip address add {GUEST}/24 dev ct0; ip address add {GUEST6}/64 dev ct0 nodad"
        )
        check_equal(
            (one.status["passthrough"], one.status["mac"]), (True, MAC), "(passthrough, MAC)"
        )
        check_drivers(one, mode)
        for active in each_used_alone(stage):
            wait_quiet(stage, one.netns)
            moved = Moved(one)
            for to, own in ((OUTSIDE, GUEST), (OUTSIDE6, GUEST6)):
                reachable(stage, one.netns, stage.outside, to)
                reachable(stage, stage.outside, one.netns, own)
            check_moved(
                moved.since()[1], mode, tx=2 * DATAGRAMS, rx=2 * DATAGRAMS, what=f"active {active}"
            )


@by_each_driver
def passthrough_beside_a_port(stage, mode):
    stage.guest.run("ip address flush dev st0")
    with Container(stage, settings=("--passthrough",), mac=MAC, mode=mode) as face, Container(
        stage, 2, mode=mode
    ) as two:
        face.netns.run(
            f"ip address add {GUEST}/24 dev ct0; ip address add {GUEST6}/64 dev ct0 nodad"
        )
        for active in each_used_alone(stage):
            for source, target, to in (
                (face.netns, stage.outside, OUTSIDE),
                (stage.outside, face.netns, GUEST),
                (two.netns, stage.outside, OUTSIDE6),
                (stage.outside, two.netns, two.address),
                (face.netns, two.netns, two.address),
                (two.netns, face.netns, GUEST6),
            ):
                reachable(stage, source, target, to)


@case
def uplinks_that_take_no_xdp_frames(stage):
    """The other ends of the wires have no GRO: a port that XDP serves sends by tc there, and loses
    nothing.
    """
    with Container(stage) as one, Container(stage, 2) as two:
        for active in each_used_alone(stage):
            reachable(stage, one.netns, stage.outside, OUTSIDE)
            reachable(stage, stage.outside, one.netns, one.address)
            reachable(stage, one.netns, two.netns, two.address6)
        text = {one.port: (one.status["takes_by"], one.status["delivers_by"], one.status["why"])}
        note(f"{text}, xdp {stage.pair()['xdp']}")


def direct_receive(stage, mode):
    """What is for a port does not go up the primary's own stack."""
    path = stage.directory / "vfsteer.conf"
    path.write_text("[agent]\nrx = direct\n")
    stage.guest.run(
        "for name in all st0 default; do echo 0 >/proc/sys/net/ipv4/conf/$name/rp_filter; done"
    )
    stage.start("st0=pr0", options=("--config", str(path)))
    stage.wait_active("primary")
    prepare(stage, mode)
    with Container(stage, mode=mode) as one:
        check_equal(stage.pair()["rx"], "direct", "rx")
        for active in each_used_alone(stage):
            for to, own in ((OUTSIDE, one.address), (OUTSIDE6, one.address6)):
                reachable(stage, one.netns, stage.outside, to)
                reachable(stage, stage.outside, one.netns, own)
                transfer(stage.outside, one.netns, own, 4 << 20)
            reachable(stage)
            reachable(stage, stage.outside, stage.guest, GUEST)
            transfer(stage.outside, stage.guest, GUEST, 4 << 20)
            reachable(stage, one.netns, stage.guest, GUEST)


@case(agent=False)
def direct_receive_native(stage):
    direct_receive(stage, "native")


@case(agent=False)
def direct_receive_tc(stage):
    direct_receive(stage, "tc")


@case
def status_tells(stage):
    """In JSON and in words; every counter."""
    with Container(stage) as one, Container(stage, 2, settings=("--no-xdp",)) as two:
        for container in (one, two):
            status = container.status
            check_equal(
                {
                    name: status[name]
                    for name in ("name", "mac", "passthrough", "configured", "present")
                },
                {
                    "name": container.port,
                    "mac": container.mac,
                    "passthrough": False,
                    "configured": False,
                    "present": True,
                },
                "status",
            )
            check_equal(sorted(status["counters"]), sorted(COUNTERS), "counters")
            check(isinstance(status["why"], str), f"why: {status['why']!r}")
        check_equal(
            (two.status["takes_by"], two.status["delivers_by"]), ("tc", "tc"),
            "drivers with --no-xdp",
        )
        check(two.status["why"], "status does not say why a port goes by tc")
        xdp = stage.pair()["xdp"]
        check({xdp["standby"], xdp["primary"]} <= {"native", "tc", "none"}, f"xdp: {xdp}")
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        text = stage.succeed("status")
        for word in (one.port, one.mac, two.port, two.mac, one.status["takes_by"]):
            check(word in text, f"{word} is not in the status: {text}")
        check("XDP" in text or "xdp" in text, f"the status does not name XDP: {text}")


main()
