/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/json.h"

#include <errno.h>

int json_add(struct json_object *to, const char *key, struct json_object *value)
{
	if (value && !json_object_object_add(to, key, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

int json_add_null(struct json_object *to, const char *key)
{
	return json_object_object_add(to, key, NULL) ? -ENOMEM : 0;
}

int json_add_string(struct json_object *to, const char *key, const char *value)
{
	return json_add(to, key, json_object_new_string(value));
}

int json_add_optional(struct json_object *to, const char *key, const char *value)
{
	return *value ? json_add_string(to, key, value) : json_add_null(to, key);
}

int json_add_object(struct json_object *to, const char *key, struct json_object **ret)
{
	*ret = json_object_new_object();
	return json_add(to, key, *ret);
}

int json_add_array(struct json_object *to, const char *key, struct json_object **ret)
{
	*ret = json_object_new_array();
	return json_add(to, key, *ret);
}

int json_append(struct json_object *array, struct json_object *value)
{
	if (value && !json_object_array_add(array, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

int json_write(struct json_object *object, FILE *stream)
{
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return -ENOMEM;
	fprintf(stream, "%s\n", text);
	return 0;
}
