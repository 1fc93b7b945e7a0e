# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A BAR device is pulled out while a NIC behind an IOMMU has a region on it: the NIC is cut off, and
# nobody waits for the region, which lives on until its owner lets go. The IOMMU reports what the
# NIC still sends.
# expect-log: DMAR: .*fault
# expect-log: DMAR:\[DMA
# skip-on-debug: 7.3's pciehp takes its reset lock inside the rescan lock and the other way round; lockdep says so of any unplugging, and then nothing more
. /src/tests/rnic/surprise.sh

surprise_up port1

note "pulled under a live region: the NIC is cut off"
fences=$(counter revoke_fences)
holds owner
hold owner ok storm
pull
pulled
[ "$(counter revoke_fences)" -gt "$fences" ] || fail "no region was fenced"
[ "$(counter revoke_waits)" -eq "$UNBIND_WAITS" ] || fail "the removal waited for a region"
[ "$(counter live_pins)" -eq 1 ] || fail "the region should live: $(live_counters)"
again
kill "${HOLD_PID[owner]}"
hold_gone owner 143

surprise_end
