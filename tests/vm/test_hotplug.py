#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Traffic at 2,000 packets a second, both ways, while a real driver's device goes and comes back in every way: nothing may be lost."""

import json
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

import protections  # noqa: E402
from stage import KERNELS, Skip, case, check, check_equal, figures, main  # noqa: E402
from tools.rig.measure import PORT  # noqa: E402

GUESTS = {f"{kernel}-acpi": {"kernel": kernel} for kernel in KERNELS}
GUESTS |= {f"{kernel}-pciehp": {"kernel": kernel, "hotplug": "pciehp"} for kernel in KERNELS}
SAME_ON_6_12 = "6.12-acpi/{}, and unplug and plug on this kernel"
LATER = [
    ("full", "6.12-acpi/plug-silent-wire", "6.12-acpi/plug, 6.12-acpi/silent-guest"),
    ("full", "6.12-acpi/agent-killed", "crashes 6.12/unplug-after-death; netns crashes"),
    ("full", "6.12-acpi/ipv6", "6.12-acpi/unplug and plug; netns frames and failover with IPv6"),
    *(("full", f"{kernel}-acpi/{name}", SAME_ON_6_12.format(name)) for kernel in KERNELS[1:]
      for name in ("plug-silent-wire", "driver-unbind-and-bind", "set-down-and-up", "silent-guest", "agent-killed", "ipv6")),
    ("full", "6.12-pciehp/driver-unbind-and-bind", "6.12-acpi/driver-unbind-and-bind"),
    ("full", "6.12-pciehp/set-down-and-up", "6.12-acpi/set-down-and-up"),
    ("full", "6.12-pciehp/removal-that-never-comes", "unit policy (leaving, and its end)"),
    *(("nightly", f"{kernel}-pciehp/*", "6.12-pciehp/unplug and plug, the kernel's acpi guest") for kernel in KERNELS[1:]),
]

ARP, IPV4, IPV6, RARP = 0x0806, 0x0800, 0x86dd, 0x8035
UDP, ICMPV6, NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 17, 58, 135, 136
QUESTIONS_MAX = 9  # three neighbours, in three rounds
IGMP, HOP_BY_HOP, MLD_REPORTS = 2, 0, (131, 143)
CLOCK_SLACK_MS = 10  # the way of a frame out of QEMU
ANNOUNCED = 10  # packets a silent guest may miss: 5 ms at 2,000 a second
LEAVING_TIMEOUT_S = 15


def unplugged(guest):
    guest.lab.unplug_vf()
    check_equal(guest.wait_active("standby")["primary_state"], "absent", "the primary's state")


@case()
def unplug(guest):
    def again():
        guest.lab.plug_vf()
        guest.wait_active("primary")

    text = guest.survive(guest.lab.unplug_vf, again, noted="unplug")
    pair = guest.wait_active("standby")
    check_equal((pair["primary"], pair["primary_state"]), (None, "absent"), "primary")
    check_equal(pair["last_switch"]["cause"], "unplug announced", "cause")
    return text


def is_report(frame):
    """IGMP, or MLDv1 or MLDv2 behind a hop-by-hop header."""
    if frame.ethertype == IPV4:
        return frame.data[23] == IGMP
    return frame.ethertype == IPV6 and frame.data[20] == HOP_BY_HOP and frame.data[54] == ICMPV6 and frame.data[62] in MLD_REPORTS


def is_announcement(frame):
    if is_report(frame):
        return True
    if frame.ethertype == ARP:
        return frame.data[28:32] == frame.data[38:42]
    return frame.ethertype == RARP or frame.ethertype == IPV6 and frame.data[20] == ICMPV6 and frame.data[54] == NEIGHBOUR_ADVERTISEMENT


def is_flow(frame):
    return frame.ethertype == IPV4 and frame.data[23] == UDP and int.from_bytes(frame.data[36:38], "big") == PORT


def is_question(frame):
    """To a neighbour, by which the agent finds out whether the VF leads anywhere before it is used (user/policy/path_check.h)."""
    return frame.ethertype == ARP and frame.data[20:22] == b"\0\1" and frame.data[28:32] != frame.data[38:42] or \
        frame.ethertype == IPV6 and frame.data[20] == ICMPV6 and frame.data[54] == NEIGHBOUR_SOLICITATION


