# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# From a disk to a NIC: what the scenarios with the label `pipeline` share. QEMU's trace says
# where the disk moved its data, the NIC model where the NICs moved theirs.
. /src/tests/rnic/guest.sh
. /src/tests/rnic/disk.sh

SIZE=$((16 << 20))
CHUNK=$((512 << 10))
# shellcheck disable=SC2034 # for the scenarios
STAGE=$((2 * CHUNK))

# pipeline_up: the NICs, the disk, our modules
pipeline_up() {
	erdma_up
	nvme_load
	# shellcheck disable=SC2034 # for the scenarios
	NVME=$(nvme_bdf)
	load_modules
	wait_for 10 test -e /dev/nvme0n1 || fail "no /dev/nvme0n1"
}

# pipeline_fill: the pattern goes to the disk; PIPELINE_SUM is what the disk gives back
pipeline_fill() {
	t_pipeline --disk /dev/nvme0n1 --size $SIZE --fill | tee /tmp/disk
	PIPELINE_SUM=$(grep -o 'sum=.*' /tmp/disk)
}

# pipeline_mark: here a run begins; it writes to /tmp/run
pipeline_mark() {
	disk_mark
	rnic_clear
}

# pipeline_sum: what arrived was compared byte by byte, and is what the disk gave
pipeline_sum() {
	grep -q "$PIPELINE_SUM verified=yes" /tmp/run || { cat /tmp/run; fail "the checksums differ"; }
}

# pipeline_judge NAME RAM NICS: this guest's NICs together moved each byte NICS times, the disk
# once, and of all that RAM times to or from this guest's RAM. A row for pipeline_table; how
# often a byte was in RAM is PIPELINE_PER then, and how long it took PIPELINE_MS.
pipeline_judge() {
	local by_disk by_nics elsewhere
	by_disk=$(disk_moved ram) by_nics=$(rnic_payload ram)
	elsewhere=$(($(disk_moved elsewhere) + $(disk_moved bar)))
	PIPELINE_PER=$(awk -v b="$((by_disk + by_nics))" -v n=$SIZE 'BEGIN { printf "%.2f", b / n }')
	PIPELINE_MS=$(awk -F 'us=' '/us=/ { printf "%.1f", $2 / 1000; exit }' /tmp/run)
	printf '%-22s %10d %12d %12d %10s %10s  %s\n' "$1" $SIZE "$by_disk" "$by_nics" \
		"$PIPELINE_PER" "$PIPELINE_MS" "${PIPELINE_SUM#sum=}" >>/tmp/table
	# All bytes were seen, or a counter that saw nothing would pass.
	[ $((by_disk + elsewhere)) -eq $SIZE ] ||
		fail "the trace shows $by_disk + $elsewhere bytes of the disk, should be $SIZE"
	[ "$(rnic_payload all)" -eq $(($3 * SIZE)) ] || { rnic_show; fail "not all went by the NICs"; }
	[ $((by_disk + by_nics)) -eq $(($2 * SIZE)) ] ||
		fail "$by_disk bytes of the disk and $by_nics of the NICs in guest RAM, through $1"
	rnic_healthy
}

pipeline_table() {
	printf '%-22s %10s %12s %12s %10s %10s  %s\n' "read into, sent from" bytes \
		"disk<->RAM" "NICs<->RAM" "RAM/byte" ms checksum
	cat /tmp/table
}
