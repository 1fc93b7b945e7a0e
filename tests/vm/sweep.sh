# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Failing every allocation in turn (t_failnth), where the kernel can: what the scenarios of
# label `sweep` share.

FAULTS=/sys/kernel/debug

# sweep_setup: any allocation may fail, also those that could wait for memory, and the log
# does not fill with call traces of the failures that we asked for.
sweep_setup() {
	local kind
	[ -d $FAULTS/failslab ] ||
		skip "this kernel cannot fail allocations on demand: ./lab test --kernel debug -L sweep"
	for kind in failslab fail_page_alloc; do
		echo N >$FAULTS/$kind/ignore-gfp-wait
		echo 0 >$FAULTS/$kind/verbose
	done
	echo N >$FAULTS/fail_page_alloc/ignore-gfp-highmem
	echo 0 >$FAULTS/fail_page_alloc/min-order
	# Copies from and to user space count as well where they can fail; not here.
	if [ -d $FAULTS/fail_usercopy ]; then
		echo 1 >$FAULTS/fail_usercopy/require-start
		echo 2 >$FAULTS/fail_usercopy/require-end
	fi
}

# sweep_peers: everything loaded; NIC is the disk's function, with its CMB, BAR a BAR device
sweep_peers() {
	sweep_setup
	load_modules
	module_load peer_mem_test
	nvme_load
	NIC=$(nvme_bdf)
	BAR=$(ivshmem_bdf)
}

# sweep_never_below SYMBOL: allocations made in a call from this function of the kernel do
# not fail; one such range is possible
sweep_never_below() {
	local start end kind
	read -r start end < <(symbol_range "$1")
	[ -n "$end" ] || fail "no symbol $1"
	for kind in failslab fail_page_alloc; do
		echo "$start" >$FAULTS/$kind/reject-start
		echo "$end" >$FAULTS/$kind/reject-end
	done
}

# symbol_range SYMBOL: its first and the next symbol's address
symbol_range() {
	sort /proc/kallsyms |
		awk -v s="$1" 'at && $1 != at { print "0x" at, "0x" $1; exit } $3 == s { at = $1 }'
}

# sweep_only_below [SYMBOL]: only allocations made in a call from this function of the
# kernel fail; without a symbol, all
sweep_only_below() {
	local start=0 end=18446744073709551615 kind
	if [ -n "${1-}" ]; then
		read -r start end < <(symbol_range "$1")
		[ -n "$end" ] || fail "no symbol $1"
	fi
	for kind in failslab fail_page_alloc; do
		echo "$start" >$FAULTS/$kind/require-start
		echo "$end" >$FAULTS/$kind/require-end
	done
}

# sweep SEQUENCE...: one t_failnth, and it must have found something to fail
sweep() {
	t_failnth "$@" >/tmp/sweep || fail "t_failnth $*"
	cat /tmp/sweep
	! grep -q ' 0 allocations' /tmp/sweep || fail "nothing failed in: $*"
}

# sweep_binding BDF: binding and unbinding peer_bar
sweep_binding() {
	local driver=/sys/bus/pci/drivers/peer_bar
	sweep write $driver/bind "$1" $driver/unbind "$1"
	sweep write $driver/unbind "$1" $driver/bind "$1"
}

# sweep_module NAME: its init, and its exit
sweep_module() {
	sweep_only_below do_init_module
	sweep load "$MODULE_DIR/$1.ko" "$1"
	sweep_only_below
	t_failnth unload "$MODULE_DIR/$1.ko" "$1"
}
