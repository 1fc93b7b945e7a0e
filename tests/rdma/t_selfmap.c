// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_selfmap --dev DEVICE [--gid-index N] END
 *
 * Registers a page of the NIC's own doorbells, which every process that opens the NIC has
 * mapped through the uverbs file: if the region held that file, neither would ever go. Then
 * ends by END:
 *
 *   dereg    as it should be
 *   exit     with the region, the mapping and the file in place
 *   kill     the same by SIGKILL
 *   unmap    the doorbells are unmapped first
 *   close    the uverbs file is closed first, the mapping stays
 *   fork     a child has all of it for a moment longer
 *   wait     says "ok" and waits for the end of its input
 *
 * Exit 1 with the errno's name where the kernel refuses the registration.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"
#include "t_rc.h"

#define PAGE ((size_t)4096)

/* The first writable page that is mapped through a uverbs file. */
static int find_doorbells(void **page)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	if (!maps)
		return t_fail(-errno, "open /proc/self/maps");
	*page = NULL;
	while (!*page && fgets(line, sizeof(line), maps)) {
		unsigned long start;
		char rights[8];

		if (strstr(line, "/infiniband/uverbs") &&
		    sscanf(line, "%lx-%*x %7s", &start, rights) == 2 && rights[1] == 'w')
			*page = (void *)start;
	}
	fclose(maps);
	if (!*page)
		return t_fail(-ENOENT, "nothing is mapped through uverbs");
	/* the provider only writes them, and what cannot be read is not registered */
	return mprotect(*page, PAGE, PROT_READ | PROT_WRITE) ? t_fail(-errno, "mprotect") : 0;
}

static void wait_for_end_of_input(void)
{
	char byte;

	puts("ok");
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

/* The child has no wish but to be there. */
static int leave_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return t_fail(-errno, "fork");
	if (!pid) {
		usleep(300000);
		_exit(0);
	}
	return 0;
}

static int end(const char *how, struct t_dev *dev, struct ibv_mr *mr, void *page)
{
	if (!strcmp(how, "dereg")) {
		if (ibv_dereg_mr(mr))
			return t_fail(-errno, "deregister");
		t_dev_close(dev);
		return 0;
	}
	if (!strcmp(how, "unmap") && munmap(page, PAGE))
		return t_fail(-errno, "unmap the doorbells");
	if (!strcmp(how, "close") && close(dev->context->cmd_fd))
		return t_fail(-errno, "close the uverbs file");
	if (!strcmp(how, "kill"))
		raise(SIGKILL);
	if (!strcmp(how, "wait"))
		wait_for_end_of_input();
	return strcmp(how, "fork") ? 0 : leave_child();
}

static int run(const char *name, int gid_index, const char *how)
{
	struct ibv_mr *mr;
	struct t_dev dev;
	void *page = NULL;
	int ret;

	ret = t_dev_open(&dev, name, gid_index);
	if (!ret)
		ret = find_doorbells(&page);
	if (ret)
		return ret;
	mr = ibv_reg_mr(dev.pd, page, PAGE, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
	if (!mr) {
		printf("%s\n", strerrorname_np(errno));
		return -errno;
	}
	return end(how, &dev, mr, page);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ 0 },
	};
	int gid_index = T_GID_INDEX, option, ret;
	const char *dev = NULL;

	setlinebuf(stdout);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': dev = optarg; break;
		case 'g': gid_index = atoi(optarg); break;
		default: dev = NULL; argc = 0; /* the end of it, and no optind */
		}
	}
	if (!dev || optind != argc - 1) {
		fputs("usage: t_selfmap --dev DEVICE [--gid-index N] "
		      "dereg|exit|kill|unmap|close|fork|wait\n",
		      stderr);
		return T_FAIL;
	}
	ret = run(dev, gid_index, argv[optind]);
	fflush(stdout);
	/* nothing of ours or of a library is to tidy up */
	_exit(t_verdict(ret));
}
