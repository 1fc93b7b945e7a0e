// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The errnos are those that peer_mem.h promises, written down again: a change
 * there must be noticed here.
 */
#include "t_badinput.h"

#include <errno.h>
#include <infiniband/verbs.h>

#define LW IBV_ACCESS_LOCAL_WRITE
#define RW (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)
#define RA (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_ATOMIC)
#define RR IBV_ACCESS_REMOTE_READ
#define ODP IBV_ACCESS_ON_DEMAND

#define HOLE .err = EFAULT, .why = "nothing is mapped at part of the range", .remedy = "map all"
#define MIXED                                                                                      \
	.err = EMEDIUMTYPE, .why = "host memory and device memory in one range",                   \
	.remedy = "register them separately"
#define TWO                                                                                        \
	.err = EXDEV, .why = "memory of two regions in one range",                                 \
	.remedy = "register each region separately"
#define READ_ONLY                                                                                  \
	.err = EACCES, .why = "the device is to write but the mapping is not writable",            \
	.remedy = "PROT_READ|PROT_WRITE"
#define UNREADABLE                                                                                 \
	.err = EACCES, .why = "the mapping is not readable", .remedy = "map with PROT_READ"
#define EMPTY .err = EINVAL, .why = "the range is empty", .remedy = "at least one byte"
#define TOO_LONG                                                                                   \
	.err = EINVAL, .why = "the end of the range overflows", .remedy = "check address and length"
#define ON_DEMAND                                                                                  \
	.err = EOPNOTSUPP, .why = "on-demand paging of device memory",                             \
	.remedy = "without IBV_ACCESS_ON_DEMAND"
#define NO_PAGES                                                                                   \
	.err = EOPNOTSUPP, .why = "no struct pages", .remedy = "write 1 to peer_bar_pages"
#define PRIVATE                                                                                    \
	.err = EINVAL, .why = "the mapping is private (copy on write)", .remedy = "MAP_SHARED"
#define FOREIGN                                                                                    \
	.err = EOPNOTSUPP, .why = "a PFN mapping of a driver that does not export it",             \
	.remedy = "map the BAR through peer_bar"

static size_t nothing(uintptr_t addr)
{
	(void)addr;
	return 0;
}

static size_t around_the_world(uintptr_t addr)
{
	(void)addr;
	return SIZE_MAX;
}

/* Its end is the last byte there is, so 0. */
static size_t to_the_top(uintptr_t addr)
{
	return -addr;
}

/* Its end fits, its last page's end does not. */
static size_t into_the_last_page(uintptr_t addr)
{
	return -addr - 4000;
}

/* Overflows nothing, but no user has memory there. */
static size_t far_beyond(uintptr_t addr)
{
	return ((size_t)1 << 62) - addr;
}

static const struct bad_case peer_cases[] = {
	{ "hole inside", "P.P", RW, .at = 1, HOLE },
	{ "hole first", ".P", RW, .at = 0, HOLE },
	{ "beyond the mapping's end", "P.", RW, .at = 1, HOLE },
	{ "beyond it, for reading", "P.", 0, .at = 1, HOLE },
	{ "far beyond it", "P", RW, far_beyond, .at = 1, HOLE },
	{ "host memory behind", "PH", RW, .at = 1, MIXED },
	{ "host memory first", "HP", RW, .at = 0, MIXED },
	{ "host memory between", "PHP", RR, .at = 1, MIXED },
	{ "two devices", "PO", RW, .at = 1, TWO },
	{ "two devices, turned round", "OP", RR, .at = 1, TWO },
	{ "read-only, local write", "R", LW, .at = 0, READ_ONLY },
	{ "read-only, remote write", "R", RW, .at = 0, READ_ONLY },
	{ "read-only, atomics", "R", RA, .at = 0, READ_ONLY },
	{ "read-only, memory windows", "R", IBV_ACCESS_MW_BIND, .at = 0, READ_ONLY },
	{ "read-only at its end", "PR", LW, .at = 1, READ_ONLY },
	{ "no access", "N", RR, .at = 0, UNREADABLE },
	{ "write-only", "W", LW, .at = 0, UNREADABLE },
	{ "empty", "P", RW, nothing, EMPTY },
	{ "round the world", "P", RW, around_the_world, TOO_LONG },
	{ "to the top", "P", RW, to_the_top, TOO_LONG },
	{ "into the last page", "P", 0, into_the_last_page, TOO_LONG },
	{ "on demand", "P", RW | ODP, .at = 0, ON_DEMAND },
	{ "on demand, for reading", "R", RR | ODP, .at = 0, ON_DEMAND },
};

/* A BAR without struct pages on a NIC that needs them. */
static const struct bad_case no_pages_cases[] = {
	{ "no pages", "P", RW, .at = 0, NO_PAGES },
	{ "no pages, for reading", "R", 0, .at = 0, NO_PAGES },
	{ "no pages, hole", "P.P", RW, .at = 1, HOLE },
	{ "no pages, host memory behind", "PH", RW, .at = 1, MIXED },
	{ "no pages, two devices", "PO", RW, .at = 1, TWO },
	{ "no pages, read-only", "R", LW, .at = 0, READ_ONLY },
	{ "no pages, on demand", "P", RW | ODP, .at = 0, ON_DEMAND },
};

/* A BAR that a driver without peer_mem mapped, here sysfs' resourceN. */
static const struct bad_case foreign_cases[] = {
	{ "foreign", "P", RW, .at = 0, FOREIGN },
	{ "foreign, for reading", "R", 0, .at = 0, FOREIGN },
	{ "foreign, hole behind", "P.", RW, .at = 1, HOLE },
	{ "foreign, host memory first", "HP", RW, .at = 0, MIXED },
	{ "foreign, private", "C", RW, .at = 0, PRIVATE },
	{ "foreign, private, for reading", "C", RR, .at = 0, PRIVATE },
	{ "foreign, on demand", "P", RW | ODP, .at = 0, ON_DEMAND },
};

#define SET(name, array) { name, array, sizeof(array) / sizeof((array)[0]) }

const struct bad_set bad_sets[] = {
	SET("peer", peer_cases),
	SET("no-pages", no_pages_cases),
	SET("foreign", foreign_cases),
};

const size_t bad_set_count = sizeof(bad_sets) / sizeof(bad_sets[0]);
