#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The parts of tests/run that decide: words, TAP lines, verdicts, history, progress, files it
writes.
"""

import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
from runner import changes, report, results, tap, words  # noqa: E402
from runner.history import History  # noqa: E402
from runner.program import COMPUTING, MEASURED, Program  # noqa: E402
from runner.progress import Progress  # noqa: E402


class WordsTest(unittest.TestCase):
    def test_nothing_is_the_normal_level_of_everything(self):
        asked = words.parse([])
        self.assertEqual(
            (asked.level, asked.suites, asked.filters), ("normal", list(words.SUITES), [])
        )

    def test_suites_keep_their_order_and_the_rest_are_filters(self):
        asked = words.parse(["vm", "mtu", "unit", "unload"])
        self.assertEqual((asked.suites, asked.filters), (["unit", "vm"], ["mtu", "unload"]))
        self.assertTrue(asked.wants("lifecycle/unload-twice"))
        self.assertFalse(asked.wants("lifecycle/start"))

    def test_quick_has_no_guests_unless_they_are_named(self):
        self.assertNotIn("vm", words.parse(["--level", "quick"]).suites)
        self.assertEqual(words.parse(["--level=quick", "vm"]).suites, ["vm"])

    def test_options(self):
        asked = words.parse(["--list", "--write-table", "--level=nightly"])
        self.assertTrue(asked.list and asked.write_table and asked.level_given)
        self.assertTrue(words.parse(["-h"]).help and words.parse(["help"]).help)

    def test_mistakes(self):
        for line in (["--nope"], ["--level"], ["--level", "hourly"], ["--level=x"]):
            with self.assertRaises(words.Mistake, msg=line):
                words.parse(line)


class TapTest(unittest.TestCase):
    def test_lines(self):
        cases = tap.cases_of(
            "ok 1 - one: 0 lost (1.5 s, 0.3 s CPU)\nnot ok 2 - 6.12/two: why not\n# ok 3 - no\n"
            "ok 3 - three # SKIP no kernel\nok 4\nok 5 - five: said (2 s)\n"
        )
        self.assertEqual(
            [(case.name, case.verdict) for case in cases],
            [
                ("one", "passed"),
                ("6.12/two", "failed"),
                ("three", "skipped"),
                ("", "passed"),
                ("five", "passed"),
            ],
        )
        self.assertEqual(
            (cases[0].wall_s, cases[0].cpu_s, cases[4].wall_s, cases[4].cpu_s),
            (1.5, 0.3, 2.0, None),
        )
        self.assertEqual(
            (cases[1].text, cases[2].text), ("not ok 2 - 6.12/two: why not", "no kernel")
        )

    def test_a_program_without_lines_is_a_case(self):
        for status, verdict in (
            (0, "passed"),
            (77, "skipped"),
            (1, "failed"),
            (124, "failed"),
            (137, "failed"),
        ):
            case, = tap.judged("name", status, "first\nlast\n")
            self.assertEqual((case.name, case.verdict), ("name", verdict))
        self.assertEqual(tap.judged("name", 77, "first\nlast\n")[0].text, "last")

    def test_what_ends_on_the_way_has_failed(self):
        cases = tap.judged("name", 139, "ok 1 - one\n")
        self.assertEqual([case.verdict for case in cases], ["passed", "failed"])
        self.assertEqual(tap.verdict_of(cases), "FAILED (1 of 2)")
        self.assertEqual(
            tap.verdict_of(tap.judged("name", 0, "ok 1 - one\nok 2 - two # SKIP it\n")),
            "ok (1 of 2)",
        )
        self.assertEqual(
            tap.verdict_of(tap.judged("name", 77, "ok 1 - one # SKIP no root\nno root\n")),
            "skipped",
        )


def program(name="steps", suite="netns", lane="waiting", cases=("one", "two", "three")):
    return Program(suite, name, [f"tests/{suite}/test_{name}.py"], list(cases), lane)


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="vfsteer-runner-")
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def result(self, status, text, of=None):
        log = self.path / f"log-{len(list(self.path.iterdir()))}"
        log.write_text(text)
        of = of or program()
        return results.Result(of, status, tap.judged(of.name, status, text), 4.0, 1.0, log)


class ResultsTest(Folder):
    FIRST = "ok 1 - one\nnot ok 2 - two: lost 1\nok 3 - three\n"

    def test_what_counts_packets_is_asked_once_more(self):
        some = results.Results()
        self.assertFalse(some.add(self.result(1, self.FIRST)))
        self.assertTrue(some.add(self.result(1, "not ok 1 - a\n", program(suite="unit"))))
        self.assertTrue(some.add(self.result(0, "ok 1 - one\n")))
        self.assertEqual((len(some.again), some.good), (1, False))

    def test_not_more_than_a_few(self):
        some = results.Results()
        taken = [some.add(self.result(1, self.FIRST)) for _ in range(results.AGAIN_MAX + 2)]
        self.assertEqual(taken, [False] * results.AGAIN_MAX + [True] * 2)

    def test_only_what_has_not_passed_is_repeated(self):
        self.assertEqual(results.to_repeat(self.result(1, self.FIRST)).cases, ["two"])
        # One that was stopped before its end: what failed and what it had not come to.
        self.assertEqual(
            results.to_repeat(self.result(124, "ok 1 - one\nnot ok 2 - two\n")).cases,
            ["two", "three"],
        )
        # What no argument stands for is asked for with everything.
        self.assertEqual(
            results.to_repeat(
                self.result(1, "ok 1 - one\nok 2 - two\nok 3 - three\nnot ok 4 - no-trouble\n")
            ).cases,
            ["one", "two", "three"],
        )

    def test_one_that_passes_alone_is_counted_and_named(self):
        history = History(self.path / "history.json")
        whole, unsteady = results.joined(
            self.result(1, self.FIRST), self.result(0, "ok 1 - two\n"), history
        )
        self.assertEqual(
            ([case.name for case in whole.cases], whole.failed), (["one", "three", "two"], False)
        )
        self.assertEqual(unsteady, [("netns steps/two", "not ok 2 - two: lost 1", 1)])
        some = results.Results(all=[whole], unsteady=unsteady)
        self.assertTrue(some.good)
        self.assertIn("3 passed, 0 failed, 0 skipped, 1 unsteady", report.summary(some))
        self.assertIn("netns steps/two: not ok 2 - two: lost 1", report.summary(some))

    def test_one_that_fails_alone_too_has_failed(self):
        whole, unsteady = results.joined(
            self.result(1, self.FIRST), self.result(1, "not ok 1 - two\n"), History(self.path / "h")
        )
        self.assertTrue(whole.failed)
        self.assertEqual(unsteady, [])

    def test_three_times_make_a_race_of_it(self):
        path = self.path / "history.json"
        for number in range(3):
            history, some = History(path), results.Results()
            whole, some.unsteady = results.joined(
                self.result(1, self.FIRST), self.result(0, "ok 1 - two\n"), history
            )
            some.add(whole, alone=True)
            history.save()
            self.assertEqual(some.good, number < 2)
        self.assertIn("race", report.summary(some))


class HistoryTest(Folder):
    def test_old_ones_are_forgotten(self):
        history = History(self.path / "history.json")
        self.assertEqual(
            [history.note_unsteady("a", day * 86400) for day in (100, 101, 140)], [1, 2, 1]
        )

    def test_a_damaged_file_is_an_empty_history(self):
        for text in ("", "{", "[]", '{"seconds": 1, "unsteady": {}}'):
            (self.path / "history.json").write_text(text)
            self.assertEqual(History(self.path / "history.json").seconds, {})

    def test_times_are_those_of_a_case(self):
        history = History(self.path / "history.json")
        self.assertIsNone(history.expected(program()))
        history.note(program(), 30)
        history.save()
        self.assertEqual(History(history.path).expected(program(cases=["one"])), 10)


class ProgressTest(Folder):
    def test_time_left(self):
        history, now = History(self.path / "history.json"), [100.0]
        some = [
            program(f"p{number}", lane=lane) for number, lane in enumerate((MEASURED, COMPUTING))
        ]
        unknown = Progress(some, history, 2, lambda: now[0])
        self.assertIsNone(unknown.left_s())
        self.assertEqual(unknown.line(), "[0/2]")
        now[0] += 60
        unknown.end(some[0])
        self.assertEqual(unknown.left_s(), 60)
        for one in some:
            history.note(one, 300)
        known = Progress(some, history, 2, lambda: now[0])
        self.assertEqual(known.left_s(), 300)
        self.assertEqual(known.line(), "[0/2, 5 min 0 s left]")


class FilesTest(Folder):
    def test_junit_and_times(self):
        some = results.Results()
        some.add(
            self.result(
                1,
                "ok 1 - one (2.5 s, 0.5 s CPU)\nnot ok 2 - two: <lost>\nok 3 - three # SKIP it is \"old\"\n",
            ),
            alone=True,
        )
        report.write_junit(self.path / "junit.xml", some)
        suite = ElementTree.parse(self.path / "junit.xml").getroot()[0]
        self.assertEqual(
            (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("skipped")),
            ("netns", "3", "1", "1"),
        )
        self.assertEqual([case.get("name") for case in suite], ["one", "two", "three"])
        self.assertEqual(suite[1].find("failure").get("message"), "not ok 2 - two: <lost>")
        report.write_times(self.path / "times.tsv", some)
        self.assertEqual(
            (self.path / "times.tsv").read_text().splitlines()[1:],
            [
                "netns\tsteps\t\tFAILED (1 of 3)\t4.00\t1.00",
                "netns\tsteps\tone\tpassed\t2.50\t0.50",
            ],
        )
        self.assertIn("netns steps", report.dearest(some))


class ChangesTest(unittest.TestCase):
    def test_what_moves_packets(self):
        self.assertEqual(
            changes.moves_packets(
                [
                    "README.md",
                    "bpf/pair.h",
                    "user/pair/switch.c",
                    "user/pair/README.md",
                    "user/cli/main.c",
                    "tests/bpf/test_port.c",
                ]
            ),
            ["bpf/pair.h", "user/pair/switch.c"],
        )
        self.assertEqual(changes.moves_packets(None), [])


if __name__ == "__main__":
    unittest.main()
