/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of QEMU's plugin interface (version 7, QEMU 11.1) that our plugins use. Debian
 * packages no header for it; these are declarations of the symbols that its QEMU exports.
 */
#ifndef QEMU_PLUGIN_H
#define QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLUGIN_EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
struct qemu_info;

enum {
	PLUGIN_VERSION = 7,
	PLUGIN_CB_NO_REGS = 0,
	PLUGIN_MEM_RW = 3,
};

/* What a plugin exports. Arguments are its options, as `name=value`. */
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

typedef void (*plugin_translate_cb)(struct qemu_plugin_tb *tb, void *user);
typedef void (*plugin_memory_cb)(unsigned int cpu, uint32_t info, uint64_t vaddr, void *user);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_translate_cb cb, void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_memory_cb cb,
				      int flags, int which, void *user);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *address);
const char *qemu_plugin_hwaddr_device_name(const struct qemu_plugin_hwaddr *address);

#endif /* QEMU_PLUGIN_H */
