#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The far end of a migration's traffic: asks, streams and keeps connections open until
SIGTERM, then writes its account.

    migrate_client.py GUEST PORT REPORT

Runs by itself in the peer's namespace, outside all emulation: its clock is the machine's own, and a
guest or hypervisor that stands still does not stop the one who counts. All times are
CLOCK_MONOTONIC in ns, which the program that drives the migration shares.
"""

import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark.migrate_account import tcp_counters  # noqa: E402

MAGIC = 0x76666d67
ANSWER = struct.Struct("!IIQIIIIQIIII")  # guest/responder.c has the names
INTERVAL_NS = 2_000_000
# Slow enough for an emulated guest to have time left, as a busy real one does; it is stalls that
# are looked for, not throughput.
BLOCK, BLOCK_EVERY_S = 8192, 0.08
IDLE_CONNECTIONS = 100
STRAGGLERS_S, STRAGGLERS_MAX_S, LINE_TIMEOUT_S = 2.0, 20.0, 20.0
SAMPLE_S = 0.02
# Of the kernel's struct tcp_info, by offset: backoff, rto (us), total_retrans (segments),
# dsack_dups (segments, since Linux 4.20).
TCP_INFO = ((4, "B"), (8, "I"), (100, "I"), (216, "I"))


def udp_errors():
    """{name: count} of what this namespace's kernel has refused of the datagrams that came."""
    names, values = (
        line.split()[1:] for line in open("/proc/self/net/snmp") if line.startswith("Udp:")
    )
    return {
        name: int(value) for name, value in zip(names, values) if "Errors" in name and int(value)
    }


def tcp_text():
    """This namespace's counters of TCP."""
    return "".join(Path(f"/proc/self/net/{name}").read_text() for name in ("snmp", "netstat"))


class Asking:
    """UDP: a request every 2 ms, whatever has become of the ones before."""

    def __init__(self, where):
        # ns by number; (number, came ns, requests, vf_ifindex, vf_rx, vf_tx, *TCP_SAMPLE of the
        # guest)
        self.sent, self.answers = [], []
        self.errors = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.connect(where)

    def ask(self, stopping):
        due = time.monotonic_ns()
        while not stopping.is_set():
            now = time.monotonic_ns()
            if now < due:
                time.sleep((due - now) / 1e9)
                continue
            # After a pause of our own the pace goes on from here: a burst would be a load that was
            # not asked for.
            due = due + INTERVAL_NS if now - due < 10 * INTERVAL_NS else now + INTERVAL_NS
            self.sent.append(now)
            try:
                self._socket.send(ANSWER.pack(MAGIC, len(self.sent) - 1, now, *[0] * 9))
            except OSError:
                self.errors += 1

    def hear(self):
        while True:
            try:
                data = self._socket.recv(2048)
            except OSError:
                continue  # an ICMP error of a request before
            came = time.monotonic_ns()
            if len(data) == ANSWER.size:
                _, number, _, requests, ifindex, received, sent, _, *sender = ANSWER.unpack(data)
                self.answers.append((number, came, requests, ifindex, received, sent, *sender))


    def wait_stragglers(self):
        """Until no answer has come for STRAGGLERS_S: on a busy machine the guest is seconds behind,
        and a late answer is not a lost one.
        """
        ended = time.monotonic()
        while time.monotonic() < ended + STRAGGLERS_MAX_S:
            time.sleep(0.1)
            last = self.answers[-1][1] / 1e9 if self.answers else 0
            if time.monotonic() - max(last, ended) > STRAGGLERS_S:
                return


