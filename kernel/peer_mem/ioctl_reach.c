// SPDX-License-Identifier: GPL-2.0-only
/* PEER_MEM_REACH: by which way does a function reach another one's BARs? */
#include <linux/pci.h>
#include <uapi/linux/peer_mem.h>

#include "ioctl.h"
#include "peer_mem_priv.h"
#include "route.h"

static struct pci_dev *find(const struct peer_mem_function *fn)
{
	return pci_get_domain_bus_and_slot(fn->domain, fn->bus, fn->devfn);
}

static void describe(struct peer_mem_reach *reach, struct pci_dev *client,
		     struct pci_dev *owner)
{
	enum peer_mem_route route;

	route = peer_mem_route_find(owner, &client->dev, reach->why,
				    sizeof(reach->why));
	reach->distance = route == PEER_ROUTE_NONE ? -1 :
			  peer_mem_route_distance(owner, client);
	switch (peer_mem_dma_kind(route, &client->dev)) {
	case PEER_DMA_BUS:
		reach->way = PEER_MEM_WAY_BUS;
		break;
	case PEER_DMA_PHYSICAL:
		reach->way = PEER_MEM_WAY_HOST;
		break;
	case PEER_DMA_IOVA:
		reach->way = PEER_MEM_WAY_IOVA;
		reach->attrs |= PEER_MEM_REACH_FENCE;
		break;
	case PEER_DMA_NONE:
		reach->way = PEER_MEM_WAY_NONE;
		break;
	}
}

int peer_mem_ioctl_reach(struct peer_mem_reach *reach)
{
	struct pci_dev *client, *owner;
	int ret = -ENODEV;

	if (reach->flags || reach->reserved || reach->client.reserved ||
	    reach->owner.reserved)
		return -EINVAL;
	reach->attrs = 0;
	memset(reach->why, 0, sizeof(reach->why));
	client = find(&reach->client);
	owner = find(&reach->owner);
	if (client && owner) {
		describe(reach, client, owner);
		ret = 0;
	}
	pci_dev_put(client);
	pci_dev_put(owner);
	return ret;
}
