#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The runner and its deadline, with a process in QEMU's place that never ends (or dies at
# once): the runner ends it, says so, and leaves no process behind.
. "$(dirname "$0")/check.sh"

fake_qemu() { # script text
	printf '#!/bin/sh\n%s\n' "$1" >"$WORK/qemu"
	chmod +x "$WORK/qemu"
}

run() { # seconds
	LAB_QEMU=$WORK/qemu "$LAB/run-scenario" --name lab.deadline.fake --topology plain \
		--timeout "$1" tests/lab/scenarios/lab/boot.sh
}

fake_qemu "echo \$\$ >$WORK/pid; exec sleep 1000"
expect "a QEMU that hangs" 1 run 2
says 'the deadline of 2 s passed'
says 'logs in .*lab-runs/lab.deadline.fake'
expect "is gone" 1 kill -0 "$(cat "$WORK/pid")"

fake_qemu "echo 'no such device' >&2; exit 1"
expect "a QEMU that does not start" 1 run 20
says 'QEMU ended with status 1'
says 'no such device'
finish
