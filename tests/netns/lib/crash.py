# SPDX-License-Identifier: GPL-2.0-only
"""A guest whose agent is killed, and the checks that follow: lost packets, the state after the next
start, and the plain guest after unload.
"""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import bpf
from rig import VFSTEER, check, check_equal, wait

CRASHPOINTS = str(Path(VFSTEER).parent / "crashpoints" / "vfsteer")
ARRIVAL_S = 1.0
PORT_MAPS = {
    "ports",
    "port_counters",
    "port_members",
    "port_stations",
    "port_devices",
    "port_addresses",
    "port_shares",
}


def hooks(stage, number=0):
    """(tcx programs, filters of ours on clsact) at each of a pair's hooks: the standby's ingress
    and egress, the primary's ingress.
    """
    standby, primary = stage.names(number)
    places = (
        (standby, "ingress", bpf.TCX_INGRESS),
        (standby, "egress", bpf.TCX_EGRESS),
        (primary, "ingress", bpf.TCX_INGRESS),
    )
    filters = stage.guest.run(
        "; ".join(
            f"tc filter show dev {device} {side} 2>/dev/null | grep -c 'handle 0x7666737[45] ' || true"
            for device, side, _ in places
        )
    ).split()
    tcx = stage.guest.inside(
        lambda: [bpf.attached(socket.if_nametoindex(device), side) for device, _, side in places]
    )
    return list(zip(tcx, map(int, filters)))


def control_sockets(stage):
    return set(Path("/run/vfsteer").glob(f"{os.stat(stage.bpffs).st_dev:x}-*"))


def settings(stage):
    """What vfsteer changes of the devices, in plain words. All nodes' group (33:33:00:00:00:01) is
    the kernel's own: it goes as IPv6 is turned off on a device that is up, and comes again when
    that is set up.
    """
    return stage.guest.run(r"""
        for device in /sys/class/net/[sp][tr]*0; do
            name=${device##*/}
            ip -d link show $name 2>/dev/null | grep -oE 'NOARP|PROMISC|ALLMULTI|addrgenmode [a-z0-9]*|promiscuity [0-9]*|allmulti [0-9]*' | sed "s/^/$name /"
            ip maddress show dev $name | sed -n "/33:33:00:00:00:01/d; s/.*link/$name link/p"
            for key in ipv4/conf/$name/arp_ignore ipv4/conf/$name/arp_notify ipv4/conf/$name/rp_filter ipv4/conf/$name/forwarding \
                       ipv6/conf/$name/disable_ipv6 ipv6/conf/$name/accept_ra ipv6/conf/$name/autoconf; do
                echo $key $(cat /proc/sys/net/$key)
            done
        done
        tc qdisc show 2>/dev/null | grep -oE '(clsact|ingress|tbf).* dev [^ ]*' || true""").splitlines()


def active(stage, number=0):
    """The pair's active path; None without a pair."""
    done = stage.command("status", "--json")
    pairs = json.loads(done.stdout)["pairs"] if done.returncode == 0 else []
    return next(
        (pair["active"] for pair in pairs if pair["standby"] == stage.names(number)[0]), None
    )


