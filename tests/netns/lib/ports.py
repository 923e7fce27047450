# SPDX-License-Identifier: GPL-2.0-only
"""Ports on the stage of rig.py: containers, as namespaces, whose only device is the other end of a
port.

    guest: po1, a port of st0's pair  |  container: ct0, with a MAC and addresses of its own
                                      |  on the outside's network

Traffic is native (XDP) where nothing of a frame lies beside its data: checksums are whole, and
whatever takes XDP frames has GRO on.
"""

import json
import os
import platform
import time

import bpf
from pins import Pins
from refusals import picture
from rig import GUEST, OUTSIDE, Skip, case, check, check_equal, reachable, wait
from rtnl import Rtnl
from tests import tables
from tools.rig.levels import copied, level_of, nightly
from tools.rig.netns import Netns

KERNEL = tuple(int(part) for part in platform.release().split(".")[:2])
MODES = ("native", "tc") if KERNEL >= (6, 3) else ("tc", "native")  # the best of this kernel first
COUNTERS = [row[0] for row in tables.rows("include/vfsteer_tables.h", "VFSTEER_PORT_COUNTERS")]
VLAN_ID = 7
# Frames that a veth's peer has taken, but not yet handed on, when the veth goes; and what the
# outside's bridge may still send to a port that is gone until the switch is announced, at 1000 a
# second.
IN_FLIGHT, INBOUND = 3, 100


def by_each_driver(function, modes=MODES):
    """Two cases: with XDP, and with tc alone: the better one in normal, the other at night. The
    case's second argument says which.
    """
    for number, mode in enumerate(modes):
        def run(stage, mode=mode):
            prepare(stage, mode)
            function(stage, mode)
        run.__name__ = f"{function.__name__}_{mode}"
        copied(function, run)
        if number and level_of(function) == "normal":
            nightly(
                f"{function.__name__}_{modes[0]}; bpf port (the programs of both)".replace("_", "-")
            )(run)
        case(run)
    return function


def by_best_driver(function):
    """As by_each_driver: what the agent does is the same, so that both are the nightly level's as
    well.
    """
    return by_each_driver(function)


def prepare(stage, mode):
    """The outside's ends of the wires do for XDP what a NIC does: they take its frames, and hand
    over whole checksums.
    """
    stage.outside.run("ethtool -K br0 tx off >/dev/null")
    if mode == "native":
        if KERNEL < (6, 3):
            raise Skip(
                "a veth's XDP frames show what lies beside them from Linux 6.3 on: before that all go by tc"
            )
        stage.outside.run(
            "for wire in st1 pr1; do [ ! -e /sys/class/net/$wire ] || ethtool -K $wire gro on; done"
        )


def settings_of(mode):
    return ("--no-xdp",) if mode == "tc" else ()


def wait_quiet(stage, target=None, to=GUEST):
    """Until unicast on the active wire is no longer compared, as the first to come a second after a
    switchover finds: meanwhile XDP leaves ports' frames to tc.
    """
    time.sleep(1.2)
    reachable(stage, stage.outside, target or stage.guest, to)


def add_primary(stage, number=0, prepare=lambda: None):
    """As Stage.add_primary, but the wire takes XDP frames from the beginning, as a NIC does.
    @prepare: called with the device there as new0.
    """
    _, primary = stage.names(number)
    outer = primary[:-1] + "1"
    stage.index += 1
    stage.guest.run(
        f"ip link add new0 index {stage.index} address {stage.mac(number)} type veth peer {outer} netns {stage.outside.name}"
    )
    stage.outside.run(f"ethtool -K {outer} gro on; ip link set {outer} master br0 up")
    prepare()
    stage.guest.run(f"ip link set new0 name {primary}")


