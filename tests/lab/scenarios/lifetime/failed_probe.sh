# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A driver publishes its memory and its probe fails afterwards: that is no unbind, nothing of the
# driver is called, and the memory goes all the same. Who has registered it is waited for, and
# killed in the end; nobody registers any more; the next probe finds a function as good as new.
. /src/tests/rdma/guest.sh
. /src/tests/rdma/hold.sh

STAYS=/sys/module/peer_mem_test/parameters/probe_stays
TIMEOUT=/sys/module/peer_mem/parameters/revoke_timeout_ms

# probe_starts: and stays where its memory can be mapped
probe_starts() {
	echo 1 >$STAYS
	echo peer_test_probe >"$PCI/devices/$BAR/driver_override"
	(
		hold_let_go
		# ENODEV at its end
		! echo "$BAR" 2>/dev/null >"$PCI/drivers/peer_test_probe/bind"
	) &
	PROBE_PID=$!
	PROBE_WAITS=$(counter revoke_waits)
	wait_for 20 probe_published || fail "no memory is published"
}

# The files come before there is any memory behind them.
probe_published() {
	grep -qs 1 "$PCI/devices/$BAR/p2pmem/published"
}

probe_fails() {
	kmsg_marker "the probe of $BAR fails"
	echo 0 >$STAYS
}

probe_waits() {
	wait_for 30 probe_counted || fail "the failing probe does not wait"
	! probe_back || fail "the failing probe did not wait"
}

probe_counted() {
	[ "$(counter revoke_waits)" -gt "$PROBE_WAITS" ]
}

probe_back() {
	! kill -0 "$PROBE_PID" 2>/dev/null
}

probe_ends() {
	wait_for 60 probe_back || fail "the probe does not come back"
	wait "$PROBE_PID" || fail "the probe did not fail"
	[ -z "$(pci_driver "$BAR")" ] || fail "$BAR is bound"
	[ ! -e "$PCI/devices/$BAR/p2pmem" ] || fail "its memory is there still"
}

make_rxe
load_modules
module_load peer_mem_test
BAR=$(ivshmem_bdf)

note "who has registered its memory is waited for"
probe_starts
hold_start owner "cmb:$BAR,size=64K"
hold_start late "cmb:$BAR,size=64K"
hold owner ok map
hold owner ok reg
hold owner ok work
hold late ok map
hold late ok touch
probe_fails
probe_waits
expect_log "$BAR: peer_mem: BAR 2 is revoked: waiting for its memory regions"
hold late ENODEV reg
hold owner ok work
probe_waits
hold owner ok dereg
probe_ends
forbid_log 'killing process'
hold late SIGBUS touch
hold late EFAULT reg
hold_end late
hold_end owner

note "the next probe is a new beginning; who keeps a region of it too long is killed"
echo 500 >$TIMEOUT
probe_starts
hold_start owner "cmb:$BAR,size=64K"
hold owner ok map
hold owner ok reg
hold owner ok work
probe_fails
probe_ends
hold_gone owner 137
expect_log "$BAR: peer_mem: BAR 2 is revoked: killing process ${HOLD_PID[owner]}, which has 1 registrations"

note "and so is that of a driver which stays"
bind_peer_bar "$BAR"
hold_start owner "bar:$BAR/2,size=64K"
hold owner ok map
hold owner ok reg
hold owner ok work
hold owner ok dereg
hold_end owner
unbind_peer_bar "$BAR"
wait_for 20 nothing_live || fail "left: $(live_counters)"
