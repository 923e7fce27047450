#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Which addresses and MACs a pair announces: those that the guest's kernel answers for, and no
others.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from announcements import (  # noqa: E402
    announced, announced_of, answered, arp_request, heard_at_switch, macvlan, solicitation,
)
from packets import wire_capture  # noqa: E402
from rig import (  # noqa: E402
    BROADCAST, MAC, OUTSIDE, OUTSIDE6, Skip, case, check, check_equal, frame, inject,
    mac_bytes, main, note, wait,
)
from tools.rig.netns import Netns, NetnsError  # noqa: E402
from tools.rig.levels import nightly, quick  # noqa: E402

BR0 = "02:76:66:00:00:fe"
ADDRESSES4 = {
    "10.77.0.1": "primary",
    "10.77.0.5": "secondary",
    "192.168.9.1": "/32 of a load balancer",
    "10.77.0.7": "with a peer",
    "172.16.5.1": "with a peer, in no other prefix",
    "10.77.0.8": "scope host",
    "10.77.0.9": "scope link",
}
ADDRESSES6 = {
    "fd77::1": "plain",
    "fd77::d": "deprecated",
    "fd77::f": "DAD failed",
    "fd77::e": "tentative",
}


def add_addresses(stage):
    stage.outside.run("ip address add fd77::f/64 dev br0 nodad")
    stage.guest.run("""
        ip address add 10.77.0.5/24 dev st0
        ip address add 192.168.9.1/32 dev st0 noprefixroute
        ip address add 10.77.0.7 peer 10.77.0.2/32 dev st0
        ip address add 172.16.5.1 peer 172.16.5.2/32 dev st0
        ip address add 10.77.0.8/32 dev st0 scope host
        ip address add 10.77.0.9/32 dev st0 scope link
        ip address add fd77::d/64 dev st0 nodad preferred_lft 0
        ip address add fd77::f/64 dev st0""")
    wait("DAD to fail", lambda: "dadfailed" in stage.guest.run("ip -6 address show dev st0"), 8)
    stage.guest.run(
        "echo 60 >/proc/sys/net/ipv6/conf/st0/dad_transmits; ip address add fd77::e/64 dev st0"
    )


def answered_now(stage):
    """The addresses that the guest's kernel answers for, to a neighbour's MAC."""
    heard = stage.capture(stage.outside, "br0")
    for address in ADDRESSES4:
        inject(stage.outside, "br0", arp_request(address, BR0, OUTSIDE))
    for address in ADDRESSES6:
        inject(stage.outside, "br0", solicitation(address, BR0, OUTSIDE6))
    time.sleep(0.4)
    found = answered(heard.frames(), MAC, BR0)
    heard.close()
    stage.captures.remove(heard)
    return found & (ADDRESSES4.keys() | ADDRESSES6.keys())


def announces(stage, wish, wire):
    """What a switch to the requested path (@wish) announces."""
    return announced(heard_at_switch(stage, wish, wire))


def readdressed(stage):
    """No notification reports a change of settings: the agent reads them with the next change of an
    address.
    """
    stage.guest.run(
        "ip address add 172.31.255.1/32 dev lo; ip address delete 172.31.255.1/32 dev lo"
    )
    time.sleep(0.2)


def compare(stage, settings):
    stage.succeed("switch", "st0", "primary")
    stage.wait_active("primary")
    stage.guest.run(settings)
    readdressed(stage)
    time.sleep(0.35)
    said = announces(stage, "standby", "st1") & (ADDRESSES4.keys() | ADDRESSES6.keys())
    expected = answered_now(stage)
    kinds = ADDRESSES4 | ADDRESSES6
    note(
        f"{settings or 'as it is'}: answered: {', '.join(sorted(kinds[address] for address in expected)) or 'nothing'}"
    )
    check_equal(
        sorted(said - expected), [],
        f"announced, though the kernel does not answer, with: {settings}",
    )
    check_equal(
        sorted(expected - said), [], f"not announced, though the kernel answers, with: {settings}"
    )
    return expected


CONF4 = "/proc/sys/net/ipv4/conf"


@case
def answered_addresses_are_announced(stage):
    add_addresses(stage)
    found = compare(stage, "")
    check(
        {"10.77.0.1", "10.77.0.5", "10.77.0.8", "192.168.9.1", "fd77::1", "fd77::d"} <= found,
        f"the kernel answers for {found}",
    )
    check(not {"fd77::e", "fd77::f"} & found, f"the kernel answers for {found}")


@case
def arp_ignore_is_followed(stage):
    add_addresses(stage)
    for value in (1, 2, 3, 4, 8):
        compare(stage, f"echo {value} >{CONF4}/st0/arp_ignore")
    found = compare(stage, f"echo 0 >{CONF4}/st0/arp_ignore; echo 8 >{CONF4}/all/arp_ignore")
    check_equal(found & ADDRESSES4.keys(), set(), "answered with conf/all/arp_ignore 8")
    compare(
        stage,
        f"echo 0 >{CONF4}/all/arp_ignore; echo 2 >{CONF4}/all/arp_announce; echo 1 >{CONF4}/st0/drop_gratuitous_arp",
    )


