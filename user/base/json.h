/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json: builds json-c objects. Each function returns 0 or -ENOMEM and takes ownership of @value in
 * both cases. A @value of NULL means that it could not be allocated: -ENOMEM.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <json-c/json.h>
#include <stdio.h>

/* Each adds @key to the object @to. json_add_string copies @value. */
int json_add(struct json_object *to, const char *key, struct json_object *value);
int json_add_null(struct json_object *to, const char *key);
int json_add_string(struct json_object *to, const char *key, const char *value);

/* Adds null if @value is empty. */
int json_add_optional(struct json_object *to, const char *key, const char *value);

/* Adds a new object or array, which @to owns. *ret is not usable after a failure. */
int json_add_object(struct json_object *to, const char *key, struct json_object **ret);
int json_add_array(struct json_object *to, const char *key, struct json_object **ret);

/* Appends @value to @array. */
int json_append(struct json_object *array, struct json_object *value);

/*
 * Writes @object, indented, and a newline. Returns 0 or -ENOMEM. For errors of @stream, the caller
 * checks ferror.
 */
int json_write(struct json_object *object, FILE *stream);

#endif
