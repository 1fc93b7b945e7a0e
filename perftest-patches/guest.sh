# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What scenarios of the patched perftest share. Read it after the lab's lib.sh:
#   . /src/perftest-patches/guest.sh

PATCHED=/build/perftest/bin
PATCHED_LOG=/tmp/patched
# What the client does about the data. Without it its bytes are random, and a server that
# checks must notice.
PATCHED_CLIENT_CHECK=--check_data
# What a side is told about how to register: empty, or --use_peer_dmabuf.
PATCHED_SERVER_BY=''
PATCHED_CLIENT_BY=''

# patched_up: skips the scenario where perftest was not built
patched_up() {
	[ -x $PATCHED/ib_write_bw ] || skip "no perftest: its source could not be fetched"
}

# patched_pair SERVER-DEVICE CLIENT-DEVICE ADDRESS SERVER-SPEC CLIENT-SPEC TOOL ARGUMENTS...:
# both sides name their own memory, and both check the data
patched_pair() {
	local server_dev=$1 client_dev=$2 address=$3 server_spec=$4 client_spec=$5 tool=$6 pid status=0
	shift 6
	# shellcheck disable=SC2086 # empty is no argument
	timeout 60 $PATCHED/"$tool" -d "$server_dev" -x 1 -F "$@" --check_data $PATCHED_SERVER_BY \
		--peer_mem="$server_spec" >$PATCHED_LOG.server 2>&1 &
	pid=$!
	wait_for 10 patched_listening "$pid" || :
	# shellcheck disable=SC2086 # empty is no argument
	timeout 60 $PATCHED/"$tool" -d "$client_dev" -x 1 -F "$@" $PATCHED_CLIENT_CHECK \
		$PATCHED_CLIENT_BY --peer_mem="$client_spec" "$address" >$PATCHED_LOG.client 2>&1 || status=$?
	[ "$status" -eq 0 ] || kill "$pid" 2>/dev/null || :
	# A server that was killed says nothing new.
	wait "$pid" || [ "$status" -ne 0 ] || status=1
	return "$status"
}

patched_listening() { # pid
	grep -qi ":$(printf %04x 18515) .* 0A " /proc/net/tcp /proc/net/tcp6 ||
		! kill -0 "$1" 2>/dev/null
}

# patched_run ...: as patched_pair, and it must succeed with its data checked on both sides
patched_run() {
	local checked
	patched_pair "$@" || {
		cat $PATCHED_LOG.server $PATCHED_LOG.client
		fail "${*:4}"
	}
	checked=$(grep -hE '^ Data (not )?checked' $PATCHED_LOG.server $PATCHED_LOG.client || :)
	[ "$(grep -c . <<<"$checked")" -eq 2 ] || {
		cat $PATCHED_LOG.server $PATCHED_LOG.client
		fail "data not checked: ${*:4}"
	}
	printf '%s\n' "${*:6}"
	sed 's/^/    /' <<<"$checked"
}

# patched_family SERVER-DEVICE CLIENT-DEVICE ADDRESS SERVER-SPEC CLIENT-SPEC: every program of
# the RC family, and both directions, many sizes, many QPs
patched_family() {
	local pair=("$@")
	note "server: $4, client: $5"
	patched_run "${pair[@]}" ib_write_bw -s 65536 -n 20
	patched_run "${pair[@]}" ib_read_bw -s 65536 -n 20
	patched_run "${pair[@]}" ib_send_bw -s 65536 -n 20
	patched_run "${pair[@]}" ib_atomic_bw -n 50
	patched_run "${pair[@]}" ib_write_lat -s 64 -n 20
	patched_run "${pair[@]}" ib_read_lat -s 4096 -n 20
	patched_run "${pair[@]}" ib_send_lat -s 4096 -n 20
	patched_run "${pair[@]}" ib_atomic_lat -n 20
}

# patched_more ...: both directions at once, every size, several QPs
patched_more() {
	local pair=("$@")
	patched_run "${pair[@]}" ib_write_bw -s 4000 -n 20 -b
	patched_run "${pair[@]}" ib_send_bw -s 1000 -n 20 -b
	patched_run "${pair[@]}" ib_read_bw -s 65536 -n 20 -b
	patched_run "${pair[@]}" ib_write_bw -s 100 -n 50 -q 4
}

# patched_no_ram COMMAND...: on the NIC model; and no payload was in the guest's memory
patched_no_ram() {
	rnic_clear
	"$@"
	rnic_healthy
	[ "$(rnic_payload all)" -gt 0 ] || fail "no payload moved"
	[ "$(rnic_payload ram)" -eq 0 ] || { rnic_show; fail "payload in the guest's RAM"; }
}
