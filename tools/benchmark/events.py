# SPDX-License-Identifier: GPL-2.0-only
"""What an event costs a guest: numbered packets both ways, and once towards a silent guest, while
its VF goes and comes back.
"""

import functools
import os

from tools.benchmark.contenders import chosen
from tools.benchmark.effort import effort, is_least
from tools.benchmark.guest import Guest
from tools.benchmark.incidents import EVENTS, INCIDENTS
from tools.benchmark.progress import Progress
from tools.benchmark.takeover import takeover_ms, takeover_watch
from tools.rig import kernels
from tools.rig.measure import measure

SECTION = "events"
RATE = 2000
BEFORE_S, AFTER_S, BEFORE_LEAST_S, AFTER_LEAST_S = 1.0, 3.0, 0.3, 0.7
QUICK_EVENTS = ("unplug", "plug")
STEP_S = 13  # a first guess; the progress learns
# When a sender stood still for so long, the machine had no time: the measurement is made again,
# whatever it lost. The guest's may do so for longer, because an event can keep the guest itself
# busy.
OVERLOADED_MS, AGAIN = {"in": 60, "out": 250}, 2
MODES = {"": ("out", "in"), "silent-": ("in",)}


class EventsError(Exception):
    pass


def describe():
    return "packets lost and longest gap per event: unplug, plug, link down and up, unbind, bind, set down and up"


def plan(contenders, events, runs, kernels):
    """[(kernel, run, incident, event, mode, contender)] in the order in which they are measured.

    Contenders take turns within each event, so that a busy machine is busy for all, and another one
    begins in each run.
    """
    steps = []
    for kernel in kernels:
        for run in range(1, runs + 1):
            turn = run % len(contenders)
            order = contenders[turn:] + contenders[:turn]
            for incident in INCIDENTS:
                for mode in MODES:
                    for contender in order:
                        steps += [
                            (kernel, run, incident, event, mode, contender)
                            for event in (incident.go, incident.come)
                            if event in events and makes_sense(contender, event, mode)
                        ]
    return steps


def plan_least(contenders, events, kernels):
    """As plan(), with --smoke: each contender once, each with another of the incidents; a silent
    guest for the first.
    """
    steps = []
    for kernel in kernels:
        for place, contender in enumerate(contenders):
            possible = [
                one
                for one in INCIDENTS
                if any(
                    event in events and makes_sense(contender, event, "")
                    for event in (one.go, one.come)
                )
            ]
            incident = possible[(place + 1) % len(possible)]
            steps += [
                (kernel, 1, incident, event, mode, contender)
                for mode in MODES
                if not mode or not place
                for event in (incident.go, incident.come)
                if event in events and makes_sense(contender, event, mode)
            ]
    return steps


def makes_sense(contender, event, mode):
    """Whether an event shows something of a contender. The controls need one way only: nothing
    announces them when they are silent.
    """
    if not contender.control:
        return True
    if mode:
        return False
    # The bare VF is unreachable before it comes back. The virtio-only guest never sets its VF up.
    return event in (
        ("unplug", "link-down", "unbind", "set-down")
        if contender.name == "bare-vf"
        else ("unplug", "plug", "unbind", "bind")
    )


def longest_gap_ms(one):
    """The longest time without a packet; a tail that never arrived is one."""
    tail = sum(last - first + 1 for first, last in one["lost_ranges"] if last == one["sent"] - 1)
    return round(max(one["longest_gap_ms"], tail * 1000 / RATE), 3)


def _flows(guest, incident, event, mode):
    """One measurement of an event; the result of measure()."""
    leaves = event == incident.go
    act = incident.leave if leaves else incident.enter
    result = measure(
        guest.lab, lambda: act(guest), rate=RATE, before_s=effort(BEFORE_S, BEFORE_LEAST_S),
        after_s=effort(AFTER_S, AFTER_LEAST_S), ways=MODES[mode],
    )
    guest.left(incident) if leaves else guest.arrived(incident)
    if mode:
        # Fixed for this measurement only.
        guest.lab.peer.run(
            f"for a in {guest.lab.pairs[0].guest_v4} {guest.lab.pairs[0].guest_v6}; do ip neighbour del $a dev peer0; done; true"
        )
    return result


def _measure(guest, incident, event, mode):
    """(result of measure() or None when the guest cannot be reached before the event, what else is
    to be noted).
    """
    for again in range(effort(AGAIN, 0) + 1):
        guest.there() if event == incident.go else guest.away(incident)
        noted = {"load": round(os.getloadavg()[0], 2)}
        if not guest.reachable():
            return None, {**noted, "reason": "unreachable before the event"}
        watched = event == "link-up" and not mode and takeover_watch(guest.vm, guest.vf_name)
        result = _flows(guest, incident, event, mode)
        if watched:
            noted["takeover_ms"] = takeover_ms(guest.vm)
        if again:
            noted["repeated"] = again
        if all(result[way]["sender_pause_ms"] <= OVERLOADED_MS[way] for way in MODES[mode]):
            break
    return result, noted


