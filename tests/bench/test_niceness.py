#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A guest has the niceness of who started it, though it has a session of its own."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.rig.vm import _group_nice  # noqa: E402


class NicenessTest(unittest.TestCase):
    def test_a_session_of_its_own(self):
        os.nice(3)
        with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
            try:
                _group_nice(process.pid)
                group = Path(f"/proc/{process.pid}/autogroup")
                said = group.read_text().strip() if group.exists() else "no groups: nice 3"
                self.assertTrue(said.endswith(f"nice {os.nice(0)}"), said)
                self.assertEqual(os.getpriority(os.PRIO_PROCESS, process.pid), os.nice(0))
            finally:
                process.kill()


if __name__ == "__main__":
    unittest.main()
