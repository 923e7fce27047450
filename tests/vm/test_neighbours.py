#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What else is on the standby while the VF goes and returns: VLANs, bridges and Open vSwitch above
it, other people's programs and filters at its hooks.
"""

import contextlib
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from stage import (  # noqa: E402
    KERNELS, Skip, case, check, check_equal, firewall, main, note, program,
)
from tools.rig import openvswitch  # noqa: E402
from tools.rig.capture import Capture  # noqa: E402
from tools.rig.suites import SuiteError  # noqa: E402
from vlan_peer import VlanPair, VlanPeer  # noqa: E402


def prepared():
    return {"extra": {name: program(name) for name in ("af_xdp", "xdp_link")}}


GUESTS = {
    kernel: {
        "kernel": kernel,
        "pairs": 2,
        "prepare": prepared,
        "more_modules": ("xsk_diag", "openvswitch", "crc32c_generic"),
    }
    for kernel in KERNELS
}
LATER = [
    ("full", "6.12/xdp-firewall", "service 6.12/xdp-program-by-the-broker; netns bypass"),
    ("full", "6.12/xdp-by-a-link", "netns bypass (firewall-by-link, another agent)"),
    ("full", "6.12/vlans-of-a-bridge", "6.12/vlan; netns neighbours (bridges above the standby)"),
    ("full", "6.12/addresses-of-a-bridge-that-filters-vlans", "unit announce/speakers"),
    ("full", "6.1/foreign-filters", "netns hooks, without tcx"),
    ("full", "6.1/*", "the same case on 6.12; hotplug 6.1-acpi/unplug and plug"),
    *(
        ("nightly", f"{kernel}/*", f"the same case on 6.12; hotplug {kernel}-acpi/unplug and plug")
        for kernel in KERNELS[2:]
    ),
]

VLAN = 77
TEST_TYPE = 0x88b5  # for local experiments
ARP = 0x0806


@contextlib.contextmanager
def addressed(guest, pair):
    """What is measured within goes to the addresses of @pair."""
    plain = guest.lab.pairs[pair.index]
    guest.lab.pairs[pair.index] = pair
    try:
        yield
    finally:
        guest.lab.pairs[pair.index] = plain


def unplug_and_plug(guest, **how):
    """Both, each measured; the figures."""
    def plugged():
        guest.lab.plug_vf()
        guest.wait_active("primary")

    def unplugged():
        guest.lab.unplug_vf()
        guest.wait_active("standby")

    text = guest.survive(guest.lab.unplug_vf, plugged, "unplug", **how)
    guest.wait_active("standby")
    text += ", " + guest.survive(guest.lab.plug_vf, unplugged, "plug", **how)
    guest.wait_active("primary")
    return text


@case()
def vlan(guest):
    """A VLAN above the standby: the VF's hardware filter must let it in, and its addresses are
    announced inside it.
    """
    standby, pair = guest.lab.netdev("sb"), VlanPair(0)
    outside = VlanPeer(guest.lab, pair, VLAN, "peervlan")
    guest.check(f"""
        ip link add link {standby} name {standby}.{VLAN} type vlan id {VLAN}
        ip address add {pair.guest_v4}/24 dev {standby}.{VLAN}
        ip link set {standby}.{VLAN} up""")

    def stubs():
        """VLAN devices above the VF."""
        return guest.check(
            f"ip -o link show type vlan | grep -c '@{guest.lab.netdev('vf') or 'none'}:' || true"
        ).strip()

    try:
        guest.lab.vm.wait_for(f"ip -o link show type vlan | grep '@{guest.lab.netdev('vf')}:'", 5)
        # Only what had the tag comes there.
        heard = Capture(guest.lab.peer, "peervlan")
        with addressed(guest, pair):
            text = unplug_and_plug(guest)
        address = socket.inet_aton(pair.guest_v4)
        announced = [
            frame
            for frame in heard.stop()
            if frame.ethertype == ARP and frame.data[28:32] == frame.data[38:42] == address
        ]
        check(
            len(announced) >= 6,
            f"{len(announced)} tagged announcements of two switches, not 3 of each",
        )
        check_equal(stubs(), "1", "VLAN devices on the VF after its return")
    finally:
        guest.check(f"ip link del {standby}.{VLAN}")
        outside.stop()
    guest.lab.vm.wait_for(f"! ip -o link show type vlan | grep '@{guest.lab.netdev('vf')}:'", 5)
    return f"{text}, {len(announced)} tagged announcements"


@case()
def vlans_of_a_bridge(guest):
    """A bridge above the second pair's standby filters VLANs: those that it admits there, the VF's
    hardware filter has to admit as well.
    """
    standby, vf = guest.lab.netdev("sb", 1), guest.lab.netdev("vf", 1) or guest.lab.plug_vf(1)
    guest.wait_active("primary", 1)

    def stubs():
        return sorted(
            int(number)
            for number in guest.check(
                f"ip -d link show type vlan | grep -A3 '@{vf}:' | grep -o 'id [0-9]*' | cut -d' ' -f2; true"
            ).split()
        )

    def expect(numbers, what):
        end = time.monotonic() + 5
        while stubs() != numbers and time.monotonic() < end:
            time.sleep(0.1)
        check_equal(stubs(), numbers, what)

    guest.check(
        f"ip link add br9 type bridge vlan_filtering 1; ip link set br9 up; ip link set {standby} master br9"
    )
    try:
        expect([1], "VLANs of the VF: the bridge's own")
        guest.check(
            f"bridge vlan add vid {VLAN} dev {standby}; bridge vlan add vid 100-103 dev {standby}"
        )
        expect([1, VLAN, 100, 101, 102, 103], "VLANs of the VF with more on the standby")
        guest.check(f"bridge vlan del vid 100-102 dev {standby}")
        expect([1, VLAN, 103], "VLANs of the VF with fewer")
        guest.check(f"bridge vlan add vid 2000-3000 dev {standby}")
        guest.lab.vm.wait_for(f"grep -q 'rx-vlan-filter off' {guest.agent.log}", 5)
        guest.check(
            f"bridge vlan del vid 2000-3000 dev {standby}; ip link set br9 type bridge vlan_filtering 0"
        )
        expect([], "VLANs of the VF with a bridge that does not filter")
    finally:
        guest.check(f"ip link set {standby} nomaster; ip link del br9")
    return "1, 77, 100 to 103, gone again"


def sender_and_tags(frame):
    """Of an ARP frame with its VLAN tags: the IPv4 address of its sender, and the VLAN IDs from the
    outermost on. Of another frame: None.
    """
    at, tags = 12, []
    while frame.data[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        tags.append(int.from_bytes(frame.data[at + 2:at + 4], "big") & 0xfff)
        at += 4
    if int.from_bytes(frame.data[at:at + 2], "big") != ARP:
        return None
    return socket.inet_ntoa(frame.data[at + 16:at + 20]), tuple(tags)


def senders_within(frames, prefix):
    """(address, tags) of the ARP frames whose sender's address begins with @prefix."""
    return {one for one in map(sender_and_tags, frames) if one and one[0].startswith(prefix)}


