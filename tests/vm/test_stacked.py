#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What stands above the standby, with kernels that have it: a bond, a team, VLANs on them; and an
LVS real server with a real director. Each switchover announces what the guest's kernel answers for,
nothing else, and costs nothing. test_trunk.py has thousands of VLANs.
"""

import contextlib
import shutil
import sys
import time
from ipaddress import ip_address
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "netns/lib"))

from stage import KERNELS, Skip, case, check, check_equal, check_lossless, main  # noqa: E402
from tools.rig.capture import Capture  # noqa: E402
from tools.rig.lab import Pair  # noqa: E402
from tools.rig.measure import deliver, measure  # noqa: E402
from vlan_peer import VlanPair, VlanPeer  # noqa: E402
from announcements import (  # noqa: E402
    VLAN as TAG, announced_of, answered, arp_request, solicitation,
)
from flows import switchovers, view  # noqa: E402
from memberships import current, reported, reports_of  # noqa: E402
from rig import inject  # noqa: E402

# Debian's programs; a case whose program is not here is skipped.
PROGRAMS = {
    name: path
    for name in ("teamd", "teamdctl", "ipvsadm", "nft", "arptables-legacy")
    for path in [shutil.which(name, path="/usr/sbin:/usr/bin:/sbin")]
    if path
}
DIRECTOR_MAC = "52:54:00:77:d1:01"
# The director's only NIC, on the same network as the pair. QEMU makes its tap.
DIRECTOR = (
    "-netdev",
    "tap,id=director-net,ifname=director0,script=no,downscript=no",
    "-device",
    f"e1000e,id=director,netdev=director-net,mac={DIRECTOR_MAC},romfile=,addr=0x10",
)
GUESTS = {
    kernel: {
        "kernel": kernel,
        "memory_mb": 768,
        "devices": DIRECTOR,
        "prepare": lambda: {"extra": dict(PROGRAMS)},
        "more_modules": (
            "crc32c_generic", "ip_vs", "ip_vs_rr", "nft_meta", "nft_payload", "arptable_filter",
        ),
    }
    for kernel in KERNELS
}
LATER = [
    ("full", "6.12/*", "neighbours 6.12/vlan; netns announce-ours"),
    ("full", "6.1/bond", "6.12/bond"),
    ("full", "6.1/lvs-by-arp-settings", "6.12/lvs-by-arp-settings"),
    *(("nightly", f"{kernel}/*", "the same case on 6.12") for kernel in KERNELS[1:]),
]
VLAN = 77
GROUP4, GROUP6 = "239.7.7.7", "ff05::7:7"
TAKEN6 = "fd77::f"  # the outside has it, so that the guest's DAD fails
# A neighbour of its own: the guest learns from who asks, and the peer's addresses stay the peer's.
ASKER_MAC, ASKER6 = "02:76:66:00:00:fe", "fe80::99"


# A bond, a team


def make_bond(guest, standby):
    guest.check(f"""
        modprobe bonding max_bonds=0
        ip link add upper0 type bond mode active-backup miimon 100
        ip link set {standby} down
        ip link set {standby} master upper0
        ip link set upper0 up""")


def make_team(guest, standby):
    missing = [tool for tool in ("teamd", "teamdctl") if tool not in PROGRAMS]
    if missing:
        raise Skip(f"there is no {' and no '.join(missing)}: install libteam-utils")
    guest.check(
        f"mkdir -p /var/run/teamd; modprobe -a team team_mode_activebackup; ethtool -s {standby} speed 100 duplex full; ip link set {standby} down"
    )
    daemon = guest.lab.vm.spawn(f"""exec teamd -t upper0 -c '{{"runner": {{"name": "activebackup"}}, "link_watch": {{"name": "ethtool"}},
        "ports": {{"{standby}": {{"prio": 0}}}}}}'""")
    guest.lab.vm.wait_for(f"! kill -0 {daemon.pid} 2>/dev/null || teamdctl upper0 state", 20)
    check(daemon.running(), lambda: f"teamd has ended: {daemon.output()}")
    guest.check("ip link set upper0 up")
    return daemon


