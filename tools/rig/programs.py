# SPDX-License-Identifier: GPL-2.0-only
"""C programs of the rig, the tests and the benchmark, compiled when their source is newer."""

import subprocess

from tools.rig.architecture import X86
from tools.rig.places import BUILD, RIG, lock

SOURCES = {"flow": "flow.c", "guest-agent": "guest/agent.c"}


def compiled(source, target, *arguments, compiler="gcc"):
    """`target`, made from the one C file `source` if need be; arguments: gcc's, libraries included.
    """
    with lock("programs"):
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            target.parent.mkdir(parents=True, exist_ok=True)
            made = target.with_suffix(".new")
            subprocess.run(
                [compiler, "-O2", "-Wall", "-Wextra", "-o", made, source, *arguments], check=True
            )
            made.rename(target)
    return target


def program(name, architecture=X86):
    """The path of a program of the rig, built if need be."""
    suffix = "" if architecture.is_ours else f"-{architecture.machine}"
    return compiled(RIG / SOURCES[name], BUILD / f"{name}{suffix}", compiler=architecture.compiler)
