# SPDX-License-Identifier: GPL-2.0-only
"""Open vSwitch as Debian 12 has it, for a guest whose kernel has its module: unpacked in the cache
with all its libraries, never installed.
"""

import subprocess
from pathlib import Path

from tools.rig.places import cache, lock
from tools.rig.suites import Suite

SUITE = "bookworm"
PACKAGES = (
    "openvswitch-switch",
    "openvswitch-common",
    "libc6",
    "libbpf1",
    "libelf1",
    "zlib1g",
    "libcap-ng0",
    "libnuma1",
    "libssl3",
    "libunbound8",
    "libxdp1",
    "libevent-2.1-7",
    "libnghttp2-14",
    "libprotobuf-c1",
    "libhogweed6",
    "libnettle8",
    "libgmp10",
)
KEEP = (
    "./usr/sbin/ovsdb-server",
    "./usr/bin/ovsdb-tool",
    "./usr/bin/ovs-vsctl",
    "./usr/lib/openvswitch-switch/*",
    "./usr/share/openvswitch/vswitch.ovsschema",
    "./usr/lib/x86_64-linux-gnu/*.so*",
    "./lib/x86_64-linux-gnu/*.so*",
)
DROP = ("*/gconv/*", "*/engines-3/*", "*/ossl-modules/*")
PLACE, LIBRARIES = "/tmp/openvswitch", ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")


def command(program, *arguments):
    """The command line of one of its programs where the archive was unpacked in PLACE."""
    libraries = ":".join(f"{PLACE}/{directory}" for directory in LIBRARIES)
    return " ".join(
        (
            f"{PLACE}/{LIBRARIES[1]}/ld-linux-x86-64.so.2",
            "--library-path",
            libraries,
            f"{PLACE}/usr/{program}",
            *arguments,
        )
    )


def archive(say=print):
    """The path of a tar archive with all of it; made at the first call. Raises SuiteError when the
    packages cannot be had.
    """
    tree = cache("openvswitch") / SUITE
    made = tree.with_suffix(".tar.gz")
    with lock("openvswitch"):
        if not made.exists():
            say(f"fetching openvswitch-switch of {SUITE}, once, into {tree}")
            Suite(SUITE).extract(PACKAGES, tree, KEEP, DROP)
            subprocess.run(
                ["tar", "--owner=0", "--group=0", "-C", tree, "-czf", f"{made}.new", "."],
                check=True,
            )
            Path(f"{made}.new").rename(made)
    return made
