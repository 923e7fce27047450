# SPDX-License-Identifier: GPL-2.0-only
"""The files of a Debian system for a guest that shall have an init of its own: packages unpacked,
never installed, in one tar archive.

They are of the suite that this machine runs, so that what was compiled here finds its libraries
there. `guest/systemd` boots them.
"""

import hashlib
import platform
import shutil
import subprocess
import time

from tools.rig.places import cache, lock
from tools.rig.suites import Suite, SuiteError

# They are not read there, and they are most of the files.
DROP = (
    "./usr/share/doc/*",
    "./usr/share/man/*",
    "./usr/share/locale/*",
    "./usr/share/i18n/*",
    "./usr/share/lintian/*",
    "./usr/share/bug/*",
    "./usr/share/bash-completion/*",
    "./usr/share/zsh/*",
    "./usr/share/debconf/*",
    "./usr/share/perl5/*",
    "*/gconv/*",
    "./usr/lib/locale/*",
)


def codename():
    """The name of the Debian suite that this machine runs."""
    name = platform.freedesktop_os_release().get("VERSION_CODENAME")
    if not name:
        raise SuiteError(
            "/etc/os-release has no VERSION_CODENAME: only a Debian release can make files for a guest"
        )
    return name


def userland(packages, say=print):
    """The path of a tar archive with these packages and all that they depend on; made at the first
    call.

    @say: called with what is made, and again when it is made. Raises SuiteError when the packages
    cannot be had.
    """
    suite = Suite(codename())
    recipe = hashlib.sha256("\n".join((*packages, *DROP)).encode()).hexdigest()[:12]
    store = cache("userland")
    archive = store / f"{suite.name}-{recipe}.tar"
    with lock("userland"):
        if archive.exists():
            return archive
        started = time.monotonic()
        say(
            f"userland: fetching {', '.join(packages)} and what they depend on from {suite.name}, once, into {archive}"
        )
        for old in store.glob("*.tar"):
            old.unlink()
        shutil.rmtree(store / "tree", ignore_errors=True)
        tree = suite.extract(packages, store / "tree", None, DROP, dependencies=True)
        made = archive.with_suffix(".new")
        subprocess.run(["tar", "--owner=0", "--group=0", "-C", tree, "-cf", made, "."], check=True)
        shutil.rmtree(tree)
        made.rename(archive)
        say(
            f"userland: {archive.stat().st_size / 1e6:.0f} MB, made in {time.monotonic() - started:.0f} s"
        )
    return archive
