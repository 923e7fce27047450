# SPDX-License-Identifier: GPL-2.0-only
"""C programs of the rig, the tests and the benchmark, compiled when their source is newer."""

import os
import shutil
import subprocess

from tools.rig.architecture import X86
from tools.rig.places import BUILD, RIG, lock

SOURCES = {"flow": ("flow.c", "flow_tally.c", "flow_tally.h"), "guest-agent": ("guest/agent.c",)}


def compiled(source, target, *arguments, more=(), compiler="gcc"):
    """`target`, made from the C file `source` if need be; arguments: gcc's, libraries included.
    @more: further C files to compile, and headers.
    """
    sources = [source, *more]
    with lock("programs"):
        newest = max(one.stat().st_mtime for one in sources)
        if not target.exists() or target.stat().st_mtime < newest:
            target.parent.mkdir(parents=True, exist_ok=True)
            made = target.with_suffix(".new")
            files = [one for one in sources if one.suffix == ".c"]
            subprocess.run(
                [compiler, "-O2", "-Wall", "-Wextra", "-o", made, *files, *arguments], check=True
            )
            made.rename(target)
    return target


def kept(source, name):
    """A copy of the file @source in BUILD, so that a build meanwhile changes nothing in the middle
    of a run. Another run may use the one that is there: it is replaced, not written to.
    """
    target = BUILD / name
    BUILD.mkdir(parents=True, exist_ok=True)
    made = target.with_suffix(f".{os.getpid()}")
    shutil.copy2(source, made)
    made.rename(target)
    return target


def program(name, architecture=X86):
    """The path of a program of the rig, built if need be."""
    suffix = "" if architecture.is_ours else f"-{architecture.machine}"
    source, *more = (RIG / one for one in SOURCES[name])
    return compiled(
        source, BUILD / f"{name}{suffix}", more=more, compiler=architecture.compiler
    )
