# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once where an IOMMU translates: pinning a BAR of peer_bar and one
# mapped through sysfs, and a revoke that fences a pin. A revoke may not need memory.
. /src/tests/vm/sweep.sh

sweep_setup
load_modules
module_load peer_mem_test
nvme_load
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)

map=/sys/bus/pci/devices/$bar
echo 1 >"$map/enable"
sweep pin "file:$map/resource2" "$nic"

bind_peer_bar "$bar"
sweep pin "bar:$bar/2" "$nic"
sweep revoke "bar:$bar/2" "$nic" peer_bar
counters
