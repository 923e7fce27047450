#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Runs a program on a kernel that knows no tcx links, as those before Linux 6.6: BPF_LINK_CREATE
answers EINVAL.

    without_tcx.py PROGRAM [ARGUMENT...]

A seccomp filter plays that kernel, so that the program under test is the product itself. Root is
needed.
"""

import ctypes
import os
import struct
import sys

import bpf

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
RET_ALLOW, RET_ERRNO, EINVAL = 0x7fff0000, 0x00050000, 22
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_OFFSET, COMMAND_OFFSET = 0, 16  # in struct seccomp_data: nr, the low half of args[0]


def filter_of_command(command, verdict):
    """A seccomp filter with a verdict on one command of bpf(2): struct sock_fprog, and what it
    points to, which has to exist as long.
    """
    code = b"".join(struct.pack("HBBI", *step) for step in (
        (LOAD, 0, 0, NUMBER_OFFSET),
        (JUMP_IF_EQUAL, 0, 3, bpf.SYSCALL),
        (LOAD, 0, 0, COMMAND_OFFSET + (4 if sys.byteorder == "big" else 0)),
        (JUMP_IF_EQUAL, 0, 1, command),
        (RETURN, 0, 0, verdict),
        (RETURN, 0, 0, RET_ALLOW)))
    room = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(room))
    return ctypes.create_string_buffer(program, len(program)), room


def refuse_links():
    program, _room = filter_of_command(bpf.LINK_CREATE, RET_ERRNO | EINVAL)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")


if __name__ == "__main__":
    refuse_links()
    os.execvp(sys.argv[1], sys.argv[1:])
