# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Byte-exact copies through CMB, BAR and host memory: sweeps of unaligned starts and
# lengths, borders of pages and of 2 MiB, from 1 byte to the whole BAR, by every verb
# that moves bytes.
. /src/tests/rdma/guest.sh

# copy FROM TO [ARGUMENTS...]
copy() {
	local from=$1 to=$2
	shift 2
	expect_pins "$(pins_of "$from" "$to")" t_copy --dev rxe0 --from "$from" --to "$to" "$@"
}

peers_find
peers_up

# The CMB is read and written by trapping accesses; a part of it has every border.
cmb=cmb:$NVME,size=5M
bar=bar:$BAR_A/2

for verb in write read send; do
	copy "$cmb" "$bar,size=6M" --verb "$verb"
	copy "$bar,size=6M" host:size=5M --verb "$verb"
	copy host:size=5M "$cmb" --verb "$verb"
	copy "$bar,size=6M" "$cmb" --verb "$verb"
done

note "whole devices"
copy "$bar" "bar:$BAR_B/2" --offsets 0:0:64M
copy "bar:$BAR_B/2" "$bar" --verb read
copy "cmb:$NVME" "$bar" --offsets 0:1M:48M,47M:1:15M

note "a mapping that starts inside the BAR, at no border of 2 MiB"
copy "$bar,off=1028K,size=5M" "$bar,off=32772K,size=5M"
