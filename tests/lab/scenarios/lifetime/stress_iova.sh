# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The same where an IOMMU translates: a revoke does not wait, it cuts the NIC off, and what the NIC
# still sends to a region that lives on does not arrive. The IOMMU reports that.
# expect-log: DMAR: .*fault
# expect-log: DMAR:\[DMA
# Long: run-scenario --topology stress-iommu --timeout 3600 ... CYCLES=4000
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
STRESS_PORT=port1
bind_peer_bar "$bar"
stress_run "$ERDMA_CLIENT" "$bar" 200 exporter exporter nic modules removal unplug
rmmod erdma
