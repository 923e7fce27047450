# SPDX-License-Identifier: GPL-2.0-only
"""The rig's own C programs, compiled when their source is newer."""

import subprocess

from tools.rig.places import BUILD, RIG, lock

SOURCES = {"flow": "flow.c", "guest-agent": "guest/agent.c"}


def program(name):
    """The path of a program of the rig, built if need be."""
    source, target = RIG / SOURCES[name], BUILD / name
    with lock("programs"):
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            BUILD.mkdir(parents=True, exist_ok=True)
            made = target.with_suffix(".new")
            subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", made, source], check=True)
            made.rename(target)
    return target
