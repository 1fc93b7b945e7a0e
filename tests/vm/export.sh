# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# t_export, led step by step, one process of a name. Read by the scenarios of label
# `dmabuf`:
#   exporter a "bar:$bar/2,size=1M"
#   ask a ok export
#   ask a 'ok 1 *' import dynamic "$nic"

declare -A EXPORTER_PID EXPORTER_TO EXPORTER_FROM

# exporter NAME SPEC: another process; it ends with exporter_end
exporter() {
	local to from
	rm -f "/tmp/export.$1.to" "/tmp/export.$1.from"
	mkfifo "/tmp/export.$1.to" "/tmp/export.$1.from"
	exec {to}<>"/tmp/export.$1.to" {from}<>"/tmp/export.$1.from"
	EXPORTER_TO[$1]=$to EXPORTER_FROM[$1]=$from
	(
		exporter_let_go
		exec t_export "$2" <"/tmp/export.$1.to" >"/tmp/export.$1.from"
	) &
	EXPORTER_PID[$1]=$!
	hear "$1" ok start
}

# What runs in the background must not keep our ends of the fifos.
exporter_let_go() {
	local fd
	for fd in "${EXPORTER_TO[@]}" "${EXPORTER_FROM[@]}"; do
		exec {fd}>&-
	done
}

# hear NAME PATTERN COMMAND: the answer to a COMMAND that was sent; ANSWER keeps it
hear() {
	local name=$1 wanted=$2
	shift 2
	read -r -t 60 -u "${EXPORTER_FROM[$name]}" ANSWER || ANSWER="nothing"
	# shellcheck disable=SC2053 # a pattern
	[[ $ANSWER == $wanted ]] || fail "$name: '$*' answered $ANSWER, should be $wanted"
}

tell() { # name command
	local name=$1
	shift
	echo "$*" >&"${EXPORTER_TO[$name]}"
}

# ask NAME PATTERN COMMAND...
ask() {
	local name=$1 wanted=$2
	shift 2
	tell "$name" "$@"
	hear "$name" "$wanted" "$@"
}

# exporter_end NAME [KILL|killed]: by exit, or by a signal, or it was killed; it is gone then
exporter_end() {
	local to=${EXPORTER_TO[$1]} from=${EXPORTER_FROM[$1]} status=0
	local wanted=${2:+137}
	case ${2-} in
	'') tell "$1" exit ;;
	KILL) kill -KILL "${EXPORTER_PID[$1]}" ;;
	esac
	wait "${EXPORTER_PID[$1]}" || status=$?
	[ "$status" -eq "${wanted:-0}" ] || fail "$1 ended with status $status"
	exec {to}>&- {from}>&-
	unset "EXPORTER_TO[$1]" "EXPORTER_FROM[$1]" "EXPORTER_PID[$1]"
}

# word N: the N-th word of the last answer
word() {
	cut -d' ' -f"$1" <<<"$ANSWER"
}
