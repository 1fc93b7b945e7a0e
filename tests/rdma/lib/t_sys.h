/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel says of itself: peer_mem's counters, a module's reference
 * count, and the log. All of it wants root.
 */
#ifndef T_SYS_H
#define T_SYS_H

#include <stdbool.h>
#include <stddef.h>

/* One line of debugfs' peer_mem/counters. -ENOENT if it has none of that name. */
int t_counter(const char *name, long long *value);

/*
 * Everything that must be as before when an attempt left nothing behind: each counter
 * live_* and the reference counts of our modules, as text.
 */
struct t_alive {
	char text[512];
};

int t_alive_read(struct t_alive *alive);
/* 0, or -EBADMSG after a line that begins with @what and says what differs. */
int t_alive_same(const struct t_alive *before, const char *what);

/*
 * Objects in the kernel's general caches (kmalloc-*). A few hundred come and go with
 * whatever the kernel does and caches; a thousand times the same leak stands out.
 */
int t_slab_objects(long long *count);

/* The kernel's log from the time of opening on. */
struct t_kmsg {
	int fd;
};

int t_kmsg_open(struct t_kmsg *kmsg);
void t_kmsg_close(struct t_kmsg *kmsg);
/* The text of the next record in @line, without its prefix: 1; 0 when there is none. */
int t_kmsg_next(struct t_kmsg *kmsg, char *line, size_t size);

#endif /* T_SYS_H */
