#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Bad input of `vfsteer port`, as test_bad_input.py: the message, the exit status, and that nothing
is touched: neither the pair and its traffic, nor a port that is there (po1, of MAC
02:76:66:00:01:01, whose container sends all the time).
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from ports import Container, listed, port  # noqa: E402
from refusals import LONG, PortRefusals, Refusals, inventory, write  # noqa: E402
from rig import MAC, OUTSIDE, VFSTEER, case, check_equal, main, note, reachable, wait  # noqa: E402
from tools.rig.levels import full  # noqa: E402

TAKEN = "02:76:66:00:01:01"

NOT_A_MAC = "not a MAC: write it as 52:54:00:12:34:56"
GROUP_MAC = "a multicast MAC: name the MAC of the station behind the port"
TWO_MACS = "--mac and --passthrough: a passthrough port owns the pair's MAC; remove one"
ITSELF = f"{MAC} is the MAC of st0 itself: use --passthrough if it is to own that MAC, or give its other end another one"

# (arguments, message between "vfsteer: port: " and "; see 'vfsteer help port'"): exit status 2.
USAGE = (
    ("port", "an argument is missing: add, del or list"),
    ("port frobnicate", "'frobnicate': use add, del or list"),
    (("port", ""), "'': use add, del or list"),
    ("port ADD po2 --pair st0", "'ADD': use add, del or list"),
    (("port", "a\x1b[2Jb\n"), "'a?[2Jb?': use add, del or list"),
    ("port --json", "'--json': use add, del or list"),
    ("port add", "an argument is missing: 1 of 2 given"),
    ("port add --pair st0", "an argument is missing: 1 of 2 given"),
    ("port add po2", "add po2: no pair: write --pair STANDBY"),
    ("port add po2 --mac 02:76:66:00:01:02", "add po2: no pair: write --pair STANDBY"),
    ("port add po2 po3 --pair st0", "po3: one argument too many"),
    ("port add po2 st0 --pair st0", "st0: one argument too many"),
    ("port add po2 --pair", "--pair: no value; name the pair's standby"),
    ("port add po2 --pair=", "--pair : the standby's name is empty"),
    ("port add po2 --pair st0 --frobnicate", "--frobnicate: no such option"),
    ("port add po2 --pair st0 -m 02:76:66:00:01:02", "-m: no such option"),
    ("port add po2 --pair st0 --json", "--json: no such option"),
    ("port add po2 --pair st0 --config /dev/null", "--config: no such option"),
    ("port add po2 --pair st0 --mac", "--mac: no value; write it as 52:54:00:12:34:56"),
    ("port add po2 --pair st0 --mac=", f"--mac : {NOT_A_MAC}"),
    ("port add po2 --pair st0 --mac nonsense", f"--mac nonsense: {NOT_A_MAC}"),
    ("port add po2 --pair st0 --mac 02:76:66:00:01", f"--mac 02:76:66:00:01: {NOT_A_MAC}"),
    (
        "port add po2 --pair st0 --mac 02:76:66:00:01:02:03",
        f"--mac 02:76:66:00:01:02:03: {NOT_A_MAC}",
    ),
    ("port add po2 --pair st0 --mac 02:76:66:00:01:0g", f"--mac 02:76:66:00:01:0g: {NOT_A_MAC}"),
    ("port add po2 --pair st0 --mac 02:76:66:00:01:102", f"--mac 02:76:66:00:01:102: {NOT_A_MAC}"),
    ("port add po2 --pair st0 --mac 02:76:66:00:01:02x", f"--mac 02:76:66:00:01:02x: {NOT_A_MAC}"),
    ("port add po2 --pair st0 --mac 02-76-66-00-01-02x", f"--mac 02-76-66-00-01-02x: {NOT_A_MAC}"),
    ("port add po2 --pair st0 --mac +2:76:66:00:01:02", f"--mac +2:76:66:00:01:02: {NOT_A_MAC}"),
    (
        ("port", "add", "po2", "--pair", "st0", "--mac", " 02:76:66:00:01:02"),
        f"--mac  02:76:66:00:01:02: {NOT_A_MAC}",
    ),
    ("port add po2 --pair st0 --mac 01:00:5e:00:00:01", f"--mac 01:00:5e:00:00:01: {GROUP_MAC}"),
    ("port add po2 --pair st0 --mac ff:ff:ff:ff:ff:ff", f"--mac ff:ff:ff:ff:ff:ff: {GROUP_MAC}"),
    (
        "port add po2 --pair st0 --mac 00:00:00:00:00:00",
        "--mac 00:00:00:00:00:00: all zero: name the MAC of the station behind the port",
    ),
    (
        "port add po2 --pair st0 --passthrough=yes",
        "--passthrough: takes no value; remove what follows it",
    ),
    ("port add po2 --pair st0 --no-xdp=yes", "--no-xdp: takes no value; remove what follows it"),
    ("port add po2 --pair st0 --mac 02:76:66:00:01:02 --passthrough", TWO_MACS),
    ("port add po2 --pair st0 --passthrough --mac 02:76:66:00:01:02", TWO_MACS),
    (
        "port add po2 --pair st0 --bpffs",
        "--bpffs: no value; name the directory of a bpf file system",
    ),
    (("port", "add", "", "--pair", "st0"), "'': the interface's name is empty"),
    (
        f"port add {LONG} --pair st0",
        f"'{LONG}': the interface's name is longer than 127 characters",
    ),
    ("port add a/b --pair st0", "'a/b': the interface's name holds a '/', ':' or '='"),
    ("port add .. --pair st0", "'..': the interface's name is not allowed"),
    (("port", "add", "po 2", "--pair", "st0"), "'po 2': the interface's name holds white space"),
    (("port", "add", "po2\n", "--pair", "st0"), "'po2?': the interface's name holds white space"),
    (("port", "add", "po2", "--pair", ""), "--pair : the standby's name is empty"),
    (
        f"port add po2 --pair {LONG}",
        f"--pair {LONG}: the standby's name is longer than 127 characters",
    ),
    ("port add po2 --pair st0=pr0", "--pair st0=pr0: the standby's name holds a '/', ':' or '='"),
    ("port del", "an argument is missing: 1 of 2 given"),
    ("port del po1 po2", "po2: one argument too many"),
    ("port del po1 --pair st0", "--pair: no such option"),
    ("port del po1 --mac 02:76:66:00:01:01", "--mac: no such option"),
    ("port del --json po1", "--json: no such option"),
    (f"port del {LONG}", f"'{LONG}': the interface's name is longer than 127 characters"),
    (("port", "del", ""), "'': the interface's name is empty"),
    ("port list po1", "po1: one argument too many"),
    ("port list --pair st0", "--pair: no such option"),
    ("port list --json=yes", "--json: takes no value; remove what follows it"),
)

