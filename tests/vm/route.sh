# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a NIC is programmed with, looked at without one: t_pin maps a BAR for another
# function of the machine, the tracepoint says by which way, and both are compared with
# the BAR's own address. Read by the scenarios of label `topology`.

TRACE=/sys/kernel/tracing

route_setup() {
	load_modules
	module_load peer_mem_test
	nvme_load
	nic=$(nvme_bdf)			# any function with a driver does as the one that maps
	bar=$(ivshmem_bdf 0)
	bind_peer_bar "$bar"
	bar_base=$(bar_address "$bar" 2)
	echo 1 >$TRACE/events/peer_mem/enable
	note "BAR 2 of $bar is at $bar_base; mapped for $nic"
}

# bar_address BDF BAR: the CPU's address of it, which is the bus address too on this machine
bar_address() {
	awk -v n="$(($2 + 1))" 'NR == n { print $1 }' "/sys/bus/pci/devices/$1/resource"
}

# pinned ARGS...: runs t_pin, prints what it printed, remembers it
pinned() {
	: >$TRACE/trace
	pin_out=$(t_pin "$@") || fail "t_pin $* was refused"
	note "$pin_out"
}

# programmed N: address of segment N (from 1) of the last pin
programmed() {
	grep -o 'addr=[^ ]*' <<<"$pin_out" | sed -n "$1s/addr=//p"
}

segments() {
	sed 's/.*segs=\([0-9]*\).*/\1/' <<<"$pin_out"
}

# expect_route KIND: bus, iova or physical, by the tracepoint
expect_route() {
	grep -o 'peer_mem_map:.*' $TRACE/trace | tee /dev/stderr | grep -q ": $1 " ||
		fail "not mapped by $1"
}

same_address() { [ $(($1)) -eq $(($2)) ]; }

# check_raw KIND: whole BAR, an offset in it, and cut in segments: the BAR's own addresses
check_raw() {
	pinned -f "$nic" "bar:$bar/2"
	expect_route "$1"
	[ "$(segments)" = 1 ] || fail "a contiguous BAR took $(segments) segments"
	same_address "$(programmed 1)" "$bar_base" || fail "programmed $(programmed 1)"

	pinned -f "$nic" "bar:$bar/2,off=8K,size=4M"
	same_address "$(programmed 1)" "$bar_base + 8192" || fail "offset lost: $(programmed 1)"

	pinned -f "$nic" -m 1048576 "bar:$bar/2,off=4K,size=4M"
	[ "$(segments)" = 4 ] || fail "4 MiB in segments of 1 MiB: $(segments)"
	same_address "$(programmed 4)" "$bar_base + 4096 + 3 * 1048576" ||
		fail "fourth segment at $(programmed 4)"
}

# without_pages: the same BAR without struct pages is mapped all the same
without_pages() {
	echo 0 >"/sys/bus/pci/devices/$bar/peer_bar_pages"
	pinned -f "$nic" "bar:$bar/2"
	expect_route "$1"
	echo 1 >"/sys/bus/pci/devices/$bar/peer_bar_pages"
}
