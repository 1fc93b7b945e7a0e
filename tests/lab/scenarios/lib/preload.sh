# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The shim without the hook: Debian's ib_write_bw and a program that knows only libibverbs, on
# a NIC whose driver takes dma-bufs. Then where it cannot work, or need not.
. /src/tests/rnic/dmabuf.sh

SHIM=/build/lib/libibverbs-ext-preload.so
export LD_LIBRARY_PATH=/build/lib

# shimmed COMMAND...
shimmed() {
	LD_PRELOAD=$SHIM "$@"
}

# Only perftest itself runs under it: erdma_pair starts it by these words.
under_shim() { erdma_pair /tmp/perftest env "LD_PRELOAD=$SHIM" "$@"; }

says() { # regex command...: whatever its end, stderr has a line for the regex
	local wanted=$1
	shift
	"$@" >/tmp/out 2>/tmp/said || :
	grep -E -- "$wanted" /tmp/said || fail "$* lacks '$wanted': $(cat /tmp/said)"
}

copies_up
node=$(bar_node "$bar_a")

note "unmodified ib_write_bw, both ends in the BAR, without the shim"
! erdma_pair /tmp/perftest ib_write_bw -s 65536 -n 100 --mmap="$node" >/dev/null || fail "not refused"
grep "Couldn't allocate MR" /tmp/perftest.* || fail "refused for another reason: $(cat /tmp/perftest.*)"

note "with it"
for tool in ib_write_bw ib_read_bw ib_send_bw; do
	made=$(counter dmabufs)
	rnic_clear
	under_shim "$tool" -s 65536 -n 100 --mmap="$node" || fail "$tool"
	grep -A1 '#bytes' /tmp/perftest.client | tail -n +2
	[ $(($(counter dmabufs) - made)) -eq 2 ] || fail "$(($(counter dmabufs) - made)) dma-bufs"
	[ "$(rnic_payload all)" -gt 0 ] || fail "no payload"
	[ "$(rnic_payload ram)" -eq 0 ] || { rnic_show; fail "payload in host memory"; }
done
[ "$(counter live_dmabufs)" -eq 0 ] || fail "dma-bufs are left"

note "every call"
shimmed t_preload "$ERDMA_CLIENT" "$node" || fail "t_preload"
IBVX_PRELOAD=verbose says '65536 bytes at .* registered by dma-buf' shimmed t_preload "$ERDMA_CLIENT" "$node"
grep 'works: device memory is registered by dma-buf' /tmp/said || fail "$(cat /tmp/said)"
must_fail env IBVX_PRELOAD=off "LD_PRELOAD=$SHIM" t_preload "$ERDMA_CLIENT" "$node" 2>/dev/null

note "a NIC that takes none"
make_rxe
says 'as root: modprobe peer_umem.*the driver of rxe0 takes no dma-bufs' shimmed t_preload rxe0 "$node"

note "behind another one"
cp "$SHIM" /tmp/another.so
LD_PRELOAD="/tmp/another.so $SHIM" says 'cannot work: another library stands before it: put it first' ibv_devinfo

note "where it need not, and where it cannot"
module_load peer_umem
IBVX_PRELOAD=verbose says 'stands aside: peer_umem is loaded' shimmed ibv_devinfo
rmmod peer_umem
unbind_peer_bar "$bar_a"
unbind_peer_bar "$bar_b"
rmmod peer_bar
rmmod peer_mem
says 'cannot work: /dev/peer_mem does not exist.*modprobe peer_mem' shimmed ibv_devinfo
grep 'hca_id' /tmp/out || fail "the program does not run"
LD_LIBRARY_PATH='' says 'cannot work: libibverbs-ext.so.1.*install libibverbs-ext1' shimmed ibv_devinfo
