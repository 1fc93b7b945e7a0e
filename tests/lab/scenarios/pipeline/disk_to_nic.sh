# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Storage to network without host memory: an NVMe disk is read with O_DIRECT into a BAR or a
# CMB, and a NIC sends it to another NIC from the same pointer. The NIC model counts what the
# NICs moved, QEMU's trace what the disk moved: through a BAR no byte of payload is in the
# guest's RAM, through a bounce buffer each is twice (in by the disk, out by the NIC).
. /src/tests/rnic/pipeline.sh
. /src/tests/bench/guest.sh

pipeline_up
bar_a=$(ivshmem_bdf 0)
bar_b=$(ivshmem_bdf 1)
bind_peer_bar "$bar_a"
bind_peer_bar "$bar_b"
pipeline_fill

# through NAME LINE SPEC TIMES: TIMES is how often each byte may be in the guest's RAM, LINE what
# the report calls it
through() {
	pipeline_mark
	t_pipeline --disk /dev/nvme0n1 --size $SIZE --chunk $CHUNK --stage "$3" \
		--to "bar:$bar_b/2,size=$SIZE" --send-dev "$ERDMA_CLIENT" \
		--recv-dev "$ERDMA_SERVER" >/tmp/run || fail "pipeline through $3"
	pipeline_sum
	pipeline_judge "$1" "$4" 2
	point pipeline "$2" $SIZE "$PIPELINE_PER"
	point pipeline-ms "$2" $SIZE "$PIPELINE_MS"
}

through "host memory (bounce)" bounce-buffer host:size=$STAGE 2
through "BAR with pages" bar-pages "bar:$bar_a/2,size=$STAGE" 0
through "the disk's own CMB" cmb "cmb:$NVME,size=$STAGE" 0

note "disk -> memory -> NIC -> NIC -> BAR of another device, emulated: time says little"
pipeline_table

note "a BAR without struct pages has no O_DIRECT: refused, nothing moves"
echo 0 >"$PCI/devices/$bar_a/peer_bar_pages"
must_fail t_pipeline --disk /dev/nvme0n1 --size $SIZE --chunk $CHUNK \
	--stage "bar:$bar_a/2,size=$STAGE" --to "bar:$bar_b/2,size=$SIZE" \
	--send-dev "$ERDMA_CLIENT" --recv-dev "$ERDMA_SERVER"

unbind_peer_bar "$bar_a"
unbind_peer_bar "$bar_b"
erdma_unload
unload_modules
