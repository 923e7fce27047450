#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What the agent may do, and who may tell it to: four capabilities for a whole life, and root alone
is obeyed.
"""

import errno
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import GUEST, MAC, case, check, check_equal, main, reachable, wait  # noqa: E402

# linux/capability.h
NUMBERS = {"NET_ADMIN": 12, "NET_RAW": 13, "SETPCAP": 8, "SYS_ADMIN": 21, "PERFMON": 38, "BPF": 39}
FOUR = ("BPF", "NET_ADMIN", "NET_RAW", "PERFMON")
NOBODY = 65534
CONTROL_DIRECTORY = Path("/run/vfsteer")


def mask(*names):
    return f"{sum(1 << NUMBERS[name] for name in names):016x}"


def without(*names):
    """A command to start another with, which then lacks these capabilities for good."""
    return ("setpriv", "--bounding-set=" + ",".join("-" + name.lower() for name in names))


def threads(stage):
    """What /proc tells of each thread of the agent."""
    for task in os.listdir(f"/proc/{stage.agent.pid}/task"):
        with open(f"/proc/{stage.agent.pid}/task/{task}/status") as lines:
            yield dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)


def check_capabilities(stage, *names, bounding=None):
    seen = list(threads(stage))
    check(len(seen) > 1 or os.cpu_count() == 1, "the announcer has no thread")
    expected = {
        "CapPrm": mask(*names),
        "CapEff": mask(*names),
        "CapBnd": bounding or mask(*names),
        "CapInh": "0" * 16,
        "CapAmb": "0" * 16,
        "NoNewPrivs": "1",
    }
    for thread in seen:
        check_equal(
            {field: thread[field] for field in expected}, expected,
            f"thread {thread['Name']} {thread['Pid']}",
        )


def live(stage):
    """A whole life: switched by hand, the primary lost and found, died and adopted, set free."""
    reachable(stage)
    for wish, active in (("standby", "standby"), ("auto", "primary")):
        stage.succeed("switch", "st0", wish)
        stage.wait_active(active)
        reachable(stage)
    stage.guest.run("ip link delete pr0")
    stage.wait_active("standby")
    reachable(stage)
    stage.add_primary()
    stage.wait_active("primary")
    silent = stage.guest.run(
        "cat /proc/sys/net/ipv6/conf/pr0/disable_ipv6 /proc/sys/net/ipv4/conf/pr0/arp_ignore; ip link show pr0"
    )
    check(
        silent.split()[:2] == ["1", "8"] and "NOARP" in silent,
        f"the primary was not made silent: {silent}",
    )
    reachable(stage)


@case(agent=False)
def four_for_a_whole_life(stage):
    stage.start()
    check_capabilities(stage, *FOUR)
    live(stage)
    stage.stop(signal.SIGKILL)
    stage.start()
    check("adopted" in stage.log.read_text(), "the second agent adopted nothing")
    check_capabilities(stage, *FOUR)
    live(stage)
    check_capabilities(stage, *FOUR)
    stage.succeed("unload")
    check(not stage.pins.exists(), "pins are left")
    text = stage.log.read_text()
    check(
        not re.search(
            "denied|not permitted", text.replace("refuses tracing (Operation not permitted)", "")
        ),
        f"something was refused:\n{text}",
    )


@case(agent=False)
def direct_receive_with_four(stage):
    """It writes more of the primary's sysctls."""
    config = stage.directory / "vfsteer.conf"
    config.write_text("[agent]\nrx = direct\n")
    stage.guest.run("""
        for name in all st0; do echo 0 >/proc/sys/net/ipv4/conf/$name/rp_filter; done
        echo 2 >/proc/sys/net/ipv4/conf/default/rp_filter""")
    stage.guest.run("ip link delete pr0")
    stage.add_primary()
    check_equal(
        stage.guest.run("cat /proc/sys/net/ipv4/conf/pr0/rp_filter").strip(), "2",
        "rp_filter before",
    )
    stage.start("st0=pr0", options=("--config", str(config)))
    stage.wait_active("primary")
    check_equal(stage.pair()["rx"], "direct", "rx")
    written = stage.guest.run(
        "cat /proc/sys/net/ipv4/conf/pr0/rp_filter /proc/sys/net/ipv6/conf/pr0/disable_ipv6"
    )
    check_equal(written.split(), ["0", "0"], "(rp_filter, disable_ipv6) of the primary")
    reachable(stage)


