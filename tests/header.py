# SPDX-License-Identifier: GPL-2.0-only
"""Numbers of include/vfsteer.h. A pattern that finds none, or several, is a failure: a test that
went on with another number would show nothing.
"""

import re
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "include" / "vfsteer.h"


def _number(pattern):
    found = re.findall(pattern, FILE.read_text(), re.M)
    if len(found) != 1:
        raise AssertionError(f"{FILE}: {len(found)} places match {pattern!r}, expected 1")
    return int(found[0])


def abi_version():
    return _number(r"^#define VFSTEER_ABI_VERSION (\d+)$")


def size_of(name):
    """Bytes of struct vfsteer_NAME."""
    return _number(rf"^_Static_assert\(sizeof\(struct vfsteer_{name}\) == (\d+),")
