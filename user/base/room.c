/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/room.h"

#include <stdlib.h>

#define ROOM_FIRST 16

void *room_grow(void *array, size_t count, size_t *size, size_t element)
{
	size_t larger = *size ? 2 * *size : ROOM_FIRST;
	void *grown;

	if (count < *size)
		return array;
	grown = reallocarray(array, larger, element);
	if (grown)
		*size = larger;
	return grown;
}
