#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The host part in a namespace: what guests say, and what becomes of the PF's receive list."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from host_signals import (  # noqa: E402
    ABSENT, DOWN, DRAINED, ENDS, JOINING, LEAVING, PRIMARY, READY, STANDBY, signal_frame,
)
from host_stage import Tap, case, check_log, mac_of, main, section  # noqa: E402
from rig import check, check_equal, inject, note, wait  # noqa: E402
from tools.rig.netns import Netns  # noqa: E402

MAC, OTHER = mac_of(0), mac_of(1)
CONFIGURATION = section(MAC, "vnet0")
SHORT = "[host]\nsilence = 1\n"
GUESTS = 64


def on_primary(stage, tap=None):
    """A guest on its VF: nothing is shared, and it has spoken."""
    tap = tap or stage.tap()
    wait("the tap is known", lambda: stage.guest(tap.mac))
    tap.says(PRIMARY, READY)
    wait("the guest uses its VF", lambda: not stage.guest(tap.mac)["shared"])
    stage.wait_entries(stage.entries() - {tap.mac})
    return tap


@case(configuration=CONFIGURATION)
def shared_and_taken_back(stage):
    """Each state of the guest in turn."""
    tap = on_primary(stage)
    for active, primary, flags, shared in (
        (STANDBY, LEAVING, 0, True), (STANDBY, ABSENT, 0, True), (STANDBY, JOINING, 0, True),
        (PRIMARY, READY, 0, False), (PRIMARY, LEAVING, 0, True), (PRIMARY, READY, 0, False),
        (STANDBY, READY, DRAINED, True), (PRIMARY, READY, 0, False), (STANDBY, DOWN, 0, True),
    ):
        tap.says(active, primary, flags=flags)
        stage.wait_entries([MAC] if shared else [], f"active {active}, primary {primary}", 2)
    check_equal(stage.status()["counters"]["refused"], 0, "refused")


@case(configuration=CONFIGURATION)
def at_once(stage):
    """From the arrival of the signal until the entry is there."""
    tap, spent = on_primary(stage), []
    for _ in range(20):
        tap.says(STANDBY, LEAVING)
        stage.wait_entries([MAC])
        spent.append(stage.status()["counters"]["latency_last_us"])
        tap.says(PRIMARY, READY)
        stage.wait_entries([])
    spent.sort()
    note(f"from the signal to the entry: median {spent[10]} us, at most {spent[-1]} us")
    check(spent[-1] > 0, "no time was measured")


@case(configuration=CONFIGURATION)
def a_new_tap_is_shared_until_the_guest_says_more(stage):
    """The destination of a migration: the tap is there before the guest."""
    tap = stage.tap()
    stage.wait_entries([MAC], "new tap")
    stage.stay_entries([MAC], 1.5, "nothing is known yet")
    tap.says(STANDBY, JOINING)
    stage.stay_entries([MAC], 0.5, "it uses its standby")
    tap.says(PRIMARY, READY)
    stage.wait_entries([], "it uses its VF")


@case(configuration=CONFIGURATION)
def the_tap_goes(stage):
    tap = on_primary(stage)
    tap.says(STANDBY, ABSENT)
    stage.wait_entries([MAC])
    tap.close()
    stage.wait_entries([], "the tap is gone", 2)
    check(not stage.guest(MAC), "the guest is still listed")