# (arguments, message after "vfsteer: port: "): exit status 1.
DEVICES = (
    ("port add po2 --pair nosuch0", "po2: no pair nosuch0: 'vfsteer status' lists those there are"),
    ("port add po2 --pair pr0", "po2: no pair pr0: 'vfsteer status' lists those there are"),
    ("port add po2 --pair po1", "po2: no pair po1: 'vfsteer status' lists those there are"),
    (
        ("port", "add", "po2", "--pair", "st\x01"),
        "po2: no pair st?: 'vfsteer status' lists those there are",
    ),
    ("port add nosuch0 --pair st0", "nosuch0: no such interface: 'ip link' lists those there are"),
    (
        "port add nosuch0 --pair st0 --passthrough",
        "nosuch0: no such interface: 'ip link' lists those there are",
    ),
    (
        "port add st0 --pair st0 --mac 02:76:66:00:01:02",
        "st0: the standby of a pair: name an interface whose other end is to be on its network",
    ),
    (
        "port add pr0 --pair st0 --mac 02:76:66:00:01:02",
        "pr0: the primary of st0: name an interface whose other end is to be on its network",
    ),
    (
        "port add pr0 --pair st0 --passthrough",
        "pr0: the primary of st0: name an interface whose other end is to be on its network",
    ),
    (
        "port add br9p --pair st0",
        "br9p: enslaved to br9: detach it first: ip link set br9p nomaster",
    ),
    (
        "port add br9p --pair st0 --mac 02:76:66:00:01:02",
        "br9p: enslaved to br9: detach it first: ip link set br9p nomaster",
    ),
    (
        "port add lo --pair st0 --mac 02:76:66:00:01:02",
        "lo: not Ethernet: name an interface with a MAC",
    ),
    ("port add lo --pair st0", "lo: not Ethernet: name an interface with a MAC"),
    (
        "port add tun0 --pair st0 --mac 02:76:66:00:01:02",
        "tun0: not Ethernet: name an interface with a MAC",
    ),
    ("port add tun0 --pair st0 --passthrough", "tun0: not Ethernet: name an interface with a MAC"),
    (
        "port add tap0 --pair st0",
        "tap0: the MAC behind it is not known: use --mac MAC or --passthrough",
    ),
    (
        "port add br9 --pair st0",
        "br9: the MAC behind it is not known: use --mac MAC or --passthrough",
    ),
    ("port add po1 --pair st0", "po1: a port already: 'vfsteer port del po1' first"),
    (
        "port add po1 --pair st0 --mac 02:76:66:00:01:02",
        "po1: a port already: 'vfsteer port del po1' first",
    ),
    ("port add po1 --pair st0 --passthrough", "po1: a port already: 'vfsteer port del po1' first"),
    ("port add po2 --pair st0 --mac 02:76:66:00:00:01", f"po2: {ITSELF}"),
    (
        "port add po2 --pair st0 --mac 02:76:66:00:01:01",
        "po2: 02:76:66:00:01:01 is the MAC of the port po1: give its other end another one",
    ),
    (
        "port add same0 --pair st0",
        "same0: 02:76:66:00:01:01 is the MAC of the port po1: give its other end another one",
    ),
    ("port add pairs0 --pair st0", f"pairs0: {ITSELF}"),
    (
        "port add mv0 --pair st0 --mac 02:76:66:00:01:02",
        "mv0: it is on the pair st0 itself, and so on its network already",
    ),
    ("port del po2", "po2: no such port: 'vfsteer port list' lists those there are"),
    ("port del nosuch0", "nosuch0: no such port: 'vfsteer port list' lists those there are"),
    ("port del st0", "st0: no such port: 'vfsteer port list' lists those there are"),
    (("port", "del", "po\x1b1"), "po?1: no such port: 'vfsteer port list' lists those there are"),
)

