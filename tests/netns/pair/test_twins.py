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
from rig import GUEST, SO_RCVBUFFORCE, Flow, case, check, check_equal, each_active, main, note, wait  # noqa: E402

PORT = 9911
GROUP = "239.129.4.4"
TICKS, A_TICK = 2000, 10  # of some ms, datagrams in each
STREAM_S = 2.0


def flood_both_wires(stage):
    """The outside's bridge learns nothing on them, so it sends all unicast for the guest down both."""
    stage.outside.run("for wire in st1 pr1; do bridge link set dev $wire learning off flood on; done; ip link set br0 type bridge fdb_flush")


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
    """A bulk stream from the outside to the guest; (bytes, counts that moved in the guest, those of the sender, longest standstill in s)."""
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
    moved = [{name: now[name] - then[name] for name in now if name in then} for then, now in zip(before, after)]
    times = [when for when, _ in arrived]
    return sum(size for _, size in arrived), *moved, max((b - a for a, b in zip(times, times[1:])), default=0)


@case
def tcp_that_comes_twice(stage):
    """GRO joins segments before the programs see them, and otherwise on each wire."""
    stage.outside.run("for wire in br0 st1 pr1; do ethtool -K $wire tso off gso off >/dev/null; done")
    stage.guest.run("for device in st0 pr0; do ethtool -K $device gro on >/dev/null; done")
    for active in each_active(stage):
        time.sleep(1.2)
        alone, _, _, _ = stream(stage, 1)
        flood_both_wires(stage)
        before = stage.pair()["counters"]
        size, guest, outside, pause = stream(stage)
        after = stage.pair()["counters"]
        twins = after["drop_twin_packets"] - before["drop_twin_packets"]
        note(f"active {active}: {alone >> 20} MiB/s once; twice: {size / STREAM_S / (1 << 20):.0f} MiB/s, {twins} segments dropped, duplicates in the guest "
             f"{guest['TCPDSACKOldSent']} old, {guest['TCPDSACKOfoSent']} out of order, resent {outside['RetransSegs']}, standstill {pause * 1000:.0f} ms")
        check(twins > 1000, f"{twins} segments dropped: the network did not send them twice")
        # The first few, and frames that share segments with their twin in part.
        check(guest["TCPDSACKOldSent"] + guest["TCPDSACKOfoSent"] < twins / 20, "TCP saw the duplicates")
        check(pause < 1, f"the stream stood still for {pause:.2f} s")
        stage.outside.run("for wire in st1 pr1; do bridge link set dev $wire learning on; done")


@case
def flooded_datagrams_over_switchovers(stage):
    """Both wires bring all of it all the time, in whatever order: nothing is lost, and but for the first few nothing comes twice."""
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
    check_equal((inbound.lost(), inbound.copies - twice), (0, 0), "(lost, twice after the first half second)")
    check(twice < 20, f"{twice} twice at first")


def run_statistics(stage):
    """{program: (ns, runs)} of the pair's two on ingress, while statistics are on."""
    statistics = {}
    for name, ifindex in (("standby-ingress", interface(stage.guest, "st0")), ("primary-ingress", interface(stage.guest, "pr0"))):
        link = json.loads(stage.guest.run(f"bpftool -j link show pinned {stage.pins}/links/{name}-{ifindex}"))
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
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4sI", bytes(4), bytes(4), interface(stage.outside, "br0")))
    with bpf_statistics():
        for wires in (("pr1",), ("pr1", "st1")):
            for wire in ("pr1", "st1"):
                stage.outside.run(f"bridge mdb del dev br0 port {wire} grp {GROUP} 2>/dev/null || true")
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
            spent = {name: (now[0] - before[name][0]) / max(1, now[1] - before[name][1]) for name, now in run_statistics(stage).items()}
            twins = stage.counter("drop_twin_packets") - twins
            note(f"down {' and '.join(wires)}: {len(got)} of {TICKS * A_TICK} came; ns a frame, other frames included: {', '.join(f'{name} {ns:.0f}' for name, ns in spent.items())}")
            check(twins >= (len(wires) - 1) * TICKS * A_TICK, f"down {wires}: {twins} twins dropped")
            check_equal((len(set(got)), len(got)), (TICKS * A_TICK, TICKS * A_TICK), f"down {wires}: (came, all told)")
    member.close()
    sender.close()


main()
