# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A BAR device that is pulled out under the regions of a NIC that does DMA. Read by the
# scenarios lifetime/surprise_*.
. /src/tests/rnic/guest.sh
. /src/tests/rdma/hold.sh

# shellcheck disable=SC2034 # for the scenarios
TIMEOUT=/sys/module/peer_mem/parameters/revoke_timeout_ms

# surprise_up PORT: PORT of the topology is where the BAR device is plugged in
surprise_up() {
	PORT=$1
	erdma_up
	load_modules
	NIC=$(erdma_bdf)
	BAR=$(ivshmem_bdf)
	bind_peer_bar "$BAR"
}

# holds NAME: a process with a region that works
holds() {
	hold_start "$1" "bar:$BAR/2,size=1M" --dev "$ERDMA_CLIENT"
	hold "$1" ok map
	hold "$1" ok touch
	hold "$1" ok reg
	hold "$1" ok work
}

pull() {
	UNBIND_WAITS=$(counter revoke_waits)
	kmsg_marker "pull $BAR"
	pci_pull "$BAR"
}

# pulled: the kernel has noticed, and has let go
pulled() {
	wait_for 60 test ! -e "$PCI/devices/$BAR" || fail "$BAR is not removed"
	expect_log 'pciehp: Slot.*: (Link Down|Card not present)'
}

# newcomer: a new device in the same place works with the same NIC
newcomer() {
	bind_peer_bar "$BAR"
	holds newcomer
	hold newcomer ok dereg
	hold_end newcomer
}

surprise_end() {
	wait_for 20 nothing_pinned || fail "left: $(live_counters)"
	unbind_peer_bar "$BAR"
	erdma_unload
	unload_modules
}
