// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_verbs --dev DEVICE --from SPEC --to SPEC [--verb NAME] [--gid-index N]
 * [--list]
 *
 * Each verb of a reliable connection between two buffers: bytes, immediate
 * data and atomics' values are checked, and what must not be touched. A failure
 * names the verb. SPEC as for t_copy.
 */
#include "t_verbs.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"

static const struct verb_test *const tables[] = {
	rdma_verb_tests,
	send_verb_tests,
	atomic_verb_tests,
	ops_verb_tests,
};

static const char usage[] =
	"usage: t_verbs --dev DEVICE --from SPEC --to SPEC [--verb NAME]\n"
	"               [--gid-index N]\n"
	"       t_verbs --list\n"
	"SPEC:  " T_BUF_USAGE "\n";

int verbs_landed(struct verbs *verbs, size_t from, size_t to, size_t len)
{
	struct t_target target = verbs_target(verbs, to, len);
	int ret = t_target_check(&target, verbs->seed, from, "target");

	if (!ret)
		t_target_restore(&target);
	return ret;
}

static int setup(struct verbs *verbs, const char *dev, int gid_index,
		 const char *from, const char *to)
{
	int ret;

	ret = t_dev_open(&verbs->dev, dev, gid_index);
	if (!ret)
		ret = t_buf_open(&verbs->from, from);
	if (!ret)
		ret = t_buf_open(&verbs->to, to);
	if (!ret &&
	    (verbs->from.size < VERBS_AREA || verbs->to.size < VERBS_AREA))
		ret = t_fail(-EINVAL, "each buffer must have %zu bytes",
			     VERBS_AREA);
	/* The source is written too: atomics bring their old values there. */
	if (!ret)
		ret = t_dev_register(&verbs->dev, &verbs->from,
				     IBV_ACCESS_LOCAL_WRITE |
					     IBV_ACCESS_REMOTE_READ,
				     &verbs->from_mr);
	if (!ret)
		ret = t_dev_register(&verbs->dev, &verbs->to,
				     IBV_ACCESS_LOCAL_WRITE |
					     IBV_ACCESS_REMOTE_WRITE |
					     IBV_ACCESS_REMOTE_READ |
					     IBV_ACCESS_REMOTE_ATOMIC,
				     &verbs->to_mr);
	return ret ? ret : t_rc_pair_open(verbs->pair, &verbs->dev);
}

static void teardown(struct verbs *verbs)
{
	t_rc_pair_close(verbs->pair);
	if (verbs->to_mr)
		ibv_dereg_mr(verbs->to_mr);
	if (verbs->from_mr)
		ibv_dereg_mr(verbs->from_mr);
	t_buf_close(&verbs->to);
	t_buf_close(&verbs->from);
	t_dev_close(&verbs->dev);
}

/*
 * One verb on fresh buffers; at the end all that is not its target must be as
 * before.
 */
static int run_verb(struct verbs *verbs, const struct verb_test *test)
{
	const struct t_target all = verbs_target(verbs, 0, VERBS_AREA);
	struct t_mismatch bad;
	int ret;

	t_pattern_fill(verbs->from.addr, VERBS_AREA, verbs->seed, 0);
	t_target_restore(&all);
	ret = test->run(verbs);
	if (ret == -EOPNOTSUPP) {
		printf("  %-22s not offered by %s\n", test->name,
		       ibv_get_device_name(verbs->dev.context->device));
		return ret;
	}
	if (!ret)
		ret = t_target_check_untouched(&all, "after the verb");
	if (!ret &&
	    t_pattern_check(verbs->from.addr, VERBS_AREA, verbs->seed, 0, &bad))
		ret = t_fail(-EBADMSG, "the source was changed at offset %zu",
			     bad.offset);
	if (ret)
		t_err("verb %s failed from %s to %s", test->name,
		      verbs->from.spec, verbs->to.spec);
	else
		printf("  %-22s verified\n", test->name);
	return ret;
}

/*
 * All verbs, or the one called @only; goes on after a failure, to name each
 * that fails.
 */
static int run_all(struct verbs *verbs, const char *only)
{
	int passed = 0, failed = 0, missing = 0;

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct verb_test *test = tables[t]; test->name;
		     test++) {
			if (only && strcmp(only, test->name))
				continue;
			switch (run_verb(verbs, test)) {
			case 0:
				passed++;
				break;
			case -EOPNOTSUPP:
				missing++;
				break;
			default:
				failed++;
			}
		}
	if (!passed && !failed && !missing)
		return t_fail(-EINVAL, "no verb %s", only);
	printf("verbs from=%s to=%s passed=%d failed=%d missing=%d\n",
	       verbs->from.spec, verbs->to.spec, passed, failed, missing);
	return failed ? -EIO : 0;
}

static void list_verbs(void)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct verb_test *test = tables[t]; test->name;
		     test++)
			puts(test->name);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"dev", required_argument, NULL, 'd'},
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'},
		{"verb", required_argument, NULL, 'v'},
		{"gid-index", required_argument, NULL, 'g'},
		{"list", no_argument, NULL, 'l'},
		{0},
	};
	const char *dev = NULL, *from = NULL, *to = NULL, *only = NULL;
	struct verbs verbs = {.seed = 7};
	int gid_index = T_GID_INDEX;
	int option, ret;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			dev = optarg;
			break;
		case 'f':
			from = optarg;
			break;
		case 't':
			to = optarg;
			break;
		case 'v':
			only = optarg;
			break;
		case 'g':
			gid_index = atoi(optarg);
			break;
		case 'l':
			list_verbs();
			return T_PASS;
		default:
			dev = NULL;
			argc = 0; /* the end of it, and no optind */
		}
	}
	if (!dev || !from || !to || optind != argc) {
		fputs(usage, stderr);
		return T_FAIL;
	}
	ret = setup(&verbs, dev, gid_index, from, to);
	if (!ret)
		ret = run_all(&verbs, only);
	teardown(&verbs);
	return t_verdict(ret);
}
