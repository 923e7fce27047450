#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A kernel or a guest that withholds what the protections are made of: the agent runs with what is
left, and says what is missing.

What cannot be known in advance is lost, and counted; what netlink reports is done all the same:
traffic goes on after every event, and comes back.
"""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

import protections  # noqa: E402
import tables  # noqa: E402
from stage import (  # noqa: E402
    ROOT, case, check, check_equal, check_lossless, figures, lossless, main,
)
from tools.rig.architecture import ARM64  # noqa: E402
from tools.rig.places import BUILD  # noqa: E402
from tools.rig.programs import compiled  # noqa: E402
from tools.rig.sysroot import sysroot  # noqa: E402

UNWATCHED = (
    "watching 0 kernel functions",
    "no warning of an unplug request",
    "removals are not held",
)
UNREAD = ("no liveness check for each packet",)
LOCKDOWN = "lockdown=confidentiality"
GUESTS = {
    "6.12-lockdown": {"kernel": "6.12", "agent": False, "cmdline": LOCKDOWN},
    "6.1-lockdown": {"kernel": "6.1", "agent": False, "cmdline": LOCKDOWN},
    "6.12-btfless": {"kernel": "6.12", "agent": False},
    "6.1-silenced": {"kernel": "6.1", "agent": False},
}
ARM64_RATE = 300


def arm64_programs():
    """vfsteer and the tests' own, compiled for arm64."""
    build = ROOT / "build" / "arm64"
    subprocess.run(
        ["bash", "-c", ". tools/rig/packages.sh; packages_cross; packages_need qemu-system-arm"],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )
    subprocess.run(
        [
            "make",
            "-j2",
            f"BUILD={build}",
            "CROSS_COMPILE=aarch64-linux-gnu-",
            f"SYSROOT={sysroot('arm64')}",
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    frame = compiled(
        Path(protections.__file__).with_name("frame.c"), BUILD / "vm-frame-aarch64",
        compiler=ARM64.compiler,
    )
    return {"extra": {"/sbin/vfsteer": build / "vfsteer", "frame": frame}}


# Emulated by an x86 machine it takes minutes.
GUESTS["6.12-arm64-16k"] = {
    "kernel": "6.12-arm64-16k",
    "agent": False,
    "vf": True,
    "hotplug": "pciehp",
    "vf_at_boot": True,
    "boot_timeout_s": 240,
    "prepare": arm64_programs,
}
LATER = [("full", "6.1-lockdown/*", "6.12-lockdown/lockdown"),
         ("full", "6.12-btfless/*", "6.12-lockdown/lockdown; netns untraced"),
         ("full", "6.1-silenced/*", "6.12-lockdown/lockdown; netns untraced; bpf watch-test"),
         ("nightly", "6.12-arm64-16k/*", "hotplug on x86; build cross (another byte order)")]


def lives_on(guest):
    """Unplug, plug, set down, set up under traffic with the agent that runs: each ends where it
    should; what was lost, as a text.
    """
    name, texts = guest.lab.netdev("vf"), []
    for event, do, path in (
        ("unplug", guest.lab.unplug_vf, "standby"),
        ("plug", guest.lab.plug_vf, "primary"),
        ("set down", lambda: guest.check(f"ip link set {name} down"), "standby"),
        ("set up", lambda: guest.check(f"ip link set {name} up"), "primary"),
    ):
        result = guest.measure(do)
        guest.wait_active(path)
        check(
            not any(result[way]["never_came_back"] for way in ("out", "in")),
            lambda: f"{event}: {figures(result)}",
        )
        # What the network had sent to the primary while it was down lies before the guest, and
        # comes when it is set up: with numbers of the former flow.
        check(
            event == "set up" or not any(result[way]["duplicates"] for way in ("out", "in")),
            lambda: f"{event}: {figures(result)}",
        )
        protections.note_event(guest.name, event, result)
        texts.append(f"{event} {figures(result)}")
    return ", ".join(texts)


def runs_without(guest, missing, log_words):
    """Starts the agent; status has to show @missing, the log one line with @log_words. What the
    events cost, as a text.
    """
    guest.start_agent()
    try:
        guest.wait_active("primary")
        said = [
            line for line in guest.log().splitlines() if all(word in line for word in log_words)
        ]
        check_equal(len(said), 1, f"lines of the log with {log_words} in:\n{guest.log()}")
        shown = guest.check("vfsteer status")
        for text in missing:
            check(text in shown, f"no {text!r} in:\n{shown}")
        costs = lives_on(guest)
        protections.note_protections(
            guest.name, json.loads(guest.check("vfsteer status --json")), guest.log()
        )
    finally:
        guest.agent.stop()
        guest.check("vfsteer unload")
    check_equal(
        guest.check("bpftool prog show | grep -c steer_ || true").strip(), "0",
        "programs after unload",
    )
    return costs


@case("*-lockdown")
def lockdown(guest):
    check(
        "[confidentiality]"
        in guest.check(
            "mount -t securityfs none /sys/kernel/security && cat /sys/kernel/security/lockdown"
        ),
        "the guest's kernel is not locked down",
    )
    # Refused is what reads the kernel's memory at an address: the names of PCI devices, lists of
    # devices, probe reads of a device. What a watched function has as its argument may be looked
    # at, and so may what the kfuncs of 6.2 give.
    missing = [
        "no warning of an unplug request, a driver's unbinding, being set down",
        *(UNREAD if guest.name == "6.1-lockdown" else ()),
    ]
    return runs_without(guest, missing, ["no warning of an unplug request", "refuses to trace"])


@case("*-silenced")
def tracing_switched_off(guest):
    """As the agent starts, and while it runs: programs that are attached and never run are not
    relied on.
    """
    def switch(value):
        guest.check(f"echo {value} >/proc/sys/kernel/ftrace_enabled")

    def watched():
        status = json.loads(guest.check("vfsteer status --json"))
        return (
            len(status["watched"]),
            status["tracing_off"],
            status["pairs"][0]["removals_held"],
            status["pairs"][0]["liveness"],
        )

    off = (0, True, False, "checked for each packet, by probe reads")
    switch(0)
    costs = runs_without(
        guest, [*UNWATCHED, "tracing is switched off"],
        ["tracing is switched off", "sysctl kernel.ftrace_enabled=1"],
    )
    switch(1)
    guest.start_agent()
    guest.wait_active("primary")
    on = watched()
    check(on[0] >= 9 and on[1:3] == (False, True), lambda: f"with tracing: {on}")
    for value, expected in ((0, off), (1, on)):
        result = guest.measure(
            lambda: (
                switch(value),
                guest.check("ip link set lo mtu 60000; ip link set lo mtu 65536; sleep 1"),
            )
        )
        check(lossless(result), lambda: f"tracing switched to {value}: {figures(result)}")
        guest.lab.vm.wait_for(f"vfsteer status | grep -q 'watching {expected[0]} '", 20)
        check_equal(
            watched(), expected,
            f"(functions watched, tracing off, removals held, liveness) with kernel.ftrace_enabled={value}",
        )
        check_equal(guest.wait_active("primary")["switches"], 1, "switches")
    return costs


@case("*-silenced")
def programs_that_never_run(guest):
    """Attached, and passed by no process, on a kernel that does not say so: here the sysctl is
    hidden behind a file. The self-test finds out.
    """
    sysctl = "/proc/sys/kernel/ftrace_enabled"
    if guest.agent and guest.agent.running():
        guest.agent.stop()
    guest.check("vfsteer unload")
    guest.check(f"echo 0 >{sysctl}; echo 1 >/tmp/enabled; mount --bind /tmp/enabled {sysctl}")
    try:
        guest.start_agent()
        guest.wait_active("primary")
        said = [
            line
            for line in guest.log().splitlines()
            if "attached, but does not run on this kernel" in line
        ]
        check_equal(len(said), 1, f"lines about programs that do not run:\n{guest.log()}")
        status = json.loads(guest.check("vfsteer status --json"))
        tested = {
            function
            for function, *_, steps, superseder in tables.rows(
                "bpf/watch_functions.h", "WATCH_FUNCTIONS", "F"
            )
            if "STEP" in steps and superseder == "none"
        }
        check(
            tested <= set(status["silent"]),
            f"silent: {status['silent']}, not all of {sorted(tested)}",
        )
        check_equal(tested & set(status["watched"]), set(), "watched and tested")
        check_equal(
            status["pairs"][0]["liveness"], "checked for each packet, by probe reads", "liveness"
        )
        check(
            "no warning of" in guest.check("vfsteer status")
            and "does not run on this kernel" in guest.check("vfsteer status"),
            "status does not say so",
        )
        result = guest.measure(lambda: guest.check(f"ip link set {guest.lab.netdev('vf')} down"))
        guest.wait_active("standby")
        check(
            not any(result[way]["never_came_back"] for way in ("out", "in")),
            lambda: figures(result),
        )
        guest.check(f"ip link set {guest.lab.netdev('vf')} up")
        guest.wait_active("primary")
    finally:
        guest.agent.stop()
        guest.check(f"umount {sysctl}; echo 1 >{sysctl}; vfsteer unload")
    check_equal(
        guest.run("ip link show vfsteer-test0")[0], 1, "status of ip link show vfsteer-test0"
    )
    # With tracing the next agent finds them run, and lists them.
    guest.start_agent()
    guest.wait_active("primary")
    status = json.loads(guest.check("vfsteer status --json"))
    check_equal(
        (status["silent"], status["pairs"][0]["liveness"]), ([], "kept by the watch programs"),
        "(silent, liveness) with tracing",
    )
    took = [
        line.split(" in ")[1].split(";")[0]
        for line in guest.log().splitlines()
        if "programs tried on a veth" in line
    ]
    check_equal(len(took), 1, f"lines about the test in:\n{guest.log()}")
    return f"{figures(result)}; tried in {took[0]}"


@case("*-arm64-16k")
def another_architecture_and_page_size(guest):
    """arm64 with pages of 16K: the same programs and the same protections, and no packet is lost at
    planned events.
    """
    check(
        "16 kB" in guest.check("grep -m1 KernelPageSize /proc/self/smaps"),
        "the pages are not of 16K",
    )
    check_equal(guest.check("uname -m").strip(), "aarch64", "uname -m")
    guest.start_agent()
    guest.wait_active("primary", timeout=60)
    status, name, texts = (
        json.loads(guest.check("vfsteer status --json")),
        guest.lab.netdev("vf"),
        [],
    )
    for event, do, path in (
        ("set down", lambda: guest.check(f"ip link set {name} down"), "standby"),
        ("set up", lambda: guest.check(f"ip link set {name} up"), "primary"),
        ("unplug", guest.lab.unplug_vf, "standby"),
        ("plug", guest.lab.plug_vf, "primary"),
    ):
        result = guest.measure(do, rate=ARM64_RATE)
        guest.wait_active(path, timeout=60)
        texts.append(check_lossless(result, event))
    pair = status["pairs"][0]
    check_equal((status["silent"], pair["removals_held"]), ([], True), "(silent, removals held)")
    return f"{pair['liveness']}, {pair['attached_by']}, watching {len(status['watched'])}: {', '.join(status['watched'])}; {'; '.join(texts)}"


@case("*-btfless")
def no_type_information(guest):
    guest.check("mkdir -p /tmp/nothing && mount --bind /tmp/nothing /sys/kernel/btf")
    return runs_without(
        guest, [*UNWATCHED, *UNREAD], ["no warning of an unplug request", "CONFIG_DEBUG_INFO_BTF"]
    )


if __name__ == "__main__":
    main(GUESTS, later=LATER)
