/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line: what is understood, and for each mistake the status and the one line about it.
 */
#include "cli/arguments.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TEN "abcdefghij"
/* 127 characters */
#define LONGEST TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "abcdefg"
#define ALL (OPTIONS_PAIR | OPTIONS_BPFFS | OPTIONS_JSON)

/* Parses with stderr caught in @message. */
static int parse(char **argv, unsigned accepted, unsigned min, unsigned max, struct options *ret,
		 char *message, size_t size)
{
	char path[] = "/tmp/vfsteer-test-XXXXXX";
	int file = mkstemp(path), saved = dup(STDERR_FILENO), argc = 0, status;
	ssize_t length;

	assert_true(file >= 0 && saved >= 0);
	unlink(path);
	while (argv[argc])
		argc++;
	fflush(stderr);
	dup2(file, STDERR_FILENO);
	status = arguments_parse(argc, argv, accepted, min, max, ret);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	length = pread(file, message, size - 1, 0);
	close(file);
	assert_true(length >= 0);
	message[length] = '\0';
	return status;
}

static void parse_well(char **argv, unsigned accepted, unsigned min, unsigned max,
		       struct options *ret)
{
	char message[1024];

	assert_int_equal(parse(argv, accepted, min, max, ret, message, sizeof(message)), 0);
	assert_string_equal(message, "");
}

#define ARGV(...) ((char *[]){ "run", ##__VA_ARGS__, NULL })

static void defaults(void **state)
{
	struct options options;

	(void)state;
	parse_well(ARGV(), ALL, 0, 2, &options);
	assert_string_equal(options.bpffs, "/sys/fs/bpf");
	assert_int_equal(options.pair_count, 0);
	assert_false(options.json);
	assert_int_equal(options.operand_count, 0);
	assert_null(options.operands[0]);
	assert_null(options.operands[1]);
}

static void everything(void **state)
{
	struct options options;

	(void)state;
	parse_well(ARGV("--pair", "eth0", "first", "--pair=eth2=eth3", "--json", "--bpffs", "/a",
			"--pair", "abcdefghijklmno=x", "second", "--bpffs=/b"),
		   ALL, 2, 2, &options);
	assert_int_equal(options.pair_count, 3);
	assert_string_equal(options.pairs[0].standby, "eth0");
	assert_string_equal(options.pairs[0].primary, "");
	assert_string_equal(options.pairs[1].standby, "eth2");
	assert_string_equal(options.pairs[1].primary, "eth3");
	assert_string_equal(options.pairs[2].standby, "abcdefghijklmno");
	assert_string_equal(options.pairs[2].primary, "x");
	assert_true(options.json);
	assert_string_equal(options.bpffs, "/b");
	assert_int_equal(options.operand_count, 2);
	assert_string_equal(options.operands[0], "first");
	assert_string_equal(options.operands[1], "second");
}

static void operands_after_two_dashes(void **state)
{
	struct options options;

	(void)state;
	parse_well(ARGV("-", "--", "--json"), ALL, 2, 2, &options);
	assert_string_equal(options.operands[0], "-");
	assert_string_equal(options.operands[1], "--json");
	assert_false(options.json);
}

