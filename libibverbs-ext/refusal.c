// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Refusals. The kernel keeps one sentence for each,
 *
 *   "rxe0 (0000:04:00.0 BAR 2, peer_bar): why (at 0x7f..)[: detail]; to change it: remedy"
 *
 * without the parenthesis where the memory is unknown. It is text for people: what is
 * not found is left empty and the rest stays in why.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "priv.h"

static const char remedy_mark[] = "; to change it: ";

/* [from, to) without blanks around it. */
static void copy_part(char *out, size_t size, const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (from < to && isspace((unsigned char)to[-1]))
		to--;
	snprintf(out, size, "%.*s", (int)(to - from), from);
}

static void take_apart(struct ibvx_refusal *out, const char *text)
{
	const char *end = text + strlen(text), *colon, *mark, *open;

	mark = strstr(text, remedy_mark);
	if (mark) {
		copy_part(out->change, sizeof(out->change), mark + sizeof(remedy_mark) - 1, end);
		end = mark;
	}
	/* BDFs have colons too, but no blank after them */
	colon = strstr(text, ": ");
	if (colon && colon < end) {
		open = memchr(text, '(', (size_t)(colon - text));
		copy_part(out->nic, sizeof(out->nic), text, open ? open : colon);
		if (open)
			copy_part(out->where, sizeof(out->where), open + 1, colon - 1);
		text = colon + 2;
	}
	snprintf(out->why, sizeof(out->why), "%.*s", (int)(end - text), text);
}

IBVX_EXPORT int ibvx_refusal(struct ibvx *x, unsigned int index, pid_t pid,
			     struct ibvx_refusal *refusal, size_t size)
{
	struct peer_mem_refusal arg = {
		.size = sizeof(arg),
		.index = index,
		.pid = pid,
	};
	struct ibvx_refusal out = { 0 };
	int ret;

	if (!size)
		return -EINVAL;
	ret = ibvx_ioctl(x, PEER_MEM_REFUSAL, &arg);
	if (ret)
		return ret;
	out.pid = arg.pid;
	out.error = arg.error;
	out.seconds_ago = arg.seconds_ago;
	out.addr = arg.va;
	out.len = arg.len;
	arg.comm[sizeof(arg.comm) - 1] = '\0';
	arg.text[sizeof(arg.text) - 1] = '\0';
	memcpy(out.program, arg.comm, sizeof(out.program));
	take_apart(&out, arg.text);
	ibvx_copy_out(refusal, size, &out, sizeof(out));
	return 0;
}
