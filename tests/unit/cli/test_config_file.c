/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file as a file: its lines and bytes, and files that are none. */
#include "cli/config_keys.h"
#include "config_text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static void takes_indentation_line_ends_and_mark(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char message[512];

	(void)state;
	assert_int_equal(read_text("\xef\xbb\xbf[agent]\r\n  up_delay_ms = 20\r\n"
				   "\tannounce_count = 5\r\n\r\n[pair eth0] ; here\r\n"
				   "primary = auto\n[port veth0];here\npair = eth0",
				   &options, message, sizeof(message)),
			 0);
	assert_int_equal(options.settings.up_delay_ms, 20);
	assert_int_equal(options.settings.announce_count, 5);
	assert_string_equal(options.pairs[0].standby, "eth0");
}

/* libinih would read what is past its buffer as a line of its own: here a setting. */
static void a_line_that_is_too_long(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char text[1024], message[512];

	(void)state;
	snprintf(text, sizeof(text), "[agent]\n; %0197dup_delay_ms = 20\n", 0);
	assert_int_equal(read_text(text, &options, message, sizeof(message)), -EINVAL);
	assert_string_equal(message, ":2: longer than 199 characters: no setting is, shorten it");
}

static void bytes_that_are_no_text(void **state)
{
	static const char bytes[] = "[agent]\nup_delay_ms = 5\0\n";
	struct options options = { .settings = config_default_settings() };
	char message[512];

	(void)state;
	assert_int_equal(
		config_parse("f", bytes, sizeof(bytes) - 1, &options, message, sizeof(message)),
		-EINVAL);
	assert_string_equal(message, "f:2: has a control character: not a text file, name "
				     "another file with --config");
}

static void files_that_cannot_be_read(void **state)
{
	struct options options = { 0 };
	char message[512];

	(void)state;
	assert_int_equal(config_read("/dev/zero", &options, message, sizeof(message)), -EINVAL);
	assert_string_equal(message, "/dev/zero: not a regular file: name one with --config");
	assert_int_equal(config_read("/", &options, message, sizeof(message)), -EINVAL);
	assert_string_equal(message, "/: not a regular file: name one with --config");
}

/* Neither opening nor reading may wait for a writer, which may never come. */
static void a_fifo(void **state)
{
	struct options options = { 0 };
	char directory[] = "/tmp/vfsteer-test-XXXXXX", path[64], message[512];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(5);
	assert_int_equal(config_read(path, &options, message, sizeof(message)), -EINVAL);
	alarm(0);
	assert_non_null(strstr(message, "/fifo: not a regular file: name one with --config"));
	unlink(path);
	rmdir(directory);
}

static void a_file_that_is_too_large(void **state)
{
	char path[] = "/tmp/vfsteer-test-XXXXXX", message[512];
	struct options options = { 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 256 * 1024 + 1), 0);
	close(fd);
	assert_int_equal(config_read(path, &options, message, sizeof(message)), -EFBIG);
	assert_non_null(strstr(message, ": larger than 256 KiB: not a configuration"));
	unlink(path);
}

static void a_file_that_is_not_there(void **state)
{
	struct options options = { 0 };
	char message[512];

	(void)state;
	assert_int_equal(
		config_read("/nonexistent/vfsteer.conf", &options, message, sizeof(message)),
		-ENOENT);
	assert_non_null(strstr(
		message,
		"/nonexistent/vfsteer.conf: No such file or directory: name a readable file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_indentation_line_ends_and_mark),
		cmocka_unit_test(a_line_that_is_too_long),
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(a_fifo),
		cmocka_unit_test(a_file_that_is_too_large),
		cmocka_unit_test(a_file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
