#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# level: normal
#
# What is installed beside the program: the manual says what the program takes, and the service is
# sandboxed. TAP on stdout.

set -u
cd "$(dirname "$0")/../.." || exit 1

readonly VFSTEER=${VFSTEER:-build/vfsteer}
readonly HOST=${VFSTEER%/*}/vfsteer-host
readonly EXPOSURE_MAX=2.0 # of 10, by systemd-analyze security
. tools/rig/packages.sh
packages_need groff-base systemd >&2 ||
	{ echo "1..0 # SKIP groff and systemd cannot be installed"; exit 77; }
work=$(mktemp -d /tmp/vfsteer-installed-XXXXXX)
trap 'rm -rf "$work"' EXIT
. tests/build/tap.sh

root="$work/a root" # a path may hold a space
make DESTDIR="$root" PREFIX=/usr install >"$work/log" 2>&1
result $? install
manual=$root/usr/share/man/man8/vfsteer.8 format=$root/usr/share/man/man5/vfsteer.conf.5
unit=$root/usr/lib/systemd/system/vfsteer.service
host_manual=$root/usr/share/man/man8/vfsteer-host.8
host_unit=$root/usr/lib/systemd/system/vfsteer-host.service

for page in "$manual" "$format" "$host_manual"; do
	groff -man -Kutf8 -Tutf8 -ww "$page" >"$work/text" 2>"$work/log" &&
		[ ! -s "$work/log" ] && [ -s "$work/text" ]
	result $? "$(basename "$page")-has-no-warning"
done

# Overstriking, which is how bold and underlined text is written, would hide words from grep.
plain()
{
	groff -man -Kutf8 -Tutf8 -P-c -P-b -P-u -P-o "$1" 2>"$work/log"
}

plain "$manual" >"$work/text"
plain "$format" >"$work/format"
"$VFSTEER" help >"$work/help"
commands=$(sed -n 's/^  vfsteer \([a-z-]*\).*/\1/p' "$work/help")
for command in $commands; do
	"$VFSTEER" help "$command"
done >>"$work/help"
# missing FILE WORD...: those that are not in the file.
missing()
{
	local word file=$1

	for word in "${@:2}"; do
		grep -qE -- "(^|[^a-z_-])$word([^a-z_-]|$)" "$file" || echo "$word"
	done
}

mapfile -t options < <(grep -oE -- '--[a-z-]+' "$work/help" | sort -u)
# shellcheck disable=SC2086 # a list of words
missing "$work/text" $commands "${options[@]}" >"$work/log"
[ "$(wc -w <<<"$commands")" -ge 6 ] && [ ! -s "$work/log" ]
result $? manual-names-every-command-and-option

plain "$host_manual" >"$work/host-text"
"$HOST" help >"$work/host-help"
commands=$(sed -n 's/^  vfsteer-host \([a-z-]*\).*/\1/p' "$work/host-help")
for command in $commands; do
	"$HOST" help "$command"
done >>"$work/host-help"
mapfile -t options < <(grep -oE -- '--[a-z-]+|^    [a-z_]+ =' "$work/host-help" |
	tr -d ' =' | sort -u)
# shellcheck disable=SC2086 # a list of words
missing "$work/host-text" $commands "${options[@]}" >"$work/log"
[ "$(wc -w <<<"$commands")" -ge 7 ] && [ ${#options[@]} -ge 10 ] && [ ! -s "$work/log" ]
result $? host-manual-names-every-command-option-and-key

# Of the help, which the program makes from its table of keys. What else the page says of each:
# test_documented.py.
mapfile -t keys < <(sed -n 's/^ *\([a-z_]*\) = .*/\1/p' "$work/help" | sort -u)
missing "$work/format" "${keys[@]}" >"$work/log"
[ ${#keys[@]} -ge 15 ] && [ ! -s "$work/log" ]
result $? format-names-every-key

# The example with all keys is a configuration that the program takes: only the port's and the
# pair's devices are missing.
plain "$format" | sed -n '/^ *\[agent\]$/,/^ *A mistake/p' | sed '$d' >"$work/vfsteer.conf"
mkdir "$work/no-bpffs"
"$VFSTEER" run --config "$work/vfsteer.conf" --bpffs "$work/no-bpffs" >"$work/log" 2>&1
grep -q no-bpffs "$work/log" && ! grep -q 'vfsteer.conf:' "$work/log" &&
	[ "$(grep -c = "$work/vfsteer.conf")" -ge 15 ]
result $? format-example-is-accepted

grep -qx 'ExecStart=/usr/sbin/vfsteer run' "$unit" && [ -x "$root/usr/sbin/vfsteer" ]
result $? service-starts-what-was-installed

grep -qx 'ExecStart=/usr/sbin/vfsteer-host run' "$host_unit" && [ -x "$root/usr/sbin/vfsteer-host" ]
result $? host-service-starts-what-was-installed

# A program that exists on this system, too; everything that is said is a mistake.
mkdir "$work/units"
for one in vfsteer.service vfsteer-xdp.socket vfsteer-xdp@.service vfsteer-host.service; do
	sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$(dirname "$unit")/$one" >"$work/units/$one"
done
systemd-analyze --man=no verify "$work"/units/* >"$work/log" 2>&1 && [ ! -s "$work/log" ]
result $? services-are-valid

# --threshold judges tenths as an integer.
sandboxed()
{
	systemd-analyze security --offline=true --no-pager \
		--threshold="$(tr -d . <<<"$EXPOSURE_MAX")" "$work/units/$1" >"$work/log" 2>&1
}

exposure()
{
	local level

	level=$(sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p' "$work/log")
	echo "exposure $level, at most $EXPOSURE_MAX"
}

sandboxed vfsteer.service
result $? "service-is-sandboxed: $(exposure)"

sandboxed vfsteer-xdp@.service
result $? "broker-is-sandboxed: $(exposure)"

sandboxed vfsteer-host.service
result $? "host-service-is-sandboxed: $(exposure)"

make DESTDIR="$root" PREFIX=/usr uninstall >"$work/log" 2>&1 && [ -z "$(find "$root" -type f)" ]
result $? uninstall

echo "1..$count"
exit $status
