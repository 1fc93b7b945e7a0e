// SPDX-License-Identifier: GPL-2.0-only
/* One refusal, one line: which range, which device, why, what to change. */
#include <linux/errno.h>
#include <linux/errname.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "peer_mem_priv.h"
#include "refuse.h"
#include "trace.h"

static const struct {
	int err;
	const char *why;
	const char *remedy;
} reasons[] = {
#define R(name, err, why, remedy) [PEER_MEM_##name] = { -(err), why, remedy },
	PEER_MEM_REASONS(R)
#undef R
};

/*
 * Any user with a NIC can make us refuse, so the log must be bounded; the burst
 * is large enough for a program that tries several ranges to see each line.
 */
#define REFUSE_INTERVAL	(5 * HZ)
#define REFUSE_BURST	50
#define REFUSE_TEXT	512	/* as in struct peer_mem_refusal */

static DEFINE_RATELIMIT_STATE(refuse_rs, REFUSE_INTERVAL, REFUSE_BURST);

static void format_where(char *buf, size_t size,
			 const struct peer_mem_where *where)
{
	if (where->pdev)
		snprintf(buf, size, " (%s BAR %d, %s)", pci_name(where->pdev),
			 where->bar, where->exporter ?: "no exporter");
	else if (where->exporter)
		snprintf(buf, size, " (%s)", where->exporter);
	else
		buf[0] = '\0';
}

static void format_refusal(char *buf, size_t size,
			   const struct peer_mem_pin_args *args,
			   enum peer_mem_reason reason,
			   const struct peer_mem_where *where)
{
	char device[64];

	format_where(device, sizeof(device), where);
	scnprintf(buf, size, "%s%s: %s (at %#lx)%s%s; to change it: %s",
		  args->consumer, device, reasons[reason].why, where->at, where->detail ? ": " : "",
		  where->detail ?: "", reasons[reason].remedy);
}

int peer_mem_refuse(const struct peer_mem_pin_args *args,
		    enum peer_mem_reason reason, int err,
		    const struct peer_mem_where *where)
{
	char *text;

	if (!err)
		err = reasons[reason].err;
	peer_mem_count(&peer_mem_stats, PEER_STAT_refusals, 1);
	trace_peer_mem_refuse(args, reasons[reason].why, err, where->at);
	if (!args->consumer)
		return err;

	text = kmalloc(REFUSE_TEXT, GFP_KERNEL);
	if (!text)
		return err;	/* the errno and the trace must do */
	format_refusal(text, REFUSE_TEXT, args, reason, where);
	peer_mem_refusal_keep(args, err, text);
	if (__ratelimit(&refuse_rs))
		/* the text starts with the consumer, which stands first here */
		pr_info("%s: %s[%d] may not register %#lx+%#zx%s [%d]\n",
			args->consumer, current->comm, task_tgid_nr(current),
			args->va, args->len, text + strlen(args->consumer), err);
	kfree(text);
	return err;
}
