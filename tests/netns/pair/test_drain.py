#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""`vfsteer drain`: when it says that nothing is in flight, nothing is."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from host_signals import DRAINED, last, signals  # noqa: E402
from rig import (  # noqa: E402
    MAC, OUTSIDE, case, check, check_equal, frame, main, note, reachable, wait,
)
from tools.rig.levels import quick  # noqa: E402

OTHER = "02:00:00:00:00:aa"
SO_SNDBUFFORCE = 32
WAITING, PAYLOAD = 300, b"drain" * 280
DRAINED_TEXT = "st0: drained: nothing is in flight on pr0\n"


def drain_of(stage):
    return stage.pair()["drain"]


def refused(stage, *arguments):
    """The message of a drain that fails."""
    done = stage.command("drain", "st0", *arguments)
    check_equal((done.returncode, done.stdout), (1, ""), f"status and output: {done.stderr}")
    check_equal(done.stderr.count("\n"), 1, f"lines: {done.stderr}")
    return done.stderr


def received(stage):
    """Frames over the primary, or of it and its twin the second."""
    counters = stage.pair()["counters"]
    return counters["rx_primary_packets"] + counters["drop_twin_packets"]


class Repeated:
    """Frames to the guest on these wires, until stop(); some have arrived when it begins."""

    def __init__(self, stage, *wires):
        self.stopping, self.sockets = False, []
        for wire in wires:
            link = stage.outside.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            link.bind((wire, 0))
            self.sockets.append(link)
        self.thread = threading.Thread(target=self._run, daemon=True)
        before = received(stage)
        self.thread.start()
        wait("frames", lambda: received(stage) > before + 3)

    def _run(self):
        number = 0
        # A busy machine is to make no pause that looks like rest.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        while not self.stopping:
            data = frame(MAC, OTHER, payload=f"number {number}".encode())
            for link in self.sockets:
                # The other end may be gone.
                with contextlib.suppress(OSError):
                    link.send(data)
            number += 1
            time.sleep(0.002)

    def stop(self):
        self.stopping = True
        self.thread.join()
        for link in self.sockets:
            link.close()


class Draining:
    """A drain in the background; end() waits for it and returns how it ended."""

    def __init__(self, stage, *arguments):
        self.thread = threading.Thread(target=self._run, args=(stage, arguments))
        self.thread.start()

    def _run(self, stage, arguments):
        self.done = stage.command("drain", "st0", *arguments)

    def end(self):
        self.thread.join()
        return self.done


@case
@quick
def and_back_without_loss(stage):
    host = stage.capture(stage.outside, "st1")
    flows = stage.flows()
    began = time.monotonic()
    check_equal(stage.succeed("drain", "st0"), DRAINED_TEXT, "output")
    note(f"drained after {time.monotonic() - began:.2f} s")
    pair = stage.pair()
    check_equal(
        (pair["active"], pair["admin"], pair["drain"]),
        ("standby", "standby", {"state": "drained", "ends_in_s": None}), "status",
    )
    wait("the signal", lambda: last(host).flags == DRAINED)
    before = stage.counter("tx_primary_packets"), stage.counter("rx_primary_packets")
    time.sleep(0.3)
    check_equal(
        (stage.counter("tx_primary_packets"), stage.counter("rx_primary_packets")), before,
        "packets over the primary",
    )
    check("drained: nothing is in flight" in stage.succeed("status"), "status does not say it")
    stage.succeed("switch", "st0", "auto")
    stage.wait_active("primary")
    check_equal(drain_of(stage), None, "drain after switch")
    wait("the signal", lambda: last(host).flags == 0)
    check_equal(
        [(flow.stop().lost(), flow.copies, flow.refused) for flow in flows], [(0, 0, 0)] * 2,
        "lost, doubled, refused",
    )


@case
def for_a_time(stage):
    """The agent ends it, and restores what was before; a drain of a drain keeps that."""
    stage.succeed("switch", "st0", "primary")
    flows = stage.flows()
    stage.succeed("drain", "st0", "--for", "60")
    check(50 < drain_of(stage)["ends_in_s"] <= 60, f"ends in {drain_of(stage)}")
    stage.succeed("drain", "st0", "--for", "1")
    pair = stage.wait_active("primary")
    check_equal((pair["admin"], pair["drain"]), ("primary", None), "after the drain")
    check_equal([flow.stop().lost() for flow in flows], [0, 0], "lost")
    # Where the standby was chosen before, it stays.
    stage.succeed("switch", "st0", "standby")
    stage.succeed("drain", "st0", "--for", "1")
    wait("the end", lambda: drain_of(stage) is None)
    check_equal((stage.pair()["active"], stage.pair()["admin"]), ("standby",) * 2, "afterwards")


@case
def agent_is_killed(stage):
    """The time stands in the pins: the next agent ends the drain, late rather than never."""
    flows = stage.flows()
    stage.succeed("drain", "st0", "--for", "2")
    stage.stop(signal.SIGKILL)
    time.sleep(2.2)
    check_equal(
        (stage.pair()["active"], drain_of(stage)["state"]), ("standby", "drained"), "without agent"
    )
    stage.start()
    check_equal(stage.wait_active("primary")["drain"], None, "drain after the start")
    # One without end is adopted as it is.
    stage.succeed("drain", "st0")
    stage.stop(signal.SIGKILL)
    stage.start()
    time.sleep(0.3)
    check_equal(
        (stage.pair()["active"], drain_of(stage)),
        ("standby", {"state": "drained", "ends_in_s": None}), "adopted",
    )
    check_equal([flow.stop().lost() for flow in flows], [0, 0], "lost")


