#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A network that sends what is for the guest down both wires: streams and datagrams come once."""

import contextlib
import json
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from bpf import bpf_statistics  # noqa: E402
from memberships import interface, join  # noqa: E402
from rig import (  # noqa: E402
    BROADCAST, ETH_P_TEST, GUEST, MAC, SO_RCVBUFFORCE, Flow, case, check, check_equal, each_active,
    frame, inject, main, note, wait,
)

PORT = 9911
GROUP = "239.129.4.4"
TICKS, A_TICK = 2000, 10  # of some ms, datagrams in each
STREAM_S = 2.0
OTHER = "02:00:00:00:00:aa"
WINDOW_S = 1.0  # in which a frame is remembered: bpf/twins.h
COMPARED_MAX = 9216  # bytes of a frame: bpf/twins.h
LONG_MTU = 65535
UDP_SEGMENT, UDP_GRO = 103, 104
UDP_SIZE, UDP_BURST, UDP_BURSTS = 1000, 20, 300
ETH_P_8021Q, ETH_P_8021AD, VID = 0x8100, 0x88a8, 5


def flood_both_wires(stage):
    """The outside's bridge learns nothing on them, so it sends all unicast for the guest down both.
    """
    stage.outside.run(
        "for wire in st1 pr1; do bridge link set dev $wire learning off flood on; done; ip link set br0 type bridge fdb_flush"
    )


def tcp_counts(netns):
    """{name: value} of the TCP and TcpExt lines."""
    counts = {}
    lines = netns.run("cat /proc/net/snmp /proc/net/netstat").splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        kind = names.split(":")[0]
        if kind in ("Tcp", "TcpExt"):
            counts.update(zip(names.split()[1:], (int(value) for value in values.split()[1:])))
    return counts


def stream(stage, seconds=STREAM_S):
    """A bulk stream from the outside to the guest; (bytes, counts that moved in the guest, those of
    the sender, longest standstill in s).
    """
    listener = stage.guest.inside(lambda: socket.create_server((GUEST, PORT)))
    before = tcp_counts(stage.guest), tcp_counts(stage.outside)
    arrived = []

    def receive():
        connection, _ = listener.accept()
        with connection:
            while data := connection.recv(1 << 16):
                arrived.append((time.monotonic(), len(data)))
    receiver = threading.Thread(target=receive)
    receiver.start()
    sender = stage.outside.inside(lambda: socket.create_connection((GUEST, PORT)))
    with listener, sender:
        end = time.monotonic() + seconds
        block = bytes(1 << 16)
        while time.monotonic() < end:
            sender.sendall(block)
        sender.shutdown(socket.SHUT_WR)
        receiver.join(20)
    after = tcp_counts(stage.guest), tcp_counts(stage.outside)
    moved = [
        {name: now[name] - then[name] for name in now if name in then}
        for then, now in zip(before, after)
    ]
    times = [when for when, _ in arrived]
    return (
        sum(size for _, size in arrived),
        *moved,
        max((b - a for a, b in zip(times, times[1:])), default=0),
    )


@case
def tcp_that_comes_twice(stage):
    """GRO joins segments before the programs see them, and otherwise on each wire."""
    stage.outside.run(
        "for wire in br0 st1 pr1; do ethtool -K $wire tso off gso off >/dev/null; done"
    )
    stage.guest.run("for device in st0 pr0; do ethtool -K $device gro on >/dev/null; done")
    for active in each_active(stage):
        time.sleep(1.2)
        alone, _, _, _ = stream(stage, 1)
        flood_both_wires(stage)
        before = stage.pair()["counters"]
        size, guest, outside, pause = stream(stage)
        after = stage.pair()["counters"]
        twins = after["drop_twin_packets"] - before["drop_twin_packets"]
        note(
            f"active {active}: {alone >> 20} MiB/s once; twice: {size / STREAM_S / (1 << 20):.0f} MiB/s, {twins} segments dropped, duplicates in the guest "
            f"{guest['TCPDSACKOldSent']} old, {guest['TCPDSACKOfoSent']} out of order, resent {outside['RetransSegs']}, standstill {pause * 1000:.0f} ms"
        )
        check(twins > 1000, f"{twins} segments dropped: the network did not send them twice")
        # The first few, and frames that share segments with their twin in part.
        check(
            guest["TCPDSACKOldSent"] + guest["TCPDSACKOfoSent"] < twins / 20,
            "TCP saw the duplicates",
        )
        check(pause < 1, f"the stream stood still for {pause:.2f} s")
        stage.outside.run("for wire in st1 pr1; do bridge link set dev $wire learning on; done")


