// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel keeps the newest refusals: which of them is the one that was just met? */
#include "explain.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static uint64_t boot_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

void attempt_begin(struct attempt *attempt, const void *addr, size_t length)
{
	*attempt = (struct attempt){
		.addr = addr,
		.length = length,
		.began = boot_seconds(),
	};
}

/*
 * The refusal of this attempt: other threads may have been refused meanwhile, but not
 * differently for the same range. An older one of the range is no answer.
 */
static int find_refusal(struct ibvx *x, const struct attempt *attempt, pid_t pid,
			struct ibvx_refusal *found)
{
	uint64_t age;

	for (unsigned int i = 0;; i++) {
		int ret = ibvx_refusal(x, i, pid, found, sizeof(*found));

		if (ret)
			return ret;
		age = boot_seconds() - attempt->began + 1;
		if (found->seconds_ago > age)
			return -ENOENT;
		if (found->addr == (uintptr_t)attempt->addr && found->len == attempt->length &&
		    found->error == attempt->error)
			return 0;
	}
}

int explain_refusal(struct ibvx *x, const struct attempt *attempt, struct ibvx_error *err)
{
	struct ibvx_refusal found;
	int ret = find_refusal(x, attempt, getpid(), &found);

	/* in a container our number is not the one that the kernel keeps */
	if (ret)
		ret = find_refusal(x, attempt, 0, &found);
	if (ret)
		return -ENOENT;
	return fail(err, found.error, "%s (%s): %s%s%s", found.nic,
		    found.where[0] ? found.where : "no known memory", found.why,
		    found.change[0] ? "; to change it: " : "", found.change);
}
