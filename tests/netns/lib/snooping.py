# SPDX-License-Identifier: GPL-2.0-only
"""The outside's bridge snoops on IGMP and MLD; flows to groups whose members it knows."""

import time

from memberships import GroupFlow
from rig import check, note, wait

GROUP, GROUP6 = "239.129.2.3", "ff1e::8:9"
PROTOCOLS = (
    ("igmpv2", {"igmp": 2}, GROUP),
    ("igmpv3", {"igmp": 3}, GROUP),
    ("mldv1", {"mld": 1}, GROUP6),
    ("mldv2", {"mld": 2}, GROUP6),
)
# A wire without carrier brings nothing more, so what the outside's bridge sends there until it has
# the report is lost: some ms at 1,000/s.
REPORTING = 20
# A station that has to be asked waits for up to 0.1 s before it answers, and two jiffies. The first
# answer may come too early for the wire: that to the next query is up to 0.1 s later.
ANSWERING = 2 * (100 + 10) + REPORTING


def snoop(stage, igmp=3, mld=2):
    """The outside's bridge asks, once, as it does every 125 s, and sends groups to those ports
    alone from which it was answered.
    """
    for option in (
        "mcast_query_response_interval 100",
        f"mcast_igmp_version {igmp}",
        f"mcast_mld_version {mld}",
        "mcast_snooping 1",
        "mcast_querier 1",
    ):
        stage.outside.run(f"ip link set br0 type bridge {option}")
    # It relies on the answers once it has waited for them; IGMPv1 and v2, and MLDv1, are spoken
    # once such a query was received.
    time.sleep(1.5)


def members(stage, group):
    """The ports behind which the outside's bridge knows members of the group."""
    return {
        words[words.index("port") + 1]
        for words in map(str.split, stage.outside.run("bridge mdb show dev br0").splitlines())
        if "grp" in words and words[words.index("grp") + 1] == group
    }


def settle(stage, flow, port="pr1"):
    """Until the bridge sends the group to that port, and no other: an empty list would make it send
    to all.
    """
    wait(f"the group behind {port}", lambda: port in members(stage, flow.group))
    time.sleep(0.3)


def flow_of(stage, group, source=None, target=None, port="pr1", **devices):
    """From the outside to the guest's standby, if nothing else is said; @port: as settle."""
    flow = GroupFlow(source or stage.outside, target or stage.guest, group, **devices)
    flow.group = group
    if port:
        settle(stage, flow, port)
    return flow


def outage(stage, flow, what, leave, back, bound):
    """What is sent between the loss and the switch is the watch programs' matter: without them,
    netlink's. The bridge forgets a port and its groups at once. From the switch on, no more than
    @bound are lost; a first announcement without the group would cost the 100 ms to the next.
    """
    leave()
    switched_ns = stage.wait_active("standby")["last_switch"]["unix_ns"]
    switched = time.monotonic() - (time.time() - switched_ns / 1e9)
    time.sleep(0.4)
    back()
    stage.wait_active("primary")
    time.sleep(0.4)
    lost = flow.stop().lost(switched)
    note(
        f"{what}: lost {flow.lost(until=switched)} before the switch, {lost} from then on, of {len(flow.times)}, doubled {flow.copies}"
    )
    check(lost <= bound, f"{what}: lost {lost} after the switch")
