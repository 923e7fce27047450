#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Frame by frame: what the pair takes from its two wires, and what it puts on them."""

import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from announcements import announced, arp_of  # noqa: E402
from memberships import current, reports_of  # noqa: E402
from rig import (  # noqa: E402
    BROADCAST, ETH_P_TEST, GUEST, MAC, OUTSIDE, case, check, check_equal, each_active, frame,
    inject, main, note, reachable, wait,
)
from tools.rig.levels import quick  # noqa: E402

OTHER = "02:00:00:00:00:aa"
SETTLE_NS = 50_000_000  # PAIR_RECEIVE_SETTLE_NS
GROUPS = {
    "broadcast": BROADCAST,
    "IPv4 multicast": "01:00:5e:01:02:03",
    "IPv6 multicast": "33:33:00:00:00:01",
}


def settle():
    time.sleep(0.05)


@case
@quick
def group_frames_once(stage):
    """Down both wires, from a bridge that floods; seen once by the stack."""
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)
    for active in each_active(stage):
        for index, (kind, group) in enumerate(GROUPS.items()):
            data = frame(group, OTHER, payload=f"{active} {index}".encode())
            inject(stage.outside, "br0", data)
            wait(f"{kind}, active {active}", lambda: stack.count(data) >= 1)
            settle()
            check_equal(stack.count(data), 1, f"{kind} frames seen, active {active}")
    check(stage.counter("drop_twin_packets") >= 6, "twins were not counted")


@case
@quick
def group_frames_from_either_wire(stage):
    """Down one wire only, as behind a bridge that snoops; repeated on that wire, each is seen."""
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)
    for active in each_active(stage):
        for wire in ("st1", "pr1"):
            for kind, group in GROUPS.items():
                data = frame(group, OTHER, payload=f"{active} {wire} {kind}".encode())
                for _ in range(3):
                    inject(stage.outside, wire, data)
                wait(f"{kind} on {wire}, active {active}", lambda: stack.count(data) >= 3)
                settle()
                check_equal(
                    stack.count(data), 3, f"{kind} frames of three on {wire}, active {active}"
                )


@case
def flooded_unicast_once(stage):
    """The network sends unicast down both wires: the first few may come twice, the others do not;
    what one wire alone brings is all taken.
    """
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)
    for active in each_active(stage):
        time.sleep(1.2)  # twins are no longer looked for after the switchover
        for number in range(200):
            data = frame(MAC, OTHER, payload=f"{active} {number}".encode())
            for wire in ("pr1", "st1") if number % 3 else ("st1", "pr1"):
                inject(stage.outside, wire, data)
        wait(
            "them all",
            lambda: len({data for data in stack.frames() if active.encode() in data}) == 200,
        )
        settle()
        counts = [
            stack.count(frame(MAC, OTHER, payload=f"{active} {number}".encode()))
            for number in range(200)
        ]
        check_equal(
            [number for number, count in enumerate(counts) if count > 1 and number > 5], [],
            f"numbers seen twice, active {active}",
        )
        for wire in ("st1", "pr1"):
            data = frame(MAC, OTHER, payload=f"alone {active} {wire}".encode())
            for _ in range(5):
                inject(stage.outside, wire, data)
            wait(f"five on {wire}", lambda: stack.count(data) == 5)


@case
def group_datagrams_once(stage):
    """The same for sockets: broadcast and multicast datagrams."""
    stage.guest.run("ip route add 239.0.0.0/8 dev st0")
    receiver = stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver.bind(("", 6000))
    receiver.setsockopt(
        socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
        socket.inet_aton("239.1.2.3") + socket.inet_aton(GUEST),
    )
    sender = stage.outside.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"br0")
    for active in each_active(stage):
        for to in ("10.77.0.255", "239.1.2.3"):
            sender.sendto(f"{active} {to}".encode(), (to, 6000))
            receiver.settimeout(2)
            check_equal(receiver.recv(64).decode(), f"{active} {to}", "datagram")
            receiver.settimeout(0.1)
            try:
                receiver.recv(64)
                raise AssertionError(f"{to} came twice, active {active}")
            except TimeoutError:
                pass


