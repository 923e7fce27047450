#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A kernel or a guest that withholds what the protections are made of: the agent runs with what is left, and says what is missing.

What cannot be known in advance is lost, and counted; what netlink tells is done all the same: traffic goes on after every event, and comes back.
"""

import json

import protections
from stage import case, check, check_equal, figures, main

UNWATCHED = ("watching 0 kernel functions", "no warning of an unplug request", "does not wait")
UNREAD = ("not looked at for each packet",)
LOCKDOWN = "lockdown=confidentiality"
GUESTS = {
    "6.12-lockdown": {"kernel": "6.12", "agent": False, "cmdline": LOCKDOWN},
    "6.1-lockdown": {"kernel": "6.1", "agent": False, "cmdline": LOCKDOWN},
    "6.12-btfless": {"kernel": "6.12", "agent": False},
}


def lives_on(guest):
    """Unplug, plug, set down, set up under traffic with the agent that runs: each ends where it should; what was lost, as a text."""
    name, texts = guest.lab.netdev("vf"), []
    for event, do, path in (("unplug", guest.lab.unplug_vf, "standby"), ("plug", guest.lab.plug_vf, "primary"),
                            ("set down", lambda: guest.check(f"ip link set {name} down"), "standby"),
                            ("set up", lambda: guest.check(f"ip link set {name} up"), "primary")):
        result = guest.measure(do)
        guest.wait_active(path)
        check(not any(result[way]["never_came_back"] for way in ("out", "in")), lambda: f"{event}: {figures(result)}")
        # What the network had sent to the primary while it was down lies before the guest, and comes when it is set up: with numbers of the former flow.
        check(event == "set up" or not any(result[way]["duplicates"] for way in ("out", "in")), lambda: f"{event}: {figures(result)}")
        protections.note_event(guest.name, event, result)
        texts.append(f"{event} {figures(result)}")
    return ", ".join(texts)


def runs_without(guest, missing, log_words):
    """Starts the agent; status has to show @missing, the log one line with @log_words. What the events cost, as a text."""
    guest.start_agent()
    try:
        guest.wait_active("primary")
        said = [line for line in guest.log().splitlines() if all(word in line for word in log_words)]
        check_equal(len(said), 1, f"lines of the log with {log_words} in:\n{guest.log()}")
        shown = guest.check("vfsteer status")
        for text in missing:
            check(text in shown, f"no {text!r} in:\n{shown}")
        costs = lives_on(guest)
        protections.note_protections(guest.name, json.loads(guest.check("vfsteer status --json")), guest.log())
    finally:
        guest.agent.stop()
        guest.check("vfsteer unload")
    check_equal(guest.check("bpftool prog show | grep -c steer_ || true").strip(), "0", "programs after unload")
    return costs


@case("*-lockdown")
def lockdown(guest):
    check("[confidentiality]" in guest.check("mount -t securityfs none /sys/kernel/security && cat /sys/kernel/security/lockdown"), "the guest's kernel is not locked down")
    # Refused is what reads the kernel's memory at an address: the names of PCI devices, lists of devices, probe reads of a device. What a
    # watched function has as its argument may be looked at, and so may what the kfuncs of 6.2 give.
    missing = ["no warning of an unplug request, a driver's unbinding, being set down", *(UNREAD if guest.name == "6.1-lockdown" else ())]
    return runs_without(guest, missing, ["no warning of an unplug request", "refuses to trace"])


@case("*-btfless")
def no_type_information(guest):
    guest.check("mkdir -p /tmp/nothing && mount --bind /tmp/nothing /sys/kernel/btf")
    return runs_without(guest, [*UNWATCHED, *UNREAD], ["no warning of an unplug request", "CONFIG_DEBUG_INFO_BTF"])


if __name__ == "__main__":
    main(GUESTS)