@case(configuration=CONFIGURATION)
def a_liar_is_refused(stage):
    """It claims another's MAC, by a tap that libvirt's rule gives one and by one that a section
    does.
    """
    tap = on_primary(stage)
    libvirt = stage.tap(5, "vnet5", mac_of(5))
    wait("its tap", lambda: any(one["tap"] == "vnet5" for one in stage.status()["taps"]))
    for sequence in range(1, 6):
        libvirt.send(signal_frame(MAC, STANDBY, LEAVING, sequence))
        tap.send(signal_frame(mac_of(5), STANDBY, LEAVING, sequence))
    wait("refusals", lambda: stage.status()["counters"]["refused"] == 10)
    check_equal(stage.entries(), set(), "what is shared")
    check_equal(stage.guest(MAC)["signals"], 1, "signals that count")
    refused = {one["tap"]: one["refused"] for one in stage.status()["taps"]}
    check_equal(
        refused["vnet5"],
        {"count": 5, "mac": MAC, "reason": "this tap may speak for other MACs only"}, "vnet5",
    )
    check_equal(stage.log.read_text().count(": refused: "), 2, "lines of the log")
    check("refused: this tap may speak" in stage.succeed("status"), "status does not say so")


@case(configuration=CONFIGURATION)
def frames_that_are_no_signals(stage):
    tap = on_primary(stage)
    good = signal_frame(MAC, STANDBY, LEAVING, 100)
    wrong = [
        good[:18] + b"\2" + good[19:],  # another version
        good[:24] + b"\7" + good[25:],  # no such device
        good[:40], good[:20],  # too short
        good[:28] + b"\1" + good[29:],  # a group's MAC
        b"\2" + good[1:],  # to another destination
    ]
    for frame in wrong:
        tap.send(frame)
    # Neither counted nor looked at: the filter lets only our ethertype and magic pass.
    tap.send(good[:14] + b"LLDP" + good[18:])
    wait("malformed ones", lambda: stage.status()["counters"]["malformed"] == len(wrong))
    check_equal(stage.entries(), set(), "what is shared")
    # Right behind one that is newer: after a second it would count.
    tap.send(signal_frame(MAC, PRIMARY, READY, 50))
    tap.send(signal_frame(MAC, STANDBY, LEAVING, 49))
    wait("an old one", lambda: stage.status()["counters"]["stale"] == 1)
    check_equal(stage.entries(), set(), "what is shared after an old one")
    tap.send(signal_frame(MAC, STANDBY, LEAVING, 1, instance=2))
    stage.wait_entries([MAC], "of a new agent")


@case(configuration=SHORT + CONFIGURATION)
def a_silent_guest_on_its_standby(stage):
    """As long as it sends over the tap, its MAC stays; then until the bridge has forgotten it."""
    stage.netns.run("ip link set br0 type bridge ageing_time 100")
    tap = on_primary(stage)
    tap.says(STANDBY, ABSENT, interval_ms=100)
    stage.wait_entries([MAC])
    for _ in range(15):
        tap.traffic()
        stage.stay_entries([MAC], 0.2, "it sends")
    check(stage.guest(MAC)["signal"]["overdue"], "its signal is not overdue")
    stage.wait_entries([], "it sends no more", 6)
    check_equal(
        stage.guest(MAC)["reason"], "no signal, and the guest does not send over the tap", "reason"
    )
    tap.says(STANDBY, ABSENT)
    stage.wait_entries([MAC], "it speaks again")


@case(configuration=SHORT + CONFIGURATION)
def a_guest_whose_agent_ended_on_its_vf(stage):
    """The programs of the guest leave the VF without it. What the bridge learns shows that."""
    tap = on_primary(stage)
    tap.says(PRIMARY, READY, flags=ENDS, interval_ms=0)
    wait("its end", lambda: stage.guest(MAC)["signal"]["ended"])
    stage.stay_entries([], 1.2, "on its VF")
    tap.traffic()
    stage.wait_entries([MAC], "it sends over the tap", 1)
    # What comes by the wire with its MAC shows that it is elsewhere.
    inject(
        stage.netns, "wire0",
        (bytes.fromhex("0200000000ee") + bytes.fromhex(MAC.replace(":", "")) + b"\x88\xb6").ljust(
            60, b"\0"
        ),
    )
    stage.wait_entries([], "learned on the PF", 1)


