# SPDX-License-Identifier: GPL-2.0-only
"""The hypervisor host of a migration: itself a guest, with two SR-IOV NICs and KVM, so that no real
hardware is needed.

    peer ─ br0 ┬ tap pfa ─ igb PF eth1 ┬ bra ─ tapa ─ virtio-net ┐
               │                       └ VF ─────── vfio-pci ────┴ guest, in the QEMU of "host A"
               └ tap pfb ─ igb PF eth2 ┬ brb ─ tapb ─ virtio-net ┐
                                       └ VF ─────── vfio-pci ────┴ guest, in the QEMU of "host B"

The two share a kernel and nothing of the network: the guest leaves by one PF and comes back by the
other, and it is br0, outside, that has to notice. The emulated igb sends a frame where its filters
say, so all that a host does about a VF's MAC matters here as it does on hardware.
"""

import lzma
from dataclasses import dataclass

from tools.rig import kernels
from tools.rig.cleanup import owned, released
from tools.rig.netns import Netns
from tools.rig.places import cache, lock
from tools.rig.qemu import qemu, qemu_firmware
from tools.rig.suites import Suite
from tools.rig.vm import Vm, VmError

KERNEL = "6.12"
MANAGEMENT = "10.78.0"
HOST_MODULES = ("kvm-amd", "vfio_iommu_type1", "vfio-pci", "bridge", "tun", "vhost_net")
# Above about 2,800 MB the emulated VF receives nothing.
HOST_MEMORY_MB = 2048
GUESTS_MEMORY_MB = 2 * 256
# fq_codel drops a packet here and there when an emulated NIC is slow, which is no contender's merit
# or fault.
PLAIN_QUEUES = "sysctl -q -w net.core.default_qdisc=pfifo_fast"
FIRMWARE = ("bios-256k.bin", "kvmvapic.bin", "linuxboot_dma.bin", "pvh.bin")
NO_MAC = "00:00:00:00:00:00"


@dataclass
class Side:
    """One of the two "hosts": its PF, bridge and ports. vf: the VF's PCI address, known when it is
    there.
    """

    name: str
    pf: str
    qmp_port: int
    agent_port: int
    vf: str = ""

    @property
    def bridge(self):
        return f"br{self.name}"

    @property
    def tap(self):
        return f"tap{self.name}"


def _firmware(binary):
    """{path in the host: file here} of what QEMU loads at its start."""
    directories = qemu_firmware(binary)
    files = {}
    for name in FIRMWARE:
        found = [directory / name for directory in directories if (directory / name).exists()]
        if not found:
            raise VmError(f"no {name} beside {binary}")
        files[f"/inner/firmware/{name}"] = found[0]
    return files


def _ccp(kernel):
    """The module that kvm-amd cannot do without, though nothing here encrypts; the rig keeps no
    cryptography's drivers.
    """
    release = kernels.release(kernel)
    tree = cache("kernels-ccp") / release
    with lock("kernels-ccp"):
        if not tree.exists():
            Suite(kernels.SUITES[KERNEL]).extract(
                [f"linux-image-{release}"], tree, ["*/drivers/crypto/ccp/ccp.ko*"]
            )
        packed = next(tree.rglob("ccp.ko*"), None)
        if not packed:
            raise VmError(f"no ccp.ko in linux-image-{release}")
        plain = tree / "ccp.ko"
        if packed != plain and not plain.exists():
            plain.write_bytes(
                lzma.decompress(packed.read_bytes())
                if packed.suffix == ".xz"
                else packed.read_bytes()
            )
    return plain


