#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Replays what each libFuzzer target knows, and goes on for some seconds: 5, in the nightly level
# 150, or as many as are given. Two targets at a time; says what each did. TAP on stdout. What
# breaks a target is kept in build/fuzz/crashes; what was learned, the corpus, in build/fuzz/corpus
# for the next run.

set -u
cd "$(dirname "$0")/../.." || exit 1

case ${VFSTEER_LEVEL:-normal} in
nightly) level_seconds=150 ;;
*) level_seconds=5 ;;
esac
readonly SECONDS_EACH=${1:-$level_seconds}
readonly SANITIZED=${VFSTEER_BUILD:-build}/address FUZZ=${VFSTEER_BUILD:-build}/fuzz
readonly CRASHES=$FUZZ/crashes
readonly AT_ONCE=2
case $SECONDS_EACH in
'' | *[!0-9]*) echo "$SECONDS_EACH: not a number of seconds"; exit 1 ;;
esac

. tools/rig/packages.sh
if command -v dpkg-query >/dev/null && ! packages_fuzz >&2; then
	echo "the packages for fuzzing could not be installed"
	exit 77
fi
make -j2 SANITIZE=address,undefined CC=clang BUILD="$SANITIZED" REUSE="${VFSTEER_BUILD:-build}" \
	fuzzers >&2 || exit 1
tests/fuzz/seeds.py "$FUZZ/seeds" || exit 1
mkdir -p "$FUZZ/log" "$CRASHES"

# fuzz TARGET: one run of it; its seeds are read, only the corpus is written.
fuzz()
{
	local target=$1 directory seeds=() options=()

	for directory in "tests/fuzz/$target" "$FUZZ/seeds/$target"; do
		[ ! -d "$directory" ] || seeds+=("$directory")
	done
	[ ! -e "tests/fuzz/$target.dict" ] || options+=("-dict=tests/fuzz/$target.dict")
	mkdir -p "$FUZZ/corpus/$target"
	"$SANITIZED/tests/fuzz/fuzz_$target" -max_total_time="$SECONDS_EACH" -timeout=120 \
		-rss_limit_mb=1024 -max_len=4096 -print_final_stats=1 \
		-artifact_prefix="$CRASHES/$target-" ${options[@]+"${options[@]}"} \
		"$FUZZ/corpus/$target" "${seeds[@]}" \
		>"$FUZZ/log/$target" 2>&1
}

targets=()
for source in tests/fuzz/fuzz_*.c; do
	name=${source##*/fuzz_} name=${name%.c}
	targets+=("$name")
	rm -f "$FUZZ/log/$name.status"
	while [ "$(jobs -rp | wc -l)" -ge $AT_ONCE ]; do
		wait -n
	done
	{ fuzz "$name"; echo $? >"$FUZZ/log/$name.status"; } &
done
wait

count=0 failed=0
for name in "${targets[@]}"; do
	count=$((count + 1)) log=$FUZZ/log/$name
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	reached=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	edges=$(sed -n 's/^INFO: Loaded 1 modules *(\([0-9]*\) inline 8-bit .*/\1/p' "$log")
	echo "# $name: ${executions:-0} executions in $SECONDS_EACH s," \
		"${reached:-0} of ${edges:-?} edges"
	# A run without executions has tried nothing.
	if [ "$(cat "$log.status")" -eq 0 ] && [ "${executions:-0}" -gt 0 ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		tail -n 60 "$log" | sed 's/^/# /'
		echo "# again with: $SANITIZED/tests/fuzz/fuzz_$name $CRASHES/$name-…"
		failed=1
	fi
done
echo "1..$count"
exit $failed
