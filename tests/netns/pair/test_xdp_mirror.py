#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""An XDP program on the standby, which may be a firewall, is put on the primary as well: what the
primary receives does not get past it.
"""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from firewall import (  # noqa: E402
    BLOCKED, DATAGRAMS, GENERIC, OTHER, RATE, Wall, arrived, check_blocked, check_lossless,
    check_mirrored, program_on,
)
from rig import bypassed, case, check, check_equal, log_lines, main, reachable, wait  # noqa: E402


@case(agent=False)
def firewall_before_the_first_start(stage):
    number = Wall(stage).put(BLOCKED)
    stage.start()
    check_mirrored(stage, number)
    check_blocked(stage, BLOCKED, OTHER, "over the primary")
    stage.succeed("unload")
    check_equal(program_on(stage, "pr0"), None, "the primary's XDP program after unload")
    check_equal(program_on(stage, "st0"), (1, number), "the standby's XDP program after unload")


@case
def firewall_comes_changes_and_goes(stage):
    """While the primary carries traffic, of which nothing is lost; attached by netlink, which
    reports it.
    """
    out, inbound = stage.flows(RATE)
    wall = Wall(stage)
    for port, other in ((BLOCKED, OTHER), (OTHER, BLOCKED)):
        number = wall.put(port)
        check_mirrored(stage, number)
        check_blocked(stage, port, other, "over the primary")
    wall.take()
    wait("the program to be taken from the primary", lambda: program_on(stage, "pr0") is None)
    stage.wait_active("primary")
    check_equal(arrived(stage, OTHER), DATAGRAMS, "datagrams that arrived without a program")
    check_lossless(out, inbound)


@case
def firewall_by_link(stage):
    """The kernel does not report links: they are seen within a second or so."""
    programs = [bpf.Firewall(port) for port in (BLOCKED, OTHER)]
    link = programs[0].attach_link(stage.guest, "st0", bpf.XDP_FLAGS_DRV)
    check_mirrored(stage, programs[0].id)
    check_blocked(stage, BLOCKED, OTHER, "over the primary")
    bpf.update_link(link, programs[1].program)
    check_mirrored(stage, programs[1].id)
    check_blocked(stage, OTHER, BLOCKED, "over the primary")
    os.close(link)
    wait("the program to be taken from the primary", lambda: program_on(stage, "pr0") is None)
    check_blocked_nothing(stage)


def check_blocked_nothing(stage):
    stage.wait_active("primary")
    check_equal(
        (arrived(stage, BLOCKED), arrived(stage, OTHER)), (DATAGRAMS, DATAGRAMS), "that arrived"
    )


@case
def generic_firewall(stage):
    """Frames that the primary received pass it on their way to the standby: it is not put on the
    primary as well.
    """
    out, inbound = stage.flows(RATE)
    Wall(stage, GENERIC).put(BLOCKED)
    wait(
        "the agent to know", lambda: stage.pair()["xdp_mirror"]["state"] == "generic on the standby"
    )
    stage.wait_active("primary")
    check_blocked(stage, BLOCKED, OTHER, "over the primary")
    check_equal(program_on(stage, "pr0"), None, "the primary's XDP program")
    check_equal(bypassed(stage).get("xdp"), None, "what status says is bypassed")
    check_lossless(out, inbound)


@case(agent=False)
def ignored(stage):
    configuration = stage.directory / "vfsteer.conf"
    configuration.write_text("[pair st0]\nprimary = pr0\nxdp = ignore\n")
    number = Wall(stage).put(BLOCKED)
    stage.options = ["--config", str(configuration)]
    stage.pairs = 0
    stage.start()
    stage.wait_active("primary")
    reachable(stage)
    check_equal(
        (arrived(stage, BLOCKED), program_on(stage, "pr0")), (DATAGRAMS, None),
        "(datagrams past the program, program)",
    )
    check(
        f"XDP program {number} of st0 does not see what pr0 receives" in bypassed(stage)["xdp"],
        bypassed(stage),
    )
    check("bypassed: XDP program" in stage.succeed("status"), "the text does not name it")
    check_equal(log_lines(stage, f"XDP program {number} of st0"), 1, "lines in the log")


@case
def the_same_program_on_the_primary(stage):
    """The operator has done it already."""
    program = bpf.Firewall(BLOCKED)
    bpf.pin(program.program, stage.bpffs / "both")
    stage.guest.run(
        f"for device in pr0 st0; do ip link set dev $device xdpdrv pinned {stage.bpffs}/both; done"
    )
    wait("the agent to know", lambda: stage.pair()["xdp_mirror"]["state"] == "native")
    stage.wait_active("primary")
    check_blocked(stage, BLOCKED, OTHER, "over the primary")
    check_equal([name for name in stage.links() if "mirrored" in name], [], "links of ours")
    stage.succeed("unload")
    check_equal(program_on(stage, "pr0"), (1, program.id), "the operator's program on the primary")


@case(agent=False, primary=False)
def generic_where_the_driver_refuses(stage):
    """A veth takes no native program when its other end has more queues to send from: a generic one
    is as good a firewall.
    """
    stage.guest.run(
        f"ip link add pr0 address {stage.mac()} numrxqueues 1 type veth peer pr1 numtxqueues 2 netns {stage.outside.name}"
    )
    stage.outside.run("ethtool -L pr1 tx 2; ip link set pr1 master br0 up")
    wall = Wall(stage)
    number = wall.put(BLOCKED)
    stage.start()
    check_mirrored(stage, number, mode=2)
    check_equal(stage.pair()["xdp_mirror"], {"state": "generic", "program": number}, "xdp_mirror")
    check_blocked(stage, BLOCKED, OTHER, "over the primary")
    out, inbound = stage.flows(RATE)
    number = wall.put(OTHER)
    check_mirrored(stage, number, mode=2)
    check_blocked(stage, OTHER, BLOCKED, "over the primary")
    check_lossless(out, inbound)


@case
def agent_is_killed_and_another_adopts(stage):
    wall = Wall(stage)
    number = wall.put(BLOCKED)
    check_mirrored(stage, number)
    out, inbound = stage.flows(RATE)
    stage.stop(signal.SIGKILL)
    check_blocked(stage, BLOCKED, OTHER, "with no agent")
    stage.start()
    check_mirrored(stage, number)
    stage.stop(signal.SIGKILL)
    number = wall.put(OTHER)
    text = bypassed(stage)["xdp"]
    check("no agent has put it there" in text, text)
    stage.start()
    check_mirrored(stage, number)
    check_blocked(stage, OTHER, BLOCKED, "with the next agent")
    stage.guest.run("ip link delete pr0")
    stage.wait_active("standby")
    stage.add_primary()
    check_mirrored(stage, number)
    check_blocked(stage, OTHER, BLOCKED, "over the next primary")
    check_lossless(out, inbound)
    stage.stop(signal.SIGKILL)
    text = stage.succeed("status")
    check(f"XDP program {number} of st0 is on pr0, too (native)" in text, text)
    wall.take()
    check_equal(
        bypassed(stage)["xdp_left"],
        f"XDP program {number} is still on pr0, though st0 has none: it goes on dropping there until an agent runs; "
        "start 'vfsteer run'",
        "what status says",
    )
    text = stage.succeed("status")
    check(
        f"  XDP program {number} is still on pr0" in text
        and "program 0" not in text
        and "is on pr0, too" not in text,
        text,
    )
    other = wall.put(BLOCKED)
    text = bypassed(stage)
    check(
        f"XDP program {other} of st0" in text["xdp"]
        and f"program {number} is still on pr0, though st0 has another ({other})"
        in text["xdp_left"],
        text,
    )
    stage.succeed("unload")
    check_equal(
        (program_on(stage, "pr0"), stage.pins.exists()), (None, False),
        "(program on the primary, pins)",
    )


@case
def direct_receive_gives_way(stage):
    """Unicast that stays on the primary would not pass a generic program on the standby."""
    stage.stop()
    stage.guest.run(
        "cd /proc/sys/net/ipv4/conf; for name in all st0; do echo 0 >$name/rp_filter; done"
    )
    configuration = stage.directory / "vfsteer.conf"
    configuration.write_text("[agent]\nrx = direct\n")
    stage.options = ["--config", str(configuration)]
    stage.start()
    stage.wait_active("primary")
    check_equal(stage.pair()["rx"], "direct", "rx before")
    Wall(stage, GENERIC).put(BLOCKED)
    wait("exact receive", lambda: stage.pair()["rx"] == "exact")
    check_blocked(stage, BLOCKED, OTHER, "over the primary")


@case
def ports_beside_a_firewall(stage):
    """The ports' own program makes room on the primary, and takes its place again."""
    stage.guest.run(
        "ip link add ve0 type veth peer name ve1; ip link set ve0 up; ip link set ve1 up; ethtool -K ve1 gro on"
    )
    stage.succeed("port", "add", "ve0", "--pair", "st0")
    stage.wait_active("primary")
    ours = wait(
        "the ports' program on both", lambda: program_on(stage, "st0") and program_on(stage, "pr0")
    )
    check_equal(
        stage.pair()["xdp_mirror"], {"state": "none", "program": None},
        "what is made of the ports' program",
    )
    check_equal(bypassed(stage), {}, "bypassed")
    # A second program on the standby is not possible: the firewall is there first, or there is
    # none.
    stage.succeed("port", "del", "ve0")
    wait("it to go", lambda: not program_on(stage, "st0"))
    number = Wall(stage).put(BLOCKED)
    check_mirrored(stage, number)
    stage.succeed("port", "add", "ve0", "--pair", "st0")
    time.sleep(0.5)
    check_mirrored(stage, number)
    check_blocked(stage, BLOCKED, OTHER, "with a port")
    check_equal(
        (stage.pair()["xdp"]["standby"], stage.pair()["xdp"]["primary"]), ("tc", "tc"),
        f"for the ports by; before: {ours}",
    )


@case
def generic_firewall_beside_ports(stage):
    """In generic mode it sees what goes to ports, too, once the primary gives them nothing past it.
    """
    Wall(stage, GENERIC).put(BLOCKED)
    stage.guest.run(
        "ip link add ve0 type veth peer name ve1; ip link set ve0 up; ip link set ve1 up; ethtool -K ve1 gro on"
    )
    stage.succeed("port", "add", "ve0", "--pair", "st0")
    wait("tc on the primary", lambda: stage.pair()["xdp"]["primary"] == "tc")
    check_equal(program_on(stage, "pr0"), None, "the primary's XDP program")


main()