class Host:
    """The booted host with both sides ready, and the peer outside. guest_image: the initramfs of
    the guest that is to run in it; programs: more of them for the host, {path: file here}.
    """

    def __init__(self, guest_image, mac, peer_address, programs=()):
        self.mac = mac
        self.sides = {"a": Side("a", "eth1", 4001, 4101), "b": Side("b", "eth2", 4002, 4102)}
        self.vm = None
        owned(self, self.stop)
        try:
            self.switch, self.peer = Netns("switch"), Netns("peer")
            self._surroundings(peer_address)
            self._boot(guest_image, dict(programs))
            for side in self.sides.values():
                self._side_prepare(side)
        except BaseException:
            self.stop()
            raise

    def _surroundings(self, peer_address):
        self.switch.run(f"""
            sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
            ip link add br0 type bridge forward_delay 0 stp_state 0 mcast_query_response_interval 100 mcast_querier 1
            sysctl -q -w net.ipv6.conf.br0.disable_ipv6=0
            ip link add out0 type veth peer name peer0 netns {self.peer.name}
            for tap in pfa pfb; do
                ip tuntap add $tap mode tap
                ip link set $tap txqueuelen 10000 master br0 up
            done
            ip tuntap add m0 mode tap
            ip address add {MANAGEMENT}.1/24 dev m0
            ip link set m0 up
            ip link set out0 master br0 up
            ip link set br0 up""")
        self.peer.run(f"""
            sysctl -q -w net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0
            ip link set peer0 address 52:54:00:78:ff:01 up
            ip address add {peer_address}/24 dev peer0""")

    def _boot(self, guest_image, programs):
        binary = qemu(newer=True)
        kernel = kernels.kernel(KERNEL)
        # Behind a port: the agent in the rig's guests takes the first virtio device for its own.
        devices = [
            "-device",
            "intel-iommu,intremap=on",
            "-device",
            "pcie-root-port,id=rp-m,chassis=9,slot=9,addr=0x2",
            "-netdev",
            "tap,id=m0,ifname=m0,script=no,downscript=no",
            "-device",
            "virtio-net-pci,bus=rp-m,netdev=m0,romfile=",
        ]
        for number, side in enumerate(self.sides.values()):
            devices += [
                "-device",
                f"pcie-root-port,id=rp{number},chassis={number + 1},slot={number + 1},addr=0x{3 + number:x}",
                "-netdev",
                f"tap,id=pf{side.name},ifname=pf{side.name},script=no,downscript=no",
                "-device",
                f"igb,bus=rp{number},netdev=pf{side.name},romfile=,mac=52:54:00:78:0{number + 1}:01",
            ]
        extra = {
            "/inner/qemu": binary,
            "/inner/vmlinux": kernels.bootable(kernel),
            "/inner/initrd": guest_image,
            "/inner/ccp.ko": _ccp(kernel),
            **_firmware(binary),
            **programs,
        }
        self.vm = Vm(
            kernel, devices=devices, netns=self.switch.name, extra=extra, memory_mb=HOST_MEMORY_MB,
            cpus=2, cpu="EPYC,+svm,+npt", cmdline="intel_iommu=on iommu=pt", qemu=binary,
            more_modules=HOST_MODULES, boot_timeout_s=180,
        )
        self.vm.check(f"""
            insmod /inner/ccp.ko
            for module in {' '.join(HOST_MODULES)}; do modprobe $module || exit 1; done
            echo {GUESTS_MEMORY_MB // 2} >/proc/sys/vm/nr_hugepages
            mkdir -p /dev/hugepages
            mount -t hugetlbfs hugetlbfs /dev/hugepages
            {PLAIN_QUEUES}
            ip address add {MANAGEMENT}.2/24 dev eth0
            ip link set eth0 up""", 120)

    def _side_prepare(self, side):
        # The PF repeats what the host itself broadcasts; were the bridge to learn from that, it
        # would look for its own guest outside.
        said = self.vm.check(f"""
            set -e
            pf=$(readlink -f /sys/class/net/{side.pf}/device)
            ip link add {side.bridge} type bridge forward_delay 0 stp_state 0 mcast_query_response_interval 100 mcast_querier 1
            ip tuntap add {side.tap} mode tap
            ip link set {side.pf} master {side.bridge} up
            bridge link set dev {side.pf} learning off
            ip link set {side.tap} master {side.bridge} up
            ip link set {side.bridge} up
            echo 0 >$pf/sriov_drivers_autoprobe
            echo 1 >$pf/sriov_numvfs
            vf=$(basename $(readlink -f $pf/virtfn0))
            echo vfio-pci >/sys/bus/pci/devices/$vf/driver_override
            echo $vf >/sys/bus/pci/drivers_probe
            ip link set {side.pf} vf 0 spoofchk off
            echo vf=$vf""", 90)
        side.vf = said.split("vf=")[-1].strip()

    # What a host does about a VF's MAC

    def mac_give(self, side):
        """Frames for the guest go to the VF from now on, whichever guest or driver has it."""
        self.vm.check(f"ip link set {side.pf} vf 0 mac {self.mac}")

    def mac_take(self, side):
        """And now to the PF, which is to say to the bridge and the guest's virtio-net."""
        self.vm.check(f"ip link set {side.pf} vf 0 mac {NO_MAC}")

    def mac_share(self, side):
        """The PF gets a copy of what goes to the VF."""
        self.vm.check(f"bridge fdb add {self.mac} dev {side.pf} self")

    def mac_unshare(self, side):
        self.vm.check(f"bridge fdb del {self.mac} dev {side.pf} self")

    def stop(self):
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
