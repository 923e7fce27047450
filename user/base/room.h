/* SPDX-License-Identifier: GPL-2.0-only */
/* room: room for one more element in a growing array. */
#ifndef BASE_ROOM_H
#define BASE_ROOM_H

#include <errno.h>
#include <stddef.h>

/*
 * @array (malloc'ed or NULL) with room for one element of @element bytes more than @count. *size is the number of elements that
 * it has room for: it doubles when there is none. NULL: no memory, and @array and *size are as they were.
 */
void *room_grow(void *array, size_t count, size_t *size, size_t element);

/* The same for an array in a variable, which follows it where it moves. 0 or -ENOMEM. */
#define room_for_one(array, count, size)                                                                             \
	({                                                                                                           \
		void *room_grown = room_grow((array), (count), (size), sizeof(*(array)));                            \
                                                                                                                     \
		if (room_grown)                                                                                      \
			(array) = room_grown;                                                                        \
		room_grown ? 0 : -ENOMEM;                                                                            \
	})

#endif
