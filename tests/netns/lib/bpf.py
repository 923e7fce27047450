# SPDX-License-Identifier: GPL-2.0-only
"""The bpf system call, as far as the tests play other people's programs: one that counts packets,
and lets all go on.
"""

import contextlib
import ctypes
import os
import platform
import socket
import struct

SYSCALL = {"x86_64": 321, "aarch64": 280, "ppc64le": 361, "s390x": 351, "riscv64": 280}[
    platform.machine()
]
(
    MAP_CREATE,
    MAP_LOOKUP,
    MAP_UPDATE,
    PROG_LOAD,
    OBJ_PIN,
    OBJ_GET,
    OBJ_INFO,
    PROG_QUERY,
    LINK_CREATE,
) = (0, 1, 2, 5, 6, 7, 15, 16, 28)
PROG_NEXT_ID, PROG_BY_ID, MAP_BY_ID, LINK_BY_ID, LINK_NEXT_ID = 11, 13, 14, 30, 31
PROG_INFO_SIZE, PROG_MAPS_MAX = 228, 16
MAP_TYPE_PERCPU_ARRAY = 6
MAP_TYPE_ARRAY, PROG_TYPE_SCHED_CLS, PROG_TYPE_XDP = 2, 3, 6
TC_ACT_UNSPEC, TC_ACT_OK, XDP_DROP, XDP_PASS = -1, 0, 1, 2
ENABLE_STATS = 32
LINK_UPDATE, ATTACH_XDP, XDP_FLAGS_DRV = 29, 37, 1 << 2
TCX_INGRESS, TCX_EGRESS = 46, 47
F_BEFORE, TCX_PROGRAMS_MAX = 1 << 3, 64
F_MMAPABLE = 1 << 10

_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attributes):
    room = ctypes.create_string_buffer(attributes.ljust(144, b"\0"), 144)
    result = _libc.syscall(SYSCALL, command, room, 144)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"bpf command {command}: {os.strerror(error)}")
    return result, room.raw


def _address(data):
    return ctypes.addressof(data)


def array_map(value_size=8, entries=1, name=b"count", flags=0, kind=MAP_TYPE_ARRAY):
    return _bpf(
        MAP_CREATE, struct.pack("IIIIIII16s", kind, 4, value_size, entries, flags, 0, 0, name)
    )[0]


def lookup(map_fd, size, key=0):
    key_room, value = ctypes.create_string_buffer(
        struct.pack("I", key), 4
    ), ctypes.create_string_buffer(size)
    _bpf(MAP_LOOKUP, struct.pack("IIQQQ", map_fd, 0, _address(key_room), _address(value), 0))
    return value.raw


def update(map_fd, data, key=0):
    key_room, value = ctypes.create_string_buffer(
        struct.pack("I", key), 4
    ), ctypes.create_string_buffer(data, len(data))
    _bpf(MAP_UPDATE, struct.pack("IIQQQ", map_fd, 0, _address(key_room), _address(value), 0))


def pin(fd, path):
    name = ctypes.create_string_buffer(str(path).encode())
    _bpf(OBJ_PIN, struct.pack("QII", _address(name), fd, 0))


def get(path):
    name = ctypes.create_string_buffer(str(path).encode())
    return _bpf(OBJ_GET, struct.pack("QII", _address(name), 0, 0))[0]


def info(fd, size=128):
    """The kernel's description of a map, program or link: struct bpf_map_info and its likes."""
    room = ctypes.create_string_buffer(size)
    _bpf(OBJ_INFO, struct.pack("IIQ", fd, size, _address(room)))
    return room.raw


def value_size(map_fd):
    return struct.unpack_from("I", info(map_fd), 12)[0]


def entries(map_fd):
    return struct.unpack_from("I", info(map_fd), 16)[0]


def link_ifindex(link_fd):
    """Of a tcx link's device; 0 when that is gone."""
    return struct.unpack_from("I", info(link_fd), 16)[0]


def link_ids(path):
    """(link's id, its program's id) of a pinned link."""
    link = get(path)
    try:
        return struct.unpack_from("III", info(link))[1:]
    finally:
        os.close(link)


def attached(ifindex, direction):
    """How many tcx programs are at a hook of the current namespace."""
    _, room = _bpf(PROG_QUERY, struct.pack("IIIIQII", ifindex, direction, 0, 0, 0, 0, 0))
    return struct.unpack_from("I", room, 24)[0]