@case(configuration=CONFIGURATION)
def an_entry_of_the_administrator_stays(stage):
    stage.netns.run(f"bridge fdb add {MAC} dev pf0 self")
    tap = on_primary_without_entries(stage)
    tap.says(STANDBY, ABSENT)
    wait("it is used", lambda: any(
        pf["state"] == "there before" for pf in stage.guest(MAC)["pfs"]))
    tap.says(PRIMARY, READY)
    wait("not shared", lambda: not stage.guest(MAC)["shared"])
    stage.stay_entries([MAC], 0.5, "the administrator's entry")
    for number in (signal.SIGTERM, signal.SIGKILL):
        tap.says(STANDBY, ABSENT)
        wait("shared", lambda: stage.guest(MAC)["shared"])
        stage.end(number)
        stage.start()
        check_equal(stage.entries(), {MAC}, "the administrator's entry")
    tap.close()
    wait("the guest is gone", lambda: not stage.guest(MAC))
    stage.stay_entries([MAC], 0.5, "the administrator's entry without the tap")


def on_primary_without_entries(stage):
    tap = stage.tap()
    wait("the tap is known", lambda: stage.guest(MAC))
    tap.says(PRIMARY, READY)
    wait("the guest uses its VF", lambda: not stage.guest(MAC)["shared"])
    return tap


@case(configuration=CONFIGURATION)
def a_deleted_entry_comes_back(stage):
    tap = on_primary(stage)
    tap.says(STANDBY, ABSENT)
    stage.wait_entries([MAC])
    stage.netns.run(f"bridge fdb del {MAC} dev pf0 self")
    stage.wait_entries([MAC], "again", 2)
    tap.says(PRIMARY, READY)
    stage.wait_entries([])


@case(configuration=CONFIGURATION)
def the_pf_goes_and_comes(stage):
    tap = on_primary(stage)
    tap.says(STANDBY, ABSENT)
    stage.wait_entries([MAC])
    stage.netns.run("ip link del pf0")
    time.sleep(0.3)
    stage.netns.run("ip link add pf0 type veth peer name wire0; ip link set pf0 master br0 up")
    stage.wait_entries([MAC], "on the new PF", 3)
    check(stage.end() == 0, "it failed")
    check_equal(stage.entries(), set(), "what is left")


@case(configuration=CONFIGURATION)
def ends_and_starts(stage):
    """SIGTERM leaves nothing, SIGHUP all; what a killed one leaves is adopted or removed."""
    tap = on_primary(stage)
    tap.says(STANDBY, ABSENT)
    stage.wait_entries([MAC])
    stage.daemon.send_signal(signal.SIGHUP)
    stage.configure(CONFIGURATION + section(OTHER, "vnet1"))
    stage.stay_entries([MAC], 1, "over SIGHUP")
    other = on_primary(stage, stage.tap(1))
    other.says(STANDBY, ABSENT)
    stage.wait_entries([MAC, OTHER], "the new section")
    check_equal(stage.end(), 0, "exit status")
    check_equal(stage.entries(), set(), "after SIGTERM")
    stage.start()
    for one in (tap, other):
        one.says(STANDBY, ABSENT)
    stage.wait_entries([MAC, OTHER])
    stage.end(signal.SIGKILL)
    check_equal(stage.entries(), {MAC, OTHER}, "after SIGKILL")
    other.close()
    stage.start()
    check_equal(stage.entries(), {MAC}, "that of the tap which is still there")
    tap.says(PRIMARY, READY)
    stage.wait_entries([], "it is on its VF")


