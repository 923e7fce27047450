#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The agent works, in every kernel, with the four capabilities that it leaves itself: no protection is lost and no packet."""

from stage import case, check, check_equal, main

GUESTS = {kernel: {"kernel": kernel} for kernel in ("6.1", "6.12", "sid")}

FOUR = "000000c000003000"  # CAP_NET_ADMIN 12, CAP_NET_RAW 13, CAP_PERFMON 38, CAP_BPF 39 (linux/capability.h)
REALTIME_ROUND_ROBIN = "2"  # SCHED_RR, the 41st field of /proc/PID/stat (proc(5))
LIVENESS = {"6.1": "kept by the watch programs"}  # no kfuncs


def values(guest, field):
    """What each thread of the agent has in a field of its status."""
    return guest.check(f"grep -h ^{field}: /proc/{guest.agent.pid}/task/*/status | cut -f2").split()


@case()
def four_capabilities(guest):
    threads = len(values(guest, "CapEff"))
    check(threads > 1, "the announcer has no thread")
    for field, expected in (("CapPrm", FOUR), ("CapEff", FOUR), ("CapBnd", FOUR), ("CapInh", "0" * 16), ("CapAmb", "0" * 16), ("NoNewPrivs", "1")):
        check_equal(values(guest, field), [expected] * threads, f"{field} of each thread")
    policies = guest.check(f"cut -d' ' -f41 /proc/{guest.agent.pid}/task/*/stat").split()
    check_equal(policies.count(REALTIME_ROUND_ROBIN), threads - 1, f"realtime threads, of {policies}")
    return f"{threads} threads"


@case()
def every_protection(guest):
    pair = guest.pair()
    check_equal(pair["liveness"], LIVENESS.get(guest.name, "checked for each packet"), "liveness")
    watched = guest.check("vfsteer status | grep watching").split()[1]
    check(int(watched) >= 9, f"watched functions: {watched}")
    return f"{pair['liveness']}, {watched} functions watched"


def unplugged(guest):
    guest.lab.unplug_vf()
    guest.wait_active("standby")


@case()
def unplug_and_plug(guest):
    def again():
        guest.lab.plug_vf()
        guest.wait_active("primary")

    out = guest.survive(guest.lab.unplug_vf, again)
    guest.wait_active("standby")
    return out + "; " + guest.survive(again, lambda: unplugged(guest))


@case()
def restart_adopts(guest):
    before = guest.pair()["switches"]
    text = guest.survive(lambda: (guest.agent.stop(), guest.start_agent()), lambda: None)
    check_equal(guest.pair()["switches"], before, "switches")
    return text


if __name__ == "__main__":
    main(GUESTS)
