# SPDX-License-Identifier: GPL-2.0-only
"""Runs one program: in a session of its own, with its niceness, its log and its time."""

import os
import re
import select
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

from runner.tap import TIMEOUT_STATUS

SHOWN = re.compile(r"((not )?ok|#) ")  # the lines that are shown while a program runs
LOOK_S = 0.5
GRACE_S = 20  # to clean up in, after SIGTERM
TOO_LONG = "tests/run: it took too long and was stopped\n"


@dataclass
class Outcome:
    status: int  # as a shell has it: 128 and the signal for one that a signal ended
    wall_s: float
    cpu_s: float  # its own, and that of its children that it waited for
    log: object


class Children:
    """The programs that run now; the whole of them ends when the run is interrupted."""

    def __init__(self):
        self._lock, self._leaders = threading.Lock(), set()
        self.interrupted = False

    def start(self, arguments, **how):
        """A program as leader of a session of its own; None when the run has been interrupted."""
        with self._lock:
            if self.interrupted:
                return None
            child = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, start_new_session=True, **how
            )
            self._leaders.add(child.pid)
            return child

    def ended(self, child):
        with self._lock:
            self._leaders.discard(child.pid)

    def interrupt(self):
        with self._lock:
            self.interrupted = True
            for leader in self._leaders:
                _signal(leader, signal.SIGTERM)


def _signal(leader, number):
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        pass


class _Follower:
    """Hands on the lines of a growing file that are to be shown."""

    def __init__(self, path, say):
        self._file, self._say, self._rest = open(path, errors="replace"), say, ""

    def look(self):
        lines = (self._rest + self._file.read()).split("\n")
        self._rest = lines.pop()
        for line in lines:
            if SHOWN.match(line):
                self._say(line)

    def close(self):
        self.look()
        self._file.close()


def run(children, arguments, log, timeout_s, niceness=0, environment=None, cwd=None, say=None):
    """Runs a program to its end; its Outcome, or None when the run was interrupted before it began.

    @say: called with each line of its log that is to be shown, while it runs.
    """
    began = time.monotonic()
    with open(log, "w") as output:
        child = children.start(
            ["nice", "-n", str(niceness), *arguments], stdout=output, stderr=output,
            env=environment, cwd=cwd,
        )
    if not child:
        return None
    follower = _Follower(log, say) if say else None
    ended = os.pidfd_open(child.pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    deadline, number, stopped = began + timeout_s, signal.SIGTERM, False
    try:
        while not poll.poll(LOOK_S * 1000):
            if follower:
                follower.look()
            if children.interrupted and not stopped:
                deadline, number, stopped = time.monotonic() + GRACE_S, signal.SIGKILL, True
            if time.monotonic() >= deadline:
                _signal(child.pid, number)
                deadline, number, stopped = time.monotonic() + GRACE_S, signal.SIGKILL, True
    finally:
        os.close(ended)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    children.ended(child)
    # What it has left behind in its session ends with it.
    _signal(child.pid, signal.SIGKILL)
    if follower:
        follower.close()
    status = child.returncode if child.returncode >= 0 else 128 - child.returncode
    if stopped and not children.interrupted:
        with open(log, "a") as output:
            output.write(TOO_LONG)
        status = TIMEOUT_STATUS
    return Outcome(status, time.monotonic() - began, usage.ru_utime + usage.ru_stime, log)
