# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A BAR device is pulled out while a NIC behind an IOMMU has regions on it: the NIC is cut off, and
# nobody waits for the regions, which live on until their owners let go. What the NIC sends to them
# meets the IOMMU, which reports it, and never the device that is plugged in there next.
# expect-log: DMAR: .*fault
# expect-log: DMAR:\[DMA
# skip-on-debug: 7.3's pciehp takes its reset lock inside the rescan lock and the other way round; lockdep says so of any unplugging, and then nothing more
. /src/tests/rnic/surprise.sh

surprise_up port1

# stopped NAME: what its NIC sends to the region ends in an error, and at the IOMMU
stopped() {
	kmsg_marker "work of $1"
	hold "$1" 'E*' work
	expect_log 'DMAR: .*fault'
}

note "pulled under live regions: the NIC is cut off"
fences=$(counter revoke_fences)
holds first
holds second
hold first ok unmap
hold second ok unmap
pull
pulled
[ $(($(counter revoke_fences) - fences)) -eq 2 ] || fail "not both regions were fenced"
[ "$(counter revoke_waits)" -eq "$UNBIND_WAITS" ] || fail "the removal waited for a region"
[ "$(counter live_pins)" -eq 2 ] || fail "the regions should live: $(live_counters)"
stopped first

note "another device in its place"
plug_bar "$BAR" "$PORT"
rnic-ctl "$NIC" forbid on
stopped second
[ "$(rnic_stat "$NIC" forbidden)" -eq 0 ] || fail "a region of the old device reached the new one"
rnic-ctl "$NIC" forbid off
newcomer
hold first ok dereg
hold_end first
kill "${HOLD_PID[second]}"
hold_gone second 143

surprise_end
