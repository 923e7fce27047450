#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A guest that is a VRRP router (keepalived): while it is the BACKUP its switchovers cost the
MASTER nothing, while it is the MASTER they announce its virtual addresses.
"""

import contextlib
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from announcements import announced_of  # noqa: E402
from rig import MAC, Flow, Skip, case, check, check_equal, main, note, wait  # noqa: E402
from tools.rig.netns import Netns  # noqa: E402

VIP4, VIP6, VMAC4, VMAC6 = "10.77.0.100", "fd77::100", "00:00:5e:00:01:33", "00:00:5e:00:02:34"
SWITCHES = 6
INSTANCE = """vrrp_instance {name} {{
    state BACKUP
    interface {interface}
    {vmac}
    virtual_router_id {number}
    priority {priority}
    advert_int 1
    virtual_ipaddress {{
        {addresses}
    }}
}}
"""


class Router:
    """keepalived in a namespace, with an instance of IPv4 and one of IPv6; a daemon that is killed
    gives its addresses up first.
    """

    def __init__(self, stage, netns, interface, priority, vmac):
        self.netns = netns
        path = stage.directory / f"keepalived-{interface}"
        instances = [
            ("V4", 51, f"{VIP4}/24", "use_vmac vmac4"),
            ("V6", 52, "fe80::100/64\n        fd77::100/64", "use_vmac vmac6"),
        ]
        path.with_suffix(".conf").write_text(
            "".join(
                INSTANCE.format(
                    name=name, interface=interface, vmac=use if vmac else "", number=number,
                    priority=priority, addresses=addresses,
                )
                for name, number, addresses, use in instances
            )
        )
        self.log = open(path.with_suffix(".log"), "w")
        self.daemon = netns.popen(
            [
                "keepalived",
                "-n",
                "-l",
                "-P",
                "-f",
                path.with_suffix(".conf"),
                "-p",
                path.with_suffix(".pid"),
                "-r",
                path.with_suffix(".vrrp.pid"),
            ],
            stdout=self.log,
            stderr=self.log,
        )

    def is_master(self):
        text = self.netns.run("ip -br address show")
        return f"{VIP4}/" in text and f"{VIP6}/" in text

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(10)
        self.log.close()


@contextlib.contextmanager
def routers(stage, vmac):
    """(the guest's, another one on the network, which takes over from it): the guest was the MASTER
    first, so its MACs have spoken.
    """
    if not shutil.which("keepalived"):
        raise Skip("there is no keepalived")
    with contextlib.ExitStack() as stack:
        other = Netns("router")
        stack.callback(other.remove)
        stage.outside.run(
            f"ip link add rt1 master br0 type veth peer rt0 netns {other.name}; ip link set rt1 up"
        )
        other.run(
            "ip link set rt0 up; ip address add 10.77.0.90/24 dev rt0; ip address add fd77::90/64 dev rt0 nodad"
        )
        guest = Router(stage, stage.guest, "st0", 50, vmac)
        stack.callback(guest.stop)
        wait("the guest to be the MASTER", guest.is_master, 15)
        yield guest, lambda: stack.enter_context(contextlib.closing(Other(stage, other, vmac)))


class Other(Router):
    def __init__(self, stage, netns, vmac):
        super().__init__(stage, netns, "rt0", 150, vmac)
        wait("the other one to be the MASTER", self.is_master, 15)

    close = Router.stop


def switch_some(stage):
    for number in range(SWITCHES):
        stage.succeed("switch", "st0", ("standby", "primary")[number % 2])
        time.sleep(0.6)  # its repetitions end first


def backup_costs_nothing(stage, vmac):
    with routers(stage, vmac) as (guest, start_other):
        other = start_other()
        wait("the guest to be the BACKUP", lambda: not guest.is_master(), 5)
        time.sleep(1)
        heard = [stage.capture(stage.outside, wire) for wire in ("st1", "pr1")]
        flows = [Flow(stage.outside, other.netns, to) for to in (VIP4, VIP6)]
        switch_some(stage)
        lost = [flow.stop().lost() for flow in flows]
        note(
            f"datagrams to the MASTER lost over {SWITCHES} switchovers of the BACKUP: IPv4 {lost[0]}, IPv6 {lost[1]}"
        )
        check(not guest.is_master(), "the guest became the MASTER meanwhile: this proves nothing")
        frames = [data for capture in heard for data in capture.frames(outgoing=False)]
        check(
            (0, "rarp") in announced_of(frames, MAC),
            "no switchover was announced: this proves nothing",
        )
        for mac in (VMAC4, VMAC6):
            check_equal(announced_of(frames, mac), set(), f"announced with the MASTER's MAC {mac}")
        check_equal(
            {address for _, address in announced_of(frames, MAC)} & {VIP4, VIP6, "fe80::100"},
            set(), "announced of the MASTER's addresses",
        )
        check_equal(lost, [0, 0], "datagrams to the MASTER lost")


# Asked for groups, the guest's own kernel answers with the virtual MAC, and takes it from the
# MASTER until the next advertisement.
@case(snoops=False)
def backup_with_vmac_costs_its_master_nothing(stage):
    backup_costs_nothing(stage, True)


@case
def backup_without_vmac_costs_its_master_nothing(stage):
    backup_costs_nothing(stage, False)


@case
def master_with_vmac_announces_its_addresses(stage):
    with routers(stage, True):
        for wish, wire in (("standby", "st1"), ("primary", "pr1")):
            heard = stage.capture(stage.outside, wire)
            stage.succeed("switch", "st0", wish)
            time.sleep(0.35)
            frames = heard.frames(outgoing=False)
            check_equal(
                announced_of(frames, VMAC4), {(0, "rarp"), (0, VIP4)}, f"announced with {VMAC4}"
            )
            check_equal(
                announced_of(frames, VMAC6), {(0, "rarp"), (0, VIP6), (0, "fe80::100")},
                f"announced with {VMAC6}",
            )
            check((0, "rarp") in announced_of(frames, MAC), "the pair's own MAC was not announced")


main()
