// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A plugin of QEMU: counts what the guest's processors themselves read and write of one I/O
 * memory region, by name, for example of an NVMe disk's controller memory buffer. Accesses
 * of programs and of the kernel are counted apart: the instruction's own address tells, so
 * a copy that a program makes is told from one that soft-RoCE makes in its place.
 *
 *   -plugin touch.so,region=nvme-cmb,out=FILE
 *
 * FILE is eight 64-bit numbers, always up to date: for programs, then for the kernel,
 * accesses and bytes read, accesses and bytes written.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qemu_plugin.h"

#define KERNEL_HALF (UINT64_C(1) << 63)

enum { TOUCH_KERNEL = 4, TOUCH_WRITE = 2, TOUCH_COUNTS = 8 };

PLUGIN_EXPORT int qemu_plugin_version = PLUGIN_VERSION;

static const char *region = "";
static atomic_ullong *counts;

static void on_access(unsigned int cpu, uint32_t info, uint64_t vaddr, void *first)
{
	const struct qemu_plugin_hwaddr *address = qemu_plugin_get_hwaddr(info, vaddr);
	atomic_ullong *count = first;

	(void)cpu;
	if (!address || !qemu_plugin_hwaddr_is_io(address) ||
	    strcmp(qemu_plugin_hwaddr_device_name(address), region) != 0)
		return;
	if (qemu_plugin_mem_is_store(info))
		count += TOUCH_WRITE;
	atomic_fetch_add(&count[0], 1);
	atomic_fetch_add(&count[1], 1ull << qemu_plugin_mem_size_shift(info));
}

static void on_translate(struct qemu_plugin_tb *tb, void *user)
{
	(void)user;
	for (size_t n = 0; n < qemu_plugin_tb_n_insns(tb); n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);
		bool kernel = qemu_plugin_insn_vaddr(insn) & KERNEL_HALF;

		qemu_plugin_register_vcpu_mem_cb(insn, on_access, PLUGIN_CB_NO_REGS, PLUGIN_MEM_RW,
						 counts + (kernel ? TOUCH_KERNEL : 0));
	}
}

static int map_counts(const char *path)
{
	const size_t size = TOUCH_COUNTS * sizeof(*counts);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	void *at = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, (off_t)size))
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (at == MAP_FAILED) {
		perror(path);
		return -1;
	}
	counts = at;
	return 0;
}

PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
				      char **argv)
{
	const char *out = NULL;

	(void)info;
	for (int n = 0; n < argc; n++) {
		if (!strncmp(argv[n], "region=", 7))
			region = argv[n] + 7;
		else if (!strncmp(argv[n], "out=", 4))
			out = argv[n] + 4;
	}
	if (!*region || !out) {
		fputs("touch: -plugin touch.so,region=NAME,out=FILE\n", stderr);
		return -1;
	}
	if (map_counts(out))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate, NULL);
	return 0;
}