def frames_before_ready(guest, capture, switches):
    """Judges what a capture has seen of a VF that was plugged while it ran; @switches: how many there were before. Returns a text.

    The agent's log tells how long after the switch the first announcement was, and that one is in the capture: so the switch has a place
    there without any comparison of clocks. What is the measured traffic may come before the announcement, but after the switch.
    """
    pair = guest.pair()
    check_equal((pair["active"], pair["switches"]), ("primary", switches + 1), "active and switches")
    delay_ms = float(re.search(rf"switch {switches + 1}, announced ([\d.]+) ms after it", guest.log())[1])
    frames = capture.stop()
    first = next((number for number, frame in enumerate(frames) if is_announcement(frame)), None)
    check(first is not None, f"{len(frames)} frames on the VF, and no announcement")
    switched_ns = frames[first].unix_ns - delay_ms * 1e6
    questions = [frame for frame in frames[:first] if is_question(frame)]
    check(len(questions) <= QUESTIONS_MAX, f"{len(questions)} questions to neighbours")
    early = [frame for frame in frames[:first] if not is_question(frame) and (not is_flow(frame) or frame.unix_ns < switched_ns - CLOCK_SLACK_MS * 1e6)]
    check(not early, lambda: f"{len(early)} frames left the VF before it was ready: " + "; ".join(
        f"{(frame.unix_ns - switched_ns) / 1e6:+.1f} ms {frame}" for frame in early[:5]))
    return f"first frame of the VF {(frames[0].unix_ns - switched_ns) / 1e6:+.1f} ms from the switch, announced {delay_ms} ms after it"


@case()
def plug(guest):
    """Also: the bridge outside sees no frame from the VF before the switch."""
    def again():
        unplugged(guest)
        captures.append((guest.lab.capture_vf(), guest.pair()["switches"]))

    captures = []
    again()
    text = guest.survive(guest.lab.plug_vf, again, noted="plug")
    guest.wait_active("primary")
    return f"{text}, {frames_before_ready(guest, *captures[-1])}"


@case("6.*-acpi")
def plug_silent_wire(guest):
    """Nothing sends: what the VF says by itself when it is made ready."""
    unplugged(guest)
    capture, before = guest.lab.capture_vf(), guest.pair()["switches"]
    guest.lab.plug_vf()
    guest.wait_active("primary")
    text = frames_before_ready(guest, capture, before)
    check_equal(guest.lab.learned(), "vf0", "where the bridge sees the guest")
    return text


@case()
def driver_unbind_and_bind(guest):
    address, driver = guest.driver()

    def unbind():
        guest.check(f"echo {address} >{driver}/unbind")

    def bind():
        guest.check(f"echo {address} >{driver}/bind")

    def bound():
        bind()
        guest.wait_active("primary")

    def unbound():
        unbind()
        guest.wait_active("standby")

    text = guest.survive(unbind, bound, "unbind", "unbind")
    cause = guest.wait_active("standby")["last_switch"]["cause"]
    check_equal(cause, "driver unbound", "cause")
    text += ", " + guest.survive(bind, unbound, "bind", "bind")
    guest.wait_active("primary")
    return text


@case()
def set_down_and_up(guest):
    name = guest.lab.netdev("vf")

    def down():
        guest.check(f"ip link set {name} down")

    def up():
        guest.check(f"ip link set {name} up")

    text = guest.survive(down, lambda: (up(), guest.wait_active("primary")), "down", "set down")
    pair = guest.wait_active("standby")
    check_equal((pair["primary_state"], pair["last_switch"]["cause"]), ("down", "set down"), "state and cause")
    text += ", " + guest.survive(up, lambda: (down(), guest.wait_active("standby")), "up", "set up")
    guest.wait_active("primary")
    return text


def silent(guest, event):
    """An event while only the peer sends; (lost, text). Asserts that the guest's own voice is nothing but announcements."""
    captures = []

    def watched():
        captures[:] = [guest.lab.capture("sb0"), guest.lab.capture("vf0")]
        event()

    result = guest.measure(watched, ways=("in",))
    frames = [frame for capture in captures for frame in capture.stop()]
    other = [frame for frame in frames if not is_announcement(frame) and frame.ethertype != ARP]
    check(not other, lambda: f"the guest said more than its announcements: {'; '.join(str(frame) for frame in other[:5])}")
    check(frames, "nothing was announced")
    return result, len(frames)


@case("*-acpi")
def silent_guest(guest):
    """Back within the announcement, not when the guest happens to speak."""
    texts = []
    for what, event, path in (("unplug", guest.lab.unplug_vf, "standby"), ("plug", guest.lab.plug_vf, "primary")):
        result, frames = silent(guest, event)
        guest.wait_active(path)
        texts.append(f"{what} {figures(result)} after {frames} announcing frames")
        protections.note_event(guest.name, f"silent {what}", result)
        check(result["in"]["lost"] <= ANNOUNCED, texts[-1])
        check_equal(result["in"]["duplicates"], 0, "duplicates")
    return ", ".join(texts)


