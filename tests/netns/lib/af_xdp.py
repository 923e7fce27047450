# SPDX-License-Identifier: GPL-2.0-only
"""AF_XDP sockets by the system's calls alone."""

import ctypes
import mmap
import socket
import struct

AF_XDP, SOL_XDP = 44, 283


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
