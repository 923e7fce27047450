# SPDX-License-Identifier: GPL-2.0-only
"""Other versions of vfsteer, built from this tree with some lines changed, as a release before or
after it would be.
"""

import os
import subprocess

from rig import ROOT, VFSTEER, check, check_equal
from tools.rig.places import lock

SOURCES = ("Makefile", "bpf", "include", "user")


def variant(name, version, changes):
    """The program, of another @version and with @changes: (file, text, other text), each text once
    in its file. Built in build/variants/NAME when the tree has changed since.
    """
    folder = os.path.join(os.path.dirname(VFSTEER), "variants", name)
    changed = set()
    with lock(f"variant-{name}"):
        for source in SOURCES:
            for path in (
                [ROOT / source] if source == "Makefile" else sorted((ROOT / source).rglob("*"))
            ):
                if path.is_dir() or path.suffix not in ("", ".c", ".h"):
                    continue
                relative = str(path.relative_to(ROOT))
                text = path.read_text()
                for file, before, after in changes:
                    if file == relative:
                        check(text.count(before) == 1, f"{file}: {before!r} is not there once")
                        text = text.replace(before, after)
                        changed.add(file)
                _write(os.path.join(folder, relative), text)
        check_equal(changed, {file for file, _, _ in changes}, f"{name}: files changed")
        done = subprocess.run(
            ["make", "-j2", "BUILD=build", "CFLAGS=-O0", f"VERSION={version}"], cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
    check(done.returncode == 0, f"{name}: {done.stdout}")
    return os.path.join(folder, "build", "vfsteer")


def _write(path, text):
    """Only when it differs: make goes by the time."""
    try:
        with open(path) as file:
            if file.read() == text:
                return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
