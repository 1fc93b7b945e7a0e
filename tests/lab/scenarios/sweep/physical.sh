# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: pinning a BAR that is reached through the host bridge without
# an IOMMU.
. /src/tests/vm/sweep.sh

sweep_setup
load_modules
module_load peer_mem_test
nvme_load
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
sweep pin "bar:$bar/2" "$nic"