@case(agent=False)
def each_one_missing(stage):
    for name, lost in (
        ("BPF", "no program or map can be loaded"),
        ("NET_ADMIN", "no program can be attached"),
        ("NET_RAW", "no switchover can be announced"),
        ("PERFMON", "or watch its functions"),
    ):
        done = stage.command("run", "--pair", "st0=pr0", under=without(name, "SYS_ADMIN"))
        lines = done.stderr.splitlines()
        check_equal(
            (done.returncode, len(lines)), (1, 1),
            f"without CAP_{name}: exit status and lines of {done.stderr!r}",
        )
        check(
            f"no privilege CAP_{name}:" in lines[0]
            and lost in lines[0]
            and "run as root" in lines[0],
            lines[0],
        )
        check(not stage.pins.exists(), f"without CAP_{name}: pins were made")


@case(agent=False)
def sys_admin_stands_in(stage):
    """As before Linux 5.8: CAP_SYS_ADMIN instead of what it was split into."""
    for missing in (("BPF",), ("PERFMON",), ("BPF", "PERFMON")):
        stage.start(under=without(*missing))
        check_capabilities(stage, "SYS_ADMIN", *(name for name in FOUR if name not in missing))
        check("CAP_SYS_ADMIN is kept" in stage.log.read_text(), "it was not said")
        stage.wait_active("primary")
        reachable(stage)
        stage.succeed("unload")
        stage.agent.wait(10)


def broker(stage):
    """Process id of the agent's child, which gets XDP programs for it; None: there is none."""
    children = Path(f"/proc/{stage.agent.pid}/task/{stage.agent.pid}/children").read_text().split()
    return int(children[0]) if children else None


@case(agent=False)
def broker_has_one(stage):
    """Another capability than the agent, in another process, which lives as long and has next to no
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


def process_status(number):
    with open(f"/proc/{number}/status") as lines:
        return dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)


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


@case(agent=False)
def bounding_set_kept_without_setpcap(stage):
    """What may not be reduced stays; no_new_privs keeps it from being of use."""
    with open("/proc/self/status") as lines:
        bounding = next(int(line.split()[1], 16) for line in lines if line.startswith("CapBnd"))
    stage.start(under=without("SETPCAP"))
    check_capabilities(stage, *FOUR, bounding=f"{bounding & ~(1 << NUMBERS['SETPCAP']):016x}")


def modes(path):
    """{path: (type, mode, owner)} of a directory and all in it."""
    found = [path, *path.rglob("*")]
    return {
        str(one): (
            stat.S_IFMT(one.lstat().st_mode),
            stat.S_IMODE(one.lstat().st_mode),
            one.lstat().st_uid,
        )
        for one in found
    }


def control_socket(stage):
    status = stage.pins.stat()
    return CONTROL_DIRECTORY / f"{status.st_dev:x}-{status.st_ino:x}"


def user(uid):
    return ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")


ASK = """
import socket, sys  # noqa: E402
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
peer.bind("")
peer.settimeout(3)
peer.sendto(sys.argv[2].encode(), sys.argv[1])
print(peer.recv(256).decode())
"""


def ask(stage, path, request, uid):
    """The answer to a request that a user sends past the commands, straight to the agent's socket;
    or why it could not be sent.
    """
    # From the agent's network namespace: the address that the answer goes to is of that.
    done = subprocess.run(
        [
            "ip",
            "netns",
            "exec",
            stage.guest.name,
            *user(uid),
            "python3",
            "-c",
            ASK,
            str(path),
            request,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=10,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@case
def pins_and_socket_are_roots(stage):
    for path, (kind, mode, owner) in modes(stage.pins).items():
        check_equal((oct(mode), owner), ("0o700" if kind == stat.S_IFDIR else "0o600", 0), path)
    for path, mode in ((CONTROL_DIRECTORY, "0o700"), (control_socket(stage), "0o600")):
        # The directory is every agent's: a test beside this one may have opened it for a moment.
        wait(
            f"{path} to be root's",
            lambda: (oct(stat.S_IMODE(path.stat().st_mode)), path.stat().st_uid) == (mode, 0),
        )


@case
def modes_are_restored(stage):
    """What somebody opened is closed by the next agent."""
    stage.stop()
    os.chmod(stage.pins, 0o777)
    os.chmod(stage.pins / "links", 0o777)
    os.chmod(CONTROL_DIRECTORY, 0o755)
    stage.start()
    pins_and_socket_are_roots(stage)


@case
def pins_are_hidden_from_others(stage):
    os.chmod(stage.directory, 0o755)  # of the test alone; the real ones are under /sys/fs/bpf
    for path in (stage.pins / "pairs", stage.pins / "links"):
        done = subprocess.run(
            [*user(NOBODY), "ls", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        check(
            "Permission denied" in done.stderr, f"ls {path} as nobody: {done.stdout}{done.stderr}"
        )
    # Neither does a directory that was opened give a map away.
    os.chmod(stage.pins, 0o755)
    script = f"import sys; sys.path.insert(0, {str(Path(bpf.__file__).parent)!r}); import bpf; bpf.get({str(stage.pins / 'pairs')!r})"
    done = subprocess.run(
        [*user(NOBODY), "python3", "-B", "-c", script], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )
    check(
        re.search("PermissionError", done.stderr),
        f"a map got as nobody: {done.returncode} {done.stderr}",
    )


@case
def others_are_not_obeyed(stage):
    path = control_socket(stage)
    wait(
        "the socket to be closed to others",
        lambda: "PermissionError" in ask(stage, path, "switch st0 standby", NOBODY),
    )

    def ask_opened(request):
        """An agent that starts beside this test closes the directory, which is every agent's."""
        for _ in range(20):
            os.chmod(CONTROL_DIRECTORY, 0o755)
            os.chmod(path, 0o666)
            answer = ask(stage, path, request, NOBODY)
            if "PermissionError" not in answer:
                break
        return answer

    try:
        for request in ("switch st0 standby", "unload", "x" * 1000):
            check_equal(
                ask_opened(request), "1 permission denied: run this as root",
                f"the answer to {request[:20]!r}",
            )
        check_equal(
            (stage.pair()["active"], stage.agent.poll()), ("primary", None),
            "(active, the agent's exit status)",
        )
        check_equal(
            ask(stage, path, "switch st0 standby", 0), "0 st0: active: standby, admin: standby",
            "the answer to root",
        )
        check_equal(
            ask(stage, path, "x" * 1000, 0), "1 the request is too long",
            "the answer to a long request",
        )
    finally:
        os.chmod(CONTROL_DIRECTORY, 0o700)


