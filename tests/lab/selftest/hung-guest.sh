#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A real guest that hangs: the deadline ends it, with the tail of its log and with what
# its tasks were doing.
. "$(dirname "$0")/check.sh"

deadline=$((15 + 15 * LAB_SLOWNESS))
expect "a guest that hangs" 1 "$LAB/run-scenario" --name lab.hung-guest.run \
	--topology plain --timeout "$deadline" tests/lab/selftest/hang-scenario.sh
says "the deadline of $deadline s passed"
says '^about to hang$'
says 'sysrq: Show Blocked State'
finish
