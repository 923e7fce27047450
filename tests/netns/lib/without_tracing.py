#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Runs a program on a kernel that refuses tracing programs, as hardened ones do: BPF_PROG_LOAD of
one answers EPERM.

    without_tracing.py PROGRAM [ARGUMENT...]

A filter sees the numbers of a system call and not what they point to, where the type of a program
stands: a child looks there, and answers for the kernel (seccomp_unotify(2), Linux 5.5). It ends
with the program. Root is needed.
"""

import ctypes
import errno
import fcntl
import os
import platform
import signal
import struct
import sys

import bpf
from without_tcx import filter_of_command

SECCOMP = {"x86_64": 317, "aarch64": 277, "ppc64le": 358, "s390x": 348, "riscv64": 277}[
    platform.machine()
]
SECCOMP_SET_MODE_FILTER, NEW_LISTENER, RET_USER_NOTIF = 1, 1 << 3, 0x7fc00000
RECEIVE, SEND = 0xc0502100, 0xc0182101  # ioctl(2): SECCOMP_IOCTL_NOTIF_RECV, _SEND
NOTICE_SIZE, GO_ON = 80, 1  # of struct seccomp_notif; SECCOMP_USER_NOTIF_FLAG_CONTINUE
PR_SET_PDEATHSIG = 1
PROG_TYPE_TRACING = 26

_libc = ctypes.CDLL(None, use_errno=True)


def listen():
    """A descriptor that reports this process's loading of programs, from now on."""
    program, _room = filter_of_command(bpf.PROG_LOAD, RET_USER_NOTIF)
    listener = _libc.syscall(SECCOMP, SECCOMP_SET_MODE_FILTER, NEW_LISTENER, program)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp(SECCOMP_SET_MODE_FILTER)")
    return listener


def program_type(process, address):
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return struct.unpack("I", memory.read(4))[0]


def answer(listener):
    notice = bytearray(NOTICE_SIZE)
    fcntl.ioctl(listener, RECEIVE, notice)
    number, process = struct.unpack_from("QI", notice)
    attributes, = struct.unpack_from("Q", notice, 40)  # args[1]
    refused = program_type(process, attributes) == PROG_TYPE_TRACING
    fcntl.ioctl(
        listener,
        SEND,
        bytearray(
            struct.pack("QqiI", number, 0, -errno.EPERM if refused else 0, 0 if refused else GO_ON)
        ),
    )


def stand_in(listener, parent):
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    while os.getppid() == parent:
        try:
            answer(listener)
        except FileNotFoundError:
            pass  # who asked was killed meanwhile


if __name__ == "__main__":
    notices, own = listen(), os.getpid()
    if not os.fork():
        stand_in(notices, own)
        os._exit(0)
    os.close(notices)
    os.execvp(sys.argv[1], sys.argv[1:])
