# SPDX-License-Identifier: GPL-2.0-only
"""A guest's pairs of NICs, for all code that sets a guest up: who they are, behind which
root port, by which name.

Whatever hands a guest to a contender (benchmark/contenders.py) is one of these: the lab, and the
guest within a guest that migrates.
"""

from dataclasses import dataclass


@dataclass
class Pair:
    """Names and addresses of pair number `index`."""
    index: int

    @property
    def mac(self):
        return f"52:54:00:77:00:{self.index + 1:02x}"

    @property
    def station_mac(self):
        """Of who has the guest's addresses: the pair itself, or what is behind it."""
        return self.mac

    @property
    def guest_v4(self):
        return f"10.77.{self.index}.2"

    @property
    def peer_v4(self):
        return f"10.77.{self.index}.1"

    @property
    def guest_v6(self):
        return f"fd77:0:0:{self.index}::2"

    @property
    def peer_v6(self):
        return f"fd77:0:0:{self.index}::1"

    def guest_address(self, family):
        return self.guest_v4 if family == 4 else self.guest_v6

    def peer_address(self, family):
        return self.peer_v4 if family == 4 else self.peer_v6


class Nics:
    """vm: runs commands in the guest, None until there is one. pairs, failover, vf_model: as Lab's.
    """

    def __init__(self, pairs, failover, vf_model, vm=None):
        self.pairs, self.failover, self.vf_model, self.vm = pairs, failover, vf_model, vm

    @staticmethod
    def slot(which, index=0):
        """PCI address of a NIC's root port in the guest; which: sb or vf."""
        return f"0000:00:{2 + 2 * index + (which == 'vf'):02x}.0"

    def fails_over(self, index):
        """Is pair `index` one of the kernel's net_failover?"""
        return self.failover if isinstance(self.failover, bool) else index in self.failover

    def netdevs(self, which, index=0):
        """The guest's directory with a NIC's netdev, as a pattern for its shell."""
        # Below the port there is one device; virtio's netdev is a level deeper.
        virtio = which == "sb" or self.vf_model.startswith("virtio")
        return (
            f"/sys/bus/pci/devices/{self.slot(which, index)}/*:*/{'virtio*/' if virtio else ''}net"
        )

    def netdev(self, which, index=0):
        """The guest's name of a NIC's netdev (which: sb or vf), or None while there is none."""
        # net_failover's master stands beside the standby, with the netdevs below it as links.
        script = (
            f"for net in {self.netdevs(which, index)}/*; do [ -e $net ] && ! ls -d $net/lower_* >/dev/null 2>&1 && "
            "echo ${net##*/}; done; true"
        )
        return self.vm.check(script).strip() or None

    def main(self, index=0):
        """The netdev that carries the addresses: the standby, or with failover=True the kernel's
        master above it.
        """
        if not self.fails_over(index):
            return self.netdev("sb", index)
        script = (
            f"for net in {self.netdevs('sb', index)}/*; do ls -d $net/lower_* >/dev/null 2>&1 && "
            "echo ${net##*/}; done; true"
        )
        return self.vm.check(script).strip() or None

    def wait_vf(self, index=0, timeout=20):
        """Until a pair's VF has a netdev, whose name is returned."""
        return self.vm.wait_for(f"ls {self.netdevs('vf', index)} | grep .", timeout).strip()
