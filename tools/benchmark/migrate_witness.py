# SPDX-License-Identifier: GPL-2.0-only
"""Where questions and answers of a migration were seen last: what the hypervisor host or the
network outside has lost is not the contender's fault.

Two guest/witness.c watch: one in the namespace outside, one in the emulated host. Each device shows
a datagram that passed it:

	out0 - br0 - pfX = NIC =┬ ethX (PF) - brX - tapX = virtio in the guest
	                        └ VF = the guest's (no witness)
"""

import signal
import subprocess
import time

HOST_REPORT = "/tmp/witness"
# What is on the way of a question beyond each place, and of an answer before it. "guest": the
# contender in there, with its two devices.
QUESTION_LOST = (("tap", "guest"), ("eth", "host"), ("pf", "NIC or VF"), ("out", "outside"))
ANSWER_LOST = (("out", "outside"), ("pf", "outside"), ("eth", "NIC"), ("tap", "host"))
OF_THE_RIG = ("outside", "NIC", "host")


class Sights:
    """What one witness noted. ahead_ns: how far its clock is ahead of CLOCK_MONOTONIC here."""

    def __init__(self, text, ahead_ns):
        self.dropped, self.seen = 0, []  # (monotonic ns here, device, is sent, is answer, number)
        for line in text.splitlines():
            words = line.split()
            if words[0] == "dropped":
                self.dropped = int(words[1])
            else:
                self.seen.append(
                    (
                        int(words[0]) - ahead_ns,
                        words[1],
                        words[2] == ">",
                        words[3] == "a",
                        int(words[4]),
                    )
                )


def ahead_ns(vm=None):
    """How far CLOCK_REALTIME of @vm, or ours, is ahead of our CLOCK_MONOTONIC."""
    samples = []
    for _ in range(5):
        before = time.monotonic_ns()
        unix = int(vm.check("flow clock").split()[0]) if vm else time.time_ns()
        after = time.monotonic_ns()
        samples.append((after - before, unix - (before + after) // 2))
    return min(samples)[1]


class Witnesses:
    """Both of them, from now until finish()."""

    def __init__(self, host, port, program, work):
        self._vm, self._report = host.vm, work / "witness"
        self._outside = host.switch.popen(
            [program, port, self._report], stdout=subprocess.PIPE, text=True
        )
        self._host = host.vm.spawn(f"exec witness {port} {HOST_REPORT}")
        self._outside.stdout.readline()
        self._host.wait_output("watching", 10)
        self._ahead_ns = ahead_ns(), ahead_ns(self._vm)

    def finish(self):
        self._outside.send_signal(signal.SIGTERM)
        self._outside.wait(20)
        self._host.stop()
        texts = self._report.read_text(), self._vm.pull(HOST_REPORT).decode()
        return [Sights(text, ahead) for text, ahead in zip(texts, self._ahead_ns)]

    def stop(self):
        """Takes it back when something has failed."""
        self._outside.kill()
        self._outside.wait()
        self._outside.stdout.close()


def places(sights):
    """({question's number: kinds of devices it passed}, the same of answers). A kind: "out", "pf",
    "eth", "tap".
    """
    questions, answers = {}, {}
    for one in sights:
        for _, device, _, is_answer, number in one.seen:
            kind = device.rstrip("0123456789") if device[0] != "p" else "pf"
            (answers if is_answer else questions).setdefault(number, set()).add(
                "tap" if kind.startswith("tap") else kind
            )
    return questions, answers


def lost_where(numbers, questions, answers):
    """{place: how many of the questions @numbers, which have no answer, were lost there}. The rest
    is what places() returns.
    """
    found = {}
    for number in numbers:
        seen, table = (
            (answers[number], ANSWER_LOST)
            if number in answers
            else (questions.get(number, ()), QUESTION_LOST)
        )
        where = next((what for kind, what in table if kind in seen), "asker")
        found[where] = found.get(where, 0) + 1
    return found
