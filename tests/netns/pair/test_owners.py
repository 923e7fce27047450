#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Who else owns the primary: masters, addresses, managers that match by MAC, and programs that undo
what keeps it silent.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import (  # noqa: E402
    GUEST, GUEST6, MAC, OUTSIDE, OUTSIDE6, Skip, case, check, check_equal, main, reachable, wait,
)

CONF = "/proc/sys/net/ipv{}/conf/pr0/{}"
MANAGER = "by MAC"


def settings(stage):
    """What vfsteer changes on a primary."""
    return (
        stage.guest.run("ip -o link show pr0 2>/dev/null | grep -o '<.*>'").strip(),
        stage.guest.run("tc filter show dev pr0 ingress").strip(),
        stage.guest.run(
            "cat "
            + " ".join(
                [
                    CONF.format(6, key)
                    for key in ("disable_ipv6", "addr_gen_mode", "accept_ra", "autoconf")
                ]
                + [CONF.format(4, key) for key in ("arp_ignore", "arp_notify")]
            )
        ).split(),
        [link for link in stage.links() if "primary" in link],
    )


def silent(stage):
    flags, _, values, _ = settings(stage)
    return "NOARP" in flags and values == ["1", "1", "0", "0", "8", "0"]


def addresses(stage, device="pr0"):
    return [
        part
        for part in stage.guest.run(f"ip -o address show dev {device} scope global").split()
        if "/" in part
    ]


def reason(stage, device="pr0"):
    return {other["device"]: other["reason"] for other in stage.pair()["not_used"]}.get(device)


def wait_rejected(stage, word, device="pr0"):
    wait(f"{device}: {word}", lambda: reason(stage, device) == word)
    pair = stage.pair()
    check_equal((pair["primary"], pair["active"]), (None, "standby"), "primary and active")
    return next(other["text"] for other in pair["not_used"] if other["device"] == device)


def lines(stage, text):
    return [line for line in stage.log.read_text().splitlines() if text in line]


QUIET = "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"


def check_none_lost(flows):
    time.sleep(0.3)
    check_equal([flow.stop().lost() for flow in flows], [0, 0], "lost")


def both_ways(stage):
    reachable(stage)
    reachable(stage, stage.outside, stage.guest, GUEST)
    reachable(stage, to=OUTSIDE6)


@case(agent=False)
def an_address_at_first_start(stage):
    """A guest that runs on its VF adopts vfsteer: the VF is left alone, and the log says what to
    do.
    """
    stage.guest.run(
        "ip address flush dev st0; ip link set pr0 up; ip address add 10.77.0.1/24 dev pr0"
    )
    wait("carrier", lambda: "LOWER_UP" in stage.guest.run("ip link show pr0"))
    before = settings(stage)
    reachable(stage)
    stage.start()
    text = wait_rejected(stage, "has addresses")
    check(
        "10.77.0.1/24" in text
        and "ip address del 10.77.0.1/24 dev pr0; ip address add 10.77.0.1/24 dev st0" in text,
        text,
    )
    check_equal(len(lines(stage, text)), 1, "log lines")
    check_equal(settings(stage), before, "pr0 was changed")
    reachable(stage)
    reachable(stage, stage.outside, stage.guest, GUEST)
    stage.guest.run("ip address del 10.77.0.1/24 dev pr0; ip address add 10.77.0.1/24 dev st0")
    stage.wait_active("primary")
    check(silent(stage), lambda: f"pr0 is not silent: {settings(stage)}")
    reachable(stage)


@case
def an_address_of_its_own_in_use(stage):
    """It has a foreign owner now: the pair steps off it, and takes back what it did to it."""
    # With IPv6 the device speaks for itself again (MLD, DAD), with the pair's MAC: the network may
    # take a frame to it until the standby has sent the next.
    stage.guest.run(QUIET)
    flows = stage.flows()
    stage.guest.run("ip address add 10.78.0.1/24 dev pr0")
    wait_rejected(stage, "has addresses")
    check_equal(stage.pair()["last_switch"]["cause"], "in somebody else's use", "cause")
    check_none_lost(flows)
    flags, filters, values, links = settings(stage)
    check("NOARP" not in flags and "UP" in flags, flags)
    check_equal(
        (filters, values, links), ("", ["1", "0", "0", "1", "0", "0"], []), "what is left on pr0"
    )
    check_equal(addresses(stage), ["10.78.0.1/24"], "addresses of pr0")
    stage.guest.run("ip address del 10.78.0.1/24 dev pr0")
    stage.wait_active("primary")
    both_ways(stage)


