# SPDX-License-Identifier: GPL-2.0-only
"""What differs between the architectures that a guest can have: QEMU's machine, the compiler's
prefix, and where its files come from.
"""

import platform
from dataclasses import dataclass
from pathlib import Path

from tools.rig.places import cache, lock
from tools.rig.suites import Suite

# For the init of a guest and what the rig runs in it; its libraries come along.
USERLAND = (
    "busybox-static",
    "dash",
    "iproute2",
    "ethtool",
    "bpftool",
    "tcpdump",
    "libbpf1",
    "libnl-3-200",
    "libnl-genl-3-200",
    "libsystemd0",
    "libcap-ng0",
    "libjson-c5",
    "libinih1",
)


@dataclass(frozen=True)
class Architecture:
    machine: str   # as in uname -m
    debian: str
    qemu: str
    board: str
    cpu: str
    console: str
    acpi: bool     # the board has ICH9's hotplug

    @property
    def is_ours(self):
        return self.machine == platform.machine()

    @property
    def compiler(self):
        return "gcc" if self.is_ours else f"{self.machine}-linux-gnu-gcc"

    def files(self):
        """The root of a tree with USERLAND, of the suite that this machine runs."""
        from tools.rig.userland import codename
        suite = Suite(codename(), self.debian)
        with lock(f"files-{suite.name}"):
            return suite.extract(
                USERLAND, cache("files") / suite.name, None, ("./usr/share/*",), dependencies=True
            )


X86 = Architecture("x86_64", "amd64", "qemu-system-x86_64", "q35", "max", "ttyS0", True)
# Pointer authentication as QEMU likes it: the architecture's own algorithm is most of what
# emulation would do.
ARM64 = Architecture(
    "aarch64", "arm64", "qemu-system-aarch64", "virt", "max,pauth-impdef=on", "ttyAMA0", False
)


def find(tree, name):
    """A program or library of an unpacked tree, by its links: those that are absolute are meant
    within the tree. None: it is not there.
    """
    tree = Path(tree)
    for folder in (
        *(tree / part for part in ("usr/sbin", "usr/bin", "sbin", "bin", "lib")),
        *tree.glob("lib/*-linux-gnu"),
        *tree.glob("usr/lib/*-linux-gnu"),
    ):
        path = folder / name
        while path.is_symlink():
            target = path.readlink()
            path = tree / str(target).lstrip("/") if target.is_absolute() else path.parent / target
        if path.is_file():
            return path
    return None
