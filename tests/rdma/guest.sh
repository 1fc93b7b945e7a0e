# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What scenarios that move data share: the peers of a guest, and Debian's perftest run
# as it is, both sides in this guest. Read it after the lab's lib.sh:
#   . /src/tests/rdma/guest.sh

# peers_find: soft-RoCE, the NVMe CMB, two BAR devices; sets NVME, BAR_A and BAR_B
peers_find() {
	make_rxe
	nvme_load
	# shellcheck disable=SC2034 # for the scenarios
	NVME=$(nvme_bdf)
	BAR_A=$(ivshmem_bdf 0)
	BAR_B=$(ivshmem_bdf 1)
}

# peers_up: the modules, and peer_bar on both BAR devices
peers_up() {
	load_modules
	bind_peer_bar "$BAR_A"
	bind_peer_bar "$BAR_B"
	wait_for 5 test -e "$(bar_node "$BAR_A")" || fail "no $(bar_node "$BAR_A")"
	wait_for 5 test -e "$(bar_node "$BAR_B")" || fail "no $(bar_node "$BAR_B")"
}

# expect_pins N COMMAND...: COMMAND succeeds and registers peer memory N times. Without
# this a test could pass on memory that never was a BAR.
expect_pins() {
	local wanted=$1 before after
	shift
	before=$(counter pins)
	"$@" || fail "$*"
	after=$(counter pins)
	[ $((after - before)) -eq "$wanted" ] ||
		fail "$((after - before)) pins of peer memory, should be $wanted: $*"
}

# pins_of SPEC...: how many of these buffers (names as for t_copy) are peer memory
pins_of() {
	local spec count=0
	for spec; do
		[[ $spec == host:* ]] || count=$((count + 1))
	done
	echo "$count"
}

# --- perftest: two processes, a server and a client, on one device

PERFTEST_PORT=18515

# perftest_pair LOG TOOL SERVER-ARGS CLIENT-ARGS: both lists are split at blanks. Leaves
# what they said in LOG.server and LOG.client; succeeds if both do.
perftest_pair() {
	local log=$1 tool=$2 server status=0
	# shellcheck disable=SC2086 # the lists are meant to be split
	timeout 40 "$tool" -d rxe0 -x 1 -F $3 >"$log.server" 2>&1 &
	server=$!
	wait_for 10 perftest_server_up "$server" || :
	# shellcheck disable=SC2086
	timeout 40 "$tool" -d rxe0 -x 1 -F $4 127.0.0.1 >"$log.client" 2>&1 || status=$?
	# Without its client the server would wait until its time is over.
	[ "$status" -eq 0 ] || kill "$server" 2>/dev/null || :
	wait "$server" || status=$?
	return "$status"
}

# perftest_or_show LOG ...: the same, and what they said is shown if one of them failed
perftest_or_show() {
	perftest_pair "$@" || {
		cat "$1.server" "$1.client"
		return 1
	}
}

# Up, or gone: then there is nothing to wait for, and the client will say so.
perftest_server_up() { # pid
	grep -qi ":$(printf %04x "$PERFTEST_PORT") .* 0A " /proc/net/tcp /proc/net/tcp6 ||
		! kill -0 "$1" 2>/dev/null
}

# perftest_bytes LOG: bytes that the client's result line speaks of
perftest_bytes() {
	awk '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ && NF >= 5 { bytes = $1 * $2 }
		END { print bytes + 0 }' "$1.client"
}