@case
def the_standbys_address_in_use(stage):
    """As a network manager that matches by MAC sets it: taken from the primary, with a line."""
    for _ in range(2):
        stage.guest.run(
            f"ip address add {GUEST}/24 dev pr0; ip route add 10.99.0.0/24 via {OUTSIDE} dev pr0 2>/dev/null || true"
        )
        wait("the address to be taken", lambda: not addresses(stage))
        check("pr0" not in stage.guest.run("ip route show"), "routes over pr0")
        check(silent(stage), "pr0 is not silent")
        both_ways(stage)
    check_equal(
        (stage.pair()["active"], stage.pair()["switches"]), ("primary", 1), "active and switches"
    )
    told = lines(stage, MANAGER)
    check(told and GUEST in told[0] and "pr0" in told[0] and "Unmanaged=yes" in told[0], told)
    check_equal(len(told), 1, "lines")


@case(agent=False)
def the_standbys_address_at_the_start(stage):
    """With its route first, as a VF that the kernel found first has it."""
    stage.guest.run(f"""
        ip link set st0 down; ip link set pr0 up
        ip address add {GUEST}/24 dev pr0; ip address add {GUEST6}/64 dev pr0 nodad
        ip link set st0 up; ip address replace {GUEST}/24 dev st0; ip address replace {GUEST6}/64 dev st0 nodad
        ip route add 10.99.0.0/24 via {OUTSIDE} dev pr0""")
    check("dev pr0" in stage.guest.run(f"ip route get {OUTSIDE}"), "the route")
    stage.start()
    stage.wait_active("primary")
    check_equal(addresses(stage), [], "addresses of pr0")
    check("pr0" not in stage.guest.run("ip route show; ip -6 route show"), "routes over pr0")
    both_ways(stage)
    check_equal(len(lines(stage, MANAGER)), 1, "lines")


@case
def while_no_agent_ran(stage):
    """What was put on the primary meanwhile is dealt with by the next agent."""
    stage.guest.run(QUIET)
    stage.stop()
    stage.guest.run(
        f"ip address add {GUEST}/24 dev pr0; ip link set pr0 arp on; echo 0 >{CONF.format(6, 'disable_ipv6')}"
    )
    stage.start()
    wait("silence", lambda: silent(stage) and not addresses(stage))
    check_equal((stage.wait_active("primary")["switches"]), 1, "switches")
    both_ways(stage)
    stage.stop()
    stage.guest.run("ip address add 10.78.0.1/24 dev pr0")
    stage.start()
    wait_rejected(stage, "has addresses")
    check("NOARP" not in settings(stage)[0], "ARP is off")
    both_ways(stage)


@case(agent=False)
def a_master_from_the_start(stage):
    stage.guest.run(
        "ip link add br9 type bridge; ip link set pr0 master br9; ip link set br9 up; ip link set pr0 up"
    )
    before = settings(stage)
    stage.start()
    text = wait_rejected(stage, "has a master")
    check("br9" in text and "ip link set pr0 nomaster" in text, text)
    check_equal(settings(stage), before, "pr0 was changed")
    stage.guest.run("ip link set pr0 nomaster")
    stage.wait_active("primary")


@case
def enslaved_in_use(stage):
    stage.guest.run(QUIET)
    flows = stage.flows()
    stage.guest.run("ip link add br9 type bridge; ip link set pr0 master br9")
    wait_rejected(stage, "has a master")
    check_none_lost(flows)
    check("NOARP" not in settings(stage)[0] and not settings(stage)[3], f"left: {settings(stage)}")
    check("br9" in lines(stage, "not used")[0], "no line")
    stage.guest.run("ip link set pr0 nomaster")
    stage.wait_active("primary")
    both_ways(stage)


def upper(kind, device="pr0"):
    """The commands for a device up0 above @device."""
    return f"ip link add up0 link {device} type {kind} mode bridge; ip address add 10.78.0.1/24 dev up0; ip link set up0 up"


