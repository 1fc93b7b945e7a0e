# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Peer memory on the NIC model in one topology: data moves and is checked byte by byte, the
# tracepoint says by which way the NIC was sent, the model's counters where its payload went.
# Read by the scenarios topology/erdma_*.
. /src/tests/rnic/guest.sh
. /src/tests/vm/route.sh

COPY_BY=		# --dmabuf: peer memory is registered as a dma-buf

copies_up() {
	erdma_up
	if [ -z "$COPY_BY" ]; then
		load_modules
	else
		module_load peer_mem	# no hook: what moves, moves by dma-buf
		module_load peer_bar
	fi
	bar_a=$(ivshmem_bdf 0)
	bar_b=$(ivshmem_bdf 1)
	bind_peer_bar "$bar_a"
	bind_peer_bar "$bar_b"
	bar_base=$(bar_address "$bar_a" 2)
	echo 1 >$TRACE/events/peer_mem/enable
}

# copy FROM TO KIND RAM: RAM is how many of the two ends are host memory
copy() {
	local ram total
	note "$1 -> $2"
	rnic_clear
	: >$TRACE/trace
	t_copy --dev "$ERDMA_CLIENT" --from "$1" --to "$2" ${COPY_BY:+"$COPY_BY"} | tail -n 1
	grep -o 'peer_mem_map:.*' $TRACE/trace
	[ "$(grep -c "peer_mem_map:.*: $3 " $TRACE/trace)" -eq $((2 - $4)) ] ||
		fail "not mapped by $3"
	ram=$(rnic_payload ram)
	total=$(rnic_payload all)
	note "payload $total bytes, of these in guest RAM $ram"
	[ "$total" -gt 0 ] || fail "no payload moved"
	[ "$ram" -eq $((total * $4 / 2)) ] || { rnic_show; fail "$ram of $total bytes in guest RAM"; }
}

# copies KIND: every pair of BAR, other BAR and host memory, with and without struct pages
copies() {
	local bdf
	copy "bar:$bar_a/2,size=2M" "bar:$bar_b/2,off=4K,size=2M" "$1" 0
	copy "bar:$bar_a/2,off=1M,size=2M" host:size=2M "$1" 1
	copy host:size=2M "bar:$bar_b/2,size=2M" "$1" 1
	for bdf in "$bar_a" "$bar_b"; do
		echo 0 >"/sys/bus/pci/devices/$bdf/peer_bar_pages"
	done
	note "without struct pages"
	copy "bar:$bar_a/2,size=2M" "bar:$bar_b/2,size=2M" "$1" 0
}

# cmb_copies KIND: CMB to BAR and back
cmb_copies() {
	local nvme
	nvme_load
	nvme=$(nvme_bdf)
	copy "cmb:$nvme,size=256K" "bar:$bar_a/2,size=256K" "$1" 0
	copy "bar:$bar_a/2,size=256K" "cmb:$nvme,size=256K" "$1" 0
}

# raw_addresses yes|no: did the NIC's driver see the BAR's own address?
raw_addresses() {
	local seen=no
	! grep -q "programmed=$(printf '%#x' "$bar_base")" $TRACE/trace || seen=yes
	[ "$seen" = "$1" ] || fail "raw BAR address programmed: $seen, should be $1"
}

# acs_redirects yes|no: what the port above the BAR has been told about requests between peers
acs_redirects() {
	local port seen=no
	port=$(basename "$(dirname "$(readlink -f "$PCI/devices/$bar_a")")")
	lspci -vv -s "$port" | grep -E 'ACS(Cap|Ctl):' || fail "$port has no ACS"
	! lspci -vv -s "$port" | grep -q 'ACSCtl:.*ReqRedir+' || seen=yes
	[ "$seen" = "$1" ] || fail "ACS redirection at $port: $seen, should be $1"
}

# refused REGEX: ibv_reg_mr of the BAR fails with EREMOTEIO, one line of the kernel log says why,
# and ordinary memory goes on working
refused() {
	local bdf
	erdma_up
	load_modules
	bdf=$(ivshmem_bdf)
	bind_peer_bar "$bdf"
	kmsg_marker
	must_fail t_copy --dev "$ERDMA_CLIENT" --from "bar:$bdf/2,size=2M" --to host:size=2M 2>/tmp/err
	grep 'Remote I/O error' /tmp/err || fail "wrong errno: $(cat /tmp/err)"
	expect_log "$ERDMA_CLIENT: t_copy.* may not register .*$bdf BAR 2.*no P2P route.*$1"
	t_copy --dev "$ERDMA_CLIENT" --from host:size=1M --to host:size=1M | tail -n 1
	rnic_healthy
}

copies_down() {
	rnic_healthy
	unbind_peer_bar "$bar_a"
	unbind_peer_bar "$bar_b"
	erdma_unload
	unload_modules
}