@case()
def addresses_of_a_bridge_that_filters_vlans(guest):
    """They are announced with the tags that the bridge gives to their frames, which the guest's own
    requests show.
    """
    standby = guest.lab.netdev("sb", 1)
    if guest.lab.netdev("vf", 1):
        guest.lab.unplug_vf(1)
    guest.wait_active("standby", 1)
    # What is there; the network of its address; the tags of its frames, None: they do not leave.
    expected = {"br9": (20, (77,)), "br9.88": (21, ()), "br9.99": (22, None)}
    guest.check(f"""
        ip link add br9 type bridge vlan_filtering 1; ip link set br9 up; ip link set {standby} master br9
        bridge vlan del vid 1 dev br9 self; bridge vlan add vid 77 dev br9 self pvid untagged
        bridge vlan add vid 77 dev {standby}; bridge vlan del vid 1 dev {standby}
        for vlan in 88 99; do
            bridge vlan add vid $vlan dev br9 self
            ip link add link br9 name br9.$vlan type vlan id $vlan; ip link set br9.$vlan up
        done
        bridge vlan add vid 88 dev {standby} pvid untagged""")
    try:
        for device, (network, _) in expected.items():
            guest.check(f"ip address add 10.99.{network}.1/24 dev {device}")
        time.sleep(1)
        requests = guest.lab.capture("sb1", tags=True)
        for network, _ in expected.values():
            guest.run(f"ping -c 1 -W 1 10.99.{network}.2")
        asked = senders_within(requests.stop(), "10.99.")
        check_equal(
            asked,
            {(f"10.99.{net}.1", tags) for net, tags in expected.values() if tags is not None},
            "tags of the guest's own requests",
        )
        guest.lab.plug_vf(1)
        guest.wait_active("primary", 1)
        heard = guest.lab.capture("sb1", tags=True)
        guest.lab.unplug_vf(1)
        guest.wait_active("standby", 1)
        time.sleep(1)
        check_equal(senders_within(heard.stop(), "10.99."), asked, "tags of the announcements")
    finally:
        guest.check(f"ip link set {standby} nomaster; ip link del br9")
        guest.lab.plug_vf(1)
        guest.wait_active("primary", 1)
    return "as the guest's own frames: 77, none, and not sent"


