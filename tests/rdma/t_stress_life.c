// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A life: see t_stress.c. Everything may be taken away at any moment, so each step copes
 * with what the one before it left.
 */
#include "t_stress.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "t.h"
#include "t_random.h"
#include "t_work.h"

#define PAGE	  ((size_t)4096)
#define SLICE	  ((size_t)512 << 10) /* of a BAR, for one life */
#define NR_SLICES 64
#define MAX_MRS	  6
#define MAX_STEPS 120
#define STAY_MS	  4000
#define ACCESS	  (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)

struct region {
	struct ibv_mr *mr;
	size_t len;
};

struct life {
	const struct stress_plan *plan;
	struct t_random random;
	struct t_dev dev;
	struct t_work work;
	struct t_buf buf;
	struct region regions[MAX_MRS];
	bool changed; /* part of the mapping is gone or may not be touched */
	bool over;
};

static sigjmp_buf bus_error;
static volatile sig_atomic_t touching;
static int complaints; /* stderr; the library's own go nowhere, most lives see errors */

static uint64_t pick(struct life *life, uint64_t limit)
{
	return t_random_below(&life->random, limit);
}

static void wrong(const char *what, int err)
{
	dprintf(complaints, "t_stress[%d]: %s (%s)\n", getpid(), what, strerrorname_np(err));
	_exit(STRESS_WRONG);
}

/* ---- memory ---- */

static void map(struct life *life)
{
	if (life->buf.addr || t_buf_map(&life->buf, PROT_READ | PROT_WRITE, MAP_SHARED))
		return;
	life->changed = false;
}

static void unmap(struct life *life)
{
	t_buf_close(&life->buf);
}

static void unmap_part(struct life *life)
{
	size_t pages = life->buf.size / PAGE, first = pick(life, pages);

	if (life->buf.addr)
		munmap((char *)life->buf.addr + first * PAGE,
		       PAGE * (1 + pick(life, pages - first)));
	life->changed = true;
}

static void move_mapping(struct life *life)
{
	void *moved;

	if (!life->buf.addr)
		return;
	/* somewhere else; where part of it is gone this fails and changes nothing */
	moved = mmap(NULL, life->buf.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (moved == MAP_FAILED)
		return;
	if (mremap(life->buf.addr, life->buf.size, life->buf.size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   moved) == MAP_FAILED)
		munmap(moved, life->buf.size);
	else
		life->buf.addr = moved;
}

static void protect(struct life *life)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };

	if (!life->buf.addr)
		return;
	mprotect(life->buf.addr, PAGE * (1 + pick(life, life->buf.size / PAGE)),
		 prots[pick(life, 3)]);
	life->changed = true;
}

static void on_bus_error(int signal)
{
	if (!touching)
		_exit(128 + signal);
	siglongjmp(bus_error, 1);
}

static void touch(struct life *life)
{
	volatile char *byte = life->buf.addr;

	if (!byte || life->changed)
		return;
	touching = true;
	if (sigsetjmp(bus_error, 1))
		life->plan->counts->faults++;
	else
		(void)byte[pick(life, life->buf.size)];
	touching = false;
}

/* ---- regions ---- */

/* What a registration may say in a world that goes away. */
static bool is_fit(int err, bool changed)
{
	switch (err) {
	case ENODEV: /* the memory or the NIC is going */
	case EIO: /* the NIC is gone; what a dead one's driver says */
	case EAGAIN: /* changed while it was looked at */
	case EINTR:
	case EFAULT: /* parts unmapped; zapped meanwhile; no peer_umem: then it is the kernel ... */
	case EREMOTEIO: /* ... that refuses, struct pages with this one */
	case EOPNOTSUPP: /* bound again meanwhile */
	case ETIMEDOUT: /* the NIC's driver */
		return true;
	case EACCES: /* protected; unmapped and something else is there */
	case EMEDIUMTYPE:
	case EINVAL:
		return changed;
	default:
		return false;
	}
}

static void reg(struct life *life)
{
	size_t i = pick(life, MAX_MRS), start, len;
	struct region *region = &life->regions[i];

	if (region->mr || !life->buf.addr)
		return;
	start = pick(life, life->buf.size - 64);
	len = pick(life, 4) ? 64 + pick(life, life->buf.size - start - 63) : 64;
	region->mr = ibv_reg_mr(life->dev.pd, (char *)life->buf.addr + start, len, ACCESS);
	region->len = len;
	if (region->mr)
		return;
	if (!is_fit(errno, life->changed))
		wrong("a registration was refused", errno);
	life->plan->counts->refused++;
}

static void dereg(struct life *life)
{
	struct region *region = &life->regions[pick(life, MAX_MRS)];

	if (!region->mr)
		return;
	/* a NIC that is gone took its regions along */
	if (ibv_dereg_mr(region->mr) && errno != EIO && errno != ENODEV)
		wrong("cannot deregister", errno);
	region->mr = NULL;
	life->plan->counts->cycles++;
}

