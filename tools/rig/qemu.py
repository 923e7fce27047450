# SPDX-License-Identifier: GPL-2.0-only
"""Which QEMU: the system's own, or a newer one of another suite, unpacked in the cache and never installed.

QEMU 10 has what 7.2 lacks: igb with SR-IOV, and an e1000e whose link interrupt works with MSI-X.
"""

import re
import subprocess
from pathlib import Path

from tools.rig.places import RIG, cache, lock
from tools.rig.suites import Suite, SuiteError

NEWER_SUITE = "bookworm-backports"
DROP = ["./usr/share/doc/*", "./usr/share/man/*", "*/hppa-firmware*", "*/u-boot*", "*/slof.bin", "*/npcm*", "*.dtb", "*/palcode*",
        "*/s390*"]


def qemu_version(qemu):
    """(major, minor) of a QEMU binary."""
    said = subprocess.run([qemu, "--version"], text=True, stdout=subprocess.PIPE, check=True).stdout
    return tuple(int(part) for part in re.search(r"version (\d+)\.(\d+)", said).groups())


def qemu_data(qemu):
    """Arguments for an unpacked QEMU to find its firmware beside itself: on its own it looks for the installed one's."""
    share = Path(qemu).parents[1] / "share" if "/" in qemu else None
    return [part for name in ("qemu", "seabios") if share and (share / name).is_dir() for part in ("-L", str(share / name))]


def _libraries_need(suite, binary):
    """Installs from the system's own suite those packages whose libraries the unpacked binary misses."""
    if "not found" not in subprocess.run(["ldd", binary], text=True, stdout=subprocess.PIPE).stdout:
        return
    depends = re.findall(r"(?:^|, )(lib[\w.+-]+)", suite.show("qemu-system-x86")["Depends"])
    subprocess.run(["bash", "-c", '. "$0" && packages_need "$@"', RIG / "packages.sh", *depends], check=True)
    if "not found" in (missing := subprocess.run(["ldd", binary], text=True, stdout=subprocess.PIPE).stdout):
        raise SuiteError(f"the QEMU of {suite.name} does not run on this system:\n{missing}")


def qemu(newer=False, suite=NEWER_SUITE):
    """The path of qemu-system-x86_64: the system's, or with newer=True at least version 9.

    The newer one is the system's too where that is new enough.
    """
    if not newer:
        return "qemu-system-x86_64"
    try:
        if qemu_version("qemu-system-x86_64") >= (9, 0):
            return "qemu-system-x86_64"
    except OSError:
        pass
    target = cache("qemu") / suite
    binary = target / "usr/bin/qemu-system-x86_64"
    with lock(f"qemu-{suite}"):
        if not Path(binary).exists():
            source = Suite(suite)
            source.extract(["qemu-system-x86", "qemu-system-data", "seabios"], target, None, DROP)
            _libraries_need(source, binary)
    return str(binary)