def has_address(frame, address):
    """An ARP frame that says where @address is."""
    return frame.ethertype == ARP and frame.data[28:32] == socket.inet_aton(address)


@contextlib.contextmanager
def open_vswitch_bridge(guest):
    """A bridge of Open vSwitch in the guest with the standby as its port and the standby's
    addresses, as OVN-Kubernetes sets up br-ex.
    """
    try:
        archive = openvswitch.archive(note)
    except SuiteError as error:
        raise Skip(f"no Open vSwitch for the guest: {error}") from error
    standby, pair = guest.lab.netdev("sb"), guest.lab.pairs[0]
    at = openvswitch.PLACE
    control = openvswitch.command("bin/ovs-vsctl", f"--db=unix:{at}/db.sock")
    guest.lab.vm.push(archive, f"{at}/archive")
    guest.check(f"""
        modprobe crc32c_generic && modprobe openvswitch || exit 1
        tar -xzf {at}/archive -C {at}
        {openvswitch.command("bin/ovsdb-tool", "create", f"{at}/conf.db", f"{at}/usr/share/openvswitch/vswitch.ovsschema")}""", timeout=60)
    database = guest.lab.vm.spawn(
        "OVS_RUNDIR=%s exec %s"
        % (
            at,
            openvswitch.command(
                "sbin/ovsdb-server", f"--remote=punix:{at}/db.sock", f"{at}/conf.db"
            ),
        )
    )
    guest.lab.vm.wait_for(f"{control} --no-wait init", 20)
    switch = guest.lab.vm.spawn(
        "OVS_RUNDIR=%s exec %s"
        % (at, openvswitch.command("lib/openvswitch-switch/ovs-vswitchd", f"unix:{at}/db.sock"))
    )
    try:
        guest.check(
            f"{control} add-br br-ex -- add-port br-ex {standby} -- set bridge br-ex other_config:hwaddr=\\\"{pair.mac}\\\"",
            timeout=60,
        )
        there = guest.run(
            "i=0; while ! ip link show br-ex >/dev/null 2>&1 && [ $i -lt 50 ]; do i=$((i+1)); sleep 0.2; done; ip link show br-ex >/dev/null"
        )[0]
        check(there == 0, lambda: f"no br-ex: {switch.output()}")
        guest.check(f"""
            sysctl -q -w net.ipv6.conf.br-ex.accept_dad=0
            ip address flush dev {standby} scope global
            ip link set br-ex up
            ip address add {pair.guest_v4}/24 dev br-ex
            ip address add {pair.guest_v6}/64 dev br-ex nodad""")
        guest.lab.vm.wait_for(f"ping -c1 -W1 {pair.peer_v4}", 10)
        yield standby, pair
    finally:
        guest.check(f"""
            {control} --if-exists del-br br-ex
            ip address add {pair.guest_v4}/24 dev {standby}
            ip address add {pair.guest_v6}/64 dev {standby} nodad""", timeout=60)
        switch.stop()
        database.stop()


@case("6.12")
def open_vswitch(guest):
    """Its kernel part takes frames for any MAC, as a bridge does; its internal port has the
    addresses.
    """
    with open_vswitch_bridge(guest) as (standby, pair):
        guest.wait_active("primary")
        check_equal(
            guest.check(
                f"cat /sys/class/net/br-ex/address /sys/class/net/{standby}/address"
            ).split(),
            [pair.mac] * 2,
            "MACs",
        )
        wire = guest.lab.capture("sb0")
        text = guest.survive(guest.lab.unplug_vf, guest.rest, "unplug")
        announced = [
            frame
            for frame in wire.stop()
            if has_address(frame, pair.guest_v4) and frame.data[38:42] == frame.data[28:32]
        ]
        check(announced, "br-ex's address was not announced on the standby's wire")
        check(
            "br-ex" not in guest.log(),
            lambda: f"br-ex is taken for a rejected primary:\n{guest.log()}",
        )
        text += ", " + guest.survive(guest.lab.plug_vf, None, "plug")
        guest.wait_active("primary")
        # No station has the second MAC: the bridge outside sends it to both wires.
        for mac in ("ff:ff:ff:ff:ff:ff", "52:54:00:77:99:99"):
            receiver = guest.lab.vm.spawn(f"frame receive br-ex {TEST_TYPE:x} 3")
            receiver.wait_output("receiving")
            guest.lab.peer.popen(
                [program("frame"), "send", "peer0", mac, f"{TEST_TYPE:x}", "100"]
            ).wait(20)
            receiver.wait(15)
            check_equal(
                tuple(int(word) for word in receiver.output().split()[-2:]), (100, 0),
                f"(arrived, twice) of 100 frames to {mac}",
            )
    return f"{text}, broadcast and foreign unicast 0/100"


