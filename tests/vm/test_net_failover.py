#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Guests of QEMU's failover=on: the kernel's net_failover master owns the addresses, and vfsteer
makes it lossless.

The same events as of a plain pair (test_hotplug.py), at 2,000 packets a second each way. The kernel
opens the VF itself when it comes: so it is not silent before it is ready, and nothing is asked of
that.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

import events  # noqa: E402
from events import unplugged  # noqa: E402
from stage import KERNELS, case, check, check_equal, check_lossless, main  # noqa: E402

GUESTS = {f"{kernel}-net_failover": {"kernel": kernel, "failover": True} for kernel in KERNELS}
GUESTS |= {"6.12-mixed": {"kernel": "6.12", "pairs": 2, "failover": (1,)},
           "6.12-pciehp": {"kernel": "6.12", "failover": True, "hotplug": "pciehp"},
           "6.12-held": {"kernel": "6.12", "failover": True, "hotplug": "pciehp"}}
LATER = [
    *(
        (
            "full",
            f"{kernel}-net_failover/{name}",
            f"6.12-net_failover/{name}, and unplug and plug on this kernel",
        )
        for kernel in KERNELS[1:]
        for name in (
            "driver-unbind-and-bind",
            "set-down-and-up",
            "silent-guest",
            "agent-killed",
            "ipv6",
            "unload",
            "migration-fails",
            "standby-without-carrier",
        )
    ),
    *(
        ("full", f"{kernel}-net_failover/is-a-pair-of-its-own-kind", "the same case on 6.12")
        for kernel in KERNELS[1:]
    ),
    (
        "full",
        "6.12-net_failover/driver-unbind-and-bind",
        "6.12-net_failover/unplug and set-down-and-up; hotplug 6.12-acpi/driver-unbind-and-bind",
    ),
    (
        "full",
        "6.12-net_failover/silent-guest",
        "6.12-net_failover/unplug and plug; hotplug 6.12-acpi/silent-guest",
    ),
    ("full", "6.12-net_failover/ipv6", "6.12-net_failover/unplug and plug; netns frames (IPv6)"),
    ("full", "6.12-net_failover/migration-fails", "6.12-net_failover/unplug and plug"),
    ("full", "6.12-net_failover/migration-cancelled", "6.12-net_failover/unplug and plug"),
    (
        "full",
        "6.12-net_failover/standby-without-carrier",
        "traffic 6.12/standby-without-link; unit policy",
    ),
    (
        "full",
        "6.12-mixed/*",
        "6.12-net_failover and hotplug 6.12-acpi, each alone; storms two-pairs",
    ),
    (
        "full",
        "6.12-pciehp/*",
        "6.12-net_failover/unplug; hotplug 6.12-pciehp/removal-that-never-comes",
    ),
    ("full", "6.12-held/*", "6.12-net_failover/unplug"),
]


@case("*-net_failover")
def is_a_pair_of_its_own_kind(guest):
    """The master is the owner, the virtio-net device below it the standby; each of the names of the
    two names the pair.
    """
    pair, main = guest.pair(), guest.lab.main()
    check_equal((pair["owner"], pair["kind"]), (main, "net_failover"), "owner and kind")
    check_equal(
        (pair["standby"], pair["primary"]), (guest.lab.netdev("sb"), guest.lab.netdev("vf")),
        "standby and primary",
    )
    for name in (main, guest.lab.netdev("sb")):
        said = json.loads(guest.check(f"vfsteer status --json {name}"))["pairs"]
        check_equal(
            [one["owner"] for one in said], [main], f"owners of the pairs that {name} names"
        )
    guest.check(f"vfsteer switch {main} standby")
    guest.wait_active("standby")
    guest.check(f"vfsteer switch {guest.lab.netdev('sb')} auto")
    guest.wait_active("primary")
    return guest.check("vfsteer status").splitlines()[0]


case("*-net_failover", "6.12-pciehp")(events.unplug)
for _event in (
    events.driver_unbind_and_bind,
    events.set_down_and_up,
    events.silent_guest,
):
    case("*-net_failover")(_event)


@case("*-net_failover", "6.12-pciehp")
def plug(guest):
    unplugged(guest)
    text = guest.survive(guest.lab.plug_vf, lambda: unplugged(guest), noted="plug")
    guest.wait_active("primary")
    return text


@case("*-net_failover")
def ipv6(guest):
    text = guest.survive(
        guest.lab.unplug_vf, lambda: (guest.lab.plug_vf(), guest.wait_active("primary")), "unplug",
        family=6,
    )
    guest.wait_active("standby")
    text += ", " + guest.survive(guest.lab.plug_vf, lambda: unplugged(guest), "plug", family=6)
    guest.wait_active("primary")
    return text


