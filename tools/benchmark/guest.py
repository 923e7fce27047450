# SPDX-License-Identifier: GPL-2.0-only
"""One contender's guest through a run: it is brought to rest before each event, and stands still
while another one is measured.
"""

import fcntl
import socket
import struct
import time

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
REST_S = 1.0
REST_TIMEOUT_S = 40


class GuestError(Exception):
    pass


class Guest:
    """gone: the incident that keeps the VF away now, None while it is there."""

    def __init__(self, contender, kernel, qemu):
        self.contender, self.gone = contender, None
        self.lab = contender.boot(kernel, qemu=qemu)
        try:
            self._switch = self.lab.switch.inside(
                lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            )
            self.vf_driver = f"/sys/bus/pci/drivers/{self.lab.vf_model}"
            self._look()
            self._rest()
        except BaseException:
            self.lab.stop()
            raise

    @property
    def vm(self):
        return self.lab.vm

    def pause(self):
        """Stands still: an idle guest too takes time from the one that is measured. Its own clock
        does not see it.
        """
        self.vm.qmp("stop")

    def resume(self):
        self.vm.qmp("cont")

    def port_set(self, up):
        """The switch's port towards the VF, up or down when this returns, within a millisecond: a
        program for it would take ten.
        """
        request = struct.pack("16sh14x", b"vf0", 0)
        flags = struct.unpack_from("h", fcntl.ioctl(self._switch, SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(
            self._switch, SIOCSIFFLAGS,
            struct.pack("16sh14x", b"vf0", flags | IFF_UP if up else flags & ~IFF_UP),
        )

    def _look(self):
        self.vf_name = self.lab.netdev("vf")
        self.vf_address = self.vm.check(
            f"basename $(readlink -f /sys/class/net/{self.vf_name}/device)"
        ).strip()

    def reachable(self):
        """Whether the peer is answered: there are contenders that send while they cannot receive.
        """
        return self.vm.run(f"ping -c3 -i0.3 -W1 {self.lab.pairs[0].peer_v4}")[0] == 0

    def _rest(self):
        """Until what the guest sends has come from the right NIC for a while, as the bridge sees
        it; the same test for every contender.
        """
        port = self.contender.port if not self.gone or self.contender.port == "sb0" else "sb0"
        if self.gone and self.contender.name == "bare-vf":
            time.sleep(REST_S)
            return
        deadline, since = time.monotonic() + REST_TIMEOUT_S, None
        while since is None or time.monotonic() - since < REST_S:
            self.vm.run(f"ping -c1 -W1 {self.lab.pairs[0].peer_v4}")
            if self.lab.learned() != port:
                since = None
            elif since is None:
                since = time.monotonic()
            if time.monotonic() > deadline:
                raise GuestError(
                    f"{self.contender.name}: traffic is at {self.lab.learned()}, not at {port}, {REST_TIMEOUT_S} s after "
                    f"{self.gone.go if self.gone else 'its VF was there'}:\n{self.evidence()}"
                )
            time.sleep(0.15)

    def there(self):
        """The VF is there and carries the traffic."""
        if self.gone:
            incident = self.gone
            incident.enter(self)
            self.arrived(incident)
        self._rest()

    def away(self, incident):
        """The VF is gone by the incident, without anything having been on its way to it.

        QEMU keeps what was sent to a NIC that does not receive and hands it over later: it must not
        fall into the next measurement.
        """
        self.there()
        incident.leave(self)
        self.left(incident)
        self._rest()

    def left(self, incident):
        """To be called when an incident was done from outside."""
        self.gone = incident

    def arrived(self, incident):
        self.gone = None
        if incident.new_netdev:
            self.lab.wait_vf()
            self._look()
            self.contender.vf_back(self.lab)

    def evidence(self):
        return self.vm.run("ip -d link; cat /tmp/spawn-*.log | tail -n 20; dmesg | tail -n 15")[1]

    def stop(self):
        self._switch.close()
        self.lab.stop()
