/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is asked of the kernel at the start, with a kernel that answers as those of other page sizes
 * do.
 */
#include "base/kernel.h"

#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	long page_size;
	int ring_error, program_error; /* 0: there are such */
} system_under_test;

/*
 * In place of the C library's, for libbpf. The kernel's rule: kernel/bpf/ringbuf.c, a power of two,
 * of whole pages.
 */
long syscall(long number, ...)
{
	const union bpf_attr *attributes;
	enum bpf_cmd command;
	va_list arguments;

	assert_int_equal(number, __NR_bpf);
	va_start(arguments, number);
	command = va_arg(arguments, int);
	attributes = va_arg(arguments, const union bpf_attr *);
	va_end(arguments);
	errno = command == BPF_MAP_CREATE ? system_under_test.ring_error
					  : system_under_test.program_error;
	if (command == BPF_MAP_CREATE && !errno &&
	    (attributes->max_entries & (attributes->max_entries - 1) ||
	     attributes->max_entries % system_under_test.page_size))
		errno = EINVAL;
	return errno ? -1 : dup(STDERR_FILENO);
}

long __sysconf(int name); /* the C library's own */

/* A sanitizer asks, too, before there is a system under test. */
long sysconf(int name)
{
	return name == _SC_PAGESIZE && system_under_test.page_size ? system_under_test.page_size
								   : __sysconf(name);
}

static void test_page_sizes(void **context)
{
	(void)context;
	for (long page = 4096; page <= 65536; page *= 2) {
		const char *missing = NULL;

		system_under_test = (typeof(system_under_test)){ .page_size = page };
		assert_int_equal(kernel_check(&missing), 0);
		assert_null(missing);
	}
}

static void test_refusals(void **context)
{
	const char *missing = NULL;

	(void)context;
	system_under_test = (typeof(system_under_test)){ .page_size = 4096, .ring_error = EINVAL };
	assert_int_equal(kernel_check(&missing), -ENOSYS);
	assert_string_equal(missing, "BPF ring buffers (Linux 5.8)");
	system_under_test = (typeof(system_under_test)){ .page_size = 4096, .ring_error = EPERM };
	assert_int_equal(kernel_check(&missing), -EPERM);
	system_under_test =
		(typeof(system_under_test)){ .page_size = 4096, .program_error = EPERM };
	assert_int_equal(kernel_check(&missing), -EPERM);
	/* Without compare-and-swap there are other programs. */
	system_under_test =
		(typeof(system_under_test)){ .page_size = 4096, .program_error = EINVAL };
	assert_int_equal(kernel_check(&missing), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_sizes),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
