# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Open MPI over UCX between two machines, each rank's window (MPI_Win_create) in its machine's
# BAR: put, get, accumulate and messages from window to window; every byte is compared by the
# rank that received it.
. /src/tests/ucx/guest.sh

command -v t_window >/dev/null || skip "no t_window: built without the package libopenmpi-dev"
ucx_wire_up
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
export UCX_TLS=rc_v

# windows SIZES: both ranks register their own BAR
windows() {
	local before
	before=$(counter pins)
	mpi_pair 100 t_window --from "bar:$bar/2,size=32M" --to "bar:$bar/2,size=32M" --sizes "$1"
	[ $(($(counter pins) - before)) -ge 1 ] || fail "UCX registered no peer memory"
}

note "UCX as it is"
windows 8,4K,1M
note "${UCX_NO_COPIES[*]}"
export "${UCX_NO_COPIES[@]}"
windows 8,4K,1M,16M

meet end
unbind_peer_bar "$bar"
remove_rxe
unload_modules
