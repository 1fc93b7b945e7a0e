# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Stock UCX between two machines, a BAR of each on either side: put, get, tag matching and
# active messages, eager and rendezvous, by rc_verbs and ud_verbs; every byte is compared by
# the machine that it arrived in.
. /src/tests/ucx/guest.sh

ucx_wire_up
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
note "$(cat "/sys/class/net/$WIRE/mtu") bytes a frame"

# over SIZES SETTING...: from guest 0's BAR to guest 1's; each has its own registered
over() {
	local sizes=$1 before side=(--from "bar:$bar/2,size=80M" --connect 10.9.1.2:7471)
	shift
	[ "$(guest_number)" -eq 0 ] || side=(--to "bar:$bar/2,size=80M" --listen 7471)
	note "$* $sizes"
	before=$(counter pins)
	env "$@" timeout 300 t_ucp "${side[@]}" --sizes "$sizes" || fail "$*"
	[ $(($(counter pins) - before)) -ge 1 ] || fail "UCX registered no peer memory: $*"
}

over 8,4K,1M UCX_TLS=rc_v UCX_RNDV_THRESH=inf
over 8,4K,1M UCX_TLS=rc_v "${UCX_NO_COPIES[@]}"
over 8,4K,1M UCX_TLS=ud_v UCX_RNDV_THRESH=inf
over 8,4K,1M UCX_TLS=ud_v UCX_RNDV_THRESH=0
over 64M UCX_TLS=ud_v UCX_RNDV_THRESH=0
over 64M UCX_TLS=rc_v "${UCX_NO_COPIES[@]}"

meet end
unbind_peer_bar "$bar"
remove_rxe
unload_modules
