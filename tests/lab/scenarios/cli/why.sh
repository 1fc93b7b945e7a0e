# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `peer_mem why` explains every refusal that soft-RoCE can meet, after the program has
# exited, to root and to the user it happened to.
. /src/tests/rdma/guest.sh
. /src/tests/rdma/hold.sh
. /src/tests/lib/why.sh

refused() { # set peer-spec count
	note "set $1, $2"
	sleep 5.1		# the kernel prints 50 lines in 5 s
	kmsg_marker "$1"
	t_badinput --dev rxe0 --set "$1" --peer "$2" --other "bar:$BAR_B/2,size=16K" >/dev/null ||
		fail "bad input, set $1"
	why_explains "$3"
}

going() {
	note "while it is being unbound"
	hold_start owner "bar:$BAR_A/2,size=1M"
	hold_start late "bar:$BAR_A/2,size=1M"
	hold owner ok map
	hold owner ok reg
	hold late ok map
	unbind_start "$BAR_A"
	unbind_waits
	kmsg_marker "late"
	hold late ENODEV reg
	hold_end late
	why_explains 1
	hold owner ok dereg
	unbind_ends
	hold_end owner
}

# A user learns about his own refusals and nobody else's; root learns about all.
users() {
	local node
	node=$(bar_node "$BAR_A")
	note "users"
	chmod 666 "$node"
	as_user peer_mem why | grep '^nothing was refused' || fail "a user sees root's refusals"
	kmsg_marker "user"
	as_user t_refuse rxe0 "bar:$BAR_A/2,size=64K" hole >/tmp/reason || fail "not refused"
	setpriv --reuid 1000 --clear-groups t_refuse rxe0 "bar:$BAR_A/2,size=64K" odp || fail "not refused"
	chmod 600 "$node"
	why_explains 2
	as_user peer_mem why >/tmp/own
	[ "$(grep -c 'could not register' /tmp/own)" -eq 1 ] || fail "not his own only: $(cat /tmp/own)"
	grep 't_refuse.*nothing is mapped at part of the range.*EFAULT' /tmp/own || fail "wrong one"
	# what the library told the program is what is told later
	reason=$(sed 's/; to change it:.*//; s/.*peer_bar): //' /tmp/reason)
	grep -F "$reason" /tmp/own || fail "the library said: $(cat /tmp/reason)"
	grep -q '; to change it: map all of it' /tmp/reason || fail "no remedy: $(cat /tmp/reason)"
}

one_process() {
	local pid
	pid=$(peer_mem --json why -n 1 | t_json /refusals/0/pid)
	[ "$(peer_mem why "$pid" | grep -c "\[$pid\] could not register")" -eq 1 ] || fail "pid $pid"
	peer_mem why 1 | grep '^nothing was refused' || fail "pid 1 registers nothing"
	[ "$(peer_mem why -n 3 | wc -l)" -eq 3 ] || fail "-n 3"
	[ "$(peer_mem why | wc -l)" -eq 10 ] || fail "10 without -n"
	must_fail peer_mem why x
	must_fail peer_mem why -n
	must_fail peer_mem why -n -1
	must_fail peer_mem why 0
}

peers_find
peers_up
peer_mem why | grep '^nothing was refused' || fail "something was refused"
refused peer "bar:$BAR_A/2,off=64K,size=16K" 23
refused peer "cmb:$NVME,size=16K" 23
echo 0 >"$PCI/devices/$BAR_A/peer_bar_pages"
refused no-pages "bar:$BAR_A/2,off=64K,size=16K" 7
echo 1 >"$PCI/devices/$BAR_A/peer_bar_pages"
users
one_process
note "a dma-buf of ordinary memory"
kmsg_marker "export"
t_refuse rxe0 "bar:$BAR_A/2,size=64K" export || fail "exported"
why_explains 1
unbind_peer_bar "$BAR_B"
refused foreign "file:$PCI/devices/$BAR_B/resource2,size=16K" 7
going
