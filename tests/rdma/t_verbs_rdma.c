// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_verbs: RDMA write and read, with immediate data, inline data and several
 * SGEs.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "t.h"
#include "t_verbs.h"

/* Unaligned on both sides, more than two MTUs long, across pages. */
#define FROM 4091
#define TO   8205
#define LEN  9001
#define IMM  0xc0ffee42u

/*
 * The most pieces a test scatters or gathers; more SGEs than that are not used.
 */
#define MAX_PIECES   32
#define PIECE_STRIDE 1000

static struct ibv_send_wr rdma_wr(enum ibv_wr_opcode opcode,
				  struct ibv_sge *sges, int count,
				  const struct ibv_mr *remote, size_t offset)
{
	struct ibv_send_wr wr = {
		.opcode = opcode,
		.sg_list = sges,
		.num_sge = count,
		.wr.rdma =
			{
				.remote_addr = (uintptr_t)remote->addr + offset,
				.rkey = remote->rkey,
			},
	};

	return wr;
}

static int test_write(struct verbs *verbs)
{
	struct ibv_sge sge = verbs_sge(verbs->from_mr, FROM, LEN);
	struct ibv_send_wr wr =
		rdma_wr(IBV_WR_RDMA_WRITE, &sge, 1, verbs->to_mr, TO);
	int ret = t_rc_run(&verbs->pair[0], &wr);

	return ret ? ret : verbs_landed(verbs, FROM, TO, LEN);
}

static int test_write_zero(struct verbs *verbs)
{
	struct ibv_send_wr wr =
		rdma_wr(IBV_WR_RDMA_WRITE, NULL, 0, verbs->to_mr, TO);

	return t_rc_run(&verbs->pair[0], &wr);
}

static int test_write_imm(struct verbs *verbs)
{
	struct ibv_sge sge = verbs_sge(verbs->from_mr, FROM, LEN);
	struct ibv_send_wr wr =
		rdma_wr(IBV_WR_RDMA_WRITE_WITH_IMM, &sge, 1, verbs->to_mr, TO);
	struct ibv_recv_wr recv = {0};
	struct ibv_wc wc;
	int ret;

	wr.imm_data = htonl(IMM);
	ret = t_rc_post_recv(&verbs->pair[1], &recv);
	if (!ret)
		ret = t_rc_run(&verbs->pair[0], &wr);
	if (!ret)
		ret = t_rc_wait(&verbs->pair[1], &wc);
	if (ret)
		return ret;
	if (wc.opcode != IBV_WC_RECV_RDMA_WITH_IMM ||
	    !(wc.wc_flags & IBV_WC_WITH_IMM) || ntohl(wc.imm_data) != IMM)
		return t_fail(-EBADMSG,
			      "immediate data is 0x%x, should be 0x%x",
			      ntohl(wc.imm_data), IMM);
	return verbs_landed(verbs, FROM, TO, LEN);
}

/*
 * Here it is the CPU that reads the source, at the time of posting: no lkey
 * needed.
 */
static int test_write_inline(struct verbs *verbs)
{
	size_t len = verbs->pair[0].max_inline;
	struct ibv_sge sge = verbs_sge(verbs->from_mr, FROM, len);
	struct ibv_send_wr wr =
		rdma_wr(IBV_WR_RDMA_WRITE, &sge, 1, verbs->to_mr, TO);
	int ret;

	if (!len)
		return -EOPNOTSUPP;
	sge.lkey = ~verbs->from_mr->lkey;
	wr.send_flags = IBV_SEND_INLINE;
	ret = t_rc_run(&verbs->pair[0], &wr);
	return ret ? ret : verbs_landed(verbs, FROM, TO, len);
}

static int test_read(struct verbs *verbs)
{
	struct ibv_sge sge = verbs_sge(verbs->to_mr, TO, LEN);
	struct ibv_send_wr wr =
		rdma_wr(IBV_WR_RDMA_READ, &sge, 1, verbs->from_mr, FROM);
	int ret = t_rc_run(&verbs->pair[0], &wr);

	return ret ? ret : verbs_landed(verbs, FROM, TO, LEN);
}

/*
 * Piece @i of a buffer: odd offsets, gaps between, lengths from 1 to 300 and
 * something.
 */
static size_t piece_offset(int i)
{
	return (size_t)i * PIECE_STRIDE + (size_t)(i % 8) + 1;
}

static size_t piece_len(int i)
{
	return (size_t)(i * 11) + 1;
}

static int piece_count(const struct verbs *verbs)
{
	int max = (int)verbs->pair[0].max_sge;

	return max < MAX_PIECES ? max : MAX_PIECES;
}

static size_t make_pieces(const struct verbs *verbs, const struct ibv_mr *mr,
			  struct ibv_sge *sges)
{
	size_t len = 0;

	for (int i = 0; i < piece_count(verbs); i++) {
		sges[i] = verbs_sge(mr, piece_offset(i), piece_len(i));
		len += piece_len(i);
	}
	return len;
}

/* Gathered: pieces of the source lie one behind the other in the target. */
static int test_write_sges(struct verbs *verbs)
{
	struct ibv_sge sges[MAX_PIECES];
	size_t len = make_pieces(verbs, verbs->from_mr, sges);
	struct ibv_send_wr wr = rdma_wr(IBV_WR_RDMA_WRITE, sges,
					piece_count(verbs), verbs->to_mr, TO);
	struct t_target all = verbs_target(verbs, TO, len);
	struct t_mismatch bad;
	uint8_t *at = (uint8_t *)verbs->to.addr + TO;
	int ret = t_rc_run(&verbs->pair[0], &wr);

	for (int i = 0; i < piece_count(verbs) && !ret; i++) {
		ret = t_pattern_check(at, piece_len(i), verbs->seed,
				      piece_offset(i), &bad);
		if (ret)
			t_err("piece %d of the source is wrong at byte %zu", i,
			      bad.offset);
		at += piece_len(i);
	}
	if (!ret)
		t_target_restore(&all);
	return ret;
}

/* Scattered: consecutive bytes of the source lie in pieces of the target. */
static int test_read_sges(struct verbs *verbs)
{
	struct ibv_sge sges[MAX_PIECES];
	size_t from = FROM;
	struct ibv_send_wr wr;
	int ret;

	make_pieces(verbs, verbs->to_mr, sges);
	wr = rdma_wr(IBV_WR_RDMA_READ, sges, piece_count(verbs), verbs->from_mr,
		     FROM);
	ret = t_rc_run(&verbs->pair[0], &wr);
	for (int i = 0; i < piece_count(verbs) && !ret; i++) {
		ret = verbs_landed(verbs, from, piece_offset(i), piece_len(i));
		from += piece_len(i);
	}
	return ret;
}

const struct verb_test rdma_verb_tests[] = {
	{"write", test_write},		 {"write_zero", test_write_zero},
	{"write_imm", test_write_imm},	 {"write_inline", test_write_inline},
	{"write_sges", test_write_sges}, {"read", test_read},
	{"read_sges", test_read_sges},	 {0},
};
