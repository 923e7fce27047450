#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the Markdown documents name is there: targets of relative links, paths and source files,
# words for tests/run, variables of the environment. TAP on stdout.
# shellcheck disable=SC2317 # the functions missing_... are called by their names

set -u
cd "$(dirname "$0")/../.." || exit 1

work=$(mktemp -d /tmp/vfsteer-docs-XXXXXX)
trap 'rm -rf "$work"' EXIT
. tests/build/tap.sh
folders="bpf user include tests tools"
[ ! -d docs ] || folders+=" docs"
readonly folders TOP='bpf|user|include|tests|tools|docs|\.ci'
# shellcheck disable=SC2086 # a list of words
find ./*.md $folders -type f | sed 's|^\./||' >"$work/files"
mapfile -t documents < <(grep '\.md$' "$work/files")

# Each of the functions missing_... prints a line for everything that a DOCUMENT names and that is
# not there.

# anchors DOCUMENT: its headings, as GitHub makes fragments of them.
anchors()
{
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^[:alnum:] _-]//g; s/ /-/g'
}

missing_links()
{
	local target file

	while IFS= read -r target; do
		file=$1
		[ "${target%%#*}" = "" ] || file=$(dirname "$1")/${target%%#*}
		if [ ! -e "$file" ]; then
			echo "$1: link to $target"
		elif [ "$target" != "${target#*#}" ] && ! anchors "$file" |
			grep -qxF -- "${target#*#}"; then
			echo "$1: link to $target: no such heading"
		fi
	done < <(grep -oE '\]\([^) ]+|^\[[^]]+\]: +[^ ]+' "$1" | sed -E 's/^(\]\(|.*\]: +)//' |
		grep -vE '^[a-z]+:')
}

# words DOCUMENT: of its text, without links and without what stands around a word.
words()
{
	sed -E 's/\]\([^)]*\)/]/g' "$1" | tr -s ' \t`"'\''=|(),;' '\n' | sed -E 's/[.:…]+$//' |
		sort -u
}

missing_paths()
{
	local path

	while IFS= read -r path; do
		compgen -G "$path" >/dev/null || echo "$1: $path"
	done < <(words "$1" | grep -E "^($TOP)/")
}

# A source is named by its path below any folder.
missing_sources()
{
	local name

	while IFS= read -r name; do
		grep -q "/${name//\*/[^/]*}\$" "$work/files" || echo "$1: $name"
	done < <(words "$1" | grep -vE "^($TOP)/" |
		grep -E '^[A-Za-z0-9_*-]+(/[A-Za-z0-9_*-]+)*(\.bpf)?\.(c|h|py|sh)$')
}

# has_case SUITE WORD: may the word stand for a program, or for a case in one? To have each list its
# cases would take a minute.
has_case()
{
	[ -n "$(find "tests/$1" -name "test_*${2//-/_}*" -print -quit)" ] ||
		grep -rqE --include='*.py' "(def |add\(f?\")[a-z0-9_]*${2//-/_}" "tests/$1"
}

missing_cases()
{
	local line word suite

	while IFS= read -r line; do
		suite=""
		for word in $line; do
			if [ -d "tests/$word" ]; then
				suite=$word
			elif [ -z "$suite" ]; then
				echo "$1: tests/run $word: no such suite"
			else
				has_case "$suite" "$word" || echo "$1: tests/run $suite $word"
			fi
		done
	done < <(grep -oE 'tests/run( +[a-z][a-z0-9-]*)+' "$1" | sed 's/^tests.run *//' | sort -u)
}

missing_variables()
{
	local name

	if [ ! -e "$work/variables" ]; then
		grep -vE '\.md$|/test_docs\.sh$' "$work/files" |
			xargs grep -ohE '\bVFSTEER_[A-Z_]+' | sort -u >"$work/variables"
	fi
	while IFS= read -r name; do
		grep -qxF "$name" "$work/variables" || echo "$1: $name"
	done < <(grep -oE '\bVFSTEER_[A-Z_]+' "$1" | sort -u)
}

cat >"$work/wrong.md" <<'END'
# Some heading
[here](wrong.md#some-heading) [gone](gone.md) [gone too](#gone)
[elsewhere](https://example.org/gone.md)
`tests/run` `sudo tests/gone.sh unit`, (`user/gone/*.c`) and `gone.c`, `main.c`, `tests/run gone`,
`tests/run unit options gone`, `VFSTEER_GONE=1 tests/run netns`
END
for check in links:2 paths:2 sources:1 cases:2 variables:1; do
	what=${check%:*}
	for document in "${documents[@]}"; do
		"missing_$what" "$document"
	done >"$work/log" 2>&1
	[ ! -s "$work/log" ] && [ ${#documents[@]} -ge 5 ]
	result $? "$what-are-there"
	"missing_$what" "$work/wrong.md" >"$work/log" 2>&1
	[ "$(grep -ci gone "$work/log")" -eq "${check#*:}" ] && ! grep -vqi gone "$work/log"
	result $? "wrong-$what-are-found"
done
echo "1..$count"
exit $status
