#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Forwarded traffic: a container on a port of the pair, while the VF goes and comes back. A second
virtio-net is a VF whose driver knows XDP.
"""

import contextlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from stage import case, check, check_equal, figures, main  # noqa: E402
from tools.rig.lab import Pair  # noqa: E402

# The agent is started by ready(): a virtio-net as VF has to be named.
GUESTS = {
    f"{kernel}-{model.partition('-')[0]}": {
        "kernel": kernel,
        "vf_model": model,
        "agent": False,
        "vf": False,
    }
    for kernel, model in (
        ("6.12", "virtio-net-pci"),
        ("6.12", "e1000e"),
        ("6.1", "virtio-net-pci"),
        ("5.10", "e1000e"),
        ("sid", "virtio-net-pci"),
    )
}
# Of 6.12-virtio normal takes all but these; the others differ in drivers, which their first case
# shows. A pair of the kernel's net_failover: its master is given the receive lists and the
# promiscuity, the two below must have them too.
GUESTS["6.12-net_failover"] = {"kernel": "6.12", "failover": True, "agent": False, "vf": False}
LATER = [
    ("full", "6.12-virtio/passthrough", "netns port-frames (passthrough)"),
    ("full", "6.12-virtio/without-agent", "netns port-crashes; port-failover killed-agent"),
    (
        "full",
        "6.12-virtio/driver-unbind-and-bind",
        "6.12-virtio/unplug-and-plug; hotplug 6.12-acpi/driver-unbind-and-bind",
    ),
    ("full", "6.12-virtio/others-above-the-owner", "netns neighbours (bridge, macvlan)"),
    ("full", "6.12-virtio/unload-with-a-port", "6.12-virtio/nothing-is-left; netns port-crashes"),
    *(
        ("full", f"{guest}/*", "the same case on 6.12-virtio; netns port-failover by tc")
        for guest in GUESTS
        if guest != "6.12-virtio"
    ),
]
VF = "eth1"  # the kernel's name for the second device
PORT, NETNS, MAC = "port0", "container", "52:54:00:77:c0:01"
# by its path: after exec busybox takes its own, which knows no namespaces
INSIDE = f"/usr/sbin/ip netns exec {NETNS}"
SHARED, PASSTHROUGH = f"--mac {MAC}", "--passthrough"
ANNOUNCED = 10  # packets a silent container may miss: 5 ms at 2,000 a second
SOME = 1000  # packets that show a way was taken: a slow machine sends fewer than it is asked to
RESTART_RATE = 500  # loading programs is slow under emulation, the slower the more traffic there is


class PortPair(Pair):
    """The container's addresses on the network of pair `index`."""

    guest_v4 = property(lambda self: f"10.77.{self.index}.3")
    guest_v6 = property(lambda self: f"fd77:0:0:{self.index}::3")
    station_mac = property(lambda self: self._station_mac)

    def __init__(self, index, station_mac):
        super().__init__(index)
        self._station_mac = station_mac


@contextlib.contextmanager
def container(guest, settings=SHARED):
    """A namespace in the guest whose only device is the other end of the port; what is measured
    within goes to it.
    """
    pair = guest.lab.pairs[0]
    inner = PortPair(0, MAC if settings == SHARED else pair.mac)
    # Its frames carry whole checksums, as those of a forwarder do: XDP is given no others. GRO,
    # which makes its end take XDP frames, is vfsteer's part.
    guest.check(f"""
        ip netns add {NETNS}
        ip link add {PORT} txqueuelen 10000 type veth peer name eth0 address {inner.station_mac} netns {NETNS}
        ip link set {PORT} up
        {INSIDE} sysctl -q -w net.ipv6.conf.eth0.accept_dad=0
        {INSIDE} ethtool -K eth0 tx off >/dev/null 2>&1
        {INSIDE} ip address add {inner.guest_v4}/24 dev eth0
        {INSIDE} ip address add {inner.guest_v6}/64 dev eth0 nodad
        {INSIDE} ip link set eth0 txqueuelen 10000 up
        vfsteer port add {PORT} --pair {guest.lab.netdev('sb')} {settings}""")
    guest.lab.pairs[0] = inner
    try:
        guest.lab.vm.wait_for(f"{INSIDE} ping -c1 -W1 {inner.peer_v4}", 10)
        yield
    finally:
        guest.lab.pairs[0] = pair
        # The permanent neighbour entries of a silent container's peer (quiet_peer) need not hold
        # for the next container.
        guest.lab.peer.run(
            f"for to in {inner.guest_v4} {inner.guest_v6}; do ip neighbour del $to dev peer0 2>/dev/null || true; done"
        )
        guest.run(f"vfsteer port del {PORT}; ip link delete {PORT}; ip netns delete {NETNS}")


