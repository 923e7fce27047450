# SPDX-License-Identifier: GPL-2.0-only
"""The kernel proper out of a compressed image, so that an emulated processor need not spend its
first seconds unpacking it.

What comes out is an ELF file with a PVH entry point, which QEMU starts directly. The layout is that
of Linux' x86 boot protocol.
"""

import lzma
import struct
import subprocess


def vmlinux_extract(image, target):
    """Writes the ELF kernel in image to target; False when it is packed in a way not known here."""
    data = image.read_bytes()
    if data[0x202:0x206] != b"HdrS":
        return False
    setup_sectors = data[0x1f1] or 4
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    packed = data[start:start + length]
    if packed.startswith(b"\xfd7zXZ"):
        # What follows the stream is its unpacked size, which the decompressor leaves aside.
        plain = lzma.LZMADecompressor().decompress(packed)
    elif packed.startswith(b"\x28\xb5\x2f\xfd"):
        plain = subprocess.run(
            ["zstd", "-dcq"], input=packed[:-4], check=True, stdout=subprocess.PIPE
        ).stdout
    else:
        return False
    if not plain.startswith(b"\x7fELF"):
        return False
    target.write_bytes(plain)
    return True
