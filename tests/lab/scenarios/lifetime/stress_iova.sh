# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The same where an IOMMU translates: a revoke does not wait, it cuts the NIC off, and what the NIC
# still sends to a region that lives on does not arrive. The IOMMU reports that.
# expect-log: DMAR: .*fault
# expect-log: DMAR:\[DMA
# Long: run-scenario --topology stress-iommu --timeout 3600 ... CYCLES=4000
. /src/tests/rnic/stress.sh

stress_on_nic port1