# (arguments, message after "vfsteer: port: "), with another --bpffs than the agent's: exit status
# 1.
PLACES = (
    (
        "port add po2 --pair st0 --bpffs {dir}/nosuch",
        "{dir}/nosuch: no such directory; name the mount point of a bpf file system",
    ),
    (
        "port del po1 --bpffs {dir}",
        "{dir}: not a bpf file system; mount one: mount -t bpf bpf {dir}",
    ),
    ("port list --bpffs {dir}", "{dir}: not a bpf file system; mount one: mount -t bpf bpf {dir}"),
    (
        "port add po2 --pair st0 --bpffs {other}",
        "nothing is pinned under {other}/vfsteer: start 'vfsteer run'",
    ),
    (
        "port del po1 --bpffs {other}",
        "nothing is pinned under {other}/vfsteer: start 'vfsteer run'",
    ),
    ("port list --bpffs {other}", "nothing is pinned under {other}/vfsteer: start 'vfsteer run'"),
)

PRIVILEGES = ("port add po2 --pair st0", "port del po1", "port list", "port list --json")


def refuse(stage, rows, status, **how):
    with Container(stage) as one, Container(stage, 2, settings=None):
        refusals = PortRefusals(stage, one)
        for arguments, text in rows:
            refusals.expect(arguments, status, f"vfsteer: port: {text}", **how)
        refusals.end()
        check_equal(listed(stage), [one.port], "ports")


@case
def usage(stage):
    rows = sum(map(len, (USAGE, DEVICES, PLACES, PRIVILEGES)))
    note(f"{rows} rows in the tables")
    refuse(
        stage, [(arguments, f"{message}; see 'vfsteer help port'") for arguments, message in USAGE],
        2,
    )


