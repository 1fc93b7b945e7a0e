// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of all modules, per CPU so that the ordinary path pays one add, and
 * their text file debugfs peer_mem/counters. "live_*" lines are sums of +1 and
 * -1 made on different CPUs: exact once nothing runs.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "peer_mem_priv.h"

static DEFINE_MUTEX(counters_lock);
static LIST_HEAD(counters_list);	/* counters_lock */
static struct dentry *debugfs_dir;

static const char *const stat_names[] = {
#define S(name) #name,
	PEER_MEM_COUNTERS(S)
#undef S
};

struct peer_mem_counters peer_mem_stats = {
	.names = stat_names,
	.nr = PEER_NR_STATS,
};

int peer_mem_counters_register(struct peer_mem_counters *counters)
{
	counters->values = __alloc_percpu(counters->nr * sizeof(s64),
					  __alignof__(s64));
	if (!counters->values)
		return -ENOMEM;
	mutex_lock(&counters_lock);
	list_add_tail(&counters->node, &counters_list);
	mutex_unlock(&counters_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(peer_mem_counters_register);

void peer_mem_counters_unregister(struct peer_mem_counters *counters)
{
	mutex_lock(&counters_lock);
	list_del(&counters->node);
	mutex_unlock(&counters_lock);
	free_percpu(counters->values);
	counters->values = NULL;
}
EXPORT_SYMBOL_GPL(peer_mem_counters_unregister);

static s64 sum_up(const struct peer_mem_counters *counters, unsigned int i)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(counters->values, cpu)[i];
	return sum;
}

int peer_mem_counters_read(u32 index, char *name, size_t size, s64 *value)
{
	struct peer_mem_counters *counters;
	int ret = -ENOENT;

	mutex_lock(&counters_lock);
	list_for_each_entry(counters, &counters_list, node) {
		if (index < counters->nr) {
			index = array_index_nospec(index, counters->nr);
			strscpy_pad(name, counters->names[index], size);
			*value = sum_up(counters, index);
			ret = 0;
			break;
		}
		index -= counters->nr;
	}
	mutex_unlock(&counters_lock);
	return ret;
}

static int counters_show(struct seq_file *m, void *unused)
{
	struct peer_mem_counters *counters;
	unsigned int i;

	mutex_lock(&counters_lock);
	list_for_each_entry(counters, &counters_list, node)
		for (i = 0; i < counters->nr; i++)
			seq_printf(m, "%s %lld\n", counters->names[i],
				   sum_up(counters, i));
	mutex_unlock(&counters_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int regions_show(struct seq_file *m, void *unused)
{
	struct peer_mem_region *region;
	struct peer_mem_pin *pin;
	unsigned int pins;
	bool revoked;

	mutex_lock(&peer_mem_regions_lock);
	list_for_each_entry(region, &peer_mem_regions, node) {
		pins = 0;
		spin_lock(&region->lock);
		revoked = region->revoked;
		list_for_each_entry(pin, &region->pins, node)
			pins++;
		spin_unlock(&region->lock);
		seq_printf(m, "%s BAR %d %pa+%#zx %s %s pins=%u%s\n",
			   pci_name(region->desc.pdev), region->desc.bar,
			   &region->desc.paddr, region->desc.len,
			   region->exporter,
			   region->desc.has_pages ? "pages" : "pfns", pins,
			   revoked ? " revoked" : "");
	}
	mutex_unlock(&peer_mem_regions_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(regions);

int peer_mem_debugfs_init(void)
{
	int ret = peer_mem_counters_register(&peer_mem_stats);

	if (ret)
		return ret;
	/* debugfs may be off or locked down: nothing here depends on it */
	debugfs_dir = debugfs_create_dir("peer_mem", NULL);
	debugfs_create_file("counters", 0444, debugfs_dir, NULL, &counters_fops);
	debugfs_create_file("regions", 0400, debugfs_dir, NULL, &regions_fops);
	return 0;
}

void peer_mem_debugfs_exit(void)
{
	debugfs_remove(debugfs_dir);
	peer_mem_counters_unregister(&peer_mem_stats);
}
