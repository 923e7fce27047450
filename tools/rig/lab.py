# SPDX-License-Identifier: GPL-2.0-only
"""The laboratory: a guest with one or two pairs of NICs, a bridge per pair outside, and a peer
beyond the bridge.

	guest  eth0 (virtio) ── tap sb0 ┐
	                                ├ br0 ── out0 ─(veth)─ peer0 10.77.0.1, fd77::1
	guest  ethN (e1000e) ── tap vf0 ┘

The bridges live in one namespace with QEMU, the peers in another: what the bridge learns decides
where a frame goes, as on a real switch.
"""

import json
import time

from tools.rig import kernels
from tools.rig.capture import Capture
from tools.rig.cleanup import owned, released
from tools.rig.netns import Netns
from tools.rig.nics import Nics, Pair
from tools.rig.qemu import qemu_installed, qemu_version
from tools.rig.vm import Vm, VmError


def _more_properties(text):
    """{name: value} of QEMU's "name=value,...", as JSON has them."""
    def value(word):
        return {"on": True, "off": False}.get(word, int(word) if word.isdigit() else word)

    return {
        name: value(word) for name, word in (part.split("=", 1) for part in text.split(",") if part)
    }


class Lab(Nics):
    """One guest in its surroundings. All other arguments go to Vm.

    hotplug: "acpi" (q35's default) or "pciehp"; vf_at_boot: pairs' VFs are there from the start, or
    "held-back": on QEMU's command line, which plugs the VF of a failover pair only when the guest
    has negotiated that; failover: the kernel's own net_failover instead of a plain pair, or the
    numbers of the pairs it has; virtio, vf: further properties of the NICs; vf_model: another NIC
    as VF; qemu: a path of qemu(), the system's when None.
    """

    def __init__(
        self,
        kernel="6.12",
        pairs=1,
        hotplug="acpi",
        failover=False,
        vf_at_boot=False,
        configure=True,
        vf_model="e1000e",
        virtio="",
        vf="",
        devices=(),
        cmdline="",
        qemu=None,
        **vm
    ):
        super().__init__([Pair(index) for index in range(pairs)], failover, vf_model)
        self._architecture = kernels.architecture(kernel)
        self.hotplug, qemu = hotplug, qemu or qemu_installed(self._architecture.qemu)
        self._virtio, self._vf, self._captures = virtio, vf, []
        owned(self, self.stop)
        try:
            self.switch, self.peer = Netns("switch"), Netns("peer")
            self._surroundings()
            # Before 8.1 the emulated e1000e forgets its link interrupt after the first when it uses
            # MSI-X; by wire it does not. The driver takes one value per device it ever sees, and
            # each plugging is another.
            quirk = f"e1000e.IntMode={','.join('0' * 32)} " if qemu_version(qemu) < (8, 1) else ""
            self.vm = Vm(
                kernel,
                devices=[
                    *self._machine(vf_at_boot == "held-back" or vf_at_boot and not failover),
                    *devices,
                ],
                netns=self.switch.name,
                cmdline=quirk + cmdline,
                qemu=qemu,
                **vm
            )
            if configure:
                self.configure()
            for pair in self.pairs if vf_at_boot and failover else ():
                if vf_at_boot == "held-back" and configure:
                    self.wait_vf(pair.index)
                elif vf_at_boot != "held-back":
                    self.plug_vf(pair.index)
        except BaseException:
            self.stop()
            raise

    # Outside

    def _surroundings(self):
        for netns in (self.switch, self.peer):
            # No address of a tap may send anything of its own, nor a bridge but its queries; the
            # peer's addresses must be usable at once.
            netns.run(
                "sysctl -q -w net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.autoconf=0 net.ipv6.conf.default.accept_ra=0 "
                "net.core.netdev_max_backlog=20000 2>/dev/null || sysctl -q -w net.ipv6.conf.default.accept_dad=0"
            )
        self.switch.run(
            "sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"
        )
        for pair in self.pairs:
            n = pair.index
            self.switch.run(f"""
                ip link add br{n} type bridge forward_delay 0 stp_state 0 mcast_query_response_interval 100 mcast_querier 1
                sysctl -q -w net.ipv6.conf.br{n}.disable_ipv6=0
                ip link add out{n} txqueuelen 10000 type veth peer name peer{n} netns {self.peer.name}
                for tap in sb{n} vf{n}; do
                    ip tuntap add $tap mode tap
                    ip link set $tap txqueuelen 10000 master br{n} up
                done
                ip link set out{n} master br{n} up
                ip link set br{n} up""")
            self.peer.run(f"""
                ip link set peer{n} txqueuelen 10000 address 52:54:00:77:ff:{n + 1:02x} up
                ip address add {pair.peer_v4}/24 dev peer{n}
                ip address add {pair.peer_v6}/64 dev peer{n} nodad""")

    # The machine

    def _machine(self, vf_at_boot):
        bridge_hotplug = {"acpi": "on", "pciehp": "off"}[self.hotplug]
        arguments = (
            ["-global", f"ICH9-LPC.acpi-pci-hotplug-with-bridge-support={bridge_hotplug}"]
            if self._architecture.acpi
            else []
        )
        for pair in self.pairs:
            n = pair.index
            # Fixed places: sb0 01:00.0, vf0 02:00.0, sb1 03:00.0, vf1 04:00.0, whatever is plugged
            # when.
            arguments += [
                "-device",
                f"pcie-root-port,id=rp-sb{n},chassis={2 * n + 1},slot={2 * n + 1},addr=0x{2 + 2 * n:x}",
                "-device",
                f"pcie-root-port,id=rp-vf{n},chassis={2 * n + 2},slot={2 * n + 2},addr=0x{3 + 2 * n:x}",
                "-netdev",
                f"tap,id=sb{n}-net,ifname=sb{n},script=no,downscript=no",
                "-netdev",
                f"tap,id=vf{n}-net,ifname=vf{n},script=no,downscript=no",
                "-device",
                json.dumps(self._standby_properties(pair)),
            ]
            if vf_at_boot:
                # As JSON, like libvirt's: the id of any other -device can never be used again.
                arguments += ["-device", json.dumps(self._vf_properties(pair))]
        return arguments

    def _standby_properties(self, pair):
        n = pair.index
        properties = {
            "driver": "virtio-net-pci",
            "id": f"sb{n}",
            "bus": f"rp-sb{n}",
            "netdev": f"sb{n}-net",
            "mac": pair.mac,
            "romfile": "",
        }
        if self.fails_over(n):
            properties["failover"] = True
        properties.update(_more_properties(self._virtio))
        return properties

    def _vf_properties(self, pair):
        n = pair.index
        properties = {
            "driver": self.vf_model,
            "id": f"vf{n}",
            "bus": f"rp-vf{n}",
            "netdev": f"vf{n}-net",
            "mac": pair.mac,
            "romfile": "",
        }
        if self.fails_over(n):
            properties["failover_pair_id"] = f"sb{n}"
        properties.update(_more_properties(self._vf))
        return properties

    def plug_vf(self, index=0, wait=True, timeout=20):
        """device_add of a pair's VF; with wait, until its netdev is there, whose name is returned.
        """
        self.vm.qmp(
            "device_add",
            **{key: value for key, value in self._vf_properties(self.pairs[index]).items()}
        )
        return self.wait_vf(index, timeout) if wait else None

    def unplug_vf(self, index=0, wait=True, timeout=30):
        """device_del; with wait, until QEMU says DEVICE_DELETED. Returns the seconds that took."""
        started = time.monotonic()
        if wait:
            return self.vm.device_del(f"vf{index}", timeout) - started
        self.vm.qmp("device_del", id=f"vf{index}")
        return None

    def wait_unplugged(self, index=0, timeout=30, since=0):
        """Waits for DEVICE_DELETED of a VF; returns when it came (monotonic seconds)."""
        return self.vm.wait_deleted(f"vf{index}", timeout, since)

    def set_link(self, which, up):
        """The guest sees the link of NIC `which` (sb0, vf0, ...) go up or down, and nothing passes
        while it is down.
        """
        self.vm.qmp("set_link", name=which, up=up)

    def set_port(self, which, up):
        """The bridge's port towards a NIC goes up or down, which the guest does not see: the bridge
        forgets what it has learned there.
        """
        self.switch.run(f"ip link set {which} {'up' if up else 'down'}")

    # The guest

    def wait_standby(self, index=0):
        """Until a pair's virtio-net has all its netdevs: net_failover's master is there before the
        standby.
        """
        self.vm.wait_for(
            f"ls -d {self.netdevs('sb', index)}{'/*/lower_*' if self.fails_over(index) else ''}"
        )

    def configure(self):
        """Addresses onto each pair's main netdev, up, and reachable."""
        for pair in self.pairs:
            self.wait_standby(pair.index)
            main = self.main(pair.index)
            if not main:
                raise VmError(f"no netdev for pair {pair.index}:\n{self.vm.run('ip -d link')[1]}")
            self.vm.check(f"""
                sysctl -q -w net.ipv6.conf.{main}.accept_dad=0 net.ipv6.conf.{main}.accept_ra=0
                ip address add {pair.guest_v4}/24 dev {main}
                ip address add {pair.guest_v6}/64 dev {main} nodad
                ip link set {main} up""")
        for pair in self.pairs:
            self.vm.wait_for(f"ping -c1 -W1 {pair.peer_v4}", 10)

    def reboot(self, hard=False):
        """As Vm's, and configures the guest again."""
        self.vm.reboot(hard)
        self.configure()

    def change_kind(self, failover, index=0):
        """Unplugs the virtio-net of a pair, and plugs one of the other kind.
        configure() is the caller's.
        """
        self.vm.device_del(f"sb{index}")
        self.failover = failover
        self.vm.qmp("device_add", **self._standby_properties(self.pairs[index]))
        self.wait_standby(index)

    # Watching

    def capture(self, which, direction="from_guest", tags=False):
        """Frames on a NIC's tap (sb0, vf0, ...) or a peer's port (out0): direction from_guest,
        to_guest or both; tags as of Capture.
        """
        capture = Capture(self.switch, which, direction, tags)
        self._captures.append(capture)
        return capture

    def capture_vf(self, index=0, direction="from_guest"):
        return self.capture(f"vf{index}", direction)

    def learned(self, index=0):
        """The bridge's port for the guest's MAC (sb0, vf0 or None): where a frame to the guest goes
        now.
        """
        for line in self.switch.run(f"bridge fdb show br br{index}").splitlines():
            words = line.split()
            if words[0] == self.pairs[index].mac and "permanent" not in words:
                return words[words.index("dev") + 1]
        return None

    def stop(self):
        for capture in self._captures:
            capture.stop()
        self._captures = []
        if self.vm:
            self.vm.stop()
        for netns in (getattr(self, "switch", None), getattr(self, "peer", None)):
            if netns:
                netns.remove()
        released(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
