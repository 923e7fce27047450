# SPDX-License-Identifier: GPL-2.0-only
"""Three lanes: guests whose traffic is measured, one at a time; what only computes, one at a time,
in the time that these leave; and the rest, which waits more than it works, by those that are
through with the first two.
"""

import queue
import threading

from runner.program import COMPUTING, MEASURED, WAITING

# A guest that has to wait for a CPU loses time, and its packets with it; what only computes can
# wait. The kernel's threads, of which namespaces live, must not starve beside guests either.
NICENESS = {MEASURED: -5, WAITING: 0, COMPUTING: 15}
# A waiting program works a third of its time at most.
WAITING_PER_CPU = 2


class Lanes:
    """Runs the programs. run(program): called in a worker's thread; what it returns goes with the
    program into the queue @ended, None behind the last."""

    def __init__(self, programs, run, cpus):
        self._left, self._run, self._cpus = list(programs), run, cpus
        self._lock, self._threads = threading.Lock(), []
        self.ended = queue.Queue()
        self.stopped = False

    def start(self):
        """Returns at once."""
        for step in (self._guests_first, self._computing_first):
            self._begin(step)
        for _ in range(2, self._cpus):
            self._begin(self._lane, WAITING)
        threading.Thread(target=self._end, daemon=True).start()

    def _begin(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _end(self):
        # A worker may have begun another before it ended.
        number = 0
        while number < len(self._threads):
            self._threads[number].join()
            number += 1
        self.ended.put(None)

    def _take(self, lane, last):
        with self._lock:
            some = [program for program in self._left if program.lane == lane]
            if not some or self.stopped:
                return None
            program = some[-1 if last else 0]
            self._left.remove(program)
            return program

    def _lane(self, lane, last=False):
        while True:
            program = self._take(lane, last)
            if not program:
                return
            try:
                result = self._run(program)
            except Exception as error:  # a program that nothing is known of has not passed
                result = error
            self.ended.put((program, result))

    def _guests_first(self):
        self._lane(MEASURED)
        # The guests that count nothing take minutes: from the end. Beside them there is room for
        # more that wait.
        for _ in range(max(1, WAITING_PER_CPU * self._cpus - self._cpus)):
            self._begin(self._lane, WAITING)
        self._lane(WAITING, True)

    def _computing_first(self):
        self._lane(COMPUTING)
        self._lane(WAITING)
