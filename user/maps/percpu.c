/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps/percpu.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Entry @index of every possible CPU; zeroes before it is read. */
struct entry {
	unsigned cpus;
	size_t words; /* of each CPU */
	__u64 *of_cpus;
};

int percpu_entry_size(int map_fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(map_fd, &info, &size))
		return -errno;
	return (int)info.value_size;
}

/* Memory for one entry: the kernel copies the values of all possible CPUs. */
static int entry_new(int map_fd, struct entry *ret)
{
	/* Silences libbpf for this call only; its print function is restored. */
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int cpus = libbpf_num_possible_cpus(), size = percpu_entry_size(map_fd);

	libbpf_set_print(print);
	if (cpus < 0 || size < 0)
		return cpus < 0 ? cpus : size;
	*ret = (struct entry){ .cpus = (unsigned)cpus, .words = (size_t)size / sizeof(__u64) };
	ret->of_cpus = calloc(ret->cpus * ret->words, sizeof(__u64));
	return ret->of_cpus ? 0 : -ENOMEM;
}

int percpu_sum(int map_fd, __u32 index, void *ret, size_t size)
{
	struct entry entry = { 0 };
	__u64 *sum = ret;
	int error = entry_new(map_fd, &entry);

	if (error)
		return error;
	if (bpf_map_lookup_elem(map_fd, &index, entry.of_cpus)) {
		error = -errno;
		goto out;
	}
	memset(ret, 0, size);
	for (unsigned cpu = 0; cpu < entry.cpus; cpu++)
		for (size_t i = 0; i < entry.words && i < size / sizeof(*sum); i++)
			sum[i] += entry.of_cpus[cpu * entry.words + i];
out:
	free(entry.of_cpus);
	return error;
}

int percpu_clear(int map_fd, __u32 index)
{
	struct entry entry = { 0 };
	int error = entry_new(map_fd, &entry);

	if (error)
		return error;
	if (bpf_map_update_elem(map_fd, &index, entry.of_cpus, BPF_EXIST))
		error = -errno;
	free(entry.of_cpus);
	return error;
}

int percpu_copy(int from_fd, int to_fd, __u32 count)
{
	struct entry from = { 0 }, to = { 0 };
	int error = entry_new(from_fd, &from);

	if (!error)
		error = entry_new(to_fd, &to);
	for (__u32 index = 0; !error && index < count; index++) {
		if (bpf_map_lookup_elem(from_fd, &index, from.of_cpus)) {
			error = -errno;
			break;
		}
		for (unsigned cpu = 0; cpu < from.cpus; cpu++)
			memcpy(&to.of_cpus[cpu * to.words], &from.of_cpus[cpu * from.words],
			       from.words * sizeof(__u64));
		if (bpf_map_update_elem(to_fd, &index, to.of_cpus, BPF_ANY))
			error = -errno;
	}
	free(from.of_cpus);
	free(to.of_cpus);
	return error;
}
