// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sequences that t_failnth.c sweeps. What runs armed is system calls and the verbs
 * library only: t_ helpers say their failures, and here most runs fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <linux/peer_mem.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer_mem_test.h"
#include "t.h"
#include "t_buf.h"
#include "t_dmabuf.h"
#include "t_failnth.h"
#include "t_rc.h"

#define MAP_SIZE (64UL << 10)

static int none(void)
{
	return 0;
}

/* ---- map SPEC: open, map, fault in ---- */

static struct t_buf buf;

static int map_open(char **args)
{
	return t_buf_parse(&buf, args[0]);
}

static int map_run(void)
{
	volatile char *addr;
	int fd, ret = 0;

	fd = open(buf.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	addr = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, buf.offset);
	if (addr == MAP_FAILED) {
		ret = -errno;
	} else {
		(void)addr[0];
		(void)addr[MAP_SIZE - 1];
		if (munmap((void *)addr, MAP_SIZE))
			ret = -errno;
	}
	close(fd);
	return ret;
}

/* ---- reg SPEC DEVICE: ibv_reg_mr, ibv_dereg_mr ---- */

static struct t_dev dev;
static struct ibv_mr *mr;

static int reg_open(char **args)
{
	int ret = t_buf_open(&buf, args[0]);

	return ret ? ret : t_dev_open(&dev, args[1], T_GID_INDEX);
}

static int dereg(void)
{
	int ret = mr ? ibv_dereg_mr(mr) : 0;

	if (!ret)
		mr = NULL;
	return -ret;
}

static int reg_run(void)
{
	mr = ibv_reg_mr(dev.pd, buf.addr, buf.size,
			IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE);
	return mr ? dereg() : -errno;
}

/* ---- pin SPEC BDF: pinned and mapped for that function, by peer_mem_test ---- */

static struct peer_test_pin pin_arg;
static int pin_fd = -1;

static int function_parse(const char *bdf, __u32 *domain, __u32 *bus, __u32 *devfn)
{
	unsigned int device, fn;

	if (sscanf(bdf, "%x:%x:%x.%x", domain, bus, &device, &fn) != 4)
		return t_fail(-EINVAL, "%s is no function", bdf);
	*devfn = device << 3 | fn;
	return 0;
}

static int pin_parse(const char *bdf)
{
	pin_arg = (struct peer_test_pin){
		.max_seg = UINT32_MAX,
		.flags = PEER_TEST_WRITE | PEER_TEST_MAP,
	};
	return function_parse(bdf, &pin_arg.domain, &pin_arg.bus, &pin_arg.devfn);
}

static int pin_open(char **args)
{
	int ret = pin_parse(args[1]);

	return ret ? ret : t_buf_open(&buf, args[0]);
}

static int pin_prepare(void)
{
	pin_fd = open("/dev/peer_mem_test", O_RDWR | O_CLOEXEC);
	return pin_fd < 0 ? t_fail(-errno, "open /dev/peer_mem_test") : 0;
}

static int pin(void)
{
	pin_arg.va = (uintptr_t)buf.addr;
	pin_arg.len = buf.size;
	return ioctl(pin_fd, PEER_TEST_PIN, &pin_arg) ? -errno : 0;
}

static int pin_run(void)
{
	int ret = pin();

	if (ret)
		return ret;
	return ioctl(pin_fd, PEER_TEST_UNPIN, &pin_arg.id) ? -errno : 0;
}

/* What was not unpinned goes with the file. */
static int pin_clean(void)
{
	close(pin_fd);
	return 0;
}

/* ---- regdmabuf SPEC DEVICE: exported, registered and let go again, by a driver that can ---- */

static int regdmabuf_clean(void)
{
	int ret = mr ? t_dmabuf_dereg_mr(mr) : 0;

	if (!ret)
		mr = NULL;
	return -ret;
}

