# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Where no IOMMU could stop the NIC, a PFN mapping of another driver is refused, unless the
# administrator asks for it; and nothing but BAR memory is ever taken.
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

kmsg_marker
must_fail t_pin -f "$nic" "$map" 2>/tmp/err
grep EOPNOTSUPP /tmp/err || fail "wrong errno: $(cat /tmp/err)"
expect_log "may not register .*$bar BAR 2, PFN map.*no IOMMU translates.*allow_unfenced=1"

echo 1 >/sys/module/peer_mem/parameters/allow_unfenced
pinned -f "$nic" "$map"
expect_route physical
same_address "$(programmed 1)" "$bar_base" || fail "programmed $(programmed 1)"
expect_log 'allow_unfenced: PFN mappings are registered'

note "system memory mapped by PFN is not BAR memory"
kmsg_marker
must_fail t_pin -f "$nic" file:/dev/mem,off=0,size=4K 2>/tmp/err
grep EOPNOTSUPP /tmp/err || fail "wrong errno: $(cat /tmp/err)"
expect_log 'may not register .*PFN map.*no memory BAR'
nothing_live || fail "left: $(live_counters)"
