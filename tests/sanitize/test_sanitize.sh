#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The unit tests, and the agent and the commands in the network namespaces, built with clang's
# sanitizers: address, undefined behaviour and leaks (of every process at its end); then data races
# between the agent and its announcers. TAP on stdout; reports stay in build/sanitize.

set -u
cd "$(dirname "$0")/../.." || exit 1

readonly BUILDS=${VFSTEER_BUILD:-$PWD/build}
readonly REPORTS=$BUILDS/sanitize
# What is about the agent and the commands. What is about programs in the kernel (frames,
# hostile_peer, neighbours) has no more to show here, other builds (crashes, upgrade) are not
# sanitized, access opens /run/vfsteer, which the netns suite does at the same time, and what is
# about time (damping, service) has too little of it here. The nightly level takes all cases of all
# of them, another every ninth case, which the commit chooses, of the first; data races every third
# time, since most of what they cost is to build the agent again.
ADDRESS_TESTS="lifecycle failover mistakes bad_pins bad_input bad_config streams no_answer"
THREAD_TESTS="failover"
PARTS=9
if [ "${VFSTEER_LEVEL:-normal}" = nightly ]; then
	ADDRESS_TESTS+=" pairing impostors untraced port_config"
	PARTS=1
fi
readonly ADDRESS_TESTS THREAD_TESTS PARTS PART=${VFSTEER_PART:-0}

. tools/rig/packages.sh
if command -v dpkg-query >/dev/null && ! packages_fuzz >&2; then
	echo "the packages for sanitizers could not be installed"
	exit 77
fi
rm -rf "$REPORTS"
mkdir -p "$REPORTS"
# Some commands are tried as an unprivileged user: those write reports, too.
chmod 1777 "$REPORTS"
export UBSAN_OPTIONS=print_stacktrace=1:log_path=$REPORTS/report
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:log_path=$REPORTS/report
export TSAN_OPTIONS=log_path=$REPORTS/report
export CMOCKA_MESSAGE_OUTPUT=TAP VFSTEER_PATIENCE=4

# Where addresses are random in more bits than clang 14 knows of, they must not be; some containers
# do not allow that.
fixed=""
! setarch -R true 2>/dev/null || fixed="setarch -R"

count=0 failed=0 seen=0

# try NAME COMMAND...: a case; it passes if the command does and no sanitizer has reported anything.
try()
{
	local name=$1 log=$REPORTS/$1.log status

	shift
	# shellcheck disable=SC2086 # a command and its option, or nothing
	$fixed "$@" >"$log" 2>&1
	status=$?
	count=$((count + 1))
	if [ $status -eq 77 ]; then
		echo "ok $count - $name # SKIP $(tail -n 1 "$log")"
	elif [ $status -eq 0 ] && ! compgen -G "$REPORTS/report.*" >/dev/null; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		{
			grep -E '^not ok' "$log"
			cat "$REPORTS"/report.* 2>/dev/null || tail -n 30 "$log"
		} | head -n 100 | sed 's/^/# /'
		failed=1
	fi
	for report in "$REPORTS"/report.*; do
		[ ! -e "$report" ] || mv "$report" "$REPORTS/$name-${report##*/}"
	done
}

# try_netns PREFIX PROGRAM: some of its cases, those of the others another time.
try_netns()
{
	local program listed name cases=""

	program=$(find tests/netns -name "test_$2.py")
	if ! listed=$("$program" --list); then
		try "$1netns-${2//_/-}" "$program"
		return
	fi
	# Counted through all programs: one of few cases has none of its own in most parts.
	for name in $listed; do
		seen=$((seen + 1))
		[ $((seen % PARTS)) -ne $((PART % PARTS)) ] || cases+=" $name"
	done
	if [ -z "$cases" ]; then
		echo "# $2: no case of it in part $((PART % PARTS)) of $PARTS"
		return
	fi
	# shellcheck disable=SC2086 # a list of words
	try "$1netns-${2//_/-}" "$program" $cases
}

make -j2 SANITIZE=address,undefined CC=clang BUILD="$BUILDS/address" REUSE="$BUILDS" \
	all unit-tests >&2 || exit 1
while IFS= read -r program; do
	try "unit-$(basename "$program" | sed 's/test_//; s/_/-/g')" "$program"
done < <(find "$BUILDS/address/tests/unit" -name 'test_*' ! -name '*.d' -type f | sort)
export VFSTEER=$BUILDS/address/vfsteer
for name in $ADDRESS_TESTS; do
	try_netns "" "$name"
done

if [ $PARTS -gt 1 ] && [ $((PART % 3)) -ne 0 ]; then
	echo "1..$count"
	exit $failed
fi
make -j2 SANITIZE=thread CC=clang BUILD="$BUILDS/thread" REUSE="$BUILDS" all >&2 || exit 1
export VFSTEER=$BUILDS/thread/vfsteer
for name in $THREAD_TESTS; do
	try_netns threads- "$name"
done
echo "1..$count"
exit $failed