def start(guest):
    """The agent, with a virtio-net as VF named to it, which otherwise would be a standby of its
    own.
    """
    guest.start_agent(
        *(
            ["--pair", f"{guest.lab.netdev('sb')}={VF}"]
            if guest.lab.vf_model.startswith("virtio")
            else []
        )
    )


def ready(guest):
    if not guest.agent or not guest.agent.running():
        start(guest)
    if not guest.lab.netdev("vf"):
        guest.lab.plug_vf()
    guest.wait_active("primary")


def port(guest):
    """What status shows of the port."""
    return next(one for one in guest.pair()["ports"] if one["name"] == PORT)


def drivers(guest):
    one = port(guest)
    return one["takes_by"], one["delivers_by"]


def forwarded(guest, event, again, what, **how):
    """At half the usual rate, and sooner taken for overloaded: a veth has room for 256 XDP frames,
    no queue, and on a machine with other work an emulated container stands still for 100 ms at
    times.
    """
    return guest.survive(
        event, again, what, inside=INSIDE, **{"rate": 1000, "overloaded_ms": 20, **how}
    )


def plugged(guest):
    guest.lab.plug_vf()
    guest.wait_active("primary")


def unplugged(guest):
    guest.lab.unplug_vf()
    guest.wait_active("standby")


@case()
def unplug_and_plug(guest):
    """By the drivers that there are, and each kind of packet counted where it went."""
    ready(guest)
    with container(guest):
        takes_by, delivers_by = drivers(guest)
        text = forwarded(guest, guest.lab.unplug_vf, lambda: plugged(guest), "unplug")
        guest.wait_active("standby")
        text += ", " + forwarded(guest, guest.lab.plug_vf, lambda: unplugged(guest), "plug")
        guest.wait_active("primary")
        counts = port(guest)["counters"]
        for way, driver in (("tx", takes_by), ("rx", delivers_by)):
            check(counts[f"{way}_packets"] > SOME, f"{way}: {counts}")
            check_equal(
                counts[f"{way}_native_packets"] > SOME, driver == "native",
                f"{way} by XDP, with driver {driver}: {counts}",
            )
    return f"{text}, takes by {takes_by}, delivers by {delivers_by}"


@case()
def drivers_of_this_guest(guest):
    """XDP in the driver where it has it and the kernel says so; tc elsewhere."""
    ready(guest)
    with container(guest):
        one, xdp = port(guest), guest.pair()["xdp"]
        if guest.name.startswith(("6.12", "sid")):
            check_equal(drivers(guest), ("native", "native"), f"drivers ({one['why']})")
            check_equal(xdp["standby"], "native", "the standby's")
        check_equal(
            xdp["primary"],
            "native" if guest.name.startswith(("6.12-virtio", "sid-virtio")) else xdp["primary"],
            "the primary's",
        )
        if not guest.lab.vf_model.startswith("virtio"):
            check_equal(xdp["primary"], "tc", "the primary's, whose driver has no XDP")
    return f"port {one['takes_by']}/{one['delivers_by']} ({one['why']}), standby {xdp['standby']}, primary {xdp['primary']}"


