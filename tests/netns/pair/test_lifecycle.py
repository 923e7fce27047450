#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The agent starts, ends, is killed and starts again; the operator commands; in the end nothing is
left.
"""

import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from announcements import announced  # noqa: E402
from rig import GUEST, OUTSIDE, case, check, check_equal, main, note, reachable, wait  # noqa: E402
from tools.rig.levels import quick  # noqa: E402


def programs(stage):
    """tcx programs at the pair's hooks: (st0 ingress, st0 egress, pr0 ingress)."""
    def count(device, direction):
        return bpf.attached(int(stage.guest.run(f"cat /sys/class/net/{device}/ifindex")), direction)
    return tuple(stage.guest.inside(lambda: count(*hook)) for hook in
                 (("st0", bpf.TCX_INGRESS), ("st0", bpf.TCX_EGRESS), ("pr0", bpf.TCX_INGRESS)))


def check_plain(stage):
    check(not stage.pins.exists(), "pins are left")
    check_equal(programs(stage), (0, 0, 0), "tcx programs left")
    check("clsact" not in stage.guest.run("tc qdisc show"), "a clsact qdisc is left")
    primary = stage.guest.run(
        "ip -d link show pr0; cat /proc/sys/net/ipv6/conf/pr0/disable_ipv6 /proc/sys/net/ipv4/conf/pr0/arp_ignore"
    )
    check(
        "NOARP" not in primary and "state DOWN" in primary and "promiscuity 0" in primary,
        f"the primary is not as it was: {primary}",
    )
    check(
        "addrgenmode eui64" in primary and primary.split()[-2:] == ["0", "0"],
        f"the primary is still silenced: {primary}",
    )


def lose_primary_without_agent(stage, script, netns=None):
    """kill -9 under load, then the primary goes: the check of each packet carries on alone."""
    out, inbound = stage.flows()
    time.sleep(0.2)
    stage.stop(signal.SIGKILL)
    check(not stage.status()["agent"], "status does not see that the agent is gone")
    time.sleep(0.5)
    dead = time.monotonic()
    check_equal(
        (out.lost(until=dead - 0.1), inbound.lost(until=dead - 0.1)), (0, 0),
        "lost (out, in) by killing the agent",
    )
    (netns or stage.guest).run(script)
    gone = time.monotonic()
    time.sleep(0.5)
    out.stop(), inbound.stop()
    note(f"lost without an agent: out {out.lost()}, in {inbound.lost()}")
    check_equal(out.lost(gone), 0, "lost outbound after the primary was gone")
    check(out.lost() <= 3, f"lost outbound: {out.lost()}")
    pair = stage.pair()
    check_equal((pair["active"], pair["switches"]), ("standby", 2), "(active, switches)")
    check_equal(pair["last_switch"]["cause"], "cannot send", "cause")
    check(pair["counters"]["tx_primary_refused_packets"] >= 1, "no packet was counted as refused")
    return pair


@case
@quick
def killed_agent_primary_deleted(stage):
    pair = lose_primary_without_agent(stage, "ip link delete pr0")
    check_equal((pair["primary"], pair["primary_state"]), (None, "absent"), "(primary, state)")


@case
@quick
def killed_agent_primary_set_down(stage):
    pair = lose_primary_without_agent(stage, "ip link set pr0 down")
    check_equal((pair["primary"], pair["primary_state"]), ("pr0", "down"), "(primary, state)")


@case
def killed_agent_carrier_lost(stage):
    lose_primary_without_agent(stage, "ip link set pr1 down", stage.outside)
    stage.outside.run("ip link set pr1 up")
    time.sleep(0.3)
    reachable(stage)
    check_equal(stage.pair()["active"], "standby", "only an agent goes back; active")
    stage.start()
    stage.wait_active("primary")
    reachable(stage)


@case
def restart_adopts(stage):
    reachable(stage)
    for number in (signal.SIGKILL, signal.SIGTERM):
        before, links, hooks = stage.pair(), stage.links(), programs(stage)
        out, inbound = stage.flows()
        stage.stop(number)
        time.sleep(0.2)
        stage.start()
        time.sleep(0.3)
        out.stop(), inbound.stop()
        after = stage.pair()
        check_equal(
            (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0),
            "lost and doubled",
        )
        check_equal((after["switches"], after["active"]), (1, "primary"), "(switches, active)")
        check(
            abs(after["last_switch"]["unix_ns"] - before["last_switch"]["unix_ns"]) < 1_000_000,
            "another last switch",
        )
        for name, value in before["counters"].items():
            check(
                after["counters"][name] >= value,
                f"{name} went back from {value} to {after['counters'][name]}",
            )
        check_equal(stage.links(), links, "links")
        check_equal(programs(stage), hooks, "programs at the hooks")
        check_equal(hooks, (1, 1, 1), "programs at the hooks")


