# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: mapping, registering on soft-RoCE, binding, and pinning for a
# device behind the same switch (bus addresses).
. /src/tests/vm/sweep.sh

sweep_setup
load_modules
module_load peer_mem_test
nvme_load
make_rxe
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"

sweep map "bar:$bar/2"
sweep map "cmb:$nic"
sweep reg host:size=1M rxe0
sweep reg "bar:$bar/2,size=4M" rxe0
sweep reg "cmb:$nic,size=4M" rxe0
sweep pin "bar:$bar/2" "$nic"
sweep pin "cmb:$nic,size=4M" "$nic"
counters
