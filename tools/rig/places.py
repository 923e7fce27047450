# SPDX-License-Identifier: GPL-2.0-only
"""Where the rig keeps things: downloads outside the tree, build outputs in build/, nothing else
anywhere.
"""

import contextlib
import fcntl
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RIG = ROOT / "tools" / "rig"
BUILD = Path(os.environ.get("VFSTEER_BUILD", ROOT / "build")) / "rig"


def cache(*parts):
    """A directory in the cache; it is made if it is not there."""
    path = Path(os.environ.get("VFSTEER_CACHE", "/var/cache/vfsteer")).joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def lock(name):
    """Two test runs may share one cache: what is filled there is filled under a lock."""
    with open(cache("locks") / name, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