class Container:
    """With a port unless @settings is None: then join() makes it one. @mac: of its device, if not
    one of its own.
    """

    def __init__(self, stage, number=1, settings=(), mac=None, mode="native", quiet=False):
        self.stage, self.number, self.mode = stage, number, mode
        self.port, self.mac = f"po{number}", mac or f"02:76:66:00:01:{number:02x}"
        self.address, self.address6 = f"10.77.0.{100 + number}", f"fd77::{100 + number}"
        self.netns = Netns(f"container{number}")
        # What it sends is what a case makes it send.
        self.netns.run("""
            echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra
            echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
            echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations""")
        self.plug()
        if settings is not None:
            self.join(*settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A namespace's devices go some time after it: the next case's would have their names.
        self.stage.guest.run(f"ip link delete {self.port} 2>/dev/null || :")
        self.netns.remove()

    def plug(self):
        """The veth, up, with the container's addresses."""
        self.stage.guest.run(f"""ip link add {self.port} type veth peer ct0 address {self.mac} netns {self.netns.name}
            ip link set {self.port} up""")
        self.netns.run(f"""
            ethtool -K ct0 tx off >/dev/null
            ip link set ct0 up
            ip address add {self.address}/24 dev ct0
            ip address add {self.address6}/64 dev ct0 nodad""")

    def unplug(self):
        self.stage.guest.run(f"ip link delete {self.port}")

    def join(self, *settings, pair="st0"):
        self._change("port", "add", self.port, "--pair", pair, *settings, *settings_of(self.mode))
        return self

    def leave(self):
        self._change("port", "del", self.port)

    def _change(self, *command):
        """As XDP comes to the pair's devices, or leaves them, its traffic is moved away from them
        for a moment.
        """
        before = [pair["active"] for pair in self.stage.status()["pairs"]]
        self.stage.succeed(*command)
        wait(
            "the pairs to be as before",
            lambda: [pair["active"] for pair in self.stage.status()["pairs"]] == before,
        )

    @property
    def status(self):
        """What status shows of the port; None: there is no such port."""
        return port(self.stage, self.port)

    def counter(self, name):
        return self.status["counters"][name]

    def capture(self, protocol):
        return self.stage.capture(self.netns, "ct0", protocol)


def ports(stage, number=0):
    """What status shows of a pair's ports, by name."""
    return {one["name"]: one for one in (stage.pair(number) or {}).get("ports", ())}


def port(stage, name):
    return ports(stage).get(name)


def listed(stage):
    """The names in `vfsteer port list`."""
    found = json.loads(stage.succeed("port", "list", "--json"))
    return sorted(one["name"] for one in (found["ports"] if isinstance(found, dict) else found))


def check_drivers(container, mode):
    one = container.status
    check_equal(
        (one["takes_by"], one["delivers_by"]), (mode, mode),
        f"(takes by, delivers by), {one['why']}",
    )


class Moved:
    """What the counters say of the traffic between two looks: Moved(…) … .since()."""

    def __init__(self, *containers):
        self.containers = containers
        self.before = self.look()

    def look(self):
        pair = self.containers[0].stage.pair()
        all_ports = {one["name"]: one["counters"] for one in pair["ports"]}
        return {
            "pair": pair["counters"],
            **{one.port: all_ports[one.port] for one in self.containers},
        }

    def since(self):
        """({the pair's}, {the first container's}, …)."""
        now = self.look()
        return tuple(
            {name: now[what][name] - value for name, value in self.before[what].items()}
            for what in self.before
        )


def check_moved(counts, mode, tx=0, rx=0, what=""):
    """At least so many packets each way, by XDP if that is the mode. The few that look for
    neighbours go by tc anyway.
    """
    check(
        counts["tx_packets"] >= tx and counts["rx_packets"] >= rx,
        lambda: f"{what}: fewer than {tx} sent, {rx} delivered: {counts}",
    )
    for name, least in (("tx_native_packets", tx), ("rx_native_packets", rx)):
        check(
            counts[name] >= least if mode == "native" else counts[name] == 0,
            lambda: f"{what}, by {mode}: {name} is {counts[name]}: {counts}",
        )


def devices(stage):
    """{name: rtnl.Device} of the guest."""
    link = Rtnl(stage.guest)
    try:
        return link.devices()
    finally:
        link.close()


def receives(stage, device):
    """(unicast and other addresses in a device's receive list, does it receive all multicast?)"""
    listed_there = {
        line.split()[0]
        for line in stage.guest.run(f"bridge fdb show dev {device}").splitlines()
        if "self" in line
    }
    return listed_there, "ALLMULTI" in stage.guest.run(f"ip link show {device}")


def programs(stage):
    """{id: name} of the programs at devices that use the pairs' map, or the ports'."""
    found = {}
    for name in ("pairs", "ports"):
        if (stage.pins / name).exists():
            map_fd = bpf.get(stage.pins / name)
            found |= bpf.programs_with(map_fd)
            os.close(map_fd)
    return {number: name for number, name in found.items() if name != "drops_kfree_skb"}


def each_used_alone(stage):
    """As each_active, with the primary set down for the standby's turn: one that is ready and not
    in use may bring twins, and XDP leaves the frames of the standby to tc then.
    """
    stage.wait_active("primary")
    yield "primary"
    stage.guest.run("ip link set pr0 down")
    stage.wait_active("standby")
    yield "standby"


def around(stage):
    pins = Pins(stage.pins)
    try:
        return bpf.around(pins.pairs)
    finally:
        pins.close()


def wait_present(container, present=True, timeout=5.0):
    wait(
        f"{container.port} {'present' if present else 'absent'}",
        lambda: (container.status or {}).get("present") is present, timeout,
    )
    return container.status


def wait_serving(container):
    """Present is what an agent finds; its programs come after."""
    wait(
        f"{container.port} to be served",
        lambda: (container.status or {}).get("present") and container.status["takes_by"] != "none",
    )
    return container.status


def works(stage, container, own=None):
    """To the outside and back, and the host's own traffic beside it. @own: the container's address.
    """
    reachable(stage, container.netns, stage.outside, OUTSIDE)
    reachable(stage, stage.outside, container.netns, own or container.address)
    reachable(stage)


def silent(container):
    """Nothing of the container arrives any more."""
    for to in (OUTSIDE, GUEST):
        text = container.netns.run(f"ping -n -q -c 2 -i 0.05 -W 0.3 {to} || true")
        check(" 100% packet loss" in text, f"a container without a port reaches {to}: {text}")


def everything(stage):
    """All that a port may change of a guest."""
    return picture(stage) | {
        f"XDP at {name}: {device.xdp}" for name, device in devices(stage).items()
    }


def until(condition):
    """A moment's patience; what is to be seen then says more than that it was too late."""
    end = time.monotonic() + 2
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
