#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The host half of the verdict over crafted runs: green needs a result, a clean log, a
# guest that powered off by itself and a QEMU that ended well; anything less is red.
. "$(dirname "$0")/check.sh"

# run ENDED RESULT KERNEL-LOG: judges a run that left these behind
run() {
	local dir=$WORK/run
	rm -rf "$dir"
	mkdir "$dir"
	echo "$1" >"$dir/ended"
	printf 'some output\r\n%s\r\n' "$2" >"$dir/scenario.log"
	printf '[ 1.0] hello\r\n%b\r\n' "$3" >"$dir/console.log"
	"$LAB/verdict/judge" "$dir"
}
down='[ 9.0] reboot: Power down'

expect "pass" 0 run 0 "LAB-RESULT: PASS" "$down"
says '^PASS$'
expect "skip" 77 run 0 "LAB-RESULT: SKIP no NVMe device" "$down"
says '^SKIP: no NVMe device$'
expect "a failed scenario" 1 run 0 "LAB-RESULT: FAIL still alive: live_pins 1" "$down"
says 'FAIL: still alive: live_pins 1'
says 'end of console.log'
expect "no result" 1 run 0 "" "$down"
says 'ended without a result'
expect "a result that is none" 1 run 0 "LAB-RESULT: " "$down"
expect "a pass, but the kernel warned" 1 run 0 "LAB-RESULT: PASS" "WARNING: at x.c\n$down"
says 'WARNING: at x.c'
expect "a skip, but the kernel warned" 1 run 0 "LAB-RESULT: SKIP x" "Oops: 0002\n$down"
expect "a warning at power off, after the result" 1 run 0 "LAB-RESULT: PASS" "$down\nBUG: late"
expect "a pass, but no power off" 1 run 0 "LAB-RESULT: PASS" ""
says 'did not power off by itself'
expect "QEMU failed" 1 run 1 "LAB-RESULT: PASS" "$down"
says 'QEMU ended with status 1'
expect "deadline" 1 run "deadline 13" "" "[ 9.0] sysrq: Show State\n[ 9.1] Call Trace:"
says 'the deadline of .* passed'
says 'sysrq: Show State'
expect "deadline after a warning: the warning is shown" 1 run "deadline 26" "" "WARNING: x"
says 'WARNING: x'
finish
