# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Scenarios lead processes (t_hold) step by step. Read it after guest.sh:
#   . /src/tests/rdma/hold.sh
#   hold_start owner "bar:$BAR_A/2,size=1M"
#   hold owner ok map
#   hold owner ok reg
#   hold_end owner

declare -A HOLD_PID HOLD_TO HOLD_FROM

# hold_start NAME SPEC [T_HOLD-ARGUMENTS...]
hold_start() {
	local name=$1 spec=$2
	shift 2
	hold_run "$name" t_hold --dev rxe0 --buf "$spec" "$@"
}

# hold_run NAME PROGRAM...: any program that says ok, and then answers line by line
hold_run() {
	local name=$1 to from
	shift
	rm -f "/tmp/hold.$name.to" "/tmp/hold.$name.from"
	mkfifo "/tmp/hold.$name.to" "/tmp/hold.$name.from"
	# For reading and writing, so that no open() waits for the other side.
	exec {to}<>"/tmp/hold.$name.to" {from}<>"/tmp/hold.$name.from"
	HOLD_TO[$name]=$to HOLD_FROM[$name]=$from
	(
		hold_let_go
		exec "$@" <"/tmp/hold.$name.to" >"/tmp/hold.$name.from"
	) &
	HOLD_PID[$name]=$!
	hold_expect "$name" ok start
}

# hold_let_go: our ends of the fifos. What runs in the background must not keep them: a
# process whose scenario has ended is to read the end of its commands, and to end.
hold_let_go() {
	local fd
	for fd in "${HOLD_TO[@]}" "${HOLD_FROM[@]}"; do
		exec {fd}>&-
	done
}

# hold_expect NAME ANSWER COMMAND: the answer, a pattern, to a COMMAND that was sent; ANSWER
# keeps it. A process that cannot answer any more is told by the deadline only.
hold_expect() {
	local name=$1 wanted=$2
	shift 2
	read -r -t 60 -u "${HOLD_FROM[$name]}" ANSWER || ANSWER="nothing"
	# shellcheck disable=SC2053 # a pattern
	[[ $ANSWER == $wanted ]] || fail "$name: '$*' answered $ANSWER, should be $wanted"
}

hold_send() { # name command
	local name=$1
	shift
	echo "$*" >&"${HOLD_TO[$name]}"
}

# hold NAME ANSWER COMMAND...: and the answer must be ANSWER
hold() {
	local name=$1 wanted=$2
	shift 2
	hold_send "$name" "$@"
	hold_expect "$name" "$wanted" "$@"
}

# hold_gone NAME STATUS: it has ended, or ends soon, with STATUS (137: killed)
hold_gone() {
	local status=0 to from
	wait_for 30 hold_dead "$1" || fail "$1 should have ended"
	wait "${HOLD_PID[$1]}" || status=$?
	to=${HOLD_TO[$1]} from=${HOLD_FROM[$1]}
	exec {to}>&- {from}>&-
	unset "HOLD_TO[$1]" "HOLD_FROM[$1]"
	[ "$status" -eq "$2" ] || fail "$1 ended with status $status, should be $2"
}

# The shell has not waited for it yet: it stays as a zombie.
hold_dead() {
	grep -qs '^State:.*[ZX]' "/proc/${HOLD_PID[$1]}/status" ||
		[ ! -d "/proc/${HOLD_PID[$1]}" ]
}

# hold_end NAME: leave as you are; what is registered stays so until the process is gone
hold_end() {
	hold_send "$1" exit
	hold_gone "$1" 0
}

# --- a device that goes away meanwhile

# unbind_start BDF: from whatever driver it has, in the background, since it may wait
unbind_start() {
	UNBIND_BDF=$1
	UNBIND_WAITS=$(counter revoke_waits)
	(
		hold_let_go
		pci_unbind "$1"
	) &
	UNBIND_PID=$!
}

# unbind_waits: peer_mem says that it waits for somebody's memory region, and the unbind
# has not come back
unbind_waits() {
	wait_for 30 unbind_counted || fail "the unbind of $UNBIND_BDF does not wait"
	! unbind_back || fail "the unbind of $UNBIND_BDF did not wait"
}

unbind_counted() {
	[ "$(counter revoke_waits)" -gt "$UNBIND_WAITS" ]
}

# unbind_ends: now it comes back, and the device has no driver
unbind_ends() {
	wait_for 60 unbind_back || fail "the unbind of $UNBIND_BDF does not come back"
	wait "$UNBIND_PID" || fail "the unbind of $UNBIND_BDF failed"
	[ -z "$(pci_driver "$UNBIND_BDF")" ] || fail "$UNBIND_BDF is bound still, or again"
}

unbind_back() {
	! kill -0 "$UNBIND_PID" 2>/dev/null
}