@case(configuration=CONFIGURATION)
def a_mistake_at_a_reload_changes_nothing(stage):
    """SIGHUP with a mistake in the file, and without the file: it goes on with what it has read."""
    tap = on_primary(stage)
    for change, why in (
        (lambda: stage.configure("[host]\nsilence = soon\n"), ":2: silence = soon: not a number"),
        (stage.config.unlink, ": No such file or directory"),
    ):
        change()
        stage.daemon.send_signal(signal.SIGHUP)
        wait(f"a message: {why}", lambda: f"{stage.config}{why}" in stage.log.read_text())
        tap.says(STANDBY, ABSENT)
        stage.wait_entries([MAC], "shared after the mistake")
        tap.says(PRIMARY, READY)
        stage.wait_entries([], "taken back after the mistake")
    check(stage.daemon.poll() is None, "it ended")
    check_log(stage, "stays in use")
    stage.configure(section(OTHER, "vnet1"))
    stage.daemon.send_signal(signal.SIGHUP)
    other = on_primary(stage, stage.tap(1))
    other.says(STANDBY, ABSENT)
    stage.wait_entries([OTHER], "the new section")


@case(configuration="")
def allowed_by_hand(stage):
    """A tap whose MAC says nothing, as Proxmox and QEMU by hand make them."""
    tap = stage.tap(0, "tap0")
    stage.netns.run("ip link set tap0 address 02:00:00:00:99:01")
    wait("the tap", lambda: stage.status()["taps"])
    tap.says(STANDBY, ABSENT)
    wait("a refusal", lambda: stage.status()["counters"]["refused"] == 1)
    stage.succeed("allow", "tap0", MAC)
    tap.says(STANDBY, ABSENT)
    wait("shared", lambda: stage.guest(MAC)["shared"])
    check_equal(stage.guest(MAC)["permitted_by"], "allow", "permitted by")
    stage.end(signal.SIGKILL)
    stage.start()
    tap.says(STANDBY, ABSENT)
    wait("allowed still", lambda: stage.guest(MAC) and stage.guest(MAC)["shared"])
    stage.succeed("allow", "--remove", "tap0", MAC)
    check(not stage.guest(MAC), "still allowed")
    stage.succeed("allow", "tap0", MAC)
    # The next tap of this name may be another guest's.
    tap.close()
    wait("the tap is gone", lambda: not stage.status()["taps"])
    stage.end()
    tap = stage.tap(0, "tap0")
    stage.netns.run("ip link set tap0 address 02:00:00:00:99:01")
    stage.start()
    check(not stage.guest(MAC), "another tap of this name is allowed")


@case(configuration="")
def a_guest_without_a_pf(stage):
    """By libvirt's rule; no VF has its MAC. Nothing is shared, and status says why."""
    tap = stage.tap()
    wait("the tap", lambda: stage.status()["taps"])
    tap.says(STANDBY, ABSENT)
    wait("shared", lambda: stage.guest(MAC) and stage.guest(MAC)["shared"])
    check("no PF of this host has a VF with this MAC" in stage.succeed("status"), "status")
    check_equal(stage.guest(MAC)["permitted_by"], "libvirt's rule", "permitted by")


@case(configuration="".join(section(mac_of(n), f"vnet{n}") for n in range(GUESTS)))
def many_guests_at_once(stage):
    """All leave their VFs at once; each MAC is shared, and each is taken back."""
    taps = [stage.tap(number) for number in range(GUESTS)]
    macs = {tap.mac for tap in taps}
    wait("the taps are known", lambda: len(stage.status()["guests"]) == GUESTS, 20)
    for tap in taps:
        tap.says(PRIMARY, READY)
    stage.wait_entries([], "all on their VFs", 10)
    began = time.monotonic()
    for tap in taps:
        tap.says(STANDBY, LEAVING)
    stage.wait_entries(macs, "all on their standbys", 10)
    spent_ms = 1000 * (time.monotonic() - began)
    latency_us = stage.status()["counters"]["latency_max_us"]
    note(f"{GUESTS} guests: all entries within {spent_ms:.0f} ms, each {latency_us} us after its signal at most")
    for tap in taps[::2]:
        tap.says(PRIMARY, READY)
    stage.wait_entries({tap.mac for tap in taps[1::2]}, "half of them back", 10)
    for tap in taps:
        tap.close()
    stage.wait_entries([], "all taps gone", 10)


