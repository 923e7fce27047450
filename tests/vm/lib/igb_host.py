# SPDX-License-Identifier: GPL-2.0-only
"""A hypervisor host as a guest of QEMU: an igb with VFs, a bridge, taps, and vfsteer-host. The VFs
have no driver, as between two guests.

    wire (this machine) - tap wire0 - igb PF eth0 - br0 - vnet0, vnet1, ... (held by tap.c)
"""

import json
import os
import socket
import time
from pathlib import Path

import stage
from host_stage import TRAFFIC, unicast_self
from rig import frame
from tools.rig.netns import Netns
from tools.rig.places import BUILD
from tools.rig.programs import compiled
from tools.rig.qemu import qemu
from tools.rig.vm import Vm

HERE = Path(__file__).parent
VFS = 7
FRAMES = 20


class IgbLab:
    """What stage.Guest wants of a lab: the guest, and no pairs."""

    pairs = ()

    def __init__(self, kernel, extra):
        self.wire, self.vm = Netns("wire"), None
        self.wire.run(
            "sysctl -q -w net.ipv6.conf.default.disable_ipv6=1; ip tuntap add wire0 mode tap; "
            "ip link set wire0 txqueuelen 10000 up"
        )
        try:
            self.vm = Vm(
                kernel,
                devices=[
                    "-device", "pcie-root-port,id=rp0,chassis=1,slot=1,addr=0x3", "-netdev",
                    "tap,id=pf,ifname=wire0,script=no,downscript=no", "-device",
                    "igb,bus=rp0,netdev=pf,romfile=,mac=52:54:00:78:01:01",
                ],
                netns=self.wire.name, extra=extra, qemu=qemu(newer=True), cpu="EPYC",
                boot_timeout_s=180,
            )
            self.vm.check(f"""
                for module in bridge tun 8021q; do modprobe $module; done
                sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
                ip link add br0 type bridge forward_delay 0 mcast_snooping 0
                ip link set eth0 master br0 up
                bridge link set dev eth0 learning off
                ip link set br0 up
                pf=/sys/class/net/eth0/device
                echo 0 >$pf/sriov_drivers_autoprobe
                echo {VFS} >$pf/sriov_numvfs""", 90)
            self.vm.wait_for("grep -q 1 /sys/class/net/eth0/carrier", 30)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if self.vm:
            self.vm.stop()
        self.wire.remove()


class HostGuest(stage.Guest):
    """The host, and vfsteer-host in it."""

    def __init__(self, name, kernel):
        super().__init__(name, agent=False, vf=False, kernel=kernel)
        self.daemon, self.taps = None, {}

    @property
    def lab(self):
        if not self._lab:
            host = os.environ.get(
                "VFSTEER_HOST", str(Path(stage.VFSTEER_BUILT).parent / "vfsteer-host")
            )
            self._lab = IgbLab(self._options["kernel"], {
                "/sbin/vfsteer-host": host,
                "tap": compiled(HERE / "tap.c", BUILD / "tap", "-static"),
            })
            self.boots += 1
        return self._lab

    def rest(self):
        """No tap, no MAC on a VF, nothing on the PF's list, and vfsteer-host runs."""
        for name in list(self.taps):
            self.close_tap(name)
        self.check("; ".join(
            f"ip link set eth0 vf {number} mac 00:00:00:00:00:00" for number in range(VFS)
        ))
        self.start()
        self.wait_entries(())

    def start(self, *arguments):
        if self.daemon and self.daemon.running():
            return
        self.daemon = self.lab.vm.spawn(f"exec vfsteer-host run {' '.join(arguments)}")
        self.daemon.wait_output("vfsteer-host: runs: ", 20)

    def kill(self, name="KILL"):
        self.daemon.stop(name)

    def log(self):
        return self.daemon.output() if self.daemon else ""

    def stop(self):
        super().stop()
        self.daemon, self.taps = None, {}

    def set_vf(self, number, mac):
        self.check(f"ip link set eth0 vf {number} mac {mac}")

    def tap(self, name, mac, bridge="br0"):
        """As libvirt makes it: its MAC is the guest's with fe in front."""
        self.taps[name] = self.lab.vm.spawn(f"exec tap {name} /tmp/{name}")
        self.taps[name].wait_output("open", 10)
        self.check(f"ip link set {name} address fe{mac[2:]} master {bridge} up")

    def close_tap(self, name):
        self.taps.pop(name).stop("KILL")

    def send(self, *frames):
        """(tap, frame) each, all in one go."""
        self.check("; ".join(f"echo {frame.hex()} >/tmp/{name}" for name, frame in frames))

    def entries(self):
        return unicast_self(self.check("bridge -j fdb show dev eth0"))

    def wait_entries(self, macs, timeout=5):
        deadline = time.monotonic() + timeout
        while (found := self.entries()) != set(macs):
            stage.check(
                time.monotonic() < deadline,
                lambda: f"entries {sorted(found)}, not {sorted(macs)}; {self.log()[-1500:]}",
            )
            time.sleep(0.05)

    def status(self):
        return json.loads(self.check("vfsteer-host status --json"))

    def arrived(self, name):
        return int(self.check(f"cat /sys/class/net/{name}/statistics/tx_packets; true"))

    def delivered(self, name, mac, count=FRAMES, pause_s=0.005, during=None):
        """How many of @count frames from the wire for @mac reach the tap."""
        data = frame(mac, "52:54:00:78:01:ff", TRAFFIC)
        before = self.arrived(name)
        with self.lab.wire.inside(
            lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        ) as link:
            link.bind(("wire0", 0))
            for number in range(count):
                if during and number == count // 3:
                    during()
                link.send(data)
                time.sleep(pause_s)
        time.sleep(0.2)
        return self.arrived(name) - before
