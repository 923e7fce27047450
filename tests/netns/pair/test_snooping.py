#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Behind a bridge that snoops on IGMP and MLD: what the guest has joined comes to the wire that is
active now.
"""

import functools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import announcements  # noqa: E402
from memberships import GroupFlow, current, join, reported, reports_of  # noqa: E402
from packets import wire_capture  # noqa: E402
from rig import (  # noqa: E402
    GUEST6, MAC, OUTSIDE, OUTSIDE6, Skip, check, check_equal, main, note, reachable, wait,
)
from rig import case as any_case  # noqa: E402
from snooping import (  # noqa: E402
    GROUP, GROUP6, PROTOCOLS, REPORTING, flow_of, members, outage, settle, snoop,
)
from tools.rig.netns import Netns, NetnsError  # noqa: E402

# Each case has its own querier, from a moment of its own on.
case = functools.partial(any_case, snoops=False)
SOURCES, SOURCES6 = "232.1.1.1", "ff3e::1:1"  # source-specific
SOLICITED_NODE = "ff02::1:ff00:1"  # of GUEST6


def check_flow(flow, bound, what):
    flow.stop()
    lost = flow.lost()
    note(f"{what}: lost {lost} of {len(flow.times)}, doubled {flow.copies}")
    check(lost <= bound, f"{what}: lost {lost} of {len(flow.times)}")


def to_and_fro(stage, group):
    """An operator's switches."""
    flow = flow_of(stage, group)
    for wish, port in (("standby", "st1"), ("primary", "pr1"), ("standby", "st1")):
        stage.succeed("switch", "st0", wish)
        stage.wait_active(wish)
        time.sleep(0.4)
        check(
            port in members(stage, group),
            lambda: f"{group} is not known behind {port}: {members(stage, group)}",
        )
    check_flow(flow, 0, f"switches, {group}")


def leave_and_return(stage, group, what, leave, back):
    outage(stage, flow_of(stage, group), f"{what}, {group}", leave, back, REPORTING)


def carrier_loss(stage, group):
    leave_and_return(
        stage, group, "carrier lost and back", lambda: stage.outside.run("ip link set pr1 down"),
        lambda: stage.outside.run("ip link set pr1 up"),
    )


def deletion(stage, group):
    leave_and_return(
        stage, group, "unplug and plug", lambda: stage.guest.run("ip link delete pr0"),
        stage.add_primary,
    )


def with_versions(name, work):
    """One case for each protocol."""
    for protocol, versions, group in PROTOCOLS:
        def run(stage, versions=versions, group=group):
            snoop(stage, **versions)
            work(stage, group)
        run.__name__ = f"{name}_{protocol}"
        case(run)


with_versions("switch", to_and_fro)
with_versions("carrier_loss", carrier_loss)
with_versions("deletion", deletion)


@case
def new_neighbour(stage):
    """A host that looks for the guest after the switch asks its solicited-node group. It is there
    before: for a new port the bridge asks again.
    """
    stranger = Netns("stranger")
    try:
        stage.outside.run(
            f"ip link add s1 master br0 type veth peer s0 netns {stranger.name}; ip link set s1 up"
        )
        stranger.run("ip link set s0 up; ip address add fd77::77/64 dev s0 nodad")
        snoop(stage)
        wait("the group behind pr1", lambda: members(stage, SOLICITED_NODE) == {"pr1"})
        for wish in ("standby", "primary"):
            stage.succeed("switch", "st0", wish)
            stage.wait_active(wish)
            time.sleep(0.5)
            stranger.run("ip neigh flush dev s0")
            reachable(stage, stranger, stage.guest, GUEST6)
            note(f"found over the {wish}")
    finally:
        stranger.remove()


def reports_after(stage, wish, wire, vlan=0, mac=MAC):
    """What is reported on @wire by the announcements of one switch."""
    capture, quiet = (
        wire_capture(stage, stage.outside, name)
        for name in (wire, "pr1" if wire == "st1" else "st1")
    )
    stage.succeed("switch", "st0", wish)
    stage.wait_active(wish)
    time.sleep(0.35)
    check_equal(
        current(reports_of(quiet.frames(outgoing=False), mac, vlan)), set(),
        "reported on the wire that is not active",
    )
    return current(reports_of(capture.frames(outgoing=False), mac, vlan))


