// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_stress --dev DEVICE --peer SPEC [--cycles N] [--while FILE] [--seed N] [--workers N]
 *          [--gid-index N]
 *
 * Lives of processes, --workers of them at a time, each a random sequence of: register,
 * deregister, move data both ways and compare, munmap, munmap of a part, mremap, mprotect,
 * fork, exec; some stay for a while with what they have; and a random end: clean, with all in
 * place, SIGKILL or another fatal signal in the middle. Meanwhile somebody else may take away
 * the memory, the NIC and the modules: then calls fail, with an errno that fits, and transfers
 * end with an error. What must not be is a wrong byte, another errno, or a life that does not
 * end.
 *
 * Stops after N cycles (lives of memory regions), but not while FILE exists. What each life
 * does follows from the seed; what happens around it does not.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t.h"
#include "t_stress.h"

#define MAX_WORKERS 16
#define STALL_MS    (5 * T_DEADLINE_MS)

struct stress {
	struct stress_plan plan;
	unsigned long cycles;
	const char *goes_on;
	unsigned int workers, lives, killed;
	uint64_t seed;
	bool wrong;
};

static int start_life(struct stress *stress)
{
	unsigned int life = stress->lives++;
	pid_t pid = fork();

	if (pid < 0)
		return t_fail(-errno, "fork");
	if (!pid)
		stress_live(&stress->plan, stress->seed + life, life);
	return 0;
}

/* One of the lives ended. */
static void judge(struct stress *stress, int status)
{
	if (WIFSIGNALED(status)) {
		int signal = WTERMSIG(status);

		stress->killed++;
		/* its own end, or a revoke's */
		if (signal != SIGKILL && signal != SIGALRM) {
			t_err("a life ended by signal %d", signal);
			stress->wrong = true;
		}
	} else if (WEXITSTATUS(status)) {
		t_err("a life ended with status %d", WEXITSTATUS(status));
		stress->wrong = true;
	}
}

static bool wait_one(struct stress *stress, bool block)
{
	int status;
	pid_t pid = waitpid(-1, &status, block ? 0 : WNOHANG);

	if (pid <= 0)
		return false;
	judge(stress, status);
	return true;
}

static bool is_done(const struct stress *stress)
{
	return stress->wrong || (stress->plan.counts->cycles >= stress->cycles &&
				 (!stress->goes_on || access(stress->goes_on, F_OK)));
}

static int lead(struct stress *stress)
{
	uint64_t stall = t_now_ms() + STALL_MS;
	unsigned long before = 0, cycles;
	unsigned int running = 0;
	int ret = 0;

	while (!ret && !is_done(stress)) {
		cycles = stress->plan.counts->cycles;
		if (running < stress->workers) {
			ret = start_life(stress);
			running++;
		} else if (wait_one(stress, false)) {
			running--;
		} else {
			usleep(2000);
		}
		if (cycles != before)
			stall = t_now_ms() + STALL_MS;
		before = cycles;
		if (t_now_ms() > stall)
			ret = t_fail(-ETIMEDOUT, "nothing was registered for %d s", STALL_MS / 1000);
	}
	while (running && wait_one(stress, true))
		running--;
	return ret;
}

static int run(struct stress *stress)
{
	const struct stress_counts *counts;
	int ret;

	stress->plan.counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stress->plan.counts == MAP_FAILED)
		return t_fail(-errno, "shared memory");
	counts = stress->plan.counts;
	printf("to see it again: --seed %llu\n", (unsigned long long)stress->seed);
	ret = lead(stress);
	printf("stress seed=%llu cycles=%lu refused=%lu moved=%lu broken=%lu faults=%lu lives=%u "
	       "killed=%u idle=%lu\n",
	       (unsigned long long)stress->seed, counts->cycles, counts->refused, counts->moved,
	       counts->broken, counts->faults, stress->lives, stress->killed, counts->idle);
	return !ret && stress->wrong ? -EIO : ret;
}

static int usage(void)
{
	fputs("usage: t_stress --dev DEVICE --peer SPEC [--cycles N] [--while FILE]\n"
	      "                [--seed N] [--workers N] [--gid-index N]\n"
	      "SPEC:  " T_BUF_USAGE "\n",
	      stderr);
	return T_FAIL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "peer", required_argument, NULL, 'p' },
		{ "cycles", required_argument, NULL, 'c' },
		{ "while", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "workers", required_argument, NULL, 'w' },
		{ "gid-index", required_argument, NULL, 'g' },
		{ 0 },
	};
	struct stress stress = { .plan.gid_index = 1, .cycles = 100, .workers = 2 };
	int option;

	if (getrandom(&stress.seed, sizeof(stress.seed), 0) != sizeof(stress.seed))
		return t_verdict(t_fail(-errno, "getrandom"));
	stress.seed &= 0xffffffff;
	setlinebuf(stdout);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': stress.plan.dev = optarg; break;
		case 'p': stress.plan.spec = optarg; break;
		case 'c': stress.cycles = strtoul(optarg, NULL, 0); break;
		case 'o': stress.goes_on = optarg; break;
		case 's': stress.seed = strtoull(optarg, NULL, 0); break;
		case 'w': stress.workers = strtoul(optarg, NULL, 0); break;
		case 'g': stress.plan.gid_index = atoi(optarg); break;
		default: return usage();
		}
	}
	if (!stress.plan.dev || !stress.plan.spec || optind != argc || !stress.workers ||
	    stress.workers > MAX_WORKERS)
		return usage();
	return t_verdict(run(&stress));
}