static int regdmabuf_run(void)
{
	mr = t_dmabuf_reg_mr(dev.pd, buf.addr, buf.size,
			     IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ |
				     IBV_ACCESS_REMOTE_WRITE);
	return mr ? regdmabuf_clean() : -errno;
}

/* ---- export SPEC: made a dma-buf, which the CPU maps and touches ---- */

static struct peer_mem_export export_arg;
static int export_dev = -1, export_fd = -1;

static int export_open(char **args)
{
	int ret = t_buf_open(&buf, args[0]);

	if (ret)
		return ret;
	export_dev = open("/dev/peer_mem", O_RDWR | O_CLOEXEC);
	return export_dev < 0 ? t_fail(-errno, "open /dev/peer_mem") : 0;
}

static int export(void)
{
	export_arg = (struct peer_mem_export){
		.size = sizeof(export_arg),
		.flags = PEER_MEM_EXPORT_WRITE | PEER_MEM_EXPORT_CLOEXEC,
		.va = (uintptr_t)buf.addr,
		.len = buf.size,
	};
	if (ioctl(export_dev, PEER_MEM_EXPORT, &export_arg))
		return -errno;
	export_fd = export_arg.fd;
	return 0;
}

static int export_run(void)
{
	volatile char *addr;
	int ret = export();

	if (ret)
		return ret;
	addr = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, export_fd, 0);
	if (addr == MAP_FAILED)
		return -errno;
	(void)addr[0];
	return munmap((void *)addr, MAP_SIZE) ? -errno : 0;
}

static int export_clean(void)
{
	if (export_fd >= 0)
		close(export_fd);
	export_fd = -1;
	return 0;
}

/* ---- import SPEC BDF KIND: a dma-buf mapped for that function, and let go ---- */

static struct peer_test_import import_arg;

static int import_open(char **args)
{
	static const char *const kinds[] = { [PEER_TEST_DYNAMIC] = "dynamic",
					     [PEER_TEST_LAZY] = "lazy",
					     [PEER_TEST_PINNED] = "pinned" };
	__u32 how = 0;
	int ret;

	while (how < 3 && strcmp(args[2], kinds[how]))
		how++;
	if (how == 3)
		return t_fail(-EINVAL, "%s is no kind of importer", args[2]);
	import_arg.how = how;
	ret = function_parse(args[1], &import_arg.domain, &import_arg.bus, &import_arg.devfn);
	return ret ? ret : export_open(args);
}

static int import_prepare(void)
{
	int ret = export();

	if (ret)
		return t_fail(ret, "export before the import");
	import_arg.fd = export_fd;
	return pin_prepare();
}

static int import_run(void)
{
	if (ioctl(pin_fd, PEER_TEST_IMPORT, &import_arg))
		return -errno;
	return ioctl(pin_fd, PEER_TEST_UNPIN, &import_arg.id) ? -errno : 0;
}

static int import_clean(void)
{
	pin_clean();
	return export_clean();
}

/* ---- write PATH TEXT BEFORE-PATH BEFORE-TEXT: sysfs, e.g. bind and unbind ---- */

static const char *path, *text, *before_path, *before_text;

