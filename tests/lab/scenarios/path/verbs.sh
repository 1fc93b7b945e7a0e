# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Each verb between each two kinds of memory, through the stock ibv_reg_mr().
. /src/tests/rdma/guest.sh

peers_find
peers_up

sources=("host:size=1M" "cmb:$NVME,size=1M" "bar:$BAR_A/2,off=1M,size=1M")
targets=("${sources[@]:0:2}" "bar:$BAR_A/2,off=8M,size=1M")

# verbs FROM TO: the target is registered twice, because flush wants an access right more
verbs() {
	note "$1 -> $2"
	expect_pins "$(pins_of "$1" "$2" "$2")" \
		t_verbs --dev rxe0 --from "$1" --to "$2" >/tmp/verbs
	cat /tmp/verbs
	# Soft-RoCE has every verb there is: one that vanishes is a failure here.
	grep -q '^verbs .* failed=0 missing=0$' /tmp/verbs || fail "not every verb was tried"
}

for from in "${sources[@]}"; do
	for to in "${targets[@]}"; do
		verbs "$from" "$to"
	done
done
verbs "bar:$BAR_A/2,size=1M" "bar:$BAR_B/2,size=1M" # of two devices

note "two processes that share nothing, one BAR"
expect_pins 2 t_pair --dev rxe0 --from "bar:$BAR_A/2,size=2M" --to "bar:$BAR_A/2,off=4M,size=2M"
expect_pins 2 t_pair --dev rxe0 --from "cmb:$NVME,size=256K" --to "cmb:$NVME,size=256K"
