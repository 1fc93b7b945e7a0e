# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: making a dma-buf of a BAR and of a CMB, mapping it for the CPU,
# and importing it in every way that drivers do.
. /src/tests/vm/sweep.sh

sweep_peers
bind_peer_bar "$BAR"

sweep export "bar:$BAR/2"
sweep export "cmb:$NIC,size=4M"
for kind in dynamic lazy pinned; do
	sweep import "bar:$BAR/2" "$NIC" "$kind"
done
counters