@case("*-acpi")
def protections_of_this_kernel(guest):
    """For the table of docs/reference/kernels.md, which is compared with this when the tests are through."""
    status = json.loads(guest.check("vfsteer status --json"))
    protections.note_protections(guest.name, status, guest.log())
    check_equal(status["silent"], [], "functions that are attached and do not run")
    pair = status["pairs"][0]
    return f"{pair['attached_by']}, {pair['liveness']}, {len(status['watched'])} functions watched"


@case("6.12-acpi")
def hold_is_off(guest):
    """hold_limit_ms = 0: no removal waits, and status says so; the default holds again."""
    check(guest.pair()["removals_held"], "removals are not held by default")
    for limit_ms, held in ((0, False), (20, True)):
        guest.agent.stop()
        guest.check(f"printf '[agent]\\nhold_limit_ms = {limit_ms}\\n' >/tmp/hold.conf")
        guest.start_agent("--config /tmp/hold.conf")
        pair = guest.wait_active("primary")
        check_equal(pair["removals_held"], held, f"removals held with {limit_ms} ms")
        check_equal("a removal does not wait" in guest.check("vfsteer status"), not held, f"status with {limit_ms} ms")
    guest.agent.stop()
    guest.start_agent()
    guest.wait_active("primary")


@case("6.*-acpi")
def agent_killed(guest):
    """kill -9, then an unplug that no agent sees, then an agent that finds it all again."""
    texts = [guest.survive(lambda: guest.check(f"kill -9 {guest.agent.pid}"), None, "kill -9")]
    check(not guest.agent.running(), "the agent lives on")
    check_equal(guest.pair()["active"], "primary", "active after the kill")

    def again():
        guest.start_agent()
        guest.lab.plug_vf()
        guest.wait_active("primary")
        guest.check(f"kill -9 {guest.agent.pid}")

    texts.append(guest.survive(guest.lab.unplug_vf, again, "unplug without it"))
    check_equal(guest.pair()["active"], "standby", "active after the unplug")
    # Loading programs is slow under emulation, the slower the more traffic there is.
    texts.append(guest.survive(guest.start_agent, None, "restart", rate=500))
    check("adopted" in guest.log(), lambda: f"the agent says nothing of adopted pins: {guest.log()}")
    texts.append(guest.survive(guest.lab.plug_vf, lambda: unplugged(guest), "plug"))
    guest.wait_active("primary")
    texts.append(guest.survive(lambda: (guest.check(f"kill -9 {guest.agent.pid}"), guest.start_agent()), None, "kill -9 and restart", rate=500))
    check_equal(guest.pair()["active"], "primary", "active after the restart")
    return ", ".join(texts)


@case("6.*-acpi")
def ipv6(guest):
    text = guest.survive(guest.lab.unplug_vf, lambda: (guest.lab.plug_vf(), guest.wait_active("primary")), "unplug", family=6)
    guest.wait_active("standby")
    text += ", " + guest.survive(guest.lab.plug_vf, lambda: unplugged(guest), "plug", family=6)
    guest.wait_active("primary")
    return text


@case("6.*-pciehp")
def removal_that_never_comes(guest):
    """The attention button was pressed, and then nothing: after its time the primary is taken back. (QEMU refuses the second press that cancels.)

    The last case of its guest: its port has no hotplug driver afterwards.
    """
    port = guest.lab.slot("vf")
    service = guest.check("ls /sys/bus/pci_express/drivers/pciehp").split()
    mine = next((one for one in service if one.startswith(port)), None)
    if not mine:
        raise Skip(f"no pciehp service for {port}: {service}")

    def event():
        guest.lab.unplug_vf(wait=False)
        guest.wait_active("standby", timeout=5)
        left = guest.pair()
        check_equal((left["primary_state"], left["last_switch"]["cause"]), ("leaving", "unplug announced"), "state and cause")
        guest.check(f"echo {mine} >/sys/bus/pci_express/drivers/pciehp/unbind")
        started = time.monotonic()
        time.sleep(LEAVING_TIMEOUT_S - 4)
        check_equal(guest.pair()["primary_state"], "leaving", "state before the time is over")
        guest.wait_active("primary", timeout=10)
        return time.monotonic() - started

    result = guest.measure(event, rate=1000)
    check(result["out"]["lost"] == result["in"]["lost"] == 0, lambda: figures(result))
    return f"{figures(result)}, back after {result['event']:.0f} s"


if __name__ == "__main__":
    main(GUESTS, later=LATER)
