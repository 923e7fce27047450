/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * variant: opens the object for this kernel. All objects of one source have the same maps, programs
 * and constants, so one skeleton serves for all.
 */
#ifndef DATAPATH_VARIANT_H
#define DATAPATH_VARIANT_H

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

/* The bytes of an object file: the function SKELETON__elf_bytes of any of them. */
typedef const void *(*variant_elf_t)(size_t *ret_size);

/*
 * Defines NAME_open(elf), which opens an object of bpf/NAME.bpf.c and returns its skeleton, which
 * the caller ends with NAME_bpf__destroy; NULL with errno set after an error.
 */
#define VARIANT_DEFINE_OPEN(name)                                                                  \
	static struct name##_bpf *name##_open(variant_elf_t elf)                                   \
	{                                                                                          \
		struct name##_bpf *programs = calloc(1, sizeof(*programs));                        \
		int error = programs ? name##_bpf__create_skeleton(programs) : -ENOMEM;            \
                                                                                                   \
		if (!error) {                                                                      \
			programs->skeleton->data = (void *)elf(&programs->skeleton->data_sz);      \
			error = bpf_object__open_skeleton(programs->skeleton, NULL);               \
		}                                                                                  \
		if (!error)                                                                        \
			return programs;                                                           \
		name##_bpf__destroy(programs);                                                     \
		errno = -error;                                                                    \
		return NULL;                                                                       \
	}

#endif
