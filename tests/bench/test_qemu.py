#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Which QEMU the rig takes, on systems whose own is old or new: made up here, nothing is booted or
fetched.
"""

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.rig import qemu as under_test  # noqa: E402
from tools.rig.qemu import qemu, qemu_data, qemu_firmware, qemu_version  # noqa: E402


class QemuTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name).resolve()
        # The newer one is in the cache already.
        self.cached = self.made(
            self.root / "cache/qemu/bookworm-backports",
            "10.0.8 (Debian 1:10.0.8+ds-0+deb13u1~bpo12+1)",
        )
        for patch in (
            mock.patch.object(
                under_test, "cache", lambda *parts: self.root.joinpath("cache", *parts)
            ),
            mock.patch.dict(os.environ, {"VFSTEER_CACHE": str(self.root / "cache")}),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        (self.root / "cache/locks").mkdir()
        self.addCleanup(self._folder.cleanup)

    @staticmethod
    def made(prefix, version):
        binary = prefix / "usr/bin/qemu-system-x86_64"
        binary.parent.mkdir(parents=True)
        for name in ("qemu", "seabios"):
            (prefix / "usr/share" / name).mkdir(parents=True)
        binary.write_text(
            f"#!/bin/sh\necho 'QEMU emulator version {version}'\necho 'Copyright (c)'\n"
        )
        binary.chmod(0o755)
        return binary

    def system(self, version):
        binary = self.made(self.root / "system", version)
        # As on systems whose /bin is a link.
        (self.root / "system/bin").symlink_to("usr/bin")
        self.enterContext(
            mock.patch.dict(os.environ, {"PATH": f"{self.root}/system/bin:{os.environ['PATH']}"})
        )
        return binary

    def check(self, got, expected):
        """An absolute path, which can be opened, and its firmware known."""
        self.assertEqual(got, str(expected))
        with open(got, "rb") as binary:
            self.assertTrue(binary.read())
        share = expected.parents[1] / "share"
        self.assertEqual(qemu_firmware(got), [share / "qemu", share / "seabios"])
        self.assertEqual(qemu_data(got), ["-L", str(share / "qemu"), "-L", str(share / "seabios")])

    def test_an_old_system(self):
        binary = self.system("7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)")
        self.check(qemu(), binary)
        self.check(qemu(newer=True), self.cached)
        self.assertEqual((qemu_version(qemu()), qemu_version(qemu(newer=True))), ((7, 2), (10, 0)))

    def test_a_system_whose_own_is_new(self):
        binary = self.system("9.0.2 (Debian 1:9.0.2+ds-1)")
        self.check(qemu(), binary)
        self.check(qemu(newer=True), binary)

    def test_a_system_without_any(self):
        with mock.patch.dict(os.environ, {"PATH": str(self.root)}):
            with self.assertRaisesRegex(
                under_test.QemuError, "not installed: run tools/rig/packages.sh vm"
            ):
                qemu()
        with mock.patch.object(under_test.shutil, "which", lambda name: None):
            self.check(qemu(newer=True), self.cached)


if __name__ == "__main__":
    unittest.main()