@case
def unicast_on_both_wires(stage):
    wait("DAD to end", lambda: "tentative" not in stage.guest.run("ip -6 address show dev st0"))
    time.sleep(0.2)
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)
    alone = stage.capture(stage.guest, "pr0", ETH_P_TEST)
    for active in each_active(stage):
        for wire in ("st1", "pr1"):
            data = frame(MAC, OTHER, payload=f"{active} {wire}".encode())
            before = stage.pair()["counters"]
            inject(stage.outside, wire, data)
            wait(f"unicast on {wire}, active {active}", lambda: stack.count(data))
            settle()
            check_equal(stack.count(data), 1, f"unicast on {wire}, active {active}")
            after, path = stage.pair()["counters"], {"st1": "standby", "pr1": "primary"}[wire]
            for name in ("standby", "primary"):
                key = f"rx_{name}_packets"
                check_equal(
                    after[key] - before[key], name == path,
                    f"{key}, for unicast on {wire}, active {active}",
                )
    check_equal(alone.frames(), [], "frames taken by the primary's own stack")


@case
def own_echo_is_dropped(stage):
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)
    for active in each_active(stage):
        before = stage.counter("drop_own_echo_packets")
        for wire in ("st1", "pr1"):
            for group in GROUPS.values():
                inject(stage.outside, wire, frame(group, MAC, payload=active.encode()))
        wait(
            "the echoes to be counted", lambda: stage.counter("drop_own_echo_packets") >= before + 6
        )
    check_equal(stack.frames(), [], "own frames seen")


@case
def link_local_stays(stage):
    """802.1D link-local frames are about one wire: neither redirected nor dropped, in either
    direction.
    """
    lldp = frame("01:80:c2:00:00:0e", OTHER, payload=b"lldp")
    on = {device: stage.capture(stage.guest, device, ETH_P_TEST) for device in ("st0", "pr0")}
    for wire, device in (("st1", "st0"), ("pr1", "pr0")):
        inject(stage.outside, wire, lldp)
        wait(f"link-local on {device}", lambda: on[device].count(lldp))
    settle()
    check_equal(
        [on[device].count(lldp) for device in on], [1, 1], "link-local frames on (st0, pr0)"
    )
    check_equal(stage.counter("rx_primary_link_local_packets"), 1, "counted")
    wires = {device: stage.capture(stage.outside, device) for device in ("st1", "pr1")}
    ours = frame("01:80:c2:00:00:0e", MAC, payload=b"ours")
    inject(stage.guest, "st0", ours)
    wait("our own on the standby's wire", lambda: wires["st1"].count(ours))
    settle()
    check_equal(wires["pr1"].count(ours), 0, "our own link-local frames on the primary's wire")


@case
def capture_sees_one_interface(stage):
    """What arrives over the primary is the standby's to tcpdump, and to a socket bound to it."""
    receiver = stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"st0")
    receiver.bind(("", 6001))
    receiver.settimeout(2)
    tap = stage.capture(stage.guest, "st0")
    sender = stage.outside.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    before = stage.counter("rx_primary_packets")
    sender.sendto(b"seen here", (GUEST, 6001))
    check_equal(receiver.recv(64), b"seen here", "datagram")
    check_equal(
        sum(b"seen here" in data for data in tap.frames(outgoing=False)), 1,
        "copies that tcpdump would show",
    )
    check(stage.counter("rx_primary_packets") > before, "it did not come over the primary")


def dad(stage, address):
    stage.guest.run(f"ip address add {address}/64 dev st0")
    wait(
        "DAD to end",
        lambda: "tentative" not in stage.guest.run(f"ip -6 address show dev st0 to {address}"), 8,
    )
    text = stage.guest.run(f"ip -6 address show dev st0 to {address}")
    check(address in text and "dadfailed" not in text, f"DAD failed: {text}")


