#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# level: normal
#
# Builds for arm64 (nightly), and for s390x, whose byte order is the other one, without a warning;
# the unit tests about bytes pass there, under QEMU's user emulation. TAP on stdout. Headers and
# libraries are in the cache: nothing of another architecture is installed on this machine.

set -u
cd "$(dirname "$0")/../.." || exit 1

# What reads or writes bytes of the network, the kernel or a map; the others are about arithmetic,
# and slow when emulated.
UNIT_TESTS="announce candidates netdev_address netdev_damaged netdev_link netdev_names pairing"
readonly UNIT_TESTS+=" port_check protection report request"
. tools/rig/packages.sh
packages_cross >&2 || { echo "1..0 # SKIP the cross compilers cannot be installed"; exit 77; }
work=$(mktemp -d /tmp/vfsteer-cross-XXXXXX)
trap 'rm -rf "$work"' EXIT
. tests/build/tap.sh

# run_unit_tests DIRECTORY EMULATOR...
run_unit_tests()
{
	local directory=$1 name failed=0

	shift
	for name in $UNIT_TESTS; do
		"$@" "$directory"/tests/unit/*/"test_$name" 2>&1 |
			grep -E '^ok |^not ok ' >"$work/$name"
		# QEMU looks at the option of a setsockopt() before it looks at the socket.
		grep -q '^ok ' "$work/$name" && ! grep '^not ok ' "$work/$name" |
			grep -v 'a_closed_socket_is_an_error' || failed=1
	done >"$work/log"
	return $failed
}

export CMOCKA_MESSAGE_OUTPUT=TAP
architectures=s390x:s390x:MSB
[ "${VFSTEER_LEVEL:-normal}" != nightly ] || architectures+=" arm64:aarch64:LSB"
for architecture in $architectures; do
	IFS=: read -r name machine order <<<"$architecture"
	sysroot=$(tools/rig/sysroot.py "$name" 2>"$work/log")
	result $? "$name-headers-and-libraries"
	[ -n "$sysroot" ] || continue
	emulator="qemu-$machine -L $sysroot"
	quiet make -j2 BUILD="$work/$name" CROSS_COMPILE="$machine-linux-gnu-" SYSROOT="$sysroot" \
		BPFTOOL="$emulator $sysroot/usr/sbin/bpftool" all $(
			for test in $UNIT_TESTS; do printf '%s ' tests/unit/*/"test_$test.c"; done |
				sed "s|tests/|$work/$name/tests/|g; s|\.c||g")
	result $? "$name-builds"
	# The programs inside have the byte order of the program around them.
	{ file "$work/$name/vfsteer" "$work/$name/bpf/steer.bpf.o" &&
		readelf -h "$work/$name/bpf/steer.bpf.o"; } >"$work/log" 2>&1
	[ "$(grep -c "ELF 64-bit $order" "$work/log")" -eq 2 ] &&
		grep -q 'Machine:.*BPF' "$work/log"
	result $? "$name-byte-order"
	$emulator "$work/$name/vfsteer" version >"$work/log" 2>&1 && grep -q '^vfsteer ' "$work/log"
	result $? "$name-runs"
	run_unit_tests "$work/$name" $emulator
	result $? "$name-unit-tests"
done
echo "1..$count"
exit $status
