# SPDX-License-Identifier: GPL-2.0-only
"""A container in a guest, on the network of the guest's pair: instructions of a packet, as
instructions.py counts them.

Both NICs are virtio-net, as a VF too, which therefore has native XDP. The container, a network
namespace in the guest, has the pair's addresses; how its frames get out is the contender's.
"""

import contextlib
import json
import time

from tools.benchmark import instructions
from tools.benchmark.contenders import HERE, MIIMON_MS, under_test
from tools.rig.lab import Lab
from tools.rig.places import BUILD
from tools.rig.programs import compiled

FIGURES = ("udp-rx", "udp-rx-burst", "udp-tx", "udp-tx-burst")
READY_TIMEOUT_S = 60
NATIVE_MIN = 0.9


class GuestError(Exception):
    pass


class Contained:
    """name: as in the results. nic: the lab's whose wire the frames take. Its start() leaves the
    container a device up, whose name it returns.
    """

    name, nic, lab = "", "vf0", {}

    def extra(self):
        return {}

    def start(self, lab):
        """Makes the container's device."""

    def check(self, lab):
        """After the packets: context for the figures; raises GuestError when they went another way
        than meant.
        """
        return {}

    @staticmethod
    def veth(lab):
        """p0, whose other end is the container's."""
        lab.vm.check(
            "ip link add p0 numtxqueues 1 numrxqueues 1 type veth peer name p1 numtxqueues 1 numrxqueues 1 netns container; ip link set p0 up; "
            "ip -n container link set p1 up"
        )
        return "p1"


class BareVf(Contained):
    """The VF itself in the container: nothing forwards."""

    name = "bare-vf"

    def start(self, lab):
        vf = lab.netdev("vf")
        lab.vm.check(f"ip link set {vf} netns container; ip -n container link set {vf} up")
        return vf


class Port(Contained):
    name = "vfsteer"

    def extra(self):
        return {"/sbin/vfsteer": under_test()[0]}

    def start(self, lab):
        standby, vf = lab.netdev("sb"), lab.netdev("vf")
        lab.vm.check(f"ip link set {standby} up")
        device = self.veth(lab)
        agent = lab.vm.spawn(f"exec vfsteer run --pair {standby}={vf}")
        active = "vfsteer status --json | tr -d ' \\n' | grep -q '\"active\":\"primary\"'"
        lab.vm.wait_for(f"! kill -0 {agent.pid} 2>/dev/null || {active}", READY_TIMEOUT_S)
        lab.vm.check(f"vfsteer port add p0 --pair {standby}", READY_TIMEOUT_S)
        native = "vfsteer status --json | tr -d ' \\n' | grep -q '\"takes_by\":\"native\",\"delivers_by\":\"native\"'"
        try:
            lab.vm.wait_for(f"{active} && {native}", READY_TIMEOUT_S)
        except TimeoutError:
            raise GuestError(
                f"{self.name}: no port by native XDP:\n{lab.vm.run('vfsteer status')[1]}\n{agent.output()}"
            ) from None
        return device

    def check(self, lab):
        counters = json.loads(lab.vm.check("vfsteer status --json"))["pairs"][0]["ports"][0][
            "counters"
        ]
        native = {
            way: counters[f"{way}_native_packets"] / counters[f"{way}_packets"]
            for way in ("rx", "tx")
        }
        # ARP's requests are group frames, which tc delivers.
        if native["rx"] < NATIVE_MIN:
            raise GuestError(
                f"{self.name}: of the packets to the port only {native['rx']:.0%} went by native XDP"
            )
        return {"native_rx": native["rx"], "native_tx": native["tx"]}


class BridgeBonding(Contained):
    name = "bridge-bonding"

    def start(self, lab):
        standby, vf = lab.netdev("sb"), lab.netdev("vf")
        lab.vm.check(f"""
            modprobe bonding max_bonds=0
            ip link add bond0 type bond mode active-backup miimon {MIIMON_MS} fail_over_mac none
            for slave in {vf} {standby}; do ip link set $slave down; ip link set $slave master bond0; done
            ip link set bond0 type bond active_slave {vf}
            ip link add br0 type bridge forward_delay 0
            ip link set bond0 master br0 up
            ip link set br0 up""")
        device = self.veth(lab)
        lab.vm.check("ip link set p0 master br0")
        return device


class MacvlanNetFailover(Contained):
    """Over its standby alone: net_failover takes no virtio-net for a primary, and with another NIC
    the drivers would be compared.
    """

    name, nic, lab = "macvlan-net_failover", "sb0", {"failover": True}

    def start(self, lab):
        master = lab.main()
        lab.vm.check(
            f"ip link set {master} up; ip link add m0 link {master} netns container type macvlan mode bridge; ip -n container link set m0 up"
        )
        return "m0"


CONTAINED = (Port(), BridgeBonding(), MacvlanNetFailover(), BareVf())


def contained(names):
    """Those of a comma-separated list of contenders, each known by who makes the pair: bonding is
    bridge-bonding. All when it is empty.
    """
    wanted = {name for name in (names or "").split(",") if name}
    return [
        one for one in CONTAINED if not wanted or {one.name, one.name.rpartition("-")[2]} & wanted
    ]


def _carries(lab, mac):
    """The tap behind which the bridge outside has learned the container."""
    for line in lab.switch.run("bridge fdb show br br0").splitlines():
        words = line.split()
        if words[0] == mac and "permanent" not in words:
            return words[words.index("dev") + 1]
    return None


@contextlib.contextmanager
def guest(contained, kernel, qemu):
    """At rest, with a container whose frames take the wire that they shall."""
    extra = {
        "packets-itself": compiled(HERE / "packets.c", BUILD / "packets", "-D_GNU_SOURCE"),
        "packets": HERE / "guest" / "inside",
    }
    lab = Lab(
        kernel,
        configure=False,
        vf_model="virtio-net-pci",
        qemu=qemu,
        extra={**extra, **contained.extra()},
        **contained.lab,
        **instructions.MACHINE
    )
    try:
        lab.vm.wait_for(f"ls {lab.netdevs('sb')}", READY_TIMEOUT_S)
        lab.vm.check(
            "ip netns add container; sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"
        )
        if contained.nic == "vf0":
            lab.plug_vf()
        device, pair = contained.start(lab), lab.pairs[0]
        lab.vm.check(f"ip -n container address add {pair.guest_v4}/24 dev {device}")
        mac = lab.vm.check(f"ip netns exec container cat /sys/class/net/{device}/address").strip()
        deadline = time.monotonic() + READY_TIMEOUT_S
        while _carries(lab, mac) != contained.nic:
            said = lab.vm.run(f"ip netns exec container ping -c1 -W1 {pair.peer_v4}", 60)[1]
            if time.monotonic() > deadline:
                raise GuestError(
                    f"{contained.name}: the container is behind {_carries(lab, mac)}, not {contained.nic}:\n{said}\n{lab.vm.run('ip -d link')[1]}"
                )
        time.sleep(2)
        yield lab
    finally:
        lab.stop()


def measure(contained, kernel, qemu):
    """{figure: (instructions of a packet, context)} of one guest."""
    with guest(contained, kernel, qemu) as lab:
        measured = {name: instructions.measure(lab, name) for name in FIGURES}
        more = contained.check(lab)
    # The VF's interrupts are known by its netdev's name, which a virtio-net's do not have.
    return {
        name: (
            value,
            {**{key: one for key, one in context.items() if key != "interrupts_per_unit"}, **more},
        )
        for name, (value, context) in measured.items()
    }
