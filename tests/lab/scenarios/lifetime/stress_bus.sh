# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The same on a NIC with DMA of its own that reaches the BAR by bus addresses, so nothing
# can cut it off: no payload reaches the BAR after a revoke has returned, says the NIC model.
# Long: run-scenario --topology stress --timeout 3600 ... CYCLES=4000
. /src/tests/rnic/guest.sh
. /src/tests/rdma/stress.sh

nic_unbind() { pci_unbind "$NICS"; }

nic_bind() {
	echo "$NICS" >"$PCI/drivers/erdma/bind"
	wait_for 20 erdma_ready "$ERDMA_CLIENT" || fail "the NIC is not ready again"
}

erdma_up
NICS=$(erdma_bdf)
load_modules
bar=$(ivshmem_bdf 0)
STRESS_PORT=sw0.1
bind_peer_bar "$bar"
stress_run "$ERDMA_CLIENT" "$bar" 200 exporter exporter nic modules removal unplug
rmmod erdma