@case(agent=False)
def a_device_above_from_the_start(stage):
    """A container's macvlan, a guest's macvtap: what the VF receives is theirs. VLANs and ipvlans
    are in tests/unit.
    """
    for kind in ("macvlan", "macvtap"):
        stage.guest.run(f"ip link set pr0 up; {upper(kind)}")
        before = settings(stage)
        stage.start()
        text = wait_rejected(stage, "has a device on it")
        check(
            f"the {kind} up0 on it" in text and "ip link delete up0" in text and "st0" in text,
            text,
        )
        check_equal(len(lines(stage, text)), 1, "log lines")
        check_equal(settings(stage), before, f"{kind}: pr0 was changed")
        stage.guest.run("ip link delete up0")
        stage.wait_active("primary")
        both_ways(stage)
        stage.succeed("unload")
        stage.agent.wait(10)


@case
def a_device_above_in_use(stage):
    stage.guest.run(QUIET)
    stage.outside.run("ip address add 10.78.0.2/24 dev br0")
    flows = stage.flows()
    stage.guest.run(upper("macvlan"))
    wait_rejected(stage, "has a device on it")
    check_equal(stage.pair()["last_switch"]["cause"], "in somebody else's use", "cause")
    check_none_lost(flows)
    check(
        "NOARP" not in settings(stage)[0] and not settings(stage)[3],
        lambda: f"left: {settings(stage)}",
    )
    reachable(stage, to="10.78.0.2")
    stage.guest.run("ip link delete up0")
    stage.wait_active("primary")
    both_ways(stage)


@case
def a_device_above_the_standby(stage):
    """Is as good as any address there."""
    stage.outside.run("ip address add 10.78.0.2/24 dev br0")
    stage.guest.run(upper("macvlan", "st0"))
    reachable(stage, to="10.78.0.2")
    check_equal(
        (stage.pair()["active"], stage.pair()["switches"]), ("primary", 1), "active and switches"
    )


@case(agent=False)
def both_in_one_team(stage):
    """As both slaves of a bond."""
    stage.guest.run("""
        ip address flush dev st0
        ip link add br9 type bridge; ip link set br9 up
        ip link set st0 master br9; ip link set pr0 up master br9""")
    before = settings(stage)
    stage.start()
    text = wait_rejected(stage, "has a master")
    check("st0" in text and "both" in text, text)
    check_equal(settings(stage), before, "pr0 was changed")


@case
def silence_is_kept(stage):
    for change in (
        "ip link set pr0 arp on",
        f"echo 0 >{CONF.format(6, 'disable_ipv6')}",
        f"echo 0 >{CONF.format(6, 'addr_gen_mode')}; echo 0 >{CONF.format(6, 'disable_ipv6')}",
    ):
        stage.guest.run(change)
        check(not silent(stage) or lines(stage, "again"), f"{change}: nothing changed")
        wait(f"silence after {change}", lambda: silent(stage))
    check_equal(
        (stage.pair()["active"], stage.pair()["switches"]), ("primary", 1), "active and switches"
    )
    check("ARP" in lines(stage, "again on pr0")[0], "no line about ARP")
    check(any("IPv6" in line for line in lines(stage, "again on pr0")), "no line about IPv6")
    both_ways(stage)


@case
def a_foreign_owner_insists(stage):
    """There is no fight: after some rounds the primary is theirs."""
    # Each round only when the last was undone.
    for _ in range(12):
        stage.guest.run("ip link set pr0 arp on")
        wait("an answer", lambda: silent(stage) or reason(stage) == "contested")
        if reason(stage) == "contested":
            break
    text = wait_rejected(stage, "contested")
    check("pr0" not in text or text, text)
    check_equal(len(lines(stage, text)), 1, "lines")
    time.sleep(0.3)
    flags, filters, values, links = settings(stage)
    check("NOARP" not in flags, "the fight goes on")
    check_equal(
        (filters, values, links), ("", ["0", "0", "0", "1", "0", "0"], []), "what is left on pr0"
    )
    both_ways(stage)
    check_equal(reason(stage), "contested", "reason")
    stage.guest.run("ip link delete pr0")
    stage.add_primary()
    stage.wait_active("primary")


