# SPDX-License-Identifier: GPL-2.0-only
"""A firewall by XDP on the standby, and whether what it blocks is blocked on both wires."""

import json
import os
import socket
import time

import bpf
from rig import GUEST, PATIENCE, bypassed, check_equal, reachable, wait

BLOCKED, OTHER = 6001, 6002
DATAGRAMS = 50
RATE = 200  # a veth with XDP has room for 256 frames until its NAPI runs
NATIVE, GENERIC = "xdpdrv", "xdpgeneric"


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
