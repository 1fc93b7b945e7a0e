# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: binding and unbinding peer_bar, giving a BAR struct pages and
# taking them, loading and unloading each module.
#
# Not below these functions of the kernel (7.3.4), which do not survive a lack of memory, or do not
# say so:
# pci_p2pdma_add_resource(): the direct map's tables are used unchecked (phys_pmd_init), and
# where gen_pool_add_owner() fails, what was freed is read again when the driver goes.
# module_add_driver(): EINVAL where it cannot make a directory.
# __kmem_cache_create_args(): reports its failure with a call trace.
# ftrace_set_filter(): EINVAL, and where it cannot copy the pattern, success with an empty filter.
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
sweep_never_below __kmem_cache_create_args
sweep_module peer_mem
module_load peer_mem
declare -A never=([peer_bar]=module_add_driver [peer_umem]=ftrace_set_filter)
for name in peer_bar peer_umem peer_mem_test; do
	sweep_never_below "${never[$name]-pci_p2pdma_add_resource}"
	# what it needs of the kernel's own
	module_load "$name"
	rmmod "$name"
	sweep_module "$name"
done