@case(agent=False)
def directory_of_another_is_refused(stage):
    """A bpf file system lets everybody make directories, unless it was mounted otherwise: whoever
    owns one can delete the pins in it.
    """
    os.chmod(stage.directory, 0o755)
    elsewhere = stage.directory / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    for make, words in (
        (f"mkdir {stage.pins}", f"belongs to user {NOBODY}"),
        (f"ln -s {elsewhere} {stage.pins}", "not a directory"),
    ):
        subprocess.run([*user(NOBODY), "sh", "-c", make], check=True)
        done = stage.command("run", "--pair", "st0=pr0")
        check_equal(
            (done.returncode, len(done.stderr.splitlines())), (1, 1),
            f"exit status and lines of {done.stderr!r}",
        )
        check(words in done.stderr, done.stderr)
        check_equal(
            (oct(stat.S_IMODE(elsewhere.stat().st_mode)), os.listdir(elsewhere)), ("0o755", []),
            "what the link points to",
        )
        stage.pins.unlink() if stage.pins.is_symlink() else stage.pins.rmdir()
    stage.start()
    reachable(stage)


SEND_BOUND = """
import socket  # noqa: E402
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"pr0")
sender.sendto(b"bound", ("10.77.0.2", 9))
"""


@case
def sender_bound_to_the_primary(stage):
    """Everybody may bind a socket to a device (Linux 5.7), the inactive primary too: its frame
    turns the switch, and nothing is lost by that.
    """
    stage.succeed("switch", "st0", "standby")
    stage.wait_active("standby")
    time.sleep(0.5)  # the announcements, which turn it back

    def port():
        lines = stage.outside.run("bridge fdb show br br0").splitlines()
        return next(
            line.split()[2] for line in lines if line.startswith(MAC) and "permanent" not in line
        )
    check_equal(port(), "st1", "where the switch has the pair before")
    subprocess.run(
        ["ip", "netns", "exec", stage.guest.name, *user(NOBODY), "python3", "-c", SEND_BOUND],
        check=True,
    )
    check_equal(port(), "pr1", "where the switch has the pair")
    reachable(stage, stage.outside, stage.guest, GUEST)
    reachable(stage)
    check_equal(
        (stage.pair()["active"], port()), ("standby", "st1"),
        "(active, where the switch has the pair after the guest has sent)",
    )


main()
