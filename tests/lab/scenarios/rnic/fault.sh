# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the model can be told to do wrong, seen from the vendor's driver: lost messages, a
# dead link, failing DMA, refused commands. Programs fail with the right status, and the
# next one works.
. /src/tests/rnic/guest.sh

erdma_up
bdf=$(erdma_bdf)

works() {
	erdma_pair /tmp/perftest ib_write_bw -s 4096 -n 20 || fail "no data moves $1"
}

# breaks STATUS KIND N: ib_write_bw ends with that completion status
breaks() {
	note "fault $2 $3: $1"
	rnic-ctl "$bdf" fault "$2" "$3"
	if erdma_pair /tmp/perftest ib_write_bw -s 4096 -n 20 >/tmp/out; then
		fail "ib_write_bw did not notice: $2"
	fi
	grep -E "$1" /tmp/perftest.client || { cat /tmp/out; fail "another status: $2"; }
}

works "at first"
note "three messages are lost, and sent again"
rnic-ctl "$bdf" fault drop 3
works "with losses"
[ "$(rnic_stat "$bdf" retries)" -eq 3 ] || fail "$(rnic_stat "$bdf" retries) retries"

breaks 'status 12:' link 1 # retry exceeded
rnic-ctl "$bdf" fault link 0
works "after the link came back"
breaks 'status 21:' dma 1 # general error
works "after a DMA fault"

note "a command is refused: an error for the program, and no more"
rnic-ctl "$bdf" fault cmd-fail 1
must_fail ibv_rc_pingpong -d "$ERDMA_CLIENT" -g 1 -n 1
works "after a refused command"
erdma_unload
