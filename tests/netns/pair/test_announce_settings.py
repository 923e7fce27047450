#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What settings make of a pair's announcements: the configuration's, and a filter for ARP."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from announcements import announced, announced_of, heard_at_switch, macvlan  # noqa: E402
from rig import (  # noqa: E402
    MAC, OUTSIDE, Flow, Skip, case, check, check_equal, main, wait,
)
from tools.rig.levels import nightly  # noqa: E402
from tools.rig.netns import NetnsError  # noqa: E402


@case(agent=False)
def configuration_keeps_announcements_back(stage):
    """Also in the announcement of an unload, which knows of no exceptions and so names no address
    then.
    """
    every = {"10.77.0.1", "10.77.0.80", "fd77::1", "fd77::80"}
    vmac = "02:76:66:00:00:b0"
    macvlan(stage, "vip", vmac)
    stage.guest.run("""ip address add 10.77.0.80/32 dev st0; ip address add fd77::80/128 dev st0 nodad; ip address add 10.77.0.81/24 dev vip
        echo 1 >/proc/sys/net/ipv6/conf/st0/addr_gen_mode""")
    wait(
        "DAD of the link-local address",
        lambda: "tentative" not in stage.guest.run("ip -6 address show dev st0 scope link"), 8,
    )
    local = {
        line.split()[1].split("/")[0]
        for line in stage.guest.run("ip -6 address show dev st0 scope link").splitlines()
        if "inet6" in line
    }
    macs = {"rarp"}
    for text, ours, others, unloaded, shown in (
        (
            "[agent]\nannounce = all\n",
            every | macs | local,
            {"rarp", "10.77.0.81"},
            every | macs | local,
            ("all", 0),
        ),
        ("[agent]\nannounce = macs\n", macs, {"rarp"}, macs, ("macs", 0)),
        (
            "[agent]\nannounce = macs\n[pair st0]\nprimary = pr0\nannounce = off\n",
            set(),
            set(),
            set(),
            ("off", 0),
        ),
        (
            "[agent]\nannounce-except = 10.77.0.80\n[pair st0]\nprimary = pr0\nannounce_except = fd77::80/121\n",
            {"10.77.0.1", "fd77::1"} | macs | local,
            {"rarp", "10.77.0.81"},
            macs,
            ("all", 2),
        ),
        (f"[agent]\nannounce_except = {vmac}\n", every | macs | local, set(), macs, ("all", 1)),
    ):
        path = stage.directory / "announce.conf"
        path.write_text(text)
        stage.start("" if "[pair" in text else "st0=pr0", options=("--config", path))
        stage.wait_active("primary")
        time.sleep(0.5)
        frames = heard_at_switch(stage, "standby", "st1")
        found = {what for _, what in announced_of(frames, MAC)}
        check_equal(found, ours, f"announced with {text!r}")
        check_equal(
            {what for _, what in announced_of(frames, vmac)}, others,
            f"announced of the macvlan with {text!r}",
        )
        pair = stage.pair()
        check_equal((pair["announce"], pair["announce_exceptions"]), shown, f"status with {text!r}")
        heard = stage.capture(stage.outside, "st1")
        stage.succeed("unload")
        check_equal(
            {what for _, what in announced_of(heard.frames(outgoing=False), MAC)}, unloaded,
            f"announced by unload with {text!r}",
        )


def real_server(stage, family, hook):
    """nft drops the ARP replies for its virtual address. The agent announces MACs, and no IPv4
    address: neither at a switchover nor at unload; without the table it announces them again.
    """
    try:
        stage.guest.run(
            f"nft add table {family} lvs && nft add chain {family} lvs out '{{ type filter hook {hook} priority 0; }}'"
        )
    except NetnsError:
        raise Skip(f"there is no nft, or no {hook} of family {family} in nf_tables")
    stage.guest.run(f"""nft add rule {family} lvs out arp saddr ip 10.77.0.80 drop
        ip address add 10.77.0.80/32 dev st0""")

    def said(wish, wire):
        return {what for _, what in announced_of(heard_at_switch(stage, wish, wire), MAC)}

    stage.start()
    stage.wait_active("primary")
    time.sleep(0.5)
    for wish, wire in (("standby", "st1"), ("primary", "pr1")):
        found = said(wish, wire)
        check_equal(found & {"10.77.0.1", "10.77.0.80"}, set(), f"announced over the {wish}")
        check({"rarp", "fd77::1"} <= found, f"over the {wish} only {found} was announced")
    check(stage.pair()["arp_is_filtered"], "status --json does not name it")
    check("this guest filters ARP" in stage.succeed("status"), "status does not name it")
    heard = stage.capture(stage.outside, "st1")
    stage.succeed("unload")
    found = {what for _, what in announced_of(heard.frames(outgoing=False), MAC)}
    check_equal(found & {"10.77.0.1", "10.77.0.80"}, set(), "announced by unload")
    check("rarp" in found, f"unload announced only {found}")
    stage.guest.run(f"nft delete table {family} lvs; ip address del 10.77.0.80/32 dev st0")
    stage.start()
    stage.wait_active("primary")
    time.sleep(0.5)
    check("10.77.0.1" in said("standby", "st1"), "not announced without the table")
    check(not stage.pair()["arp_is_filtered"], "status names a table that is gone")


@case(agent=False)
def lvs_real_server_keeps_its_address_to_itself(stage):
    real_server(stage, "arp", "output")


@case(agent=False)
def rules_on_the_egress_of_a_device(stage):
    """nft before our programs, on what the kernel sends by the standby."""
    real_server(stage, "netdev", "egress device st0")


def rarps(frames):
    return sum(data[12:14] == b"\x80\x35" for data in frames)


@case(agent=False)
@nightly("unit quiet")
def quiet_pair_is_announced_again(stage):
    """By RARP alone, on the active wire, and only while it sends nothing."""
    path = stage.directory / "announce.conf"
    path.write_text("[agent]\nannounce-again = 10\n")
    stage.start(options=("--config", path))
    stage.wait_active("primary")
    time.sleep(6)  # its own reports of groups
    wires = {wire: stage.capture(stage.outside, wire) for wire in ("st1", "pr1")}
    wait("RARP of a quiet pair", lambda: rarps(wires["pr1"].frames(outgoing=False)), 20)
    frames = wires["pr1"].frames(outgoing=False)
    check_equal(announced(frames), {"rarp"}, "announced of a quiet pair")
    check_equal(rarps(frames), 1, "RARP frames of a quiet pair")
    check_equal(rarps(wires["st1"].frames(outgoing=False)), 0, "RARP frames on the inactive wire")
    flow = Flow(stage.guest, stage.outside, OUTSIDE, 10)
    busy = stage.capture(stage.outside, "pr1")
    time.sleep(18)
    flow.stop()
    check_equal(rarps(busy.frames(outgoing=False)), 0, "RARP frames of a pair that sends")


main()
