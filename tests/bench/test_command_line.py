#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What tools/bench refuses on its command line: in one line below the usage, with exit status 2,
before anything is measured.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MAIN = Path(__file__).resolve().parents[2] / "tools" / "benchmark" / "main.py"


class OutTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def said(self, out, what="report"):
        """(exit status, last line on standard error)."""
        done = subprocess.run(
            [sys.executable, "-B", MAIN, what, "--out", out], stderr=subprocess.PIPE, text=True
        )
        return done.returncode, done.stderr.splitlines()[-1]

    def refused(self, out, what="report"):
        status, line = self.said(out, what)
        self.assertEqual(status, 2, line)
        self.assertTrue(line.startswith(f"tools/bench: error: --out {out}: "), line)
        return line

    def test_a_name_that_is_not_json(self):
        # The section migrate keeps its logs in a folder "migrate" beside the results.
        for name in ("migrate", "results", "results.md", ".json"):
            self.assertIn("end in .json", self.refused(self.folder / name))
        self.assertIn("end in .json", self.refused(self.folder / "migrate", "migrate"))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_directory(self):
        (self.folder / "results.json").mkdir()
        self.assertIn("directory", self.refused(self.folder / "results.json"))
        self.assertIn("directory", self.refused(self.folder))

    def test_a_file_that_is_not_there_yet_is_not_refused(self):
        out = self.folder / "new" / "results.json"
        self.assertEqual(
            self.said(out), (1, f"bench: ReportError: {out}: nothing was measured yet")
        )


if __name__ == "__main__":
    unittest.main()
