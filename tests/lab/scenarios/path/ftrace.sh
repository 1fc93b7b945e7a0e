# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The hook lives on ftrace, as others do: nobody turns it off behind our back, without
# ftrace it does not pretend to be there, and tracers on the very same functions, before
# it and after it, change nothing.
. /src/tests/rdma/guest.sh

TRACING=/sys/kernel/tracing
ENABLED=/proc/sys/kernel/ftrace_enabled
HOOKED=(__ib_umem_get_va ib_umem_get)	# which one depends on the kernel

hook_works() {
	expect_pins 2 t_copy --dev rxe0 --from "bar:$BAR_A/2,size=1M" \
		--to "cmb:$NVME,size=1M" --offsets 1:2:300K
	t_copy --dev rxe0 --from host:size=1M --to host:size=1M --offsets 1:2:300K
}

set_enabled() {
	echo "$1" >$ENABLED
} 2>/dev/null

# trace_with TRACER: the hooked functions and the release
trace_with() {
	local name
	: >$TRACING/trace
	: >$TRACING/set_ftrace_filter
	echo ib_umem_release >$TRACING/set_ftrace_filter
	for name in "${HOOKED[@]}"; do
		echo "$name" >>$TRACING/set_ftrace_filter 2>/dev/null || :
	done
	echo "$1" >$TRACING/current_tracer
}

# The tracer has seen the calls too.
traced() {
	grep -q ib_umem_release $TRACING/trace || fail "the tracer saw no release"
	grep -qE "$(IFS='|'; echo "${HOOKED[*]}")" $TRACING/trace || fail "the tracer saw no get"
	echo nop >$TRACING/current_tracer
	: >$TRACING/set_ftrace_filter
}

peers_find

# Kernels since 7.x do not let anybody turn ftrace off any more.
if set_enabled 0; then
	note "ftrace is off: the module does not load"
	module_load peer_mem
	must_fail module_load peer_umem
	expect_log 'peer_umem: cannot hook .*kernel.ftrace_enabled is 0.*not loaded'
	! module_loaded peer_umem || fail "peer_umem is loaded"
	set_enabled 1
	rmmod peer_mem
fi

load_modules
bind_peer_bar "$BAR_A"
wait_for 5 test -e "$(bar_node "$BAR_A")" || fail "no node"
hook_works

note "ftrace stays on while the module is loaded"
must_fail set_enabled 0
[ "$(cat $ENABLED)" = 1 ] || fail "ftrace_enabled is $(cat $ENABLED)"
hook_works

for tracer in function function_graph; do
	grep -qw $tracer $TRACING/available_tracers || { note "this kernel has no $tracer"; continue; }
	note "$tracer over the hook"
	trace_with $tracer
	hook_works
	traced

	note "the hook over $tracer"
	rmmod peer_umem
	trace_with $tracer
	module_load peer_umem
	hook_works
	traced
	hook_works
done
