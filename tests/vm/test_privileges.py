#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The agent works, in every kernel, with the four capabilities that it leaves itself: no protection
is lost and no packet, and no root qdisc bypassed.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from stage import case, check, check_equal, figures, main, program  # noqa: E402

QDISC_MODULES = ("sch_tbf", "sch_htb", "sch_sfq", "sch_cake", "sch_codel", "cls_fw", "cls_cgroup")
GUESTS = {
    kernel: {
        "kernel": kernel,
        "more_modules": QDISC_MODULES,
        "prepare": lambda: {"extra": {"paced": program("paced")}},
    }
    for kernel in ("6.12", "6.1", "sid")
}
LATER = [
    ("full", "6.12/unplug-and-plug", "hotplug 6.12-acpi, whose agent has the same capabilities"),
    ("full", "6.12/restart-adopts", "netns privileges and lifecycle restart-adopts"),
    ("full", "6.12/root-qdiscs-as-on-the-standby", "6.12/pacing-holds; netns qdiscs"),
    *(
        (
            "full",
            f"{kernel}/*",
            f"the same case on 6.12; hotplug {kernel}-acpi, whose agent has the same capabilities",
        )
        for kernel in ("6.1", "sid")
    ),
]

# CAP_NET_ADMIN 12, CAP_NET_RAW 13, CAP_PERFMON 38, CAP_BPF 39 (linux/capability.h)
FOUR = "000000c000003000"
REALTIME_ROUND_ROBIN = "2"  # SCHED_RR, the 41st field of /proc/PID/stat (proc(5))
LIVENESS = {"6.1": "kept by the watch programs"}  # no kfuncs


def values(guest, field):
    """What each thread of the agent has in a field of its status."""
    return guest.check(f"grep -h ^{field}: /proc/{guest.agent.pid}/task/*/status | cut -f2").split()


@case()
def four_capabilities(guest):
    threads = len(values(guest, "CapEff"))
    check(threads > 1, "the announcer has no thread")
    for field, expected in (
        ("CapPrm", FOUR),
        ("CapEff", FOUR),
        ("CapBnd", FOUR),
        ("CapInh", "0" * 16),
        ("CapAmb", "0" * 16),
        ("NoNewPrivs", "1"),
    ):
        check_equal(values(guest, field), [expected] * threads, f"{field} of each thread")
    policies = guest.check(f"cut -d' ' -f41 /proc/{guest.agent.pid}/task/*/stat").split()
    check_equal(
        policies.count(REALTIME_ROUND_ROBIN), threads - 1, f"realtime threads, of {policies}"
    )
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


# As tc takes them after "root handle 1:"; those that this kernel or Debian 12's tc does not know
# would fail, and none does.
QDISCS = (
    "fq flow_limit 50 maxrate 800mbit quantum 4000 horizon 5s nopacing",
    "fq_codel limit 500 target 7ms interval 90ms flows 512 quantum 2000 ce_threshold 3ms noecn",
    "tbf rate 123mbit burst 1540 latency 30ms",
    "tbf rate 40gbit burst 200k limit 1m peakrate 45gbit mtu 64k",
    "pfifo limit 77",
    "bfifo limit 77000",
    "sfq quantum 3000 perturb 9 limit 100 depth 30 headdrop",
    "codel limit 300 target 4ms interval 70ms ecn",
    "cake bandwidth 99mbit diffserv4 nat wash overhead 20 mpu 64 rtt 80ms",
    "cake unlimited raw besteffort",
    "netem limit 900 delay 3ms 1ms 25% loss 1% 20% duplicate 0.5% reorder 10% rate 30mbit",
    "prio bands 4 priomap 0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3",
)
# Classes, qdiscs below them, and filters of each kind.
CLASSFUL = """
tc class add dev $1 parent 1: classid 1:1 htb rate 50gbit ceil 60gbit burst 1m cburst 2m
tc class add dev $1 parent 1:1 classid 1:10 htb rate 5mbit ceil 9mbit prio 2 quantum 3000 overhead 8 mpu 64
tc class add dev $1 parent 1:1 classid 1:20 htb rate 7mbit linklayer atm
tc qdisc add dev $1 parent 1:10 handle 10: netem delay 1ms
tc qdisc add dev $1 parent 10: handle 100: fq_codel
tc filter add dev $1 parent 1: protocol ip prio 4 u32 match ip dst 10.0.0.0/8 match ip dport 5 0xffff flowid 1:10
tc filter add dev $1 parent 1: protocol ip prio 1 u32 match ip tos 4 0xff flowid 1:20
tc filter add dev $1 parent 1: protocol all prio 7 handle 0x5/0xff fw classid 1:20
tc filter add dev $1 parent 1: protocol ipv6 prio 8 flower ip_proto udp dst_port 53 classid 1:10
tc filter add dev $1 parent 1: protocol all prio 9 handle 1: cgroup
tc filter add dev $1 parent 1: protocol arp prio 10 matchall classid 1:10
tc filter add dev $1 parent 1:1 protocol ip prio 2 u32 match ip protocol 1 0xff flowid 1:20
"""
# A guest's own script: what tc shows of the standby ($1) until it shows the same of the primary
# ($2), or says how it differs. The numbers of u32's tables, and how often a device counts its
# qdisc, are the kernel's.
COMPARE = """
show() {
    { tc qdisc show dev $1; [ ! "$classes" ] || tc class show dev $1; [ ! "$classes" ] || tc filter show dev $1; [ ! "$classes" ] || tc filter show dev $1 parent 1:1; } |
        grep -v 'clsact\\|ht divisor' | sed 's/ dev [^ ]*//; s/refcnt [0-9]*//; s/fh 8[^ ]*//; s/ht 8[^ ]*//; s/order [0-9]*//; s/seed [0-9]*//; s/in_hw_count [0-9]*//' | sort
}
same() { for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.3; [ "$(show $1)" = "$(show $2)" ] && return; done
    echo "differs: $3"; show $1 >/tmp/a; show $2 >/tmp/b; diff /tmp/a /tmp/b; }
"""


