# SPDX-License-Identifier: GPL-2.0-only
"""Kernel modules with all they depend on, out of a kernel's directory and into a guest's initramfs.
"""

import lzma
import subprocess
import tempfile
from pathlib import Path


def _name(path):
    return Path(path).name.split(".ko")[0].replace("-", "_")


def _plain(path):
    """A module's bytes, decompressed: the guest's modprobe need not know how the distribution
    compresses them.
    """
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    return path.read_bytes()


def modules_closure(kernel, release, wanted):
    """{path below lib/modules/RELEASE: file} of the wanted modules and their dependencies; built-in
    ones need nothing.

    A module that this kernel does not have is passed over: what a test cannot do without, it finds
    out when it loads it.
    """
    top = kernel / "lib/modules" / release
    needs, paths = {}, {}
    for line in (top / "modules.dep").read_text().splitlines():
        path, _, deps = line.partition(":")
        paths[_name(path)] = path
        needs[path] = deps.split()
    chosen = {}
    for name in wanted:
        path = paths.get(name.replace("-", "_"))
        for part in [path, *needs[path]] if path else []:
            chosen[part] = top / part
    return chosen


def modules_add(archive, kernel, release, chosen):
    """Puts modules into the archive, with dependency lists for just these."""
    with tempfile.TemporaryDirectory() as work:
        top = Path(work) / "lib/modules" / release
        for path, source in chosen.items():
            target = top / path.split(".ko")[0]
            target = target.with_name(target.name + ".ko")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_plain(source))
        for name in ("modules.builtin", "modules.order", "modules.builtin.modinfo"):
            source = kernel / "lib/modules" / release / name
            if source.exists():
                (top / name).write_bytes(source.read_bytes())
        subprocess.run(["depmod", "-b", work, release], check=True, stderr=subprocess.DEVNULL)
        for path in sorted(top.rglob("*")):
            if path.is_file() and not path.name.endswith(".bin"):
                archive.file(
                    f"lib/modules/{release}/{path.relative_to(top)}", path.read_bytes(), 0o644
                )
