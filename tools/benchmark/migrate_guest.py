# SPDX-License-Identifier: GPL-2.0-only
"""The guest that migrates, and the QEMU processes that have it in turn: started, plugged, migrated,
with the moments of it all.
"""

import contextlib
import socket
import time

from tools.benchmark.migrate_host import GUESTS_MEMORY_MB, MANAGEMENT
from tools.rig.channel import Channel
from tools.rig.nics import Nics, Pair
from tools.rig.qmp import Qmp, QmpError
from tools.rig.vm import Vm, VmError

MEMORY_MB = GUESTS_MEMORY_MB // 2
# Memory in huge pages and there from the start, as hosts that pass devices through have it: a
# device maps all of it when it comes. Whichever QEMU has the guest sees the same machine: a root
# port each for the two NICs, at the places where Lab has them too.
MACHINE = (
    "-accel kvm -cpu host -M q35 -smp 2 -nodefaults -nographic -no-reboot -mem-path /dev/hugepages -mem-prealloc "
    "-L /inner/firmware -kernel /inner/vmlinux -initrd /inner/initrd -device virtio-serial-pci,id=rig-serial,addr=0x1e "
    "-device pcie-root-port,id=rp-sb0,chassis=1,slot=1,addr=0x2 -device pcie-root-port,id=rp-vf0,chassis=2,slot=2,addr=0x3"
)
CMDLINE = "console=ttyS0 quiet panic=-1 oops=panic mitigations=off net.ifnames=0 random.trust_cpu=on audit=0"
# What the guest's driver of an igb's VF is called.
VF_MODEL = "igbvf"
BANDWIDTH = 10_000_000
BOOT_TIMEOUT_S, MIGRATION_TIMEOUT_S, VF_TIMEOUT_S = 150, 90, 40


class MigrationDied(VmError):
    """A QEMU has ended in the middle of it, which the emulated hypervisor does now and then for
    reasons of its own.
    """


class Process(Vm):
    """One QEMU in the host, and the guest in it: Vm's commands work once agent() has been called.
    """

    def __init__(self, host, side, failover=False, incoming=False):
        """failover: a pair of net_failover, for which QEMU plugs the VF by itself: when the guest
        that has come by migration says that it knows such pairs.
        """
        self.host, self.side, self.failover = host, side, failover
        self._channel = self.qmp_link = None
        self._log = f"/tmp/guest-{side.name}"
        standby = f"virtio-net-pci,id=sb0,bus=rp-sb0,netdev=sb0-net,mac={host.mac},romfile=" + (
            ",failover=on" if failover else ""
        )
        vf = ""
        if failover and incoming:
            properties = self._vf_properties()
            vf = "-device " + ",".join(f"{key}={value}" for key, value in properties.items())
        # Its input must not be the host's console; a session of its own, or the shell that starts
        # it would end it.
        host.vm.check(f"""
            setsid /inner/qemu {MACHINE} -m {MEMORY_MB} -append '{CMDLINE}' {'-incoming defer' if incoming else ''} \\
                -chardev file,id=console,path={self._log}.console -serial chardev:console \\
                -chardev socket,id=qmp,host=0.0.0.0,port={side.qmp_port},server=on,wait=off -mon chardev=qmp,mode=control \\
                -chardev socket,id=rig,host=0.0.0.0,port={side.agent_port},server=on,wait=off \\
                -device virtserialport,bus=rig-serial.0,chardev=rig,name=rig \\
                -netdev tap,id=sb0-net,ifname={side.tap},script=no,downscript=no,vhost=on -device {standby} {vf} \\
                </dev/null >{self._log}.log 2>&1 &
            echo $! >{self._log}.pid""")
        try:
            self.qmp_link = Qmp(self._connect(side.qmp_port))
        except (OSError, QmpError) as error:
            raise VmError(f"QEMU {side.name} did not start: {error}\n{self.log()}") from error

    def _connect(self, port):
        deadline = time.monotonic() + 60
        while True:
            link = self.host.switch.inside(
                lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            )
            try:
                link.settimeout(10)
                link.connect((f"{MANAGEMENT}.2", port))
                link.settimeout(None)
                return link
            except OSError:
                link.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def agent(self, wait=True):
        """The channel for commands; with wait, until the guest answers on it."""
        self._channel = Channel(self._connect(self.side.agent_port))
        if wait:
            try:
                self.run("true", BOOT_TIMEOUT_S)
            except TimeoutError as error:
                raise VmError(
                    f"the guest did not come up:\n{self.console()[-3000:]}\n{self.log()}"
                ) from error

    def _exchange(self, *arguments):
        try:
            return super()._exchange(*arguments)
        except VmError as error:
            raise VmError(f"{error}\n{self.log()}") from error

    def _told(self, command):
        # Asked for when something has failed, and a host that does not answer either must not hide
        # what it was.
        try:
            return self.host.vm.run(command)[1]
        except (VmError, TimeoutError) as error:
            return f"the host does not answer: {error}\n{self.host.vm.console()[-2000:]}"

    def console(self):
        return self._told(f"cat {self._log}.console")

    def log(self):
        """What QEMU itself has written, and the end of the host's kernel log."""
        return self._told(f"cat {self._log}.log; dmesg | tail -n 12")

    def alive(self):
        return self.host.vm.run(f"kill -0 $(cat {self._log}.pid)")[0] == 0

    def _vf_properties(self):
        properties = {
            "driver": "vfio-pci",
            "id": "vf0",
            "bus": "rp-vf0",
            "host": self.side.vf,
            "rombar": 0,
        }
        if self.failover:
            properties["failover_pair_id"] = "sb0"
        return properties

    def plug(self):
        # Mapping all of the guest's memory for the device takes its time here.
        self.qmp_link.command("device_add", VF_TIMEOUT_S, **self._vf_properties())

    def unplug(self):
        """Returns when DEVICE_DELETED came (monotonic seconds)."""
        return self.device_del("vf0", VF_TIMEOUT_S)

    def close(self):
        for link in (self._channel, self.qmp_link):
            if link:
                link.close()

    # The host is taken away as a whole, and what runs in it goes with it.
    stop = close


