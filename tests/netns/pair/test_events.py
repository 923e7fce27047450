#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What the agent does while the kernel sends no notifications, or does not answer: it goes on
asking, relies on no old reading, and ends when that lasts.
"""

import contextlib
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
import pins  # noqa: E402
import rtnl  # noqa: E402
from announcements import announced  # noqa: E402
from rig import (  # noqa: E402
    OUTSIDE, PATIENCE, Flow, case, check, check_equal, frame, inject, main, note, reachable, wait,
)
from tools.rig.levels import quick  # noqa: E402

ACTIVE_PRIMARY, READY = 1, 2
NOBODY = "02:76:66:00:00:99"


@contextlib.contextmanager
def failing(stage, call, error):
    """Meanwhile each such system call of the agent's fails with this error, and is not carried out.
    """
    tracer = subprocess.Popen(
        [
            "strace",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            f"trace={call}",
            "-e",
            f"inject={call}:error={error}",
            "-p",
            str(stage.agent.pid),
        ]
    )
    try:
        wait(
            "strace to be there",
            lambda: f"TracerPid:\t{tracer.pid}\n" in open(f"/proc/{stage.agent.pid}/status").read(),
        )
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def waits(stage):
    """Is the agent's main thread in a wait that nothing interrupts? Such is the one for RTNL."""
    with open(f"/proc/{stage.agent.pid}/stat") as stat:
        return stat.read().split()[2] == "D"


def lines(stage, what):
    return [line for line in stage.log.read_text().splitlines() if what in line]


@case
@quick
def devices_are_followed_again(stage):
    """The socket fails and so do the dumps; a primary comes without a notification."""
    with failing(stage, "recvmsg", "ENOMEM"):
        stage.guest.run("ip link delete pr0")
        time.sleep(1)
        stage.add_primary()
        time.sleep(0.5)
        check_equal(stage.agent.poll(), None, "the agent's end")
        check_equal(stage.pair()["active"], "standby", "active")
    stage.wait_active("primary", timeout=10)
    check_equal(
        (
            len(lines(stage, "cannot be followed, trying again")),
            len(lines(stage, "followed again")),
        ),
        (1, 1),
        "lines of the trouble, and of its end",
    )
    reachable(stage)
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")


@case
@quick
def devices_not_followed_for_long(stage):
    """The agent ends, for its service manager to start it again; traffic goes on. It takes half a
    minute.
    """
    flow = Flow(stage.guest, stage.outside, OUTSIDE, 200)
    with failing(stage, "recvmsg", "ENOMEM"):
        began = time.monotonic()
        stage.guest.run("ip link set st0 alias changed")
        wait("the agent to end", lambda: stage.agent.poll() is not None, 60)
        note(f"ended after {time.monotonic() - began:.1f} s")
    check_equal(stage.agent.poll(), 1, "exit status")
    check_equal(len(lines(stage, "could not be followed for 30 s: ends")), 1, "lines that say why")
    check_equal(flow.stop().lost(), 0, "lost")
    stage.start()
    stage.wait_active("primary")


@case(agent=False)
def first_dump_is_tried_again(stage):
    stage.start(
        under=(
            "strace",
            "-D",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=recvmsg",
            "-e",
            "inject=recvmsg:error=ENOBUFS:when=1..3",
        )
    )
    stage.wait_active("primary")
    check_equal(len(lines(stage, "cannot be read yet")), 1, "lines that say what it waited for")


@case
def unread_is_no_change(stage):
    """The primary has no carrier, as the data path sees with each packet; the agent cannot read the
    device, and its last reading was good.
    """
    flow = Flow(stage.guest, stage.outside, OUTSIDE, 500)
    before = stage.pair()["switches"]
    with failing(stage, "recvmsg", "EAGAIN"):
        stage.outside.run("ip link set pr1 down")
        stage.wait_active("standby")
        time.sleep(3)
        pair = stage.pair()
        note(f"{pair['switches'] - before} switches, primary {pair['primary_state']}")
        check_equal(
            (pair["active"], pair["switches"] - before), ("standby", 1), "active, and switches"
        )
    check_equal(
        len(lines(stage, "its state cannot be read")), 1, "lines that say why it is not used"
    )
    stage.wait_state("down")
    stage.outside.run("ip link set pr1 up")
    stage.wait_active("primary")
    flow.stop()
    check(flow.lost() <= 3, f"lost: {flow.lost()}")
    check_equal(
        len(lines(stage, "its state can be read again")), 1, "lines that say that it is over"
    )


def say_primary(stage, number):
    """The word of a pair as it is when its primary carries the traffic: here it cannot."""
    found = pins.Pins(stage.pins)
    slot = next(pair.slot for pair in found.used() if pair.standby == stage.names(number)[0])
    value = bpf.lookup(found.pairs, found.size, slot)
    admin, cause, switches = struct.unpack_from("=BBI", value, 2)
    bpf.update(
        found.pairs,
        struct.pack("=BBBBI", ACTIVE_PRIMARY, READY, admin, cause, switches) + value[8:], slot,
    )
    found.close()


@case
def moves_away_while_rtnl_is_held(stage):
    """What needs no reading waits for none: a driver that hangs holds RTNL, and the operator moves
    the traffic off it.
    """
    capture = stage.capture(stage.outside, "st1")
    # Where no watch program reports changes of address lists the agent looks at them each second,
    # under RTNL: that is to be just over.
    with contextlib.suppress(AssertionError), rtnl.held(stage.guest, "st0"):
        wait("the agent's look at address lists", lambda: waits(stage), 1.5)
    time.sleep(0.4)
    with rtnl.held(stage.guest, "st0"):
        began = time.monotonic()
        check(
            "active: standby" in stage.succeed("switch", "st0", "standby"),
            "the traffic did not move",
        )
        note(f"answered after {(time.monotonic() - began) * 1e3:.0f} ms")
        check(time.monotonic() - began < 2 * PATIENCE, "the answer waited for RTNL")
        wait("the announcement", lambda: "rarp" in announced(capture.frames(outgoing=False)), 0.5)
    stage.succeed("switch", "st0", "auto")
    stage.wait_active("primary")
    check_equal(stage.pair()["last_switch"]["cause"], "operator", "cause")


@case(pairs=2)
def every_switch_is_announced_while_rtnl_is_held(stage):
    """The agent waits for RTNL, and a loss that it has not read yet lies in the ring: the next one
    is announced all the same.
    """
    stage.outside.run("ip link set pr1 down; ip link set pr11 down")
    for number in range(2):
        stage.wait_state("down", number)
    time.sleep(1.2)  # the announcements of these switches are repeated for so long
    captures = [stage.capture(stage.outside, peer) for peer in ("st1", "st11")]
    switching = threading.Thread(target=lambda: stage.command("switch", "st0", "auto"))
    with rtnl.held(stage.guest, "st0"):
        switching.start()
        wait("the agent to wait for RTNL", lambda: waits(stage))
        for number in (0, 1, 0, 1):
            mac, capture = stage.mac(number), captures[number]
            before = len(capture.frames(outgoing=False))
            say_primary(stage, number)
            began = time.monotonic()
            inject(stage.guest, stage.names(number)[0], frame(NOBODY, mac))
            wait(
                f"the announcement of {stage.names(number)[0]}",
                lambda: "rarp" in announced(capture.frames(outgoing=False)[before:], mac), 0.5,
            )
            note(
                f"{stage.names(number)[0]} announced after {(time.monotonic() - began) * 1e3:.1f} ms"
            )
    switching.join()


main()
