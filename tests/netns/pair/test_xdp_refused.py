#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The standby's XDP program cannot be put on the primary: the primary is not used, and why is said.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from af_xdp import af_xdp_socket  # noqa: E402
from firewall import (  # noqa: E402
    BLOCKED, OTHER, RATE, Wall, check_blocked, check_lossless, check_mirrored, program_on,
)
from rig import WITHOUT_TCX, bypassed, case, check, check_equal, log_lines, main, wait  # noqa: E402


@case(agent=False)
def without_a_broker(stage):
    """Without CAP_SYS_ADMIN no process gets the program: the primary is not used, and says why;
    then it goes, and the primary is used.
    """
    wall = Wall(stage)
    number = wall.put(BLOCKED)
    stage.start(under=("setpriv", "--bounding-set=-sys_admin"))
    stage.wait_state("down")
    text = bypassed(stage)["xdp"]
    check(
        f"XDP program {number} of st0 is not on pr0" in text
        and "CAP_SYS_ADMIN" in text
        and "xdp = ignore" in text,
        text,
    )
    check_equal(
        (stage.pair()["down_reason"], program_on(stage, "pr0")),
        ("the standby's XDP program is not on it", None), "(down_reason, program)",
    )
    check_equal(log_lines(stage, f"XDP program {number} of st0"), 1, "lines in the log")
    check(
        "state DOWN" in stage.guest.run("ip link show pr0"),
        "the primary can receive past the program",
    )
    check_blocked(stage, BLOCKED, OTHER, "over the standby")
    out, inbound = stage.flows(RATE)
    # The operator sets it up: it would receive past the program.
    stage.guest.run("ip link set pr0 up")
    wait("it to be down again", lambda: "state DOWN" in stage.guest.run("ip link show pr0"))
    wall.take()
    stage.wait_active("primary")
    check_lossless(out, inbound)
    check_equal(bypassed(stage), {}, "bypassed")


@case(agent=False)
def without_a_broker_while_active(stage):
    stage.start(under=("setpriv", "--bounding-set=-sys_admin"))
    stage.wait_active("primary")
    out, inbound = stage.flows(RATE)
    wall = Wall(stage)
    wall.put(BLOCKED)
    stage.wait_state("down")
    check_equal(stage.pair()["active"], "standby", "active")
    check_blocked(stage, BLOCKED, OTHER, "over the standby")
    # An agent that finds it so, and can do better.
    stage.stop()
    stage.start()
    stage.wait_active("primary")
    check_blocked(stage, BLOCKED, OTHER, "over the primary")
    check_lossless(out, inbound)


@case
def another_program_on_the_primary(stage):
    """Its owner is not known; it stays, and the primary is not used until it goes."""
    other = bpf.Counter(bpf.PROG_TYPE_XDP)
    bpf.pin(other.program, stage.bpffs / "other")
    stage.guest.run(f"ip link set dev pr0 xdpdrv pinned {stage.bpffs}/other")
    number = Wall(stage).put(BLOCKED)
    stage.wait_state("down")
    wait("the reason", lambda: "xdp" in bypassed(stage))
    check(
        "is there: pr0 is not used; take that one away" in bypassed(stage)["xdp"], bypassed(stage)
    )
    check_blocked(stage, BLOCKED, OTHER, "over the standby")
    stage.guest.run("ip link set dev pr0 xdpdrv off")
    check_mirrored(stage, number)
    check_blocked(stage, BLOCKED, OTHER, "over the primary")


@case(agent=False)
def kernel_without_links(stage):
    """As Linux 5.8: the program cannot be put on the primary so that it stays."""
    number = Wall(stage).put(BLOCKED)
    stage.program = [WITHOUT_TCX, *stage.program]
    stage.start()
    stage.wait_state("down")
    check(
        f"XDP program {number} of st0 is not on pr0: Invalid argument: pr0 is not used"
        in bypassed(stage)["xdp"],
        bypassed(stage),
    )
    check_blocked(stage, BLOCKED, OTHER, "over the standby")


@case
def af_xdp_sockets_get_theirs(stage):
    """On the primary the program would drop what it gives the standby's sockets: the primary is not
    used while there are any.
    """
    one, _memory = af_xdp_socket(stage, "st0")
    number = Wall(stage).put(BLOCKED)
    stage.wait_active("standby")
    wait(
        "the primary down",
        lambda: stage.pair()["down_reason"] == "the standby's XDP program is not on it",
    )
    check("AF_XDP sockets are on st0" in bypassed(stage)["xdp"], bypassed(stage))
    check_equal(program_on(stage, "pr0"), None, "the primary's XDP program")
    check_blocked(stage, BLOCKED, OTHER, "over the standby")
    one.close()
    check_mirrored(stage, number)
    check_blocked(stage, BLOCKED, OTHER, "over the primary, without sockets")


@case
def af_xdp_sockets_come_and_go(stage):
    """The program was on the primary before the socket came, and is there again when it has gone:
    nothing was refused meanwhile.
    """
    number = Wall(stage).put(BLOCKED)
    check_mirrored(stage, number)
    for round_ in ("first", "second"):
        one, _memory = af_xdp_socket(stage, "st0")
        wait(
            f"the primary down, {round_} socket",
            lambda: stage.pair()["down_reason"] == "the standby's XDP program is not on it",
        )
        one.close()
        check_mirrored(stage, number)
    check_blocked(stage, BLOCKED, OTHER, "over the primary, without sockets")


main()