@case
def flooded_datagrams_over_switchovers(stage):
    """Both wires bring all of it all the time, in whatever order: nothing is lost, and but for the
    first few nothing comes twice.
    """
    flood_both_wires(stage)
    inbound = Flow(stage.outside, stage.guest, GUEST, 1000)
    time.sleep(0.5)
    twice = inbound.copies
    for _ in range(5):
        for wish in ("standby", "auto"):
            stage.succeed("switch", "st0", wish)
            time.sleep(0.3)
    inbound.stop()
    wait("what is on its way", lambda: not inbound.lost())
    note(f"{len(inbound.times)} datagrams, {twice} twice at first")
    check_equal(
        (inbound.lost(), inbound.copies - twice), (0, 0),
        "(lost, twice after the first half second)",
    )
    check(twice < 20, f"{twice} twice at first")


def take_long_frames(stage):
    for netns, devices in ((stage.outside, ("st1", "pr1")), (stage.guest, ("st0",))):
        netns.run(f"for device in {' '.join(devices)}; do ip link set $device mtu {LONG_MTU}; done")
    wait("the primary's MTU", lambda: f" mtu {LONG_MTU} " in stage.guest.run("ip link show pr0"))
    stage.wait_active("primary")


def check_on_both_wires(stage, stack, what, first, second, times):
    """@first on one wire and then @second on the other: the stack has been given @times frames."""
    before = len(stack.frames())
    for wire, data in first, second:
        inject(stage.outside, wire, data)
    wait(f"{what}: {times} frames", lambda: len(stack.frames()) - before >= times)
    time.sleep(0.05)
    check_equal(len(stack.frames()) - before, times, f"{what}: frames given to the stack")


@case
def long_frames_that_differ_far_behind(stage):
    """BPF_PROG_TEST_RUN takes a page. What differs anywhere is no twin, however long it is; what is
    the same in full is one, as far as it is compared.
    """
    take_long_frames(stage)
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)
    for active in each_active(stage):
        for to in (BROADCAST, MAC):
            # Unicast is compared for a second after a switchover; one frame on the inactive wire
            # does it as well.
            inject(
                stage.outside, {"primary": "st1", "standby": "pr1"}[active],
                frame(MAC, OTHER, payload=b"compare"),
            )
            for number, size in enumerate(
                (4000, 9000, COMPARED_MAX, COMPARED_MAX + 1, 20000, LONG_MTU)
            ):
                data = frame(
                    to, OTHER, payload=f"{active} {number}".encode().ljust(size - 14, b".")
                )
                for wire, other in (("st1", "pr1"), ("pr1", "st1")):
                    text = f"{size} bytes to {to}, active {active}, first on {wire}"
                    check_on_both_wires(
                        stage, stack, f"{text}, that differ", (wire, data + wire.encode()),
                        (other, data + other.encode()), 2,
                    )
                    check_on_both_wires(
                        stage, stack, text, (wire, data), (other, data),
                        1 if size <= COMPARED_MAX else 2,
                    )


def tagged(to, ethertype, vid, payload):
    data = frame(to, OTHER, payload=payload)
    return data[:12] + struct.pack("!HH", ethertype, vid) + data[12:]


def unless_late(checks):
    """Calls @checks with the number of the attempt: another one, if one failed on a machine so busy
    that the first frame was forgotten meanwhile.
    """
    for attempt in range(10):
        began = time.monotonic()
        try:
            return checks(attempt)
        except AssertionError:
            if time.monotonic() - began < WINDOW_S * 0.8 or attempt == 9:
                raise