class Stream:
    """TCP: numbered bytes there and back. What comes back is compared with what was sent."""

    def __init__(self, where):
        self.connection = socket.create_connection(where, 20)
        # Long: a stall is what is measured, not an error.
        self.connection.settimeout(60)
        self.sent = self.received = 0
        self.arrivals, self.broken, self.corrupt_at = [], None, None
        self.sender = []  # (ns, *migrate_account.TCP_SAMPLE), whenever it has changed

    @staticmethod
    def _content(start, size):
        # No period that a lost or doubled segment could hide in: each word is its own place in the
        # stream.
        first = start // 8
        words = struct.pack(f"!{size // 8 + 2}Q", *range(first, first + size // 8 + 2))
        return words[start % 8:start % 8 + size]

    def send(self, stopping):
        due = time.monotonic()
        try:
            while not stopping.is_set():
                self.connection.sendall(self._content(self.sent, BLOCK))
                self.sent += BLOCK
                due = max(due + BLOCK_EVERY_S, time.monotonic() - BLOCK_EVERY_S)
                time.sleep(max(0, due - time.monotonic()))
            self.connection.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.broken = self.broken or f"sending: {error}"

    def receive(self):
        try:
            while data := self.connection.recv(65536):
                self.arrivals.append((time.monotonic_ns(), len(data)))
                if self.corrupt_at is None and data != self._content(self.received, len(data)):
                    self.corrupt_at = self.received
                self.received += len(data)
        except OSError as error:
            self.broken = self.broken or f"receiving: {error}"


    def sample(self, stopping):
        """What our end's sender says of itself, for who asks why the stream stood still."""
        while not stopping.wait(SAMPLE_S):
            try:
                told = self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            except OSError:
                return
            now = [
                struct.unpack_from(kind, told, offset)[0]
                for offset, kind in TCP_INFO
                if len(told) >= offset + struct.calcsize(kind)
            ]
            if not self.sender or self.sender[-1][1:] != now:
                self.sender.append([time.monotonic_ns(), *now])


class Idle:
    """TCP connections that say one line at the start and one at the end."""

    def __init__(self, where):
        self._connections = [socket.create_connection(where, 20) for _ in range(IDLE_CONNECTIONS)]
        failed = self.lines("before")
        if failed:
            raise OSError(f"before the migration: {failed[0]}")

    def lines(self, word):
        """Says a line on each and waits for its echo; what went wrong, a text per broken
        connection.
        """
        failed = []
        sent = [b"%s %d\n" % (word.encode(), number) for number in range(len(self._connections))]
        for connection, line in zip(self._connections, sent):
            try:
                connection.sendall(line)
            except OSError as error:
                failed.append(str(error))
        deadline = time.monotonic() + LINE_TIMEOUT_S
        for connection, line in zip(self._connections, sent):
            got = b""
            try:
                while len(got) < len(line):
                    connection.settimeout(max(0.01, deadline - time.monotonic()))
                    data = connection.recv(len(line) - len(got))
                    if not data:
                        raise OSError("closed")
                    got += data
                if got != line:
                    raise OSError(f"{got!r} instead of {line!r}")
            except OSError as error:
                failed.append(str(error))
        return failed


def main(guest, port, report):
    try:
        # Beside emulators that take all the time there is, the clock must be looked at in time.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        os.nice(-10)
    where = (guest, int(port))
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    idle, stream, asking, tcp_before = Idle(where), Stream(where), Asking(where), tcp_text()
    threads = [
        threading.Thread(target=target, args=args, daemon=True)
        for target, args in (
            (asking.hear, ()),
            (asking.ask, (stopping,)),
            (stream.receive, ()),
            (stream.send, (stopping,)),
            (stream.sample, (stopping,)),
        )
    ]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    while not stopping.wait(0.5):
        pass
    asking.wait_stragglers()
    tcp = tcp_counters(tcp_before, tcp_text())
    broken = idle.lines("after")
    for thread in threads[2:4]:
        thread.join(LINE_TIMEOUT_S)
    with open(report, "w") as file:
        json.dump(
            {
                "sent": asking.sent,
                "answers": asking.answers,
                "send_errors": asking.errors,
                "udp_errors": udp_errors(),
                "broken": broken,
                "tcp_counters": tcp,
                "connections": IDLE_CONNECTIONS,
                "stream": {
                    "sent": stream.sent,
                    "received": stream.received,
                    "arrivals": stream.arrivals,
                    "broken": stream.broken,
                    "sender": stream.sender,
                    "corrupt_at": stream.corrupt_at,
                },
            },
            file,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
