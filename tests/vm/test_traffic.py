#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Kinds of traffic through a pair that loses and regains its VF: bulk TCP, frames that are not IP,
two pairs, a standby without link.
"""

import contextlib
import hashlib
import os
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from stage import KERNELS, case, check, check_equal, check_lossless, main, program  # noqa: E402
from tools.rig.measure import deliver, measure  # noqa: E402

GUESTS = {kernel: {"kernel": kernel, "pairs": 2} for kernel in KERNELS}
LATER = [
    (
        "full",
        "6.12/tcp-bulk",
        "netns twins tcp-that-comes-twice; netns failover and ports with TCP",
    ),
    ("full", "6.12/two-pairs", "storms two-pairs; netns service ready-when-every-pair-is-steered"),
    ("full", "6.1/*", "the same case on 6.12; hotplug 6.1-acpi/unplug and plug"),
    *(
        ("nightly", f"{kernel}/*", f"the same case on 6.12; hotplug {kernel}-acpi/unplug and plug")
        for kernel in KERNELS[2:]
    ),
]

TEST_TYPE, LLDP_TYPE = 0x88b5, 0x88cc  # the former is for local experiments
LLDP = "01:80:c2:00:00:0e"
TCP_PORT = 9900
TCP_BLOCK = 1 << 20


class Bulk:
    """A TCP stream each way that carries one block over and over; what arrives must be just that.
    """

    def __init__(self, guest):
        self.block, self.stopping = os.urandom(TCP_BLOCK), False
        self.vm, self.pair = guest.lab.vm, guest.lab.pairs[0]
        self.received, self.sent, self.error, self.waited_s = 0, 0, None, 0.0
        self.vm.push(self.block, "/tmp/block")
        self.vm.run("rm -f /tmp/bulk-stop")
        listener = guest.lab.peer.inside(
            lambda: socket.create_server((self.pair.peer_v4, TCP_PORT))
        )
        listener.settimeout(10)
        self.guest_in = self.vm.spawn(f"nc -l -p {TCP_PORT + 1} </dev/null | md5sum")
        self.guest_out = self.vm.spawn("while [ ! -e /tmp/bulk-stop ]; do cat /tmp/block; done | "
                                       f"nc {self.pair.peer_v4} {TCP_PORT}")
        self.upload = listener.accept()[0]
        listener.close()
        self.vm.wait_for(f"netstat -ltn | grep -q :{TCP_PORT + 1}", 10)
        # The socket's namespace is that of the thread that makes it, not of the one that connects.
        self.download = guest.lab.peer.inside(
            lambda: socket.create_connection((self.pair.guest_v4, TCP_PORT + 1), 10)
        )
        self.download.settimeout(60)
        self.upload.settimeout(60)
        self.threads = [
            threading.Thread(target=work, args=(one,), daemon=True)
            for work, one in ((self._receive, self.upload), (self._send, self.download))
        ]
        for thread in self.threads:
            thread.start()

    def _receive(self, stream):
        try:
            last = time.monotonic()
            while data := stream.recv(1 << 16):
                self.waited_s, last = max(self.waited_s, time.monotonic() - last), time.monotonic()
                at = self.received % TCP_BLOCK
                if data != (self.block + self.block)[at:at + len(data)]:
                    raise ValueError(f"other data at byte {self.received}")
                self.received += len(data)
        except (OSError, ValueError) as error:
            self.error = self.error or f"upload: {error}"

    def _send(self, stream):
        try:
            self.digest = hashlib.md5()
            while not self.stopping:
                stream.sendall(self.block)
                self.digest.update(self.block)
                self.sent += TCP_BLOCK
        except OSError as error:
            self.error = self.error or f"download: {error}"

    def stop(self):
        self.stopping = True
        self.vm.check("touch /tmp/bulk-stop")
        self.threads[1].join(60)
        with contextlib.suppress(OSError):
            self.download.shutdown(socket.SHUT_WR)
        self.threads[0].join(60)
        self.upload.close()
        self.guest_in.wait(30)
        self.download.close()
        check(not self.error, self.error)
        check_equal(
            self.guest_in.output().split()[:1], [self.digest.hexdigest()],
            "MD5 of what the guest received",
        )


@case()
def tcp_bulk(guest):
    """Segmentation offload both ways; the VF goes and comes back in the midst."""
    bulk = Bulk(guest)
    try:
        time.sleep(1)
        marks = [(bulk.received, bulk.sent)]
        guest.lab.unplug_vf()
        guest.wait_active("standby")
        time.sleep(1)
        marks.append((bulk.received, bulk.sent))
        guest.lab.plug_vf()
        guest.wait_active("primary")
        time.sleep(1)
        marks.append((bulk.received, bulk.sent))
    finally:
        bulk.stop()
    counters = guest.pair()["counters"]
    check(
        marks[0][0] < marks[1][0] < marks[2][0] and marks[0][1] < marks[1][1] < marks[2][1],
        f"a stream stood still: {marks}",
    )
    check(counters["tx_primary_bytes"] and counters["tx_standby_bytes"], "a path was not used")
    return f"out {bulk.received >> 20} MiB (longest wait {bulk.waited_s * 1000:.0f} ms), in {bulk.sent >> 20} MiB, all as sent"


def frames_pass(guest, count=200):
    """Numbered frames of an experimental type, both ways at once; (out, in) as (arrived, twice)."""
    standby, pair = guest.lab.netdev("sb"), guest.lab.pairs[0]
    here = program("frame")
    inside = guest.lab.vm.spawn(f"frame receive {standby} {TEST_TYPE:x} 5")
    outside = guest.lab.peer.popen(
        [here, "receive", "peer0", f"{TEST_TYPE:x}", "5"], stdout=-1, stderr=-1, text=True
    )
    inside.wait_output("receiving")
    peer_mac = guest.lab.peer.run("cat /sys/class/net/peer0/address").strip()
    sender = guest.lab.peer.popen([here, "send", "peer0", pair.mac, f"{TEST_TYPE:x}", str(count)])
    guest.check(f"frame send {standby} {peer_mac} {TEST_TYPE:x} {count}")
    sender.wait(20)
    inside.wait(15)
    out = tuple(int(word) for word in outside.communicate(timeout=15)[0].split())
    return out, tuple(int(word) for word in inside.output().split()[-2:])


@case()
def frames_that_are_not_ip(guest):
    texts = []
    for path in ("primary", "standby"):
        if path == "standby":
            guest.lab.unplug_vf()
            guest.wait_active("standby")
        before = guest.pair()["counters"]
        out, inward = frames_pass(guest)
        after = guest.pair()["counters"]
        check_equal(
            (out, inward), ((200, 0), (200, 0)), f"(out, in) over the {path} as (arrived, twice)"
        )
        for way in ("tx", "rx"):
            key = f"{way}_{path}_packets"
            check(after[key] - before[key] >= 200, f"{key} rose by {after[key] - before[key]} only")
        texts.append(f"{path} out 0/200 in 0/200")
    return ", ".join(texts)


@case()
def link_local_frames(guest):
    """802.1D: about one wire, so each stays on its own."""
    standby, vf = guest.lab.netdev("sb"), guest.lab.netdev("vf")
    captures = {which: guest.lab.capture(which) for which in ("sb0", "vf0")}
    guest.check(f"frame send {standby} {LLDP} {LLDP_TYPE:x} 5")
    time.sleep(0.5)
    seen = {
        which: sum(frame.ethertype == LLDP_TYPE for frame in capture.stop())
        for which, capture in captures.items()
    }
    check_equal(seen, {"sb0": 5, "vf0": 0}, "wires that LLDP frames sent on the standby left by")
    receivers = {
        name: guest.lab.vm.spawn(f"frame receive {name} {LLDP_TYPE:x} 4") for name in (standby, vf)
    }
    for receiver in receivers.values():
        receiver.wait_output("receiving")
    guest.lab.switch.popen([program("frame"), "send", "vf0", LLDP, f"{LLDP_TYPE:x}", "5"]).wait(10)
    got = {}
    for name, receiver in receivers.items():
        receiver.wait(15)
        got[name] = receiver.output().split()[-2:]
    check_equal(
        got, {standby: ["0", "0"], vf: ["5", "0"]},
        "devices that LLDP frames from the VF's wire were seen on",
    )
    check(guest.pair()["counters"]["rx_primary_link_local_packets"] >= 5, "they were not counted")
    return "sent on the standby 5 stay there, received on the VF 5 stay there"


@case()
def broadcast_and_multicast_once(guest):
    """Both wires are on one bridge, so each such frame comes twice."""
    texts = []
    for address in ("255.255.255.255", "239.1.2.3", "ff02::7777"):
        result = deliver(guest.lab, address, count=300)
        check_equal(
            (result["lost"], result["duplicates"]), (0, 0), f"(lost, twice) of 300 to {address}"
        )
        texts.append(f"{address} 0/300")
    return ", ".join(texts)


@case()
def standby_without_link(guest):
    """The hypervisor sets virtio-net's link down while the VF serves, as some do."""
    texts = []

    def step(what, event):
        texts.append(guest.survive(event, None, what))

    try:
        step("virtio link down", lambda: guest.lab.set_link("sb0", False))
        check_equal(guest.pair()["active"], "primary", "active without the standby's link")
        step("virtio link up", lambda: guest.lab.set_link("sb0", True))
    finally:
        guest.lab.set_link("sb0", True)
    guest.lab.vm.wait_for(f"grep -q 1 /sys/class/net/{guest.lab.netdev('sb')}/carrier")
    step("unplug", guest.lab.unplug_vf)
    guest.wait_active("standby")
    return ", ".join(texts)


