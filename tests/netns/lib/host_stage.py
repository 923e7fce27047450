# SPDX-License-Identifier: GPL-2.0-only
"""The stage of the host part's tests: a namespace as the hypervisor, with taps that this process
holds as QEMU does, a bridge, and a veth as the PF.

    guest (this process) - vnet0 - br0 - pf0 - wire0

A veth has no VFs, so the configuration names the PF; tests/vm/test_host.py has an igb's.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from host_signals import signal_frame
from rig import Cases, VFSTEER, check, check_equal, frame, wait
from tools.rig.cleanup import owned, released
from tools.rig.netns import Netns

HOST = os.environ.get("VFSTEER_HOST", str(Path(VFSTEER).parent / "vfsteer-host"))
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
TRAFFIC = 0x88B6  # the other Ethertype for local experiments: not that of signals


def mac_of(number, first=0x52):
    return f"{first:02x}:54:00:00:{number >> 8:02x}:{number & 255:02x}"


def unicast_self(text):
    """The unicast MACs on a device's own receive list, of what `bridge -j fdb show` said."""
    return {
        line["mac"] for line in json.loads(text)
        if "self" in line.get("flags", ()) and not int(line["mac"][:2], 16) & 1
    }


class Tap:
    """A tap that this process holds: what it writes comes from the guest."""

    def __init__(self, netns, name, mac, bridge="br0"):
        self.netns, self.name, self.mac, self.sequence = netns, name, mac, 0
        self.fd = netns.inside(lambda: os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK))
        # The device is made in the namespace that the descriptor was opened in.
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
        netns.run(
            f"echo 1 >/proc/sys/net/ipv6/conf/{name}/disable_ipv6; "
            f"ip link set {name} address fe{mac[2:]} {f'master {bridge}' if bridge else ''} up"
        )

    def send(self, data):
        os.write(self.fd, data)

    def says(self, active, primary, mac=None, **fields):
        self.sequence += 1
        self.send(signal_frame(mac or self.mac, active, primary, self.sequence, **fields))

    def traffic(self):
        """A frame of the guest's own, to a MAC that no station has."""
        self.send(frame("02:00:00:00:00:ee", self.mac, TRAFFIC))

    def close(self):
        os.close(self.fd)


class HostStage:
    def __init__(self, configuration="", start=True):
        self.netns, self.taps, self.daemon = Netns("host"), [], None
        self.directory = Path(tempfile.mkdtemp(prefix="vfsteer-test-"))
        self.run_dir = self.directory / "run"
        self.log = self.directory / "log"
        self.config = self.directory / "host.conf"
        self.program = HOST
        self.configure(configuration)
        owned(self, self.close)
        self.netns.run("""
            sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
            ip link add pf0 type veth peer name wire0
            ip link add br0 type bridge forward_delay 0 mcast_snooping 0
            ip link set pf0 master br0
            for device in wire0 br0 pf0; do ip link set $device up; done""")
        if start:
            self.start()

    def configure(self, text):
        self.config.write_text(text)

    def tap(self, number=0, name=None, mac=None, **kwargs):
        tap = Tap(self.netns, name or f"vnet{number}", mac or mac_of(number), **kwargs)
        self.taps.append(tap)
        return tap

    def start(self, program=None, **environment):
        """Starts it and waits until it says that it is ready, or has ended."""
        address = str(self.directory / "notify")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        manager.bind(address)
        with open(self.log, "a") as log:
            self.daemon = self.netns.popen(
                [program or HOST, "run", "--config", self.config, "--run-dir", self.run_dir],
                stdout=log, stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": address, **environment},
            )

        def is_ready():
            with contextlib.suppress(BlockingIOError):
                return b"READY=1" in manager.recv(4096)
            return self.daemon.poll() is not None

        wait("ready", is_ready, 10)
        self.manager = manager
        return self.daemon

    def end(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        status = self.daemon.wait(10)
        self.manager.close()
        return status

    def command(self, *arguments):
        """In this namespace: the control socket is found by its path from any."""
        return subprocess.run(
            [HOST, *arguments, "--run-dir", str(self.run_dir)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
        )

    def succeed(self, *arguments):
        done = self.command(*arguments)
        check_equal(done.returncode, 0, f"vfsteer-host {arguments}: {done.stderr.strip()}")
        return done.stdout

    def status(self):
        return json.loads(self.succeed("status", "--json"))

    def guest(self, mac):
        """What status says of a MAC; None: nothing."""
        return next((one for one in self.status()["guests"] if one["mac"] == mac), None)

    def entries(self, pf="pf0"):
        """The unicast MACs on the PF's receive list."""
        return unicast_self(self.netns.run(f"bridge -j fdb show dev {pf}"))

    def wait_entries(self, macs, what="", timeout=5.0):
        wait(f"{what}: entries {sorted(macs)}, log:\n{self.log.read_text()[-2000:]}",
             lambda: self.entries() == set(macs), timeout)

    def stay_entries(self, macs, seconds, what):
        """They are those all the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            check_equal(self.entries(), set(macs), what)
            time.sleep(0.05)

    def close(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for tap in self.taps:
            with contextlib.suppress(OSError):
                tap.close()
        self.netns.remove()
        shutil.rmtree(self.directory, ignore_errors=True)
        released(self)


def section(mac, tap, pf="pf0", netns=None):
    return f"[tap {tap}]\nmac = {mac}\npf = {pf}\n" + (f"netns = {netns}\n" if netns else "")


def check_log(stage, text):
    check(text in stage.log.read_text(), lambda: f"no {text!r} in:\n{stage.log.read_text()}")


_cases = Cases(HostStage)
case, main = _cases.add, _cases.main