static int write_file(const char *file, const char *content)
{
	int fd, ret = 0;

	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, content, strlen(content)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int write_open(char **args)
{
	path = args[0];
	text = args[1];
	before_path = args[2];
	before_text = args[3];
	return 0;
}

/* It may be so already: the last attempt failed. If it is not, the next one says it. */
static int write_prepare(void)
{
	write_file(before_path, before_text);
	return 0;
}

/* A bind that has no memory to reserve the BARs says EBUSY: pci_request_regions() does. */
static int write_run(void)
{
	int ret = write_file(path, text);

	return ret == -EBUSY ? -ENOMEM : ret;
}

/* As if nothing had failed: what failed must work now, what did not changes nothing. */
static int write_clean(void)
{
	write_file(path, text);
	return 0;
}

/* ---- revoke SPEC BDF DRIVER: unbind DRIVER from SPEC's function under a fenceable pin ---- */

static char revoke_bdf[32], revoke_bind[96], revoke_unbind[96], *revoke_spec;

static int revoke_open(char **args)
{
	revoke_spec = args[0];
	if (sscanf(revoke_spec, "bar:%31[^/]", revoke_bdf) != 1)
		return t_fail(-EINVAL, "%s is no bar:BDF/N", revoke_spec);
	snprintf(revoke_bind, sizeof(revoke_bind), "/sys/bus/pci/drivers/%s/bind", args[2]);
	snprintf(revoke_unbind, sizeof(revoke_unbind), "/sys/bus/pci/drivers/%s/unbind", args[2]);
	return pin_parse(args[1]);
}

static int revoke_prepare(void)
{
	int ret;

	write_file(revoke_bind, revoke_bdf);
	ret = t_buf_open(&buf, revoke_spec);
	if (!ret)
		ret = pin_prepare();
	if (!ret)
		ret = pin();
	return ret ? t_fail(ret, "pin %s before the revoke", revoke_spec) : 0;
}

static int revoke_run(void)
{
	return write_file(revoke_unbind, revoke_bdf);
}

static int revoke_clean(void)
{
	pin_clean();
	t_buf_close(&buf);
	write_file(revoke_unbind, revoke_bdf);
	return 0;
}

/* ---- load FILE NAME, unload FILE NAME: a module ---- */

static const char *module_file, *module_name;

static int load(void)
{
	int fd, ret = 0;

	fd = open(module_file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0))
		ret = -errno;
	close(fd);
	return ret;
}

static int unload(void)
{
	return syscall(SYS_delete_module, module_name, O_NONBLOCK) ? -errno : 0;
}

static int load_open(char **args)
{
	module_file = args[0];
	module_name = args[1];
	return 0;
}

static int load_clean(void)
{
	int ret = unload();

	return ret && ret != -ENOENT ? t_fail(ret, "unload %s", module_name) : 0;
}

static int unload_prepare(void)
{
	int ret = load();

	return ret ? t_fail(ret, "load %s", module_file) : 0;
}

/* ---- */

static const struct t_sequence sequences[] = {
	{ "map", "SPEC", 1, map_open, none, map_run, none },
	{ "reg", "SPEC DEVICE", 2, reg_open, none, reg_run, dereg },
	{ "pin", "SPEC BDF", 2, pin_open, pin_prepare, pin_run, pin_clean },
	{ "regdmabuf", "SPEC DEVICE", 2, reg_open, none, regdmabuf_run, regdmabuf_clean },
	{ "export", "SPEC", 1, export_open, none, export_run, export_clean },
	{ "import", "SPEC BDF dynamic|lazy|pinned", 3, import_open, import_prepare, import_run,
	  import_clean },
	{ "write", "PATH TEXT BEFORE-PATH BEFORE-TEXT", 4, write_open, write_prepare, write_run,
	  write_clean },
	{ "revoke", "bar:BDF/N CLIENT-BDF DRIVER", 3, revoke_open, revoke_prepare, revoke_run,
	  revoke_clean },
	{ "load", "FILE NAME", 2, load_open, none, load, load_clean },
	{ "unload", "FILE NAME", 2, load_open, unload_prepare, unload, load_clean },
};

#define NR_SEQUENCES (sizeof(sequences) / sizeof(sequences[0]))

const struct t_sequence *t_sequence_find(const char *name)
{
	for (size_t i = 0; i < NR_SEQUENCES; i++)
		if (!strcmp(sequences[i].name, name))
			return &sequences[i];
	return NULL;
}

void t_sequences_usage(void)
{
	for (size_t i = 0; i < NR_SEQUENCES; i++)
		fprintf(stderr, "t_failnth %s %s\n", sequences[i].name, sequences[i].usage);
}