@case
def ipv6_dad(stage):
    """Our own solicitations come back over the other wire; without the nonce of enhanced DAD they
    would look like a rival's.
    """
    stage.guest.run(
        "echo 0 >/proc/sys/net/ipv6/conf/all/enhanced_dad; echo 0 >/proc/sys/net/ipv6/conf/st0/enhanced_dad"
    )
    for index, active in enumerate(each_active(stage)):
        before = stage.counter("drop_own_echo_packets")
        dad(stage, f"fd77::10{index}")
        check(
            stage.counter("drop_own_echo_packets") > before,
            f"no echo came back, active {active}: this proves nothing",
        )


@case
def ipv6_dad_during_switch(stage):
    stage.guest.run("""echo 0 >/proc/sys/net/ipv6/conf/all/enhanced_dad; echo 0 >/proc/sys/net/ipv6/conf/st0/enhanced_dad
        for i in 1 2 3 4 5 6 7 8; do ip address add fd77::20$i/64 dev st0; done""")
    for _ in range(5):
        stage.succeed("switch", "st0", "standby")
        stage.succeed("switch", "st0", "auto")
    stage.guest.run("ip link delete pr0")
    stage.add_primary()
    stage.wait_active("primary")
    wait(
        "DAD to end",
        lambda: "tentative" not in stage.guest.run("ip -6 address show dev st0 scope global"), 8,
    )
    check("dadfailed" not in stage.guest.run("ip -6 address show dev st0"), "DAD failed")


@case
def announcements(stage):
    """At each switch, on the wire that is active now, all addresses of the standby; three times."""
    stage.guest.run(
        "ip address add 10.77.0.5/24 dev st0; ip address add 192.168.9.1/32 dev st0; ip address add fd77::5/64 dev st0 nodad"
    )
    wait(
        "DAD of the link-local address",
        lambda: "tentative" not in stage.guest.run("ip -6 address show dev st0"),
    )
    local = stage.guest.run("ip -6 -br address show dev st0 scope link").split()[2].split("/")[0]
    every = {"10.77.0.1", "10.77.0.5", "192.168.9.1", "fd77::1", "fd77::5", local, "rarp"}
    time.sleep(1)
    for event, wire, quiet in ((lambda: stage.succeed("switch", "st0", "standby"), "st1", "pr1"),
                               (lambda: stage.succeed("switch", "st0", "auto"), "pr1", "st1"),
                               (lambda: stage.guest.run("ip link set pr0 down"), "st1", None),
                               (lambda: stage.guest.run("ip link set pr0 up"), "pr1", "st1")):
        here, there = stage.capture(stage.outside, wire), quiet and stage.capture(
            stage.outside, quiet
        )
        event()
        wait(f"announcements on {wire}", lambda: announced(here.frames(outgoing=False)) >= every)
        time.sleep(0.35)
        check_equal(announced(here.frames(outgoing=False)), every, f"announced on {wire}")
        times = sum(arp_of(data) == GUEST for data in here.frames(outgoing=False))
        check_equal(times, 3, f"announcements of one address on {wire}")
        if there:
            check_equal(
                announced(there.frames(outgoing=False)), set(),
                f"announced on {quiet}, which is not active",
            )


@case
def deletion_is_announced_in_silence(stage):
    """Nothing else happens that could wake the agent."""
    time.sleep(0.5)
    here = stage.capture(stage.outside, "st1")
    stage.guest.run("ip link delete pr0")
    wait(
        "announcements on st1",
        lambda: announced(here.frames(outgoing=False)) >= {"10.77.0.1", "rarp"}, 1,
    )


@case
def announcement_moves_the_switch(stage):
    """The point of it: the outside's bridge finds a silent guest at once."""
    def port():
        line = next(
            line
            for line in stage.outside.run("bridge fdb show br br0").splitlines()
            if line.startswith(MAC) and "permanent" not in line
        )
        return line.split()[2]
    for wish, wire in (("standby", "st1"), ("primary", "pr1"), ("standby", "st1"), ("auto", "pr1")):
        stage.succeed("switch", "st0", wish)
        wait(f"the MAC behind {wire}", lambda: port() == wire, 0.5)


