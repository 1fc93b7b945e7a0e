// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_json [POINTER]
 *
 * Standard input must be one JSON document; prints what POINTER (RFC 6901, as
 * /memory/0/spec) points to, strings bare. Exit 1 if it is none or has nothing there.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "t.h"

static json_object *read_document(void)
{
	static char text[1 << 20];
	size_t len = fread(text, 1, sizeof(text) - 1, stdin);
	json_tokener *tokener = json_tokener_new_ex(32);
	json_object *doc;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* with its terminator, so that a number at the end is known to be complete */
	doc = json_tokener_parse_ex(tokener, text, (int)len + 1);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		t_err("%s", json_tokener_error_desc(json_tokener_get_error(tokener)));
		json_object_put(doc);
		doc = NULL;
	}
	json_tokener_free(tokener);
	return doc;
}

int main(int argc, char **argv)
{
	json_object *doc = read_document(), *value;

	if (!doc || argc > 2)
		return T_FAIL;
	if (json_pointer_get(doc, argc == 2 ? argv[1] : "", &value)) {
		t_err("nothing at %s", argv[1]);
		return T_FAIL;
	}
	puts(value ? json_object_get_string(value) : "null");
	json_object_put(doc);
	return T_PASS;
}
