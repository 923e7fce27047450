#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's section of migrations without one: what contenders ask of the guest that migrates."""

import sys
import types
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark.contenders import CONTENDERS  # noqa: E402
from tools.benchmark.migrate_guest import InnerLab  # noqa: E402


class Process:
    """A guest in which every command succeeds and every daemon runs; `scripts` are what it was asked."""

    pid, failover = 1, False

    def __init__(self, failover):
        self.failover, self.scripts = failover, []

    def check(self, script, timeout=30):
        self.scripts.append(script)
        return "eth0\n"

    def wait_for(self, script, timeout=10):
        return self.check(script)

    def run(self, script, timeout=30):
        return 0, self.check(script)

    def push(self, source, path, mode=0o755):
        self.scripts.append(path)

    def spawn(self, script):
        self.scripts.append(script)
        return types.SimpleNamespace(pid=1, running=lambda: True, output=lambda: "", wait_output=lambda text, timeout=10: None)


class GuestTest(unittest.TestCase):
    def test_every_contender_finds_in_it_what_it_asks_for(self):
        for contender in CONTENDERS.values():
            with self.subTest(contender.name):
                process = Process(bool(contender.lab.get("failover")))
                lab = InnerLab(process)
                if contender.lab.get("configure", True):
                    lab.configure()
                contender.start(lab)
                self.assertEqual(lab.wait_vf(timeout=1), "eth0")
                contender.vf_back(lab)
                self.assertTrue(process.scripts)

    def test_the_vf_is_looked_for_below_its_own_port(self):
        process = Process(False)
        lab = InnerLab(process)
        lab.netdev("vf")
        lab.netdev("sb")
        self.assertIn("/0000:00:03.0/*:*/net/", process.scripts[0])
        self.assertIn("/0000:00:02.0/*:*/virtio*/net/", process.scripts[1])


if __name__ == "__main__":
    unittest.main()
