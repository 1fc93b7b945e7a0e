# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The guest half of the verdict: after the scenario, nothing of ours may be left alive,
# and the modules must leave. The host half reads the kernel log (verdict/judge).

INSTRUMENTS=''		# the lab's own test has others

# verdict_result STATUS: prints the result line for a scenario that ended with STATUS
verdict_result() {
	local status=$1 reason problems
	reason=$(cat "$LAB_RUN/reason" 2>/dev/null)
	problems=$(verdict_problems)

	case $status in
	0 | 77) ;;
	*) problems="the scenario ended with status $status${reason:+: $reason}
$problems" ;;
	esac
	if [ -n "$problems" ]; then
		printf '%s\n' "$problems"
		echo "LAB-RESULT: FAIL $(head -n 1 <<<"$problems")"
	elif [ "$status" -eq 77 ]; then
		echo "LAB-RESULT: SKIP ${reason:-no reason given}"
	else
		echo "LAB-RESULT: PASS"
	fi
}

verdict_problems() {
	verdict_stragglers >&2
	verdict_unbind
	# Releasing is asynchronous where a process had to be killed.
	wait_for 5 nothing_live ||
		live_counters | sed 's/^/still alive after the scenario: /'
	kmemleak_remember
	verdict_unload
	kmemleak_check
	verdict_instruments
}

# What a scenario left running is named and killed; what it held must then go away.
verdict_stragglers() {
	local pid command
	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		# Files of /proc have no size: read it. Kernel threads have no command
		# line; pid 1 and our own shells stay (they are all guest/init).
		command=$(tr '\0' ' ' <"/proc/$pid/cmdline")
		if [ -n "$command" ] && [[ $command != *guest/init* ]]; then
			printf '# left running: %s\n' "$command"
			kill -KILL "$pid"
		fi
	done
} 2>/dev/null

# The debug kernel's instruments switch themselves off where they cannot go on. A scenario
# that they did not watch to its end proves nothing.
verdict_instruments() {
	local file
	file=$INSTRUMENTS/proc/lockdep_stats
	[ ! -r "$file" ] || grep -q 'debug_locks: *1' "$file" || echo "lockdep switched itself off"
	file=$INSTRUMENTS/sys/kernel/debug/dma-api/disabled
	[ ! -r "$file" ] || grep -q N "$file" || echo "DMA API debugging switched itself off"
}

verdict_unbind() {
	local bdf
	for bdf in $(peer_bar_bound); do
		unbind_peer_bar "$bdf" || echo "cannot unbind peer_bar from $bdf"
	done
}

verdict_unload() {
	local name
	for name in $(our_modules); do
		rmmod "$name" || echo "module $name does not unload"
	done 2>&1
}
