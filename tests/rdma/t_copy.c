// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_copy --dev DEVICE --from SPEC --to SPEC [--verb write|read|send]
 *        [--sweep | --offsets FROM:TO:LENGTH,...] [--gid-index N] [--seed N]
 *        [--dmabuf]
 *
 * Proves that a NIC copies bytes from one buffer to another and touches no
 * other: the source holds a pattern that depends on the position, the target a
 * sea that no source byte can be mistaken for. After each copy the target and
 * its neighbours are read by the processor, after the last one both buffers are
 * read whole. A mismatch names the first byte.
 *
 * Prints a line per group of cases and, for scripts, one summary:
 *   copy from=SPEC to=SPEC verb=VERB cases=N bytes=N verified=yes
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"
#include "t_buf.h"
#include "t_copy_cases.h"
#include "t_move.h"
#include "t_pattern.h"

struct copy {
	const char *dev_name;
	const char *from_spec;
	const char *to_spec;
	const char *offsets; /* NULL: sweep */
	const struct t_verb *verb;
	int gid_index;
	int by_dmabuf;
	uint64_t seed;

	struct t_dev dev;
	struct t_buf from;
	struct t_buf to;
	struct t_move move;
	struct copy_shape shape;
	uint64_t cases;
	uint64_t bytes;
};

static const char usage[] =
	"usage: t_copy --dev DEVICE --from SPEC --to SPEC\n"
	"              [--verb write|read|send] [--gid-index N] [--seed N]\n"
	"              [--sweep | --offsets FROM:TO:LENGTH,...] [--dmabuf]\n"
	"SPEC:  " T_BUF_USAGE "\n";

static uint64_t sea_seed(const struct copy *copy)
{
	return copy->seed | T_PATTERN_SEA;
}

static int run_case(struct copy *copy, const struct copy_case *one)
{
	struct t_target target = {
		.base = copy->to.addr,
		.size = copy->to.size,
		.start = one->to,
		.len = one->len,
		.sea = sea_seed(copy),
	};
	char what[128];
	int ret;

	snprintf(what, sizeof(what), "%s of %zu bytes from %zu to %zu",
		 t_verb_name(copy->verb), one->len, one->from, one->to);
	ret = t_move_run(&copy->move, one->from, one->to, one->len);
	if (ret) {
		t_err("%s did not complete", what);
		return ret;
	}
	ret = t_target_check(&target, copy->seed, one->from, what);
	if (ret)
		return ret;
	t_target_restore(&target);
	copy->cases++;
	copy->bytes += one->len;
	return 0;
}

static int run_list(struct copy *copy, const char *name,
		    const struct copy_list *list)
{
	uint64_t bytes = copy->bytes;
	char text[24];
	int ret = list->error;

	for (size_t i = 0; i < list->count && !ret; i++)
		ret = run_case(copy, &list->cases[i]);
	if (ret)
		return ret;
	printf("  %-22s %5zu copies  %12s  verified\n", name, list->count,
	       t_format_size(copy->bytes - bytes, text));
	return 0;
}

static int run_offsets(struct copy *copy)
{
	struct copy_list list = {0};
	int ret = copy_list_parse(&list, &copy->shape, copy->offsets);

	if (ret)
		t_fail(ret, "--offsets %s", copy->offsets);
	else
		ret = run_list(copy, "chosen offsets", &list);
	copy_list_free(&list);
	return ret;
}

static int run_sweep(struct copy *copy)
{
	int ret = 0;

	for (size_t i = 0; i < copy_group_count && !ret; i++) {
		struct copy_list list = {0};

		copy_groups[i].generate(&copy->shape, &list);
		/*
		 * A buffer may be too small for a sort of border; then there is
		 * none.
		 */
		if (list.count || list.error)
			ret = run_list(copy, copy_groups[i].name, &list);
		copy_list_free(&list);
	}
	return ret;
}