@case
def what_is_reported(stage):
    """What the kernel itself would answer a querier, and nothing else."""
    snoop(stage)
    sockets = [
        join(stage.guest, "st0", group)
        for group in (GROUP, GROUP6, "224.0.0.251", "ff02::fb", "ff01::5")
    ]
    time.sleep(1.5)
    for wish, wire in (("standby", "st1"), ("primary", "pr1")):
        reports = reports_after(stage, wish, wire)
        everyone = ("exclude", ())
        expected = {
            ("igmp3", GROUP, *everyone),
            ("igmp3", "224.0.0.251", *everyone),
            ("mld2", GROUP6, *everyone),
            ("mld2", "ff02::fb", *everyone),
            ("mld2", SOLICITED_NODE, *everyone),
        }
        # The one of the link-local address, and those that the kernel may join.
        check_equal(reports & expected, expected, f"reported on {wire}")
        check(
            all(
                group not in ("224.0.0.1", "ff02::1", "ff01::1", "ff01::5")
                for _, group, _, _ in reports
            ),
            f"reported on {wire}: {reports}",
        )
    stage.guest.run("echo 0 >/proc/sys/net/ipv4/igmp_link_local_mcast_reports")
    reports = reports_after(stage, "standby", "st1")
    check_equal(
        reported(reports, "224.0.0.251"), set(),
        "reported of a link-local group, which the guest does not report",
    )
    check_equal(reported(reports, GROUP), {("igmp3", "exclude", ())}, "reported of another group")
    for member in sockets:
        member.close()
    check_equal(
        reported(reports_after(stage, "primary", "pr1"), GROUP), set(),
        "reported of a group that was left",
    )


@case
def sources(stage):
    snoop(stage)
    members_of = [join(stage.guest, "st0", group, source) for group, source in
                  ((SOURCES, OUTSIDE), (SOURCES6, OUTSIDE6), (GROUP, OUTSIDE), (GROUP6, OUTSIDE6))]
    time.sleep(0.2)
    reports = reports_after(stage, "standby", "st1")
    check_equal(
        [reported(reports, group) for group in (SOURCES, SOURCES6, GROUP, GROUP6)],
        [{("igmp3", "include", (OUTSIDE,))}, {("mld2", "include", (OUTSIDE6,))}] * 2,
        "reported of groups with a source",
    )
    members_of += [join(stage.guest, "st0", group) for group in (GROUP, GROUP6)]
    reports = reports_after(stage, "primary", "pr1")
    check_equal(
        [reported(reports, group) for group in (GROUP, GROUP6)],
        [{("igmp3", "exclude", ())}, {("mld2", "exclude", ())}],
        "reported of groups that another member wants from any source",
    )


@case
def versions_of_queriers(stage):
    snoop(stage, igmp=2, mld=1)
    members_of = [join(stage.guest, "st0", group) for group in (GROUP, GROUP6)]
    time.sleep(1)
    reports = reports_after(stage, "standby", "st1")
    check_equal(
        reported(reports, GROUP), {("igmp2", "exclude", ())},
        "reported where the querier speaks IGMPv2",
    )
    # The kernel does not show whether an MLDv1 querier is still there.
    check_equal(
        reported(reports, GROUP6), {("mld1", "exclude", ()), ("mld2", "exclude", ())},
        "reported where the querier spoke MLDv1",
    )
    for versions, expected in (((1, 1), ("igmp1", "mld1")), ((3, 2), ("igmp3", "mld2"))):
        stage.guest.run(
            f"echo {versions[0]} >/proc/sys/net/ipv4/conf/st0/force_igmp_version; echo {versions[1]} >/proc/sys/net/ipv6/conf/st0/force_mld_version"
        )
        if versions[0] == 3:
            stage.guest.run(
                "ip link set st0 down; ip link set st0 up; ip address replace fd77::1/64 dev st0 nodad"
            )
            members_of = [join(stage.guest, "st0", GROUP6)]
            time.sleep(1.2)
        reports = reports_after(
            stage, "primary" if versions[0] == 1 else "standby",
            "pr1" if versions[0] == 1 else "st1",
        )
        if versions[0] == 1:
            check_equal(
                reported(reports, GROUP), {(expected[0], "exclude", ())},
                f"IGMP reported where {versions} are forced",
            )
        check_equal(
            reported(reports, GROUP6), {(expected[1], "exclude", ())},
            f"MLD reported where {versions} are forced",
        )
    check(members_of, "")


