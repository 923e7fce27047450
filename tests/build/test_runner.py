#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""tests/run as a whole, on a tree of small programs: it finds, runs, repeats, stops and is
interrupted.
"""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
from runner import changes, words  # noqa: E402
from runner.main import Run  # noqa: E402
from runner.program import Catalogue  # noqa: E402

LISTING = """\
    #!/bin/sh
    case $1 in
    --list) printf '%s\\n' {cases}; exit ;;
    --lane) echo {lane}; exit ;;
    esac
    {rest}
    """
TELL = 'number=0; for name; do number=$((number + 1)); echo "ok $number - $name"; done'
# Which passes only when it is asked for the second time.
SHY = 'if [ -e "$0.seen" ]; then echo "ok 1 - $1"; else touch "$0.seen"; echo "not ok 1 - $1: crowded"; exit 1; fi'


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="vfsteer-runner-")
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def write(self, path, text):
        path = self.root / "tests" / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        path.chmod(0o755)
        return path

    def listing(self, path, *cases, rest=TELL, lane="waiting"):
        return self.write(
            path, textwrap.dedent(LISTING).format(cases=" ".join(cases), rest=rest, lane=lane)
        )

    def catalogue(self, *arguments, vm="normal"):
        asked = words.parse(arguments)
        levels = dict.fromkeys(asked.suites, asked.level) | ({"vm": vm} if vm != "normal" else {})
        return Catalogue(self.root, self.root / "build", asked, levels)

    def found(self, *arguments, vm="normal"):
        return self.catalogue(*arguments, vm=vm).programs()

    def run_all(self, programs, **how):
        """(exit status, what it printed, the Run)."""
        run = Run(programs, self.root / "build", root=self.root, **how)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            status = run.all()
        return status, said.getvalue(), run


class FindingTest(Tree):
    def setUp(self):
        super().setUp()
        self.write("unit/pair/test_switch_over.c", "")
        self.write("build/test_docs.sh", "#!/bin/sh\n")
        self.write("build/test_cross.sh", "#!/bin/sh\n# level: normal\n")
        self.write("build/test_mirror.sh", "#!/bin/sh\n# level: nightly\n")
        self.listing("netns/pair/test_hooks.py", *(f"case-{number}" for number in range(10)))
        self.listing("netns/lib/rig.py", "none")
        self.listing(
            "vm/test_hotplug.py", "6.12-acpi/unplug", "6.12-pciehp/plug", "6.1-acpi/unplug",
            lane="measured",
        )
        self.listing("vm/test_refusals.py", "6.12/wrong", lane="waiting")

    def labels(self, *arguments):
        return [program.label for program in self.found(*arguments)]

    def test_in_every_folder(self):
        self.assertEqual(
            self.labels(),
            [
                "build cross",
                "build docs",
                "unit pair/switch-over",
                "netns pair/hooks-1",
                "netns pair/hooks-2",
                "vm hotplug-6.12",
                "vm hotplug-6.1",
                "vm refusals-6.12",
            ],
        )

    def test_levels(self):
        self.assertEqual(self.labels("--level", "quick", "build"), ["build docs"])
        self.assertEqual(
            self.labels("--level", "nightly", "build"),
            ["build cross", "build docs", "build mirror"],
        )

    def test_programs_without_a_case_at_the_level(self):
        self.write("netns/pair/test_later.py", "#!/bin/sh\nexit 0\n")
        for words_, names in (
            (["build", "netns"], ["build mirror", "netns pair/later"]),
            (["netns", "later"], ["netns pair/later"]),
            (["netns", "case-3"], []),
            (["--level", "nightly", "build"], []),
        ):
            catalogue = self.catalogue(*words_)
            catalogue.programs()
            self.assertEqual(catalogue.left_out, names, words_)

    def test_filters(self):
        self.assertEqual(
            [program.cases for program in self.found("netns", "case-3", "case-7")],
            [["case-3", "case-7"]],
        )
        self.assertEqual(
            [program.cases for program in self.found("vm", "6.1-acpi")], [["6.1-acpi/unplug"]]
        )
        self.assertEqual(self.labels("nobody"), [])

    def test_lanes_and_one_program_for_a_kernel(self):
        lanes = {program.label: program.lane for program in self.found()}
        self.assertEqual(
            [
                lanes[name]
                for name in (
                    "unit pair/switch-over",
                    "netns pair/hooks-1",
                    "vm hotplug-6.1",
                    "vm refusals-6.12",
                )
            ],
            ["computing", "waiting", "measured", "waiting"],
        )
        self.assertEqual(
            [
                program.cases
                for program in self.found("vm", "hotplug")
                if program.name == "hotplug-6.12"
            ],
            [["6.12-acpi/unplug", "6.12-pciehp/plug"]],
        )

    def test_one_that_cannot_list_will_fail(self):
        self.write("netns/test_broken.py", "#!/bin/sh\nexit 1\n")
        self.assertEqual([program.cases for program in self.found("netns", "broken")], [[]])


class RunningTest(Tree):
    def test_all_kinds(self):
        self.listing("netns/test_good.py", "one", "two")
        self.listing("netns/test_shy.py", "alone", rest=SHY)
        self.write("bench/test_bad.sh", "#!/bin/sh\necho this is why\nexit 3\n")
        self.write("bench/test_old.sh", "#!/bin/sh\necho too old\nexit 77\n")
        status, said, run = self.run_all(self.found())
        self.assertEqual(status, 1)
        self.assertIn("3 passed, 1 failed, 1 skipped, 1 unsteady", said)
        self.assertIn("netns shy/alone: not ok 1 - alone: crowded", said)
        self.assertIn("once more when nothing runs beside it", said)
        self.assertIn("this is why", said)
        self.assertIn("bench old: too old", said)
        self.assertTrue((run.logs / "netns-shy.log.beside").exists())
        for name in ("junit.xml", "times.tsv", "history.json"):
            self.assertTrue((run.tests / name).exists(), name)

    def test_everything_good(self):
        self.listing("netns/test_good.py", "one", "two")
        status, said, _ = self.run_all(self.found())
        self.assertEqual(status, 0)
        self.assertIn("\n2 passed, 0 failed, 0 skipped\n", said)

    def test_time_of_the_cpu_is_that_of_children_too(self):
        self.write(
            "bench/test_busy.sh",
            "#!/bin/bash\nbash -c 'for ((i = 0; i < 100000; i++)); do :; done'\n",
        )
        _, _, run = self.run_all(self.found())
        self.assertGreater(run.results.all[0].cpu_s, 0.02)

    def test_one_that_takes_too_long_is_stopped(self):
        self.write("bench/test_slow.sh", "#!/bin/sh\necho 'ok 1 - fast'\nsleep 60 &\nwait\n")
        program, = self.found()
        program.timeout_s = 0.3
        status, said, run = self.run_all([program])
        self.assertEqual(status, 1)
        self.assertIn("it took too long", said)
        self.assertLess(run.results.all[0].wall_s, 10)

    def test_guests_that_cannot_run_are_skipped(self):
        self.listing("vm/test_traffic.py", "6.12/bulk", rest="exit 1")
        status, said, _ = self.run_all(self.found(), guests_missing="there is no emulator")
        self.assertEqual(status, 0)
        self.assertIn("there is no emulator", said)

    def test_a_guest_that_the_emulator_lost_is_run_once_more(self):
        lost = 'if [ -e "$0.seen" ]; then echo "ok 1 - $1"; else touch "$0.seen"; echo "int3: 0000 [#1]"; exit 1; fi'
        self.listing("vm/test_traffic.py", "6.12/bulk", rest=lost)
        status, said, run = self.run_all(self.found())
        self.assertEqual((status, run.results.unsteady), (0, []))
        self.assertIn("lost a breakpoint", said)

    def test_environment(self):
        self.write(
            "bench/test_level.sh",
            '#!/bin/sh\n[ "$VFSTEER_LEVEL" = nightly ] && [ -n "$VFSTEER_BUILD" ]\n',
        )
        self.assertEqual(self.run_all(self.found("--level", "nightly", "bench"))[0], 0)


class InterruptingTest(Tree):
    def test_it_ends_its_own_children_alone(self):
        ended, mark = self.root / "ended", self.root / "began"
        self.write(
            "bench/test_long.sh",
            f"#!/bin/sh\ntrap 'echo cleaned >{ended}; exit 143' TERM\ntouch {mark}\nsleep 60 &\nwait\n",
        )
        other = subprocess.Popen(["sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        code = f"""
            import sys
            sys.path[:0] = [{str(ROOT / 'tests')!r}, {str(ROOT)!r}]
            from runner.main import Run
            from runner.program import Program
            programs = [Program("bench", name, [{str(self.root / 'tests/bench/test_long.sh')!r}], lane="computing") for name in ("first", "second")]
            sys.exit(Run(programs, {str(self.root / 'build')!r}).all())"""
        for number in (signal.SIGINT, signal.SIGTERM):
            for path in (ended, mark):
                path.unlink(missing_ok=True)
            run = subprocess.Popen(
                [sys.executable, "-B", "-c", textwrap.dedent(code)], stdout=subprocess.PIPE,
                text=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
            end = time.monotonic() + 20
            while not mark.exists() and time.monotonic() < end:
                time.sleep(0.02)
            run.send_signal(number)
            said = run.communicate(timeout=30)[0]
            self.assertEqual(run.returncode, 130)
            self.assertIn("interrupted after 0 of 2", said)
            self.assertEqual(ended.read_text(), "cleaned\n")
        self.assertIsNone(other.poll())


class LeftOutTest(Tree):
    def test_the_summary_names_programs_without_cases(self):
        _, said, _ = self.run_all([], left_out=["netns pair/later", "build mirror"])
        self.assertIn("\nno case at this level: netns pair/later, build mirror\n", said)
        self.assertNotIn("no case", self.run_all([])[1])

    def test_a_program_says_so_itself(self):
        code = "from tools.rig import forked; forked.main({}, None)"
        done = subprocess.run(
            [sys.executable, "-B", "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "VFSTEER_LEVEL": "quick"},
        )
        self.assertEqual((done.returncode, done.stdout), (77, "no case at level quick\n"))


class CommandLineTest(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run(
            [ROOT / "tests/run", *arguments], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def test_help_and_mistakes(self):
        done = self.run_it("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("suites: build unit", done.stdout)
        for arguments in (["--nope"], ["--level", "x"]):
            done = self.run_it(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("tests/run: --", done.stderr)

    @unittest.skipIf(os.geteuid(), "root")
    def test_list(self):
        done = self.run_it("--list", "build", "runner")
        self.assertEqual(done.stdout.split("\n"), ["build runner", "build runner-parts", ""])
        done = self.run_it("--list", "build", "no-such-program")
        self.assertEqual(
            (done.returncode, done.stdout, done.stderr),
            (2, "", "tests/run: nothing matches: --list build no-such-program\n"),
        )


class ChangesTest(unittest.TestCase):
    def git(self, *words):
        subprocess.run(
            [
                "git",
                "-C",
                self.root,
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.org",
                "-c",
                "init.defaultBranch=main",
                *words,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def commit(self, *paths):
        for path in paths:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(f"{path} {len(list(self.root.rglob('*')))}")
        self.git("add", "-A")
        self.git("commit", "-m", "it")

    def test_a_change(self):
        with tempfile.TemporaryDirectory(prefix="vfsteer-runner-") as folder:
            self.root = Path(folder)
            self.assertIsNone(changes.changed(self.root))
            self.git("init")
            self.commit("a")
            self.assertIsNone(changes.changed(self.root))  # nothing before it
            self.commit("bpf/pair.h")
            self.commit("b")
            # the branch itself: its last commit
            self.assertEqual(changes.changed(self.root), ["b"])
            self.git("checkout", "-b", "work")
            self.commit("c")
            self.commit("d")
            (self.root / "e").write_text("not committed")
            self.assertEqual(changes.changed(self.root), ["c", "d", "e"])  # since it left main


if __name__ == "__main__":
    unittest.main()
