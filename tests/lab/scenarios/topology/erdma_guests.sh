# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two machines, each with its NIC and its BAR. Guest 1 serves, guest 0 asks: device memory to
# device memory of the other machine, and no byte of it passes through either's host memory.
. /src/tests/rnic/guest.sh
. /src/tests/vm/route.sh

SERVER=10.9.0.17
BYTES=$((4 << 20))

erdma_up
load_modules
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
nvme_load
nvme=$(nvme_bdf)

# pair NAME MINE: MINE is this guest's memory, the other has its own
pair() {
	note "$1: $2"
	rnic_clear
	meet "$1"
	if [ "$(guest_number)" -eq 1 ]; then
		timeout 100 t_pair --dev "$ERDMA_CLIENT" --to "$2" --listen 7471
	else
		timeout 100 t_pair --dev "$ERDMA_CLIENT" --from "$2" --connect "$SERVER:7471"
	fi
	payload=$(rnic_payload all)
	ram=$(rnic_payload ram)
	note "payload of this port $payload bytes, of these in guest RAM $ram"
	rnic_healthy
	meet "$1.done"
}

# Written and read back: each port moves every byte twice.
pair bar-bar "bar:$bar/2,size=4M"
[ "$payload" -eq $((2 * BYTES)) ] && [ "$ram" -eq 0 ] || fail "payload $payload, RAM $ram"
mine=(host:size=4M "bar:$bar/2,off=1M,size=4M")
pair host-bar "${mine[$(guest_number)]}"
[ "$payload" -eq $((2 * BYTES)) ] || fail "payload $payload"
[ "$ram" -eq $(((1 - $(guest_number)) * 2 * BYTES)) ] || fail "RAM $ram"
mine=("cmb:$nvme,size=256K" "bar:$bar/2,size=256K")
pair cmb-bar "${mine[$(guest_number)]}"
[ "$payload" -eq $((512 << 10)) ] && [ "$ram" -eq 0 ] || fail "payload $payload, RAM $ram"

note "unmodified perftest between the machines"
rnic_clear
perftest=(timeout 100 ib_write_bw -d "$ERDMA_CLIENT" -x 1 -F -n 50 -s 65536 "--mmap=$(bar_node "$bar")")
if [ "$(guest_number)" -eq 1 ]; then
	"${perftest[@]}" &
	wait_for 10 erdma_listening $! || fail "ib_write_bw does not listen"
	meet listening
	wait $!
else
	meet listening
	"${perftest[@]}" "$SERVER"
fi
payload=$(rnic_payload all)
[ "$payload" -gt 0 ] && [ "$(rnic_payload ram)" -eq 0 ] || { rnic_show; fail "payload $payload"; }
meet end
unbind_peer_bar "$bar"
erdma_unload
unload_modules