@case
def interfaces(stage):
    stage.guest.run(f"""
        ip link add mv0 link st0 type macvlan mode bridge
        ip tuntap add tun0 mode tun
        ip tuntap add tap0 mode tap
        ip link add br9 type bridge
        ip link add br9p master br9 type veth peer br9q
        ip link add same0 type veth peer name same1 address {TAKEN}
        ip link add pairs0 type veth peer name pairs1 address {MAC}""")
    rows = DEVICES
    # A kernel may not have it.
    if (
        subprocess.run(
            [
                "ip",
                "-n",
                stage.guest.name,
                "link",
                "add",
                "gre9",
                "type",
                "gre",
                "local",
                "10.77.0.1",
                "remote",
                "10.77.0.2",
            ],
            stderr=subprocess.DEVNULL,
        ).returncode
        == 0
    ):
        rows += (
            (
                "port add gre9 --pair st0 --mac 02:76:66:00:01:02",
                "gre9: not Ethernet: name an interface with a MAC",
            ),
        )
    refuse(stage, rows, 1, bpffs=stage.bpffs)


@case
def second_passthrough(stage):
    """The host receives nothing of the network while there is a first one, so no traffic of its own
    is looked at.
    """
    stage.guest.run("ip link add po3 type veth peer name po4")
    with Container(stage) as one, Container(stage, 2, settings=("--passthrough",), mac=MAC):
        for settings in ((), ("--no-xdp",)):
            before = inventory(stage)
            done = stage.command("port", "add", "po3", "--pair", "st0", "--passthrough", *settings)
            check_equal(done.returncode, 1, "exit status")
            check_equal(
                done.stderr,
                "vfsteer: port: po3: st0 has the passthrough port po2 already: 'vfsteer port del po2' first\n",
                "message",
            )
            check_equal(inventory(stage) ^ before, set(), "what changed")
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        check_equal(listed(stage), ["po1", "po2"], "ports")


@case
def standby_behind_a_bridge(stage):
    """What has a bridge has no need of ports."""
    stage.guest.run(
        "ip link add gbr0 type bridge forward_delay 0; ip link set gbr0 up; ip link set st0 master gbr0"
    )
    with Container(stage, settings=None):
        wait(
            "the pair to know of the bridge",
            lambda: "promiscuity 0" not in stage.guest.run("ip -d link show pr0"),
        )
        done = stage.command("port", "add", "po1", "--pair", "st0")
        check_equal(
            (done.returncode, done.stderr),
            (
                1,
                "vfsteer: port: po1: st0 is enslaved to gbr0: attach it there instead: ip link set po1 master gbr0\n",
            ),
            "(exit status, message)",
        )
        check_equal(listed(stage), [], "ports")


@case
@full("unit port_check (no_room)")
def no_room(stage):
    """64 ports are as many as there can be: the next one is refused, until there is one less."""
    script = "".join(
        f"link add q{number} type veth peer name r{number} address 02:76:66:00:03:{number:02x}\n"
        for number in range(64)
    )
    path = write(stage, "links", script.encode())
    stage.guest.run(f"ip -batch {path}")
    with Container(stage) as one:
        for number in range(63):
            stage.succeed(
                "port", "add", f"q{number}", "--pair", "st0", *(("--no-xdp",) if number % 2 else ())
            )
        check_equal(len(listed(stage)), 64, "ports")
        refusals = PortRefusals(stage, one)
        refusals.expect(
            "port add q63 --pair st0", 1,
            "vfsteer: port: q63: no room: there are 64 ports, and no more are possible: 'vfsteer port del' one first",
            bpffs=stage.bpffs,
        )
        refusals.end()
        stage.succeed("port", "del", "q7")
        stage.succeed("port", "add", "q63", "--pair", "st0")
        check_equal(len(listed(stage)), 64, "ports")
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        reachable(stage, stage.outside, one.netns, one.address)


