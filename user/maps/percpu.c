/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps/percpu.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Memory for one entry: the kernel copies those of all possible CPUs. */
static int percpu_new(size_t size, __u64 **ret, unsigned *ret_cpus)
{
	/* Silences libbpf for this call only; its print function is restored. */
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int cpus = libbpf_num_possible_cpus();

	libbpf_set_print(print);
	if (cpus < 0)
		return cpus;
	*ret = calloc((size_t)cpus, size);
	if (!*ret)
		return -ENOMEM;
	*ret_cpus = (unsigned)cpus;
	return 0;
}

int percpu_sum(int map_fd, __u32 index, void *ret, size_t size)
{
	size_t words = size / sizeof(__u64);
	__u64 *of_cpus, *sum = ret;
	unsigned cpus;
	int error = percpu_new(size, &of_cpus, &cpus);

	if (error)
		return error;
	if (bpf_map_lookup_elem(map_fd, &index, of_cpus)) {
		error = -errno;
		goto out;
	}
	memset(ret, 0, size);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			sum[i] += of_cpus[cpu * words + i];
out:
	free(of_cpus);
	return error;
}

int percpu_clear(int map_fd, __u32 index, size_t size)
{
	__u64 *of_cpus;
	unsigned cpus;
	int error = percpu_new(size, &of_cpus, &cpus);

	if (error)
		return error;
	if (bpf_map_update_elem(map_fd, &index, of_cpus, BPF_EXIST))
		error = -errno;
	free(of_cpus);
	return error;
}
