#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's results: saved, loaded, discarded."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from made_up import add, everything, made_up  # noqa: E402
from tools.benchmark.results import Results, ResultsError  # noqa: E402


class ResultsTest(unittest.TestCase):
    def test_saved_and_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            results = everything(folder)
            results.save()
            again = Results.load(results.path)
            self.assertEqual(
                [figure.as_dict() for figure in again.figures()],
                [figure.as_dict() for figure in results.figures()],
            )
            one = json.loads(results.path.read_text())["figures"][0]
            self.assertEqual((one["runs"], len(one["values"]), len(one["measured"])), (5, 5, 5))
            self.assertLessEqual({"command", "qemu", "date", "run"}, set(one["measured"][0]))
            self.assertEqual(list(Path(folder).iterdir()), [results.path], "nothing else is left")

    def test_missing_file_is_empty_and_a_broken_one_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.json"
            self.assertEqual(Results.load(path).figures(), [])
            path.write_text("{")
            self.assertRaises(ResultsError, Results.load, path)
            path.write_text('{"format": 99, "figures": []}')
            self.assertRaises(ResultsError, Results.load, path)

    def test_a_unit_does_not_change(self):
        results = made_up("/nowhere")
        add(results, "x/lost/in", vfsteer=[1])
        with self.assertRaises(ResultsError):
            add(results, "x/lost/in", unit="ms", vfsteer=[1])

    def test_discard(self):
        results = everything("/nowhere")
        before = len(results.figures())
        gone = results.discard(lambda figure: figure.section == "cost")
        self.assertEqual((len(results.figures()), results.figures("cost")), (before - gone, []))
        self.assertGreater(gone, 5)


if __name__ == "__main__":
    unittest.main()
