/* SPDX-License-Identifier: GPL-2.0-only */
/* unique: a hash index over an array of elements of one size: is an equal one in it already? */
#ifndef ANNOUNCE_UNIQUE_H
#define ANNOUNCE_UNIQUE_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise it. */
struct unique {
	uint32_t *places; /* numbers of elements, from 1 on; 0: free */
	size_t size;	  /* a power of two, or 0 */
	size_t count;	  /* elements in the index */
};

/*
 * Is @element among the unique->count elements at @elements, each of @element_size bytes, padding
 * included? Returns 1 if so. Otherwise returns 0, and the caller appends @element to the array; or
 * -ENOMEM.
 */
int unique_add(struct unique *unique, const void *elements, size_t element_size,
	       const void *element);

void unique_clear(struct unique *unique); /* keeps the memory */
void unique_free(struct unique *unique);

#endif
