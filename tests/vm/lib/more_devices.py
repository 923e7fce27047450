# SPDX-License-Identifier: GPL-2.0-only
"""Devices of a guest beside those of the lab: a second VF at the root port rp-other, a NIC on USB
at usb.0.
"""

from stage import Skip, check_equal

# Its number is above those of the lab, so the addresses of its devices are higher.
ROOT_PORT = "pcie-root-port,id=rp-other,chassis=40,slot=40,addr=0x10"
DEVICES = {
    "more_modules": ("xhci_pci", "rndis_host"),
    "devices": (
        "-device",
        ROOT_PORT,
        "-device",
        "qemu-xhci,id=usb",
        "-netdev",
        "hubport,id=other-net,hubid=40",
        "-netdev",
        "hubport,id=usb-net,hubid=41",
    ),
}


def plug(guest, name, bus, mac, driver="e1000e", netdev="other-net"):
    """device_add; the new netdev's name."""
    before = set(guest.check("ls /sys/class/net").split())
    guest.lab.vm.qmp("device_add", driver=driver, id=name, bus=bus, netdev=netdev, mac=mac)
    guest.lab.vm.wait_for(f"[ $(ls /sys/class/net | wc -l) -gt {len(before)} ]", 20)
    new = set(guest.check("ls /sys/class/net").split()) - before
    check_equal(len(new), 1, "new netdevs")
    return new.pop()


def unplug(guest, name):
    guest.lab.vm.device_del(name)


def load_usb(guest):
    """The modules of a NIC on USB; Skip without them."""
    status, said = guest.run("modprobe xhci_pci && modprobe rndis_host")
    if status:
        raise Skip(
            f"the kept kernel has no USB modules ({said.strip()}): remove its directory from the cache to fetch it again"
        )


def keep_agent(guest):
    """Starts the agent, unless it runs."""
    if not guest.agent or not guest.agent.running():
        guest.start_agent()
