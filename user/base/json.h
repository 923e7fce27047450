/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json: building json-c objects with one error to look at. Each returns 0 or -ENOMEM, and takes @value over either way: a
 * value that could not be made (NULL) is out of memory too.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <json-c/json.h>
#include <stdio.h>

int json_add(struct json_object *to, const char *key, struct json_object *value);
int json_add_null(struct json_object *to, const char *key);
int json_add_string(struct json_object *to, const char *key, const char *value);

/* null for an empty string. */
int json_add_optional(struct json_object *to, const char *key, const char *value);

/* A new one, which belongs to @to. *ret is of no use after a failure. */
int json_add_object(struct json_object *to, const char *key, struct json_object **ret);
int json_add_array(struct json_object *to, const char *key, struct json_object **ret);

int json_append(struct json_object *array, struct json_object *value);

/* @object, indented, and a newline. Returns 0 or -ENOMEM; the stream's own errors are the caller's to find: ferror. */
int json_write(struct json_object *object, FILE *stream);

#endif
