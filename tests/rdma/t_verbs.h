/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of verbs that t_verbs tries, and what each of them works on: a
 * source with a pattern, a target that is sea, a connection of the device with
 * itself.
 */
#ifndef T_VERBS_H
#define T_VERBS_H

#include "t_buf.h"
#include "t_pattern.h"
#include "t_rc.h"

/*
 * Of each buffer only so much is used: the CPU fills and checks it for each
 * verb.
 */
#define VERBS_AREA ((size_t)64 << 10)

struct verbs {
	struct t_dev dev;
	struct t_buf from;
	struct t_buf to;
	struct ibv_mr *from_mr;
	struct ibv_mr *to_mr;
	struct t_rc pair[2];
	uint64_t seed; /* of the source; with T_PATTERN_SEA of the target */
};

struct verb_test {
	const char *name;
	/* -EOPNOTSUPP: the device does not offer it, which is no failure. */
	int (*run)(struct verbs *verbs);
};

/* One table per file of tests, each ended by an empty entry. */
extern const struct verb_test rdma_verb_tests[];
extern const struct verb_test send_verb_tests[];
extern const struct verb_test atomic_verb_tests[];
extern const struct verb_test ops_verb_tests[];

static inline struct ibv_sge verbs_sge(const struct ibv_mr *mr, size_t offset,
				       size_t len)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)mr->addr + offset,
		.length = (uint32_t)len,
		.lkey = mr->lkey,
	};

	return sge;
}

static inline struct t_target verbs_target(const struct verbs *verbs,
					   size_t start, size_t len)
{
	struct t_target target = {
		.base = verbs->to.addr,
		.size = VERBS_AREA,
		.start = start,
		.len = len,
		.sea = verbs->seed | T_PATTERN_SEA,
	};

	return target;
}

/*
 * @len bytes from offset @from of the source are at @to of the target; makes it
 * sea again.
 */
int verbs_landed(struct verbs *verbs, size_t from, size_t to, size_t len);

#endif /* T_VERBS_H */
