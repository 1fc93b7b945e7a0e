# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# More than soft-RoCE holds in one registration: refused and explained, what it holds is not tried.
. /src/tests/rdma/hold.sh
. /src/tests/lib/why.sh

module_load peer_mem
module_load peer_umem
module_load peer_bar pages=0	# struct pages of 64 GiB would be a third of this machine
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
make_rxe
hold_start a "bar:$bar/2,size=2G"
hold a ok map
kmsg_marker
hold a E2BIG reg
why_explains 1
peer_mem why | grep 'cannot hold so many pages.*register at most 1 GiB' || fail "no remedy"
hold_end a
