# SPDX-License-Identifier: GPL-2.0-only
"""What is needed before a test can run: root, packages, the programs."""

import compileall
import os
import shutil
import subprocess
import sys

BUILDERS = 2  # compilers at a time


class Unprepared(Exception):
    """The run ends here."""


def become_root(script, arguments):
    """Returns when this is root already."""
    if os.geteuid() == 0:
        return
    if not shutil.which("sudo"):
        raise Unprepared(
            "root is needed for namespaces and BPF, and there is no sudo: run it as root"
        )
    os.execvp("sudo", ["sudo", script, *arguments])


def _packages(root, *lists):
    return subprocess.run(["tools/rig/packages.sh", *lists], cwd=root).returncode == 0


def install_packages(root, suites):
    """What the distribution has to give. Returns why guests cannot run, or None."""
    if shutil.which("dpkg-query"):
        print("tests/run: looking for the packages that are needed", flush=True)
        if not _packages(root, "build", "net"):
            raise Unprepared("the packages could not be installed")
        if "vm" in suites and not _packages(root, "vm"):
            return "the packages for guests could not be installed"
    if "vm" in suites and not shutil.which("qemu-system-x86_64"):
        return "there is no qemu-system-x86_64"
    return None


def _make(root, *words):
    if subprocess.run(["make", f"-j{BUILDERS}", "WERROR=1", *words], cwd=root).returncode:
        raise Unprepared(f"make {' '.join(words)} failed")


def build(root, directory, suites, level):
    """The programs that the suites need."""
    print("tests/run: building", flush=True)
    _make(root, f"BUILD={directory}")
    if level != "quick" and {"netns", "vm"} & set(suites):
        _make(root, "CRASHPOINTS=1", f"BUILD={directory}/crashpoints", f"REUSE={directory}")
    if {"unit", "bpf"} & set(suites):
        _make(root, f"BUILD={directory}", "test-programs")


def compile_python(root, cache):
    """The modules of the tests, so that no program compiles them again when it starts."""
    sys.pycache_prefix = str(cache)
    for folder in ("tests", "tools"):
        compileall.compile_dir(root / folder, quiet=2)
