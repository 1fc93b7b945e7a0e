// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Memory regions: keys to addresses.
 *
 * Every slice of every message asks here anew, so a region that is invalidated while a
 * message is under way stops it. Translation tables stay in DMA memory and are walked there,
 * as the hardware would: what a driver writes into them is what counts.
 *
 * Three types: NORMAL, registered whole by a command; FAST, whose address, rights and pages
 * come and go with REG_MR and LOCAL_INV entries; DMA, which is bus addresses as they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rnic.h"

#define ENTRY 8u /* bytes of a table entry */
#define BATCH 64u /* table entries read at once */
#define MAX_FAST_PAGES (512u * 1024u) /* [verbs] */
#define MAX_SIZE (1ull << RNIC_LOG_MAX_MR_SIZE)
#define FAST_SHIFT 12 /* REG_MR says no page size */

/* What can be wrong with an access; the side decides which status says so. */
enum wrong { WRONG_KEY, WRONG_ADDRESS, WRONG_RIGHTS, WRONG_PD, WRONG_WRAP };

static enum rnic_status wrong(enum rnic_side side, enum wrong what)
{
	return (side == RNIC_LOCAL ? RNIC_SEND_KEY : RNIC_RECV_KEY) + what;
}

/*
 * An MR's length has 64 bits only where its table has several levels; below, the upper
 * half is not sent [use: regmr_cmd()]. The page count tells it: the pages cover the
 * length and not one page more.
 */
static uint64_t whole_size(const struct rnic_mr *mr)
{
	uint64_t page = 1ull << mr->page_shift;
	uint64_t most = (mr->pages << mr->page_shift) - (mr->va & (page - 1));
	uint64_t size = (most & ~0xffffffffull) | (uint32_t)mr->size;

	return size > most ? size - (1ull << 32) : size;
}

/*
 * REG_MR [hw]: +8 valid 31, version 30:28, key 27:20, index 19:0; +12 PD 31:12, type 7:6,
 * rights 5:1; +16 address; +24 size; +28 page size 31:27, table page size 26:24, level
 * 21:20, pages 19:0; +32 pages, or the table, and in version 1 +40 size, +44 pages, upper
 * halves.
 */
static int decode(const uint8_t *cmd, struct rnic_mr *mr)
{
	uint32_t cfg0 = rnic_le32(cmd + 8), cfg1 = rnic_le32(cmd + 12);
	uint32_t cfg2 = rnic_le32(cmd + 28);
	bool wide = rnic_bits(cfg0, 30, 28);
	uint64_t room;

	mr->type = rnic_bits(cfg1, 7, 6);
	mr->key = rnic_bits(cfg0, 27, 20);
	mr->rights = rnic_bits(cfg1, 5, 1);
	mr->pd = rnic_bits(cfg1, 31, 12);
	mr->valid = rnic_bits(cfg0, 31, 31) || mr->type == RNIC_MR_DMA;
	mr->va = rnic_le64(cmd + 16);
	mr->size = rnic_le32(cmd + 24);
	mr->page_shift = rnic_bits(cfg2, 31, 27);
	mr->table_shift = rnic_bits(cfg2, 26, 24) + 12;
	mr->level = rnic_bits(cfg2, 21, 20);
	mr->pages = rnic_bits(cfg2, 19, 0);
	for (unsigned int n = 0; n < 4; n++)
		mr->table[n] = rnic_le64(cmd + 32 + 8 * n);
	if (wide) {
		mr->size |= (uint64_t)rnic_le32(cmd + 40) << 32;
		mr->pages |= (uint64_t)rnic_le32(cmd + 44) << 20;
	}
	if (mr->type == RNIC_MR_DMA)
		return 0;
	if (mr->type > RNIC_MR_DMA || !mr->pages || mr->page_shift < 12 ||
	    mr->pages > MAX_SIZE >> mr->page_shift || (!mr->level && mr->pages > 4) ||
	    mr->pd >= RNIC_MAX_PD)
		return -EINVAL;
	if (mr->type == RNIC_MR_FAST)
		return mr->level == 1 && mr->pages <= MAX_FAST_PAGES ? 0 : -EINVAL;
	if (!wide)
		mr->size = whole_size(mr);
	room = (mr->pages << mr->page_shift) - (mr->va & ((1ull << mr->page_shift) - 1));
	if (!mr->size || mr->size > room || mr->va + (mr->size - 1) < mr->va)
		return -EINVAL;
	return 0;
}