@contextlib.contextmanager
def above(guest, make):
    """upper0 above the standby, with its addresses; upper0.77 above that; both are members of
    groups. Some of the addresses the kernel does not answer for: one of a /32 with arp_ignore 2,
    one whose DAD failed, one of a VLAN that is down, one of lo.
    """
    standby, pair, inside = guest.lab.netdev("sb"), guest.lab.pairs[0], VlanPair(1)
    members, daemon, outside = [], None, VlanPeer(guest.lab, inside, VLAN, "peer1", bridge=0)
    guest.lab.peer.run(f"ip address add {TAKEN6}/64 dev peer0 nodad")
    guest.check(f"ip address flush dev {standby} scope global; modprobe 8021q")
    try:
        daemon = make(guest, standby)
        guest.check(f"""
            sysctl -q -w net.ipv4.conf.upper0.arp_ignore=2
            ip address add {pair.guest_v4}/24 dev upper0
            ip address add 192.168.9.1/32 dev upper0 noprefixroute
            ip address add 10.77.0.81/32 dev lo
            ip address add {pair.guest_v6}/64 dev upper0 nodad
            ip address add {TAKEN6}/64 dev upper0
            ip link add link upper0 name upper0.{VLAN} type vlan id {VLAN}
            ip link set upper0.{VLAN} up
            ip address add {inside.guest_v4}/24 dev upper0.{VLAN}
            ip link add link upper0 name upper0.78 type vlan id 78
            ip address add 10.79.1.2/24 dev upper0.78""")
        guest.lab.vm.wait_for(
            "ip address show dev upper0 | grep -q dadfailed && ! ip -6 address show scope link | grep -q tentative",
            10,
        )
        for port, (group, device) in enumerate(
            ((GROUP4, "upper0"), (GROUP6, "upper0"), (GROUP4, f"upper0.{VLAN}")), 7000
        ):
            members.append(
                guest.lab.vm.spawn(
                    f"exec flow receive --port {port} --group {group} --interface {device}"
                )
            )
        guest.lab.vm.wait_for(f"ping -c1 -W1 {pair.peer_v4}", 20)
        guest.wait_active("primary")
        time.sleep(1)  # the groups of the members become known, and their own reports go out
        yield pair, inside
    finally:
        for member in members:
            member.stop()
        guest.run(
            f"ip link del upper0.{VLAN}; ip link del upper0.78; ip address del 10.77.0.81/32 dev lo"
        )
        if daemon:
            daemon.stop()
        guest.run("ip link del upper0 2>/dev/null")
        guest.check(f"""
            ip link set {standby} up
            ip address add {pair.guest_v4}/24 dev {standby}
            ip address add {pair.guest_v6}/64 dev {standby} nodad""")
        guest.lab.peer.run(f"ip address del {TAKEN6}/64 dev peer0")
        outside.stop()


def kernel_answers(guest, wire, pair, inside):
    """{(VLAN or 0, address)} for which the guest's kernel answers a neighbour there: of a VLAN's
    own addresses, and without a VLAN of all that the guest has (a device whose arp_ignore is 0
    answers for others' as well, which are not announced there).
    """
    words = [line.split() for line in guest.check("ip -o address show").splitlines()]
    found = set()
    for vlan, device, asker, above in (
        (0, "peer0", "10.77.0.99", None),
        (VLAN, "peer1", inside.peer_v4 + "9", f"upper0.{VLAN}"),
    ):
        heard = Capture(guest.lab.switch, wire, tags=True)
        for address in sorted(
            {one[3].split("/")[0] for one in words if above in (None, one[1].split("@")[0])}
        ):
            for _ in range(2):
                inject(
                    guest.lab.peer,
                    device,
                    solicitation(address, ASKER_MAC, ASKER6)
                    if ":" in address
                    else arp_request(address, ASKER_MAC, asker),
                )
        time.sleep(1.5)
        for data in (frame.data for frame in heard.stop()):
            tag = (
                int.from_bytes(data[14:16], "big") & 0xFFF
                if data[12:14] == TAG.to_bytes(2, "big")
                else 0
            )
            data = data[:12] + data[16:] if tag else data
            found |= {
                (tag, address) for address in answered([data], pair.mac, ASKER_MAC) if tag == vlan
            }
    return found


