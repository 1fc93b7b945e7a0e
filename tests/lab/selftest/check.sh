# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The lab's tests of itself: no guest, crafted input, and both colours shown. A check that
# only ever sees green proves nothing, so each of these files holds some that must be red.

export LAB=/src/tests/lab
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
FAILED=0

# expect TEXT STATUS COMMAND...: COMMAND must end with STATUS; its output is in $WORK/output
expect() {
	local text=$1 wanted=$2 status=0
	shift 2
	"$@" >"$WORK/output" 2>&1 || status=$?
	if [ "$status" -eq "$wanted" ]; then
		echo "ok: $text"
	else
		echo "NOT OK: $text: status $status, not $wanted; it said:"
		cat "$WORK/output"
		FAILED=1
	fi
}

# says REGEX: the last command's output has a line for REGEX
says() {
	grep -qE -- "$1" "$WORK/output" && return
	echo "NOT OK: no line for '$1' in:"
	cat "$WORK/output"
	FAILED=1
}

finish() {
	exit "$FAILED"
}
