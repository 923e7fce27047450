#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What stands on the standby and does not see what goes by the primary: XDP programs, which are put
on the primary as well or keep it from being used; the root qdisc, AF_XDP sockets and egress
filters, which are named.
"""

import ctypes
import json
import mmap
import os
import signal
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import (  # noqa: E402
    GUEST, PATIENCE, WITHOUT_TCX, case, check, check_equal, main, reachable, wait,
)

BLOCKED, OTHER = 6001, 6002
DATAGRAMS = 50
RATE = 200  # a veth with XDP has room for 256 frames until its NAPI runs
NATIVE, GENERIC = "xdpdrv", "xdpgeneric"
AF_XDP, SOL_XDP = 44, 283


def arrived(stage, port, count=DATAGRAMS):
    """How many of @count datagrams to a port of the guest arrive."""
    receiver = stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender = stage.outside.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with receiver, sender:
        receiver.bind(("", port))
        receiver.settimeout(0.2)
        for number in range(count):
            sender.sendto(str(number).encode(), (GUEST, port))
            time.sleep(0.001)
        seen = set()
        try:
            while True:
                seen.add(receiver.recv(64))
        except TimeoutError:
            return len(seen)


class Wall:
    """A firewall on the standby, attached by netlink as `ip link` does."""

    def __init__(self, stage, mode=NATIVE):
        self.stage, self.mode, self.count = stage, mode, 0

    def put(self, port):
        program = bpf.Firewall(port)
        self.count += 1
        path = self.stage.bpffs / f"firewall-{self.count}"
        bpf.pin(program.program, path)
        os.close(program.program)
        self.stage.guest.run(f"ip -force link set dev st0 {self.mode} pinned {path}")
        return program.id

    def take(self):
        self.stage.guest.run(f"ip link set dev st0 {self.mode} off")


def program_on(stage, device):
    """(mode, id) of the XDP program on a device of the guest, or None."""
    shown = json.loads(stage.guest.run(f"ip -j -d link show {device}"))[0].get("xdp")
    return (shown["mode"], shown["prog"]["id"]) if shown else None


def bypassed(stage):
    return {entry["what"]: entry["text"] for entry in stage.pair()["bypassed"]}


def check_blocked(stage, blocked, free, what):
    """Over the primary, which the network has learned."""
    reachable(stage)
    check_equal(
        (arrived(stage, blocked), arrived(stage, free)), (0, DATAGRAMS),
        f"(blocked, others) that arrived {what}",
    )


def check_mirrored(stage, number, mode=1):
    wait(
        f"program {number} on the primary",
        lambda: (program_on(stage, "pr0") or (0, 0)) == (mode, number),
    )
    stage.wait_active("primary")
    check_equal(bypassed(stage).get("xdp"), None, "what status says is bypassed")


def check_lossless(*flows):
    """Ends them. What waits in a socket for the receiver's turn is not lost."""
    for flow in flows:
        flow.stopping = True
    end = time.monotonic() + 2 * PATIENCE
    while any(flow.lost() for flow in flows) and time.monotonic() < end:
        time.sleep(0.05)
    check_equal(
        [(flow.stop().lost(), flow.copies) for flow in flows], [(0, 0)] * len(flows),
        "(lost, doubled), out and in",
    )


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
    tells.
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
    """Of links the kernel tells nobody: they are seen within a second or so."""
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
def without_a_broker(stage):
    """Nobody may get the program: the primary is not used, and says why; then it goes, and the
    primary is used.
    """
    wall = Wall(stage)
    number = wall.put(BLOCKED)
    stage.start(under=("setpriv", "--bounding-set=-sys_admin"))
    stage.wait_state("down")
    text = bypassed(stage)["xdp"]
    check(
        f"XDP program {number} of st0 is not on pr0" in text
        and "CAP_SYS_ADMIN" in text
        and "xdp = ignore" in text,
        text,
    )
    check_equal(
        (stage.pair()["down_reason"], program_on(stage, "pr0")),
        ("the standby's XDP program is not on it", None), "(down_reason, program)",
    )
    check_equal(log_lines(stage, f"XDP program {number} of st0"), 1, "lines in the log")
    check(
        "state DOWN" in stage.guest.run("ip link show pr0"),
        "the primary can receive past the program",
    )
    check_blocked(stage, BLOCKED, OTHER, "over the standby")
    out, inbound = stage.flows(RATE)
    # Somebody sets it up: it would receive past the program.
    stage.guest.run("ip link set pr0 up")
    wait("it to be down again", lambda: "state DOWN" in stage.guest.run("ip link show pr0"))
    wall.take()
    stage.wait_active("primary")
    check_lossless(out, inbound)
    check_equal(bypassed(stage), {}, "bypassed")


