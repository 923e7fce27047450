#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What a guest cannot give: `vfsteer run` ends with status 1 and one line that says what to do, and
leaves nothing half-applied.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from stage import case, check, check_equal, main  # noqa: E402

GUESTS = {
    "6.12": {"kernel": "6.12", "agent": False, "vf": False},
}


def refused(guest, command, *words, expected=1):
    """One line with all of @words; the line."""
    status, said = guest.run(command)
    check_equal(
        (status, len(said.splitlines())), (expected, 1),
        f"{command}: exit status and lines: {said!r}",
    )
    for word in words:
        check(word in said, f"{command}: no {word!r} in: {said}")
    check("clsact" not in guest.check("tc qdisc"), f"{command}: a clsact qdisc was left")
    check_equal(
        guest.check("find /sys/fs/bpf -mindepth 1").strip(), "",
        f"{command}: left under the bpf file system",
    )
    programs = guest.check("bpftool prog show").count("vfsteer") + guest.check(
        "bpftool prog show"
    ).count("steer_")
    check_equal(programs, 0, f"{command}: programs still loaded")
    return said.strip()


@case()
def no_bpffs(guest):
    guest.check("umount /sys/fs/bpf")
    try:
        status, said = guest.run("vfsteer run")
    finally:
        guest.check("mount -t bpf bpf /sys/fs/bpf")
    check_equal((status, len(said.splitlines())), (1, 1), f"exit status and lines: {said!r}")
    check("/sys/fs/bpf" in said and "mount" in said, said)
    check_equal(
        guest.check("find /sys/fs/bpf -mindepth 1").strip(), "", "left under the bpf file system"
    )
    return said.strip()


@case()
def no_privilege(guest):
    guest.check("grep -q ^plain /etc/passwd || echo 'plain:x:1000:1000::/:/bin/sh' >>/etc/passwd")
    return refused(guest, "su plain -c 'vfsteer run'", "privilege")


@case()
def wrong_pairs(guest):
    standby = guest.lab.netdev("sb")
    texts = [
        refused(guest, "vfsteer run --pair nosuch0", "nosuch0"),
        refused(guest, f"vfsteer run --pair {standby}={standby}", standby, expected=2),
        refused(guest, "vfsteer run --pair lo", "lo", "Ethernet"),
    ]
    return f"{len(texts)} refused"


@case()
def second_agent(guest):
    guest.start_agent()
    try:
        status, said = guest.run("vfsteer run")
        check_equal((status, len(said.splitlines())), (1, 1), f"exit status and lines: {said!r}")
        check(guest.agent.running(), "the first agent ended")
    finally:
        guest.agent.stop()
        guest.check("vfsteer unload")
    return said.strip()


if __name__ == "__main__":
    main(GUESTS, measures=False)
