// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "own_mr.h"

#include <pthread.h>
#include <stddef.h>

/* The list. Across fork() it is nobody's, so a child finds it usable. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct own_mr *own_mrs;

static void lock_list(void)
{
	pthread_mutex_lock(&lock);
}

static void unlock_list(void)
{
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void guard_fork(void)
{
	pthread_atfork(lock_list, unlock_list, unlock_list);
}

void own_mr_keep(struct own_mr *own)
{
	lock_list();
	own->next = own_mrs;
	own_mrs = own;
	unlock_list();
}

struct own_mr *own_mr_find(const struct ibv_mr *mr)
{
	struct own_mr *own;

	lock_list();
	for (own = own_mrs; own && &own->mr != mr; own = own->next)
		;
	unlock_list();
	return own;
}

void own_mr_forget(struct own_mr *own)
{
	struct own_mr **at;

	lock_list();
	for (at = &own_mrs; *at != own; at = &(*at)->next)
		;
	*at = own->next;
	unlock_list();
}
