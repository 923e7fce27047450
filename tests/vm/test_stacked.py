#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What stands above the standby, with kernels that have it: a bond, a team, VLANs on them, hundreds of VLANs (nightly: all 4,094); and an
LVS real server with a real director. Each switchover announces what is there and nothing else, and costs nothing."""

import contextlib
import copy
import os
import shutil
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent / "lib"), str(Path(__file__).resolve().parents[1] / "netns" / "lib")]

from stage import KERNELS, Skip, case, check, check_equal, check_lossless, main, note  # noqa: E402
from tools.rig.lab import Pair  # noqa: E402
from tools.rig.levels import reached  # noqa: E402
from tools.rig.measure import deliver, measure  # noqa: E402
from vlan_peer import VlanPair, VlanPeer  # noqa: E402
from announcements import announced_of  # noqa: E402
from memberships import current, reported, reports_of  # noqa: E402

# Debian's programs; a case whose program is not here is skipped.
PROGRAMS = {name: path for name in ("teamd", "teamdctl", "ipvsadm", "nft") for path in [shutil.which(name, path="/usr/sbin:/usr/bin:/sbin")] if path}
DIRECTOR_MAC = "52:54:00:77:d1:01"
# The director's only NIC, on the same network as the pair. QEMU makes its tap.
DIRECTOR = ("-netdev", "tap,id=director-net,ifname=director0,script=no,downscript=no",
            "-device", f"e1000e,id=director,netdev=director-net,mac={DIRECTOR_MAC},romfile=,addr=0x10")
GUESTS = {kernel: {"kernel": kernel, "memory_mb": 1024, "devices": DIRECTOR, "prepare": lambda: {"extra": dict(PROGRAMS)},
                   "more_modules": ("ip_vs", "ip_vs_rr", "nft_meta", "nft_payload")} for kernel in KERNELS}
LATER = [("nightly", f"{kernel}/*", "the same case on 6.12") for kernel in KERNELS[1:]]
VLAN = 77
GROUP4, GROUP6 = "239.7.7.7", "ff05::7:7"
VLANS = 4094 if reached("nightly") else 300
WITH_ADDRESS = 200
TAGGED_RATE = 200
WIRES = {"standby": "sb0", "primary": "vf0"}


def heard_at(guest, path, event):
    """What the guest sends on the wire of @path from event() until the announcements of its switchover are over; what event() returned."""
    heard = guest.lab.capture(WIRES[path], tags=True)
    result = event()
    guest.wait_active(path)
    return [frame.data for frame in heard.stop()], result


def view(guest, pairs):
    """The lab with @pairs for its own, so that what is measured goes to their addresses."""
    lab = copy.copy(guest.lab)
    lab.pairs = pairs
    return lab


def measured(lab, event, tagged=()):
    """(event()'s result, [the figures of pair 0, of each of the pairs @tagged]), all at the same time."""
    results = []

    def run(index, rate, inner):
        results.append(measure(lab, inner, rate=rate, before_s=0.8, after_s=1.4, pair=index))
        return results[-1]["event"]

    inner = event
    for index in tagged:
        inner = (lambda index, inner: lambda: run(index, TAGGED_RATE, inner))(index, inner)
    result = run(0, 2000, inner)
    return result, results


def lossless(results, what):
    return "; ".join(check_lossless(result, what) for result in reversed(results))


def switchovers(guest, lab, tagged=()):
    """Unplug and plug, measured: [(path, frames on its wire)], and the figures."""
    texts, heard = [], []
    for path, event, what in (("standby", guest.lab.unplug_vf, "unplug"), ("primary", guest.lab.plug_vf, "plug")):
        frames, (_, results) = heard_at(guest, path, lambda event=event: measured(lab, event, tagged))
        texts.append(lossless(results, what))
        heard.append((path, frames))
    return heard, ", ".join(texts)


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
    guest.check(f"mkdir -p /var/run/teamd; modprobe -a team team_mode_activebackup; ethtool -s {standby} speed 100 duplex full; ip link set {standby} down")
    daemon = guest.lab.vm.spawn(f"""exec teamd -t upper0 -c '{{"runner": {{"name": "activebackup"}}, "link_watch": {{"name": "ethtool"}},
        "ports": {{"{standby}": {{"prio": 0}}}}}}'""")
    guest.lab.vm.wait_for(f"! kill -0 {daemon.pid} 2>/dev/null || teamdctl upper0 state", 20)
    check(daemon.running(), lambda: f"teamd has ended: {daemon.output()}")
    guest.check("ip link set upper0 up")
    return daemon


@contextlib.contextmanager
def above(guest, make):
    """upper0 above the standby, with its addresses; upper0.77 above that; both are members of groups."""
    standby, pair, inside = guest.lab.netdev("sb"), guest.lab.pairs[0], VlanPair(1)
    members, daemon, outside = [], None, VlanPeer(guest.lab, inside, VLAN, "peer1", bridge=0)
    guest.check(f"ip address flush dev {standby} scope global; modprobe 8021q")
    try:
        daemon = make(guest, standby)
        guest.check(f"""
            sysctl -q -w net.ipv6.conf.upper0.accept_dad=0
            ip address add {pair.guest_v4}/24 dev upper0
            ip address add {pair.guest_v6}/64 dev upper0 nodad
            ip link add link upper0 name upper0.{VLAN} type vlan id {VLAN}
            ip link set upper0.{VLAN} up
            ip address add {inside.guest_v4}/24 dev upper0.{VLAN}""")
        for port, (group, device) in enumerate(((GROUP4, "upper0"), (GROUP6, "upper0"), (GROUP4, f"upper0.{VLAN}")), 7000):
            members.append(guest.lab.vm.spawn(f"exec flow receive --port {port} --group {group} --interface {device}"))
        guest.lab.vm.wait_for(f"ping -c1 -W1 {pair.peer_v4}", 20)
        guest.wait_active("primary")
        time.sleep(1)  # the groups of the members become known, and their own reports go out
        yield pair, inside
    finally:
        for member in members:
            member.stop()
        guest.run(f"ip link del upper0.{VLAN}")
        if daemon:
            daemon.stop()
        guest.run("ip link del upper0 2>/dev/null")
        guest.check(f"""
            ip link set {standby} up
            ip address add {pair.guest_v4}/24 dev {standby}
            ip address add {pair.guest_v6}/64 dev {standby} nodad""")
        outside.stop()


def check_stack(frames, path, pair, inside):
    expected = {(0, "rarp"), (0, pair.guest_v4), (0, pair.guest_v6), (VLAN, "rarp"), (VLAN, inside.guest_v4)}
    found = announced_of(frames, pair.mac)
    check(expected <= found, f"not announced, active {path}: {expected - found}; found {found}")
    groups = {(vlan, group) for vlan, group in ((0, GROUP4), (0, GROUP6), (VLAN, GROUP4)) if not reported(current(reports_of(frames, pair.mac, vlan)), group)}
    check_equal(groups, set(), f"groups not reported, active {path}")


def stacked(guest, make):
    with above(guest, make) as (pair, inside):
        heard, text = switchovers(guest, view(guest, [pair, inside]), (1,))
        for path, frames in heard:
            check_stack(frames, path, pair, inside)
        group = deliver(guest.lab, GROUP4, interface="upper0")
        check_equal((group["lost"], group["duplicates"]), (0, 0), f"(lost, twice) of {group['sent']} to {GROUP4}")
    return f"{text}, multicast {group['lost']}/{group['sent']}"


@case()
def bond(guest):
    """Its addresses, its VLAN's and its groups are announced and reported at each switchover."""
    return stacked(guest, make_bond)


@case()
def team(guest):
    """The same of a team, of which the kernel tells less."""
    return stacked(guest, make_team)


# VLANs


def vlan_address(number):
    return f"10.{80 + number // 250}.{number % 250}.2"


def agent_cost(guest):
    """(kB resident, kB at most, ms of CPU) of the agent."""
    words = guest.check(f"grep -E 'VmRSS|VmHWM' /proc/{guest.agent.pid}/status; cut -d' ' -f14,15 /proc/{guest.agent.pid}/stat; getconf CLK_TCK 2>/dev/null || echo 100").split()
    return int(words[4]), int(words[1]), (int(words[6]) + int(words[7])) * 1000 // int(words[8])


@case()
def vlans(guest):
    """As many as there may be: the VF admits each of them, each is announced inside its tag, and flows on some of them lose nothing."""
    standby, plain = guest.lab.netdev("sb"), guest.lab.pairs[0]
    chosen = (2, VLANS // 2, VLANS)
    pairs = [plain] + [VlanPair(index) for index in range(1, len(chosen) + 1)]
    outside = [VlanPeer(guest.lab, pairs[index], number, f"peer{index}", bridge=0) for index, number in enumerate(chosen, 1)]
    lines = []
    for number in range(1, VLANS + 1):
        lines += [f"link add link {standby} name {standby}.{number} type vlan id {number}", f"link set {standby}.{number} up"]
        if number <= WITH_ADDRESS:
            lines.append(f"address add {vlan_address(number)}/24 dev {standby}.{number}")
    lines += [f"address add {pairs[index].guest_v4}/24 dev {standby}.{number}" for index, number in enumerate(chosen, 1)]
    # Most networks need no IPv6, and the kernel's own duplicate address detection of thousands of devices is not what is measured.
    guest.check("modprobe 8021q; sysctl -q -w net.ipv6.conf.default.disable_ipv6=1")
    guest.lab.vm.push("\n".join(lines).encode() + b"\n", "/tmp/vlans")
    began = time.monotonic()
    try:
        guest.check("ip -batch /tmp/vlans", timeout=300)
        made_s = time.monotonic() - began

        def aligned(count):
            guest.lab.vm.wait_for(f"[ $(ls /sys/class/net | grep -c '^vfs') = {count} ]", 300, every_s=0.5)
            return time.monotonic() - began

        aligned_s = aligned(VLANS)
        guest.wait_active("primary")
        lab, texts = view(guest, pairs), []
        for path, event, what in (("standby", guest.lab.unplug_vf, "unplug"), ("primary", lambda: plug(guest), "plug")):
            frames, (took_s, results) = heard_at(guest, path, lambda event=event: measured(lab, event, range(1, len(pairs))))
            texts.append(lossless(results, what) + f" in {took_s:.1f} s")
            found = announced_of(frames, plain.mac)
            missing = {number for number in range(1, VLANS + 1) if (number, "rarp") not in found}
            check(not missing, f"{len(missing)} of {VLANS} VLANs not announced by RARP, active {path}: {sorted(missing)[:10]}")
            missing = {number for number in range(1, WITH_ADDRESS + 1) if (number, vlan_address(number)) not in found}
            check(not missing, f"the addresses of {len(missing)} of {WITH_ADDRESS} VLANs were not announced, active {path}: {sorted(missing)[:10]}")
        aligned(VLANS)
        rss_kb, peak_kb, cpu_ms = agent_cost(guest)
        began = time.monotonic()
        # Whoever takes them away one by one waits for each; the kernel takes them with a device or a group in one go.
        guest.check(f"for number in $(seq 1 {VLANS}); do echo link set {standby}.$number group 77; done >/tmp/vlans; ip -batch /tmp/vlans; ip link del group 77", timeout=300)
        gone_s = aligned(0)
    finally:
        guest.run(f"ip link show {standby}.1 2>/dev/null && for number in $(seq 1 {VLANS}); do echo link del {standby}.$number; done | ip -force -batch -", timeout=600)
        guest.check("sysctl -q -w net.ipv6.conf.default.disable_ipv6=0")
        for peer in outside:
            peer.stop()
    note(f"{VLANS} VLANs: made in {made_s:.1f} s, admitted by the VF after {aligned_s:.1f} s, no more {gone_s:.1f} s after their end began")
    note(f"agent: {rss_kb} kB resident, {peak_kb} kB at most, {cpu_ms} ms of CPU so far")
    return ", ".join(texts)


def plug(guest):
    began = time.monotonic()
    guest.lab.plug_vf(timeout=120)
    guest.lab.vm.wait_for(f"vfsteer status {guest.lab.netdev('sb')} | grep -q 'active: primary '", 300)
    return time.monotonic() - began


# LVS


class Virtual(Pair):
    """The virtual address: in the place of the guest's own. It answers over the pair's addresses, out of the guest."""

    guest_v4 = property(lambda self: "10.77.0.80")


VIP = Virtual(0).guest_v4


@contextlib.contextmanager
def director(guest):
    """ip_vs in a namespace of the guest, with a NIC of its own: what comes for the virtual address goes to the real server's MAC."""
    if "ipvsadm" not in PROGRAMS:
        raise Skip("there is no ipvsadm")
    guest.lab.switch.run("ip link set director0 master br0 txqueuelen 10000 up")
    guest.check(f"""
        modprobe -a ip_vs ip_vs_rr
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


def served(guest):
    """The client's datagrams to the virtual address over switchovers of the real server: none is lost, and none goes past the director."""
    lab, texts = view(guest, [Virtual(0)]), []
    standby = guest.lab.netdev("sb")

    def switched():
        for wish in ("standby", "primary") * 2:
            guest.check(f"vfsteer switch {standby} {wish}")
            time.sleep(0.6)
        guest.check(f"vfsteer switch {standby} auto")

    for path, event, what in (("primary", switched, "4 switches"), ("standby", guest.lab.unplug_vf, "unplug"), ("primary", guest.lab.plug_vf, "plug")):
        before = directed(guest)
        frames, result = heard_at(guest, path, lambda event=event: measure(lab, event, rate=1000, before_s=0.8, after_s=1.4, ways=("in",), quiet=False))
        texts.append(check_lossless(result, what))
        check_equal(directed(guest) - before, result["in"]["sent"], f"{what}: datagrams by way of the director")
        check_equal(neighbour(guest), DIRECTOR_MAC, f"{what}: who has the virtual address, to the client")
        found = announced_of(frames, guest.lab.pairs[0].mac)
        check((0, guest.lab.pairs[0].guest_v4) in found, f"{what}: the real server's own address was not announced: this proves nothing")
        check((0, VIP) not in found, f"{what}: the virtual address was announced")
    return ", ".join(texts)


@case()
def lvs_by_arp_settings(guest):
    """The virtual address on lo, arp_ignore and arp_announce set: as LVS' own documents have it."""
    with director(guest):
        guest.check(f"sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; ip address add {VIP}/32 dev lo")
        try:
            return served(guest)
        finally:
            guest.check(f"ip address del {VIP}/32 dev lo; sysctl -q -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0")


@case()
def lvs_silenced_by_nft(guest):
    """The virtual address on the standby itself, its ARP dropped by nft, of which nothing tells the agent: announce_except does."""
    if "nft" not in PROGRAMS:
        raise Skip("there is no nft")
    standby = guest.lab.netdev("sb")
    with director(guest):
        guest.lab.vm.push(f"[agent]\nannounce_except = {VIP}\n".encode(), "/tmp/except.conf", 0o644)
        guest.agent.stop()
        guest.check(f"""
            nft add table arp lvs
            nft add chain arp lvs in '{{ type filter hook input priority 0; }}'
            nft add rule arp lvs in arp daddr ip {VIP} drop
            nft add chain arp lvs out '{{ type filter hook output priority 0; }}'
            nft add rule arp lvs out arp saddr ip {VIP} drop
            ip address add {VIP}/32 dev {standby}""")
        try:
            guest.start_agent("--config /tmp/except.conf")
            guest.wait_active("primary")
            return served(guest)
        finally:
            guest.check(f"ip address del {VIP}/32 dev {standby}; nft delete table arp lvs")
            guest.agent.stop()


if __name__ == "__main__":
    main(GUESTS)
