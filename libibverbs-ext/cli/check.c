// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * peer_mem check: the doctor. Each line is ok, warn or bad, and says what to do. Exit
 * status 1 if any is bad. What an ordinary user cannot see is a warning, never a guess.
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"
#include "pci.h"

static const char *const state_names[] = {
	[CHECK_OK] = "ok",
	[CHECK_WARN] = "warn",
	[CHECK_BAD] = "bad",
};

void check_add(json_object *lines, const char *subject, enum check_state state,
	       const char *change, const char *format, ...)
{
	json_object *line = json_object_new_object();
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_text(line, "subject", subject);
	put_text(line, "state", state_names[state]);
	put_text(line, "text", text);
	put_text(line, "change", change ? change : "");
	json_object_array_add(lines, line);
}

/* ---- the kernel ---- */

static const struct {
	const char *option, *without;
	enum check_state state;
} options[] = {
	{ "CONFIG_PCI_P2PDMA", "no peer-to-peer DMA at all: use a kernel that has it (Debian: 7.2 or newer)", CHECK_BAD },
	{ "CONFIG_DYNAMIC_FTRACE_WITH_ARGS", "peer_umem cannot hook ib_umem_get: use a kernel that has it", CHECK_BAD },
	{ "CONFIG_INFINIBAND_USER_MEM", "no RDMA from user space", CHECK_BAD },
	{ "CONFIG_ZONE_DEVICE", "no struct pages for BARs: soft-RoCE cannot use them", CHECK_WARN },
	{ "CONFIG_MMU_NOTIFIER", "mappings of other drivers cannot be watched", CHECK_WARN },
};

/* Older ones lack what the modules call; no configuration makes up for that. */
#define OLDEST_MAJOR 7
#define OLDEST_MINOR 2

static void check_release(json_object *lines, const char *release)
{
	unsigned int major = 0, minor = 0;

	if (access("/sys/module/peer_mem", F_OK) && sscanf(release, "%u.%u", &major, &minor) == 2 &&
	    (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)))
		check_add(lines, "kernel", CHECK_BAD,
			  "Debian: apt install linux-image-amd64 linux-headers-amd64 from backports",
			  "%s is too old: the modules need %u.%u", release, OLDEST_MAJOR,
			  OLDEST_MINOR);
}

static bool config_has(FILE *config, const char *option)
{
	size_t len = strlen(option);
	char line[256];

	rewind(config);
	while (fgets(line, sizeof(line), config))
		if (!strncmp(line, option, len) && !strncmp(line + len, "=y", 2))
			return true;
	return false;
}

static void check_kernel(json_object *lines)
{
	struct utsname name;
	char path[sizeof(name.release) + 32];
	FILE *config;

	uname(&name);
	check_release(lines, name.release);
	snprintf(path, sizeof(path), "/boot/config-%s", name.release);
	config = fopen(path, "re");
	if (!config) {
		check_add(lines, "kernel", CHECK_WARN,
			  "zgrep -e P2PDMA -e DYNAMIC_FTRACE_WITH_ARGS /proc/config.gz",
			  "%s cannot be read, so its configuration is not known", path);
		return;
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		bool there = config_has(config, options[i].option);

		check_add(lines, "kernel", there ? CHECK_OK : options[i].state,
			  there ? NULL : options[i].without, "%s is %s in %s",
			  options[i].option, there ? "on" : "off", name.release);
	}
	fclose(config);
}

/* Can modprobe find it? Where its index cannot be read, modprobe may say so itself. */
static bool is_installed(const char *name)
{
	struct utsname uts;
	char path[sizeof(uts.release) + 40], file[64], line[512];
	bool found = false;
	FILE *index;

	uname(&uts);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", uts.release);
	snprintf(file, sizeof(file), "/%s.ko", name);
	index = fopen(path, "re");
	if (!index)
		return true;
	while (!found && fgets(line, sizeof(line), index)) {
		line[strcspn(line, ":")] = '\0';
		found = strstr(line, file);
	}
	fclose(index);
	return found;
}

static void check_module(json_object *lines, const char *name, enum check_state without,
			 const char *what)
{
	char path[64], change[192];
	bool there;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	there = !access(path, F_OK);
	snprintf(change, sizeof(change),
		 is_installed(name) ? "as root: modprobe %s" :
				      "no %s.ko for this kernel: install peer-mem-dkms and linux-headers-amd64; `dkms status` says what became of it",
		 name);
	check_add(lines, "module", there ? CHECK_OK : without, there ? NULL : change, "%s is %s%s",
		  name, there ? "loaded" : "not loaded: ", there ? "" : what);
}

static void check_modules(json_object *lines)
{
	check_module(lines, "peer_mem", CHECK_BAD, "nothing works without it");
	check_module(lines, "peer_umem", CHECK_BAD, "ibv_reg_mr does not take device pointers");
	check_module(lines, "peer_bar", CHECK_WARN,
		     "only memory that other drivers offer (CMB) can be used");
}

static void check_hook(json_object *lines)
{
	char text[32];

	if (access("/sys/module/peer_umem", F_OK))
		return;
	/* it does not load without its self-check, and ftrace cannot be turned off under it */
	if (!sysfs_read("/proc/sys/kernel/ftrace_enabled", text, sizeof(text)) &&
	    text[0] == '0')
		check_add(lines, "hook", CHECK_BAD, "as root: sysctl kernel.ftrace_enabled=1",
			  "ftrace is off: the hook of ib_umem_get does not fire");
	else
		check_add(lines, "hook", CHECK_OK, NULL,
			  "ib_umem_get is hooked: proved by peer_umem's self-check when it was loaded");
}

