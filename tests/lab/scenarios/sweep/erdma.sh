# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: registering host memory, a BAR and a CMB with the NIC model's
# driver, and the same by way of a dma-buf. Not below vzalloc() and vcalloc(), by which that driver gets
# its tables: each reports each failure with a call trace.
# expect-log: kmemleak: Cannot allocate a scan area
. /src/tests/vm/sweep.sh
. /src/tests/rnic/dmabuf.sh

sweep_setup
sweep_never_below __vmalloc_node_noprof
erdma_up
load_modules
nvme_load
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"

sweep reg host:size=1M "$ERDMA_CLIENT"
sweep reg "bar:$bar/2" "$ERDMA_CLIENT"
sweep reg "cmb:$(nvme_bdf),size=4M" "$ERDMA_CLIENT"
sweep regdmabuf "bar:$bar/2" "$ERDMA_CLIENT"
counters
erdma_unload
