# SPDX-License-Identifier: GPL-2.0-only
"""What an event costs: numbered packets between guest and peer, one or both ways, the event in
their midst, and the account of it.
"""

import json
import signal
import tempfile
import time
from pathlib import Path

from tools.rig.programs import program

# and the next, and ten further per pair, so that pairs can be measured at the same time
PORT = 9001
SETTLE_S = 1.0  # what is still under way or queued when the senders stop


class MeasureError(Exception):
    pass


class _Host:
    """flow at the peer."""

    def __init__(self, lab, work, name, args):
        self._report = work / f"{name}.json"
        self._log = work / f"{name}.log"
        with open(self._log, "wb") as log:
            self._process = lab.peer.popen(
                [program("flow"), *args, "--report", self._report], stdout=log, stderr=log
            )

    def ready(self):
        deadline = time.monotonic() + 5
        while "receiving" not in self._log.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise MeasureError(f"flow at the peer: {self._log.read_text()}")
            time.sleep(0.02)

    def abandon(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        try:
            return json.loads(self._report.read_text())
        except (OSError, ValueError) as error:
            raise MeasureError(f"flow at the peer: {error}: {self._log.read_text()}") from error


class _Guest:
    """flow in the guest."""

    def __init__(self, lab, name, args, inside=""):
        self._vm, self._report = lab.vm, f"/tmp/{name}.json"
        self._spawned = lab.vm.spawn(
            f"rm -f {self._report}\nexec {inside} flow {' '.join(str(arg) for arg in args)} --report {self._report}"
        )

    def ready(self):
        self._spawned.wait_output("receiving", 5)

    def abandon(self):
        self._vm.run(f"kill -9 -{self._spawned.pid}")

    def stop(self):
        said = self._spawned.stop()
        try:
            return json.loads(self._vm.pull(self._report))
        except Exception as error:
            raise MeasureError(f"flow in the guest: {error}: {said}") from error


class _Flows:
    """The flows of one measurement: none outlives it, not even when the event fails."""

    def __init__(self, lab, pair, inside=""):
        self._lab, self._pair, self._inside, self._running = lab, pair, inside, []
        self._work = tempfile.TemporaryDirectory(prefix="vfsteer-flow-")

    def _keep(self, flow):
        self._running.append(flow)
        return flow

    def host(self, name, args):
        return self._keep(_Host(self._lab, Path(self._work.name), name, args))

    def guest(self, name, args):
        return self._keep(_Guest(self._lab, f"{name}-{self._pair}", args, self._inside))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            for flow in self._running:
                try:
                    flow.abandon()
                except Exception:  # the first error is the one to be seen
                    pass
        self._work.cleanup()


def _account(sent, received):
    """One direction: the sender's and the receiver's report together; a tail that never arrived is
    lost too.
    """
    ranges = list(received["lost_ranges"])
    lost = received["lost"]
    tail = sent["sent"] - (received["last_seq"] + 1)
    if tail > 0:
        ranges.append([received["last_seq"] + 1, sent["sent"] - 1])
        lost += tail
    return {
        "sent": sent["sent"],
        "lost": lost,
        "duplicates": received["duplicates"],
        "reordered": received["reordered"],
        "longest_gap_ms": received["longest_gap_ms"],
        "longest_gap_at_s": received["longest_gap_at_s"],
        "sender_pause_ms": sent["longest_pause_ms"],
        "send_errors": sent["errors"],
        "lost_ranges": ranges,
        "gaps": received["gaps"],
        "never_came_back": tail > 0,
    }


def quiet_peer(lab, pair=0):
    """Fixes the peer's neighbour entries, so that it never asks the guest, whose answer would teach
    the bridge where it is.
    """
    one = lab.pairs[pair]
    for address in (one.guest_v4, one.guest_v6):
        lab.peer.run(
            f"ip neighbour replace {address} lladdr {one.station_mac} dev peer{pair} nud permanent"
        )


def measure(
    lab, event=None, rate=2000, before_s=2.0, after_s=4.0, family=4, pair=0, ways=("out", "in"),
    quiet=None, guest_args=(), peer_args=(), inside="",
):
    """Runs packets, calls event() after before_s, goes on for after_s when it has returned.

    ways: ("in",) is the silent guest, which sends nothing by itself. quiet: it is not asked either
    (see quiet_peer), so that only its own announcement can show the bridge where it is; the default
    for the silent guest. Not quiet, the peer asks for it every few seconds. inside: what the
    guest's end is run by ("ip netns exec NAME"). Returns {"out": {...}, "in": {...}, "event": what
    event() returned, "event_s": how long it took, "event_at_s": after the start}.
    """
    one = lab.pairs[pair]
    guest_address, peer_address = one.guest_address(family), one.peer_address(family)
    result = {}
    # The bridge and both ends know each other before the first number is sent: that is not what is
    # measured.
    lab.vm.check(f"{inside} ping -c1 -W2 {peer_address}")
    if quiet or (quiet is None and "out" not in ways):
        quiet_peer(lab, pair)
    else:
        # Fresh, so that the peer's own asking does not fall into the event by chance.
        lab.peer.run(
            f"ip neighbour flush dev peer{pair}; ping -c1 -W2 {guest_address} >/dev/null || true"
        )
    port_out, port_in = PORT + 10 * pair, PORT + 10 * pair + 1
    with _Flows(lab, pair, inside) as flows:
        receivers, senders = {}, {}
        listen, pace = ["receive", "--port"], ["--rate", rate]
        if "out" in ways:
            receivers["out"] = flows.host("out-received", [*listen, port_out, *peer_args])
        if "in" in ways:
            receivers["in"] = flows.guest("in-received", [*listen, port_in, *guest_args])
        for receiver in receivers.values():
            receiver.ready()
        if "out" in ways:
            senders["out"] = flows.guest(
                "out-sent", ["send", "--to", peer_address, "--port", port_out, *pace]
            )
        if "in" in ways:
            senders["in"] = flows.host(
                "in-sent", ["send", "--to", guest_address, "--port", port_in, *pace]
            )
        started = time.monotonic()
        time.sleep(before_s)
        result["event_at_s"] = round(time.monotonic() - started, 3)
        if event:
            result["event"] = event()
        result["event_s"] = max(0, round(time.monotonic() - started - result["event_at_s"], 3))
        time.sleep(after_s)
        sent = {way: sender.stop() for way, sender in senders.items()}
        time.sleep(SETTLE_S)
        for way, receiver in receivers.items():
            result[way] = _account(sent[way], receiver.stop())
    return result


def deliver(lab, address, way="in", count=500, rate=500, pair=0, interface=None):
    """Sends count datagrams to a group or broadcast address and accounts for them: each must arrive
    once, whatever the wires.

    interface: the guest's netdev that joins or sends; the pair's main one when not given.
    """
    inside, outside = interface or lab.main(pair), f"peer{pair}"
    first = address.split(".")[0]
    group = (
        address.lower().startswith("ff")
        if ":" in address
        else first.isdigit() and 224 <= int(first) < 240
    )
    port = PORT + 10 * pair + 2

    def receive(netdev):
        return [
            "receive",
            "--port",
            port,
            *(["--group", address, "--interface", netdev] if group else []),
        ]

    def send(netdev):
        return [
            "send",
            "--to",
            address,
            "--port",
            port,
            "--rate",
            rate,
            "--count",
            count,
            "--interface",
            netdev,
        ]

    with _Flows(lab, pair) as flows:
        receiver = (
            flows.guest("group-received", receive(inside))
            if way == "in"
            else flows.host("group-received", receive(outside))
        )
        receiver.ready()
        # A group that was just joined is on the VF's list as soon as an agent has seen it: 180 ms
        # on a machine with a load of 17.
        time.sleep(SETTLE_S)
        sender = (
            flows.host("group-sent", send(outside))
            if way == "in"
            else flows.guest("group-sent", send(inside))
        )
        time.sleep(count / rate + SETTLE_S)
        sent = sender.stop()
        time.sleep(SETTLE_S)
        return _account(sent, receiver.stop())


def summary(result):
    """One line: lost (and duplicates, if any) of what was sent, and the longest hole, each way."""
    parts = []
    for way in ("out", "in"):
        if way in result:
            one = result[way]
            parts.append(
                f"{way} {one['lost']}/{one['sent']} lost, {one['duplicates']} twice, gap {one['longest_gap_ms']:.0f} ms"
                + (", never came back" if one["never_came_back"] else "")
            )
    return "; ".join(parts) + f" (event took {result['event_s']:.2f} s)"
