// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes between two PCI functions.
 *
 * Whether P2P is allowed is the kernel's decision and asked of the kernel. It
 * does not export which of the two ways it means, though, so the walk that tells
 * them apart is done here, by the rule documented in
 * Documentation/driver-api/pci/p2pdma.rst and drivers/pci/p2pdma.c: a common
 * upstream bridge without ACS redirection on the ports between means that the
 * packets turn around there and carry bus addresses; everything else goes up to
 * the host bridge.
 */
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/spinlock.h>

#include "route.h"

/* Request, completion and egress redirection: PCIe r6.0, 7.7.12.3 */
#define ACS_REDIRECT	(PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC)

static bool has_acs_redirect(struct pci_dev *pdev)
{
	u16 ctrl;

	if (!pdev->acs_cap)
		return false;
	pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL, &ctrl);
	return ctrl & ACS_REDIRECT;
}

static bool is_upstream_of(struct pci_dev *bridge, struct pci_dev *pdev)
{
	while (pdev && pdev != bridge)
		pdev = pci_upstream_bridge(pdev);
	return pdev;
}

/* The lowest port above (or equal to) both; NULL: they meet at no bridge. */
static struct pci_dev *common_upstream(struct pci_dev *a, struct pci_dev *b)
{
	while (a && !is_upstream_of(a, b))
		a = pci_upstream_bridge(a);
	return a;
}

/* A port from @pdev up to @top, inclusive if @with_top, that redirects. */
static struct pci_dev *redirecting_port(struct pci_dev *pdev,
					struct pci_dev *top, bool with_top)
{
	for (; pdev && pdev != top; pdev = pci_upstream_bridge(pdev))
		if (has_acs_redirect(pdev))
			return pdev;
	return with_top && has_acs_redirect(top) ? top : NULL;
}

/*
 * The kernel's verdict on two functions below one host bridge, remembered: it depends
 * on nothing else, the kernel warns each time it has to say no there because of ACS
 * redirection, and any user may ask. Forgotten when a device comes or goes. Between
 * two host bridges it says no without a word.
 */
#define NR_VERDICTS	64

struct verdict {
	u32 bridge;
	bool known;
	bool allowed;
};

static DEFINE_SPINLOCK(verdicts_lock);
static struct verdict verdicts[NR_VERDICTS];	/* verdicts_lock */
static unsigned int next_verdict;		/* verdicts_lock */
static unsigned int verdict_age;		/* verdicts_lock; how often forgotten */

static struct pci_bus *root_bus(struct pci_dev *pdev)
{
	struct pci_bus *bus = pdev->bus;

	while (bus->parent)
		bus = bus->parent;
	return bus;
}

static u32 host_bridge_number(struct pci_dev *pdev)
{
	return (u32)pci_domain_nr(pdev->bus) << 8 | root_bus(pdev)->number;
}

static bool recall(u32 bridge, bool *allowed, unsigned int *age)
{
	bool found = false;
	int i;

	spin_lock(&verdicts_lock);
	*age = verdict_age;
	for (i = 0; !found && i < NR_VERDICTS; i++) {
		found = verdicts[i].known && verdicts[i].bridge == bridge;
		if (found)
			*allowed = verdicts[i].allowed;
	}
	spin_unlock(&verdicts_lock);
	return found;
}

static bool host_bridge_allowed(struct pci_dev *owner, struct pci_dev *client)
{
	u32 bridge = host_bridge_number(owner);
	unsigned int age;
	bool allowed;

	if (bridge != host_bridge_number(client))
		return pci_p2pdma_distance(owner, &client->dev, false) >= 0;
	if (recall(bridge, &allowed, &age))
		return allowed;
	allowed = pci_p2pdma_distance(owner, &client->dev, false) >= 0;
	spin_lock(&verdicts_lock);
	if (age == verdict_age)
		verdicts[next_verdict++ % NR_VERDICTS] = (struct verdict){
			.bridge = bridge, .known = true, .allowed = allowed
		};
	spin_unlock(&verdicts_lock);
	return allowed;
}

void peer_mem_route_forget(void)
{
	spin_lock(&verdicts_lock);
	verdict_age++;
	memset(verdicts, 0, sizeof(verdicts));
	spin_unlock(&verdicts_lock);
}

static void explain(struct pci_dev *owner, struct pci_dev *client,
		    struct pci_dev *acs_port, char *why, size_t size)
{
	struct pci_host_bridge *bridge = pci_find_host_bridge(client->bus);
	struct pci_dev *root = pci_get_domain_bus_and_slot(
		pci_domain_nr(client->bus), root_bus(client)->number,
		PCI_DEVFN(0, 0));

	scnprintf(why, size,
		  "the way between %s and %s goes through host bridge %s [%04x:%04x], not on the kernel's P2P list%s%s%s%s",
		  pci_name(client), pci_name(owner), dev_name(&bridge->dev),
		  root ? root->vendor : 0, root ? root->device : 0,
		  acs_port ? ", as ACS redirects at " : "",
		  acs_port ? pci_name(acs_port) : "",
		  acs_port ? "; against that: pci=disable_acs_redir=" : "",
		  acs_port ? pci_name(acs_port) : "");
	pci_dev_put(root);
}

enum peer_mem_route peer_mem_route_find(struct pci_dev *owner,
					struct device *dev, char *why,
					size_t why_size)
{
	struct pci_dev *top, *client, *acs_port = NULL;

	/* a child of one may be behind another IOMMU than its parent */
	if (!dev_is_pci(dev)) {
		if (why)
			scnprintf(why, why_size, "%s is not a PCI device",
				  dev_name(dev));
		return PEER_ROUTE_NONE;
	}
	client = to_pci_dev(dev);
	top = common_upstream(owner, client);
	if (top) {
		acs_port = redirecting_port(owner, top, true) ?:
			   redirecting_port(client, top, false);
		if (!acs_port)
			return PEER_ROUTE_BUS;
	}
	if (host_bridge_allowed(owner, client))
		return PEER_ROUTE_HOST;
	if (why)
		explain(owner, client, acs_port, why, why_size);
	return PEER_ROUTE_NONE;
}

static int hops_to(struct pci_dev *pdev, const struct pci_dev *top)
{
	int hops = 0;

	for (; pdev && pdev != top; pdev = pci_upstream_bridge(pdev))
		hops++;
	return hops;
}

int peer_mem_route_distance(struct pci_dev *owner, struct pci_dev *client)
{
	struct pci_dev *top = common_upstream(owner, client);

	return hops_to(owner, top) + hops_to(client, top);
}
