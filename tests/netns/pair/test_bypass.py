#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What stands on the standby and does not see what goes by the primary is named: the root qdisc,
AF_XDP sockets and egress filters. XDP programs: test_xdp_mirror.py.
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from af_xdp import af_xdp_socket  # noqa: E402
from rig import bypassed, case, check, check_equal, log_lines, main, wait  # noqa: E402


@case(agent=False)
def qdisc_is_named(stage):
    """Where the configuration keeps it from the primary; with mirror it is there, too
    (test_qdiscs.py).
    """
    config = stage.directory / "vfsteer.conf"
    config.write_text("[agent]\nqdisc = keep\n")
    stage.start(options=["--config", str(config)])
    stage.wait_active("primary")
    check_equal(bypassed(stage), {}, "bypassed at first")
    stage.guest.run("tc qdisc add dev st0 root handle 1: tbf rate 4mbit burst 16k latency 50ms")
    text = wait("the qdisc", lambda: bypassed(stage).get("qdisc"))
    check("qdisc tbf of st0" in text and "pr0" in text and "qdisc = mirror copies it" in text, text)
    check(f"bypassed: {text}" in stage.succeed("status"), "the text does not name it")
    wait("a line in the log", lambda: log_lines(stage, "root qdisc (tbf) is bypassed") == 1)
    stage.stop(signal.SIGKILL)
    check("qdisc" in bypassed(stage), "not named without an agent")
    stage.guest.run("tc qdisc del dev st0 root")
    check_equal(bypassed(stage), {}, "bypassed in the end")


def egress_lines(stage):
    return (
        log_lines(stage, "on egress before ours"),
        log_lines(stage, "egress: no longer bypassed"),
    )


@case
def egress_programs_come_and_go(stage):
    """By tcx, which the kernel does not report, as by cls_bpf: a line for each."""
    counter = bpf.Counter()
    for round_ in (1, 2):
        link = counter.attach_tcx(stage.guest, "st0", bpf.TCX_EGRESS)
        wait("a line as it comes", lambda: egress_lines(stage) == (round_, round_ - 1))
        os.close(link)
        wait("a line as it goes", lambda: egress_lines(stage) == (round_, round_))
    bpf.pin(counter.program, stage.bpffs / "egress")
    stage.guest.run(
        f"tc qdisc add dev st0 clsact; tc filter add dev st0 egress bpf direct-action object-pinned {stage.bpffs}/egress"
    )
    wait("a line as the filter comes", lambda: egress_lines(stage) == (3, 2))
    stage.guest.run("tc filter delete dev st0 egress prio 49152")
    wait("a line as the filter goes", lambda: egress_lines(stage) == (3, 3))


@case(agent=False)
def egress_program_found_at_start(stage):
    link = bpf.Counter().attach_tcx(stage.guest, "st0", bpf.TCX_EGRESS)
    stage.start()
    stage.wait_active("primary")
    wait("a line", lambda: egress_lines(stage) == (1, 0))
    os.close(link)
    wait("a line as it goes", lambda: egress_lines(stage) == (1, 1))


@case
def af_xdp_socket_is_named(stage):
    one, _memory = af_xdp_socket(stage, "st0")
    text = bypassed(stage)["af_xdp"]
    # A kernel without xsk_diag knows no more than how many there are.
    check(
        text.startswith(
            "1 AF_XDP socket here, of devices that this kernel does not name"
            if "xsk_diag" in text
            else "1 AF_XDP socket of st0 gets"
        ),
        text,
    )
    one.close()
    check_equal(bypassed(stage), {}, "bypassed without it")


main()
