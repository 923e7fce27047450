# SPDX-License-Identifier: GPL-2.0-only
"""Flows of a guest and of what stands above its standby, all at the same time, over switchovers
whose announcements are captured.
"""

import copy

from stage import OVERLOADED_MS, check_lossless, figures, lossless, note
from tools.rig.measure import measure

TAGGED_RATE = 200
WIRES = {"standby": "sb0", "primary": "vf0"}


def view(guest, pairs):
    """The lab with @pairs for its own, so that what is measured goes to their addresses."""
    lab = copy.copy(guest.lab)
    lab.pairs = pairs
    return lab


def measured(lab, event, tagged=()):
    """(event()'s result, [the figures of each of the pairs @tagged, of pair 0]), all at the same
    time: the event is in the midst of the last that begins.
    """
    results = []

    def run(index, rate, inner):
        result = measure(lab, inner, rate=rate, before_s=0.3, after_s=0.6, pair=index)
        results.append(result)
        return result["event"]

    inner = event
    for index in tagged:
        inner = (lambda index, inner: lambda: run(index, TAGGED_RATE, inner))(index, inner)
    result = run(0, 2000, inner)
    return result, results


def _survived(results, what, last):
    """The figures of flows that lost nothing. None when one did, its sender stood still as on an
    overloaded machine, and this is not the last try.
    """
    pause_ms = max(
        result[way]["sender_pause_ms"]
        for result in results
        for way in ("out", "in")
        if way in result
    )
    if not all(map(lossless, results)) and pause_ms > OVERLOADED_MS and not last:
        note(
            f"{what}: {'; '.join(map(figures, results))} while a sender paused for {pause_ms:.0f} ms: the machine is overloaded, once more"
        )
        return None
    return f"{what} " + "; ".join(check_lossless(result, "") for result in reversed(results))


def switchovers(guest, pairs, heard, tagged=(), unplug=None, plug=None):
    """Unplug and plug, measured with the flows of @pairs, number 0 and those @tagged: the figures,
    and the seconds that plug() says it took.

    @heard(path, frames): is given what went to groups on the wire that is active then; it may go on
    listening. On an overloaded machine both once more.
    """
    lab, plug, unplug = view(guest, pairs), plug or guest.lab.plug_vf, unplug or guest.lab.unplug_vf
    for last in (False, True):
        texts = []
        for path, event, what in (("standby", unplug, "unplug"), ("primary", plug, "plug")):
            capture = guest.lab.capture(WIRES[path], tags=True)
            took_s, results = measured(lab, event, tagged)
            guest.wait_active(path)
            frames = [frame.data for frame in capture.stop() if frame.data[0] & 1]
            # What is announced does not depend on how busy the machine is.
            heard(path, frames)
            text = _survived(results, what, last)
            texts.append(
                text and text + (f" in {took_s:.1f} s" if isinstance(took_s, float) else "")
            )
        if None not in texts:
            break
    return ", ".join(texts)