class Crash:
    """One kind of run and how it is begun. @launcher: [WITHOUT_TCX] or []; @rx: as in the
    configuration.
    """

    def __init__(self, stage, launcher=(), rx="exact"):
        self.stage, self.launcher, self.rx = stage, list(launcher), rx
        self.tcx = not launcher
        if not self.tcx:
            # A qdisc of other people's: making one on a device that is up costs packets
            # (qdisc_graft deactivates it meanwhile), and ours would be left on it.
            for number in range(stage.pairs):
                stage.guest.run(f"tc qdisc replace dev {stage.names(number)[0]} clsact")
        stage.program = [*launcher, VFSTEER]
        # A port of the bridge outside forwards some time after it has carrier only.
        configuration = stage.directory / "vfsteer.conf"
        configuration.write_text(f"[agent]\nup_delay_ms = 150\nrx = {rx}\n")
        stage.options = ["--config", str(configuration)]
        # which changes the primary's filter by source address; what the standby's may be stands in
        # user/pair/direct.c
        if rx == "direct":
            stage.guest.run(
                "cd /proc/sys/net/ipv4/conf; for name in all st0; do echo 0 >$name/rp_filter; done; for name in default pr0; do echo 2 >$name/rp_filter; done"
            )
        self.plain, self.sockets = settings(stage), control_sockets(stage)
        self.flows = ()
        self.armed = stage.directory / "armed"  # see crash_point.h

    def doomed(self, act, *arguments, **environment):
        """Runs act with the test build."""
        self.stage.program = [*self.launcher, CRASHPOINTS]
        self.armed.unlink(missing_ok=True)
        try:
            return act(*arguments, **environment)
        finally:
            self.stage.program = [*self.launcher, VFSTEER]

    def begin_traffic(self):
        if not self.flows:
            self.flows = self.stage.flows(500)

    def end_traffic(self):
        for flow in self.flows:
            flow.stop()
        self.flows = ()

    def check_traffic(self, since, until, allowed, what):
        until, patience = min(until, time.monotonic()), time.monotonic() + ARRIVAL_S
        lost = (allowed + 1,)
        # What waits in a socket for the receiver's turn is not lost.
        while max(lost, default=0) > allowed and time.monotonic() < patience:
            time.sleep(0.01)
            lost = tuple(flow.lost(since, until) for flow in self.flows)
        check(
            max(lost, default=0) <= allowed,
            lambda: f"{what}: lost (out, in) {lost}, refused {[flow.refused for flow in self.flows]}, sent "
            + ", ".join(
                f"{sent - since:+.3f}"
                for flow in self.flows
                for number, sent in enumerate(flow.times)
                if since <= sent < until and number not in flow.arrived
            )[:200]
            + f" s from its begin, of {until - since:.3f} s",
        )

    def check_converged(self, before=None):
        """One program at each hook, one set of pins, the right status; and they are the ones that
        count.
        """
        stage = self.stage
        for number in range(stage.pairs):
            stage.wait_active("primary", number)
            check_equal(
                hooks(stage, number), [(1, 0) if self.tcx else (0, 1)] * 3,
                "(tcx, clsact) programs at the hooks",
            )
        check_equal(
            {path.name for path in stage.pins.iterdir()} - PORT_MAPS,
            {"pairs", "counters", "twins", "twins_key", "own_macs", "events", "links"}, "pins",
        )
        expected = set()
        for number in range(stage.pairs if self.tcx else 0):
            standby, primary = (
                stage.guest.run(f"cat /sys/class/net/{name}/ifindex").strip()
                for name in stage.names(number)
            )
            expected |= {
                f"standby-egress-{standby}",
                f"standby-ingress-{standby}",
                f"primary-ingress-{primary}",
            }
        check_equal(
            {name for name in stage.links() if not name.startswith(("watch-", "drops-"))}, expected,
            "pinned links",
        )
        status = stage.status()
        check_equal(
            [(pair["primary_state"], pair["admin"], pair["rx"]) for pair in status["pairs"]],
            [("ready", "auto", self.rx)] * stage.pairs, "pairs",
        )
        check(status["agent"], "status does not see the agent")
        counted = stage.pair()["counters"]
        wait(
            "both directions to be counted",
            lambda: all(
                stage.counter(name) > counted[name]
                for name in ("tx_primary_packets", "rx_primary_packets")
            )
            if self.flows
            else True,
        )
        dump = json.loads(
            subprocess.run(
                ["bpftool", "-j", "map", "dump", "pinned", str(stage.pins / "pairs")],
                stdout=subprocess.PIPE, check=True,
            ).stdout
        )
        for value in (entry["formatted"]["value"] for entry in dump):
            check_equal(
                value["announced_switches"], value["state"]["switches"], "announced switches"
            )

    def check_plain(self):
        stage = self.stage
        check(
            not stage.pins.exists(),
            lambda: f"pins are left: {sorted(map(str, stage.pins.rglob('*')))}",
        )
        check_equal(hooks(stage), [(0, 0)] * 3, "(tcx, clsact) programs left at the hooks")
        check_equal(control_sockets(stage) - self.sockets, set(), "control sockets left")
        check_equal(
            set(settings(stage)) ^ set(self.plain), set(), "settings that differ from those before"
        )

    def restore(self):
        """Back to a plain guest, for the next run."""
        stage = self.stage
        stage.succeed("unload")
        if stage.agents and stage.agent.poll() is None:
            stage.agent.wait(10)
        self.check_plain()
