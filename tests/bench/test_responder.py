#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The guest's end of a migration's traffic, here on this machine: a stream is served while there
are questions, however many.
"""

import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark.migrate import responder  # noqa: E402
from tools.benchmark.migrate_client import ANSWER, MAGIC  # noqa: E402

QUESTIONS = 250  # as many as a socket's usual buffer holds
SO_TIMESTAMPNS = 35


def came(one, size):
    """(what a socket has received, when its kernel did)."""
    data, more, _, _ = one.recvmsg(size, 256)
    stamp = next(
        value for level, kind, value in more if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS)
    )
    return data, struct.unpack("qq", stamp[:16])


class ResponderTest(unittest.TestCase):
    def setUp(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.where = free.getsockname()
        self.process = subprocess.Popen([responder(), str(self.where[1])], stdout=subprocess.PIPE)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.assertEqual(self.process.stdout.readline(), b"listening\n")

    def test_a_stream_does_not_wait_for_the_last_question(self):
        with socket.create_connection(self.where) as stream, socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM
        ) as asking:
            for one in (stream, asking):
                one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                one.settimeout(20)
            asking.connect(self.where)
            stream.sendall(b"before")
            self.assertEqual(stream.recv(64), b"before")
            os.kill(self.process.pid, signal.SIGSTOP)
            while b"\nState:\tT" not in Path(f"/proc/{self.process.pid}/status").read_bytes():
                time.sleep(0.001)
            for number in range(QUESTIONS):
                asking.send(ANSWER.pack(MAGIC, number, 0, *[0] * 9))
            stream.sendall(b"between")
            os.kill(self.process.pid, signal.SIGCONT)
            echo, echoed = came(stream, 64)
            answered = []
            while len(answered) < QUESTIONS and select.select([asking], [], [], 5)[0]:
                answered.append(came(asking, 64)[1])
            self.assertEqual((echo, len(answered)), (b"between", QUESTIONS))
            self.assertLess(
                sum(at < echoed for at in answered), QUESTIONS / 2,
                "answers before the echo of what was sent beside them",
            )


if __name__ == "__main__":
    unittest.main()
