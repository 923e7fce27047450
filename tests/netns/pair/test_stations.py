#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Stations in other namespaces, behind a bridge above the standby: what they have joined comes to
the wire that is active now.
"""

import functools
import json
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from announcements import checksum  # noqa: E402
from memberships import (  # noqa: E402
    current, group_mac, join, queries_of, reported, reports_of,
)
from packets import tagged, wire_capture  # noqa: E402
from rig import MAC, Skip, check, check_equal, inject, mac_bytes, main, note, wait  # noqa: E402
from rig import case as any_case  # noqa: E402
from snooping import (  # noqa: E402
    ANSWERING, GROUP, GROUP6, PROTOCOLS, REPORTING, flow_of, members, outage, snoop,
)
from tools.rig.netns import Netns, NetnsError  # noqa: E402

case = functools.partial(any_case, snoops=False)


class Station:
    """A namespace whose eth0 is on a port of the guest's bridge."""

    def __init__(self, stage, number=1, ipv6=True):
        self.stage, self.port = stage, f"gs{number}"
        self.netns = Netns(f"station{number}")
        self.netns.run("""
            echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra
            echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
            echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations""")
        if not ipv6:  # an address of it would have joined a group
            self.netns.run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
        stage.guest.run(f"""
            echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
            ip link add {self.port} master gbr0 type veth peer eth0 netns {self.netns.name}
            echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
            ip link set {self.port} up""")
        self.netns.run(f"""
            ip link set eth0 up
            ip address add 10.77.0.{50 + number}/24 dev eth0""")
        if ipv6:
            self.netns.run(f"ip address add fd77::{50 + number}/64 dev eth0 nodad")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stage.guest.run(f"ip link delete {self.port} 2>/dev/null || :")
        self.netns.remove()


def add_bridge(stage, options=""):
    stage.guest.run(f"""
        ip link add gbr0 address {MAC} type bridge forward_delay 0 {options}
        ip address flush dev st0
        ip link set gbr0 up
        ip link set st0 master gbr0
        ip address add 10.77.0.1/24 dev gbr0""")
    wait(
        "the pair to know of the bridge",
        lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
    )


def flows_of(stage, station, group):
    """(to the station, from it); the agent has read the groups, which it does once a second."""
    flows = (
        flow_of(stage, group, target=station.netns, into="eth0"),
        flow_of(
            stage, group, station.netns, stage.outside, port=None, out="eth0", into="br0"
        ),
    )
    time.sleep(1.2)
    return flows


def to_and_fro(stage, group):
    """A bridge receives from the active wire alone: what the outside sends before it has the report
    is lost.
    """
    with Station(stage) as station:
        flow, back = flows_of(stage, station, group)
        for wish, port in (("standby", "st1"), ("primary", "pr1"), ("standby", "st1")):
            stage.succeed("switch", "st0", wish)
            stage.wait_active(wish)
            time.sleep(0.5)
            check(
                port in members(stage, group),
                lambda: f"{group} is not known behind {port}: {members(stage, group)}",
            )
        lost = [one.stop().lost() for one in (flow, back)]
        note(f"switches, {group}: lost {lost} (to, from) of {len(flow.times)}, doubled {flow.copies}")
        check(lost[0] <= REPORTING and not lost[1], f"lost (to the station, from it): {lost}")


def lost_and_back(stage, group, what, leave, back, bound=REPORTING):
    with Station(stage) as station:
        flow, opposite = flows_of(stage, station, group)
        outage(stage, flow, f"{what}, {group}", leave, back, bound)
        lost = opposite.stop().lost()
        note(f"{what}, {group}: lost {lost} from the station")
        check(lost <= REPORTING, f"{what}, {group}: lost {lost} from the station")


def carrier_loss(stage, group, bound=REPORTING):
    lost_and_back(
        stage, group, "carrier lost and back", lambda: stage.outside.run("ip link set pr1 down"),
        lambda: stage.outside.run("ip link set pr1 up"), bound,
    )


def deletion(stage, group, bound=REPORTING):
    lost_and_back(
        stage, group, "unplug and plug", lambda: stage.guest.run("ip link delete pr0"),
        stage.add_primary, bound,
    )


def with_versions(work, name, options="", **bound):
    for protocol, versions, group in PROTOCOLS:
        def run(stage, versions=versions, group=group):
            add_bridge(stage, options)
            snoop(stage, **versions)
            work(stage, group, **bound)
        run.__name__ = f"{name}_{protocol}"
        case(run)


with_versions(to_and_fro, "switch")
with_versions(carrier_loss, "carrier_loss")
with_versions(deletion, "deletion")
# No part of the guest knows what is joined: the stations are asked, at the unplug and at the plug.
# A bridge receives from the active wire alone.
with_versions(deletion, "deletion_without_snooping", "mcast_snooping 0", bound=2 * ANSWERING)


def wires(stage):
    """All of the pair's, from both sides."""
    return [
        wire_capture(stage, netns, device)
        for netns, device in ((stage.guest, "st0"), (stage.guest, "pr0"), (stage.outside, "st1"),
                              (stage.outside, "pr1"))
    ]