int rnic_mr_register(struct rnic_port *port, const uint8_t *cmd)
{
	uint32_t index = rnic_bits(rnic_le32(cmd + 8), 19, 0);
	struct rnic_mr *mr;
	int ret;

	if (index >= RNIC_MAX_MR || port->state->mr[index])
		return -EINVAL;
	mr = calloc(1, sizeof(*mr));
	if (!mr)
		return -ENOMEM;
	ret = decode(cmd, mr);
	if (ret) {
		free(mr);
		return ret;
	}
	if (mr->type == RNIC_MR_FAST)
		mr->valid = false;
	port->state->mr[index] = mr;
	return 0;
}

void rnic_mr_free(struct rnic_port *port, uint32_t index)
{
	struct rnic_mr *mr = port->state->mr[index];

	if (!mr)
		return;
	port->state->mr[index] = NULL;
	free(mr->fast);
	free(mr);
}

/* A fast-registration MR may have any key by now; the index is what is given back. */
int rnic_mr_deregister(struct rnic_port *port, uint32_t key)
{
	uint32_t index = rnic_bits(key, 19, 0);

	if (index >= RNIC_MAX_MR || !port->state->mr[index])
		return -ENOENT;
	rnic_mr_free(port, index);
	return 0;
}

static struct rnic_mr *lookup(struct rnic_port *port, uint32_t key)
{
	uint32_t index = key >> 8;

	return index < RNIC_MAX_MR ? port->state->mr[index] : NULL;
}

/* How many entries, at most @want, follow @index in one piece of the lowest table. */
static int leaf(struct rnic_port *port, const struct rnic_mr *mr, uint64_t index,
		uint64_t *address, uint64_t *room)
{
	uint32_t fan_shift = mr->table_shift - 3;
	uint64_t table = mr->table[0];

	*room = mr->pages - index;
	for (unsigned int level = mr->level; level > 1; level--) {
		uint64_t at = index >> fan_shift * (level - 1);
		uint8_t entry[ENTRY];
		int ret;

		at &= level == mr->level ? ~0ull : (1u << fan_shift) - 1;
		ret = rnic_dma_read(port, RNIC_USE_TABLE, table + at * ENTRY, entry, ENTRY);
		if (ret)
			return ret;
		table = rnic_le64(entry);
	}
	if (mr->level > 1) {
		index &= (1u << fan_shift) - 1;
		if (*room > (1u << fan_shift) - index)
			*room = (1u << fan_shift) - index;
	}
	*address = table + index * ENTRY;
	return 0;
}

/* Reads up to @want entries from @index on into @entry; how many, or -errno. */
static int entries(struct rnic_port *port, const struct rnic_mr *mr, uint64_t index,
		   uint32_t want, uint64_t entry[BATCH])
{
	uint64_t address, room;
	int ret;

	want = want < BATCH ? want : BATCH;
	if (mr->fast || !mr->level) {
		const uint64_t *from = mr->fast ? mr->fast : mr->table;

		room = mr->pages - index;
		want = want < room ? want : room;
		memcpy(entry, from + index, want * ENTRY);
		return want;
	}
	ret = leaf(port, mr, index, &address, &room);
	if (ret)
		return ret;
	want = want < room ? want : room;
	ret = rnic_dma_read(port, RNIC_USE_TABLE, address, entry, want * ENTRY);
	for (uint32_t n = 0; n < want; n++)
		entry[n] = le64toh(entry[n]);
	return ret ? ret : (int)want;
}

/* Adds a segment, merging it with the last where it goes on there. */
static bool add(struct rnic_segs *segs, uint64_t address, uint32_t length)
{
	struct rnic_seg *last = segs->count ? &segs->seg[segs->count - 1] : NULL;

	if (last && !last->own && last->address + last->length == address) {
		last->length += length;
	} else {
		if (segs->count == sizeof(segs->seg) / sizeof(segs->seg[0]))
			return false;
		segs->seg[segs->count++] =
			(struct rnic_seg){ .address = address, .length = length };
	}
	segs->bytes += length;
	return true;
}

static enum rnic_status translate(struct rnic_port *port, const struct rnic_mr *mr,
				  uint64_t va, uint32_t want, struct rnic_segs *segs)
{
	uint64_t page = 1ull << mr->page_shift;
	uint64_t offset = va - (mr->va & ~(page - 1));

	while (want) {
		uint64_t entry[BATCH];
		uint64_t index = offset >> mr->page_shift;
		uint32_t pages = (((offset & (page - 1)) + want - 1) >> mr->page_shift) + 1;
		int count = entries(port, mr, index, pages, entry);

		if (count <= 0)
			return RNIC_GENERAL;
		for (int n = 0; n < count && want; n++) {
			uint64_t in_page = offset & (page - 1);
			uint32_t len = want < page - in_page ? want : page - in_page;

			if (!add(segs, (entry[n] & ~(page - 1)) + in_page, len))
				return RNIC_OK;
			offset += len;
			want -= len;
		}
	}
	return RNIC_OK;
}