static const struct mistake {
	unsigned accepted, min, max;
	const char *says;
	char *argv[8];
} mistakes[] = {
	{ ALL, 0, 0, "--colour: no such option", { "run", "--colour" } },
	{ ALL, 0, 0, "-j: no such option", { "run", "-j" } },
	{ ALL, 0, 0, "--jsonx: no such option", { "run", "--jsonx" } },
	{ ALL, 0, 0, "--pairs: no such option", { "run", "--pairs", "eth0" } },
	{ OPTIONS_BPFFS, 0, 0, "--json: no such option", { "run", "--json" } },
	{ OPTIONS_JSON, 0, 0, "--bpffs: no such option", { "run", "--bpffs", "/a" } },
	{ OPTIONS_JSON, 0, 0, "--pair: no such option", { "run", "--pair", "eth0" } },
	{ ALL, 0, 0, "--pair: no value", { "run", "--pair" } },
	{ ALL, 0, 0, "--bpffs: no value", { "run", "--bpffs" } },
	{ ALL, 0, 0, "--bpffs: no value", { "run", "--bpffs=" } },
	{ ALL, 0, 0, "--json: takes no value", { "run", "--json=yes" } },
	{ ALL, 0, 0, "the standby's name is empty", { "run", "--pair", "" } },
	{ ALL, 0, 0, "the standby's name is empty", { "run", "--pair", "=eth1" } },
	{ ALL, 0, 0, "the primary's name is empty", { "run", "--pair", "eth0=" } },
	{ ALL, 0, 0, "the standby's name is longer than 127", { "run", "--pair", LONGEST "x" } },
	{ ALL,
	  0,
	  0,
	  "the primary's name is longer than 127",
	  { "run", "--pair", "eth0=" LONGEST "x" } },
	{ ALL, 0, 0, "the standby's name holds a '/'", { "run", "--pair", "eth/0" } },
	{ ALL, 0, 0, "the primary's name holds a '/'", { "run", "--pair", "eth0=a:b" } },
	{ ALL, 0, 0, "the standby's name holds white space", { "run", "--pair", "eth 0" } },
	{ ALL, 0, 0, "the primary's name holds white space", { "run", "--pair", "eth0=eth1\t" } },
	{ ALL,
	  0,
	  0,
	  "--pair eth0?: the standby's name holds white space",
	  { "run", "--pair", "eth0\n" } },
	{ ALL, 0, 0, "--?[31m: no such option", { "run", "--\033[31m" } },
	{ ALL, 0, 0, "the standby's name is not allowed", { "run", "--pair", ".." } },
	{ ALL, 0, 0, "the same device", { "run", "--pair", "eth0=eth0" } },
	{ ALL, 0, 0, "eth0 is in an earlier pair", { "run", "--pair", "eth0", "--pair", "eth0" } },
	{ ALL,
	  0,
	  0,
	  "eth1 is in an earlier pair",
	  { "run", "--pair", "eth0=eth1", "--pair", "eth2=eth1" } },
	{ ALL,
	  0,
	  0,
	  "eth1 is in an earlier pair",
	  { "run", "--pair", "eth0=eth1", "--pair", "eth1" } },
	{ ALL,
	  0,
	  0,
	  "eth0 is in an earlier pair",
	  { "run", "--pair", "eth0", "--pair", "eth1=eth0" } },
	{ ALL, 0, 0, "stray: one argument too many", { "run", "stray" } },
	{ ALL, 0, 1, "two: one argument too many", { "run", "one", "two" } },
	{ ALL, 0, 9, "three: one argument too many", { "run", "one", "two", "three" } },
	{ ALL, 2, 2, "an argument is missing: 1 of 2 given", { "run", "one" } },
	{ ALL, 1, 2, "an argument is missing: 0 of 1 given", { "run", "--json" } },
};

static void expect_mistake(char **argv, unsigned accepted, unsigned min, unsigned max,
			   const char *says)
{
	static struct options options, untouched;
	char message[1024];
	int status;

	memset(&options, 0x5a, sizeof(options));
	untouched = options;
	status = parse(argv, accepted, min, max, &options, message, sizeof(message));
	if (status != 2 || !strstr(message, says))
		print_error("expected \"%s\", got status %d and \"%s\"\n", says, status, message);
	assert_int_equal(status, 2);
	assert_non_null(strstr(message, says));
	/* vfsteer: what: why; what to do — on one line */
	assert_memory_equal(message, "vfsteer: run: ", strlen("vfsteer: run: "));
	assert_non_null(strstr(message, "; see 'vfsteer help run'\n"));
	assert_ptr_equal(strchr(message, '\n'), message + strlen(message) - 1);
	assert_memory_equal(&options, &untouched, sizeof(options));
}

static void each_mistake(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		char *argv[8];

		memcpy(argv, mistakes[i].argv, sizeof(argv));
		expect_mistake(argv, mistakes[i].accepted, mistakes[i].min, mistakes[i].max,
			       mistakes[i].says);
	}
}

static void as_many_pairs_as_fit(void **state)
{
	static char arguments[VFSTEER_MAX_PAIRS + 1][16];
	static char *argv[VFSTEER_MAX_PAIRS + 3];
	struct options options;

	(void)state;
	argv[0] = "run";
	for (unsigned i = 0; i <= VFSTEER_MAX_PAIRS; i++) {
		snprintf(arguments[i], sizeof(arguments[i]), "--pair=v%u", i);
		argv[1 + i] = arguments[i];
	}
	expect_mistake(argv, ALL, 0, 0, "--pair v256: there are 256 pairs already");
	argv[1 + VFSTEER_MAX_PAIRS] = NULL;
	parse_well(argv, ALL, 0, 0, &options);
	assert_int_equal(options.pair_count, VFSTEER_MAX_PAIRS);
	assert_string_equal(options.pairs[255].standby, "v255");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(operands_after_two_dashes),
		cmocka_unit_test(each_mistake),
		cmocka_unit_test(as_many_pairs_as_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