@case(agent=False)
def without_a_broker_while_active(stage):
    stage.start(under=("setpriv", "--bounding-set=-sys_admin"))
    stage.wait_active("primary")
    out, inbound = stage.flows(RATE)
    wall = Wall(stage)
    wall.put(BLOCKED)
    stage.wait_state("down")
    check_equal(stage.pair()["active"], "standby", "active")
    check_blocked(stage, BLOCKED, OTHER, "over the standby")
    # An agent that finds it so, and can do better.
    stage.stop()
    stage.start()
    stage.wait_active("primary")
    check_blocked(stage, BLOCKED, OTHER, "over the primary")
    check_lossless(out, inbound)


def log_lines(stage, text):
    return sum(text in line for line in stage.log.read_text().splitlines())


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
    check("bypassed: XDP program" in stage.succeed("status"), "the text does not tell")
    check_equal(log_lines(stage, f"XDP program {number} of st0"), 1, "lines in the log")


@case
def another_program_on_the_primary(stage):
    """Whose it is nobody knows; it stays, and the primary is not used until it goes."""
    other = bpf.Counter(bpf.PROG_TYPE_XDP)
    bpf.pin(other.program, stage.bpffs / "other")
    stage.guest.run(f"ip link set dev pr0 xdpdrv pinned {stage.bpffs}/other")
    number = Wall(stage).put(BLOCKED)
    stage.wait_state("down")
    wait("the reason", lambda: "xdp" in bypassed(stage))
    check(
        "is there: pr0 is not used; take that one away" in bypassed(stage)["xdp"], bypassed(stage)
    )
    check_blocked(stage, BLOCKED, OTHER, "over the standby")
    stage.guest.run("ip link set dev pr0 xdpdrv off")
    check_mirrored(stage, number)
    check_blocked(stage, BLOCKED, OTHER, "over the primary")


@case
def the_same_program_on_the_primary(stage):
    """Somebody has done it already."""
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
    check_equal(program_on(stage, "pr0"), (1, program.id), "somebody's program on the primary")


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


@case(agent=False)
def kernel_without_links(stage):
    """As Linux 5.8: the program cannot be put on the primary so that it stays."""
    number = Wall(stage).put(BLOCKED)
    stage.program = [WITHOUT_TCX, *stage.program]
    stage.start()
    stage.wait_state("down")
    check(
        f"XDP program {number} of st0 is not on pr0: Invalid argument: pr0 is not used"
        in bypassed(stage)["xdp"],
        bypassed(stage),
    )
    check_blocked(stage, BLOCKED, OTHER, "over the standby")


@case
def agent_dies_and_another_adopts(stage):
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


@case(agent=False)
def qdisc_is_named(stage):
    """Where the configuration keeps it from the primary; with mirror it is there, too
    (test_qdiscs.py).
    """
    config = stage.directory / "vfsteer.conf"
    config.write_text("[agent]\nqdisc = keep\n")
    stage.start(options=["--config", str(config)])
    stage.wait_active("primary")
    check_equal(bypassed(stage), {}, "bypassed at first")
    stage.guest.run("tc qdisc add dev st0 root handle 1: tbf rate 4mbit burst 16k latency 50ms")
    text = wait("the qdisc", lambda: bypassed(stage).get("qdisc"))
    check("qdisc tbf of st0" in text and "pr0" in text and "qdisc = mirror copies it" in text, text)
    check(f"bypassed: {text}" in stage.succeed("status"), "the text does not tell")
    wait("a line in the log", lambda: log_lines(stage, "root qdisc (tbf) is bypassed") == 1)
    stage.stop(signal.SIGKILL)
    check("qdisc" in bypassed(stage), "not told without an agent")
    stage.guest.run("tc qdisc del dev st0 root")
    check_equal(bypassed(stage), {}, "bypassed in the end")


def egress_lines(stage):
    return (
        log_lines(stage, "on egress before ours"),
        log_lines(stage, "egress: no longer bypassed"),
    )


