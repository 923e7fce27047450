#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Another version takes over under load, and the old one again: no packet is lost, and none passes
a hook without a program.
"""

import re
import signal
import socket
import struct
import sys
import time
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).resolve().parents[folder] / name) for folder, name in ((1, "lib"), (2, ""))
]

import bpf  # noqa: E402
import header  # noqa: E402
import tables  # noqa: E402
from rig import (
    ETH_P_ALL,
    GUEST,
    MAC,
    OUTSIDE,
    VFSTEER,
    WITHOUT_TCX,
    Flow,
    case,
    check,
    check_equal,
    main,
    note,
    wait,
)
from tools.rig.levels import full, reached  # noqa: E402
from variants import variant  # noqa: E402

RATE = 2000
SWAPS = 10 if reached("full") else 4
# A data path of another build: one more instruction in each program, which the compiler may not
# leave out.
STEPS = (
    "\tskb->tc_index = STEER_MARK;\n",
    "\tif (mark == STEER_MARK) {\n",
    "\tif (pair_active_read(pair) != PATH_PRIMARY)\n",
)
OTHER_PROGRAMS = [
    ("bpf/steer.bpf.c", step, f'\tasm volatile("r0 = 99" ::: "r0");\n{step}') for step in STEPS
]
HOOKS = (("st0", "egress"), ("st0", "ingress"), ("pr0", "ingress"))
# A layout that is not this one's.
PAIR_SIZE = header.size_of("pair")
# From the end of the pair on: char owner[16], two fields of 10 bytes, __u32 owner_ifindex,
# slots_used, abi_version.
OWNER_IFINDEX = PAIR_SIZE - 12
OWNER = OWNER_IFINDEX - 26
ABI_VERSION = f"#define VFSTEER_ABI_VERSION {header.abi_version()}"
OTHER_LAYOUT = [
    ("include/vfsteer.h", ABI_VERSION, "#define VFSTEER_ABI_VERSION 99"),
    ("include/vfsteer.h", "primary_pci_port[16]", "primary_pci_port[24]"),
    (
        "include/vfsteer.h",
        f"sizeof(struct vfsteer_pair) == {PAIR_SIZE}",
        f"sizeof(struct vfsteer_pair) == {PAIR_SIZE + 8}",
    ),
]

# A version with a counter more, of pairs and of ports.
TABLES = "include/vfsteer_tables.h"
LAST_ROWS = [
    f'"{tables.rows(TABLES, table)[-1][2]}")\n\n'
    for table in ("VFSTEER_COUNTERS", "VFSTEER_PORT_COUNTERS")
]
MORE_COUNTERS = [
    (TABLES, row, row.replace(")\n\n", ') X(some_more_packets, NULL, "counted later")\n\n'))
    for row in LAST_ROWS
]


def newer():
    return variant("newer", "99.0.0", OTHER_PROGRAMS)


def of_flow(frame, port):
    """An IPv4 datagram to this port."""
    return (
        frame[12:14] == b"\x08\x00"
        and frame[23] == socket.IPPROTO_UDP
        and int.from_bytes(frame[36:38], "big") == port
    )


def know_each_other(stage):
    """Fixed neighbours: nothing but the flows passes the hooks."""
    stage.guest.run(f"ip neigh replace {OUTSIDE} lladdr 02:76:66:00:00:fe dev st0 nud permanent")
    stage.outside.run(f"ip neigh replace {GUEST} lladdr {MAC} dev br0 nud permanent")


def counted(stage):
    counters = stage.pair()["counters"]
    return tuple(
        counters[name]
        for name in (
            "tx_primary_packets",
            "tx_standby_packets",
            "rx_primary_packets",
            "rx_standby_packets",
        )
    )


def programs(stage):
    """{hook: (what holds the program there, its tag)}: a link's id, or a filter's priority."""
    found = {}
    for name in stage.links():
        if not name.startswith(("watch-", "drops-")):
            link, program = bpf.link_ids(stage.pins / "links" / name)
            found[name] = (link, bpf.program_tag(program))
    for device, side in HOOKS:
        shown = stage.guest.run(f"tc filter show dev {device} {side} 2>/dev/null || true")
        found.update(
            {
                (device, side): filter_
                for filter_ in re.findall(r"pref (\d+) .*handle 0x7666737[45] .*tag (\w+)", shown)
            }
        )
    return found


def check_replaced(seen):
    """From each look to the next every program was replaced by another, in the place where it was.
    """
    for before, after in zip(seen, seen[1:]):
        check_equal(len(before), len(HOOKS), f"programs of ours, {before}")
        check_equal(
            {hook: place for hook, (place, _) in after.items()},
            {hook: place for hook, (place, _) in before.items()}, "their links or filters",
        )
        check_equal(
            [hook for hook, (_, tag) in after.items() if tag == before[hook][1]], [],
            "hooks at which the program of before is still",
        )


def swap_under_load(stage, number, launcher=()):
    """@number ends the agent of before. Everything is counted, so no querier asks for groups, nor
    the agent whether its primary leads anywhere.
    """
    (stage.directory / "quiet.conf").write_text("[agent]\npath_check = off\n")
    stage.options = ["--config", str(stage.directory / "quiet.conf")]
    versions = [[*launcher, newer()], [*launcher, VFSTEER]]
    stage.program = versions[1]
    stage.start()
    stage.wait_active("primary")
    know_each_other(stage)
    time.sleep(2.5)  # the announcements, group reports and neighbour discovery of the beginning
    wires = [stage.capture(stage.outside, wire, ETH_P_ALL) for wire in ("pr1", "st1")]
    before, switches = counted(stage), stage.pair()["switches"]
    out, inbound = Flow(stage.guest, stage.outside, OUTSIDE, RATE), Flow(
        stage.outside, stage.guest, GUEST, RATE
    )
    ports = [flow.sender.getpeername()[1] for flow in (out, inbound)]
    told, seen = set(), [programs(stage)]
    for turn in range(SWAPS):
        stage.stop(number)
        stage.program = versions[turn % 2]
        stage.start()
        told.add(stage.status()["version"])
        seen.append(programs(stage))
        time.sleep(0.1)
    out.stop(), inbound.stop()
    time.sleep(0.2)
    after = counted(stage)
    tx_primary, tx_standby, rx_primary, rx_standby = (
        late - early for early, late in zip(before, after)
    )
    on_primary, on_standby = (wire.frames(outgoing=False) for wire in wires)
    to_primary = wires[0].frames(outgoing=True)
    others = [
        [frame for frame in frames if not of_flow(frame, port)]
        for frames, port in zip((on_primary, to_primary), ports)
    ]
    sent, received = len(out.times) - out.refused, len(inbound.times) - inbound.refused
    note(
        f"{SWAPS} swaps between {' and '.join(sorted(told))}: {sent} sent, {received} to us; counted out {tx_primary}+{tx_standby}, in {rx_primary}+{rx_standby}"
    )
    check_equal(len(told), 2, "versions")
    check_replaced(seen)
    check_equal(
        (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0), "lost and doubled"
    )
    check_equal(
        sum(of_flow(frame, ports[0]) for frame in on_standby), 0, "datagrams on the standby's wire"
    )
    check_equal(
        sum(of_flow(frame, ports[0]) for frame in on_primary), sent,
        "datagrams on the primary's wire",
    )
    # A frame or two of the kernels' own (neighbour discovery) may pass the hooks as well.
    check_equal(
        (tx_primary, tx_standby), (sent + len(others[0]), 0), "counted outbound: (primary, standby)"
    )
    check_equal(
        (rx_primary, rx_standby), (received + len(others[1]), 0),
        "counted inbound: (primary, standby)",
    )
    check_equal(
        (stage.pair()["active"], stage.pair()["switches"]), ("primary", switches),
        "(active, switches)",
    )


@case(agent=False, snoops=False)
def swap_after_kill(stage):
    swap_under_load(stage, signal.SIGKILL)


@case(agent=False, snoops=False)
def swap_after_sigterm(stage):
    swap_under_load(stage, signal.SIGTERM)


@case(agent=False, snoops=False)
def swap_without_tcx(stage):
    swap_under_load(stage, signal.SIGKILL, [WITHOUT_TCX])


@case(agent=False)
@full("crashes/killed-at-widen")
def counters_are_added(stage):
    """A version with more counters makes room for them, and the one with fewer goes on: nothing is
    lost, and what was counted stays.
    """
    def counters(program):
        stage.program = [program]
        pair = stage.pair()["counters"]
        return pair, tuple(pair[name] for name in ("tx_primary_packets", "rx_primary_packets"))

    (stage.directory / "quiet.conf").write_text("[agent]\npath_check = off\n")
    stage.options = ["--config", str(stage.directory / "quiet.conf")]
    more = variant("more-counters", "99.1.0", MORE_COUNTERS)
    stage.start()
    stage.wait_active("primary")
    know_each_other(stage)
    time.sleep(2.5)
    out, inbound = Flow(stage.guest, stage.outside, OUTSIDE, RATE), Flow(
        stage.outside, stage.guest, GUEST, RATE
    )
    time.sleep(0.5)
    before, missed = counters(VFSTEER)[1], []
    began = (len(out.times), len(inbound.times))
    # Read by either before its agent has been there.
    known, _ = counters(more)
    check_equal(
        (known["some_more_packets"], known.keys() - counters(VFSTEER)[0].keys()),
        (0, {"some_more_packets"}), "what the newer one reads",
    )
    for program in (more, VFSTEER, more, VFSTEER):
        stage.stop(signal.SIGKILL)
        stage.program = [program]
        stage.start()
        time.sleep(0.3)
        known, after = counters(program)
        missed.append([late - early for early, late in zip(before, after)])
        check_equal("some_more_packets" in known, program == more, "the counter is there")
    out.stop(), inbound.stop()
    time.sleep(0.2)
    _, after = counters(VFSTEER)
    sent, received = len(out.times) - began[0], len(inbound.times) - began[1]
    note(
        f"sent {sent}, received {received}; counted meanwhile {[late - early for early, late in zip(before, after)]}"
    )
    check_equal(
        (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0), "lost and doubled"
    )
    check(
        all(
            early <= late
            for earlier, later in zip(missed, missed[1:])
            for early, late in zip(earlier, later)
        ),
        f"counters went back: {missed}",
    )
    # What passes between the copying and the last program's being replaced, once.
    check(
        after[0] - before[0] >= 0.9 * sent and after[1] - before[1] >= 0.9 * received,
        "more than a moment was not counted",
    )


@case(agent=False)
def requests_survive_a_swap(stage):
    stage.start()
    stage.wait_active("primary")
    stage.succeed("switch", "st0", "standby")
    before = stage.pair()
    stage.stop(signal.SIGKILL)
    stage.program = [newer()]
    stage.start()
    time.sleep(0.3)
    after = stage.pair()
    check_equal(
        (after["active"], after["admin"], after["switches"]),
        ("standby", "standby", before["switches"]), "(active, admin, switches)",
    )
    check_equal(after["last_switch"], before["last_switch"], "last switch")


@case(agent=False)
def layout_before(stage):
    """The pins of version 2, which had no owner, are adopted; until then the commands name 'vfsteer
    run', which adopts them.
    """
    stage.start()
    stage.wait_active("primary")
    stage.stop(signal.SIGKILL)
    pairs = bpf.get(stage.pins / "pairs")
    for slot in range(bpf.entries(pairs)):
        value = bytearray(bpf.lookup(pairs, PAIR_SIZE, slot))
        value[OWNER:OWNER + 16] = bytes(16)
        struct.pack_into("I", value, OWNER_IFINDEX, 0)
        struct.pack_into("I", value, PAIR_SIZE - 4, 2)
        bpf.update(pairs, bytes(value), slot)
    for command in (("status",), ("switch", "st0", "standby")):
        refused = stage.command(*command)
        check_equal(refused.returncode, 1, f"{command[0]}'s status")
        check(
            "version 2" in refused.stderr and "'vfsteer run' adopts it" in refused.stderr,
            refused.stderr,
        )
    stage.start()
    pair = stage.wait_active("primary")
    check_equal(
        (pair["owner"], pair["kind"], pair["switches"]), ("st0", "plain", 1),
        "(owner, kind, switches)",
    )
    out, inbound = Flow(stage.guest, stage.outside, OUTSIDE, RATE), Flow(
        stage.outside, stage.guest, GUEST, RATE
    )
    time.sleep(0.5)
    out.stop(), inbound.stop()
    time.sleep(0.2)
    check_equal(
        (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0), "lost and doubled"
    )
    stage.succeed("unload")
    check(not stage.pins.exists(), "pins are left")


def refuse_other_layout(stage, launcher=()):
    """Refused in one line, both ways; traffic goes on; unload, as the line says, costs nothing and
    leaves a plain guest.
    """
    other = variant("other-layout", "98.0.0", OTHER_LAYOUT)
    for first, second in ((VFSTEER, other), (other, VFSTEER)):
        stage.program = [*launcher, first]
        stage.start()
        stage.wait_active("primary")
        stage.stop()
        out, inbound = stage.flows()
        stage.program = [*launcher, second]
        for command in (("run", "--pair", "st0=pr0"), ("status",), ("switch", "st0", "standby")):
            done = stage.command(*command)
            check_equal(
                (done.returncode, done.stderr.count("\n")), (1, 1), f"{command}: (status, lines)"
            )
            check(
                "'vfsteer unload', then 'vfsteer run'" in done.stderr, f"{command}: {done.stderr}"
            )
        time.sleep(0.2)
        check_equal(
            (out.lost(until=time.monotonic() - 0.1), inbound.lost(until=time.monotonic() - 0.1)),
            (0, 0), "lost as it was refused",
        )
        unloading = time.monotonic()
        stage.succeed("unload")
        time.sleep(0.3)
        out.stop(), inbound.stop()
        check(not stage.pins.exists(), "pins are left")
        left = stage.guest.run(
            "tc qdisc show; tc filter show dev st0 egress; tc filter show dev st0 ingress; tc filter show dev pr0 ingress; "
            "ip -d link show pr0; cat /proc/sys/net/ipv4/conf/pr0/arp_ignore /proc/sys/net/ipv6/conf/pr0/disable_ipv6"
        )
        # To take a qdisc from a device that is up costs packets: an empty one stays on the standby.
        kept = re.findall(r"clsact .*dev (\S+)", left)
        check(
            kept == ["st0"] * bool(launcher)
            and "filter" not in left
            and "NOARP" not in left
            and left.split()[-2:] == ["0", "0"],
            f"not plain: {left}",
        )
        note(f"lost by unloading: out {out.lost()}, in {inbound.lost()}")
        check_equal(
            (out.lost(), inbound.lost(), out.copies, inbound.copies),
            (0, 0, 0, 0),
            lambda: "lost and doubled by unloading; lost were sent "
            f"{[round(sent - unloading, 4) for number, sent in enumerate(out.times) if number not in out.arrived]} s from its begin",
        )


@case(agent=False)
def other_layout(stage):
    refuse_other_layout(stage)


@case(agent=False)
@full("upgrade/other-layout, upgrade/swap-without-tcx")
def other_layout_without_tcx(stage):
    refuse_other_layout(stage, [WITHOUT_TCX])


def unload_loses_nothing(stage):
    stage.wait_active("primary")
    out, inbound = stage.flows(RATE)
    time.sleep(0.5)
    stage.succeed("unload")
    check_equal(stage.agent.wait(10), 0, "the agent's exit status")
    wait("the network to have settled", lambda: not stage.pins.exists())
    time.sleep(0.5)
    out.stop(), inbound.stop()
    note(
        f"unload: {len(out.times)} out, {len(inbound.times)} in, lost {out.lost()} and {inbound.lost()}"
    )
    check_equal(
        (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0), "lost and doubled"
    )


@case
def unload_under_load(stage):
    unload_loses_nothing(stage)


@case(agent=False)
def unload_under_load_without_tcx(stage):
    """The qdisc was ours, and stays where taking it away would lose packets; on a standby that is
    down it goes.
    """
    stage.program = [WITHOUT_TCX, VFSTEER]
    stage.start()
    unload_loses_nothing(stage)
    check(
        "tc qdisc delete dev st0 clsact" in stage.log.read_text(),
        "the log does not name the qdisc that stays",
    )
    check_equal(
        stage.guest.run("tc filter show dev st0 egress; tc filter show dev st0 ingress").strip(),
        "", "filters left",
    )
    stage.guest.run("tc qdisc delete dev st0 clsact")
    stage.start()
    stage.wait_active("primary")
    stage.stop()
    stage.guest.run("ip link set st0 down")
    stage.succeed("unload")
    check(
        "clsact" not in stage.guest.run("tc qdisc show"),
        "a clsact qdisc is left on a standby that is down",
    )


main()
