#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Debian kernels for guests: `kernels.py 6.1 6.12` prints, for each, the directory that holds
vmlinuz and lib/modules.

The first call downloads, later ones only look; --refresh asks the archive for a newer one.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.rig.architecture import ARM64, X86
from tools.rig.bzimage import vmlinux_extract
from tools.rig.places import cache, lock
from tools.rig.suites import Suite, SuiteError

SUITES = {
    "5.10": "bullseye",
    "6.1": "bookworm",
    "6.12": "trixie",
    "sid": "sid",
    "6.12-arm64-16k": "trixie",
}
# Those that are not of this machine's architecture, or of other pages: Debian's name for them.
FLAVOURS = {"6.12-arm64-16k": "arm64-16k"}

# A guest without disk, screen or sound needs none of these, and they are nine tenths of the
# package.
DROP = [
    f"*/kernel/{part}/*"
    for part in (
        "sound",
        "fs",
        "net/wireless",
        "net/mac80211",
        "net/bluetooth",
        "drivers/gpu",
        "drivers/media",
        "drivers/staging",
        "drivers/infiniband",
        "drivers/scsi",
        "drivers/iio",
        "drivers/input",
        "drivers/usb/storage",
        "drivers/usb/serial",
        "drivers/usb/gadget",
        "drivers/usb/misc",
        "drivers/usb/typec",
        "drivers/usb/image",
        "drivers/usb/class",
        "drivers/mtd",
        "drivers/hid",
        "drivers/md",
        "drivers/net/wireless",
        "drivers/net/wwan",
        "drivers/net/can",
        "drivers/net/ethernet/mellanox",
        "drivers/net/ethernet/broadcom",
        "drivers/net/ethernet/chelsio",
        "drivers/net/ethernet/qlogic",
        "drivers/net/ethernet/cavium",
        "drivers/comedi",
        "drivers/bluetooth",
        "drivers/video",
        "drivers/platform",
        "drivers/power",
        "drivers/isdn",
        "drivers/leds",
        "drivers/edac",
        "drivers/crypto",
        "drivers/ata",
        "drivers/mmc",
        "drivers/hwmon",
        "drivers/firewire",
        "drivers/thunderbolt",
        "drivers/accel",
        "drivers/rtc",
        "drivers/watchdog",
        "drivers/target",
        "drivers/xen",
        "drivers/nvme",
        "drivers/mfd",
    )
]


def architecture(version):
    """What a guest with the kernel of that name is made of; of a kernel's directory, this
    machine's.
    """
    return ARM64 if FLAVOURS.get(version, "").startswith("arm64") else X86


def _image_packages(suite, flavour):
    """The packages with the kernel itself: the meta package depends on one, and newer suites have
    it in several parts.
    """
    meta = suite.show(f"linux-image-{flavour}")
    found = re.search(rf"\b(linux-image-\d[\w.+~-]*-{flavour})\b", (meta or {}).get("Depends", ""))
    if not found:
        raise SuiteError(
            f"{suite.name}: linux-image-{flavour} names no kernel package in its Depends"
        )
    depends = suite.show(found[1]).get("Depends", "")
    version = found[1].removeprefix("linux-image-")
    return found[1], *(
        part
        for part in (f"linux-binary-{version}", f"linux-modules-{version}", f"linux-base-{version}")
        if re.search(rf"(^|[ ,]){re.escape(part)}($|[ ,])", depends)
    )


def _arrange(tree):
    """One layout whatever the suite's: vmlinuz, vmlinux, config and lib/modules/RELEASE with its
    dependency lists.
    """
    if (tree / "usr/lib/modules").is_dir():
        (tree / "lib").mkdir(exist_ok=True)
        (tree / "usr/lib/modules").rename(tree / "lib/modules")
    release = next((tree / "lib/modules").iterdir()).name
    for name in ("vmlinuz", "config"):
        found = [
            path
            for path in (tree / f"boot/{name}-{release}", tree / f"lib/modules/{release}/{name}")
            if path.is_file()
        ]
        if not found and name == "vmlinuz":
            raise SuiteError(f"no vmlinuz in the packages of kernel {release}")
        if found:
            found[0].rename(tree / name)
    vmlinux_extract(tree / "vmlinuz", tree / "vmlinux")
    for name in ("boot", "usr"):
        shutil.rmtree(tree / name, ignore_errors=True)
    subprocess.run(["depmod", "-b", tree, release], check=True, stderr=subprocess.DEVNULL)
    (tree / "release").write_text(release + "\n")


def kernel(version, refresh=False):
    """The directory of the kernel of that name (see SUITES)."""
    if version not in SUITES:
        raise SuiteError(f"no kernel named '{version}': {', '.join(SUITES)} are known")
    named = cache("kernels") / version
    with lock(f"kernel-{version}"):
        if named.exists() and not refresh:
            return named.resolve()
        foreign = architecture(version)
        suite = Suite(SUITES[version], None if foreign.is_ours else foreign.debian)
        packages = _image_packages(suite, FLAVOURS.get(version, "amd64"))
        target = cache("kernels") / packages[0].removeprefix("linux-image-")
        if not (target / "release").exists():
            shutil.rmtree(target, ignore_errors=True)
            print(f"kernels: fetching {packages[0]} of {suite.name}", file=sys.stderr)
            suite.extract(
                packages, target, ["./boot/*", "./lib/modules/*", "./usr/lib/modules/*"], DROP
            )
            _arrange(target)
        named.unlink(missing_ok=True)
        named.symlink_to(target.name)
        return target


def bootable(directory):
    """What QEMU is to load: the unpacked kernel if there is one, which starts seconds earlier."""
    vmlinux = directory / "vmlinux"
    return vmlinux if vmlinux.exists() else directory / "vmlinuz"


def release(directory):
    """The kernel's own name for itself, as in uname -r."""
    return (directory / "release").read_text().strip()


def main(args):
    refresh = "--refresh" in args
    versions = [arg for arg in args if arg != "--refresh"]
    if not versions or any(arg.startswith("-") for arg in versions):
        print(f"usage: kernels.py [--refresh] {'|'.join(SUITES)}...", file=sys.stderr)
        return 2
    try:
        for version in versions:
            print(kernel(version, refresh), flush=True)
    except SuiteError as error:
        print(f"kernels: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
