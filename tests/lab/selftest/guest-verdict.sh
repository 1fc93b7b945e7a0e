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
finish
