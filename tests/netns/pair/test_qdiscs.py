#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The standby's root qdisc on the primary: limits hold whichever device is active, and nothing is
lost by keeping them so.
"""

import json
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import OUTSIDE, Flow, case, check, check_equal, main, note, reachable, wait  # noqa: E402

RATE = 4_000_000 / 8  # bytes/s of "4mbit"
TBF = "tbf rate 4mbit burst 20k latency 100ms"
WINDOW_S = 0.6
SO_PRIORITY = 12


def blast(stage, seconds=WINDOW_S, priority=0, port=9):
    """Bytes/s that leave the guest over either wire while it sends as much as it can."""
    def received():
        links = json.loads(stage.outside.run("ip -j -s link show"))
        return sum(
            link["stats64"]["rx"]["bytes"] for link in links if link["ifname"] in ("st1", "pr1")
        )

    with stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_PRIORITY, priority)
        sender.setblocking(False)
        sender.connect((OUTSIDE, port))
        payload, before, began = bytes(1400), received(), time.monotonic()
        while time.monotonic() < began + seconds:
            try:
                sender.send(payload)
            except OSError:
                time.sleep(0.001)
        return (received() - before) / (time.monotonic() - began)


def shown(stage, device, what="qdisc"):
    """What tc shows of the device, without its name, clsact and what only counts."""
    lines = stage.guest.run(f"tc {what} show dev {device}").splitlines()
    return sorted(" ".join(line.split()) for line in lines if "clsact" not in line and line.strip())


def mirrored(stage, whats=("qdisc", "class")):
    return all(shown(stage, "st0", what) == shown(stage, "pr0", what) for what in whats)


def wait_mirrored(stage):
    wait("the standby's qdiscs on the primary", lambda: mirrored(stage))
    stage.wait_active("primary")


def check_shaped(stage, free, what):
    shaped = blast(stage)
    note(
        f"{what}: {shaped / RATE:.2f} of the limit, {free / shaped:.0f} times less than without it"
    )
    check(shaped <= 2 * RATE, f"{what}: {shaped * 8 / 1e6:.1f} Mbit/s")
    check(free >= 10 * shaped, f"{what}: {free * 8 / 1e6:.1f} Mbit/s without the limit")


@case(agent=False)
def limit_before_the_start(stage):
    free = blast(stage)
    stage.guest.run(f"tc qdisc replace dev st0 root {TBF}")
    stage.start()
    wait_mirrored(stage)
    check_shaped(stage, free, "active primary")
    stage.succeed("switch", "st0", "standby")
    check_shaped(stage, free, "active standby")


@case
def limit_comes_changes_and_goes(stage):
    """While packets flow, none of which is lost: the traffic steps aside for it."""
    free = blast(stage)
    out, inbound = stage.flows(500)
    for change in (
        f"replace dev st0 root handle 5: {TBF}",
        "change dev st0 root handle 5: tbf rate 8mbit burst 30k latency 100ms",
        "replace dev st0 root handle 6: pfifo limit 700",
        f"replace dev st0 root handle 7: {TBF}",
    ):
        stage.guest.run(f"tc qdisc {change}")
        wait_mirrored(stage)
    out.stop(), inbound.stop()
    check_shaped(stage, free, "the last of four")
    out2, inbound2 = stage.flows(500)
    stage.guest.run("tc qdisc del dev st0 root")
    wait(
        "the primary's own default",
        lambda: shown(stage, "pr0") == ["qdisc noqueue 0: root refcnt 2"],
    )
    stage.wait_active("primary")
    time.sleep(0.1)
    out2.stop(), inbound2.stop()
    check_equal(
        (out.lost(), inbound.lost(), out2.lost(), inbound2.lost()), (0, 0, 0, 0),
        "lost out and in, twice",
    )
    check(blast(stage) > 10 * RATE, "the limit is still there")



HTB = """
    tc qdisc replace dev st0 root handle 1: htb default 20 r2q 100
    tc class add dev st0 parent 1: classid 1:1 htb rate 100mbit
    tc class add dev st0 parent 1:1 classid 1:10 htb rate 4mbit ceil 4mbit burst 20k
    tc class add dev st0 parent 1:1 classid 1:20 htb rate 90mbit ceil 100mbit burst 200k
    tc qdisc add dev st0 parent 1:10 handle 10: pfifo limit 50
    tc filter add dev st0 parent 1: protocol ip prio 3 u32 match ip dport 7 0xffff match ip protocol 17 0xff flowid 1:10
    tc filter add dev st0 parent 1: protocol ip prio 2 u32 match ip dport 8 0xffff flowid 1:10
    tc filter add dev st0 parent 1: protocol ipv6 prio 5 bpf bytecode '1,6 0 0 65537' flowid 1:20"""


@case
def classes_with_filters(stage):
    """htb with its classes, a leaf's own qdisc, and classifiers: each packet in the class that it
    would be in on the standby.
    """
    stage.guest.run(HTB)
    wait_mirrored(stage)
    shows = [
        [line for line in shown(stage, device, "filter") if "flowid" in line or "match" in line]
        for device in ("st0", "pr0")
    ]
    # u32's tables are numbered in the order of their making.
    check_equal(
        *(
            [" ".join(word for word in line.split() if not word.startswith("80")) for line in show]
            for show in shows
        ),
        "filters"
    )
    rates = {
        name: blast(stage, **how)
        for name, how in {
            "default": {"port": 9},
            "by filter": {"port": 7},
            "by socket priority": {"priority": 0x10010},
        }.items()
    }
    note(", ".join(f"{name} {rate * 8 / 1e6:.1f} Mbit/s" for name, rate in rates.items()))
    check(
        rates["by filter"] <= 2 * RATE and rates["by socket priority"] <= 2 * RATE,
        "the slow class is not slow",
    )
    check(rates["default"] >= 8 * RATE and rates["default"] <= 60 * RATE, "the fast class")
    stage.guest.run(
        "tc class change dev st0 parent 1:1 classid 1:20 htb rate 3mbit ceil 4mbit burst 20k; tc filter del dev st0 parent 1: prio 2"
    )
    wait_mirrored(stage)
    wait(
        "the filter to go",
        lambda: len(shown(stage, "pr0", "filter")) == len(shown(stage, "st0", "filter")),
    )
    check(blast(stage) <= 2 * RATE, "a changed class")


@case
def what_cannot_be_copied(stage):
    """All or nothing: the primary keeps its own, and status, JSON and log name what it is."""
    classifier = bpf.Counter()
    bpf.pin(classifier.program, stage.bpffs / "classifier")
    for change, why in (
            (HTB + """
                 tc filter add dev st0 parent 1: prio 9 chain 4 protocol ip u32 match ip dport 99 0xffff flowid 1:10""",
             "filter chains cannot be copied (u32)"),
            (HTB + f"""
                 tc filter add dev st0 parent 1: prio 9 bpf object-pinned {stage.bpffs}/classifier flowid 1:10""",
             "eBPF filters cannot be copied without CAP_SYS_ADMIN, which the agent gives up (bpf)"),
            (HTB + """
                 tc filter add dev st0 parent 1: prio 11 handle 7: protocol ip u32 divisor 16""",
             "u32 filters in hash tables cannot be copied (u32)")):
        stage.guest.run(f"tc qdisc replace dev st0 root handle 9: pfifo; {change}")
        wait(f"JSON to say: {why}", lambda: (stage.pair()["qdisc"] or {}).get("why") == why)
        check_equal(stage.pair()["qdisc"]["mirrored"], False, "mirrored")
        check(
            f"shapes nothing of what goes by pr0: {why}" in stage.succeed("status"),
            "status does not say so",
        )
        wait(
            "the primary's own default",
            lambda: shown(stage, "pr0") == ["qdisc noqueue 0: root refcnt 2"],
        )
        stage.wait_active("primary")
        reachable(stage)
    check_equal(stage.log.read_text().count("eBPF filters cannot be copied"), 1, "lines about it")


@case(agent=False)
def keep_is_kept(stage):
    config = stage.directory / "vfsteer.conf"
    stage.guest.run(f"tc qdisc replace dev st0 root {TBF}")
    for text, is_mirrored in (
        ("[agent]\nqdisc = keep\n", False),
        ("[agent]\nqdisc = keep\n[pair st0]\nqdisc = mirror\n", True),
        ("[pair st0]\nqdisc = keep\n", False),
    ):
        config.write_text(text + ("[pair st0]\n" if "pair" not in text else "") + "primary = pr0\n")
        stage.start("", options=("--config", str(config)))
        stage.wait_active("primary")
        wait("the primary's root qdisc", lambda: mirrored(stage) == is_mirrored)
        check_equal(stage.pair()["qdisc"]["mirrored"], is_mirrored, text)
        reachable(stage, count=5)
        stage.stop()


@case(agent=False)
def own_of_the_primary_is_left(stage):
    """A root qdisc that the VF was given is wanted, be it before or afterwards."""
    stage.guest.run(
        f"ip link set pr0 up; tc qdisc replace dev pr0 root handle 77: pfifo limit 333; tc qdisc replace dev st0 root handle 5: {TBF}"
    )
    stage.start()
    stage.wait_active("primary")
    time.sleep(0.3)
    check("pfifo 77:" in shown(stage, "pr0")[0], f"before: {shown(stage, 'pr0')}")
    check_equal(
        stage.pair()["qdisc"]["why"],
        "the primary has one of its own, which stays: give it the same by hand, or none",
        "why",
    )
    stage.guest.run("tc qdisc del dev pr0 root")
    wait_mirrored(stage)
    stage.guest.run("tc qdisc replace dev pr0 root handle 78: pfifo limit 444")
    wait("the line", lambda: "another program replaced its root qdisc" in stage.log.read_text())
    time.sleep(0.3)
    check("pfifo 78:" in shown(stage, "pr0")[0], f"afterwards: {shown(stage, 'pr0')}")
    stage.succeed("unload")
    check("pfifo 78:" in shown(stage, "pr0")[0], f"unloaded: {shown(stage, 'pr0')}")
    check("tbf 5:" in shown(stage, "st0")[0], f"the standby's: {shown(stage, 'st0')}")


@case
def outlives_the_agent(stage):
    """A restarted one finds its own, disturbs nothing, and puts right what changed meanwhile;
    unload takes it away, and nothing else.
    """
    stage.guest.run(f"tc qdisc replace dev st0 root handle 5: {TBF}")
    wait_mirrored(stage)
    switches = stage.pair()["switches"]
    stage.stop()
    check_equal(stage.pair()["qdisc"]["mirrored"], True, "mirrored, without an agent")
    stage.start()
    time.sleep(0.5)
    check_equal(stage.pair()["switches"], switches, "switches after a restart")
    stage.stop()
    stage.guest.run("tc qdisc change dev st0 root handle 5: tbf rate 8mbit burst 30k latency 100ms")
    check_equal(stage.pair()["qdisc"]["mirrored"], False, "mirrored, changed without an agent")
    stage.start()
    wait_mirrored(stage)
    out, inbound = stage.flows(200)
    stage.succeed("unload")
    out.stop(), inbound.stop()
    check_equal((out.lost(), inbound.lost()), (0, 0), "lost out, in")
    check_equal(shown(stage, "pr0"), [], "the primary's")
    check("tbf 5:" in shown(stage, "st0")[0], f"the standby's: {shown(stage, 'st0')}")
    stage.guest.run("ip link set pr0 up")
    check_equal(shown(stage, "pr0"), ["qdisc noqueue 0: root refcnt 2"], "the primary's, up")


@case
def another_primary_gets_it_too(stage):
    stage.guest.run(f"tc qdisc replace dev st0 root handle 5: {TBF}")
    wait_mirrored(stage)
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    check_equal(stage.pair()["qdisc"]["mirrored"], False, "mirrored, without a primary")
    out, _ = stage.flows(200)
    stage.add_primary()
    wait_mirrored(stage)
    check_equal(out.stop().lost(), 0, "lost")


@case
def not_without_the_standby(stage):
    """What replacing costs is not paid while the primary alone carries everything."""
    stage.outside.run("ip link set st1 down")
    wait("status to show it", lambda: stage.pair()["standby_carrier"] is False)
    out, inbound = stage.flows(500)
    stage.guest.run(f"tc qdisc replace dev st0 root handle 5: {TBF}")
    time.sleep(1.5)
    check_equal(mirrored(stage), False, "mirrored")
    out.stop(), inbound.stop()
    check_equal((out.lost(), inbound.lost()), (0, 0), "lost out, in")
    stage.outside.run("ip link set st1 up")
    wait_mirrored(stage)


@case
def the_queue_runs_empty_first(stage):
    """What waits in the primary's shaper when another takes its place is sent; when the primary
    vanishes, it is lost, and status says how much it is.
    """
    stage.guest.run("tc qdisc replace dev st0 root handle 5: tbf rate 2mbit burst 5k latency 400ms")
    wait_mirrored(stage)
    for event, script in (
        ("replaced", "tc qdisc replace dev st0 root handle 6: pfifo"),
        ("deleted", "ip link delete pr0"),
    ):
        stage.guest.run(
            "tc qdisc replace dev st0 root handle 5: tbf rate 2mbit burst 5k latency 400ms"
        )
        wait_mirrored(stage)
        flow = Flow(stage.guest, stage.outside, OUTSIDE, 100, 800)
        flow.stopping = True
        flow.threads[1].join()
        # Less than the queue holds, at once.
        for _ in range(60):
            flow.times.append(time.monotonic())
            flow.sender.send((len(flow.times) - 1).to_bytes(8, "big") + bytes(792))
        queued = stage.pair()["qdisc"]["queued_packets"]
        stage.guest.run(script)
        time.sleep(1)
        lost = flow.stop().lost()
        note(f"{event}: {queued} packets were waiting, {lost} lost")
        check(queued > 5, "nothing was waiting")
        check(lost <= (queued if event == "deleted" else 0), f"{event}: {lost} lost")


@case
def rates_that_change_in_a_loop(stage):
    """A script that adjusts its shaper several times a second moves the traffic less and less
    often; in the end the primary has the last rate.
    """
    stage.guest.run(
        "tc qdisc replace dev st0 root handle 1: htb default 10; tc class add dev st0 parent 1: classid 1:10 htb rate 100mbit"
    )
    wait("the qdisc on the primary", lambda: (stage.pair()["qdisc"] or {}).get("mirrored"))
    stage.wait_active("primary")
    before, flows = stage.pair()["switches"], stage.flows(200)
    for number in range(24):
        stage.guest.run(
            f"tc class change dev st0 parent 1: classid 1:10 htb rate {20 + number}mbit"
        )
        time.sleep(0.25)
    took = stage.pair()["switches"] - before
    check(took <= 14, f"{took} switchovers for 24 changes in 6 s")
    wait(
        "the last rate on the primary",
        lambda: "rate 43Mbit" in stage.guest.run("tc class show dev pr0"), 15,
    )
    stage.wait_active("primary")
    check_equal([flow.stop().lost() for flow in flows], [0, 0], "lost")


main()
