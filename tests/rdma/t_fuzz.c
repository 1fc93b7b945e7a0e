// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_fuzz --dev DEVICE --peer SPEC [--ops N] [--seed N] [--threads N] [--user UID]
 *        [--gid-index N]
 *
 * N random but structured operations by threads that race with each other over the same
 * addresses, files and regions: mappings of peer memory, host memory and nothing, in every
 * order; registrations whose start and length lie around their borders, with any access
 * flags; the ioctls of /dev/peer_mem with structs that are right but for one thing, or not
 * at all, at addresses that may not be there; dma-bufs of all that, mapped and registered in
 * turn; the CPU's accesses; the file operations of every device node; and as root the
 * parameters and debugfs files of the modules. With --user as that user.
 *
 * Nothing is expected of the answers but that they are errnos, that what is no ioctl is
 * none, and that it ends; the rest is for the kernel's log and counters to say.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "t.h"
#include "t_fuzz.h"

#define MAX_THREADS 8

static void *work(void *arg)
{
	struct fuzz_thread *thread = arg;
	struct fuzz *fuzz = thread->fuzz;

	while (thread->ops-- && !fuzz->wrong) {
		if (!fuzz_one(thread))
			fuzz->wrong = true;
		fuzz->done++;
	}
	return NULL;
}

static int become(const char *user)
{
	uid_t uid = (uid_t)strtoul(user, NULL, 10);

	if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
		return t_fail(-errno, "become user %s", user);
	return 0;
}

static int prepare(struct fuzz *fuzz, const char *dev, int gid_index, const char *spec)
{
	int ret = t_dev_open(&fuzz->dev, dev, gid_index);

	if (!ret)
		ret = t_buf_parse(&fuzz->peer, spec);
	if (ret)
		return ret;
	fuzz->root = !getuid();
	fuzz->is_bar = !strcmp(t_buf_kind_name(&fuzz->peer), "bar");
	/* a margin that stays as it is: what lies around the borders is ours to unmap */
	fuzz->arena = mmap(NULL, FUZZ_ARENA + 2 * FUZZ_CHUNK, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fuzz->arena == MAP_FAILED)
		return t_fail(-errno, "reserve addresses");
	fuzz->arena += FUZZ_CHUNK;
	fuzz->scratch = memfd_create("t_fuzz", MFD_CLOEXEC);
	if (fuzz->scratch < 0 || ftruncate(fuzz->scratch, FUZZ_PAGE))
		return t_fail(-errno, "make a file in memory");
	return 0;
}

static int run(struct fuzz *fuzz, unsigned long ops, uint64_t seed, unsigned int count)
{
	struct fuzz_thread threads[MAX_THREADS];
	pthread_t handles[MAX_THREADS];
	unsigned int n;
	int ret = 0;

	printf("to see it again: --seed %llu --threads %u\n", (unsigned long long)seed, count);
	for (n = 0; !ret && n < count; n++) {
		threads[n] = (struct fuzz_thread){ .fuzz = fuzz, .random.state = seed + n,
						   .ops = ops / count };
		ret = -pthread_create(&handles[n], NULL, work, &threads[n]);
	}
	if (ret)
		return t_fail(ret, "thread");
	while (n--)
		pthread_join(handles[n], NULL);
	fuzz_clean(fuzz);
	printf("fuzz seed=%llu user=%u ops=%lu registered=%lu refused=%lu ioctls=%lu answered=%lu exported=%lu\n",
	       (unsigned long long)seed, getuid(), fuzz->done, fuzz->registered, fuzz->refused,
	       fuzz->calls, fuzz->answered, fuzz->exported);
	if (!fuzz->wrong && (!fuzz->registered || !fuzz->refused || !fuzz->answered))
		return t_fail(-ENODATA, "not every kind of answer was seen");
	return fuzz->wrong ? -EIO : 0;
}

static int usage(void)
{
	fputs("usage: t_fuzz --dev DEVICE --peer SPEC [--ops N] [--seed N] [--threads N]\n"
	      "              [--user UID] [--gid-index N]\n"
	      "SPEC:  " T_BUF_USAGE "\n",
	      stderr);
	return T_FAIL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "peer", required_argument, NULL, 'p' },
		{ "ops", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "threads", required_argument, NULL, 't' },
		{ "user", required_argument, NULL, 'u' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ 0 },
	};
	const char *dev = NULL, *spec = NULL, *user = NULL;
	int gid_index = T_GID_INDEX, option, ret;
	unsigned long ops = 10000, threads = 3;
	static struct fuzz fuzz;
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return t_verdict(t_fail(-errno, "getrandom"));
	seed &= 0xffffffff;
	setlinebuf(stdout);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': dev = optarg; break;
		case 'p': spec = optarg; break;
		case 'o': ops = strtoul(optarg, NULL, 0); break;
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 't': threads = strtoul(optarg, NULL, 0); break;
		case 'u': user = optarg; break;
		case 'g': gid_index = atoi(optarg); break;
		default: return usage();
		}
	}
	if (!dev || !spec || !threads || threads > MAX_THREADS || optind != argc)
		return usage();
	ret = user ? become(user) : 0;
	if (!ret)
		ret = prepare(&fuzz, dev, gid_index, spec);
	return t_verdict(ret ? ret : run(&fuzz, ops, seed, threads));
}