@case
def egress_programs_come_and_go(stage):
    """By tcx, of which the kernel tells nobody, as by cls_bpf: a line for each."""
    counter = bpf.Counter()
    for round_ in (1, 2):
        link = counter.attach_tcx(stage.guest, "st0", bpf.TCX_EGRESS)
        wait("a line as it comes", lambda: egress_lines(stage) == (round_, round_ - 1))
        os.close(link)
        wait("a line as it goes", lambda: egress_lines(stage) == (round_, round_))
    bpf.pin(counter.program, stage.bpffs / "egress")
    stage.guest.run(
        f"tc qdisc add dev st0 clsact; tc filter add dev st0 egress bpf direct-action object-pinned {stage.bpffs}/egress"
    )
    wait("a line as the filter comes", lambda: egress_lines(stage) == (3, 2))
    stage.guest.run("tc filter delete dev st0 egress prio 49152")
    wait("a line as the filter goes", lambda: egress_lines(stage) == (3, 3))


@case(agent=False)
def egress_program_found_at_start(stage):
    link = bpf.Counter().attach_tcx(stage.guest, "st0", bpf.TCX_EGRESS)
    stage.start()
    stage.wait_active("primary")
    wait("a line", lambda: egress_lines(stage) == (1, 0))
    os.close(link)
    wait("a line as it goes", lambda: egress_lines(stage) == (1, 1))


@case
def af_xdp_socket_is_named(stage):
    one, _memory = af_xdp_socket(stage, "st0")
    text = bypassed(stage)["af_xdp"]
    # A kernel without xsk_diag knows no more than how many there are.
    check(
        text.startswith(
            "1 AF_XDP socket here, of devices that this kernel does not tell"
            if "xsk_diag" in text
            else "1 AF_XDP socket of st0 gets"
        ),
        text,
    )
    one.close()
    check_equal(bypassed(stage), {}, "bypassed without it")


def af_xdp_socket(stage, device):
    """Bound to queue 0, with memory and the rings that binding takes."""
    size, frame = 64 * 4096, 4096
    memory = mmap.mmap(-1, size)
    one = stage.guest.inside(lambda: socket.socket(AF_XDP, socket.SOCK_RAW))
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    one.setsockopt(SOL_XDP, 4, struct.pack("QQIII4x", address, size, frame, 0, 0))  # XDP_UMEM_REG
    for ring in (5, 6, 2):  # XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING
        one.setsockopt(SOL_XDP, ring, struct.pack("I", 64))
    index = int(stage.guest.run(f"cat /sys/class/net/{device}/ifindex"))
    libc = ctypes.CDLL(None, use_errno=True)
    bind = struct.pack("HHIII", AF_XDP, 1 << 1, index, 0, 0)  # struct sockaddr_xdp, XDP_COPY
    if libc.bind(one.fileno(), bind, len(bind)):
        raise OSError(ctypes.get_errno(), "bind")
    return one, memory


@case
def af_xdp_sockets_get_theirs(stage):
    """On the primary the program would drop what it gives the standby's sockets: the primary is not
    used while there are any.
    """
    one, _memory = af_xdp_socket(stage, "st0")
    number = Wall(stage).put(BLOCKED)
    stage.wait_active("standby")
    wait(
        "the primary down",
        lambda: stage.pair()["down_reason"] == "the standby's XDP program is not on it",
    )
    check("AF_XDP sockets are on st0" in bypassed(stage)["xdp"], bypassed(stage))
    check_equal(program_on(stage, "pr0"), None, "the primary's XDP program")
    check_blocked(stage, BLOCKED, OTHER, "over the standby")
    one.close()
    check_mirrored(stage, number)
    check_blocked(stage, BLOCKED, OTHER, "over the primary, without sockets")


@case
def af_xdp_sockets_come_and_go(stage):
    """The program was on the primary before the socket came, and is there again when it has gone:
    nothing was refused meanwhile.
    """
    number = Wall(stage).put(BLOCKED)
    check_mirrored(stage, number)
    for round_ in ("first", "second"):
        one, _memory = af_xdp_socket(stage, "st0")
        wait(
            f"the primary down, {round_} socket",
            lambda: stage.pair()["down_reason"] == "the standby's XDP program is not on it",
        )
        one.close()
        check_mirrored(stage, number)
    check_blocked(stage, BLOCKED, OTHER, "over the primary, without sockets")


main()
