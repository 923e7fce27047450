/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/unique.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNIQUE_SIZE_MIN 64

/* FNV-1a. */
static size_t unique_hash(const void *element, size_t element_size)
{
	const uint8_t *byte = element;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < element_size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3;
	return (size_t)(hash ^ hash >> 32);
}

/* The place of @element, or a free one for it. One is always free. */
static uint32_t *unique_find(const struct unique *unique, const void *elements, size_t element_size,
			     const void *element)
{
	size_t place = unique_hash(element, element_size) & (unique->size - 1);
	const uint8_t *bytes = elements;

	while (unique->places[place] &&
	       memcmp(bytes + (unique->places[place] - 1) * element_size, element, element_size))
		place = (place + 1) & (unique->size - 1);
	return &unique->places[place];
}

/* At most half of the places are used. */
static int unique_make_room(struct unique *unique, const void *elements, size_t element_size)
{
	struct unique grown = { .size = unique->size ? 2 * unique->size : UNIQUE_SIZE_MIN,
				.count = unique->count };
	const uint8_t *bytes = elements;

	if (2 * (unique->count + 1) <= unique->size)
		return 0;
	grown.places = calloc(grown.size, sizeof(*grown.places));
	if (!grown.places)
		return -ENOMEM;
	for (size_t i = 0; i < unique->count; i++)
		*unique_find(&grown, elements, element_size, bytes + i * element_size) =
			(uint32_t)i + 1;
	free(unique->places);
	*unique = grown;
	return 0;
}

int unique_add(struct unique *unique, const void *elements, size_t element_size,
	       const void *element)
{
	int error = unique_make_room(unique, elements, element_size);
	uint32_t *place;

	if (error)
		return error;
	place = unique_find(unique, elements, element_size, element);
	if (*place)
		return 1;
	*place = (uint32_t)++unique->count;
	return 0;
}

void unique_clear(struct unique *unique)
{
	if (unique->count)
		memset(unique->places, 0, unique->size * sizeof(*unique->places));
	unique->count = 0;
}

void unique_free(struct unique *unique)
{
	free(unique->places);
	*unique = (struct unique){ 0 };
}