@case("6.12")
def root_qdiscs_as_on_the_standby(guest):
    """Each kind that is copied, with options that are not its own: tc shows the same of both
    devices.
    """
    standby, primary = guest.lab.netdev("sb"), guest.lab.netdev("vf")
    # Each with a number of its own, for it to be a new one.
    steps = "\n".join(
        f"tc qdisc replace dev $1 root handle {number}: {qdisc} || echo 'refused: {qdisc}'; same $1 $2 '{qdisc}'"
        for number, qdisc in enumerate(QDISCS, 2)
    )
    script = f"set -- {standby} {primary}\n{COMPARE}{steps}\ntc qdisc replace dev $1 root handle 1: htb default 20 direct_qlen 300{CLASSFUL}classes=1; same $1 $2 htb"
    guest.lab.vm.check(f"cat >/tmp/qdiscs.sh <<'END'\n{script}\nEND")
    said = guest.check("sh /tmp/qdiscs.sh 2>&1", timeout=180)
    check_equal([line for line in said.splitlines() if "quantum of class" not in line], [], said)
    guest.check(f"tc qdisc del dev {standby} root")
    guest.wait_active("primary")
    return f"{len(QDISCS)} and htb"


@case("6.12")
def pacing_holds(guest):
    """A socket that asks fq for 0.4 Mbit/s: in a second that much and what its buffer holds, far
    less than the slowest machine sends unpaced.
    """
    standby, peer = guest.lab.netdev("sb"), guest.lab.pairs[0].peer_v4
    free = int(guest.check(f"paced {peer} 50000"))
    guest.check(f"tc qdisc replace dev {standby} root fq")
    guest.lab.vm.wait_for(
        f"vfsteer status {standby} | grep -q 'root qdisc: fq, on the primary'", 20
    )
    guest.wait_active("primary")
    paced = int(guest.check(f"paced {peer} 50000"))
    guest.check(f"tc qdisc del dev {standby} root")
    check(
        paced <= 250000 and free >= 2 * paced,
        f"{paced} bytes in a second with pacing, {free} without",
    )
    return f"{paced * 8 / 1e6:.1f} Mbit/s, {free * 8 / 1e6:.1f} without fq"


@case("6.12")
def backlog_drops_are_the_pairs(guest):
    """What a CPU's backlog has no room for on its way to the standby is lost, and counted to the
    packet.
    """
    check(
        json.loads(guest.check("vfsteer status --json"))["backlog_drops_counted"],
        "they are not counted",
    )
    before = guest.pair()["counters"]["drop_backlog_packets"]
    result = guest.measure(lambda: guest.check("""
        cd /proc/sys/net/core; room=$(cat netdev_max_backlog); echo 0 >netdev_max_backlog; sleep 1; echo $room >netdev_max_backlog"""), rate=6000)
    counted = guest.pair()["counters"]["drop_backlog_packets"] - before
    check_equal(counted, result["in"]["lost"], f"counted, lost of {result['in']['sent']}")
    check(
        counted > 0 and result["out"]["lost"] == 0,
        lambda: f"nothing was dropped, or outbound: {figures(result)}",
    )
    check(
        "raise net.core.netdev_max_backlog" in guest.check("vfsteer status"),
        "status does not say so",
    )
    return figures(result)


if __name__ == "__main__":
    main(GUESTS, later=LATER)
