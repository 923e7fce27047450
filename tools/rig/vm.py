# SPDX-License-Identifier: GPL-2.0-only
"""One guest: a QEMU process inside a network namespace, its QMP, its console and a channel for
commands.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tools.rig import kernels
from tools.rig.channel import Channel, ChannelError
from tools.rig.cleanup import lifeline, owned, released
from tools.rig.initramfs import initramfs
from tools.rig.qemu import qemu_data, qemu_installed
from tools.rig.qmp import Qmp, QmpError

# An oops ends the guest, so that no test goes on in a broken one. On a machine with too much to do
# the emulated timer does not tick ten times within the kernel's check of it, which then gives up
# or, with interrupts remapped, panics.
CMDLINE = "quiet panic=-1 oops=panic mitigations=off net.ifnames=0 random.trust_cpu=on tsc=reliable no_timer_check"
ACCEL = os.environ.get("VFSTEER_ACCEL", "tcg,thread=multi")
TROUBLE = re.compile(
    r"BUG:|WARNING:|Oops|Kernel panic|general protection|RIP:|rcu_.* stall|soft lockup|hung task|UBSAN|"
    r"unregister_netdevice: waiting"
)


# Now and then, once in hundreds of boots, an emulated CPU still runs into the breakpoint with which
# another has just finished patching the kernel's code, and the kernel ends; most patching is done
# while it boots. That is QEMU's, and no fault of what is tested: such a guest boots again.
PATCHING_RACE = re.compile(r"int3: 0000 \[#")
BOOTS = 3

WORK_PREFIX = "vfsteer-rig-"


class VmError(Exception):
    pass


class CommandError(VmError):
    """A command in the guest ended with a status that was not wanted."""


def _sweep():
    """Takes away the files of runs that were killed outright: the name carries the process."""
    for path in Path(tempfile.gettempdir()).glob(f"{WORK_PREFIX}*"):
        maker = path.name.split("-")[2]
        if maker.isdigit() and not os.path.exists(f"/proc/{maker}"):
            shutil.rmtree(path, ignore_errors=True)


def _group_nice(pid):
    """Gives our niceness to a process in a session of its own: where the kernel groups by session
    (sched_autogroup), a niceness counts within it alone.
    """
    try:
        Path(f"/proc/{pid}/autogroup").write_text(str(os.nice(0)))
    except OSError:  # a kernel without autogroups, which looks at the process' own
        pass


class Vm:
    """A running guest. `devices` are QEMU arguments for what differs between guests: NICs, ports,
    backends.
    """

    def __init__(
        self, kernel="6.12", devices=(), netns=None, extra=None, memory_mb=512, cpus=2, cmdline="",
        machine=None, cpu=None, accel=ACCEL, qemu=None, boot_modules=(), more_modules=(),
        boot_timeout_s=60,
    ):
        self.kernel = kernels.kernel(kernel) if isinstance(kernel, str) else Path(kernel)
        architecture = kernels.architecture(kernel)
        qemu = qemu or qemu_installed(architecture.qemu)
        _sweep()
        self.work = Path(tempfile.mkdtemp(prefix=f"{WORK_PREFIX}{os.getpid()}-"))
        self._process = self.qmp_link = self._channel = None
        self._last_console = ""
        owned(self, self.stop)
        image = initramfs(self.kernel, extra, boot_modules, more_modules, architecture)
        enter = ["ip", "netns", "exec", netns] if netns else []
        self.command = [
            *enter,
            qemu,
            *qemu_data(qemu),
            "-name",
            "vfsteer-rig",
            "-accel",
            accel,
            "-cpu",
            cpu or architecture.cpu,
            "-M",
            machine or architecture.board,
            "-smp",
            str(cpus),
            "-m",
            str(memory_mb),
            "-nodefaults",
            "-nographic",
            "-no-reboot",
            "-kernel",
            str(kernels.bootable(self.kernel)),
            "-initrd",
            str(image),
            # The kernel lets no later word take audit=0 back.
            "-append",
            " ".join(
                [
                    f"console={architecture.console}",
                    CMDLINE,
                    *([] if "audit=" in cmdline else ["audit=0"]),
                    cmdline,
                ]
            ).strip(),
            "-chardev",
            f"file,id=console,path={self.work}/console",
            "-serial",
            "chardev:console",
            "-chardev",
            f"socket,id=qmp,path={self.work}/qmp,server=on,wait=off",
            "-mon",
            "chardev=qmp,mode=control",
            "-device",
            "virtio-serial-pci,id=rig-serial,addr=0x1e",
            "-chardev",
            f"socket,id=rig,path={self.work}/channel,server=on,wait=off",
            "-device",
            "virtserialport,bus=rig-serial.0,chardev=rig,name=rig",
            *[str(part) for part in devices],
        ]
        for left in reversed(range(BOOTS)):
            started = time.monotonic()
            try:
                self._boot(boot_timeout_s)
                break
            except (OSError, VmError, TimeoutError, QmpError) as error:
                console, stderr = self.console(), self._stderr()
                self._end()
                if not left or not PATCHING_RACE.search(console):
                    self.stop()
                    raise VmError(
                        f"the guest did not come up: {error}\n{stderr}\n{console[-4000:]}"
                    ) from error
                print(
                    "# the emulator lost a breakpoint while the kernel booted: once more",
                    flush=True,
                )
        self.boot_s = time.monotonic() - started

    def _boot(self, timeout_s):
        self._start()
        self._channel = Channel(self._connect("channel"))
        self.run("true", timeout=timeout_s)

    def _start(self):
        with open(self.work / "stderr", "wb") as stderr:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                preexec_fn=lifeline(), start_new_session=True,
            )
        _group_nice(self._process.pid)
        self.qmp_link = Qmp(self._connect("qmp"))

    def _stderr(self):
        path = self.work / "stderr"
        return path.read_text(errors="replace") if path.exists() else ""

    def _connect(self, name):
        deadline = time.monotonic() + 10
        while True:
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(str(self.work / name))
                return link
            except OSError:
                link.close()
                if self._process.poll() is not None:
                    raise VmError(
                        f"QEMU ended with status {self._process.returncode}: {self._stderr()}"
                    ) from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    # Commands in the guest

    def run(self, command, timeout=30):
        """Runs a shell script in the guest: (exit status, output as text). TimeoutError when it
        takes longer; it is then killed.
        """
        status, output = self._exchange(command, timeout)
        return status, output.decode(errors="replace")

    def _exchange(self, command, timeout, data=b""):
        try:
            return self._channel.run(command, timeout, data)
        except ChannelError as error:
            # Nearly always a panic, and the console has it.
            raise VmError(f"{error}\n{self.console()[-4000:]}") from error

    def check(self, command, timeout=30):
        """As run, but the status must be 0; returns the output."""
        status, output = self.run(command, timeout)
        if status:
            raise CommandError(f"status {status} from: {command}\n{output}")
        return output

    def spawn(self, command, log=None):
        """Starts a script in the guest's background; returns an object with pid, log (its path in
        the guest), stop(), output().
        """
        return Spawned(self, command, log)

    def push(self, source, path, mode=0o755):
        """Copies a file (or bytes) from here into the guest."""
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        where = shlex.quote(path)
        status, output = self._exchange(
            f"mkdir -p $(dirname {where}) && cat >{where} && chmod {mode:o} {where}", 60, data
        )
        if status:
            raise CommandError(
                f"cannot write {path} in the guest: {output.decode(errors='replace')}"
            )

    def pull(self, path):
        """A guest's file as bytes."""
        status, data = self._exchange(f"cat {shlex.quote(path)}", 60)
        if status:
            raise CommandError(f"cannot read {path} in the guest: {data.decode(errors='replace')}")
        return data

    def wait_for(self, command, timeout=10, every_s=0.05):
        """Runs a script in the guest until it succeeds; returns its output. The loop is the
        guest's: cheap even when it is slow.
        """
        script = (
            f"end=$(($(date +%s) + {int(timeout) + 1}))\nwhile ! out=$( ( {command}\n) 2>&1 ); do\n"
            f"[ $(date +%s) -lt $end ] || {{ echo \"$out\"; exit 99; }}\nsleep {every_s}\ndone\necho \"$out\""
        )
        status, output = self.run(script, timeout + 15)
        if status:
            raise TimeoutError(f"not so within {timeout} s: {command}\n{output}")
        return output

    # The machine

    @property
    def pid(self):
        return self._process.pid

    def qmp(self, command, /, **arguments):
        return self.qmp_link.command(command, **arguments)

    def wait_event(self, name, timeout=10, since=0, matches=lambda data: True):
        return self.qmp_link.wait(name, timeout, since, matches)

    def device_del(self, device, timeout=30):
        """Unplugs a device; returns when DEVICE_DELETED of it came (monotonic seconds)."""
        since = len(self.qmp_link.events)
        self.qmp("device_del", id=device)
        return self.wait_deleted(device, timeout, since)

    def wait_deleted(self, device, timeout=30, since=0):
        return self.wait_event(
            "DEVICE_DELETED", timeout, since, lambda data: data.get("device") == device
        )["host_s"]

    def console(self):
        """What the guest has written to its console; also after it was stopped."""
        path = self.work / "console"
        if path.exists():
            self._last_console = path.read_text(errors="replace")
        return self._last_console

    def trouble(self):
        """Lines of the kernel's log that should not be there, for a test to end with."""
        return [line for line in self.check("dmesg").splitlines() if TROUBLE.search(line)]

    def reboot(self, hard=False, timeout=60):
        """Reboots the guest and waits until its init is through. The guest's own `reboot`, or with
        @hard QEMU's reset button, which does not ask the guest.
        """
        since, console = len(self.qmp_link.events), len(self.console())
        # Otherwise -no-reboot ends QEMU, as it must after a panic. SeaBIOS resets once more.
        self.qmp("set-action", reboot="reset")
        if hard:
            self.qmp("system_reset")
        else:
            self.check("(sleep 0.2; exec reboot -f) >/dev/null 2>&1 &")
        self.wait_event("RESET", timeout, since)
        self.run("true", timeout=timeout)
        self.qmp("set-action", reboot="shutdown")
        if "Kernel panic" in self.console()[console:]:
            raise VmError(f"a panic while it rebooted:\n{self.console()[-4000:]}")

    def stop(self):
        """Ends the guest at once and takes its files away. May be called again."""
        self._end()
        self.console()
        released(self)
        shutil.rmtree(self.work, ignore_errors=True)

    def _end(self):
        for link in (self._channel, self.qmp_link):
            if link:
                link.close()
        if self._process and self._process.poll() is None:
            self._process.kill()
        if self._process:
            self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Spawned:
    """A script running in the guest's background, with its output in a file there."""

    count = 0

    def __init__(self, vm, command, log):
        Spawned.count += 1
        self.vm, self.log = vm, log or f"/tmp/spawn-{Spawned.count}.log"
        script = f"/tmp/spawn-{Spawned.count}.sh"
        vm.push(command.encode() + b"\n", script)
        # A session of its own: stop() reaches whatever the script has started.
        self.pid = int(
            vm.check(f"setsid sh {script} >{self.log} 2>&1 </dev/null & echo $!").split()[-1]
        )

    def output(self):
        return self.vm.pull(self.log).decode(errors="replace")

    def running(self):
        return self.vm.run(f"kill -0 {self.pid} 2>/dev/null")[0] == 0

    def wait_output(self, text, timeout=10):
        self.vm.wait_for(f"grep -qF {shlex.quote(text)} {self.log}", timeout)

    def wait(self, timeout=30):
        self.vm.wait_for(f"! kill -0 {self.pid} 2>/dev/null", timeout)

    def stop(self, signal_name="TERM", timeout=10):
        """Signals the script and its children, waits for their end, and returns what they wrote."""
        self.vm.run(f"kill -{signal_name} -{self.pid} 2>/dev/null")
        self.wait(timeout)
        return self.output()
