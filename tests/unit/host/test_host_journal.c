/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of our entries: what a killed process leaves is read as what may be ours. */
#include "host/host_journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADER "vfsteer-host 1 77\n"
#define ONE "+ 3 pf0 52:54:00:12:34:56 7 vnet0 -\n"
#define TWO "+ 3 pf0 52:54:00:12:34:57 8 tap0 cni-1\n"

static size_t replay(const char *text, struct host_journal_line *ret)
{
	struct host_journal_line *lines;
	size_t count;

	assert_int_equal(host_journal_replay(text, 77, &lines, &count), 0);
	if (count && ret)
		*ret = lines[0];
	free(lines);
	return count;
}

static void lines_are_replayed(void **state)
{
	struct host_journal_line line;

	(void)state;
	assert_int_equal(replay("", NULL), 0);
	assert_int_equal(replay(HEADER, NULL), 0);
	assert_int_equal(replay(HEADER ONE TWO, &line), 2);
	assert_int_equal(line.pf, 3);
	assert_int_equal(line.tap, 7);
	assert_string_equal(line.tap_name, "vnet0");
	assert_string_equal(line.place, "");
	assert_int_equal(replay(HEADER ONE ONE, NULL), 1);
	assert_int_equal(replay(HEADER ONE TWO "- 3 52:54:00:12:34:56\n", &line), 1);
	assert_string_equal(line.place, "cni-1");
	assert_int_equal(replay(HEADER ONE "- 4 52:54:00:12:34:56\n", NULL), 1);
	assert_int_equal(replay(HEADER ONE "- 3 52:54:00:12:34:56\n" ONE, NULL), 1);
}

static void other_namespaces_and_damage_are_ignored(void **state)
{
	(void)state;
	assert_int_equal(replay("vfsteer-host 1 78\n" ONE, NULL), 0);
	assert_int_equal(replay("vfsteer-host 2 77\n" ONE, NULL), 0);
	assert_int_equal(replay(ONE, NULL), 0);
	assert_int_equal(replay(HEADER "+ x\n" ONE "\n\n- \n+ 3 pf0 nomac 7 vnet0 -\n", NULL), 1);
	/* Killed within the write: nothing was added yet. */
	assert_int_equal(replay(HEADER "+ 3 pf0 52:54:00:12:34:56 7 vnet0 -", NULL), 0);
}

static void a_file_is_kept(void **state)
{
	char directory[] = "/tmp/vfsteer-journal-XXXXXX", path[64];
	struct host_journal_line *lines, line = { .pf = 3, .pf_name = "pf0", .tap_name = "vnet0" };
	struct host_journal *journal;
	size_t count;

	(void)state;
	assert_non_null(mkdtemp(directory));
	line.mac[0] = 2;
	assert_int_equal(host_journal_open(directory, 77, &journal, &lines, &count), 0);
	assert_int_equal(count, 0);
	free(lines);
	/* Enough for the file to be written again in between. */
	for (unsigned i = 0; i < 10000; i++) {
		line.mac[4] = (uint8_t)(i >> 8);
		line.mac[5] = (uint8_t)i;
		assert_int_equal(host_journal_add(journal, &line), 0);
		if (i != 5000)
			assert_int_equal(host_journal_remove(journal, line.pf, line.mac), 0);
	}
	host_journal_close(journal);
	assert_int_equal(host_journal_open(directory, 77, &journal, &lines, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(lines[0].mac[4], 5000 >> 8);
	free(lines);
	host_journal_close(journal);
	snprintf(path, sizeof(path), "%s/entries", directory);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_replayed),
		cmocka_unit_test(other_namespaces_and_damage_are_ignored),
		cmocka_unit_test(a_file_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