@case
def joined_just_now(stage):
    """A group that was joined a moment before an unplug without warning."""
    snoop(stage)
    capture = stage.capture(stage.outside, "st1")
    member = join(stage.guest, "st0", GROUP)
    time.sleep(0.1)
    stage.guest.run("ip link delete pr0")
    stage.wait_active("standby")
    # By the first announcement: one without it would have been seen before.
    wait("the announcement", lambda: announcements.announced(capture.frames(outgoing=False)))
    time.sleep(0.02)
    check_equal(
        reported(current(reports_of(capture.frames(outgoing=False), MAC)), GROUP),
        {("igmp3", "exclude", ())}, "reported at once",
    )
    member.close()


@case
def above_the_standby(stage):
    """What a macvlan has joined is reported as well, from the standby's MAC: the macvlan's own may
    be one that it must not claim.
    """
    snoop(stage)
    stage.guest.run("""
        ip link add mv0 link st0 address 02:76:66:00:00:d0 type macvlan mode bridge
        ip link set mv0 up
        ip address add 10.77.0.60/24 dev mv0""")
    member = join(stage.guest, "mv0", GROUP)
    time.sleep(1.2)
    check_equal(
        reported(reports_after(stage, "standby", "st1"), GROUP), {("igmp3", "exclude", ())},
        "reported for a macvlan",
    )
    check_equal(
        reported(reports_after(stage, "primary", "pr1", mac="02:76:66:00:00:d0"), GROUP), set(),
        "reported from the macvlan's MAC",
    )
    member.close()


@case
def vlan_above_the_standby(stage):
    """Inside its tag, and there alone."""
    try:
        stage.guest.run(
            "ip link add link st0 name st0.100 type vlan id 100; ip link set st0.100 up; ip address add 10.78.0.1/24 dev st0.100"
        )
    except NetnsError as error:
        raise Skip(f"this kernel has no 802.1Q: {str(error).splitlines()[-1]}") from error
    members_of = [join(stage.guest, "st0.100", group) for group in (GROUP, GROUP6)]
    time.sleep(1.2)
    for wish, wire in (("standby", "st1"), ("primary", "pr1")):
        reports = reports_after(stage, wish, wire, vlan=100)
        check_equal(
            [reported(reports, group) for group in (GROUP, GROUP6)],
            [{("igmp3", "exclude", ())}, {("mld2", "exclude", ())}],
            f"reported in the VLAN, on {wire}",
        )
    reports = reports_after(stage, "standby", "st1")
    check_equal(
        [reported(reports, group) for group in (GROUP, GROUP6)], [set(), set()],
        "reported without a tag",
    )
    check(members_of, "")


@case
def bridge_above_the_standby(stage):
    snoop(stage)
    stage.guest.run("""
        ip link add gbr0 address 02:76:66:00:00:01 type bridge forward_delay 0
        ip address flush dev st0
        ip link set gbr0 up
        ip link set st0 master gbr0
        ip address add 10.77.0.1/24 dev gbr0""")
    wait(
        "the pair to know of the bridge",
        lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
    )
    flow = GroupFlow(stage.outside, stage.guest, GROUP, into="gbr0")
    flow.group = GROUP
    settle(stage, flow)
    stage.succeed("switch", "st0", "standby")
    time.sleep(0.4)
    stage.guest.run("ip link delete pr0")
    check_flow(flow, 0, "a switch, members on a bridge in the guest")


@case
def many_groups(stage):
    """Two thousand of them: all are reported at each switch."""
    snoop(stage)
    stage.guest.run("echo 5000 >/proc/sys/net/ipv4/igmp_max_memberships")
    groups = [f"239.130.{number // 250}.{number % 250}" for number in range(1000)]
    groups6 = [f"ff1e::7:{number:x}" for number in range(1000)]
    sockets = []
    for family_groups in (groups, groups6):
        for first in range(0, len(family_groups), 20):
            member = None
            for group in family_groups[first:first + 20]:
                member = join(stage.guest, "st0", group, receiver=member)
            sockets.append(member)
    time.sleep(1.5)
    for wish, wire in (("standby", "st1"), ("primary", "pr1")):
        reports = reports_after(stage, wish, wire)
        missing = {group for group in groups + groups6} - {group for _, group, _, _ in reports}
        check_equal(missing, set(), f"not reported on {wire}")
    stage.guest.run("ip link delete pr0")
    stage.wait_active("standby")
    note(stage.log.read_text().splitlines()[-1])
    for member in sockets:
        member.close()


main()
