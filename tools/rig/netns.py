# SPDX-License-Identifier: GPL-2.0-only
"""Private network namespaces with unique names: made, entered, and taken away whatever happens."""

import ctypes
import os
import subprocess
import threading
from pathlib import Path

from tools.rig.cleanup import lifeline, owned, released

PREFIX = "vfsteer-rig"
CLONE_NEWNET = 0x40000000


class NetnsError(Exception):
    pass


def _sweep():
    """Takes away what a killed run has left: the name carries the process that made it."""
    for path in Path("/run/netns").glob(f"{PREFIX}-*"):
        maker = path.name.split("-")[2]
        if maker.isdigit() and not os.path.exists(f"/proc/{maker}"):
            subprocess.run(["ip", "netns", "del", path.name], stderr=subprocess.DEVNULL)


class Netns:
    count = 0

    def __init__(self, role):
        _sweep()
        Netns.count += 1
        self.name = f"{PREFIX}-{os.getpid()}-{Netns.count}-{role}"
        done = subprocess.run(["ip", "netns", "add", self.name], text=True, stderr=subprocess.PIPE)
        if done.returncode:
            raise NetnsError(
                f"cannot make a network namespace (root is needed): {done.stderr.strip()}"
            )
        owned(self, self.remove)
        self.run("ip link set lo up")

    def enter(self, *command):
        """The words that run a command inside."""
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def run(self, script, timeout=30):
        """Runs a shell script inside; its output. Fails when it does."""
        done = subprocess.run(
            self.enter("sh", "-ec", script), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
        )
        if done.returncode:
            raise NetnsError(f"{self.name}: status {done.returncode} from: {script}\n{done.stdout}")
        return done.stdout

    def popen(self, args, **kwargs):
        """Starts a program inside; its process id is the program's own."""
        return subprocess.Popen(
            self.enter(*args), stdin=subprocess.DEVNULL, preexec_fn=lifeline(), **kwargs
        )

    def inside(self, function):
        """Calls function in a thread that has entered the namespace: a socket made there stays
        there.
        """
        result = []

        def enter():
            try:
                with open(f"/run/netns/{self.name}") as handle:
                    if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), f"setns {self.name}")
                result.append((function(), None))
            except Exception as error:
                result.append((None, error))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        value, error = result[0]
        if error:
            raise error
        return value

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], stderr=subprocess.DEVNULL)
        released(self)