# The standby is given the program, and the primary should have it 0.3 s later.
LINKED = """for turn in 1 2 3 4 5 6 7 8; do
    xdp_link {standby} /sys/fs/bpf/firewall >/tmp/linked & link=$!
    until grep -q linked /tmp/linked; do :; done; sleep 0.3
    ip link show {primary} | grep -q xdpgeneric && echo in time
    until ip link show {primary} | grep -q xdpgeneric; do sleep 0.1; done
    kill $link; wait $link; sleep 0.$turn
    while ip link show {primary} | grep -q xdpgeneric; do sleep 0.1; done
done 2>/dev/null"""


@case("6.12", "6.1", "sid")
def xdp_by_a_link(guest):
    """Nothing but the watch program reports it, and it may be a firewall. Looked at once a second,
    two of eight would be in time.
    """
    standby, primary = guest.lab.netdev("sb"), guest.lab.netdev("vf")
    guest.wait_active("primary")
    check("dev_xdp_install" in guest.check("vfsteer status --json"), "it is not watched")
    guest.lab.vm.push(firewall(), "/tmp/firewall.o", 0o644)
    guest.check("bpftool prog load /tmp/firewall.o /sys/fs/bpf/firewall type xdp")
    try:
        soon = guest.check(LINKED.format(standby=standby, primary=primary), timeout=120).count(
            "in time"
        )
    finally:
        guest.run("rm -f /sys/fs/bpf/firewall")
    guest.wait_active("primary")
    check(soon >= 6, f"within 0.3 s on the primary: {soon} of 8")
    return f"within 0.3 s on the primary: {soon} of 8"


@case("6.12", "6.1", "sid")
def xdp_firewall(guest):
    """Native in the standby's virtio_net; on the VF, whose driver knows no XDP, generic. It comes
    and goes, and nothing is lost but what it drops.
    """
    standby, primary = guest.lab.netdev("sb"), guest.lab.netdev("vf")
    peer = guest.lab.pairs[0].peer_v4
    guest.lab.vm.push(firewall(), "/tmp/firewall.o", 0o644)
    guest.check("bpftool prog load /tmp/firewall.o /sys/fs/bpf/firewall type xdp")

    def change(command, state):
        guest.check(f"bpftool net {command} dev {standby}")
        guest.lab.vm.wait_for(
            f"vfsteer status --json {standby} | grep -q '\"state\": *\"{state}\"'", 10
        )

    try:
        texts = [
            guest.survive(
                lambda: change("attach xdpdrv pinned /sys/fs/bpf/firewall", "generic"), None,
                "attach",
            )
        ]
        guest.wait_active("primary")
        check("xdpgeneric" in guest.check(f"ip link show {primary}"), "it is not on the primary")
        sent, answered = guest.run(f"ping -c 3 -W 1 {peer}")
        check(
            sent != 0 and " 0 packets received" in answered,
            f"ICMP passes over the primary: {answered}",
        )
        check_equal(guest.pair()["bypassed"], [], "bypassed")
        # Debian's 6.1 has no such module: there the number of sockets is all that is known.
        expected = (
            f"1 AF_XDP socket of {standby} gets nothing"
            if guest.run("modprobe xsk_diag")[0] == 0
            else "1 AF_XDP socket here, of devices"
        )
        socket_ = guest.lab.vm.spawn(f"exec af_xdp {standby}")
        guest.lab.vm.wait_for(f"grep -q bound {socket_.log}", 10)
        named = [entry["text"] for entry in guest.pair()["bypassed"] if entry["what"] == "af_xdp"]
        check(
            len(named) == 1 and named[0].startswith(expected), f"bypassed: {named}, not {expected}"
        )
        socket_.stop()
        # With a socket there the program would drop what it gives it, so the VF was not used
        # meanwhile.
        guest.wait_active("primary")
        # Pings find the neighbours of what is measured, so the firewall lets nothing be measured
        # before it is gone.
        change("detach xdpdrv", "none")
        guest.wait_active("primary")
        texts.append(
            guest.survive(lambda: guest.check(f"ip link set {primary} mtu 1500"), None, "after it")
        )
    finally:
        guest.run(f"bpftool net detach xdpdrv dev {standby}; rm -f /sys/fs/bpf/firewall")
    guest.wait_active("primary")
    guest.check(f"ping -c 3 -W 1 {peer}")
    return ", ".join(texts)


