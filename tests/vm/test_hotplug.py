#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Traffic at 2,000 packets a second, both ways, while a real driver's device goes and comes back in
every way: nothing may be lost.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

import events  # noqa: E402
import protections  # noqa: E402
from events import ARP, ICMPV6, IPV4, IPV6, is_announcement, unplugged  # noqa: E402
from stage import KERNELS, case, check, check_equal, main  # noqa: E402
from tools.rig.measure import PORT  # noqa: E402

GUESTS = {f"{kernel}-acpi": {"kernel": kernel} for kernel in KERNELS}
GUESTS |= {f"{kernel}-pciehp": {"kernel": kernel, "hotplug": "pciehp"} for kernel in KERNELS}
SAME_ON_6_12 = "6.12-acpi/{}, and unplug and plug on this kernel"
LATER = [
    ("full", "6.12-acpi/plug-silent-wire", "6.12-acpi/plug, 6.12-acpi/silent-guest"),
    ("full", "6.12-acpi/agent-killed", "crashes 6.12/unplug-after-kill; netns crashes"),
    ("full", "6.12-acpi/ipv6", "6.12-acpi/unplug and plug; netns frames and failover with IPv6"),
    *(
        ("full", f"{kernel}-acpi/{name}", SAME_ON_6_12.format(name))
        for kernel in KERNELS[1:]
        for name in (
            "plug-silent-wire",
            "driver-unbind-and-bind",
            "set-down-and-up",
            "silent-guest",
            "agent-killed",
            "ipv6",
        )
    ),
    ("full", "6.12-acpi/hold-is-off", "6.12-acpi/unplug, which is held; unit policy and watch"),
    ("full", "6.12-pciehp/plug", "6.12-acpi/plug; 6.12-pciehp/unplug"),
    ("full", "6.12-pciehp/driver-unbind-and-bind", "6.12-acpi/driver-unbind-and-bind"),
    ("full", "6.12-pciehp/set-down-and-up", "6.12-acpi/set-down-and-up"),
    ("full", "6.12-pciehp/removal-that-never-comes", "unit policy (leaving, and its end)"),
    *(
        ("nightly", f"{kernel}-pciehp/*", "6.12-pciehp/unplug and plug, the kernel's acpi guest")
        for kernel in KERNELS[1:]
    ),
]

UDP, NEIGHBOUR_SOLICITATION = 17, 135
QUESTIONS_MAX = 9  # three neighbours, in three rounds
CLOCK_SLACK_MS = 10  # the way of a frame out of QEMU

for _event in (events.unplug, events.driver_unbind_and_bind, events.set_down_and_up):
    case()(_event)
case("*-acpi")(events.silent_guest)


def is_flow(frame):
    return (
        frame.ethertype == IPV4
        and frame.data[23] == UDP
        and int.from_bytes(frame.data[36:38], "big") == PORT
    )


def is_question(frame):
    """To a neighbour, by which the agent finds out whether the VF leads anywhere before it is used
    (user/policy/path_check.h).
    """
    return (
        frame.ethertype == ARP
        and frame.data[20:22] == b"\0\1"
        and frame.data[28:32] != frame.data[38:42]
        or frame.ethertype == IPV6
        and frame.data[20] == ICMPV6
        and frame.data[54] == NEIGHBOUR_SOLICITATION
    )


def frames_before_ready(guest, capture, switches):
    """Judges what a capture has seen of a VF that was plugged while it ran; @switches: how many
    there were before. Returns a text.

    The agent's log says how long after the switch the first announcement was, and that one is in
    the capture: so the switch has a place there without any comparison of clocks. What is the
    measured traffic may come before the announcement, but after the switch.
    """
    pair = guest.pair()
    check_equal(
        (pair["active"], pair["switches"]), ("primary", switches + 1), "active and switches"
    )
    delay_ms = float(
        re.search(rf"switch {switches + 1}, announced ([\d.]+) ms after it", guest.log())[1]
    )
    frames = capture.stop()
    first = next((number for number, frame in enumerate(frames) if is_announcement(frame)), None)
    check(first is not None, f"{len(frames)} frames on the VF, and no announcement")
    switched_ns = frames[first].unix_ns - delay_ms * 1e6
    questions = [frame for frame in frames[:first] if is_question(frame)]
    check(len(questions) <= QUESTIONS_MAX, f"{len(questions)} questions to neighbours")
    early = [
        frame
        for frame in frames[:first]
        if not is_question(frame)
        and (not is_flow(frame) or frame.unix_ns < switched_ns - CLOCK_SLACK_MS * 1e6)
    ]
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


@case("*-acpi")
def protections_of_this_kernel(guest):
    """For the table of docs/reference/kernels.md, which is compared with this when the tests are
    through.
    """
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
        check_equal(
            "removals are not held" in guest.check("vfsteer status"), not held,
            f"status with {limit_ms} ms",
        )
    guest.agent.stop()
    guest.start_agent()
    guest.wait_active("primary")


@case("6.*-acpi")
def agent_killed(guest):
    """kill -9, then an unplug that no agent sees, then an agent that finds it all again."""
    texts = [guest.survive(lambda: guest.check(f"kill -9 {guest.agent.pid}"), None, "kill -9")]
    check(not guest.agent.running(), "the agent runs on")
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
    check(
        "adopted" in guest.log(), lambda: f"the agent says nothing of adopted pins: {guest.log()}"
    )
    texts.append(guest.survive(guest.lab.plug_vf, lambda: unplugged(guest), "plug"))
    guest.wait_active("primary")
    texts.append(
        guest.survive(
            lambda: (guest.check(f"kill -9 {guest.agent.pid}"), guest.start_agent()), None,
            "kill -9 and restart", rate=500,
        )
    )
    check_equal(guest.pair()["active"], "primary", "active after the restart")
    return ", ".join(texts)


@case("6.*-acpi")
def ipv6(guest):
    text = guest.survive(
        guest.lab.unplug_vf, lambda: (guest.lab.plug_vf(), guest.wait_active("primary")), "unplug",
        family=6,
    )
    guest.wait_active("standby")
    text += ", " + guest.survive(guest.lab.plug_vf, lambda: unplugged(guest), "plug", family=6)
    guest.wait_active("primary")
    return text


case("6.*-pciehp")(events.removal_that_never_comes)


if __name__ == "__main__":
    main(GUESTS, later=LATER)
