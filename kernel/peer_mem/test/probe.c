// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver whose probe fails after it published its memory: peer_test_probe, for the function
 * that names it as driver_override. BAR 2 is p2pdma memory, which anybody can map and register,
 * while the parameter probe_stays is set. Then the probe fails with ENODEV, about which the
 * driver core says nothing.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/sched/signal.h>

#include "object.h"

#define PROBE_BAR	2

static bool probe_stays;
module_param(probe_stays, bool, 0644);
MODULE_PARM_DESC(probe_stays,
		 "a probe of peer_test_probe that has begun does not fail yet");

static int test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pcim_enable_device(pdev);

	if (ret)
		return ret;
	ret = pci_p2pdma_add_resource(pdev, PROBE_BAR, 0, 0);
	if (ret)
		return ret;
	pci_p2pmem_publish(pdev, true);
	while (READ_ONCE(probe_stays) && !fatal_signal_pending(current))
		msleep(20);
	return -ENODEV;
}

static struct pci_driver test_probe_driver = {
	.name = "peer_test_probe",
	.probe = test_probe,
};

int test_probe_init(void)
{
	return pci_register_driver(&test_probe_driver);
}

void test_probe_exit(void)
{
	pci_unregister_driver(&test_probe_driver);
}
