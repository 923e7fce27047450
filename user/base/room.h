/* SPDX-License-Identifier: GPL-2.0-only */
/* room: makes room for one more element in a growing array. */
#ifndef BASE_ROOM_H
#define BASE_ROOM_H

#include <errno.h>
#include <stddef.h>

/*
 * Makes room in @array (malloc'ed or NULL) for one element of @element bytes beyond @count. *size
 * is its capacity in elements, which doubles when it is full. Returns the array, which may have
 * moved. NULL: no memory; @array and *size are as they were.
 */
void *room_grow(void *array, size_t count, size_t *size, size_t element);

/* The same for an array in a variable, which is updated. Returns 0 or -ENOMEM. */
#define room_for_one(array, count, size)                                                           \
	({                                                                                         \
		void *room_grown = room_grow((array), (count), (size), sizeof(*(array)));          \
                                                                                                   \
		if (room_grown)                                                                    \
			(array) = room_grown;                                                      \
		room_grown ? 0 : -ENOMEM;                                                          \
	})

#endif