@case(configuration=CONFIGURATION)
def a_guest_that_floods(stage):
    """100,000 signals: the others are served, and the last state holds once it is quiet."""
    tap, other = on_primary(stage), stage.tap(1)
    stage.succeed("allow", "vnet1", OTHER)
    for round_ in range(10000):
        tap.says(round_ % 2, READY)
    other.says(STANDBY, ABSENT)
    wait("another is served", lambda: stage.guest(OTHER)["shared"], 2)
    time.sleep(1.2)
    tap.says(PRIMARY, READY)
    stage.wait_entries([], "the last state", 5)


@case(start=False)
def taps_of_another_namespace(stage):
    """A pod's tap, in a namespace that comes later and goes."""
    pod = Netns("pod")
    mac = mac_of(9)
    stage.configure(
        f"[host]\nnetns = {pod.name}*\n" + section(mac, "tap0", netns=pod.name[:-1] + "?")
    )
    stage.start()
    pod.run("ip link add brp type bridge; ip link set brp up")
    tap = Tap(pod, "tap0", mac, "brp")
    stage.taps.append(tap)
    wait("the tap", lambda: any(one["netns"] == pod.name for one in stage.status()["taps"]), 3)
    tap.says(PRIMARY, READY)
    stage.wait_entries([])
    tap.says(STANDBY, LEAVING)
    stage.wait_entries([mac], "in the pod")
    check_equal(stage.guest(mac)["netns"], pod.name, "its namespace")
    tap.close()
    stage.wait_entries([], "the tap is gone")
    pod.remove()
    time.sleep(1.5)
    check_equal(stage.status()["taps"], [], "taps")


@case(configuration=section(MAC, "veth*"))
def learned_by_the_node_s_bridge(stage):
    """A pod whose guest has no vfsteer: its veth is named by a pattern."""
    stage.netns.run("""
        ip link add veth7 type veth peer name inside
        ip link set veth7 master br0 up
        ip link set inside up""")
    wait("the veth", lambda: any(one["tap"] == "veth7" for one in stage.status()["taps"]))
    check_equal(stage.status()["guests"], [], "a pattern alone makes no guest")
    frame = (bytes.fromhex("0200000000ee") + bytes.fromhex(MAC.replace(":", "")) +
             b"\x88\xb6").ljust(60, b"\0")
    inject(stage.netns, "inside", frame)
    stage.wait_entries([MAC], "learned on the veth", 2)
    inject(stage.netns, "wire0", frame)
    stage.wait_entries([], "learned on the PF", 2)
    other = frame.replace(bytes.fromhex(MAC.replace(":", "")), b"\2\0\0\0\0\7")
    inject(stage.netns, "inside", other)
    stage.stay_entries([], 0.5, "a MAC that no rule allows")


@case(configuration=CONFIGURATION)
def only_one_at_a_time(stage):
    second = stage.command("run", "--config", str(stage.config))
    check_equal(second.returncode, 1, "exit status")
    check("another vfsteer-host runs already" in second.stderr, second.stderr)
    check_equal(second.stderr.count("\n"), 1, "lines")


@case(configuration=CONFIGURATION)
def metrics_and_check(stage):
    tap = on_primary(stage)
    tap.says(STANDBY, ABSENT)
    stage.wait_entries([MAC])
    text = stage.succeed("metrics")
    for line in (
        "vfsteer_host_entries 1", "vfsteer_host_signals_total 2", "vfsteer_host_taps 1",
        f'vfsteer_host_guest_shared{{tap="vnet0",netns="",mac="{MAC}"}} 1',
    ):
        check(f"\n{line}\n" in text, lambda: f"no {line} in\n{text}")
    found = stage.netns.run(f"{stage.program} check --config {stage.config}")
    check("! this host: no device of this namespace has VFs" in found, found)
    check("vnet0: may speak for the MACs of its section" in found, found)


if __name__ == "__main__":
    main()
