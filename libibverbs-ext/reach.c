// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * By which way does a NIC reach a function's BARs? For NICs with DMA of their own the
 * kernel answers. A software NIC has no function that could do DMA: the CPU copies, and
 * needs struct pages, so what counts is who offers the memory; that is decided here.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci.h"
#include "priv.h"

_Static_assert(IBVX_WAY_NONE == (int)PEER_MEM_WAY_NONE && IBVX_WAY_BUS == (int)PEER_MEM_WAY_BUS &&
		       IBVX_WAY_HOST == (int)PEER_MEM_WAY_HOST &&
		       IBVX_WAY_IOVA == (int)PEER_MEM_WAY_IOVA,
	       "enum ibvx_way");
_Static_assert(IBVX_REACH_FENCE == PEER_MEM_REACH_FENCE, "IBVX_REACH_FENCE");
_Static_assert(IBVX_FUNCTION_TEXT == PCI_ADDRESS_TEXT, "text of a function");

/* What the two drivers that copy with the CPU give as their vendor. */
#define VENDOR_RXE 0xffffff
#define VENDOR_SIW 0x626d74

struct owner {
	struct pci_address at;
	char bdf[PCI_ADDRESS_TEXT];
	int bar; /* -1: any */
};

/* ---- who is meant ---- */

static int parse_owner(const char *text, struct owner *owner, struct ibvx_error *err)
{
	const char *end;

	owner->bar = -1;
	if (pci_address_parse(text, &owner->at, &end) ||
	    (*end && (end[0] != '/' || end[1] < '0' || end[1] > '5' || end[2])))
		return fail(err, -EINVAL,
			    "'%s' is no PCI function; write it as 0000:04:00.0, or one BAR of it as 0000:04:00.0/2",
			    text);
	if (*end)
		owner->bar = end[1] - '0';
	pci_address_format(&owner->at, owner->bdf);
	if (!pci_exists(owner->bdf))
		return fail(err, -ENODEV, "there is no PCI function %s", owner->bdf);
	return 0;
}

/* The lowest directory of a sysfs path that is a PCI function. */
static bool last_function(char *path, struct pci_address *at)
{
	const char *end;
	char *slash;

	while ((slash = strrchr(path, '/'))) {
		if (!pci_address_parse(slash + 1, at, &end) && !*end)
			return true;
		*slash = '\0';
	}
	return false;
}

/*
 * A software NIC on a hardware netdev has that device's function for a parent, so the
 * parent alone does not tell. Where the device cannot be opened it is taken for what it
 * looks like.
 */
static bool is_software(const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *context = NULL;
	struct ibv_device_attr attr;
	bool soft = false;

	for (int i = 0; list && list[i] && !context; i++)
		if (!strcmp(ibv_get_device_name(list[i]), name))
			context = ibv_open_device(list[i]);
	if (context && !ibv_query_device(context, &attr))
		soft = attr.vendor_id == VENDOR_RXE || attr.vendor_id == VENDOR_SIW;
	if (context)
		ibv_close_device(context);
	if (list)
		ibv_free_device_list(list);
	return soft;
}

/* @soft: no function that does DMA; else @at is it. */
static int find_client(const char *text, struct pci_address *at, bool *soft,
		       struct ibvx_error *err)
{
	char path[128], real[PATH_MAX], bdf[PCI_ADDRESS_TEXT];
	const char *end;

	*soft = false;
	if (!pci_address_parse(text, at, &end) && !*end) {
		pci_address_format(at, bdf);
		return pci_exists(bdf) ? 0 :
					 fail(err, -ENODEV, "there is no PCI function %s", bdf);
	}
	if (strchr(text, '/') || strlen(text) > 64 || !*text)
		return fail(err, -ENODEV, "'%s' is neither an RDMA device nor a PCI function",
			    text);
	snprintf(path, sizeof(path), "/sys/class/infiniband/%s", text);
	if (!realpath(path, real))
		return fail(err, -ENODEV,
			    "there is no RDMA device %s; `ibv_devices` or `rdma link` lists them",
			    text);
	*soft = !last_function(real, at) || is_software(text);
	return 0;
}

/* ---- software NICs ---- */

static int node_pages(const char *bdf, int bar, uint64_t *pages)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/peer_bar/peer_bar!%s!bar%d/pages", bdf, bar);
	return sysfs_read_u64(path, pages);
}

static void reach_by_cpu(const struct owner *owner, struct ibvx_reach *out)
{
	bool offered = false, has_pages = pci_has_p2pmem(owner->bdf);
	uint64_t pages;

	for (int bar = 0; bar < PCI_NR_BARS && !has_pages; bar++) {
		if ((owner->bar >= 0 && owner->bar != bar) || node_pages(owner->bdf, bar, &pages))
			continue;
		offered = true;
		has_pages = pages;
	}
	out->attrs |= IBVX_REACH_SOFT;
	out->distance = -1;
	if (has_pages)
		out->way = IBVX_WAY_CPU;
	else if (offered)
		snprintf(out->why, sizeof(out->why),
			 "a software NIC copies with the CPU and needs struct pages, which peer_bar was told not to make; as root: echo 1 > " PCI_DEVICES
			 "/%s/peer_bar_pages", owner->bdf);
	else
		snprintf(out->why, sizeof(out->why),
			 "a software NIC copies with the CPU and needs struct pages, and nobody offers memory of %s with them; bind peer_bar to it",
			 owner->bdf);
}

/* ---- NICs with DMA of their own ---- */

static struct peer_mem_function to_abi(const struct pci_address *at)
{
	return (struct peer_mem_function){
		.domain = at->domain,
		.bus = at->bus,
		.devfn = (uint8_t)(at->slot << 3 | at->function),
	};
}

static int reach_by_dma(struct ibvx *x, const struct pci_address *client,
			const struct owner *owner, struct ibvx_reach *out,
			struct ibvx_error *err)
{
	struct peer_mem_reach arg = {
		.size = sizeof(arg),
		.client = to_abi(client),
		.owner = to_abi(&owner->at),
	};
	int ret = ibvx_ioctl(x, PEER_MEM_REACH, &arg);

	if (ret)
		return fail(err, ret, "%s or %s is gone: %s", out->client, owner->bdf,
			    strerror(-ret));
	out->way = arg.way;
	out->attrs |= arg.attrs & IBVX_REACH_FENCE;
	out->distance = arg.distance;
	arg.why[sizeof(arg.why) - 1] = '\0';
	if (arg.why[0])
		snprintf(out->why, sizeof(out->why),
			 "%s; put both below one PCIe switch, or use a host bridge that the kernel allows (AMD Zen, its list)",
			 arg.why);
	return 0;
}

IBVX_EXPORT int ibvx_reach(struct ibvx *x, const char *client, const char *owner,
			   struct ibvx_reach *reach, size_t size, struct ibvx_error *err)
{
	struct ibvx_reach out = { 0 };
	struct pci_address at;
	struct owner whose;
	bool soft;
	int ret;

	fail_clear(err);
	if (!size)
		return fail(err, -EINVAL, "size is 0");
	ret = parse_owner(owner, &whose, err);
	if (!ret)
		ret = find_client(client, &at, &soft, err);
	if (ret)
		return ret;
	memcpy(out.owner, whose.bdf, sizeof(out.owner));
	if (soft) {
		reach_by_cpu(&whose, &out);
	} else {
		pci_address_format(&at, out.client);
		ret = reach_by_dma(x, &at, &whose, &out, err);
	}
	if (!ret)
		ibvx_copy_out(reach, size, &out, sizeof(out));
	return ret;
}