@case
def vlans_of_one_number(stage):
    """The kernel takes the tag out of the frame before our programs see it: 802.1Q, 802.1ad,
    another priority and none are four different frames.
    """
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)

    def compare(active, to, first, second, one, other):
        def kind(name, attempt):
            payload = f"{active} {to} {first} {one} {other} {attempt}".encode()
            if name == "untagged":
                return frame(to, OTHER, payload=payload)
            tag = {
                "802.1Q": (ETH_P_8021Q, VID),
                "802.1ad": (ETH_P_8021AD, VID),
                "priority 1": (ETH_P_8021Q, VID | 1 << 13),
            }[name]
            return tagged(to, *tag, payload)

        def checks(attempt):
            times = 1 if one == other else 2
            # Unicast is compared for a second after a frame on the inactive wire.
            before = len(stack.frames())
            inject(
                stage.outside, {"primary": "st1", "standby": "pr1"}[active],
                frame(MAC, OTHER, payload=f"compare {active} {attempt}".encode()),
            )
            wait("the frame on the inactive wire", lambda: len(stack.frames()) > before)
            left, right = kind(one, attempt), kind(other, attempt)
            check_on_both_wires(
                stage, stack, f"{one} on {first}, {other} on {second}, to {to}, active {active}",
                (first, left), (second, right), times,
            )
            # Balances are even again when each wire has brought both.
            if times == 2:
                check_on_both_wires(
                    stage, stack, "the same, the other way round", (second, left), (first, right), 0
                )
        unless_late(checks)

    kinds = ("802.1Q", "802.1ad", "priority 1", "untagged")
    for active in each_active(stage):
        for to in (BROADCAST, MAC):
            for first, second in (("st1", "pr1"), ("pr1", "st1")):
                for one in kinds:
                    for other in kinds:
                        compare(active, to, first, second, one, other)


@case
def twins_of_a_wire_that_has_come(stage):
    """From its first frame on, also where the wire that was there brings it first."""
    stack = stage.capture(stage.guest, "st0", ETH_P_TEST)

    def down_and_up():
        stage.guest.run("ip link set pr0 down")
        stage.wait_state("down")
        time.sleep(1.2)  # since the switchover, if there was one
        stage.guest.run("ip link set pr0 up")

    def without_carrier():
        stage.outside.run("ip link set pr1 down")
        stage.wait_state("down")
        time.sleep(1.2)
        stage.outside.run("ip link set pr1 up")

    def out_and_in():
        stage.guest.run("ip link delete pr0")
        stage.wait_state("absent")
        time.sleep(1.2)
        stage.add_primary()

    def standby_without_carrier():
        stage.outside.run("ip link set st1 down")
        wait("the standby without carrier", lambda: not stage.pair()["standby_carrier"])
        time.sleep(1.2)
        stage.outside.run("ip link set st1 up")
        wait("the standby with carrier", lambda: stage.pair()["standby_carrier"])

    stage.succeed("switch", "st0", "standby")
    for what in (down_and_up, without_carrier, out_and_in, standby_without_carrier):
        if what == standby_without_carrier:
            stage.succeed("switch", "st0", "auto")
            stage.wait_active("primary")
        what()
        stage.wait_state("ready")
        first, second = ("pr1", "st1") if what == standby_without_carrier else ("st1", "pr1")
        data = frame(MAC, OTHER, payload=what.__name__.encode())
        check_on_both_wires(stage, stack, what.__name__, (first, data), (second, data), 1)


