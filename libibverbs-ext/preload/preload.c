// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libibverbs-ext-preload.so: for programs that know nothing of this project, on systems
 * where the kernel's hook is not wanted. LD_PRELOAD puts these functions before
 * libibverbs' own: what those refuse because it is device memory is registered by
 * dma-buf. The library does it (ibvx_reg_mr_iova()); what is here is the way there.
 *
 * Programs call by versions ("ibv_reg_mr@IBVERBS_1.1"); the functions here have none, and
 * such a definition serves every version. Neither library is linked: a shell that runs
 * under LD_PRELOAD must not pay for them. They are looked up when the program uses
 * libibverbs, at its start or at its first call.
 *
 * IBVX_PRELOAD in the environment: off, stand aside; verbose, say what is done.
 */
#include <errno.h>
#include <ibvx.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolve.h"

#undef ibv_reg_mr
#undef ibv_reg_mr_iova

#define SHIM __attribute__((visibility("default")))

SHIM struct ibv_mr *ibv_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access);
SHIM struct ibv_mr *ibv_reg_mr_iova(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				    int access);

/*
 * The function here, whatever the name means to the program: where another library stands
 * before this one, the linker makes the name that one's in here as well.
 */
static __typeof__(ibv_reg_mr) own_reg_mr __attribute__((alias("ibv_reg_mr")));

static struct preload_functions real;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool working, verbose;

/* The library's own calls to libibverbs come here too: those go straight through. */
static _Thread_local bool inside;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	char line[1400];
	va_list args;
	int len;

	/* in one write: many processes may share this stderr */
	len = snprintf(line, sizeof(line), "libibverbs-ext-preload: %s[%d]: ",
		       program_invocation_short_name, (int)getpid());
	va_start(args, format);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len - 1, format, args);
	va_end(args);
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	line[len] = '\n';
	if (write(STDERR_FILENO, line, (size_t)len + 1) < 0)
		return; /* nobody listens */
}

/* Can it work? Said once for each program that uses libibverbs, if not. */
static bool check_self(void)
{
	char problem[512];
	struct ibvx_error err;
	struct ibvx_info info;
	struct ibvx *x;

	if (preload_resolve(&real, (void *)own_reg_mr, problem, sizeof(problem))) {
		say("cannot work: %s", problem);
		return false;
	}
	if (real.open(&x, &err)) {
		say("cannot work: %s", err.text);
		return false;
	}
	memset(&info, 0, sizeof(info));
	real.info(x, &info, sizeof(info));
	real.close(x);
	if (info.attrs & IBVX_INFO_REG_MR) {
		if (verbose)
			say("stands aside: peer_umem is loaded, so ibv_reg_mr takes device memory itself");
	} else if (!(info.attrs & IBVX_INFO_EXPORT)) {
		say("cannot work: peer_mem is of an older release and makes no dma-bufs: install peer-mem-dkms of this one");
		return false;
	} else if (verbose) {
		say("works: device memory is registered by dma-buf");
	}
	return true;
}

static void start(void)
{
	const char *set = getenv("IBVX_PRELOAD");

	verbose = set && !strcmp(set, "verbose");
	if (preload_real(&real)) {
		/* without these there is nothing that could be called instead */
		say("libibverbs lacks a function that the program calls through it");
		abort();
	}
	working = !(set && !strcmp(set, "off")) && check_self();
}

__attribute__((constructor)) static void at_start(void)
{
	if (preload_uses_verbs())
		pthread_once(&once, start);
}

/*
 * What libibverbs refused. Its errno stays the answer unless the memory is a device's: then
 * the library's is, and the reason goes to stderr, because the program has no place for it.
 */
static struct ibv_mr *other_way(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				int access)
{
	struct ibvx_memory memory = { 0 };
	int error = errno;
	struct ibvx_error err;
	struct ibv_mr *mr;
	struct ibvx *x;

	if (!working || real.open(&x, NULL))
		goto as_it_was;
	real.query(x, addr, &memory, sizeof(memory));
	real.close(x);
	if (memory.kind != IBVX_PEER && memory.kind != IBVX_PFN)
		goto as_it_was;
	inside = true;
	mr = real.reg(pd, addr, length, iova, access, &err);
	inside = false;
	if (!mr)
		say("%s", err.text);
	else if (verbose)
		say("%zu bytes at %p of %s: registered by dma-buf", length, addr,
		    memory.function[0] ? memory.function : "a device");
	return mr;

as_it_was:
	errno = error;
	return NULL;
}

SHIM struct ibv_mr *ibv_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access)
{
	struct ibv_mr *mr;

	pthread_once(&once, start);
	mr = real.ibv_reg_mr(pd, addr, length, access);
	return mr || inside ? mr : other_way(pd, addr, length, (uintptr_t)addr, access);
}

SHIM struct ibv_mr *ibv_reg_mr_iova(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				    int access)
{
	struct ibv_mr *mr;

	pthread_once(&once, start);
	mr = real.ibv_reg_mr_iova(pd, addr, length, iova, access);
	return mr || inside ? mr : other_way(pd, addr, length, iova, access);
}

SHIM struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				     unsigned int access)
{
	struct ibv_mr *mr;

	pthread_once(&once, start);
	mr = real.ibv_reg_mr_iova2(pd, addr, length, iova, access);
	return mr || inside ? mr : other_way(pd, addr, length, iova, (int)access);
}

/* The library knows which regions are its own; for others it calls here again. */
SHIM int ibv_dereg_mr(struct ibv_mr *mr)
{
	int ret;

	pthread_once(&once, start);
	if (!working || inside)
		return real.ibv_dereg_mr(mr);
	inside = true;
	ret = real.dereg(mr);
	inside = false;
	return ret;
}

SHIM int ibv_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr, size_t length,
		      int access)
{
	struct ibvx_error err;
	int ret;

	pthread_once(&once, start);
	if (!working || inside)
		return real.ibv_rereg_mr(mr, flags, pd, addr, length, access);
	inside = true;
	ret = real.rereg(mr, flags, pd, addr, length, access, &err);
	inside = false;
	if (ret)
		say("%s", err.text);
	return ret;
}