@case(primary=False)
def fresh_primary_is_silent(stage):
    """Until it is active no frame leaves a new primary, but questions to neighbours
    (user/policy/path_check.h), which come when it may receive; then announcements.
    """
    wait(
        "DAD of the link-local address",
        lambda: "tentative" not in stage.guest.run("ip -6 address show dev st0"),
    )
    stage.guest.run("ip address add 10.77.0.5/24 dev st0")
    time.sleep(2)  # the standby's own reports of its groups
    stage.guest.run(f"ip link add pr9 address {MAC} type veth peer pr1 netns {stage.outside.name}")
    wire = stage.capture(stage.outside, "pr1")
    stage.outside.run("ip link set pr1 master br0 up")
    stage.guest.run(f"ping -c 1 -W 2 {OUTSIDE}")
    up_ns = time.time_ns()
    stage.guest.run("ip link set pr9 name pr0")
    stage.wait_active("primary")
    switched_ns = stage.pair()["last_switch"]["unix_ns"]
    time.sleep(1.5)
    wire.frames()
    ours = [(when, data) for when, outgoing, data in wire.seen if not outgoing]
    questions = [
        (when, data)
        for when, data in ours
        if data[12:14] == b"\x08\x06" and data[28:32] != data[38:42]
    ]
    ours = [seen for seen in ours if seen not in questions]
    check(
        announced([data for _, data in ours]) >= {"10.77.0.1", "10.77.0.5", "fd77::1", "rarp"},
        "nothing was announced",
    )
    check(
        all(when > up_ns + SETTLE_NS for when, _ in questions),
        "neighbours were asked before its driver could receive",
    )
    early = [data.hex() for when, data in ours if when < switched_ns - 2_000_000]
    check_equal(early, [], "frames before it was active")
    # A report of a change would be the primary's own kernel's.
    rest = [
        data[:94].hex()
        for _, data in ours
        if not announced([data]) and not current(reports_of([data], MAC))
    ]
    note(f"{len(ours)} frames on the primary's wire, {len(rest)} of them no announcements")
    check_equal(rest, [], "frames that announce nothing")


@case
def primary_stack_is_silent(stage):
    """Nothing that its own stack might do on its own."""
    text = stage.guest.run("ip -d address show pr0; cat /proc/sys/net/ipv6/conf/pr0/disable_ipv6")
    check(
        "NOARP" in text
        and "inet" not in text.replace("inet6", "inet")
        and text.strip().endswith("1"),
        f"not silent: {text}",
    )
    wire = stage.capture(stage.outside, "pr1")
    stage.succeed("switch", "st0", "standby")
    time.sleep(1)
    wire.frames()
    switched_ns = stage.pair()["last_switch"]["unix_ns"]
    late = [
        data.hex()
        for when, outgoing, data in wire.seen
        if not outgoing and when > switched_ns + 50_000_000
    ]
    check_equal(late, [], "frames of an inactive primary")
    reachable(stage)


@case
def multicast_membership_is_mirrored(stage):
    group = "01:00:5e:01:02:03"
    def on_primary():
        return group in stage.guest.run("ip maddress show dev pr0")
    member = stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    check(not on_primary(), "the group is there before it was joined")
    membership = socket.inet_aton("239.1.2.3") + socket.inet_aton(GUEST)
    member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    wait("the group on the primary", on_primary)
    member.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, membership)
    wait("the group to leave the primary", lambda: not on_primary())
    stage.guest.run("ip link set st0 promisc on")
    wait(
        "promiscuity on the primary",
        lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
    )
    stage.guest.run("ip link set st0 promisc off")
    wait("promiscuity off again", lambda: "promiscuity 0" in stage.guest.run("ip -d link show pr0"))
    check_equal(stage.pair()["active"], "primary", "active")


main()
