// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * memcpy_speed: MiB/s of memcpy between two shared mappings on this machine, not in a guest:
 * the most that the NIC model, which is a memcpy in a process, could reach. The buffers are as
 * large as rdma_speed's, for caches matter here; best of the rounds. One line a size:
 *   memcpy BYTES MIB_PER_S
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define ROOM   ((size_t)8 << 20)
#define ROUNDS 41

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void)
{
	static const size_t sizes[] = {4096, 65536, 1 << 20, 8 << 20};
	char *from = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	char *to = from + ROOM;

	if (from == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		double best = 0;

		for (int round = 0; round < ROUNDS; round++) {
			double start = now_s(), rate;

			for (size_t at = 0; at < 2 * ROOM; at += sizes[n])
				memcpy(to + at % ROOM, from + at % ROOM, sizes[n]);
			rate = (double)(2 * ROOM >> 20) / (now_s() - start);
			best = rate > best ? rate : best;
		}
		printf("memcpy %zu %.1f\n", sizes[n], best);
	}
	return 0;
}
