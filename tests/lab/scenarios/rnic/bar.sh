# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Peer memory on a NIC that does its own DMA, with the vendor's driver: data moves between
# BARs, the CMB and host memory, and the model's counters say where from and where to. BAR
# to BAR and CMB to BAR touch no byte of the guest's RAM.
. /src/tests/rnic/guest.sh

erdma_up
nvme_load
nvme=$(nvme_bdf)
bar_a=$(ivshmem_bdf 0)
load_modules
bind_peer_bar "$bar_a"
wait_for 5 test -e "$(bar_node "$bar_a")" || fail "no $(bar_node "$bar_a")"

bar="bar:$bar_a/2,size=2M"
bar_high="bar:$bar_a/2,off=8M,size=2M"
cmb="cmb:$nvme,size=256K"
host=host:size=2M

# copy FROM TO RAM-ALLOWED: checked byte by byte
copy() {
	local ram total
	note "$1 -> $2"
	rnic_clear
	t_copy --dev "$ERDMA_CLIENT" --from "$1" --to "$2" | tail -n 1
	ram=$(rnic_payload ram)
	total=$(rnic_payload all)
	echo "payload: $total bytes, in guest RAM: $ram"
	[ "$total" -gt 0 ] || fail "no payload moved"
	if [ "$3" = no ]; then
		[ "$ram" -eq 0 ] || { rnic_show; fail "$ram bytes of payload touched guest RAM"; }
	else
		# One end is host memory: half of the traffic, and no more.
		[ "$ram" -eq $((total / 2)) ] || fail "$ram of $total bytes in guest RAM"
	fi
}

copy "$bar" "$bar_high" no
copy "$cmb" "$bar" no
copy "$bar" "$cmb" no
copy "$host" "$bar" yes
copy "$bar" "$host" yes
rnic_show

note "perftest, unmodified, BAR to BAR"
rnic_clear
erdma_pair /tmp/perftest ib_write_bw -s 1048576 -n 20 --mmap="$(bar_node "$bar_a")" ||
	fail "ib_write_bw --mmap"
grep -A1 '#bytes' /tmp/perftest.client
[ "$(rnic_payload ram)" -eq 0 ] || fail "payload touched guest RAM"
[ "$(rnic_payload 'bar.*')" -eq $((2 * 20 * 1048576)) ] || fail "not all payload in the BAR"
rnic_healthy
unbind_peer_bar "$bar_a"
erdma_unload
unload_modules
