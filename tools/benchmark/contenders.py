# SPDX-License-Identifier: GPL-2.0-only
"""Who takes part: how each contender's guest is made and set up, and where its traffic is when the
VF is there.

Every guest has the same virtio-net and the same VF of the same MAC; only who makes one interface of
them differs.
"""

import functools
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from tools.benchmark.names import name_of
from tools.rig.lab import Lab
from tools.rig.places import BUILD
from tools.rig.programs import kept

HERE = Path(__file__).resolve().parent
MIIMON_MS = 100


class ContenderError(Exception):
    pass


@functools.cache
def under_test():
    """A copy of vfsteer's program, and its version with a hash."""
    source = BUILD.parent / "vfsteer"
    if not source.exists():
        raise ContenderError(f"{source} is not built: run make")
    program = kept(source, "bench-vfsteer")
    version = subprocess.run(
        [program, "version"], text=True, stdout=subprocess.PIPE, check=True
    ).stdout.split()[-1]
    return program, f"{version} ({hashlib.sha256(program.read_bytes()).hexdigest()[:12]})"


def addresses(lab, netdev):
    """The pair's addresses onto a netdev, and it up."""
    pair = lab.pairs[0]
    lab.vm.check(f"""
        sysctl -q -w net.ipv6.conf.{netdev}.accept_dad=0 net.ipv6.conf.{netdev}.accept_ra=0
        ip address replace {pair.guest_v4}/24 dev {netdev}
        ip address replace {pair.guest_v6}/64 dev {netdev} nodad
        ip link set {netdev} up""")


class Contender:
    """name: as in the results. port: the bridge's port where a guest at rest with its VF is seen;
    lab: its own arguments of Lab.
    """

    name, port, lab = "", "vf0", {}

    @property
    def label(self):
        return name_of(self.name).label

    @property
    def control(self):
        return name_of(self.name).control

    def extra(self):
        """{name in the guest: file here} of what the guest needs beyond the rig's own."""
        return {}

    def boot(self, kernel, **options):
        """A guest of this contender at rest, its VF plugged; options go to Lab."""
        lab = Lab(kernel, **{**self.lab, "extra": self.extra(), **options})
        try:
            self.start(lab)
            self.vf_plug(lab)
        except BaseException:
            lab.stop()
            raise
        return lab

    def start(self, lab):
        """Sets the guest up, before its VF is there."""

    def vf_plug(self, lab):
        lab.plug_vf()
        self.vf_back(lab)

    def vf_back(self, lab):
        """What only the administrator does when the VF's netdev has come back."""

    def vf_leave(self, lab):
        """Moves the traffic off the VF, which stays, as a host can ask of a guest before it does
        anything. False: the guest has nothing to ask.
        """
        return False

    def vf_use(self, lab):
        """Ends that."""


class Vfsteer(Contender):
    name = "vfsteer"
    arguments = ""

    def extra(self):
        return {"/sbin/vfsteer": under_test()[0]}

    def start(self, lab):
        standby = lab.netdev("sb")
        agent = lab.vm.spawn(f"exec vfsteer run --pair {standby} {self.arguments}")
        lab.vm.wait_for(
            f"! kill -0 {agent.pid} 2>/dev/null || vfsteer status --json | grep -q '\"standby\": *\"{standby}\"'",
            40,
        )
        if not agent.running():
            raise ContenderError(f"vfsteer run has ended: {agent.output()}")

    def vf_leave(self, lab):
        lab.vm.check(f"vfsteer switch {lab.netdev('sb')} standby")
        return True

    def vf_use(self, lab):
        lab.vm.check(f"vfsteer switch {lab.netdev('sb')} auto")


class VfsteerNetFailover(Vfsteer):
    """In a guest of failover=on: the kernel's net_failover master owns the addresses."""

    name = "vfsteer-net_failover"
    lab = {"failover": True}

    def vf_leave(self, lab):
        """QEMU unplugs the VF when the migration begins, and the guest learns of it first then."""
        return False


class NetFailover(Contender):
    name = "net_failover"
    lab = {"failover": True}


class Bonding(Contender):
    name = "bonding"
    lab = {"configure": False}

    def extra(self):
        return {"rejoin": HERE / "guest" / "rejoin"}

    def start(self, lab):
        standby = lab.netdev("sb")
        # Both have the same MAC already, so the bond need not give any (fail_over_mac=none keeps
        # the one of its first).
        lab.vm.check(f"""
            modprobe bonding max_bonds=0
            ip link add bond0 type bond mode active-backup miimon {MIIMON_MS} fail_over_mac none primary_reselect always
            ip link set {standby} down
            ip link set {standby} master bond0""")
        addresses(lab, "bond0")
        lab.vm.spawn(f"exec rejoin bond bond0 {standby}").wait_output("watching")


class Team(Contender):
    name = "teamd"
    lab = {"configure": False}

    def extra(self):
        tools = {tool: shutil.which(tool) for tool in ("teamd", "teamdctl", "teamnl")}
        missing = [tool for tool, path in tools.items() if not path]
        if missing:
            raise ContenderError(
                f"{', '.join(missing)} not installed: apt-get install libteam-utils"
            )
        return {"rejoin": HERE / "guest" / "rejoin", **tools}

    def start(self, lab):
        standby = lab.netdev("sb")
        configuration = json.dumps(
            {
                "device": "team0",
                "runner": {"name": "activebackup"},
                "link_watch": {"name": "ethtool"},
                "ports": {standby: {"prio": 0}},
            }
        )
        # teamd asks for the ports' speed before it asks for their priority, and takes virtio-net's
        # "unknown" for the highest.
        lab.vm.check(f"""
            mkdir -p /var/run/teamd
            modprobe -a team team_mode_activebackup
            ethtool -s {standby} speed 100 duplex full
            ip link set {standby} down""")
        daemon = lab.vm.spawn(f"exec teamd -c '{configuration}'")
        lab.vm.wait_for(f"! kill -0 {daemon.pid} 2>/dev/null || teamdctl team0 state", 20)
        if not daemon.running():
            raise ContenderError(f"teamd has ended: {daemon.output()}")
        addresses(lab, "team0")
        lab.vm.spawn(f"exec rejoin team team0 {standby}").wait_output("watching")


class BareVf(Contender):
    """The VF alone, addresses and all: what an event costs when nothing handles it."""

    name = "bare-vf"
    lab = {"configure": False}

    def vf_back(self, lab):
        addresses(lab, lab.netdev("vf"))


class VirtioOnly(Contender):
    """The virtio-net alone; the VF comes and goes and is not used: what the laboratory itself
    costs.
    """

    name, port = "virtio-only", "sb0"


CONTENDERS = {
    contender.name: contender
    for contender in (
        Vfsteer(), VfsteerNetFailover(), NetFailover(), Bonding(), Team(), BareVf(), VirtioOnly(),
    )
}


def chosen(names):
    """The contenders of a comma-separated list, all when it is empty."""
    wanted = [name for name in (names or "").split(",") if name] or list(CONTENDERS)
    unknown = [name for name in wanted if name not in CONTENDERS]
    if unknown:
        raise ContenderError(
            f"no contender named {', '.join(unknown)}: {', '.join(CONTENDERS)} are known"
        )
    return [CONTENDERS[name] for name in wanted]
