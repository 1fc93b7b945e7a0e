// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_verbs: send and receive, with immediate data, inline data and several SGEs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>

#include "t.h"
#include "t_verbs.h"

#define FROM 3003
#define TO   4090
#define LEN  8209
#define IMM  0x5eed0001u

/*
 * Receives are posted first: this connection is not about receiver-not-ready.
 */
static int send_and_receive(struct verbs *verbs, struct ibv_send_wr *send,
			    struct ibv_recv_wr *recv, size_t len,
			    struct ibv_wc *wc)
{
	int ret;

	ret = t_rc_post_recv(&verbs->pair[1], recv);
	if (!ret)
		ret = t_rc_run(&verbs->pair[0], send);
	if (!ret)
		ret = t_rc_wait(&verbs->pair[1], wc);
	if (!ret && (wc->opcode != IBV_WC_RECV || wc->byte_len != len))
		ret = t_fail(-EBADMSG, "received %u bytes, should be %zu",
			     wc->byte_len, len);
	return ret;
}

static int send_plain(struct verbs *verbs, enum ibv_wr_opcode opcode,
		      unsigned int flags, size_t len, struct ibv_wc *wc)
{
	struct ibv_sge source = verbs_sge(verbs->from_mr, FROM, len);
	/* Room for more than is sent: the rest must stay as it is. */
	struct ibv_sge target = verbs_sge(verbs->to_mr, TO, len + 100);
	struct ibv_recv_wr recv = {.sg_list = &target, .num_sge = 1};
	struct ibv_send_wr send = {
		.opcode = opcode,
		.send_flags = flags,
		.sg_list = &source,
		.num_sge = 1,
		.imm_data = htonl(IMM),
	};
	int ret = send_and_receive(verbs, &send, &recv, len, wc);

	return ret ? ret : verbs_landed(verbs, FROM, TO, len);
}

static int test_send(struct verbs *verbs)
{
	struct ibv_wc wc;

	return send_plain(verbs, IBV_WR_SEND, 0, LEN, &wc);
}

static int test_send_inline(struct verbs *verbs)
{
	struct ibv_wc wc;

	if (!verbs->pair[0].max_inline)
		return -EOPNOTSUPP;
	return send_plain(verbs, IBV_WR_SEND, IBV_SEND_INLINE,
			  verbs->pair[0].max_inline, &wc);
}

static int test_send_imm(struct verbs *verbs)
{
	struct ibv_wc wc;
	int ret = send_plain(verbs, IBV_WR_SEND_WITH_IMM, 0, LEN, &wc);

	if (!ret &&
	    (!(wc.wc_flags & IBV_WC_WITH_IMM) || ntohl(wc.imm_data) != IMM))
		ret = t_fail(-EBADMSG, "immediate data is 0x%x, should be 0x%x",
			     ntohl(wc.imm_data), IMM);
	return ret;
}

/* Two gathered pieces into three scattered ones, cut at different places. */
static int test_send_sges(struct verbs *verbs)
{
	struct ibv_sge source[] = {
		verbs_sge(verbs->from_mr, 11, 4099),
		verbs_sge(verbs->from_mr, 11 + 4099, 2001),
	};
	struct ibv_sge target[] = {
		verbs_sge(verbs->to_mr, 20003, 1),
		verbs_sge(verbs->to_mr, 100, 5001),
		verbs_sge(verbs->to_mr, 12291, 4099 + 2001 - 5002),
	};
	struct ibv_recv_wr recv = {.sg_list = target, .num_sge = 3};
	struct ibv_send_wr send = {
		.opcode = IBV_WR_SEND, .sg_list = source, .num_sge = 2};
	size_t from = 11;
	struct ibv_wc wc;
	int ret = send_and_receive(verbs, &send, &recv, 4099 + 2001, &wc);

	for (int i = 0; i < 3 && !ret; i++) {
		ret = verbs_landed(verbs, from,
				   target[i].addr - (uintptr_t)verbs->to.addr,
				   target[i].length);
		from += target[i].length;
	}
	return ret;
}

const struct verb_test send_verb_tests[] = {
	{"send", test_send},
	{"send_imm", test_send_imm},
	{"send_inline", test_send_inline},
	{"send_sges", test_send_sges},
	{0},
};
