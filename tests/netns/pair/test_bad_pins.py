#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Bad states of what is pinned are put right by the next start, or refused with what to do; traffic
goes on either way.
"""

import os
import signal
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import GUEST, case, check, check_equal, main, note, reachable, wait  # noqa: E402
from tests import header  # noqa: E402
from tools.rig.levels import nightly  # noqa: E402

PAIR_SIZE = header.size_of("pair")
ACTIVE, PRIMARY_STATE = 0, 1
STANDBY, PRIMARY, STANDBY_IFINDEX, PRIMARY_IFINDEX, LAST_SWITCH, LEAVING = 8, 24, 64, 68, 72, 80
NAMESPACE = LEAVING + 8 + 3 * 16 + 4
SLOTS_USED = PAIR_SIZE - 8


def write(stage, *changes):
    """Writes (offset, bytes) into the only slot, behind the back of all."""
    pairs = bpf.get(stage.pins / "pairs")
    value = bytearray(bpf.lookup(pairs, PAIR_SIZE))
    for offset, data in changes:
        value[offset:offset + len(data)] = data
    bpf.update(pairs, bytes(value))
    os.close(pairs)


def slots_used(stage):
    pairs = bpf.get(stage.pins / "pairs")
    value = bpf.lookup(pairs, PAIR_SIZE)
    os.close(pairs)
    return struct.unpack_from("I", value, SLOTS_USED)[0]


def ifindex(stage, device):
    return int(stage.guest.run(f"cat /sys/class/net/{device}/ifindex"))


def check_well(stage):
    """As after any start: one pair, on its primary, one link for each hook."""
    stage.start()
    pair = stage.wait_active("primary")
    check_equal(len(stage.status()["pairs"]), 1, "pairs")
    check_equal(
        (pair["primary"], pair["primary_state"], pair["admin"]), ("pr0", "ready", "auto"),
        "(primary, state, admin)",
    )
    check_equal(
        [name for name in stage.links() if not name.startswith(("watch-", "drops-"))],
        [
            f"primary-ingress-{ifindex(stage, 'pr0')}",
            f"standby-egress-{ifindex(stage, 'st0')}",
            f"standby-ingress-{ifindex(stage, 'st0')}",
        ],
        "links",
    )
    check_equal(
        sorted(path.name for path in stage.pins.iterdir()),
        ["counters", "events", "links", "own_macs", "pairs", "twins", "twins_key"], "pins",
    )
    before = stage.pair()["counters"]
    reachable(stage)
    reachable(stage, stage.outside, stage.guest, GUEST)
    for name in ("tx_primary_packets", "rx_primary_packets"):
        check(stage.counter(name) >= before[name] + 20, f"{name}: not counted where it is read")


@case
def nonsense_in_a_slot(stage):
    """Whatever stands there: the next start makes sense of it."""
    long_ago, never = struct.pack("Q", 1), struct.pack("Q", 2**63)
    for what, changes in (
        ("unknown enumerators", [(ACTIVE, b"\x4d\x4d\x4d\x4d")]),
        ("active primary, none there", [(ACTIVE, b"\x01"), (PRIMARY_IFINDEX, b"\0" * 4)]),
        ("a primary of an unknown ifindex", [(PRIMARY_IFINDEX, struct.pack("I", 99999))]),
        ("a standby of an unknown ifindex", [(STANDBY_IFINDEX, struct.pack("I", 99998))]),
        ("no name", [(STANDBY, b"\0" * 16)]),
        ("names without an end", [(STANDBY, b"x" * 16), (PRIMARY, b"y" * 16)]),
        ("leaving for ever", [(PRIMARY_STATE, b"\x03"), (LEAVING, long_ago)]),
        ("times to come", [(LAST_SWITCH, never), (LEAVING, never)]),
        ("no slot in use", [(SLOTS_USED, b"\0" * 4)]),
        ("more slots in use than there are", [(SLOTS_USED, b"\xff" * 4)]),
    ):
        stage.stop(signal.SIGKILL)
        write(stage, *changes)
        try:
            reachable(stage)
            check_well(stage)
            check_equal(slots_used(stage), 1, "slots in use")
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from error
        note(what)


@case(pairs=3)
def slots_in_use(stage):
    """No more than there are, and the last is among them: watch programs look no further."""
    check_equal(slots_used(stage), 3, "slots in use")
    for gone, left in ((1, 3), (2, 1), (0, 0)):
        stage.guest.run(f"ip link delete {stage.names(gone)[0]}")
        wait("the pair to be given up", lambda: not stage.pair(gone))
        check_equal(slots_used(stage), left, f"slots in use after pair {gone} is gone")
    stage.add_standby()
    stage.wait_active("primary")
    check_equal(slots_used(stage), 1, "slots in use with one pair")


@case
@nightly("bad-pins/refused, bad-pins/nonsense-in-a-slot")
def link_pins_moved_about(stage):
    """A pin that is not the link of the hook it is named for is replaced, and the other device is
    left as it is.
    """
    links = stage.pins / "links"
    names = [name for name in stage.links() if not name.startswith(("watch-", "drops-"))]
    primary, egress, ingress = (links / name for name in names)
    for what, change in (
        (
            "exchanged",
            lambda: (
                egress.rename(links / "aside"),
                ingress.rename(egress),
                (links / "aside").rename(ingress),
            ),
        ),
        ("of another device", lambda: primary.rename(egress)),
        ("a directory", lambda: (egress.unlink(), egress.mkdir())),
        ("a map", lambda: (egress.unlink(), bpf.pin(bpf.array_map(), egress))),
        ("of a gone device", lambda: bpf.pin(bpf.array_map(), links / "primary-ingress-99999")),
        (
            "a device's that is in no pair",
            lambda: bpf.pin(bpf.array_map(), links / "primary-ingress-1"),
        ),
        ("not renamed", lambda: bpf.pin(bpf.array_map(), links / "new-watch-netif_carrier_off")),
        ("of no watched function", lambda: bpf.pin(bpf.array_map(), links / "watch-nobody")),
    ):
        stage.stop(signal.SIGKILL)
        change()
        try:
            check_well(stage)
            check(
                not {"new-watch-netif_carrier_off", "watch-nobody"} & set(stage.links()),
                "stale pins",
            )
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from error
        note(what)


def check_refused(stage, words):
    done = stage.command("run", "--pair", "st0=pr0")
    check_equal(
        (done.returncode, done.stderr.count("\n")), (1, 1), f"(status, lines): {done.stderr}"
    )
    check(words in done.stderr and "'vfsteer unload'" in done.stderr, f"message: {done.stderr}")
    reachable(stage)


@case
def refused(stage):
    """What cannot be put right is refused, unload takes it away, and the next start is as the
    first.
    """
    def other_map(name, entries, size=8, flags=0):
        (stage.pins / name).unlink()
        bpf.pin(bpf.array_map(size, entries, name.encode(), flags), stage.pins / name)

    for what, change, words in (
        ("counters of another kind", lambda: other_map("counters", 1), "not ours"),
        ("pairs of another size", lambda: other_map("pairs", 1, PAIR_SIZE + 8), "another version"),
        (
            "pairs of another number",
            lambda: other_map("pairs", 128, PAIR_SIZE, bpf.F_MMAPABLE),
            "another version",
        ),
        ("no pairs", lambda: (stage.pins / "pairs").unlink(), "missing"),
        ("no events, in use", lambda: (stage.pins / "events").unlink(), "missing"),
        (
            "another namespace",
            lambda: write(stage, (NAMESPACE, struct.pack("I", 7))),
            "another network namespace (7)",
        ),
    ):
        stage.stop()
        change()
        try:
            check_refused(stage, words)
            stage.succeed("unload")
            check(not stage.pins.exists(), "pins are left")
            check_well(stage)
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from error
        note(what)


@case(agent=False)
def unfinished(stage):
    """The first maps, as an agent leaves them that is killed before it has pinned the last."""
    stage.start()
    stage.stop()
    pairs = bpf.get(stage.pins / "pairs")
    free = bytearray(PAIR_SIZE)
    free[-4:] = bpf.lookup(pairs, PAIR_SIZE)[-4:]
    os.close(pairs)
    stage.succeed("unload")
    for names in ((), ("pairs",)):
        (stage.pins / "links").mkdir(parents=True)
        for name in names:
            unfinished_map = bpf.array_map(PAIR_SIZE, 1, name.encode())
            bpf.update(unfinished_map, bytes(free))
            bpf.pin(unfinished_map, stage.pins / name)
        check_well(stage)
        stage.succeed("unload")
        stage.agent.wait(10)


main()