@functools.cache
def guest_release(kernel):
    """The kernel's whole name, as uname -r has it."""
    return kernels.release(kernels.kernel(kernel))


def record(results, contender, kernel, run, event, mode, result, noted):
    """Adds the figures of one measurement; a text for its line."""
    texts = []
    takeover = noted.pop("takeover_ms", None)
    for way in MODES[mode]:
        if result is None:
            values = {"lost": None, "gap": None}
            context = {}
            texts.append(f"{way} unreachable")
        else:
            one = result[way]
            values = {"lost": one["lost"], "gap": longest_gap_ms(one)}
            context = {
                key: one[key]
                for key in ("sent", "duplicates", "sender_pause_ms", "never_came_back")
            }
            context |= {
                "release": guest_release(kernel),
                "rate": RATE,
                "before_s": effort(BEFORE_S, BEFORE_LEAST_S),
                "after_s": effort(AFTER_S, AFTER_LEAST_S),
                "event_s": result["event_s"],
            }
            texts.append(
                f"{way} {one['lost']} lost of {one['sent']}, gap {values['gap']:.0f} ms"
                + ", never came back" * one["never_came_back"]
                + (f", {one['duplicates']} twice" if one["duplicates"] else "")
            )
        for what, unit in (("lost", "packets"), ("gap", "ms")):
            results.add(
                SECTION, contender.name, f"{mode}{event}/{what}/{way}", kernel, values[what], unit,
                {"run": run, **noted, **context},
            )
    if takeover is not None:
        results.add(
            SECTION, contender.name, "link-up/takeover", kernel, takeover, "ms",
            {"run": run, "release": guest_release(kernel), **noted},
        )
        texts.append(f"on the VF after {takeover:.1f} ms")
    return "; ".join(texts)


def measured(results, contender, kernel, run, event, mode):
    """Whether the results have this one already."""
    figure = results.figure(SECTION, contender.name, f"{mode}{event}/lost/in", kernel)
    return bool(figure) and any(one["run"] == run for one in figure.measured)


class _Guests:
    """The guests of one kernel and run: booted when they are first needed, one awake at a time."""

    def __init__(self, qemu):
        self._qemu, self._guests, self._awake, self._of = qemu, {}, None, None

    def awake(self, contender, kernel, run):
        if self._of != (kernel, run):
            self.stop()
            self._of = (kernel, run)
        guest = self._guests.get(contender.name)
        if guest is not self._awake or not guest:
            if self._awake:
                self._awake.pause()
                self._awake = None
            if guest:
                guest.resume()
            else:
                guest = self._guests[contender.name] = Guest(contender, kernel, self._qemu)
            self._awake = guest
        return guest

    def drop(self, contender):
        """After a failure: the next use is of a fresh one."""
        guest = self._guests.pop(contender.name, None)
        if guest:
            guest.stop()
        if guest is self._awake:
            self._awake = None

    def stop(self):
        for guest in self._guests.values():
            try:
                if guest is not self._awake:
                    guest.resume()
                for line in guest.vm.trouble():
                    Progress.say(f"{guest.contender.name}: its kernel complains: {line}")
            except Exception as error:
                Progress.say(f"{guest.contender.name}: its kernel's log cannot be read: {error}")
            guest.stop()
        self._guests, self._awake = {}, None


def _events(options):
    names = [name for name in (options.events or "").split(",") if name] or list(
        QUICK_EVENTS if options.quick else EVENTS
    )
    unknown = [name for name in names if name not in EVENTS]
    if unknown:
        raise EventsError(f"no event named {', '.join(unknown)}: {', '.join(EVENTS)} are known")
    return names


def run(options, results):
    """Measures what is asked for; how many measurements failed."""
    contenders, events = chosen(options.contenders), _events(options)
    steps = (
        plan_least(contenders, events, options.kernels)
        if is_least()
        else plan(contenders, events, options.runs, options.kernels)
    )
    if options.resume:
        steps = [
            step
            for step in steps
            if not measured(results, step[5], step[0], step[1], step[3], step[4])
        ]
    else:
        names, prefixes = {one.name for one in contenders}, tuple(
            f"{mode}{event}/" for mode in MODES for event in events
        )
        results.discard(
            lambda figure: figure.section == SECTION
            and figure.contender in names
            and figure.kernel in options.kernels
            and figure.metric.startswith(prefixes)
        )
    progress, guests, failed = Progress(len(steps), STEP_S), _Guests(options.qemu), 0
    try:
        for kernel, number, incident, event, mode, contender in steps:
            text = None
            for attempt in (1, 2):
                try:
                    result, noted = _measure(
                        guests.awake(contender, kernel, number), incident, event, mode
                    )
                    text = record(results, contender, kernel, number, event, mode, result, noted)
                    results.save()
                    break
                except Exception as error:
                    progress.say(
                        f"{contender.name}, {mode}{event}: attempt {attempt} failed: {type(error).__name__}: {error}"
                    )
                    guests.drop(contender)
            failed += text is None
            progress.step(
                f"{kernel}, run {number} of {options.runs}: {contender.name}, {mode}{event}: {text or 'failed'}"
            )
    finally:
        guests.stop()
    return failed
