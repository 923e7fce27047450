# SPDX-License-Identifier: GPL-2.0-only
"""Which QEMU: the system's own, or a newer one of another suite, unpacked in the cache and never
installed.

QEMU 10 has what 7.2 lacks: igb with SR-IOV, and an e1000e whose link interrupt works with MSI-X.
"""

import re
import shutil
import subprocess
from pathlib import Path

from tools.rig.places import RIG, cache, lock
from tools.rig.suites import Suite, SuiteError

BINARY = "qemu-system-x86_64"
NEWER, NEWER_SUITE = (9, 0), "bookworm-backports"
DROP = [
    "./usr/share/doc/*",
    "./usr/share/man/*",
    "*/hppa-firmware*",
    "*/u-boot*",
    "*/slof.bin",
    "*/npcm*",
    "*.dtb",
    "*/palcode*",
    "*/s390*",
]


class QemuError(Exception):
    pass


def qemu_said(qemu):
    """A QEMU's version as it prints it: "7.2.22 (Debian ...)"."""
    said = subprocess.run([qemu, "--version"], text=True, stdout=subprocess.PIPE, check=True).stdout
    return said.splitlines()[0].removeprefix("QEMU emulator version ")


def qemu_version(qemu):
    """(major, minor) of a QEMU binary."""
    return tuple(int(part) for part in re.match(r"(\d+)\.(\d+)", qemu_said(qemu)).groups())


def qemu_firmware(qemu):
    """The directories with a QEMU's firmware, installed or unpacked: beside itself."""
    share = Path(qemu).parents[1] / "share"
    return [path for path in (share / "qemu", share / "seabios") if path.is_dir()]


def qemu_data(qemu):
    """Arguments for an unpacked QEMU to find its firmware: on its own it looks for the installed
    one's.
    """
    return [part for path in qemu_firmware(qemu) for part in ("-L", str(path))]


def _libraries_need(suite, binary):
    """Installs from the system's own suite those packages whose libraries the unpacked binary
    misses.
    """
    if "not found" not in subprocess.run(["ldd", binary], text=True, stdout=subprocess.PIPE).stdout:
        return
    depends = re.findall(r"(?:^|, )(lib[\w.+-]+)", suite.show("qemu-system-x86")["Depends"])
    subprocess.run(
        ["bash", "-c", '. "$0" && packages_need "$@"', RIG / "packages.sh", *depends], check=True
    )
    if "not found" in (
        missing := subprocess.run(["ldd", binary], text=True, stdout=subprocess.PIPE).stdout
    ):
        raise SuiteError(f"the QEMU of {suite.name} does not run on this system:\n{missing}")


def qemu_installed(name=BINARY):
    """The absolute path of one of the system's QEMUs."""
    path = shutil.which(name)
    if not path:
        raise QemuError(f"{name} is not installed: run tools/rig/packages.sh vm")
    return str(Path(path).resolve())


def qemu(newer=False, suite=NEWER_SUITE):
    """The absolute path of qemu-system-x86_64: the system's, or with newer=True at least version 9,
    which is the system's too where that is new enough. Guests start it, hosts of guests have it
    copied into them, and its firmware is found from it.
    """
    if not newer or (shutil.which(BINARY) and qemu_version(BINARY) >= NEWER):
        return qemu_installed()
    target = cache("qemu") / suite
    binary = target / "usr/bin" / BINARY
    with lock(f"qemu-{suite}"):
        if not binary.exists():
            source = Suite(suite)
            source.extract(["qemu-system-x86", "qemu-system-data", "seabios"], target, None, DROP)
            _libraries_need(source, binary)
    return str(binary)
