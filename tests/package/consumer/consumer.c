/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * consumer [SPEC]
 *
 * A program of somebody else, built against the installed packages only, as C and as C++:
 * asks what a buffer is (host memory without a SPEC).
 */
#include <errno.h>
#include <ibvx.h>
#include <linux/peer_mem.h>
#include <pbuf.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	const char *spec = argc > 1 ? argv[1] : "host:size=4K";
	struct ibvx_memory memory;
	struct ibvx_error err;
	struct pbuf *buf;
	struct ibvx *x;

	if (pbuf_alloc(spec, &buf, &err)) {
		printf("%s\n", err.text);
		return 1;
	}
	if (ibvx_open(&x, &err)) {
		/* what a system without the module is told */
		printf("%lu bytes; %s\n", (unsigned long)pbuf_size(buf), err.text);
	} else {
		if (!ibvx_query(x, pbuf_addr(buf), &memory, sizeof(memory)))
			printf("%lu bytes of kind %u %s\n", (unsigned long)pbuf_size(buf),
			       memory.kind, memory.function);
		ibvx_close(x);
	}
	pbuf_free(buf);
	return ibvx_strerror(EXDEV)[0] == '\0' || PEER_MEM_ABI_VERSION != 1;
}