def switch(stage, wish):
    stage.succeed("switch", "st0", wish)
    stage.wait_active(wish)
    time.sleep(0.5)


@case
def what_is_asked(stage):
    """Both protocols, on the stations' ports alone; who is not in a group says nothing."""
    add_bridge(stage)
    snoop(stage)
    with Station(stage) as member, Station(stage, 2, ipv6=False) as other:
        sockets = [join(member.netns, "eth0", group) for group in (GROUP, GROUP6)]
        wait("the groups", lambda: members(stage, GROUP) and members(stage, GROUP6))
        time.sleep(2.5)  # unsolicited reports are repeated
        for wish in ("standby", "primary"):
            on_wires = wires(stage)
            asked, quiet = (
                wire_capture(stage, station.netns, "eth0") for station in (member, other)
            )
            switch(stage, wish)
            check_equal(queries_of(asked.frames(outgoing=False)), {"igmp3", "mld2"}, "asked")
            answers = reports_of(asked.frames(outgoing=True))
            check_equal(
                (reported(answers, GROUP), reported(answers, GROUP6)),
                ({("igmp3", "exclude", ())}, {("mld2", "exclude", ())}), "answered",
            )
            check_equal(
                (queries_of(quiet.frames(outgoing=False)), quiet.frames(outgoing=True)),
                (set(), []), "asked of a station without groups, and said by it",
            )
            for wire in on_wires:
                check_equal(queries_of(wire.frames()), set(), "asked on the wires")
        check(sockets, "")


def querier_state(stage):
    """What the guest's bridge knows of queriers and routers, and its groups."""
    details = json.loads(stage.guest.run("ip -d -j link show gbr0"))[0]["linkinfo"]["info_data"]
    found = json.loads(stage.guest.run("bridge -d -j mdb show dev gbr0"))[0]
    return (
        {name: value for name, value in details.items() if "mcast" in name and "timer" not in name},
        {family: [(entry.get("port"), entry.get("type")) for entry in entries]
         if isinstance(entries, list) else entries
         for family, entries in found.get("router", {}).items()},
        sorted((entry["port"], entry["grp"]) for entry in found["mdb"]),
    )


@case
def bridge_is_as_before(stage):
    """Its querier, its router ports and its groups."""
    add_bridge(stage)
    snoop(stage)
    with Station(stage) as station:
        sockets = [join(station.netns, "eth0", group) for group in (GROUP, GROUP6)]
        wait("the groups", lambda: members(stage, GROUP) and members(stage, GROUP6))
        time.sleep(0.5)
        before = querier_state(stage)
        check("gs1" not in str(before[1]), f"a station is a router: {before}")
        switch(stage, "standby")
        check_equal(querier_state(stage), before, "the bridge's querier, routers and groups")
        check(sockets, "")


def old_queriers(stage, station, work):
    """@work between a query of the outside, as old as IGMPv2 and MLDv1, and another join: reported
    in the old version.
    """
    capture = wire_capture(stage, station.netns, "eth0")
    work()
    time.sleep(0.5)
    sockets = [join(station.netns, "eth0", group) for group in ("239.129.2.4", "ff1e::8:a")]
    time.sleep(0.5)
    reports = reports_of(capture.frames(outgoing=True))
    check(sockets, "")
    return {
        group: {version for version, _, _ in reported(reports, group)}
        for group in ("239.129.2.4", "ff1e::8:a", GROUP, GROUP6)
    }


@case
def old_versions_are_kept(stage):
    """A station on the network of an IGMPv2 and MLDv1 querier reports in these versions alone."""
    add_bridge(stage)
    snoop(stage, igmp=2, mld=1)
    with Station(stage) as station:
        sockets = [join(station.netns, "eth0", group) for group in (GROUP, GROUP6)]
        stage.outside.run("ip link set br0 type bridge mcast_querier 0")
        stage.outside.run("ip link set br0 type bridge mcast_querier 1")
        wait("the groups", lambda: members(stage, GROUP) and members(stage, GROUP6))
        time.sleep(2)
        check_equal(
            old_queriers(stage, station, lambda: switch(stage, "standby")),
            {"239.129.2.4": {"igmp2"}, "ff1e::8:a": {"mld1"}, GROUP: {"igmp2"}, GROUP6: {"mld1"}},
            "versions",
        )
        check(sockets, "")


@case
def old_querier_later(stage):
    """A querier of an old version comes after the question: the station keeps to it for longer than
    our question's 0.1 s.
    """
    add_bridge(stage)
    snoop(stage)
    with Station(stage) as station:
        sockets = [join(station.netns, "eth0", group) for group in (GROUP, GROUP6)]
        wait("the groups", lambda: members(stage, GROUP) and members(stage, GROUP6))
        switch(stage, "standby")
        stage.outside.run("""
            ip link set br0 type bridge mcast_igmp_version 2 mcast_mld_version 1 mcast_querier 0
            ip link set br0 type bridge mcast_querier 1""")
        time.sleep(2)
        found = old_queriers(stage, station, lambda: None)
        check_equal(
            (found["239.129.2.4"], found["ff1e::8:a"]), ({"igmp2"}, {"mld1"}), "versions",
        )
        check(sockets, "")


