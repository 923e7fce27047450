#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# TAP on stdout, for the tests beside it. Sourced, with $work set to a directory for the log; at the
# end: echo "1..$count"; exit $status
# shellcheck disable=SC2034,SC2154 # of those who source this

count=0 status=0
MAKE_LINES='^  (AR|BPF|SKEL|CC|LINK|TEST|INSTALL) |^make: Nothing to be done for '

# result STATUS NAME: one TAP line; the log of a failure follows it.
result()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$work/log"
		status=1
	fi
}

# quiet COMMAND...: succeeds, and says nothing of its own beyond make's lines.
quiet()
{
	"$@" >"$work/log" 2>&1 || return 1
	! grep -vE "$MAKE_LINES" "$work/log" | grep -q .
}