@case
def address_without_a_local_route(stage):
    """The local route was deleted: the kernel does not answer, as for an LVS real server."""
    add_addresses(stage)
    found = compare(
        stage,
        "ip route del local 10.77.0.5 dev st0 table local; ip route del local 192.168.9.1 dev st0 table local",
    )
    check_equal(found & {"10.77.0.1", "10.77.0.5", "192.168.9.1"}, {"10.77.0.1"}, "answered")
    found = compare(stage, "ip route add local 192.168.8.0/23 dev lo table local")
    check("192.168.9.1" in found, "the kernel does not answer for an address in a local prefix")


@case
def noarp_device_is_silent(stage):
    """ARP is switched off on the standby: the owner of its addresses does not answer."""
    compare(stage, "ip link set st0 arp off")
    check("rarp" in announces(stage, "primary", "pr1"), "the pair's own MAC was not announced")


@case
@quick
def standby_that_is_down_announces_no_address(stage):
    stage.succeed("switch", "st0", "primary")
    stage.guest.run("ip link set st0 down")
    time.sleep(0.5)
    heard = stage.capture(stage.outside, "pr1")
    stage.guest.run("ip link set pr0 down; ip link set pr0 up")
    time.sleep(1.5)
    check_equal(
        announced(heard.frames(outgoing=False)) - {"rarp"}, set(),
        "announced of a standby that is down",
    )


def speaks(stage, name, mac):
    inject(stage.guest, name, frame(BROADCAST, mac, payload=b"it speaks"))


@case
def macs_that_have_spoken_are_announced(stage):
    """A macvlan's once its own stack has an address, a macvtap's once a process has sent by it; one
    of another namespace always, but not a virtual router's.
    """
    macs = {
        name: f"02:76:66:00:00:a{number}"
        for number, name in enumerate(
            ("bare", "addressed", "link_local", "shut", "tap", "mute", "far")
        )
    }
    for name in ("bare", "addressed", "link_local", "shut"):
        macvlan(stage, name, macs[name])
    for name in ("tap", "mute"):
        macvlan(stage, name, macs[name], "macvtap mode bridge")
    for name in ("bare", "addressed", "link_local", "shut", "tap"):
        speaks(stage, name, macs[name])
    stage.guest.run("""ip address add 10.77.0.61/24 dev addressed; ip address add fd77::61/64 dev addressed nodad
        ip address add fe80::62/64 dev link_local nodad; ip address add 10.77.0.63/24 dev shut; ip link set shut down""")
    container = Netns("container")
    try:
        for name, mac in (("far", macs["far"]), ("vrrp", "00:00:5e:00:01:07")):
            stage.guest.run(
                f"ip link add {name} link st0 address {mac} type macvlan mode bridge; ip link set {name} netns {container.name}"
            )
            container.run(f"ip link set {name} up")
        readdressed(stage)
        time.sleep(0.35)
        for wish, wire in (("standby", "st1"), ("primary", "pr1")):
            heard = stage.capture(stage.outside, wire)
            stage.succeed("switch", "st0", wish)
            time.sleep(0.35)
            frames = heard.frames(outgoing=False)
            found = {
                name: {what for _, what in announced_of(frames, mac)} for name, mac in macs.items()
            }
            check_equal(
                found,
                {
                    "bare": set(),
                    "addressed": {"rarp", "10.77.0.61", "fd77::61"},
                    "link_local": {"rarp", "fe80::62"},
                    "shut": set(),
                    "tap": {"rarp"},
                    "mute": set(),
                    "far": {"rarp"},
                },
                f"announced, active {wish}",
            )
            check_equal(
                announced_of(frames, "00:00:5e:00:01:07"), set(),
                "announced of a virtual router in a container",
            )
            check((0, "rarp") in announced_of(frames, MAC), "the pair's own MAC was not announced")
    finally:
        container.remove()


MANY = 300


def check_all_announced(stage, macs):
    """All of @macs by RARP, at one switchover each way, and counted in status."""
    for wish, wire in (("standby", "st1"), ("primary", "pr1")):
        heard = stage.capture(stage.outside, wire)
        stage.succeed("switch", "st0", wish)
        time.sleep(0.6)
        sources = [
            data[6:12] for data in heard.frames(outgoing=False) if data[12:14] == b"\x80\x35"
        ]
        missing = [mac for mac in macs if sources.count(mac_bytes(mac)) < 3]
        check_equal(
            missing, [],
            f"{len(missing)} of {len(macs)} MACs not announced three times, active {wish}",
        )
        first = next(
            data
            for data in heard.frames(outgoing=False)
            if data[12:14] in (b"\x80\x35", b"\x08\x06")
        )
        check_equal(first[6:12], mac_bytes(MAC), "source of the first frame")
        pair = stage.pair()
        check(pair["announced_frames"] > len(macs), f"announced_frames: {pair['announced_frames']}")
        check_equal(pair["unsent_frames"], 0, "unsent_frames")


