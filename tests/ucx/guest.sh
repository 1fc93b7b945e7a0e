# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What scenarios of stock UCX on soft-RoCE share; docs/ucx.md has the reasons.
. /src/tests/rdma/guest.sh

# ucx_up: soft-RoCE, the modules. GID index 2 is ::1: by IPv4 UCX drops the datagrams that
# soft-RoCE delivers, and finds no connection. "reloc": with the default, "bistro", one start
# in ten hangs in these guests, in libucm, waiting for a lock in ucm_mmap_install().
ucx_up() {
	make_rxe
	ucx_use 2
}

# ucx_wire_up: the same on the wire between two guests
ucx_wire_up() {
	wire_up
	make_rxe rxe0 "$WIRE"
	ucx_use "$(gid_index rxe0 "fd09:0000:0000:0000:0000:0000:0000:000$(($(guest_number) + 1))")"
}

ucx_use() { # gid-index
	load_modules
	export UCX_NET_DEVICES=rxe0:1 UCX_IB_GID_INDEX=$1 UCX_WARN_UNUSED_ENV_VARS=n
	export UCX_MEM_MMAP_HOOK_MODE=reloc
}

# What keeps UCX's own copies off device memory on rc_verbs.
# shellcheck disable=SC2034 # for the scenarios
UCX_NO_COPIES=(UCX_ZCOPY_THRESH=0 UCX_RNDV_THRESH=0 UCX_RNDV_SCHEME=put_zcopy)
