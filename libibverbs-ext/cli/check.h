/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One line of `peer_mem check`: a subject, a judgement, and what to do about it. */
#ifndef CHECK_H
#define CHECK_H

#include <json-c/json.h>

struct cli;

enum check_state {
	CHECK_OK,
	CHECK_WARN, /* some uses will not work, or it could not be found out */
	CHECK_BAD,  /* registration will not work */
};

/* @change: what to do, or NULL. */
void check_add(json_object *lines, const char *subject, enum check_state state,
	       const char *change, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* check_pci.c: what decides about ways */
void check_iommu(json_object *lines);
void check_acs(struct cli *cli, json_object *lines);

#endif /* CHECK_H */
