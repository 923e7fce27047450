#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What a frame takes along from the primary to the standby (rx = exact), and what becomes of it on
the way.
"""

import ctypes
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import GUEST, Flow, case, check_equal, main, wait  # noqa: E402

SO_ATTACH_FILTER = 26
SKF_AD_OFF, SKF_AD_QUEUE, SKF_AD_MARK = 0xfffff000, 24, 20  # linux/filter.h
QUEUES, STANDBY_QUEUES, BUSY_QUEUE = 8, 2, 6
ETH_P_IP = 0x0800


class Seen:
    """Counts the packets that the stack of @device gets (after tc) whose @field of linux/filter.h
    is not zero.
    """

    def __init__(self, netns, device, field):
        code = struct.pack(
            "HBBI" * 4, 0x20, 0, 0, SKF_AD_OFF + field, 0x15, 0, 1, 0, 0x06, 0, 0, 0, 0x06, 0, 0,
            0xFFFF,
        )
        room = ctypes.create_string_buffer(code, len(code))
        self.socket = netns.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self.socket.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HxxxxxxQ", 4, ctypes.addressof(room))
        )
        self.socket.bind((device, ETH_P_IP))
        self.socket.setblocking(False)

    def count(self):
        count = 0
        while True:
            try:
                self.socket.recv(64)
            except BlockingIOError:
                return count
            count += 1


def add_wire(stage, inner, queues, index):
    """As Stage.add_wire, with several queues, of which the outside uses one that is not the first.
    """
    outer = inner[:-1] + "1"
    many = "numtxqueues {0} numrxqueues {0}"
    stage.guest.run(f"""
        ip link add {inner} index {index} address {stage.mac()} {many.format(queues)} type veth peer {outer} {many.format(QUEUES)} netns {stage.outside.name}
        for map in /sys/class/net/{inner}/queues/rx-*/rps_cpus; do echo 3 >$map; done""")
    stage.outside.run(f"""
        for map in /sys/class/net/{outer}/queues/tx-*/xps_cpus; do echo 0 >$map; done
        echo 3 >/sys/class/net/{outer}/queues/tx-{BUSY_QUEUE}/xps_cpus
        ip link set {outer} master br0 up""")


@case(primary=False, agent=False)
def no_queue_that_the_standby_has_not(stage):
    """get_rps_cpu() warns of one, and leaves the packet to the CPU that has it already."""
    stage.guest.run("ip link delete st0")
    add_wire(stage, "st0", STANDBY_QUEUES, 301)
    stage.guest.run(f"ip link set st0 up; ip address add {GUEST}/24 dev st0")
    add_wire(stage, "pr0", QUEUES, 302)
    stage.start()
    stage.wait_active("primary")
    queues, marks = (Seen(stage.guest, "st0", field) for field in (SKF_AD_QUEUE, SKF_AD_MARK))
    flow = Flow(stage.outside, stage.guest, GUEST)
    wait("the flow", lambda: len(flow.times) > 100)
    received = stage.counter("rx_primary_packets")
    flow.stop()
    check_equal((flow.lost(), flow.copies), (0, 0), "lost, doubled")
    check_equal(received >= 100, True, "they came over the primary")
    check_equal((queues.count(), marks.count()), (0, 0), "packets with a queue, with a mark")


main()