@case
def places(stage):
    other = stage.directory / "other"
    other.mkdir()
    subprocess.run(["mount", "-t", "bpf", "bpf", other], check=True)
    try:
        with Container(stage) as one, Container(stage, 2, settings=None):
            refusals = PortRefusals(stage, one)
            refusals.names["other"] = other
            for arguments, message in PLACES:
                refusals.expect(arguments, 1, f"vfsteer: port: {message}")
            refusals.end()
    finally:
        subprocess.run(["umount", other], check=False)


@case
def privileges(stage):
    program = stage.directory / "vfsteer"
    shutil.copy(VFSTEER, program)
    for path in (stage.directory, program):
        path.chmod(0o755)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program)
    with Container(stage) as one, Container(stage, 2, settings=None):
        refusals = PortRefusals(stage, one)
        for arguments in PRIVILEGES:
            refusals.expect(
                arguments, 1,
                "vfsteer: port: {bpffs}/vfsteer/pairs: permission denied; run this as root",
                bpffs=stage.bpffs, program=nobody,
            )
        refusals.end()


@case
def output(stage):
    with Container(stage) as one, open("/dev/full", "wb") as full:
        refusals = PortRefusals(stage, one)
        for arguments in ("port list", "port list --json"):
            refusals.expect(
                arguments, 1,
                "vfsteer: port: cannot write the output: No space left on device; check where stdout goes",
                bpffs=stage.bpffs, stdout=full,
            )
        refusals.end()


@case
def agent_that_does_not_answer(stage):
    """Stopped, it steers on; going on, it does nothing that the command has reported as failed, or
    says that it may yet be done.
    """
    with Container(stage) as one, Container(stage, 2, settings=None):
        refusals = PortRefusals(stage, one)
        stage.agent.send_signal(signal.SIGSTOP)
        for arguments, name in (("port add po2 --pair st0", "po2"), ("port del po1", "po1")):
            refusals.expect(
                arguments, 1,
                f"vfsteer: port: {name}: the agent does not answer: Connection timed out: look at its log, or start it again",
                bpffs=stage.bpffs,
            )
        stage.agent.send_signal(signal.SIGCONT)
        stage.succeed("switch", "st0", "auto")  # answered in the order in which they were asked
        check_equal(listed(stage), [one.port], "ports")
        refusals.end()


@case(agent=False)
def without_agent(stage):
    """Nothing pinned; then pins without an agent: list answers, add and del are refused."""
    refusals = Refusals(stage)
    for arguments in ("port add po2 --pair st0", "port del po1", "port list", "port list --json"):
        refusals.expect(
            arguments, 1,
            f"vfsteer: port: nothing is pinned under {stage.pins}: start 'vfsteer run'",
            bpffs=stage.bpffs,
        )
    refusals.end()
    stage.start()
    stage.wait_active("primary")
    with Container(stage) as one, Container(stage, 2, settings=None):
        stage.stop(signal.SIGKILL)
        refusals = PortRefusals(stage, one)
        for arguments, name in (("port add po2 --pair st0", "po2"), ("port del po1", "po1")):
            refusals.expect(
                arguments, 1,
                f"vfsteer: port: {name}: no agent is running, and only it changes ports: start 'vfsteer run'",
                bpffs=stage.bpffs,
            )
        check_equal(listed(stage), [one.port], "ports")
        refusals.end()


@case
def mistakes_do_not_last(stage):
    """What was refused can be put right, and tried again."""
    stage.guest.run("ip link add br9 type bridge")
    with Container(stage) as one, Container(stage, 2, settings=None) as two:
        stage.guest.run("ip link set po2 master br9")
        check_equal(
            stage.command("port", "add", "po2", "--pair", "st0").returncode, 1,
            "status, of an enslaved interface",
        )
        stage.guest.run("ip link set po2 nomaster")
        two.join()
        reachable(stage, two.netns, stage.outside, OUTSIDE)
        one.leave()
        two.leave()
        two.join("--mac", one.mac)
        check_equal(port(stage, "po2")["mac"], one.mac, "MAC, free again")
        wait("an answer", lambda: stage.pair()["active"] == "primary")


main()