@case
def primary_vanished_meanwhile(stage):
    """The switch that BPF made while no agent ran is announced by the next one."""
    stage.stop(signal.SIGKILL)
    stage.guest.run("ip link delete pr0")
    wire = stage.capture(stage.outside, "st1")
    stage.start()
    pair = stage.wait_active("standby")
    check_equal(
        (pair["primary_state"], pair["primary"], pair["switches"]), ("absent", None, 2),
        "(state, primary, switches)",
    )
    wait("announcements", lambda: announced(wire.frames(outgoing=False)) >= {GUEST, "rarp"})
    check_equal(
        [name for name in stage.links() if "primary" in name], [],
        "links of the primary that is gone",
    )
    stage.add_primary()
    stage.wait_active("primary")
    reachable(stage)


@case
def switch_without_agent_is_announced_later(stage):
    stage.stop(signal.SIGKILL)
    stage.guest.run("ip link delete pr0")
    out = stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    out.sendto(b"x", (OUTSIDE, 9))
    wait("BPF to switch", lambda: stage.pair()["active"] == "standby")
    wire = stage.capture(stage.outside, "st1")
    stage.start()
    wait("announcements", lambda: announced(wire.frames(outgoing=False)) >= {GUEST, "rarp"})
    check_equal(stage.pair()["switches"], 2, "switches")


@case
def primary_replaced_meanwhile(stage):
    stage.stop(signal.SIGKILL)
    stage.guest.run("ip link delete pr0")
    stage.add_primary()
    stage.start()
    wait("the new primary's program", lambda: programs(stage) == (1, 1, 1))
    stage.wait_active("primary")
    check_equal(len([name for name in stage.links() if "primary" in name]), 1, "links of primaries")
    reachable(stage)


@case
def standby_replaced_meanwhile(stage):
    stage.stop(signal.SIGKILL)
    stage.guest.run("ip link delete st0")
    stage.add_standby()
    stage.start()
    stage.wait_active("primary")
    check_equal(len(stage.status()["pairs"]), 1, "pairs")
    wait(
        "two links of standbys",
        lambda: len([name for name in stage.links() if "standby" in name]) == 2,
    )
    reachable(stage)


@case
def stopped_agent_leaves_the_path(stage):
    check_equal(stage.stop(), 0, "the agent's exit status")
    check_equal(stage.pair()["active"], "primary", "active")
    reachable(stage)
    reachable(stage, stage.outside, stage.guest, GUEST)
    stage.guest.run("ip link set pr0 down")
    reachable(stage)
    check("no agent is running" in stage.succeed("status"), "status does not say so")


@case
def switch_with_agent(stage):
    out, inbound = stage.flows()
    check(
        "active: standby, admin: standby" in stage.succeed("switch", "st0", "standby"), "the answer"
    )
    check_equal(
        (stage.pair()["active"], stage.pair()["last_switch"]["cause"]), ("standby", "operator"),
        "(active, cause)",
    )
    stage.succeed("switch", "st0", "primary")
    check_equal(
        (stage.pair()["active"], stage.pair()["admin"]), ("primary", "primary"), "(active, admin)"
    )
    stage.succeed("switch", "st0", "standby")
    stage.succeed("switch", "st0", "standby")
    stage.succeed("switch", "st0", "auto")
    check_equal(
        (stage.pair()["active"], stage.pair()["admin"]), ("primary", "auto"), "(active, admin)"
    )
    check_equal(stage.pair()["switches"], 5, "switches")
    time.sleep(0.2)
    out.stop(), inbound.stop()
    check_equal(
        (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0), "lost and doubled"
    )


@case
def standby_by_request_stays(stage):
    """Neither a new primary nor a new agent overrules the operator."""
    stage.succeed("switch", "st0", "standby")
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    stage.add_primary()
    stage.wait_state("ready")
    stage.stop(signal.SIGKILL)
    stage.start()
    time.sleep(0.5)
    check_equal(
        (stage.pair()["active"], stage.pair()["admin"]), ("standby", "standby"), "(active, admin)"
    )
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    done = stage.command("switch", "st0", "primary")
    check(
        done.returncode == 1 and "cannot carry traffic: it is absent" in done.stderr,
        f"without a primary: {done}",
    )
    stage.succeed("switch", "st0", "auto")
    stage.add_primary()
    stage.wait_active("primary")