def check_stack(guest, frames, path, pair, inside):
    expected = kernel_answers(guest, {"standby": "sb0", "primary": "vf0"}[path], pair, inside)
    check(
        {(0, pair.guest_v4), (0, str(ip_address(pair.guest_v6))), (VLAN, inside.guest_v4)}
        <= expected,
        f"the kernel answers for {expected}: this proves nothing",
    )
    found = announced_of(frames, pair.mac)
    check({(0, "rarp"), (VLAN, "rarp")} <= found, f"not announced by RARP, active {path}: {found}")
    found = {one for one in found if one[1] != "rarp"}
    check_equal(
        sorted(expected - found), [], f"not announced, though the kernel answers, active {path}"
    )
    check_equal(
        sorted(found - expected), [], f"announced, though the kernel does not answer, active {path}"
    )
    groups = {
        (vlan, group)
        for vlan, group in ((0, GROUP4), (0, GROUP6), (VLAN, GROUP4))
        if not reported(current(reports_of(frames, pair.mac, vlan)), group)
    }
    check_equal(groups, set(), f"groups not reported, active {path}")
    return len(expected)


def stacked(guest, make):
    with above(guest, make) as (pair, inside):
        answers = []

        def heard(path, frames):
            answers.append(check_stack(guest, frames, path, pair, inside))

        text = switchovers(guest, [pair, inside], heard, (1,))
        group = deliver(guest.lab, GROUP4, interface="upper0")
        check_equal(
            (group["lost"], group["duplicates"]), (0, 0),
            f"(lost, twice) of {group['sent']} to {GROUP4}",
        )
    return f"{text}, multicast {group['lost']}/{group['sent']}; announced: {' and '.join(map(str, answers))} addresses"


@case()
def bond(guest):
    """Its addresses, its VLAN's and its groups are announced and reported at each switchover."""
    return stacked(guest, make_bond)


@case()
def team(guest):
    """The same of a team, of which the kernel shows less."""
    return stacked(guest, make_team)


# LVS


class Virtual(Pair):
    """The virtual address, in the place of the guest's own. It answers over the pair's addresses,
    out of the guest.
    """

    guest_v4 = property(lambda self: "10.77.0.80")


VIP = Virtual(0).guest_v4


@contextlib.contextmanager
def director(guest):
    """ip_vs in a namespace of the guest, with a NIC of its own: what comes for the virtual address
    goes to the real server's MAC.
    """
    if "ipvsadm" not in PROGRAMS:
        raise Skip("there is no ipvsadm")
    guest.lab.switch.run("ip link set director0 master br0 txqueuelen 10000 up")
    guest.check(f"""
        modprobe crc32c_generic; modprobe -a ip_vs ip_vs_rr || exit 1
        device=$(grep -l {DIRECTOR_MAC} /sys/class/net/*/address | cut -d/ -f5)
        ip netns add director
        ip link set $device netns director name dir0
        ip -n director link set lo up
        ip -n director link set dir0 up
        ip -n director address add 10.77.0.90/24 dev dir0
        ip -n director address add {VIP}/32 dev dir0
        ip netns exec director sysctl -q -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.dir0.send_redirects=0
        ip netns exec director ipvsadm -A -u {VIP}:9002 -s rr
        ip netns exec director ipvsadm -a -u {VIP}:9002 -r {guest.lab.pairs[0].guest_v4}:9002 -g""")
    try:
        guest.lab.vm.wait_for("ip netns exec director ping -c1 -W1 10.77.0.1", 20)
        yield
    finally:
        guest.run("ip netns exec director ipvsadm -C; ip netns del director")


def directed(guest):
    """Datagrams that the director has sent to the real server."""
    words = guest.check("ip netns exec director ipvsadm -Ln --stats --exact | grep '^UDP'").split()
    return int(words[3])