@case("6.12-*", "5.10-*")
def driver_unbind_and_bind(guest):
    ready(guest)
    virtio = guest.lab.vf_model.startswith("virtio")
    address = (
        guest.driver()[0]
        if not virtio
        else guest.check(f"basename $(dirname $(readlink -f /sys/class/net/{VF}/device))").strip()
    )
    driver = f"/sys/bus/pci/drivers/{'virtio-pci' if virtio else guest.lab.vf_model}"

    def unbind():
        guest.check(f"echo {address} >{driver}/unbind")

    def bind():
        guest.check(f"echo {address} >{driver}/bind")

    with container(guest):
        text = forwarded(guest, unbind, lambda: (bind(), guest.wait_active("primary")), "unbind")
        guest.wait_active("standby")
        text += ", " + forwarded(
            guest, bind, lambda: (unbind(), guest.wait_active("standby")), "bind"
        )
        guest.wait_active("primary")
    return text


@case("6.12-virtio", "6.1-*")
def without_agent(guest):
    """kill -9, an unplug that no agent sees, and an agent that finds port and pair again."""
    ready(guest)
    with container(guest):
        def again():
            ready(guest)
            guest.check(f"kill -9 {guest.agent.pid}")

        guest.check(f"kill -9 {guest.agent.pid}")
        text = forwarded(guest, guest.lab.unplug_vf, again, "unplug")
        before = drivers(guest)
        text += ", " + forwarded(guest, lambda: start(guest), None, "restart", rate=RESTART_RATE)
        check_equal(drivers(guest), before, "drivers after the restart")
        text += ", " + forwarded(guest, guest.lab.plug_vf, lambda: unplugged(guest), "plug")
        guest.wait_active("primary")
    return text


@case("6.12-virtio")
def silent_container(guest):
    """It sends nothing: the announcement of a switch has its MAC, and the address it was seen with.
    """
    ready(guest)
    texts = []
    with container(guest):
        for what, event, path in (
            ("unplug", guest.lab.unplug_vf, "standby"),
            ("plug", guest.lab.plug_vf, "primary"),
        ):
            result = guest.measure(event, ways=("in",), inside=INSIDE)
            guest.wait_active(path)
            texts.append(f"{what} {figures(result)}")
            check(result["in"]["lost"] <= ANNOUNCED, texts[-1])
            check_equal(result["in"]["duplicates"], 0, "duplicates")
    return ", ".join(texts)


@case("6.12-virtio", "6.12-net_failover")
def passthrough(guest):
    """The container has the pair's own MAC, and all that comes is its own."""
    ready(guest)
    with container(guest, PASSTHROUGH):
        text = forwarded(guest, guest.lab.unplug_vf, lambda: plugged(guest), "unplug")
        guest.wait_active("standby")
        text += ", " + forwarded(guest, guest.lab.plug_vf, lambda: unplugged(guest), "plug")
        guest.wait_active("primary")
    return text


# What the owner carries of others: a container's macvlan, and a bridge with the owner as its port
# and the container at a veth.
OTHERS = {
    # eth0 is there already, in the namespace in which the kernel looks for the name.
    "macvlan": f"""ip link add link OWNER name macvlan0 address {MAC} netns {NETNS} \\
        type macvlan mode bridge
        {INSIDE} ip link set macvlan0 name eth0""",
    "bridge": f"""ip link add br9 type bridge
        ip link add {PORT} txqueuelen 10000 type veth peer name eth0 address {MAC} netns {NETNS}
        ip link set {PORT} master br9 up
        ip link set OWNER master br9
        ip link set br9 up""",
}


