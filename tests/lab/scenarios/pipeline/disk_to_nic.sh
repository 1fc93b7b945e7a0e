# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Storage to network without host memory: an NVMe disk is read with O_DIRECT into a BAR or a
# CMB, and a NIC sends it to another NIC from the same pointer. The NIC model counts what the
# NICs moved, QEMU's trace what the disk moved: through a BAR no byte of payload is in the
# guest's RAM, through a bounce buffer each is twice (in by the disk, out by the NIC).
. /src/tests/rnic/guest.sh
. /src/tests/rnic/disk.sh

SIZE=$((16 << 20))
CHUNK=$((512 << 10))

erdma_up
nvme_load
nvme=$(nvme_bdf)
bar_a=$(ivshmem_bdf 0)
bar_b=$(ivshmem_bdf 1)
load_modules
bind_peer_bar "$bar_a"
bind_peer_bar "$bar_b"
wait_for 10 test -e /dev/nvme0n1 || fail "no /dev/nvme0n1"

t_pipeline --disk /dev/nvme0n1 --size $SIZE --fill | tee /tmp/disk
sum=$(grep -o 'sum=.*' /tmp/disk)

word() { grep -o "$1=[^ ]*" /tmp/run | cut -d= -f2; }

# through NAME SPEC RAM: RAM is how often each byte may be in the guest's RAM
through() {
	local by_disk by_nics elsewhere per
	disk_mark
	rnic_clear
	t_pipeline --disk /dev/nvme0n1 --size $SIZE --chunk $CHUNK --stage "$2" \
		--to "bar:$bar_b/2,size=$SIZE" --send-dev "$ERDMA_CLIENT" \
		--recv-dev "$ERDMA_SERVER" >/tmp/run || fail "pipeline through $2"
	grep -q "$sum verified=yes" /tmp/run || { cat /tmp/run; fail "the checksums differ"; }
	by_disk=$(disk_moved ram) by_nics=$(rnic_payload ram)
	elsewhere=$(($(disk_moved elsewhere) + $(disk_moved bar)))
	per=$(awk -v b="$((by_disk + by_nics))" -v n=$SIZE 'BEGIN { printf "%.2f", b / n }')
	printf '%-22s %10d %12d %12d %10s %10.1f  %s\n' "$1" $SIZE "$by_disk" "$by_nics" "$per" \
		"$(word us)e-3" "$(word sum)" >>/tmp/table
	# All bytes were seen, or a counter that saw nothing would pass.
	[ $((by_disk + elsewhere)) -eq $SIZE ] ||
		fail "the trace shows $by_disk + $elsewhere bytes of the disk, should be $SIZE"
	[ "$(rnic_payload all)" -eq $((2 * SIZE)) ] || { rnic_show; fail "not all went by the NICs"; }
	[ $((by_disk + by_nics)) -eq $(($3 * SIZE)) ] ||
		fail "$by_disk bytes of the disk and $by_nics of the NICs in guest RAM, through $2"
	rnic_healthy
}

through "host memory (bounce)" host:size=$((2 * CHUNK)) 2
through "BAR with pages" "bar:$bar_a/2,size=$((2 * CHUNK))" 0
through "the disk's own CMB" "cmb:$nvme,size=$((2 * CHUNK))" 0

note "disk -> memory -> NIC -> NIC -> BAR of another device, emulated: time says little"
printf '%-22s %10s %12s %12s %10s %10s  %s\n' "read into, sent from" bytes \
	"disk<->RAM" "NICs<->RAM" "RAM/byte" ms checksum
cat /tmp/table

note "a BAR without struct pages has no O_DIRECT: refused, nothing moves"
echo 0 >"$PCI/devices/$bar_a/peer_bar_pages"
must_fail t_pipeline --disk /dev/nvme0n1 --size $SIZE --chunk $CHUNK \
	--stage "bar:$bar_a/2,size=$((2 * CHUNK))" --to "bar:$bar_b/2,size=$SIZE" \
	--send-dev "$ERDMA_CLIENT" --recv-dev "$ERDMA_SERVER"

unbind_peer_bar "$bar_a"
unbind_peer_bar "$bar_b"
rmmod erdma
unload_modules