/* Nothing but the targets may ever have been written, and no source at all. */
static int check_all(const struct copy *copy)
{
	const struct t_target all = {
		.base = copy->to.addr,
		.size = copy->to.size,
		.len = copy->to.size,
		.sea = sea_seed(copy),
	};
	struct t_mismatch bad;

	if (t_pattern_check(copy->from.addr, copy->from.size, copy->seed, 0,
			    &bad)) {
		t_err("the source was changed at offset %zu: 0x%02x, should be 0x%02x",
		      bad.offset, bad.got, bad.expected);
		return -EBADMSG;
	}
	return t_target_check_untouched(&all, "after the last copy");
}

static int run(struct copy *copy)
{
	int ret;

	t_pattern_fill(copy->from.addr, copy->from.size, copy->seed, 0);
	t_pattern_fill(copy->to.addr, copy->to.size, sea_seed(copy), 0);
	ret = copy->offsets ? run_offsets(copy) : run_sweep(copy);
	if (!ret)
		ret = check_all(copy);
	if (ret)
		return ret;
	printf("copy from=%s to=%s verb=%s cases=%" PRIu64 " bytes=%" PRIu64
	       " verified=yes\n",
	       copy->from.spec, copy->to.spec, t_verb_name(copy->verb),
	       copy->cases, copy->bytes);
	return 0;
}

static int setup(struct copy *copy)
{
	int ret;

	ret = t_dev_open(&copy->dev, copy->dev_name, copy->gid_index);
	copy->dev.by_dmabuf = copy->by_dmabuf;
	if (!ret)
		ret = t_buf_open(&copy->from, copy->from_spec);
	if (!ret)
		ret = t_buf_open(&copy->to, copy->to_spec);
	if (!ret)
		ret = t_move_open(&copy->move, copy->verb, &copy->dev,
				  &copy->from, &copy->to);
	copy->shape = (struct copy_shape){
		.from_size = copy->from.size,
		.to_size = copy->to.size,
		.from_addr = (uintptr_t)copy->from.addr,
		.to_addr = (uintptr_t)copy->to.addr,
	};
	return ret;
}

static void teardown(struct copy *copy)
{
	t_move_close(&copy->move);
	t_buf_close(&copy->to);
	t_buf_close(&copy->from);
	t_dev_close(&copy->dev);
}

static int parse_options(struct copy *copy, int argc, char **argv)
{
	static const struct option options[] = {
		{"dev", required_argument, NULL, 'd'},
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'},
		{"verb", required_argument, NULL, 'v'},
		{"offsets", required_argument, NULL, 'o'},
		{"sweep", no_argument, NULL, 's'},
		{"gid-index", required_argument, NULL, 'g'},
		{"seed", required_argument, NULL, 'S'},
		{"dmabuf", no_argument, NULL, 'm'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			copy->dev_name = optarg;
			break;
		case 'f':
			copy->from_spec = optarg;
			break;
		case 't':
			copy->to_spec = optarg;
			break;
		case 'v':
			copy->verb = t_verb_find(optarg);
			break;
		case 'o':
			copy->offsets = optarg;
			break;
		case 's':
			copy->offsets = NULL;
			break;
		case 'g':
			copy->gid_index = atoi(optarg);
			break;
		case 'm':
			copy->by_dmabuf = 1;
			break;
		/*
		 * The top bit tells a sea from a source, and the seed has none.
		 */
		case 'S':
			copy->seed = strtoull(optarg, NULL, 0) & ~T_PATTERN_SEA;
			break;
		default:
			return -EINVAL;
		}
	}
	if (!copy->dev_name || !copy->from_spec || !copy->to_spec ||
	    !copy->verb || optind != argc)
		return -EINVAL;
	return 0;
}

int main(int argc, char **argv)
{
	struct copy copy = {
		.verb = t_verb_find("write"),
		.gid_index = T_GID_INDEX,
		.seed = 1,
	};
	int ret;

	if (parse_options(&copy, argc, argv)) {
		fputs(usage, stderr);
		return T_FAIL;
	}
	ret = setup(&copy);
	if (!ret)
		ret = run(&copy);
	teardown(&copy);
	return t_verdict(ret);
}
