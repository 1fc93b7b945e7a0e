# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Refusals of a NIC with DMA of its own, where no IOMMU could stop it.
. /src/tests/lib/why.sh

module_load peer_mem
module_load peer_mem_test
nvme_load
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)
echo 1 >"$PCI/devices/$bar/enable"

kmsg_marker
must_fail t_pin -f "$nic" "file:$PCI/devices/$bar/resource2"
echo 1 >/sys/module/peer_mem/parameters/allow_unfenced
must_fail t_pin -f "$nic" file:/dev/mem,off=0,size=4K
why_explains 2
peer_mem why | grep 'allow_unfenced=1' || fail "no remedy"
peer_mem why | grep 'no memory BAR' || fail "no reason"