def neighbour(guest):
    """The MAC that the client has for the virtual address."""
    words = guest.lab.peer.run(f"ip neighbour show {VIP} dev peer0").split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else None


def served(guest, others=True):
    """The client's datagrams to the virtual address over switchovers of the real server: none is
    lost, and none goes past the director. @others: is its own address announced?
    """
    lab, texts = view(guest, [Virtual(0)]), []
    standby, mac = guest.lab.netdev("sb"), guest.lab.pairs[0].mac

    def switched():
        for wish in ("standby", "primary") * 2:
            guest.check(f"vfsteer switch {standby} {wish}")
            time.sleep(0.4)
        guest.check(f"vfsteer switch {standby} auto")

    for path, event, what in (
        ("primary", switched, "4 switches"),
        ("standby", guest.lab.unplug_vf, "unplug"),
        ("primary", guest.lab.plug_vf, "plug"),
    ):
        heard = [guest.lab.capture(wire) for wire in ("sb0", "vf0")]
        before = directed(guest)
        result = measure(
            lab, event, rate=1000, before_s=0.4, after_s=0.8, ways=("in",), quiet=False
        )
        guest.wait_active(path)
        texts.append(check_lossless(result, what))
        check_equal(
            directed(guest) - before, result["in"]["sent"],
            f"{what}: datagrams by way of the director",
        )
        check_equal(
            neighbour(guest), DIRECTOR_MAC, f"{what}: who has the virtual address, to the client"
        )
        found = announced_of(
            [frame.data for one in heard for frame in one.stop() if frame.data[0] & 1], mac
        )
        check((0, "rarp") in found, f"{what}: nothing was announced: this proves nothing")
        check_equal(
            (0, guest.lab.pairs[0].guest_v4) in found, others,
            f"{what}: the real server's own address was announced",
        )
        check((0, VIP) not in found, f"{what}: the virtual address was announced")
    return ", ".join(texts)


@case()
def lvs_by_arp_settings(guest):
    """The virtual address on lo, arp_ignore and arp_announce set: as LVS' own documents have it."""
    with director(guest):
        guest.check(
            f"sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; ip address add {VIP}/32 dev lo"
        )
        try:
            return served(guest)
        finally:
            guest.check(
                f"ip address del {VIP}/32 dev lo; sysctl -q -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0"
            )


@case()
def lvs_silenced_by_nft(guest):
    """The virtual address on the standby itself, its ARP dropped by nft: no configuration."""
    if "nft" not in PROGRAMS:
        raise Skip("there is no nft")
    standby = guest.lab.netdev("sb")
    with director(guest):
        guest.check(f"""
            nft add table arp lvs
            nft add chain arp lvs in '{{ type filter hook input priority 0; }}'
            nft add rule arp lvs in arp daddr ip {VIP} drop
            nft add chain arp lvs out '{{ type filter hook output priority 0; }}'
            nft add rule arp lvs out arp saddr ip {VIP} drop
            ip address add {VIP}/32 dev {standby}""")
        try:
            return served(guest, others=False)
        finally:
            guest.check(f"ip address del {VIP}/32 dev {standby}; nft delete table arp lvs")


@case()
def lvs_silenced_by_arptables(guest):
    """Likewise by the tables that were there before nft."""
    if "arptables-legacy" not in PROGRAMS:
        raise Skip("there is no arptables-legacy")
    standby = guest.lab.netdev("sb")
    with director(guest):
        guest.check(f"""
            modprobe arptable_filter
            arptables-legacy -A INPUT --destination-ip {VIP} -j DROP
            arptables-legacy -A OUTPUT --source-ip {VIP} -j DROP
            ip address add {VIP}/32 dev {standby}""")
        try:
            return served(guest, others=False)
        finally:
            guest.check(
                f"ip address del {VIP}/32 dev {standby}; arptables-legacy -F; modprobe -r arptable_filter"
            )


if __name__ == "__main__":
    main(GUESTS, later=LATER)
