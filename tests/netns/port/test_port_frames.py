#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Frame by frame: who receives what a port, its host, and the network send, how often and with
which tags.
"""

import fcntl
import os
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from packets import tagged, wire_capture  # noqa: E402
from ports import (  # noqa: E402
    VLAN_ID, Container, Moved, by_each_driver, check_moved, ports, prepare, wait_quiet,
)
from rig import (  # noqa: E402
    BROADCAST, ETH_P_TEST, MAC, case, check, check_equal, each_active, frame, inject, main, note,
    reachable, wait,
)

OTHER, STRANGER, LLDP = "02:00:00:00:00:aa", "02:00:00:00:00:77", "01:80:c2:00:00:0e"
GROUPS = {
    "broadcast": BROADCAST,
    "IPv4 multicast": "01:00:5e:01:02:03",
    "IPv6 multicast": "33:33:00:00:00:01",
}
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 0x2, 0x1000


def settle():
    time.sleep(0.1)


@by_each_driver
def group_frames_once(stage, mode):
    """From each to all: the host, both containers, and the outside, and none receives its own."""
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        places = {
            "host": (stage.guest, "st0", MAC),
            "one": (one.netns, "ct0", one.mac),
            "two": (two.netns, "ct0", two.mac),
            "outside": (stage.outside, "br0", OTHER),
        }
        heard = {
            name: stage.capture(netns, device, ETH_P_TEST)
            for name, (netns, device, _) in places.items()
        }
        for active in each_active(stage):
            for source, (netns, device, mac) in places.items():
                for kind, group in GROUPS.items():
                    data = frame(group, mac, payload=f"{active} {source} {kind}".encode())
                    inject(netns, device, data)
                    others = [name for name in places if name != source]
                    wait(
                        f"{kind} from {source} everywhere, active {active}",
                        lambda: all(heard[name].count(data, outgoing=False) for name in others),
                    )
                    settle()
                    check_equal(
                        {name: heard[name].count(data, outgoing=False) for name in places},
                        {name: int(name != source) for name in places},
                        f"times received: {kind} from {source}, active {active}",
                    )


@by_each_driver
def inactive_wire(stage, mode):
    """Open for unicast to a port and for group frames, and what comes by both wires comes once."""
    with Container(stage, mode=mode) as one:
        heard = one.capture(ETH_P_TEST)
        for active, wire in zip(each_active(stage), ("st1", "pr1")):
            for number, (to, wanted) in enumerate(
                ((one.mac, 1), (BROADCAST, 1), ("01:00:5e:01:02:03", 1), (MAC, 0), (STRANGER, 0))
            ):
                data = frame(to, OTHER, payload=f"{active} {number}".encode())
                inject(stage.outside, wire, data)
                settle()
                check_equal(
                    heard.count(data), wanted,
                    f"times the container got a frame to {to} on {wire}, active {active}",
                )
            before = stage.counter("drop_twin_packets")
            for to in (one.mac, BROADCAST, "01:00:5e:01:02:03"):
                data = frame(to, OTHER, payload=f"{active} twice".encode())
                for each in ("st1", "pr1"):
                    inject(stage.outside, each, data)
                settle()
                check_equal(
                    heard.count(data), 1,
                    f"times the container got a frame to {to} that came by both wires, active {active}",
                )
            check(stage.counter("drop_twin_packets") >= before + 3, "the twins were not counted")


@by_each_driver
def own_echo_is_dropped(stage, mode):
    """What the network sends back, on the active wire: neither the port, nor another one, nor the
    host receives it.
    """
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        heard = [
            one.capture(ETH_P_TEST),
            two.capture(ETH_P_TEST),
            stage.capture(stage.guest, "st0", ETH_P_TEST),
        ]
        for active, wire in zip(each_active(stage), ("pr1", "st1")):
            moved = Moved(one)
            for group in GROUPS.values():
                inject(stage.outside, wire, frame(group, one.mac, payload=active.encode()))
            wait("the echoes to be counted", lambda: moved.since()[1]["drop_own_echo_packets"] == 3)
        settle()
        check_equal(
            [len(capture.frames()) for capture in heard], [0, 0, 0],
            "echoes received by (one, two, the host)",
        )


@by_each_driver
def link_local_stays(stage, mode):
    """802.1D's own are between a port and the guest, who does not answer."""
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        captures = [
            two.capture(ETH_P_TEST),
            *(stage.capture(stage.outside, wire) for wire in ("st1", "pr1")),
        ]
        inject(one.netns, "ct0", frame(LLDP, one.mac, payload=b"lldp"))
        wait("it to be counted", lambda: one.counter("drop_link_local_packets") == 1)
        inject(stage.outside, "pr1", frame(LLDP, OTHER, payload=b"lldp"))
        settle()
        check_equal(
            [
                capture.count(frame(LLDP, one.mac, payload=b"lldp"), outgoing=False)
                for capture in captures
            ],
            [0, 0, 0],
            "received by (another port, st1, pr1)",
        )
        check_equal(captures[0].frames(), [], "the network's, received by a port")