@case
def udp_that_gro_joins(stage):
    """Datagrams that GRO has joined are compared one by one: none is lost. Of a joined frame of
    which the other wire has brought a part, that part comes twice.
    """
    stage.outside.run(
        "for wire in br0 st1 pr1; do ethtool -K $wire tso off gso off tx-udp-segmentation off >/dev/null; done"
    )
    stage.guest.run(
        "for device in st0 pr0; do ethtool -K $device gro on rx-udp-gro-forwarding on >/dev/null; done"
    )
    for active in each_active(stage):
        flood_both_wires(stage)
        for gro in (0, 1):
            receiver = stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            receiver.setsockopt(socket.IPPROTO_UDP, UDP_GRO, gro)
            receiver.bind((GUEST, PORT))
            sender = stage.outside.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sender.connect((GUEST, PORT))
            sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, UDP_SIZE)
            before = stage.counter("drop_twin_packets")
            for burst in range(UDP_BURSTS):
                sender.send(
                    b"".join(
                        struct.pack("!Q", burst * UDP_BURST + number).ljust(UDP_SIZE, b".")
                        for number in range(UDP_BURST)
                    )
                )
                time.sleep(0.002)
            time.sleep(0.3)
            got, joined = [], 0
            receiver.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    data = receiver.recv(1 << 16)
                    joined += len(data) > UDP_SIZE
                    got += [
                        struct.unpack_from("!Q", data, at)[0]
                        for at in range(0, len(data), UDP_SIZE)
                    ]
            receiver.close()
            sender.close()
            twins = stage.counter("drop_twin_packets") - before
            note(
                f"active {active}, UDP_GRO {gro}: {len(got) - len(set(got))} of {UDP_BURSTS * UDP_BURST} twice, {twins} twins dropped, {joined} reads of several"
            )
            check_equal(
                len(set(got)), UDP_BURSTS * UDP_BURST, f"datagrams, active {active}, UDP_GRO {gro}"
            )
            check(len(got) - len(set(got)) < len(got) / 20, "too many came twice")
            if gro:
                check(joined > UDP_BURSTS / 2, "GRO joined nothing: this proves nothing")


def run_statistics(stage):
    """{program: (ns, runs)} of the pair's two on ingress, while statistics are on."""
    statistics = {}
    for name, ifindex in (
        ("standby-ingress", interface(stage.guest, "st0")),
        ("primary-ingress", interface(stage.guest, "pr0")),
    ):
        link = json.loads(
            stage.guest.run(f"bpftool -j link show pinned {stage.pins}/links/{name}-{ifindex}")
        )
        program = json.loads(stage.guest.run(f"bpftool -j prog show id {link['prog_id']}"))
        statistics[name] = (program.get("run_time_ns", 0), program.get("run_cnt", 0))
    return statistics


@case
def multicast_of_ten_thousand_a_second(stage):
    """Each of its frames is compared, whether the network sends it down one wire or both."""
    member = join(stage.guest, "st0", GROUP)
    member.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    member.bind(("", PORT))
    sender = stage.outside.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender.setsockopt(
        socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
        struct.pack("4s4sI", bytes(4), bytes(4), interface(stage.outside, "br0")),
    )
    with bpf_statistics():
        for wires in (("pr1",), ("pr1", "st1")):
            for wire in ("pr1", "st1"):
                stage.outside.run(
                    f"bridge mdb del dev br0 port {wire} grp {GROUP} 2>/dev/null || true"
                )
            for wire in wires:
                stage.outside.run(f"bridge mdb add dev br0 port {wire} grp {GROUP} permanent")
            before, twins = run_statistics(stage), stage.counter("drop_twin_packets")
            for tick in range(TICKS):
                for number in range(A_TICK):
                    sender.sendto(struct.pack("!Q", tick * A_TICK + number), (GROUP, PORT))
                time.sleep(0.001)
            time.sleep(0.2)
            got = []
            member.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    got.append(struct.unpack("!Q", member.recv(64))[0])
            spent = {
                name: (now[0] - before[name][0]) / max(1, now[1] - before[name][1])
                for name, now in run_statistics(stage).items()
            }
            twins = stage.counter("drop_twin_packets") - twins
            note(
                f"down {' and '.join(wires)}: {len(got)} of {TICKS * A_TICK} came; ns a frame, other frames included: {', '.join(f'{name} {ns:.0f}' for name, ns in spent.items())}"
            )
            check(
                twins >= (len(wires) - 1) * TICKS * A_TICK, f"down {wires}: {twins} twins dropped"
            )
            check_equal(
                (len(set(got)), len(got)), (TICKS * A_TICK, TICKS * A_TICK),
                f"down {wires}: (distinct, in all)",
            )
    member.close()
    sender.close()


main()
