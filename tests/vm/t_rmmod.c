// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * t_rmmod MODULE: asks the kernel itself to unload it (rmmod looks at the reference
 * count and does not even ask) and prints "ok" or the name of the errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: t_rmmod MODULE\n", stderr);
		return 1;
	}
	puts(syscall(SYS_delete_module, argv[1], O_NONBLOCK) ? strerrorname_np(errno) : "ok");
	return 0;
}