@case("6.1", "5.10")
def foreign_filters(guest):
    """Before tcx the hook is clsact's: filters of others, there before us and added later, keep
    counting, and ours keep steering.

    On the way out theirs come first, so they must not end the walk as `action pass` does: then
    nothing is left to steer.
    """
    standby = guest.lab.netdev("sb")
    egress = guest.check(f"tc filter show dev {standby} egress")
    check("steer_egress" in egress, f"no filter of ours on the standby's egress: {egress!r}")
    links = guest.check("ls /sys/fs/bpf/vfsteer/links").split()
    check(
        not [link for link in links if "gress" in link],
        f"tcx links on a kernel without tcx: {links}",
    )
    guest.lab.unplug_vf()
    guest.wait_active("standby")
    guest.agent.stop()
    guest.check("vfsteer unload")
    left = guest.check(
        f"tc qdisc show dev {standby}; tc filter show dev {standby} egress; tc filter show dev {standby} ingress"
    )
    check(
        "clsact" in left and "filter" not in left,
        f"unload leaves a standby that is up its qdisc, empty: {left}",
    )
    guest.check(f"""
        tc filter add dev {standby} ingress prio 10 matchall action continue
        tc filter add dev {standby} egress prio 10 matchall action continue""")
    guest.start_agent()
    guest.check(f"""
        tc filter add dev {standby} ingress prio 20 protocol ip u32 match ip protocol 17 0xff action pass
        tc filter add dev {standby} egress prio 20 protocol ip flower ip_proto udp action continue""")
    time.sleep(0.5)
    texts, before = [], foreign_counts(guest, standby)
    texts.append(guest.survive(guest.lab.plug_vf, None, "plug"))
    counters = guest.wait_active("primary")["counters"]
    check(
        counters["tx_primary_packets"] > 1000 and counters["rx_primary_packets"] > 1000,
        f"traffic did not go over the primary: {counters}",
    )
    texts.append(guest.survive(guest.lab.unplug_vf, None, "unplug"))
    guest.wait_active("standby")
    after = foreign_counts(guest, standby)
    for key, value in after.items():
        check(
            value - before[key] > 1000,
            f"the foreign {key} counted {value - before[key]} packets only: {after}, before {before}",
        )
    check(
        "steer_egress" in guest.check(f"tc filter show dev {standby} egress"), "our filter is gone"
    )
    guest.agent.stop()
    guest.check("vfsteer unload")
    filters = {
        way: guest.check(f"tc filter show dev {standby} {way}") for way in ("ingress", "egress")
    }
    for way, shown in filters.items():
        check(
            "matchall" in shown and ("u32" in shown or "flower" in shown),
            f"unload took a foreign {way} filter away: {shown}",
        )
        check(
            "vfsteer" not in shown and "steer_" not in shown and "standby_ingress" not in shown,
            f"unload has left ours: {shown}",
        )
    guest.check(f"tc qdisc del dev {standby} clsact")
    return (
        ", ".join(texts)
        + ", counted "
        + ", ".join(f"{key} {value - before[key]}" for key, value in after.items())
    )


def foreign_counts(guest, device):
    """{"ingress matchall": packets, ...} of the filters that are not ours."""
    counts = {}
    for way in ("ingress", "egress"):
        kind = None
        for line in guest.check(f"tc -s filter show dev {device} {way}").splitlines():
            words = line.split()
            if words[:1] == ["filter"]:
                kind = next(
                    (word for word in words if word in ("matchall", "u32", "flower", "bpf")), kind
                )
            elif words[:1] == ["Sent"] and kind in ("matchall", "u32", "flower"):
                counts[f"{way} {kind}"] = int(words[3])
    return counts


if __name__ == "__main__":
    main(GUESTS, later=LATER)