@case
def switch_without_agent(stage):
    stage.stop(signal.SIGKILL)
    for wish, active in (
        ("standby", "standby"),
        ("primary", "primary"),
        ("standby", "standby"),
        ("auto", "primary"),
    ):
        check("not announced" in stage.succeed("switch", "st0", wish), "the answer")
        check_equal(
            (stage.pair()["active"], stage.pair()["admin"]), (active, wish), "(active, admin)"
        )
        reachable(stage)
    check_equal(stage.pair()["switches"], 5, "switches")


@case
def unload_with_agent(stage):
    out, inbound = stage.flows()
    time.sleep(0.2)
    stage.succeed("unload")
    check_equal(stage.agent.wait(10), 0, "the agent's exit status")
    check_plain(stage)
    time.sleep(0.5)
    out.stop(), inbound.stop()
    check_equal(
        (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0), "lost and doubled"
    )
    check_equal(stage.succeed("unload"), "nothing to unload\n", "a second unload")
    stage.start()
    stage.wait_active("primary")
    check_equal(stage.pair()["switches"], 1, "switches of a pair made again")


@case
def unload_without_agent(stage):
    stage.guest.run("ip link set st0 promisc on")
    wait(
        "promiscuity on the primary",
        lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
    )
    stage.guest.run("ip link set st0 promisc off")
    wait("promiscuity off again", lambda: "promiscuity 0" in stage.guest.run("ip -d link show pr0"))
    stage.stop(signal.SIGKILL)
    out, inbound = stage.flows()
    stage.succeed("unload")
    check_plain(stage)
    time.sleep(0.3)
    out.stop(), inbound.stop()
    check_equal(
        (out.lost(), inbound.lost(), out.copies, inbound.copies), (0, 0, 0, 0), "lost and doubled"
    )
    check_equal(stage.succeed("unload"), "nothing to unload\n", "a second unload")


def receive_more(stage):
    """The standby receives more than its own; so must the primary."""
    group = stage.guest.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    group.setsockopt(
        socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
        socket.inet_aton("239.1.2.3") + socket.inet_aton(GUEST),
    )
    stage.guest.run("ip link set st0 promisc on")
    wait(
        "promiscuity on the primary",
        lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
    )
    wait(
        "the group on the primary",
        lambda: "01:00:5e:01:02:03" in stage.guest.run("ip maddress show dev pr0"),
    )
    return group


def check_receives_no_more(stage):
    check(
        "promiscuity 0" in stage.guest.run("ip -d link show pr0"),
        "the primary is still promiscuous",
    )
    check(
        "01:00:5e:01:02:03" not in stage.guest.run("ip maddress show dev pr0"),
        "the group is still on the primary",
    )


@case
def unload_with_agent_undoes_filters(stage):
    group = receive_more(stage)
    stage.succeed("unload")
    check_receives_no_more(stage)
    group.close()


@case
def unload_without_agent_undoes_filters(stage):
    group = receive_more(stage)
    stage.stop(signal.SIGKILL)
    stage.succeed("unload")
    check_receives_no_more(stage)
    group.close()


@case
def restart_undoes_filters(stage):
    """What an earlier agent added for the standby goes when the standby needs it no more."""
    group = receive_more(stage)
    stage.stop(signal.SIGKILL)
    stage.start()
    group.close()
    stage.guest.run("ip link set st0 promisc off")
    wait("promiscuity off again", lambda: "promiscuity 0" in stage.guest.run("ip -d link show pr0"))
    wait(
        "the group gone",
        lambda: "01:00:5e:01:02:03" not in stage.guest.run("ip maddress show dev pr0"),
    )


@case
def unload_without_primary(stage):
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    stage.succeed("unload")
    stage.agent.wait(10)
    stage.add_primary()
    check_plain(stage)
    reachable(stage)


@case(agent=False)
def status_without_anything(stage):
    done = stage.command("status")
    check_equal((done.returncode, done.stdout), (1, ""), "(status, output)")
    check(done.stderr.startswith("vfsteer: status: nothing is pinned"), f"message: {done.stderr}")
    check_equal(stage.succeed("unload"), "nothing to unload\n", "unload")


main()
