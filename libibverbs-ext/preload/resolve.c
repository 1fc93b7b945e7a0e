// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "resolve.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

#define VERBS "libibverbs.so.1"
#define EXT "libibverbs-ext.so.1"

struct symbol {
	const char *name;
	void **to;
};

bool preload_uses_verbs(void)
{
	void *verbs = dlopen(VERBS, RTLD_LAZY | RTLD_NOLOAD);

	if (verbs)
		dlclose(verbs);
	return verbs;
}

int preload_real(struct preload_functions *to)
{
	const struct symbol symbols[] = {
		{ "ibv_reg_mr", (void **)&to->ibv_reg_mr },
		{ "ibv_reg_mr_iova", (void **)&to->ibv_reg_mr_iova },
		{ "ibv_reg_mr_iova2", (void **)&to->ibv_reg_mr_iova2 },
		{ "ibv_dereg_mr", (void **)&to->ibv_dereg_mr },
		{ "ibv_rereg_mr", (void **)&to->ibv_rereg_mr },
	};
	/* by its handle: a program may have loaded it for itself only */
	void *verbs = dlopen(VERBS, RTLD_LAZY);

	if (!verbs)
		return -ENOENT;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		/* the default version, which is the newest */
		*symbols[i].to = dlsym(verbs, symbols[i].name);
		if (!*symbols[i].to)
			return -ENOENT;
	}
	return 0;
}

int preload_resolve(struct preload_functions *to, const void *ours, char *problem, size_t size)
{
	const struct symbol symbols[] = {
		{ "ibvx_open", (void **)&to->open },
		{ "ibvx_close", (void **)&to->close },
		{ "ibvx_info", (void **)&to->info },
		{ "ibvx_query", (void **)&to->query },
		{ "ibvx_reg_mr_iova", (void **)&to->reg },
		{ "ibvx_dereg_mr", (void **)&to->dereg },
		{ "ibvx_rereg_mr", (void **)&to->rereg },
	};
	void *ext;

	if (dlsym(RTLD_DEFAULT, "ibv_reg_mr") != ours) {
		snprintf(problem, size,
			 "another library stands before it: put it first in LD_PRELOAD");
		return -ENOENT;
	}
	ext = dlopen(EXT, RTLD_NOW);
	if (!ext) {
		snprintf(problem, size, "%s: install libibverbs-ext1", dlerror());
		return -ENOENT;
	}
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		*symbols[i].to = dlsym(ext, symbols[i].name);
		if (*symbols[i].to)
			continue;
		snprintf(problem, size, EXT " is of an older release, it has no %s", symbols[i].name);
		return -ENOENT;
	}
	return 0;
}
