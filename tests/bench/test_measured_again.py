#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""A section that is measured again without --resume replaces its figures of the same contender and
kernel, and leaves the others. Nothing is started.
"""

import argparse
import platform
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark import breakdown, cost  # noqa: E402
from tools.benchmark.results import Results  # noqa: E402

HERE, OLD, NEW = platform.release(), 1, 2


class MeasuredAgainTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = Results(Path(folder.name) / "results.json")

    def add(self, section, value, *keys):
        for key in keys:
            self.results.add(section, *key, value, "instructions")

    def run_again(self, section, resume=False):
        options = argparse.Namespace(
            contenders="vfsteer", kernels=["6.12"], runs=2, resume=resume, qemu="",
            out=self.results.path,
        )
        with mock.patch("builtins.print"):
            section.run(options, self.results)

    def expect(self, section, values):
        self.assertEqual(
            {figure.key[1:]: figure.values for figure in self.results.figures(section)}, values
        )

    def cost(self, resume):
        native = (("vfsteer", "decision/time", HERE), ("vfsteer", "tcp-bulk/throughput", HERE))
        guests = ("vfsteer", "udp-rx/instructions", "6.12"), (
            "vfsteer-direct",
            "udp-rx/instructions",
            "6.12",
        )
        others = ("vfsteer", "udp-rx/instructions", "6.1"), ("bare-vf", "tcp-bulk/throughput", HERE)
        self.add("cost", OLD, *native, *guests, *others)
        with mock.patch.multiple(
            cost, _decision=lambda *_: self.add("cost", NEW, native[0]),
            _native=lambda *_: self.add("cost", NEW, native[1]) or 0,
        ), mock.patch.multiple(
            cost.instructions, guest=mock.MagicMock(), measure=lambda *_: (NEW, {}),
            FIGURES={"udp-rx": ()},
        ):
            self.run_again(cost, resume)
        return native, guests, others

    def test_cost(self):
        native, guests, others = self.cost(False)
        self.expect(
            "cost",
            {
                **dict.fromkeys(native, [NEW]),
                **dict.fromkeys(guests, [NEW, NEW]),
                **dict.fromkeys(others, [OLD]),
            },
        )

    def test_cost_goes_on(self):
        native, guests, others = self.cost(True)
        self.expect(
            "cost",
            {**dict.fromkeys((*native, *guests), [OLD, NEW]), **dict.fromkeys(others, [OLD])},
        )

    def test_breakdown(self):
        measured, others = [
            (name, "tx/instructions", "6.12") for name in ("vfsteer", "vfsteer-direct")
        ], [("vfsteer", "tx/instructions", "6.1")]
        self.add("breakdown", OLD, *measured, *others)
        with mock.patch.multiple(
            breakdown, _measured=lambda *_: {"tx": ({}, NEW)}, DIRECTIONS={"tx": ()}
        ):
            self.run_again(breakdown)
        self.expect(
            "breakdown", {**dict.fromkeys(measured, [NEW, NEW]), **dict.fromkeys(others, [OLD])}
        )


if __name__ == "__main__":
    unittest.main()
