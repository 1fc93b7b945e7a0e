// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_verbs: atomics. The word lies in the target buffer, its old value comes
 * back into the source buffer; both values and the neighbours of both are
 * checked.
 */
#include <errno.h>
#include <inttypes.h>

#include "t.h"
#include "t_verbs.h"

#define WORD   4088 /* the last word of a page */
#define RESULT 8192 /* the first one of a page */

static volatile uint64_t *word_at(const struct t_buf *buf, size_t offset)
{
	return (volatile uint64_t *)((uint8_t *)buf->addr + offset);
}

static int expect(const char *what, uint64_t got, uint64_t expected)
{
	if (got == expected)
		return 0;
	t_err("%s is 0x%016" PRIx64 ", should be 0x%016" PRIx64, what, got,
	      expected);
	return -EBADMSG;
}

/*
 * One atomic: the word was @before and must become @after, and @before must
 * come back.
 */
static int run_atomic(struct verbs *verbs, struct ibv_send_wr *wr,
		      uint64_t before, uint64_t after)
{
	struct ibv_sge result =
		verbs_sge(verbs->from_mr, RESULT, sizeof(uint64_t));
	struct t_target around = verbs_target(verbs, WORD, sizeof(uint64_t));
	int ret;

	wr->sg_list = &result;
	wr->num_sge = 1;
	wr->wr.atomic.remote_addr = (uintptr_t)verbs->to_mr->addr + WORD;
	wr->wr.atomic.rkey = verbs->to_mr->rkey;
	*word_at(&verbs->to, WORD) = before;
	*word_at(&verbs->from, RESULT) = ~before;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);

	ret = t_rc_run(&verbs->pair[0], wr);
	if (!ret)
		ret = expect("the value returned",
			     *word_at(&verbs->from, RESULT), before);
	if (!ret)
		ret = expect("the value left behind",
			     *word_at(&verbs->to, WORD), after);
	if (ret)
		return ret;
	t_pattern_fill((uint8_t *)verbs->from.addr + RESULT, sizeof(uint64_t),
		       verbs->seed, RESULT);
	t_target_restore(&around);
	return 0;
}

static int fetch_add(struct verbs *verbs, uint64_t before, uint64_t add)
{
	struct ibv_send_wr wr = {.opcode = IBV_WR_ATOMIC_FETCH_AND_ADD};

	wr.wr.atomic.compare_add = add;
	return run_atomic(verbs, &wr, before, before + add);
}

static int test_fetch_add(struct verbs *verbs)
{
	int ret = fetch_add(verbs, UINT64_C(0x0123456789abcdef),
			    UINT64_C(0x1111111111111111));

	if (!ret)
		ret = fetch_add(verbs, UINT64_C(0xffffffff),
				1); /* carries into the upper half */
	if (!ret)
		ret = fetch_add(verbs, UINT64_MAX, 5); /* wraps */
	return ret;
}

static int cmp_swap(struct verbs *verbs, uint64_t before, uint64_t compare,
		    uint64_t swap)
{
	struct ibv_send_wr wr = {.opcode = IBV_WR_ATOMIC_CMP_AND_SWP};

	wr.wr.atomic.compare_add = compare;
	wr.wr.atomic.swap = swap;
	return run_atomic(verbs, &wr, before,
			  before == compare ? swap : before);
}

static int test_cmp_swap(struct verbs *verbs)
{
	const uint64_t value = UINT64_C(0xfedcba9876543210);
	int ret = cmp_swap(verbs, value, value, UINT64_C(0x00ff00ff00ff00ff));

	/* Different in one half only: no swap. */
	if (!ret)
		ret = cmp_swap(verbs, value, value ^ 1, 0);
	if (!ret)
		ret = cmp_swap(verbs, value, value ^ UINT64_C(1) << 63, 0);
	return ret;
}

const struct verb_test atomic_verb_tests[] = {
	{"fetch_add", test_fetch_add},
	{"cmp_swap", test_cmp_swap},
	{0},
};
