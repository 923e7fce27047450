#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# level: normal
#
# Builds without a warning, by every compiler and distribution that is promised. TAP on stdout.
# Debian 13 is a root directory in the cache, made once by debootstrap from the archive that this
# system's apt uses. In the normal level the build of tests/run, where a warning is an error, stands
# for gcc on Debian 12, and gcc for both compilers on Debian 13.

set -u
cd "$(dirname "$0")/../.." || exit 1

readonly TRIXIE=${VFSTEER_CACHE:-/var/cache/vfsteer}/build-trixie
PACKAGES=gcc,libc6-dev,clang,llvm,make,pkg-config,libbpf-dev,libelf-dev,libnl-3-dev
PACKAGES+=,libnl-genl-3-dev,libsystemd-dev,libcap-ng-dev,libjson-c-dev,libinih-dev,libcmocka-dev
PACKAGES+=,bpftool
readonly PACKAGES
work=$(mktemp -d /tmp/vfsteer-build-XXXXXX)
trap 'rm -rf "$work"; rm -rf "$TRIXIE/src-$$"' EXIT
. tests/build/tap.sh
# make -C, as inside the other system, prints the directory that it builds in.
MAKE_LINES+='|^make(\[[0-9]+\])?: (Entering|Leaving)'

gcc_build=${VFSTEER_BUILD:-build} trixie_compilers="gcc"
if [ "${VFSTEER_LEVEL:-normal}" = nightly ]; then
	gcc_build=$work/gcc trixie_compilers="gcc clang"
fi
quiet make -j2 BUILD="$gcc_build" CC=gcc WERROR=1 all
result $? debian12-gcc
quiet make -j2 BUILD="$work/clang" CC=clang all
result $? debian12-clang

make help >"$work/log" 2>&1 && grep -q install "$work/log"
result $? help

crashpoints=${VFSTEER_BUILD:-build}/crashpoints
make -j2 BUILD="$crashpoints" CRASHPOINTS=1 REUSE="${VFSTEER_BUILD:-build}" >"$work/log" 2>&1 &&
	grep -q VFSTEER_CRASH "$crashpoints/vfsteer" &&
	! grep -q VFSTEER_CRASH "$gcc_build/vfsteer" &&
	! grep -q VFSTEER_CRASH "$work/clang/vfsteer"
result $? no-crash-point-in-the-product

rm -f "$work/clang/vfsteer" && make V=1 CC=clang BUILD="$work/clang" >"$work/log" 2>&1 &&
	grep -q -- '-o .*/vfsteer' "$work/log"
result $? verbose-shows-commands

make -n -W include/vfsteer.h CC=clang BUILD="$work/clang" >"$work/log" 2>&1 &&
	[ "$(grep -c 'clang .*bpf.c' "$work/log")" -ge 3 ]
result $? a-touched-header-rebuilds-bpf

if [ ! -e "$TRIXIE/.complete" ]; then
	. tools/rig/packages.sh
	packages_need debootstrap debian-archive-keyring >&2 ||
		{ echo "1..0 # SKIP debootstrap cannot be installed"; exit 77; }
	echo "# making a Debian 13 root in $TRIXIE (once, some minutes)"
	rm -rf "$TRIXIE"
	mirror=$(PYTHONPATH=. python3 -B -c \
		'from tools.rig.suites import archive_uri; print(archive_uri())') &&
		debootstrap --variant=minbase --include="$PACKAGES" trixie "$TRIXIE" "$mirror" \
		>"$work/log" 2>&1 && touch "$TRIXIE/.complete"
	result $? debian13-root
fi
# A root that was made for fewer packages gets the others.
if [ -e "$TRIXIE/.complete" ] &&
	! chroot "$TRIXIE" dpkg-query -W ${PACKAGES//,/ } >"$work/log" 2>&1; then
	chroot "$TRIXIE" sh -c "apt-get -q update && DEBIAN_FRONTEND=noninteractive \
		apt-get -y -q install --no-install-recommends ${PACKAGES//,/ }" >"$work/log" 2>&1
	result $? debian13-packages
fi
if [ -e "$TRIXIE/.complete" ]; then
	mkdir "$TRIXIE/src-$$" && cp -r Makefile bpf include user tests "$TRIXIE/src-$$/"
	for cc in $trixie_compilers; do
		quiet chroot "$TRIXIE" make -C "/src-$$" -j2 BUILD=build-$cc CC=$cc all
		result $? "debian13-$cc"
	done
fi
echo "1..$count"
exit $status