@case("6.*-net_failover")
def agent_killed(guest):
    """kill -9, an unplug and a plug that no agent sees, then an agent that finds it all again."""
    def kill():
        guest.check(f"kill -9 {guest.agent.pid}")

    texts = [guest.survive(kill, None, "kill -9")]
    check(not guest.agent.running(), "the agent runs on")
    check_equal(guest.pair()["active"], "primary", "active after the kill")
    texts.append(guest.survive(guest.lab.unplug_vf, None, "unplug without it"))
    check_equal(guest.pair()["active"], "standby", "active after the unplug")
    texts.append(guest.survive(guest.lab.plug_vf, None, "plug without it"))
    check_equal(guest.pair()["active"], "standby", "active after the plug")
    # Loading programs is slow under emulation, the slower the more traffic there is.
    texts.append(guest.survive(guest.start_agent, None, "restart", rate=500))
    check(
        "adopted" in guest.log(), lambda: f"the agent says nothing of adopted pins: {guest.log()}"
    )
    guest.wait_active("primary")
    texts.append(
        guest.survive(lambda: (kill(), guest.start_agent()), None, "kill -9 and restart", rate=500)
    )
    check_equal(guest.pair()["active"], "primary", "active after the restart")
    return ", ".join(texts)


@case("*-net_failover")
def migration_fails(guest):
    """QEMU unplugs the VF, waits for the guest, and plugs it back when there is no destination."""
    switches = f"vfsteer status --json {guest.lab.netdev('sb')} | grep -o '\"switches\":[0-9]*' | cut -d: -f2"

    def migrate():
        # The VF may be back before the test has looked.
        before = guest.pair()["switches"]
        guest.lab.vm.qmp("migrate", uri="exec:exit 1")
        guest.lab.vm.wait_for(f"[ $({switches}) -ge {before + 2} ]", 40)
        guest.wait_active("primary")

    text = guest.survive(migrate, migrate, "failed migration")
    check(guest.pair()["primary"], "no primary after it")
    return text


@case("6.12-net_failover")
def migration_cancelled(guest):
    """The VF is gone and the destination takes nothing: QEMU plugs the VF back when it is asked to
    give up.
    """
    def cancelled():
        guest.lab.vm.qmp("migrate_cancel")
        guest.lab.wait_vf(timeout=40)

    def migrate():
        # QEMU has given up when that has ended.
        guest.lab.vm.qmp("migrate", uri="exec:exec sleep 20")
        guest.wait_active("standby", timeout=40)

    texts = [guest.survive(migrate, None, "migration")]
    texts.append(guest.survive(cancelled, None, "cancelled"))
    guest.wait_active("primary")
    check(guest.pair()["primary"], "no primary after it")
    return ", ".join(texts)


@case("6.12-held")
def migration_that_the_guest_holds_up(guest):
    """The guest does not see the unplug that QEMU waits for: the pair stays where it is, also when
    the migration is cancelled. Then it sees it, and QEMU does not plug the VF back: nothing is lost
    all the same.
    """
    port = guest.lab.slot("vf")
    drivers = "/sys/bus/pci_express/drivers/pciehp"
    service = next(
        one for one in guest.check(f"ls {drivers}").split() if one.startswith(port)
    )

    def state():
        return guest.lab.vm.qmp("query-migrate")["status"]

    def until(wanted):
        deadline = time.monotonic() + 60
        while state() != wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        check_equal(state(), wanted, "the migration's state")

    def migrate():
        guest.check(f"echo {service} >{drivers}/unbind")
        guest.lab.vm.qmp("migrate", uri="exec:exec cat >/dev/null")
        until("wait-unplug")
        time.sleep(1)
        guest.lab.vm.qmp("migrate_cancel")

    text = guest.survive(migrate, None, "held up and cancelled")
    until("cancelled")
    pair = guest.pair()
    check_equal(
        (pair["active"], pair["primary_state"]), ("primary", "ready"), "the pair afterwards"
    )

    def seen():
        guest.check(f"echo {service} >{drivers}/bind")
        guest.wait_active("standby", timeout=20)
        guest.lab.vm.wait_for(f"! ls {guest.lab.netdevs('vf')}", 20)

    return f"{text}, {guest.survive(seen, None, 'unplugged late')}"


case("6.12-pciehp")(events.removal_that_never_comes)


