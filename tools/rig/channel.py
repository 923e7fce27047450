# SPDX-License-Identifier: GPL-2.0-only
"""The host's end of the guest's command channel; guest/agent.c says what is spoken."""

import socket
import threading


class ChannelError(Exception):
    pass


class Channel:
    def __init__(self, connection):
        self._connection = connection
        self._writing = threading.Lock()
        self._changed = threading.Condition()
        self._outputs = {}
        self._ended = {}
        self._next = 0
        self._closed = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        stream = self._connection.makefile("rb")
        try:
            while line := stream.readline():
                word, number, value = line.split()
                data = stream.read(int(value)) if word == b"OUT" else b""
                with self._changed:
                    if int(number) in self._outputs:
                        if word == b"OUT":
                            self._outputs[int(number)].extend(data)
                        else:
                            self._ended[int(number)] = int(value)
                    self._changed.notify_all()
        except (OSError, ValueError):
            pass
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _send(self, data):
        try:
            with self._writing:
                self._connection.sendall(data)
        except OSError as error:
            raise ChannelError(f"the guest is gone: {error}") from error

    def run(self, script, timeout, data=b""):
        """Runs a shell script with data as its input; (status, output bytes). What runs too long is
        killed, then TimeoutError.
        """
        body = script.encode()
        with self._changed:
            self._next += 1
            number = self._next
            self._outputs[number] = bytearray()
        self._send(b"RUN %d %d %d\n" % (number, len(body), len(data)) + body + data)
        with self._changed:
            done = self._changed.wait_for(lambda: number in self._ended or self._closed, timeout)
            output = bytes(self._outputs.pop(number))
            status = self._ended.pop(number, None)
        if status is not None:
            return status, output
        if done:
            raise ChannelError(f"the guest is gone while running: {script}")
        self._send(b"KILL %d\n" % number)
        raise TimeoutError(
            f"no end within {timeout} s: {script}\n{output.decode(errors='replace')}"
        )

    def close(self):
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._connection.close()