@case(agent=False)
def the_kernels_own_addresses(stage):
    """A link-local address and one from a router's advertisement are not the configuration of an
    owner.
    """
    stage.guest.run(
        "ip link set pr0 up; ip address add fd77::76:66ff:fe00:1/64 dev pr0 valid_lft 600 preferred_lft 600 nodad"
    )
    wait("a link-local address", lambda: "fe80::" in stage.guest.run("ip -6 address show dev pr0"))
    stage.start()
    stage.wait_active("primary")
    check(silent(stage), lambda: f"{settings(stage)}")
    both_ways(stage)


NETWORKD = "/lib/systemd/systemd-networkd"
# As netplan writes it by default; no udev runs here that would mark the devices it is done with.
MATCHES_BY_MAC = f"""
    mount -t tmpfs tmpfs /etc/systemd/network; mount -t tmpfs tmpfs /run; mkdir -p /run/udev/data
    for link in /sys/class/net/*; do echo I:1 >/run/udev/data/n$(cat $link/ifindex); done
    printf '[Match]\\nMACAddress={MAC}\\n[Network]\\nAddress={GUEST}/24\\nAddress={GUEST6}/64\\nGateway={OUTSIDE}\\n' >/etc/systemd/network/10-pair.network
    exec {NETWORKD}"""


def check_settled(stage):
    stage.wait_active("primary", timeout=20)
    wait("no address on pr0", lambda: not addresses(stage), 20)
    time.sleep(2)
    check_equal(addresses(stage), [], "addresses of pr0")
    check(
        "pr0" not in stage.guest.run("ip route show; ip -6 route show | grep -v multicast"),
        "routes over pr0",
    )
    check(silent(stage), lambda: f"pr0 is not silent: {settings(stage)}")
    both_ways(stage)


@case(agent=False)
def networkd_matches_by_mac(stage):
    """The real one: started after vfsteer, and before it."""
    if not os.path.exists(NETWORKD):
        raise Skip(f"{NETWORKD} is not there: install systemd")
    stage.start()
    stage.wait_active("primary")
    with open(stage.directory / "networkd", "w") as log:
        def networkd():
            return stage.guest.popen(
                ["unshare", "-m", "sh", "-c", MATCHES_BY_MAC], stdout=log, stderr=log
            )
        manager = networkd()
        try:
            wait("its address and ours", lambda: lines(stage, MANAGER), 20)
            check_settled(stage)
            check_equal(len(lines(stage, MANAGER)), 1, "lines")
            manager.terminate()
            manager.wait(10)
            stage.succeed("unload")
            stage.agent.wait(10)
            stage.guest.run("ip link set pr0 up")
            manager = networkd()
            wait(
                "the address on both",
                lambda: f"{GUEST}/24" in addresses(stage)
                and "default" in stage.guest.run("ip route show dev pr0"),
                20,
            )
            stage.start()
            check_settled(stage)
            check_equal(len(lines(stage, MANAGER)), 2, "lines")
        finally:
            manager.kill()
            manager.wait()


@case
def unload_leaves_it_up(stage):
    """It has had a foreign owner since the agent was killed: its program and settings go, and it is
    not set down.
    """
    stage.guest.run(QUIET)
    for change, undo in (
        (
            "ip link add br9 type bridge; ip link set br9 up; ip link set pr0 master br9",
            "ip link delete br9",
        ),
        (upper("macvlan"), "ip link delete up0"),
    ):
        stage.stop(9)
        stage.guest.run(change)
        stage.succeed("unload")
        flags, filters, values, _ = settings(stage)
        check("UP" in flags and "NOARP" not in flags, f"{change}: flags: {flags}")
        check_equal(
            (filters, values), ("", ["1", "0", "0", "1", "0", "0"]),
            f"{change}: what is left on pr0",
        )
        stage.guest.run(undo)
        stage.start()
        stage.wait_active("primary")


@case
def given_back_when_the_standby_is_gone(stage):
    stage.guest.run(f"{QUIET}; ip link delete st0")
    wait(
        "pr0 to be given back", lambda: "NOARP" not in settings(stage)[0] and not settings(stage)[3]
    )
    check("UP" in settings(stage)[0], "pr0 is down")
    check_equal(settings(stage)[2], ["1", "0", "0", "1", "0", "0"], "what is left on pr0")


main()