@case("*-net_failover")
def standby_without_carrier(guest):
    """As net_failover's documentation sets a guest up: what is sent goes over the VF, and status
    says that there is nothing else.
    """
    standby = guest.lab.netdev("sb")

    def lose():
        guest.lab.set_link("sb0", False)
        guest.lab.vm.wait_for(f"grep -q 0 /sys/class/net/{standby}/carrier")

    try:
        text = guest.survive(lose, None, "standby's link down")
        said = guest.check("vfsteer status")
        check(
            f"{standby} has no carrier" in said and "domif-setlink" in said,
            lambda: f"status does not say it: {said}",
        )
        check_equal(guest.pair()["active"], "primary", "active")
    finally:
        guest.lab.set_link("sb0", True)
    guest.lab.vm.wait_for(f"grep -q 1 /sys/class/net/{standby}/carrier")
    return f"{text}, {guest.survive(guest.lab.unplug_vf, None, 'unplug with it up again')}"


@case("6.12-net_failover")
def unicast_that_no_program_counts(guest):
    """`status` has the kernel's counter of the primary. The path check sees unicast come: it asks
    no neighbour then. When none comes any more, it finds that the primary leads nowhere.
    """
    before, capture = guest.pair()["counters"]["rx_primary_packets"], guest.lab.capture_vf()
    result = guest.measure()
    asked = [frame for frame in capture.stop() if frame.ethertype == events.ARP]
    received = guest.pair()["counters"]["rx_primary_packets"] - before
    sent = result["in"]["sent"]
    check(received >= sent, lambda: f"{received} received by the primary, of {sent} sent")
    # The guest's kernel confirms its neighbour now and then. Checks would ask twice a second.
    check(len(asked) <= 4, lambda: f"{len(asked)} ARP frames of the guest: {asked[:5]}")
    pings = guest.lab.vm.spawn(f"exec ping -i0.1 -W1 {guest.lab.pairs[0].peer_v4} >/dev/null")
    try:
        guest.lab.switch.run("bridge link set dev vf0 state 0")
        pair = guest.wait_active("standby")
        check_equal(pair["down_reason"], "unreachable", "why the primary is down")
        check(pair["counters"]["rx_primary_packets"] >= received, "the counter went back")
    finally:
        guest.lab.switch.run("bridge link set dev vf0 state 3")
        pings.stop()
    guest.wait_active("primary", timeout=60)
    return f"{received} received by the primary, of {sent} sent, {len(asked)} ARP frames"


@case("6.12-mixed")
def one_pair_of_each_kind(guest):
    kinds = [(guest.pair(index)["kind"], guest.pair(index)["owner"]) for index in (0, 1)]
    check_equal(
        kinds, [("plain", guest.lab.main(0)), ("net_failover", guest.lab.main(1))],
        "kinds and owners",
    )
    texts = []
    for index in (0, 1):
        result = guest.measure(lambda: guest.lab.unplug_vf(index), pair=index)
        texts.append(check_lossless(result, f"{kinds[index][0]} unplug"))
        check_equal(
            [guest.pair(other)["active"] for other in (0, 1)],
            ["standby", "primary" if not index else "standby"], "active",
        )
    for index in (1, 0):
        texts.append(
            check_lossless(
                guest.measure(lambda: guest.lab.plug_vf(index), pair=index),
                f"{kinds[index][0]} plug",
            )
        )
        guest.wait_active("primary", index)
    return ", ".join(texts)


@case("*-net_failover")
def unload(guest):
    """A plain net_failover guest is left: the VF is up, and the kernel chooses again. The last case
    of its guest.
    """
    main, standby, name = guest.lab.main(), guest.lab.netdev("sb"), guest.lab.netdev("vf")

    def end_agent():
        guest.check(
            f"kill {guest.agent.pid}; while kill -0 {guest.agent.pid} 2>/dev/null; do sleep 0.1; done"
        )

    def again():
        guest.start_agent()
        guest.wait_active("primary")
        end_agent()

    end_agent()
    text = guest.survive(lambda: guest.check("vfsteer unload"), again, "unload")
    check_equal(guest.check("ls /sys/fs/bpf").strip(), "", "left under the bpf file system")
    for device in (main, standby, name):
        filters = guest.check(
            f"tc filter show dev {device} ingress; tc filter show dev {device} egress"
        )
        check_equal(filters.strip(), "", f"filters on {device}")
        flags = int(guest.check(f"cat /sys/class/net/{device}/flags"), 16)
        check_equal(
            (flags & 1, flags & 0x80, flags & 0x100), (1, 0, 0),
            f"{device}: up, without ARP, promiscuous",
        )
    check_equal(guest.check(f"cat /sys/class/net/{main}/operstate").strip(), "up", "the master")
    return text


if __name__ == "__main__":
    main(GUESTS, later=LATER)