@case
def without_agent(stage):
    flows = stage.flows()
    stage.stop()
    check("no agent is running, which alone can end" in refused(stage, "--for", "5"), "--for")
    check_equal(stage.pair()["active"], "primary", "active after what was refused")
    check_equal(
        stage.succeed("drain", "st0"),
        DRAINED_TEXT[:-1] + " (no agent is running: not announced to the network)\n", "output",
    )
    check_equal((stage.pair()["active"], drain_of(stage)["state"]), ("standby", "drained"), "then")
    stage.succeed("switch", "st0", "standby")
    check_equal(drain_of(stage), None, "drain after switch")
    # No station announces the standby: what comes in goes on over the primary.
    check_equal(flows[0].stop().lost(), 0, "lost on the way out")
    flows[1].stop()


@case
def what_waits_in_the_qdisc(stage):
    """A slow primary: the drain ends when its peer has received the last packet, not before."""
    stage.guest.run("tc qdisc add dev st0 root tbf rate 2mbit burst 10k limit 2m")
    wait("the qdisc on the primary", lambda: "tbf" in stage.guest.run("tc qdisc show dev pr0"))
    stage.wait_active("primary")
    reachable(stage)
    peer = stage.capture(stage.outside, "pr1")
    sender = stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    # What waits in a qdisc is charged to the socket.
    sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20)
    for _ in range(WAITING):
        sender.sendto(PAYLOAD, (OUTSIDE, 9))
    began = time.monotonic()
    stage.succeed("drain", "st0", "--timeout", "30")
    took_s = time.monotonic() - began
    seen = sum(PAYLOAD in data for data in peer.frames(outgoing=False))
    check_equal(seen, WAITING, "frames that the peer had received when it was drained")
    note(f"{WAITING} packets in a queue of 2 Mbit/s, drained after {took_s:.1f} s")
    check(took_s > 1, "nothing had to be waited for")
    sender.close()


@case
def what_the_network_sends(stage):
    """To the primary alone: not drained, and why. To both: nothing would be lost."""
    alone = Repeated(stage, "pr1")
    said = refused(stage, "--timeout", "1")
    check("the network still sends frames to the primary alone" in said, said)
    check("'vfsteer switch st0 auto'" in said, said)
    check_equal((drain_of(stage)["state"], stage.pair()["active"]), ("waiting", "standby"), "then")
    alone.stop()
    wait("the agent sees its end", lambda: drain_of(stage)["state"] == "drained")
    # Once more: it is no longer so.
    alone = Repeated(stage, "pr1")
    wait("the agent sees it", lambda: drain_of(stage)["state"] == "waiting")
    alone.stop()
    for wires in (("pr1", "st1"), ("st1", "pr1")):
        both = Repeated(stage, *wires)
        stage.succeed("drain", "st0")
        both.stop()


@case
def standby_without_carrier(stage):
    """Refused, and nothing changes; when it is lost later, the pair is no longer drained."""
    host = stage.capture(stage.outside, "st1")
    stage.outside.run("ip link set st1 down")
    wait("no carrier", lambda: not stage.pair()["standby_carrier"])
    check("the standby has no carrier" in refused(stage), "message")
    pair = stage.pair()
    check_equal((pair["active"], pair["admin"], pair["drain"]), ("primary", "auto", None), "then")
    stage.outside.run("ip link set st1 up")
    wait("carrier", lambda: stage.pair()["standby_carrier"])
    stage.succeed("drain", "st0")
    stage.outside.run("ip link set st1 down")
    wait("it is noticed", lambda: drain_of(stage)["state"] == "waiting")
    stage.outside.run("ip link set st1 up")
    wait("drained again", lambda: drain_of(stage)["state"] == "drained")
    wait("the signal", lambda: signals(host) and last(host).flags == DRAINED)


@case
def primary_goes(stage):
    """While it is waited for; the drain stays, also for the next primary."""
    alone = Repeated(stage, "pr1")
    draining = Draining(stage, "--timeout", "30")
    wait("the drain", lambda: drain_of(stage))
    stage.guest.run("ip link delete pr0")
    done = draining.end()
    alone.stop()
    check_equal(
        (done.returncode, done.stdout), (0, "st0: drained: there is no primary\n"),
        f"status, output: {done.stderr}",
    )
    stage.add_primary()
    pair = stage.wait_state("ready")
    check_equal((pair["active"], pair["drain"]["state"]), ("standby", "drained"), "the next one")
    stage.succeed("switch", "st0", "auto")
    stage.wait_active("primary")


@case
def ended_by_switch(stage):
    alone = Repeated(stage, "pr1")
    draining = Draining(stage, "--timeout", "30")
    wait("the drain", lambda: drain_of(stage))
    stage.succeed("switch", "st0", "auto")
    done = draining.end()
    alone.stop()
    check_equal(done.returncode, 1, "status")
    check("ended meanwhile" in done.stderr, done.stderr)
    stage.wait_active("primary")


@case
def two_at_once(stage):
    drains = [Draining(stage, *extra) for extra in ((), ("--for", "60"))]
    check_equal(
        [(done.returncode, done.stdout) for done in (one.end() for one in drains)],
        [(0, DRAINED_TEXT)] * 2, "both",
    )
    stage.succeed("switch", "st0", "auto")
    check_equal(stage.wait_active("primary")["admin"], "auto", "admin")


@case(primary=False)
def no_primary(stage):
    check_equal(stage.succeed("drain", "st0"), "st0: drained: there is no primary\n", "output")


main()
