#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a program for another architecture is compiled with: `sysroot.py arm64` prints a directory
with Debian's headers and libraries.

They are of the suite that this machine runs. The first call downloads, later ones only look;
nothing is installed.
"""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.rig.places import cache, lock
from tools.rig.suites import Suite, SuiteError
from tools.rig.userland import codename

ARCHITECTURES = ("arm64", "s390x")
# bpftool: libbpf before 1.5 makes skeletons of its own byte order alone, so that of a big-endian
# machine has to be run by QEMU.
PACKAGES = (
    "libc6-dev",
    "libbpf-dev",
    "libelf-dev",
    "libnl-3-dev",
    "libnl-genl-3-dev",
    "libnl-route-3-dev",
    "libsystemd-dev",
    "libcap-ng-dev",
    "libjson-c-dev",
    "libinih-dev",
    "libcmocka-dev",
    "bpftool",
)
KEEP = (
    "./usr/include/*",
    "./usr/lib/*",
    "./lib/*",
    "./usr/share/pkgconfig/*",
    "./usr/sbin/bpftool",
)


def _make_links_relative(tree):
    """A link to /lib/... would lead to this machine's files."""
    for folder, directories, files in os.walk(tree):
        for path in (Path(folder) / name for name in directories + files):
            if path.is_symlink() and os.readlink(path).startswith("/"):
                target = os.path.relpath(f"{tree}{os.readlink(path)}", folder)
                path.unlink()
                path.symlink_to(target)


def sysroot(architecture):
    """The directory of that architecture (see ARCHITECTURES). Raises SuiteError."""
    if architecture not in ARCHITECTURES:
        raise SuiteError(
            f"no architecture named '{architecture}': {', '.join(ARCHITECTURES)} are known"
        )
    suite = Suite(codename(), architecture)
    target = cache("sysroots") / suite.name
    with lock(f"sysroot-{suite.name}"):
        if not (target / ".complete").exists():
            print(f"sysroot: fetching the headers and libraries of {suite.name}", file=sys.stderr)
            suite.extract(PACKAGES, target, KEEP, dependencies=True)
            _make_links_relative(target)
            (target / ".complete").touch()
    return target


if __name__ == "__main__":
    try:
        print(*(sysroot(name) for name in sys.argv[1:]), sep="\n")
    except SuiteError as error:
        sys.exit(f"sysroot: {error}")
