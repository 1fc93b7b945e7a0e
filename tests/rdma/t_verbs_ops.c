// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_verbs: the verbs that only the ibv_wr_ interface has: atomic write and
 * flush.
 */
#include <errno.h>

#include "t.h"
#include "t_verbs.h"

#define FROM 777
#define TO   4093
#define LEN  5003
#define WORD 12288

/*
 * Between start and complete one work request is built; its completion is
 * awaited.
 */
static void wr_begin(struct t_rc *rc)
{
	ibv_wr_start(rc->qpx);
	rc->qpx->wr_id = 0;
	rc->qpx->wr_flags = IBV_SEND_SIGNALED;
}

static int wr_end(struct t_rc *rc)
{
	struct ibv_wc wc;
	int ret = -ibv_wr_complete(rc->qpx);

	return ret ? t_fail(ret, "post through ibv_wr") : t_rc_wait(rc, &wc);
}

/*
 * The word is taken from the source by the CPU, which is what this verb does.
 */
static int run_atomic_write(struct verbs *verbs, struct t_rc *rc)
{
	int ret;

	wr_begin(rc);
	ibv_wr_atomic_write(rc->qpx, verbs->to_mr->rkey,
			    (uintptr_t)verbs->to_mr->addr + WORD,
			    (uint8_t *)verbs->from.addr + FROM);
	ret = wr_end(rc);
	return ret ? ret : verbs_landed(verbs, FROM, WORD, sizeof(uint64_t));
}

/*
 * A write, then a flush of what it wrote: when that is complete the bytes are
 * there.
 */
static int run_flush(struct verbs *verbs, struct t_rc *rc)
{
	struct ibv_mr *mr;
	int ret;

	ret = t_dev_register(&verbs->dev, &verbs->to,
			     IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
				     IBV_ACCESS_FLUSH_GLOBAL,
			     &mr);
	if (ret)
		return ret;
	wr_begin(rc);
	ibv_wr_rdma_write(rc->qpx, mr->rkey, (uintptr_t)mr->addr + TO);
	ibv_wr_set_sge(rc->qpx, verbs->from_mr->lkey,
		       (uintptr_t)verbs->from_mr->addr + FROM, LEN);
	ret = wr_end(rc);
	if (!ret) {
		wr_begin(rc);
		ibv_wr_flush(rc->qpx, mr->rkey, (uintptr_t)mr->addr + TO, LEN,
			     IBV_FLUSH_GLOBAL, IBV_FLUSH_RANGE);
		ret = wr_end(rc);
	}
	if (!ret)
		ret = verbs_landed(verbs, FROM, TO, LEN);
	ibv_dereg_mr(mr);
	return ret;
}

static int with_ops(struct verbs *verbs, uint64_t ops,
		    int (*run)(struct verbs *verbs, struct t_rc *rc))
{
	struct t_rc pair[2];
	int ret = t_rc_pair_open_ops(pair, &verbs->dev, ops);

	if (ret)
		return ret;
	ret = run(verbs, &pair[0]);
	t_rc_pair_close(pair);
	return ret;
}

static int test_atomic_write(struct verbs *verbs)
{
	return with_ops(verbs, IBV_QP_EX_WITH_ATOMIC_WRITE, run_atomic_write);
}

static int test_flush(struct verbs *verbs)
{
	return with_ops(verbs, IBV_QP_EX_WITH_FLUSH | IBV_QP_EX_WITH_RDMA_WRITE,
			run_flush);
}

const struct verb_test ops_verb_tests[] = {
	{"atomic_write", test_atomic_write},
	{"flush", test_flush},
	{0},
};
