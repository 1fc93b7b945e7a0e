# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The patched perftest over soft-RoCE: every program of the RC family on CMB, BAR and host
# memory, each side with its own, all data checked.
. /src/perftest-patches/guest.sh
. /src/tests/rdma/guest.sh

patched_up
peers_find
peers_up

rxe=(rxe0 rxe0 127.0.0.1)
expect_pins 16 patched_family "${rxe[@]}" "cmb:$NVME" "cmb:$NVME"
expect_pins 16 patched_family "${rxe[@]}" "bar:$BAR_A/2" "bar:$BAR_B/2"
expect_pins 4 patched_more "${rxe[@]}" "bar:$BAR_A/2,off=16M" host

note "wrong bytes are noticed"
PATCHED_CLIENT_CHECK=''
must_fail patched_pair "${rxe[@]}" "bar:$BAR_A/2" "bar:$BAR_B/2" ib_write_bw -s 4096 -n 5
grep -h 'Data differ' $PATCHED_LOG.server || fail "not noticed"
PATCHED_CLIENT_CHECK=--check_data

note "what cannot be is refused with a reason"
must_fail patched_pair "${rxe[@]}" "bar:$BAR_A/2" "bar:$BAR_A/5" ib_write_bw -n 5
grep -h 'peer_mem' $PATCHED_LOG.client || fail "no reason"
must_fail patched_pair "${rxe[@]}" "bar:$BAR_A/2" gpu:0 ib_write_bw -n 5
grep -h 'peer_mem' $PATCHED_LOG.client || fail "no reason"
$PATCHED/ib_write_bw --help | grep -A 8 peer_mem

unbind_peer_bar "$BAR_A"
unbind_peer_bar "$BAR_B"
unload_modules
