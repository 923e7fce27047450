# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's machine protocol: commands with their answers, and events in the order they came."""

import json
import socket
import threading
import time


class QmpError(Exception):
    pass


class Qmp:
    def __init__(self, connection):
        self._connection = connection
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._answers = {}
        self._closed = False
        self._next = 0
        self.events = []  # dicts with event, data and host_s (our monotonic clock)
        threading.Thread(target=self._read, daemon=True).start()
        self.command("qmp_capabilities")

    def _read(self):
        try:
            for line in self._connection.makefile("r"):
                message = json.loads(line)
                with self._changed:
                    if "event" in message:
                        message["host_s"] = time.monotonic()
                        self.events.append(message)
                    elif "id" in message:
                        self._answers[message["id"]] = message
                    self._changed.notify_all()
        except (OSError, ValueError):
            pass
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def command(self, execute, timeout=30, /, **arguments):
        """The command's return value. Arguments are QMP's own names: **{"command-line": ...} where
        they have a dash.
        """
        with self._lock:
            self._next += 1
            number = self._next
            message = {"execute": execute, "id": number}
            if arguments:
                message["arguments"] = arguments
            try:
                self._connection.sendall(json.dumps(message).encode() + b"\n")
            except OSError as error:
                raise QmpError(f"{execute}: QEMU is gone: {error}") from error
        with self._changed:
            if not self._changed.wait_for(lambda: number in self._answers or self._closed, timeout):
                raise QmpError(f"{execute}: no answer within {timeout} s")
            answer = self._answers.pop(number, None)
        if answer is None:
            raise QmpError(f"{execute}: QEMU is gone")
        if "error" in answer:
            raise QmpError(f"{execute}: {answer['error'].get('desc')}")
        return answer.get("return")

    def wait(self, event, timeout, since=0, matches=lambda data: True):
        """The first event of that name whose data matches, among those from number `since` of the
        list on.
        """
        def find():
            return next(
                (
                    one
                    for one in self.events[since:]
                    if one["event"] == event and matches(one.get("data", {}))
                ),
                None,
            )

        with self._changed:
            self._changed.wait_for(lambda: find() or self._closed, timeout)
            found = find()
        if not found:
            raise QmpError(
                f"no {event} within {timeout} s"
                if not self._closed
                else f"no {event}: QEMU is gone"
            )
        return found

    def close(self):
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._connection.close()
