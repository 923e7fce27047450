# SPDX-License-Identifier: GPL-2.0-only
"""What happens to a VF: four ways to go, and their four ways back. Each function does one to a
Guest and returns when it is done.
"""

from dataclasses import dataclass
from typing import Callable


def _unplug(guest):
    guest.lab.unplug_vf()


def _plug(guest):
    guest.lab.plug_vf()


def _link_down(guest):
    """As when a cable is pulled: both ends see it, and the switch forgets what it has learned
    there. Were it the guest alone, QEMU would keep what is sent to the NIC and hand it over with
    the link's return, neither lost nor delivered.
    """
    guest.port_set(False)
    guest.lab.set_link("vf0", False)


def _link_up(guest):
    guest.port_set(True)
    guest.lab.set_link("vf0", True)


def _unbind(guest):
    guest.vm.check(f"echo {guest.vf_address} >{guest.vf_driver}/unbind")


def _bind(guest):
    guest.vm.check(f"echo {guest.vf_address} >{guest.vf_driver}/bind")


def _set_down(guest):
    guest.vm.check(f"ip link set {guest.vf_name} down")


def _set_up(guest):
    guest.vm.check(f"ip link set {guest.vf_name} up")


@dataclass(frozen=True)
class Incident:
    """go and come: the names of the two events, as in the results; the functions do them.

    new_netdev: the VF's netdev is another one afterwards, without whatever was configured on the
    old one.
    """

    go: str
    come: str
    leave: Callable
    enter: Callable
    new_netdev: bool = False


INCIDENTS = (
    Incident("unplug", "plug", _unplug, _plug, True),
    Incident("link-down", "link-up", _link_down, _link_up),
    Incident("unbind", "bind", _unbind, _bind, True),
    Incident("set-down", "set-up", _set_down, _set_up),
)
EVENTS = tuple(name for incident in INCIDENTS for name in (incident.go, incident.come))
