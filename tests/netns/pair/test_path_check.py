#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A primary that has carrier and leads nowhere is left for the standby; a good one is not given up,
whatever its network does not do.
"""

import os
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import (  # noqa: E402
    GUEST, MAC, OUTSIDE, OUTSIDE6, Capture, Flow, Skip, case, check, check_equal, main, note,
    reachable, wait,
)
from tools.rig.levels import reached  # noqa: E402
from tools.rig.netns import NetnsError  # noqa: E402

UNREACHABLE = "unreachable"
TCX_DROP = 2
# Of what is sent so long after a wire stopped carrying nothing is lost: the aim is 2 s.
LATE_S = 4.0
GOES_ON_S = 2.0
# The nightly level: a thousand, some minutes. Else as many as show that it goes.
SWITCHES = 1000 if reached("nightly") else 60
PAIRS = 4


def drop(stage, *directions, wire="pr1"):
    """What the guest sends (TCX_INGRESS: as a VF's spoof check does) or is sent (TCX_EGRESS) by a
    wire is dropped. The way to mend that.
    """
    links = [
        bpf.Counter(verdict=TCX_DROP).attach_tcx(stage.outside, wire, direction)
        for direction in directions
    ]
    return lambda: [os.close(link) for link in links]


def cut(stage, wire="pr1"):
    """The wire has carrier, and leads nowhere."""
    return drop(stage, bpf.TCX_INGRESS, bpf.TCX_EGRESS, wire=wire)


def is_down(stage):
    pair = stage.pair()
    return (pair["active"], pair["down_reason"]) == ("standby", UNREACHABLE)


def wait_down(stage):
    began = time.monotonic()
    wait("the primary unreachable", lambda: is_down(stage), LATE_S)
    note(f"unreachable after {time.monotonic() - began:.2f} s")


def learn(stage, to=OUTSIDE):
    stage.guest.run(f"ping -c 1 -W 2 {to}")


def check_left(stage, flows, died):
    """The flows went on over the standby."""
    wait("a while after that", lambda: time.monotonic() > died + LATE_S + GOES_ON_S, 10)
    for way, flow in zip(("out", "in"), flows):
        flow.stop()
        note(f"{way}: {flow.lost(died)} of {len(flow.times)} lost in all")
        check_equal(flow.lost(died + LATE_S), 0, f"{way}: lost after {LATE_S} s")


@case(agent=False)
def cut_from_the_start_with_neighbours(stage):
    """Known before: the primary is never used."""
    learn(stage)
    mend = cut(stage)
    stage.start()
    wait_down(stage)
    check_equal(stage.pair()["switches"], 0, "switches")
    reachable(stage)
    check(
        "10.77.0.2" in stage.log.read_text()
        and "it has carrier and no path" in stage.log.read_text(),
        "the log does not say so",
    )
    mend()


@case(agent=False)
def cut_from_the_start_without_neighbours(stage):
    """No neighbour to ask: it shows with the first packet."""
    mend = cut(stage)
    stage.start()
    stage.wait_active("primary")
    time.sleep(2)
    began = time.monotonic()
    stage.guest.run(f"ping -c 40 -i 0.2 {OUTSIDE}", timeout=20)
    check(
        is_down(stage),
        f"still in use after {time.monotonic() - began:.1f} s of packets without an answer",
    )
    reachable(stage)
    mend()


@case
def cut_later(stage):
    flows = stage.flows(500)
    died = time.monotonic()
    mend = cut(stage)
    wait_down(stage)
    check_left(stage, flows, died)
    check_equal(stage.pair()["last_switch"]["cause"], UNREACHABLE, "cause")
    mend()


@case
def cut_and_only_asked_from_outside(stage):
    """A server that is silent until a client asks: the question comes by the other wire, and its
    answer has to get out.
    """
    learn(stage)
    mend = cut(stage)
    stage.outside.run(f"ip neigh flush dev br0; ping -c 40 -i 0.2 {GUEST}", timeout=20)
    check(is_down(stage), "still in use")
    reachable(stage, stage.outside, stage.guest, GUEST)
    mend()


@case(agent=False)
def sends_into_nothing(stage):
    """A spoof check: it receives, and nothing that it sends arrives."""
    learn(stage)
    mend = drop(stage, bpf.TCX_INGRESS)
    stage.start()
    wait_down(stage)
    reachable(stage)
    mend()


@case
def sends_into_nothing_later(stage):
    learn(stage)
    mend = drop(stage, bpf.TCX_INGRESS)
    stage.guest.run(f"ping -c 20 -i 0.2 {OUTSIDE} || true", timeout=20)
    check(is_down(stage), "still in use")
    reachable(stage)
    mend()


@case
def a_neighbour_that_is_gone_is_no_reason(stage):
    """Nor one that another station answers for on the standby's wire alone, as long as the primary
    brings what is for the guest.
    """
    stage.outside.run(
        f"ip link set br0 arp off; ip neigh replace {GUEST} lladdr {MAC} dev br0 nud permanent"
    )
    stage.guest.run(f"ip neigh replace {OUTSIDE} lladdr 02:76:66:00:00:fe dev st0 nud permanent")
    flows = stage.flows(200)
    stage.guest.run("ping -c 30 -i 0.1 -W 0.1 10.77.0.99 >/dev/null || true", timeout=20)
    for flow in flows:
        flow.stop()
    check_equal(
        (stage.pair()["active"], stage.pair()["switches"]), ("primary", 1), "(active, switches)"
    )


@case
def receives_nothing(stage):
    outbound = Flow(stage.guest, stage.outside, OUTSIDE, 500)
    mend = drop(stage, bpf.TCX_EGRESS)
    wait_down(stage)
    outbound.stop()
    reachable(stage)
    mend()


@case
def cut_for_ipv6_alone(stage):
    stage.guest.run("ip -4 address flush dev st0")
    flow = Flow(stage.guest, stage.outside, OUTSIDE6, 200)
    mend = cut(stage)
    wait_down(stage)
    flow.stop()
    reachable(stage, to=OUTSIDE6)
    mend()


@case
def comes_back(stage):
    """It is tried again, after 1, 2, 4 … s."""
    flow = Flow(stage.guest, stage.outside, OUTSIDE, 500)
    mend = cut(stage)
    wait_down(stage)
    retries = set()

    def in_use():
        pair = stage.pair()
        retries.add(pair["retry_in_ms"])
        return pair["active"] == "primary"
    time.sleep(3)
    check(not in_use(), "it is used, and leads nowhere")
    check(
        "neighbours answer over st0, and not over pr0" in stage.succeed("status"),
        stage.succeed("status"),
    )
    since = time.monotonic()
    mend()
    wait("the primary in use again", in_use, 20)
    time.sleep(0.5)
    check_equal(flow.stop().lost(since), 0, "lost on the way back")
    check(any(retries), "status did not say when it is tried again")
    check_equal(stage.pair()["path_check"], "answered", "path_check")


@case
def comes_back_by_its_carrier(stage):
    """A wire is usually pulled before it is mended."""
    learn(stage)
    flow = Flow(stage.guest, stage.outside, OUTSIDE, 500)
    mend = cut(stage)
    wait_down(stage)
    stage.outside.run("ip link set pr1 down")
    mend()
    stage.outside.run("ip link set pr1 up")
    stage.wait_active("primary", timeout=3)
    flow.stop()


@case
def never_without_the_standby(stage):
    """A standby that cannot be asked, or does not lead further either, is no evidence."""
    flow = Flow(stage.guest, stage.outside, OUTSIDE, 200)
    stage.outside.run("ip link set st1 down")
    mend = cut(stage)
    time.sleep(3)
    check_equal(stage.pair()["active"], "primary", "active, with no carrier on the standby")
    mend_standby = cut(stage, "st1")
    stage.outside.run("ip link set st1 up")
    time.sleep(3)
    check_equal(
        (stage.pair()["active"], stage.pair()["down_reason"]), ("primary", None),
        "active, down_reason, with both wires cut",
    )
    flow.stop()
    mend()
    mend_standby()


@case
def one_way_is_no_reason(stage):
    """No station answers to what is sent, nor to questions."""
    stage.guest.run(f"ip neigh replace {OUTSIDE} lladdr 02:76:66:00:00:fe dev st0 nud permanent")
    flow = Flow(stage.guest, stage.outside, OUTSIDE, 500)
    stage.outside.run("ip link set br0 arp off")
    began = time.monotonic()
    time.sleep(6)
    pair = stage.pair()
    check_equal(
        (pair["active"], pair["switches"], pair["path_check"]), ("primary", 1, "unanswered"),
        "(active, switches, path_check)",
    )
    stage.outside.run("ip link set br0 arp on")
    wait("an answer", lambda: stage.pair()["path_check"] == "answered")
    check_equal(flow.stop().lost(began), 0, "lost")


@case
def no_neighbour_is_asked_without_reason(stage):
    """A pair that is answered, and one that does nothing, ask nothing."""
    wire = Capture(stage.guest, "pr0")
    learn(stage)
    time.sleep(3)
    stage.guest.run(f"ping -c 15 -i 0.2 {OUTSIDE}", timeout=20)
    asked = [
        data
        for data in wire.frames()
        if data[12:14] == b"\x08\x06"
        and data[20:22] == b"\0\1"
        and data[38:42] == bytes([10, 77, 0, 2])
        and data[28:32] == bytes([10, 77, 0, 1])
    ]
    wire.close()
    check(len(asked) <= 2, f"{len(asked)} questions: the kernel's own are one or two")


@case(agent=False)
def not_when_it_is_off(stage):
    learn(stage)
    mend = cut(stage)
    (stage.directory / "conf").write_text("[agent]\npath_check = off\n")
    stage.start(options=("--config", str(stage.directory / "conf")))
    stage.wait_active("primary")
    time.sleep(2)
    check_equal(
        (stage.pair()["active"], stage.pair()["path_check"]), ("primary", "off"),
        "(active, path_check)",
    )
    mend()


def start_with(stage, setting):
    (stage.directory / "conf").write_text(f"[pair st0]\nprimary = pr0\npath_check = {setting}\n")
    stage.start("", options=("--config", str(stage.directory / "conf")))


@case(agent=False)
def named_addresses(stage):
    """They are asked whether there is a reason or not, and though the guest never had to do with
    them.
    """
    for setting in (f"arp 10.77.0.99, {OUTSIDE}", f"ns {OUTSIDE6}"):
        stage.guest.run("ip neigh flush dev st0")
        start_with(stage, setting)
        stage.wait_active("primary")
        wait(f"{setting}: an answer", lambda: stage.pair()["path_check"] == "answered")
        mend = cut(stage)
        wait_down(stage)
        mend()
        stage.wait_active("primary", timeout=20)
        stage.stop()
        stage.succeed("unload")


@case(agent=False)
def asks_for_no_excepted_address(stage):
    """What is not to be announced is not said in a question either."""
    (stage.directory / "conf").write_text(
        f"[pair st0]\nprimary = pr0\nannounce_except = {GUEST}\npath_check = arp {OUTSIDE}\n"
    )
    wire = Capture(stage.outside, "br0")
    stage.start("", options=("--config", str(stage.directory / "conf")))
    stage.wait_active("primary")
    wait("an answer", lambda: stage.pair()["path_check"] == "answered")
    questions = {
        data[28:32]
        for data in wire.frames()
        if data[12:14] == b"\x08\x06" and data[20:22] == b"\0\1"
    }
    wire.close()
    check_equal(questions, {bytes(4)}, "who asks")


@case(agent=False)
def asks_for_no_address_that_arp_rules_hide(stage):
    """The virtual address of an LVS real server, which nft hides, is the guest's only one. The
    agent's questions do not take it from the director: its neighbours know the director's MAC.
    """
    director = "02:00:00:00:00:dd"
    try:
        stage.guest.run("nft add table arp lvs")
    except NetnsError:
        raise Skip("there is no nft, or no nf_tables for ARP")
    stage.guest.run(f"""nft add chain arp lvs out '{{ type filter hook output priority 0; }}'
        nft add rule arp lvs out arp saddr ip {GUEST} drop
        ip neigh replace {OUTSIDE} lladdr 02:76:66:00:00:fe dev st0 nud reachable""")
    stage.outside.run(f"ip neigh replace {GUEST} lladdr {director} dev br0 nud stale")
    stage.start()
    stage.wait_active("primary")
    wait("an answer", lambda: stage.pair()["path_check"] == "answered")
    known = stage.outside.run(f"ip neigh show {GUEST} dev br0")
    check(director in known, f"a neighbour knows {known}")


@case
def a_network_that_reflects_nothing(stage):
    """Ports that are isolated from each other, and neighbours that answer: no good primary is given
    up, whenever it comes.
    """
    stage.outside.run("for port in st1 pr1; do bridge link set dev $port isolated on; done")
    flow = Flow(stage.guest, stage.outside, OUTSIDE, 200)
    for _ in range(30):
        stage.guest.run("ip link delete pr0")
        stage.add_primary()
        stage.outside.run("bridge link set dev pr1 isolated on")
        stage.wait_active("primary", timeout=35)
    flow.stop()
    note(f"{flow.lost()} of {len(flow.times)} lost by 30 removals without a warning")
    check("it has carrier and no path" not in stage.log.read_text(), "a good primary was given up")


class PairFlow(Flow):
    """Of a pair among several in one namespace, with addresses of one network: what it sends leaves
    by its own standby.
    """

    def __init__(self, source, target, to, standby=None, rate=200):
        self.standby = standby
        super().__init__(source, target, to, rate)

    def prepare(self, source, target, to):
        if self.standby:
            self.sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.standby.encode())


def switch_to_and_fro(stage, number, failures):
    """A part of SWITCHES, as fast as the agent makes them."""
    standby, _ = stage.names(number)
    try:
        for turn in range(SWITCHES // PAIRS):
            stage.succeed("switch", standby, "auto" if turn % 2 else "standby")
            pair = stage.pair(number)
            check(
                pair["down_reason"] is None and pair["path_check"] != "dead",
                f"{standby}, switch {turn}: {pair}",
            )
    except Exception as error:
        failures.append(error)


@case(pairs=PAIRS)
def switches_on_a_network_that_reflects_nothing(stage):
    """Its ports are isolated from each other, and it snoops. Pairs that are answered, that only
    send, and that only receive, switch all the time: no primary is given up, nothing lost.
    """
    stage.guest.run(
        "for what in arp_ignore=1 arp_announce=2 rp_filter=0; do for device in all default st0 st10 st20 st30; do "
        "echo ${what#*=} >/proc/sys/net/ipv4/conf/$device/${what%=*}; done; done"
    )
    flows = []
    for number in range(PAIRS):
        standby, primary = stage.names(number)
        stage.outside.run(
            f"for port in {standby[:-1]}1 {primary[:-1]}1; do bridge link set dev $port isolated on; done"
        )
        if number != 2:
            flows.append(PairFlow(stage.guest, stage.outside, OUTSIDE, standby))
        if number != 1:
            flows.append(PairFlow(stage.outside, stage.guest, f"10.77.0.{1 + 10 * number}"))
    began, before = time.monotonic(), [stage.pair(number)["switches"] for number in range(PAIRS)]
    failures = []
    threads = [
        threading.Thread(target=switch_to_and_fro, args=(stage, number, failures))
        for number in range(PAIRS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    for flow in flows:
        flow.stop()
    switches = sum(stage.pair(number)["switches"] for number in range(PAIRS)) - sum(before)
    note(
        f"{switches} switches of {PAIRS} pairs in {took:.0f} s, {sum(len(flow.times) for flow in flows)} datagrams"
    )
    check_equal(failures, [], "what went wrong")
    check(switches >= SWITCHES - PAIRS, f"{switches} switches")
    check("it has carrier and no path" not in stage.log.read_text(), "a good primary was given up")
    check_equal(
        [(flow.lost(), flow.refused, flow.copies) for flow in flows], [(0, 0, 0)] * len(flows),
        "(lost, refused, twice) of each flow",
    )


main()
