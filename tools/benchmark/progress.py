# SPDX-License-Identifier: GPL-2.0-only
"""Progress: which of how many, and how long it will still take."""

import time


def duration(seconds):
    """ "40 s", "12 min", "2 h 05 min". """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


class Progress:
    """total: how many steps; step_s: what one is thought to take before any has been seen."""

    def __init__(self, total, step_s, clock=time.monotonic):
        self.total, self.done = total, 0
        self._clock, self._step_s, self._started = clock, step_s, clock()

    def left_s(self):
        # The guess counts as a few steps of its own: the first ones, with their boots, are no
        # measure of the rest.
        seen = (self._clock() - self._started + 3 * self._step_s) / (self.done + 3)
        return seen * (self.total - self.done)

    def step(self, text):
        """One more is done."""
        self.done += 1
        left = f"; about {duration(self.left_s())} left" if self.done < self.total else ""
        print(f"[{self.done}/{self.total}] {text}{left}", flush=True)

    @staticmethod
    def say(text):
        print(f"bench: {text}", flush=True)
