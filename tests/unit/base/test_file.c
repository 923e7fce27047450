/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files: their first line, their bytes, and what is no regular file. */
#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/vfsteer-file-XXXXXX", path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static void lines(void **state)
{
	char line[8];

	(void)state;
	assert_false(file_read_line(path, line, sizeof(line)));
	write_file("");
	assert_false(file_read_line(path, line, sizeof(line)));
	write_file("one\ntwo\n");
	assert_true(file_read_line(path, line, sizeof(line)));
	assert_string_equal(line, "one");
	write_file("longer than that");
	assert_true(file_read_line(path, line, sizeof(line)));
	assert_string_equal(line, "longer ");
}

static void bytes(void **state)
{
	char text[8];

	(void)state;
	write_file("1234567890");
	assert_int_equal(file_read(path, text, sizeof(text)), 8);
	assert_memory_equal(text, "12345678", 8);
	write_file("12");
	assert_int_equal(file_read(path, text, sizeof(text)), 2);
	unlink(path);
	assert_int_equal(file_read(path, text, sizeof(text)), -ENOENT);
}

static void no_regular_files(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(file_read(folder, text, sizeof(text)), -EINVAL);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read(path, text, sizeof(text)), -EINVAL);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(bytes),
		cmocka_unit_test(no_regular_files),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
