# SPDX-License-Identifier: GPL-2.0-only
"""A guest's root file system: busybox, the network tools, the rig's programs, the modules of one
kernel, and what a test adds.

Kept in the cache under a name made of what went in, so that it is built once for the same content.
"""

import hashlib
import re
import shutil
import subprocess
import time
from pathlib import Path

from tools.rig import kernels, modules
from tools.rig.architecture import X86, find
from tools.rig.cpio import Archive
from tools.rig.places import RIG, cache, lock
from tools.rig.programs import program

TOOLS = ("ip", "tc", "bridge", "ethtool", "bpftool", "tcpdump")

# Loaded at boot, in this order. The channel to the host comes first and the VF's driver after
# virtio's.
BOOT_MODULES = (
    "virtio_pci",
    "virtio_console",
    "net_failover",
    "virtio_net",
    "e1000e",
    "igb",
    "igbvf",
)

# At hand for modprobe, also when the kernel asks for them by itself.
MODULES = (
    "8021q",
    "bridge",
    "macvlan",
    "macvtap",
    "ipvlan",
    "veth",
    "bonding",
    "team",
    "team_mode_activebackup",
    "dummy",
    "tun",
    "ifb",
    "cls_bpf",
    "cls_matchall",
    "cls_u32",
    "cls_flower",
    "act_gact",
    "act_mirred",
    "act_bpf",
    "sch_ingress",
    "sch_fq",
    "sch_fq_codel",
    "sch_prio",
    "sch_netem",
    "af_packet",
    "ipv6",
    "vmxnet3",
    "netconsole",
    "virtio_balloon",
    "virtio_rng",
    "udp_diag",
    "tcp_diag",
    "inet_diag",
    "nf_tables",
    "nft_compat",
    "vrf",
    "vxlan",
    "packet_diag",
)

# What was used within this time may be in use still, by a run with many guests.
KEPT, KEPT_S = 12, 4 * 3600


class InitramfsError(Exception):
    pass


def _find(tool):
    path = shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin")
    if not path:
        raise InitramfsError(f"{tool} is not installed: run tools/rig/packages.sh vm")
    return Path(path)


def _libraries(binary):
    """The shared libraries a binary is loaded with, its loader among them."""
    done = subprocess.run(
        ["ldd", str(binary)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if "not found" in done.stdout:
        raise InitramfsError(f"{binary}: a library is missing:\n{done.stdout}")
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", done.stdout)}


def _foreign_libraries(tree, binary):
    """The same of a binary of another architecture, by name; all that they need are in the tree."""
    found, wanted = {}, [Path(binary)]
    while wanted:
        said = subprocess.run(
            ["readelf", "-dl", str(wanted.pop())], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ).stdout
        for name in re.findall(
            r"NEEDED\)\s+Shared library: \[(\S+)\]|interpreter: /\S*/([^/\]]+)\]", said
        ):
            name = name[0] or name[1]
            if name in found:
                continue
            path = find(tree, name)
            if not path:
                raise InitramfsError(f"{binary}: {name} is not in {tree}")
            found[name] = path
            wanted.append(path)
    return found


def _foreign_content(architecture, kernel, release, extra, more_modules):
    """_content of a guest of another architecture."""
    tree = architecture.files()
    files = {
        "init": RIG / "guest/init",
        "bin/busybox": find(tree, "busybox"),
        "bin/sh": find(tree, "dash"),
        "usr/bin/flow": program("flow", architecture),
        "usr/bin/guest-agent": program("guest-agent", architecture),
    }
    files |= {f"usr/sbin/{tool}": find(tree, tool) for tool in TOOLS}
    files |= {
        name.lstrip("/") if "/" in name else f"usr/sbin/{name}": Path(path)
        for name, path in extra.items()
    }
    for path in list(files.values()):
        files |= {
            f"lib/{name}": library for name, library in _foreign_libraries(tree, path).items()
        }
    return files, modules.modules_closure(kernel, release, (*BOOT_MODULES, *MODULES, *more_modules))


def _content(kernel, release, extra, more_modules):
    """{path in the guest: file here} of all that is not a module, and the modules' {path: file}."""
    files = {
        "init": RIG / "guest/init",
        "bin/busybox": _find("busybox"),
        "usr/bin/flow": program("flow"),
        "usr/bin/guest-agent": program("guest-agent"),
    }
    # Not busybox' own shell: Debian's prefers its applets to any program in PATH, and its `ip` is
    # not ours.
    files["bin/sh"] = _find("dash")
    files |= {f"usr/sbin/{tool}": _find(tool) for tool in TOOLS}
    for name, path in extra.items():
        # A bare name is a command, anything with a slash is a place.
        files[name.lstrip("/") if "/" in name else f"usr/sbin/{name}"] = Path(path)
    for path in list(files.values()):
        files |= {
            f"lib/{library.name}"
            if "ld-linux" not in library.name
            else f"lib64/{library.name}": library
            for library in _libraries(path)
        }
    return files, modules.modules_closure(kernel, release, (*BOOT_MODULES, *MODULES, *more_modules))


def _digest(*parts):
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()[:20]


def _stamp(path):
    state = path.resolve().stat()
    return f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"


def _build(kernel, release, files, chosen, boot_modules):
    archive = Archive()
    # One library directory under every name that loaders look at.
    archive.directory("lib")
    archive.link("usr/lib", "../lib")
    for machine in ("x86_64", "aarch64"):
        archive.link(f"lib/{machine}-linux-gnu", ".")
    for name in ("proc", "sys", "dev", "run", "tmp", "root", "etc", "var", "sbin", "lib64"):
        archive.directory(name)
    archive.link("var/run", "../run")
    archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", 0o644)
    archive.file("etc/group", b"root:x:0:\n", 0o644)
    archive.file("etc/modules", ("\n".join(boot_modules) + "\n").encode(), 0o644)
    for name, path in sorted(files.items()):
        archive.file(name, path.read_bytes())
    busybox = _find("busybox")
    for applet in subprocess.run(
        [busybox, "--list-full"], check=True, text=True, stdout=subprocess.PIPE
    ).stdout.split():
        # An applet with the name of a real tool would only hide that one is missing.
        if Path(applet).name not in (*TOOLS, "sh"):
            archive.link(applet, "/bin/busybox")
    modules.modules_add(archive, kernel, release, chosen)
    return archive.bytes()


def initramfs(kernel, extra=None, boot_modules=(), more_modules=(), architecture=X86):
    """The path of an initramfs for a kernel's directory.

    extra: {name or absolute path in the guest: file here}; libraries follow by themselves.
    boot_modules: loaded at boot after the usual ones; more_modules: at hand for modprobe.
    """
    release = kernels.release(kernel)
    boot = (*BOOT_MODULES, *boot_modules)
    arguments = kernel, release, extra or {}, (*boot_modules, *more_modules)
    files, chosen = (
        _content(*arguments) if architecture.is_ours else _foreign_content(architecture, *arguments)
    )
    recipe = [Path(__file__), RIG / "modules.py", RIG / "cpio.py"]
    name = _digest(
        release, boot, *(_stamp(path) for path in recipe),
        *(f"{name} {_stamp(path)}" for name, path in sorted(files.items())), *sorted(chosen),
    )
    store = cache("initramfs")
    path = store / f"{name}.cpio"
    with lock("initramfs"):
        if path.exists():
            path.touch()
        else:
            made = path.with_suffix(".new")
            made.write_bytes(_build(kernel, release, files, chosen, boot))
            made.rename(path)
        for old in sorted(store.glob("*.cpio"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
            if old.stat().st_mtime < time.time() - KEPT_S:
                old.unlink()
    return path
