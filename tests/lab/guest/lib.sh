# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a scenario can say. A scenario is a bash script that runs in the guest with
# `set -eu` and this file read; docs/lab.md shows one.

. "$LAB_GUEST/devices.sh"
. "$LAB_GUEST/modules.sh"
. "$LAB_GUEST/kmemleak.sh"
. "$LAB_GUEST/rdma.sh"

COUNTERS=/sys/kernel/debug/peer_mem/counters
LAB_RUN=/run/lab

# --- how a scenario ends

# The reason goes into the result line too. Both end the shell they run in: where a helper
# is called as "$(helper)" that is a subshell, so assign first (bdf=$(nvme_bdf)), and
# `set -e` ends the scenario.
fail() { # why
	printf '%s\n' "$*" >"$LAB_RUN/reason"
	printf 'fail: %s\n' "$*" >&2
	exit 1
}

skip() { # reason
	printf '%s\n' "$*" >"$LAB_RUN/reason"
	printf 'skip: %s\n' "$*" >&2
	exit 77
}

note() {
	printf '# %s\n' "$*"
}

# must_fail COMMAND...: COMMAND has to end with an exit status from 1 to 127; a crash
# by a signal is no refusal.
must_fail() {
	local status=0
	"$@" || status=$?
	[ "$status" -ne 0 ] || fail "should have failed: $*"
	[ "$status" -lt 128 ] || fail "died with status $status: $*"
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; SECONDS are those of the stock kernel
wait_for() {
	local deadline=$((SECONDS + $1 * ${LAB_SLOWNESS:-1}))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# setting NAME DEFAULT: what run-scenario was given as NAME=VALUE
setting() {
	local value
	value=$(sed -n "s/.*\blab\.set\.$1=\([^ ]*\).*/\1/p" /proc/cmdline)
	echo "${value:-$2}"
}

# monitor_ask COMMAND...: QEMU's monitor is given it: device_del ID, device_add DRIVER,..., object_add
# TYPE,...
monitor_ask() {
	echo "$*" >/out/monitor.new
	mv /out/monitor.new /out/monitor.ask
	wait_for 20 test ! -e /out/monitor.ask || fail "nobody serves the monitor"
}

# --- two guests of one scenario (topologies with the word `guests`)

# guest_number: 0, or 1 in the second
guest_number() {
	sed -n 's/.*\blab\.guest=\([0-9]*\).*/\1/p' /proc/cmdline
}

# meet PLACE: returns when the other guest has come to PLACE too
meet() {
	local me
	me=$(guest_number)
	touch "/meet/$1.$me"
	wait_for 120 test -e "/meet/$1.$((1 - me))" || fail "the other guest did not come to: $1"
}

# --- the kernel log

# kmsg_marker [TEXT]: what expect_log and forbid_log look at begins here.
kmsg_marker() {
	local count
	count=$(($(cat "$LAB_RUN/marker" 2>/dev/null || echo 0) + 1))
	echo "$count" >"$LAB_RUN/marker"
	echo "lab-marker-$count: ${1-}" >/dev/kmsg
}

# kmsg_since_marker: the kernel log since the last marker (all of it without one)
kmsg_since_marker() {
	if [ -r "$LAB_RUN/marker" ]; then
		dmesg | sed "1,/lab-marker-$(cat "$LAB_RUN/marker"): /d"
	else
		dmesg
	fi
}

expect_log() { # regex
	kmsg_since_marker | grep -E -- "$1" ||
		fail "the kernel log has no line for: $1"
}

forbid_log() { # regex
	local lines
	if lines=$(kmsg_since_marker | grep -E -- "$1"); then
		fail "the kernel log must not say: $lines"
	fi
}

# --- counters

# counters: all of them; counter NAME: the value of one
counters() {
	cat "$COUNTERS"
}

counter() {
	awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' "$COUNTERS" ||
		fail "no counter $1"
}

# live_counters: those live_* that are not 0, as `name value`
live_counters() {
	[ ! -r "$COUNTERS" ] || awk '/^live_/ && $2 != 0' "$COUNTERS"
}

# nothing_live: for `wait_for 20 nothing_live`
nothing_live() {
	[ -z "$(live_counters)" ]
}

# nothing_pinned: likewise, where what is not pinned lives on
nothing_pinned() {
	[ "$(counter live_pins)" -eq 0 ] && [ "$(counter live_umems)" -eq 0 ] &&
		[ "$(counter live_pinned_bytes)" -eq 0 ]
}

# no_dmabufs: likewise, where regions live on
no_dmabufs() {
	[ "$(counter live_dmabufs)" = 0 ] && [ "$(counter live_maps)" = 0 ]
}