@case()
def two_pairs(guest):
    """One VF goes, the other pair notices nothing; then both at once."""
    rate = 1000

    def both(event):
        """(pair 0, pair 1), the former measured in the latter's midst."""
        outer = measure(
            guest.lab, lambda: measure(guest.lab, event, rate=rate, before_s=1, after_s=1.5),
            rate=rate, pair=1, before_s=0.5, after_s=0.5,
        )
        return outer["event"], outer

    def unplug_both():
        for index in (0, 1):
            guest.lab.unplug_vf(index, wait=False)
        for index in (0, 1):
            guest.lab.wait_unplugged(index, since=marked)

    switches = guest.pair(1)["switches"]
    texts = []
    for what, event in (("unplug 0", guest.lab.unplug_vf), ("plug 0", guest.lab.plug_vf)):
        one, other = both(event)
        texts.append(f"{check_lossless(one, what)}, meanwhile {check_lossless(other, 'pair 1')}")
        guest.wait_active("standby" if event == guest.lab.unplug_vf else "primary")
    check_equal(guest.pair(1)["switches"], switches, "switches of the other pair")
    check_equal(guest.pair(1)["active"], "primary", "the other pair's path")
    marked = len(guest.lab.vm.qmp_link.events)
    one, other = both(unplug_both)
    texts.append(f"{check_lossless(one, 'unplug both')}, {check_lossless(other, 'pair 1')}")
    for index in (0, 1):
        guest.wait_active("standby", index)
    return "; ".join(texts)


if __name__ == "__main__":
    main(GUESTS, later=LATER)