static void check_device(struct cli *cli, json_object *lines)
{
	struct ibvx_error err;
	struct ibvx_info info;

	if (!cli->x && ibvx_open(&cli->x, &err)) {
		check_add(lines, "/dev/peer_mem", CHECK_BAD, NULL, "%s", err.text);
		return;
	}
	if (ibvx_info(cli->x, &info, sizeof(info)))
		return;
	check_add(lines, "/dev/peer_mem", CHECK_OK, NULL, "opens, interface version %u",
		  info.abi_version);
}

/* ---- RDMA and memory ---- */

static void check_verbs_nodes(json_object *lines)
{
	DIR *dir = opendir("/dev/infiniband");
	struct dirent *entry;
	char path[320];

	if (!dir) {
		check_add(lines, "RDMA", CHECK_BAD, "as root: modprobe ib_uverbs",
			  "no /dev/infiniband: programs cannot open RDMA devices");
		return;
	}
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/dev/infiniband/%s", entry->d_name);
		if (!strncmp(entry->d_name, "uverbs", 6) && access(path, R_OK | W_OK))
			check_add(lines, "RDMA", CHECK_WARN,
				  "it should have mode 0666: install rdma-core's udev rules",
				  "you may not open %s", path);
	}
	closedir(dir);
}

static void check_rdma(json_object *lines)
{
	json_object *names = scan_rdma(), *name;

	if (!json_object_array_length(names))
		check_add(lines, "RDMA", CHECK_BAD,
			  "load the NIC's driver, or as root: rdma link add rxe0 type rxe netdev NAME",
			  "there is no RDMA device");
	for_each_row(name, names)
		check_add(lines, "RDMA", CHECK_OK, NULL, "device %s",
			  json_object_get_string(name));
	json_object_put(names);
	check_verbs_nodes(lines);
}

static void check_memory(json_object *lines)
{
	json_object *rows = scan_memory(false), *row;
	unsigned int offered = 0;
	char change[256], size[32];

	for_each_row(row, rows) {
		if (!has(row, "spec"))
			continue;
		offered++;
		if (access(get_text(row, "node"), R_OK | W_OK)) {
			snprintf(change, sizeof(change),
				 "as root: chgrp or chmod %s, or write a udev rule",
				 get_text(row, "node"));
			check_add(lines, "memory", CHECK_WARN, change,
				  "%s: you may not open %s (mode %s)", get_text(row, "spec"),
				  get_text(row, "node"), get_text(row, "mode"));
			continue;
		}
		check_add(lines, "memory", CHECK_OK, NULL, "%s: %s, %s", get_text(row, "spec"),
			  out_size((uint64_t)get_int(row, "size"), size),
			  get_bool(row, "pages") ? "for every NIC" :
						   "for NICs with DMA of their own only");
	}
	if (!offered)
		check_add(lines, "memory", CHECK_WARN,
			  "`peer_mem list --all` shows BARs; as root: echo peer_bar > /sys/bus/pci/devices/BDF/driver_override; echo BDF > /sys/bus/pci/drivers_probe",
			  "no device memory is offered");
	json_object_put(rows);
}

static void check_memlock(json_object *lines)
{
	struct rlimit limit;
	char size[32];

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		check_add(lines, "RLIMIT_MEMLOCK", CHECK_OK, NULL, "unlimited");
	else
		check_add(lines, "RLIMIT_MEMLOCK", limit.rlim_cur < 64 << 20 ? CHECK_WARN : CHECK_OK,
			  "ulimit -l unlimited, or a line in /etc/security/limits.d",
			  "%s: device memory is not counted, but ordinary memory that a program registers beside it is",
			  out_size(limit.rlim_cur, size));
}

static void check_lockdown(json_object *lines)
{
	char text[64];

	if (sysfs_read("/sys/kernel/security/lockdown", text, sizeof(text)))
		return;
	if (strstr(text, "[none]"))
		check_add(lines, "lockdown", CHECK_OK, NULL, "off");
	else
		check_add(lines, "lockdown", CHECK_WARN,
			  "sign the modules with a key that the machine trusts (mokutil); use peer_bar instead of sysfs",
			  "on (%s): unsigned modules do not load, BARs cannot be mapped by sysfs",
			  text);
}

/* ---- the command ---- */

static void as_text(json_object *doc)
{
	json_object *lines = json_object_object_get(doc, "checks"), *line;

	for_each_row(line, lines) {
		printf("%-4s  %s: %s\n", get_text(line, "state"), get_text(line, "subject"),
		       get_text(line, "text"));
		if (has(line, "change"))
			printf("      -> %s\n", get_text(line, "change"));
	}
}

static bool any_bad(json_object *lines)
{
	json_object *line;

	for_each_row(line, lines)
		if (!strcmp(get_text(line, "state"), "bad"))
			return true;
	return false;
}

int cmd_check(struct cli *cli, int argc, char **argv)
{
	json_object *doc, *lines;
	int ret;

	(void)argv;
	if (argc != 1)
		return cli_usage("check", "takes no arguments");
	lines = json_object_new_array();
	check_kernel(lines);
	check_lockdown(lines);
	check_modules(lines);
	check_hook(lines);
	check_device(cli, lines);
	check_rdma(lines);
	check_memory(lines);
	check_memlock(lines);
	check_iommu(lines);
	check_acs(cli, lines);
	ret = any_bad(lines);
	doc = json_object_new_object();
	json_object_object_add(doc, "checks", lines);
	cli_print(cli, doc, as_text);
	return ret;
}
