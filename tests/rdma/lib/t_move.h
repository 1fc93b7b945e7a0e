/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Moves bytes between two registered buffers by a verb of choice, over a
 * connection of the device with itself. Each buffer is registered whole, with
 * no more access rights than the verb needs.
 */
#ifndef T_MOVE_H
#define T_MOVE_H

#include "t_rc.h"

struct t_verb;

struct t_move {
	const struct t_verb *verb;
	struct t_dev *dev;
	struct t_rc pair[2];
	const struct t_buf *from;
	const struct t_buf *to;
	struct ibv_mr *from_mr;
	struct ibv_mr *to_mr;
};

/* "write", "read" or "send"; NULL for anything else. */
const struct t_verb *t_verb_find(const char *name);
const char *t_verb_name(const struct t_verb *verb);

int t_move_open(struct t_move *move, const struct t_verb *verb,
		struct t_dev *dev, const struct t_buf *from,
		const struct t_buf *to);
void t_move_close(struct t_move *move);

/*
 * Moves @len bytes from one offset to the other, in as many messages as the
 * port's maximum asks for, and returns when the last has completed on both
 * sides.
 */
int t_move_run(struct t_move *move, size_t from, size_t to, size_t len);

#endif /* T_MOVE_H */
