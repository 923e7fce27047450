#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The unit as `make install` leaves it, under a real systemd: ready in time, sandboxed, restarted,
and able to do all of its work in there.

The guest's process 1 is the systemd of this machine's Debian release (tools/rig/userland.py); the
rig's agent runs beside it with mounts of its own. The kernel logs each system call that a filter
denies, so that the last case finds what the sandbox took from the agent.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

import stage  # noqa: E402
from stage import BUILD, ROOT, Skip, case, check, check_equal, main, note  # noqa: E402
from tools.rig.places import RIG  # noqa: E402
from tools.rig.suites import SuiteError  # noqa: E402
from tools.rig.userland import userland  # noqa: E402

PACKAGES = (
    "systemd",
    "base-files",
    "dash",
    "coreutils",
    "libbpf1",
    "libelf1",
    "libnl-3-200",
    "libnl-genl-3-200",
    "libsystemd0",
    "libcap-ng0",
    "libjson-c5",
    "libinih1",
)
INSTALLED = BUILD / "vm-service-installed"
# CAP_NET_ADMIN 12, CAP_NET_RAW 13, CAP_PERFMON 38, CAP_BPF 39 (linux/capability.h)
FOUR = "000000c000003000"
SYS_ADMIN = "0000000000200000"
NONE = "0" * 16
SECCOMP_FILTER = "2"  # proc(5), as are the places of priority and policy in stat
NICE_MOST, PRIORITY_FIELD, POLICY_FIELD, ROUND_ROBIN = "0", 18, 41, "2"
EXPOSURE_MAX = 2.0
DENIED = re.compile(r"type=1326|SIGSYS|seccomp")  # AUDIT_SECCOMP (linux/audit.h)
# RestrictNamespaces= answers ENOSYS to clone3(2), whose flags a filter cannot read, and the C
# library then takes clone(2).
CLONE3 = "syscall=435 "
REFUSED = re.compile(
    r"not permitted|ermission denied|EPERM|EACCES|Read-only|SIGSYS|no high priority|ignoring", re.I
)
# Loading programs is slow under emulation, the slower the more traffic there is.
RATE_LOADING = 500
MORE = (1, 2)  # virtio NICs that are plugged later


