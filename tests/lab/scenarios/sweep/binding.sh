# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: binding and unbinding peer_bar, giving a BAR struct pages and
# taking them, loading and unloading each module.
#
# Not below pci_p2pdma_add_resource(): there the kernel (7.3.4) itself does not survive a lack of
# memory. The direct map's tables are used unchecked (phys_pmd_init), and where
# gen_pool_add_owner() fails, what was freed is read again when the driver goes.
. /src/tests/vm/sweep.sh

sweep_setup
sweep_never_below pci_p2pdma_add_resource
load_modules
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"

pages=/sys/bus/pci/devices/$bar/peer_bar_pages
sweep write "$pages" 0 "$pages" 1
sweep write "$pages" 1 "$pages" 0
sweep_binding "$bar"

# else peer_bar takes it again as soon as it is loaded
echo >"/sys/bus/pci/devices/$bar/driver_override"
# a module is swept with those below it in place
unload_modules
sweep_module peer_mem
module_load peer_mem
for name in peer_bar peer_umem peer_mem_test; do
	# what it needs of the kernel's own
	module_load "$name"
	rmmod "$name"
	sweep_module "$name"
done
