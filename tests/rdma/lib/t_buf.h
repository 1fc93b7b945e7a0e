/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Buffers by name, so that one program serves every kind of memory:
 *
 *   host:[size=N]                     anonymous memory, touched; 16 MiB
 *   cmb:BDF[,size=N]                  NVMe CMB, by mmap of p2pmem/allocate; all
 *                                     that is free
 *   bar:BDF/NUMBER[,off=N][,size=N]   a BAR, through peer_bar's node; all of it
 *                                     from off on
 *   file:PATH[,off=N][,size=N]        any file that can be mapped, for example a
 *                                     BAR without peer_bar: sysfs' resourceN
 *
 * N takes K, M and G. CMB memory is allocated by the mapping and free again
 * when it goes; a BAR is shared with everybody who maps it.
 */
#ifndef T_BUF_H
#define T_BUF_H

#include <stddef.h>
#include <sys/types.h>

#define T_BUF_USAGE                                                             \
	"host:[size=N] | cmb:BDF[,size=N] | bar:BDF/NUMBER[,off=N][,size=N] | " \
	"file:PATH[,off=N][,size=N]"

struct t_buf_kind;

struct t_buf {
	const struct t_buf_kind *kind;
	char spec[96];	/* as the caller wrote it */
	char path[128]; /* what is mapped; empty for host memory */
	off_t offset;	/* where in path */
	size_t size;
	void *addr; /* NULL while not mapped */
};

/*
 * Reads a spec and finds out the size; nothing is mapped yet. -EINVAL for a
 * spec that is none, -ENOENT and friends when the device is not there.
 */
int t_buf_parse(struct t_buf *buf, const char *spec);

/*
 * Maps it. @prot and @flags are mmap's; MAP_ANONYMOUS is added for host memory.
 * Tests of odd mappings call this, all others t_buf_open().
 */
int t_buf_map(struct t_buf *buf, int prot, int flags);
/* The same at an address, with MAP_FIXED in @flags over whatever is there. */
int t_buf_map_at(struct t_buf *buf, void *wanted, int prot, int flags);

/*
 * t_buf_parse() and t_buf_map() for reading and writing; devices shared, host
 * memory private.
 */
int t_buf_open(struct t_buf *buf, const char *spec);

/* Unmaps; harmless on a buffer that was never mapped, if it was zeroed. */
void t_buf_close(struct t_buf *buf);

/* "host", "cmb", "bar" or "file". */
const char *t_buf_kind_name(const struct t_buf *buf);

#endif /* T_BUF_H */