@contextlib.contextmanager
def _deaths_told(source, target):
    """What ends a migration says which of the two QEMU has ended, too."""
    try:
        yield
    except QmpError as error:
        raise MigrationDied(
            f"{error}\nthe source {'runs' if source.alive() else 'has ended'}: {source.log()}\n"
            f"the target {'runs' if target.alive() else 'has ended'}: {target.log()}"
        ) from error


def _begin(source, target):
    """Gives the command; when (monotonic seconds)."""
    port = 4444
    target.qmp("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    target.qmp("migrate-incoming", uri=f"tcp:127.0.0.1:{port}")
    source.qmp("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    # As a host's link would limit it. Unlimited, the copying takes what processor time the guest
    # needs, and what then piles up in front of the guest is lost with the source when it stops.
    source.qmp("migrate-set-parameters", **{"max-bandwidth": BANDWIDTH})
    started = time.monotonic()
    source.qmp("migrate", uri=f"tcp:127.0.0.1:{port}")
    return started


def _status(source, *wanted):
    """Waits until the migration is in one of these; its event."""
    ends = ("completed", "failed", "cancelled")
    event = source.wait_event(
        "MIGRATION", MIGRATION_TIMEOUT_S, 0, lambda data: data["status"] in (*wanted, *ends)
    )
    if event["data"]["status"] not in wanted:
        raise QmpError(str(source.qmp("query-migrate")))
    return event


def _end(source, target, started):
    """What QEMU says about it, once it is done."""
    _status(source, "completed")
    said = source.qmp("query-migrate")
    stop = source.wait_event("STOP", 5)
    resume = target.wait_event("RESUME", 30)

    def stamp_us(event):
        return event["timestamp"]["seconds"] * 1_000_000 + event["timestamp"]["microseconds"]

    return {
        "migrate_s": started,
        "stop_s": stop["host_s"],
        "resume_s": resume["host_s"],
        "downtime_ms": (stamp_us(resume) - stamp_us(stop)) / 1000,
        "reported_ms": said["downtime"],
        "total_ms": said["total-time"],
        "setup_ms": said.get("setup-time"),
        "transferred": said["ram"]["transferred"],
        "rounds": said["ram"].get("dirty-sync-count"),
    }


def migrate(source, target):
    """Moves the guest; a dict of what QEMU says about it, with the moments of STOP and RESUME in
    the host's clock and in ours.
    """
    with _deaths_told(source, target):
        return _end(source, target, _begin(source, target))


def migrate_with_vf(source, target, *, leaving, left, coming):
    """The same of a pair of failover=on: one command, and QEMU takes the VF out of the guest before
    it copies, and gives it the target's.

    What a host can do about the VF's MAC it does when QEMU says how far it is. Each is called with
    the moment (monotonic seconds):
    leaving: UNPLUG_PRIMARY: the guest has been asked to let go of the VF, and still has it.
    left: the migration is no longer waiting for that: it has.
    coming: FAILOVER_NEGOTIATED of the target: it begins to plug its VF, in the downtime.
    """
    with _deaths_told(source, target):
        started = _begin(source, target)
        leaving(source.wait_event("UNPLUG_PRIMARY", VF_TIMEOUT_S)["host_s"])
        left(_status(source, "active")["host_s"])
        coming(target.wait_event("FAILOVER_NEGOTIATED", MIGRATION_TIMEOUT_S)["host_s"])
        return _end(source, target, started)


class InnerLab(Nics):
    """The guest of a process as contenders.py sets it up: one pair, whose VF the host gives."""

    def __init__(self, process):
        super().__init__([Pair(0)], process.failover, VF_MODEL, process)

    def configure(self):
        """Addresses onto the main netdev, and it up; those of contenders with a netdev of their own
        come with it.
        """
        pair = self.pairs[0]
        main = self.main()
        if not main:
            raise VmError(f"no netdev in the guest:\n{self.vm.run('ip -d link')[1]}")
        self.vm.check(f"""
            ip address add {pair.guest_v4}/24 dev {main}
            ip link set {main} up""")
