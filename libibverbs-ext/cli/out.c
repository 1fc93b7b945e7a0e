// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Documents in, text out. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

void put_text(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, *value ? json_object_new_string(value) : NULL);
}

void put_int(json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

void put_u64(json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void put_bool(json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

bool has(json_object *object, const char *key)
{
	return json_object_object_get(object, key);
}

const char *get_text(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	return value ? json_object_get_string(value) : "";
}

int64_t get_int(json_object *object, const char *key)
{
	return json_object_get_int64(json_object_object_get(object, key));
}

bool get_bool(json_object *object, const char *key)
{
	return json_object_get_boolean(json_object_object_get(object, key));
}

const char *out_size(uint64_t bytes, char text[32])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	unsigned int unit = 0;

	while (unit < 4 && bytes >= 1024 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, 32, "%" PRIu64 " %s", bytes, units[unit]);
	return text;
}

static const char *cell(json_object *row, const struct out_column *column, char text[32])
{
	json_object *value = json_object_object_get(row, column->key);

	if (!value)
		return "-";
	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value) ? "yes" : "no";
	if (column->form == OUT_SIZE)
		return out_size(json_object_get_uint64(value), text);
	return json_object_get_string(value);
}

void out_table(json_object *rows, const struct out_column *columns)
{
	size_t width[16] = { 0 };
	json_object *row;
	char text[32];

	for (int i = 0; columns[i].key; i++)
		width[i] = strlen(columns[i].title);
	for_each_row(row, rows)
		for (int i = 0; columns[i].key; i++) {
			size_t len = strlen(cell(row, &columns[i], text));

			width[i] = len > width[i] ? len : width[i];
		}
	/* the last column is not padded: no blanks at the ends of lines */
	for (int i = 0; columns[i].key; i++)
		printf("%-*s%s", columns[i + 1].key ? (int)width[i] : 0, columns[i].title,
		       columns[i + 1].key ? "  " : "\n");
	for_each_row(row, rows)
		for (int i = 0; columns[i].key; i++)
			printf("%-*s%s", columns[i + 1].key ? (int)width[i] : 0,
			       cell(row, &columns[i], text), columns[i + 1].key ? "  " : "\n");
}
