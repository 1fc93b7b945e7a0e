// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the mock exporter and the mock importer complain of: a counter, and a line in the
 * kernel log that no scenario survives which does not expect it.
 */
#include <linux/kernel.h>

#include "../peer_mem.h"
#include "object.h"

static const char *const names[] = {
#define S(name) #name,
	TEST_COUNTERS(S)
#undef S
};

struct peer_mem_counters test_stats = {
	.names = names,
	.nr = ARRAY_SIZE(names),
};

static bool on_purpose;

void test_mispaired_on_purpose(void)
{
	on_purpose = true;
}

void test_mispaired(const char *format, ...)
{
	struct va_format vaf;
	va_list args;

	va_start(args, format);
	vaf.fmt = format;
	vaf.va = &args;
	pr_err("peer_mem_test: mispaired: %s%pV\n",
	       on_purpose ? "made on purpose: " : "", &vaf);
	va_end(args);
	peer_mem_count(&test_stats, TEST_STAT_mispairings, 1);
}

int test_mispaired_init(void)
{
	return peer_mem_counters_register(&test_stats);
}

void test_mispaired_exit(void)
{
	peer_mem_counters_unregister(&test_stats);
}