@contextlib.contextmanager
def other_container(guest, kind):
    """A namespace on the owner by other means than a port of ours. The bridge takes the owner's
    addresses out of use: nothing but the container is asked.
    """
    pair, inner = guest.lab.pairs[0], PortPair(0, MAC)
    guest.check(f"""
        ip netns add {NETNS}
        {OTHERS[kind].replace("OWNER", guest.lab.main())}
        {INSIDE} sysctl -q -w net.ipv6.conf.eth0.accept_dad=0
        {INSIDE} ip address add {inner.guest_v4}/24 dev eth0
        {INSIDE} ip address add {inner.guest_v6}/64 dev eth0 nodad
        {INSIDE} ip link set eth0 txqueuelen 10000 up""")
    guest.lab.pairs[0] = inner
    try:
        guest.lab.vm.wait_for(f"{INSIDE} ping -c1 -W1 {inner.peer_v4}", 10)
        yield
    finally:
        guest.lab.pairs[0] = pair
        guest.lab.peer.run(
            f"for to in {inner.guest_v4} {inner.guest_v6}; do ip neighbour del $to dev peer0 2>/dev/null || true; done"
        )
        guest.run(
            f"ip netns delete {NETNS}; ip link delete br9 2>/dev/null; ip link delete {PORT} 2>/dev/null"
        )


@case("6.12-virtio", "6.12-net_failover")
def others_above_the_owner(guest):
    """A macvlan and a bridge: their stations are reached over either wire."""
    ready(guest)
    texts = []
    for kind in OTHERS:
        with other_container(guest, kind):
            texts.append(
                forwarded(guest, guest.lab.unplug_vf, lambda: plugged(guest), f"{kind}: unplug")
            )
            guest.wait_active("standby")
            texts.append(forwarded(guest, guest.lab.plug_vf, lambda: unplugged(guest), "plug"))
            guest.wait_active("primary")
    return ", ".join(texts)


def looked_at(guest):
    """The guest's command that shows what a port changes of the pair's devices."""
    devices = dict.fromkeys([guest.lab.main(), guest.lab.netdev("sb"), guest.lab.netdev("vf")])
    return "; ".join(
        f"ip -d link show {device}; bridge fdb show dev {device}" for device in devices
    )


@case("6.12-virtio", "5.10-*", "6.12-net_failover")
def nothing_is_left(guest):
    """After the last port is gone: no program, link, map or address of one, and the devices as
    before.
    """
    ready(guest)
    look = looked_at(guest) + "; ls /sys/fs/bpf/vfsteer; tc qdisc show"
    before = guest.check(look)
    with container(guest):
        check(guest.check(look) != before, "a port changes nothing that is looked at here")
    left = json.loads(guest.check("bpftool -j prog show"))
    names = sorted(
        {
            one["name"]
            for one in left
            if one.get("name", "").startswith(("port_", "ports_", "uplink_"))
        }
    )
    check(not names, f"programs left: {names}")
    check_equal(
        guest.check("ls /sys/fs/bpf/vfsteer/links | grep -E 'port|uplink' || true"), "",
        "links left",
    )
    after = guest.check(look)
    check_equal(
        sorted(set(after.splitlines()) ^ set(before.splitlines())), [], "what is not as before"
    )


@case("6.12-virtio", "6.12-net_failover")
def unload_with_a_port(guest):
    """The port is there and no agent runs: unload takes all of it. The devices are as in a guest
    that never had vfsteer. The last case of its guest.
    """
    ready(guest)
    guest.check(
        f"kill {guest.agent.pid}; while kill -0 {guest.agent.pid} 2>/dev/null; do sleep 0.1; done; vfsteer unload"
    )
    owner = guest.lab.main()
    look = (
        looked_at(guest)
        + f"; tc qdisc show; tc filter show dev {owner} ingress; tc filter show dev {owner} egress"
    )
    before = guest.check(look)
    start(guest)
    guest.wait_active("primary")
    with container(guest):
        guest.check(
            f"kill {guest.agent.pid}; while kill -0 {guest.agent.pid} 2>/dev/null; do sleep 0.1; done; vfsteer unload"
        )
    after = guest.check(look)
    check_equal(
        sorted(set(after.splitlines()) ^ set(before.splitlines())), [], "what is not as before"
    )
    check_equal(guest.check("ls /sys/fs/bpf").strip(), "", "left under the bpf file system")
    # The kernel frees a program a moment after its last user.
    guest.lab.vm.wait_for(
        "! bpftool prog show | grep -E 'name (ports?|uplink|steer|standby|primary|owner|watch)_'"
    )


if __name__ == "__main__":
    main(GUESTS, later=LATER)