def attached_ids(ifindex, direction):
    """The ids of the tcx programs at a hook of the current namespace, in the order in which they
    run.
    """
    ids = ctypes.create_string_buffer(4 * TCX_PROGRAMS_MAX)
    _, room = _bpf(
        PROG_QUERY,
        struct.pack(
            "IIIIQIIQQQ", ifindex, direction, 0, 0, _address(ids), TCX_PROGRAMS_MAX, 0, 0, 0, 0
        ),
    )
    return struct.unpack_from(f"{struct.unpack_from('I', room, 24)[0]}I", ids)


def program_tag(number):
    """The kernel's hash over a program's instructions."""
    program = _bpf(PROG_BY_ID, struct.pack("III", number, 0, 0))[0]
    try:
        return info(program)[8:16].hex()
    finally:
        os.close(program)


@contextlib.contextmanager
def bpf_statistics():
    """The kernel counts runs of programs and their time meanwhile (Linux 5.8)."""
    statistics, _ = _bpf(ENABLE_STATS, struct.pack("I", 0))
    try:
        yield
    finally:
        os.close(statistics)


class Counter:
    """A program that counts packets and returns TC_ACT_UNSPEC, or XDP_PASS: the programs after it
    decide. Another @verdict may end the walk.
    """

    def __init__(self, kind=PROG_TYPE_SCHED_CLS, verdict=None):
        if verdict is None:
            verdict = XDP_PASS if kind == PROG_TYPE_XDP else TC_ACT_UNSPEC
        self.map = array_map()
        code = b"".join(struct.pack("<BBhi", *step) for step in (
            (0x62, 0x0a, -4, 0),         # *(u32 *)(r10 - 4) = 0
            (0xbf, 0xa2, 0, 0),          # r2 = r10
            (0x07, 0x02, 0, -4),         # r2 += -4
            (0x18, 0x11, 0, self.map),   # r1 = map
            (0x00, 0x00, 0, 0),
            (0x85, 0x00, 0, 1),          # r0 = bpf_map_lookup_elem(r1, r2)
            (0x15, 0x00, 2, 0),          # if (!r0) goto out
            (0xb7, 0x01, 0, 1),          # r1 = 1
            (0xdb, 0x10, 0, 0),          # lock *(u64 *)r0 += r1
            (0xb7, 0x00, 0, verdict),    # out: r0 = ...
            (0x95, 0x00, 0, 0)))         # return r0
        room, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(
            b"GPL"
        )
        self.program = _bpf(
            PROG_LOAD,
            struct.pack(
                "IIQQIIQII16s", kind, len(code) // 8, _address(room), _address(licence), 0, 0, 0, 0,
                0, b"foreign_counter",
            ),
        )[0]

    def count(self):
        return struct.unpack("Q", lookup(self.map, 8))[0]

    def attach_tcx(self, netns, device, direction, flags=0):
        """By a link that lasts as long as its descriptor, which is returned."""
        def attach():
            ifindex = socket.if_nametoindex(device)
            return _bpf(LINK_CREATE, struct.pack("IIII", self.program, ifindex, direction, flags))[
                0
            ]
        return netns.inside(attach)


