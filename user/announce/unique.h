/* SPDX-License-Identifier: GPL-2.0-only */
/* unique: an index by hash over an array of equal elements, that tells at once whether another one is among them already. */
#ifndef ANNOUNCE_UNIQUE_H
#define ANNOUNCE_UNIQUE_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise it. */
struct unique {
	uint32_t *places; /* numbers of elements, from 1 on; 0: nothing there */
	size_t size;	  /* a power of two, or 0 */
	size_t count;	  /* elements known */
};

/*
 * Is @element one of the unique->count elements at @elements, each of @element_size bytes, padding included? Returns 1 if so. If not,
 * it returns 0, and the caller puts @element at the end of the array; or -ENOMEM.
 */
int unique_add(struct unique *unique, const void *elements, size_t element_size, const void *element);

void unique_clear(struct unique *unique); /* keeps the memory */
void unique_free(struct unique *unique);

#endif
