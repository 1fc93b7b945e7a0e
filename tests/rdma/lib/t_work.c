// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_work.h"

#include <errno.h>
#include <string.h>

#include "t.h"
#include "t_move.h"
#include "t_pattern.h"

int t_work_open(struct t_work *work, struct t_dev *dev)
{
	int ret;

	memset(work, 0, sizeof(*work));
	work->dev = dev;
	ret = t_buf_open(&work->host, "host:size=128K");
	if (!ret)
		ret = t_dev_register(dev, &work->host,
				     IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE,
				     &work->host_mr);
	if (!ret)
		ret = t_rc_pair_open(work->pair, dev);
	if (ret)
		t_work_close(work);
	return ret;
}

void t_work_close(struct t_work *work)
{
	t_rc_pair_close(work->pair);
	if (work->host_mr)
		t_dev_dereg_mr(work->host_mr);
	work->host_mr = NULL;
	t_buf_close(&work->host);
}

/* One transfer over regions that somebody else registered. */
static int move(struct t_work *work, const char *verb, struct ibv_mr *from_mr, size_t from,
		struct ibv_mr *to_mr, size_t to, size_t len)
{
	struct t_move one = {
		.verb = t_verb_find(verb),
		.dev = work->dev,
		.pair = { work->pair[0], work->pair[1] },
		.from_mr = from_mr,
		.to_mr = to_mr,
	};

	if (len > T_WORK_MAX)
		return t_fail(-EINVAL, "a check of %zu bytes", len);
	return t_move_run(&one, from, to, len);
}

int t_work_write(struct t_work *work, struct ibv_mr *mr, size_t offset, size_t len, uint64_t seed)
{
	t_pattern_fill(work->host.addr, len, seed, offset);
	return move(work, "write", work->host_mr, 0, mr, offset, len);
}

static int bring_back(struct t_work *work, const char *verb, struct ibv_mr *mr, size_t offset,
		      size_t len, uint64_t seed)
{
	uint8_t *back = (uint8_t *)work->host.addr + T_WORK_MAX;
	struct t_mismatch bad;
	int ret;

	/* Bytes of a sea: what does not come back cannot look as if it did. */
	t_pattern_fill(back, len, ~seed | T_PATTERN_SEA, offset);
	ret = move(work, verb, mr, offset, work->host_mr, T_WORK_MAX, len);
	if (!ret && t_pattern_check(back, len, seed, offset, &bad))
		ret = t_fail(-EBADMSG, "byte %zu that came back by %s is 0x%02x, should be 0x%02x",
			     offset + bad.offset, verb, bad.got, bad.expected);
	return ret;
}

int t_work_fetch(struct t_work *work, struct ibv_mr *mr, size_t offset, size_t len, uint64_t seed)
{
	return bring_back(work, "read", mr, offset, len, seed);
}

int t_work_source(struct t_work *work, struct ibv_mr *mr, size_t offset, size_t len, uint64_t seed)
{
	return bring_back(work, "write", mr, offset, len, seed);
}

int t_work_check(struct t_work *work, struct ibv_mr *mr, size_t offset, size_t len,
		 const void *view)
{
	struct t_mismatch bad;
	int ret;

	ret = t_work_write(work, mr, offset, len, ++work->seed);
	if (!ret)
		ret = t_work_fetch(work, mr, offset, len, work->seed);
	if (!ret && view && t_pattern_check(view, len, work->seed, offset, &bad))
		ret = t_fail(-EBADMSG, "byte %zu that the CPU reads is 0x%02x, should be 0x%02x",
			     offset + bad.offset, bad.got, bad.expected);
	return ret;
}