class Firewall:
    """An XDP program that drops UDP to one port. @flags: of its loading, BPF_F_XDP_HAS_FRAGS for
    one.
    """

    def __init__(self, port, flags=0):
        code = b"".join(struct.pack("<BBhi", *step) for step in (
            (0x61, 0x12, 4, 0),               # r2 = *(u32 *)(r1 + 4): data_end
            (0x61, 0x11, 0, 0),               # r1 = *(u32 *)(r1 + 0): data
            (0xbf, 0x13, 0, 0),               # r3 = r1
            (0x07, 0x03, 0, 42),              # r3 += 42: Ethernet, IPv4 and UDP headers
            (0x2d, 0x23, 10, 0),              # if (r3 > r2) goto pass
            # r3 = *(u8 *)(r1 + 12): IPv4, as all others are left alone
            (0x71, 0x13, 12, 0),
            (0x55, 0x03, 8, 8),               # if (r3 != 8) goto pass
            (0x71, 0x13, 23, 0),              # r3 = *(u8 *)(r1 + 23)
            (0x55, 0x03, 6, socket.IPPROTO_UDP),
            (0x71, 0x13, 36, 0),              # r3 = *(u8 *)(r1 + 36): the port, high byte
            (0x55, 0x03, 4, port >> 8),
            (0x71, 0x13, 37, 0),
            (0x55, 0x03, 2, port & 0xff),
            (0xb7, 0x00, 0, XDP_DROP),
            (0x95, 0x00, 0, 0),
            (0xb7, 0x00, 0, XDP_PASS),        # pass:
            (0x95, 0x00, 0, 0)))
        room, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(
            b"GPL"
        )
        self.program = _bpf(
            PROG_LOAD,
            struct.pack(
                "IIQQIIQII16s", PROG_TYPE_XDP, len(code) // 8, _address(room), _address(licence), 0,
                0, 0, 0, flags, b"firewall",
            ),
        )[0]
        self.id = struct.unpack_from("I", info(self.program), 4)[0]

    def attach_link(self, netns, device, flags=0):
        """By a link that lasts as long as its descriptor, which is returned."""
        return netns.inside(
            lambda: _bpf(
                LINK_CREATE,
                struct.pack("IIII", self.program, socket.if_nametoindex(device), ATTACH_XDP, flags),
            )[0]
        )


def update_link(link_fd, program_fd):
    _bpf(LINK_UPDATE, struct.pack("IIII", link_fd, program_fd, 0, 0))


def _ids(command):
    """Every program, map or link of this machine there is."""
    last = 0
    while True:
        try:
            last, = struct.unpack_from("I", _bpf(command, struct.pack("III", last, 0, 0))[1], 4)
        except FileNotFoundError:
            return
        yield last


def _opened(command, number):
    """A descriptor for an id; None: it is gone meanwhile."""
    try:
        return _bpf(command, struct.pack("III", number, 0, 0))[0]
    except FileNotFoundError:
        return None


def _described(ids, by_id, describe):
    for number in _ids(ids):
        fd = _opened(by_id, number)
        if fd is not None:
            yield describe(fd)
            os.close(fd)


def _program(fd):
    """(id, name, ids of its maps)."""
    room, maps = ctypes.create_string_buffer(PROG_INFO_SIZE), ctypes.create_string_buffer(
        4 * PROG_MAPS_MAX
    )
    struct.pack_into("I", room, 52, PROG_MAPS_MAX)
    struct.pack_into("Q", room, 56, _address(maps))
    _bpf(OBJ_INFO, struct.pack("IIQ", fd, PROG_INFO_SIZE, _address(room)))
    count, = struct.unpack_from("I", room, 52)
    return (struct.unpack_from("I", room, 4)[0], room.raw[64:80].split(b"\0")[0].decode(),
            struct.unpack_from(f"{min(count, PROG_MAPS_MAX)}I", maps))


def programs_with(map_fd):
    """{id: name} of the programs that use a map."""
    mine, = struct.unpack_from("I", info(map_fd), 4)
    return {
        number: name
        for number, name, maps in _described(PROG_NEXT_ID, PROG_BY_ID, _program)
        if mine in maps
    }


def programs():
    """Ids of all programs of this machine."""
    return set(_ids(PROG_NEXT_ID))


def memory_locked(fd):
    """Bytes of kernel memory of a program or map, as bpftool shows them."""
    with open(f"/proc/self/fdinfo/{fd}") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("memlock"))


def around(map_fd):
    """What in this machine belongs with a map: {"programs", "maps", "links"}: how many; "bytes": of
    programs and maps.
    """
    mine, = struct.unpack_from("I", info(map_fd), 4)
    programs = [
        (program, bytes_)
        for program, bytes_ in _described(
            PROG_NEXT_ID, PROG_BY_ID, lambda fd: (_program(fd), memory_locked(fd))
        )
        if mine in program[2]
    ]
    numbers = {program[0] for program, _ in programs}
    maps = {number for program, _ in programs for number in program[2]}
    links = sum(
        number in numbers
        for number in _described(
            LINK_NEXT_ID, LINK_BY_ID, lambda fd: struct.unpack_from("I", info(fd), 8)[0]
        )
    )
    total = sum(bytes_ for _, bytes_ in programs)
    for number in maps:
        fd = _opened(MAP_BY_ID, number)
        if fd is not None:
            total += memory_locked(fd)
            os.close(fd)
    return {"programs": len(programs), "maps": len(maps), "links": links, "bytes": total}
