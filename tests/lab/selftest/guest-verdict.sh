#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The guest half of the verdict, outside a guest: a live counter, a module that stays or a
# failed scenario turns it red.
. "$(dirname "$0")/check.sh"
export LAB_GUEST=$LAB/guest LAB_RUN
. "$LAB_GUEST/lib.sh"
. "$LAB_GUEST/verdict.sh"

COUNTERS=$WORK/counters
LAB_RUN=$WORK
# Nothing of this machine may be looked at or touched.
verdict_stragglers() { :; }
peer_bar_bound() { :; }
our_modules() { cat "$WORK/modules"; }
rmmod() { [ "$1" != stuck ]; }
wait_for() { shift; "$@"; }
sleep() { :; }
kmemleak_remember() { :; }
KMEMLEAK=$WORK/kmemleak
# shellcheck disable=SC2034 # the verdict reads it
INSTRUMENTS=$WORK

# result STATUS COUNTERS MODULES [REASON]
result() {
	printf '%b' "$2" >"$COUNTERS"
	printf '%b' "$3" >"$WORK/modules"
	printf '%s' "${4-}" >"$WORK/reason"
	verdict_result "$1"
}

expect "all well" 0 result 0 "live_pins 0\npins_total 7\n" "peer_bar\npeer_mem\n"
says '^LAB-RESULT: PASS$'
expect "skipped" 0 result 77 "" "" "no such device"
says '^LAB-RESULT: SKIP no such device$'
expect "a live pin" 0 result 0 "live_pins 2\nlive_maps 0\n" ""
says '^LAB-RESULT: FAIL still alive after the scenario: live_pins 2$'
expect "a live pin in a skipped scenario" 0 result 77 "live_pins 2\n" ""
says '^LAB-RESULT: FAIL'
expect "a module that does not unload" 0 result 0 "" "peer_bar\nstuck\n"
says '^LAB-RESULT: FAIL module stuck does not unload$'
expect "a failed scenario" 0 result 1 "" "" "because"
says '^LAB-RESULT: FAIL the scenario ended with status 1: because$'
expect "a scenario killed by a signal" 0 result 139 "" ""
says '^LAB-RESULT: FAIL the scenario ended with status 139$'

mkdir -p "$WORK/proc" "$WORK/sys/kernel/debug/dma-api"
instrument() { # file, content
	echo "$2" >"$WORK/$1"
	result 0 "" ""
	rm "$WORK/$1"
}
expect "lockdep is on" 0 instrument proc/lockdep_stats " debug_locks:       1"
says '^LAB-RESULT: PASS'
expect "lockdep is off" 0 instrument proc/lockdep_stats " debug_locks:       0"
says '^LAB-RESULT: FAIL lockdep switched itself off'
expect "DMA API debugging is off" 0 instrument sys/kernel/debug/dma-api/disabled Y
says '^LAB-RESULT: FAIL DMA API debugging switched itself off'

# The kernel's file: what is written to it is a command, what is read a list of reports.
leak() { # backtrace line
	MODULE_DIR=$WORK/built
	mkdir -p "$MODULE_DIR"
	touch "$MODULE_DIR/peer_mem.ko"
	printf 'unreferenced object 0xffff888103c2a000 (size 64):\n' >"$WORK/report"
	printf '  comm "t_mr", pid 1, jiffies 4294893632\n  backtrace (crc 0):\n    %s\n' \
		"__kmalloc+0x1/0x2" "$1" "do_syscall_64+0x1/0x2" >>"$WORK/report"
	: >"$KMEMLEAK"
	# shellcheck disable=SC2317 # the verdict calls it
	cat() { if [ "${1-}" = "$KMEMLEAK" ]; then command cat "$WORK/report"; else command cat "$@"; fi; }
	result 0 "" ""
}
expect "a leak of ours" 0 leak "peer_mem_pin_user+0x1/0x2 [peer_mem]"
says '^LAB-RESULT: FAIL our modules leaked memory'
says 'peer_mem_pin_user'
printf 'ffffffffc0201200 t peer_mem_pin_user\t[peer_mem]\nffffffffc0209000 t later\t[peer_mem]\n' \
	>"$WORK/symbols"
expect "a leak of a module that is gone" 0 leak "0xffffffffc0201234"
says '^LAB-RESULT: FAIL our modules leaked memory'
says 'in peer_mem_pin_user .peer_mem.'
expect "a leak of somebody else" 0 leak "rxe_reg_mr+0x1/0x2 [rdma_rxe]"
says '^LAB-RESULT: PASS'
says 'rxe_reg_mr'
finish
