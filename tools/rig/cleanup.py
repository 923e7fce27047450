# SPDX-License-Identifier: GPL-2.0-only
"""What was made is taken away however the run ends: normally, by an exception, or by a signal."""

import atexit
import ctypes
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1

_owned = {}
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def lifeline():
    """For Popen's preexec_fn: the kernel ends the child when we are killed outright.

    It goes by the thread that started the child, so only the main one, which runs as long as the
    process, can promise that.
    """
    return _die_with_parent if threading.current_thread() is threading.main_thread() else None


def owned(thing, take_away):
    """Registers how a thing is taken away; taking away must bear being called twice."""
    if not _owned and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            # A caller's own handler has precedence: then it is up to it to exit, which brings us to
            # atexit.
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, lambda got, _: sys.exit(128 + got))
    _owned[id(thing)] = take_away


def released(thing):
    _owned.pop(id(thing), None)


@atexit.register
def _take_all_away():
    # Latest first: a guest before the namespaces it runs in.
    for key in reversed(list(_owned)):
        try:
            _owned.pop(key)()
        except Exception as error:  # the next thing must go all the same
            print(f"rig: cleaning up: {error}", file=sys.stderr)