@by_each_driver
def vlan_tags_are_kept(stage, mode):
    """One tag or two, to the outside and from it, between ports, unicast and to all."""
    with Container(stage, mode=mode) as one, Container(stage, 2, mode=mode) as two:
        places = {
            "one": (one.netns, "ct0", one.mac),
            "two": (two.netns, "ct0", two.mac),
            "primary": (stage.outside, "pr1", OTHER),
        }
        heard = {
            name: wire_capture(stage, netns, device) for name, (netns, device, _) in places.items()
        }
        wait_quiet(stage)
        moved = Moved(one)
        for tags in (((0x8100, VLAN_ID),), ((0x8100, 0x6064),), ((0x88a8, 5), (0x8100, VLAN_ID))):
            for source, to, mac, targets in (
                ("one", STRANGER, one.mac, ["primary"]),
                ("one", two.mac, one.mac, ["two"]),
                ("one", BROADCAST, one.mac, ["primary", "two"]),
                ("primary", one.mac, OTHER, ["one"]),
                ("primary", BROADCAST, OTHER, ["one", "two"]),
            ):
                data = tagged(frame(to, mac, payload=f"{tags} {source} {to}".encode()), *tags)
                netns, device, _ = places[source]
                inject(netns, device, data)
                wait(
                    f"{tags} from {source} to {to} at {targets}",
                    lambda: all(heard[name].count(data, outgoing=False) for name in targets),
                )
                settle()
                check_equal(
                    [
                        name
                        for name in places
                        for _ in range(heard[name].count(data, outgoing=False))
                    ],
                    sorted(targets, key=list(places).index),
                    f"where {tags} from {source} to {to} was received",
                )
        _, counts = moved.since()
        check_moved(counts, mode, tx=6, rx=3, what="tagged")


@by_each_driver
def passthrough_hears_all(stage, mode):
    """All that comes is the container's; the host receives nothing. Behind it are stations of any
    MAC.
    """
    with Container(stage, settings=("--passthrough",), mac=MAC, mode=mode) as one:
        host, heard = stage.capture(stage.guest, "st0", ETH_P_TEST), one.capture(ETH_P_TEST)
        for active in each_active(stage):
            for wire in ("st1", "pr1"):
                for to in (MAC, STRANGER, BROADCAST):
                    data = frame(to, OTHER, payload=f"{active} {wire}".encode())
                    inject(stage.outside, wire, data)
                    settle()
                    check_equal(
                        heard.count(data), 1,
                        f"times the container got a frame to {to} on {wire}, active {active}",
                    )
            wire = stage.capture(stage.outside, {"primary": "pr1", "standby": "st1"}[active])
            for source in (MAC, "02:00:00:00:00:55"):
                for to in (STRANGER, BROADCAST):
                    data = frame(to, source, payload=b"from behind")
                    inject(one.netns, "ct0", data)
                    wait(
                        f"a frame from {source} to {to} on the wire, active {active}",
                        lambda: wire.count(data, outgoing=False) == 1,
                    )
        settle()
        check_equal(host.frames(), [], "what the host received")


@case
def tap_of_a_nested_machine(stage):
    """A program is the other end: its MAC has to be given."""
    prepare(stage, "native")
    mac = "02:76:66:00:01:33"
    stage.guest.run("ip tuntap add tap0 mode tap; ip link set tap0 up")

    def open_tap():
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", b"tap0", IFF_TAP | IFF_NO_PI))
        return tap
    tap = stage.guest.inside(open_tap)
    stage.succeed("port", "add", "tap0", "--pair", "st0", "--mac", mac)
    note(
        f"tap0: {ports(stage)['tap0']['takes_by']}, {ports(stage)['tap0']['delivers_by']}: {ports(stage)['tap0']['why']}"
    )
    seen = set()

    def heard(data):
        try:
            while True:
                seen.add(os.read(tap, 2048))
        except BlockingIOError:
            return data in seen
    for active, wire in zip(each_active(stage), ("pr1", "st1")):
        capture = stage.capture(stage.outside, wire)
        for to in (STRANGER, BROADCAST):
            data = frame(to, mac, payload=active.encode())
            os.write(tap, data)
            wait(
                f"the machine's frame to {to} on {wire}",
                lambda: capture.count(data, outgoing=False) == 1,
            )
        for to in (mac, BROADCAST):
            data = frame(to, OTHER, payload=active.encode())
            inject(stage.outside, wire, data)
            wait(f"a frame to {to} in the machine", lambda: heard(data))
        data = frame(mac, MAC, payload=active.encode())
        inject(stage.guest, "st0", data)
        wait("the host's frame in the machine", lambda: heard(data))
    os.close(tap)


@case(pairs=2)
def ports_of_two_pairs(stage):
    """A port is its own pair's only: to the other pair's it is a station of the network, and their
    switches are not its own.
    """
    prepare(stage, "native")
    with Container(stage) as one, Container(stage, 2, settings=None) as two:
        two.join(pair="st10")
        check_equal(
            (sorted(ports(stage)), sorted(ports(stage, 1))), ([one.port], [two.port]),
            "ports of (st0, st10)",
        )
        stage.succeed("switch", "st10", "standby")
        wires = {
            wire: stage.capture(stage.outside, wire) for wire in ("pr1", "pr11", "st1", "st11")
        }
        for container, wire in ((one, "pr1"), (two, "st11")):
            data = frame(STRANGER, container.mac)
            inject(container.netns, "ct0", data)
            wait(
                f"{container.port}'s frame on {wire}",
                lambda: wires[wire].count(data, outgoing=False),
            )
            settle()
            check_equal(
                [
                    name
                    for name, capture in wires.items()
                    for _ in range(capture.count(data, outgoing=False))
                ],
                [wire],
                "where it was seen",
            )
        reachable(stage, one.netns, two.netns, two.address)
        reachable(stage, two.netns, one.netns, one.address)
        check_equal(
            (stage.pair(0)["active"], stage.pair(1)["active"]), ("primary", "standby"), "active"
        )


main()
