# SPDX-License-Identifier: GPL-2.0-only
"""How far a run is, and how long it may take yet."""

import time

from runner.program import COMPUTING, MEASURED, WAITING


def spoken(seconds):
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Progress:
    """Of a run of @programs. With a history that knows most of them it goes by their times, else by
    the number of cases."""

    def __init__(self, programs, history, cpus, clock=time.monotonic):
        self._programs, self._history, self._cpus, self._clock = (
            list(programs),
            history,
            cpus,
            clock,
        )
        self._began, self._ended = clock(), set()
        self._total = sum(map(self._weight, programs))

    @staticmethod
    def _weight(program):
        return max(1, len(program.cases))

    def end(self, program):
        self._ended.add(id(program))

    @property
    def done(self):
        return len(self._ended)

    def left_s(self):
        """Seconds, or None: nothing is known yet."""
        left = [program for program in self._programs if id(program) not in self._ended]
        known = [(program, self._history.expected(program)) for program in left]
        if left and sum(seconds is not None for _, seconds in known) >= 0.8 * len(left):
            return self._by_lanes([(program, seconds or 0) for program, seconds in known])
        done = sum(
            self._weight(program) for program in self._programs if id(program) in self._ended
        )
        passed_s = self._clock() - self._began
        return (
            passed_s / done * (self._total - done) if done >= 0.1 * self._total and done else None
        )

    def _by_lanes(self, known):
        """The first two lanes end one after the other at best; the third has twice the CPUs then.
        """
        sums = {lane: sum(seconds for program, seconds in known if program.lane == lane)
                for lane in (MEASURED, COMPUTING, WAITING)}
        longest = max([seconds for program, seconds in known if program.lane == WAITING], default=0)
        first, second = sorted((sums[MEASURED], sums[COMPUTING]))
        waiting = max(0.0, sums[WAITING] - (second - first))
        return max(second + waiting / (2 * self._cpus), longest)

    def line(self):
        """[12/95] or, when that is known, [12/95, 6 min 10 s left]."""
        left_s = self.left_s()
        more = f", {spoken(left_s)} left" if left_s and self.done < len(self._programs) else ""
        return f"[{self.done}/{len(self._programs)}{more}]"
