# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# t_export, led step by step like t_hold. Read by the scenarios of label `dmabuf`:
#   exporter a "bar:$bar/2,size=1M"
#   hold a 'ok *' export
#   hold a 'ok 1 *' import dynamic "$nic"
#   same_address "$(word 3)" "$bar_base"
#   hold_end a
. /src/tests/rdma/hold.sh

# exporter NAME SPEC: another process
exporter() {
	hold_run "$1" t_export "$2"
}

# exporter_kill NAME: with everything in place
exporter_kill() {
	kill -KILL "${HOLD_PID[$1]}"
	hold_gone "$1" 137
}

# word N: the N-th word of the last answer
word() {
	cut -d' ' -f"$1" <<<"$ANSWER"
}
