# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Stock UCX with BAR memory on both sides: put, get, tag matching and active messages, eager
# and rendezvous, 8 bytes to 64 MiB; every byte is compared.
. /src/tests/ucx/guest.sh

SIZES=8,65,4K,8249,300000

ucx_up
bar_a=$(ivshmem_bdf 0)
bar_b=$(ivshmem_bdf 1)
bind_peer_bar "$bar_a"
bind_peer_bar "$bar_b"

# over SIZES SETTING...: from one BAR to the other. Both sides register at least once.
over() {
	local sizes=$1 before
	shift
	note "$* $sizes"
	before=$(counter pins)
	env "$@" timeout 100 t_ucp --from "bar:$bar_a/2,size=80M" --to "bar:$bar_b/2,size=80M" \
		--sizes "$sizes" || fail "$*"
	[ $(($(counter pins) - before)) -ge 2 ] || fail "UCX registered no peer memory: $*"
}

over $SIZES UCX_TLS=rc_v
over $SIZES UCX_TLS=rc_v UCX_ZCOPY_THRESH=0
over $SIZES UCX_TLS=rc_v UCX_ZCOPY_THRESH=0 UCX_RNDV_THRESH=0 UCX_RNDV_SCHEME=get_zcopy
over $SIZES UCX_TLS=rc_v "${UCX_NO_COPIES[@]}"
note "the registration named in each request, no cache"
env UCX_TLS=rc_v UCX_RCACHE_ENABLE=n "${UCX_NO_COPIES[@]}" timeout 100 t_ucp --memh \
	--from "bar:$bar_a/2,size=1M" --to "bar:$bar_b/2,size=1M" --sizes $SIZES || fail "--memh"
over $SIZES UCX_TLS=ud_v
over $SIZES UCX_TLS=ud_v UCX_RNDV_THRESH=0
over 64M UCX_TLS=rc_v "${UCX_NO_COPIES[@]}"
over 64M UCX_TLS=ud_v UCX_RNDV_THRESH=0

unbind_peer_bar "$bar_a"
unbind_peer_bar "$bar_b"
remove_rxe
unload_modules
