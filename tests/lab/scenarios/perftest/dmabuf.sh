# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The patched perftest by dma-buf, without the hook, on a NIC whose driver takes dma-bufs and
# whose provider has no verb for them: every program of the RC family, a CMB on one side and
# a BAR on the other, all data checked, none of it in the guest's RAM.
. /src/perftest-patches/guest.sh
. /src/tests/rnic/dmabuf.sh

patched_up
copies_up
nvme_load
nvme=$(nvme_bdf)
nics=("$ERDMA_SERVER" "$ERDMA_CLIENT" "10.9.0.$ERDMA_COUNT")

# dmabufs N COMMAND...: COMMAND succeeds and makes so many dma-bufs, which are gone at its end
dmabufs() {
	local wanted=$1 before
	shift
	before=$(counter dmabufs)
	"$@"
	[ $(($(counter dmabufs) - before)) -eq "$wanted" ] ||
		fail "$(($(counter dmabufs) - before)) dma-bufs, should be $wanted: $*"
	[ "$(counter live_dmabufs)" -eq 0 ] || fail "$(counter live_dmabufs) dma-bufs are left: $*"
}

note "by pointer, without the hook: refused"
must_fail patched_pair "${nics[@]}" "bar:$bar_a/2" "bar:$bar_b/2" ib_write_bw -n 5
grep -h "Couldn't allocate MR" $PATCHED_LOG.client || fail "refused for another reason"

PATCHED_SERVER_BY=--use_peer_dmabuf
PATCHED_CLIENT_BY=--use_peer_dmabuf
dmabufs 16 patched_no_ram patched_family "${nics[@]}" "cmb:$nvme" "bar:$bar_b/2"
grep -h 'Calling ibv_reg_dmabuf_mr' $PATCHED_LOG.server $PATCHED_LOG.client || fail "by pointer"
note "without struct pages, both directions"
echo 0 >"$PCI/devices/$bar_a/peer_bar_pages"
dmabufs 8 patched_no_ram patched_more "${nics[@]}" "bar:$bar_a/2" "bar:$bar_b/2"

note "what takes no dma-buf says so"
must_fail patched_pair "${nics[@]}" host "bar:$bar_b/2" ib_write_bw -n 5
grep -h 'peer_mem=host: .*ordinary memory' $PATCHED_LOG.server || fail "$(cat $PATCHED_LOG.server)"
make_rxe
must_fail patched_pair rxe0 rxe0 127.0.0.1 "bar:$bar_b/2" "bar:$bar_b/2,off=16M" ib_write_bw -n 5
grep -h 'the driver of rxe0 takes no dma-bufs' $PATCHED_LOG.client || fail "$(cat $PATCHED_LOG.client)"
remove_rxe

note "by dma-buf on one side, by pointer on the other"
module_load peer_umem
PATCHED_CLIENT_BY=''
dmabufs 1 patched_no_ram patched_run "${nics[@]}" "cmb:$nvme" "bar:$bar_b/2" ib_write_bw -s 65536 -n 20
copies_down
