# SPDX-License-Identifier: GPL-2.0-only
"""A cpio archive as the kernel takes it for an initramfs ("newc"), without staging a tree: needs no
root and leaves nothing behind.
"""

import stat


class Archive:
    def __init__(self):
        self._parts = []
        self._names = set()
        self._inode = 1

    def __contains__(self, name):
        return name.strip("/") in self._names

    def _add(self, name, mode, data):
        name = name.strip("/")
        if name in self._names:
            return
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        self._names.add(name)
        encoded = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        self._parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]
        self._inode += 1

    def directory(self, name):
        if name.strip("/"):
            self._add(name, stat.S_IFDIR | 0o755, b"")

    def file(self, name, data, mode=0o755):
        self._add(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def bytes(self):
        self._add("TRAILER!!!", 0, b"")
        return b"".join(self._parts)
