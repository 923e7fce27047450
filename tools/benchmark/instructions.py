# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs a guest in instructions, under QEMU's -icount: packets.c at work in the
guest, its far end here.

With -icount shift=0 the guest's clock counts instructions, one per nanosecond, and time that the
CPU was idle is known to the nanosecond: what is left is the whole path's instructions, the sending
or receiving program's included. One CPU.

How many packets an interrupt finds must not be a question of this machine's load. So what the guest
is to receive one by one is sent when it is at rest, and what it is to receive together is sent
while QEMU stands still (SIGSTOP; QMP's stop hands over the first packet alone). What it sends is
answered after a delay, when it has done with the sending.
"""

import contextlib
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

from tools.benchmark.contenders import HERE
from tools.benchmark.effort import effort
from tools.rig.places import BUILD
from tools.rig.programs import compiled

PORT = 9
PAYLOAD = b"x" * 22  # a frame of 64 bytes
SEGMENT, SEGMENTS = 1448, 45  # with timestamps; as many as one TSO packet carries
PIECE = SEGMENTS * SEGMENT
# As packets.c begins its count.
WARM_UP_BATCHES = 20
# Far enough apart for each packet's interrupt to be its own, which e1000e throttles to 4,000 a
# second; and out of step with the kernel's tick of 4 ms, which else coincides with all packets of a
# boot or with none.
TX_RATE, PIECE_RATE, RX_PAUSE_S = 1907, 191, 0.001
ANSWER_DELAY_US = 3000
# Batches, and packets in each; short ones, so that most have nothing in them of what the kernel
# does now and then.
TX_PACED, TX_BURST, RX_PACED, RX_BURST, TCP_TX, TCP_RX = (
    (800, 4),
    (100, 200),
    (400, 1),
    (80, 50),
    (200, 1),
    (80, 1),
)
BATCHES_LEAST = 4
REST_TIMEOUT_S = 20
# Pauses longer than the kernel's tick of 4 ms cost some hundred instructions more. A machine that
# wakes the guest so late is asked again.
LATE_US, ATTEMPTS = 4000, 3
# An emulated CPU that has them takes an instruction for each byte it copies: TCP's figures would be
# about little else.
CPU = "max,-erms,-fsrm"
MACHINE = {
    "cpus": 1,
    "cpu": CPU,
    "accel": "tcg,thread=single",
    "devices": ["-icount", "shift=0"],
    "boot_timeout_s": 240,
}


class InstructionsError(Exception):
    pass


@contextlib.contextmanager
def guest(contender, kernel, qemu):
    """At rest, its VF plugged and carrying the traffic, all of it in counted time."""
    inner = contender.extra()
    contender.extra = lambda: {
        **inner,
        "packets": compiled(HERE / "packets.c", BUILD / "packets", "-D_GNU_SOURCE"),
    }
    try:
        lab = contender.boot(kernel, qemu=qemu, **MACHINE)
    finally:
        del contender.extra
    try:
        pair = lab.pairs[0]
        deadline = time.monotonic() + 60
        while lab.learned() != contender.port:
            lab.vm.run(f"ping -c1 -W1 {pair.peer_v4}", 60)
            if time.monotonic() > deadline:
                raise InstructionsError(
                    f"{contender.name}: traffic is at {lab.learned()}, not at {contender.port}"
                )
        # A connection's window must survive its pauses, a probe for losses must not take a guest
        # that stands still for one, and how much TCP makes one packet of must not depend on the
        # round trip's time.
        quiet = "sysctl -q -w net.ipv4.tcp_slow_start_after_idle=0 net.ipv4.tcp_early_retrans=0"
        lab.peer.run(quiet)
        lab.vm.check(f"{quiet} net.ipv4.tcp_min_tso_segs={SEGMENTS}")
        time.sleep(2)
        yield lab
    finally:
        lab.stop()


def _wait_threads(lab, state, looks):
    """Until all threads of QEMU are in that state, as seen so many times in a row."""
    deadline, seen = time.monotonic() + REST_TIMEOUT_S, 0
    while seen < looks:
        try:
            states = {
                task.joinpath("stat").read_text().rpartition(")")[2].split()[0]
                for task in Path(f"/proc/{lab.vm.pid}/task").iterdir()
            }
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread has just ended
        seen = seen + 1 if states == {state} else 0
        if time.monotonic() > deadline:
            raise InstructionsError(
                f"QEMU's threads are {states}, not {state}, for {REST_TIMEOUT_S} s"
            )
        time.sleep(0.0003)


def _at_rest(lab):
    """Waits until no thread of QEMU runs or wants to: the guest has done what it had to."""
    _wait_threads(lab, "S", 2)


@contextlib.contextmanager
def _standing_still(lab):
    """What is sent to the guest meanwhile is there at once when it goes on."""
    _at_rest(lab)
    os.kill(lab.vm.pid, signal.SIGSTOP)
    try:
        _wait_threads(lab, "T", 1)
        yield
    finally:
        os.kill(lab.vm.pid, signal.SIGCONT)


@contextlib.contextmanager
def _answers_delayed(lab):
    lab.vm.qmp(
        "object-add",
        **{
            "qom-type": "filter-buffer",
            "id": "answers",
            "netdev": "vf0-net",
            "queue": "tx",
            "interval": ANSWER_DELAY_US,
        }
    )
    try:
        yield
    finally:
        lab.vm.qmp("object-del", id="answers")


def _interrupts(lab):
    """Of the VF, so far."""
    return int(
        lab.vm.check(
            f"awk '/ {lab.netdev('vf')}/ {{ many += $2 }} END {{ print many + 0 }}' /proc/interrupts"
        )
    )


def _socket(lab, kind, **options):
    """In the peer's namespace."""
    made = lab.peer.inside(lambda: socket.socket(socket.AF_INET, kind))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if kind == socket.SOCK_STREAM:
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            made.setsockopt(socket.SOL_SOCKET, buffer + 25, 4 << 20)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _sends(lab, arguments):
    return lab.vm.check(f"packets {arguments}", 240)


def _receives(lab, arguments, batches, batch):
    """Starts the receiver; a function that gives its output when all has been sent."""
    receiver = lab.vm.spawn(f"exec packets {arguments} {batches} {batch}")
    receiver.wait_output("receiving", 60)
    _at_rest(lab)

    def ended():
        receiver.wait(60)
        return receiver.output()
    return ended


@contextlib.contextmanager
def sink(lab):
    """No process reads this socket: it keeps the peer from answering with ICMP, which would end the
    sender.
    """
    with _socket(lab, socket.SOCK_DGRAM) as bound:
        bound.bind((lab.pairs[0].peer_v4, PORT))
        yield


def _udp_tx(lab, rate, batches, batch):
    with sink(lab):
        return _sends(
            lab, f"tx {lab.pairs[0].peer_v4} {PORT} {len(PAYLOAD)} {rate} {batches} {batch}"
        )


def _udp_rx(lab, burst, batches, batch):
    ended = _receives(lab, f"rx {PORT}", batches, batch)
    with _socket(lab, socket.SOCK_DGRAM) as sender:
        sender.connect((lab.pairs[0].guest_v4, PORT))
        for _ in range((batches + WARM_UP_BATCHES) * batch // burst):
            with _standing_still(lab) if burst > 1 else contextlib.nullcontext():
                for _ in range(burst):
                    sender.send(PAYLOAD)
            _at_rest(lab)
            time.sleep(RX_PAUSE_S)
    return ended()


def _tcp_tx(lab, batches, batch):
    def drain():
        connection, _ = listener.accept()
        with connection:
            while connection.recv(1 << 20):
                pass

    with _answers_delayed(lab), _socket(lab, socket.SOCK_STREAM) as listener:
        listener.bind((lab.pairs[0].peer_v4, PORT))
        listener.listen(1)
        listener.settimeout(60)
        thread = threading.Thread(target=drain, daemon=True)
        thread.start()
        said = _sends(
            lab, f"tcp-tx {lab.pairs[0].peer_v4} {PORT} {PIECE} {PIECE_RATE} {batches} {batch}"
        )
        thread.join(10)
    return said


def _tcp_rx(lab, batches, batch):
    ended = _receives(lab, f"tcp-rx {PORT} {PIECE}", batches, batch)
    with _socket(lab, socket.SOCK_STREAM) as sender:
        sender.settimeout(REST_TIMEOUT_S)
        sender.connect((lab.pairs[0].guest_v4, PORT))
        for _ in range((batches + WARM_UP_BATCHES) * batch):
            with _standing_still(lab):
                sender.sendall(bytes(PIECE))
            _at_rest(lab)
            time.sleep(RX_PAUSE_S)
        return ended()


def _many(many):
    """(batches, packets in each) as of now."""
    return effort(many, (BATCHES_LEAST, many[1]))


# What is measured, in packets (a TCP segment is one) of how many that packets.c counts as one, and
# whether they are paced one by one.
FIGURES = {
    "udp-tx": (lambda lab: _udp_tx(lab, TX_RATE, *_many(TX_PACED)), 1, True),
    "udp-rx": (lambda lab: _udp_rx(lab, 1, *_many(RX_PACED)), 1, True),
    "udp-tx-burst": (lambda lab: _udp_tx(lab, 0, *_many(TX_BURST)), 1, False),
    "udp-rx-burst": (lambda lab: _udp_rx(lab, RX_BURST[1], *_many(RX_BURST)), 1, False),
    "tcp-tx": (lambda lab: _tcp_tx(lab, *_many(TCP_TX)), SEGMENTS, False),
    "tcp-rx": (lambda lab: _tcp_rx(lab, *_many(TCP_RX)), SEGMENTS, False),
}


def _attempt(lab, run):
    before = _interrupts(lab)
    said = json.loads(run(lab).splitlines()[-1])
    units = (said["batches"] + WARM_UP_BATCHES) * said["batch"]
    return {**said, "interrupts_per_unit": round((_interrupts(lab) - before) / units, 3)}


def measure(lab, name):
    """(instructions per packet, context) of one figure. Its context has `late` if this machine was
    too slow for the pauses to be short.
    """
    run, packets, paced = FIGURES[name]
    attempts = []
    while not attempts or (
        paced and len(attempts) < effort(ATTEMPTS, 1) and attempts[-1]["quick_us"] > LATE_US
    ):
        attempts.append(_attempt(lab, run))
    said = min(attempts, key=lambda one: one["quick_us"])
    context = {
        "packets": said["batches"] * said["batch"] * packets,
        "mean": said["mean"] / packets,
        "quick_us": said["quick_us"],
        "interrupts_per_unit": said["interrupts_per_unit"],
    }
    if paced and said["quick_us"] > LATE_US:
        context["late"] = True
    return said["median"] / packets, context
