# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Debian's perftest, unmodified, with both buffers in peer memory: refused by the stock
# kernel, accepted with the modules, refused again without them.
. /src/tests/rdma/guest.sh

LOG=/tmp/perftest

# must_be_refused FILE: both sides map it, and the registration fails
must_be_refused() {
	note "without the modules: $1"
	if perftest_pair "$LOG" ib_write_bw "-n 5 -s 4096 --mmap=$1" \
		"-n 5 -s 4096 --mmap=$1"; then
		fail "ib_write_bw registered $1 without the modules"
	fi
	grep "Couldn't allocate MR" "$LOG.client" || {
		cat "$LOG.client"
		fail "ib_write_bw failed, but not at the registration"
	}
}

# must_run BYTES TOOL FILE CLIENT-OFFSET ARGUMENTS: and move BYTES from peer to peer
must_run() {
	local bytes=$1 tool=$2 file=$3 offset=$4 args=$5
	note "$tool $args on $file"
	expect_pins 2 perftest_or_show "$LOG" "$tool" "$args --mmap=$file" \
		"$args --mmap=$file --mmap-offset=$offset"
	[ "$(perftest_bytes "$LOG")" -eq "$bytes" ] || {
		cat "$LOG.client"
		fail "$tool reports no run of $bytes bytes"
	}
	grep 'mmap buffer' "$LOG.client"
}

run_all() { # file client-offset
	must_run 3276800 ib_write_bw "$1" "$2" "-n 50 -s 65536"
	must_run 400000 ib_write_bw "$1" "$2" "-n 100 -s 4000"
	must_run 3276800 ib_read_bw "$1" "$2" "-n 50 -s 65536"
	must_run 3276800 ib_send_bw "$1" "$2" "-n 50 -s 65536"
	must_run 800 ib_atomic_bw "$1" "$2" "-n 100"
	must_run 800 ib_atomic_bw "$1" "$2" "-n 100 -A CMP_AND_SWAP"
}

peers_find
must_be_refused "$(nvme_cmb "$NVME")"
must_be_refused "$PCI/devices/$BAR_A/resource2"

peers_up
# The CMB file gives each side memory of its own; of a BAR each takes its part.
run_all "$(nvme_cmb "$NVME")" 0
run_all "$(bar_node "$BAR_A")" 1048576

unbind_peer_bar "$BAR_A"
unbind_peer_bar "$BAR_B"
unload_modules
must_be_refused "$(nvme_cmb "$NVME")"
