# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A BAR mapped through sysfs resourceN, which no exporter answers for: taken where the IOMMU
# translates, and cut off the moment the mapping goes, while the owner lives on.
. /src/tests/vm/route.sh

module_load peer_mem
module_load peer_mem_test
nvme_load
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)
bar_base=$(bar_address "$bar" 2)
map=file:/sys/bus/pci/devices/$bar/resource2
echo 1 >"/sys/bus/pci/devices/$bar/enable"
echo 1 >$TRACE/events/peer_mem/enable

pinned -f "$nic" "$map"
expect_route iova
[ "$(segments)" = 1 ] || fail "a contiguous BAR took $(segments) segments"
! same_address "$(programmed 1)" "$bar_base" || fail "the raw BAR address was programmed"
[ "$(counter revoke_fences)" = 0 ] || fail "fenced without a reason"

# hold_pin ARGS...: a pin that lives until release_pin
hold_pin() {
	rm -f /tmp/hold
	mkfifo /tmp/hold
	t_pin -h "$@" </tmp/hold >/tmp/held &
	holder=$!
	exec 9>/tmp/hold
}

release_pin() {
	exec 9>&-
	wait $holder
}

note "munmap cuts the NIC off"
hold_pin -u -f "$nic" "$map"
wait_for 20 grep -q unmapped /tmp/held || fail "not unmapped: $(cat /tmp/held)"
[ "$(counter revoke_fences)" = 1 ] || fail "munmap did not fence"
[ "$(counter live_maps)" = 1 ] || fail "the owner's mapping object is gone"
release_pin

note "exit with the mapping and the pin in place leaves nothing"
hold_pin -f "$nic" "$map"
wait_for 20 grep -q '^pin ' /tmp/held || fail "no pin"
kill -KILL $holder
exec 9>&-
wait $holder || :
wait_for 20 nothing_live || fail "left: $(live_counters)"

note "removing the device, which has no driver, ends it too"
hold_pin -f "$nic" "$map"
wait_for 20 grep -q '^pin ' /tmp/held || fail "no pin"
iova=$(sed 's/.*addr=\([^ ]*\).*/\1/' /tmp/held)
fences=$(counter revoke_fences)
echo 1 >"/sys/bus/pci/devices/$bar/remove"
[ "$(counter revoke_fences)" = $((fences + 1)) ] || fail "the removal did not fence"
[ "$(counter revoke_waits)" = 0 ] || fail "the removal waited"

note "back again, it is a new device for everybody else, at another IOVA"
echo 1 >/sys/bus/pci/rescan
wait_for 20 [ -e "/sys/bus/pci/devices/$bar/resource2" ] || fail "it did not come back"
echo 1 >"/sys/bus/pci/devices/$bar/enable"
pinned -f "$nic" "$map"
! same_address "$(programmed 1)" "$iova" || fail "IOVA $iova was given out again"
release_pin
nothing_live || fail "left: $(live_counters)"
counters
