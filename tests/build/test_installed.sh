#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# level: normal
#
# What is installed beside the program: the manual says what the program takes, and the service is sandboxed. TAP on stdout.

set -u
cd "$(dirname "$0")/../.." || exit 1

readonly VFSTEER=${VFSTEER:-build/vfsteer}
readonly EXPOSURE_MAX=2.0 # of 10, by systemd-analyze security
. tools/rig/packages.sh
packages_need groff-base systemd >&2 || { echo "1..0 # SKIP groff and systemd cannot be installed"; exit 77; }
work=$(mktemp -d /tmp/vfsteer-installed-XXXXXX)
trap 'rm -rf "$work"' EXIT
. tests/build/tap.sh

make DESTDIR="$work/root" PREFIX=/usr install >"$work/log" 2>&1
result $? install
manual=$work/root/usr/share/man/man8/vfsteer.8 unit=$work/root/usr/lib/systemd/system/vfsteer.service

groff -man -Tutf8 -ww "$manual" >"$work/text" 2>"$work/log" && [ ! -s "$work/log" ] && [ -s "$work/text" ]
result $? manual-has-no-warning

# Overstriking, which is how bold and underlined text is written, would hide words from grep.
groff -man -Tascii -P-c -P-b -P-u -P-o "$manual" >"$work/text" 2>"$work/log"
"$VFSTEER" help >"$work/help"
commands=$(sed -n 's/^  vfsteer \([a-z-]*\).*/\1/p' "$work/help")
for command in $commands; do
	"$VFSTEER" help "$command"
done >>"$work/help"
missing=""
for word in $commands $(grep -oE -- '--[a-z-]+' "$work/help" | sort -u) $(sed -n 's/^ *\([a-z_]*\) = .*/\1/p' "$work/help"); do
	grep -qE -- "(^|[^a-z_-])$word([^a-z_-]|$)" "$work/text" || missing="$missing $word"
done
echo "of 'vfsteer help', not in the manual:$missing; looked for: $commands" >"$work/log"
[ "$(wc -w <<<"$commands")" -ge 6 ] && [ -z "$missing" ]
result $? manual-names-every-command-and-option

grep -qx 'ExecStart=/usr/sbin/vfsteer run' "$unit" && [ -x "$work/root/usr/sbin/vfsteer" ]
result $? service-starts-what-was-installed

# A program that exists on this system, too; everything that is said is a mistake.
mkdir "$work/units"
for one in vfsteer.service vfsteer-xdp.socket vfsteer-xdp@.service; do
	sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$(dirname "$unit")/$one" >"$work/units/$one"
done
systemd-analyze --man=no verify "$work"/units/* >"$work/log" 2>&1 && [ ! -s "$work/log" ]
result $? services-are-valid

# --threshold judges tenths as an integer.
sandboxed()
{
	systemd-analyze security --offline=true --no-pager --threshold="$(tr -d . <<<"$EXPOSURE_MAX")" "$work/units/$1" >"$work/log" 2>&1
}

exposure()
{
	echo "exposure $(sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p' "$work/log"), at most $EXPOSURE_MAX"
}

sandboxed vfsteer.service
result $? "service-is-sandboxed: $(exposure)"

sandboxed vfsteer-xdp@.service
result $? "broker-is-sandboxed: $(exposure)"

make DESTDIR="$work/root" PREFIX=/usr uninstall >"$work/log" 2>&1 && [ -z "$(find "$work/root" -type f)" ]
result $? uninstall

echo "1..$count"
exit $status
