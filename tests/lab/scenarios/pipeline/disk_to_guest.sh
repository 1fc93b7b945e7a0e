# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Storage to another machine without host memory: guest 0 reads its disk with O_DIRECT into a
# BAR or a CMB, and its NIC sends it from there to a BAR in guest 1. No byte of payload is in
# either guest's RAM; through a bounce buffer each is twice in that of guest 0.
. /src/tests/rnic/pipeline.sh

SERVER=10.9.0.17:7472

pipeline_up
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"

# send NAME SPEC RAM, in guest 0: RAM is how often each byte may be in its RAM
send() {
	pipeline_mark
	meet "$1"
	t_pipeline --disk /dev/nvme0n1 --size $SIZE --chunk $CHUNK --stage "$2" \
		--send-dev "$ERDMA_CLIENT" --connect $SERVER >/tmp/run || fail "pipeline through $2"
	pipeline_judge "$1" "$3" 1
}

# receive NAME, in guest 1
receive() {
	local ram
	rnic_clear
	meet "$1"
	t_pipeline --size $SIZE --to "bar:$bar/2,off=8M,size=$SIZE" --recv-dev "$ERDMA_SERVER" \
		--listen "${SERVER#*:}" >/tmp/run || fail "pipeline"
	pipeline_sum
	ram=$(rnic_payload ram)
	note "$1: $(rnic_payload all) bytes arrived, of these in this guest's RAM $ram, $PIPELINE_SUM"
	[ "$(rnic_payload all)" -eq $SIZE ] && [ "$ram" -eq 0 ] || { rnic_show; fail "payload"; }
	rnic_healthy
}

if [ "$(guest_number)" -eq 0 ]; then
	pipeline_fill
	echo "$PIPELINE_SUM" >/meet/sum
	meet filled
	send bounce host:size=$STAGE 2
	send BAR "bar:$bar/2,size=$STAGE" 0
	send CMB "cmb:$NVME,size=$STAGE" 0
	note "disk -> memory -> NIC -> NIC of another machine -> its BAR, emulated: time says little"
	pipeline_table
else
	meet filled
	PIPELINE_SUM=$(cat /meet/sum)
	receive bounce
	receive BAR
	receive CMB
fi

meet end
unbind_peer_bar "$bar"
erdma_unload
unload_modules
