// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Providers in shared objects: DIR/libpbuf-NAME.so, where DIR is where the library was
 * installed to, or PBUF_PROVIDERS in the environment. All of them are loaded once, when
 * a name is asked for that the library does not know itself; what a vendor's library
 * costs is paid only by pbuf_alloc(). Nothing is ever unloaded, so tables stay valid
 * without a lock.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

#define MAX_PLUGINS 32

static const struct pbuf_ops *plugins[MAX_PLUGINS];
static unsigned int nr_plugins;
static struct ibvx_error problem;
/* glibc starts a pthread_once() afresh in a child that was forked in the middle of it */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The first is told: the others are often its consequence. */
#define PROBLEM(...) \
	do { \
		if (!problem.error) \
			fail(&problem, -ENOENT, __VA_ARGS__); \
	} while (0)

static int is_plugin(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return !strncmp(entry->d_name, "libpbuf-", 8) && len > 11 &&
	       !strcmp(entry->d_name + len - 3, ".so");
}

static bool is_whole(const struct pbuf_ops *ops)
{
	return ops && ops->name && ops->usage && ops->alloc && ops->free;
}

static void load_one(const char *dir, const char *file)
{
	const struct pbuf_plugin *plugin;
	char path[512];
	void *object;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return;
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!object) {
		PROBLEM("%s was not loaded: %s", path, dlerror());
		return;
	}
	plugin = dlsym(object, PBUF_PLUGIN_SYMBOL);
	if (!plugin) {
		PROBLEM("%s is no provider: it exports no " PBUF_PLUGIN_SYMBOL, path);
	} else if (plugin->abi != PBUF_PLUGIN_ABI || plugin->buf_size != sizeof(struct pbuf)) {
		PROBLEM("%s is of another release than the library: install libibverbs-ext1 and -providers of one version",
			path);
	} else if (!is_whole(plugin->ops) || nr_plugins == MAX_PLUGINS) {
		PROBLEM("%s lacks what a provider must have, or there are too many", path);
	} else {
		plugins[nr_plugins++] = plugin->ops;
		return;
	}
	dlclose(object);
}

static void load_all(void)
{
	const char *dir = secure_getenv("PBUF_PROVIDERS");
	struct dirent **files = NULL;
	int nr;

	/* after a fork in the middle of it, see above */
	nr_plugins = 0;
	if (!dir)
		dir = PBUF_PLUGIN_DIR;
	nr = scandir(dir, &files, is_plugin, alphasort);
	if (nr < 0 && errno != ENOENT)
		PROBLEM("%s cannot be read: %s", dir, strerror(errno));
	else if (nr <= 0)
		PROBLEM("none in %s (package libibverbs-ext-providers)", dir);
	for (int i = 0; i < nr; i++) {
		load_one(dir, files[i]->d_name);
		free(files[i]);
	}
	free(files);
}

const struct pbuf_ops *pbuf_plugin_ops(unsigned int index)
{
	pthread_once(&once, load_all);
	return index < nr_plugins ? plugins[index] : NULL;
}

const char *pbuf_plugin_problem(void)
{
	pthread_once(&once, load_all);
	return problem.text;
}