def prepared():
    # As a user does it, whatever the build directory.
    subprocess.run(
        ["make", "-s", "-C", ROOT, "install", f"BUILD={BUILT}", f"DESTDIR={INSTALLED}"], check=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        disk = userland(PACKAGES, note)
    except SuiteError as error:
        raise Skip(f"no system for the guest: {error}") from error
    return {
        "extra": {"/sbin/handover": RIG / "guest/systemd"},
        "devices": (
            "-drive",
            f"file={disk},if=none,id=system,format=raw,readonly=on",
            "-device",
            "virtio-blk-pci,drive=system,addr=0x1d",
            *(
                part
                for number in MORE
                for part in (
                    "-device",
                    f"pcie-root-port,id=rp-more{number},chassis={20 + number},slot={20 + number},addr=0x{16 + number:x}",
                    "-netdev",
                    f"hubport,id=more{number}-net,hubid={40 + number}",
                )
            ),
        ),
    }


BUILT = Path(stage.VFSTEER).resolve().parent
GUESTS = {
    "6.12": {
        "kernel": "6.12",
        "agent": False,
        "prepare": prepared,
        "memory_mb": 1024,
        "more_modules": ("virtio_blk",),
        "cmdline": "audit=1",
        "boot_timeout_s": 180,
    }
}
LATER = [
    (
        "full",
        "6.12/killed",
        "crashes 6.12/unplug-after-kill; netns lifecycle (killed) and crashes",
    ),
    ("full", "6.12/unplug-and-plug", "hotplug 6.12-acpi/unplug and plug; 6.12/sandbox-holds"),
    ("full", "6.12/restarted", "netns lifecycle and upgrade"),
    (
        "full",
        "6.12/stopped-and-started",
        "netns lifecycle; hotplug 6.12-acpi/agent-killed of level full",
    ),
    ("full", "6.12/watchdog", "netns service watchdog"),
    ("full", "6.12/commands-beside", "netns privileges"),
    ("full", "6.12/more-nics", "netns service another-pair-in-the-sandbox"),
]


def beside(guest, command, **how):
    """Runs a command line as root's shell does in the guest's own system."""
    return guest.check(
        f"PATH=/usr/local/sbin:$PATH nsenter -t 1 -m -r -- /bin/sh -c '{command}'", **how
    )


def shown(guest, name):
    """A property of the unit."""
    return beside(guest, f"systemctl show --value -p {name} vfsteer").strip()


class Service:
    """The agent that systemd has started, in the place of one that the stage would start."""

    def __init__(self, guest):
        self._guest = guest

    @property
    def pid(self):
        return int(shown(self._guest, "MainPID"))

    def running(self):
        return self.pid != 0

    def output(self):
        return beside(self._guest, "journalctl --no-pager -q -o cat -u vfsteer")

    def values(self, field):
        """What its threads have in a field of their status."""
        return set(
            self._guest.check(f"grep -h ^{field}: /proc/{self.pid}/task/*/status | cut -f2").split()
        )


def service(guest):
    """The unit, installed and enabled; active with its pair on the primary."""
    guest.check("true")  # boots
    if not guest.agent:
        guest.lab.vm.wait_for("[ -S /proc/1/root/run/systemd/private ]", 60)
        beside(
            guest, "systemctl is-system-running --wait || systemctl --failed --no-legend",
            timeout=180,
        )
        for path in INSTALLED.rglob("*"):
            if path.is_file():
                guest.lab.vm.push(
                    path, f"/proc/1/root/{path.relative_to(INSTALLED)}", path.stat().st_mode & 0o777
                )
        # For the test of the watch programs. The kernel looks for its modprobe where it began,
        # which is not this system.
        guest.check("modprobe veth")
        beside(
            guest,
            "systemctl daemon-reload && systemctl enable --now vfsteer || { journalctl --no-pager -q -n 30; false; }",
            timeout=90,
        )
        guest.agent = Service(guest)
    wait_service(guest)
    return guest.agent


def wait_service(guest, restarts=None, timeout=90):
    """Until systemd calls the unit active, after so many restarts by itself, and traffic is on the
    primary.
    """
    wanted = "ActiveState=active" + (f"|NRestarts={restarts}" if restarts is not None else "")
    guest.lab.vm.wait_for(
        f"[ $(nsenter -t 1 -m -r systemctl show -p ActiveState -p NRestarts vfsteer | grep -cxE '{wanted}') = {wanted.count('=')} ]",
        timeout, 0.2,
    )
    guest.wait_active("primary", timeout=60)


def wait_steered(guest, count):
    guest.lab.vm.wait_for(
        f"nsenter -t 1 -m -r systemctl show --value -p StatusText vfsteer | grep -qx '{count} of {count} pairs steered'",
        40, 0.2,
    )


@case()
def ready_with_every_protection(guest):
    agent = service(guest)
    for field, value in (
        ("CapPrm", FOUR),
        ("CapEff", FOUR),
        ("CapBnd", FOUR),
        ("CapInh", NONE),
        ("CapAmb", NONE),
        ("NoNewPrivs", "1"),
        ("Seccomp", SECCOMP_FILTER),
    ):
        check_equal(agent.values(field), {value}, field)
    policies = guest.check(f"cut -d' ' -f{POLICY_FIELD} /proc/{agent.pid}/task/*/stat").split()
    check_equal(policies.count(ROUND_ROBIN), len(policies) - 1, f"realtime threads, of {policies}")
    check_equal(
        guest.check(f"cut -d' ' -f{PRIORITY_FIELD} /proc/{agent.pid}/stat").strip(), NICE_MOST,
        "the loop's priority",
    )
    check_equal(shown(guest, "StatusText"), "1 of 1 pairs steered", "status text")
    check_equal(shown(guest, "WatchdogUSec"), "30s", "watchdog")
    check_equal(guest.pair()["liveness"], "checked for each packet", "liveness")
    watched = guest.check("vfsteer status | grep watching").split()[1]
    check(int(watched) >= 9, f"watched functions: {watched}")
    check(
        "programs tried on a veth of their own" in agent.output(),
        lambda: f"the watch programs were not tried:\n{agent.output()}",
    )
    return f"{watched} functions watched, {len(policies)} threads"


@case()
def sandbox_holds(guest):
    """As root with every capability, among the mounts that the agent sees."""
    agent = service(guest)
    inside = f"nsenter -t {agent.pid} -m -r -- /bin/sh -c"
    for path in (
        "/etc",
        "/usr",
        "/var",
        "/root",
        "/home",
        "/run",
        "/sys/kernel/debug",
        "/sys/fs/cgroup",
    ):
        status, said = guest.run(f"{inside} 'echo 1 >{path}/made'")
        check(
            status and re.search("Read-only|ermission denied|nonexistent|not permitted", said),
            f"{path} can be written: {status} {said}",
        )
    for path in ("/proc/sys/kernel/printk_ratelimit", "/proc/sys/vm/swappiness"):
        check(guest.run(f"{inside} 'echo 1 >{path}'")[0], f"{path} can be written")
    for path in ("/dev/vda", "/dev/kmsg", "/dev/mem", "/proc/kmsg"):
        check(
            guest.run(f"{inside} '[ -r {path} ] && read -r line <{path}'")[0], f"{path} can be read"
        )
    guest.check(f"{inside} 'echo 6 >/proc/sys/net/ipv4/tcp_syn_retries'")
    guest.check("touch /tmp/of-the-guest")
    check(guest.run(f"{inside} '[ -e /tmp/of-the-guest ]'")[0], "/tmp is not its own")
    places = [f"readlink /proc/{pid}/ns/mnt" for pid in (1, agent.pid)]
    check(guest.check(places[0]) != guest.check(places[1]), "its mounts are not its own")


@case()
def unplug_and_plug(guest):
    service(guest)

    def again():
        guest.lab.plug_vf()
        guest.wait_active("primary")

    def away():
        guest.lab.unplug_vf()
        guest.wait_active("standby")

    text = guest.survive(guest.lab.unplug_vf, again, "unplug")
    check_equal(guest.wait_active("standby")["last_switch"]["cause"], "unplug announced", "cause")
    text += ", " + guest.survive(guest.lab.plug_vf, away, "plug")
    guest.wait_active("primary")
    return text


@case()
def restarted(guest):
    agent = service(guest)
    pid, switches = agent.pid, guest.pair()["switches"]

    def restart():
        beside(guest, "systemctl restart vfsteer", timeout=90)

    text = guest.survive(restart, lambda: None, rate=RATE_LOADING)
    check(agent.pid != pid, "the same process")
    check_equal(
        (guest.pair()["active"], guest.pair()["switches"]), ("primary", switches),
        "active and switches",
    )
    check("adopted" in agent.output(), "the next agent adopted nothing")
    return text


@case()
def killed(guest):
    agent = service(guest)
    switches, restarts = guest.pair()["switches"], int(shown(guest, "NRestarts"))

    def kill():
        guest.check(f"kill -9 {agent.pid}")
        wait_service(guest, restarts + 1)

    text = guest.survive(kill, None, rate=RATE_LOADING)
    check_equal(
        (guest.pair()["active"], guest.pair()["switches"]), ("primary", switches),
        "active and switches",
    )
    check("adopted" in agent.output(), "the next agent adopted nothing")
    return text


@case()
def watchdog(guest):
    """An agent that stands still: its VF goes without it, without loss; then systemd sees to
    another, which takes the next VF.
    """
    agent = service(guest)
    restarts = int(shown(guest, "NRestarts"))
    stopped = time.monotonic()
    guest.check(f"kill -STOP {agent.pid}")
    text = guest.survive(guest.lab.unplug_vf, None, "unplug without it")
    check_equal(guest.pair()["active"], "standby", "active without it")
    guest.lab.plug_vf()
    wait_service(guest, restarts + 1, 120)
    check("Watchdog timeout" in agent.output(), "it was not the watchdog")
    return f"{text}, restarted and active after {time.monotonic() - stopped:.0f} s"


@case()
def stopped_and_started(guest):
    """What is pinned works on without the service, and `unload` takes it away."""
    agent = service(guest)
    text = guest.survive(lambda: beside(guest, "systemctl stop vfsteer", timeout=60), None, "stop")
    check_equal(
        (agent.pid, shown(guest, "ActiveState"), shown(guest, "Result")),
        (0, "inactive", "success"), "process, state and result",
    )
    check_equal(guest.pair()["active"], "primary", "active without it")
    text += ", " + guest.survive(guest.lab.unplug_vf, None, "unplug without it")
    check_equal(guest.pair()["active"], "standby", "active after the unplug")
    beside(guest, "vfsteer unload")
    check(not guest.check("ls -A /sys/fs/bpf").split(), "pins are left")
    guest.lab.plug_vf()
    beside(guest, "systemctl start vfsteer", timeout=90)
    wait_service(guest)
    return text


@case()
def commands_beside(guest):
    """A person's commands reach the agent in its sandbox."""
    service(guest)
    standby = guest.lab.netdev("sb")
    check("active: primary" in beside(guest, f"vfsteer status {standby}"), "status")
    check_equal(
        json.loads(beside(guest, "vfsteer status --json"))["pairs"][0]["standby"], standby,
        "standby in status --json",
    )
    text = guest.survive(
        lambda: beside(guest, f"vfsteer switch {standby} standby"),
        lambda: beside(guest, f"vfsteer switch {standby} auto"), "switch",
    )
    check_equal(
        (guest.pair()["active"], guest.pair()["admin"]), ("standby", "standby"), "active, requested"
    )
    beside(guest, f"vfsteer switch {standby} auto")
    guest.wait_active("primary")
    return text


@case()
def more_nics(guest):
    """Each virtio NIC plugged while it runs is one more pair. What the operator asked for and what
    was counted stands, and the agent runs on.
    """
    agent = service(guest)
    standby, pid, restarts = guest.lab.netdev("sb"), agent.pid, shown(guest, "NRestarts")
    beside(guest, f"vfsteer switch {standby} standby")
    before = guest.wait_active("standby")

    def plug():
        for number in MORE:
            guest.lab.vm.qmp(
                "device_add", driver="virtio-net-pci", id=f"more{number}", bus=f"rp-more{number}",
                netdev=f"more{number}-net", mac=f"52:54:00:78:00:0{number}", romfile="",
            )
            wait_steered(guest, 1 + number)

    text = guest.survive(plug, None, "two NICs plugged", rate=RATE_LOADING)
    after = guest.pair()
    check_equal(
        (after["admin"], after["active"], after["switches"]),
        ("standby", "standby", before["switches"]), "requested, active, switches",
    )
    for name, value in before["counters"].items():
        check(
            after["counters"][name] >= value,
            f"{name} went back from {value} to {after['counters'][name]}",
        )
    check_equal((agent.pid, shown(guest, "NRestarts")), (pid, restarts), "process and restarts")
    beside(guest, f"vfsteer switch {standby} auto")
    for number in MORE:
        guest.lab.vm.qmp("device_del", id=f"more{number}")
    wait_steered(guest, 1)
    guest.wait_active("primary")
    return text


@case()
def xdp_program_by_the_broker(guest):
    """The agent has no CAP_SYS_ADMIN in its bounding set: the unit beside it gets the standby's
    program.
    """
    service(guest)
    standby, primary = guest.lab.netdev("sb"), guest.lab.netdev("vf")
    guest.lab.vm.push(stage.firewall(), "/tmp/firewall.o", 0o644)
    guest.check("bpftool prog load /tmp/firewall.o /sys/fs/bpf/firewall type xdp")
    guest.check(f"bpftool net attach xdpdrv pinned /sys/fs/bpf/firewall dev {standby}")
    try:
        guest.lab.vm.wait_for(f"ip link show {primary} | grep -q xdpgeneric", 20)
        guest.wait_active("primary")
        brokers = beside(
            guest, "systemctl list-units --plain --no-legend --state=running vfsteer-xdp@*"
        ).split()
        pid = beside(guest, f"systemctl show --value -p MainPID {brokers[0]}").strip()
        found = {
            field: guest.check(f"grep ^{field}: /proc/{pid}/status | cut -f2").strip()
            for field in ("CapPrm", "CapEff", "CapInh", "Seccomp", "NoNewPrivs")
        }
        check_equal(
            found,
            {
                "CapPrm": SYS_ADMIN,
                "CapEff": SYS_ADMIN,
                "CapInh": NONE,
                "Seccomp": SECCOMP_FILTER,
                "NoNewPrivs": "1",
            },
            "the broker",
        )
    finally:
        guest.run(f"bpftool net detach xdpdrv dev {standby}; rm -f /sys/fs/bpf/firewall")
    guest.lab.vm.wait_for(f"! ip link show {primary} | grep -q xdpgeneric", 20)
    guest.wait_active("primary")


@case()
def exposure(guest):
    service(guest)
    said = beside(guest, "systemd-analyze security --no-pager vfsteer.service", timeout=60)
    score = float(re.search(r"Overall exposure level for vfsteer.service: ([\d.]+)", said)[1])
    check(score <= EXPOSURE_MAX, said)
    return f"{score} of 10"


@case()
def nothing_denied(guest):
    """In all that has happened until now. Last, that it would have been seen: a service whose
    umask(2) is denied.
    """
    agent = service(guest)
    denied = [
        line
        for line in guest.check("dmesg").splitlines()
        if DENIED.search(line) and CLONE3 not in line
    ]
    check(not denied, lambda: "\n".join(denied[:20]))
    refused = [line for line in agent.output().splitlines() if REFUSED.search(line)]
    check(not refused, lambda: "\n".join(refused[:20]))
    guest.lab.vm.push(
        b"[Service]\nType=oneshot\nExecStart=/bin/sh -c umask\nSystemCallFilter=~umask\nSystemCallErrorNumber=EPERM\n",
        "/proc/1/root/run/systemd/system/denied.service", 0o644,
    )
    beside(guest, "systemctl daemon-reload; systemctl start denied")
    guest.lab.vm.wait_for(f"dmesg | grep type=1326 | grep -v '{CLONE3}'", 10)
    guest.check("dmesg -c >/dev/null")


if __name__ == "__main__":
    main(GUESTS, later=LATER)