@case
def router_behind_a_port(stage):
    """A querier behind a port asks there itself. A second one could silence it."""
    add_bridge(stage)
    snoop(stage)
    with Station(stage) as station:
        member = join(station.netns, "eth0", GROUP)
        wait("the group", lambda: members(stage, GROUP))
        stage.guest.run("ip link set gs1 type bridge_slave mcast_router 2")
        time.sleep(1.2)
        capture = wire_capture(stage, station.netns, "eth0")
        switch(stage, "standby")
        check_equal(queries_of(capture.frames(outgoing=False)), set(), "asked of a router's port")
        check("st1" in members(stage, GROUP), "what is joined there is not reported")
        member.close()


@case
def vlans(stage):
    """In the VLAN in which a group is joined, as well as without a tag."""
    try:
        add_bridge(stage, "vlan_filtering 1")
    except NetnsError as error:
        raise Skip(f"bridges do not filter VLANs: {str(error).splitlines()[-1]}") from error
    snoop(stage)
    with Station(stage) as station:
        stage.guest.run("bridge vlan add dev gs1 vid 7; bridge vlan add dev st0 vid 7")
        report = join_frame(station.netns, GROUP)
        inject(station.netns, "eth0", tagged(report, (0x8100, 7)))
        wait("the group", lambda: "vid 7" in stage.guest.run("bridge mdb show dev gbr0"))
        time.sleep(1.2)
        asked, wire = (
            wire_capture(stage, station.netns, "eth0"), wire_capture(stage, stage.outside, "st1")
        )
        switch(stage, "standby")
        check_equal(
            queries_of(asked.frames(outgoing=False), 7), {"igmp3", "mld2"}, "asked in the VLAN"
        )
        check_equal(
            reported(current(reports_of(wire.frames(outgoing=False), MAC, 7)), GROUP),
            {("igmp3", "exclude", ())}, "reported in the VLAN",
        )


def join_frame(netns, group):
    """An IGMPv2 report as the station's kernel would send it."""
    mac = json.loads(netns.run("ip -j link show eth0"))[0]["address"]
    packed = socket.inet_aton(group)
    body = struct.pack("!BBH4s", 0x16, 0, 0, packed)
    body = body[:2] + (checksum(body) ^ 0xffff).to_bytes(2, "big") + body[4:]
    head = struct.pack(
        "!BBHHHBBH4s4s4s", 0x46, 0xc0, 24 + len(body), 0, 0x4000, 1, 2, 0,
        socket.inet_aton("10.77.0.51"), packed, b"\x94\x04\0\0",
    )
    head = head[:10] + (checksum(head) ^ 0xffff).to_bytes(2, "big") + head[12:]
    return (group_mac(group) + mac_bytes(mac) + b"\x08\0" + head + body).ljust(60, b"\0")


def asked_after_switch(stage, *settings):
    """What a station with groups is asked at a switch, by an agent with these settings."""
    stage.stop()
    configuration = stage.directory / "vfsteer.conf"
    configuration.write_text("\n".join(settings) + "\n")
    stage.start(options=("--config", str(configuration)))
    stage.wait_active("primary")
    with Station(stage) as station:
        sockets = [join(station.netns, "eth0", group) for group in (GROUP, GROUP6)]
        wait("the groups", lambda: members(stage, GROUP) and members(stage, GROUP6))
        time.sleep(1.2)
        capture = wire_capture(stage, station.netns, "eth0")
        switch(stage, "standby")
        check(sockets, "")
        return queries_of(capture.frames(outgoing=False))


@case
def announce_off(stage):
    add_bridge(stage)
    snoop(stage)
    check_equal(asked_after_switch(stage, "[agent]", "announce = off"), set(), "asked")


@case
def announce_macs(stage):
    """A query claims no address."""
    add_bridge(stage)
    snoop(stage)
    asked = asked_after_switch(stage, "[agent]", "announce = macs")
    check_equal(asked, {"igmp3", "mld2"}, "asked")


@case
def many_groups(stage):
    """All that a station has joined is reported, whatever the number."""
    add_bridge(stage)
    snoop(stage)
    with Station(stage) as station:
        station.netns.run("echo 5000 >/proc/sys/net/ipv4/igmp_max_memberships")
        groups = [f"239.130.{number // 250}.{number % 250}" for number in range(1000)]
        groups += [f"ff1e::7:{number:x}" for number in range(1000)]
        sockets = []
        for first in range(0, len(groups), 20):
            member = None
            for group in groups[first:first + 20]:
                member = join(station.netns, "eth0", group, receiver=member)
            sockets.append(member)
        time.sleep(4)
        # Its own answers come later than the announcement, and from its MAC.
        for wish, wire in (("standby", "st1"), ("primary", "pr1")):
            capture = wire_capture(stage, stage.outside, wire)
            switch(stage, wish)
            reports = current(reports_of(capture.frames(outgoing=False), MAC))
            check_equal(set(groups) - {group for _, group, _, _ in reports}, set(), "missing")
        note(stage.log.read_text().splitlines()[-1])
        for member in sockets:
            member.close()


main()
