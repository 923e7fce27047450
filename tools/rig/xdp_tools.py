# SPDX-License-Identifier: GPL-2.0-only
"""xdp-bench and xdp-trafficgen of xdp-tools that go with this machine's kernel: unpacked in the
cache with all their libraries, never installed.

Not the system's own: that of Debian 12 (1.3.1) does not let two of them run at once. Versions
before 1.6 name tracepoints that Linux 6.18 has no more.
"""

import subprocess

from tools.rig.places import cache, lock
from tools.rig.suites import Suite, SuiteError

SUITES = ("trixie", "sid")
DROP = ("./usr/share/*", "*/gconv/*")


def _command(tree, tool, *arguments):
    """They are started by their own loader: this system's C library may be older."""
    libraries = ":".join(
        str(path) for path in (tree / "usr/lib/x86_64-linux-gnu", tree / "lib/x86_64-linux-gnu")
    )
    return [
        str(tree / "usr/lib64/ld-linux-x86-64.so.2"),
        "--library-path",
        libraries,
        str(tree / "usr/sbin" / tool),
        *(str(part) for part in arguments),
    ]


class XdpTools:
    """The first version that this kernel loads the programs of."""

    def __init__(self, say=print):
        refused = []
        for name in SUITES:
            self._tree = cache("xdp-tools") / name
            with lock("xdp-tools"):
                if not self._tree.exists():
                    say(
                        f"fetching xdp-tools and what they depend on from {name}, once, into {self._tree}"
                    )
                    Suite(name).extract(["xdp-tools"], self._tree, None, DROP, dependencies=True)
            done = subprocess.run(
                self.command("xdp-trafficgen", "probe"), text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            if not done.returncode:
                return
            refused.append(f"{name}: {done.stdout.strip()}")
        raise SuiteError(
            "this kernel takes none of the xdp-tools that there are:\n" + "\n".join(refused)
        )

    def command(self, tool, *arguments):
        """The command line of one of the tools."""
        return _command(self._tree, tool, *arguments)
