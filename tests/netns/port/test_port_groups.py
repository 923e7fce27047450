#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Behind a bridge that snoops: what containers behind ports have joined comes to the wire that is
active now.
"""

import functools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from memberships import join, queries_of, reported, reports_of  # noqa: E402
from packets import arp, tagged, wire_capture  # noqa: E402
from ports import Container, add_primary, prepare  # noqa: E402
from rig import MAC, check, check_equal, inject, main, note, wait  # noqa: E402
from rig import case as any_case  # noqa: E402
from snooping import (  # noqa: E402
    ANSWERING, GROUP, GROUP6, PROTOCOLS, REPORTING, flow_of, members, outage, snoop,
)

case = functools.partial(any_case, snoops=False)


def flows_of(stage, container, group):
    """(to the container, from it)."""
    return (
        flow_of(stage, group, target=container.netns, into="ct0"),
        flow_of(
            stage, group, container.netns, stage.outside, port=None, out="ct0", into="br0"
        ),
    )


def to_and_fro(stage, container, group):
    """The wire that is not active any more brings the group until the other one does."""
    flow, back = flows_of(stage, container, group)
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
    check_equal(lost, [0, 0], "lost (to the container, from it)")


def lost_and_back(stage, container, group, what, leave, back):
    """No part of the guest knows what is joined: the containers are asked."""
    flow, opposite = flows_of(stage, container, group)
    outage(stage, flow, f"{what}, {group}", leave, back, ANSWERING)
    lost = opposite.stop().lost()
    note(f"{what}, {group}: lost {lost} from the container")
    check(lost <= REPORTING, f"{what}, {group}: lost {lost} from the container")


def carrier_loss(stage, container, group):
    lost_and_back(
        stage, container, group, "carrier lost and back",
        lambda: stage.outside.run("ip link set pr1 down"),
        lambda: stage.outside.run("ip link set pr1 up"),
    )


def deletion(stage, container, group):
    lost_and_back(
        stage, container, group, "unplug and plug",
        lambda: stage.guest.run("ip link delete pr0"), lambda: add_primary(stage),
    )


def with_versions(name, work):
    for protocol, versions, group in PROTOCOLS:
        def run(stage, versions=versions, group=group):
            prepare(stage, "tc")
            with Container(stage, mode="tc") as container:
                snoop(stage, **versions)
                work(stage, container, group)
        run.__name__ = f"{name}_{protocol}"
        case(run)


with_versions("switch", to_and_fro)
with_versions("carrier_loss", carrier_loss)
with_versions("deletion", deletion)


@case
def what_is_asked(stage):
    """Each port, both protocols, in the VLANs that were seen behind it; nothing on the wires."""
    with Container(stage) as one, Container(stage, 2) as two:
        snoop(stage)
        two.netns.run("echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6")
        sockets = [join(one.netns, "ct0", group) for group in (GROUP, GROUP6)]
        inject(one.netns, "ct0", arp(one.mac, "10.78.0.101", 7))
        wait("the groups", lambda: members(stage, GROUP) and members(stage, GROUP6))
        time.sleep(2.5)  # unsolicited reports are repeated
        for wish in ("standby", "primary"):
            wires = [
                wire_capture(stage, netns, device)
                for netns, device in ((stage.guest, "st0"), (stage.guest, "pr0"),
                                      (stage.outside, "st1"), (stage.outside, "pr1"))
            ]
            asked, quiet = (
                wire_capture(stage, container.netns, "ct0") for container in (one, two)
            )
            stage.succeed("switch", "st0", wish)
            stage.wait_active(wish)
            time.sleep(0.5)
            both = {"igmp3", "mld2"}
            heard = asked.frames(outgoing=False)
            check_equal((queries_of(heard), queries_of(heard, 7)), (both, both), "asked")
            answers = reports_of(asked.frames(outgoing=True))
            check_equal(
                (reported(answers, GROUP), reported(answers, GROUP6)),
                ({("igmp3", "exclude", ())}, {("mld2", "exclude", ())}), "answered",
            )
            heard = quiet.frames(outgoing=False)
            check_equal((queries_of(heard), queries_of(heard, 7)), (both, set()), "asked")
            check_equal(quiet.frames(outgoing=True), [], "said by a container without groups")
            for wire in wires:
                for vlan in (0, 7):
                    check_equal(queries_of(wire.frames(), vlan), set(), "asked on the wires")
        check(sockets, "")


@case
def passthrough(stage):
    """A container with the pair's own MAC is asked from another one."""
    with Container(stage, mac=MAC, settings=("--passthrough",)) as one:
        snoop(stage)
        member = join(one.netns, "ct0", GROUP)
        wait("the group", lambda: members(stage, GROUP))
        capture = wire_capture(stage, one.netns, "ct0")
        stage.succeed("switch", "st0", "standby")
        wait("to be asked", lambda: queries_of(capture.frames(outgoing=False)) == {"igmp3", "mld2"})
        wait("the group behind st1", lambda: "st1" in members(stage, GROUP))
        member.close()


main()