enum rnic_status rnic_mr_access(struct rnic_qp *qp, enum rnic_side side,
				const struct rnic_sge *sge, uint8_t right, uint32_t skip,
				uint32_t want, struct rnic_segs *segs)
{
	struct rnic_mr *mr = lookup(qp->port, sge->key);
	uint64_t last;

	if (!sge->length)
		return RNIC_OK; /* moves nothing, so no key is looked at */
	if (sge->key == RNIC_LOCAL_DMA_KEY && side == RNIC_LOCAL && qp->kernel) {
		add(segs, sge->address + skip, want);
		return RNIC_OK;
	}
	if (!mr || !mr->valid || mr->key != (sge->key & 0xff))
		return wrong(side, WRONG_KEY);
	if (mr->pd != qp->pd)
		return wrong(side, WRONG_PD);
	if (!(mr->rights & right))
		return wrong(side, WRONG_RIGHTS);
	if (__builtin_add_overflow(sge->address, sge->length - 1, &last))
		return wrong(side, WRONG_WRAP);
	if (mr->type == RNIC_MR_DMA) {
		add(segs, sge->address + skip, want);
		return RNIC_OK;
	}
	/* An address below it is one far above it here. */
	if (sge->address - mr->va > mr->size ||
	    sge->length > mr->size - (sge->address - mr->va))
		return wrong(side, WRONG_ADDRESS);
	return translate(qp->port, mr, sge->address + skip, want, segs);
}

/*
 * REG_MR entry [hw]: attributes are rights 5:1, where the pages are 7:6 (0: in the entry,
 * 1: in the MR's own table), how many 31:12.
 */
enum rnic_status rnic_mr_fast_register(struct rnic_qp *qp, const struct rnic_wqe *wqe)
{
	struct rnic_mr *mr = lookup(qp->port, wqe->key);
	uint64_t pages = rnic_bits(wqe->attrs, 31, 12);
	uint64_t *list;
	int ret = 0;

	if (!mr || mr->type != RNIC_MR_FAST)
		return RNIC_SEND_KEY;
	if (mr->pd != qp->pd)
		return RNIC_SEND_PD;
	if (!wqe->length || wqe->remote + (wqe->length - 1) < wqe->remote)
		return RNIC_SEND_WRAP;
	if (mr->valid || pages > mr->pages ||
	    (wqe->remote & 0xfff) + wqe->length > pages << FAST_SHIFT)
		return RNIC_SEND_FORMAT;
	/* As many as a REG_MR may ever list: mr->pages stays the limit. */
	list = calloc(mr->pages, ENTRY);
	if (!list)
		return RNIC_GENERAL;
	if (rnic_bits(wqe->attrs, 7, 6)) {
		ret = rnic_dma_read(qp->port, RNIC_USE_TABLE, mr->table[0], list,
				    pages * ENTRY);
	} else if (RNIC_BLOCK + pages * ENTRY > (uint32_t)wqe->blocks * RNIC_BLOCK) {
		ret = -EINVAL;
	} else {
		memcpy(list, wqe->bytes + RNIC_BLOCK, pages * ENTRY);
	}
	if (ret) {
		free(list);
		return ret == -EINVAL ? RNIC_SEND_FORMAT : RNIC_GENERAL;
	}
	for (uint64_t n = 0; n < pages; n++)
		list[n] = le64toh(list[n]);
	free(mr->fast);
	mr->fast = list;
	mr->key = wqe->key & 0xff;
	mr->rights = rnic_bits(wqe->attrs, 5, 1);
	mr->va = wqe->remote;
	mr->size = wqe->length;
	mr->page_shift = FAST_SHIFT;
	mr->valid = true;
	return RNIC_OK;
}

enum rnic_status rnic_mr_invalidate(struct rnic_qp *qp, uint32_t key, enum rnic_side side)
{
	struct rnic_mr *mr = lookup(qp->port, key);

	if (!mr || mr->type != RNIC_MR_FAST || mr->key != (key & 0xff))
		return wrong(side, WRONG_KEY);
	if (mr->pd != qp->pd)
		return wrong(side, WRONG_PD);
	mr->valid = false;
	return RNIC_OK;
}