@case
def hundreds_of_silent_macvlans(stage):
    macs = [f"02:76:66:01:{number >> 8:02x}:{number & 255:02x}" for number in range(MANY)]
    container = Netns("container")
    try:
        stage.guest.run(
            "\n".join(
                ["ip -batch - <<E"]
                + [
                    f"link add mv{number} link st0 address {mac} netns {container.name} type macvlan mode bridge"
                    for number, mac in enumerate(macs)
                ]
                + ["E"]
            )
        )
        container.run(
            "\n".join(
                ["ip -batch - <<E"] + [f"link set mv{number} up" for number in range(MANY)] + ["E"]
            ),
            timeout=60,
        )
        time.sleep(2.5)  # without watch programs the lists are looked at once a second
        check_all_announced(stage, macs)
    finally:
        container.remove()


@case
def hundreds_of_stations_behind_a_bridge(stage):
    macs = [f"02:76:66:02:{number >> 8:02x}:{number & 255:02x}" for number in range(MANY)]
    container = Netns("container")
    try:
        stage.guest.run(f"""ip link add gbr0 address {MAC} type bridge forward_delay 0; ip address flush dev st0
            ip link set gbr0 up; ip link set st0 master gbr0; ip address add 10.77.0.1/24 dev gbr0
            ip link add ct1 master gbr0 type veth peer ct0 netns {container.name}; ip link set ct1 up""")
        container.run("ip link set ct0 up")
        wait(
            "the pair to know of the bridge",
            lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
        )
        for mac in macs:
            inject(container, "ct0", frame(BROADCAST, mac))
        readdressed(stage)
        check_all_announced(stage, macs)
    finally:
        container.remove()


@case
@nightly("hundreds-of-silent-macvlans, hundreds-of-stations-behind-a-bridge")
def two_thousand_addresses(stage):
    """Each of them is announced, and what is sent meanwhile comes."""
    addresses = [f"10.{100 + number // 250}.{number % 250}.1" for number in range(1000)] + [
        f"fd78::{number + 1:x}" for number in range(1000)
    ]
    stage.guest.run(
        "\n".join(
            ["ip -batch - <<E"]
            + [
                f"address add {address}/{128 if ':' in address else 32} dev st0{' nodad' if ':' in address else ''}"
                for address in addresses
            ]
            + ["E"]
        ),
        timeout=60,
    )
    readdressed(stage)
    flows = stage.flows(500)
    began = time.monotonic()
    for wish, wire in (("standby", "st1"), ("primary", "pr1")):
        heard = stage.capture(stage.outside, wire)
        stage.succeed("switch", "st0", wish)
        stage.wait_active(wish)
        wait(
            f"all addresses on {wire}",
            lambda: set(addresses) <= announced(heard.frames(outgoing=False)), 20,
        )
        pair = stage.pair()
        check_equal(
            (pair["announced_frames"] >= len(addresses), pair["unsent_frames"]), (True, 0),
            "(announced, unsent)",
        )
    lost = [flow.stop().lost(began) for flow in flows]
    check_equal(lost, [0, 0], "(out, in) lost")


def has_kind(stage, kind):
    try:
        stage.guest.run(f"ip link add probe0 type {kind}; ip link delete probe0")
        return True
    except NetnsError:
        return False


@case(agent=False)
def bond_above_the_standby(stage):
    """Its addresses and those of its VLAN, while it sends by the standby."""
    if not has_kind(stage, "bond"):
        raise Skip("this kernel has no bonding")
    vlan = has_kind(stage, "vlan id 7 link st0 protocol 802.1Q")
    stage.guest.run("""ip address flush dev st0; ip link set st0 down
        ip link add bond0 type bond mode active-backup miimon 100; ip link add other0 type veth peer other1; ip link set other1 up
        ip link set other0 master bond0; ip link set st0 master bond0; ip link set bond0 up
        ip link set bond0 type bond active_slave st0
        ip address add 10.77.0.1/24 dev bond0""")
    mac = stage.guest.run("cat /sys/class/net/bond0/address").strip()
    expected = {(0, "rarp"), (0, "10.77.0.1")}
    if vlan:
        stage.guest.run(
            "ip link add bond0.7 link bond0 type vlan id 7; ip link set bond0.7 up; ip address add 10.77.7.1/24 dev bond0.7"
        )
        expected |= {(7, "rarp"), (7, "10.77.7.1")}
    stage.guest.run(f"ip link set pr0 address {mac}")
    stage.start()
    stage.wait_active("primary")
    for active, what in (("st0", expected), ("other0", set())):
        stage.guest.run(f"ip link set bond0 type bond active_slave {active}")
        time.sleep(0.5)
        heard = wire_capture(stage, stage.outside, "st1")
        stage.succeed("switch", "st0", "standby")
        time.sleep(0.35)
        found = announced_of(heard.frames(outgoing=False), mac)
        check(what <= found, f"announced, {active} active: {found}, not {what}")
        check(what or not found, f"announced, though the bond sends by {active}: {found}")
        stage.succeed("switch", "st0", "primary")
        time.sleep(0.35)


main()
