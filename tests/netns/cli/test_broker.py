#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The broker: the agent's child, which gets XDP programs for it, has one capability, and answers
one question.
"""

import errno
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from capabilities import FOUR, check_capabilities, mask, process_status  # noqa: E402
from rig import case, check_equal, main, wait  # noqa: E402


def broker(stage):
    """Process id of the agent's child, which gets XDP programs for it; None: there is none."""
    children = Path(f"/proc/{stage.agent.pid}/task/{stage.agent.pid}/children").read_text().split()
    return int(children[0]) if children else None


@case(agent=False)
def broker_has_one(stage):
    """Another capability than the agent, in another process, which runs as long and has next to no
    system call.
    """
    stage.start()
    check_capabilities(stage, *FOUR)
    number = broker(stage)
    # It gives up what it has after the fork.
    fields = wait(
        "its seccomp filter",
        lambda: (lambda seen: seen if seen["Seccomp"] == "2" else None)(process_status(number)),
    )
    check_equal(
        {
            field: fields[field]
            for field in (
                "Name",
                "CapPrm",
                "CapEff",
                "CapBnd",
                "CapInh",
                "CapAmb",
                "NoNewPrivs",
                "Threads",
            )
        },
        {
            "Name": "vfsteer-xdp",
            "CapPrm": mask("SYS_ADMIN"),
            "CapEff": mask("SYS_ADMIN"),
            "CapBnd": mask(),
            "CapInh": mask(),
            "CapAmb": mask(),
            "NoNewPrivs": "1",
            "Threads": "1",
        },
        "the broker",
    )
    # stdin to stderr are /dev/null, then its socket to the agent and one to the kernel.
    check_equal(len(os.listdir(f"/proc/{number}/fd")), 5, "its descriptors")
    stage.stop(signal.SIGKILL)
    wait(
        "its end with the agent",
        lambda: not os.path.exists(f"/proc/{number}")
        or process_status(number)["State"].startswith("Z"),
    )


@case(agent=False, primary=True)
def broker_answers_one_question(stage):
    """A program by its id, if it is an XDP program, and on the device that is named."""
    firewall, counter = bpf.Firewall(6001), bpf.Counter()
    link = firewall.attach_link(stage.guest, "st0")
    standby, primary = (
        int(stage.guest.run(f"cat /sys/class/net/{name}/ifindex")) for name in ("st0", "pr0")
    )
    tc = struct.unpack_from("I", bpf.info(counter.program), 4)[0]

    def ask(*questions):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = stage.guest.inside(
            lambda: subprocess.Popen([stage.program[0], "xdp-broker"], stdin=theirs)
        )
        theirs.close()
        ours.settimeout(5)
        answers = []
        for question in questions:
            try:
                ours.send(question)
                answer, fds, _, _ = socket.recv_fds(ours, 64, 4)
            except (ConnectionError, BrokenPipeError):
                answer, fds = b"", []
            answers.append(
                (
                    struct.unpack("Ii", answer) if answer else None,
                    [struct.unpack_from("I", bpf.info(fd), 4)[0] for fd in fds],
                )
            )
            for fd in fds:
                os.close(fd)
        ours.close()
        return answers, process.wait(10)

    rows = (
        (standby, firewall.id, 0),
        (primary, firewall.id, errno.ENOENT),
        (standby, tc, errno.ENOENT),
        (standby, 0, errno.ENOENT),
        (-1, firewall.id, errno.EINVAL),
        (1 << 30, firewall.id, errno.ENODEV),
        (standby, firewall.id, 0),
    )
    answers, status = ask(
        *(
            struct.pack("IiI", number, device, program)
            for number, (device, program, _) in enumerate(rows)
        )
    )
    check_equal(
        answers,
        [
            ((number, -error), [] if error else [firewall.id])
            for number, (*_, error) in enumerate(rows)
        ],
        "answers",
    )
    check_equal(status, 0, "the broker's exit status")
    check_equal(ask(b"short"), ([(None, [])], 0), "what is no question ends it")
    check_equal(ask(b"x" * 100), ([(None, [])], 0), "nor is this one")
    os.close(link)


main()
