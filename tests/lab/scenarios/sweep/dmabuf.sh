# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: making a dma-buf of a BAR and of a CMB, mapping it for the CPU,
# and importing it in every way that drivers do.
. /src/tests/vm/sweep.sh

sweep_setup
load_modules
module_load peer_mem_test
nvme_load
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"

sweep export "bar:$bar/2"
sweep export "cmb:$nic,size=4M"
for kind in dynamic lazy pinned; do
	sweep import "bar:$bar/2" "$nic" "$kind"
done
counters