static int connect_work(struct life *life)
{
	int ret = t_work_open(&life->work, &life->dev);

	/* A NIC that is gone says nothing more. */
	for (int i = 0; !ret && i < 2; i++)
		life->work.pair[i].deadline_ms = T_DEADLINE_MS / 20;
	return ret;
}

static void move(struct life *life)
{
	struct region *region = &life->regions[pick(life, MAX_MRS)];
	size_t len, start;
	int ret;

	if (!region->mr)
		return;
	len = region->len < 6000 ? region->len : 6000;
	start = pick(life, region->len - len + 1);
	ret = t_work_check(&life->work, region->mr, start, len, NULL);
	if (!ret) {
		life->plan->counts->moved++;
		return;
	}
	if (ret == -EBADMSG)
		wrong("other bytes came back than were written", EBADMSG);
	life->plan->counts->broken++;
	/* the connection broke with it */
	t_work_close(&life->work);
	if (connect_work(life))
		life->over = true;
}

/*
 * Lets go of nothing for a while, and works: who takes the memory away waits, kills, or cuts it
 * off. What follows does not depend on how much work that was.
 */
static void stay(struct life *life)
{
	uint64_t until = t_now_ms() + pick(life, STAY_MS);
	const struct t_random random = life->random;

	while (!life->over && t_now_ms() < until) {
		move(life);
		usleep(2000);
	}
	life->random = random;
}

/* ---- processes ---- */

/* The child has the NIC's file, the regions and the mapping too, for a moment. */
static void leave_child(struct life *life)
{
	uint64_t what = pick(life, 3);
	pid_t pid = fork();

	if (pid)
		return;
	if (what == 0)
		usleep(1000 * (useconds_t)pick(life, 200));
	else if (what == 1)
		execl("/bin/true", "true", NULL);
	else
		touch(life);
	_exit(0);
}

static void end(struct life *life)
{
	for (int i = 0; i < MAX_MRS; i++)
		life->plan->counts->cycles += !!life->regions[i].mr;
	switch (pick(life, 4)) {
	case 0:
		for (int i = 0; i < MAX_MRS; i++)
			if (life->regions[i].mr)
				ibv_dereg_mr(life->regions[i].mr);
		unmap(life);
		t_work_close(&life->work);
		t_dev_close(&life->dev);
		break;
	case 1:
		raise(SIGKILL);
		break;
	case 2:
		/* the files close on exec, the mapping goes with the memory */
		execl("/bin/true", "true", NULL);
		break;
	}
	_exit(0);
}

static const struct step {
	void (*take)(struct life *life);
	unsigned int weight;
} steps[] = {
	{ reg, 12 }, { dereg, 8 },	 { move, 6 },	      { touch, 3 },   { map, 4 },
	{ unmap, 1 }, { unmap_part, 1 }, { move_mapping, 2 }, { protect, 1 }, { leave_child, 1 },
};

#define NR_STEPS (sizeof(steps) / sizeof(steps[0]))

static void take_a_step(struct life *life)
{
	unsigned int all = 0, which;
	size_t i;

	for (i = 0; i < NR_STEPS; i++)
		all += steps[i].weight;
	which = pick(life, all);
	for (i = 0; which >= steps[i].weight; i++)
		which -= steps[i].weight;
	steps[i].take(life);
}

/* The NIC, a connection, the memory; any of them may not be there just now. */
static bool begin(struct life *life, unsigned int number)
{
	if (t_dev_open(&life->dev, life->plan->dev, life->plan->gid_index) ||
	    connect_work(life) || t_buf_parse(&life->buf, life->plan->spec))
		return false;
	if (!strcmp(t_buf_kind_name(&life->buf), "bar")) {
		life->buf.offset += SLICE * (number % NR_SLICES);
		life->buf.size = SLICE;
	}
	map(life);
	return life->buf.addr;
}

/* A fatal signal that comes at any moment; exec and fork take it off. */
static void die_soon(struct life *life)
{
	const struct itimerval timer = { .it_value.tv_usec = 1000 + 1000 * pick(life, 300) };

	if (!pick(life, 4))
		setitimer(ITIMER_REAL, &timer, NULL);
}

void stress_live(const struct stress_plan *plan, uint64_t seed, unsigned int number)
{
	struct life life = { .plan = plan, .random.state = seed };
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	complaints = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(nowhere, STDERR_FILENO);
	signal(SIGBUS, on_bus_error);
	if (!begin(&life, number)) {
		plan->counts->idle++;
		usleep(50000);
		_exit(0);
	}
	die_soon(&life);
	for (unsigned int n = 4 + pick(&life, MAX_STEPS); n && !life.over; n--)
		take_a_step(&life);
	if (!pick(&life, 5))
		stay(&life);
	end(&life);
	_exit(0);
}
