# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What ./lab says while it works: one line per step with the elapsed time, and,
# when a step fails, the end of what the step printed and where all of it is.
# A terminal gets a line that counts; anything else gets a line at the start,
# one every 15 s and one at the end, so that a CI log shows that work goes on.

die() {
	printf 'lab: %s\n' "$*" >&2
	exit 1
}

say() {
	printf 'lab: %s\n' "$*"
}

# step TEXT LOG COMMAND...: run COMMAND with its output in LOG.
step() {
	local text=$1 log=$2 start=$SECONDS pid status=0
	shift 2

	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	# The step is a background job, which a Ctrl-C does not reach.
	trap 'kill -KILL $pid 2>/dev/null' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM

	step_watch "$text" "$start" "$pid"
	wait "$pid" || status=$?
	trap - EXIT INT TERM

	if [ "$status" -eq 0 ]; then
		step_line "$text: done, $((SECONDS - start)) s" final
		return 0
	fi
	step_line "$text: FAILED after $((SECONDS - start)) s" final
	printf '%s\n' "---- end of $log" >&2
	tail -n 60 "$log" >&2
	printf '%s\n' "----" >&2
	return "$status"
}

step_watch() { # text, start, pid
	local shown=-1 elapsed next=15

	[ -t 1 ] || step_line "$1 ..."
	while kill -0 "$3" 2>/dev/null; do
		elapsed=$((SECONDS - $2))
		if [ -t 1 ]; then
			[ "$elapsed" -eq "$shown" ] || step_line "$1 ... $elapsed s"
			shown=$elapsed
		elif [ "$elapsed" -ge "$next" ]; then
			step_line "$1 ... $elapsed s"
			next=$((next + 15))
		fi
		sleep 0.2
	done
}

step_line() { # text, [final]
	if [ -t 1 ]; then
		printf '\r\033[Klab: %s' "$1"
		[ -z "${2-}" ] || printf '\n'
	else
		printf 'lab: %s\n' "$1"
	fi
}
