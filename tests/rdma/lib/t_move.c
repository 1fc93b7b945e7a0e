// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_move.h"

#include <errno.h>
#include <string.h>

#include "t.h"

struct t_verb {
	const char *name;
	int from_access;
	int to_access;
	/* One message, at most as long as the port allows. */
	int (*run)(struct t_move *move, size_t from, size_t to, uint32_t len);
};

static struct ibv_sge sge_at(const struct ibv_mr *mr, size_t offset,
			     uint32_t len)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)mr->addr + offset,
		.length = len,
		.lkey = mr->lkey,
	};

	return sge;
}

static int run_write(struct t_move *move, size_t from, size_t to, uint32_t len)
{
	struct ibv_sge sge = sge_at(move->from_mr, from, len);
	struct ibv_send_wr wr = {
		.opcode = IBV_WR_RDMA_WRITE,
		.sg_list = &sge,
		.num_sge = 1,
		.wr.rdma =
			{
				.remote_addr =
					(uintptr_t)move->to_mr->addr + to,
				.rkey = move->to_mr->rkey,
			},
	};

	return t_rc_run(&move->pair[0], &wr);
}

static int run_read(struct t_move *move, size_t from, size_t to, uint32_t len)
{
	struct ibv_sge sge = sge_at(move->to_mr, to, len);
	struct ibv_send_wr wr = {
		.opcode = IBV_WR_RDMA_READ,
		.sg_list = &sge,
		.num_sge = 1,
		.wr.rdma =
			{
				.remote_addr =
					(uintptr_t)move->from_mr->addr + from,
				.rkey = move->from_mr->rkey,
			},
	};

	return t_rc_run(&move->pair[0], &wr);
}

static int run_send(struct t_move *move, size_t from, size_t to, uint32_t len)
{
	struct ibv_sge source = sge_at(move->from_mr, from, len);
	struct ibv_sge target = sge_at(move->to_mr, to, len);
	struct ibv_recv_wr recv = {.sg_list = &target, .num_sge = 1};
	struct ibv_send_wr send = {
		.opcode = IBV_WR_SEND, .sg_list = &source, .num_sge = 1};
	struct ibv_wc wc;
	int ret;

	ret = t_rc_post_recv(&move->pair[1], &recv);
	if (!ret)
		ret = t_rc_run(&move->pair[0], &send);
	if (!ret)
		ret = t_rc_wait(&move->pair[1], &wc);
	if (!ret && wc.byte_len != len) {
		t_err("send of %u bytes was received as %u", len, wc.byte_len);
		ret = -EIO;
	}
	return ret;
}

static const struct t_verb verbs[] = {
	{
		.name = "write",
		.to_access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE,
		.run = run_write,
	},
	{
		.name = "read",
		.from_access = IBV_ACCESS_REMOTE_READ,
		.to_access = IBV_ACCESS_LOCAL_WRITE,
		.run = run_read,
	},
	{
		.name = "send",
		.to_access = IBV_ACCESS_LOCAL_WRITE,
		.run = run_send,
	},
};

const struct t_verb *t_verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

const char *t_verb_name(const struct t_verb *verb)
{
	return verb->name;
}

int t_move_open(struct t_move *move, const struct t_verb *verb,
		struct t_dev *dev, const struct t_buf *from,
		const struct t_buf *to)
{
	int ret;

	memset(move, 0, sizeof(*move));
	move->verb = verb;
	move->dev = dev;
	move->from = from;
	move->to = to;
	ret = t_dev_register(dev, from, verb->from_access, &move->from_mr);
	if (!ret)
		ret = t_dev_register(dev, to, verb->to_access, &move->to_mr);
	if (!ret)
		ret = t_rc_pair_open(move->pair, dev);
	if (ret)
		t_move_close(move);
	return ret;
}

void t_move_close(struct t_move *move)
{
	t_rc_pair_close(move->pair);
	if (move->to_mr)
		t_dev_dereg_mr(move->to_mr);
	if (move->from_mr)
		t_dev_dereg_mr(move->from_mr);
	move->from_mr = NULL;
	move->to_mr = NULL;
}

int t_move_run(struct t_move *move, size_t from, size_t to, size_t len)
{
	const uint32_t max = move->dev->port.max_msg_sz;

	while (len) {
		uint32_t part = len < max ? (uint32_t)len : max;
		int ret = move->verb->run(move, from, to, part);

		if (ret)
			return ret;
		from += part;
		to += part;
		len -= part;
	}
	return 0;
}
